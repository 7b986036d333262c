"""What is shown of a text: a window at the place that matters, masked, escaped, marked.

Enters: a text with places to mark, or two texts that are nearly the same.  Leaves: `Piece`s, whose
text is fit to be printed (controls and direction marks are written out) but not HTML yet.
Personal data is masked by the caller's function before anything is cut: what is cut lies far from
the edges of what was masked.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from difflib import SequenceMatcher

from corpus_pipeline.products.report.triggers import Places, merged
from corpus_pipeline.text.unicode.escape import escaped

#: Code points that are shown of a document and of each half of a pair, and those before the place
#: that matters.
SHOWN, OF_PAIR, BEFORE = 480, 360, 60
#: Code points that are masked beside a window, so that no number is cut before it is known as one.
BESIDE = 400


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; `mark`: nothing, `hit`, or `only` (in this text and not in its twin)."""

    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a text with some more on either side; places count from its start."""

    text: str
    start: int
    size: int
    marks: Places
    cut_before: bool
    cut_after: bool


def window(text: str, marks: Places, size: int = SHOWN, at: int | None = None) -> Window:
    """The part of a text that will be shown, around its first mark or at `at`."""
    first = at if at is not None else marks[0][0] if marks else 0
    start = max(0, min(first - BEFORE, len(text) - size)) if first > BEFORE else 0
    low, high = max(0, start - BESIDE), min(len(text), start + size + BESIDE)
    inside = [(a - low, b - low) for a, b in marks if low <= a and b <= high]
    cut = (start > 0, start + size < len(text))
    return Window(text[low:high], start - low, size, inside, *cut)


def pieces(part: Window, masked: str) -> list[Piece]:
    """The pieces of a window whose text was masked; a mark on masked text is given up."""
    place = _moved(part.text, masked)
    start = place(part.start, nearest=True) or 0
    end = min(len(masked), start + part.size)
    marks = []
    for low, high in part.marks:
        moved = place(low), place(high - 1)
        if moved[0] is not None and moved[1] is not None:
            marks.append((max(moved[0], start), min(moved[1] + 1, end)))
    out, at = [Piece("… ")] if part.cut_before else [], start
    for low, high in merged((a, b) for a, b in marks if a < b):
        out += [Piece(shown(masked[at:low])), Piece(shown(masked[low:high]), "hit")]
        at = high
    out.append(Piece(shown(masked[at:end])))
    if part.cut_after:
        out.append(Piece(" …"))
    return [piece for piece in out if piece.text]


class _moved:  # noqa: N801 – called like the function that it stands for
    """Where a place of a text lies in its masked copy."""

    def __init__(self, text: str, masked: str) -> None:
        self.blocks = [(0, 0, len(text))]
        if text != masked:
            matcher = SequenceMatcher(None, text, masked, autojunk=False)
            self.blocks = [(b.a, b.b, b.size) for b in matcher.get_matching_blocks()]

    def __call__(self, at: int, *, nearest: bool = False) -> int | None:
        index = max(bisect_right(self.blocks, (at, 1 << 60, 0)) - 1, 0)
        mine, other, size = self.blocks[index]
        if mine <= at < mine + size or nearest:
            return other + max(0, min(at - mine, size))
        return None


def first_difference(left: str, right: str) -> int:
    """Code points that two texts begin with in common.

    >>> first_difference("路灯修好了", "路灯坏了")
    2
    """
    pairs = enumerate(zip(left, right, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(left), len(right)))


def compared(left: str, right: str) -> tuple[list[Piece], list[Piece]]:
    """The pieces of two texts, what only one of them has marked.

    >>> [(piece.text, piece.mark) for piece in compared("今天晴朗。", "今天有雨。")[0]]
    [('今天', ''), ('晴朗', 'only'), ('。', '')]
    """
    halves: tuple[list[Piece], list[Piece]] = ([], [])
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        for half, text in zip(halves, (left[a:b], right[c:d]), strict=True):
            if text:
                half.append(Piece(shown(text), "" if kind == "equal" else "only"))
    return halves


def shown(text: str) -> str:
    r"""The text with its line ends; every other control and direction mark written out.

    >>> shown("甲\n乙\t丙\u202e")
    '甲\n乙 丙\\u202e'
    """
    lines = text.replace("\r\n", "\n").replace("\t", " ").split("\n")
    return "\n".join(map(escaped, lines))
