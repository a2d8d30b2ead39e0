"""The multipart parser: golden requests with the expected answer beside each, fed whole, byte by byte and at random."""

import json
import time
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import Problem
from ingest.form import Field, FileBegun, FileEnded, FormReader, RawReader
from ingest.parts import MAX_HEADER_BYTES, PIECE_BYTES, boundary, media_type

REQUESTS = Path(__file__).parent / "data" / "requests"
NAMES = sorted(path.stem for path in REQUESTS.glob("*.http"))
MAX_PARTS = 4
MAX_FIELD_BYTES = 4096


def request(name: str) -> tuple[str, bytes]:
    """The Content-Type and the body."""
    head, _, body = (REQUESTS / f"{name}.http").read_bytes().partition(b"\r\n\r\n")
    return head.decode("latin-1").removeprefix("Content-Type: "), body


def reading(content_type: str, chunks: Iterable[bytes]) -> dict[str, Any]:
    """All that the reader makes of a body, up to the problem if there is one."""
    fields: dict[str, str] = {}
    file: dict[str, Any] = {}
    digest = sha256()
    problem = None
    try:
        reader = FormReader(boundary(content_type), max_parts=MAX_PARTS, max_field_bytes=MAX_FIELD_BYTES)
        for event in (event for events in fed(reader, chunks) for event in events):
            match event:
                case Field(name, value):
                    fields[name] = value
                case FileBegun(name, claimed):
                    file = {"name": name, "media_type": claimed, "size": 0}
                case memoryview():
                    file["size"] += len(event)
                    digest.update(event)
                case FileEnded():
                    file["ended"] = True
    except Problem as found:
        problem = found.code
    return {"fields": fields, "file": {**file, "sha256": digest.hexdigest()}, "problem": problem}


def answer(content_type: str, chunks: Iterable[bytes]) -> dict[str, Any]:
    """The reading as the JSON beside a golden request has it."""
    read = reading(content_type, chunks)
    if read["problem"] is not None:
        return {"problem": read["problem"]}
    assert read["file"].pop("ended")
    return {"fields": read["fields"], "file": read["file"]}


def fed(reader: FormReader | RawReader, chunks: Iterable[bytes]) -> Iterator[Iterator[Any]]:
    for chunk in chunks:
        yield reader.feed(chunk)
    yield reader.end()


