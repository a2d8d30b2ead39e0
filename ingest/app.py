"""The web application: routers, error handlers, lifespan. Holds no logic."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from ingest import __version__, apidocs, events, health, lookup, lookup_page, pages, refusal, results, status, upload
from ingest.errors import Problem
from ingest.feed import Feed
from ingest.jobs.base import StoreBusy
from ingest.search.base import IndexUnavailable
from ingest.wiring import House
from storage.base import StorageError


def create_app(house: House) -> FastAPI:
    app = FastAPI(
        title="Dropoff",
        version=__version__,
        summary="Drop a file off, get a ticket, watch the job.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would come before any look at the Host
        lifespan=_lifespan,
    )
    app.state.house = house
    app.state.feed = Feed(house.jobs)
    for station in (upload, status, events, results, lookup, pages, lookup_page, health, apidocs):
        app.include_router(station.router)
    app.mount("/static", StaticFiles(packages=[("ingest", "static")]), name="static")
    app.add_exception_handler(Problem, refusal.on_problem)
    app.add_exception_handler(RequestValidationError, refusal.on_invalid_request)
    app.add_exception_handler(HTTPException, refusal.on_http_exception)
    app.add_exception_handler(StorageError, refusal.on_storage_error)
    app.add_exception_handler(StoreBusy, refusal.on_store_busy)
    app.add_exception_handler(IndexUnavailable, refusal.on_index_unavailable)
    app.add_exception_handler(Exception, refusal.on_mistake)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with app.state.feed:
        yield
