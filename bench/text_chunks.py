"""Chunks of 2,000 characters that repeat 200, against LangChain's recursive splitter, where that is installed."""

import json
import random
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from bench.rounds import MIB, interleaved, judge
from processors.text import TextProcessor
from processors.text.chunks.cutting import Cutter
from processors.text.chunks.models import Chunks, Strategy
from processors.text.chunks.offsets import measure_of
from processors.text.chunks.writing import Lines
from processors.work import run_alone

SIZE = 32 * MIB
BLOCK = 256 << 10
ROOM, OVERLAP = 2000, 200
ENGLISH = "the of and a in retrieval that token is with document for user language model it was 42 not on"
GERMAN = "die Größe und für – naïve Maße über Straßen „Übung“ schön der das mit von Café könnte zwölf"


def run(folder: Path, rounds: int) -> None:
    for name, words in (("English", ENGLISH), ("German", GERMAN)):
        text = prose(words)
        path = folder / f"{name}.txt"
        path.write_text(text, encoding="utf-8")
        print(f" {name}: {path.stat().st_size / MIB:.0f} MiB")
        ours: dict[str, Callable[[], object]] = {
            f"{strategy}, in memory": partial(cut, text, strategy) for strategy in ("characters", "sentences")
        }
        ours["characters, file to ndjson"] = partial(file_to_lines, path, folder / "chunks.ndjson")
        ours["the whole kind, with statistics"] = partial(whole, path, folder, "characters")
        theirs: dict[str, Callable[[], object]] = {}
        if find_spec("langchain_text_splitters"):
            theirs = {
                "LangChain, in memory": partial(langchain, text),
                "LangChain, file to ndjson": partial(written, path, folder / "theirs.ndjson"),
            }
        else:
            print("  langchain-text-splitters is not installed")
        seen = interleaved(ours | theirs, rounds)
        if theirs:
            judge(seen, "characters, in memory", "LangChain, in memory", 1 / 20, 1 / 40)
            judge(seen, "sentences, in memory", "LangChain, in memory", 1 / 20, 1 / 40)
            judge(seen, "characters, file to ndjson", "LangChain, file to ndjson", 1 / 20, 1 / 40)


def prose(words: str) -> str:
    """Paragraphs of one line each, some longer than a chunk."""
    rng = random.Random(5)
    pieces, size = [], 0
    while size < SIZE:
        sentence = " ".join(rng.choices(words.split(), k=rng.randint(5, 25))).capitalize() + ". "
        pieces.append(sentence + ("\n\n" if rng.random() < 0.1 else ""))
        size += len(sentence.encode())
    return "".join(pieces)


def cut(text: str, strategy: Strategy) -> int:
    """Every chunk with its text and its places in characters and in bytes."""
    params = Chunks(strategy=strategy, max_characters=ROOM, overlap=OVERLAP)
    blocks = (text[at : at + BLOCK] for at in range(0, len(text), BLOCK))
    return sum(1 for _ in Cutter(blocks, params, strategy, measure_of("utf-8", True) or len))


def file_to_lines(path: Path, target: Path) -> None:
    params = Chunks(strategy="characters", max_characters=ROOM, overlap=OVERLAP)
    with path.open(encoding="utf-8", newline="") as file, Lines(target, path.stat().st_size) as lines:
        blocks = iter(partial(file.read, BLOCK), "")
        for chunk in Cutter(blocks, params, "characters", measure_of("utf-8", True) or len):
            lines.write(chunk, ())


def whole(path: Path, folder: Path, strategy: Strategy) -> object:
    """The processor with all that it counts, from the file to lines of JSON."""
    params = {"chunks": {"strategy": strategy, "max_characters": ROOM, "overlap": OVERLAP}}
    return run_alone(TextProcessor(), path, params, scratch=folder)


def langchain(text: str) -> int:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    return len(RecursiveCharacterTextSplitter(chunk_size=ROOM, chunk_overlap=OVERLAP).split_text(text))


def written(path: Path, target: Path) -> None:
    """With places in characters; it has none in bytes."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=ROOM, chunk_overlap=OVERLAP, add_start_index=True)
    with target.open("w", encoding="utf-8") as file:
        for index, document in enumerate(splitter.create_documents([path.read_text(encoding="utf-8")])):
            line = {"index": index, "start": document.metadata["start_index"], "text": document.page_content}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
