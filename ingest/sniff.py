"""The first bytes of a file -> what it is, and which kind takes it. The content decides; a name only refines."""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ingest.errors import Problem
from ingest.kinds import AUTO
from processors.base import AnyProcessor
from processors.signatures import by_signature
from processors.text.encoding import by_ideographs

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"

# Registered types where there are some; else those that others use.
TEXT_EXTENSIONS: Mapping[str, str] = {
    "awk": "text/x-awk",
    "bash": "text/x-shellscript",
    "bat": "text/x-bat",
    "bib": "text/x-bibtex",
    "c": "text/x-c",
    "cc": "text/x-c++",
    "cfg": "text/x-ini",
    "clj": "text/x-clojure",
    "cmake": "text/x-cmake",
    "cmd": "text/x-bat",
    "conf": "text/x-ini",
    "cpp": "text/x-c++",
    "cs": "text/x-csharp",
    "css": "text/css",
    "csv": "text/csv",
    "cxx": "text/x-c++",
    "dart": "text/x-dart",
    "diff": "text/x-diff",
    "el": "text/x-emacs-lisp",
    "eml": "message/rfc822",
    "erl": "text/x-erlang",
    "ex": "text/x-elixir",
    "exs": "text/x-elixir",
    "f90": "text/x-fortran",
    "go": "text/x-go",
    "gradle": "text/x-groovy",
    "groovy": "text/x-groovy",
    "h": "text/x-c",
    "hh": "text/x-c++",
    "hpp": "text/x-c++",
    "hs": "text/x-haskell",
    "htm": "text/html",
    "html": "text/html",
    "ics": "text/calendar",
    "ini": "text/x-ini",
    "java": "text/x-java",
    "jl": "text/x-julia",
    "js": "text/javascript",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "jsx": "text/javascript",
    "kt": "text/x-kotlin",
    "less": "text/x-less",
    "log": "text/x-log",
    "lua": "text/x-lua",
    "markdown": "text/markdown",
    "md": "text/markdown",
    "mjs": "text/javascript",
    "ml": "text/x-ocaml",
    "ndjson": "application/x-ndjson",
    "patch": "text/x-diff",
    "php": "text/x-php",
    "pl": "text/x-perl",
    "pm": "text/x-perl",
    "po": "text/x-gettext-translation",
    "properties": "text/x-java-properties",
    "proto": "text/x-protobuf",
    "ps1": "text/x-powershell",
    "py": "text/x-python",
    "pyi": "text/x-python",
    "r": "text/x-r",
    "rb": "text/x-ruby",
    "rs": "text/x-rust",
    "rst": "text/x-rst",
    "rtf": "text/rtf",
    "scala": "text/x-scala",
    "scss": "text/x-scss",
    "sh": "text/x-shellscript",
    "sql": "application/sql",
    "srt": "application/x-subrip",
    "svg": "image/svg+xml",
    "swift": "text/x-swift",
    "tcl": "text/x-tcl",
    "tex": "text/x-tex",
    "toml": "application/toml",
    "ts": "text/x-typescript",
    "tsv": "text/tab-separated-values",
    "tsx": "text/x-typescript",
    "vcf": "text/vcard",
    "vtt": "text/vtt",
    "xhtml": "application/xhtml+xml",
    "xml": "application/xml",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "zsh": "text/x-shellscript",
}

# What the first bytes leave open: the same container holds films and sounds.
CONTAINERS: Mapping[tuple[str, str], str] = {
    ("video/mp4", "m4a"): "audio/mp4",
    ("video/mp4", "m4b"): "audio/mp4",
}

# Text has hardly a control byte, compressed data one in eleven, programs more. A log that was cut off by a power
# failure may have a run of zeros; ISO 2022 shifts between its alphabets with SO and SI.
CONTROLS = bytes([*range(0x09), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)])
TOLERATED = 1 / 32
TOLERATED_IN_SHORT = 1  # one in a few bytes is no proof
_ZEROS = re.compile(rb"\0{8,}")
_ISO_2022 = re.compile(rb"\x1b\$[()*+]?[@-_]")

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Detected:
    """`broader` is what every reader of a more general type can still read it as: a CSV file is plain text."""

    media_type: str
    broader: str | None = None


def sniff(head: bytes, name: str, whole: bool) -> Detected:
    """`head` is the first `HEAD_BYTES` of the file, or all of it (`whole`) if it is shorter."""
    extension = name.rpartition(".")[2].lower()
    found = by_signature(head)
    if found is not None:
        return Detected(CONTAINERS.get((found, extension), found))
    if is_text(head, whole):
        return Detected(TEXT_EXTENSIONS.get(extension, TEXT), TEXT)
    return Detected(UNKNOWN)


def choose_kind(kind: str, detected: Detected, processors: Mapping[str, AnyProcessor]) -> str:
    """The kind that takes the file: `kind` itself, or for "auto" the first that names the file's very type.

    A type that is not known here is `UNKNOWN`: a processor that names it takes such files.
    """
    takers = [name for name, processor in processors.items() if detected.media_type in processor.media_types]
    takers += [name for name, processor in processors.items() if detected.broader in processor.media_types]
    if takers and kind in (AUTO, *takers):
        return takers[0] if kind == AUTO else kind
    offered = processors.values() if kind == AUTO else [processors[kind]]
    accepted = sorted({media_type for processor in offered for media_type in processor.media_types})
    if not takers:
        words = f"The file is {detected.media_type}, which no kind takes"
        raise Problem("unsupported_media_type", words, detected=detected.media_type, accepted=accepted)
    words = f"The file is {detected.media_type}: that is of the kind {takers[0]!r}, not {kind!r}"
    raise Problem("kind_mismatch", words, detected=detected.media_type, accepted=accepted, kind=takers[0])


def is_text(head: bytes, whole: bool) -> bool:
    """Hardly any binary bytes; or UTF-16 or UTF-32, by a byte order mark, by zeros in the right columns or by reading
    as Chinese, Japanese or Korean."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return _reads_as(head[len(mark) :], encoding, whole)
    if _has_few_controls(head) or any(_reads_as(head, encoding, whole) for encoding in _by_columns(head)):
        return True
    return by_ideographs(head) is not None


def _has_few_controls(head: bytes) -> bool:
    text = _ZEROS.sub(b"", head) if b"\0" in head else head
    shifts = b"\x0e\x0f" if _ISO_2022.search(text) else b""
    controls = len(text) - len(text.translate(None, CONTROLS.translate(None, shifts)))
    tolerated = max(len(text) * TOLERATED, TOLERATED_IN_SHORT * (len(text) > 2))
    return controls <= tolerated and len(text) * 2 >= len(head)


def _by_columns(head: bytes) -> list[str]:
    """The wide encodings whose zeros would stand where this has zeros: in one byte of two, or in two of four."""
    half = max(len(head) // 2, 1)
    even, odd = head[::2].count(0) / half, head[1::2].count(0) / half
    if max(even, odd) < 0.1:
        return []
    if min(even, odd) > 0.1 * max(even, odd):
        return ["utf-32-le", "utf-32-be"]
    return ["utf-16-le"] if odd > even else ["utf-16-be"]


def _reads_as(data: bytes, encoding: str, whole: bool) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(data, whole)
    except UnicodeDecodeError:
        return False
    return _has_few_controls(text.encode())
