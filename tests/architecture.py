"""The arrows of the house, read from the source: who may import whom, at any level of a module.

Works on text, so that a test can plant a fault without touching a file.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
OURS = ("ingest", "processors", "storage")

WEB = ("fastapi", "starlette", "uvicorn")
NETWORK = (
    "socket",
    "socketserver",
    "ssl",
    "http",
    "urllib",
    "ftplib",
    "smtplib",
    "httpx",
    "httpcore",
    "anyio",
    "asyncio",
)
TABLE = ("sqlalchemy", "sqlite3", "alembic", "dbm")
DECODERS = ("PIL", "av", "numpy", "pypdfium2")

BLOCKING = ("os", "io", "pathlib", "socket", "threading", "subprocess", "asyncio", "time")

# Rules without a reach to the outside: values in, values out.
PURE = (
    "processors.signatures",
    "processors.media_signatures",
    "ingest.parts",
    "ingest.form",
    "ingest.fields",
    "ingest.digests",
    "ingest.names",
    "ingest.sniff",
    "ingest.document",
    "ingest.progress",
    "ingest.verdict",
    "ingest.jobs.states",
    "ingest.jobs.outcomes",
    "ingest.search.query",
    "ingest.search.snippets",
    "ingest.search.words",
)

# Who never imports what: each row holds for the module or package named, and everything below it.
NEVER: Mapping[str, Sequence[str]] = {
    "processors": ("ingest", "storage", *WEB, *NETWORK, "sqlalchemy", "alembic", "dbm"),
    "storage": ("ingest", "processors", *WEB, *TABLE, *DECODERS),
    **dict.fromkeys(PURE, (*WEB, *TABLE, *BLOCKING, *DECODERS, "storage")),
    **dict.fromkeys(("ingest.errors", "ingest.settings", "ingest.logs", "ingest.clock"), OURS),
    **dict.fromkeys(("ingest.owners", "ingest.leash", "ingest.kernel", "ingest.client"), OURS),
    "ingest.jobs": ("processors", "storage", *WEB, "ingest.dispatch", "ingest.wiring", "ingest.settings"),
    "ingest.dispatch": ("processors", "storage", *WEB, *TABLE, "ingest.jobs", "ingest.worker", "ingest.settings"),
    "ingest.search": ("processors", "storage", *WEB, "sqlalchemy", "ingest.jobs", "ingest.wiring", "ingest.settings"),
    "ingest.indexer": (*WEB, "asyncio", *DECODERS),
    "ingest.searchable": (*WEB, "asyncio", *TABLE, *DECODERS),
    "ingest.accept": (*WEB, "asyncio"),
    "ingest.wiring": WEB,
    "ingest.worker": (*WEB, "asyncio", "ingest.settings", *DECODERS),
    "ingest.janitor": (*WEB, "asyncio", "ingest.settings"),
    "ingest.sandbox": (*WEB, "storage", "ingest.wiring", "ingest.settings", "asyncio", *DECODERS),
    "ingest.brood": (*WEB, *TABLE, "storage", "ingest.jobs", "ingest.settings", "asyncio", *DECODERS),
    "ingest.zygote": (*WEB, *TABLE, "storage", "asyncio", "multiprocessing", "pickle", *DECODERS),
    "ingest.cell": (*WEB, *TABLE, "storage", "asyncio", "multiprocessing", "pickle", *DECODERS),
}

# The only homes of what everybody would like to use.
HOMES: Mapping[str, Sequence[str]] = {
    "python_multipart": ("ingest.parts",),
    "sqlalchemy": ("ingest.jobs",),
    "alembic": ("ingest.jobs.migrations",),
    "sqlite3": ("ingest.jobs", "ingest.search", "ingest.doctor", "processors.text.data.sqlite"),
    "PIL": ("processors.document", "processors.image", "processors.media", "processors.video", "processors.webp"),
    "pypdfium2": ("processors.document",),
    "av": ("processors.media", "processors.video", "processors.image.resample", "processors.image.backends.fast"),
    "pyvips": ("processors.image.backends.vips",),
    "duckdb": ("processors.text.duck",),
    "re2": ("processors.text.data.runs",),
    "pillow_heif": ("processors.image.backends.heif",),
    "typer": ("ingest.cli",),
    "rich": ("ingest.watch",),
    "httpx": ("ingest.client", "ingest.cli"),
    "httpx_sse": ("ingest.client",),
    "uvicorn": ("ingest.web_process", "ingest.wire"),
    "h11": ("ingest.wire",),
    "aiofiles": ("ingest.results",),
    "markupsafe": ("ingest.markup", "ingest.pages", "ingest.lookup_page"),
    "fastapi_swagger": ("ingest.apidocs",),
    "pydantic_settings": ("ingest.settings",),
    "storage.local": ("storage",),
    "ingest.jobs.store": ("ingest.jobs",),
    "ingest.search.sqlite": ("ingest.search",),
    "ingest.search.sqlite_file": ("ingest.search",),
    "ingest.dispatch.local": ("ingest.dispatch", "ingest.worker_process"),
}

# What the web process can reach must not lead to the other side of the wall, and the other way round.
APART: Mapping[str, Sequence[str]] = {
    "ingest.web_process": (
        "ingest.worker",
        "ingest.sandbox",
        "ingest.brood",
        "ingest.zygote",
        "ingest.cell",
        "ingest.publish",
        "ingest.indexer",
    ),
    "ingest.worker_process": ("ingest.app", "ingest.upload", "ingest.deps", "ingest.kinds"),
    "ingest.zygote": ("ingest.jobs", "ingest.settings", "ingest.wiring", "ingest.errors", "storage"),
}

Sources = Mapping[str, str]


def read_sources(root: Path = REPOSITORY) -> dict[str, str]:
    """Module name -> text, of everything in the three packages. A package bears its own name."""
    found = {}
    for package in OURS:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text()
    return found


def imports(text: str) -> Iterator[str]:
    """Every dotted name that `text` imports, in functions and under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def graph(sources: Sources) -> dict[str, set[str]]:
    """Module -> the modules of ours that it imports by name."""
    return {
        module: {target for name in imports(text) for target in [_module_of(name, sources)] if target}
        for module, text in sources.items()
    }


