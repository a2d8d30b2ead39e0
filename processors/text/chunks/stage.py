"""The stage that makes the chunks of a text, and its outputs."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain, groupby

from processors.text import duck
from processors.text.chunks import parquet
from processors.text.chunks.cutting import Chunk, Cutter, Measure
from processors.text.chunks.models import Chunks, ChunksMade, Strategy
from processors.text.chunks.offsets import Offsets, measure_of
from processors.text.chunks.writing import Lines
from processors.text.content import Text
from processors.text.markup.main_text import main_text
from processors.text.markup.parts import Part, markdown_parts
from processors.text.markup.stage import Places
from processors.text.models import Format

NDJSON = "application/x-ndjson"

Headed = tuple[Chunk, Sequence[str]]


def make(text: Text, params: Chunks, form: Format, main: str | None) -> ChunksMade:
    """`form` is what the text was proved to be; `main` is the element of HTML whose text is cut."""
    if "parquet" in params.formats:
        duck.require()
    work = text.work
    path, target = work.scratch / "chunks.ndjson", work.scratch / "chunks.parquet"
    strategy: Strategy = params.strategy
    if strategy == "structure" and form not in ("markdown", "html"):
        strategy = "sentences"
    with Lines(path, work.size) as lines:
        made = _write(lines, _placed(text, params, strategy, main), params, strategy)
    if made.count and "parquet" in params.formats:
        parquet.write(path, target, work.scratch, text.passes.beat)
        target.rename(work.output(target.name, duck.PARQUET, chunks=made.count))
    if made.count and "ndjson" in params.formats:
        path.rename(work.output(path.name, NDJSON, chunks=made.count))
    path.unlink(missing_ok=True)
    return made


def _write(lines: Lines, chunks: Iterable[Headed], params: Chunks, strategy: Strategy) -> ChunksMade:
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
        outputs=[f"chunks.{form}" for form in dict.fromkeys(params.formats)] if lines.count else [],
        strategy=strategy,
        count=lines.count,
        characters=characters,
        repeated_characters=repeated,
        longest=longest,
        words_cut=words_cut,
    )


def _placed(text: Text, params: Chunks, strategy: Strategy, main: str | None) -> Iterator[Headed]:
    """With their places in the file. `main` is the element of HTML whose text it is."""
    name, mark = text.encoding.name, text.encoding.mark_bytes
    measure = measure_of(name, text.is_utf8)
    blocks = text.blocks("chunks")
    if measure is not None and main is None:
        yield from _headed(_parts(text, blocks, strategy), params, strategy, measure, mark)
        return
    places = Places(main_text(blocks, main)) if main else None
    parts = places.parts() if places else _parts(text, blocks, strategy)
    with ExitStack() as stack:
        starts, ends = (Offsets(stack.enter_context(text.work.open()), name, mark) for _ in range(2))
        for chunk, path in _headed(parts, params, strategy, len, mark):
            start, end = places.source(chunk.start, chunk.end) if places else (chunk.start, chunk.end)
            yield Chunk(start, end, starts.byte(start), ends.byte(end), chunk.text, chunk.is_word_cut), path


def _parts(text: Text, blocks: Iterator[str], strategy: Strategy) -> Iterator[Part]:
    if strategy == "structure":
        return markdown_parts(blocks, text.head)
    return (Part(0, [], block) for block in blocks)


def _headed(parts: Iterator[Part], params: Chunks, strategy: Strategy, measure: Measure, mark: int) -> Iterator[Headed]:
    """Each with the headings that lead to it, and within one section."""
    place = 0, mark
    within: Strategy = "sentences" if strategy == "structure" else strategy
    for _number, section in groupby(parts, key=lambda part: part.number):
        first = next(section)
        cutter = Cutter((part.text for part in chain([first], section)), params, within, measure, place)
        for chunk in cutter:
            yield chunk, first.path
        place = cutter.consumed()
