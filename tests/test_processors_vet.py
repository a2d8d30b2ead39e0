"""Vetting refuses a third party's processor that would harm the server, says why, and survives every one of them."""

import json
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from processors.vet import vet
from tests.plugin import interpreter

SECONDS = 120.0

GOOD = """
import sys
from pydantic import BaseModel
from processors.base import Limits, NoParams
class Answer(BaseModel):
    ok: bool
class Processor:
    kind, version, media_types = __name__.removeprefix("plug_"), "1", frozenset({"application/x-test"})
    limits, Params, Result = Limits(), NoParams, Answer
    def warm(self): pass
    def process(self, work): return Answer(ok=True)
processor = Processor()
"""

# kind -> the module's text, and what the reason must say (None: it is fine).
PLUGINS: Mapping[str, tuple[str, str | None]] = {
    "fine": (GOOD, None),
    "chatty": (GOOD + "print('{\"reason\": \"nonsense\"}')\nprint('noise', file=sys.stderr)", None),
    "raises": ("1 / 0", "ZeroDivisionError"),
    "missing": ("import there_is_no_such_module", "there_is_no_such_module"),
    "exits": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "dies": ("import os; os._exit(7)", "exit status 7"),
    "crashes": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
    "hangs": ("import threading; threading.Event().wait()", "longer than"),
    "forks": (
        # A grandchild that holds on to the verdict's pipe must not hold up the parent.
        "import os, threading\nif os.fork() == 0:\n    threading.Event().wait()\n" + GOOD,
        None,
    ),
    "auto": (GOOD, 'is not "auto"'),
    "Big": (GOOD, "[a-z]"),
    "other": (GOOD + "Processor.kind = 'image'", "calls itself 'image'"),
    "eager": ("import PIL.Image\n" + GOOD, "imports PIL at the top"),
    "nosy": ("import fastapi\n" + GOOD, "imports fastapi"),
    "threaded": (GOOD + "import threading\nthreading.Thread(target=threading.Event().wait).start()", "starts a thread"),
    "spins": (
        GOOD
        + "def warm(self):\n    import threading\n    threading.Thread(target=threading.Event().wait).start()\n"
        + "Processor.warm = warm",
        "warm() starts a thread",
    ),
    "cold": (GOOD + "def warm(self): raise OSError('no codec')\nProcessor.warm = warm", "no codec"),
    "loose": (GOOD + "class Loose(BaseModel): pass\nProcessor.Params = Loose", "no frozen model"),
    "lax": (
        GOOD + "from pydantic import ConfigDict\nclass Lax(BaseModel): model_config = ConfigDict(frozen=True)\n"
        "Processor.Params = Lax",
        "unknown fields",
    ),
    "odd": (
        GOOD
        + "class Odd(BaseModel):\n    f: object\n    def __get_pydantic_json_schema__(*_): raise ValueError('odd')\n"
        "Processor.Result = Odd",
        "odd",
    ),
    "klass": (GOOD + "processor = Processor", "no instance"),
    "half": (GOOD + "del Processor.warm", "no instance"),
}

ASK = """
import json, sys
from processors.vet import vet
print(json.dumps({name: vet(name, 1.0 if name == "hangs" else 30.0) for name in json.loads(sys.argv[1])}))
"""


def install(site: Path, kind: str, text: str) -> None:
    """As pip would leave it: a module, and the metadata of a distribution that names it."""
    (site / f"plug_{kind}.py").write_text(text)
    metadata = site / f"plug_{kind}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: plug-{kind}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[dropoff.processors]\n{kind} = plug_{kind}:processor\n")


@pytest.fixture(scope="module")
def reasons(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str | None]:
    """What vetting said about every plugin, all of them installed side by side."""
    folder = tmp_path_factory.mktemp("vet")
    site = folder / "site"
    site.mkdir()
    for kind, (text, _) in PLUGINS.items():
        install(site, kind, text)
    install(site, "twice", GOOD)
    (site / "again-1.0.dist-info").mkdir()
    (site / "again-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: again\nVersion: 1.0\n")
    (site / "again-1.0.dist-info" / "entry_points.txt").write_text(
        "[dropoff.processors]\ntwice = plug_twice:processor\n"
    )
    python = interpreter(folder / "venv", site)
    names = json.dumps([*PLUGINS, "twice", "image", "nowhere"])
    asked = subprocess.run(
        [python, "-I", "-c", ASK, names], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert asked.returncode == 0, asked.stderr
    told = json.loads(asked.stdout)
    assert isinstance(told, dict)
    return told


@pytest.mark.parametrize("kind", PLUGINS)
def test_a_plugin_is_refused_for_its_own_reason_and_a_good_one_is_not(
    kind: str, reasons: Mapping[str, str | None]
) -> None:
    expected = PLUGINS[kind][1]
    reason = reasons[kind]
    if expected is None:
        assert reason is None
    else:
        assert reason is not None
        assert expected in reason


def test_two_packages_that_add_the_same_kind_are_both_refused(reasons: Mapping[str, str | None]) -> None:
    assert "2 installed packages" in str(reasons["twice"])


@pytest.mark.parametrize("kind", ["image", "nowhere"])
def test_what_no_third_party_added_is_not_theirs_to_vet(kind: str, reasons: Mapping[str, str | None]) -> None:
    assert reasons[kind] == "no installed package adds this kind"


def test_vetting_is_over_within_its_time() -> None:
    """Half a second is enough to say that a kind does not exist; the bound is far above that."""
    started = time.monotonic()
    assert vet("nowhere", 20.0) is not None
    assert time.monotonic() - started < 20.0


def test_vetting_that_cannot_even_start_is_a_reason_too() -> None:
    assert "longer than 0.001 seconds" in str(vet("nowhere", 0.001))
