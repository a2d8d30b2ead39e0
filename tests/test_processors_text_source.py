"""Source code: its language, and its lines of code and comment, against Python's own tokenizer."""

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.text import TextProcessor
from processors.text.lines.languages import LANGUAGES, by_name, looks
from processors.text.lines.models import SourceFacts
from processors.text.lines.source import language_of
from processors.text.lines.splitting import lines
from processors.text.lines.syntax import Scanner
from processors.work import run_alone
from tests.architecture import REPOSITORY
from tests.chunked import split
from tests.texts import read

C_TEXT = '#include <a.h>\n/* one\n\n two */ int a; // x\n// y\nchar *s = "/* no */ // no";\n\nchar c = \'"\'; /* z */\n'

SNIPPETS = {
    "c": (C_TEXT, 4, 2, 2),
    "rust": ("/* a /* b */\nstill */\nfn f<'a>() {}\nlet s = \"//\n no\";\n", 3, 2, 0),
    "python": ('#!/x\n"""Doc\n\nstring."""\nx = """no\n# no\n"""\ny = "#"  # z\n', 4, 3, 1),
    "shell": ("# a\necho '# no\n# no' # yes\n", 2, 1, 0),
    "lua": ("--[[ a\nb ]] x = 1\n-- c\ny = [[\n-- no\n]]\n", 4, 2, 0),
    "sql": ("-- a\nSELECT '--'';' FROM b;\n/* c */\n", 1, 2, 0),
    "haskell": ("{- a {- b -}\n-} x = 1\n-- c\n", 1, 2, 0),
    "html": ("", 0, 0, 0),
    "xml": ("<a>\n<!-- b\nc -->\n</a>\n", 2, 2, 0),
    "ruby": ("=begin\nx\n=end\nputs 1 # a\n", 1, 3, 0),
    "perl": ("=pod\n\nx\n\n=cut\nprint 1;\n", 1, 3, 2),
    "javascript": ("let a = `//\n/* no */`; // b\n/** c */\nlet it = \"don't\";\nlet r = /'/;\nx()\n", 5, 1, 0),
    "php": ("<?php\n# a\n$x = '// no\n// no';\n", 3, 1, 0),
    "ini": ("; a\nb = 1 ; not one\n# c\n", 1, 2, 0),
    "batch": ("rem a\n@echo off\n:: b\n", 1, 2, 0),
    "ocaml": ('(* a (* b *)\n*) let x = "(*"\n', 1, 1, 0),
    "css": ("a { b: url(//c) } /* d */\n/* e */\n", 1, 1, 0),
    "toml": ("# a\nb = '''\n# no\n'''\n", 3, 1, 0),
}  # fmt: skip
del SNIPPETS["html"]


def counted(text: str, language: str, pieces: Iterator[str] | None = None) -> tuple[int, int, int]:
    scanner = Scanner(by_name()[f"!{language}"].syntax)
    kinds = [scanner.take(line.text) for line in lines(pieces or iter([text]))]
    return kinds.count("code"), kinds.count("comment"), kinds.count("blank")


@pytest.mark.parametrize("language", SNIPPETS)
def test_strings_comments_and_code_are_told_apart(language: str) -> None:
    text, code, comment, blank = SNIPPETS[language]
    assert counted(text, language) == (code, comment, blank)


@settings(deadline=None)
@given(language=st.sampled_from(list(SNIPPETS)), cuts=st.lists(st.integers(0, 200), max_size=8))
def test_the_counts_do_not_depend_on_where_the_stream_was_cut(language: str, cuts: list[int]) -> None:
    text = SNIPPETS[language][0].replace("\n", "\r\n")
    assert counted(text, language, split(text, cuts)) == counted(text, language)


@pytest.mark.parametrize("path", sorted((REPOSITORY / "processors").rglob("*.py"))[::5], ids=lambda path: path.name)
def test_lines_of_python_agree_with_its_own_tokenizer(path: Path) -> None:
    text = path.read_text()
    code, comment, blank = by_tokens(text)
    assert counted(text, "python") == (code, comment, blank)


