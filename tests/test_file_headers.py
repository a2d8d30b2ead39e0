"""How files are served: ranges and validators as the RFCs say, and no word of a stranger in control of a header."""

import re
import time
from collections.abc import Iterator
from email.message import Message
from hashlib import sha256
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.jobs.base import Job
from ingest.results import Served, disposition, headers_of
from tests.backdoor import Desk, open_desk, problem

CONTENT = b"0123456789"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(tmp_path_factory.mktemp("headers")) as opened:
        yield opened


@pytest.fixture(scope="module")
def job(desk: Desk) -> Job:
    return desk.back.succeeded(
        desk.back.output("digits.txt", CONTENT),
        desk.back.output("big.bin", b"\0", "application/octet-stream"),
        desk.back.output("page.html", b"<script>alert(1)</script>", "text/html"),
        desk.back.output("drawing.svg", b"<svg/>", "image/svg+xml"),
        desk.back.output("small.webp", b"RIFF", "image/webp", width=3, height=2),
    )


def url(job: Job, name: str) -> str:
    return f"/v1/jobs/{job.id}/files/{name}"


# -- ranges (RFC 9110 §14)

WHOLE = (200, CONTENT, None)
NO_BYTE = (416, None, "bytes */10")


@pytest.mark.parametrize(
    ("asked", "status", "content", "told"),
    [
        ("bytes=0-0", 206, b"0", "bytes 0-0/10"),
        ("bytes=0-9", 206, CONTENT, "bytes 0-9/10"),
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=9-", 206, b"9", "bytes 9-9/10"),
        ("bytes=0-", 206, CONTENT, "bytes 0-9/10"),
        ("bytes=5-999999", 206, b"56789", "bytes 5-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-10", 206, CONTENT, "bytes 0-9/10"),
        ("bytes=-999", 206, CONTENT, "bytes 0-9/10"),
        ("BYTES=1-2", 206, b"12", "bytes 1-2/10"),
        ("bytes= \t1-2", 206, b"12", "bytes 1-2/10"),
        ("bytes=10-", *NO_BYTE),
        ("bytes=10-20", *NO_BYTE),
        ("bytes=999999999999999999-", *NO_BYTE),
        ("bytes=-0", *NO_BYTE),
        ("bytes=4-2", *WHOLE),
        ("bytes=", *WHOLE),
        ("bytes=-", *WHOLE),
        ("bytes=x-y", *WHOLE),
        ("bytes=1", *WHOLE),
        ("bytes=--1", *WHOLE),
        ("bytes=+1-2", *WHOLE),
        ("bytes=1-2-3", *WHOLE),
        ("bytes=0x1-2", *WHOLE),
        ("bytes 1-2", *WHOLE),
        ("lines=1-2", *WHOLE),
        ("", *WHOLE),
        ("bytes=0-1,3-4", *WHOLE),
        ("bytes=0-0,", *WHOLE),
        (f"bytes={'9' * 5000}-", *WHOLE),
    ],
)
def test_a_range_is_answered_as_the_rfc_says(
    desk: Desk, job: Job, asked: str, status: int, content: bytes | None, told: str | None
) -> None:
    answer = desk.client.get(url(job, "digits.txt"), headers={"Range": asked})
    assert (answer.status_code, answer.headers.get("content-range")) == (status, told)
    if status == 416:
        assert problem(answer) == (416, "range_not_satisfiable")
        assert answer.json()["size"] == 10
    else:
        assert answer.content == content
        assert answer.headers["content-length"] == str(len(answer.content))
        assert answer.headers["etag"] == f'"{sha256(CONTENT).hexdigest()}"'


def test_ten_thousand_ranges_get_the_whole_file_and_cost_nothing(desk: Desk, job: Job) -> None:
    """As many as a header may hold; the bound is 5 ms a request, the best of a few on a shared machine."""
    many = "bytes=" + ",".join(f"{n % 10}-{n % 10}" for n in range(10_000))
    took = []
    for _ in range(5):
        started = time.perf_counter()
        answer = desk.client.get(url(job, "digits.txt"), headers={"Range": many})
        took.append(time.perf_counter() - started)
        assert answer.status_code in (200, 431)
    plain = time.perf_counter()
    assert desk.client.get(url(job, "digits.txt")).status_code == 200
    assert min(took) < 0.005 + (time.perf_counter() - plain)


