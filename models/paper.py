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
    "1D CNN": Cnn1d,
    "2D CNN-LSTM": Cnn2dLstm,
    "1D CNN-Transformer": Cnn1dTransformer,
    "2D CNN-Transformer": Cnn2dTransformer,
}
"""The paper's step 1 and its three rivals, by the paper's names."""
CHOSEN = "2D CNN-Transformer"
POOLING = 4
PIXELS_AT_ONCE = 100_000


class PaperNetworks(nn.Module):
    """All networks of the paper; they share nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.step1 = nn.ModuleDict({name: make() for name, make in STEP1.items()})
        self.step2 = Edcstfn()

    @torch.inference_mode()
    def predict(self, site: Site, target_days: IntArray, name: str = CHOSEN) -> FloatArray:
        """Return LAI (D, H, W) from radar alone, m2/m2.

        Args:
            site: whose radar is read.
            target_days: (D,).
            name: which network of step 1.
        """
        device = next(self.parameters()).device
        levels = radar_levels(site.radar, target_days)
        height, width = site.observed.lai.shape[1:]
        maps = []
        for d in range(len(target_days)):
            images, lags, present = (tensor.to(device) for tensor in levels.day(d))
            images = pad(images[0], (0, -width % POOLING, 0, -height % POOLING), mode="replicate")[None]
            found = self.step1[name](images, lags, present)[0, 0, :height, :width]
            maps.append((LAI_MAX * found).clamp(0, LAI_MAX).float().cpu().numpy())
        return np.stack(maps) if maps else np.empty((0, height, width), np.float32)

    @torch.inference_mode()
    def fuse(self, site: Site, target_days: IntArray, references: int = 2, name: str = CHOSEN) -> FloatArray:
        """Return LAI (D, H, W) of step 1 and 2 together, m2/m2.

        Args:
            site: radar and visible observations.
            target_days: (D,).
            references: 2 = nearest clear before and after, 1 = the nearer of the two, pixel by pixel.
            name: which network of step 1.
        """
        brackets = find_brackets(site.observed.lai, site.observed.days, target_days)
        target = self.predict(site, target_days, name)
        used = np.unique([brackets.before_index, brackets.after_index])
        used = used[used >= 0]
        at_scenes = self.predict(site, site.observed.days[used], name)
        device = next(self.parameters()).device
        refs = reference_pairs(brackets, used, at_scenes, references)
        maps = []
        for d in range(len(target_days)):
            observed, predicted, there = (torch.from_numpy(array[d][None]).to(device) for array in refs)
            maps.append(self.blend(observed, predicted, torch.from_numpy(target[d][None, None]).to(device), there))
        fused = torch.cat(maps)[:, 0].cpu().numpy() if maps else target
        known = np.stack([array.any(axis=0) for array in refs[2] > 0]) if maps else np.ones_like(target, np.bool_)
        return np.where(known, fused, target)  # nothing to fuse with: step 1 stays

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