def by_tokens(text: str) -> tuple[int, int, int]:
    code: set[int] = set()
    comments: set[int] = set()
    documents = {
        node.lineno for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Expr) and is_text(node.value)
    }
    layout = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        rows = range(token.start[0], token.end[0] + 1)
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.start[0] in documents):
            comments.update(rows)
        elif token.type not in layout:
            code.update(rows)
    blank = {number for number, line in enumerate(text.splitlines(), 1) if not line.strip()}
    return len(code - blank), len(comments - code - blank), len(blank)


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.mark.parametrize(
    ("name", "head", "language", "source"),
    [
        ("a.py", "", "python", "name"),
        ("Makefile", "", "makefile", "name"),
        ("a.h", "int a;", "c", "name"),
        ("a.h", "class A {\npublic:\n};", "c++", "name"),
        ("a.m", "#import <a.h>", "objective-c", "name"),
        ("a.m", "x = 1;", "matlab", "name"),
        ("run", "#!/usr/bin/env python3\n", "python", "shebang"),
        ("run", "#!/bin/sh -e\n", "shell", "shebang"),
        ("run", "#!/usr/bin/env -S node --x\n", "javascript", "shebang"),
        ("x", "# -*- mode: ruby -*-\n", "ruby", "modeline"),
        ("x", "\n/* vim: set ts=4 ft=c : */\n", "c", "modeline"),
        ("x", "<?php echo 1;", "php", "content"),
        ("x.txt", "import os\n\ndef f(x):\n    pass\n", "python", "content"),
        ("x", "package main\n", "go", "content"),
    ],
)
def test_the_language_is_told_by_name_shebang_modeline_or_content(
    name: str, head: str, language: str, source: str
) -> None:
    found = language_of(name, "text/plain", head)
    assert found is not None
    assert (found[0].name, found[1]) == (language, source)


@pytest.mark.parametrize(
    "head", ["import nothing from here, it said.", "select a cake from the menu", "#!not a shebang", ""]
)
def test_prose_has_no_language(head: str) -> None:
    assert language_of("a.txt", "text/plain", head) is None


def test_prose_is_not_source_code_because_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "story.go"
    path.write_text("Once upon a time there was a king\nwho had three sons\n" * 40)
    result = run_alone(TextProcessor(), path, scratch=tmp_path).result
    assert result.model_dump()["format"] == "plain"


def test_an_open_comment_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text("int a;\n/* and so on\n")
    result = run_alone(TextProcessor(), path, scratch=tmp_path).result.model_dump()
    assert (result["format"], result["source"]["comment_lines"]) == ("source", 1)
    assert result["warnings"] == ["A comment or a string of the source code does not end."]


def test_our_own_sources_are_what_they_are(tmp_path: Path) -> None:
    for name, language in (("Makefile", "makefile"), ("pyproject.toml", "toml"), ("processors/base.py", "python")):
        result = run_alone(TextProcessor(), REPOSITORY / name, scratch=tmp_path).result.model_dump()
        assert (result["format"], result["source"]["language"]) == ("source", language)
        assert SourceFacts(**result["source"]).code_lines > 10


def test_some_forty_languages_are_known_and_no_extension_twice() -> None:
    extensions = [extension for language in LANGUAGES for extension in language.extensions.split()]
    assert len(LANGUAGES) > 40
    assert len(extensions) == len(set(extensions))
    assert all(looks(language) and Scanner(language.syntax) for language in LANGUAGES)


def test_a_text_without_a_name_is_read_as_the_program_that_it_is(tmp_path: Path) -> None:
    assert read(tmp_path, b"#!/bin/bash\nset -e\necho $1\n").format == "source"


def test_a_program_that_is_a_table_is_source_code_all_the_same(tmp_path: Path) -> None:
    """Of the kind that Python's own codecs are."""
    path = tmp_path / "in.py"
    path.write_text(
        "table = (\n" + "".join(f"    '\\x{code:02x}'     #  0x{code:02x}\n" for code in range(256)) + ")\n"
    )
    result = run_alone(TextProcessor(), path, scratch=tmp_path).result
    assert result.format == "source"  # type: ignore[attr-defined]
