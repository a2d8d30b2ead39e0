"""Files whose encoding is known: the corpus, in which a folder's name is the encoding of its files."""

import re
from collections.abc import Iterator
from pathlib import Path

PYTHON_NAMES = {"MacCyrillic": "mac_cyrillic", "MacRoman": "mac_roman", "EUC-TW": None}
# What files with the name also hold: shift_jis as Windows has it, and so on.
SUPERSETS = {
    "big5": "cp950",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "iso-8859-1": "cp1252",
    "shift_jis": "cp932",
    "tis-620": "cp874",
}


def corpus_files(corpus: Path) -> Iterator[tuple[Path, str | None]]:
    """Every text with the name that Python has for its encoding, if it has one."""
    for path in sorted((corpus / "text" / "encodings").glob("*/*")):
        folder = re.sub(r"^(windows-\d+|iso-8859-\d+)-[a-z]+$", r"\1", path.parent.name)
        yield path, PYTHON_NAMES.get(folder, folder)


def right_texts(data: bytes, name: str | None) -> set[str]:
    """What the bytes read as in the encoding and in its superset: without a mistake if one of them can."""
    if name is None:
        return set()
    names = [name, *(SUPERSETS[key] for key in [name.lower()] if key in SUPERSETS)]
    strict = {text for one in names if (text := _strict(data, one)) is not None}
    return {text.removeprefix("\ufeff") for text in strict or {data.decode(one, "replace") for one in names}}


def _strict(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return None
