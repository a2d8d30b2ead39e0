"""Display names: whatever a client sends, people see something short and harmless that is no path."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.names import MAX_NAME_BYTES, display_name

CASES = {
    "plain": ("photo.jpg", "photo.jpg"),
    "unix path": ("../../etc/passwd", "passwd"),
    "absolute path": ("/etc/shadow", "shadow"),
    "windows path": ("C:\\Users\\me\\x.png", "x.png"),
    "mixed slashes": ("a\\b/c\\d.txt", "d.txt"),
    "device name": ("CON", "CON"),
    "NUL": ("a\x00b.txt", "ab.txt"),
    "percent stays as it is": ("a%00%2f..b.txt", "a%00%2f..b.txt"),
    "right-to-left override": ("invoice\u202egpj.exe", "invoicegpj.exe"),
    "isolates and marks": ("\u2066a\u2069\u200f\u061c.txt", "a.txt"),
    "zero-width joiner in an emoji": ("\U0001f468\u200d\U0001f469.png", "\U0001f468\u200d\U0001f469.png"),
    "only joiners": ("\u200d\u200c", "file"),
    "byte-order mark": ("\ufeffa.txt", "a.txt"),
    "lone surrogate": ("a\ud800b.txt", "ab.txt"),
    "line breaks": ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
    "line separators": ("a\u2028b\u2029c", "abc"),
    "NFD becomes NFC": (unicodedata.normalize("NFD", "Übergröße.txt"), "Übergröße.txt"),
    "only dots": ("...", "file"),
    "parent folder": ("..", "file"),
    "leading dash": ("-rf.txt", "-rf.txt"),
    "leading dot": (".bashrc", ".bashrc"),
    "spaces around": ("  a b.txt \t", "a b.txt"),
    "empty": ("", "file"),
    "ends in a slash": ("folder/", "file"),
    "markup stays text": ('"><script>.png', '"><script>.png'),
}


@pytest.mark.parametrize(("given_name", "shown"), CASES.values(), ids=CASES.keys())
def test_a_name_is_shown_without_what_could_harm(given_name: str, shown: str) -> None:
    assert display_name(given_name) == shown


def test_a_long_name_keeps_its_extension() -> None:
    name = display_name("x" * 4096 + ".jpeg")
    assert name == "x" * 250 + ".jpeg"


def test_a_long_name_is_cut_between_characters() -> None:
    name = display_name("€" * 200 + ".txt")  # three bytes each
    assert name == "€" * 83 + ".txt"


def test_a_long_extension_is_no_extension() -> None:
    assert display_name("a." + "b" * 400) == "a." + "b" * 253


@given(st.text(st.characters(exclude_categories=()), max_size=600))
def test_no_name_is_a_path_or_unprintable_or_too_long(given_name: str) -> None:
    name = display_name(given_name)
    assert name
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert not {"/", "\\", "\0", "\n", "\r"} & set(name)
    assert name.strip(".")
    assert name == unicodedata.normalize("NFC", name)
    assert display_name(name) == name
