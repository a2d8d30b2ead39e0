"""What every index of texts must do, part two: what is shown of a hit, what is written, and who does it when."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from ingest.clock import new_id
from ingest.search import open_search
from ingest.search.base import IndexUnavailable, SearchFilter, SearchIndex, Step
from tests.contracts.search import START, IndexOfAnAddress, document, found, marked, search, write


class WritingContract(IndexOfAnAddress):
    """Subclasses give `url`, an address where nothing is yet."""

    # -- what is shown

    def test_a_snippet_shows_where_the_words_stand_together(self, index: SearchIndex) -> None:
        filler = "nothing to see here, move on. " * 400
        write(index, document(f"alpha {filler} alpha and omega {filler} omega"))
        (hit,) = search(index, "omega alpha").hits
        (snippet,) = hit.snippets
        assert snippet.field == "text"
        assert marked(snippet) == ["alpha", "omega"]
        assert snippet.text.startswith("…")
        assert snippet.text.endswith("…")
        assert len(snippet.text) < 300

    def test_a_match_at_the_very_end_of_a_long_text_is_shown(self, index: SearchIndex) -> None:
        write(index, document("été " * 30_000 + "Größe"))
        (hit,) = search(index, "GROSSE").hits
        assert marked(hit.snippets[0]) == ["Größe"]

    def test_what_matches_in_name_and_metadata_is_shown_there(self, index: SearchIndex) -> None:
        metadata = {"from": "the Café", "to": "elsewhere"}
        write(index, document("something else", name="café-plan.pdf", metadata=metadata))
        (hit,) = search(index, "cafe").hits
        name, said, text = hit.snippets
        assert (name.field, name.text, marked(name)) == ("name", "café-plan.pdf", ["café"])
        assert (said.field, said.key, said.text, marked(said)) == ("metadata", "from", "the Café", ["Café"])
        assert (text.field, text.text, text.matches) == ("text", "something else", ())
        assert hit.metadata == metadata

    def test_without_a_text_there_is_no_snippet_of_one(self, index: SearchIndex) -> None:
        write(index, document(name="photo.jpg", text=(), kind="image"))
        (hit,) = search(index, "photo").hits
        assert [snippet.field for snippet in hit.snippets] == ["name"]

    def test_a_snippet_is_one_safe_line(self, index: SearchIndex) -> None:
        write(
            index,
            document("a\u202eb word\0\x1b[31m\r\n\u2028<b>\u200bwo\u00adrd</b>\ufeff \ue000", name="x\u202ey word"),
        )
        (hit,) = search(index, "word").hits
        for snippet in hit.snippets:
            assert snippet.text.isprintable()
        assert hit.snippets[1].text == "ab word [31m <b>word</b> \ufffd"
        assert marked(hit.snippets[1]) == ["word", "word"]

    @pytest.mark.parametrize(
        ("text", "q", "marks"),
        [
            ("foobar foo barfoo foo", "foo", ["foo", "foo"]),
            ("foobar foo barfoo", "foo*", ["foobar", "foo"]),
            ("don't do", "don't", ["don't"]),
            ("Straße, strasse", "strasse", ["Straße", "strasse"]),
            ("cafe\u0301s cafe\u0301", "café", ["café"]),
            ("版iPhone版", "iphone", ["iPhone"]),
            ("東京都と京都", "京都", ["京都", "京都"]),
            ("a b a b a", '"a b"', ["a b", "a b"]),
            ("ab ba", "ab -c", ["ab"]),
        ],
    )
    def test_marks_are_where_the_words_are(self, index: SearchIndex, text: str, q: str, marks: list[str]) -> None:
        write(index, document(text))
        (hit,) = search(index, q).hits
        assert marked(hit.snippets[-1]) == marks

    def test_a_text_that_was_cut_says_so(self, index: SearchIndex) -> None:
        write(index, document("word", 0, is_cut=True), document("word", 1))
        assert [hit.is_cut for hit in search(index, "word", order="newest").hits] == [False, True]

    # -- writing

    def test_a_text_in_blocks_is_one_text(self, index: SearchIndex) -> None:
        blocks = ["one w", "ord ", "", "東", "京" * 9000, " naï", "ve " * 5000, "last"]
        write(index, document(text=tuple(blocks)))
        for q in ("word", "東京", "last", "naive"):
            assert found(index, q) == ["file-0.txt"], q
        assert found(index, "ord") == []

    def test_a_document_that_comes_again_takes_the_place_of_its_former_self(self, index: SearchIndex) -> None:
        old = document("old words", metadata={"a": "b"})
        write(index, old, document("others", 1))
        write(index, replace(old, text=("new words",), metadata={"a": "c"}))
        assert found(index, "old") == []
        assert found(index, "new words") == ["file-0.txt"]
        assert found(index, "words", SearchFilter(metadata={"a": "b"})) == []
        assert index.job_ids("", 10) == sorted(index.job_ids("", 10))
        assert len(index.job_ids("", 10)) == 2

    def test_the_watermark_is_that_of_the_last_step_with_or_without_a_document(self, index: SearchIndex) -> None:
        assert index.watermark() == 0
        assert index.write([Step(3), Step(5, document("word"))]) == 1
        assert index.watermark() == 5
        assert index.write([Step(9)]) == 0
        assert index.watermark() == 9
        assert index.write([]) == 0
        assert index.watermark() == 9

    def test_what_fails_on_the_way_leaves_nothing(self, index: SearchIndex) -> None:
        write(index, document("word"))

        def steps() -> Iterator[Step]:
            yield Step(7, document("word", 1))
            raise RuntimeError("the store is gone")

        for afresh in (False, True):
            with pytest.raises(RuntimeError, match="gone"):
                index.write(steps(), afresh=afresh)
            assert index.watermark() == 1
            assert found(index, "word") == ["file-0.txt"]

    def test_afresh_forgets_everything_that_was_there(self, index: SearchIndex) -> None:
        write(index, *(document("word", n) for n in range(3)))
        assert index.write([Step(2, document("word", 7))], afresh=True) == 1
        assert (found(index, "word"), index.watermark()) == (["file-7.txt"], 2)

    def test_what_is_removed_is_not_found_and_leaves_no_trace(self, index: SearchIndex) -> None:
        documents = [document(f"word w{n} 東京{n}", n, metadata={"n": str(n)}) for n in range(4)]
        write(index, *documents)
        assert index.remove([documents[1].job_id, documents[2].job_id, new_id(START)]) == 2
        assert found(index, "word", order="newest") == ["file-3.txt", "file-0.txt"]
        assert (
            found(index, "w1") == found(index, "東京1") == found(index, "word", SearchFilter(metadata={"n": "2"})) == []
        )
        assert index.remove([documents[1].job_id]) == 0

    def test_the_jobs_that_are_there_can_be_walked_through(self, index: SearchIndex) -> None:
        documents = [document("word", n) for n in (2, 0, 1)]
        write(index, *documents)
        in_order = sorted(one.job_id for one in documents)
        assert index.job_ids("", 2) == in_order[:2]
        assert index.job_ids(in_order[1], 2) == in_order[2:]

    def test_written_in_any_order_it_answers_the_same(self, url: str, index: SearchIndex) -> None:
        documents = [document(f"word {'more ' * (n % 4)}{n}", n) for n in range(20)]
        write(index, *documents)
        before = [search(index, q, order=order) for q in ("word", "more", "7") for order in ("rank", "newest")]
        index.write((Step(n, one) for n, one in enumerate(reversed(documents), 1)), afresh=True)
        after = [search(index, q, order=order) for q in ("word", "more", "7") for order in ("rank", "newest")]
        assert before == after

    # -- together

    def test_only_one_writes_at_a_time(self, url: str, index: SearchIndex) -> None:
        other = open_search(url)
        with index.alone() as mine:
            assert mine
            with other.alone() as theirs:
                assert not theirs
        with other.alone(wait=True) as theirs:
            assert theirs
        other.close()

    def test_readers_see_what_was_there_until_all_of_it_is_written(self, url: str, index: SearchIndex) -> None:
        write(index, document("word"))
        reader = open_search(url)
        seen: list[list[str]] = []

        def steps() -> Iterator[Step]:
            yield Step(2, document("word", 1))
            seen.append(found(reader, "word", order="newest"))

        index.write(steps(), afresh=True)
        assert seen == [["file-0.txt"]]
        assert found(reader, "word", order="newest") == ["file-1.txt"]
        reader.close()

    def test_many_threads_read_while_one_writes(self, index: SearchIndex) -> None:
        write(index, document("word"))
        mistakes: list[BaseException] = []

        def read() -> None:
            try:
                for _ in range(30):
                    assert len(found(index, "word", order="newest")) >= 1
            except BaseException as mistake:
                mistakes.append(mistake)

        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        for n in range(1, 30):
            write(index, document("word", n))
        for reader in readers:
            reader.join()
        assert mistakes == []
        assert len(found(index, "word")) == 30

    def test_one_that_was_discarded_is_made_anew_under_its_readers(self, url: str, index: SearchIndex) -> None:
        write(index, document("word"))
        reader = open_search(url)
        assert found(reader, "word") == ["file-0.txt"]
        index.discard()
        with pytest.raises(IndexUnavailable):
            found(reader, "word")
        index.prepare()
        assert found(reader, "word") == []
        write(index, document("word", 1))
        assert found(reader, "word") == ["file-1.txt"]
        reader.close()

    @pytest.mark.parametrize(
        "use",
        [
            lambda index: index.watermark(),
            lambda index: index.write([Step(1)]),
            lambda index: index.remove(["x"]),
            lambda index: index.job_ids("", 1),
            lambda index: search(index, "word"),
        ],
    )
    def test_where_there_is_none_every_method_says_so(self, url: str, use: Callable[[SearchIndex], object]) -> None:
        index = open_search(url)
        with pytest.raises(IndexUnavailable, match="no index yet"):
            use(index)
        index.prepare()
        use(index)
        index.close()
        with pytest.raises(IndexUnavailable, match="closed"):
            use(index)
