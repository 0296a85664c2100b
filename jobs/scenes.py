"""One Sentinel-1 or Sentinel-2 scene as the plan keeps it: what its STAC item says, reduced to what reading needs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pystac import Asset, Item
from shapely import make_valid
from shapely.errors import ShapelyError
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

Sensor = Literal["s1", "s2"]
S2_ASSETS = ("B03", "B04", "B05", "B06", "B07", "B8A", "B11", "B12", "SCL")
S1_ASSETS = ("vv", "vh")
DN_SCALE = 1e-4
BASELINE_OFFSET = -0.1
"""Reflectance to be added from processing baseline 04.00 on (Sentinel-2 products specification: DN + 1000)."""
OFFSET_SINCE_BASELINE = (4, 0)

_ODD = (ArithmeticError, AttributeError, LookupError, ShapelyError, TypeError, ValueError)
"""What a member of another kind than expected gives rise to; one odd item must not stop every job of its catalogue."""


class UnusableItem(ValueError):
    """An item that no scene can be made of; says why."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SceneAsset(_Frozen):
    """One file of a scene: value = DN * scale + offset, where DN differs from nodata."""

    href: str
    scale: float = 1.0
    offset: float = 0.0
    nodata: float | None = None


class Scene(_Frozen):
    """One Sentinel-1 or Sentinel-2 STAC item.

    Attributes:
        href: of the STAC item, or of its first asset where the item does not say.
        day: acquisition day, UTC.
        platform: "S1A", "S2B" and so on.
        footprint: GeoJSON, EPSG:4326.
        baseline: processing baseline of Sentinel-2.
        tile: MGRS tile of Sentinel-2.
        sun_zenith, sun_azimuth, view_zenith, view_azimuth: degrees; None where the item is silent.
        incidence: degrees, mid-scene; None where the item is silent.
        radiometry: of Sentinel-1 backscatter.
        simulated: the scene was made by a simulator.
    """

    id: str
    href: str
    sensor: Sensor
    datetime: datetime
    day: date
    platform: str
    relative_orbit: int | None = None
    orbit_state: Literal["ascending", "descending"] | None = None
    footprint: dict[str, Any]
    baseline: str | None = None
    tile: str | None = None
    sun_zenith: float | None = None
    sun_azimuth: float | None = None
    view_zenith: float | None = None
    view_azimuth: float | None = None
    incidence: float | None = None
    radiometry: Literal["gamma0", "sigma0"] | None = None
    simulated: bool = False
    assets: dict[str, SceneAsset]

    def touches(self, geometry: BaseGeometry) -> bool:
        """Return whether the scene's footprint meets an area in EPSG:4326."""
        return bool(make_valid(shape(self.footprint)).intersects(geometry))


def scene_of(item: Item, sensor: Sensor) -> Scene:
    """Return what a STAC item says of a scene.

    Raises:
        UnusableItem: an asset, the time or the platform is missing, the radiometry cannot be used, or a member is not
            of the kind that it should be.
    """
    try:
        return _scene(item, sensor)
    except UnusableItem:
        raise
    except ValidationError as error:
        members = ", ".join(".".join(str(part) for part in fault["loc"]) for fault in error.errors())
        raise UnusableItem(f"cannot be understood: {members}") from error
    except _ODD as error:
        raise UnusableItem(f"cannot be understood: {error}") from error


def acquired(item: Item) -> datetime:
    """Return when a scene was taken, UTC.

    Raises:
        UnusableItem: the item does not say.
    """
    try:
        when = item.datetime or item.common_metadata.start_datetime
    except _ODD as error:
        raise UnusableItem(f"has an acquisition time that is none: {error}") from error
    if when is None:
        raise UnusableItem("has no acquisition time")
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def _scene(item: Item, sensor: Sensor) -> Scene:
    properties = item.properties
    when, footprint = acquired(item), _footprint(item)
    wanted = S2_ASSETS if sensor == "s2" else S1_ASSETS
    missing = [name for name in wanted if name not in item.assets]
    if missing:
        raise UnusableItem(f"lacks the assets {', '.join(missing)}")
    baseline = _baseline(properties)
    return Scene(
        id=item.id,
        href=item.get_self_href() or item.assets[wanted[0]].href,
        sensor=sensor,
        datetime=when,
        day=when.date(),
        platform=_platform(properties, sensor),
        relative_orbit=properties.get("sat:relative_orbit"),
        orbit_state=_lower(properties.get("sat:orbit_state")),
        footprint=mapping(footprint),
        baseline=baseline,
        tile=properties.get("s2:mgrs_tile") or properties.get("grid:code"),
        radiometry=_radiometry(item) if sensor == "s1" else None,
        simulated=bool(properties.get("clearleaf:simulated", False)),
        assets={name: _asset(item, name, sensor, baseline) for name in wanted},
        **_angles(properties),
    )


