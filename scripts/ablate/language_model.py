"""An n-gram model of characters with interpolated modified Kneser–Ney smoothing.

Enters: texts to learn from, texts to predict.  Leaves: the probability of each character.

It shares nothing with the models that ship, so that none of them judges itself.  A test text is
predicted from its own start; a character that was never seen has the same chance as any other of
the `vocabulary`.  References: Chen and Goodman 1999.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

ORDER = 5
#: Something is always taken off, so that no character is ever impossible.
LEAST_DISCOUNT = 0.1
Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Counts(NamedTuple):
    """What one order knows: of each n-gram its count, of each context its sum and its discounts."""

    gram: Ids
    total: Ids
    spare: Floats
    discount: Floats


def probabilities(train: Sequence[str], test: Sequence[str], vocabulary: int) -> Floats:
    """The probability of every character of the test texts, one text after the other."""
    codes, learnt = coded(train, test)
    grams = numbered(codes)
    spoken = codes > 0
    seen = np.flatnonzero(spoken & (np.arange(len(codes)) < learnt))
    asked = np.flatnonzero(spoken & (np.arange(len(codes)) >= learnt))
    found = np.full(len(asked), 1 / vocabulary)
    for order in range(1, ORDER + 1):
        known = counts(grams, seen, order)
        gram, context = grams[order][asked], before(grams, order, asked)
        count, total = known.gram[gram], known.total[context]
        left = np.maximum(count - known.discount[np.minimum(count, 3)], 0)
        better = (left + known.spare[context] * found) / np.maximum(total, 1)
        found = np.where(total > 0, better, found)
    return found


def coded(train: Sequence[str], test: Sequence[str]) -> tuple[Ids, int]:
    """All texts as one array of small codes, 0 between texts; where the test texts begin."""
    gap = "\0" * (ORDER - 1)
    head = gap + gap.join(train)
    whole = head + gap + gap.join(test)
    points = np.frombuffer(whole.encode("utf-32-le", "replace"), np.uint32)
    return np.unique(points, return_inverse=True)[1].astype(np.int64), len(head)


def numbered(codes: Ids) -> list[Ids]:
    """For each order the number of the n-gram that ends at each place; order 0 has one."""
    size = int(codes.max()) + 1
    grams = [np.zeros_like(codes), codes]
    for _ in range(1, ORDER):
        ahead = np.concatenate([[0], grams[-1][:-1]])
        grams.append(np.unique(ahead * size + codes, return_inverse=True)[1].astype(np.int64))
    return grams


def before(grams: list[Ids], order: int, places: Ids) -> Ids:
    """The contexts of the n-grams that end at some places."""
    return grams[order - 1][np.maximum(places - 1, 0)]


def counts(grams: list[Ids], seen: Ids, order: int) -> Counts:
    """Occurrences for the highest order; below, how many characters stand before an n-gram."""
    ids = grams[order]
    size = int(ids.max()) + 1
    if order < ORDER:
        _, first = np.unique(grams[order + 1][seen], return_index=True)
        count = np.bincount(ids[seen[first]], minlength=size).astype(np.int64)
    else:
        count = np.bincount(ids[seen], minlength=size).astype(np.int64)
    _, first = np.unique(ids[seen], return_index=True)
    places = seen[first]
    each, context = count[ids[places]], before(grams, order, places)
    discount = discounts(each)
    contexts = int(grams[order - 1].max()) + 1
    taken = discount[np.minimum(each, 3)]
    total = np.bincount(context, weights=each, minlength=contexts).astype(np.int64)
    spare = np.bincount(context, weights=taken, minlength=contexts).astype(np.float64)
    return Counts(count, total, spare, discount)


def discounts(count: Ids) -> Floats:
    """What is taken off n-grams seen 0, 1, 2, and 3 times or more."""
    one, two, three, four = (int((count == times).sum()) for times in (1, 2, 3, 4))
    if not (one and two and three and four):
        return np.array([0, 0.5, 0.75, 0.9])  # too little text to estimate from
    share = one / (one + 2 * two)
    ratios = np.array([0, 2 * two / one, 3 * three / two, 4 * four / three])
    most = np.arange(4.0)
    found: Floats = np.clip(most - share * ratios, LEAST_DISCOUNT * (most > 0), most)
    return found


def bits(train: Sequence[str], tests: dict[str, list[str]], vocabulary: int) -> dict[str, float]:
    """Bits a character of each group of test texts."""
    texts = [text for group in tests.values() for text in group]
    logs = -np.log2(probabilities(train, texts, vocabulary))
    result, at = {}, 0
    for name, group in tests.items():
        size = sum(map(len, group))
        result[name] = float(logs[at : at + size].mean())
        at += size
    return result
