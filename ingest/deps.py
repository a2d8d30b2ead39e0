"""What a route touches, visible in its signature. Coroutines, since FastAPI would send a function through a thread."""

from typing import Annotated

from fastapi import Depends, Request

from ingest.dispatch.base import Dispatch
from ingest.feed import Feed
from ingest.jobs.base import JobStore
from ingest.wiring import House
from storage.base import FileStore


async def _house(request: Request) -> House:
    house: House = request.app.state.house
    return house


async def _feed(request: Request) -> Feed:
    feed: Feed = request.app.state.feed
    return feed


HouseDep = Annotated[House, Depends(_house)]
FeedDep = Annotated[Feed, Depends(_feed)]


async def _files(house: HouseDep) -> FileStore:
    return house.files


async def _jobs(house: HouseDep) -> JobStore:
    return house.jobs


async def _dispatch(house: HouseDep) -> Dispatch:
    return house.dispatch


Files = Annotated[FileStore, Depends(_files)]
Jobs = Annotated[JobStore, Depends(_jobs)]
DispatchDep = Annotated[Dispatch, Depends(_dispatch)]
