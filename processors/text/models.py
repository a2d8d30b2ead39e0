"""What the text kind accepts, allows and answers."""

from typing import Literal

from pydantic import BaseModel, Field

from processors.base import Limits, Params, RejectionCode
from processors.text.chunks.models import Chunks, ChunksMade
from processors.text.lines.models import LogFacts, SourceFacts
from processors.text.markup.models import HtmlFacts, MarkdownFacts

MEDIA_TYPES = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/toml",
        "application/x-ndjson",
        "application/xml",
        "application/yaml",
        "text/css",
        "text/csv",
        "text/html",
        "text/javascript",
        "text/markdown",
        "text/plain",
        "text/tab-separated-values",
        "text/xml",
    }
)

# A file of any size passes through in blocks, so memory is small and time is what grows: 5 GiB take about half a
# minute. What is written is bounded by what is read (docs/text.md).
LIMITS = Limits(memory_bytes=256 << 20, address_space_bytes=1 << 30, output_bytes=16 << 30, output_files=8)

Charset = Literal[
    "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be",
    "iso-8859-1", "iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8",
    "iso-8859-9", "iso-8859-10", "iso-8859-11", "iso-8859-13", "iso-8859-14", "iso-8859-15", "iso-8859-16",
    "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255", "windows-1256",
    "windows-1257", "windows-1258", "koi8-r", "koi8-u", "ibm855", "ibm866", "macintosh", "tis-620",
    "big5", "euc-jp", "euc-kr", "gb18030", "gbk", "iso-2022-jp", "shift_jis",
]  # fmt: skip


Format = Literal["plain", "csv", "tsv", "json", "ndjson", "markdown", "html", "log", "source"]


class TextParams(Params):
    encoding: Literal["auto"] | Charset = Field("auto", description="The file's encoding, if you know it.")
    preview_characters: int = Field(1000, ge=0, le=10_000, description="How much of the beginning to show.")
    format: Literal["auto"] | Format = Field("auto", description="What to parse the text as. A parser proves it.")
    main_text: bool = Field(False, description="Write the main text of HTML to main.txt.")
    chunks: Chunks | None = Field(None, description="Cut the text into chunks for retrieval.")
    on_error: Literal["fail", "partial"] = Field(
        "fail", description="When a stage can't be done: end the job, or leave it out and say so."
    )


class TextFacts(BaseModel):
    """Everything is counted over the whole file, in characters (Unicode code points) after decoding."""

    encoding: str = Field(description='What the bytes were read as; "ascii" where nothing more was needed.')
    encoding_source: Literal["declared", "bom", "structural", "validated", "fallback"] = Field(
        description="declared: the params said so. bom: a byte order mark did. structural: zeros stand in columns. "
        "validated: the whole file is UTF-8, but for `replacements`. fallback: a guess."
    )
    bom: bool = Field(description="Whether the file begins with a byte order mark. It is not counted.")
    replacements: int = Field(description="Sequences that could not be decoded.")
    characters: int
    words: int = Field(description="Runs of anything but Unicode white space.")
    lines: int = Field(description="Line ends (LF, CRLF, CR), and one more if the file does not end with one.")
    line_ending: Literal["lf", "crlf", "cr", "mixed"] | None
    longest_line: int = Field(description="Without its line end.")
    control_characters: int = Field(description="C0 controls other than white space, escape and shifts.")
    preview: str = Field(description="Safe to show: control and bidirectional characters are made visible.")
    preview_truncated: bool
    warnings: list[str]


class NotDone(BaseModel):
    stage: str = Field(description="What was left out.")
    code: RejectionCode = Field(description="Why, as a code.")
    detail: str = Field(description="Why, in words.")


class TextResult(TextFacts):
    format: Format = Field(description="What the text was proved to be.")
    markdown: MarkdownFacts | None = Field(None, description="What Markdown holds.")
    html: HtmlFacts | None = Field(None, description="What a page of HTML holds.")
    log: LogFacts | None = Field(None, description="What a log holds.")
    source: SourceFacts | None = Field(None, description="What a program is.")
    chunks: ChunksMade | None = Field(None, description="None if not asked for.")
    failed: list[NotDone] = Field(description="What could not be done, with `on_error` as `partial`.")
