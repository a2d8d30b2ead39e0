"""Values as people read them, and templates that let nothing through unescaped."""

import re
from typing import Any

import pytest
from markupsafe import Markup

from ingest.markup import (
    NOTHING,
    SHORT_LIST,
    SHORT_TEXT,
    TEMPLATES,
    VALUE_CHARACTERS,
    between,
    label,
    render,
    render_all,
    size,
    table,
    time,
    words,
)

EVIL = "<b>\"'&{0}"
ESCAPED = "&lt;b&gt;&#34;&#39;&amp;{0}"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1234567, "1,234,567"),
        (-2.5, "-2.5"),
        (True, "yes"),
        (False, "no"),
        (None, "–"),
        ("", "–"),
        ([], "–"),
        ({}, "–"),
        ("plain", "plain"),
        (["a", 1, None, True], "a, 1, –, yes"),
        (Markup("<i>kept</i>"), "<i>kept</i>"),
    ],
)
def test_a_small_value_is_said_in_words(value: Any, shown: str) -> None:
    assert words(value) == shown


@pytest.mark.parametrize(
    "value",
    [
        "two\nlines",
        "x" * (SHORT_TEXT + 1),
        {"very": {"deep": {"indeed": 1}}},
        [[1]],
        list(range(SHORT_LIST + 1)),
        {"a": [{"b": [{"c": 1}]}]},
    ],
)
def test_what_is_long_or_deep_stands_in_a_box(value: Any) -> None:
    assert str(words(value)).startswith("<pre")


def test_a_flat_object_and_a_list_of_them_become_tables_of_their_own() -> None:
    assert words({"sample_rate": 48000, "language": None}) == table({"sample_rate": 48000, "language": None})
    assert "<dt>sample rate</dt><dd>48,000</dd>" in words({"sample_rate": 48000})
    assert str(words([{"a": 1}, {"b": 2}])).count("<dl") == 2


def test_tables_stand_in_tables_where_that_can_be_read_at_a_glance() -> None:
    assert str(words({"codec": "h264", "colour": {"space": "bt709"}, "sizes": [1, 2]})).count("<dl") == 2


def test_a_table_leaves_out_what_says_nothing() -> None:
    assert table({"a": 1, "b": None, "c": [], "d": {}, "e": "", "f": 0}) == table({"a": 1, "f": 0})
    assert table({"a": None}) == NOTHING


def test_a_value_without_end_is_cut() -> None:
    shown = str(words("x" * (VALUE_CHARACTERS * 2)))
    assert shown.count("x") < VALUE_CHARACTERS + 100
    assert "…" in shown


@pytest.mark.parametrize("value", [EVIL, [EVIL], {EVIL: EVIL}, [{EVIL: EVIL}], {"deep": {EVIL: EVIL}}, EVIL * 100])
def test_nothing_comes_through_unescaped_wherever_it_stands(value: Any) -> None:
    assert "<b>" not in table({EVIL: value})
    assert ESCAPED in table({EVIL: value})


def test_a_template_escapes_what_it_is_given_unless_it_came_out_of_one() -> None:
    assert render("fact", name=EVIL, value=render("time", moment=EVIL, words=EVIL)) == (
        f'<div><dt>{ESCAPED}</dt><dd><time datetime="{ESCAPED}">{ESCAPED}</time></dd></div>\n'
    )
    assert render_all("older", [{"id": EVIL}]).count(ESCAPED) == 1


def test_no_template_lets_a_value_stand_outside_quotes_or_in_a_script() -> None:
    """Escaping protects text and quoted attributes. Five whole attributes in tags are Markup of ours."""
    for name, template in TEMPLATES.items():
        bare = re.sub(r'"[^"]*"', "", str(template))
        in_tags = {value for tag in re.findall(r"<[^>]*>", bare) for value in re.findall(r"{(\w*)}", tag)}
        assert in_tags <= {"active", "value", "poster", "selected", "focus"}, name
        assert not re.search(r"<script>|<style| on\w+=|javascript:", template), name


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (12_345, "12.3 kB"),
        (123_456, "123 kB"),
        (5 << 30, "5.4 GB"),
        (10**15, "1,000.0 TB"),
    ],
)
def test_sizes_have_a_unit_that_fits(count: int, shown: str) -> None:
    assert size(count) == shown


def test_moments_and_durations_are_readable() -> None:
    assert ">2026-11-21 02:12:03 UTC<" in time("2026-11-21T02:12:03.456Z")
    assert time(None) == ""
    assert between("2026-11-21T02:12:03.456Z", "2026-11-21T02:12:05.000Z") == "1.54 s"
    assert between("2026-11-21T02:12:03.456Z", None) == ""


def test_a_kind_is_written_as_a_word() -> None:
    assert label("raw_photo") == "Raw photo"
