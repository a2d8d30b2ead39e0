"""kill -9 between a result and its index: nothing is missing afterwards, and nothing is there twice."""

import random
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from ingest.search import open_search
from tests.kills import victims
from tests.rawhttp import within
from tests.server import running_server
from tests.test_lookup import drop, ids, search, soon


def test_a_job_that_succeeded_before_a_kill_is_found_after_it(tmp_path: Path) -> None:
    """The index is kept from the indexer meanwhile, so that the kill falls between the two for certain."""
    with running_server(tmp_path, workers=1) as server:
        with httpx.Client(base_url=server.url, timeout=30) as client:
            soon(client, "before", drop(client, "said before"))
            with closing(open_search(f"sqlite:{server.data / 'search.db'}")) as index, index.alone(wait=True):
                job_id = drop(client, "said in between")
                assert search(client, "between")["hits"] == []
                server.kill()
        server.start()
        with httpx.Client(base_url=server.url, timeout=30) as client:
            soon(client, "between", job_id)
            assert len(search(client, "said")["hits"]) == 2


@pytest.mark.parametrize("seed", range(3))
def test_kills_of_the_worker_at_any_moment_leave_every_text_found_once(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    with running_server(tmp_path, workers=1) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        assert server.process is not None
        supervisor = server.process.pid
        dropped: list[str] = []
        for _ in range(4):
            for n in range(8):
                content = f"seeded words {n} " + "filler " * dice.randrange(20_000)
                answer = client.put(f"/v1/ingest/text/{n}.txt", content=content.encode())
                dropped.append(answer.json()["id"])
            client.get(f"/v1/jobs/{dropped[-dice.randint(1, 8)]}", params={"wait": dice.choice([0, 0.2, 1])})
            for _ in within(15):
                if any(victims.kill(worker) for worker in victims.find("worker", supervisor)):
                    break
        for job_id in dropped:
            soon(client, "seeded", job_id, limit=100)
        assert sorted(ids(search(client, "seeded", limit=100))) == sorted(dropped)
