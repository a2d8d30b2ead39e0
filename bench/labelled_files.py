"""Real files with the kind that each one is: the shared corpus by its folders, and what is on the machine by extension.

The label never looks at the content, so that it can't agree with what is measured by making the same mistake.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CORPUS = REPOSITORY.parent / "shared" / "corpus"
MACHINE = ("/usr", "/etc", "/opt", sys.base_prefix)
MOST = 500  # files of one extension, from all over the machine

# Only extensions that mean one thing. An SVG is a text that is drawn: what takes it here is the text kind.
KINDS: Mapping[str, Sequence[str]] = {
    "image": ("png", "jpg", "jpeg", "gif", "webp", "avif", "heic", "tif", "tiff", "bmp", "ico", "jp2", "psd"),
    "audio": ("wav", "mp3", "flac", "ogg", "oga", "opus", "m4a", "aac", "aif", "aiff", "aifc", "au", "amr"),
    "video": ("mp4", "mov", "webm", "mkv", "avi", "ogv", "mpg", "mpeg", "flv"),
    "document": ("pdf", "docx", "pptx", "xlsx", "odt", "odp", "ods", "epub"),
    "text": (
        *("txt", "md", "rst", "csv", "tsv", "json", "xml", "html", "htm", "svg", "css", "yaml", "yml", "toml", "ini"),
        *("py", "pyi", "pyx", "pxd", "c", "h", "cpp", "hpp", "cc", "hh", "cuh", "inl", "tcc", "rs", "go", "java", "js"),
        *("ts", "php", "pl", "pm", "rb", "lua", "sh", "bash", "bat", "cmd", "ps1", "tcl", "vim", "sql", "cmake", "m4"),
        *("f", "f90", "el", "s", "asm", "pod", "conf", "cfg", "service", "socket", "pc", "la", "patch", "diff", "pem"),
        *("crt", "log", "properties", "gitignore", "bats", "po", "pot", "tex", "bib", "ps", "eps", "awk", "kt"),
    ),
    "other": (
        *("pyc", "pyo", "so", "o", "a", "mo", "gz", "tgz", "xz", "bz2", "zst", "zip", "jar", "whl", "jmod", "class"),
        *("exe", "dll", "ttf", "otf", "ttc", "woff", "woff2", "sqlite", "npz", "npy", "deb", "gpg", "rpm", "wasm"),
    ),
}  # fmt: skip
KIND_OF: Mapping[str, str] = {extension: kind for kind, extensions in KINDS.items() for extension in extensions}

# What lies in a folder of the corpus and is not what the folder says: playlists and descriptions that pose as videos,
# noise, and formats of images that are not told apart here because no kind reads them. And libraries that are texts,
# for the linker.
POSING = {
    *("libc.so", "libm.so", "libm.a", "libncurses.so", "libncursesw.so"),
    *("1.png", "pngbomb_as.mp4", "tiny.gif", "random.mp4", "empty.mp4", "text.mp4", "noext_concat", "dash.mpd"),
}
POSING_ENDINGS = ("_as.mp4", "_as.avi", ".m3u8", "_concat.mp4", "_concat.bin", ".fli", ".tga", ".spider", ".mp3")


def of_the_corpus(corpus: Path = CORPUS) -> Iterator[tuple[Path, str]]:
    for folder, kind in (("images", "image"), ("text", "text"), ("video", "video")):
        for path in sorted((corpus / folder).rglob("*")):
            if path.is_file() and path.name not in POSING and not path.name.endswith(POSING_ENDINGS):
                yield path, kind


def of_the_machine(roots: Sequence[str] = MACHINE, most: int = MOST) -> Iterator[tuple[Path, str]]:
    """Of each extension up to `most` files, evenly spread; no links, nothing empty, no file twice."""
    found: dict[str, list[Path]] = {}
    for root in dict.fromkeys(roots):
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                extension = name.rpartition(".")[2].lower() if "." in name else ""
                if extension in KIND_OF and name not in POSING:
                    found.setdefault(extension, []).append(Path(folder, name))
    seen: set[tuple[int, int]] = set()
    for extension, paths in sorted(found.items()):
        step = max(1, len(paths) // most)
        for path in paths[::step][:most]:
            status = path.lstat()
            is_new = (status.st_dev, status.st_ino) not in seen
            if is_new and status.st_size and path.is_file() and not path.is_symlink() and os.access(path, os.R_OK):
                seen.add((status.st_dev, status.st_ino))
                yield path, KIND_OF[extension]
