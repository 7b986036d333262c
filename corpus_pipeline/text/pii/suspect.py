"""A first look at names and messages, before a pack of rules is loaded for them.

Enters: a name or a line.  Leaves: whether it may hold personal data; most do not.
"""

from __future__ import annotations

import re
from typing import Final

#: A character of another script, an escape, a sign of an address, six digits together, a word such
#: as `qq`, a long run of capitals or letters.
_SUSPECT: Final = re.compile(
    r"(?i)[^ -~]|[@%]|(?:[0-9][^A-Za-z0-9]{0,3}){6}|qq|wx|vx|wechat|[0-9][OlI|]{3}"
    r"|[0-9]\.[0-9]{1,3}\.[0-9]|(?:[0-9A-F]{2}[:-]){3}|[A-Z0-9]{13}[0-9]{4}|[A-Z0-9_-]{20}"
)


def is_suspect(text: str) -> bool:
    """Whether rules should be asked about the text.

    >>> is_suspect("kept/part-00000.parquet"), is_suspect("a/138-0000-0000.txt"), is_suspect("诗")
    (False, True, True)
    """
    return _SUSPECT.search(text) is not None
