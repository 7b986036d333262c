"""Load what `langid` judges by: marker characters, bounds, other models' labels, examples.

Enters: `rules/packs/langid.yaml`, as an asset.  Leaves: `LangIdPack`.
Errors: `PipelineError` for a bound without a reason and a missing label of `_REQUIRED`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.pack import Pack, Rule, Rules, RustPattern, Text, load
from corpus_pipeline.rules.settings import Settings, Strict

#: What the stage names in `asset_refs`.
TABLE = "package:rules/packs/langid.yaml"

#: Labels that the rules use: a table must say what other models call them.
_REQUIRED = ("zh", "yue", "wuu", "lzh", "ja", "ko", "ru", "kk", "mn", "ar", "ug")


class Marker(Strict):
    """Characters that are counted together, and what their number tells."""

    characters: Text
    why: Text


class Markers(Strict):
    """The sets of characters that are counted."""

    vernacular: Marker
    chinese: Marker
    cantonese: Marker
    cantonese_too: Marker
    wu: Marker
    wu_too: Marker
    classical: Marker
    ordinal: Marker
    vietnamese: Marker
    uyghur: Marker
    kazakh: Marker
    mongolian: Marker
    code: Marker


class Words(Strict):
    """Words that only one language writes; `sure` ones count twice."""

    sure: tuple[RustPattern, ...]
    likely: tuple[RustPattern, ...]
    why: Text


class WordLists(Strict):
    """The languages that are known by words."""

    wu: Words


@dataclass(frozen=True, slots=True)
class LangIdBounds:
    """The numbers of the pack, which gives the meaning and the reason of each."""

    chinese_share: float
    mixed_share: float
    mixed_han: int
    kana_share: float
    kana_trace: float
    hangul_share: float
    hangul_trace: float
    syllables: int
    syllable_score: float
    syllable_gain: float
    settled_least: float
    settled_most: float
    marker_score: float
    alphabet_majority: float
    quoted_doubt: float
    vernacular_share: float
    vernacular_han: int
    long_han: int
    chinese_trace: float
    cantonese_share: float
    cantonese_least: int
    cantonese_trace: float
    vietnamese_share: float
    vietnamese_least: int
    japanese_trace: float
    foreign_probability: float
    quoting_probability: float
    foreign_seen: float
    foreign_unseen: float
    foreign_short: float
    foreign_han: int
    ordinal_score: float
    no_script_score: float
    short_doubt: float
    short_han: float
    chinese_score: float
    marked_probability: float
    brief_han: int
    line_han: int
    wu_words: float
    wu_least: int
    wu_trace: float
    japanese_share: float
    japanese_least: int
    japanese_probability: float
    language_probability: float
    classical_share: float
    classical_probability: float
    alphabet_share: float
    code_trace: float
    code_trace_han: float
    code_brief: int
    code_han: float
    code_lines: float
    code_lines_han: float
    code_lines_most: float
    code_lines_dense: float
    code_lines_base: float
    code_lines_span: float
    code_dense_base: float
    code_dense_least: float
    code_share: float
    code_sure: float
    code_block: float
    code_names: float
    code_stops: float
    code_short: int
    address_marks: float
    words_left: int
    digits: float
    block_letters: int
    block_share: float


def _rising(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    if [stated for stated, _ in points] != sorted({stated for stated, _ in points}):
        raise ValueError("must rise from point to point")
    return points


class Calibration(Strict):
    """Points (stated probability, share of right answers) between which scores are interpolated."""

    points: Annotated[tuple[tuple[float, float], ...], Field(min_length=2), AfterValidator(_rising)]
    reason: Text


def _complete(labels: dict[str, tuple[Text, ...]]) -> dict[str, tuple[Text, ...]]:
    for label in _REQUIRED:
        if label not in labels:
            raise ValueError(f"lack {label}, which the rules speak of")
    return labels


class Labelled(Rule):
    """Texts that must get the label (`hits`), and texts that must not (`misses`)."""

    label: Text


class LangIdPack(Pack):
    """The content of the file."""

    markers: Markers
    words: WordLists
    bounds: Annotated[LangIdBounds, Settings()]
    calibration: Calibration
    labels: Annotated[dict[str, tuple[Text, ...]], AfterValidator(_complete)]
    examples: Rules[Labelled]


def load_langid(asset: Asset) -> LangIdPack:
    """The validated pack; the stage, which has the model, checks the examples."""
    return load(asset, LangIdPack)
