"""What every index of texts must do: the contract of `ingest/search/base.py`.

`search_writing.py` is its other part. An implementation runs both of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.clock import new_id
from ingest.search import open_search
from ingest.search.base import (
    RANKED,
    Document,
    Order,
    Page,
    Place,
    SearchFilter,
    SearchIndex,
    Snippet,
    Step,
)
from ingest.search.query import InvalidQuery, parse

START = 1_800_000_000.0
EVERYTHING = SearchFilter()


def everybody(job_ids: Sequence[str]) -> frozenset[str]:
    return frozenset(job_ids)


def document(text: str | Sequence[str] = "", n: int = 0, **changes: Any) -> Document:
    """The `n`th, a second after the one before it."""
    moment = START + n
    blocks = (text,) if isinstance(text, str) else text
    plain = Document(new_id(moment), "text", moment, f"file-{n}.txt", "text/plain", len(text), text=blocks)
    return replace(plain, **changes)


def write(index: SearchIndex, *documents: Document) -> None:
    behind = index.watermark()
    index.write(Step(behind + n, one) for n, one in enumerate(documents, 1))


def search(index: SearchIndex, q: str, where: SearchFilter = EVERYTHING, order: Order = "rank", **more: Any) -> Page:
    given = {"limit": 100, "vouch": everybody, **more}
    return index.search(parse(q), where, order, **given)


def found(
    index: SearchIndex, q: str, where: SearchFilter = EVERYTHING, order: Order = "rank", **more: Any
) -> list[str]:
    return [hit.name for hit in search(index, q, where, order, **more).hits]


def marked(snippet: Snippet) -> list[str]:
    return [snippet.text[start:end] for start, end in snippet.matches]


class IndexOfAnAddress:
    """Subclasses give `url`, an address where nothing is yet."""

    @pytest.fixture
    def index(self, url: str) -> Iterator[SearchIndex]:
        index = open_search(url)
        index.prepare()
        yield index
        index.close()


class FindingContract(IndexOfAnAddress):
    """What is found, in which order, by which filters."""

    # -- words

    @pytest.mark.parametrize(
        ("text", "q", "is_found"),
        [
            ("The quick brown fox.", "quick", True),
            ("The quick brown fox.", "QUICK Fox", True),
            ("The quick brown fox.", "quic", False),
            ("The quick brown fox.", "quic*", True),
            ("The quick brown fox.", "quick cat", False),
            ("The quick brown fox.", "quick -cat", True),
            ("The quick brown fox.", "quick -fox", False),
            ("The quick brown fox.", 'fox -"brown quick"', True),
            ("The quick brown fox.", 'fox -"quick brown"', False),
            ("The quick brown fox.", "fox -qui*", False),
            ("The quick brown fox.", '"quick brown"', True),
            ("The quick brown fox.", '"quick fox"', False),
            ("The quick brown fox.", '"quick bro"*', True),
            ("The quick brown fox.", "“quick brown”", True),
            ("The quick\nbrown fox.", '"quick brown"', True),
            ("naïve café, Ångström, Größe, ÇELİK", "naive CAFE angstrom grosse celik", True),
            ("naive cafe", "naïve café", True),
            ("nai\u0308ve cafe\u0301", "naïve café", True),
            ("ﬁne ① ｆｕｌｌ", "fine 1 full", True),
            ("Ελλάδα, тёмный", "ελλαδα темныи", True),
            ("مُحَمَّد", "محمد", True),
            ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth", True),
            ("foo_bar-baz@example.com", "foo_bar", True),
            ("foo_bar-baz@example.com", "bar baz", True),
            ("don't", "don't", True),
            ("don't", "dont", False),
            ("C3PO and R2-D2", "c3po r2-d2", True),
            ("हिन्दी में लिखा", "हिन्दी", True),
            ("হিন্দী", "হ", False),
        ],
    )
    def test_words_are_found_whole_whatever_their_case_and_accents(
        self, index: SearchIndex, text: str, q: str, is_found: bool
    ) -> None:
        write(index, document(text))
        assert found(index, q) == ["file-0.txt"] * is_found

    @pytest.mark.parametrize(
        ("text", "q", "is_found"),
        [
            ("吾輩は猫である。名前はまだ無い。", "猫", True),
            ("吾輩は猫である。名前はまだ無い。", "名前", True),
            ("吾輩は猫である。名前はまだ無い。", "輩は猫", True),
            ("吾輩は猫である。名前はまだ無い。", "無い", True),
            ("吾輩は猫である。名前はまだ無い。", "い", True),
            ("吾輩は猫である。名前はまだ無い。", "猫は輩", False),
            ("吾輩は猫である。名前はまだ無い。", "猫 名前 -犬", True),
            ("吾輩は猫である。名前はまだ無い。", "猫 -名前", False),
            ("吾輩は猫である。名前はまだ無い。", "犬", False),
            ("東京都に住む", "京都", True),
            ("東京都に住む", "東都", False),
            ("昨年2024年の売上", "2024年", True),
            ("昨年2024年の売上", "昨年2024", True),
            ("昨年2024年の売上", "年の売上", True),
            ("昨年2024年の売上", "024", False),
            ("iPhone版アプリ", "iphone", True),
            ("iPhone版アプリ", "版アプリ", True),
            ("iPhone版アプリ", '"iphone版"', True),
            ("アプリとｱﾌﾟﾘ", "アプリ", True),
            ("かﾞがガ", "が", True),
            ("か", "が", False),
            ("中华人民共和国", "人民", True),
            ("한국어를 배웁니다", "한국", True),
            ("한국어를 배웁니다", "국어", True),
            ("한국어를 배웁니다", "배웁", True),
            ("ภาษาไทยง่าย", "ไทย", True),
            ("𠮷野家で", "𠮷野", True),
            ("party 🎉🎂 time", "🎉", True),
            ("party 🎉🎂 time", "🎂🎉", False),
        ],
    )
    def test_in_scripts_without_spaces_any_part_is_found(
        self, index: SearchIndex, text: str, q: str, is_found: bool
    ) -> None:
        write(index, document(text))
        assert found(index, q) == ["file-0.txt"] * is_found

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        text=st.text(st.sampled_from("東京都大阪a1 。"), min_size=1, max_size=30),
        part=st.tuples(st.integers(0, 30), st.integers(1, 6)),
    )
    def test_every_part_of_a_text_in_ideographs_is_found(
        self, index: SearchIndex, text: str, part: tuple[int, int]
    ) -> None:
        start, length = part
        q = text[start : start + length].strip(" 。a1")
        if not q or any(character in "a1 。" for character in q):
            return
        index.write([Step(index.watermark() + 1, document(text))], afresh=True)
        (hit,) = search(index, q).hits
        (snippet,) = hit.snippets
        assert all(q in run for run in marked(snippet))
        assert marked(snippet)

    @pytest.mark.parametrize(
        "q",
        [
            "name:secret",
            "{name} : x",
            "quick OR secret",
            "NEAR(quick fox, 2)",
            "quick AND",
            "^quick",
            "quick + brown",
            '"',
            '"quick',
            'quick" OR "1"="1',
            "quick' OR '1'='1",
            "((((quick",
            "quick)",
            "*quick",
            "quick**",
            "- -",
            "-quick-",
            "a\0b",
            "\ud800quick",
            "\udfff",
            "quick\ue000",
            "facets:x",
            "%_",
            "🏳\ufe0f\u200d🌈",
            "\u202equick",
        ],
    )
    def test_nothing_that_is_typed_is_the_engines_own_language(self, index: SearchIndex, q: str) -> None:
        write(index, document("quick brown fox"))
        try:
            names = found(index, q)
        except InvalidQuery:
            return
        assert names in ([], ["file-0.txt"])

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        q=st.text(max_size=60)
        | st.text(st.sampled_from('ab"*-+^:(){} \t\0,.東京ORAND\ud800é\u0301\ue000'), max_size=60)
        | st.text(st.characters(codec=None), max_size=20)
    )
    def test_any_query_is_answered_or_refused_by_its_type(self, index: SearchIndex, q: str) -> None:
        if not index.watermark():
            write(index, document("a b ab 東京 é"), document("b 京", 1))
        try:
            query = parse(q)
        except InvalidQuery:
            return
        for order in ("rank", "newest"):
            for hit in index.search(query, EVERYTHING, order, 10, everybody).hits:
                for snippet in hit.snippets:
                    assert all(0 <= start < end <= len(snippet.text) for start, end in snippet.matches)

    # -- order and pages

    def test_the_better_match_comes_first_and_the_name_counts_most(self, index: SearchIndex) -> None:
        filler = "other words that say nothing of it " * 20
        write(
            index,
            document(f"budget {filler}", 0, name="once"),
            document(f"budget budget budget {filler}", 1, name="thrice"),
            document(filler, 2, name="budget"),
            document(filler, 3, name="by metadata", metadata={"about": "budget"}),
            document(filler, 4, name="nothing"),
        )
        page = search(index, "budget")
        assert page.hits[0].name == "budget"
        assert sorted(hit.name for hit in page.hits) == ["budget", "by metadata", "once", "thrice"]
        assert [hit.name for hit in page.hits].index("thrice") < [hit.name for hit in page.hits].index("once")
        scores = [hit.score for hit in page.hits]
        assert all(isinstance(score, float) for score in scores)
        assert scores == sorted(scores, key=lambda score: -(score or 0))

    def test_the_newest_come_first_where_that_is_asked_for(self, index: SearchIndex) -> None:
        order = [3, 0, 4, 1, 2]  # in which they were finished
        write(index, *(document("word " * n + "word", n) for n in order))
        page = search(index, "word", order="newest")
        assert [hit.name for hit in page.hits] == [f"file-{n}.txt" for n in (4, 3, 2, 1, 0)]
        assert {hit.score for hit in page.hits} == {None}

    @pytest.mark.parametrize("order", ["rank", "newest"])
    @pytest.mark.parametrize("limit", [1, 3, 7, 8])
    def test_pages_hold_every_match_once(self, index: SearchIndex, order: Order, limit: int) -> None:
        write(index, *(document("word " * (n % 3 + 1) + "filler " * n, n) for n in range(7)))
        seen: list[str] = []
        after: Place | None = None
        while True:
            page = search(index, "word", order=order, limit=limit, after=after)
            seen += [hit.name for hit in page.hits]
            if page.next is None:
                break
            assert len(page.hits) == limit
            after = page.next
        assert seen == found(index, "word", order=order)
        assert len(seen) == len(set(seen)) == 7

    @pytest.mark.parametrize("order", ["rank", "newest"])
    def test_what_is_written_meanwhile_moves_no_page(self, index: SearchIndex, order: Order) -> None:
        write(index, *(document("word", n) for n in range(6)))
        first = search(index, "word", order=order, limit=3)
        write(index, document("word word word", 6), document("unrelated", 7))
        second = search(index, "word", order=order, limit=3, after=first.next)
        assert [hit.name for hit in (*first.hits, *second.hits)] == [f"file-{n}.txt" for n in (5, 4, 3, 2, 1, 0)]
        assert second.next is None

    @pytest.mark.parametrize("order", ["rank", "newest"])
    def test_pages_are_full_though_jobs_are_gone(self, index: SearchIndex, order: Order) -> None:
        documents = [document("word", n) for n in range(10)]
        write(index, *documents)
        gone = {one.job_id for one in documents[::2]}
        page = search(index, "word", order=order, limit=4, vouch=lambda ids: frozenset(ids) - gone)
        assert [hit.name for hit in page.hits] == [f"file-{n}.txt" for n in (9, 7, 5, 3)]
        rest = search(index, "word", order=order, limit=4, after=page.next, vouch=lambda ids: frozenset(ids) - gone)
        assert [hit.name for hit in rest.hits] == ["file-1.txt"]
        assert search(index, "word", order=order, vouch=lambda ids: frozenset()) == Page()

    def test_of_too_many_matches_the_newest_are_ranked_and_those_that_bear_the_name(self, index: SearchIndex) -> None:
        named = document("nothing else", 0, name="word.txt")
        write(index, named, *(document("word", n) for n in range(1, RANKED + 10)))
        page = search(index, "word", limit=2)
        assert page.is_partial
        assert page.hits[0].job_id == named.job_id
        assert page.hits[1].name == f"file-{RANKED + 9}.txt"
        assert not search(index, '"nothing else"').is_partial
        assert len(found(index, "word", limit=2 * RANKED)) == RANKED + 1
        assert len(found(index, "word", order="newest", limit=2 * RANKED)) == RANKED + 10

    # -- filters

    def test_filters_pick_by_kind_time_and_metadata_and_all_at_once(self, index: SearchIndex) -> None:
        write(
            index,
            document("word", 0, metadata={"from": "scanner 2", "page": "1"}),
            document("word", 1, kind="document", metadata={"from": "scanner 2"}),
            document("word", 2, kind="document", metadata={"from": "Scanner 2", "page": "1"}),
            document("word", 3, metadata={"scanner 2": "from"}),
        )

        def names(**where: Any) -> set[str]:
            by_rank = found(index, "word", SearchFilter(**where))
            assert sorted(by_rank, reverse=True) == found(index, "word", SearchFilter(**where), "newest")
            return {name.removeprefix("file-").removesuffix(".txt") for name in by_rank}

        assert names(kind="document") == {"1", "2"}
        assert names(kind="doc") == names(kind="") == names(kind='x" OR "y') == set()
        assert names(metadata={"from": "scanner 2"}) == {"0", "1"}
        assert names(metadata={"from": "scanner 2", "page": "1"}) == {"0"}
        assert names(metadata={"from": "scanner"}) == names(metadata={"from": ""}) == set()
        assert names(since=START + 1) == {"1", "2", "3"}
        assert names(until=START + 1) == {"0"}
        assert names(since=START + 1, until=START + 3) == {"1", "2"}
        assert names(kind="document", metadata={"from": "scanner 2"}, since=START, until=START + 9) == {"1"}

    @pytest.mark.parametrize("moment", [-1e300, -1.0, 0.0, 1e300, float("inf"), float("-inf")])
    def test_a_moment_outside_all_times_is_a_filter_like_any_other(self, index: SearchIndex, moment: float) -> None:
        write(index, document("word"))
        assert found(index, "word", SearchFilter(since=moment)) == ["file-0.txt"] * (moment <= START)
        assert found(index, "word", SearchFilter(until=moment)) == ["file-0.txt"] * (moment > START)

    def test_times_count_in_milliseconds(self, index: SearchIndex) -> None:
        write(index, *(document("word", n, created_at=START + n / 1000) for n in range(5)))
        assert found(index, "word", SearchFilter(since=START + 0.002), "newest") == [f"file-{n}.txt" for n in (4, 3, 2)]
        assert found(index, "word", SearchFilter(until=START + 0.002), "newest") == ["file-1.txt", "file-0.txt"]
