"""The command line: what a program reads as JSON lines, a person sees as a bar, and errors are one line."""

import json
import os
import pty
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rawhttp import within
from tests.server import Server, clean_environment, running_server

DROPOFF = Path(sys.executable).parent / "dropoff"
COMMANDS = {"serve", "worker", "put", "wait", "get", "list", "search", "reindex", "cancel", "doctor"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("cli"), workers=1) as running:
        yield running


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_text("one line\nand another\n")
    return path


def dropoff(*arguments: str | Path, url: str = "http://127.0.0.1:1", **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [DROPOFF, *arguments],
        env={**clean_environment(), "DROPOFF_URL": url, **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def lines(ran: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.stdout.splitlines()]


def last(ran: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert ran.stdout, ran.stderr
    return lines(ran)[-1]


# -- on its own


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_names_every_command(arguments: list[str]) -> None:
    text = dropoff(*arguments).stdout
    assert [command for command in COMMANDS if command not in text] == []


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(command: str) -> None:
    ran = dropoff(command, "--help")
    assert ran.returncode == 0
    assert command in ran.stdout


def test_a_server_that_is_not_there_is_one_line() -> None:
    ran = dropoff("list")
    assert ran.returncode == 1
    assert ran.stderr.startswith("dropoff: the server can't be reached")
    assert len(ran.stderr.splitlines()) == 1


def test_params_that_are_no_json_are_one_line(note: Path) -> None:
    ran = dropoff("put", "--params", "{broken", note)
    assert ran.returncode == 1
    assert ran.stderr.startswith("dropoff: --params is not JSON")


def test_a_wrong_setting_is_told_by_name_value_and_range() -> None:
    ran = dropoff("serve", DROPOFF_PORT="70000")
    assert ran.returncode == 1
    assert ran.stderr.startswith("dropoff: DROPOFF_PORT='70000': ")
    assert "65535" in ran.stderr


def test_a_file_that_is_not_there_is_not_sent() -> None:
    ran = dropoff("put", "not there")
    assert ran.returncode == 2
    assert "not there" in ran.stderr


# -- with a server


def test_put_follows_the_job_in_json_lines_to_its_end(server: Server, note: Path) -> None:
    ran = dropoff("put", note, url=server.url)
    assert ran.returncode == 0, ran.stderr
    states = [job["state"] for job in lines(ran)]
    assert states[0] == "queued"
    assert states[-1] == "succeeded"
    assert last(ran)["kind"] == "text"
    assert last(ran)["result"]["lines"] == 2
    assert {job["id"] for job in lines(ran)} == {last(ran)["id"]}


def test_put_takes_several_files_and_a_kind(server: Server, note: Path) -> None:
    ran = dropoff("put", "--kind", "text", "--no-follow", note, note, url=server.url)
    jobs = lines(ran)
    assert [job["state"] for job in jobs] == ["queued", "queued"]
    assert jobs[0]["id"] != jobs[1]["id"]
    assert jobs[0]["input"]["sha256"] == jobs[1]["input"]["sha256"]


def test_put_passes_params_on(server: Server, note: Path) -> None:
    ran = dropoff("put", "--kind", "text", "--params", '{"preview_characters": 3}', note, url=server.url)
    assert last(ran)["params"]["preview_characters"] == 3
    assert last(ran)["result"]["preview"] == "one"


def test_a_refused_file_is_one_line_with_its_code(server: Server, note: Path) -> None:
    ran = dropoff("put", "--kind", "image", note, url=server.url)
    assert ran.returncode == 1
    assert ran.stderr.startswith("dropoff: kind_mismatch: ")
    assert len(ran.stderr.splitlines()) == 1


def test_a_failed_job_fails_the_command(server: Server, tmp_path: Path) -> None:
    photo = Path(__file__).resolve().parent.parent / "samples" / "photo.jpg"
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo.read_bytes()[: photo.stat().st_size // 3])
    ran = dropoff("put", broken, url=server.url)
    assert ran.returncode == 1
    assert last(ran)["state"] == "failed"
    assert last(ran)["error"]["code"] == "corrupt_input"
    assert dropoff("wait", last(ran)["id"], url=server.url).returncode == 1


def test_get_prints_the_job_and_saves_its_outputs(server: Server, tmp_path: Path) -> None:
    photo = Path(__file__).resolve().parent.parent / "samples" / "photo.jpg"
    job = last(dropoff("put", photo, url=server.url))
    ran = dropoff("get", job["id"], "--save", tmp_path / "saved", url=server.url)
    assert last(ran)["id"] == job["id"]
    saved = {path.name: path.stat().st_size for path in (tmp_path / "saved").iterdir()}
    assert saved == {f"{job['id'][-12:]}-{output['name']}": output["size"] for output in job["outputs"]}
    assert saved


def test_wait_tells_a_finished_job_at_once(server: Server, note: Path) -> None:
    job = last(dropoff("put", note, url=server.url))
    ran = dropoff("wait", job["id"], url=server.url)
    assert ran.returncode == 0
    assert last(ran)["state"] == "succeeded"


def test_list_prints_jobs_newest_first_and_filters(server: Server, note: Path) -> None:
    older = last(dropoff("put", note, url=server.url))
    newer = last(dropoff("put", note, url=server.url))
    assert [job["id"] for job in lines(dropoff("list", "--limit", "2", url=server.url))] == [newer["id"], older["id"]]
    assert all(job["kind"] == "text" for job in lines(dropoff("list", "--kind", "text", url=server.url)))
    assert lines(dropoff("list", "--state", "cancelled", "--kind", "video", url=server.url)) == []


def found_soon(server: Server, *arguments: str) -> list[dict[str, Any]]:
    for _ in within(15):
        if hits := lines(dropoff("search", *arguments, url=server.url)):
            return hits
    raise AssertionError(f"{arguments} finds nothing")


def test_search_prints_hits_as_lines_and_a_refusal_as_one(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "moby.txt"
    path.write_text("Call me Ishmael.\n")
    job = last(dropoff("put", path, url=server.url))
    (hit,) = found_soon(server, "ishm*", "--kind", "text", "--newest", "--limit", "1")
    assert (hit["id"], hit["snippets"][0]["text"]) == (job["id"], "Call me Ishmael.")
    assert dropoff("search", "nowhere", url=server.url).stdout == ""
    ran = dropoff("search", "--", "-without", url=server.url)
    assert (ran.returncode, ran.stderr) == (1, "dropoff: invalid_query: There is no word to look for\n")


def test_a_person_sees_what_was_found_with_the_words_marked(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "[red]evil.txt"
    path.write_text("a [bold]white[/] whale\x1b[2J\n")
    dropoff("put", path, url=server.url)
    found_soon(server, "whale")
    output = on_a_terminal("search", "whale", url=server.url)
    assert "[red]evil.txt" in output
    assert "a [bold]white[/] \x1b[1;33mwhale" in output
    assert "\x1b[2J" not in output
    assert "Nothing says that." in on_a_terminal("search", "nowhere", url=server.url)


def test_reindex_writes_the_index_again_whether_or_not_a_server_runs(tmp_path: Path) -> None:
    with running_server(tmp_path, workers=1) as server:
        path = tmp_path / "moby.txt"
        path.write_text("Call me Ishmael.\n")
        dropoff("put", path, url=server.url)
        before = found_soon(server, "ishmael")
        ran = dropoff("reindex", DROPOFF_DATA=str(server.data))
        assert (ran.returncode, ran.stdout) == (0, "1 jobs can be found\n")
        assert lines(dropoff("search", "ishmael", url=server.url)) == before
        data = str(server.data)
    assert dropoff("reindex", DROPOFF_DATA=data).stdout == "1 jobs can be found\n"
    off = dropoff("reindex", DROPOFF_DATA=data, DROPOFF_SEARCH_BYTES="0")
    assert (off.returncode, off.stderr) == (1, "dropoff: search is switched off (DROPOFF_SEARCH_BYTES=0)\n")
    missing = dropoff("reindex", DROPOFF_DATA=str(tmp_path / "nothing"))
    assert missing.returncode == 1
    assert len(missing.stderr.splitlines()) == 1


def test_a_job_that_does_not_exist_is_one_line(server: Server) -> None:
    for command in ("get", "wait", "cancel"):
        ran = dropoff(command, "nothing", url=server.url)
        assert ran.returncode == 1
        assert ran.stderr.startswith("dropoff: not_found: ")


def test_cancelling_a_finished_job_is_refused(server: Server, note: Path) -> None:
    job = last(dropoff("put", note, url=server.url))
    ran = dropoff("cancel", job["id"], url=server.url)
    assert ran.returncode == 1
    assert ran.stderr.startswith("dropoff: already_finished: ")


def test_a_person_sees_marks_and_not_json(server: Server, note: Path) -> None:
    """On a terminal: the name, the end, the result in words."""
    text = on_a_terminal("put", str(note), url=server.url)
    assert "note.txt" in text
    assert "succeeded" in text
    assert "lines: 2" in text
    assert not text.lstrip().startswith("{")


def test_a_name_of_a_stranger_is_neither_markup_nor_a_control_code(server: Server, tmp_path: Path) -> None:
    """`[/]` alone would end the program, and an escape sequence would paint the terminal."""
    note = tmp_path / "[red]x.txt"
    note.write_text("[/] \x1b[31mred\x1b[0m in the preview\n")
    text = on_a_terminal("put", "--kind", "text", str(note), url=server.url)
    assert "[red]x.txt" in text
    assert "[/]" in text
    assert "\x1b[31mred" not in text
    assert "[red]x.txt" in on_a_terminal("list", "--limit", "1", url=server.url)


def test_a_person_who_asks_for_json_gets_it(server: Server, note: Path) -> None:
    text = on_a_terminal("put", "--json", str(note), url=server.url)
    assert json.loads(text.splitlines()[-1])["state"] == "succeeded"


def on_a_terminal(*arguments: str, url: str) -> str:
    """What the command shows on a terminal of 200 columns."""
    ours, theirs = pty.openpty()
    environment = {**clean_environment(), "DROPOFF_URL": url, "COLUMNS": "200", "TERM": "xterm"}
    with subprocess.Popen([DROPOFF, *arguments], stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        try:
            while data := os.read(ours, 4096):
                shown += data
        except OSError:  # how a terminal ends
            pass
        os.close(ours)
    assert process.returncode == 0, shown
    return shown.decode()


def test_a_key_opens_the_door_and_its_lack_is_one_line(tmp_path: Path, note: Path) -> None:
    with running_server(tmp_path, workers=1, api_key="open sesame") as guarded:
        without = dropoff("put", note, url=guarded.url)
        assert without.returncode == 1
        assert without.stderr.startswith("dropoff: unauthorized: ")
        with_key = dropoff("put", "--key", "open sesame", note, url=guarded.url)
        assert last(with_key)["state"] == "succeeded"


def test_wait_goes_on_across_a_restart_of_the_server(tmp_path: Path, note: Path) -> None:
    """The job waits, the server goes down while somebody watches, and comes back with a worker."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running_server(tmp_path, workers=0, port=port) as server:
        job = last(dropoff("put", "--no-follow", note, url=server.url))
        command = [DROPOFF, "wait", job["id"], "--url", server.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean_environment()) as waiting:
            assert waiting.stdout is not None
            assert json.loads(waiting.stdout.readline())["state"] == "queued"
            server.stop()
            server.environment = {**server.environment, "DROPOFF_WORKERS": "1"}
            server.start()
            *_, end = (json.loads(line) for line in waiting.stdout)
        assert waiting.returncode == 0
        assert end["state"] == "succeeded"


def test_serve_on_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = dropoff("serve", DROPOFF_PORT=port, DROPOFF_DATA=str(tmp_path / "data"))
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"dropoff: can't listen on 127.0.0.1:{port}: ")
