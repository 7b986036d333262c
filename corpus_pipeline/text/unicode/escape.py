"""Text from documents and file names, made safe for a terminal.

Enters: any text.  Leaves: the same text with every control and direction character written out.
"""

from __future__ import annotations


def escaped(text: str) -> str:
    r"""The text with controls, escapes, direction marks and newlines written as escape sequences.

    A space stays a space, as does the ideographic one; other spaces and what Unicode does not
    call printable become `\x1b` or `\u202e`.

    >>> escaped("新闻\x1b[31m红\u202e")
    '新闻\\x1b[31m红\\u202e'
    >>> escaped("一行，全角　空格")
    '一行，全角\u3000空格'
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char == "\u3000" else ascii(char)[1:-1] for char in text
    )
