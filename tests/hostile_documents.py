"""Documents that mean harm, by what they do, each with the code that it must end with."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping

from tests.office import HEADER, docx, open_document, paragraph, word_part, xlsx, zipped
from tests.pdfs import FONT, encrypted, file_of, flate, pages, pdf, stream, with_content

MIB = 1 << 20
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>"
ROOT = b"<</Type/Catalog/Pages 2 0 R>>"
DOCUMENT = "word/document.xml"

Hostile = Mapping[str, tuple[str, Callable[[], bytes]]]


def zeros(size: int) -> bytes:
    """So many of them, a multiple of a MiB, as zlib packs them, and made without packing them all."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = (size % 65_521) << 16 | 1
    return b"\x78\xda" + block * (size // MIB) + b"\3\0" + checksum.to_bytes(4, "big")


def damaged_table() -> bytes:
    return pdf("still here").replace(b"startxref\n", b"startxref\n99")


def form(content: str, forms: str) -> bytes:
    extra = f"/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<</XObject<<{forms}>>>>"
    return stream(content.encode(), extra)


def laughing_forms() -> bytes:
    """Ten forms that each draw the next one ten times."""
    objects = {number: form(f"/X{number + 1} Do " * 10, f"/X{number + 1} {number + 1} 0 R") for number in range(6, 16)}
    objects |= {
        1: ROOT,
        2: b"<</Type/Pages/Count 1/Kids[4 0 R]>>",
        4: PAGE.replace(b">>", b"/Contents 5 0 R/Resources<</XObject<</X6 6 0 R>>>>>>"),
        5: stream(b"/X6 Do"),
        16: stream(b"0 0 9 9 re f", "/Type/XObject/Subtype/Form/BBox[0 0 9 9]"),
    }
    return file_of(objects)


def object_stream_bomb() -> bytes:
    """The catalogue lies in an object stream that unpacks to a gigabyte."""
    inner = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = inner.compress(b"1 0 " + ROOT) + inner.flush(zlib.Z_FULL_FLUSH)
    content = b"\x78\xda" + first + zeros(1 << 30)[2:]
    packed = stream(content, "/Type/ObjStm/N 1/First 4/Filter/FlateDecode")
    head = b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"
    objects = {2: b"<</Type/Pages/Count 1/Kids[4 0 R]>>", 4: PAGE, 5: packed}
    data, offsets = head, {}
    for number, body in objects.items():
        offsets[number] = len(data)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(data)
    rows = [
        (0, 0, 65535),
        (2, 5, 0),
        (1, offsets[2], 0),
        (0, 0, 0),
        (1, offsets[4], 0),
        (1, offsets[5], 0),
        (1, start, 0),
    ]
    table = b"".join(struct.pack(">BIH", *row) for row in rows)
    index = stream(table, "/Type/XRef/Size 7/W[1 4 2]/Root 1 0 R")
    return data + b"6 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (index, start)


PDFS: Hostile = {
    "a password": ("unsupported_input", lambda: encrypted("secret", b"password")),
    "no password": ("result", lambda: encrypted("secret")),
    "a table of objects that is damaged": ("result", damaged_table),
    "half of it": ("corrupt_input", lambda: pdf("cut off", "gone")[:-800]),
    "a header alone": ("corrupt_input", lambda: b"%PDF-1.7\n"),
    "a tree of pages in a circle": (
        "corrupt_input",
        lambda: file_of({1: ROOT, 2: b"<</Type/Pages/Count 3/Kids[2 0 R 2 0 R]>>"}),
    ),
    "two nodes of the tree in each other": (
        "limit_exceeded",
        lambda: file_of(
            {
                1: ROOT,
                2: b"<</Type/Pages/Count 1000000/Kids[3 0 R 3 0 R]>>",
                3: b"<</Type/Pages/Parent 2 0 R/Count 1000000/Kids[2 0 R]>>",
            }
        ),
    ),
    "two thousand million pages, it says": (
        "result",
        lambda: file_of({1: ROOT, 2: b"<</Type/Pages/Count 2000000000/Kids[4 0 R]>>", 3: FONT, 4: PAGE}),
    ),
    "100,000 pages": ("limit_exceeded", lambda: pdf(*["p"] * 100_000)),
    "a page's content of a gigabyte": (
        "out_of_memory",
        lambda: with_content(stream(zeros(1 << 30), "/Filter/FlateDecode")),
    ),
    "a bomb in a bomb": (
        "out_of_memory",
        lambda: with_content(stream(zlib.compress(zeros(1 << 30), 9), "/Filter[/FlateDecode/FlateDecode]")),
    ),
    "a million lines drawn": ("out_of_memory", lambda: with_content(flate(b"0 0 m 1 1 l S " * (8 << 20)))),
    "states that are never taken back": ("out_of_memory", lambda: with_content(flate(b"q " * (1 << 26)))),
    "nine million letters on a page": (
        "out_of_memory",
        lambda: with_content(flate(b"BT /F1 1 Tf " + b"(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) Tj " * (1 << 18) + b"ET")),
    ),
    "a catalogue in a bomb": ("out_of_memory", object_stream_bomb),
    "a form that draws itself": (
        "out_of_memory",
        lambda: with_content(stream(b"/X Do"), resources="/XObject<</X 6 0 R>>", o6=form("/X Do /X Do", "/X 6 0 R")),
    ),
    "ten forms that draw each other": ("out_of_memory", laughing_forms),
    "a million lists in each other": (
        "result",
        lambda: file_of(
            {
                1: b"<</Type/Catalog/Pages 2 0 R/X " + b"[" * 1_000_000 + b"]" * 1_000_000 + b">>",
                2: b"<</Type/Pages/Count 1/Kids[4 0 R]>>",
                4: PAGE,
            }
        ),
    ),
    "a page as large as the universe": ("result", lambda: pdf("hi", box="0 0 1e30 1e30")),
    "a page like a thread": ("limit_exceeded", lambda: pdf("hi", box="0 0 2000000000 1")),
    "a page without size": ("result", lambda: pdf("hi", box="0 0 0 0")),
    "an image of 20,000 by 20,000": (
        "result",
        lambda: with_content(
            stream(b"q 500 0 0 500 0 0 cm /I Do Q"),
            resources="/XObject<</I 6 0 R>>",
            o6=stream(
                zeros(1200 * MIB),
                "/Type/XObject/Subtype/Image/Width 20000/Height 20000/BitsPerComponent 8"
                "/ColorSpace/DeviceRGB/Filter/FlateDecode",
            ),
        ),
    ),
    "scripts": (
        "result",
        lambda: file_of(
            pages(
                ["it has scripts"],
                catalogue="/Names<</JavaScript<</Names[(a) 500 0 R]>>>>/OpenAction 500 0 R",
                more={500: b"<</S/JavaScript/JS(while\\(1\\);)>>"},
            )
        ),
    ),
    "bookmarks in a circle": (
        "result",
        lambda: pdf(
            "x",
            catalogue="/Outlines 500 0 R",
            o500=b"<</First 501 0 R/Last 501 0 R/Count 1>>",
            o501=b"<</Title(a)/Parent 500 0 R/Next 502 0 R/First 501 0 R/Last 501 0 R>>",
            o502=b"<</Title(b)/Parent 500 0 R/Next 501 0 R>>",
        ),
    ),
}  # fmt: skip


def member_bomb(size: int) -> bytes:
    """A document of spaces, which pack a thousand to one."""
    return docx(paragraph(" " * size))


def quine() -> bytes:
    """An archive in an archive in an archive."""
    data = b"x"
    for _ in range(20):
        data = zipped({"word/document.xml": data, "_rels/.rels": "<x/>"})
    return data


def overlapping() -> bytes:
    """Two entries of the directory for one member's bytes."""
    data = bytearray(docx(paragraph("x" * 5000)))
    start = data.find(b"PK\1\2")
    first = struct.unpack_from("<I", data, start + 42)[0]
    length = 46 + sum(struct.unpack_from("<HHH", data, start + 28))
    struct.pack_into("<I", data, start + length + 42, first)
    return bytes(data)


def million_members() -> bytes:
    row = zipfile.ZipInfo("a")
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + row.filename.encode()
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    many = entry * 1_000_000
    return local + many + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, len(many), len(local), 0)


