"""The documents say what the program does: every setting, code, route, target and command, and nothing stale."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
import typer.main
from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ingest import __version__
from ingest.cli import app as command_line
from ingest.errors import JOB_ERRORS, PROBLEMS
from ingest.jobs.states import TRANSITIONS, State, drawing
from ingest.settings import Settings
from tests.architecture import REPOSITORY, read_sources

README = (REPOSITORY / "README.md").read_text()
ARCHITECTURE = (REPOSITORY / "ARCHITECTURE.md").read_text()
DOCUMENTS = {
    path.relative_to(REPOSITORY).as_posix(): path.read_text()
    for path in sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
}
EVERYTHING = "\n".join(DOCUMENTS.values())
UNITS = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


def document(name: str) -> str:
    return DOCUMENTS[f"docs/{name}.md"]


# -- settings


def settings_table() -> str:
    """The table that docs/settings.md must hold, from the settings themselves."""
    rows = ["| variable | default | allowed | meaning |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `DROPOFF_{name.upper()}` | {default(field)} | {allowed(field)} | {field.description} |")
    return "\n".join(rows)


def default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "the number of cores"
    if field.default == "":
        return "empty"
    size = next((f" ({field.default // size} {unit})" for unit, size in UNITS if is_size(field.default, size)), "")
    return f"`{field.default:g}`" if isinstance(field.default, float) else f"`{field.default}`{size}"


def is_size(value: object, unit: int) -> bool:
    return isinstance(value, int) and value >= unit and value % unit == 0


def allowed(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{option}`" for option in get_args(field.annotation))
    bounds = {type(bound): bound for bound in field.metadata}
    low = f"{bounds[Ge].ge}" if Ge in bounds else f"above {bounds[Gt].gt}" if Gt in bounds else ""
    high = f"{bounds[Le].le}" if Le in bounds else ""
    if low.startswith("above") and high:
        return f"{low}, up to {high}"
    return f"{low} to {high}" if low and high else f"{low} or more" if low else "any"


def test_every_setting_is_documented_with_its_default_and_range() -> None:
    assert settings_table() in document("settings")


def test_no_document_names_a_setting_that_does_not_exist() -> None:
    """Besides the settings there are the command line's DROPOFF_URL, and the wildcard."""
    known = {f"DROPOFF_{name.upper()}" for name in Settings.model_fields} | {"DROPOFF_URL"}
    assert set(re.findall(r"DROPOFF_[A-Z_]*[A-Z]", EVERYTHING)) - known == set()


# -- errors


def problems_table() -> str:
    rows = ["| code | status | meaning | try again |", "|---|---|---|---|"]
    for code, kind in PROBLEMS.items():
        rows.append(f"| `{code}` | {kind.status} | {kind.title} | {'yes' if kind.retryable else 'no'} |")
    return "\n".join(rows)


def job_errors_table() -> str:
    rows = ["| code | category | meaning | try again |", "|---|---|---|---|"]
    for code, kind in JOB_ERRORS.items():
        rows.append(f"| `{code}` | {kind.category} | {kind.title} | {'yes' if kind.retryable else 'no'} |")
    return "\n".join(rows)


def test_every_error_of_a_request_is_documented_with_its_status() -> None:
    assert problems_table() in document("errors")


def test_every_error_of_a_job_is_documented_with_its_category() -> None:
    assert job_errors_table() in document("errors")


def test_every_error_code_is_raised_somewhere_in_the_code() -> None:
    """A code that nothing raises is a promise that nothing keeps."""
    text = "\n".join(text for module, text in read_sources().items() if module != "ingest.errors")
    assert [code for code in (*PROBLEMS, *JOB_ERRORS) if f'"{code}"' not in text] == []


def test_every_code_that_the_code_raises_is_in_the_table() -> None:
    raised = {
        code
        for text in read_sources().values()
        for code in re.findall(r"\b(?:Problem|JobError|StorageError|Rejected)\(\s*\"([a-z_]+)\"", text)
    }
    assert raised - {*PROBLEMS, *JOB_ERRORS} == set()


# -- routes


def routes() -> set[tuple[str, str]]:
    """(method, path) of everything that the application answers, from its own table."""
    from fastapi.routing import APIRoute

    from ingest import apidocs, events, health, lookup, lookup_page, pages, results, status, upload

    stations = (upload, status, events, results, lookup, pages, lookup_page, health, apidocs)
    return {
        (method, route.path)
        for station in stations
        for route in station.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
        if method != "HEAD"
    }


def documented_routes() -> set[tuple[str, str]]:
    """Headings and table rows of docs/http.md such as `GET /v1/jobs/{id}`."""
    found = re.findall(r"`(GET|POST|PUT|PATCH|DELETE|OPTIONS) (/[^`?\s]*)[^`]*`", document("http"))
    return {(method, path) for method, path in found}


def test_every_route_is_documented_and_no_other() -> None:
    assert shape(documented_routes()) == shape(routes())


