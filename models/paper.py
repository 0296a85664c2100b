"""The two steps of Li et al. (2025) in the paper's own terms: LAI from radar alone, then EDCSTFN with optical scenes.

Int. J. Appl. Earth Obs. Geoinf. 142, 104745. No prior, no adaptation, no residual: what jobs deliver as
`--model paper`, and what tables show beside the default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.bands import LAI_MAX
from models.brackets import Brackets, find_brackets
from models.cnn1d import Cnn1d
from models.cnn1d_transformer import Cnn1dTransformer
from models.cnn2d_lstm import Cnn2dLstm
from models.cnn2d_transformer import Cnn2dTransformer
from models.edcstfn import Edcstfn
from models.inference import pad_sides
from models.pass_groups import pass_groups
from models.progress import Progress, part_of, silent
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
ROWS_AT_ONCE = 16
"""Rows in one pass through a network of single pixels, whose layers are as wide as the series is long."""


@dataclass(frozen=True)
class References:
    """The enclosing observations of every pixel of D target days, and what step 1 says of their days.

    Clouds in the fine image are undefined in the original: references are composites of the pixels' nearest clear
    observations, and so are the predictions of their days.

    Attributes:
        brackets: the enclosing observations.
        used: (U,) indices of the scenes that they come from, ascending.
        at_scenes: (U, H, W) step 1 on the days of those scenes, m2/m2.
    """

    brackets: Brackets
    used: IntArray
    at_scenes: FloatArray

    def maps(self, count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return observed and predicted LAI of one or two references and whether they exist, each (D, K, H, W).

        Where one side is missing, the other stands in.
        """
        b = self.brackets
        has_before, has_after = b.before_index >= 0, b.after_index >= 0
        before = np.stack([b.before, self._predicted(b.before_index)])  # (2, D, H, W)
        after = np.stack([b.after, self._predicted(b.after_index)])
        first, second = np.where(has_before, before, after), np.where(has_after, after, before)
        if count == 1:
            pairs = np.where(b.age_before <= b.age_after, first, second)[:, :, None]
        else:
            pairs = np.stack([first, second], axis=2)  # (2, D, K, H, W)
        there = np.repeat((has_before | has_after)[:, None], count, axis=1)
        observed, predicted = np.nan_to_num(pairs).astype(np.float32)
        return observed, predicted, there.astype(np.float32)

    def _predicted(self, index: IntArray) -> FloatArray:
        if not len(self.used):
            return np.zeros(index.shape, np.float32)
        row = np.searchsorted(self.used, np.maximum(index, self.used[0]))
        return np.take_along_axis(self.at_scenes, row, axis=0)


class PaperNetworks(nn.Module):
    """All networks of the paper; they share nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.step1 = nn.ModuleDict({name: make() for name, make in STEP1.items()})
        self.step2 = Edcstfn()

    def reconstruct(
        self, site: Site, target_days: IntArray, model: str, progress: Progress = silent
    ) -> tuple[FloatArray, FloatArray]:
        """Return LAI of step 1 and of the whole model, both (D, H, W) in m2/m2.

        Args:
            site: radar and visible observations.
            target_days: (D,).
            model: one of `PAPER_MODELS`.
            progress: told before every day and every reference.
        """
        count = PAPER_MODELS[model]
        share = 0.5 if count else 1.0
        name = model if model in STEP1 else CHOSEN
        predicted = self.predict(site, target_days, name, part_of(progress, 0.0, share))
        if not count:
            return predicted, predicted
        references = self.references(site, target_days, part_of(progress, share, 1.0))
        return predicted, self.fuse(references, predicted, count)

    @torch.inference_mode()
    def predict(self, site: Site, target_days: IntArray, name: str = CHOSEN, progress: Progress = silent) -> FloatArray:
        """Return LAI (D, H, W) from radar alone, m2/m2.

        Args:
            site: whose radar is read.
            target_days: (D,).
            name: which network of step 1.
            progress: told before every day.
        """
        levels = radar_levels(site.radar, target_days)
        groups = [(levels.of_passes(shown), here) for shown, here in pass_groups(levels.valid)]
        found = np.empty((len(target_days), *site.observed.lai.shape[1:]), np.float32)
        for d in range(len(target_days)):
            progress(d / len(target_days), "reconstructing")
            for group, here in groups:
                found[d, here] = self._predict_day(name, *group.day(d))[here]
        return found

    def _predict_day(self, name: str, images: Tensor, lags: Tensor, present: Tensor) -> FloatArray:
        network, device = self.step1[name], next(self.parameters()).device
        height, width = images.shape[-2:]
        lags, present = lags.to(device), present.to(device)
        if name in PER_PIXEL:
            strips = (network(strip.to(device), lags, present) for strip in torch.split(images, ROWS_AT_ONCE, dim=-2))
            found = torch.cat(list(strips), dim=-2)
        else:
            found = network(pad_sides(images[0])[None].to(device), lags, present)
        lai: FloatArray = (LAI_MAX * found[0, 0, :height, :width]).clamp(0, LAI_MAX).float().cpu().numpy()
        return lai

    def references(self, site: Site, target_days: IntArray, progress: Progress = silent) -> References:
        """Return what step 2 refers to: the enclosing observations of every pixel, and step 1 on their days."""
        brackets = find_brackets(site.observed.lai, site.observed.days, target_days)
        used = np.unique([brackets.before_index, brackets.after_index])
        used = used[used >= 0]
        return References(brackets, used, self.predict(site, site.observed.days[used], progress=progress))

    @torch.inference_mode()
    def fuse(self, references: References, predicted: FloatArray, count: int = 2) -> FloatArray:
        """Return LAI (D, H, W) of step 2, m2/m2; step 1 where a pixel has nothing to be fused with.

        Args:
            references: of the target days.
            predicted: (D, H, W) step 1 on the target days, m2/m2.
            count: 2 = nearest clear before and after, 1 = the nearer of the two, pixel by pixel.
        """
        observed, expected, there = references.maps(count)
        device = next(self.parameters()).device
        fused = predicted.copy()
        for d in range(len(predicted)):
            refs, predictions, masks = (torch.from_numpy(a[d][None]).to(device) for a in (observed, expected, there))
            target = torch.from_numpy(predicted[d][None, None]).to(device)
            found = self.blend(refs, predictions, target, masks)[0, 0].float().cpu().numpy()
            fused[d] = np.where(there[d].any(axis=0), found, predicted[d])
        return fused

    def blend(self, observed: Tensor, predicted: Tensor, target: Tensor, there: Tensor) -> Tensor:
        """Return LAI (B, 1, H, W) of step 2; observed, predicted and there are (B, K, H, W), target (B, 1, H, W)."""
        masks = there if there.shape[1] > 1 else None
        found: Tensor = self.step2(observed / LAI_MAX, predicted / LAI_MAX, target / LAI_MAX, masks=masks)
        return (LAI_MAX * found).clamp(0, LAI_MAX)
