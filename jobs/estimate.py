"""An estimate: what it says, in which units. It imports nothing of its own house: the client has it, too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cap:
    """One limit, and how much of it an order uses.

    Attributes:
        used: by the order.
        limit: at most allowed.
    """

    used: float
    limit: float


@dataclass(frozen=True)
class Amounts:
    """What an order would take.

    Attributes:
        area_km2: of the area, geodesic.
        scenes: Sentinel-1 and Sentinel-2 scenes that are read, those of the context included.
        scenes_counted: they were found in the catalogue; False: so many are to be expected.
        dates: given out.
        tiles: squares that are worked on one by one.
        pixels: of the output grid on all dates.
        seconds: that one CPU of the reference machine works.
        bytes: of the files of the results.
    """

    area_km2: float
    scenes: int
    scenes_counted: bool
    dates: int
    tiles: int
    pixels: int
    seconds: int
    bytes: int
