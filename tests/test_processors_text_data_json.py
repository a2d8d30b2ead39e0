"""JSON and NDJSON: what Python's `json` and JSONTestSuite say, whatever the cuts, in linear time and little memory."""

import json
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from processors.text.data.json_parser import LONG_STRING, Parser, check
from processors.text.data.models import JsonError, JsonLines, SchemaPath, Structure
from processors.text.data.ndjson_shape import Profile
from processors.text.data.runs import TextRuns
from processors.text.data.schema import Schema
from processors.text.data.templates import Templates

DEFAULT = Structure()


def parsed(blocks: Sequence[str], max_depth: int = 512) -> tuple[JsonError | None, Parser]:
    parser = Parser(Schema(500), max_depth)
    return check(blocks, parser), parser


def lines(blocks: Sequence[str], params: Structure = DEFAULT) -> JsonLines:
    profile = Profile(params)
    for _ in profile.read(map(str.encode, blocks)):
        pass
    return profile.found()


def cut(text: str, cuts: Sequence[int]) -> list[str]:
    edges = sorted({0, len(text), *(one % (len(text) + 1) for one in cuts)})
    return [text[start:end] for start, end in pairwise(edges)]


def accepts(text: str) -> bool:
    """Python's `json`, but for NaN and Infinity, which it takes."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        return False
    return True


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "ü", '"']), inner, max_size=3)
    ),
    max_leaves=8,
)
CUTS = st.lists(st.integers(0, 10_000), max_size=6)
SCRAPS = st.lists(
    st.sampled_from([*'{}[]:,"-.0e1 \n\r', '"a"', "true", "null", "12", "1.5", "\\", "\\u12", "NaN", "é"]), max_size=12
).map("".join)


@settings(max_examples=300)
@given(VALUES, CUTS, st.booleans(), st.sampled_from([None, 1]))
def test_what_json_writes_is_valid_whatever_the_cuts(value: Any, cuts: Sequence[int], ascii: bool, indent: int) -> None:
    text = json.dumps(value, ensure_ascii=ascii, indent=indent)
    error, parser = parsed(cut(text, cuts))
    assert error is None
    assert parser.schema.paths(True) == parsed([text])[1].schema.paths(True)


@settings(max_examples=600)
@given(SCRAPS, CUTS)
@example('["\\u12', [3])
@example('{"a":1,"a":}', [4])
@example("[1.]", [2])
def test_text_is_valid_if_and_only_if_the_json_module_takes_it(text: str, cuts: Sequence[int]) -> None:
    error, _ = parsed([text])
    assert (error is None) == accepts(text)
    assert parsed(cut(text, cuts))[0] == error
    assert parsed(list(text))[0] == error


def types_and_oddities(value: Any) -> tuple[dict[str, set[str]], int]:
    """Of every path of a value that Python's `json` has read."""
    found: dict[str, set[str]] = {}
    odd = 0
    waiting = [("", value)]
    while waiting:
        path, one = waiting.pop()
        match one:
            case bool():
                kind = "boolean"
            case int():
                kind, odd = "integer", odd + (not -(1 << 63) <= one < 1 << 64)
            case float():
                kind, odd = "number", odd + (one in (float("inf"), float("-inf")))
            case str():
                kind = "string"
            case None:
                kind = "null"
            case list():
                kind = "array"
                waiting += [(f"{path}[]", item) for item in one]
            case _:
                kind = "object"
                waiting += [(f"{path}.{name}".removeprefix("."), item) for name, item in one.items()]
        found.setdefault(path, set()).add(kind)
    return found, odd


ITEMS: st.SearchStrategy[Any] = st.sampled_from(
    [1, 2**63, 10**30, 1.5, 1e9, 1e300, -3, "x", 'a"\\', None, True, [], [1, 2], ["x", 1.5], {}]
)


@settings(max_examples=300)
@given(
    st.lists(ITEMS | st.dictionaries(st.sampled_from("ab"), ITEMS, max_size=2), max_size=30), st.integers(1, 5), CUTS
)
def test_items_that_are_passed_by_their_looks_are_told_as_those_that_are_parsed(
    items: list[Any], times: int, cuts: Sequence[int]
) -> None:
    value = {"a": items * times, "b": [items] * times}
    text = json.dumps(value)
    error, parser = parsed(cut(text, cuts))
    types, odd = types_and_oddities(value)
    assert error is None
    assert parser.out_of_range == odd
    told = {path.path: set(path.types) for path in parser.schema.paths(True)}
    assert told == {path: kinds - {"integer"} if "number" in kinds else kinds for path, kinds in types.items()}


