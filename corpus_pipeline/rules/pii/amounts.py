"""Tell a number that counts or measures something from a telephone number.

Enters: a view of a text and the span of a number in it.  Leaves: yes or no.

Units are an open class, so they are read by their grammar: a prefix and a unit (千瓦时, 吉赫), a
counter (颗, 个) or a word of amount before the number (约, 共有).  A word that is a counter and the
beginning of other words too (只: 只限; 张: 张先生) counts only at the end of a clause or behind a
word of amount.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corpus_pipeline.rules.pii.pack import AmountWords

#: Characters looked at on either side: 总资产规模约为 before, 至15000000000多平方公里 after.
_REACH = 24
_MANY = "[万亿萬億]?[多余餘几幾来來]?[万亿萬億]?"
_CLAUSE_END = (
    r"(?=\s*(?:$|[，。；、！？,;!?)\]】》」”…]|\.(?![0-9])|(?:的|左右|上下|以[上下内內]|之[多久])))"
)
_TO = r"(?: ?[~～至到\-]{1,2} ?[0-9]{5,})?"


class Amounts:
    """The words of the pack as patterns."""

    def __init__(self, words: AmountWords) -> None:
        """Compile; the lists are alternatives of regular expressions."""
        name = f"(?![一-鿿]{{0,2}}(?:{_any(words.names)}))"
        sure = f"(?:{_any(words.units)}|{_any(words.counters)}){name}"
        self._after = re.compile(f"{_TO} ?(?:{_MANY}{sure}|(?:{_any(words.symbols)})(?![A-Za-z]))")
        ends = f"{_any(words.counters)}|{_any(words.ambiguous)}"
        self._after_at_end = re.compile(f"{_TO}{_MANY}(?:{ends}){_CLAUSE_END}")
        self._after_counted = re.compile(f"{_TO} ?{_MANY}(?:{ends}){name}")
        self._before = re.compile(f"(?:{_any(words.before)})[了到出为為是:： 约約]{{0,3}}$")
        self._before_counted = re.compile(f"(?:{_any(words.before_counted)})[了到出过過]?$")
        self._device = re.compile(words.device)
        self._joint = re.compile(f"(?:{words.joint})$")

    def holds(self, view: str, start: int, end: int, cue: Collection[str], reach: int) -> bool:
        """Whether `view[start:end]` is an amount.

        `cue` are the words that announce the number a rule seeks: one that ends right before the
        number (`reach` characters are looked at) denies the amount.
        """
        left, right = view[max(0, start - _REACH) : start], view[end : end + _REACH]
        if not (
            self._after.match(right)
            or self._after_at_end.match(right)
            or self._before.search(left)
            or (self._before_counted.search(left) and self._after_counted.match(right))
        ):
            return False
        return not self._announced(left[-reach:].lower(), cue) or bool(self._device.match(right))

    def _announced(self, left: str, cue: Collection[str]) -> bool:
        """Whether a cue ends the text, or only what joins a cue and its number follows it."""
        joint = self._joint.search(left)
        first = joint.start() if joint else len(left)
        # 机 joins in 手机号 and ends the cue in 手机：, so every end is tried.
        ends = range(first, len(left) + 1)
        return any(left[:end].endswith(tuple(cue)) for end in ends)


def _any(words: Collection[str]) -> str:
    return "|".join(words)
