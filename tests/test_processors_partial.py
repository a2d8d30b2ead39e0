"""What is left out where a request asked for partial results."""

import pytest

from processors.base import Rejected
from processors.partial import NotMade, OnError, Tolerance

TOO_LONG = Rejected("limit_exceeded", "Too long.")


def test_what_can_not_be_made_ends_the_job_unless_partial_results_will_do() -> None:
    strict, partial = Tolerance("fail"), Tolerance("partial")
    with pytest.raises(Rejected, match="Too long"), strict.tolerating("a"):
        raise TOO_LONG
    with partial.tolerating("a", "b"):
        raise TOO_LONG
    assert partial.errors == [NotMade(name=name, code="limit_exceeded", detail="Too long.") for name in ("a", "b")]
    assert [partial.left_out(name) for name in ("a", "b", "c")] == [True, True, False]


def test_what_was_made_is_no_error() -> None:
    partial = Tolerance("partial")
    with partial.tolerating("a"):
        pass
    assert (partial.errors, partial.left_out("a")) == ([], False)


@pytest.mark.parametrize("on_error", ["fail", "partial"])
def test_a_mistake_of_our_own_is_never_tolerated(on_error: OnError) -> None:
    with pytest.raises(ZeroDivisionError), Tolerance(on_error).tolerating("a"):
        raise ZeroDivisionError
