"""The outermost boxes of an MP4, read anew, so that what the engine says of them can be checked."""

from pathlib import Path


def outer_boxes(path: Path) -> list[tuple[str, int]]:
    """Type and size in bytes, in the order of the file."""
    found = []
    with path.open("rb") as file:
        while len(header := file.read(16)) >= 8:
            size = int.from_bytes(header[:4])
            if size == 1:
                size = int.from_bytes(header[8:])
            found.append((header[4:8].decode("latin-1"), size))
            file.seek(size - len(header), 1)
    return found


def index_comes_first(path: Path) -> bool:
    types = [type_ for type_, _ in outer_boxes(path)]
    return types.index("moov") < types.index("mdat")
