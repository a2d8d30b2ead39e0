"""The stage that makes the chunks of a text, and its outputs."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain, groupby

from processors.text.chunks import parquet
from processors.text.chunks.cutting import Chunk, Cutter, Measure
from processors.text.chunks.models import Chunks, ChunksMade, Strategy
from processors.text.chunks.offsets import Offsets, measure_of
from processors.text.chunks.writing import Lines
from processors.text.content import Text
from processors.text.markup.parts import markdown_parts
from processors.text.models import Format

NDJSON = "application/x-ndjson"


Headed = tuple[Chunk, Sequence[str]]


def make(text: Text, params: Chunks, form: Format) -> ChunksMade:
    """`form` is what the text was proved to be."""
    if "parquet" in params.formats:
        parquet.require()
    work = text.work
    wants_lines = "ndjson" in params.formats
    path = (work.scratch / "out" if wants_lines else work.scratch) / "chunks.ndjson"
    path.parent.mkdir(exist_ok=True)
    strategy: Strategy = params.strategy
    if strategy == "structure" and form != "markdown":
        strategy = "sentences"
    with Lines(path, work.size) as lines:
        made = _write(lines, _placed(text, params, strategy), strategy)
    if made.count and wants_lines:
        work.output("chunks.ndjson", NDJSON, chunks=made.count)
    if made.count and "parquet" in params.formats:
        parquet.write(path, work.output("chunks.parquet", parquet.MEDIA_TYPE, chunks=made.count))
    if made.count and not wants_lines:
        path.unlink()
    return made


def _write(lines: Lines, chunks: Iterable[Headed], strategy: Strategy) -> ChunksMade:
    characters = repeated = longest = words_cut = behind = 0
    for chunk, path in chunks:
        lines.write(chunk, path)
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


def _placed(text: Text, params: Chunks, strategy: Strategy) -> Iterator[Headed]:
    """With their places in the file."""
    name, mark = text.encoding.name, text.encoding.mark_bytes
    measure = measure_of(name, text.is_utf8)
    if measure is not None:
        yield from _headed(text, params, strategy, measure, mark)
        return
    with ExitStack() as stack:
        starts, ends = (Offsets(stack.enter_context(text.work.open()), name, mark) for _ in range(2))
        for chunk, path in _headed(text, params, strategy, len, mark):
            yield chunk._replace(start_byte=starts.byte(chunk.start), end_byte=ends.byte(chunk.end)), path


def _headed(text: Text, params: Chunks, strategy: Strategy, measure: Measure, mark: int) -> Iterator[Headed]:
    """Each with the headings that lead to it."""
    blocks = text.blocks("chunks")
    if strategy != "structure":
        for chunk in Cutter(blocks, params, strategy, measure, (0, mark)):
            yield chunk, ()
        return
    place = 0, mark
    for _number, section in groupby(markdown_parts(blocks, text.head), key=lambda part: part.number):
        first = next(section)
        pieces = (part.text for part in chain([first], section))
        cutter = Cutter(pieces, params, "sentences", measure, place)
        for chunk in cutter:
            yield chunk, first.path
        place = cutter.consumed()
