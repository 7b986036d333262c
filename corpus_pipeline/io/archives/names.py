"""Names of members as text, unique in their archive.

Enters: names as bytes, in any charset.  Leaves: paths with `/`, without a leading one, personal
data hidden; what no charset reads is escaped byte by byte.  Archives of Chinese Windows have names
in GBK.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import Final

import xxhash

from corpus_pipeline.io.charsets import charset_of, is_text
from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.locators import escaped
from corpus_pipeline.text.charset.decode import decode

#: Bytes of names by which their charset is found.
SAMPLE: Final = 1 << 14
#: Characters; of a longer name the end is cut: it goes into the locator of every document.
LONGEST: Final = 1024


def _key(name: str) -> int:
    """What stands for a name among those that were seen: a million of them must fit."""
    return xxhash.xxh3_64_intdigest(name.encode())


class Names:
    """The names of one archive."""

    def __init__(self) -> None:
        """No name seen yet."""
        self._sample = b""
        self._judged = 0
        self._charset = "utf-8"
        self._seen: Counter[int] = Counter()

    def text(self, name: bytes, *, utf8: bool = False) -> str:
        r"""A name as it goes into a locator; the second of its kind is `name~2`.

        >>> names = Names()
        >>> names.text("新闻/春天.txt".encode("gbk"))
        '新闻/春天.txt'
        >>> names.text(b"a\\b.txt"), names.text(b"./a/b.txt")
        ('a/b.txt', 'a/b.txt~2')
        """
        text = self._decoded(name, utf8=utf8).replace("\\", "/").removeprefix("./")
        text = concealed(escaped(re.sub(r"^/+|^[A-Za-z]:/+", "", text)[:LONGEST]))
        unique, key = text, _key(text)
        while _key(unique) in self._seen:
            self._seen[key] += 1
            unique = f"{text}~{self._seen[key]}"
        self._seen[_key(unique)] = 1
        return unique

    def _decoded(self, name: bytes, *, utf8: bool) -> str:
        try:
            return name.decode()
        except UnicodeDecodeError:
            pass
        if not utf8 and len(self._sample) < SAMPLE:
            self._sample += name + b"\n"
            if len(self._sample) >= 2 * self._judged:
                self._charset, self._judged = charset_of(self._sample), len(self._sample)
        text, lost = decode(name, self._charset)
        if self._charset == "utf-8" or lost or not is_text(name, self._charset):
            return os.fsdecode(name)
        return text


def is_hidden(name: str) -> bool:
    """Whether a member is none of the data: what file managers leave, and hidden files.

    >>> is_hidden("__MACOSX/a/._b.txt"), is_hidden("a/.git/x"), is_hidden("./a/b.txt")
    (True, True, False)
    """
    parts = name.split("/")
    return parts[0] == "__MACOSX" or any(
        part.startswith(".") and part not in (".", "..") for part in parts
    )
