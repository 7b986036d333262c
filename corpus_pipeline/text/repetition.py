"""How much of a text repeats itself, on character n-grams, for a whole batch at once.

Enters: the code points of many documents end to end, whitespace already taken out, and where each
document starts.  Leaves: one share in [0, 1] per document and measure.
Refuses: to let an n-gram cross a document, to let one document change another's numbers, and to
sort anything.  Each n-gram is named by the place where its document has it last (found through
a table of slots in which the last comer stays), and a longer n-gram is a pair of shorter names
(Karp, Miller and Rosenberg 1972), looked at only where both ends of it come twice.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]
Keys = NDArray[np.uint64]
Index = NDArray[np.int64]
Flags = NDArray[np.bool_]
Shares = NDArray[np.float64]

#: The measures by length of their n-gram, shortest first.
MEASURES = {4: "top_4", 6: "top_6", 8: "top_8", 10: "dup_10", 15: "dup_15", 20: "dup_20"}
#: Each longer n-gram: the shorter one that tiles it twice.
_HALVES = {6: 4, 8: 4, 10: 6, 15: 10, 20: 10}
#: Shorter lines (`}`, a page number) say nothing when they come back.
SHORTEST_LINE = 4

#: Odd 64-bit constants of xxHash and splitmix64: they spread code points over all 64 bits.
_A = np.uint64(0x9E3779B185EBCA87)
_B = np.uint64(0xC2B2AE3D27D4EB4F)
_C = np.uint64(0xBF58476D1CE4E5B9)
_SQUARE = np.uint64(0x9E3779B185EBCA87**2 & 0xFFFFFFFFFFFFFFFF)
_HALF = np.uint64(32)


class Repetition(NamedTuple):
    """Shares by measure name, and which positions start a 4-gram that its document repeats."""

    shares: dict[str, Shares]
    repeated: Flags


class _Returns(NamedTuple):
    """Positions whose n-gram comes again, and the last place where it does."""

    at: Index
    last: Index


def repetition(codes: Codes, starts: Index) -> Repetition:
    """The repetition measures of every document in `codes`.

    `top_<n>`: the share of characters that the most frequent n-gram covers (of equals the one
    seen last; where it overlaps itself counts once), 0 where no n-gram occurs twice.
    `dup_<n>`: the share of characters inside an n-gram that occurs again later in the document
    (its last occurrence does not count).

    >>> text = "床前明月光，疑是地上霜。举头望明月，低头思故乡。"
    >>> repetition(*encode([text])).shares["top_4"]
    array([0.])
    >>> repetition(*encode(["彩票开户" * 10])).shares["dup_10"]
    array([0.9])
    """
    lengths = np.diff(starts)
    size = np.maximum(lengths, 1)
    shares = {name: np.zeros(lengths.size) for name in MEASURES.values()}
    flags = np.zeros(codes.size, dtype=np.bool_)
    if codes.size < 4:
        return Repetition(shares, flags)
    repeated = flags
    doc = np.repeat(np.arange(lengths.size, dtype=np.int32), lengths)
    names: dict[int, NDArray[np.uint32]] = {}
    for before, n in zip((0, *MEASURES), MEASURES, strict=False):
        if n == 4:
            at, keys = np.arange(codes.size - 3), _four_grams(codes, starts, doc)
        else:
            at = _ends_return(flags, before, n, doc)
            half = names[_HALVES[n]]
            head = half.take(at).astype(np.uint64)
            keys = (head << _HALF) | half.take(at + (n - _HALVES[n]))
            flags = np.zeros(codes.size, dtype=np.bool_)
        last = _last(keys) if n == 4 else at.take(_last(keys))
        again = np.flatnonzero(last != at)
        if again.size == 0:
            break
        found = _Returns(at.take(again), last.take(again))
        flags[found.at] = True
        flags[found.last] = True
        if n in _HALVES.values():
            names[n] = last.astype(np.uint32) if n == 4 else np.empty(codes.size, dtype=np.uint32)
            if n > 4:
                names[n][at] = last
        cover = _top if n < 10 else _covered
        shares[MEASURES[n]] = cover(found, n, doc, lengths.size) / size
    return Repetition(shares, repeated)


def repeated_lines(codes: Codes, starts: Index, ends: Index, doc: Index, repeated: Flags) -> Flags:
    """Which lines come again later in their document; a line is `codes[start:end]`.

    A line can only come again when its first and its last 4-gram do; what also agrees in length
    and in a 4-gram of its middle is compared as a whole.

    >>> codes, _ = encode(["上一篇新闻上一篇新闻"])
    >>> line = np.array([0, 5])
    >>> found = repetition(codes, np.array([0, 10])).repeated
    >>> repeated_lines(codes, line, line + 5, np.array([0, 0]), found)
    array([ True, False])
    """
    again = np.zeros(starts.size, dtype=np.bool_)
    if codes.size < SHORTEST_LINE:
        return again
    tail = np.maximum(ends - SHORTEST_LINE, 0)
    head = np.minimum(starts, codes.size - SHORTEST_LINE)
    able = (ends - starts >= SHORTEST_LINE) & repeated.take(head) & repeated.take(tail)
    line = np.flatnonzero(able)
    keys = (doc[line] << 40 | (ends - starts)[line]).view(np.uint64) * _C
    for at in (head, (head + tail) >> 1, tail):
        keys = (keys ^ (keys >> np.uint64(29))) * _B + _gram_at(codes, at[line])
    last = _last(keys)
    several = np.zeros(line.size, dtype=np.bool_)
    several[last[last != np.arange(line.size)]] = True
    several |= last != np.arange(line.size)
    seen: set[tuple[int, bytes]] = set()
    for number in line[several][::-1].tolist():
        key = (int(doc[number]), codes[starts[number] : ends[number]].tobytes())
        again[number] = key in seen
        seen.add(key)
    return again


def encode(texts: list[str]) -> tuple[Codes, Index]:
    """Code points end to end, and where each text starts (one more entry: where the last ends).

    >>> encode(["一", "", "二三"])[1]
    array([0, 1, 1, 3])
    """
    starts = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    return np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32), starts


def _four_grams(codes: Codes, starts: Index, doc: NDArray[np.int32]) -> Keys:
    """A 64-bit hash of document and four code points at each position."""
    wide = codes.astype(np.uint64)
    pairs = wide[:-1] * _A
    pairs += wide[1:]
    grams: Keys = pairs[:-2] * _SQUARE
    grams += pairs[2:]
    grams += doc[: grams.size].astype(np.uint64) * _C
    # What begins in one document and ends in the next must equal nothing.
    across = np.concatenate([starts[1:-1] - back for back in (1, 2, 3)])
    across = across[(across >= 0) & (across < grams.size)]
    grams[across] = across.astype(np.uint64) * _B + _C
    return grams


def _gram_at(codes: Codes, at: Index) -> Keys:
    """A 64-bit hash of the four code points at these positions."""
    grams = codes[at].astype(np.uint64)
    for offset in (1, 2, 3):
        grams = grams * _A + codes[at + offset]
    return grams


def _last(keys: Keys) -> Index:
    """For each key the last place that holds an equal one.

    All places write their number into a slot chosen by hash and the last one stays; who finds an
    equal key in its slot is settled, the others go on under another hash.
    """
    last = np.arange(keys.size)
    places, left, mix = last, keys, int(_B)
    while places.size:
        bits = int(places.size * 2).bit_length()
        slot = ((left * np.uint64(mix)) >> np.uint64(64 - bits)).view(np.int64)
        table = np.empty(1 << bits, dtype=np.int32)
        table[slot] = places.astype(np.int32)
        found = table.take(slot).astype(np.int64)
        unsettled = np.flatnonzero(keys.take(found) != left)
        if places.size == keys.size:
            last = found
        else:
            last[places] = found
        places, left = (unsettled if left is keys else places[unsettled]), left[unsettled]
        mix = mix * int(_A) & 0xFFFFFFFFFFFFFFFF
    return last


def _ends_return(flags: Flags, before: int, n: int, doc: NDArray[np.int32]) -> Index:
    """Positions where an n-gram may come twice: both its ends do, and lie in one document."""
    room = max(flags.size - n + 1, 0)
    step = n - before
    able = flags[:room] & flags[step : room + step]
    able &= doc[:room] == doc[n - 1 :][:room]
    return np.flatnonzero(able)


def _top(found: _Returns, n: int, doc: NDArray[np.int32], docs: int) -> Shares:
    """Characters covered by the n-gram that occurs most, per document."""
    counts = np.bincount(found.last)
    places = np.flatnonzero(counts)
    owner = doc.take(places)
    begin = np.flatnonzero(owner[1:] != owner[:-1]) + 1
    # The highest count wins; of equal counts the one that is seen last.
    ranked = (counts.take(places) << 32) | places
    winners = np.maximum.reduceat(ranked, np.append(0, begin)) & 0xFFFFFFFF
    wins = np.zeros(counts.size, dtype=np.bool_)
    wins[winners] = True
    hits = np.sort(np.append(found.at[np.flatnonzero(wins.take(found.last))], winners))
    gap = np.minimum(np.append(hits[1:] - hits[:-1], n), n)
    return np.bincount(doc.take(hits), weights=gap, minlength=docs).astype(np.float64)


def _covered(found: _Returns, n: int, doc: NDArray[np.int32], docs: int) -> Shares:
    """Characters inside n-grams that occur again later in their document."""
    gap = np.minimum(np.append(found.at[1:] - found.at[:-1], n), n)
    return np.bincount(doc.take(found.at), weights=gap, minlength=docs).astype(np.float64)
