"""What a customer orders, checked at the door and trusted inside."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from shapely.geometry.base import BaseGeometry

from jobs.aoi import Limits, area_km2, check_span, outline, read_area, read_polygon, shown, vertex_count
from jobs.errors import InvalidJob, Problem
from jobs.grid import output_geobox

FIRST_DAY = date(2014, 10, 1)
"""Sentinel-1 began its routine acquisitions in October 2014; nothing can be delivered before."""
DEFAULT_STEP_DAYS = 5
"""Revisit of Sentinel-2 with two satellites."""
MAX_CONTEXT_DAYS = 1000
PublishedWeights = Literal["release", "without-a", "without-c"]
"""Names of the published weights; `models.weights` has the files, and this room may not ask it."""
Model = Literal[
    "default",
    "prior",
    "paper",
    "paper-one-reference",
    "1d-cnn",
    "2d-cnn-lstm",
    "1d-cnn-transformer",
    "2d-cnn-transformer",
]
"""Reconstructions: ours, its temporal prior alone, and those of Li et al. (2025); `models.paper` has the latter."""
_UNLIMITED = Limits(max_vertices=10**9)  # read again, once checked, under whatever limits it was checked


def today() -> date:
    """Return the current UTC day."""
    return datetime.now(UTC).date()


def _iso_day(value: Any) -> date:  # noqa: ANN401 - whatever the customer sent
    """Return a day written as such: a number or a moment is none, though a lenient parser would make one of it."""
    if type(value) is date:
        return value
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("give a day as YYYY-MM-DD")
    return date.fromisoformat(value)


def _once_each(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


Day = Annotated[date, BeforeValidator(_iso_day)]
Days = tuple[Day, ...]
StepDays = Annotated[int, Field(ge=1)]


class TimeRange(BaseModel):
    """Closed range of acquisition days, UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: date
    end: date


@dataclass(frozen=True)
class Parcel:
    """A polygon whose LAI series is wanted.

    Attributes:
        id: from the property that the order names, else the feature's id, else its position.
        geometry: EPSG:4326.
        properties: the feature's own, given back with the series.
    """

    id: str
    geometry: BaseGeometry
    properties: dict[str, Any]


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
    context_days: int = Field(default=180, ge=0, le=MAX_CONTEXT_DAYS)
    resolution: Literal[10, 20] = 20
    catalog: str | None = None
    model: Model = "default"
    weights: PublishedWeights = "release"
    adapt: bool = True
    seed: int = Field(default=0, ge=0, lt=2**31)
    extra_assets: Annotated[tuple[Literal["predicted", "fused"], ...], AfterValidator(_once_each)] = ()

    @classmethod
    def parse(cls, payload: dict[str, Any], limits: Limits) -> Self:
        """Return the order that a JSON object describes.

        Raises:
            InvalidJob: one problem per wrong member, each with the value and the cure.
        """
        problems: list[Problem] = []
        try:
            request = cls.model_validate(payload)
        except ValidationError as error:
            problems += _explained(error)
        wrong = {problem.pointer.split("/")[1] for problem in problems}
        times = _Times.of(payload, wrong)
        problems += _time_problems(times)
        if wrong.isdisjoint(_Times.model_fields):
            problems += _count_problems(times, limits)
        told = {problem.pointer for problem in problems}
        problems += (problem for problem in _geometry_problems(payload, limits) if problem.pointer not in told)
        if problems:
            raise InvalidJob(*problems)
        _check_extent(request, limits)
        return request

    @cached_property
    def area(self) -> BaseGeometry:
        """The AOI, or the outline of the parcels; EPSG:4326."""
        if self.aoi is not None:
            return read_area(self.aoi, "/aoi", _UNLIMITED)
        return outline([parcel.geometry for parcel in self.parcel_list])

    @cached_property
    def area_km2(self) -> float:
        """Geodesic area of `area`, km²."""
        return area_km2(self.area)

    @cached_property
    def parcel_list(self) -> tuple[Parcel, ...]:
        """The parcels in their order."""
        features = (self.parcels or {}).get("features", [])
        return tuple(
            Parcel(_parcel_id(feature, i, self.parcel_id), _geometry(feature), feature.get("properties") or {})
            for i, feature in enumerate(features)
        )

    @property
    def scene_range(self) -> TimeRange:
        """Days from which scenes are read: the output and its context, up to today."""
        context = timedelta(days=self.context_days)
        return TimeRange(start=max(FIRST_DAY, self.start - context), end=min(today(), self.end + context))

    @property
    def target_dates(self) -> tuple[date, ...]:
        """The days given out, ascending."""
        if self.dates is not None:
            return tuple(sorted(set(self.dates)))
        step = self.step_days or DEFAULT_STEP_DAYS
        return tuple(self.start + timedelta(days=step * i) for i in range(_step_count(self.start, self.end, step)))


class _Times(BaseModel):
    """The members that say when, as far as each of them is right on its own."""

    start: Day | None = None
    end: Day | None = None
    dates: Days | None = None
    step_days: StepDays | None = None

    @classmethod
    def of(cls, payload: dict[str, Any], wrong: set[str]) -> Self:
        """Return the times of an order, without the members that are known to be wrong."""
        return cls.model_validate({name: payload.get(name) for name in cls.model_fields if name not in wrong})


