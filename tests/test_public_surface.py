"""What others may build on, as a list: a name that comes or goes here is a decision, not an accident."""

import ast
from collections.abc import Mapping

import pytest

from tests.architecture import read_sources

SOURCES = read_sources()

NAMES: Mapping[str, str] = {
    "ingest": "__version__",
    "processors": "",
    "processors.base": """
        AnyProcessor Cancelled JSON Limits NoParams ONE_THREAD OnReport OutputAttributes P P_co Params Processor
        Rejected RejectionCode Report Searchable Work
    """,
    "storage": "open_files",
    "storage.base": "Blob FileStore Spool SpoolEntry StorageCode StorageError StoredBlob",
    "ingest.jobs": "migrate open_jobs",
    "ingest.jobs.base": """
        Acceptance Account Attempt Claim Event Job JobFilter JobStore NewJob Progress StoreBusy StoreRefused
    """,
    "ingest.jobs.outcomes": """
        BACKOFF_BASE_SECONDS BACKOFF_CAP_SECONDS Cancelled Done Failed Interrupted MAX_INTERRUPTIONS Outcome Output
        Released Retry Settlement Tally backoff settle
    """,
    "ingest.jobs.states": "ACTIVE OWNED State TERMINAL TRANSITIONS drawing may",
    "ingest.search": "open_search",
    "ingest.search.base": """
        Document Field Hit IndexDamaged IndexUnavailable Order Page Place RANKED SearchFilter SearchIndex Snippet Step
        Vouch
    """,
    "ingest.dispatch": "open_dispatch",
    "ingest.dispatch.base": "Dispatch",
}

MEMBERS: Mapping[tuple[str, str], str] = {
    ("processors.base", "Processor"): "Params Result kind limits media_types process version warm",
    ("processors.base", "Work"): "descriptor media_type name open output params report scratch size",
    ("storage.base", "Spool"): "append close discard name owner sha256 size",
    ("storage.base", "FileStore"): """
        close delete discard_spool exists fetch free_bytes open probe put spool spools walk
    """,
    ("ingest.jobs.base", "JobStore"): """
        accept cancel cancelling check claim close counts delete drop_unreferenced events expire finish get gone
        known_keys last_seq page progress queue_position released_keys renew rescue running succeeded version
    """,
    ("ingest.dispatch.base", "Dispatch"): "close nudge",
    ("ingest.search.base", "SearchIndex"): """
        alone close discard job_ids prepare remove search watermark write
    """,
    ("processors.image.backends.base", "Backend"): "decode takes",
}


def defined(body: list[ast.stmt]) -> set[str]:
    """The public names that a module or class defines; `__all__`, where there is one, decides."""
    names: set[str] = set()
    for node in body:
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                names.add(node.name)
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                return set(ast.literal_eval(node.value))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return {name for name in names if not name.startswith("_") or name == "__version__"}


@pytest.mark.parametrize("module", NAMES)
def test_an_extension_point_shows_these_names_and_no_others(module: str) -> None:
    assert defined(ast.parse(SOURCES[module]).body) == set(NAMES[module].split())


@pytest.mark.parametrize(("module", "protocol"), MEMBERS, ids=lambda name: name)
def test_a_contract_has_these_members_and_no_others(module: str, protocol: str) -> None:
    (body,) = (
        node.body
        for node in ast.parse(SOURCES[module]).body
        if isinstance(node, ast.ClassDef) and node.name == protocol
    )
    assert defined(body) == set(MEMBERS[module, protocol].split())


def test_every_contract_is_pinned_here() -> None:
    """A Protocol in a `base.py` is a promise to somebody."""
    protocols = {
        (module, node.name)
        for module, text in SOURCES.items()
        if module.endswith(".base")
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in node.bases)
    }
    assert protocols == set(MEMBERS)
