"""STAC items and collections of a simulated site; every one of them says that it is simulated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pystac
from numpy.typing import NDArray
from rasterio.transform import Affine
from rasterio.warp import transform as reproject
from shapely import transform as move
from shapely.geometry import Polygon, box, mapping
from shapely.geometry.polygon import orient

from models.series import day_date
from models.simulation.leaf import BANDS
from models.simulation.site import SimulatedSite

S2_COLLECTION, S1_COLLECTION = "sentinel-2-l2a", "sentinel-1-rtc"
FINE_BANDS = ("B02", "B03", "B04", "B08")  # delivered at 10 m
PX_M = 20.0
SCALE, OFFSET = 0.0001, 1000  # since baseline 04.00 digital numbers carry 1000 so that dark pixels stay above zero
S1_NODATA = -32768.0
SIMULATED = {"clearleaf:simulated": True}

_COG = "image/tiff; application=geotiff; profile=cloud-optimized"
_CENTRES = dict(zip(BANDS, (0.490, 0.560, 0.665, 0.704, 0.740, 0.783, 0.842, 0.865, 1.610, 2.190), strict=True))
_EXTENSIONS = {
    name: f"https://stac-extensions.github.io/{name}/{version}/schema.json"
    for name, version in {
        "eo": "v1.1.0",
        "raster": "v1.1.0",
        "sat": "v1.0.0",
        "sar": "v1.0.0",
        "view": "v1.0.0",
        "projection": "v1.2.0",
    }.items()
}


@dataclass(frozen=True)
class Ground:
    """Where a simulated site lies: UTM zone, upper left corner in metres, side in 20 m pixels."""

    epsg: int
    left: float
    top: float
    size_px: int

    def transform(self, px_m: float) -> Affine:
        """Return the transform of a raster of the whole site with pixels of px_m."""
        return Affine(px_m, 0.0, self.left, 0.0, -px_m, self.top)

    def outline(self, inset_m: float = 0.0) -> Polygon:
        """Return the site's square in UTM, drawn in by `inset_m`."""
        side = self.size_px * PX_M
        return box(self.left + inset_m, self.top - side + inset_m, self.left + side - inset_m, self.top - inset_m)

    def geographic(self, shape: Polygon) -> Polygon:
        """Return a UTM polygon in longitude and latitude, counter-clockwise, to about a centimetre."""

        def lonlat(corners: NDArray[np.float64]) -> NDArray[np.float64]:
            found = reproject(f"EPSG:{self.epsg}", "EPSG:4326", corners[:, 0].tolist(), corners[:, 1].tolist())
            return np.round(np.transpose(found), 7)

        return orient(move(shape, lonlat))


def optical_item(site: SimulatedSite, scene: int, ground: Ground) -> pystac.Item:
    """Return the item of one optical pass with its eleven assets, laid out as `sentinel-2-l2a`."""
    passes, scl = site.passes, site.scl[scene]
    orbit, platform = int(passes.orbits[scene]), passes.platforms[scene]
    when = _moment(int(passes.days[scene]), 10, 40, orbit)
    tile = f"{ground.epsg % 100:02d}{'U' if ground.epsg < 32700 else 'H'}ZZ"  # no real grid square ends in ZZ
    name = f"{platform}_MSIL2A_{when:%Y%m%dT%H%M%S}_R{orbit:03d}_T{tile}_SIMULATED"
    sun_zenith, sun_azimuth = float(passes.directions.sun_zenith[scene]), float(passes.sun_azimuth[scene])
    item = _item(name, when, ground, ("eo", "raster", "sat", "view", "projection"))
    item.properties |= {
        "title": f"Simulated Sentinel-2 L2A scene, {when:%Y-%m-%d}",
        "platform": f"Sentinel-2{platform[-1]}",
        "constellation": "Sentinel 2",
        "instruments": ["msi"],
        "sat:orbit_state": "descending",
        "sat:relative_orbit": orbit,
        "eo:cloud_cover": round(100 * float(np.isin(scl, (8, 9, 10)).mean()), 3),
        "s2:processing_baseline": "05.10",
        "s2:product_type": "S2MSI2A",
        "s2:mgrs_tile": tile,
        "s2:mean_solar_zenith": round(sun_zenith, 4),
        "s2:mean_solar_azimuth": round(sun_azimuth, 4),
        "s2:nodata_pixel_percentage": round(100 * float((scl == 0).mean()), 3),
        "view:sun_elevation": round(90 - sun_zenith, 4),
        "view:sun_azimuth": round(sun_azimuth, 4),
        "view:off_nadir": round(float(passes.directions.view_zenith[scene]), 4),
        "view:azimuth": round(float(passes.view_azimuth[scene]), 4),
    }
    for band in BANDS:
        px_m = 10 if band in FINE_BANDS else 20
        values = _values("uint16", 0, px_m) | {"scale": SCALE, "offset": -OFFSET * SCALE}
        eo = {"name": band, "center_wavelength": _CENTRES[band]}
        fields = {"gsd": px_m, "eo:bands": [eo], "raster:bands": [values]}
        _add(item, band, f"Simulated band {band}, {px_m} m", ground, px_m, fields)
    _add(item, "SCL", "Simulated scene classification", ground, 20, {"raster:bands": [_values("uint8", 0, 20)]})
    return item


