"""Who may come in: the Host that is meant, the API key, and no page of another site. For routes, as dependencies.

Any web page can make its visitor's browser send requests to 127.0.0.1. A page of another site is told by `Origin` and
`Sec-Fetch-Site`; one that had its own name point here (DNS rebinding), by `Host`.
"""

import base64
import binascii
import hmac
import re
from contextlib import suppress

from fastapi import Depends, Request
from starlette.datastructures import Headers

from ingest.errors import Problem
from ingest.settings import LOOPBACK, Settings, listed

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9_])?\.?)(?::(\d{0,5}))?")
_CHALLENGES = 'Bearer realm="dropoff", Basic realm="dropoff", charset="UTF-8"'


def host_name(headers: Headers) -> str:
    """The name in the one sane Host header, in lower case and without port and brackets."""
    hosts = headers.getlist("host")
    found = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
    if found is None:
        raise Problem("bad_host", "A request needs exactly one Host header that names a host")
    return found[1].strip("[]").rstrip(".").lower()


def check_host(headers: Headers, settings: Settings) -> None:
    """On loopback without a key, nothing but the Host stands between this server and a rebound name."""
    name = host_name(headers)
    is_open = settings.host in LOOPBACK and not settings.api_key
    if is_open and name not in {*LOOPBACK, settings.host, *(host.lower() for host in listed(settings.hosts))}:
        raise Problem("bad_host", f"{name!r} is not a name of this server: DROPOFF_HOSTS may add it", host=name)


def check_key(headers: Headers, settings: Settings) -> None:
    if not settings.api_key:
        return
    for given in headers.getlist("authorization"):
        if hmac.compare_digest(_key_of(given), settings.api_key.encode()):
            return
    words = "Send the API key as `Authorization: Bearer KEY`, or as the password of Basic authentication"
    raise Problem("unauthorized", words, headers={"WWW-Authenticate": _CHALLENGES})


def _key_of(authorization: str) -> bytes:
    """The key in an Authorization header; empty if there is none. Basic is what a browser asks its user for."""
    scheme, _, credentials = authorization.partition(" ")
    given = credentials.strip(" \t").encode("latin-1")  # the bytes that came
    if scheme.lower() == "bearer":
        return given
    if scheme.lower() == "basic":
        with suppress(binascii.Error):
            return base64.b64decode(given, validate=True).partition(b":")[2]
    return b""


def check_same_site(headers: Headers) -> None:
    """Programs send neither header. Browsers send one of them, or both, with every form and every fetch."""
    if headers.get("sec-fetch-site", "none") in ("cross-site", "same-site"):
        raise Problem("cross_site", "This request comes from a page of another site")
    for origin in headers.getlist("origin"):
        scheme, _, authority = origin.lower().partition("://")
        if _with_port(scheme, authority) != _with_port(scheme, headers.get("host", "").lower()):
            raise Problem("cross_site", "This request comes from a page of another site")


def _with_port(scheme: str, authority: str) -> str:
    if authority.rpartition("]")[2].find(":") >= 0:
        return authority
    return f"{authority}:{'443' if scheme == 'https' else '80'}"


async def require_host(request: Request) -> None:
    check_host(request.headers, request.app.state.house.settings)


async def require_key(request: Request) -> None:
    check_key(request.headers, request.app.state.house.settings)


async def refuse_cross_site(request: Request) -> None:
    check_same_site(request.headers)


# For `APIRouter(dependencies=...)`. Routes that change something add `refuse_cross_site`.
READ = [Depends(require_host), Depends(require_key)]
