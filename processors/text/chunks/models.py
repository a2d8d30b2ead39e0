"""What can be asked of chunks, and what is told about them."""

from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from processors.base import Params

Strategy = Literal["structure", "sentences", "words", "characters"]
ChunkFormat = Literal["ndjson", "parquet"]


class Chunks(Params):
    strategy: Strategy = Field(
        "structure",
        description="Where to cut. structure: at the headings of Markdown and HTML, and within a section, or in any "
        "other text, as sentences. sentences: behind the last sentence that fits. words: behind the last word that "
        "fits. characters: behind the last line in the second half of the room, or behind the last word.",
    )
    max_characters: int = Field(2000, ge=50, le=20_000, description="No chunk is longer, whatever the strategy.")
    max_words: int = Field(
        300, ge=5, le=5_000, description="With words: no chunk has more. Each Chinese or Japanese character is one."
    )
    overlap: int = Field(
        200,
        ge=0,
        lt=10_000,
        description="Characters of a chunk that the next repeats, at most: as many as begin with a whole word. "
        "Less than half of `max_characters`, and never more than half of a chunk.",
    )
    formats: tuple[ChunkFormat, ...] = Field(
        ("ndjson",), min_length=1, max_length=2, description="parquet needs the extra `tables`."
    )

    @model_validator(mode="after")
    def _overlap_leaves_room(self) -> Self:
        if 2 * self.overlap >= self.max_characters:
            raise ValueError("overlap must be less than half of max_characters")
        return self


class ChunksMade(BaseModel):
    outputs: list[str] = Field(description="The files that were made: none if there is no chunk.")
    strategy: Strategy = Field(description="What was done: sentences, where structure found none.")
    count: int = Field(description="How many chunks there are.")
    characters: int = Field(description="In all chunks together, so repeated ones are counted again.")
    repeated_characters: int = Field(description="How many of them the chunk before holds too.")
    longest: int = Field(description="Characters of the longest chunk.")
    words_cut: int = Field(description="Chunks that end within a word, because it is longer than a chunk may be.")
