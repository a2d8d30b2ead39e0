"""Kinds are found by entry point, checked before anybody sees them, and loaded without a decoder."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from processors import registry
from processors.base import Limits, NoParams, Work
from processors.registry import BadProcessor, faults, load
from processors.vet import DECODERS, STRANGERS


class Answer(BaseModel):
    ok: bool = True


class Right:
    """Keeps the contract; the tests spoil it in one place each."""

    kind = "right"
    version = "1.0"
    media_types = frozenset({"application/x-right"})
    limits = Limits()
    Params: type[BaseModel] = NoParams
    Result: type[BaseModel] = Answer

    def warm(self) -> None: ...

    def process(self, work: Work[BaseModel]) -> BaseModel:
        return Answer()


class Loose(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Lax(BaseModel):
    model_config = ConfigDict(frozen=True)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which packages are installed for the length of a test."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def install(site: Path, distribution: str, kind: str, target: str, text: str = "") -> None:
    metadata = site / f"{distribution}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{kind} = {target}\n")
    if text:
        (site / f"{target.partition(':')[0]}.py").write_text(text)


RIGHT = "from tests.test_registry import Right\nprocessor = Right()\n"


def test_the_built_in_kinds_are_there_under_their_names() -> None:
    kinds = ["image", "text", "video", "audio"]
    assert [(kind, processor.kind) for kind, processor in load(kinds).items()] == [(kind, kind) for kind in kinds]
    assert set(registry.BUILT_IN) <= set(registry.names())


def test_only_sound_and_film_share_media_types_and_the_film_comes_first() -> None:
    """An upload that says `auto` must have one answer: the first kind that takes the type."""
    taken: dict[str, list[str]] = {}
    for kind, processor in load().items():
        for media_type in processor.media_types:
            taken.setdefault(media_type, []).append(kind)
    shared = [kinds for kinds in taken.values() if len(kinds) > 1]
    assert shared
    assert all(kinds == ["video", "audio"] for kinds in shared)


def test_loading_every_kind_loads_no_decoder_and_nothing_of_the_server() -> None:
    program = "import sys\nfrom processors import registry\nregistry.load()\nprint(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    packages = {name.partition(".")[0] for name in ran.stdout.split()}
    assert packages & (DECODERS | STRANGERS) == set()


def test_an_installed_package_adds_a_kind(site: Path) -> None:
    install(site, "right", "right", "plug_right:processor", RIGHT)
    assert "right" in registry.third_party()
    assert "right" in registry.names()
    assert load(["right"])["right"].version == "1.0"
    assert "right" in load()


def test_kinds_that_are_not_asked_for_are_not_imported(site: Path) -> None:
    install(site, "bomb", "bomb", "plug_bomb:processor", "raise SystemExit('imported')")
    assert set(load(["text"])) == {"text"}
    assert load([]) == {}


def test_an_unknown_kind_is_named_in_the_refusal() -> None:
    with pytest.raises(BadProcessor, match="nowhere: no processor of that name"):
        load(["text", "nowhere"])


def test_a_package_that_cannot_be_imported_says_why(site: Path) -> None:
    install(site, "broken", "broken", "plug_broken:processor", "1 / 0")
    with pytest.raises(BadProcessor, match="ZeroDivisionError: division by zero") as bad:
        load(["broken"])
    assert bad.value.kind == "broken"
    install(site, "absent", "absent", "plug_right_absent:processor")
    with pytest.raises(BadProcessor, match="ModuleNotFoundError"):
        load(["absent"])


def test_two_packages_cannot_add_the_same_kind(site: Path) -> None:
    install(site, "one", "right", "plug_right:processor", RIGHT)
    install(site, "two", "right", "plug_right:processor")
    with pytest.raises(BadProcessor, match="2 installed packages add this kind"):
        load(["right"])


def test_a_built_in_kind_cannot_be_replaced(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    install(site, "usurper", "text", "plug_right:processor", RIGHT)
    assert type(load(["text"])["text"]).__name__ == "TextProcessor"
    assert "text" not in registry.third_party()
    assert "text is a built-in kind" in caplog.text


def test_a_processor_that_keeps_the_contract_has_no_faults() -> None:
    assert list(faults("right", Right())) == []


@pytest.mark.parametrize("kind", ["auto", "", "Right", "1st", "a-b", "a b", "x" * 33, "räight", "right\n"])
def test_a_kind_that_cannot_stand_in_a_path_is_refused(kind: str) -> None:
    processor = Right()
    processor.kind = kind
    assert 'a kind matches [a-z][a-z0-9_]{0,31} and is not "auto"' in list(faults(kind, processor))


@pytest.mark.parametrize("kind", ["a", "auto1", "autograph", "pdf_2", "x" * 32])
def test_a_kind_that_merely_looks_odd_is_fine(kind: str) -> None:
    processor = Right()
    processor.kind = kind
    assert list(faults(kind, processor)) == []


@pytest.mark.parametrize(
    ("attribute", "value", "fault"),
    [
        ("kind", "left", "it calls itself 'left'"),
        ("version", "", "version"),
        ("version", 1, "version"),
        ("media_types", {"text/plain"}, "media_types"),
        ("media_types", frozenset({"text"}), "media_types"),
        ("media_types", frozenset({"Text/Plain"}), "media_types"),
        ("media_types", frozenset({"text/plain; charset=utf-8"}), "media_types"),
        ("limits", {}, "limits"),
        ("Params", Loose, "no frozen model"),
        ("Params", Lax, "unknown fields"),
        ("Params", dict, "no frozen model"),
        ("Params", NoParams(), "no frozen model"),
        ("Result", dict, "Result"),
        ("Result", Answer(), "Result"),
    ],
)
def test_each_part_of_the_contract_is_looked_at(attribute: str, value: object, fault: str) -> None:
    processor = Right()
    setattr(processor, attribute, value)
    (found,) = faults("right", processor)
    assert fault in found


@pytest.mark.parametrize("processor", [Right, None, object(), "right"])
def test_what_is_no_processor_at_all_is_refused_in_one_sentence(processor: object) -> None:
    (found,) = faults("right", processor)
    assert "no instance" in found
