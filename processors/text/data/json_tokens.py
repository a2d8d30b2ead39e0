"""The tokens of JSON (RFC 8259), as patterns that take linear time."""

import re

from processors.text.repeats import any_number_of, perhaps

TEXT = r"[^\"\\\x00-\x1f]*+"
ESCAPE = r"\\(?:[\"\\/bfnrt]|u[0-9a-fA-F]{4})"
STRING = TEXT + any_number_of(ESCAPE + TEXT)
NUMBER = r"-?(?:0|[1-9][0-9]*+)" + perhaps(r"\.[0-9]++") + perhaps("[eE][+-]?+[0-9]++")
TOKEN = re.compile(rf'[ \t\n\r]*+(?:([{{}}\[\],:])|"({STRING})"|({NUMBER})(?![0-9.eE+-])|(true|false|null)(?![a-z]))')
SPACE = re.compile(r"[ \t\n\r]*+")
