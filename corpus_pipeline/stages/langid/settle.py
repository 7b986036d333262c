"""What characters alone say of a document's language.

Enters: counts of character classes.  Leaves: label and score, or a null label: a question for
the model.
Refuses: to guess between languages that share their letters.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from corpus_pipeline.text import han
from corpus_pipeline.text.script import (
    JAPANESE_ONLY,
    JAPANESE_TOO,
    SIMPLIFIED_ONLY,
    TRADITIONAL_ONLY,
)

Bounds = Mapping[str, float]

#: Scripts with one language here; the rest is for the model.
ONE_LANGUAGE = {
    "th": han.THAI,
    "bo": han.TIBETAN,
    "mn-Mong": han.MONGOLIAN,
    "hi": han.DEVANAGARI,
    "ii": han.YI,
    "el": han.GREEK,
    "he": han.HEBREW,
    "und": han.OTHER_LETTERS,
}


def counter(markers: Mapping[str, str]) -> han.CharTable:
    """The classes that the rules ask about."""
    mainland = "".join(sorted(set(SIMPLIFIED_ONLY) - set(JAPANESE_TOO)))
    return han.CharTable(
        {
            "han": han.mask(han.HAN),
            "kana": han.mask(han.KANA),
            "hangul": han.mask(han.HANGUL),
            "latin": han.mask(han.LATIN),
            "cyrillic": han.mask(han.CYRILLIC),
            "arabic": han.mask(han.ARABIC),
            **{name: han.mask(ranges) for name, ranges in ONE_LANGUAGE.items()},
            "simplified": han.mask(SIMPLIFIED_ONLY),
            "traditional": han.mask(TRADITIONAL_ONLY),
            "japanese": han.mask(JAPANESE_ONLY),
            "mainland": han.mask(mainland),
            **{name: han.mask(letters) for name, letters in markers.items()},
            "vietnamese": han.mask(markers["vietnamese"], ((0x1EA0, 0x1EF9),)),
        }
    )


def shares() -> list[pl.Expr]:
    """Letters in words' worth, and the shares the rules ask for; 0 for an empty text."""
    east = pl.col("han") + pl.col("kana") + pl.col("hangul")
    alphabets = pl.sum_horizontal("latin", "cyrillic", "arabic", *ONE_LANGUAGE)
    letters = east + alphabets / 4
    return [
        letters.alias("letters"),
        (east / letters).fill_nan(0.0).alias("share"),
        *(
            (pl.col(name) / (pl.col("han") + pl.col(name))).fill_nan(0.0).alias(f"{name}_share")
            for name in ("kana", "hangul")
        ),
    ]


def eastern(b: Bounds) -> pl.Expr:
    """Whether Han, kana and hangul weigh enough to judge the text by them."""
    few = pl.col("han") + pl.col("kana") + pl.col("hangul") < b["mixed_han"]
    quoted = few & (pl.col("share") < b["chinese_share"])
    return (pl.col("share") >= b["mixed_share"]) & ~quoted


def settled(b: Bounds) -> pl.Expr:
    """Label and score where characters decide; null where they do not."""
    col = pl.col
    alphabets = pl.coalesce(_alphabets(), _latin(b))
    return (
        pl.when(col("letters") == 0)
        .then(_verdict("und", pl.lit(0.0)))
        .when(col("eastern"))
        .then(_of_han(b))
        .otherwise(alphabets)
    )


def _of_han(b: Bounds) -> pl.Expr:
    """Chinese, Japanese or Korean, where function words or syllables settle it."""
    col = pl.col
    kana, hangul = col("kana_share"), col("hangul_share")
    speaks = (col("chinese") > 0) & (col("chinese") >= b["chinese_trace"] * col("han"))
    quoting = (kana >= b["kana_trace"]) | (hangul >= b["hangul_trace"])
    japanese = (kana >= b["kana_share"]) & (col("kana") >= b["syllables"])
    korean = (hangul >= b["hangul_share"]) & (col("hangul") >= b["syllables"])
    vernacular = (col("vernacular") > 0) & (col("vernacular") >= b["vernacular_share"] * col("han"))
    plain = (
        vernacular
        & (speaks | ~quoting)
        & (col("han") >= b["vernacular_han"])
        & (col("cantonese") <= b["cantonese_trace"] * col("han"))
        & (col("wu") == 0)
        & (col("japanese") <= b["japanese_trace"] * col("han"))
    )
    cantonese = (col("cantonese") >= 2) & (col("cantonese") >= b["cantonese_share"] * col("han"))
    return (
        pl.when((japanese | korean) & speaks)
        .then(_verdict("mixed", 1 - pl.max_horizontal(kana, hangul)))
        .when(japanese)
        .then(_verdict("ja", (kana * 2).clip(0.9, 0.99)))
        .when(korean)
        .then(_verdict("ko", hangul.clip(0.9, 0.99)))
        .when((col("share") < b["chinese_share"]) & ~quoting)
        .then(_verdict("mixed", col("share")))
        .when(cantonese & ~quoting)
        .then(_verdict("yue", pl.lit(0.95)))
        .when(plain)
        .then(_verdict(zh(), 0.99 * (1 - 0.5 * (kana + hangul))))
    )


def _alphabets() -> pl.Expr:
    """Scripts that one language here writes."""
    shares_of = {name: pl.col(name) / 4 / pl.col("letters") for name in ONE_LANGUAGE}
    return pl.coalesce(
        pl.when(share >= 0.5).then(_verdict(name, share)) for name, share in shares_of.items()
    )


def _latin(b: Bounds) -> pl.Expr:
    """Code by its symbols, Vietnamese by its letters."""
    dense = pl.col("code") / pl.col("length")
    vietnamese = pl.col("vietnamese")
    return (
        pl.when(dense >= b["code_share"])
        .then(_verdict("code", (2 * dense).clip(0.5, 0.99)))
        .when((vietnamese >= 2) & (vietnamese >= b["vietnamese_share"] * pl.col("latin")))
        .then(_verdict("vi", pl.lit(0.95)))
    )


def zh() -> pl.Expr:
    """`zh-Hans` or `zh-Hant`, whichever has more characters of its own."""
    more = pl.col("traditional") > pl.col("simplified")
    return pl.when(more).then(pl.lit("zh-Hant")).otherwise(pl.lit("zh-Hans"))


def _verdict(label: str | pl.Expr, score: pl.Expr) -> pl.Expr:
    named = pl.lit(label) if isinstance(label, str) else label
    return pl.struct(label=named.cast(pl.String), score=score.cast(pl.Float32))


class Rules:
    """The rules as one expression, built once."""

    def __init__(self, bounds: Bounds) -> None:
        """Build the expression."""
        self._shares = shares()
        self._eastern = eastern(bounds).alias("eastern")
        self._verdict = settled(bounds).alias("verdict")

    def facts(self, counts: pl.DataFrame, lengths: pl.Series) -> pl.DataFrame:
        """Counts with the shares, and `label` and `score` where they are settled."""
        frame = counts.with_columns(length=lengths.cast(pl.UInt32))
        frame = frame.with_columns(self._shares).with_columns(self._eastern)
        return frame.with_columns(self._verdict).unnest("verdict")
