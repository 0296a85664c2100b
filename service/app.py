"""The front desk, put together: an app that is given its parts and builds none of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from jobs.queue import JobQueue
from jobs.signing import Signer
from jobs.storage import Storage
from jobs.store import JobStore
from service import errors
from service.dependencies import Parts
from service.example import example_order
from service.extents import Extents
from service.headers import SecurityHeaders
from service.openapi import DESCRIPTION, TITLE, describer
from service.order_schema import order_schema
from service.rasters import Rasters
from service.routes import health, landing, page, pictures, processes, results, series, stac, tiles, values
from service.routes import jobs as job_routes
from service.settings import ApiSettings
from service.waker import Waker


def create_app(jobs: JobStore, queue: JobQueue, storage: Storage, signer: Signer, settings: ApiSettings) -> FastAPI:
    """Return the API over these parts; every link it gives begins with the configured public URL."""
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
    )
    app.state.parts = Parts(jobs, waker, storage, signer, settings, Extents(settings.catalogs), Rasters(storage))
    routers = [page.pages, page.router]  # first: what they do not match is for the doors of the same paths
    routers += [landing.router, health.router, processes.router, job_routes.router, results.router, stac.router]
    routers += [series.router, tiles.router, values.router, pictures.router]
    for router in routers:
        app.include_router(router)
    errors.install(app, routers)
    app.add_middleware(SecurityHeaders)
    _allow_browsers(app)
    order = order_schema(settings.limits, tuple(settings.catalogs), settings.default_catalog)
    app.openapi = describer(app, order, partial(example_order, app.state.parts))  # type: ignore[method-assign]  # FastAPI's own way
    return app


def _allow_browsers(app: FastAPI) -> None:
    """Let pages of any origin ask and read; no credentials travel with their requests."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "POST", "DELETE"],
        allow_headers=[
            "Authorization",
            "Idempotency-Key",
            "If-None-Match",
            "If-Range",
            "Last-Event-ID",
            "Prefer",
            "Range",
        ],
        expose_headers=["Location", "ETag", "Retry-After", "Link", "Content-Range", "Accept-Ranges"],
    )
