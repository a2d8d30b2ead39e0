"""Hostile and odd requests, each with its exact answer. The ids are those of the project's list of attacks."""

from dataclasses import dataclass

from tests.rawhttp import BOUNDARY, chunked, file_part, form, head, part, post, text_field

MIB = 1 << 20
LIMIT = 2 * MIB
FORM = f"multipart/form-data; boundary={BOUNDARY}"
HELLO = form(file_part(b"hello\n"))
FILE = 'form-data; name="file"; filename="a.txt"'
CHUNKED = "Transfer-Encoding: chunked"


@dataclass(frozen=True, slots=True)
class Case:
    """`status` 202: it is taken. `code` None: each parser says it in its own way, but with this status."""

    id: str
    request: bytes
    status: int
    code: str | None = None


def streamed(body: bytes, *lines: str) -> bytes:
    """A form without an announced length, so that only what arrives can be judged."""
    return head("POST", "/v1/ingest/text", f"Content-Type: {FORM}", CHUNKED, *lines) + chunked(body)


def of_length(length: str, body: bytes = HELLO, *lines: str) -> bytes:
    return head("POST", "/v1/ingest/text", f"Content-Type: {FORM}", f"Content-Length: {length}", *lines) + body


def in_chunks(body: bytes) -> bytes:
    """`body` is chunked already, in some wrong way."""
    return head("POST", "/v1/ingest/text", f"Content-Type: {FORM}", CHUNKED) + body


def hosted(*hosts: str) -> bytes:
    lines = [f"Host: {host}" for host in hosts]
    length = f"Content-Length: {len(HELLO)}"
    return head("POST", "/v1/ingest/text", *lines, f"Content-Type: {FORM}", length, host=None) + HELLO


def claimed(content_type: str, body: bytes = HELLO) -> bytes:
    return post(body, content_type=content_type)


def with_field(name: str, value: bytes) -> bytes:
    return form(text_field(name, value), file_part(b"hello\n"))


def one_part(*lines: str) -> bytes:
    return form(part(FILE, b"x", *lines))


QUOTES = 'multipart/form-data; !="' + '\\"' * 32760
BLANK_LINES = b"\r\n" * (5 * MIB // 2)
MANY_FILES = form(*(file_part(b"x", f"{n}.txt") for n in range(1001)))
EMPTY_PARTS = f"--{BOUNDARY}\r\n\r\n\r\n".encode() * 100_000
MANY_HEADERS = [f"X-{n}: y" for n in range(100_000)]
TLS_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300)

