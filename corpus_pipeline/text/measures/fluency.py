"""How much sense the characters of a text make beside each other, by a model of characters.

Enters: a Polars series of texts, and a `CharModel`.  Leaves: a frame of `FLUENCY`, Float32, one row
per text; the measures of a text do not depend on other texts.

The model gives each character its cost in bits after the two before it.  Its *gain* is what these
two save against the character alone: prose of any subject gains, however rare its words are, and
shuffled, garbled or listed words do not.  Digits count as one, Latin words as one character, blanks
as none, and traditional characters as their simplified ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import F64, I64, U8, U16, U64, Integers
from corpus_pipeline.text.measures import fluency_kernel as kernel
from corpus_pipeline.text.unicode.utf8 import buffers

#: Name → what is measured.
FLUENCY: dict[str, str] = {
    "bits": "cost of a character after the two before it, mean, in bits",
    "gain": "bits that the two characters before save, mean",
    "low_gain": "the gain of the tenth of windows of 64 characters that gain least",
    "misfits": "characters that cost a bit more than by themselves / characters",
    "han_share": "Han / visible characters",
    "bare_lines": "characters in lines without a comma or stop / characters, if 4 lines",
    "cut_lines": "characters in lines that end in …, >>, ], a digit, _ or |, if 4 lines",
    "open_lines": "characters in lines that do not end like a sentence / characters, if 4 lines",
}
#: Fewer lines have no shape to tell.
_LINES = 4
#: One bit has so many units.
UNIT = 8
#: Code points that have a symbol or a sign of their own.
PLANE = 0x10000
_SIGNS = (
    (kernel.BLANK, " \t\r\x0b\x0c\u00a0\u3000\u200b\ufeff"),
    (kernel.MARK, "，。！？；：、,;!?:…"),
    (kernel.END, "。！？!?；;：:”’」』）)…"),
    (kernel.CUTTING, "….>]_|》0123456789"),
    (kernel.STOP, "。"),
)


@dataclass(frozen=True, slots=True)
class CharModel:
    """Symbols of characters, and costs of single symbols, pairs and triples in eighths of a bit.

    `pairs` and `triples` are hash tables of 2**n words; a free place has all bits set.
    `single_back`: what is added where a pair is not known.
    """

    symbols: U16
    single: U8
    single_back: U8
    pairs: U64
    triples: U64


def char_model(parts: Mapping[str, Integers]) -> CharModel:
    """A model from sorted keys and their costs, as `training.char_model` stores them.

    `pairs` and `triples` are differences of rising keys (symbols in 16 bits each).
    """
    pairs = np.cumsum(parts["pairs"].astype(np.int64))
    triples = np.cumsum(parts["triples"].astype(np.int64))
    model = CharModel(
        parts["symbols"], parts["single"], parts["single_back"], _free(pairs), _free(triples)
    )
    kernel.fill_pairs(pairs, parts["pair_cost"], parts["pair_back"], model.pairs)
    kernel.fill_triples(triples, parts["triple_cost"], model.triples)
    return model


def fluency(texts: pl.Series, model: CharModel) -> pl.DataFrame:
    """One row per text, one Float32 column per measure of `FLUENCY`; null counts as empty."""
    data, at = buffers(texts)
    sums = np.zeros((len(texts), kernel.SUMS), dtype=np.int64)
    bounds = np.zeros(len(texts) + 1, dtype=np.int64)
    windows = np.empty(int(at[-1] - at[0]) // kernel.WINDOW + 1, dtype=np.int64)
    trail = np.empty(int(np.diff(at).max(initial=0)) + 1, dtype=np.int64)
    room = np.empty((4, kernel.BLOCK), dtype=np.uint64)
    kernel.read(
        data, at, model.symbols, _signs(), model.single, model.single_back,
        model.pairs, model.triples, trail, room, sums, windows, bounds,
    )  # fmt: skip
    scored = np.maximum(sums[:, kernel.SCORED], 1)
    visible = np.maximum(sums[:, kernel.VISIBLE], 1)
    shaped = sums[:, kernel.LINES] >= _LINES
    gain = sums[:, kernel.GAIN] / scored / UNIT
    columns = {
        "bits": sums[:, kernel.COST] / scored / UNIT,
        "gain": gain,
        "low_gain": _low(windows, bounds, gain),
        "misfits": sums[:, kernel.MISFITS] / scored,
        "han_share": sums[:, kernel.HAN] / visible,
        "bare_lines": sums[:, kernel.BARE] / visible * shaped,
        "cut_lines": sums[:, kernel.CUT] / visible * shaped,
        "open_lines": (1 - sums[:, kernel.ENDED] / visible) * shaped,
    }
    return pl.DataFrame({name: columns[name].astype(np.float32) for name in FLUENCY})


def _low(windows: I64, bounds: I64, mean: F64) -> F64:
    """The tenth of each text's windows that gains least ends here; the mean where there is one."""
    count = np.diff(bounds)
    owner = np.repeat(np.arange(count.size), count)
    gains = windows[: bounds[-1]]
    gains = gains[np.lexsort((gains, owner))]
    low = mean.copy()
    many = count > 1
    low[many] = gains[(bounds[:-1] + count // 10)[many]] / (kernel.WINDOW * UNIT)
    return low


def _free(keys: I64) -> U64:
    """Free places, a power of two, of which the keys fill at most half."""
    places = 1 << max(2 * keys.size - 1, 1).bit_length()
    return np.full(places, np.iinfo(np.uint64).max, dtype=np.uint64)


@cache
def _signs() -> U8:
    """What each character of the basic plane is in a line, in bits of `fluency_kernel`."""
    signs = np.zeros(PLANE, dtype=np.uint8)
    for sign, characters in _SIGNS:
        signs[[ord(c) for c in characters]] |= sign
    for first, last in ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x3007, 0x3007)):
        signs[first : last + 1] |= kernel.IDEOGRAPH
    return signs
