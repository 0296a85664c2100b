"""The two steps of Li et al. (2025) in the paper's own terms: LAI from radar alone, then EDCSTFN with optical scenes.

Int. J. Appl. Earth Obs. Geoinf. 142, 104745. No prior, no adaptation, no residual: what jobs deliver as
`--model paper`, and what tables show beside the default.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from models.bands import LAI_MAX
from models.brackets import Brackets, find_brackets
from models.cnn1d import Cnn1d
from models.cnn1d_transformer import Cnn1dTransformer
from models.cnn2d_lstm import Cnn2dLstm
from models.cnn2d_transformer import Cnn2dTransformer
from models.edcstfn import Edcstfn
from models.radar_levels import radar_levels
from models.series import FloatArray, IntArray, Site

STEP1: dict[str, Callable[[], nn.Module]] = {
    "1d-cnn": Cnn1d,
    "2d-cnn-lstm": Cnn2dLstm,
    "1d-cnn-transformer": Cnn1dTransformer,
    "2d-cnn-transformer": Cnn2dTransformer,
}
"""The paper's step 1 and its three rivals."""
PER_PIXEL = ("1d-cnn", "1d-cnn-transformer")
CHOSEN = "2d-cnn-transformer"
PAPER_MODELS = {"paper": 2, "paper-one-reference": 1} | dict.fromkeys(STEP1, 0)
"""Model of an order → number of references of EDCSTFN; 0 = step 1 alone."""
POOLING = 4
ROWS_AT_ONCE = 16
"""Rows in one pass through a network of single pixels, whose layers are as wide as the series is long."""


class PaperNetworks(nn.Module):
    """All networks of the paper; they share nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.step1 = nn.ModuleDict({name: make() for name, make in STEP1.items()})
        self.step2 = Edcstfn()

    def reconstruct(self, site: Site, target_days: IntArray, model: str) -> tuple[FloatArray, FloatArray]:
        """Return LAI of step 1 and of the whole model, both (D, H, W) in m2/m2.

        Args:
            site: radar and visible observations.
            target_days: (D,).
            model: one of `PAPER_MODELS`.
        """
        references = PAPER_MODELS[model]
        predicted = self.predict(site, target_days, model if model in STEP1 else CHOSEN)
        return predicted, self.fuse(site, target_days, predicted, references) if references else predicted

    @torch.inference_mode()
    def predict(self, site: Site, target_days: IntArray, name: str = CHOSEN) -> FloatArray:
        """Return LAI (D, H, W) from radar alone, m2/m2.

        Args:
            site: whose radar is read.
            target_days: (D,).
            name: which network of step 1.
        """
        levels = radar_levels(site.radar, target_days)
        maps = [self._predict_day(name, *levels.day(d)) for d in range(len(target_days))]
        return np.stack(maps) if maps else np.empty((0, *site.observed.lai.shape[1:]), np.float32)

    def _predict_day(self, name: str, images: Tensor, lags: Tensor, present: Tensor) -> FloatArray:
        network, device = self.step1[name], next(self.parameters()).device
        height, width = images.shape[-2:]
        lags, present = lags.to(device), present.to(device)
        if name in PER_PIXEL:
            strips = (network(strip.to(device), lags, present) for strip in torch.split(images, ROWS_AT_ONCE, dim=-2))
            found = torch.cat(list(strips), dim=-2)
        else:
            padded = pad(images[0], (0, -width % POOLING, 0, -height % POOLING), mode="replicate")[None]
            found = network(padded.to(device), lags, present)
        lai: FloatArray = (LAI_MAX * found[0, 0, :height, :width]).clamp(0, LAI_MAX).float().cpu().numpy()
        return lai

    @torch.inference_mode()
    def fuse(self, site: Site, target_days: IntArray, predicted: FloatArray, references: int = 2) -> FloatArray:
        """Return LAI (D, H, W) of step 2, m2/m2; step 1 where a pixel has nothing to be fused with.

        Args:
            site: radar and visible observations.
            target_days: (D,).
            predicted: (D, H, W) step 1 on the target days, m2/m2.
            references: 2 = nearest clear before and after, 1 = the nearer of the two, pixel by pixel.
        """
        brackets = find_brackets(site.observed.lai, site.observed.days, target_days)
        used = np.unique([brackets.before_index, brackets.after_index])
        used = used[used >= 0]
        at_scenes = self.predict(site, site.observed.days[used])
        refs = reference_pairs(brackets, used, at_scenes, references)
        device = next(self.parameters()).device
        maps = []
        for d in range(len(target_days)):
            observed, expected, there = (torch.from_numpy(array[d][None]).to(device) for array in refs)
            target = torch.from_numpy(predicted[d][None, None]).to(device)
            fused = self.blend(observed, expected, target, there)[0, 0].float().cpu().numpy()
            maps.append(np.where(refs[2][d].any(axis=0), fused, predicted[d]))
        return np.stack(maps) if maps else predicted

    def blend(self, observed: Tensor, predicted: Tensor, target: Tensor, there: Tensor) -> Tensor:
        """Return LAI (B, 1, H, W) of step 2; observed, predicted and there are (B, K, H, W), target (B, 1, H, W)."""
        masks = there if there.shape[1] > 1 else None
        found: Tensor = self.step2(observed / LAI_MAX, predicted / LAI_MAX, target / LAI_MAX, masks=masks)
        return (LAI_MAX * found).clamp(0, LAI_MAX)


def reference_pairs(
    brackets: Brackets, used: IntArray, at_scenes: FloatArray, references: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return observed and predicted LAI of the references and whether they exist, each (D, K, H, W).

    Clouds in the fine image are undefined in the original: references are composites of the pixels' nearest clear
    observations, and so are the predictions of their days. Where one side is missing, the other stands in.

    Args:
        brackets: of the target days.
        used: (U,) scene indices, ascending.
        at_scenes: (U, H, W) step 1 on the days of those scenes.
        references: 1 or 2.
    """

    def predicted_at(index: IntArray) -> FloatArray:
        if not len(used):
            return np.zeros(index.shape, np.float32)
        return np.take_along_axis(at_scenes, np.searchsorted(used, np.maximum(index, used[0])), axis=0)

    has_before, has_after = brackets.before_index >= 0, brackets.after_index >= 0
    before = brackets.before, predicted_at(brackets.before_index)
    after = brackets.after, predicted_at(brackets.after_index)
    first = np.where(has_before, before, after)  # (2, D, H, W)
    second = np.where(has_after, after, before)
    there = (has_before | has_after).astype(np.float32)
    if references == 1:
        nearer = np.where(brackets.age_before <= brackets.age_after, first, second)[:, :, None]
        observed, predicted, masks = nearer[0], nearer[1], there[:, None]
    else:
        observed, predicted = np.stack([first, second], axis=2)
        masks = np.stack([there, there], axis=1)
    return tuple(np.nan_to_num(array).astype(np.float32) for array in (observed, predicted, masks))  # type: ignore[return-value]