def radar_item(site: SimulatedSite, scene: int, ground: Ground) -> pystac.Item:
    """Return the item of one radar pass with assets `vv` and `vh`, laid out as `sentinel-1-rtc`."""
    passes = site.radar_passes
    orbit, ascending = int(passes.orbits[scene]), bool(passes.ascending[scene])
    when = _moment(int(passes.days[scene]), 17 if ascending else 5, 33 if ascending else 48, orbit)
    name = f"{passes.platforms[scene]}_IW_GRDH_1SDV_{when:%Y%m%dT%H%M%S}_R{orbit:03d}_SIMULATED_rtc"
    item = _item(name, when, ground, ("sar", "raster", "sat", "view", "projection"))
    item.properties |= {
        "title": f"Simulated Sentinel-1 RTC scene, {when:%Y-%m-%d}",
        "platform": f"SENTINEL-1{passes.platforms[scene][-1]}",
        "constellation": "Sentinel-1",
        "instruments": ["c-sar"],
        "start_datetime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "end_datetime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "sat:orbit_state": "ascending" if ascending else "descending",
        "sat:relative_orbit": orbit,
        "sar:instrument_mode": "IW",
        "sar:frequency_band": "C",
        "sar:center_frequency": 5.405,
        "sar:polarizations": ["VV", "VH"],
        "sar:product_type": "GRD",
        "sar:observation_direction": "right",
        "view:incidence_angle": round(float(passes.incidence[scene]), 3),
    }
    for key in ("vv", "vh"):
        fields = {"sar:polarizations": [key.upper()], "raster:bands": [_values("float32", S1_NODATA, 20)]}
        _add(item, key, f"Simulated {key.upper()} gamma nought, linear power", ground, 20, fields)
    return item


def collection(name: str, title: str, content: str, items: list[pystac.Item]) -> pystac.Collection:
    """Return a collection that holds `items`, with the extent of these."""
    times = sorted(item.datetime for item in items if item.datetime)
    boxes = np.array([item.bbox for item in items])
    bounds = [*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist()]
    made = pystac.Collection(
        id=name,
        title=title,
        description=f"Simulated by clearleaf: {content}. No satellite has seen these scenes.",
        extent=pystac.Extent(pystac.SpatialExtent([bounds]), pystac.TemporalExtent([[times[0], times[-1]]])),
        license="CC0-1.0",
        keywords=["simulated"],
        summaries=pystac.Summaries({"platform": sorted({item.properties["platform"] for item in items})}),
        extra_fields=dict(SIMULATED),
    )
    made.add_items(items)
    return made


def _moment(day: int, hour: int, minute: int, orbit: int) -> datetime:
    """Return when a pass happens; a track keeps its minute."""
    when = datetime.combine(date.fromisoformat(str(day_date(day))), time(hour, minute), tzinfo=UTC)
    return when + timedelta(seconds=7 * (orbit % 60))


def _item(name: str, when: datetime, ground: Ground, extensions: tuple[str, ...]) -> pystac.Item:
    footprint = ground.geographic(ground.outline())
    properties = {
        "description": "Simulated by clearleaf; no satellite has seen this scene.",
        "proj:epsg": ground.epsg,
        "proj:code": f"EPSG:{ground.epsg}",
        **SIMULATED,
    }
    item = pystac.Item(name, mapping(footprint), list(footprint.bounds), when, properties)
    item.stac_extensions = [_EXTENSIONS[extension] for extension in extensions]
    return item


def _add(item: pystac.Item, key: str, title: str, ground: Ground, px_m: int, fields: dict[str, Any]) -> None:
    side = round(ground.size_px * PX_M / px_m)
    place = {"proj:shape": [side, side], "proj:transform": list(ground.transform(px_m))[:6]}
    asset = pystac.Asset(f"./{key}.tif", title, media_type=_COG, roles=["data"], extra_fields=fields | place)
    item.add_asset(key, asset)


def _values(data_type: str, nodata: float, px_m: int) -> dict[str, Any]:
    return {"nodata": nodata, "data_type": data_type, "spatial_resolution": px_m}
