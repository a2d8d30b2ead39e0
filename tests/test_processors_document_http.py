"""Documents over HTTP: what they are is told from their content, and what is made of them can be fetched and seen."""

import httpx
import pytest

from tests.architecture import REPOSITORY
from tests.hostile_documents import ARCHIVES, PDFS
from tests.office import docx, epub, open_document, paragraph, pptx, shape, xlsx
from tests.pdfs import pdf
from tests.server import dropped

LETTER = (REPOSITORY / "samples" / "letter.pdf").read_bytes()


@pytest.mark.parametrize("kind", ["auto", "document"])
def test_a_letter_becomes_a_text_and_a_picture_on_the_jobs_page(kind: str, client: httpx.Client) -> None:
    job = dropped(client, LETTER, kind)
    assert (job["state"], job["kind"], job["input"]["media_type"]) == ("succeeded", "document", "application/pdf")
    outputs = {output["name"]: output for output in job["outputs"]}
    assert set(outputs) == {"text.txt", "page-1.webp"}
    text = client.get(outputs["text.txt"]["url"])
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert "so still that one could not tell" in text.text
    assert "Zoë" in text.text
    page = client.get(f"/jobs/{job['id']}").text
    assert f'<img src="{outputs["page-1.webp"]["url"]}"' in page
    assert "An evening at the lake" in page


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (docx(paragraph("words")), "docx"),
        (pptx([shape("words")]), "pptx"),
        (xlsx({"words": "<row><c><v>1</v></c></row>"}), "xlsx"),
        (open_document("text", "<text:p>words</text:p>"), "odt"),
        (open_document("spreadsheet", '<table:table table:name="words"/>'), "ods"),
        (open_document("presentation", '<draw:page draw:name="words"/>'), "odp"),
        (epub(["words"]), "epub"),
        (pdf("words"), "pdf"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_sort_of_document_is_known_by_its_content(data: bytes, form: str, client: httpx.Client) -> None:
    job = dropped(client, data, operations=["text"])
    assert (job["state"], job["result"]["format"]) == ("succeeded", form)
    assert "words" in client.get(job["outputs"][0]["url"]).text


def test_params_are_kept_and_wrong_ones_refused(client: httpx.Client) -> None:
    job = dropped(client, pdf("one", "two"), pages="2", operations=["text"])
    assert job["params"]["pages"] == "2"
    assert client.get(job["outputs"][0]["url"]).text == "two\n"
    fields = [("params", (None, b'{"password": "x"}')), ("file", ("document", LETTER))]
    assert client.post("/v1/ingest/document", files=fields).status_code == 422


@pytest.mark.parametrize("name", ["a password", "half of it", "a catalogue in a bomb", "a million laughs"])
def test_a_hostile_document_fails_once_and_the_next_is_read(name: str, client: httpx.Client) -> None:
    code, make = {**PDFS, **ARCHIVES}[name]
    job = dropped(client, make())
    assert (job["state"], job["error"]["code"], len(job["attempts"])) == ("failed", code, 1)
    assert dropped(client, LETTER)["state"] == "succeeded"


def test_an_office_document_from_before_2007_is_refused_at_the_door(client: httpx.Client) -> None:
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    answer = client.post("/v1/ingest/auto", files={"file": ("old.doc", old)})
    assert (answer.status_code, answer.json()["detected"]) == (415, "application/x-ole-storage")


def test_the_home_page_offers_the_document_kind(client: httpx.Client) -> None:
    assert "/v1/ingest/document" in client.get("/").text
