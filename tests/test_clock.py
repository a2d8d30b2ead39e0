"""Times are RFC 3339 in UTC, and ids are UUIDv7 that sort by them."""

from datetime import datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clock import new_id, rfc3339, wall_clock

MOMENTS = st.floats(0, 4e9, allow_nan=False)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_763_692_800.25, "2025-11-21T02:40:00.250Z"),
        (951_782_400.0, "2000-02-29T00:00:00.000Z"),
    ],
)
def test_a_moment_is_written_in_utc_to_the_millisecond(moment: float, text: str) -> None:
    assert rfc3339(moment) == text


def test_no_moment_stays_none() -> None:
    assert rfc3339(None) is None


@given(MOMENTS)
def test_a_written_moment_reads_back_to_the_millisecond(moment: float) -> None:
    text = rfc3339(moment)
    assert text is not None
    assert abs(datetime.fromisoformat(text).timestamp() - moment) <= 0.001


@given(MOMENTS)
def test_an_id_is_a_uuid_of_version_7(moment: float) -> None:
    """RFC 9562 §5.7: version 7, variant 10, and the milliseconds in the first 48 bits."""
    value = UUID(new_id(moment))
    assert value.version == 7
    assert value.variant == "specified in RFC 4122"
    assert value.int >> 80 == int(moment * 1000)


@given(st.integers(0, 10**12), st.integers(1, 10**6))
def test_ids_of_different_milliseconds_sort_by_time(millisecond: int, later: int) -> None:
    # Half a millisecond in, so that a float's rounding can't reach the neighbour.
    assert new_id((millisecond + 0.5) / 1000) < new_id((millisecond + later + 0.5) / 1000)


@given(st.integers(0, 10**12), st.integers(0, 4095), st.integers(0, 4095))
def test_ids_of_one_millisecond_sort_by_its_fraction(millisecond: int, one: int, other: int) -> None:
    """A list of the newest jobs has those that came within one millisecond in their order, too."""
    first, last = sorted((one, other))
    ids = [new_id((millisecond + (step + 0.5) / 4096) / 1000) for step in (first, last)]
    assert first == last or ids == sorted(ids)


def test_ids_of_one_moment_differ() -> None:
    assert len({new_id(1.0) for _ in range(1000)}) == 1000


def test_the_wall_clock_goes_forward() -> None:
    assert wall_clock() <= wall_clock()
