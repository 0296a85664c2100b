"""What an attempt at a step leaves behind, whatever becomes of it."""

from uuid import uuid4

import pytest
import torch
from prometheus_client import REGISTRY

from jobs.errors import AccessDenied, JobDismissed, NoScenes, Problem, StorageFull
from jobs.job import ClaimedStep
from worker.observed import measured

STEP = ClaimedStep(id=uuid4(), job_id=uuid4(), kind="tile", tile_id="r000c000", owner="me", attempt=1)
OUTCOMES = [
    (JobDismissed("given up"), "stopped"),
    (NoScenes(Problem("/aoi", "nothing there")), "refused"),
    (AccessDenied(Problem("/catalog", "closed")), "refused"),
    (StorageFull("no room"), "postponed"),
    (ZeroDivisionError("ours"), "failed"),
]


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"clearleaf_{name}", {"kind": "tile", **labels}) or 0.0


@pytest.mark.parametrize(("error", "outcome"), OUTCOMES)
def test_an_attempt_that_fails_is_counted_by_what_came_of_it(error, outcome):
    begun, ended = value("steps_claimed_total"), value("step_attempts_total", outcome=outcome)
    took = value("step_duration_seconds_count")
    with pytest.raises(type(error)), measured(STEP, "cpu"):
        raise error
    assert value("steps_claimed_total") == begun + 1
    assert value("step_attempts_total", outcome=outcome) == ended + 1
    assert value("step_duration_seconds_count") == took  # of done ones alone


def test_one_that_is_done_is_timed():
    done, took = value("step_attempts_total", outcome="done"), value("step_duration_seconds_count")
    with measured(STEP, "cpu"):
        pass
    assert value("step_attempts_total", outcome="done") == done + 1
    assert value("step_duration_seconds_count") == took + 1


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_the_memory_of_the_gpu_is_that_of_the_step():
    with measured(STEP, "cuda"):
        numbers = torch.zeros(2**26, device="cuda")  # 256 MiB
        del numbers
    peak, total = (
        REGISTRY.get_sample_value("clearleaf_gpu_memory_bytes", {"kind": kind}) for kind in ("peak", "total")
    )
    assert 2**28 <= peak < total
    with measured(STEP, "cuda"):
        pass
    assert REGISTRY.get_sample_value("clearleaf_gpu_memory_bytes", {"kind": "peak"}) < 2**28
