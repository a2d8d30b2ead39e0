"""What the document kind accepts, allows and answers."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from processors.base import Limits, Params, Searchable
from processors.partial import NotMade, OnError

OOXML = "application/vnd.openxmlformats-officedocument"
OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
MEDIA_TYPES = frozenset(
    {
        "application/pdf",
        f"{OOXML}.wordprocessingml.document",
        f"{OOXML}.presentationml.presentation",
        f"{OOXML}.spreadsheetml.sheet",
        f"{OPEN_DOCUMENT}.text",
        f"{OPEN_DOCUMENT}.presentation",
        f"{OPEN_DOCUMENT}.spreadsheet",
        "application/epub+zip",
    }
)

# PDFium aborts where memory can't be had, which would look like a crash and be tried again. So it may have the address
# space that it asks for, 2 GiB at a time at most, and what it really takes is what is watched.
LIMITS = Limits(memory_bytes=512 << 20, address_space_bytes=8 << 30, silent_seconds=30, output_files=4)

Format = Literal["pdf", "docx", "pptx", "xlsx", "odt", "odp", "ods", "epub"]
Operation = Literal["text", "picture"]
PAGES = r"^[0-9]{1,7}(-[0-9]{0,7})?(,[0-9]{1,7}(-[0-9]{0,7})?){0,99}$"  # \d has all scripts' digits: 24 MB


class Picture(Params):
    page: int = Field(1, ge=1, le=1_000_000, description="Of a PDF.")
    format: Literal["webp", "png", "jpeg"] = Field("webp", description="Of the file.")
    size: int = Field(1024, ge=16, le=4096, description="Pixels of the longer side.")
    quality: int = Field(80, ge=1, le=100, description="Of WebP and JPEG.")


class InputLimits(Params):
    max_pages: int = Field(10_000, ge=1, le=1_000_000, description="Pages, slides, sheets or chapters to read.")
    max_characters: int = Field(50_000_000, ge=1, le=500_000_000, description="Of the text.")
    max_members: int = Field(10_000, ge=1, le=20_000, description="Files in an office document, which is an archive.")
    max_unpacked_bytes: int = Field(1 << 29, ge=1, le=1 << 32, description="Of all the members that are read.")
    max_ratio: int = Field(
        200, ge=2, le=1100, description="Unpacked to packed size of a member that is larger than 1 MiB."
    )
    max_depth: int = Field(256, ge=8, le=1000, description="Of XML elements in each other.")
    timeout_s: int = Field(300, ge=1, le=600, description="Seconds that the work may take, looked at while it goes on.")


class DocumentParams(Params):
    operations: tuple[Operation, ...] = Field(
        ("text", "picture"), min_length=1, strict=False, description="What to make."
    )
    pages: str | None = Field(
        None, pattern=PAGES, description="Which pages, slides, sheets or chapters to read, as in `1-3,7,10-`."
    )
    notes: bool = Field(True, description="With footnotes, endnotes, comments and speaker's notes.")
    headers: bool = Field(True, description="With what stands above and below the pages of a DOCX or an ODT.")
    picture: Picture = Field(Picture(), description="Settings of the picture.")
    index: bool = Field(True, description="Whether the document can be found by `GET /v1/search`.")
    on_error: OnError = Field(
        "fail", description="When something can't be done: end the job, or keep what could be done and say so."
    )
    limits: InputLimits = Field(InputLimits(), description="What the document may be.")


class Metadata(BaseModel):
    """As the document says of itself."""

    title: str | None = Field(None, description="Title.")
    author: str | None = Field(None, description="Who wrote it.")
    subject: str | None = Field(None, description="Subject, or a description.")
    keywords: str | None = Field(None, description="As one text.")
    language: str | None = Field(None, description="As it is stated.")
    creator: str | None = Field(None, description="The program that it was written in.")
    producer: str | None = Field(None, description="The program that made the PDF.")
    created: datetime | None = Field(None, description="Without an offset where the document states none.")
    modified: datetime | None = Field(None, description="Likewise.")
    modified_by: str | None = Field(None, description="Who changed it last.")


class PageSize(BaseModel):
    width: float = Field(description="Points, of which an inch has 72; as it is shown, so turned pages are turned.")
    height: float = Field(description="Points.")
    pages: int = Field(description="How many have this size.")


class OutlineEntry(BaseModel):
    level: int = Field(description="1 is the highest.")
    title: str = Field(description="On one line, 300 characters at most.")
    page: int | None = Field(description="Page, slide, sheet or chapter, where that is known.")


class Security(BaseModel):
    """What a careful reader looks at before opening. Nothing of it is ever run, followed or unpacked here."""

    encrypted: bool = Field(False, description="It can be read without a password, and yet is encrypted.")
    permissions: list[str] | None = Field(
        None, description="What an encrypted PDF allows: print, modify, copy, annotate, fill_forms, assemble."
    )
    has_forms: bool = Field(False, description="It has fields to fill in.")
    has_javascript: bool = Field(False, description="A PDF with scripts.")
    has_launch_actions: bool = Field(False, description="A PDF that would start a program or open another file.")
    has_macros: bool = Field(False, description="An office document with macros.")
    attachments: int = Field(0, description="Files in it: embedded in a PDF, or objects in an office document.")
    external_links: int = Field(0, description="Parts that lie elsewhere: templates, pictures, tables; not hyperlinks.")


class TextMade(BaseModel):
    file: str = Field(description="The output's name.")
    characters: int = Field(description="Unicode code points.")
    words: int = Field(description="Runs of anything but white space.")
    pages: int | None = Field(description="Pages, slides, sheets or chapters that were read.")
    is_truncated: bool = Field(description="Whether it ends at a limit, with `on_error` as `partial`.")


class PictureMade(BaseModel):
    file: str = Field(description="The output's name.")
    page: int | None = Field(description="That it shows; none for a picture that the document carries of itself.")
    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")


class DocumentResult(BaseModel):
    format: Format = Field(description="What it was proved to be.")
    version: str | None = Field(None, description="Of PDF.")
    pages: int | None = Field(
        None, description="Pages, slides, sheets or chapters; of a DOCX or an ODT what it says of itself."
    )
    metadata: Metadata = Field(description="What it says of itself, see below.")
    page_sizes: list[PageSize] = Field([], description="Of a PDF, the most common first, 20 at most; see below.")
    outline: list[OutlineEntry] = Field([], description="Bookmarks or headings, the first 1,000; see below.")
    security: Security = Field(description="What is risky in it, see below.")
    preview: str = Field("", description="The first 500 characters of the text, safe to show.")
    text: TextMade | None = Field(None, description="If it was asked for, see below.")
    picture: PictureMade | None = Field(
        None,
        description="If it was asked for and there is one: a PDF's page, or what a document carries as its cover.",
    )
    searchable: Searchable | None = Field(None, description="The text that can be searched for; null if there is none.")
    errors: list[NotMade] = Field(description="What could not be done; empty unless `on_error` is `partial`.")
    warnings: list[str] = Field(description="What was odd or is risky, in words.")
