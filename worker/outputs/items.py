"""One STAC Item per date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from importlib.metadata import version
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import numpy as np
import shapely
from odc.geo.geobox import GeoBox
from pystac import Asset, Item, Link, MediaType
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from jobs.keys import asset_file
from jobs.legends import OBSERVED
from jobs.planning import Plan
from jobs.scenes import Scene
from worker.outputs.assets import QUALITY_ASSET, RasterAsset

NEAR_DAYS = 30
"""What was left out this near to a date is named in its item; everything stands in the manifest."""
EDGE_M = 1000
CITATION = (
    "Li, M., Wang, P., Tansey, K., Guo, F., Zhou, J. (2025). Improved leaf area index reconstruction in heavily cloudy "
    "areas: a novel deep learning approach for SAR-optical fusion integrating spatiotemporal features. International "
    "Journal of Applied Earth Observation and Geoinformation 142, 104745."
)
EXTENSIONS = [
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "https://stac-extensions.github.io/processing/v1.2.0/schema.json",
    "https://stac-extensions.github.io/scientific/v1.0.0/schema.json",
    "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
    "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
]


@dataclass(frozen=True)
class Provenance:
    """How the values of a job were made.

    Attributes:
        report: the accuracy report.
        method: which LAI is delivered.
        weights: name of the published set.
        weights_sha256: of its file.
        state_sha256: of the job's state.
        created: when the results were published.
        skipped: scenes that *prepare* could not read, as `{"id", "reason"}`.
        tells_catalog: the manifest says where the catalogue is.
        cloud_mask: what says beside the scene classification what is clear; None where nothing does.
    """

    report: dict[str, Any]
    method: str
    weights: str
    weights_sha256: str
    state_sha256: str
    created: datetime
    skipped: tuple[dict[str, str], ...] = ()
    tells_catalog: bool = False
    cloud_mask: str | None = None


def item_id(day: date) -> str:
    """Return the id of a date's item."""
    return f"lai-{day.isoformat()}"


def outline(geobox: GeoBox) -> BaseGeometry:
    """Return the edge of a grid, EPSG:4326, to the centimetre: a vertex every kilometre follows its curve."""
    extent = geobox.extent.to_crs("EPSG:4326", resolution=EDGE_M).geom
    return shapely.transform(extent, lambda positions: positions.round(7))


def make_item(
    plan: Plan,
    day: date,
    quality: np.ndarray,
    days_to_clear: np.ndarray,
    rasters: Sequence[RasterAsset],
    facts: dict[str, Any],
    provenance: Provenance,
) -> Item:
    """Return the item of a date; its hrefs are relative to it.

    Args:
        plan: of the job.
        day: the date.
        quality: (H, W) as published.
        days_to_clear: (H, W) days, negative = never.
        rasters: published.
        facts: of the pieces, joined: skipped scenes, flags.
        provenance: how the values were made.
    """
    extent = outline(plan.geobox)
    item = Item(
        id=item_id(day),
        geometry=mapping(extent),
        bbox=list(extent.bounds),
        datetime=datetime.combine(day, time(), UTC),
        properties=_properties(plan, day, quality, days_to_clear, facts, provenance),
        stac_extensions=EXTENSIONS,
        collection=str(plan.job_id),
    )
    for asset in rasters:
        item.add_asset(asset.name, _raster(asset, day, plan))
    item.add_asset("thumbnail", Asset(f"./thumbnail-{day}.png", "LAI", None, MediaType.PNG, ["thumbnail"]))
    for scene in plan.scenes:  # all of them: the networks are adapted, and the curve is drawn, from the whole
        item.add_link(_derived_from(scene))
    return item


