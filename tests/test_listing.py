"""The list of jobs, and the kinds there are."""

from collections.abc import Iterator
from typing import Any

import pytest

from ingest.clock import rfc3339
from tests.backdoor import UNKNOWN, Desk, open_desk, problem

HUGE = "1" * 5000


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(tmp_path_factory.mktemp("listing")) as opened:
        yield opened


def test_the_list_is_newest_first_and_its_pages_hold_every_job_once(desk: Desk) -> None:
    dropped = [desk.back.drop(kind="paged").id for _ in range(7)]
    seen: list[str] = []
    parameters: dict[str, Any] = {"kind": "paged", "limit": 3}
    while True:
        page = desk.client.get("/v1/jobs", params=parameters).json()
        seen += [job["id"] for job in page["jobs"]]
        if page["next_page_token"] is None:
            break
        assert len(page["jobs"]) == 3
        parameters["page_token"] = page["next_page_token"]
    assert seen == dropped[::-1]


def test_a_last_page_that_is_full_leads_nowhere(desk: Desk) -> None:
    for _ in range(2):
        desk.back.drop(kind="full")
    page = desk.client.get("/v1/jobs", params={"kind": "full", "limit": 2}).json()
    assert (len(page["jobs"]), page["next_page_token"]) == (2, None)


def test_pages_go_on_where_they_stopped_when_jobs_come_and_go(desk: Desk) -> None:
    jobs = [desk.back.succeeded(kind="moving") for _ in range(4)]
    first = desk.client.get("/v1/jobs", params={"kind": "moving", "limit": 2}).json()
    desk.back.drop(kind="moving")
    desk.back.jobs.delete(jobs[2].id)  # the very job that the token stands for
    rest = desk.client.get("/v1/jobs", params={"kind": "moving", "page_token": first["next_page_token"]}).json()
    assert [job["id"] for job in rest["jobs"]] == [jobs[1].id, jobs[0].id]


def test_the_list_is_filtered_by_kind_state_and_time(desk: Desk) -> None:
    jobs = [desk.back.succeeded(kind="filtered", created_at=1_000_000_000.0 + n) for n in range(3)]
    queued = desk.back.drop(kind="filtered", created_at=1_000_000_003.0)

    def found(**where: str) -> set[str]:
        return {job["id"] for job in desk.client.get("/v1/jobs", params={"kind": "filtered", **where}).json()["jobs"]}

    assert found(state="queued") == {queued.id}
    assert found(state="failed") == set()
    since, until = str(rfc3339(1_000_000_001.0)), str(rfc3339(1_000_000_003.0))
    assert found(since=since, until=until) == {jobs[1].id, jobs[2].id}
    assert found(since="2001-09-09T03:46:42+02:00", state="succeeded") == {jobs[2].id}


def test_a_listed_job_is_the_job_document(desk: Desk) -> None:
    job = desk.back.succeeded(desk.back.output("count.json", b"{}", "application/json", lines=3), kind="listed")
    assert desk.client.get("/v1/jobs", params={"kind": "listed"}).json()["jobs"] == [
        desk.client.get(f"/v1/jobs/{job.id}").json()
    ]


@pytest.mark.parametrize(
    "query",
    [
        *(f"limit={limit}" for limit in ("0", "-1", "201", "1e3", "x", "", str(10**40), HUGE, str(2**63))),
        *(f"page_token={token}" for token in ("x", "", "1", UNKNOWN.replace("-", ""), "%00", HUGE, "' OR 1=1 --")),
        *(f"since={since}" for since in ("x", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", HUGE, str(10**40))),
        *(f"until={until}" for until in ("yesterday", "%00")),
        *(f"state={state}" for state in ("done", "", "%00", HUGE)),
        f"kind={HUGE}",
    ],
    ids=lambda query: query[:30],
)
def test_a_filter_that_can_not_be_right_is_refused_by_its_name(desk: Desk, query: str) -> None:
    answer = desk.client.get(f"/v1/jobs?{query}")
    assert problem(answer) == (422, "invalid_parameter")
    assert query.partition("=")[0] in answer.text


def test_a_forged_page_token_of_the_right_shape_is_only_a_place_in_the_list(desk: Desk) -> None:
    page = desk.client.get("/v1/jobs", params={"page_token": "00000000-0000-0000-0000-000000000000"})
    assert page.json() == {"jobs": [], "next_page_token": None}


def test_every_kind_tells_what_it_takes_and_gives(desk: Desk) -> None:
    kinds = {kind["kind"]: kind for kind in desk.client.get("/v1/kinds").json()["kinds"]}
    assert {"image", "text", "video"} <= set(kinds)
    for name, kind in kinds.items():
        assert desk.client.get(f"/v1/kinds/{name}").json() == kind
        assert kind["media_types"] == sorted(kind["media_types"])
        assert kind["params"]["additionalProperties"] is False
        assert kind["result"]["type"] == "object"
        assert kind["limits"]["total_seconds"] > 0
        assert kind["max_file_bytes"] == 5 << 30
        assert kind["links"]["ingest"] == f"/v1/ingest/{name}"


@pytest.mark.parametrize("kind", ["auto", "nope", "%00", "a" * 4096])
def test_what_is_no_kind_is_not_found(desk: Desk, kind: str) -> None:
    answer = desk.client.get(f"/v1/kinds/{kind}")
    assert problem(answer) == (404, "not_found")
    assert "text" in answer.json()["kinds"]
