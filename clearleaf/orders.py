"""An order from the options of the command line: the same ones for `run` and `submit`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from jobs.order_members import Model as JobModel
from jobs.order_members import PublishedWeights

Aoi = Annotated[Path | None, typer.Option("--aoi", help="GeoJSON file of the area. Without it, the parcels' outline.")]
Start = Annotated[str, typer.Option("--start", help="First day of the output, YYYY-MM-DD.")]
End = Annotated[str, typer.Option("--end", help="Last day of the output, YYYY-MM-DD.")]
Dates = Annotated[
    str | None, typer.Option("--dates", help="Exactly these days, comma-separated. Excludes --step-days.")
]
StepDays = Annotated[int | None, typer.Option("--step-days", help="A date every so many days; 5 if neither is given.")]
Resolution = Annotated[int, typer.Option("--resolution", help="Pixel size in metres: 20, or 10 (effective 20).")]
Parcels = Annotated[Path | None, typer.Option("--parcels", help="GeoJSON FeatureCollection whose series are wanted.")]
ParcelId = Annotated[str | None, typer.Option("--parcel-id", help="Property that identifies a parcel.")]
ContextDays = Annotated[int, typer.Option("--context-days", help="Scenes are read this long before and after.")]
Model = Annotated[str, typer.Option("--model", help=f"Reconstruction: {', '.join(get_args(JobModel))}.")]
Weights = Annotated[str, typer.Option("--weights", help=f"Published weights: {', '.join(get_args(PublishedWeights))}.")]
Adapt = Annotated[bool, typer.Option("--adapt/--no-adapt", help="Adapt the networks to the area's clear pixels.")]
Seed = Annotated[int, typer.Option("--seed", help="Same order and seed, same result.")]
ExtraAssets = Annotated[str | None, typer.Option("--extra-assets", help="Further rasters: predicted,fused.")]


class BadOption(ValueError):
    """An option of the command line that cannot be used; says which and why."""


@dataclass(frozen=True)
class Order:
    """The options of an order as they stand on the command line."""

    aoi: Path | None
    start: str
    end: str
    dates: str | None
    step_days: int | None
    resolution: int
    parcels: Path | None
    parcel_id: str | None
    context_days: int
    model: str
    weights: str
    adapt: bool
    seed: int
    extra_assets: str | None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Order:
        """Return the order among a command's options, which may hold others too."""
        return cls(**{field.name: options[field.name] for field in fields(cls)})

    def payload(self) -> dict[str, Any]:
        """Return the order as it is POSTed; members that were not given are left out.

        Raises:
            BadOption: a file cannot be read or is no JSON.
        """
        members = vars(self) | {
            "aoi": None if self.aoi is None else read_geojson("--aoi", self.aoi),
            "parcels": None if self.parcels is None else read_geojson("--parcels", self.parcels),
            "dates": None if self.dates is None else [day.strip() for day in self.dates.split(",")],
            "extra_assets": self.extra_assets.split(",") if self.extra_assets else None,
        }
        return {name: value for name, value in members.items() if value is not None}


def read_geojson(option: str, path: Path) -> Any:  # noqa: ANN401 - checked at the door
    """Return the content of a JSON file.

    Raises:
        BadOption: it cannot be read or is no JSON.
    """
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise BadOption(f"{option} {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadOption(f"{option} {path} is no JSON: {error}") from error