@pytest.mark.corpus
def test_the_json_test_suite_is_accepted_and_rejected_as_its_names_say(corpus: Path) -> None:
    seen = 0
    for path in sorted((corpus / "text" / "formats" / "json-test-suite").iterdir()):
        text = path.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff")
        error, _ = parsed([text])
        assert error == parsed([*text[:5000], text[5000:]])[0], path
        if path.name[0] in "yn":
            assert (error is None) == (path.name[0] == "y"), path
        seen += 1
    assert seen > 300


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ('{"a": 1,\n "b": nope}', 2, 7, "A value is missing."),
        ("[1,\r\n2,\r\n3,,4]", 3, 3, "A value is missing."),
        ('{"a" 1}', 1, 6, "A colon is missing."),
        ("{a: 1}", 1, 2, "A name in quotes or } is missing."),
        ('{"a": 1,}', 1, 9, "A name in quotes is missing."),
        ("[1 2]", 1, 4, "A comma or the end of the array or object is missing."),
        ("[1]\n]", 2, 1, "The document is over."),
        ("[01]", 1, 2, "That is no number."),
        ("[NaN]", 1, 2, "NaN and Infinity are not JSON."),
        ("[-Infinity]", 1, 2, "NaN and Infinity are not JSON."),
        ('["a\tb"]', 1, 4, "A control character must be escaped."),
        ('["\\x"]', 1, 3, "That escape doesn't exist."),
        ('["ab', 1, 5, "The string is not closed."),
        ('{"a":', 1, 6, "A value is missing where the file ends."),
        ("", 1, 1, "A value is missing where the file ends."),
        ("[[[[", 1, 4, "It is nested deeper than 3."),
    ],
)
def test_the_first_error_is_told_with_line_column_and_reason(text: str, line: int, column: int, reason: str) -> None:
    for blocks in ([text], list(text)):
        error, _ = parsed(blocks, max_depth=3)
        assert error == JsonError(line=line, column=column, reason=reason)


def test_names_that_come_twice_and_numbers_out_of_range_are_counted() -> None:
    text = '{"a":1,"\\u0061":2,"b":{"a":1e400,"c":-1e999,"d":18446744073709551615,"e":18446744073709551616}}'
    error, parser = parsed([text])
    assert (error, parser.duplicate_keys, parser.out_of_range) == (None, 1, 3)
    found = lines([f"{text}\n" * 3])
    assert (found.record_count, found.duplicate_keys, found.out_of_range) == (3, 3, 9)


def test_a_number_of_5000_digits_is_valid_and_out_of_range() -> None:
    text = "[" + "9" * 5000 + "]"
    assert parsed([text])[1].out_of_range == lines([text]).out_of_range == 1


def test_a_string_longer_than_any_block_is_passed_in_little_memory() -> None:
    """As a value and as a name, with an escape and a character at each cut."""

    def blocks() -> Iterator[str]:
        yield '{"'
        yield from ["x" * 99_999 + "\\", "u00e", "9é"] * 100
        yield '": "'
        yield from ["y" * 99_999 + "\\", "n"] * 100
        yield '"}'

    parser = Parser(Schema(10), 5)
    assert check(blocks(), parser) is None
    assert parser.schema.paths(True)[1].types == ["string"]
    error, _ = parsed(['["', "x" * (LONG_STRING + 1), "\x01", '"]'])
    assert error == JsonError(line=1, column=LONG_STRING + 4, reason="A control character must be escaped.")


def test_the_schema_tells_every_path_with_its_types_and_is_bounded() -> None:
    text = '{"a": [1, 2.5, {"b": null}], "c.d": {}}\n{"a": "x"}\n'
    assert lines([text]).paths == [
        SchemaPath(path="", types=["object"], optional=False),
        SchemaPath(path="a", types=["array", "string"], optional=False),
        SchemaPath(path="a[]", types=["number", "object"], optional=False),
        SchemaPath(path="a[].b", types=["null"], optional=False),
        SchemaPath(path="c.d", types=["object"], optional=True),
    ]
    many = "".join(json.dumps({f"k{number}": number}) + "\n" for number in range(1000))
    found = lines([many], Structure(max_paths=10))
    assert (len(found.paths), found.paths_truncated, found.record_count) == (10, True, 1000)
    assert lines([many], Structure(max_paths=0)).paths == []


def expected(text: str) -> tuple[int, list[int], dict[str, list[str]]]:
    """Good records, lines of the bad ones, and types by path: with the parser alone."""
    schema, good, bad = Schema(500), 0, []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip(" \t\r"):
            continue
        if check([line], Parser(Schema(0), 512)) is None:
            good += 1
            check([line], Parser(schema, 512))
        else:
            bad.append(number)
    return good, bad[:5], {path.path: [*path.types, str(path.optional)] for path in schema.paths(True)}


RECORDS = st.dictionaries(
    st.sampled_from(["id", "name", "tags", "geo"]),
    st.sampled_from(
        [
            1,
            -2,
            1.5,
            1e300,
            1e50,
            10**30,
            None,
            True,
            "x",
            'a"\\',
            [],
            [1],
            [1, 2.5],
            ["a", None],
            {"a": 1},
            [{"a": 1}],
            [[1]],
        ]
    ),
    max_size=4,
)
BAD = st.sampled_from(
    ['{"a":1', "nope", '{"id":01}', '{"id":NaN}', "", " ", '{"id":1,"id":2}', '{"name":"\t"}', "1 2", "[1]\r"]
)


