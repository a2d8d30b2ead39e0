"""Markdown: its outline and blocks as an independent parser sees them, its links, and its chunks by section."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from processors.text.lines.splitting import lines
from processors.text.markup.markdown import Scanner, looks_like_markdown
from processors.text.markup.parts import markdown_parts
from tests.architecture import REPOSITORY
from tests.cells import real_cells
from tests.chunked import chunks_of, split
from tests.texts import read

PARSER = MarkdownIt("commonmark").enable("table")
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")])

LINES = [
    "# One", "## Two ##", "Title", "===", "---", "text", "", "", "```py", "```", "~~~", "    # code", "> # quote",
    "- item", "  continued", "1. one", "<div>", "</div>", "<!-- a", "-->", "| a | b |", "|---|---|", "#no", "***",
    "[a](b)", "Last\\", "\ttab", "####### seven", "+ - x", "* * *",
]  # fmt: skip


def scan(text: str) -> Scanner:
    scanner = Scanner(text)
    for line in lines(iter([text])):
        scanner.take(line)
    return scanner


def seen_by_parser(text: str) -> tuple[list[tuple[int, int]], int, int]:
    tokens = PARSER.parse(text)
    headings = [(int(t.tag[1]), t.map[0] + 1) for t in tokens if t.type == "heading_open" and t.level == 0 and t.map]
    return headings, sum(t.type == "fence" for t in tokens), sum(t.type == "table_open" for t in tokens)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_outline_code_and_tables_of_real_pages_agree_with_markdown_it(path: Path) -> None:
    text = path.read_text()
    scanner = scan(text)
    found = [(heading.level, heading.line) for heading in scanner.headings.items]
    assert (found, scanner.counts["code_blocks"], scanner.counts["tables"]) == seen_by_parser(text)


SIMPLE = [
    line
    for line in LINES
    if line not in ("- item", "  continued", "1. one", "> # quote", "+ - x", "| a | b |", "|---|---|")
]


@settings(deadline=None, max_examples=300)
@given(chosen=st.lists(st.sampled_from(SIMPLE), max_size=14))
def test_the_outline_of_whatever_blocks_follow_each_other_agrees_with_markdown_it(chosen: list[str]) -> None:
    text = "text\n\n" + "\n".join(chosen)
    assert [(heading.level, heading.line) for heading in scan(text).headings.items] == seen_by_parser(text)[0]


@settings(deadline=None, max_examples=200)
@given(chosen=st.lists(st.sampled_from(LINES), max_size=20), cuts=st.lists(st.integers(0, 500), max_size=8))
def test_sections_are_all_of_the_text_and_do_not_depend_on_cuts(chosen: list[str], cuts: list[int]) -> None:
    text = "\r\n".join(chosen)
    sections: list[dict[int, tuple[str, list[str]]]] = []
    for pieces in (iter([text]), split(text, cuts)):
        found: dict[int, tuple[str, list[str]]] = {}
        for part in markdown_parts(pieces, text):
            found[part.number] = (found.get(part.number, ("", []))[0] + part.text, part.path)
        sections.append(found)
        assert "".join(one for one, _ in found.values()) == text
    assert sections[0] == sections[1]


def test_headings_are_shown_without_markup_and_with_their_lines() -> None:
    scanner = scan("# A *b* `c_d` [e](f) ##\n\nTwo\nlines\n---\n\n#\n")
    assert [(one.level, one.text, one.line) for one in scanner.headings.items] == [
        (1, "A b c_d e", 1),
        (2, "Two lines", 3),
        (1, "", 7),
    ]


def test_links_and_images_are_found_and_those_in_code_are_not() -> None:
    text = "[a](b) ![i](j.png 'T') [p](q_(r)) <https://x.y/z> `[no](no)` ``[no](no) ` `` [r][s]\n\n"
    text += "[s]: http://t 'T'\n\n    [no](no)\n\n```\n[no](no)\n```\n"
    facts = scan(text).facts()
    assert [(link.text, link.url) for link in facts.first_links] == [
        ("a", "b"), ("p", "q_(r)"), ("https://x.y/z", "https://x.y/z"), ("s", "http://t"),
    ]  # fmt: skip
    assert [(image.text, image.url, image.line) for image in facts.first_images] == [("i", "j.png", 1)]


def test_front_matter_code_languages_tables_and_tasks() -> None:
    text = '---\ntitle: "A page"\n# no heading\ntags: [a]\n---\n'
    text += "```Python x\n```\n~~~\n~~~\n- [ ] a\n- [x] b\n\na | b\n--|--\n1 | 2\n"
    facts = scan(text).facts()
    assert facts.front_matter == {"title": "A page", "tags": "[a]"}
    assert (facts.code_blocks, facts.code_languages, facts.headings) == (2, {"python": 1}, 0)
    assert (facts.tables, facts.open_tasks, facts.done_tasks) == (1, 1, 1)


def test_a_rule_at_the_beginning_is_no_front_matter() -> None:
    assert scan("---\n# A\n").facts().headings == 1


def test_lists_are_bounded_and_everything_is_counted() -> None:
    facts = scan("# A [b](c)\n\n![d](e)\n\n" * 3000).facts()
    assert (facts.headings, facts.links, facts.images) == (3000, 3000, 3000)
    assert (len(facts.outline), len(facts.first_links), len(facts.first_images)) == (1000, 1000, 1000)


def test_markdown_is_proved_by_its_blocks_and_prose_is_none(tmp_path: Path) -> None:
    assert not looks_like_markdown("# only a comment\nx = 1\n")
    assert read(tmp_path, b"# A\n\nSee [b](c).\n").format == "markdown"
    path = tmp_path / "x"
    path.mkdir()
    assert chunks_of(path, b"just prose\n", "a.md")[0].format == "plain"


def test_a_chunk_tells_the_headings_above_it_and_none_spans_two_sections(tmp_path: Path) -> None:
    page = "Before.\n\n# A\n\n## B\n\nText of B. " + "Words go on. " * 30 + "\n\nC\n-\n\nText of C.\n\n# D\ntext"
    result, chunks = chunks_of(tmp_path, page.encode(), "a.md", chunks={"max_characters": 200, "overlap": 20})
    assert result.chunks is not None
    assert (result.format, result.chunks.strategy) == ("markdown", "structure")
    paths = [chunk["headings"] for chunk in chunks]
    assert [path for n, path in enumerate(paths) if n == 0 or path != paths[n - 1]] == [
        [],
        ["A", "B"],
        ["A", "C"],
        ["D"],
    ]
    assert all(page[chunk["start"] : chunk["end"]] == chunk["text"] for chunk in chunks)
    assert [chunk["text"][:3] for chunk in chunks if chunk["headings"] == ["A", "C"]] == ["C\n-"]


HOSTILE = {
    "brackets": "[" * (1 << 20),
    "brackets in lines": ("[" * 4000 + "\n") * 100,
    "ticks": "".join("`" * n + " " for n in range(1, 2000)),
    "ticks in lines": ("`a" * 2000 + "\n") * 100,
    "quotes": ">" * (1 << 19),
    "links": "[a](" * (1 << 18),
    "open link": ("[](" + "a" * 3900 + "\n") * 100,
    "emphasis": ("*a_" * 1300 + "\n") * 100,
    "one paragraph": "a\n" * (1 << 18),
    "underlines": "a\n---\n" * 40_000,
    "fences": "```\n" * 100_000,
    "rules": ("- " * 2000 + "x\n") * 100,
    "table": ("|-" * 2000 + "x\n") * 100,
    "comment": "<!--" * (1 << 19),
}


def test_hostile_markdown_ends_soon_in_a_real_cell(tmp_path: Path) -> None:
    with real_cells(tmp_path, "text") as cells:
        for name, text in HOSTILE.items():
            ended = cells.run(text.encode(), {"format": "markdown", "chunks": {}})
            assert ended.code in ("result", "limit_exceeded"), (name, ended)
            assert ended.cpu_seconds < 20, name
            assert ended.rss_bytes < 128 << 20, name