def _raster(asset: RasterAsset, day: date, plan: Plan) -> Asset:
    fields: dict[str, Any] = {"bands": [asset.band()]}
    fields |= {"proj:code": plan.crs, "proj:shape": list(plan.shape), "proj:transform": list(plan.transform)}
    if asset is QUALITY_ASSET:
        fields["classification:classes"] = asset.classification()
    return Asset(f"./{asset_file(asset.name, day)}", asset.title, None, MediaType.COG, ["data"], fields)


def _derived_from(scene: Scene) -> Link:
    """Return the link to a scene: its public URL without what may be a key in it, else its name.

    A name is a URN, which readers neither resolve against the item nor fetch; a path would tell of our disks.
    """
    url = urlsplit(scene.href)
    if url.scheme not in ("http", "https") or not url.hostname:
        return Link("derived_from", f"urn:clearleaf:scene:{quote(scene.id, safe='')}", title=scene.id)
    place = url.netloc.rpartition("@")[2]
    return Link("derived_from", urlunsplit((url.scheme, place, url.path, "", "")), MediaType.GEOJSON, scene.id)


def _properties(
    plan: Plan,
    day: date,
    quality: np.ndarray,
    days_to_clear: np.ndarray,
    facts: dict[str, Any],
    provenance: Provenance,
) -> dict[str, Any]:
    share = observed_fraction(quality)
    known = days_to_clear[days_to_clear >= 0]
    origin = {0.0: "reconstructed", 1.0: "observed"}.get(share, "mixed")
    return {
        "created": provenance.created.isoformat().replace("+00:00", "Z"),
        "proj:code": plan.crs,
        "proj:shape": list(plan.shape),
        "proj:transform": list(plan.transform),
        "gsd": plan.request.resolution,
        "processing:software": {"clearleaf": version("clearleaf")},
        "processing:lineage": "LAI of clear Sentinel-2 scenes; gaps reconstructed from Sentinel-1 and Sentinel-2",
        "sci:citation": CITATION,
        "clearleaf:observed_fraction": round(share, 4),
        "clearleaf:origin": origin,
        "clearleaf:days_to_clear": int(np.median(known)) if known.size else None,
        "clearleaf:effective_resolution_m": 20,
        "clearleaf:method": provenance.method,
        "clearleaf:weights": provenance.weights,
        "clearleaf:weights_sha256": provenance.weights_sha256,
        "clearleaf:simulated": plan.simulated,
        "clearleaf:no_clear_scene": facts["no_clear_scene"],
        "clearleaf:no_radar": facts["no_radar"],
        "clearleaf:skipped_scenes": _left_out(plan, facts["skipped"], day),
    }


def observed_fraction(quality: np.ndarray) -> float:
    """Return the share of pixels with data that the day itself shows clear."""
    with_data = quality != 0
    return float(np.isin(quality, OBSERVED)[with_data].mean()) if with_data.any() else 0.0


def join_facts(pieces: Sequence[dict[str, Any]], skipped: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """Return the facts of all pieces as one: a flag holds for the job where it holds for every tile.

    Args:
        pieces: facts of each.
        skipped: further scenes that could not be read.
    """
    scenes = [*skipped, *(scene for piece in pieces for scene in piece["skipped"])]
    by_id = {scene["id"]: scene for scene in scenes}
    flags = {name: all(piece[name] for piece in pieces) for name in ("no_clear_scene", "no_radar")}
    return {"skipped": sorted(by_id.values(), key=lambda scene: str(scene["id"])), **flags}


def _left_out(plan: Plan, skipped: Sequence[dict[str, Any]], day: date) -> list[dict[str, Any]]:
    """Return the scenes near a date that were found and not used, each with its reason.

    A scene of which nobody knows when it was taken may be near any date.
    """
    taken = {scene.id: scene.day for scene in plan.scenes}
    known = [(taken.get(scene["id"]), scene) for scene in skipped]
    known += [(scene.day, {"id": scene.id, "reason": scene.reason}) for scene in plan.dropped]
    return [scene for when, scene in known if when is None or abs((when - day).days) <= NEAR_DAYS]
