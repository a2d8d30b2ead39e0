"""Tags that may be told, and places as ISO 6709 writes them."""

import pytest

from processors.media.tags import LONGEST, clean, harmless, place


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("+47.3769+008.5417+408.000/", (47.3769, 8.5417, 408.0)),
        ("+27.5916+086.5640+8850CRSWGS_84/", (27.5916, 86.5640, 8850.0)),
        ("-33.8688+151.2093/", (-33.8688, 151.2093, None)),
        ("+4012.22-07500.25/", (40.2036667, -75.0041667, None)),
        ("+401213.1-0750015.1+2.79/", (40.2036389, -75.0041944, 2.79)),
        ("+40-075/", (40.0, -75.0, None)),
        ("+95.0+008.0/", None),
        ("47.3, 8.5", None),
        ("", None),
    ],
)
def test_a_place_is_read_in_every_form_of_iso_6709(text: str, told: tuple[float, float, float | None] | None) -> None:
    found = place({"location": text})
    assert (found and (found.latitude, found.longitude, found.altitude)) == told


def test_the_first_place_that_can_be_read_counts() -> None:
    found = place({"com.apple.quicktime.location.iso6709": "nowhere", "location": "+01.0+002.0/"})
    assert found is not None
    assert (found.latitude, found.longitude) == (1, 2)


def test_only_what_is_listed_is_told() -> None:
    tags = {"title": "A", "artist": " B\n", "encoder": "x", "location": "+1+2", "make": "y", "comment": "z", "date": ""}
    assert harmless(tags) == {"title": "A", "artist": "B"}


def test_a_tag_is_one_line_and_not_endless() -> None:
    assert clean("a\r\n\x00\tb\u202ec") == "a b c"
    assert len(clean("x" * 10_000)) == LONGEST
