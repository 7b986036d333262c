"""What two parties may compare of texts that neither shows: keyed digests and keyed signatures.

Enters: digests, hashes of n-grams, and a key that the parties share.  Leaves: numbers that are
equal where those of the other party are, and that nobody without the key can compute from a text
that he guesses; the Jaccard similarity of two signatures, estimated.

A signature has `values` minima of eight bits each (b-bit MinHash, Li and König 2010) of the n-grams
under SipHash-2-4.  Of the same bytes eight bits a value tell more than 32: two values of different
n-grams are equal by chance once in 256, which the estimate takes out again, and there are four
times as many.  With the share P of equal values the estimate is J = (P - 1/256) / (1 - 1/256), and
its standard deviation sqrt(P (1 - P) / values) / (1 - 1/256).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import erfc, sqrt
from typing import Final

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import F64, I64, U8, U64, Integers
from corpus_pipeline.text.dedup.blind_kernel import siphash
from corpus_pipeline.text.dedup.minhash import signatures
from corpus_pipeline.text.dedup.ngrams_kernel import BASE, FINAL

#: Values two n-grams of which are equal by chance once.
CHANCE: Final = 256
#: Signatures compared at once, in bytes: the two arrays stay in the cache.
PORTION: Final = 1 << 22
#: Rounds of the permutation of numbers.
ROUNDS: Final = 10
_HALF = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Secret:
    """The key of a use, drawn from the key that the parties share."""

    key: bytes

    def __repr__(self) -> str:
        """A key is never shown."""
        return "Secret(…)"

    def draw(self, use: str, size: int = 16) -> bytes:
        """The key for one use; those of two uses tell nothing of each other.

        >>> Secret(bytes(32)).draw("bands").hex()[:8]
        '986ae2a1'
        """
        return hashlib.blake2b(use.encode(), key=self.key, digest_size=size).digest()


def blinded(values: U64, secret: Secret, use: str) -> U64:
    """Each number under SipHash-2-4, with the key for this use."""
    first, second = np.frombuffer(secret.draw(use), dtype="<u8").astype(np.uint64)
    out = np.empty(len(values), dtype=np.uint64)
    siphash(np.ascontiguousarray(values, dtype=np.uint64), first, second, out)
    return out


def permuted(values: U64, secret: Secret, use: str, half: int = 32) -> U64:
    """Each number of 2 × `half` bits as another one: equal where they are equal, and never else.

    A Feistel network of SipHash-2-4 in ten rounds, as in FF1 (NIST SP 800-38G); `unpermuted` is
    its inverse, for who holds the key.

    >>> one = np.array([7, 1 << 63], dtype=np.uint64)
    >>> unpermuted(permuted(one, Secret(bytes(32)), "lines"), Secret(bytes(32)), "lines").tolist()
    [7, 9223372036854775808]
    """
    size, mask = np.uint64(half), np.uint64((1 << half) - 1)
    left, right = values >> size, values & mask
    for number in range(ROUNDS):
        left, right = right, left ^ (blinded(right, secret, f"{use} {number}") & mask)
    return left << size | right


def unpermuted(values: U64, secret: Secret, use: str, half: int = 32) -> U64:
    """The numbers of which `permuted` made these."""
    size, mask = np.uint64(half), np.uint64((1 << half) - 1)
    left, right = values >> size, values & mask
    for number in reversed(range(ROUNDS)):
        left, right = right ^ (blinded(left, secret, f"{use} {number}") & mask), left
    return left << size | right


def blinded_names(names: pl.Series, secret: Secret, use: str) -> pl.Series:
    """Each string as 32 hexadecimal digits: keyed BLAKE2b, with the key for this use."""
    key = secret.draw(use, 32)
    known = names.unique()
    digests = [hashlib.blake2b(n.encode(), key=key, digest_size=16).hexdigest() for n in known]
    return names.replace_strict(known, digests, return_dtype=pl.String)


def blinded_digests(low: U64, high: U64, secret: Secret, use: str) -> tuple[U64, U64]:
    """Digests of 128 bits, given as halves, under keyed BLAKE2b: equal where they were equal."""
    key = secret.draw(use, 32)
    halves = np.stack([low, high], axis=1).astype("<u8").tobytes()
    packed = b"".join(
        hashlib.blake2b(halves[at : at + 16], key=key, digest_size=16).digest()
        for at in range(0, len(halves), 16)
    )
    out = np.frombuffer(packed, dtype="<u8").reshape(-1, 2).astype(np.uint64)
    return out[:, 0], out[:, 1]


def wide(hashes: U64, starts: I64, values: int, secret: Secret) -> U8:
    """A signature (a row of `values` u8) of each document, which has at least one n-gram.

    `hashes`: of n-grams, document after document; `starts` has one more entry than documents.
    """
    minima = signatures(blinded(hashes, secret, "n-grams"), starts, values).astype(np.uint64)
    # The lower bits of a minimum are those of its n-gram, whichever the permutation: mixed, no
    # value says anything of another one.
    minima ^= np.arange(values, dtype=np.uint64) << _HALF
    minima *= BASE
    minima ^= minima >> _HALF
    minima *= FINAL
    return (minima >> np.uint64(56)).astype(np.uint8)


def estimated(rows: U8, a: Integers, b: Integers) -> F64:
    """The estimated Jaccard similarity of the signatures rows[a[i]] and rows[b[i]], 0 to 1.

    >>> rows = np.array([[1, 2, 3, 4], [1, 2, 3, 9]], dtype=np.uint8)
    >>> estimated(rows, np.array([0, 0]), np.array([0, 1])).round(3).tolist()
    [1.0, 0.749]
    """
    out = np.empty(len(a))
    step = max(PORTION // max(rows.shape[1], 1), 1)
    for start in range(0, len(a), step):
        here = slice(start, start + step)
        out[here] = (rows[a[here]] == rows[b[here]]).mean(axis=1)
    estimate: F64 = np.clip((out - 1 / CHANCE) / (1 - 1 / CHANCE), 0, 1)
    return estimate


def deviation(jaccard: float, values: int) -> float:
    """The standard deviation of the estimate of a similarity from so many values.

    >>> round(deviation(0.7, 1024), 4), round(deviation(0.7, 256), 4)
    (0.0144, 0.0287)
    """
    share = jaccard + (1 - jaccard) / CHANCE
    return sqrt(share * (1 - share) / values) / (1 - 1 / CHANCE)


def misjudged(jaccard: float, threshold: float, values: int) -> float:
    """The probability that a pair of this similarity is judged to be on the other side.

    By the normal distribution; at the threshold itself one half.

    >>> [round(misjudged(j, 0.7, 1024), 4) for j in (0.65, 0.68, 0.7, 0.72, 0.75)]
    [0.0004, 0.0856, 0.5, 0.0776, 0.0001]
    """
    spread = max(deviation(jaccard, values), 1e-12)  # equal texts have equal signatures
    return erfc(abs(jaccard - threshold) / spread / sqrt(2)) / 2


def packed(rows: U8) -> pl.Series:
    """Signatures as a column of bytes."""
    return pl.Series([row.tobytes() for row in rows], dtype=pl.Binary)


def unpacked(signatures: pl.Series) -> U8:
    """The rows that `packed` made a column of."""
    joined = b"".join(signatures.to_list())
    return np.frombuffer(joined, dtype=np.uint8).reshape(len(signatures), -1)
