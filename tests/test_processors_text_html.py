"""HTML: its tokens however it was cut, what it says of itself, its main text with true places, and hostile pages."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.base import Searchable
from processors.text.markup.html_shape import looks_like_html
from processors.text.markup.main_text import Run, main_text
from processors.text.markup.models import HtmlFacts
from processors.text.markup.tags import TAG_CHARACTERS, Token, Tokens
from tests.cells import real_cells
from tests.chunked import chunks_of, split
from tests.texts import read

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset=utf-8><title>A &amp; B
 page</title>
<meta name="description" content="What it &quot;is&quot;">
<meta property="og:title" content="OG"><link rel="canonical" href="http://x/">
<style>p { content: "</p>" }</style><script>if (a < b) "<p>not text</p>"</script></head>
<body><nav><a href="/">Home</a> <a href="/b">B</a></nav>
<main><h1>First <em>heading</em></h1><p>Some   text&nbsp;here, caf&eacute; &#x1F600;. %s</p>
<!-- <p>not text</p> --><ul><li><a href="/c?d=1&amp;e=2">a list of links</a></li></ul>
<h2>Second</h2><p>More <a href='x'>text</a>.<img src=a.png alt="An image"></p></main>
<footer>not text</footer></body></html>
""" % ("Words go on and on. " * 30)

PIECES = ["<p>", "</p>", "<a href='x>y'>", "<a b=\"c>d\" e>", "<!--", "-->", "<!-->", "<!x>", "<?y>", "</>", "<", "< ", "&amp;", "&", "text ", "<script>", "</script>", "<title>", "</title >", "<br/>", "<x y=a'b>", "'", '"', "\n"]  # fmt: skip  # noqa: E501


def tokens(text: str) -> list[Token]:
    return list(Tokens(iter([text])))


def joined(found: list[Token]) -> list[tuple[str, str, str]]:
    """Text that was cut is one again."""
    result: list[tuple[str, str, str]] = []
    for token in found:
        if token.kind == "text" and result and result[-1][0] == "text":
            result[-1] = ("text", "", result[-1][2] + token.text)
        else:
            result.append((token.kind, token.name, token.text))
    return result


@settings(deadline=None, max_examples=300)
@given(chosen=st.lists(st.sampled_from(PIECES), max_size=25), cuts=st.lists(st.integers(0, 300), max_size=8))
def test_tokens_do_not_depend_on_where_the_stream_was_cut(chosen: list[str], cuts: list[int]) -> None:
    text = "".join(chosen)
    pieces = list(Tokens(split(text, cuts)))
    assert [one for one in pieces if one.kind != "text"] == [one for one in tokens(text) if one.kind != "text"]
    assert joined(pieces) == joined(tokens(text))
    assert all(text.startswith(token.text, token.offset) for token in pieces)


