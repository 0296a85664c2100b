"""What the visible part of the day's own scene says of its hidden part: simple kriging of the departure.

A clear scene departs from the temporal prior, differently for every crop. How alike the departures of two pixels are is
their covariance: a part that the whole scene shares, one of pixels that are alike (in LAI before and after, expected
LAI and radar change), one of neighbours, and one of neighbours that are alike. The departure of a hidden pixel, and how
far to trust it, follow from those of the visible ones around it. The constants were chosen on simulated sites.

Blocks of 16 pixels are solved on their own, with every visible pixel close by and means of 2 x 2 pixels farther away,
and overlap so that no border shows. Their lattice begins in the first pixel: tiles cut at multiples of 16 agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, fold, pad

from models.noise import OWN_NOISE

BLOCK_PX, MARGIN_PX, REACH_PX = 16, 4, 24
"""Side of a block, how far its result reaches beyond it, and how far it looks; 480 m at 20 m pixels."""
CELL_PX = 2
"""Beyond the margin, means of so many pixels squared are looked at."""
SHARED, ALIKE, CLOSE, ALIKE_CLOSE = 0.2, 0.4, 0.2, 0.2
"""Shares of a departure's variance: of the whole scene, of pixels alike, of neighbours, of neighbours alike."""
CLOSE_PX, ALIKE_CLOSE_PX = 4.0, 10.0
"""Pixels over which departures stay alike in space, for the last two."""
SCALE = 0.5
"""Share of the variance of prior and scene that departures share."""
LEAST_NUGGET = 1e-3
"""Share of the variance that is each pixel's own at least, or single precision cannot tell alike pixels apart."""
BLOCKS_AT_ONCE = 2
"""Systems of equations, some 500 to 1,000 pixels squared each, solved together: more of them leave the cache."""
_NEAR_PX = BLOCK_PX + 2 * MARGIN_PX