def shape(routes: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Parameters by any name are one shape."""
    return {(method, re.sub(r"\{[^}]*\}", "{}", path)) for method, path in routes}


# -- make targets and commands


def make_targets() -> dict[str, str]:
    return dict(re.findall(r"^([a-z-]+):.*?## (.*)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))


def test_every_make_target_documents_itself_and_is_phony() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert targets == set(phony.split()) == set(make_targets())


def test_every_make_target_is_in_the_readme_and_no_document_names_another() -> None:
    assert [target for target in make_targets() if f"make {target}" not in README] == []
    named = {
        target for text in DOCUMENTS.values() for target in re.findall(r"(?:`|^|\$ )make ([a-z-]+)", text, re.MULTILINE)
    }
    assert named - set(make_targets()) == set()


def test_every_command_is_in_the_readme_and_no_document_names_another() -> None:
    commands = set(typer.main.get_command(command_line).commands)  # type: ignore[attr-defined]
    assert [command for command in commands if f"dropoff {command}" not in README] == []
    named = set(re.findall(r"(?:bin/|`|^|\$ )dropoff ([a-z]+)", EVERYTHING, re.MULTILINE))
    assert named - commands == set()


def test_ci_calls_only_make_targets() -> None:
    """The README's own commands, so that a green CI means that they work."""
    lines = (REPOSITORY / ".ci" / "run").read_text().splitlines()
    called = [line.split()[1] for line in lines if line.startswith("make ")]
    assert {"lint", "typecheck", "test"} <= set(called) <= set(make_targets())


# -- the life of a job


def test_the_drawing_of_a_jobs_life_is_the_table_in_the_code() -> None:
    assert f"```mermaid\n{drawing()}\n```" in ARCHITECTURE


def test_the_state_table_says_each_transition_once() -> None:
    rows = re.findall(r"^\| (?:`(\w+)`)? ?\| `(\w+)` \| [^|]+ \|$", ARCHITECTURE, re.MULTILINE)
    before, said = "", []
    for state, after in rows:
        before = state or before
        said.append((State(before), State(after)))
    assert sorted(said) == sorted((before, after) for before in State for after in TRANSITIONS[before])


# -- the documents themselves


def links(text: str) -> Iterator[str]:
    yield from re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_link_inside_the_project_leads_somewhere(name: str) -> None:
    folder = (REPOSITORY / name).parent
    broken = [
        link for link in links(DOCUMENTS[name]) if not re.match(r"[a-z]+:", link) and not (folder / link).exists()
    ]
    assert broken == []


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_heading_that_a_link_names_exists(name: str) -> None:
    for link, anchor in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", DOCUMENTS[name]):
        if not re.match(r"[a-z]+:", link):
            target = ((REPOSITORY / name).parent / link if link else REPOSITORY / name).read_text()
            assert anchor in {anchor_of(heading) for heading in re.findall(r"^#+ (.*)$", target, re.MULTILINE)}


def anchor_of(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


FILE = re.compile(r"`((?:ingest|processors|storage|tests|docs|scripts|bench|samples)/[\w/.-]*)`")


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_file_that_a_document_names_exists(name: str) -> None:
    assert [path for path in FILE.findall(DOCUMENTS[name]) if not (REPOSITORY / path).exists()] == []


def test_the_tour_passes_every_file_of_ingest() -> None:
    """A newcomer finds each station in the tour, and no station that was pulled down."""
    tour = ARCHITECTURE.partition("## A tour")[2].partition("\n## ")[0]
    named = {Path(name).name for name in re.findall(r"`([\w/]+\.py)`", tour)}
    stations = {path.name for path in (REPOSITORY / "ingest").glob("*.py")} - {"__init__.py"}
    assert stations - named == set()


def test_the_readme_quotes_the_example_plugin_as_it_is() -> None:
    (plugin,) = (REPOSITORY / "tests" / "example_plugin").glob("*.py")
    code = plugin.read_text()
    assert f"```python\n{code}```" in README
    assert len(code.splitlines()) <= 30


def test_the_floors_of_dependencies_are_those_that_pyproject_sets() -> None:
    """SECURITY.md says which releases are excluded; pyproject.toml excludes them."""
    floors = re.findall(r"^\| ([a-z0-9-]+) \| ([\d.]+) \|", DOCUMENTS["SECURITY.md"], re.MULTILINE)
    project = (REPOSITORY / "pyproject.toml").read_text()
    assert len(floors) >= 4
    assert [name for name, floor in floors if f'"{name}>={floor}"' not in project] == []


def test_the_changelog_begins_with_this_version() -> None:
    assert re.findall(r"^## (\S+)", DOCUMENTS["CHANGELOG.md"], re.MULTILINE)[0] == __version__


def test_the_documents_make_no_boast() -> None:
    """No superlative without a figure; what is good shows."""
    boasts = (
        r"\b(blazing|lightning|world-class|state-of-the-art|best-in-class|cutting-edge|effortless\w*|unparalleled)\b"
    )
    assert re.findall(boasts, EVERYTHING, re.IGNORECASE) == []