class Reference(HTMLParser):
    """The standard library's parser, for tags of pages that are not broken."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(("start", tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(("end", tag, {}))


def test_tags_and_attributes_are_those_that_html_parser_finds() -> None:
    found = [
        (token.kind, token.name, dict(token.attributes()) if token.kind == "start" else {})
        for token in tokens(PAGE)
        if token.kind != "text"
    ]
    assert found == Reference(PAGE).found


def test_a_page_says_what_it_is(tmp_path: Path) -> None:
    result = read(tmp_path, PAGE.encode())
    assert result.format == "html"
    facts = result.html
    assert isinstance(facts, HtmlFacts)
    assert (facts.title, facts.lang, facts.declared_charset) == ("A & B page", "en", "utf-8")
    assert (facts.description, facts.open_graph, facts.canonical) == ('What it "is"', {"title": "OG"}, "http://x/")
    assert [(one.level, one.text, one.line) for one in facts.outline] == [(1, "First heading", 8), (2, "Second", 10)]
    assert [(one.text, one.url) for one in facts.first_links] == [
        ("Home", "/"), ("B", "/b"), ("a list of links", "/c?d=1&e=2"), ("text", "x"),
    ]  # fmt: skip
    assert [(one.text, one.url, one.line) for one in facts.first_images] == [("An image", "a.png", 10)]
    assert (facts.main_element, facts.scripts) == ("main", 1)
    assert facts.main_characters > 600


def test_the_main_text_has_no_navigation_no_script_and_no_list_of_links(tmp_path: Path) -> None:
    chunks_of(tmp_path, PAGE.encode(), "a.html", main_text=True)
    text = (tmp_path / "out" / "main.txt").read_text()
    assert text.startswith("First heading\n\nSome text here, café 😀. Words go on")
    assert text.endswith("\n\nSecond\n\nMore text.\n\n")
    assert "not text" not in text
    assert "Home" not in text
    assert "links" not in text


def test_the_main_text_is_what_can_be_searched_for_where_it_was_made(tmp_path: Path) -> None:
    made = read(tmp_path, PAGE.encode(), format="html", main_text=True)
    assert made.main_text is not None
    assert made.main_text.outputs == ["main.txt"]
    assert made.searchable == Searchable(output="main.txt")
    assert read(tmp_path, PAGE.encode(), format="html", main_text=True, index=False).searchable is None
    assert read(tmp_path, PAGE.encode(), format="html").searchable == Searchable()
    empty = read(tmp_path, b"<html><br></html>", format="html", main_text=True)
    assert empty.main_text is not None
    assert (empty.main_text.outputs, empty.searchable) == ([], Searchable())


def test_chunks_of_html_are_its_main_text_with_their_places_in_the_file(tmp_path: Path) -> None:
    data = PAGE.encode("utf-16")
    result, chunks = chunks_of(tmp_path, data, "a.html", chunks={"max_characters": 200, "overlap": 20})
    assert result.chunks is not None
    assert result.chunks.strategy == "structure"
    assert [chunk["headings"] for chunk in chunks] == [["First heading"]] * (len(chunks) - 1) + [
        ["First heading", "Second"]
    ]
    assert PAGE[chunks[0]["start"] :].startswith("First <em>heading</em></h1><p>Some   text&nbsp;here, caf&eacute;")
    assert PAGE[: chunks[-1]["end"]].endswith("More <a href='x'>text</a>.")
    for chunk in chunks:
        source = data[chunk["start_byte"] : chunk["end_byte"]].decode("utf-16-le")
        assert source == PAGE[chunk["start"] : chunk["end"]]
        if "&" not in source and "<" not in source:
            assert " ".join(source.split()) == " ".join(chunk["text"].split())


@settings(deadline=None, max_examples=100)
@given(cuts=st.lists(st.integers(0, 2000), max_size=8))
def test_the_main_text_does_not_depend_on_where_the_stream_was_cut(cuts: list[int]) -> None:
    def characters(runs: list[Run]) -> str:
        return "".join(run.text for run in runs)

    assert characters(list(main_text(split(PAGE, cuts), "main"))) == characters(list(main_text(iter([PAGE]), "main")))


def test_an_unclosed_navigation_does_not_swallow_the_page() -> None:
    runs = main_text(iter(["<body><nav><a href=x>y</a><article><p>The text.</p></article>"]), "body")
    assert "".join(run.text for run in runs) == "The text.\n\n"


@pytest.mark.parametrize("head", ["<!doctype HTML>", "\n<html>", '<?xml version="1.0"?>\n<html xmlns="x">'])
def test_html_is_told_by_its_beginning(head: str) -> None:
    assert looks_like_html(head)
    assert not looks_like_html("a < b and <b>bold</b>")
    assert not looks_like_html('def page():\n    return "<html><body>"\n')


def test_a_text_called_html_without_a_tag_is_none(tmp_path: Path) -> None:
    assert chunks_of(tmp_path, b"a < b, and <unheard of>", "a.html")[0].format == "plain"


def test_lines_end_with_lf_crlf_and_cr_however_they_were_cut() -> None:
    page = "<p>\r\r<b>\r\n\n<i>"
    expected = [("p", 1), ("b", 3), ("i", 5)]
    for cut in range(len(page) + 1):
        found = Tokens(iter([page[:cut], page[cut:]]))
        assert [(token.name, token.line) for token in found if token.name] == expected


def test_of_an_endless_tag_the_beginning_is_kept() -> None:
    (token, last) = tokens("<a href=x" + " b" * TAG_CHARACTERS + ">text")
    assert (len(token.text), token.attributes()["href"], last.text) == (TAG_CHARACTERS, "x", "text")


HOSTILE = {
    "open comments": "<!--" * (1 << 18),
    "open tags": "<a b='" * (1 << 17),
    "open tag": "<a " + "b " * (1 << 19),
    "attributes": "<p>" + "<a " + " ".join(f"a{n}=1" for n in range(200_000)) + ">x</a>",
    "depth": "<div>" * 100_000 + "text",
    "bold depth": "<b><a href=x>" * 50_000 + "text",
    "less-than": "<" * (1 << 18),
    "references": "&" * (1 << 19),
    "long reference": "&" + "a" * (1 << 19),
    "scripts": "<script></scrip" * 50_000,
    "titles": "<title></titl" * 50_000,
    "quotes": "<a x=\"'\" y='\"'>" * 50_000,
    "equals": '<a ="="="=\'=\'' + "=\"='" * 100_000 + ">",
    "NULs": "<p>a\0b</p>" * 20_000,
    "doctypes": "<!" * (1 << 18),
    "white space": "<p>" + " " * (1 << 20) + "x",
    "open heading": "<h1>" + "a b &amp; " * (1 << 18),
    "loose less-than": "< <<" * (1 << 18),
}


def test_hostile_pages_end_soon_in_a_real_cell(tmp_path: Path) -> None:
    with real_cells(tmp_path, "text") as cells:
        for name, text in HOSTILE.items():
            data = f"<html><body>{text}".encode()
            ended = cells.run(
                data, {"format": "html", "encoding": "utf-8", "main_text": True, "chunks": {"max_characters": 500}}
            )
            assert ended.code in ("result", "limit_exceeded"), (name, ended)
            assert ended.cpu_seconds < 20, name
            assert ended.rss_bytes < 128 << 20, name
