"""One Sentinel-1 or Sentinel-2 scene as the plan keeps it: what its STAC item says, reduced to what reading needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, ValidationError
from pystac import Asset, Item
from shapely import make_valid
from shapely.errors import ShapelyError
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from jobs.catalog_http import shown
from jobs.radiometry import DN_SCALE, Offset, UnusableItem, backscatter_of, baseline_of, nodata_of, offset_of, version
from jobs.sources import Signing, Source, is_url, local_path, without_password

__all__ = ["S1_ASSETS", "S2_ASSETS", "Scene", "SceneAsset", "Sensor", "UnusableItem", "newest_first", "scene_of"]

Sensor = Literal["s1", "s2"]
S2_ASSETS = ("B03", "B04", "B05", "B06", "B07", "B8A", "B11", "B12", "SCL")
S1_ASSETS = ("vv", "vh")
_GRANULE_METADATA = ("granule-metadata", "granule_metadata")
_DATATAKE = re.compile(r"(?:GS2[A-D]|S2[A-D]_MSIL2A)_(\d{8}T\d{6})_")
_ORBIT = re.compile(r"_R(\d{3})_")
_SIGNATURES = {
    *("sig", "signature", "x-amz-signature", "x-amz-security-token", "x-goog-signature", "token", "access_token"),
    *("x-amz-credential", "x-goog-credential", "awsaccesskeyid", "googleaccessid", "key-pair-id", "policy"),
    *("key", "api_key", "apikey", "api-key", "x-api-key", "subscription-key", "access_key", "accesskey", "access-key"),
    *("jwt", "auth", "authorization", "bearer", "apitoken", "api_token", "api-token", "accesstoken", "id_token"),
    *("hdnea", "hdnts", "hdntl", "__token__", "sas", "secret", "client_secret", "password", "passwd", "pwd"),
    *("session", "sessionid", "session_id", "sid", "ticket", "hmac", "x-access-token", "auth_token", "authtoken"),
}
_ANYWHERE = Source(href="anywhere", collection="")

_ODD = (ArithmeticError, AttributeError, LookupError, ShapelyError, TypeError, ValueError)
"""What a member of another kind than expected gives rise to; one odd item must not stop every job of its catalogue."""


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
        datatake: shared by all tiles and all processings of one acquisition.
        generated: when the product was made, as its item says it.
        offset_reason: who says which offset Sentinel-2's reflectance has.
        offset_open: nobody does, or several who disagree; the plan step asks the pixels.
        offset_otherwise: what holds where the pixels do not tell; None: the scene is of no use then.
        granule_href: XML with the angles of Sentinel-2, where the archive has it.
        signing: how its files are opened.
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
    datatake: str = ""
    generated: str | None = None
    offset_reason: str | None = None
    offset_open: bool = False
    offset_otherwise: float | None = None
    granule_href: str | None = None
    signing: Signing = "none"
    simulated: bool = False
    assets: dict[str, SceneAsset]

    def touches(self, geometry: BaseGeometry) -> bool:
        """Return whether the scene's footprint meets an area in EPSG:4326."""
        return bool(make_valid(shape(self.footprint)).intersects(geometry))


def scene_of(item: Item, sensor: Sensor, source: Source = _ANYWHERE) -> Scene:
    """Return what a STAC item says of a scene.

    Args:
        item: of the scene.
        sensor: that took it.
        source: where the item comes from: what it calls its assets, and what its numbers mean.

    Raises:
        UnusableItem: an asset, the time or the platform is missing, the radiometry cannot be used, or a member is not
            of the kind that it should be.
    """
    try:
        return _scene(item, sensor, source)
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
        if when is not None:
            return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except _ODD as error:
        raise UnusableItem(f"has an acquisition time that is none: {error}") from error
    raise UnusableItem("has no acquisition time")


def _scene(item: Item, sensor: Sensor, source: Source) -> Scene:
    properties = item.properties
    when, footprint = acquired(item), footprint_of(item)
    names = {name: source.assets.get(name, name) for name in (S2_ASSETS if sensor == "s2" else S1_ASSETS)}
    missing = [key for key in names.values() if key not in item.assets]
    if missing:
        raise UnusableItem(f"lacks the assets {', '.join(missing)}")
    baseline = baseline_of(item) if sensor == "s2" else None
    bands = [item.assets[key] for name, key in names.items() if name != "SCL"]
    offset = offset_of(item, bands, baseline, when.date(), source) if sensor == "s2" else None
    assets = _assets(item, names, source, offset)
    return Scene(
        id=item.id,
        href=shown(item.get_self_href() or next(iter(assets.values())).href),
        sensor=sensor,
        datetime=when,
        day=when.date(),
        platform=_platform(properties, sensor),
        relative_orbit=_relative_orbit(item),
        orbit_state=_lower(properties.get("sat:orbit_state")),
        footprint=mapping(footprint),
        baseline=baseline,
        tile=properties.get("s2:mgrs_tile") or properties.get("grid:code"),
        radiometry=backscatter_of(item, source) if sensor == "s1" else None,
        datatake=_datatake(item, when),
        generated=properties.get("s2:generation_time"),
        offset_reason=offset.reason if offset else None,
        offset_open=offset is not None and offset.value is None,
        offset_otherwise=offset.otherwise if offset else None,
        granule_href=_granule(item, source) if sensor == "s2" else None,
        signing=source.signing,
        simulated=bool(properties.get("clearleaf:simulated", False)),
        assets=assets,
        **_angles(properties, sensor),
    )


