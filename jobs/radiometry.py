"""What the numbers of a scene mean: the offset of Sentinel-2 reflectance, the convention of Sentinel-1 backscatter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from pystac import Asset, Item

from jobs.sources import Source

DN_SCALE = 1e-4
BASELINE_OFFSET = -0.1
"""Reflectance to be added from processing baseline 04.00 on (Sentinel-2 products specification: DN + 1000)."""
OFFSET_SINCE_BASELINE = (4, 0)
OFFSET_SINCE_DAY = date(2022, 1, 25)
"""On this day ESA went over to baseline 04.00: what was made before has no offset, what was taken after has it."""
OF_AGE = {0.0: "its product is older than the offset", BASELINE_OFFSET: "its product is younger than the offset"}
_KNOWN_OFFSETS = (0.0, BASELINE_OFFSET)
_IN_NAME = re.compile(r"_N(\d{2})(\d{2})_")
_BASELINE = re.compile(r"N?(\d{2})\.?(\d{2})")
_EXISTING = range(2, 10)
"""First numbers of baselines that exist; 99.99 is written by who processes at home, and tells nothing."""
GRD_CURE = (
    "is plain GRD, uncalibrated and not terrain-corrected: use terrain-corrected backscatter (RTC) instead, such as "
    "sentinel-1-rtc of the built-in profile planetary-computer; where a collection of your own is calibrated, say "
    "backscatter gamma0 or sigma0 in its source"
)


class UnusableItem(ValueError):
    """An item that no scene can be made of; says why."""


@dataclass(frozen=True)
class Offset:
    """What must be added to DN * 0.0001 to get reflectance, and who says so.

    Attributes:
        value: -0.1 or 0; None where what is said contradicts itself, or nothing is: the pixels must tell.
        reason: for the plan and the log.
        otherwise: what holds where the pixels do not tell either; None: nothing does.
    """

    value: float | None
    reason: str
    otherwise: float | None = None


def baseline_of(item: Item) -> str | None:
    """Return the processing baseline as "05.10", also where it is a number that lost its zeros or part of a name.

    Raises:
        UnusableItem: what stands in its place is neither text nor number.
    """
    return next((baseline for baseline in (_stated(item), _named(item)) if _exists(baseline)), None)


def doubt_of(item: Item) -> str | None:
    """Return why the processing baseline of an item tells nothing although there is one; None where it does."""
    stated, named = _stated(item), _named(item)
    for baseline in (stated, named):
        if baseline is not None and not _exists(baseline):
            return f"there is no processing baseline {baseline}"
    if stated and named and _of_baseline(stated) != _of_baseline(named):
        return f"processing baseline {stated}, {named} by its name"
    return None


def _stated(item: Item) -> str | None:
    """Return the baseline that an item states, whether it exists or not."""
    own: Any = item.properties.get("s2:processing_baseline")
    stated: Any = own or item.properties.get("processing:version")
    if isinstance(stated, int | float) and not isinstance(stated, bool):
        return f"{stated:05.2f}"
    if stated and not isinstance(stated, str):
        raise UnusableItem(f"cannot be understood: processing baseline {str(stated)[:40]}")
    text = (stated or "").strip().upper()
    found = _BASELINE.fullmatch(text)
    if found:
        return f"{found[1]}.{found[2]}"
    return text[:40] if own and text else None  # processing:version may be that of any software


def _named(item: Item) -> str | None:
    found = _IN_NAME.search(str(item.properties.get("s2:product_uri") or item.id))
    return f"{found[1]}.{found[2]}" if found else None


def _exists(baseline: str | None) -> bool:
    found = _BASELINE.fullmatch(baseline or "")
    return found is not None and int(found[1]) in _EXISTING


def _of_baseline(baseline: str) -> float:
    """Return the offset that products of a baseline are made with."""
    return BASELINE_OFFSET if version(baseline) >= OFFSET_SINCE_BASELINE else 0.0


def version(baseline: str | None) -> tuple[int, ...]:
    """Return a processing baseline as numbers that compare; unknown counts as oldest."""
    parts = (baseline or "").split(".")
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else (0,)


def offset_of(item: Item, assets: Sequence[Asset], baseline: str | None, day: date, source: Source) -> Offset:
    """Return the offset of a scene's reflectances, as far as its item tells.

    The processing baseline decides, not the date: reprocessed archives carry the offset on old dates too. What an
    archive says it has already applied, and what bands declare, must agree with it and with each other, unless the
    product is older than the offset.

    Args:
        item: of the scene.
        assets: its reflectance bands.
        baseline: of the scene.
        day: of its acquisition.
        source: of the item.

    Raises:
        UnusableItem: the bands declare a scale or offset that Sentinel-2 does not have.
    """
    if source.offset_applied:
        return Offset(0.0, "the catalogue's configuration says that the archive has applied it")
    said: dict[str, float] = {}
    if item.properties.get("earthsearch:boa_offset_applied") is True:
        said["boa_offset_applied is true"] = 0.0
    elif version(baseline) > (0,):
        said[f"processing baseline {baseline}"] = _of_baseline(str(baseline))
    for declared in sorted({value for value in map(_declared, assets) if value is not None}):
        said[f"bands declare {declared:g}"] = declared
    doubt = doubt_of(item)
    if doubt is not None:  # bands may declare what somebody has made of that baseline
        return Offset(None, ", ".join([doubt, *(why for why in said if not why.startswith("processing"))]))
    reasons = ", ".join(said) or "neither baseline nor bands say anything"
    values = set(said.values())
    if len(values) == 1:
        return Offset(values.pop(), reasons)
    of_age = _offset_by_age(baseline, _made(item), day, silent=not said)
    if of_age == 0.0:  # certain, whatever else is said: nobody can take out what never was in
        return Offset(of_age, f"{reasons}; {OF_AGE[of_age]}")
    return Offset(None, reasons, of_age)


def _offset_by_age(baseline: str | None, made: date | None, day: date, *, silent: bool) -> float | None:
    """Return the offset that the age of a product implies; None where its archive may have changed the numbers.

    Args:
        baseline: of the product.
        made: when the product was.
        day: of its acquisition.
        silent: the item says nothing of its numbers.
    """
    if version(baseline) > (0,):
        return 0.0 if version(baseline) < OFFSET_SINCE_BASELINE else None
    if made is not None and made < OFFSET_SINCE_DAY:
        return 0.0
    return BASELINE_OFFSET if silent and day > OFFSET_SINCE_DAY else None  # believed as a baseline alone would be


def _made(item: Item) -> date | None:
    """Return the day on which a product was made; None where its item does not say, or not so that it counts."""
    try:
        return datetime.fromisoformat(str(item.properties.get("s2:generation_time"))).date()
    except ValueError:
        return None


def _declared(asset: Asset) -> float | None:
    """Return the offset that a band declares, in reflectance."""
    offset, scale = _member(asset, "offset"), _member(asset, "scale")
    if scale is not None and abs(float(scale) - DN_SCALE) > DN_SCALE / 100:
        raise UnusableItem(f"declares a scale of {scale}: reflectance must be DN * {DN_SCALE}")
    if offset is None:
        return None
    value = float(offset)
    for known in _KNOWN_OFFSETS:
        if abs(value - known) < 1e-6 or abs(value * DN_SCALE - known) < 1e-6:  # a few archives declare -1000
            return known
    raise UnusableItem(f"declares an offset of {offset}, Sentinel-2 knows 0 and {BASELINE_OFFSET} only")


def _member(asset: Asset, name: str) -> Any:  # noqa: ANN401 - whatever the item says
    """Return a member of an asset's first band (`raster:bands` of STAC 1.0, `bands` of 1.1), or of the asset."""
    fields = asset.extra_fields
    for bands, key in (("raster:bands", name), ("bands", f"raster:{name}"), ("bands", name)):
        first = fields[bands][0] if fields.get(bands) else {}
        if not isinstance(first, dict):
            raise TypeError(f"{bands} has no band")
        if key in first:
            return first[key]
    return fields.get(f"raster:{name}")


def nodata_of(asset: Asset) -> Any:  # noqa: ANN401 - the scene's own validation looks at it
    """Return what an asset declares to be no data."""
    value = _member(asset, "nodata")
    return asset.extra_fields.get("nodata") if value is None else value


def backscatter_of(item: Item, source: Source) -> Literal["gamma0", "sigma0"]:
    """Return the convention of linear power: what the item says, else what its name and collection say.

    `sar:product_type` does not tell: terrain-corrected items of the Planetary Computer still say GRD.

    Raises:
        UnusableItem: it is neither calibrated nor terrain-corrected.
    """
    stated = str(item.properties.get("patch:radiometry", "")).lower()
    if stated.startswith("gamma0"):
        return "gamma0"
    if stated.startswith("sigma0"):
        return "sigma0"
    if source.backscatter is not None:
        return source.backscatter
    if "rtc" in (item.collection_id or "").lower() or item.properties.get("clearleaf:simulated"):
        return "gamma0"
    raise UnusableItem(GRD_CURE)