def _step_count(start: date, end: date, step_days: int) -> int:
    return (end - start).days // step_days + 1


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
    rows, columns = output_geobox(request.area, request.resolution).shape
    grid_km2 = rows * columns * request.resolution**2 / 1e6
    if grid_km2 > limits.max_grid_km2:
        detail = f"needs a grid of {columns} x {rows} pixels, {grid_km2:,.0f} km², at most {limits.max_grid_km2:,.0f} "
        detail += "km² are allowed: order parts that lie far apart, or a long shape, as several jobs"
        raise InvalidJob(Problem(f"/{member}", f"{member} {detail}"))


def _geometry(feature: dict[str, Any]) -> BaseGeometry:
    return read_polygon(feature["geometry"], "/parcels", _UNLIMITED)


def _explained(error: ValidationError) -> Iterator[Problem]:
    for fault in error.errors(include_url=False):
        path = [str(part) for part in fault["loc"]]
        member, pointer = path[0] if path else "order", "/" + "/".join(path)
        if fault["type"] == "extra_forbidden":
            known = ", ".join(JobRequest.model_fields)
            yield Problem(pointer, f"{member} is not a member of an order; known are {known}")
        elif fault["type"] == "missing":
            yield Problem(pointer, f"{member} is missing")
        else:
            why = fault["msg"].removeprefix("Value error, ")
            yield Problem(pointer, f"{member} is {shown(fault['input'])}: {why[0].lower()}{why[1:]}")


def _time_problems(times: _Times) -> Iterator[Problem]:
    start, end = times.start, times.end
    if start is not None and end is not None and end < start:
        yield Problem("/end", f"end {end} lies before start {start}: swap them")
        return
    if start is not None and start < FIRST_DAY:
        yield Problem("/start", f"start {start} lies before {FIRST_DAY}, when Sentinel-1 began: choose a later day")
    if end is not None and end > today():
        yield Problem("/end", f"end {end} lies after today, {today()}: choose an earlier day")
    if times.dates is not None and times.step_days is not None:
        yield Problem("/dates", f"dates and step_days ({times.step_days}) exclude each other: give one of them")
    yield from _dates_problems(times)


def _count_problems(times: _Times, limits: Limits) -> Iterator[Problem]:
    """Say whether too many dates are asked for; known only where no member that says when is wrong."""
    if times.start is None or times.end is None:
        return
    member, count = "step_days", _step_count(times.start, times.end, times.step_days or DEFAULT_STEP_DAYS)
    if times.dates is not None:
        member, count = "dates", len(set(times.dates))
    if count > limits.max_dates:
        detail = f"the order asks for {count} dates, at most {limits.max_dates} are allowed"
        yield Problem(f"/{member}", f"{detail}: take a larger step_days or a shorter range")


def _dates_problems(times: _Times) -> Iterator[Problem]:
    if times.dates is None:
        return
    if not times.dates:
        yield Problem("/dates", "dates is empty: name at least one day, or leave it out")
    start, end = times.start or date.min, times.end or date.max
    for i, day in enumerate(times.dates):
        if not start <= day <= end:
            yield Problem(f"/dates/{i}", f"dates has {day}, outside {start} to {end}")


def _geometry_problems(payload: dict[str, Any], limits: Limits) -> list[Problem]:
    problems: list[Problem] = []
    aoi, parcels = payload.get("aoi"), payload.get("parcels")
    if aoi is None and parcels is None:
        return [Problem("/aoi", "aoi is missing: give an aoi, or parcels whose outline counts")]
    vertices = 0
    if aoi is not None:
        try:
            vertices += vertex_count(read_area(aoi, "/aoi", limits))
        except InvalidJob as error:
            problems += error.problems
    if parcels is not None:
        found, count = _parcel_problems(parcels, payload.get("parcel_id"), limits)
        problems, vertices = problems + found, vertices + count
    if vertices > limits.max_order_vertices:
        detail = f"the order has {vertices} vertices, at most {limits.max_order_vertices} are allowed: simplify"
        problems.append(Problem("/parcels" if parcels is not None else "/aoi", detail))
    return problems


def _parcel_problems(parcels: Any, key: Any, limits: Limits) -> tuple[list[Problem], int]:  # noqa: ANN401
    features = parcels.get("features") if isinstance(parcels, dict) else None
    if not isinstance(features, list) or not features or parcels.get("type") != "FeatureCollection":
        return [Problem("/parcels", "parcels must be a FeatureCollection with at least one feature")], 0
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    vertices = 0
    for i, feature in enumerate(features):
        pointer = f"/parcels/features/{i}"
        if not isinstance(feature, dict):
            problems.append(Problem(pointer, f"parcels has {shown(feature)} where a Feature belongs"))
            continue
        try:
            vertices += vertex_count(read_polygon(feature.get("geometry"), pointer + "/geometry", limits))
        except InvalidJob as error:
            problems += error.problems
        if not isinstance(feature.get("properties") or {}, dict):
            problems.append(
                Problem(pointer + "/properties", "parcels has properties that are no object: give {} or null")
            )
            continue
        name = _parcel_id(feature, i, key if isinstance(key, str) else None)
        if name in seen:
            detail = (
                f"parcels {seen[name]} and {i} share the id {name!r}: ids must differ; parcel_id names their property"
            )
            problems.append(Problem(pointer, detail))
        seen.setdefault(name, i)
    return problems, vertices


def _parcel_id(feature: dict[str, Any], position: int, key: str | None) -> str:
    properties = feature.get("properties") or {}
    candidates = (properties.get(key) if key else None, feature.get("id"), position)
    value = next(c for c in candidates if c is not None)
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)  # JSON has one kind of number: 7 and 7.0 are one id
    return str(value)