def _relative_orbit(item: Item) -> Any:  # noqa: ANN401 - whatever the item says
    """Return the relative orbit, which Earth Search tells in the product's name only."""
    named = _ORBIT.search(str(item.properties.get("s2:product_uri", "")))
    return item.properties.get("sat:relative_orbit", int(named[1]) if named else None)


def _granule(item: Item, source: Source) -> str | None:
    """Return where the XML of a scene is, if it is where files may be read from; scenes are of use without it."""
    for key in _GRANULE_METADATA:
        if key in item.assets:
            with suppress(UnusableItem):
                href = _file_href(item.assets[key], source)
                return href if source is _ANYWHERE or source.refusal(href) is None else None
    return None


def _lower(text: Any) -> Any:  # noqa: ANN401 - whatever the item says
    return text.lower() if isinstance(text, str) else text


def footprint_of(item: Item) -> BaseGeometry:
    """Return the ground that a scene shows, EPSG:4326.

    Raises:
        UnusableItem: the item does not say.
    """
    try:
        footprint = None if item.geometry is None else make_valid(shape(item.geometry))
    except _ODD as error:
        raise UnusableItem(f"has a footprint that cannot be understood: {error}") from error
    if footprint is None or footprint.is_empty:
        raise UnusableItem("has no footprint")
    return footprint


def _platform(properties: dict[str, Any], sensor: Sensor) -> str:
    """Return "S2A" for sentinel-2a, Sentinel-2A and SENTINEL-2A alike."""
    name = str(properties.get("platform", "")).upper().replace("SENTINEL-", "S")
    if not name.startswith(sensor.upper()) or len(name) != 3:
        raise UnusableItem(f"has platform {properties.get('platform')!r}, not a {sensor.upper()} satellite")
    return name


def _angles(properties: dict[str, Any], sensor: Sensor) -> dict[str, float | None]:
    """Return the angles an item tells; the view angle at the ground goes before the one at the satellite."""
    elevation = properties.get("view:sun_elevation")
    zenith = properties.get("s2:mean_solar_zenith")
    incidence = properties.get("view:incidence_angle")
    view = incidence if sensor == "s2" and incidence is not None else properties.get("view:off_nadir")
    azimuth = properties.get("view:azimuth")
    if view == 0 and azimuth is None:
        view = None  # a few archives write 0 for "not known"
    return {
        "sun_zenith": zenith if zenith is not None else (None if elevation is None else 90 - float(elevation)),
        "sun_azimuth": properties.get("s2:mean_solar_azimuth", properties.get("view:sun_azimuth")),
        "view_zenith": view,
        "view_azimuth": azimuth,
        "incidence": incidence if sensor == "s1" else None,
    }


def _assets(item: Item, names: Mapping[str, str], source: Source, offset: Offset | None) -> dict[str, SceneAsset]:
    """Return the files of a scene under our names; those of radar have no offset."""
    found = {}
    for name, key in names.items():
        asset = item.assets[key]
        href = _file_href(asset, source)
        nodata = nodata_of(asset)
        if offset is None:
            found[name] = SceneAsset(href=href, nodata=nodata)
        elif name == "SCL":
            found[name] = SceneAsset(href=href, nodata=0)
        else:
            nodata = 0 if nodata is None else nodata
            found[name] = SceneAsset(href=href, scale=DN_SCALE, offset=offset.value or 0.0, nodata=nodata)
    return found


def _file_href(asset: Asset, source: Source) -> str:
    """Return where a file is, without anything that opens it: the plan is stored, and keys are added on opening.

    Raises:
        UnusableItem: the URL is signed, so that it would be of no use once the signature expires.
    """
    href = without_password(asset.get_absolute_href() or asset.href)
    if not is_url(href):
        return local_path(href) if href.startswith("file:") else href
    parts = urlsplit(href)
    keys = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if not keys & _SIGNATURES:
        return href
    if source.signing == "planetary-computer":
        return urlunsplit(parts._replace(query=""))  # a token, which is fetched anew on opening
    raise UnusableItem("has files behind signed URLs, which expire: its catalogue must name them unsigned")


def _datatake(item: Item, when: datetime) -> str:
    """Return what all tiles and all processings of one acquisition share: the start of its datatake, else its time."""
    for text in (item.properties.get("s2:datatake_id"), item.properties.get("s2:product_uri"), item.id):
        found = _DATATAKE.search(str(text))
        if found:
            return found[1]
    return when.isoformat()


def newest_first(scene: Scene) -> tuple[tuple[int, ...], str]:
    """Return the key by which reprocessed scenes are ranked: their baseline, then when they were made."""
    return version(scene.baseline), scene.generated or ""
