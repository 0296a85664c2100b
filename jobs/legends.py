"""The one source of colours: what each raster's values look like on tiles, pictures, thumbnails and pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

Colour = tuple[int, int, int]
"""Red, green, blue; 0..255."""
STEPS = 253
"""Colours between a legend's ends: with a transparent one and two of a hatching they fill the palette of 8 bits."""


@dataclass(frozen=True)
class QualityClass:
    """One value of the quality raster, with its colour."""

    value: int
    name: str
    description: str
    colour: Colour


# Colours keep apart for colour-blind readers (Okabe and Ito's palette).
QUALITY = (
    QualityClass(0, "no-data", "No scene ever looked here", (0, 0, 0)),
    QualityClass(1, "observed", "From a clear Sentinel-2 observation of the day", (0, 114, 178)),
    QualityClass(2, "reconstructed", "Reconstructed; a clear observation within 30 days", (86, 180, 233)),
    QualityClass(3, "long-gap", "Reconstructed; no clear observation within 30 days", (230, 159, 0)),
    QualityClass(4, "out-of-domain", "Observed, outside the LAI network's definition domain", (204, 121, 167)),
    QualityClass(5, "water-or-snow", "Water or snow: LAI has no meaning", (0, 158, 115)),
)


@dataclass(frozen=True)
class Ramp:
    """Colours of a quantity: linear in red, green and blue between evenly spaced stops; beyond its ends, the ends'.

    Attributes:
        name: of the published palette that the stops are taken from, as matplotlib and rio-tiler know it.
        maximum: value of the last stop; that of the first is 0.
        colours: of the stops.
    """

    name: str
    maximum: float
    colours: tuple[Colour, ...]

    @property
    def stops(self) -> list[tuple[float, Colour]]:
        """Values with their colours, ascending."""
        last = len(self.colours) - 1
        return [(self.maximum * i / last, colour) for i, colour in enumerate(self.colours)]

    def table(self) -> list[Colour]:
        """Return `STEPS` colours; value v has number round(v / maximum * (STEPS - 1)), kept within the table."""
        return [self._colour(self.maximum * i / (STEPS - 1)) for i in range(STEPS)]

    def _colour(self, value: float) -> Colour:
        for (low, below), (high, above) in pairwise(self.stops):
            if value <= high:
                share = (value - low) / (high - low)
                red, green, blue = (round(a + share * (b - a)) for a, b in zip(below, above, strict=True))
                return red, green, blue
        return self.colours[-1]


@dataclass(frozen=True)
class Hatching:
    """How pixels are drawn on which a quantity has no meaning: stripes, told from every colour by their pattern.

    Attributes:
        quality: the class of such pixels.
        colours: of the stripes.
    """

    quality: QualityClass
    colours: tuple[Colour, Colour]


@dataclass(frozen=True)
class Legend:
    """How one asset is shown; no-data is transparent.

    Attributes:
        asset: key of the asset in items.
        title: for people.
        unit: UCUM-like; None for classes.
        ramp: of a quantity.
        classes: of the quality raster.
        hatched: where the quantity has no meaning; None where it always has one.
    """

    asset: str
    title: str
    unit: str | None = None
    ramp: Ramp | None = None
    classes: tuple[QualityClass, ...] = ()
    hatched: Hatching | None = None


def _hex(colours: str) -> tuple[Colour, ...]:
    return tuple((int(c[:2], 16), int(c[2:4], 16), int(c[4:], 16)) for c in colours.split())


# Palettes of even steps for the eye, told apart by colour-blind readers and in grey. LAI of crops rarely exceeds 6, of
# forests 8.
LAI_RAMP = Ramp(
    "viridis",
    8.0,
    _hex(
        "440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c "
        "1fa088 28ae80 3fbc73 5ec962 84d44b addc30 d8e219 fde725"
    ),
)
SIGMA_RAMP = Ramp(
    "magma",
    1.5,
    _hex(
        "000004 0b0924 20114b 3b0f70 57157e 721f81 8c2981 a8327d "
        "c43c75 de4968 f1605d fa7f5e fe9f6d febf84 fddea0 fcfdbf"
    ),
)
DAYS_RAMP = Ramp(
    "cividis_r",
    60.0,
    _hex("fee838 e9d34e d2c060 bbad6d a59c74 918b78 7c7b78 6a6c71 575d6d 424e6c 2a3f6d 003170 00224e"),
)


OBSERVED = (QUALITY[1].value, QUALITY[4].value)
"""Classes of pixels that the day itself shows clear."""
WATER = Hatching(QUALITY[5], ((222, 222, 222), (138, 138, 138)))


def _by_asset(legends: Iterable[Legend]) -> dict[str, Legend]:
    return {legend.asset: legend for legend in legends}


LEGENDS = _by_asset(
    (
        Legend("lai", "Leaf area index", "m2 m-2", LAI_RAMP, hatched=WATER),
        Legend("lai_sigma", "Standard deviation of LAI", "m2 m-2", SIGMA_RAMP, hatched=WATER),
        Legend("quality", "Where each value comes from", classes=QUALITY),
        Legend("days_to_clear", "Days to the nearest clear observation", "d", DAYS_RAMP),
        Legend("predicted", "Predicted LAI", "m2 m-2", LAI_RAMP, hatched=WATER),
        Legend("fused", "Fused LAI", "m2 m-2", LAI_RAMP, hatched=WATER),
    )
)
