"""The front desk, put together: an app that is given its parts and builds none of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from fastapi import Depends, FastAPI

from jobs.api_keys import KeyBook
from jobs.key_ring import KeyRing
from jobs.queue import JobQueue
from jobs.signing import Signer
from jobs.storage import Storage
from jobs.store import JobStore
from service import errors, origins
from service.auth import Doorkeeper
from service.crowded import Crowded
from service.dependencies import Parts
from service.example import example_order
from service.extents import Extents
from service.head import Heads
from service.headers import SecurityHeaders
from service.observed import Observed
from service.openapi import DESCRIPTION, TITLE, describer
from service.order_schema import order_schema
from service.rasters import Rasters
from service.readiness import Readiness
from service.routes import (
    estimate,
    health,
    landing,
    metrics,
    page,
    pictures,
    processes,
    results,
    series,
    stac,
    tiles,
    values,
)
from service.routes import jobs as job_routes
from service.scene_counts import SceneCounts
from service.settings import ApiSettings
from service.waiting import Waiting
from service.waker import Waker
from service.web_files import read_all

_NO_TELEMETRY: Any = {"auto_configure": False, "tracing": False, "metrics": False, "logs": False}
"""FastAPI's own spans would tell the queries of URLs, signatures included; `Observed` makes ours."""


def create_app(jobs: JobStore, queue: JobQueue, storage: Storage, signer: Signer, settings: ApiSettings) -> FastAPI:
    """Return the API over these parts; every link it gives begins with the configured public URL."""
    doorkeeper = Doorkeeper(settings, KeyRing(KeyBook(jobs.database)))
    waker = Waker(jobs, queue, settings.wake_window)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        waker.close()

    app = FastAPI(
        title=TITLE,
        description=DESCRIPTION,
        version=version("clearleaf"),
        openapi_url=None,  # routes/landing.py serves it, under the type that its link promises
        docs_url=None,  # the framework's pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # a redirect would be built from the request, not from the public URL
        lifespan=lifespan,
        dependencies=[Depends(doorkeeper.admit)],  # of every route, before its own
        telemetry=_NO_TELEMETRY,
    )
    extents, registry = Extents(settings.catalogs), metrics.registry_of(jobs)
    counts = SceneCounts(settings.catalogs)
    read_all()
    rasters, waiting, crowded = Rasters(storage), Waiting(jobs, settings), Crowded.shared(by_tenants=settings.guarded)
    readiness = Readiness(jobs)
    app.state.parts = Parts(
        jobs, waker, storage, signer, settings, extents, rasters, registry, counts, waiting, crowded, readiness
    )
    routers = [page.pages, page.router]  # first: what they do not match is for the doors of the same paths
    routers += [landing.router, health.router, processes.router, job_routes.router, results.router, stac.router]
    routers += [estimate.router, series.router, tiles.router, values.router, pictures.router, metrics.router]
    for router in routers:
        app.include_router(router)
    errors.install(app, routers)
    app.add_middleware(Heads, routers=routers)
    app.add_middleware(SecurityHeaders)
    origins.install(app, settings)
    app.add_middleware(Observed)  # outside the others: what they answer themselves counts, too
    order = order_schema(settings.limits, tuple(settings.catalogs), settings.default_catalog)
    app.openapi = describer(app, routers, order, partial(example_order, app.state.parts), settings)  # type: ignore[method-assign]  # FastAPI's own way
    return app
