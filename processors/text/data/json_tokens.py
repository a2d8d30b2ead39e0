"""The tokens of JSON (RFC 8259), as patterns that take linear time."""

import re

TEXT = r"[^\"\\\x00-\x1f]*+"
ESCAPE = r"\\(?:[\"\\/bfnrt]|u[0-9a-fA-F]{4})"
STRING = rf"{TEXT}(?:{ESCAPE}{TEXT})*+"
NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+"
TOKEN = re.compile(rf'[ \t\n\r]*+(?:([{{}}\[\],:])|"({STRING})"|({NUMBER})(?![0-9.eE+-])|(true|false|null)(?![a-z]))')
SPACE = re.compile(r"[ \t\n\r]*+")