def test_if_range_gives_the_part_of_the_same_file_and_the_whole_of_another(desk: Desk, job: Job) -> None:
    tag = f'"{sha256(CONTENT).hexdigest()}"'

    def status(condition: str) -> int:
        headers = {"Range": "bytes=0-1", "If-Range": condition}
        return desk.client.get(url(job, "digits.txt"), headers=headers).status_code

    assert status(tag) == 206
    assert [status(other) for other in (f"W/{tag}", '"other"', "Sat, 29 Oct 1994 19:43:31 GMT", "*")] == [200] * 4


def test_whoever_has_the_file_gets_304_even_if_a_range_is_asked_for(desk: Desk, job: Job) -> None:
    tag = f'"{sha256(CONTENT).hexdigest()}"'
    for condition in (tag, f"W/{tag}", f'"a", "b", {tag}', "*"):
        answer = desk.client.get(url(job, "digits.txt"), headers={"If-None-Match": condition, "Range": "bytes=0-1"})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert desk.client.get(url(job, "digits.txt"), headers={"If-None-Match": '"other"'}).status_code == 200


# -- what strangers put into names, types and files


@pytest.mark.parametrize(
    ("name", "how"),
    [("page.html", "attachment"), ("drawing.svg", "attachment"), ("big.bin", "attachment"), ("small.webp", "inline")],
)
def test_nothing_that_could_run_is_shown_inline(desk: Desk, job: Job, name: str, how: str) -> None:
    answer = desk.client.get(url(job, name))
    assert answer.headers["content-disposition"] == f'{how}; filename="{name}"'
    assert "sandbox" in answer.headers["content-security-policy"]


NAMES = [
    "photo.jpg",
    'quo"te\\back.txt',
    "a\r\nSet-Cookie: x=1\r\n\r\n<script>.txt",
    "Grüße aus Köln.txt",
    "写真.jpg",
    "100%.txt",
    "; filename=evil.exe",
    "\u202egpj.exe",
    "x" * 4096 + ".txt",
    "é" * 2048 + ".txt",
    "\ud800lone.txt",
    "../../etc/passwd",
    "",
    "\x00\x7f",
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:24])
def test_a_name_comes_out_as_one_header_that_browsers_understand(name: str) -> None:
    check_disposition(disposition("attachment", name))


@given(st.text(max_size=300))
def test_no_name_at_all_breaks_the_header(name: str) -> None:
    check_disposition(disposition("attachment", name))


def check_disposition(header: str) -> None:
    """RFC 6266: one disposition, a quoted ASCII name, and the real one in UTF-8 where that differs."""
    assert re.fullmatch(
        r"attachment; filename=\"[ !#-\[\]-~]+\"(; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]+)?", header
    )
    assert len(header) < 1200
    message = Message()
    message["Content-Disposition"] = header
    assert message.get_filename()


def test_the_real_name_survives_beside_the_plain_one() -> None:
    header = disposition("attachment", "Grüße aus Köln.txt")
    assert header.startswith('attachment; filename="Grue aus Koln.txt"; ')
    assert unquote(header.partition("UTF-8''")[2]) == "Grüße aus Köln.txt"
    assert disposition("inline", "写真.jpg").startswith('inline; filename="file.jpg"; ')


def test_a_file_of_a_dangerous_name_is_served_with_no_header_too_many(desk: Desk) -> None:
    for name in NAMES:
        dropped = desk.back.drop(CONTENT, name=name.encode(errors="replace").decode())
        answer = desk.client.get(url(dropped, "original"))
        assert answer.content == CONTENT
        assert "set-cookie" not in answer.headers
        assert len(answer.headers.get_list("content-disposition")) == 1


@pytest.mark.parametrize("media_type", ["text/html\r\nX: 1", "", "image/png\n", 'text/plain; charset="a"', "ü/ü"])
def test_a_media_type_that_is_none_becomes_bytes(media_type: str) -> None:
    headers = headers_of(Served("x", media_type, 1, "00" * 32, "key"))
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")
