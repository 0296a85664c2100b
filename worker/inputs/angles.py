"""Angles of a Sentinel-2 scene from its granule's XML, for archives whose items do not tell them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring


@dataclass(frozen=True)
class Angles:
    """Means over a granule, degrees; None where the document does not tell."""

    sun_zenith: float | None
    sun_azimuth: float | None
    view_zenith: float | None
    view_azimuth: float | None


def read_angles(document: bytes) -> Angles:
    """Return the mean angles that a granule's metadata (MTD_TL.xml, metadata.xml) tells.

    The document comes from outside: entities and external references are refused.

    Raises:
        ValueError: it is no such XML.
    """
    try:
        root = fromstring(document, forbid_dtd=True)
    except (SyntaxError, ValueError, LookupError) as error:  # ParseError is a SyntaxError
        raise ValueError(f"no metadata of a granule: {type(error).__name__}") from error
    sun = [element for element in root.iter() if _name(element) == "Mean_Sun_Angle"]
    views = [element for element in root.iter() if _name(element) == "Mean_Viewing_Incidence_Angle"]
    sun_zenith, sun_azimuth = _mean(sun)
    view_zenith, view_azimuth = _mean(views)
    return Angles(sun_zenith, sun_azimuth, view_zenith, view_azimuth)


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _mean(elements: Iterable[Element]) -> tuple[float | None, float | None]:
    """Return mean zenith and azimuth over the bands, azimuths as directions: 359° and 1° meet at 0°."""
    zeniths, east, north = [], 0.0, 0.0
    for element in elements:
        values = {_name(child): float(child.text or "nan") for child in element if child.text}
        zenith, azimuth = values.get("ZENITH_ANGLE", math.nan), values.get("AZIMUTH_ANGLE", math.nan)
        if 0 <= zenith <= 90 and math.isfinite(azimuth):
            zeniths.append(zenith)
            east += math.sin(math.radians(azimuth))
            north += math.cos(math.radians(azimuth))
    if not zeniths:
        return None, None
    return sum(zeniths) / len(zeniths), math.degrees(math.atan2(east, north)) % 360
