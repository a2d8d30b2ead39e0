"""Real files of the corpus, and hostile ones: read as what they are."""

from pathlib import Path
from typing import get_args

import pytest

from processors.base import Rejected
from processors.text.charsets import Charset, codec
from processors.text.legacy import Evidence, guess
from processors.text.models import TextResult
from processors.text.preview import preview
from tests.encodings import corpus_files, right_texts
from tests.texts import read
from tests.tongues import encoded

MOSTLY_NULS = "_mozilla_bug638318_text.html"  # 1,070 of 1,108 bytes: refused
NO_CODEC = "_ude_euc-tw1.txt"  # Python has none for EUC-TW


def read_as(data: bytes, result: TextResult) -> str:
    return data.decode(codec(result.encoding), "replace").removeprefix("\ufeff")


@pytest.mark.corpus
def test_every_real_file_is_read_as_what_it_is_but_for_two(corpus: Path, tmp_path: Path) -> None:
    """423 of 425 files in some forty encodings decode to the identical text: 99.5 %."""
    wrong, seen = [], 0
    for path, name in corpus_files(corpus):
        data, seen = path.read_bytes(), seen + 1
        try:
            result = read(tmp_path, data)
        except Rejected:
            wrong.append(path.name)
            continue
        text = read_as(data, result)
        if text not in right_texts(data, name):
            wrong.append(path.name)
        assert (result.characters, result.words) == (len(text), len(text.split())), path
    assert seen > 400
    assert wrong == [NO_CODEC, MOSTLY_NULS]


@pytest.mark.corpus
def test_unicode_files_are_never_guessed_at(corpus: Path, tmp_path: Path) -> None:
    seen = 0
    for path, name in corpus_files(corpus):
        if name and name.lower().startswith(("utf-", "ascii")) and path.name != MOSTLY_NULS:
            result = read(tmp_path, path.read_bytes())
            assert result.encoding_source in ("bom", "structural", "validated"), path
            assert result.replacements == 0
            seen += 1
    assert seen > 25


@pytest.mark.corpus
def test_no_file_in_a_legacy_encoding_needs_what_it_says_of_itself(corpus: Path) -> None:
    """Most of these files name their encoding in an XML declaration, which would make it too easy."""
    wrong, seen = [], 0
    for path, name in corpus_files(corpus):
        data = path.read_bytes()
        if name is None or name.lower().startswith(("utf-", "ascii", "iso-2022")) or data.isascii():
            continue
        evidence = Evidence()
        evidence.add(data, is_first=True)
        found = guess(evidence.sample)
        if found is None or data.decode(codec(found), "replace") not in right_texts(data, name):
            wrong.append(path.name)
        seen += 1
    assert seen > 350
    assert wrong == []


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_known_words_are_recognised_in_every_encoding_they_were_ever_written_in(share: float, tmp_path: Path) -> None:
    """Not one whole text is read wrong; of the beginnings, of about seventy characters, two in a hundred may be."""
    wrong = seen = 0
    for language, name, text, data in encoded():
        data = text[: int(share * len(text))].encode(codec(name), "ignore")
        if data.isascii() and not name.startswith("iso-2022"):
            continue
        seen += 1
        right = data.decode(codec(name))
        if data.decode(codec(read(tmp_path, data).encoding), "replace") != right:
            wrong += 1
            assert share < 1, (language, name)
    assert seen > 100
    assert wrong <= 0.02 * seen


@pytest.mark.corpus
def test_a_real_file_reads_right_when_the_caller_says_what_it_is(corpus: Path, tmp_path: Path) -> None:
    seen = set()
    for path, name in corpus_files(corpus):
        if name is None or name.lower() not in get_args(Charset):
            continue
        data = path.read_bytes()
        result = read(tmp_path, data, encoding=name.lower())
        text = data.decode(codec(name.lower()), "replace").removeprefix("\ufeff")
        assert (result.characters, result.words) == (len(text), len(text.split())), path
        assert result.encoding_source == "declared"
        seen.add(name)
    assert len(seen) > 20


@pytest.mark.corpus
def test_malformed_utf8_is_replaced_as_unicode_recommends(corpus: Path, tmp_path: Path) -> None:
    folder = corpus / "text" / "hostile" / "utf8tests"
    expected = (folder / "utf8.replace.ref.txt").read_text(encoding="utf-8")
    result = read(tmp_path, (folder / "utf8tests.bin").read_bytes(), encoding="utf-8", preview_characters=10_000)
    assert result.characters == len(expected)
    assert result.words == len(expected.split())
    assert result.preview == preview(expected, 10_000)[0]


@pytest.mark.corpus
def test_every_other_text_of_the_corpus_ends_in_a_result_or_a_refusal(corpus: Path, tmp_path: Path) -> None:
    refused = []
    paths = [path for folder in ("formats", "hostile") for path in (corpus / "text" / folder).rglob("*")]
    for path in sorted(path for path in paths if path.is_file()):
        try:
            result = read(tmp_path, path.read_bytes())
        except Rejected:
            refused.append(path.name)
        else:
            assert result.characters <= path.stat().st_size
    assert len(paths) > 300
    assert refused == []
