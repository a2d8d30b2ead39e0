"""The encodings by name: which codec reads each, and which are guessed at.

The names are those of the WHATWG Encoding Standard and of IANA, and mean what browsers mean by them: shift_jis, euc-kr,
gbk and tis-620 are read by the codecs of their supersets, since that is what files with these names hold.
"""

import encodings.aliases
from collections.abc import Mapping
from functools import cache
from typing import Literal, get_args

Charset = Literal[
    "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be",
    "iso-8859-1", "iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8",
    "iso-8859-9", "iso-8859-10", "iso-8859-11", "iso-8859-13", "iso-8859-14", "iso-8859-15", "iso-8859-16",
    "windows-874", "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255",
    "windows-1256", "windows-1257", "windows-1258", "koi8-r", "koi8-u", "macintosh", "x-mac-cyrillic", "tis-620",
    "ibm437", "ibm850", "ibm852", "ibm855", "ibm866",
    "big5", "big5-hkscs", "cp949", "euc-jp", "euc-kr", "gb18030", "gb2312", "gbk", "iso-2022-jp", "iso-2022-kr",
    "johab", "shift_jis",
]  # fmt: skip

_CODECS: Mapping[str, str] = {
    "big5": "cp950",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ibm437": "cp437",
    "ibm850": "cp850",
    "ibm852": "cp852",
    "ibm855": "cp855",
    "ibm866": "cp866",
    "iso-2022-jp": "iso2022_jp_ext",
    "macintosh": "mac_roman",
    "shift_jis": "cp932",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac_cyrillic",
}

# Those of the Encoding Standard that Python doesn't know, or means something narrower by.
_BROWSERS_LABELS: Mapping[str, Charset] = {
    "ascii": "windows-1252",
    "us-ascii": "windows-1252",
    "windows-31j": "shift_jis",
    "windows-949": "euc-kr",
    "x-euc-jp": "euc-jp",
    "x-gbk": "gbk",
    "x-sjis": "shift_jis",
    "x-x-big5": "big5",
}

# What is tried on a file that is not Unicode, and how much better than windows-1252 its text must be to win, in the
# unit of `plausibility`. Rare encodings carry the burden of proof; of two that give the same text, the first is named.
GUESSES: Mapping[Charset, float] = {
    "windows-1252": 0.0,
    "windows-1251": 1.0,
    "windows-1250": 2.0,
    "shift_jis": 1.0,
    "euc-jp": 1.0,
    "gb18030": 1.0,
    "big5": 1.0,
    "euc-kr": 1.0,
    "koi8-r": 1.0,
    "windows-1253": 1.0,
    "windows-1254": 1.0,
    "windows-1255": 1.0,
    "windows-1256": 1.0,
    "windows-1257": 1.0,
    "windows-874": 1.0,
    "windows-1258": 3.0,
    "iso-8859-2": 2.0,
    "iso-8859-5": 1.0,
    "iso-8859-7": 1.0,
    "iso-8859-9": 1.0,
    "iso-8859-6": 2.0,
    "iso-8859-8": 2.0,
    "iso-8859-13": 2.0,
    "iso-8859-15": 2.0,
    "koi8-u": 2.0,
    "macintosh": 3.0,
    "x-mac-cyrillic": 3.0,
    "ibm866": 3.0,
    "ibm850": 4.0,
    "ibm437": 4.0,
    "ibm852": 4.0,
    "ibm855": 4.0,
    "big5-hkscs": 3.0,
    "johab": 3.0,
    "iso-8859-3": 3.0,
    "iso-8859-4": 3.0,
    "iso-8859-10": 3.0,
    "iso-8859-14": 3.0,
    "iso-8859-16": 4.0,
}


def codec(name: str) -> str:
    """What Python calls the codec that reads the encoding."""
    return _CODECS.get(name, name)


def by_label(label: str) -> Charset | None:
    """The encoding that a document means by a name of its own, if it is one that we read. No codec is loaded."""
    plain = label.strip().lower()
    return _BROWSERS_LABELS.get(plain) or _by_module().get(_module(plain))


def _module(label: str) -> str:
    """Of Python's codec, without importing it: whoever writes the file chooses the label."""
    key = label.replace("-", "_").replace(" ", "_")
    return encodings.aliases.aliases.get(key, key)


@cache
def _by_module() -> Mapping[str, Charset]:
    """Of two names for one codec the first is meant, but each name also means itself."""
    names = get_args(Charset)
    return {**{_module(codec(name)): name for name in reversed(names)}, **{_module(name): name for name in names}}
