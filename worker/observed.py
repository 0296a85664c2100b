"""What an attempt at a step leaves behind: counts, a duration, the memory of the GPU, and a span of the job's trace."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

import torch
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import Counter, Gauge, Histogram

from jobs.errors import InvalidJob, JobConflict, Unavailable
from jobs.job import ClaimedStep, StepKind
from jobs.logs import about
from jobs.tracing import context_of, trace_id, tracer
from worker.draining import ToldToEnd

CLAIMED = Counter("clearleaf_steps_claimed", "Attempts that were begun, those of killed workers included.", ["kind"])
ATTEMPTS = Counter("clearleaf_step_attempts", "Attempts that ended, by what came of them.", ["kind", "outcome"])
DURATION = Histogram(
    "clearleaf_step_duration_seconds",
    "How long the work of a step took that was done.",
    ["kind"],
    buckets=(1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400),
)
GPU_MEMORY = Gauge(
    "clearleaf_gpu_memory_bytes",
    "Memory of the GPU at the end of a step: its most in use by the step, kept by the process, and all there is.",
    ["kind"],
    multiprocess_mode="livemax",  # a worker has one process that computes; its predecessors' memory is free again
)
OUTCOMES = {JobConflict: "stopped", InvalidJob: "refused", Unavailable: "postponed", ToldToEnd: "given back"}
OUR_OWN = "failed"
"""What becomes of an attempt by any other error."""
for _kind in get_args(StepKind):  # a series that begins with its first event would hide that from `increase`
    CLAIMED.labels(_kind)
    for _outcome in ("done", *OUTCOMES.values(), OUR_OWN):
        ATTEMPTS.labels(_kind, _outcome)


@contextmanager
def measured(step: ClaimedStep, device: str) -> Iterator[None]:
    """Count an attempt, which is what a block does, and measure it."""
    CLAIMED.labels(step.kind).inc()
    began = time.monotonic()
    try:
        yield
    except Exception as error:
        ATTEMPTS.labels(step.kind, outcome_of(error)).inc()
        raise
    else:
        ATTEMPTS.labels(step.kind, "done").inc()
        DURATION.labels(step.kind).observe(time.monotonic() - began)
    finally:
        _note_gpu(device)


@contextmanager
def traced(step: ClaimedStep) -> Iterator[None]:
    """Make what a block does a span of the job's trace."""
    context = context_of({"traceparent": step.traceparent} if step.traceparent else {})
    told: dict[str, str | int] = {"clearleaf.job.id": str(step.job_id), "clearleaf.step.attempt": step.attempt}
    told |= {"clearleaf.step.tile": step.tile_id} if step.tile_id else {}
    with tracer.start_as_current_span(
        step.kind, context, SpanKind.CONSUMER, told, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            with about(trace=trace_id()):
                yield
        except Exception as error:
            span.set_status(StatusCode.ERROR, outcome_of(error))  # its message belongs to the log, which hides keys
            raise


def outcome_of(error: Exception) -> str:
    """Return what became of an attempt that ended with an error."""
    return next((name for kind, name in OUTCOMES.items() if isinstance(error, kind)), OUR_OWN)


def _note_gpu(device: str) -> None:
    if not device.startswith("cuda"):
        return
    GPU_MEMORY.labels("peak").set(torch.cuda.max_memory_allocated(device))
    GPU_MEMORY.labels("reserved").set(torch.cuda.memory_reserved(device))
    GPU_MEMORY.labels("total").set(torch.cuda.get_device_properties(device).total_memory)
    torch.cuda.reset_peak_memory_stats(device)
