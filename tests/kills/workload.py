"""Clients that drop files off over HTTP, without a pause, while everything around them dies."""

import json
import random
import threading
import time
from collections.abc import Iterator

import httpx

from tests.kills.ledger import Ledger, Ticket
from tests.kills.payloads import Payload, payload

OUTSTANDING = 12  # so many jobs a client waits for at most; the fewer, the sooner it drops off the next file
TERMINAL = frozenset({"succeeded", "failed", "cancelled"})
TIMEOUT = httpx.Timeout(30.0)
BOUNDARY = "a-boundary-of-our-own"
CANCEL_SHARE = 0.1
SLOW_SHARE = 0.3
SLOW_PIECES = 5
SLOW_PAUSE_SECONDS = 0.03

# 503: the server said that it can't now, which is honest.
UPLOAD_ANSWERS = frozenset({503})
READ_ANSWERS = frozenset({200, 304, 503})
# 404 and 410: a delete whose first answer was lost. 409: cancelled too late, or deleted too early.
CHANGE_ANSWERS = frozenset({200, 202, 204, 404, 409, 410, 503})
GONE = frozenset({404, 410})


class Gate:
    """Where the server is now; clients wait here while it is down."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._url: str | None = None
        self._closed = False
        self._waiting = 0

    def open(self, url: str) -> None:
        with self._changed:
            self._url = url
            self._changed.notify_all()

    def shut(self) -> None:
        with self._changed:
            self._url = None

    def close(self) -> None:
        """Send the clients home."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait(self) -> str | None:
        """The server's address as soon as it is up; None when it is time to go."""
        with self._changed:
            self._waiting += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed or self._url is not None)
            self._waiting -= 1
            return None if self._closed else self._url

    def wait_for_idle(self, clients: int, seconds: float) -> bool:
        """Until all clients stand here, with no request under way."""
        with self._changed:
            return self._changed.wait_for(lambda: self._waiting == clients, seconds)


class Client(threading.Thread):
    """One client: uploads, waits, sometimes cancels, sometimes deletes. What it was told is in the ledger."""

    def __init__(self, name: str, gate: Gate, ledger: Ledger, seed: str) -> None:
        super().__init__(name=name, daemon=True)
        self._gate = gate
        self._ledger = ledger
        self._dice = random.Random(seed)
        self._outstanding: list[Ticket] = []

    def run(self) -> None:
        while (url := self._gate.wait()) is not None:
            with connect(url) as http:
                self._visit(http, url)

    def _visit(self, http: httpx.Client, url: str) -> None:
        """Until the server has moved. A broken connection is what this is all about."""
        while self._gate.wait() == url:
            try:
                self._turn(http)
            except httpx.TransportError:
                continue

    def _turn(self, http: httpx.Client) -> None:
        if self._dice.random() < 0.2 and (ticket := self._ledger.dispose()) is not None:
            self._remove(http, ticket)
        elif self._dice.random() > len(self._outstanding) / OUTSTANDING:
            self._upload(http)
            if self._outstanding and self._dice.random() < CANCEL_SHARE:
                self._cancel(http, self._dice.choice(self._outstanding))
        else:
            self._await(http, self._outstanding[0])

    def _upload(self, http: httpx.Client) -> None:
        file = payload(self._ledger.next_number())
        try:
            answer = drop(http, file, slowly=self._dice.random() < SLOW_SHARE)
        except httpx.ConnectError:
            raise  # nobody was there: nothing was dropped off
        except httpx.TransportError:
            self._ledger.broken_off()
            raise
        if answer.status_code == httpx.codes.ACCEPTED:
            self._outstanding.append(self._ledger.promised(answer.json()["id"], file))
        else:
            self._note("upload", answer, UPLOAD_ANSWERS)

    def _await(self, http: httpx.Client, ticket: Ticket) -> None:
        answer = http.get(f"/v1/jobs/{ticket.job_id}", params={"wait": 0.2})
        self._note("poll", answer, READ_ANSWERS | GONE if ticket.wants_delete else READ_ANSWERS)
        if not answer.is_success:
            self._outstanding.remove(ticket)  # the invariants will find out what became of it
        elif answer.json()["state"] in TERMINAL:
            self._outstanding.remove(ticket)
            if self._dice.random() < 0.05:
                self._remove(http, ticket)

    def _cancel(self, http: httpx.Client, ticket: Ticket) -> None:
        ticket.wants_cancel = True
        self._note("cancel", http.post(f"/v1/jobs/{ticket.job_id}/cancel"), CHANGE_ANSWERS)

    def _remove(self, http: httpx.Client, ticket: Ticket) -> None:
        ticket.wants_delete = True
        self._note("delete", http.delete(f"/v1/jobs/{ticket.job_id}"), CHANGE_ANSWERS)

    def _note(self, what: str, answer: httpx.Response, allowed: frozenset[int]) -> None:
        code = answer.json().get("code", "") if answer.is_error else ""
        self._ledger.answered(what, answer.status_code, code, allowed)


def connect(url: str) -> httpx.Client:
    """A connection pool of its own; without TLS, whose certificates would take longer to load than a file to upload."""
    return httpx.Client(base_url=url, timeout=TIMEOUT, verify=False)


def drop(http: httpx.Client, file: Payload, slowly: bool = False) -> httpx.Response:
    """Upload as multipart, in one go or in pieces with pauses."""
    body = _form(file)
    size = len(body) // SLOW_PIECES + 1
    return http.post(
        f"/v1/ingest/{file.kind}",
        content=_pieces(body, size) if slowly else body,
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Content-Length": str(len(body))},
    )


def _form(file: Payload) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="params"\r\n\r\n{json.dumps(dict(file.params))}\r\n'
    head += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
    return head.encode() + file.data + f"\r\n--{BOUNDARY}--\r\n".encode()


def _pieces(body: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        if start:
            time.sleep(SLOW_PAUSE_SECONDS)
        yield body[start : start + size]
