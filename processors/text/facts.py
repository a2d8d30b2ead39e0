"""What the first reading of a file tells of it, whatever its format; and the copy that it can be asked for."""

from typing import Literal

from pydantic import BaseModel, Field

from processors.base import Params
from processors.text.hazards import Hazards


class NormalizedCopy(Params):
    newline: Literal["keep", "lf"] = Field("keep", description="keep: line ends as they are. lf: LF for each.")
    form: Literal["none", "nfc"] = Field("none", description="nfc: Unicode's Normalization Form C.")
    bom: bool = Field(False, description="Whether to begin with a byte order mark, as some programs want it.")


class LineEndings(BaseModel):
    lf: int = Field(description="LF alone.")
    crlf: int = Field(description="CR and LF.")
    cr: int = Field(description="CR alone.")


class Indentation(BaseModel):
    style: Literal["spaces", "tabs", "mixed"] = Field(
        description="What indented lines begin with. mixed: more than one line in ten begins with the other."
    )
    width: int | None = Field(description="Spaces for each level; null for tabs, and where no width fits.")


class WordCount(BaseModel):
    word: str = Field(description="In small letters.")
    count: int = Field(description="How often it was counted.")
    missed: int = Field(description="How many more there may be: 0 until too many different words had been seen.")


class NormalizedMade(BaseModel):
    outputs: list[str] = Field(description="The files that were made.")
    bytes: int = Field(description="Of text.txt.")


class TextFacts(BaseModel):
    """Everything is counted over the whole file, in characters (Unicode code points) after decoding."""

    encoding: str = Field(description='What the bytes were read as; "ascii" where nothing more was needed.')
    encoding_source: Literal["declared", "bom", "structural", "validated", "markup", "statistical", "fallback"] = Field(
        description="How that was found; see below."
    )
    bom: bool = Field(description="Whether the file begins with a byte order mark. It is not counted.")
    replacements: int = Field(description="Sequences that could not be decoded. Each counts as one character, U+FFFD.")
    bytes: int = Field(description="All there are.")
    sha256: str = Field(description="Of the bytes, in hexadecimal.")
    characters: int = Field(description="Unicode code points.")
    words: int = Field(description="Runs of anything but Unicode white space.")
    lines: int = Field(description="Line ends (LF, CRLF, CR), and one more if the file does not end with one.")
    blank_lines: int = Field(description="Lines of nothing or of white space.")
    line_ending: Literal["lf", "crlf", "cr", "mixed"] | None = Field(description="null where there is none.")
    line_endings: LineEndings = Field(description="How many there are of each.")
    longest_line: int = Field(description="In characters, without its line end.")
    indentation: Indentation | None = Field(
        description="Of the first 64 KiB; null where fewer than three lines are indented."
    )
    control_characters: int = Field(description="C0 controls other than white space, escape and shifts.")
    hazards: Hazards = Field(description="What may deceive a reader or a program.")
    preview: str = Field(description="Safe to show: control and bidirectional characters are made visible.")
    preview_truncated: bool = Field(description="Whether there is more of the text.")
    grapheme_clusters: int | None = Field(None, description="What a reader calls a character; with `graphemes`.")
    unicode_words: int | None = Field(None, description="Words of UAX #29; with `unicode_words`.")
    top_words: list[WordCount] | None = Field(None, description="The most frequent words; with `top_words`.")
    language: str | None = Field(None, description="BCP 47 tag; null where it isn't clear; with `language`.")
    normalized: NormalizedMade | None = Field(None, description="The copy in UTF-8; with `normalized`.")
    warnings: list[str] = Field(description="What a person should know, in words.")
