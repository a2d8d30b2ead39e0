"""NDJSON with validity and schema over the whole file, against `json.loads` for each line."""

import json
from functools import partial
from pathlib import Path

from bench.rounds import MIB, interleaved, judge
from bench.text_csv import HEADER, WORDS, examined, rows, without_re2
from processors.text.data import json_shape, ndjson_shape, runs

BYTES = 128 * MIB


def records() -> list[str]:
    """As many types as there are, null and number in one place, an array and an object inside."""
    found = []
    for place, row in enumerate(rows()):
        record: dict[str, object] = dict(zip(HEADER, row, strict=True))
        record["active"] = row[4] == "true"
        record["score"] = row[5] or None
        record["tags"] = [WORDS[place % 7], WORDS[place % 5]]
        record["geo"] = {"lat": place / 700, "lon": place / 300}
        found.append(json.dumps(record, ensure_ascii=False))
    return found


def write(path: Path, document: Path) -> None:
    lines = records()
    text = "\n".join(lines) + "\n"
    with path.open("w") as file:
        while file.tell() < BYTES:
            file.write(text)
    document.write_text("[" + ",\n".join(lines) + "]")


def load_lines(path: Path) -> None:
    with path.open("rb") as file:
        for line in file:
            json.loads(line)


def parse_by_simdjson(path: Path) -> None:
    """Validity only."""
    import simdjson

    parse = simdjson.Parser().parse
    with path.open("rb") as file:
        for line in file:
            parse(line)


def run(folder: Path, rounds: int) -> None:
    path, document = folder / "records.ndjson", folder / "document.json"
    write(path, document)
    runs.warm()
    examine = partial(examined, path, ndjson_shape.examine)
    ours = examine()
    print(f"  {BYTES // MIB} MiB, {ours.part.record_count:,} records")  # type: ignore[union-attr]
    seen = interleaved(
        {
            "json.loads": lambda: load_lines(path),
            "dropoff, RE2": examine,
            "dropoff, stdlib alone": partial(without_re2, examine),
            "simdjson, validity only": lambda: parse_by_simdjson(path),
            "json.loads of one document": lambda: json.loads(document.read_bytes()),
            "dropoff, one document": partial(examined, document, json_shape.examine),
        },
        rounds,
    )
    judge(seen, "dropoff, stdlib alone", "json.loads", 1.2, 1.0)
    judge(seen, "dropoff, RE2", "json.loads", 0.15, 0.1)
    judge(seen, "dropoff, one document", "json.loads of one document", 1, 0.5)