def wrong_checksum() -> bytes:
    data = bytearray(zipped({"mimetype": "x"}))
    data = bytearray(docx(paragraph("x" * 100)))
    at = data.find(DOCUMENT.encode()) - 30
    struct.pack_into("<I", data, at + 14, 1)
    central = data.rfind(DOCUMENT.encode()) - 46
    struct.pack_into("<I", data, central + 16, 1)
    return bytes(data)


def doubled() -> bytes:
    archive = io.BytesIO(docx(paragraph("one")))
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("WORD/Document.xml", word_part("document", paragraph("two")))
    return archive.getvalue()


def nested(depth: int) -> str:
    return f"{HEADER}{'<a>' * depth}{'</a>' * depth}"


LAUGHS = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
READS = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
FETCHES = '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>'


def with_document(content: str | bytes) -> bytes:
    return docx("", {DOCUMENT: content})


ARCHIVES: Hostile = {
    "a member of 100 MB of spaces": ("limit_exceeded", lambda: member_bomb(100 * MIB)),
    "archives in each other": ("corrupt_input", quine),
    "members that overlap": ("corrupt_input", overlapping),
    "a million members": ("limit_exceeded", million_members),
    "a wrong checksum": ("corrupt_input", wrong_checksum),
    "two members of one name": ("corrupt_input", doubled),
    "a cut archive": ("corrupt_input", lambda: docx(paragraph("x"))[:-40]),
    "a name that climbs": (
        "result",
        lambda: docx(paragraph("x"), {"../../../../tmp/evil": "x", "/etc/evil": "x", "..\\..\\evil": "x"}),
    ),
    "a relation that climbs": (
        "result",
        lambda: docx(paragraph("x"), None, ("footnotes", "../../../../../etc/passwd")),
    ),
    "a million laughs": ("unsupported_input", lambda: with_document(LAUGHS)),
    "an entity from a file": ("unsupported_input", lambda: with_document(READS)),
    "a type from a network": ("unsupported_input", lambda: with_document(FETCHES)),
    "elements in each other": ("limit_exceeded", lambda: with_document(nested(100_000))),
    "a tag of 50 MB": ("limit_exceeded", lambda: with_document(f'{HEADER}<a b="{"x" * 50 * MIB}"/>')),
    "a tag of 4 MB that hardly packs": (
        "limit_exceeded",
        lambda: with_document(f'{HEADER}<a b="{random.Random(1).randbytes(2 * MIB).hex()}"/>'),
    ),
    "no XML": ("corrupt_input", lambda: with_document(b"\x89PNG" * 1000)),
    "an encoding of its own": (
        "unsupported_input",
        lambda: with_document(b"<?xml version='1.0' encoding='utf-7'?><a/>"),
    ),
    "a cell far to the right": (
        "corrupt_input",
        lambda: xlsx({"a": '<row><c r="ZZZ1"><v>1</v></c></row>'}),
    ),
    "a row that is repeated a million times": (
        "limit_exceeded",
        lambda: open_document(
            "spreadsheet",
            '<table:table table:name="a"><table:table-row table:number-rows-repeated="1000000">'
            '<table:table-cell table:number-columns-repeated="16384"><text:p>words</text:p></table:table-cell>'
            "</table:table-row></table:table>",
        ),
    ),
    "a billion spaces": ("result", lambda: open_document("text", '<text:p>a<text:s text:c="999999999"/>b</text:p>')),
    "strings that aren't there": (
        "result",
        lambda: xlsx({"a": '<row><c t="s"><v>999999999999</v></c><c t="s"><v>-1</v></c><c><v>1</v></c></row>'}),
    ),
}  # fmt: skip
