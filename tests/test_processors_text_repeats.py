"""Possessive repeats of groups: right on every Python that we run on."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.text import repeats
from processors.text.repeats import any_number_of, one_or_more, perhaps

BODIES = ["ab?c", "a|ab", "(?:a|b)c?", r'""[^"]*+']


@pytest.mark.parametrize("are_right", [repeats._ARE_RIGHT, False])
@pytest.mark.parametrize(("repeat", "sign"), [(any_number_of, "*"), (one_or_more, "+"), (perhaps, "?")])
@given(body=st.sampled_from(BODIES), behind=st.sampled_from(["", "a", "c", '"']), text=st.text(alphabet='abc"'))
def test_a_repeat_takes_what_it_can_and_gives_nothing_back(
    are_right: bool, repeat: object, sign: str, body: str, behind: str, text: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeats, "_ARE_RIGHT", are_right)
        pattern = repeat(body)  # type: ignore[operator]
    taken = re.match(f"(?:{body}){sign}", text)
    expected = None
    if taken and text.startswith(behind, taken.end()):
        expected = taken.end() + len(behind)
    found = re.match(pattern + re.escape(behind), text)
    assert (found.end() if found else None) == expected
