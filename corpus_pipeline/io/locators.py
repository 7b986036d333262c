r"""File names as text, whatever their bytes.

A name that is not UTF-8 reaches Python with lone surrogates, which no JSON, Parquet or hash takes.
`escaped` writes such a byte as `\xNN`; every other name stays as it is, but for a backslash that
would read as such an escape, which becomes `\x5c`.  `unescaped` is the exact inverse.
"""

from __future__ import annotations

import re
from typing import Final

_UNSAFE: Final = re.compile(r"[\udc80-\udcff]|\\(?=x[0-9a-f]{2})")
_ESCAPE: Final = re.compile(r"\\x([0-9a-f]{2})")


def escaped(name: str) -> str:
    r"""A name without lone surrogates.

    >>> escaped("诗/春望.txt"), escaped("\udcb4\udcba.txt"), escaped(r"a\xff")
    ('诗/春望.txt', '\\xb4\\xba.txt', 'a\\x5cxff')
    """
    return _UNSAFE.sub(lambda match: f"\\x{ord(match[0]) & 0xFF:02x}", name)


def unescaped(name: str) -> str:
    r"""The name that `escaped` was given.

    >>> unescaped("诗/春望.txt"), unescaped(r"a\x5cxff") == r"a\xff"
    ('诗/春望.txt', True)
    """
    return _ESCAPE.sub(lambda match: _character(int(match[1], 16)), name)


def _character(byte: int) -> str:
    return chr(byte) if byte < 0x80 else chr(0xDC00 + byte)
