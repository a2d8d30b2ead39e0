"""What is installed is what was meant: three packages side by side, nothing of the tests, and nothing that shadows."""

import importlib.util
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import distribution, packages_distributions, requires
from pathlib import Path

import pytest

from tests.architecture import OURS, REPOSITORY, imports, read_sources

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
FOR_DEVELOPERS = ("bench", "dev")
NAME = re.compile(r"[A-Za-z0-9._-]+")


def normal(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    lines = (REPOSITORY / "constraints.txt").read_text().split()
    return {normal(name): version for name, _, version in (line.partition("==") for line in lines)}


def committed() -> list[Path]:
    """The files of the project, without git, since a newcomer may have come without it."""
    ignored = (REPOSITORY / ".gitignore").read_text().split()
    return [
        path
        for path in sorted(REPOSITORY.rglob("*"))
        if path.is_file()
        and not any(fnmatch(f"{part}/", pattern) for part in relative(path).parts for pattern in [*ignored, ".git/"])
    ]


def relative(path: Path) -> Path:
    return path.relative_to(REPOSITORY)


def test_the_three_packages_lie_side_by_side() -> None:
    """Other distributions ship packages of these names: installed over ours, they would replace them."""
    folders = set()
    for name in OURS:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        folders.add(Path(spec.origin).parent.parent)
    assert folders == {REPOSITORY}


@pytest.mark.parametrize("package", OURS)
def test_each_package_says_that_it_is_typed(package: str) -> None:
    assert (REPOSITORY / package / "py.typed").exists()


def test_tests_is_a_package_and_hides_none_of_ours() -> None:
    """A folder tests/storage would be imported as `storage` and hide the real one."""
    assert (REPOSITORY / "tests" / "__init__.py").exists()
    assert not {path.name for path in (REPOSITORY / "tests").rglob("*") if path.is_dir()} & set(OURS)


def test_no_module_is_named_like_the_standard_library_or_a_dependency() -> None:
    """Run by path, `logging.py` or `queue.py` would shadow the real one."""
    dependencies = {normal(name).replace("-", "_") for name in pinned()} | {"multipart", "celery"}
    ours = {module.rpartition(".")[2] for module in read_sources()}
    assert ours & (set(sys.stdlib_module_names) | dependencies) == set()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """A wheel, built without the network from what is committed."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for path in committed():
        if relative(path).parts[0] != "tests":
            copy = source / relative(path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (source / "tests").mkdir()
    (source / "tests" / "__init__.py").touch()
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(source)], check=True, capture_output=True)
    (built,) = folder.glob("dropoff-*.whl")
    with zipfile.ZipFile(built) as opened:
        yield opened


def test_the_wheel_holds_the_three_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    top = {name.partition("/")[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == set(OURS)


def test_the_wheel_holds_every_file_that_the_packages_need(wheel: zipfile.ZipFile) -> None:
    """Modules, migrations, templates, static files, and the markers of types."""
    needed = {str(relative(path)) for path in committed() if relative(path).parts[0] in OURS}
    assert needed - set(wheel.namelist()) == set()
    suffixes = {Path(name).suffix for name in needed}
    assert {".py", ".typed", ".html", ".css", ".js"} <= suffixes


def test_the_wheel_names_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    (points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "dropoff = ingest.cli:main" in wheel.read(points).decode()
    licences = {Path(name).name for name in wheel.namelist() if "/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE"}


def test_the_installed_version_is_the_one_in_the_source() -> None:
    from ingest import __version__

    assert PROJECT["version"] == __version__
    assert distribution("dropoff").version == __version__


def test_every_dependency_and_what_it_needs_is_pinned() -> None:
    """The whole closure, so that today's installation is tomorrow's."""
    extras = [one for group in PROJECT["optional-dependencies"].values() for one in group]
    waiting = [*PROJECT["dependencies"], *extras]
    seen: set[str] = set()
    ours = normal(PROJECT["name"])  # an extra may take in others
    while waiting:
        requirement = waiting.pop()
        match = NAME.match(requirement)
        assert match is not None
        name = normal(match.group())
        if name in {*seen, ours} or not installed(name):
            continue
        seen.add(name)
        waiting += [other for other in requires(name) or [] if "extra ==" not in other]
    assert seen - set(pinned()) == set()


def installed(name: str) -> bool:
    """A requirement with a marker (for another Python or system) may not be here."""
    try:
        distribution(name)
    except ImportError:
        return False
    return True


@pytest.mark.parametrize("requirement", PROJECT["dependencies"])
def test_each_pin_is_the_version_that_runs_here(requirement: str) -> None:
    match = NAME.match(requirement)
    assert match is not None
    assert distribution(match.group()).version == pinned()[normal(match.group())]


def test_every_library_that_is_imported_is_a_declared_dependency() -> None:
    """What comes along with another package today may not come tomorrow."""
    extras = [
        one for name, group in PROJECT["optional-dependencies"].items() if name not in FOR_DEVELOPERS for one in group
    ]
    requirements = [*PROJECT["dependencies"], *extras]
    declared = {normal(match.group()) for one in requirements if (match := NAME.match(one))}
    found = {name.partition(".")[0] for text in read_sources().values() for name in imports(text)}
    foreign = found - sys.stdlib_module_names - set(OURS)
    providers = packages_distributions()
    assert {name for name in foreign if not {normal(one) for one in providers[name]} & declared} == set()


def test_each_direct_dependency_has_a_floor() -> None:
    assert [one for one in PROJECT["dependencies"] if ">=" not in one] == []


def test_no_committed_file_names_a_package_index_or_a_place_on_one_machine() -> None:
    """Pins come without addresses: whoever installs chooses where from."""
    indexes = rb"pypi\.|pythonhosted|/simple/|--index-url|--extra-index|--find-links|artifactory|nexus"
    places = rb"(?<![\w.}])/(?:home|work|root|Users)/[a-z]"
    found = [
        f"{relative(path)}: {hit.decode()}"
        for path in committed()
        if path != Path(__file__) and relative(path).parts[0] != "samples"
        for hit in re.findall(indexes + b"|" + places, path.read_bytes())
    ]
    assert found == []


def test_the_project_tells_which_systems_it_runs_on() -> None:
    assert "Operating System :: POSIX :: Linux" in PROJECT["classifiers"]
    assert PROJECT["requires-python"] == ">=3.11"
