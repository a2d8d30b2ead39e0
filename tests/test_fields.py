"""Text fields: strict JSON in, storable values out, and errors that people can read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, field_validator

from ingest.document import encode
from ingest.errors import Problem
from ingest.fields import MAX_DEPTH, read_json, read_metadata, read_params, read_sha256
from processors.base import NoParams, Params


class Colours(Params):
    width: int = Field(80, ge=1, le=100)
    names: tuple[str, ...] = ()
    more: dict[str, Any] = Field(default_factory=dict)

    @field_validator("names")
    @classmethod
    def _no_grey(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if "grey" in names:
            raise ValueError("grey is no colour")
        return names


def code_of(text: str) -> str | None:
    try:
        read_json("params", text)
    except Problem as problem:
        return problem.code
    return None


@pytest.mark.parametrize(
    "text", ["{}", "[]", "1", '"a"', "null", ' {"a": [1.5e3, "\\u00e9", true]}\n', '"\\ud83d\\ude00"']
)
def test_json_is_read(text: str) -> None:
    """Whatever RFC 8259 allows."""
    assert read_json("params", text) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{'a': 1}",
        '{"a": 1,}',
        "NaN",
        "[Infinity]",
        "-Infinity",
        "1e999",
        "[-1e999]",
        "9" * 5000,
        '{"a": 1, "a": 1}',
        '{"b": {"a": 1, "a": 2}}',
        '"\\ud800"',
        '{"\\udfff": 1}',
        "[" * 100_000,
        '{"a":' * 100_000,
        "[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2),
        "\ufeff{}",
        '"a\nb"',
    ],
)
def test_what_could_not_be_stored_and_shown_again_is_refused(text: str) -> None:
    assert code_of(text) == "malformed_json"


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_is_read_can_be_sent_again(value: Any) -> None:
    text = json.dumps(value)
    if code_of(text) is None:
        assert json.loads(encode(read_json("params", text))) == json.loads(text)


def test_params_get_their_defaults() -> None:
    assert read_params(None, Colours) == {"width": 80, "names": [], "more": {}}
    assert read_params('{"names": ["red"]}', Colours) == {"width": 80, "names": ["red"], "more": {}}
    assert read_params("{}", NoParams) == {}


@pytest.mark.parametrize(
    ("text", "loc"),
    [
        ('{"width": 0}', "width"),
        ('{"width": "wide"}', "width"),
        ('{"names": ["grey"]}', "names"),
        ('{"names": [1]}', "names.0"),
        ('{"colour": "red"}', "colour"),
    ],
)
def test_params_that_do_not_fit_are_told_where_and_why(text: str, loc: str) -> None:
    with pytest.raises(Problem) as refused:
        read_params(text, Colours)
    assert refused.value.code == "invalid_params"
    (error,) = refused.value.extra["errors"]
    assert error["loc"] == loc
    assert error["msg"] in refused.value.detail
    encode(refused.value.document())


@pytest.mark.parametrize("text", ["[]", "1", "null", '"a"'])
def test_params_are_an_object(text: str) -> None:
    with pytest.raises(Problem) as refused:
        read_params(text, Colours)
    assert refused.value.code == "invalid_params"


def test_a_flood_of_errors_is_cut_and_echoes_nothing() -> None:
    wrong = json.dumps({"names": list(range(500)), "secret" * 100: "x" * 60_000})
    with pytest.raises(Problem) as refused:
        read_params(wrong, Colours)
    assert len(refused.value.extra["errors"]) == 10
    assert len(encode(refused.value.document())) < 5000
    assert "xxxx" not in encode(refused.value.document()).decode()


def test_metadata_comes_back_as_it_is() -> None:
    assert read_metadata(None) == {}
    assert read_metadata('{"from": "scanner 2", "ünï": ""}') == {"from": "scanner 2", "ünï": ""}


@pytest.mark.parametrize(
    "value",
    [
        [],
        "a",
        {"a": 1},
        {"a": None},
        {"a": {}},
        {"": "a"},
        {"a" * 129: "a"},
        {"a": "a" * 4097},
        {"a": "b\0"},
        {"a\0": "b"},
        {str(n): "x" for n in range(65)},
    ],
)
def test_metadata_is_a_small_object_of_strings(value: Any) -> None:
    with pytest.raises(Problem) as refused:
        read_metadata(json.dumps(value))
    assert refused.value.code == "invalid_metadata"


def test_no_digest_in_the_form_is_no_promise() -> None:
    assert read_sha256(None) == ()
    assert read_sha256("0" * 64)[0].source == "sha256"
