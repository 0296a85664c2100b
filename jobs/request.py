"""What a customer orders, checked at the door and trusted inside."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from itertools import islice
from typing import Any, Literal, Self

from odc.geo.geobox import GeoBox
from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError
from shapely.geometry.base import BaseGeometry

from jobs.aoi import Limits, area_km2, check_span, outline, read_area
from jobs.errors import MOST_PROBLEMS, InvalidJob, Problem
from jobs.grid import output_geobox
from jobs.order_geometry import UNLIMITED, Parcel, geometry_problems, parcels_of
from jobs.order_members import (
    MAX_CONTEXT_DAYS,
    Day,
    Days,
    ExtraAssets,
    Model,
    PublishedWeights,
    StepDays,
    Whole,
    explained,
    unknown_members,
)
from jobs.order_times import FIRST_DAY, TimeRange, Times, count_problems, target_dates, time_problems, today


class JobRequest(BaseModel):
    """A valid order. Make it with `parse`, which explains what is wrong with an invalid one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aoi: dict[str, Any] | None = None
    parcels: dict[str, Any] | None = None
    parcel_id: str | None = None
    start: Day
    end: Day
    dates: Days | None = None
    step_days: StepDays | None = None
    context_days: Whole = Field(default=180, ge=0, le=MAX_CONTEXT_DAYS)
    resolution: Literal[10, 20] = 20
    catalog: str | None = None
    model: Model = "default"
    weights: PublishedWeights = "release"
    adapt: StrictBool = True
    seed: Whole = Field(default=0, ge=0, lt=2**31)
    extra_assets: ExtraAssets = ()

    @classmethod
    def parse(cls, payload: dict[str, Any], limits: Limits) -> Self:
        """Return the order that a JSON object describes.

        Raises:
            InvalidJob: one problem per wrong member, each with the value and the cure.
        """
        problems: list[Problem] = [*islice(unknown_members(payload, cls.model_fields), MOST_PROBLEMS + 1)]
        try:
            request = cls.model_validate({name: value for name, value in payload.items() if name in cls.model_fields})
        except ValidationError as error:
            problems += explained(error)
        wrong = {problem.pointer.split("/")[1] for problem in problems}
        times = Times.of(payload, wrong)
        problems += time_problems(times)
        if wrong.isdisjoint(Times.model_fields):
            problems += count_problems(times, limits)
        told = {problem.pointer for problem in problems}
        problems += (problem for problem in geometry_problems(payload, limits) if problem.pointer not in told)
        if problems:
            raise InvalidJob(*problems)
        _check_series(request, limits)
        _check_extent(request, limits)
        return request

    @cached_property
    def area(self) -> BaseGeometry:
        """The AOI, or the outline of the parcels; EPSG:4326."""
        if self.aoi is not None:
            return read_area(self.aoi, "/aoi", UNLIMITED)
        return outline([parcel.geometry for parcel in self.parcel_list], "/parcels")

    @cached_property
    def area_km2(self) -> float:
        """Geodesic area of `area`, km²."""
        return area_km2(self.area)

    @cached_property
    def geobox(self) -> GeoBox:
        """The output grid."""
        return output_geobox(self.area, self.resolution)

    @property
    def grid_km2(self) -> float:
        """Area of the output grid, km²."""
        rows, columns = self.geobox.shape
        return float(rows * columns * self.resolution**2 / 1e6)

    @cached_property
    def parcel_list(self) -> tuple[Parcel, ...]:
        """The parcels in their order."""
        return parcels_of(self.parcels or {}, self.parcel_id)

    @property
    def scene_range(self) -> TimeRange:
        """Days from which scenes are read: the output and its context, up to today."""
        context = timedelta(days=self.context_days)
        return TimeRange(start=max(FIRST_DAY, self.start - context), end=min(today(), self.end + context))

    @property
    def target_dates(self) -> tuple[date, ...]:
        """The days given out, ascending."""
        return target_dates(self.start, self.end, self.dates, self.step_days)


def _check_series(request: JobRequest, limits: Limits) -> None:
    """Refuse more rows of series than a worker's memory holds.

    Raises:
        InvalidJob: names the members, their numbers and the cure.
    """
    parcels, dates = len(request.parcel_list), len(request.target_dates)
    if parcels * dates > limits.max_series_rows:
        found = f"parcels has {parcels} features, and there are {dates} dates: {parcels * dates} rows of series"
        cure = "order the parcels as several jobs, or fewer dates"
        raise InvalidJob(Problem("/parcels", f"{found}, at most {limits.max_series_rows} are allowed; {cure}"))


def _check_extent(request: JobRequest, limits: Limits) -> None:
    """Refuse an area that is too large, or whose grid would be: two far corners are a small area on a huge grid.

    Raises:
        InvalidJob: names the member, both sizes and the cure.
    """
    member = "aoi" if request.aoi is not None else "parcels"
    check_span(request.area, f"/{member}")
    if request.area_km2 > limits.max_area_km2:
        detail = f"covers {request.area_km2:,.0f} km², at most {limits.max_area_km2:,.0f} km² are allowed"
        raise InvalidJob(Problem(f"/{member}", f"{member} {detail}: split it into several jobs"))
    if request.grid_km2 > limits.max_grid_km2:
        rows, columns = request.geobox.shape
        detail = f"needs a grid of {columns} x {rows} pixels, {request.grid_km2:,.0f} km², at most "
        detail += f"{limits.max_grid_km2:,.0f} km² are allowed: order parts that lie far apart, or a long shape, "
        detail += "as several jobs"
        raise InvalidJob(Problem(f"/{member}", f"{member} {detail}"))
