"""API, broker and worker on real Sentinel scenes, with clear dates taken out of the catalogue altogether."""

import json
import subprocess
import sys
from datetime import date

import numpy as np
import pytest
import rasterio

from clearleaf.client import Client
from clearleaf.embedded import Embedded
from jobs.catalog import CatalogProfile
from models.brackets import find_brackets
from models.evaluation.metrics import score
from models.series import day_number
from models.training.places import read_patch

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(900)]

GAP_DAYS = 15
HIDDEN = (date(2018, 4, 19), date(2018, 6, 28), date(2018, 8, 7), date(2018, 9, 21))
"""Days with a clear scene; every optical scene within 15 days of each is left out of the catalogue."""


def test_delivered_lai_against_hidden_scenes(real_data, tmp_path):
    observed = read_patch("a", real_data).observed
    targets = day_number(list(HIDDEN))
    near = (np.abs(observed.days[:, None] - targets[None]) <= GAP_DAYS).any(axis=1)
    (tmp_path / "hidden.txt").write_text(
        "\n".join(str(d) for d in np.unique(observed.days[near].astype("datetime64[D]")))
    )
    script = [sys.executable, str(real_data / "make_catalogue.py"), str(real_data / "training" / "patch-a")]
    subprocess.run([*script, str(tmp_path / "catalogue"), "--hide", str(tmp_path / "hidden.txt")], check=True)
    folder = _delivered(real_data, tmp_path)

    visible = observed.hide(near)
    linear = find_brackets(visible.lai, visible.days, targets).linear()
    truth, ours, theirs = [], [], []
    for day, target, line in zip(HIDDEN, targets, linear, strict=True):
        scene = int(np.flatnonzero(observed.days == target)[0])
        seen = np.isfinite(observed.lai[scene]) & np.isfinite(line)
        with rasterio.open(folder / f"lai-{day}.tif") as raster:
            ours.append((raster.read(1) * np.float32(0.001))[seen])
        truth.append(observed.lai[scene][seen])
        theirs.append(line[seen])
    found = {
        name: score(np.concatenate(truth), np.concatenate(v)) for name, v in (("clearleaf", ours), ("linear", theirs))
    }
    print({name: figures.as_json() for name, figures in found.items()})
    assert found["clearleaf"].n > 2500
    # Four dates are few. Over all 24 the delivered model lies below the line (gap15 of patch A in docs/accuracy.md); on
    # these four it lies above, 0.99 against 0.93, so this bound only catches what is broken.
    assert found["clearleaf"].rmse < 1.12 * found["linear"].rmse
    assert found["clearleaf"].r2 > 0.2
    assert found["clearleaf"].rmse > 0.35  # below the noise of single scenes something has leaked


def _delivered(real_data, tmp_path):
    profile = CatalogProfile(name="real", href=str(tmp_path / "catalogue" / "catalog.json"))
    order = {
        "aoi": json.loads((real_data / "aoi-a.geojson").read_text()),
        "start": str(HIDDEN[0]),
        "end": str(HIDDEN[-1]),
        "dates": [str(day) for day in HIDDEN],
        "weights": "without-a",
    }
    with Embedded(tmp_path / "data", [profile]).running() as service, Client(service.url) as client:
        job = client.submit(order)
        job.wait(timeout_s=600)
        return job.download(tmp_path / "results").parent
