"""Host, key and origin: who may come in."""

import base64

import pytest
from starlette.datastructures import Headers

from ingest.errors import Problem
from ingest.guard import check_host, check_key, check_same_site, host_name
from ingest.settings import Settings

OPEN = Settings(hosts="files.lan, NAS")
LOCKED = Settings(host="0.0.0.0", api_key="kéy")


def headers(*lines: tuple[str, str]) -> Headers:
    return Headers(raw=[(name.encode(), value.encode("utf-8")) for name, value in lines])


def code_of(check: object, *arguments: object) -> str | None:
    assert callable(check)
    try:
        check(*arguments)
    except Problem as problem:
        return problem.code
    return None


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8000", "localhost"),
        ("127.0.0.1:", "127.0.0.1"),
        ("[::1]:8000", "::1"),
        ("files.lan.", "files.lan"),
        ("my_host-1", "my_host-1"),
    ],
)
def test_a_host_is_read_without_its_port(host: str, name: str) -> None:
    assert host_name(headers(("host", host))) == name


@pytest.mark.parametrize(
    "host", ["", " ", "a b", "a/b", "user@host", "host:port", "host:123456", "[::1", "-x", "a,b", "ü", ".", "a" * 300]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    assert code_of(host_name, headers(("host", host))) == "bad_host"


@pytest.mark.parametrize("lines", [[], [("host", "localhost"), ("host", "localhost")]])
def test_there_is_exactly_one_host(lines: list[tuple[str, str]]) -> None:
    assert code_of(host_name, headers(*lines)) == "bad_host"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "[::1]", "files.lan", "nas"])
def test_an_open_server_on_loopback_answers_to_its_names(host: str) -> None:
    assert code_of(check_host, headers(("host", host)), OPEN) is None


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1"])
def test_an_open_server_on_loopback_answers_to_no_other_name(host: str) -> None:
    """A page can have its own name point to 127.0.0.1, and is then of the same origin."""
    assert code_of(check_host, headers(("host", host)), OPEN) == "bad_host"
    assert code_of(check_host, headers(("host", host)), LOCKED) is None


def basic(credentials: str) -> str:
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"


@pytest.mark.parametrize("given", ["Bearer kéy", "bearer  kéy", basic(":kéy"), basic("anybody:kéy")])
def test_the_key_opens(given: str) -> None:
    """As a bearer token, or as the password that a browser asks for."""
    assert code_of(check_key, headers(("authorization", given)), LOCKED) is None


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer ", "Bearer ke", "Bearer kéyy", "kéy", "Basic !", "Basic /w==", basic("kéy:"), "Digest kéy"],
)
def test_nothing_else_opens(given: str) -> None:
    assert code_of(check_key, headers(("authorization", given)), LOCKED) == "unauthorized"


def test_a_key_may_end_in_bytes_that_latin_1_takes_for_a_space() -> None:
    ends_in_a0 = Settings(api_key="geheim-à")
    assert code_of(check_key, headers(("authorization", "Bearer geheim-à")), ends_in_a0) is None


def test_without_a_key_in_the_settings_there_is_none_to_show() -> None:
    assert code_of(check_key, headers(), OPEN) is None


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [("origin", "http://127.0.0.1:8000")],
        [("origin", "HTTP://127.0.0.1:8000")],
        [("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:8000")],
        [("sec-fetch-site", "none")],
    ],
)
def test_programs_and_our_own_pages_may_post(lines: list[tuple[str, str]]) -> None:
    assert code_of(check_same_site, headers(("host", "127.0.0.1:8000"), *lines)) is None


@pytest.mark.parametrize(
    "lines",
    [
        [("origin", "null")],
        [("origin", "")],
        [("origin", "http://evil.example")],
        [("origin", "http://127.0.0.1")],
        [("origin", "http://127.0.0.1:8001")],
        [("origin", "http://127.0.0.1:8000"), ("origin", "http://evil.example")],
        [("origin", "http://127.0.0.1:8000@evil.example")],
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
        [("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:8000")],
    ],
)
def test_pages_of_other_sites_may_not_post(lines: list[tuple[str, str]]) -> None:
    assert code_of(check_same_site, headers(("host", "127.0.0.1:8000"), *lines)) == "cross_site"


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://files.lan", "files.lan"),
        ("http://files.lan", "files.lan:80"),
        ("https://files.lan", "files.lan"),
        ("https://files.lan", "files.lan:443"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("http://[::1]", "[::1]"),
    ],
)
def test_the_usual_port_may_be_said_or_not(origin: str, host: str) -> None:
    """Behind a proxy that ends TLS the scheme of the origin is not ours."""
    assert code_of(check_same_site, headers(("host", host), ("origin", origin))) is None
