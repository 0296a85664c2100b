"""A finished job with small real rasters, written by the worker's own code."""

import json
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np
import pytest
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from shapely.geometry import box

from jobs.file_storage import FileStorage
from jobs.grid import output_geobox
from jobs.keys import asset_file
from worker.outputs.assets import DAYS_TO_CLEAR, LAI, LAI_SIGMA, QUALITY_ASSET
from worker.outputs.cog import write_cog

ASSETS = {asset.name: asset for asset in (LAI, LAI_SIGMA, QUALITY_ASSET, DAYS_TO_CLEAR)}
DAYS = (date(2023, 5, 1), date(2023, 5, 11), date(2023, 5, 21))


@dataclass
class Pictured:
    """The job and what its rasters hold: `stored[asset][day]` is (H, W) as in the file."""

    id: UUID
    geobox: GeoBox
    stored: dict

    def values(self, asset, day):
        """(H, W) in the asset's unit; NaN = no data."""
        return ASSETS[asset].decode(self.stored[asset][day])


def rasters_of(shape, day_number):
    """Fields of some pixels with values of their own, and a corner without data."""
    random = np.random.default_rng(day_number)
    rows, columns = (-(-side // 25) for side in shape)
    fields = np.kron(random.uniform(0.2, 7.5, (rows, columns)), np.ones((25, 25)))[: shape[0], : shape[1]]
    lai = np.clip(fields + random.normal(0, 0.15, shape), 0, 8)
    lai[: shape[0] // 5, : shape[1] // 4] = np.nan
    quality = np.where(np.arange(shape[1]) % 60 < 30, 1, 2) * np.ones(shape, int)
    quality[-40:, -60:] = 5
    quality[~np.isfinite(lai)] = 0
    age = np.where(quality == 1, 0, 4.0 + day_number)
    age[quality == 0] = np.nan
    values = {
        "lai": lai,
        "lai_sigma": 0.1 + 0.1 * lai,
        "quality": np.where(quality, quality, np.nan),
        "days_to_clear": age,
    }
    return {name: ASSETS[name].encode(array) for name, array in values.items()}


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """Folder, grid and stored values of the rasters, written once."""
    folder = tmp_path_factory.mktemp("rasters")
    corner = output_geobox(box(11.60, 48.70, 11.64, 48.73), 20)
    geobox = GeoBox((550, 640), corner.affine, corner.crs)  # 13 x 11 km: large enough for an overview
    stored = {name: {} for name in ASSETS}
    for number, day in enumerate(DAYS):
        for name, array in rasters_of(geobox.shape, number).items():
            write_cog(folder / asset_file(name, day), array, geobox, ASSETS[name])
            stored[name][day] = array
    return folder, geobox, stored


@pytest.fixture
def in_bucket():
    return False


@pytest.fixture
def storage(in_bucket, tmp_path, request):
    return request.getfixturevalue("s3_storage") if in_bucket else FileStorage(tmp_path / "storage")


@pytest.fixture
def simulated():
    return True


@pytest.fixture
def job(written, new_job, carry_out, storage, simulated):
    """A finished job whose manifest names the rasters."""
    folder, geobox, stored = written
    job = new_job()
    manifest_key = carry_out(job.id)
    files = [{"href": "./collection.json", "size": 1, "sha256": "0" * 64}]
    for path in sorted(folder.iterdir()):
        storage.put_file(f"{manifest_key.rpartition('/')[0]}/{path.name}", path)
        files.append({"href": f"./{path.name}", "size": path.stat().st_size, "sha256": f"{len(files):064x}"})
    manifest = json.loads(storage.get_bytes(manifest_key)) | {
        "simulated": simulated,
        "plan": {"crs": str(geobox.crs), "transform": list(geobox.transform)[:6], "shape": list(geobox.shape)},
        "files": files,
    }
    storage.put_bytes(manifest_key, json.dumps(manifest).encode())
    return Pictured(job.id, geobox, stored)


@pytest.fixture
def lonlat():
    """Return a function from row and column to the place of a pixel's centre."""

    def place(job, row, column):
        to_degrees = Transformer.from_crs(str(job.geobox.crs), "EPSG:4326", always_xy=True)
        return to_degrees.transform(*(job.geobox.affine @ (column + 0.5, row + 0.5)))

    return place
