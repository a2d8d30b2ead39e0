"""Prose over HTTP: what each text is told to be, and its chunks to be fetched."""

import json
from typing import Any

import httpx

from tests.server import dropped


def told(client: httpx.Client, name: str, text: str, kind: str = "auto", **params: object) -> Any:
    """The job, once it has succeeded."""
    job = dropped(client, text.encode(), kind, name, **params)
    assert (job["state"], job["kind"]) == ("succeeded", "text"), job
    return job


def outputs(client: httpx.Client, job: Any) -> dict[str, httpx.Response]:
    return {output["name"]: client.get(output["url"]) for output in job["outputs"]}


def test_markdown_is_outlined_and_its_chunks_can_be_fetched(client: httpx.Client) -> None:
    page = "# A\n\n" + "Words of a page. " * 40 + "\n\n## B\n\nSee [c](http://d/).\n"
    params = {"strategy": "structure", "max_characters": 300, "overlap": 50, "formats": ["ndjson", "parquet"]}
    job = told(client, "page.md", page, chunks=params)
    result = job["result"]
    assert (result["format"], [one["text"] for one in result["markdown"]["outline"]]) == ("markdown", ["A", "B"])
    assert result["markdown"]["first_links"][0]["url"] == "http://d/"
    files = outputs(client, job)
    assert files["chunks.ndjson"].headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in files["chunks.ndjson"].text.splitlines()]
    assert len(lines) == result["chunks"]["count"] == job["outputs"][0]["chunks"]
    assert lines[-1]["headings"] == ["A", "B"]
    assert all(page.encode()[one["start_byte"] : one["end_byte"]].decode() == one["text"] for one in lines)
    assert files["chunks.parquet"].content[:4] == files["chunks.parquet"].content[-4:] == b"PAR1"


def test_a_page_of_html_gives_its_main_text_and_is_never_served_as_html(client: httpx.Client) -> None:
    page = "<html><title>T</title><body><nav>no</nav><p>The <b>text</b>.</p><script>alert(1)</script>"
    job = told(client, "page.html", page, main_text=True)
    assert (job["result"]["format"], job["result"]["html"]["title"]) == ("html", "T")
    (file,) = outputs(client, job).values()
    assert (file.headers["content-type"], file.text) == ("text/plain; charset=utf-8", "The text.\n\n")


def test_a_log_is_told_by_its_lines(client: httpx.Client) -> None:
    job = told(client, "x.log", "2026-01-01T00:00:00Z ERROR a\n2026-01-01T00:00:05Z INFO b\n")
    log = job["result"]["log"]
    assert (job["result"]["format"], log["seconds"], log["levels"]) == ("log", 5.0, {"error": 1, "info": 1})


def test_a_program_is_told_by_its_language(client: httpx.Client) -> None:
    job = told(client, "x.py", "# A comment.\nimport os\n\nprint(os)\n")
    source = job["result"]["source"]
    assert (job["result"]["format"], source["language"]) == ("source", "python")
    assert (source["code_lines"], source["comment_lines"], source["blank_lines"]) == (2, 1, 1)


def test_chunks_that_cannot_work_are_refused_before_the_job(client: httpx.Client) -> None:
    fields = [("params", (None, b'{"chunks": {"max_characters": 100, "overlap": 50}}')), ("file", ("a.txt", b"a"))]
    answer = client.post("/v1/ingest/text", files=fields)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_params")
