"""What a year of LAI over 100 km x 100 km takes: scenes, bytes, pixels, CPU seconds, requests.

python benchmarks/scale_cost.py                  # the table of docs/scale.md
python benchmarks/scale_cost.py --latitude 10    # nearer to the equator, where the satellites come by less often

Arithmetic: scenes come from the satellites' orbits (jobs/scene_count.py), as if every pass took pictures; seconds and
bytes of results from the cost model (jobs/cost.py, measured by benchmarks/cost.py); requests from scale_figures.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from pyproj import CRS, Transformer

from jobs.cost import HALO_PX, Work, cpu_seconds, stored_bytes
from jobs.job import JobRequest, Limits
from jobs.scene_count import MISSIONS, SceneCount

FIGURES = json.loads(Path(__file__).with_name("scale_figures.json").read_text())
SIDE_KM, JOBS = 50.0, 4
"""The largest order, and how many of them cover the square."""
TILE_PX, PIXEL_M = 256, 20
RAW_KB_KM2 = {"Sentinel-1": 2 * 4 * 10.0, "Sentinel-2": 2 * 2 * 10.0 + 6 * 2 * 2.5 + 2.5}
"""VV and VH as float32 at 10 m; B03 and B04 as uint16 at 10 m, six bands at 20 m, SCL as uint8; before compression."""
HEARTBEAT_S = 10.0
FILES_OF_A_JOB = 4
"""That *finish* puts whatever the dates: collection, report, its picture, the season's picture."""


def order(latitude: float) -> JobRequest:
    """Return an order of the largest size, for a year at the default step."""
    metres = CRS.from_proj4(f"+proj=laea +lat_0={latitude} +lon_0=3 +ellps=WGS84")  # in the middle of a UTM zone
    half = 500 * SIDE_KM * 0.99  # the grid, snapped to whole pixels of UTM, must stay below the cap as well
    to_degrees = Transformer.from_crs(metres, "EPSG:4326", always_xy=True).transform
    corners = [(-half, -half), (half, -half), (half, half), (-half, half), (-half, -half)]
    aoi = {"type": "Polygon", "coordinates": [[list(to_degrees(*corner)) for corner in corners]]}
    return JobRequest.parse({"aoi": aoi, "start": "2023-01-01", "end": "2023-12-31"}, Limits())


def rows(latitude: float) -> Iterator[tuple[str, str]]:
    """Yield what is needed and how much of it."""
    request = order(latitude)
    geobox, days = request.geobox, request.scene_range
    scenes = SceneCount.expected(geobox, days)
    looks = {
        name: mission.looks(latitude, days) * mission.scenes_of_a_look(0, 0)
        for name, mission in zip(RAW_KB_KM2, MISSIONS, strict=True)
    }
    dates = len(request.target_dates)
    work = Work((geobox.shape[0], geobox.shape[1]), TILE_PX, dates, scenes.scenes, scenes.looks)
    seconds, tiles = JOBS * cpu_seconds(work), JOBS * work.tiles
    read_km2 = JOBS * work.padded_px * (PIXEL_M / 1000) ** 2
    raw = sum(looks[name] * RAW_KB_KM2[name] for name in looks) * 1000 * read_km2
    yield "jobs (orders of at most 2,500 km²)", f"{JOBS}"
    yield "dates of output, scenes read for them", f"{dates}, {days.start} to {days.end}"
    yield "scenes, each read where a job touches it", f"{JOBS * scenes.scenes:,}"
    yield "looks at one place, Sentinel-1 and -2", " and ".join(f"{looks[name]:.0f}" for name in looks)
    yield f"tiles of {TILE_PX} pixels of {PIXEL_M} m, with a halo of {HALO_PX}", f"{tiles:,}"
    yield "pixels given out, all dates", f"{JOBS * work.core_px * dates / 1e9:.2f} billion"
    yield "bytes of pixels read, before compression, halos included", f"{raw / 1e12:.1f} TB"
    yield "CPU seconds", f"{seconds:,.0f} ({seconds / 86400:.1f} days of one core)"
    yield "of them for one tile", f"{seconds / tiles:,.0f}"
    yield "bytes of results", f"{JOBS * stored_bytes(work) / 1e9:.0f} GB"
    yield from requests(tiles, dates, seconds)


def requests(tiles: int, dates: int, seconds: float) -> Iterator[tuple[str, str]]:
    """Yield what is asked of storage and job book."""
    storage = FIGURES["storage"]
    finish = storage["calls"]["finish"]
    per_date = (finish["put_file"] - FILES_OF_A_JOB) / storage["dates"]
    fetched = finish["local"] / storage["tiles"]
    tile = sum(storage["calls"]["tile"].values())
    yield "requests to the storage by tiles", f"{tiles * tile:,.0f}"
    put = JOBS * (FILES_OF_A_JOB + per_date * dates)
    yield "by finish: arrays fetched, files put", f"{tiles * fetched:,.0f}, {put:,.0f}"
    beats = seconds / HEARTBEAT_S
    yield "transactions of the job book: claim, end and round of each tile, heartbeats", f"{3 * tiles + beats:,.0f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latitude", type=float, default=51.0, help="degrees north of the square's middle (51)")
    print("| what | how much |\n|---|---|")
    for what, amount in rows(parser.parse_args().latitude):
        print(f"| {what} | {amount} |")


if __name__ == "__main__":
    main()
