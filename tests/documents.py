"""Documents read alone: the result, and the text as it was written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processors.document import DocumentProcessor
from processors.document.models import DocumentResult
from processors.work import run_alone


@dataclass(frozen=True, slots=True)
class Document:
    result: DocumentResult
    text: str
    folder: Path


def read(folder: Path, data: bytes, params: Mapping[str, Any] | None = None) -> Document:
    """In a folder of its own, below `folder`. Raises `Rejected`."""
    own = folder / f"read-{len(list(folder.iterdir()))}"
    own.mkdir()
    path = own / "document"
    path.write_bytes(data)
    result = run_alone(DocumentProcessor(), path, params, scratch=own).result
    assert isinstance(result, DocumentResult)
    text = own / "out" / "text.txt"
    return Document(result, text.read_text(encoding="utf-8") if text.exists() else "", own / "out")
