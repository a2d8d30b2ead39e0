"""The examples of the documents run as they stand, against a real server, in a copy of what a checkout holds."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import REPOSITORY
from tests.programs import require
from tests.server import Server, clean_environment, running_server

DEFAULT_URL = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("examples")) as running:
        yield running


def examples(document: str) -> list[str]:
    """The commands of a document, each with the line that it stands in."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (REPOSITORY / document).read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.mark.parametrize("document", ["README.md", "docs/http.md", "docs/image.md"])
def test_every_example_of_a_document_works(document: str, server: Server, tmp_path: Path) -> None:
    """In one shell, in their order, stopping at the first that fails; `-f` makes a refusal a failure."""
    require("curl")
    shutil.copytree(REPOSITORY / "samples", tmp_path / "samples")
    commands = examples(document)
    assert commands
    script = "\n".join(["set -eu", 'curl() { command curl --fail-with-body -sS "$@"; }', *commands])
    ran = subprocess.run(
        ["sh", "-c", script.replace(DEFAULT_URL, server.url)],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stderr}\n{ran.stdout[-2000:]}"