HEADS = [
    Case("H01 quotes", claimed(QUOTES), 400, "malformed_content_type"),
    Case("H01 no type", claimed("what"), 400, "malformed_content_type"),
    Case("H07 urlencoded", claimed("application/x-www-form-urlencoded", b"a=b&" * MIB), 415, "unsupported_media_type"),
    Case("H07 multipart/mixed", claimed(f"multipart/mixed; boundary={BOUNDARY}"), 415, "unsupported_media_type"),
    Case("H08 bad host", hosted("a/b?c#@"), 400, "bad_host"),
    Case("H08 no host", hosted(), 400),
    Case("H08 empty host", hosted(""), 400, "bad_host"),
    Case("H08 two hosts", hosted("127.0.0.1", "127.0.0.1"), 400),
    Case("H08 another's host", hosted("evil.example"), 400, "bad_host"),
    Case("H08 another's host with a port", hosted("evil.example:8000"), 400, "bad_host"),
    Case("H08 localhost", hosted("localhost:1234"), 202),
    Case("H08 IPv6", hosted("[::1]:8000"), 202),
    Case("H18 length shorter than the body", of_length("50"), 400, "truncated_body"),
    Case("H18 negative length", of_length("-1"), 400),
    Case("H18 length of 2^70", of_length(str(2**70)), 400),
    Case("H18 length in hexadecimal", of_length("0x10"), 400),
    Case("H18 two lengths", of_length("5", HELLO, "Content-Length: 6"), 400),
    Case("H18 length and chunks", of_length(str(len(HELLO)), chunked(HELLO), CHUNKED), 400),
    Case("H18 chunks in HTTP/1.0", streamed(HELLO).replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
    Case("H19 bad chunk terminator", in_chunks(b"5\r\nhelloXX0\r\n\r\n"), 400),
    Case("H19 bad chunk size", in_chunks(b"xyz\r\nhello\r\n0\r\n\r\n"), 400),
    Case("H19 negative chunk size", in_chunks(b"-5\r\nhello\r\n0\r\n\r\n"), 400),
    Case("H19 chunk extension of 64 KB", in_chunks(b"5;" + b"e" * 65536 + b"\r\nhello\r\n0\r\n\r\n"), 400),
    Case("H20 gzip, chunked", streamed(HELLO).replace(b": chunked", b": gzip, chunked"), 400),
    Case("H20 identity", streamed(HELLO).replace(b": chunked", b": identity"), 400),
    Case("H21 gzip", post(HELLO, "Content-Encoding: gzip"), 415, "content_encoding"),
    Case("H21 identity", post(HELLO, "Content-Encoding: identity"), 202),
    Case("H23 header of 1 MB", head("GET", "/livez", "X: " + "y" * MIB), 431),
    Case("H23 10k headers", head("GET", "/livez", *MANY_HEADERS[:10_000]), 431),
    Case("H23 target of 100 KB", head("GET", "/livez?" + "x" * 100_000), 431),
    Case("H23 not HTTP", b"hello, are you there?\r\n\r\n", 400),
    Case("H23 TLS", TLS_HELLO, 400),
    Case("another method", head("PATCH", "/v1/ingest/text"), 405, "method_not_allowed"),
    Case("another site's page", post(HELLO, "Origin: http://evil.example"), 403, "cross_site"),
    Case("another port's page", post(HELLO, "Origin: http://127.0.0.1:1"), 403, "cross_site"),
    Case("a page without an origin", post(HELLO, "Origin: null"), 403, "cross_site"),
    Case("a page that says so itself", post(HELLO, "Sec-Fetch-Site: cross-site"), 403, "cross_site"),
    Case("this site's page", post(HELLO, "Origin: http://127.0.0.1", "Sec-Fetch-Site: same-origin"), 202),
    Case("an option of later", post(HELLO, "Idempotency-Key: 1"), 400, "unsupported_option"),
    Case("unknown kind", post(HELLO, kind="nope"), 422, "unknown_kind"),
]

FORMS = [
    Case("H02 field of 5 MB", streamed(with_field("params", b"x" * 5 * MIB)), 413, "field_too_large"),
    Case("H03 preamble of 5 MB", streamed(BLANK_LINES + HELLO), 400, "malformed_multipart"),
    Case("H03 epilogue of 5 MB", streamed(HELLO + BLANK_LINES), 400, "malformed_multipart"),
    Case("H03 short epilogue", post(HELLO + b"bye"), 202),
    Case("H06 100k part headers", streamed(one_part(*MANY_HEADERS)), 400, "part_header_too_large"),
    Case("H06 part header of 1 MB", streamed(one_part("X: " + "y" * MIB)), 400, "part_header_too_large"),
    Case("H10 no boundary", claimed("multipart/form-data"), 400, "malformed_multipart"),
    Case("H10 empty boundary", claimed("multipart/form-data; boundary="), 400, "malformed_multipart"),
    Case("H10 boundary of 300", claimed("multipart/form-data; boundary=" + "b" * 300), 400, "malformed_multipart"),
    Case("H10 boundary not ASCII", claimed("multipart/form-data; boundary=b\xfc"), 400, "malformed_multipart"),
    Case("H10 another boundary", claimed("multipart/form-data; boundary=other"), 400, "malformed_multipart"),
    Case("H11 no final boundary", post(file_part(b"x")), 400, "truncated_body"),
    Case("H11 not the final one", post(file_part(b"x") + f"--{BOUNDARY}\r\n".encode()), 400, "truncated_body"),
    Case("H11 cut in a header", post(file_part(b"x") + f"--{BOUNDARY}\r\nConte".encode()), 400, "truncated_body"),
    Case("H12 100k empty parts", streamed(EMPTY_PARTS), 400, "malformed_multipart"),
    Case("H12 1,001 files", post(MANY_FILES), 400, "duplicate_field"),
    Case("H13 two files", post(form(file_part(b"a"), file_part(b"b"))), 400, "duplicate_field"),
    Case("H13 file as a text field", post(form(text_field("file", b"a"))), 422, "file_required"),
    Case("H13 no file", post(form(text_field("params", b"{}"))), 422, "file_required"),
    Case(
        "H13 field behind the file", post(form(file_part(b"a"), text_field("params", b"{}"))), 400, "unexpected_field"
    ),
    Case("H13 unknown field", post(with_field("priority", b"9")), 400, "unexpected_field"),
    Case("H14 empty file", post(form(file_part(b""))), 422, "empty_file"),
    Case("H14 empty raw body", head("PUT", "/v1/ingest/text/a.txt", "Content-Length: 0"), 422, "empty_file"),
    Case("H14 no body at all", head("PUT", "/v1/ingest/text/a.txt"), 422, "empty_file"),
    Case("H15 nested", post(one_part("Content-Type: multipart/mixed; boundary=i")), 415, "unsupported_media_type"),
    Case("H15 line feeds only", post(HELLO.replace(b"\r\n", b"\n")), 400, "malformed_multipart"),
    Case("H15 base64", post(one_part("Content-Transfer-Encoding: base64")), 415, "content_encoding"),
    Case("H16 odd preamble", post(b"\r\xfd\n" + HELLO), 422, "file_required"),
    Case("H26 name of 4 KiB", post(form(file_part(b"x", "n" * 4096))), 202),
    Case("H26 name of 64 KiB", post(form(file_part(b"x", "n" * 65536))), 400, "name_too_long"),
    *(
        Case(f"H09 charset {name}", claimed(f"multipart/form-data; charset={name}; boundary={BOUNDARY}"), 202)
        for name in ("punycode", "unicode_escape", "idna", "hex", "undefined")
    ),
]

FILES_AND_FIELDS = [
    Case("H29 depth", post(with_field("params", b"[" * 60_000)), 400, "malformed_json"),
    Case("H29 less depth", post(with_field("params", b'{"a":' * 500 + b"1" + b"}" * 500)), 400, "malformed_json"),
    Case("H29 NaN", post(with_field("params", b'{"preview_characters": NaN}')), 400, "malformed_json"),
    Case("H29 1e999", post(with_field("params", b'{"preview_characters": 1e999}')), 400, "malformed_json"),
    Case("H29 5,000 digits", post(with_field("params", b'{"a": ' + b"9" * 5000 + b"}")), 400, "malformed_json"),
    Case("H29 key twice", post(with_field("params", b'{"a": 1, "a": 1}')), 400, "malformed_json"),
    Case("H29 lone surrogate", post(with_field("metadata", b'{"a": "\\ud800"}')), 400, "malformed_json"),
    Case("params that don't fit", post(with_field("params", b'{"colour": "red"}')), 422, "invalid_params"),
    Case("metadata that is none", post(with_field("metadata", b'{"a": 1}')), 422, "invalid_metadata"),
    Case("no digest", post(with_field("sha256", b"abc")), 400, "malformed_digest"),
    Case("other bytes", post(with_field("sha256", b"0" * 64)), 400, "digest_mismatch"),
    Case("wrong kind", post(HELLO, kind="image"), 415, "kind_mismatch"),
    Case("of no kind", post(form(file_part(bytes(range(256)))), kind="auto"), 415, "unsupported_media_type"),
    Case("file over the limit", post(form(file_part(b"x" * (LIMIT + 1)))), 413, "file_too_large"),
    Case("file over the limit, streamed", streamed(form(file_part(b"x" * 2 * LIMIT))), 413, "file_too_large"),
    Case("file at the limit", streamed(form(file_part(b"x" * LIMIT))), 202),
]

CASES = [*HEADS, *FORMS, *FILES_AND_FIELDS]
