"""The numbers and habits of the house, counted. An exception is listed here with its reason, or it is none."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import REPOSITORY, imports, read_sources

CODE_FOLDERS = ("ingest", "processors", "storage", "scripts")
FILE_LINES = 300
TEST_FILE_LINES = 400
FUNCTION_LINES = 50
USUAL_FUNCTION_LINES = 25

LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}

# Where code of others ends (STYLE.md, habit 9): the only handlers that catch everything and don't raise it again.
CATCH_ALL = {
    "ingest/worker.py": "the worker's loop",
    "ingest/indexer.py": "the indexer's loop",
    "ingest/janitor.py": "the janitor's loop",
    "ingest/cell.py": "the cell, around a processor",
    "ingest/zygote.py": "the zygote, around the warming of a processor",
    "ingest/jobs/writer.py": "the group-commit writer, around each operation",
    "ingest/keeper.py": "the keeper, around each upload",
    "processors/registry.py": "the loader of third-party processors",
    "processors/vet.py": "the vetting of third-party processors",
}

# Modules that no test names: they are whole processes, wiring, or reached only through the contract that they keep.
TESTED_BY = {
    "ingest.body": "test_upload.py",
    "ingest.deps": "test_status.py",
    "ingest.jobs.database": "test_jobs_store.py",
    "ingest.jobs.forget": "contracts/jobs.py",
    "ingest.jobs.migrations.env": "test_jobs_migrations.py",
    "ingest.jobs.migrations.versions": "test_jobs_migrations.py",
    "ingest.jobs.migrations.versions.v0001_jobs": "test_jobs_migrations.py",
    "ingest.search.sqlite_ranking": "test_search_sqlite.py",
    "ingest.web_process": "test_serve.py",
    "ingest.worker_process": "test_serve.py",
    "processors.media": "test_processors_video.py",
    "processors.media_signatures": "test_sniff.py",
    "processors.media.frames": "test_processors_video.py",
    "processors.media.graphs": "test_processors_media_samples.py",
    "processors.media.opening": "test_processors_video.py",
    "processors.media.source": "test_processors_video.py",
    "processors.video.pictures": "test_processors_video_shots.py",
    "processors.video.reel": "test_processors_video_preview.py",
    "processors.video.stills": "test_processors_video_sheet.py",
    "processors.video.tiles": "test_processors_video_sheet.py",
}

NAMELESS = {"util", "utils", "common", "helper", "helpers", "manager", "managers", "misc", "tools"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (REPOSITORY / folder).rglob("*.py"))


def called(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: Function) -> int:
    """Lines of a function, without its docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


CODE = sources(*CODE_FOLDERS)
TESTS = sources("tests")
TEST_FUNCTIONS = [
    (path, function)
    for path in TESTS
    if path.name.startswith("test_") or path.parent.name == "contracts"
    for function in functions(path)
    if function.name.startswith("test_")
]


def test_no_file_is_longer_than_a_reader_likes() -> None:
    long = {called(path) for path in CODE if lines_of([path]) > FILE_LINES}
    long |= {called(path) for path in TESTS if lines_of([path]) > TEST_FILE_LINES}
    assert long == set(LONG_FILES)


def test_no_function_is_long_without_a_stated_reason() -> None:
    long = {
        f"{called(path)}:{function.name}"
        for path in [*CODE, *TESTS]
        for function in functions(path)
        if length(function) > FUNCTION_LINES
    }
    assert long == set(LONG_FUNCTIONS)


