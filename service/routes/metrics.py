"""What Prometheus asks for: requests, and how the job book stands."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import REGISTRY, CollectorRegistry, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from jobs.api_keys import Scope
from jobs.book_metrics import BookCollector
from jobs.store import JobStore
from service.auth import needs
from service.dependencies import GivenParts

router = APIRouter(tags=["operation"])


def registry_of(jobs: JobStore) -> CollectorRegistry:
    """Return what this process counts, and how its job book stands."""
    disable_created_metrics()  # a second series for each that nobody asks for
    registry = CollectorRegistry()
    registry.register(REGISTRY)
    registry.register(BookCollector(jobs.database))
    return registry


# A plain `def`: the job book is asked, and only the thread pool may wait for it.
@router.get("/metrics", include_in_schema=False)
@needs(Scope.METRICS)
def metrics(request: Request, parts: GivenParts) -> Response:
    """Show the metrics of this process."""
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(parts.registry), media_type=media_type)
