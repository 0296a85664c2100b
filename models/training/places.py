"""Real training places: the two Belgian patches with every Sentinel-1 and Sentinel-2 acquisition.

The patch files come with a script that knows their encoding, fills the four bands missing from patch C and works out
the satellites; it is loaded from the data folder, so that their quirks are described in one place.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from models.bands import S2_BANDS
from models.biophysical import observed_lai
from models.clear import SNOW_CLASS, WATER_CLASS, clear_mask, usable_mask
from models.radar import MID_SWATH_COSINE
from models.series import OpticalSeries, RadarSeries, Site, day_number

LATITUDES = {"a": 50.816, "c": 51.180}


def real_data() -> Path:
    """Return the folder of real scenes, from CLEARLEAF_REAL_DATA or beside the project."""
    return Path(os.environ.get("CLEARLEAF_REAL_DATA", "../shared/real"))


def read_patch(name: str, folder: Path | None = None) -> Site:
    """Return one patch, observed LAI and radar, at 20 m.

    Args:
        name: "a" or "c".
        folder: where the real data lie.

    Raises:
        FileNotFoundError: the data are not there.
    """
    folder = folder or real_data()
    reader = _reader(folder / "make_catalogue.py")
    raw = reader.read_patch(str(folder / "training" / f"patch-{name}"), str(folder / "missing_bands.json"))
    return Site(observed_lai(_optical(reader, raw, LATITUDES[name])), _radar(reader, raw, LATITUDES[name]))


def _reader(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("patch_reader", path)
    if spec is None or spec.loader is None or not path.exists():
        raise FileNotFoundError(f"{path} is missing: set CLEARLEAF_REAL_DATA to the folder of real scenes")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _optical(reader: ModuleType, raw: dict[str, Any], latitude: float) -> OpticalSeries:
    dn10 = {band: reader.block_mean(raw["dn10"][band]) for band in ("B03", "B04")}
    dn = np.stack([dn10[b] if b in dn10 else raw["dn20"][b] for b in S2_BANDS], axis=1).astype(np.float32)
    reflectance = np.where(dn > 0, dn * np.float32(1e-4), np.float32(np.nan))  # baseline before 04.00: no offset
    scl = raw["scl"]
    radians = {k: np.radians(raw[k]) for k in ("view_zenith", "sun_zenith", "sun_azimuth", "view_azimuth")}
    cosines = np.stack(
        [
            np.cos(radians["view_zenith"]),
            np.cos(radians["sun_zenith"]),
            np.cos(radians["sun_azimuth"] - radians["view_azimuth"]),
        ],
        axis=1,
    )
    return OpticalSeries(
        reflectance=reflectance,
        clear=clear_mask(scl),
        usable=usable_mask(scl),
        water=scl == WATER_CLASS,
        snow=scl == SNOW_CLASS,
        days=_days(raw["s2_times"]),
        cosines=cosines.astype(np.float32),
        platforms=tuple("S2" + reader.s2_orbit(when, latitude)[0] for when in raw["s2_times"]),
    )


def _radar(reader: ModuleType, raw: dict[str, Any], latitude: float) -> RadarSeries:
    power = np.stack([raw["s1"]["VV"], raw["s1"]["VH"]], axis=1)
    count = len(power)
    return RadarSeries(
        power=np.where(power > 0, power, np.float32(np.nan)),
        days=_days(raw["s1_times"]),
        orbits=np.array([reader.s1_orbit(when, latitude)[1] for when in raw["s1_times"]], np.int32),
        ascending=np.full(count, raw["s1_state"] == "ascending"),
        cos_incidence=np.full(count, MID_SWATH_COSINE, np.float32),  # the patch files do not carry the angle
    )


def _days(times: list[Any]) -> Any:  # noqa: ANN401 - the reader's times are untyped
    return day_number([when.replace(tzinfo=None) for when in times])
