"""Tell the register of a text: load words, measures and weights, check them, and judge.

Enters: `rules/packs/heuristics_registers.yaml`, or a pack of the user's, as an asset; then texts
with a frame of their `MEASURES`.
Leaves: for each text a register, a confidence from 0 to 1, and the registers that it may be.
Errors: `PipelineError` for a word in two groups, a feature without a measure, a weight without a
feature, and for registers that their examples contradict.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.dedup_key import load_key_table
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.pack import Name, Pack, PackError, Rule, Rules, Text, load, prove
from corpus_pipeline.rules.proofs import known
from corpus_pipeline.rules.settings import Strict
from corpus_pipeline.text.arrays import F32, F64, I64, U32, Bool
from corpus_pipeline.text.measures.cues import PASSED, cue_book, cue_shares
from corpus_pipeline.text.measures.measures import MEASURES, measure
from corpus_pipeline.text.terms.trie import folding
from corpus_pipeline.text.unicode.utf8 import lists

REGISTERS = "package:rules/packs/heuristics_registers.yaml"
#: The label of a text that looks like no register; its log odds are 0.
UNKNOWN = "unknown"
#: The measure that the cues of `speech` make together.
SPEECH = "speech"
#: A text may be of every register that has this share of the confidence.
PLAUSIBLE = 0.1
#: Log odds of every register of a text without a visible character.
_NONE = -50.0
#: Digits of a confidence: more would differ between machines.
_DIGITS = 3


class Cue(Strict):
    """Words, between blanks, and how many per 1,000 characters count as 1."""

    id: Name
    full: Annotated[float, Field(gt=0)]
    words: Text


class Feature(Strict):
    """A measure as a share: 0 up to `low`, 1 from `high` on; `high` may lie below `low`."""

    id: Name
    measure: Name
    low: float
    high: float

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if self.low == self.high:
            raise ValueError("needs a low and a high that differ")
        return self


class Weighed(Rule):
    """A register: its log odds are the offset and what each cue or feature adds."""

    origin: Literal["trained", "written"]
    offset: float
    weights: dict[str, float]


class RegistersPack(Pack):
    """The content of the file."""

    cues: tuple[Cue, ...]
    #: The cues that somebody speaks by.
    speech: tuple[Name, ...]
    features: tuple[Feature, ...]
    registers: Rules[Weighed]


@dataclass(frozen=True, slots=True)
class Told:
    """By row: the number of the register, the confidence in it, and all that it may be.

    `plausible`: rows × registers, without `unknown`.
    """

    register: I64
    confidence: F32
    plausible: Bool
    #: Words of speech for each 1,000 characters.
    speech: F32


class Registers:
    """A checked pack, ready to judge.  `names`: the registers in order, `unknown` last."""

    def __init__(self, pack: RegistersPack, fold: U32) -> None:
        """Compile words and weights."""
        _check_names(pack)
        try:
            self._book = cue_book({cue.id: cue.words.split() for cue in pack.cues}, fold)
        except ValueError as error:
            raise PackError(f"cues: {error}") from None
        full = {cue.id: cue.full for cue in pack.cues}
        self._full = np.array([full[name] for name in self._book.names])
        self._speech = np.array([name in pack.speech for name in self._book.names])
        self._features = pack.features
        #: What a weight may name, in the order of the columns of `columns`.
        self.inputs = (*self._book.names, *(feature.id for feature in pack.features))
        self.names = (*(register.id for register in pack.registers), UNKNOWN)
        self._offsets = np.array([register.offset for register in pack.registers])
        self._weights = np.array(
            [[one.weights.get(name, 0.0) for one in pack.registers] for name in self.inputs]
        )

    def columns(self, cues: F64, measures: pl.DataFrame) -> F64:
        """Cues and features as shares from 0 to 1; rows × `inputs`."""
        columns = [
            (measures[one.measure].to_numpy().astype(np.float64) - one.low) / (one.high - one.low)
            for one in self._features
        ]
        both: F64 = np.clip(np.column_stack([cues / self._full, *columns]), 0.0, 1.0)
        return both

    def cues(self, texts: pl.Series) -> F64:
        """Words of each group for each 1,000 characters; rows × groups."""
        return cue_shares(texts, self._book)

    def odds(self, columns: F64) -> F64:
        """The log odds of each register; rows × registers, without `unknown`."""
        odds = np.tile(self._offsets, (columns.shape[0], 1))
        # Not a product of matrices, whose sums depend on the machine and on the number of rows.
        for number in range(len(self.inputs)):
            odds += columns[:, number : number + 1] * self._weights[number]
        return odds

    def tell(self, texts: pl.Series, measures: pl.DataFrame) -> Told:
        """The register of each text."""
        cues = self.cues(texts)
        odds = self.odds(self.columns(cues, measures))
        odds[measures["length"].to_numpy() == 0] = _NONE
        odds = np.column_stack([odds, np.zeros(odds.shape[0])])
        shares = np.exp(odds - odds.max(axis=1, keepdims=True, initial=-np.inf))
        shares = np.round(shares / shares.sum(axis=1, keepdims=True), _DIGITS)
        register = shares.argmax(axis=1)
        confidence = shares.max(axis=1, initial=0.0).astype(np.float32)
        speech = cues[:, self._speech].sum(axis=1).astype(np.float32)
        return Told(register, confidence, shares[:, :-1] >= PLAUSIBLE, speech)


def named(plausible: Bool, names: tuple[str, ...]) -> pl.Series:
    """The names that are true in each row, as lists.

    >>> named(np.array([[True, False], [True, True]]), ("law", "news")).to_list()
    [['law'], ['law', 'news']]
    """
    return lists(names, np.nonzero(plausible)[1], plausible.sum(axis=1))


def load_registers(asset: Asset, simplified: Asset) -> Registers:
    """The detector, checked; `simplified` is the character table of the dedup key."""
    return load(asset, RegistersPack, _Build(simplified))


@dataclass(frozen=True)
class _Build:
    """What compiles the pack; equal for equal tables, so that the cache of `load` holds."""

    simplified: Asset

    def __call__(self, pack: RegistersPack) -> Registers:
        registers = Registers(pack, folding(load_key_table(self.simplified).fast))
        if known():
            return registers
        texts = list(dict.fromkeys(chain(*((*r.hits, *r.misses) for r in pack.registers))))
        column = pl.Series(texts, dtype=pl.String)
        told = registers.tell(column, measure(column))
        names = {
            text: registers.names[number]
            for text, number in zip(texts, told.register.tolist(), strict=True)
        }
        prove(pack.registers, lambda one, text: names[text] == one.id, "register")
        return registers


def _check_names(pack: RegistersPack) -> None:
    """`PackError` for an input that stands twice, and for what names none."""
    inputs = [cue.id for cue in pack.cues if cue.id != PASSED]
    _known("cue", list(pack.speech), inputs, "speech")
    inputs += [feature.id for feature in pack.features]
    for name in inputs:
        if inputs.count(name) > 1:
            raise PackError(f"features: {name} stands twice")
    _known("measure", [one.measure for one in pack.features], list(MEASURES), "features")
    for register in pack.registers:
        _known("feature", list(register.weights), inputs, f"register {register.id}")
        if register.id == UNKNOWN:
            raise PackError(f"registers: {UNKNOWN} has no weights")


def _known(noun: str, names: list[str], existing: list[str], where: str) -> None:
    for name in names:
        if name not in existing:
            raise PackError(f"{where}: no {noun} {name}{nearest(name, sorted(existing))}")