def test_nine_functions_of_ten_are_short() -> None:
    lengths = sorted(length(function) for path in CODE for function in functions(path))
    assert lengths[len(lengths) * 9 // 10] <= USUAL_FUNCTION_LINES
    assert lengths[len(lengths) // 2] <= 8


def test_everything_is_caught_only_where_code_of_others_ends() -> None:
    broad = set()
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler) and catches_all(node) and not raises_again(node):
                broad.add(called(path))
    assert broad == set(CATCH_ALL)


def catches_all(handler: ast.ExceptHandler) -> bool:
    return (
        handler.type is None
        or {"Exception", "BaseException"} & {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
        != set()
    )


def raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [called(path) for path in [*CODE, *TESTS] if NAMELESS & set(path.with_suffix("").parts)] == []


def test_every_module_says_in_a_sentence_what_it_is() -> None:
    silent = [
        called(path)
        for path in [*CODE, *TESTS]
        if (text := path.read_text()).strip() and not ast.get_docstring(ast.parse(text))
    ]
    assert silent == []


@pytest.mark.parametrize("package", ["processors", "storage", "ingest/jobs", "ingest/dispatch", "ingest/search"])
def test_every_extension_point_opens_with_two_to_four_rules(package: str) -> None:
    """`ingest/jobs` has five: its fences are the heart of the house."""
    docstring = ast.get_docstring(ast.parse((REPOSITORY / package / "base.py").read_text()))
    assert docstring is not None
    assert "Rules that must stay true:" in docstring
    assert 2 <= len(re.findall(r"^\d\. ", docstring, re.MULTILINE)) <= 5


def test_every_public_name_of_an_extension_point_is_typed_and_its_classes_are_explained() -> None:
    for package in ("processors", "storage"):
        tree = ast.parse((REPOSITORY / package / "base.py").read_text())
        protocols = [node for node in tree.body if isinstance(node, ast.ClassDef) and is_protocol(node)]
        assert protocols
        assert [node.name for node in protocols if not ast.get_docstring(node)] == []


def is_protocol(node: ast.ClassDef) -> bool:
    return any("Protocol" in ast.unparse(base) for base in node.bases)


def test_nothing_is_left_for_later_in_the_code() -> None:
    found = [
        f"{called(path)}:{number}"
        for path in [*CODE, *TESTS]
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError", line)
    ]
    assert found == []


def test_every_test_is_one_sentence() -> None:
    """Its name has four words at least, or its docstring says what it proves."""
    short = [
        f"{called(path)}:{function.name}"
        for path, function in TEST_FUNCTIONS
        if len(function.name.split("_")) < 4 and not ast.get_docstring(function)
    ]
    assert short == []
    assert len(TEST_FUNCTIONS) > 100


def test_no_test_sleeps() -> None:
    """Tests wait for a condition, within a bound. The kill harness alone lives by the clock."""
    sleeping = {
        called(path)
        for path in TESTS
        if "kills" not in path.parts and path != Path(__file__) and re.search(r"\bsleep\(", path.read_text())
    }
    assert sleeping == set()


def test_no_test_uses_a_mock() -> None:
    mocking = {called(path) for path in TESTS if re.search(r"unittest\.mock|import mock|pytest_mock", path.read_text())}
    assert mocking - {called(Path(__file__))} == set()


def test_every_module_is_tested_by_its_name_or_by_one_stated_here() -> None:
    """A test file bears the name of a module or of its package, or imports it, or stands in the list above."""
    modules = read_sources()
    names = {path.stem.removeprefix("test_") for path in TESTS}
    texts = {path: path.read_text() for path in TESTS}
    imported = {name for text in texts.values() for one in imports(text) for name in (one, one.rpartition(".")[0])}
    unnamed = {name for name in modules if name not in imported and not mirrors(name) & names}
    assert unnamed - set(TESTED_BY) == set()
    assert set(TESTED_BY) <= set(modules)
    assert [place for place in TESTED_BY.values() if not (REPOSITORY / "tests" / place).exists()] == []


def mirrors(module: str) -> set[str]:
    """`ingest.jobs.store` is tested by tests/test_store.py or tests/test_jobs_store.py."""
    parts = module.split(".")
    return {parts[-1], "_".join(parts[1:]), "_".join(parts[:2]), "_".join(parts)}


def test_there_is_at_least_a_line_of_tests_for_each_line_of_code() -> None:
    assert lines_of(TESTS) >= lines_of(sources("ingest", "processors", "storage"))


def lines_of(paths: list[Path]) -> int:
    return sum(len(path.read_text().splitlines()) for path in paths)