def _baseline(properties: dict[str, Any]) -> str | None:
    """Return the processing baseline as "05.10", also where it was written as a number and lost its zeros."""
    stated: Any = properties.get("s2:processing_baseline") or properties.get("processing:version")
    if isinstance(stated, int | float) and not isinstance(stated, bool):
        return f"{stated:05.2f}"
    return stated or None


def _lower(text: Any) -> Any:  # noqa: ANN401 - whatever the item says
    return text.lower() if isinstance(text, str) else text


def _footprint(item: Item) -> BaseGeometry:
    footprint = None if item.geometry is None else shape(item.geometry)
    if footprint is None or footprint.is_empty:
        raise UnusableItem("has no footprint")
    return footprint


def _platform(properties: dict[str, Any], sensor: Sensor) -> str:
    """Return "S2A" for sentinel-2a, Sentinel-2A and SENTINEL-2A alike."""
    name = str(properties.get("platform", "")).upper().replace("SENTINEL-", "S")
    if not name.startswith(sensor.upper()) or len(name) != 3:
        raise UnusableItem(f"has platform {properties.get('platform')!r}, not a {sensor.upper()} satellite")
    return name


def _angles(properties: dict[str, Any]) -> dict[str, float | None]:
    elevation = properties.get("view:sun_elevation")
    zenith = properties.get("s2:mean_solar_zenith")
    return {
        "sun_zenith": zenith if zenith is not None else (None if elevation is None else 90 - float(elevation)),
        "sun_azimuth": properties.get("s2:mean_solar_azimuth", properties.get("view:sun_azimuth")),
        "view_zenith": properties.get("view:off_nadir"),
        "view_azimuth": properties.get("view:azimuth"),
        "incidence": properties.get("view:incidence_angle"),
    }


def _radiometry(item: Item) -> Literal["gamma0", "sigma0"]:
    """Return the backscatter convention; a collection of plain GRD is neither calibrated nor terrain-corrected."""
    stated = str(item.properties.get("patch:radiometry", "")).lower()
    if stated.startswith("sigma0"):
        return "sigma0"
    if "rtc" in (item.collection_id or "") or item.properties.get("clearleaf:simulated"):
        return "gamma0"
    raise UnusableItem("is plain GRD, uncalibrated and not terrain-corrected: use an RTC collection instead")


def _asset(item: Item, name: str, sensor: Sensor, baseline: str | None) -> SceneAsset:
    asset = item.assets[name]
    href = asset.get_absolute_href() or asset.href
    bands = asset.extra_fields.get("raster:bands") or asset.extra_fields.get("bands") or [{}]
    nodata = bands[0].get("nodata")
    if sensor == "s1":
        return SceneAsset(href=href, nodata=nodata)
    if name == "SCL":
        return SceneAsset(href=href, nodata=0)
    offset = reflectance_offset(item, asset, baseline)
    return SceneAsset(href=href, scale=DN_SCALE, offset=offset, nodata=0 if nodata is None else nodata)


def reflectance_offset(item: Item, asset: Asset, baseline: str | None) -> float:
    """Return what must be added to DN * 0.0001 to get reflectance: -0.1 or 0.

    What the archive says it has already applied comes first, then what the band declares, then the processing baseline
    (not the date: reprocessed archives carry the offset on old dates too).
    """
    if item.properties.get("earthsearch:boa_offset_applied") is True:
        return 0.0
    bands = asset.extra_fields.get("raster:bands") or [{}]
    if "offset" in bands[0]:
        return float(bands[0]["offset"])
    return BASELINE_OFFSET if _version(baseline) >= OFFSET_SINCE_BASELINE else 0.0


def _version(baseline: str | None) -> tuple[int, ...]:
    """Return a processing baseline as numbers that compare; unknown counts as oldest."""
    parts = (baseline or "").split(".")
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else (0,)


def newest_first(scene: Scene) -> tuple[int, ...]:
    """Return the key by which reprocessed scenes are ranked: their baseline."""
    return _version(scene.baseline)
