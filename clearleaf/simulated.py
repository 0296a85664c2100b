"""A simulated site as a static STAC catalogue of COG scenes, laid out like the Planetary Computer's collections.

Everything in it says that it is simulated. It lets the whole service run without a network and holds what a real
catalogue surprises with: an offset in the numbers, two tracks per sensor, cut-off scenes, clouds and their mistakes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import rasterio
from numpy.typing import NDArray
from rasterio.warp import transform as reproject
from shapely.geometry import Polygon, mapping

from clearleaf.simulated_items import (
    FINE_BANDS,
    OFFSET,
    PX_M,
    S1_COLLECTION,
    S1_NODATA,
    S2_COLLECTION,
    SCALE,
    SIMULATED,
    Ground,
    collection,
    optical_item,
    radar_item,
)
from models.simulation.leaf import BANDS
from models.simulation.regions import REGIONS
from models.simulation.site import SimulatedSite, SiteSpec, simulate

DEMO = SiteSpec(size_px=64, start=date(2023, 12, 15), end=date(2025, 1, 15), region="belgium", seed=8)
"""Thirteen months around a growing season, small enough to be written in seconds."""

_Rasters = Iterator[tuple[str, NDArray[Any], float]]  # asset key, values, nodata


def write_catalogue(spec: SiteSpec, out_dir: Path) -> Path:
    """Write a simulated site with its area and parcels as GeoJSON; return the path of its catalog.json.

    Args:
        spec: what to simulate.
        out_dir: made if need be; files of the same names in it are replaced.
    """
    site, ground = simulate(spec), _ground(spec)
    optical = [optical_item(site, scene, ground) for scene in range(len(site.passes.days))]
    radar = [radar_item(site, scene, ground) for scene in range(len(site.radar_passes.days))]
    folders = [out_dir / S2_COLLECTION / item.id for item in optical] + [
        out_dir / S1_COLLECTION / item.id for item in radar
    ]
    scenes = [_optical_rasters(site, scene) for scene in range(len(optical))]
    scenes += [_radar_rasters(site, scene) for scene in range(len(radar))]
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        list(pool.map(lambda folder, rasters: _write_scene(folder, rasters, ground), folders, scenes))
    _catalog(spec, optical, radar).normalize_and_save(str(out_dir), catalog_type=pystac.CatalogType.SELF_CONTAINED)
    area = _feature(ground.geographic(ground.outline(inset_m=1.0)), {"name": "Simulated area"})
    _write_json(out_dir / "aoi.geojson", area)
    _write_json(out_dir / "parcels.geojson", _parcels(site, ground))
    return out_dir / "catalog.json"


def _ground(spec: SiteSpec) -> Ground:
    region = REGIONS[spec.region]
    latitude = region.latitude if spec.hemisphere == "north" else -region.latitude
    epsg = (32600 if latitude > 0 else 32700) + int((region.longitude + 180) // 6) + 1
    (x,), (y,) = reproject("EPSG:4326", f"EPSG:{epsg}", [region.longitude], [latitude])
    half = spec.size_px * PX_M / 2
    return Ground(epsg, round((x - half) / PX_M) * PX_M, round((y + half) / PX_M) * PX_M, spec.size_px)


def _catalog(spec: SiteSpec, optical: list[pystac.Item], radar: list[pystac.Item]) -> pystac.Catalog:
    catalog = pystac.Catalog(
        id=f"simulated-{spec.region}-{spec.seed}",
        title="Simulated Sentinel-1 and Sentinel-2 scenes",
        description="Simulated by clearleaf: no satellite has seen this place. Hrefs are relative.",
        extra_fields=dict(SIMULATED),
    )
    reflectance, power = "surface reflectance with scene classes", "gamma nought backscatter, linear power"
    if optical:
        catalog.add_child(collection(S2_COLLECTION, "Simulated Sentinel-2 Level-2A", reflectance, optical))
    if radar:
        catalog.add_child(collection(S1_COLLECTION, "Simulated Sentinel-1 RTC", power, radar))
    return catalog


def _optical_rasters(site: SimulatedSite, scene: int) -> _Rasters:
    rng = np.random.default_rng((site.spec.seed, scene))
    for index, band in enumerate(BANDS):
        yield band, _digital_numbers(rng, site.reflectance[scene, index], fine=band in FINE_BANDS), 0
    yield "SCL", site.scl[scene], 0


def _radar_rasters(site: SimulatedSite, scene: int) -> _Rasters:
    for channel, key in enumerate(("vv", "vh")):
        yield key, np.nan_to_num(site.power[scene, channel], nan=S1_NODATA), S1_NODATA


def _digital_numbers(rng: np.random.Generator, reflectance: NDArray[np.float32], *, fine: bool) -> NDArray[np.uint16]:
    """Return uint16 with the offset of today's products, 0 where NaN; 10 m bands get texture that averages out."""
    values = reflectance.astype(np.float64)
    if fine:
        height, width = values.shape
        texture = 0.02 * rng.standard_normal((height, 2, width, 2))
        texture -= texture.mean(axis=(1, 3), keepdims=True)
        values = (values[:, None, :, None] * (1 + texture)).reshape(2 * height, 2 * width)
    numbers = np.clip(np.rint(values / SCALE) + OFFSET, 1, 65535)
    return np.asarray(np.nan_to_num(numbers, nan=0.0), dtype=np.uint16)


def _write_scene(folder: Path, rasters: _Rasters, ground: Ground) -> None:
    """Write the assets of one scene as cloud-optimised GeoTIFFs."""
    folder.mkdir(parents=True, exist_ok=True)
    for key, values, nodata in rasters:
        with rasterio.open(
            folder / f"{key}.tif",
            "w",
            driver="COG",
            width=values.shape[1],
            height=values.shape[0],
            count=1,
            dtype=values.dtype.name,
            crs=f"EPSG:{ground.epsg}",
            transform=ground.transform(ground.size_px * PX_M / values.shape[0]),
            nodata=nodata,
            compress="DEFLATE",
            predictor="YES",
        ) as file:
            file.write(values, 1)


def _parcels(site: SimulatedSite, ground: Ground, most: int = 16) -> dict[str, Any]:
    """Return the largest parcels as polygons drawn a little inside their borders, with id and crop."""
    features: list[dict[str, Any]] = []
    sizes = np.bincount(site.land.parcel.reshape(-1), minlength=len(site.labels))
    for index in np.argsort(-sizes, kind="stable"):
        label = site.labels[index]
        corners = np.array([ground.left, ground.top]) + site.land.outline(int(index)) * (PX_M, -PX_M)
        drawn = Polygon(corners).buffer(-6.0) if len(corners) > 2 else Polygon()
        if label == "water" or drawn.area < 4000.0 or len(features) == most:
            continue
        name = f"{label.replace(' ', '-')}-{len(features) + 1:02d}"
        fields = {"id": name, "crop": label, "area_ha": round(drawn.area / 1e4, 2)}
        features.append(_feature(ground.geographic(drawn), fields) | {"id": name})
    return {"type": "FeatureCollection", "name": "Simulated parcels", "features": features}


def _feature(shape: Polygon, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties | SIMULATED, "geometry": mapping(shape)}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
