"""What is published of a job whose values a test chooses."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from jobs.legends import WATER
from jobs.planning import Plan
from models.evaluation.correlation import USUAL
from models.progress import Progress, silent
from worker.outputs.assets import DAYS_TO_CLEAR, EXTRA, LAI, LAI_SIGMA, QUALITY_ASSET
from worker.outputs.items import Provenance
from worker.outputs.pieces import Piece, write_piece
from worker.outputs.publish import publish


@pytest.fixture
def provenance() -> Provenance:
    return Provenance(
        report={
            "scenarios": {},
            "reason": "too few clear dates",
            "note": "sigma is the published one",
            "error_correlation": USUAL.as_json(),
        },
        method="prior",
        weights="release",
        weights_sha256="0" * 64,
        state_sha256="1" * 64,
        created=datetime(2024, 1, 1, tzinfo=UTC),
    )


@pytest.fixture
def arrays() -> Callable[[Plan, float], dict[str, np.ndarray]]:
    """Return what the one tile of a plan hands over: one LAI, observed in every second column; some upper rows wet."""

    def made(plan: Plan, lai: float, wet_rows: int = 0) -> dict[str, np.ndarray]:
        maps = np.full((len(plan.target_dates), *plan.shape), lai, np.float32)
        data = np.isfinite(maps)
        observed = data & (np.arange(maps.shape[2]) % 2 == 1)
        quality = np.where(data, np.where(observed, 1, 2), 0).astype(np.uint8)
        quality[:, :wet_rows] = WATER.quality.value
        return {
            LAI.name: LAI.encode(maps),
            LAI_SIGMA.name: LAI_SIGMA.encode(maps / 10),
            QUALITY_ASSET.name: quality,
            DAYS_TO_CLEAR.name: DAYS_TO_CLEAR.encode(np.where(data, np.where(observed, 0.0, 7.0), np.nan)),
            **{name: asset.encode(maps) for name, asset in EXTRA.items()},
        }

    return made


@pytest.fixture
def published(parts, tmp_path_factory, arrays, provenance) -> Callable[..., Path]:
    """Publish a plan of one tile with one LAI everywhere; returns the folder of the results."""

    def made(
        plan: Plan,
        lai: float = 2.0,
        said: Provenance = provenance,
        wet_rows: int = 0,
        progress: Progress = silent,
        **facts: object,
    ) -> Path:
        (tile,) = plan.tiles
        known = {"skipped": [], "no_clear_scene": False, "no_radar": False} | facts
        key = write_piece(parts.storage, "pieces/", Piece(tile.id, arrays(plan, lai, wet_rows), known))
        scratch = tmp_path_factory.mktemp("publishing")
        publish(plan, [key], said, parts.storage, "results/", scratch, progress)
        return parts.storage.root / "results"

    return made
