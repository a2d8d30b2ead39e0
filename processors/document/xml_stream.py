"""XML of a stranger, as it streams: no declaration of a type, no entity, nothing from outside, bounded in depth.

Names are local: the prefix is cut off, since no two vocabularies that are read here share a name and mean two things.
"""

from collections.abc import Callable, Iterable, Mapping
from html.entities import html5
from typing import Any, Protocol
from xml.parsers import expat

from processors.base import Rejected

TOKEN_BYTES = 1 << 20  # a tag with its attributes; expat holds it whole, and this one begins it anew for each block
ENCODINGS = ("utf-8", "utf-16", "us-ascii", "ascii", "iso-8859-1")  # what expat knows by itself

Attributes = Mapping[str, str]


class Handler(Protocol):
    def start(self, name: str, attributes: Attributes) -> None: ...
    def end(self, name: str) -> None: ...
    def text(self, data: str) -> None: ...


def parse(
    blocks: Iterable[bytes],
    handler: Handler,
    max_depth: int,
    *,
    advance: Callable[[int], None] = lambda _: None,
    is_html: bool = False,
) -> None:
    """`advance` hears of each block. With `is_html`, a bare DOCTYPE and HTML's entities are allowed.

    Raises `Rejected`.
    """
    parser = _parser(handler, max_depth, is_html=is_html)
    fed = 0
    try:
        for block in blocks:
            parser.Parse(block, False)
            fed += len(block)
            if fed - parser.CurrentByteIndex > TOKEN_BYTES + len(block):
                raise Rejected(
                    "limit_exceeded", f"A part of the document has a tag of more than {TOKEN_BYTES:,} bytes."
                )
            advance(len(block))
        parser.Parse(b"", True)
    except expat.ExpatError as wrong:
        raise Rejected("corrupt_input", f"A part of the document is no sound XML: {wrong}.") from wrong


def _parser(handler: Handler, max_depth: int, *, is_html: bool) -> Any:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > max_depth:
            raise Rejected("limit_exceeded", f"A part of the document nests deeper than {max_depth} elements.")
        handler.start(local(name), attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(local(name))

    def declaration(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ENCODINGS:
            raise Rejected("unsupported_input", "A part of the document has an encoding that no such document has.")

    def doctype(_name: str, _system: str | None, _public: str | None, has_internal_subset: bool) -> None:
        if has_internal_subset or not is_html:
            raise Rejected("unsupported_input", "A part of the document declares a type of its own (DTD).")

    def skipped(entity: str, _is_parameter: bool) -> None:
        handler.text(html5.get(f"{entity};", ""))

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = handler.text
    parser.XmlDeclHandler, parser.StartDoctypeDeclHandler = declaration, doctype
    parser.SkippedEntityHandler = skipped
    return parser


def local(name: str) -> str:
    return name[name.rfind(":") + 1 :]


def attribute(attributes: Attributes, name: str) -> str | None:
    """By its local name, whatever the prefix."""
    for full, value in attributes.items():
        if full == name or full.endswith(f":{name}"):
            return value
    return None


def number(text: str | None, default: int, most: int) -> int:
    """A whole number from a stranger: from 0, up to `most`."""
    if text is None or not text.isdecimal() or len(text) > 18:
        return default
    return min(int(text), most)
