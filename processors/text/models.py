"""What the text kind accepts, allows and answers."""

from typing import Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from processors.base import Limits, Params, Searchable
from processors.partial import NotMade, OnError
from processors.text.charsets import Charset, by_label
from processors.text.chunks.models import Chunks, ChunksMade
from processors.text.data.models import Csv, CsvTable, JsonDocument, JsonLines, Structure, Tables, TablesMade
from processors.text.facts import NormalizedCopy, TextFacts
from processors.text.lines.models import LogFacts, SourceFacts
from processors.text.markup.models import HtmlFacts, MainTextMade, MarkdownFacts

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
# minute. Parquet takes most: DuckDB has 192 MiB and maps more than it uses. A table in SQLite is up to 20 times as
# large as its text, if that has hardly anything in its rows; a copy in UTF-8 up to four times.
LIMITS = Limits(memory_bytes=512 << 20, address_space_bytes=4 << 30, output_bytes=20 << 30, output_files=8)

Format = Literal["plain", "csv", "tsv", "json", "ndjson", "markdown", "html", "log", "source"]


class TextParams(Params):
    encoding: Literal["auto", Charset] = Field("auto", description="The file's encoding, if you know it.")
    errors: Literal["replace", "strict"] = Field(
        "replace", description="What can't be decoded becomes U+FFFD, or ends the job, with its place in bytes."
    )
    preview_characters: int = Field(1000, ge=0, le=10_000, description="How much of the beginning to show.")
    graphemes: bool = Field(False, description="Count grapheme clusters, too: what a reader calls a character.")
    unicode_words: bool = Field(False, description="Count the words of UAX #29, too.")
    top_words: int = Field(0, ge=0, le=1000, description="How many of the most frequent words to tell.")
    language: bool = Field(False, description="Tell the language.")
    normalized: NormalizedCopy | None = Field(None, description="Write a copy in UTF-8.")
    format: Literal["auto", Format] = Field("auto", description="What to parse the text as. A parser proves it.")
    main_text: bool = Field(False, description="Write the main text of HTML to main.txt.")
    chunks: Chunks | None = Field(None, description="Cut the text into chunks for retrieval.")
    csv: Csv = Field(Csv(), description="How to read CSV and TSV.")
    structure: Structure = Field(Structure(), description="How to read JSON and NDJSON.")
    tables: Tables | None = Field(None, description="Make tables of CSV, TSV and NDJSON for other programs.")
    index: bool = Field(True, description="Whether the text can be found by `GET /v1/search`.")
    on_error: OnError = Field(
        "fail", description="When a stage can't be done: end the job, or leave it out and say so."
    )

    @field_validator("encoding", mode="before")
    @classmethod
    def _named(cls, name: object) -> object:
        """Known by any of its labels: `latin1`, `UTF8`, `cp1252`."""
        if not isinstance(name, str) or name == "auto":
            return name
        if found := by_label(name):
            return found
        raise PydanticCustomError("encoding", "'{name}' is no encoding that is read here", {"name": name[:40]})


class TextResult(TextFacts):
    format: Format = Field(description="What the text was proved to be.")
    markdown: MarkdownFacts | None = Field(None, description="What Markdown holds.")
    html: HtmlFacts | None = Field(None, description="What a page of HTML holds.")
    log: LogFacts | None = Field(None, description="What a log holds.")
    source: SourceFacts | None = Field(None, description="What a program is.")
    main_text: MainTextMade | None = Field(None, description="The main text; with `main_text`.")
    chunks: ChunksMade | None = Field(None, description="The chunks; with `chunks`.")
    csv: CsvTable | None = Field(None, description="What there is in CSV and TSV.")
    json_document: JsonDocument | None = Field(None, description="What there is in JSON.")
    ndjson: JsonLines | None = Field(None, description="What there is in NDJSON.")
    tables: TablesMade | None = Field(None, description="The tables; with `tables`.")
    searchable: Searchable | None = Field(description="What of the job can be searched for; null if nothing.")
    errors: list[NotMade] = Field(description="What could not be done; empty unless `on_error` is `partial`.")
