"""A web process: uvicorn on the socket that the supervisor has bound."""

import argparse
import gc
import logging
import os
import resource
import signal
import socket
import sys

import uvicorn
from fastapi import FastAPI

from ingest import logs
from ingest.app import create_app
from ingest.leash import DRAIN, STOP, Leash
from ingest.settings import Settings
from ingest.wire import protocol_class
from ingest.wiring import open_house

log = logging.getLogger("ingest.web_process")  # __name__ is __main__ here

KEEP_ALIVE_SECONDS = 15
FAREWELL_SECONDS = 5  # for requests that are under way when the listener closes
# How long the loop may keep threads from the interpreter that have files to sync; Python's own 5 ms are too long.
SWITCH_SECONDS = 0.0005


def server_for(app: FastAPI, settings: Settings) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http=protocol_class(settings),
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=FAREWELL_SECONDS,
    )
    return uvicorn.Server(config)


def allow_many_connections() -> None:
    """Every connection is a descriptor, and the usual soft limit of 1,024 is for programs that use select(2)."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--socket", type=int, required=True)
    arguments.add_argument("--leash", type=int, required=True)
    given = arguments.parse_args()
    settings = Settings.from_env()
    logs.set_up(settings.log_format, settings.log_level)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    allow_many_connections()
    listener = socket.socket(fileno=given.socket)
    os.set_inheritable(given.leash, False)
    house = open_house(settings, "web")
    app = create_app(house)
    server = server_for(app, settings)
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()  # what the imports have left is no garbage: don't look through it again and again

    def drain() -> None:
        house.draining = True
        app.state.feed.close_soon()

    def stop() -> None:
        server.should_exit = True

    Leash(given.leash, on={DRAIN: drain, STOP: stop}, on_gone=lambda: os._exit(1))
    server.run(sockets=[listener])
    house.close()


if __name__ == "__main__":
    main()
