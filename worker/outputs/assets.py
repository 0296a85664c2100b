"""The one table of raster assets: how values become bytes, and what is said of them in files, items and collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from jobs.legends import QUALITY, QualityClass
from models.series import BoolArray, FloatArray, IntArray

LONG_GAP_DAYS = 30
"""A reconstruction farther than this from any clear observation is marked as such."""


@dataclass(frozen=True)
class RasterAsset:
    """One raster of every date.

    Attributes:
        name: key in items.
        title: for people.
        dtype: as stored.
        nodata: as stored.
        scale: value = stored * scale.
        unit: UCUM-like; None for classes.
        classes: it holds classes, not quantities.
    """

    name: str
    title: str
    dtype: str
    nodata: int
    scale: float = 1.0
    unit: str | None = None
    classes: tuple[QualityClass, ...] = ()

    @property
    def resampling(self) -> str:
        """How overviews are made."""
        return "nearest" if self.classes else "average"

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Return values as they are stored; NaN and out of range become nodata or the nearest end."""
        limits = np.iinfo(self.dtype)
        low = limits.min + (1 if self.nodata == limits.min else 0)
        high = limits.max - (1 if self.nodata == limits.max else 0)
        finite = np.isfinite(values)
        stored = np.clip(np.round(np.where(finite, values, 0) / self.scale), low, high)
        return np.where(finite, stored, self.nodata).astype(self.dtype)

    def decode(self, stored: np.ndarray) -> FloatArray:
        """Return stored values in their unit; nodata becomes NaN."""
        return np.where(stored == self.nodata, np.nan, stored * np.float64(self.scale)).astype(np.float32)

    def band(self) -> dict[str, Any]:
        """Return what STAC says of the band."""
        said: dict[str, Any] = {"name": self.name, "data_type": self.dtype, "nodata": self.nodata}
        if self.unit:
            said["unit"] = self.unit
        if not self.classes:
            said |= {"raster:scale": self.scale, "raster:offset": 0}
        return said

    def classification(self) -> list[dict[str, Any]]:
        """Return the classes as STAC lists them."""
        return [
            {
                "value": c.value,
                "name": c.name,
                "description": c.description,
                "color_hint": "".join(f"{part:02X}" for part in c.colour),
            }
            for c in self.classes
        ]


def _lai(name: str, title: str) -> RasterAsset:
    return RasterAsset(name, title, "int16", -32768, 0.001, "m2 m-2")


LAI = _lai("lai", "Leaf area index: observed where the day was clear, reconstructed elsewhere")
LAI_SIGMA = _lai("lai_sigma", "Standard deviation of LAI; the 90 % interval is lai ± 1.645 sigma")
QUALITY_ASSET = RasterAsset("quality", "Where each value comes from", "uint8", 0, classes=QUALITY)
DAYS_TO_CLEAR = RasterAsset("days_to_clear", "Days to the nearest clear observation", "uint16", 65535, unit="d")
PREDICTED = _lai("predicted", "Predicted LAI: step 1, radar and prior")
FUSED = _lai("fused", "Fused LAI: step 2, on every date and pixel")

STANDARD = (LAI, LAI_SIGMA, QUALITY_ASSET, DAYS_TO_CLEAR)
EXTRA = {asset.name: asset for asset in (PREDICTED, FUSED)}


def classify(
    lai: FloatArray, observed: BoolArray, in_domain: BoolArray, water_or_snow: BoolArray, days_to_clear: IntArray
) -> np.ndarray:
    """Return the quality class of every value; the first rule that holds wins.

    Args:
        lai: (D, H, W) what is delivered; NaN = no data.
        observed: (D, H, W) the day has a clear observation.
        in_domain: (D, H, W) and it lies in the LAI network's domain.
        water_or_snow: (D, H, W).
        days_to_clear: (D, H, W); -1 = never.
    """
    long_gap = (days_to_clear < 0) | (days_to_clear > LONG_GAP_DAYS)
    rules = [~np.isfinite(lai), water_or_snow, observed & ~in_domain, observed, long_gap]
    return np.select(rules, [0, 5, 4, 1, 3], default=2).astype(np.uint8)
