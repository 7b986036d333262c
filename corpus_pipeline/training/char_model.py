"""Count a model of characters: what each character costs after the two before it.

Enters: texts.  Leaves: the arrays that `text.measures.fluency.char_model` reads, and a file of
them, the same bytes for the same texts.

Interpolated absolute discounting over single characters, pairs and triples; rare pairs and triples
are left out, which halves the file for a hundredth of the AUC (the table is in the model card).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import opencc

from corpus_pipeline.text.arrays import F64, I64, U8, U16, Integers
from corpus_pipeline.text.measures.fluency import PLANE, UNIT
from corpus_pipeline.text.measures.fluency_kernel import BREAK, DIGIT, LETTER, SPACE, UNKNOWN

#: Symbols, and how often a pair and a triple must occur to be kept.
SYMBOLS, LEAST_PAIR, LEAST_TRIPLE = 7000, 3, 8
#: Taken from each count and given to what was not seen (Ney, Essen and Kneser 1994: .5 to .9).
DISCOUNT = 0.75
_RESERVED = BREAK + 1
#: Marks that are one symbol in either width.
_SAME = dict(zip("，。！？；：（）“”「」『』‘’…—–", ',.!?;:()""""""\'\'.--', strict=True))


def counted(texts: Sequence[str]) -> dict[str, Integers]:
    """The arrays of a model of these texts; documents are read as if one followed the other."""
    codes = np.frombuffer("\n".join(texts).encode("utf-32-le", "replace"), dtype="<u4")
    symbols = symbol_table(codes)
    small = np.where(codes < PLANE, codes, 0)
    sequence = _squeezed(np.where(codes < PLANE, symbols[small], UNKNOWN).astype(np.int64))
    single = np.bincount(sequence, minlength=int(symbols.max()) + 1).astype(np.float64)
    pairs, pair_counts = _kept(sequence[:-1] << 16 | sequence[1:], LEAST_PAIR)
    triples, triple_counts = _kept(
        sequence[:-2] << 32 | sequence[1:-1] << 16 | sequence[2:], LEAST_TRIPLE
    )
    rest = np.searchsorted(pairs, triples >> 16)
    inside = (rest < pairs.size) & (pairs[np.minimum(rest, pairs.size - 1)] == triples >> 16)
    triples, triple_counts = triples[inside], triple_counts[inside]
    return {"symbols": symbols} | _costs(single, pairs, pair_counts, triples, triple_counts)


def symbol_table(codes: Integers) -> U16:
    """The symbol of each code point of the basic plane: the frequent characters have their own."""
    fold = _fold()
    images = fold[codes[codes < PLANE]]
    counts = np.bincount(images, minlength=PLANE)
    counts[:_RESERVED] = 0
    order = np.argsort(-counts, kind="stable")[: SYMBOLS - _RESERVED]
    order = order[counts[order] > 0]
    symbols = np.zeros(PLANE, dtype=np.uint16)
    symbols[order] = np.arange(_RESERVED, _RESERVED + order.size)
    symbols[:_RESERVED] = np.arange(_RESERVED)
    return symbols[fold]


@cache
def _fold() -> I64:
    """The character that stands for each: simplified, half-width; classes are the symbols."""
    fold = np.arange(PLANE)
    fold[:_RESERVED] = UNKNOWN
    simplified = opencc.OpenCC("t2s")
    for code in range(0x3400, 0xA000):
        image = simplified.convert(chr(code))
        if len(image) == 1 and ord(image) < PLANE:
            fold[code] = ord(image)
    fold[0xFF01:0xFF5F] -= 0xFEE0
    for mark, image in _SAME.items():
        fold[ord(mark)] = ord(image)
    for low, high, symbol in (("0", "9", DIGIT), ("a", "z", LETTER), ("A", "Z", LETTER)):
        fold[ord(low) : ord(high) + 1] = symbol
        fold[ord(low) + 0xFEE0 : ord(high) + 0xFEE1] = symbol
    fold[[ord(c) for c in " \t\r\u00a0\u3000"]] = SPACE
    fold[ord("\n")] = BREAK
    return fold


def _squeezed(symbols: I64) -> I64:
    """Without blanks; a number, a Latin word and a run of breaks are one symbol each."""
    again = np.zeros(symbols.size, dtype=bool)
    again[1:] = (symbols[1:] == symbols[:-1]) & (symbols[1:] >= DIGIT) & (symbols[1:] <= BREAK)
    kept: I64 = symbols[~again & (symbols != SPACE)]
    return kept


def _kept(keys: I64, least: int) -> tuple[I64, F64]:
    """The keys that occur so often, rising, and their counts."""
    distinct, counts = np.unique(keys, return_counts=True)
    often = counts >= least
    return distinct[often], counts[often].astype(np.float64)


def _costs(
    single: F64, pairs: I64, pair_counts: F64, triples: I64, triple_counts: F64
) -> dict[str, Integers]:
    """The arrays of costs, in units of 1/8 bit."""
    alone = (single + 0.5) / (single.sum() + 0.5 * single.size)
    first, last = pairs >> 16, pairs & 0xFFFF
    left = _left(np.maximum(single, 1), first, pair_counts)
    pair = np.maximum(pair_counts - DISCOUNT, 0) / np.maximum(single, 1)[first]
    pair += left[first] * alone[last]
    context = np.searchsorted(pairs, triples >> 16)
    pair_left = _left(pair_counts, context, triple_counts)
    middle, end = triples >> 16 & 0xFFFF, triples & 0xFFFF
    place = np.minimum(np.searchsorted(pairs, middle << 16 | end), pairs.size - 1)
    known = pairs[place] == middle << 16 | end
    shorter = np.where(known, pair[place], left[middle] * alone[end])
    triple = np.maximum(triple_counts - DISCOUNT, 0) / pair_counts[context]
    triple += pair_left[context] * shorter
    return {
        "single": _units(alone),
        "single_back": _units(left),
        "pairs": np.diff(pairs, prepend=0).astype(np.uint32),
        "pair_cost": _units(pair),
        "pair_back": _units(pair_left),
        "triples": np.diff(triples, prepend=0).astype(np.uint64),
        "triple_cost": _units(triple),
    }


def _left(totals: F64, context: I64, counts: F64) -> F64:
    """The share of each context that its kept continuations leave to the others."""
    kinds = np.bincount(context, minlength=totals.size)
    kept = np.bincount(context, counts, minlength=totals.size)
    share: F64 = np.clip((totals - kept + DISCOUNT * kinds) / totals, 1e-3, 1)
    return share


def _units(chance: F64) -> U8:
    """Chances as costs: eighths of a bit, at most 255."""
    costs: U8 = np.clip(np.round(-np.log2(chance) * UNIT), 0, 255).astype(np.uint8)
    return costs


def write(parts: Mapping[str, Integers], path: Path) -> None:
    """Write the arrays as one compressed file of NumPy.

    NumPy's own writer leaves the header of a member to `zipfile`, whose patch releases differ in
    it; a member that is written whole has the same bytes in all of them.
    """
    with zipfile.ZipFile(path, "w") as file:
        for name in sorted(parts):
            member = zipfile.ZipInfo(f"{name}.npy")
            member.compress_type = zipfile.ZIP_DEFLATED
            data = io.BytesIO()
            np.save(data, parts[name])
            file.writestr(member, data.getvalue())
