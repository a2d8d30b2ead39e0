"""What is told of a text stays within what a result may be, however long the parts are."""

import json
from pathlib import Path

import pytest

from ingest.cellwire import RESULT_BYTES
from tests.texts import read

LONG = "A" * 1990
FORMATS = {"html": "html", "md": "markdown", "json": "json"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "page.html",
            f'<html><body><img alt="x" src="data:image/png;base64,{LONG}">' + f'<a href="/{LONG}">x</a>' * 600,
        ),
        ("page.html", "<html><body>" + f'<img alt="x" src="data:image/png;base64,{LONG}">' * 1200),
        ("notes.md", f"# {'語' * 290}\n" * 1200 + f"[x](/{LONG})\n" * 1200 + f"![x](/{LONG})\n" * 1200),
        ("deep.json", '{"' + '":{"'.join(["k" * 200] * 490) + '":1' + "}" * 490),
        ("wide.json", json.dumps({"語" * 150: [{f"{'語' * 190}{number}": 1} for number in range(490)]})),
    ],
    ids=["links", "images", "markdown", "deep names", "wide names"],
)
def test_a_result_never_outgrows_what_may_be_answered(name: str, text: str, tmp_path: Path) -> None:
    result = read(tmp_path, text.encode(), format=FORMATS[name.rpartition(".")[2]])
    assert len(result.model_dump_json().encode()) < RESULT_BYTES - 65_536


def test_what_is_left_out_of_a_list_is_counted(tmp_path: Path) -> None:
    page = "<html><body>" + f'<img alt="x" src="{LONG}">' * 500 + '<img alt="last" src="x">'
    html = read(tmp_path, page.encode(), format="html").html
    assert html is not None
    assert html.images == 501
    assert 50 < len(html.first_images) < 100
    assert {image.url for image in html.first_images} == {LONG}


def test_paths_too_long_to_tell_are_said_to_be_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, ('{"' + '":{"'.join(["k" * 200] * 20) + '":1' + "}" * 20).encode(), format="json")
    assert found.json_document is not None
    assert found.json_document.paths_truncated
    assert len(found.json_document.paths) == 10
