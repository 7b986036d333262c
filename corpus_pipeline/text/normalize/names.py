"""Variant characters in the names of persons, by the words around them.

Enters: a text before and after a conversion that keeps lengths, and which variants names keep.
Leaves: the text after it, with the variants of names as they were, and how many.
Refuses: a variant without a surname before it, and a name without a title beside it or an end on
both sides.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
#: No surname and two characters are longer.
_NAME, _TITLE, _FOLLOWER = 3, 3, 2
_JOINS = "与和及跟同由对把被请向让找是为、"


class Names(NamedTuple):
    """What a name is made of and stands beside, in simplified characters."""

    kept: Mapping[str, str]  # variant and what it becomes in a name
    surnames: Collection[str]
    titles: Collection[str]  # words of two or three characters before a name
    followers: Collection[str]  # words of one or two characters behind it
    words: Collection[str]  # words of two characters with a variant, which are no names

    def restored(self, before: str, after: str) -> tuple[str, int]:
        """The text `after` with the variants of names, and how many are again as they were."""
        places = {}
        for char, form in self.kept.items():
            at = before.find(char)
            while at >= 0:
                if after[at] != form and self._in_name(before, after, at):
                    places[at] = form
                at = before.find(char, at + 1)
        if not places:
            return after, 0
        out = list(after)
        for at, form in places.items():
            out[at] = form
        return "".join(out), sum(before[at] == form for at, form in places.items())

    def _in_name(self, before: str, after: str, at: int) -> bool:
        for text in (before, after):
            around = text[max(at - 1, 0) : at] + before[at] + text[at + 1 : at + 2]
            if around[:2] in self.words or around[-2:] in self.words:
                return False
        for start in (at - 1, at - 2):
            if start < 0 or after[start] not in self.surnames:
                continue
            if not _HAN.match(after[start + 1]):
                continue
            if any(after[max(start - size, 0) : start] in self.titles for size in (2, _TITLE)):
                return True
            if self._edge(after, start) and self._ends(after, start, at):
                return True
        return False

    def _edge(self, text: str, start: int) -> bool:
        return start == 0 or text[start - 1] in _JOINS or not _HAN.match(text[start - 1])

    def _ends(self, text: str, start: int, at: int) -> bool:
        """Whether the name ends with the variant or one character later."""
        for end in (at + 1, at + 2):
            if end - start > _NAME or not all(map(_HAN.match, text[start:end])):
                continue
            if end >= len(text) or not _HAN.match(text[end]):
                return True
            if any(text[end : end + size] in self.followers for size in (1, _FOLLOWER)):
                return True
        return False
