"""The kinds that a path may name: built once, at import, from the processors that are installed and offered."""

from enum import StrEnum

from ingest.settings import Settings, listed
from processors import registry

AUTO = "auto"

PROCESSORS = registry.load(listed(Settings.from_env().kinds) or None)

Kind = StrEnum("Kind", {name: name for name in [AUTO, *sorted(PROCESSORS)]})  # type: ignore[misc]
