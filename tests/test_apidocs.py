"""The API's own pages: OpenAPI in Swagger UI with nothing from outside, and the table of errors."""

import re
from collections.abc import Iterator

import pytest

from ingest.errors import JOB_ERRORS, PROBLEMS, Problem
from tests.backdoor import Desk, open_desk, problem


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(tmp_path_factory.mktemp("apidocs")) as opened:
        yield opened


def test_every_code_has_its_anchor_where_the_type_of_a_problem_points(desk: Desk) -> None:
    html = desk.client.get("/docs/errors").text
    anchors = re.findall(r'<tr id="([^"]+)">', html)
    assert anchors == [*PROBLEMS, *(f"job-{code}" for code in JOB_ERRORS)]
    for code in PROBLEMS:
        assert Problem(code, "").document()["type"] == f"/docs/errors#{code}"


def test_openapi_describes_every_call_with_a_summary_of_its_own(desk: Desk) -> None:
    document = desk.client.get("/openapi.json").json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    summaries = [operation["summary"] for operation in operations]
    assert len(set(summaries)) == len(summaries)
    assert {"/v1/ingest/{kind}", "/v1/jobs/{job_id}", "/v1/jobs", "/v1/kinds", "/livez"} <= set(document["paths"])
    assert len({operation["operationId"] for operation in operations}) == len(operations)


def test_the_upload_is_described_so_that_the_page_can_do_it(desk: Desk) -> None:
    operation = desk.client.get("/openapi.json").json()["paths"]["/v1/ingest/{kind}"]["post"]
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["properties"]["file"] == {"type": "string", "format": "binary"}
    assert "202" in operation["responses"]


def test_the_page_refers_to_files_of_ours_alone_and_holds_no_script(desk: Desk) -> None:
    answer = desk.client.get("/docs")
    addresses = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert addresses
    for address in addresses:
        assert address.startswith("/")
        assert desk.client.get(address).status_code == 200
    assert re.findall(r"<script[^>]*>([^<]+)", answer.text) == []
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("asset", ["nope.js", "..%2f__init__.py", "__init__.py", "%00"])
def test_nothing_but_the_two_assets_is_served(desk: Desk, asset: str) -> None:
    assert problem(desk.client.get(f"/static/docs/{asset}")) == (404, "not_found")