def _module_of(name: str, sources: Sources) -> str | None:
    """`a.b.c` is the module a.b.c, or else the name c of the module a.b."""
    return next((candidate for candidate in (name, name.rpartition(".")[0]) if candidate in sources), None)


def breaches(sources: Sources) -> list[str]:
    """Everything that breaks a rule of the house, in words."""
    return sorted({*_forbidden(sources), *_homeless(sources), *_roots(sources), *_circles(sources), *_walls(sources)})


def _forbidden(sources: Sources) -> Iterator[str]:
    for module, text in sources.items():
        banned = {ban for who, bans in NEVER.items() if within(module, who) for ban in bans}
        for name in imports(text):
            if name.startswith("."):
                yield f"{module} imports {name}: names are written out in full"
            if any(within(name, ban) for ban in banned):
                yield f"{module} must not import {name}"


def _homeless(sources: Sources) -> Iterator[str]:
    for module, text in sources.items():
        for name in imports(text):
            for package, homes in HOMES.items():
                if within(name, package) and not any(within(module, home) for home in homes):
                    yield f"{module} must not import {name}: it lives in {', '.join(homes)}"


def _roots(sources: Sources) -> Iterator[str]:
    """A module that takes names from its own package's root makes a circle as soon as the root imports anything."""
    for module, text in sources.items():
        for name in imports(text):
            root = name.rpartition(".")[0]
            inside = module != root and within(module, root)
            if inside and root in sources and name not in sources and not name.endswith(".__version__"):
                yield f"{module} imports {name} from its own package's root"


def _circles(sources: Sources) -> Iterator[str]:
    """Modules that import each other, however far around."""
    arrows = graph(sources)
    for module in arrows:
        if module in _reached(arrows, arrows[module]):
            yield f"{module} imports itself, around a circle"


def _walls(sources: Sources) -> Iterator[str]:
    arrows = graph(sources)
    for start, banned in APART.items():
        for target in _reached(arrows, arrows.get(start, set())):
            if any(within(target, ban) for ban in banned):
                yield f"{start} leads to {target}"


def _reached(arrows: Mapping[str, set[str]], start: set[str]) -> set[str]:
    reached: set[str] = set()
    while fresh := start - reached:
        reached |= fresh
        start = {after for module in fresh for after in arrows[module]}
    return reached
