"""What a customer orders, checked at the door and trusted inside."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from shapely.geometry.base import BaseGeometry

from jobs.aoi import Limits, area_km2, outline, read_area, read_polygon, vertex_count
from jobs.errors import InvalidJob, Problem

FIRST_DAY = date(2014, 10, 1)
"""Sentinel-1 began its routine acquisitions in October 2014; nothing can be delivered before."""
DEFAULT_STEP_DAYS = 5
"""Revisit of Sentinel-2 with two satellites."""
MAX_CONTEXT_DAYS = 1000
_UNLIMITED = Limits(max_vertices=10**9)  # read again, once checked, under whatever limits it was checked


def today() -> date:
    """Return the current UTC day."""
    return datetime.now(UTC).date()


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
    start: date
    end: date
    dates: tuple[date, ...] | None = None
    step_days: int | None = Field(default=None, ge=1)
    context_days: int = Field(default=180, ge=0, le=MAX_CONTEXT_DAYS)
    resolution: Literal[10, 20] = 20
    catalog: str | None = None
    model: Literal["default", "prior"] = "default"
    weights: str = Field(default="release", pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    adapt: bool = True
    seed: int = Field(default=0, ge=0, lt=2**31)
    extra_assets: tuple[Literal["predicted", "fused"], ...] = ()

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
            problems = list(_explained(error))
            told = {problem.pointer for problem in problems}
            more = [p for p in _geometry_problems(payload, limits) if p.pointer not in told]
            raise InvalidJob(*problems, *more) from None
        problems += [*_time_problems(request, limits), *_geometry_problems(payload, limits)]
        if problems:
            raise InvalidJob(*problems)
        if request.area_km2 > limits.max_area_km2:
            member = "/aoi" if request.aoi is not None else "/parcels"
            raise InvalidJob(
                Problem(
                    member,
                    f"{member[1:]} covers {request.area_km2:,.0f} km², at most {limits.max_area_km2:,.0f} km² are "
                    "allowed: split it into several jobs",
                )
            )
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
        count = (self.end - self.start).days // step + 1
        return tuple(self.start + timedelta(days=step * i) for i in range(count))


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
            yield Problem(pointer, f"{member} is {_shown(fault['input'])}: {fault['msg'].lower()}")


def _shown(value: Any) -> str:  # noqa: ANN401 - whatever the customer sent
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _time_problems(request: JobRequest, limits: Limits) -> Iterator[Problem]:
    start, end = request.start, request.end
    if end < start:
        yield Problem("/end", f"end {end} lies before start {start}: swap them")
        return
    if start < FIRST_DAY:
        yield Problem("/start", f"start {start} lies before {FIRST_DAY}, when Sentinel-1 began: choose a later day")
    if end > today():
        yield Problem("/end", f"end {end} lies after today, {today()}: choose an earlier day")
    if request.dates is not None and request.step_days is not None:
        yield Problem("/dates", f"dates and step_days ({request.step_days}) exclude each other: give one of them")
    if request.dates is not None:
        yield from _dates_problems(request)
    if len(request.target_dates) > limits.max_dates:
        yield Problem(
            "/dates" if request.dates is not None else "/step_days",
            f"the order asks for {len(request.target_dates)} dates, at most {limits.max_dates} are allowed: "
            "take a larger step_days or a shorter range",
        )


def _dates_problems(request: JobRequest) -> Iterator[Problem]:
    dates = request.dates or ()
    if not dates:
        yield Problem("/dates", "dates is empty: name at least one day, or leave it out")
    for i, day in enumerate(dates):
        if not request.start <= day <= request.end:
            yield Problem(f"/dates/{i}", f"dates has {day}, outside {request.start} to {request.end}")


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
            problems.append(Problem(pointer, f"parcels has {_shown(feature)} where a Feature belongs"))
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
