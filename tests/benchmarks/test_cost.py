"""The coefficients of the cost are those that the measured jobs give, and tell jobs that they have not seen."""

import sys
from pathlib import Path

import pytest

from jobs import cost

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import cost as benchmark

JOBS, MODELS = benchmark.read()


def test_the_coefficients_are_those_of_the_measured_jobs():
    seconds = benchmark.seconds_of(JOBS)
    assert seconds == pytest.approx(cost.SECONDS, rel=0.05, abs=1e-9)
    assert benchmark.bytes_of(JOBS) == pytest.approx(cost.BYTES, rel=0.05, abs=1e-9)
    models = benchmark.models_of(MODELS, seconds)
    assert models == pytest.approx({name: cost.MODELS[name] for name in models}, rel=0.1)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_job_that_the_fit_does_not_know_is_estimated_within_a_factor_of_two(job):
    seconds, size = benchmark.left_out(JOBS, job)
    assert 0.5 < seconds / job.seconds < 2
    assert 0.5 < size / sum(job.bytes.values()) < 2
    assert 0.5 < cost.cpu_seconds(job.work) / job.seconds < 2
