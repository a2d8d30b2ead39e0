"""Source code: in which language, and how many of its lines are code."""

import re
from collections import Counter
from typing import Literal

from processors.text.content import Text
from processors.text.lines.languages import LANGUAGES, MEDIA_TYPES, Language, by_name, looks
from processors.text.lines.models import SourceFacts
from processors.text.lines.splitting import lines
from processors.text.lines.syntax import Scanner
from processors.text.shape import Examined, Shape

JUDGED_LINES = 2000  # of code
PROVING_SHARE = 0.15  # of them that look like the language
MODELINES = 5  # lines at the beginning where editors look for one
LINE_CHARACTERS = 64 << 10

_SHEBANG = re.compile(r"#!\s{0,9}\S{0,200}/(?:env\s{1,9}(?:-S\s{1,9})?)?([A-Za-z+#-]{1,30})")
_MODELINE = re.compile(
    r"-\*-\s{0,9}(?:mode:\s{0,9})?([\w+#-]{1,30})\s{0,9}(?:;|-\*-)|\bvim?:.{0,80}?\b(?:ft|filetype|syntax)=(\w{1,30})"
)
_CPP = re.compile(r"^\s*(?:class|namespace|template|using|public:|private:)\b", re.MULTILINE)
_OBJECTIVE_C = re.compile(r"^\s*(?:@interface|@implementation|#import|@protocol)\b", re.MULTILINE)
# What hardly any other text has, and how often it must be there.
_TELLTALES = tuple(
    (name, times, re.compile(pattern, re.MULTILINE))
    for name, times, pattern in (
        ("php", 1, r"\A\s{0,9}<\?php\b"),
        ("xml", 1, r"\A\s{0,9}<\?xml "),
        ("c", 1, r"^#include [<\"]"),
        ("go", 1, r"^package \w+$"),
        ("java", 1, r"^(?:import javax?\.|public (?:final |abstract )?(?:class|interface|enum) )"),
        ("python", 2, r"^ {0,12}(?:def \w+\(.*:|class \w+.*:|import [\w.]+|from [\w.]+ import .+)$"),
        ("rust", 2, r"^ {0,12}(?:(?:pub )?(?:fn \w+|struct \w+|mod \w+)|use \w+::)"),
        ("javascript", 2, r"^ {0,12}(?:(?:const|let|var) \w+ = .|(?:async )?function \w+\(|import .* from ['\"])"),
        ("sql", 2, r"^(?:CREATE (?:TABLE|INDEX|VIEW)|INSERT INTO|SELECT .+ FROM|ALTER TABLE|DROP TABLE)\b"),
    )
)
_TELLTALE_CHARACTERS = 16 << 10

Source = Literal["name", "shebang", "modeline", "content"]


def looks_like_source(head: str) -> bool:
    return _by_content(head) is not None


def language_of(name: str, media_type: str, head: str) -> tuple[Language, Source] | None:
    """The name first: the other three are for who has none."""
    lower = name.lower()
    known = by_name()
    found = (
        known.get(f"/{lower}")
        or known.get("." + lower.rpartition(".")[2])
        or known.get(f"!{MEDIA_TYPES.get(media_type)}")
    )
    if lower.endswith(".m"):
        found = known["!objective-c" if _OBJECTIVE_C.search(head) else "!matlab"]
    if found and found.name == "c" and lower.endswith(".h") and _CPP.search(head[:_TELLTALE_CHARACTERS]):
        found = known["!c++"]
    return (found, "name") if found else _by_content(head)


def _by_content(head: str) -> tuple[Language, Source] | None:
    known = by_name()
    if (shebang := _SHEBANG.match(head)) and (found := known.get(f"!{shebang[1].lower().rstrip('-')}")):
        return found, "shebang"
    beginning = "\n".join(line.text[:300] for _, line in zip(range(MODELINES), lines(iter([head])), strict=False))
    if (mode := _MODELINE.search(beginning)) and (found := known.get(f"!{(mode[1] or mode[2]).lower()}")):
        return found, "modeline"
    for name, times, pattern in _TELLTALES:
        seen = pattern.finditer(head[:_TELLTALE_CHARACTERS])
        if sum(1 for _ in zip(range(times), seen, strict=False)) == times:
            return known[f"!{name}"], "content"
    return None


def examine(text: Text) -> Examined:
    found = language_of(text.work.name, text.work.media_type, text.head)
    if found is None:
        return Examined(False, None)
    language, source = found
    scanner, look = Scanner(language.syntax), looks(language)
    kinds: Counter[str] = Counter()
    judged = alike = 0
    for line in lines(text.blocks("source code"), LINE_CHARACTERS):
        kind = scanner.take(line.text)
        kinds[kind] += 1
        if kind == "code" and judged < JUDGED_LINES:
            judged += 1
            alike += look.search(line.text[:500]) is not None
    is_proved = alike >= judged * PROVING_SHARE if judged else kinds["comment"] > 0
    if not is_proved:
        return Examined(False, None)
    warnings = ["A comment or a string of the source code does not end."] if scanner.is_open else []
    return Examined(
        True,
        SourceFacts(
            language=language.name,
            language_source=source,
            code_lines=kinds["code"],
            comment_lines=kinds["comment"],
            blank_lines=kinds["blank"],
        ),
        warnings,
    )


SHAPE = Shape(
    "source",
    frozenset(name for one in LANGUAGES for name in f"{one.extensions} {one.names} m".split()),
    frozenset(MEDIA_TYPES),
    looks_like_source,
    examine,
)
