"""The Collection of a job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any

from pystac import Asset, Collection, Extent, Item, Link, MediaType, Provider, SpatialExtent, TemporalExtent
from pystac.provider import ProviderRole

from jobs.legends import LEGENDS
from jobs.planning import Plan
from jobs.series_files import SERIES_FILES
from worker.outputs.assets import LAI, LAI_SIGMA, QUALITY_ASSET, RasterAsset
from worker.outputs.items import CITATION
from worker.outputs.picture import SEASON_FILE

REPORT_FILES = {
    "accuracy": ("accuracy.json", "application/json", "Accuracy on dates hidden from the reconstruction"),
    "accuracy_picture": ("accuracy.png", "image/png", "Accuracy on hidden dates, as a picture"),
    "season_picture": (SEASON_FILE, "image/png", "The season: observed and delivered maps, and one series"),
    "manifest": ("manifest.json", "application/json", "Everything needed to run this job again"),
}
RENDER_EXTENSION = "https://stac-extensions.github.io/render/v2.0.0/schema.json"
SCIENTIFIC_EXTENSION = "https://stac-extensions.github.io/scientific/v1.0.0/schema.json"


def make_collection(plan: Plan, items: Sequence[Item], rasters: Sequence[RasterAsset]) -> Collection:
    """Return the collection that links one item per date; all hrefs are relative."""
    days = plan.target_dates
    span = [datetime.combine(days[0], time(), UTC), datetime.combine(days[-1], time(23, 59, 59), UTC)]
    bounds = list(plan.geobox.geographic_extent.geom.bounds)
    collection = Collection(
        id=str(plan.job_id),
        title=f"Leaf area index, {days[0]} to {days[-1]}" + (" (simulated scenes)" if plan.simulated else ""),
        description=_description(plan),
        extent=Extent(SpatialExtent([bounds]), TemporalExtent([[span[0], span[1]]])),
        license="other",
        keywords=["leaf area index", "LAI", "Sentinel-1", "Sentinel-2"],
        providers=[Provider("clearleaf", attribution(plan), [ProviderRole.PROCESSOR])],
        stac_extensions=[RENDER_EXTENSION, SCIENTIFIC_EXTENSION],
        extra_fields={
            "sci:citation": CITATION,
            "clearleaf:simulated": plan.simulated,
            "item_assets": {asset.name: _item_asset(asset) for asset in rasters},
            "renders": _renders(),
        },
    )
    series = SERIES_FILES if plan.request.parcels else {}
    files = REPORT_FILES | {f"series_{form}": (f.name, f.media_type, f.title) for form, f in series.items()}
    for key, (name, media_type, title) in files.items():
        roles = ["metadata"] if key in REPORT_FILES else ["data"]
        collection.add_asset(key, Asset(f"./{name}", title, None, media_type, roles))
    for item in items:
        collection.add_link(Link("item", f"./{item.id}.json", MediaType.GEOJSON, item.id))
    return collection


def collection_document(collection: Collection) -> dict[str, Any]:
    """Return the collection as JSON that can be moved: pystac would write its root as this machine's absolute path."""
    document = collection.to_dict(include_self_link=False, transform_hrefs=False)
    document["links"] = [link for link in document["links"] if link["rel"] != "root"]
    document["links"].insert(0, {"rel": "root", "href": "./collection.json", "type": "application/json"})
    return document


def attribution(plan: Plan) -> str:
    """Return what must be said of the source of the scenes."""
    if plan.simulated:
        return "Simulated scenes: not observations of any real place"
    years = sorted({scene.day.year for scene in plan.scenes})
    span = f"{years[0]}" if len(years) == 1 else f"{years[0]}-{years[-1]}"
    return f"Contains modified Copernicus Sentinel data {span}"


def _description(plan: Plan) -> str:
    return (
        "Leaf area index (m2 of leaf per m2 of ground) of every date with its uncertainty, reconstructed through "
        f"clouds from Sentinel-1 and Sentinel-2. The target quantity is SL2P-type LAI. {attribution(plan)}."
    )


def _item_asset(asset: RasterAsset) -> dict[str, Any]:
    said: dict[str, Any] = {"title": asset.title, "type": MediaType.COG.value, "roles": ["data"]}
    said["bands"] = [asset.band()]
    if asset is QUALITY_ASSET:
        said["classification:classes"] = asset.classification()
    return said


def _renders() -> dict[str, Any]:
    shown = [LEGENDS[name] for name in (LAI.name, LAI_SIGMA.name)]
    return {
        legend.asset: {
            "title": legend.title,
            "assets": [legend.asset],
            "rescale": [[0, legend.ramp.maximum]],
            "colormap_name": legend.ramp.name,
        }
        for legend in shown
        if legend.ramp
    }
