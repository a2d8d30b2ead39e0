"""Legacy encodings recognised: the share of files that decode to the identical text, and the time for each.

Three sets: the corpus, whole files, where there is one (chardet was developed against most of it); known words in every
encoding that they were written in; and translations of programs on this machine, encoded for the purpose, which nobody
has tuned anything on. The last is where to look.
"""

import gettext
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from pathlib import Path

from bench.rounds import verdict
from processors.text import plausibility
from processors.text.charsets import codec
from processors.text.encoding import FALLBACK, SAMPLE_BYTES, Decoder, markup_label, recognise
from processors.text.legacy import Evidence, guess
from tests.conftest import CORPUS
from tests.encodings import corpus_files, right_texts
from tests.tongues import TONGUES, encoded

Sample = tuple[bytes, set[str]]
Detector = Callable[[bytes], str | None]

LOCALES = Path("/usr/share/locale")
TAGS = "de fr es pt it ca da sv fi is nl pl cs sk hu ro hr sl ru bg uk sr el tr he ar th et lv lt ja zh_CN zh_TW ko"
BEGINNINGS = 8  # texts of each language and encoding


def run(folder: Path, rounds: int) -> None:
    sets: Mapping[str, Callable[[], Iterator[Sample]]] = {
        "corpus": _corpus,
        "known words": _known_words,
        "translations, 4 messages": lambda: _translations(4),
        "translations, 40 messages": lambda: _translations(40),
    }
    for name, make in sets.items():
        samples = list(make())
        if not samples:
            print(f"  {name}: not here", flush=True)
            continue
        print(f"  {name}, {len(samples)} files", flush=True)
        for library, detect in _detectors().items():
            _measure(library, detect, samples)


def _corpus() -> Iterator[Sample]:
    for path, name in corpus_files(CORPUS):
        data = path.read_bytes()
        yield data, right_texts(data, name)


def _known_words() -> Iterator[Sample]:
    for _language, _name, text, data in encoded():
        yield data, {text}


def _translations(messages: int) -> Iterator[Sample]:
    for tag, tongue in zip(TAGS.split(), TONGUES.values(), strict=True):
        texts = [text for text in _messages(tag) if not text.isascii()]
        for name in tongue["encodings"]:
            fitting = [text for text in texts if text.encode(codec(name), "ignore").decode(codec(name)) == text]
            for start in range(0, min(len(fitting), BEGINNINGS * messages), messages):
                text = "\n".join(fitting[start : start + messages])
                yield text.encode(codec(name)), {text}


def _messages(tag: str) -> Iterator[str]:
    for path in sorted(LOCALES.glob(f"{tag}/LC_MESSAGES/*.mo")):
        try:
            with path.open("rb") as file:
                catalogue = vars(gettext.GNUTranslations(file))["_catalog"]
        except UnicodeDecodeError:  # it isn't UTF-8 and doesn't say so
            continue
        yield from (text for key, text in catalogue.items() if key)


def _detectors() -> Mapping[str, Detector]:
    import chardet
    import charset_normalizer

    plausibility.warm()
    return {
        "dropoff": _ours,
        "chardet": lambda data: chardet.detect(data, max_bytes=len(data) + 1)["encoding"],
        "charset-normalizer": lambda data: getattr(charset_normalizer.from_bytes(data).best(), "encoding", None),
    }


def _ours(data: bytes) -> str | None:
    """As the kind does it, but for the counting."""
    encoding = recognise(data[:SAMPLE_BYTES])
    if encoding.name != "utf-8":
        return codec(encoding.name)
    decoder = Decoder("utf-8")
    decoder.decode(data[encoding.mark_bytes :], final=True)
    if decoder.is_plausible():
        return "utf-8"
    evidence = Evidence()
    evidence.add(data, is_first=True)
    return codec(guess(evidence.sample, markup_label(data)) or FALLBACK)


def _measure(library: str, detect: Detector, samples: Sequence[Sample]) -> None:
    right, seconds = 0, []
    for data, texts in samples:
        started = time.process_time()
        name = detect(data)
        seconds.append(time.process_time() - started)
        right += _reads(data, name, texts)
    share = 100 * right / len(samples)
    told = f" {verdict(share, 98, 99)}" if library == "dropoff" else ""
    print(
        f"    {library:20} {share:5.1f} %   {1000 * statistics.median(seconds):6.2f} ms CPU, median{told}", flush=True
    )


def _reads(data: bytes, name: str | None, texts: Set[str]) -> bool:
    try:
        return name is not None and data.decode(name, "replace").removeprefix("\ufeff") in texts
    except LookupError:  # a name that Python doesn't know
        return False
