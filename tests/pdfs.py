"""PDF files made by hand, sound and hostile, so that what is in them is known to the byte."""

import hashlib
import zlib
from collections.abc import Mapping, Sequence

PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")  # ISO 32000-1 §7.6.3.3
FILE_ID = bytes(range(16))
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
A4 = "0 0 595 842"


def stream(data: bytes, extra: str = "") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (extra.encode(), len(data), data)


def flate(data: bytes, extra: str = "") -> bytes:
    return stream(zlib.compress(data, 9), f"/Filter/FlateDecode{extra}")


def shown(text: str) -> bytes:
    """Page content with one line of Helvetica for each line of the text."""
    lines = "".join(f"({line}) Tj 0 -30 Td\n" for line in text.splitlines())
    return f"BT /F1 24 Tf 60 760 Td\n{lines}ET".encode("cp1252")


def file_of(objects: Mapping[int, bytes], trailer: str = "", version: str = "1.7") -> bytes:
    """With a cross-reference table. Object 1 is the catalogue."""
    data = bytearray(b"%%PDF-%s\n%%\xe2\xe3\xcf\xd3\n" % version.encode())
    offsets = {}
    for number, content in objects.items():
        offsets[number] = len(data)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    size = max(objects) + 1
    table = bytearray(b"xref\n0 %d\n0000000000 65535 f \n" % size)
    for number in range(1, size):
        table += b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 00000 f \n"
    return bytes(data + table) + b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        size, trailer.encode("cp1252"), len(data),
    )  # fmt: skip


def pages(
    texts: Sequence[str], *, box: str = A4, catalogue: str = "", page: str = "", more: Mapping[int, bytes] | None = None
) -> dict[int, bytes]:
    """Objects of a document with one page for each text; `more` goes in beside, best from 100,001 upwards."""
    objects = {1: b"<</Type/Catalog/Pages 2 0 R%s>>" % catalogue.encode(), 3: FONT}
    kids = []
    for number, text in enumerate(texts):
        place = 10 + 2 * number
        kids.append(f"{place} 0 R")
        objects[place] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents {place + 1} 0 R"
            f"/Resources<</Font<</F1 3 0 R>>>>{page}>>"
        ).encode()
        objects[place + 1] = flate(shown(text))
    objects[2] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(kids)}]>>".encode()
    return {**objects, **(more or {})}


def pdf(*texts: str, trailer: str = "", catalogue: str = "", page: str = "", box: str = A4, **more: bytes) -> bytes:
    """A document with one page for each text. `more` are objects: `o50=b"..."`."""
    extra = {int(name[1:]): content for name, content in more.items()}
    return file_of(pages(texts, box=box, catalogue=catalogue, page=page, more=extra), trailer)


def with_content(content: bytes, *, resources: str = "/Font<</F1 3 0 R>>", box: str = A4, **more: bytes) -> bytes:
    """One page that is drawn by `content`, a whole stream object."""
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Count 1/Kids[4 0 R]>>",
        3: FONT,
        4: f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents 5 0 R/Resources<<{resources}>>>>".encode(),
        5: content,
    }
    return file_of({**objects, **{int(name[1:]): data for name, data in more.items()}})


def encrypted(text: str, user_password: bytes = b"", permissions: int = -3904) -> bytes:
    """With the standard handler, revision 2: RC4 of 40 bits (ISO 32000-1 §7.6.3)."""
    owner = _rc4(hashlib.md5(_padded(b"owner")).digest()[:5], _padded(user_password))
    flags = permissions.to_bytes(4, "little", signed=True)
    key = hashlib.md5(_padded(user_password) + owner + flags + FILE_ID).digest()[:5]
    objects = pages([text])
    number = 11
    data = zlib.compress(shown(text))
    of_object = hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10]
    objects[number] = stream(_rc4(of_object, data), "/Filter/FlateDecode")
    user = _rc4(key, PADDING)
    trailer = (
        f"/ID[<{FILE_ID.hex()}><{FILE_ID.hex()}>]"
        f"/Encrypt<</Filter/Standard/V 1/R 2/O<{owner.hex()}>/U<{user.hex()}>/P {permissions}>>"
    )
    return file_of(objects, trailer)


def _padded(password: bytes) -> bytes:
    return (password + PADDING)[:32]


def _rc4(key: bytes, data: bytes) -> bytes:
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) & 255
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) & 255
        j = (j + box[i]) & 255
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) & 255])
    return bytes(out)
