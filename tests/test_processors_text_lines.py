"""Lines are the same however the stream was cut, and a long one is cut off."""

import re

from hypothesis import given
from hypothesis import strategies as st

from processors.text.lines.splitting import Line, lines
from tests.chunked import split

TEXTS = st.text(alphabet=st.sampled_from("ab\n\r\x0b\x85\u2028"), max_size=60)


def expected(text: str) -> list[Line]:
    parts = re.split(r"(\r\n|\r|\n)", text)
    found, offset = [], 0
    for line, end in zip(parts[::2], [*parts[1::2], ""], strict=True):
        found.append(Line(offset, line))
        offset += len(line) + len(end)
    return found if found[-1].text else found[:-1]


@given(text=TEXTS, cuts=st.lists(st.integers(0, 100), max_size=8))
def test_lines_end_with_lf_crlf_or_cr_and_do_not_depend_on_cuts(text: str, cuts: list[int]) -> None:
    assert list(lines(split(text, cuts))) == expected(text)


@given(text=TEXTS, cuts=st.lists(st.integers(0, 100), max_size=8), limit=st.integers(1, 5))
def test_of_a_long_line_only_the_beginning_is_kept(text: str, cuts: list[int], limit: int) -> None:
    assert list(lines(split(text, cuts), limit)) == [Line(one.offset, one.text[:limit]) for one in expected(text)]
