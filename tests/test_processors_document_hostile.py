"""Hostile documents in real cells: one typed error or the right result each, soon, in little memory."""

import random
from collections.abc import Iterator

import pytest

from tests.cells import RESULT, Cells, real_cells
from tests.hostile_documents import ARCHIVES, PDFS
from tests.office import docx, paragraph, pptx, shape, xlsx
from tests.pdfs import encrypted, pdf

MIB = 1 << 20
CPU_SECONDS = 5.0
WATCHED = 512 * MIB  # what a cell may take beyond its memory before a busy machine has looked again
FUZZED = 60
TYPED = {RESULT, "corrupt_input", "unsupported_input", "limit_exceeded", "out_of_memory"}


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cells]:
    with real_cells(tmp_path_factory.mktemp("cells"), "document") as cells:
        yield cells


@pytest.mark.parametrize("name", PDFS)
def test_a_hostile_pdf_ends_as_it_must(name: str, cells: Cells) -> None:
    code, make = PDFS[name]
    ended = cells.run(make())
    assert (ended.code, ended.cpu_seconds < CPU_SECONDS) == (code, True), ended
    assert ended.rss_bytes < cells.processor.limits.memory_bytes + WATCHED


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_hostile_archive_ends_as_it_must_and_is_never_unpacked(name: str, cells: Cells) -> None:
    code, make = ARCHIVES[name]
    ended = cells.run(make())
    assert (ended.code, ended.cpu_seconds < CPU_SECONDS) == (code, True), ended
    assert ended.rss_bytes < 128 * MIB
    assert [path.name for path in ended.outputs()] in ([], ["text.txt"])


def test_nothing_is_read_that_a_relation_climbs_to(cells: Cells) -> None:
    ended = cells.run(ARCHIVES["a relation that climbs"][1]())
    assert ended.outputs()[0].read_text() == "x\n"


def test_documents_that_are_changed_at_random_end_typed(cells: Cells) -> None:
    """Bytes overwritten, cut, and put in, in every sort of document."""
    rng = random.Random(20260621)
    sound = [
        pdf("one", "two"),
        encrypted("three"),
        docx(paragraph("four")),
        pptx([shape("five")], {1: "six"}),
        xlsx({"a": "<row><c><v>1</v></c></row>"}, ["seven"]),
    ]
    found = set()
    for number in range(FUZZED):
        data = bytearray(sound[number % len(sound)])
        for _ in range(rng.choice((1, 5, 40))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)) :]
        ended = cells.run(bytes(data))
        assert ended.code in TYPED, (number, ended)
        found.add(ended.code)
    assert len(found) > 1


def test_a_sound_document_is_read_after_all_of_them(cells: Cells) -> None:
    ended = cells.run(pdf("still alive"))
    assert ended.code == RESULT
    assert {path.name for path in ended.outputs()} == {"text.txt", "page-1.webp"}
