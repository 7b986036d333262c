"""What Java, Oracle and MySQL write for UTF-8: CESU-8 and "modified UTF-8".

Enters: bytes.
Leaves: the same text in UTF-8.  A character beyond the basic plane is there a pair of surrogates of
three bytes each, and in Java's form NUL is C0 80.
Refuses: surrogates without a partner, which no form of UTF-8 explains.
"""

from __future__ import annotations

import re

_PAIR = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
_NUL = b"\xc0\x80"
#: The first bytes that strict UTF-8 stumbles over.
_SIGNS = (b"\xed", b"\xc0")


def standard(data: bytes) -> bytes:
    r"""The bytes with each variant form as UTF-8 writes it.

    >>> standard("好".encode() + bytes.fromhex("eda0bdedb880c080")).decode()
    '好😀\x00'
    """
    return _PAIR.sub(_character, data).replace(_NUL, b"\0")


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8 or one of its variants from end to end.

    >>> is_utf8("好".encode()), is_utf8("好".encode("gbk")), is_utf8(bytes.fromhex("eda0bdedb880"))
    (True, False, True)
    """
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if not data.startswith(_SIGNS, error.start):
            return False
    else:
        return True
    try:
        standard(data).decode()
    except UnicodeDecodeError:
        return False
    return True


def _character(pair: re.Match[bytes]) -> bytes:
    text = pair[0].decode("utf-8", "surrogatepass")
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le").encode()
