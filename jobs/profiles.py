"""Catalogues by name: a profile names a source for each sensor; those of well-known archives are built in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from jobs.catalog_http import shown
from jobs.scenes import Sensor
from jobs.sources import Source


class CatalogProfile(BaseModel):
    """A configured catalogue.

    Attributes:
        name: as asked for in an order.
        href: path or URL of a catalogue that has both sensors.
        title: for people.
        s2_collection: id of its Sentinel-2 Level-2A collection.
        s1_collection: id of its Sentinel-1 backscatter collection.
        simulated: its scenes were made by a simulator.
        s2: where optical scenes come from, in place of `href`.
        s1: where radar scenes come from, in place of `href`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    href: str = ""
    title: str = ""
    s2_collection: str = "sentinel-2-l2a"
    s1_collection: str = "sentinel-1-rtc"
    simulated: bool = False
    s2: Source | None = None
    s1: Source | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if not self.href and self.s2 is None:
            raise ValueError("names no place: give href, or s2 (and s1) with an href of their own")
        return self

    @property
    def sources(self) -> dict[Sensor, Source]:
        """Where each sensor's scenes come from; a profile of `s2` alone has no radar."""
        named: dict[Sensor, tuple[Source | None, str]] = {
            "s2": (self.s2, self.s2_collection),
            "s1": (self.s1, self.s1_collection),
        }
        found: dict[Sensor, Source] = {}
        for sensor, (source, collection) in named.items():
            if source is not None:
                found[sensor] = source
            elif self.href:
                found[sensor] = Source(href=self.href, collection=collection)
        return found

    def told(self) -> CatalogProfile:
        """Return a copy that may be stored and shown: no place in it holds a password or a key."""
        changes: dict[str, Any] = {"href": shown(self.href)}
        for sensor in ("s2", "s1"):
            source = getattr(self, sensor)
            if source is not None:
                changes[sensor] = source.model_copy(update={"href": shown(source.href)})
        return self.model_copy(update=changes)


PC_STAC = "https://planetarycomputer.microsoft.com/api/stac/v1"
_PC_RADAR = Source(
    href=PC_STAC,
    kind="api",
    collection="sentinel-1-rtc",
    asset_hosts=("sentinel1euwestrtc.blob.core.windows.net",),
    signing="planetary-computer",
    backscatter="gamma0",
)
_EARTH_SEARCH_ASSETS = {
    **{"B03": "green", "B04": "red", "B05": "rededge1", "B06": "rededge2", "B07": "rededge3"},
    **{"B8A": "nir08", "B11": "swir16", "B12": "swir22", "SCL": "scl"},
}
_EARTH_SEARCH_HOSTS = (
    "e84-earth-search-sentinel-data.s3.us-west-2.amazonaws.com",
    "sentinel-cogs.s3.us-west-2.amazonaws.com",
)
_CDSE_ASSETS = {
    **{"B03": "B03_10m", "B04": "B04_10m"},
    **{name: f"{name}_20m" for name in ("B05", "B06", "B07", "B8A", "B11", "B12", "SCL")},
}

BUILT_IN = {
    "planetary-computer": CatalogProfile(
        name="planetary-computer",
        title="Microsoft Planetary Computer",
        s2=Source(
            href=PC_STAC,
            kind="api",
            collection="sentinel-2-l2a",
            asset_hosts=("sentinel2l2a01.blob.core.windows.net",),
            signing="planetary-computer",
        ),
        s1=_PC_RADAR,
    ),
    "earth-search": CatalogProfile(
        name="earth-search",
        title="Earth Search by Element 84 (Sentinel-2 Collection 1); radar of the Planetary Computer",
        s2=Source(
            href="https://earth-search.aws.element84.com/v1",
            kind="api",
            collection="sentinel-2-c1-l2a",
            assets=_EARTH_SEARCH_ASSETS,
            asset_hosts=_EARTH_SEARCH_HOSTS,
        ),
        s1=_PC_RADAR,  # its own radar is plain GRD, neither calibrated nor terrain-corrected
    ),
    "copernicus": CatalogProfile(
        name="copernicus",
        title="Copernicus Data Space Ecosystem; radar of the Planetary Computer",
        s2=Source(
            href="https://stac.dataspace.copernicus.eu/v1",
            kind="api",
            collection="sentinel-2-l2a",
            assets=_CDSE_ASSETS,
            asset_hosts=("eodata",),
            signing="s3",
            s3_endpoint="eodata.dataspace.copernicus.eu",
        ),
        s1=_PC_RADAR,  # Copernicus has no terrain-corrected backscatter
    ),
}
"""Archives that need a name only."""


def profile_of(name: str, place: str) -> CatalogProfile:
    """Return the profile of a catalogue that is named by one text.

    Args:
        name: under which it is asked for.
        place: name of a built-in profile, or path or URL of a static catalogue or a STAC API.

    Raises:
        ValueError: there is nothing of that name or path.
    """
    if place in BUILT_IN:
        return BUILT_IN[place].model_copy(update={"name": name})
    if "://" in place:
        return CatalogProfile(name=name, href=place)
    if not Path(place).exists():
        raise ValueError(f"there is no {place}, and no built-in profile of that name: {', '.join(BUILT_IN)}")
    return CatalogProfile(name=name, href=str(Path(place).absolute()))


def _named(value: Any) -> Any:  # noqa: ANN401 - what stands in the settings, checked after this
    """Return catalogues whose short forms are spelled out: a text as a place, and a name where the key says it."""
    if not isinstance(value, dict):
        return value
    return {
        name: profile_of(name, entry)
        if isinstance(entry, str)
        else ({"name": name} | entry if isinstance(entry, dict) else entry)
        for name, entry in value.items()
    }


Catalogs = Annotated[dict[str, CatalogProfile], BeforeValidator(_named)]
"""Configured catalogues; an entry is a profile, or a text that `profile_of` understands."""