def expected(name: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((REQUESTS / f"{name}.json").read_text())
    return answer


def split(body: bytes, places: Iterable[int]) -> list[bytes]:
    cuts = [0, *sorted(places), len(body)]
    return [body[start:end] for start, end in pairwise(cuts)]


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_request_fed_whole_gives_its_answer(name: str) -> None:
    content_type, body = request(name)
    assert answer(content_type, [body]) == expected(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_request_fed_byte_by_byte_gives_the_same_answer(name: str) -> None:
    content_type, body = request(name)
    assert answer(content_type, (body[i : i + 1] for i in range(len(body)))) == expected(name)


@pytest.mark.parametrize("name", [name for name in NAMES if len(request(name)[1]) < 3000])
def test_a_golden_request_cut_in_two_anywhere_gives_the_same_answer(name: str) -> None:
    content_type, body = request(name)
    answers = [answer(content_type, split(body, [cut])) for cut in range(len(body) + 1)]
    assert all(one == expected(name) for one in answers)


@given(st.data())
def test_a_golden_request_cut_at_random_gives_the_same_answer(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    content_type, body = request(name)
    places = data.draw(st.lists(st.integers(0, len(body)), max_size=20))
    assert answer(content_type, split(body, places)) == expected(name)


PIECES = [
    b"\r\n",
    b"\r",
    b"\n",
    b"--",
    b"-",
    b"--B",
    b"\r\n--B",
    b"\r\n--B--",
    b"--B\r\n",
    b" ",
    b"\t",
    b":",
    b"\xfd",
    b"x",
    b'Content-Disposition: form-data; name="file"; filename="f"\r\n',
    b'Content-Disposition: form-data; name="params"\r\n',
    b"Content-Type: text/plain\r\n",
    b"\r\n\r\n",
    b"B",
    b"y" * 200,
]
HEAD = b'--B\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'


@given(
    st.sampled_from([b"", HEAD, HEAD + b"data\r\n--B", b"--B\r\nX:"]),
    st.lists(st.sampled_from(PIECES), max_size=15),
    st.data(),
)
def test_no_split_changes_what_a_malformed_body_is_told(start: bytes, pieces: list[bytes], data: st.DataObject) -> None:
    content_type = "multipart/form-data; boundary=B"
    body = start + b"".join(pieces)
    whole = reading(content_type, [body])
    assert reading(content_type, (body[i : i + 1] for i in range(len(body)))) == whole
    places = data.draw(st.lists(st.integers(0, len(body)), max_size=5))
    assert reading(content_type, split(body, places)) == whole


@pytest.mark.parametrize("blanks", [PIECE_BYTES - 200, PIECE_BYTES + 1, 2 * PIECE_BYTES + 100])
@pytest.mark.parametrize("step", [1 << 30, PIECE_BYTES, 100_003, 4096])
@pytest.mark.parametrize("where", ["header", "padding"])
def test_blanks_that_never_end_are_refused_however_they_come(where: str, blanks: int, step: int) -> None:
    """python-multipart would skip them one by one for ever."""
    head = b'Content-Disposition: form-data; name="file"; filename="f"\r\n'
    run = b" " * blanks
    body = {
        "header": b"--B\r\nX:" + run + b"y\r\n" + head + b"\r\nz\r\n--B--",
        "padding": b"--B\r\n"
        + head.replace(b"file", b"params")
        + b"\r\nz\r\n--B"
        + run
        + b"\r\n"
        + head
        + b"\r\nz\r\n--B--",
    }[where]
    chunks = [body[i : i + step] for i in range(0, len(body), step)]
    outcome = answer("multipart/form-data; boundary=B", chunks)
    assert outcome.get("problem") == ("malformed_multipart" if blanks > PIECE_BYTES else None)


def test_file_bytes_are_passed_on_without_a_copy() -> None:
    reader = FormReader(b"B", max_parts=MAX_PARTS, max_field_bytes=MAX_FIELD_BYTES)
    chunk = HEAD + b"z" * 1000
    view = next(event for event in reader.feed(chunk) if isinstance(event, memoryview))
    assert view.obj is chunk


def test_a_large_file_is_read_at_memory_speed() -> None:
    """64 MiB in the chunks that a socket gives: nothing looks at them byte by byte."""
    reader = FormReader(b"B", max_parts=MAX_PARTS, max_field_bytes=MAX_FIELD_BYTES)
    chunk = b"z" * PIECE_BYTES
    list(reader.feed(HEAD))
    started = time.process_time()
    total = sum(len(view) for _ in range(256) for view in reader.feed(chunk) if isinstance(view, memoryview))
    assert time.process_time() - started < 0.5
    list(reader.feed(b"\r\n--B--"))
    assert total == 256 * PIECE_BYTES


@pytest.mark.parametrize("line", [b"X: " + b"y" * (1 << 20), b"X" * (1 << 20) + b": y", b"\r" * (1 << 20)])
def test_an_endless_part_header_is_refused_before_it_is_collected(line: bytes) -> None:
    body = b"--B\r\n" + line
    fed_bytes = 0

    def chunks() -> Iterator[bytes]:
        nonlocal fed_bytes
        while True:
            fed_bytes += 4096
            yield body[fed_bytes - 4096 : fed_bytes]

    outcome = answer("multipart/form-data; boundary=B", chunks())
    assert outcome["problem"] in {"part_header_too_large", "malformed_multipart"}
    assert fed_bytes <= 2 * MAX_HEADER_BYTES


def test_the_events_before_a_problem_come_first() -> None:
    """So a refusal of the file itself, which comes earlier in the body, is the answer whatever follows it."""
    reader = FormReader(b"B", max_parts=MAX_PARTS, max_field_bytes=MAX_FIELD_BYTES)
    events = reader.feed(HEAD + b"x\r\n--B\r\nnonsense\r\n")
    assert [next(events) for _ in range(3)] == [FileBegun("f", None), b"x", FileEnded()]
    with pytest.raises(Problem):
        next(events)


def test_a_raw_body_is_one_file() -> None:
    reader = RawReader("a.txt", "text/plain")
    assert [*reader.feed(b"x"), *reader.feed(b""), *reader.feed(b"y"), *reader.end()] == [
        FileBegun("a.txt", "text/plain"),
        b"x",
        b"y",
        FileEnded(),
    ]


def test_an_empty_raw_body_is_an_empty_file() -> None:
    assert list(RawReader("", None).end()) == [FileBegun("", None), FileEnded()]


@pytest.mark.parametrize(
    ("header", "read"),
    [
        ("text/plain", "text/plain"),
        ("Image/JPEG; q=1", "image/jpeg"),
        (" application/vnd.x+json ;a=b", "application/vnd.x+json"),
        ("", None),
        ("text", None),
        ("text/", None),
        ("text/plain garbage", None),
        ("text/pl\u00e4in", None),
        ("text/plain; " + "a" * 1024, None),
    ],
)
def test_a_media_type_is_read_or_not(header: str, read: str | None) -> None:
    assert media_type(header) == read


@pytest.mark.parametrize("attack", ['; !="' + '\\"' * 32768, ";" * 65536, '; a="' * 13000, "a" * 65536, " " * 65536])
def test_a_hostile_content_type_costs_no_time(attack: str) -> None:
    """CVE-2024-24762: 64 KiB of quotes took minutes."""
    started = time.process_time()
    assert media_type("multipart/form-data" + attack) is None
    assert time.process_time() - started < 0.01