@settings(max_examples=300)
@given(st.lists(RECORDS.map(json.dumps) | BAD, max_size=40), st.integers(1, 4), CUTS)
def test_records_and_schema_are_what_the_parser_says_line_by_line(some: list[str], times: int, cuts: list[int]) -> None:
    """Templates, Python's json and our parser share the work; who does it makes no difference."""
    text = "\n".join(some * times)
    found = lines(cut(text, cuts))
    assert found == lines([text])
    paths = {path.path: [*path.types, str(path.optional)] for path in found.paths}
    assert (found.record_count, [bad.line for bad in found.bad_records], paths) == expected(text)


@pytest.mark.parametrize(
    "bad", ["[,1]", "[1,]", "[1,,2]", "[1 2]", "[]1", "[01]", "[1.]", "[-]", '["a]', "[1,2", "[[1,2]", "[1,2]]", "[1e]"]
)
def test_what_looks_nearly_like_what_was_learned_is_bad_all_the_same(bad: str) -> None:
    for good in ("[1,2]", "[-1.5,1e5]", '["a","b"]', "[[1],[2,3]]", '[{"b":1},{"b":2}]'):
        text = f'{{"a":{good}}}\n' * 20
        found = lines([f'{text}{{"a":{bad}}}\n{text}'])
        assert (found.record_count, [one.line for one in found.bad_records]) == (40, [21])
        document = "[" + ",".join([good] * 20 + [bad] + [good] * 20) + "]"
        assert parsed([document])[0] is not None


@pytest.mark.parametrize(
    "value", ["[1,2.5]", "[2.5,1]", "[-1,2.5,1e9]", '[1,2.5,"x"]', '[{"b":[1,2.5]}]', "[[1],[2.5]]"]
)
def test_a_record_is_like_itself(value: str) -> None:
    """Or every one of them would have to be parsed."""
    record = f'{{"a":{value}}}\n'
    templates = Templates(TextRuns)
    templates.learn(record.rstrip())
    assert templates.end(record * 9, 0, len(record) * 9) == len(record) * 9


def test_a_line_too_long_to_hold_is_a_bad_record_and_the_next_is_read() -> None:
    text = '{"a":1}\n' * 5 + '{"a":"' + "x" * 5000 + '"}\n' + '{"a":2}\n' * 5 + '"' + "y" * 3000
    params = Structure(max_record_characters=1000)
    found = lines([text], params)
    assert found == lines(cut(text, range(0, len(text), 100)), params)
    assert [(bad.record, bad.line, bad.reason) for bad in found.bad_records] == [
        (6, 6, "It is longer than 1,000 characters."),
        (12, 12, "It is longer than 1,000 characters."),
    ]
    assert found.record_count == 10


@pytest.mark.parametrize(
    "text",
    [
        "[" * 300_000,
        '{"a":' * 100_000,
        '["' + "\\" * 600_000,
        '["' + "a" * 600_000,
        "[" + "1," * 300_000,
        "[" + "1" * 600_000,
        '{"a":1}\n{"b":"' * 40_000,
        '{"a":[1,2,3,"x"]}\n{"a":[1,2,3,4' * 20_000,
        "".join(f'{{"k{number % 50}":{number}}}\n' for number in range(40_000)),
        " " * 600_000,
        "[" + ("[" * 100 + "]" * 100 + ",") * 3000,
        ('{"a":' * 100 + "[" * 100 + "]" * 100 + "}" * 100 + "\n") * 600,
    ],
    ids=[
        "arrays",
        "objects",
        "backslashes",
        "string",
        "items",
        "digits",
        "cut",
        "nearly",
        "many shapes",
        "space",
        "nested",
        "nested records",
    ],
)
def test_hostile_json_takes_linear_time(text: str) -> None:
    """A second or two; what grows with the square would take minutes."""
    blocks = cut(text, range(0, len(text), 4096))
    started = time.process_time()
    parsed(blocks)
    lines(blocks)
    assert time.process_time() - started < 10


@pytest.mark.parametrize("as_lines", [True, False], ids=["ndjson", "json"])
def test_values_that_two_patterns_match_are_refuted_in_linear_time(as_lines: bool) -> None:
    """Arrays of whole and of mixed numbers both match [1]: a record of 40 such would be tried in 2^40 ways."""

    def record(value: str, last: str = "1") -> str:
        return "{" + ",".join([*(f'"k{number}":{value}' for number in range(40)), f'"z":{last}']) + "}"

    taught = [record(value) for value in ("[1]", "[1,1.5]", "[1,true]", "[1,null]", "[null]") * 4]
    some = [*taught, *[record("[1]")] * 200, record("[1]", '"x"'), record("[1]", '{"q":1}'), record("[1]")]
    if as_lines:
        found = lines(["\n".join(some)])
        assert (found.record_count, found.bad_record_count) == (len(some), 0)
    else:
        assert parsed([f"[{','.join(some)}]"])[0] is None
