"""The example of a third party's processor keeps the contract, and is found and vetted once it is installed."""

import importlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from processors.base import AnyProcessor, RejectionCode
from tests.architecture import REPOSITORY
from tests.contracts.processor import ProcessorContract
from tests.plugin import interpreter

EXAMPLE = REPOSITORY / "tests" / "example_plugin"
SECONDS = 120.0

ASK = """
import json
from processors import registry
from processors.vet import vet
print(json.dumps([registry.third_party(), vet("zip"), sorted(registry.load()), registry.load(["zip"])["zip"].version]))
"""


def zipped(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"." * 100 * len(name))
    return target.getvalue()


@pytest.fixture(scope="module")
def processor() -> AnyProcessor:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLE)
        return cast(AnyProcessor, importlib.import_module("dropoff_zip").processor)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    path = tmp_path_factory.mktemp("zip") / "good.zip"
    path.write_bytes(zipped("a.txt", "b/ünï.txt"))
    return [path]


@pytest.fixture(scope="module")
def bad() -> Sequence[tuple[bytes, RejectionCode]]:
    return [(b"PK\3\4 and then nothing", "corrupt_input"), (zipped("a")[:-8], "corrupt_input")]


class TestZipContract(ProcessorContract):
    module = "dropoff_zip"
    import_path = EXAMPLE

    def test_it_tells_the_size_of_each_member(
        self, processor: AnyProcessor, good: Sequence[Path], tmp_path: Path
    ) -> None:
        result = self.run(processor, good[0], tmp_path / "scratch").result
        assert result.model_dump() == {"a.txt": 500, "b/ünï.txt": 900}


def test_a_package_that_pip_installs_adds_its_kind(tmp_path: Path) -> None:
    """Into a virtual environment that borrows our packages; offline, as nothing is downloaded for it."""
    site = tmp_path / "site"
    source = tmp_path / "source"
    source.mkdir()
    for file in EXAMPLE.glob("*.*"):
        (source / file.name).write_bytes(file.read_bytes())
    quietly = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *quietly, "--target", str(site), str(source)],
        check=True,
        timeout=SECONDS,
    )
    assert (site / "dropoff_zip-1.0.dist-info" / "entry_points.txt").is_file()
    python = interpreter(tmp_path / "venv", site)
    asked = subprocess.run([python, "-I", "-c", ASK], capture_output=True, text=True, check=True, timeout=SECONDS)
    third_party, reason, kinds, version = json.loads(asked.stdout)
    assert "zip" in third_party
    assert reason is None
    assert {"image", "text", "video", "zip"} <= set(kinds)
    assert version == "1.0"
