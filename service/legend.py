"""A legend as JSON, from which a page draws what tiles and pictures show."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from jobs.legends import Colour, Hatching, Legend


class Stop(BaseModel):
    """A value and its colour; between two stops, red, green and blue are linear."""

    value: float
    color: str = Field(description="As #rrggbb")


class ShownClass(BaseModel):
    """One value of a raster of classes."""

    value: int
    name: str
    description: str
    color: str = Field(description="As #rrggbb")


class ShownHatching(BaseModel):
    """Stripes on pixels for which the raster has no meaning."""

    name: str
    description: str
    colors: list[str] = Field(description="Of the stripes, as #rrggbb")


class LegendDocument(BaseModel):
    """What the colours of a raster mean; no data is transparent, and values beyond the ends have the ends' colours."""

    model_config = ConfigDict(title="legend")

    asset: str
    title: str
    kind: Literal["ramp", "classes"]
    unit: str | None = Field(default=None, description="Of the values of the stops")
    palette: str | None = Field(default=None, description="Name of the palette that the stops are taken from")
    stops: list[Stop] | None = Field(default=None, description="Of a quantity, ascending")
    classes: list[ShownClass] | None = Field(default=None, description="Of a raster of classes; 0 is not shown")
    hatched: ShownHatching | None = Field(default=None, description="What is striped instead of coloured")


def legend_document(legend: Legend) -> LegendDocument:
    """Return the legend of an asset."""
    if legend.ramp is None:
        classes = [
            ShownClass(value=c.value, name=c.name, description=c.description, color=hex_colour(c.colour))
            for c in legend.classes
            if c.value
        ]
        return LegendDocument(asset=legend.asset, title=legend.title, kind="classes", classes=classes)
    stops = [Stop(value=value, color=hex_colour(colour)) for value, colour in legend.ramp.stops]
    return LegendDocument(
        asset=legend.asset,
        title=legend.title,
        kind="ramp",
        unit=legend.unit,
        palette=legend.ramp.name,
        stops=stops,
        hatched=_shown_hatching(legend.hatched),
    )


def _shown_hatching(hatching: Hatching | None) -> ShownHatching | None:
    if hatching is None:
        return None
    quality = hatching.quality
    colors = [hex_colour(colour) for colour in hatching.colours]
    return ShownHatching(name=quality.name, description=quality.description, colors=colors)


def hex_colour(colour: Colour) -> str:
    """Return a colour as pages write it."""
    return "#" + "".join(f"{part:02x}" for part in colour)
