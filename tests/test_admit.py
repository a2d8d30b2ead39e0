"""What a head alone decides, in which order, and that nothing of the body was touched for it."""

import asyncio
from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request
from starlette.types import Message

from ingest.admit import Admission, admit
from ingest.app import create_app
from ingest.errors import Problem
from ingest.form import FormReader, RawReader
from ingest.settings import Settings
from ingest.wiring import House
from tests.asgi import FORM, scope_of
from tests.house import opened_house

MIB = 1 << 20
SHA256 = "sha-256=:" + "A" * 43 + "=:"
Line = tuple[str, str]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    with opened_house(tmp_path_factory.mktemp("house"), "web") as house:
        yield create_app(house)


@pytest.fixture
def house(app: FastAPI) -> Iterator[House]:
    house: House = app.state.house
    settings = house.settings
    yield house
    house.settings, house.draining = settings, False


async def _no_body() -> Message:
    raise AssertionError("the body was asked for")


def admitted(app: FastAPI, *headers: Line, target: str = "/v1/ingest/auto", host: str = "127.0.0.1") -> Admission:
    scope = scope_of(app, "POST", target, *headers, host=host)
    return asyncio.run(admit(Request(scope, _no_body)))


def refusal(app: FastAPI, *headers: Line, target: str = "/v1/ingest/auto", host: str = "127.0.0.1") -> Problem:
    with pytest.raises(Problem) as refused:
        admitted(app, *headers, target=target, host=host)
    return refused.value


def with_settings(house: House, **settings: object) -> None:
    house.settings = house.settings.model_copy(update=settings)


def test_a_form_is_read_as_a_form_and_promises_its_whole_body(app: FastAPI) -> None:
    admission = admitted(app, FORM, ("content-digest", SHA256), ("repr-digest", SHA256))
    assert isinstance(admission.reader, FormReader)
    assert [digest.source for digest in admission.of_body] == ["Content-Digest", "Repr-Digest"]
    assert admission.of_file == ()


@pytest.mark.parametrize("headers", [[], [("content-type", "image/png")], [("content-type", "text/plain; charset=x")]])
def test_any_other_body_is_the_file(app: FastAPI, headers: list[Line]) -> None:
    admission = admitted(app, *headers, ("repr-digest", SHA256), ("content-length", "5"))
    assert isinstance(admission.reader, RawReader)
    assert [digest.source for digest in admission.of_file] == ["Repr-Digest"]
    assert admission.of_body == ()


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([("content-encoding", "gzip")], "content_encoding"),
        ([("content-encoding", "identity"), ("content-encoding", "br")], "content_encoding"),
        ([("content-type", "")], "malformed_content_type"),
        ([("content-type", "text/plain"), ("content-type", "text/html")], "malformed_content_type"),
        ([("content-type", "application/x-www-form-urlencoded")], "unsupported_media_type"),
        ([("content-type", "multipart/related; boundary=x")], "unsupported_media_type"),
        ([("content-type", "multipart/form-data")], "malformed_multipart"),
        ([("content-length", "")], "bad_length"),
        ([("content-length", "+5")], "bad_length"),
        ([("content-length", "5, 5")], "bad_length"),
        ([("content-length", "\u0665".encode().decode("latin-1"))], "bad_length"),
        ([("content-length", "5"), ("content-length", "5")], "bad_length"),
        ([("content-length", "5"), ("transfer-encoding", "chunked")], "bad_length"),
        ([("content-length", str(6 << 30))], "file_too_large"),
        ([FORM, ("content-length", str(6 << 30))], "file_too_large"),
        ([("repr-digest", "nonsense")], "malformed_digest"),
        ([("idempotency-key", "1")], "unsupported_option"),
        ([("content-range", "bytes 50-99/100")], "unsupported_option"),
        ([("prefer", "respond-async, wait=10")], "unsupported_option"),
        ([("prefer", "Wait = 10")], "unsupported_option"),
        ([("origin", "http://evil.example")], "cross_site"),
    ],
)
def test_a_head_is_refused_with_its_code(app: FastAPI, headers: list[Line], code: str) -> None:
    assert refusal(app, *headers).code == code


@pytest.mark.parametrize("option", ["priority=1", "reuse=auto", "expires_after=60", "validate_only="])
def test_an_option_of_later_is_refused_and_not_ignored(app: FastAPI, option: str) -> None:
    assert refusal(app, target=f"/v1/ingest/auto?{option}").extra == {"field": option.partition("=")[0]}


def test_other_preferences_are_none_of_our_business(app: FastAPI) -> None:
    admitted(app, ("prefer", "respond-async; waiting=1"))


def test_an_encoded_body_is_told_what_is_accepted(app: FastAPI) -> None:
    assert refusal(app, ("content-encoding", "gzip")).headers == {"Accept-Encoding": "identity"}


def test_the_limit_is_the_file_s_and_a_form_may_be_a_little_longer(app: FastAPI, house: House) -> None:
    with_settings(house, max_file_bytes=100)
    assert refusal(app, ("content-length", "101")).extra == {"limit": 100}
    admitted(app, ("content-length", "100"))
    admitted(app, FORM, ("content-length", "1000"))
    assert refusal(app, FORM, ("content-length", str(10 * MIB))).extra == {"limit": 100}


def test_a_file_that_would_fill_the_disk_is_not_begun(app: FastAPI, house: House) -> None:
    free = house.files.free_bytes()
    with_settings(house, reserve_bytes=free // 2, max_file_bytes=free * 2)
    assert refusal(app, ("content-length", str(free))).code == "insufficient_storage"
    admitted(app, ("content-length", "1000"))
    with_settings(house, reserve_bytes=free * 2)
    assert refusal(app).code == "insufficient_storage"


def test_a_server_that_shuts_down_takes_nothing(app: FastAPI, house: House) -> None:
    house.draining = True
    problem = refusal(app)
    assert problem.code == "draining"
    assert problem.headers["Retry-After"] == "5"


def test_the_host_is_looked_at_before_the_key_and_the_key_before_everything_else(app: FastAPI, house: House) -> None:
    """Whoever is not meant, or has no key, learns nothing more."""
    house.settings = Settings(data=house.settings.data, api_key="secret")
    wrong = [("origin", "null"), ("content-length", "-1"), ("content-encoding", "gzip")]
    assert refusal(app, *wrong, host="").code == "bad_host"
    assert refusal(app, *wrong).code == "unauthorized"
    assert refusal(app, *wrong, ("authorization", "Bearer secret")).code == "cross_site"


@pytest.mark.parametrize(
    ("target", "name"),
    [("/v1/ingest/auto?name=a.txt", "a.txt"), ("/v1/ingest/auto?name=%2e%2e%2fa", "../a"), ("/v1/ingest/auto", "")],
)
def test_a_raw_body_has_its_name_from_the_query(app: FastAPI, target: str, name: str) -> None:
    event = next(admitted(app, target=target).reader.feed(b"x"))
    assert getattr(event, "name", None) == name
