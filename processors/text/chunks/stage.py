"""The stage that makes the chunks of a text, and its outputs."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack

from processors.text.chunks import parquet
from processors.text.chunks.cutting import Chunk, Cutter
from processors.text.chunks.models import Chunks, ChunksMade, Strategy
from processors.text.chunks.offsets import Offsets, measure_of
from processors.text.chunks.writing import Lines
from processors.text.content import Text

NDJSON = "application/x-ndjson"


def make(text: Text, params: Chunks) -> ChunksMade:
    if "parquet" in params.formats:
        parquet.require()
    work = text.work
    wants_lines = "ndjson" in params.formats
    path = (work.scratch / "out" if wants_lines else work.scratch) / "chunks.ndjson"
    path.parent.mkdir(exist_ok=True)
    strategy: Strategy = "sentences" if params.strategy == "structure" else params.strategy
    with Lines(path, work.size) as lines:
        made = _write(lines, _chunks(text, params, strategy), strategy)
    if made.count and wants_lines:
        work.output("chunks.ndjson", NDJSON, chunks=made.count)
    if made.count and "parquet" in params.formats:
        parquet.write(path, work.output("chunks.parquet", parquet.MEDIA_TYPE, chunks=made.count))
    if made.count and not wants_lines:
        path.unlink()
    return made


def _write(lines: Lines, chunks: Iterable[Chunk], strategy: Strategy) -> ChunksMade:
    characters = repeated = longest = words_cut = behind = 0
    for chunk in chunks:
        lines.write(chunk, ())
        length = len(chunk.text)
        characters += length
        if chunk.start < behind:
            repeated += behind - chunk.start
        if length > longest:
            longest = length
        words_cut += chunk.is_word_cut
        behind = chunk.end
    return ChunksMade(
        strategy=strategy,
        count=lines.count,
        characters=characters,
        repeated_characters=repeated,
        longest=longest,
        words_cut=words_cut,
    )


def _chunks(text: Text, params: Chunks, strategy: Strategy) -> Iterator[Chunk]:
    """With their places in the file."""
    mark = text.encoding.mark_bytes
    measure = measure_of(text.encoding.name, text.is_utf8)
    blocks = text.blocks("chunks")
    if measure is not None:
        yield from Cutter(blocks, params, strategy, measure, mark)
        return
    with ExitStack() as stack:
        starts, ends = (Offsets(stack.enter_context(text.work.open()), text.encoding.name, mark) for _ in range(2))
        for chunk in Cutter(blocks, params, strategy):
            yield chunk._replace(start_byte=starts.byte(chunk.start), end_byte=ends.byte(chunk.end))