def kriged_departure(
    departure: Tensor, visible: Tensor, sd: Tensor, noise: Tensor, keys: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the departure of every pixel, m2/m2, and the share of its variance that is known, 0..1; (D, 1, H, W).

    Where nothing is visible around, both are 0; where the pixel itself is visible, they are its own departure and 1.

    Args:
        departure: (D, 1, H, W) observed minus prior, m2/m2; 0 where hidden.
        visible: (D, 1, H, W) 1 where the day's own scene is visible.
        sd: (D, 1, H, W) standard deviation of the prior, m2/m2.
        noise: (D, 1, H, W) noise of a single scene, m2/m2.
        keys: (D, K, H, W) what pixels are compared by, in units of the distance at which they stop being alike.
    """
    height, width = departure.shape[-2:]
    grow = (0, -width % BLOCK_PX, 0, -height % BLOCK_PX)
    scale = (SCALE * (sd**2 + noise**2)).sqrt()
    maps = pad(torch.cat([keys, scale, noise, departure, visible], dim=1), grow)
    near, window = _views(maps, MARGIN_PX, 1), _views(_cell_means(maps), REACH_PX, CELL_PX)
    hidden = _views(pad(1 - visible, grow), MARGIN_PX, 1)
    wanted = _any(window[..., -1:, :, :]) & _any(hidden)  # (D, rows, columns)
    found = near.new_zeros(*wanted.shape, 2, _NEAR_PX, _NEAR_PX)
    for chosen in torch.split(wanted.nonzero(), BLOCKS_AT_ONCE):
        if len(chosen):
            at = tuple(chosen.T)
            found[at] = _solve(near[at], window[at])
    shift, told = _blend(found)[..., :height, :width].unbind(dim=1)
    seen = visible > 0
    return torch.where(seen, departure, shift[:, None]), torch.where(seen, visible, told[:, None])


def _views(maps: Tensor, around_px: int, cell_px: int) -> Tensor:
    """Return (D, rows, columns, C, h, w): the surroundings of every block; beyond the edge nothing is visible.

    Args:
        maps: (D, C, H, W) of cells.
        around_px: pixels around a block.
        cell_px: pixels in the side of a cell.
    """
    around, step = around_px // cell_px, BLOCK_PX // cell_px
    side = step + 2 * around
    views = pad(maps, (around,) * 4).unfold(2, side, step).unfold(3, side, step)
    return views.permute(0, 2, 3, 1, 4, 5)


def _any(views: Tensor) -> Tensor:
    """Return (D, rows, columns) whether views (D, rows, columns, 1, h, w) hold anything but zeros."""
    return (views > 0).flatten(3).any(dim=3)


def _cell_means(maps: Tensor) -> Tensor:
    """Return the means of what is visible of every cell; of the last channel, `visible`, the share."""
    visible = maps[:, -1:]
    share = avg_pool2d(visible, CELL_PX)
    means = avg_pool2d(maps[:, :-1] * visible, CELL_PX) / share.clamp(min=1e-6)
    return torch.cat([means, share], dim=1)


@dataclass(frozen=True)
class _Points:
    """Pixels or cells of B blocks, N of each.

    Attributes:
        keys: (B, N, K) what they are compared by.
        places: (B, N, 2) row and column of their middles, pixels from the block.
        scale: (B, N) standard deviation of what departures share, m2/m2.
        noise: (B, N) noise of a single scene, m2/m2.
        departure: (B, N) m2/m2.
        count: (B, N) how many visible pixels each stands for.
    """

    keys: Tensor
    places: Tensor
    scale: Tensor
    noise: Tensor
    departure: Tensor
    count: Tensor

    @classmethod
    def of(cls, maps: Tensor, first_px: float, cell_px: int) -> _Points:
        """Return the points of maps (B, C, h, w) whose first cell begins so many pixels from the block."""
        height, width = maps.shape[-2:]
        line = first_px + (cell_px - 1) / 2 + cell_px * torch.arange(max(height, width), device=maps.device)
        places = torch.cartesian_prod(line[:height], line[:width]).expand(len(maps), -1, -1)
        table = maps.flatten(2).mT
        scale, noise, departure, share = table[..., -4:].unbind(dim=-1)
        return cls(table[..., :-4], places.to(maps), scale, noise, departure, share * cell_px**2)

    def and_visible(self, other: _Points) -> _Points:
        """Return what is visible of both, moved to the front and cut to the most that any block has."""
        joined = {name: torch.cat([mine, getattr(other, name)], dim=1) for name, mine in vars(self).items()}
        seen = joined["count"] > 0
        order = torch.argsort((~seen).to(torch.int8), dim=1, stable=True)[:, : max(1, int(seen.sum(dim=1).max()))]

        def taken(values: Tensor) -> Tensor:
            index = order if values.ndim == 2 else order[:, :, None].expand(-1, -1, values.shape[2])
            return torch.gather(values, 1, index)

        return _Points(**{name: taken(values) for name, values in joined.items()})


def _solve(near: Tensor, window: Tensor) -> Tensor:
    """Return departure and known share for every pixel of B blocks with their margins, (B, 2, h, w).

    Args:
        near: (B, C, h, w) pixels of the blocks with their margins.
        window: (B, C, H, W) cells of everything within reach.
    """
    window = window.clone()
    middle = slice((REACH_PX - MARGIN_PX) // CELL_PX, (REACH_PX + BLOCK_PX + MARGIN_PX) // CELL_PX)
    window[:, -1, middle, middle] = 0  # those are looked at pixel by pixel
    targets = _Points.of(near, -MARGIN_PX, 1)
    known = targets.and_visible(_Points.of(window, -REACH_PX, CELL_PX))
    there = known.count > 0
    own = OWN_NOISE * known.noise**2 / known.count.clamp(min=1e-6)
    nugget = torch.where(there, torch.maximum(own, LEAST_NUGGET * known.scale**2), 1.0)
    gram = _covariance(known, known) * (there[:, :, None] & there[:, None])
    factor = torch.linalg.cholesky(gram + torch.diag_embed(nugget))
    cross = _covariance(known, targets) * there[:, :, None]  # (B, N, n)
    half = torch.linalg.solve_triangular(factor, cross, upper=False)
    white = torch.linalg.solve_triangular(factor, (known.departure * there)[:, :, None], upper=False)
    told = ((half**2).sum(dim=1) / targets.scale.clamp(min=1e-6) ** 2).clamp(max=1)
    found = torch.stack([(half * white).sum(dim=1), told], dim=1)
    return found.reshape(-1, 2, *near.shape[-2:])


def _covariance(one: _Points, other: _Points) -> Tensor:
    """Return the covariance (B, N, M) of departures at two sets of points, (m2/m2)²."""
    alike = _fading(_squared(one.keys, other.keys))
    distance = _squared(one.places, other.places)
    shares = SHARED + ALIKE * alike + CLOSE * _fading(distance / CLOSE_PX**2)
    shares = shares + ALIKE_CLOSE * alike * _fading(distance / ALIKE_CLOSE_PX**2)
    return one.scale[:, :, None] * other.scale[:, None] * shares


def _squared(one: Tensor, other: Tensor) -> Tensor:
    """Return the squared distance between two sets of points, (B, N, M); they are centred first, for precision."""
    centre = other.mean(dim=1, keepdim=True)
    one, other = one - centre, other - centre
    square = (one**2).sum(dim=2)[:, :, None] + (other**2).sum(dim=2)[:, None]
    return torch.baddbmm(square, one, other.mT, alpha=-2)


def _fading(squared: Tensor) -> Tensor:
    """Return the Gaussian of a squared distance; its far tail stays above numbers that processors are slow with."""
    return torch.exp(-0.5 * squared.clamp(0, 60))


def _blend(found: Tensor) -> Tensor:
    """Return (D, 2, H, W): blocks (D, rows, columns, 2, h, w) joined, each fading over its margin into the next."""
    rows, columns = found.shape[1:3]
    line = (torch.arange(_NEAR_PX, device=found.device) + 0.5) / (2 * MARGIN_PX)
    line = torch.minimum(line, line.flip(0)).clamp(max=1)
    weight = (line[:, None] * line[None]).to(found)

    def joined(blocks: Tensor) -> Tensor:
        size = (rows * BLOCK_PX + 2 * MARGIN_PX, columns * BLOCK_PX + 2 * MARGIN_PX)
        parts = blocks.permute(0, 3, 4, 5, 1, 2).flatten(1, 3).flatten(2)
        whole: Tensor = fold(parts, size, _NEAR_PX, stride=BLOCK_PX)
        return whole[..., MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]

    return joined(found * weight) / joined(weight.expand(1, rows, columns, 1, -1, -1))
