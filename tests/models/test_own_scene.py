"""A hidden pixel departs as the visible pixels around it and alike it do."""

import numpy as np
import pytest
import torch

from models.noise import OWN_NOISE
from models.own_scene import BLOCK_PX, CLOSE_PX, MARGIN_PX, REACH_PX, SCALE, kriged_departure


def halves(size=32):
    """Two crops side by side, left and right; the right one departs by 1, and the lower half of both is hidden."""
    crop = torch.zeros(1, 1, size, size)
    crop[..., size // 2 :] = 5.0
    visible = torch.ones(1, 1, size, size)
    visible[..., size // 2 :, :] = 0
    return crop, visible, (crop > 0).float() * visible


def krige(departure, visible, keys, sd=0.8, noise=0.3):
    return kriged_departure(
        departure, visible, torch.full_like(visible, sd), torch.full_like(visible, noise), keys.float()
    )


def test_a_hidden_pixel_takes_the_departure_of_its_own_crop():
    crop, visible, departure = halves()
    shift, told = krige(departure, visible, crop)
    assert (shift[0, 0, 20, 16:] > 0.7).all()
    assert (shift[0, 0, 20, :8] < 0.3).all()
    assert (told[0, 0, 16:] > 0.4).all()
    assert told[0, 0, 17].mean() > told[0, 0, 31].mean()


def test_where_nothing_is_visible_nothing_is_told():
    crop, visible, departure = halves()
    shift, told = krige(0 * departure, 0 * visible, crop)
    assert not shift.any()
    assert not told.any()


def test_what_is_visible_as_a_whole_is_taken_as_it_is():
    departure = torch.linspace(-1, 1, 40 * 40).reshape(1, 1, 40, 40)
    shift, told = krige(departure, torch.ones_like(departure), 0 * departure)
    torch.testing.assert_close(shift, departure)
    torch.testing.assert_close(told, torch.ones_like(told))


def test_a_visible_pixel_is_taken_as_it_is_beside_hidden_ones():
    """The texture of a scene is the same whether or not a cloud comes near."""
    noisy = torch.randn(1, 1, 48, 48, generator=torch.Generator().manual_seed(0))
    visible = torch.ones_like(noisy)
    visible[..., 20:30, 20:30] = 0
    shift, told = krige(noisy * visible, visible, 0 * noisy)
    torch.testing.assert_close(shift * visible, noisy * visible)
    assert (told[visible > 0] == 1).all()


def test_it_is_the_textbook_predictor_where_every_visible_pixel_is_near():
    """A block with its margin: the same as solving the system of all visible pixels by NumPy."""
    rng = np.random.default_rng(0)
    size = BLOCK_PX
    keys = torch.from_numpy(rng.normal(0, 0.5, (1, 2, size, size))).float()
    visible = torch.from_numpy(rng.random((1, 1, size, size)) < 0.6).float()
    departure = torch.from_numpy(rng.normal(0, 1, (1, 1, size, size))).float() * visible
    shift, told = (found.numpy().ravel() for found in krige(departure, visible, keys))
    seen = visible.numpy().ravel() > 0
    features = keys.numpy().reshape(2, -1).T
    places = np.indices((size, size)).reshape(2, -1).T
    unlike, distance = ((np.square(a[:, None] - a[None])).sum(axis=2) for a in (features, places))
    alike = np.exp(-unlike / 2)
    shares = 0.2 + 0.4 * alike + 0.2 * np.exp(-distance / (2 * CLOSE_PX**2)) + 0.2 * alike * np.exp(-distance / 200)
    covariance = SCALE * (0.8**2 + 0.3**2) * shares
    gram = covariance[np.ix_(seen, seen)] + OWN_NOISE * 0.3**2 * np.eye(seen.sum())
    weights = np.linalg.solve(gram, covariance[seen])
    np.testing.assert_allclose(shift[~seen], (departure.numpy().ravel()[seen] @ weights)[~seen], atol=2e-3)
    known = (covariance[seen] * weights).sum(axis=0) / covariance.diagonal()
    np.testing.assert_allclose(told[~seen], known[~seen], atol=2e-3)


def test_it_looks_no_farther_than_its_reach():
    size = 96
    visible = (torch.rand(1, 1, size, size, generator=torch.Generator().manual_seed(0)) < 0.5).float()
    visible[0, 0, 40, 40] = 1
    keys, departure = torch.zeros_like(visible), torch.zeros_like(visible)
    far = departure.clone()
    far[0, 0, 40, 40] = 5.0
    moved = (krige(far, visible, keys)[0] - krige(departure, visible, keys)[0]).abs()[0, 0] > 1e-6
    rows, columns = moved.nonzero(as_tuple=True)
    assert moved.sum() > 100
    farthest = REACH_PX + BLOCK_PX + MARGIN_PX
    assert max((rows - 40).abs().max(), (columns - 40).abs().max()) < farthest


@pytest.mark.parametrize("size", [5, 16, 33])
def test_any_size_is_filled(size):
    _, visible, departure = halves(size)
    shift, told = krige(departure, visible, 0 * visible)
    assert shift.shape == told.shape == visible.shape
    assert torch.isfinite(shift).all()
    assert ((told > 0) & (told <= 1 + 1e-5)).all()


def test_no_border_shows_between_blocks():
    """Smooth departures under a cloud: steps across the lattice of blocks are as small as elsewhere."""
    size = 96
    rows = torch.arange(size).float()
    truth = (torch.sin(rows / 18)[:, None] + torch.cos(rows / 25)[None])[None, None]
    visible = torch.ones_like(truth)
    visible[..., 20:76, 20:76] = 0
    visible[..., ::7, ::7] = 1
    shift, _ = krige(truth * visible, visible, 0 * truth)
    steps = (shift[0, 0, :, 1:] - shift[0, 0, :, :-1]).abs()[24:72, 24:72].mean(dim=0)  # (47,), from column 24 on
    on_lattice = torch.tensor([(24 + i + 1) % BLOCK_PX == 0 for i in range(len(steps))])
    assert steps[on_lattice].mean() < 1.3 * steps[~on_lattice].mean()


def test_directions_and_days_are_kept_apart():
    """The transpose of the input gives the transpose of the result; two days together are each day alone."""
    rng = torch.Generator().manual_seed(3)
    visible = (torch.rand(2, 1, 24, 56, generator=rng) < 0.4).float()
    visible[..., 10:30] = 0
    departure = torch.randn(2, 1, 24, 56, generator=rng) * visible
    keys = torch.randn(2, 3, 24, 56, generator=rng)
    shift, told = krige(departure, visible, keys)
    turned, turned_told = krige(departure.mT.contiguous(), visible.mT.contiguous(), keys.mT.contiguous())
    torch.testing.assert_close(turned.mT, shift, atol=2e-3, rtol=0)
    torch.testing.assert_close(turned_told.mT, told, atol=2e-3, rtol=0)
    for day in range(2):
        alone, _ = krige(departure[day : day + 1], visible[day : day + 1], keys[day : day + 1])
        torch.testing.assert_close(alone[0], shift[day], atol=1e-4, rtol=0)


def test_pixels_that_are_nearly_the_same_do_not_break_it():
    """An area whose LAI varies much, expected near 0: keys far from the origin, noise far below the spread."""
    rng = torch.Generator().manual_seed(0)
    visible = (torch.rand(1, 1, 32, 32, generator=rng) < 0.5).float()
    departure = 0.1 * torch.randn(1, 1, 32, 32, generator=rng) * visible
    keys = torch.tensor([0, 8, 0.4, 4.8, 0, 0]).reshape(1, 6, 1, 1) + 0.005 * torch.randn(1, 6, 32, 32, generator=rng)
    shift, told = krige(departure, visible, keys, sd=2.4, noise=0.1)
    assert torch.isfinite(shift).all()
    assert (told > 0.9).all()
