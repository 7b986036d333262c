"""Rules that label a document's language by counts of its characters.

Enters: a frame of counts of character classes, one row a text.  Leaves: `label` and `score`; both
are null where languages share their letters and the model must decide.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl

from corpus_pipeline.rules.langid import LangIdBounds, WordLists, Words
from corpus_pipeline.stages.langid.char_shares import ONE_LANGUAGE, shares
from corpus_pipeline.stages.langid.code import code_share, words_left

#: Labels that characters give, alone or beside a model's answer.
LABELS_OF_CHARACTERS = (
    "zh-Hans",
    "zh-Hant",
    "yue",
    "wuu",
    "lzh",
    "mixed",
    "code",
    "und",
    "ja",
    "ko",
    "vi",
    "ug",
    "kk",
    "mn",
    *(name for name in ONE_LANGUAGE if name != "und"),
)


def eastern(b: LangIdBounds) -> pl.Expr:
    """Whether Han, kana and hangul weigh enough to judge the text by them."""
    few = pl.col("han") + pl.col("kana") + pl.col("hangul") < b.mixed_han
    quoted = few & (pl.col("share") < b.chinese_share)
    return (pl.col("share") >= b.mixed_share) & ~quoted


def settled(b: LangIdBounds) -> pl.Expr:
    """Label and score where characters decide; null where they do not."""
    col = pl.col
    alphabets = pl.coalesce(_alphabets(b), _latin(b))
    return (
        pl.when(
            (col("letters") == 0) | (~col("eastern") & (col("digit") > b.digits * col("letters")))
        )
        .then(_verdict("und", pl.lit(0.0)))
        .when(col("left") < b.words_left)
        .then(_verdict("und", pl.lit(0.0)))
        .when(col("lines") >= _least_code(b))
        .then(_verdict("code", b.code_lines_base + col("lines") / b.code_lines_span))
        .when(col("eastern"))
        .then(_of_han(b))
        .otherwise(alphabets)
    )


def _of_han(b: LangIdBounds) -> pl.Expr:
    """Chinese, Japanese or Korean, where function words or syllables settle it."""
    col = pl.col
    kana, hangul = col("kana_share"), col("hangul_share")
    speaks = (col("chinese") > 0) & (col("chinese") >= b.chinese_trace * col("han"))
    quoting = (kana >= b.kana_trace) | (hangul >= b.hangul_trace)
    japanese = (kana >= b.kana_share) & (col("kana") >= b.syllables)
    korean = (hangul >= b.hangul_share) & (col("hangul") >= b.syllables)
    vernacular = (col("vernacular") > 0) & (col("vernacular") >= b.vernacular_share * col("han"))
    plain = (
        vernacular
        & (speaks | ~quoting)
        & (col("han") >= b.vernacular_han)
        & (col("cantonese") <= b.cantonese_trace * col("han"))
        & (col("wu") == 0)
        & (col("japanese") <= b.japanese_trace * col("han"))
    )
    cantonese = (col("cantonese") >= b.cantonese_least) & (
        col("cantonese") >= b.cantonese_share * col("han")
    )
    wu = (col("wu_words") >= b.wu_least) & (col("wu_words") >= b.wu_words * col("han"))
    return (
        pl.when((japanese | korean) & speaks)
        .then(_verdict("mixed", 1 - pl.max_horizontal(kana, hangul)))
        .when(japanese)
        .then(_verdict("ja", (kana * b.syllable_gain).clip(b.settled_least, b.settled_most)))
        .when(korean)
        .then(_verdict("ko", hangul.clip(b.settled_least, b.settled_most)))
        .when((col("share") < b.chinese_share) & ~quoting)
        .then(_verdict("mixed", col("share")))
        .when(wu & ~quoting)
        .then(_verdict("wuu", pl.lit(b.marker_score)))
        .when(cantonese & ~quoting)
        .then(_verdict("yue", pl.lit(b.marker_score)))
        .when(plain)
        .then(_verdict(zh(), b.settled_most * (1 - b.quoted_doubt * (kana + hangul))))
    )


def _alphabets(b: LangIdBounds) -> pl.Expr:
    """Scripts that one language here writes."""
    shares_of = {name: pl.col(name) / 4 / pl.col("letters") for name in ONE_LANGUAGE}
    return pl.coalesce(
        pl.when(share >= b.alphabet_majority).then(_verdict(name, share))
        for name, share in shares_of.items()
    )


def _latin(b: LangIdBounds) -> pl.Expr:
    """Code by its symbols, Vietnamese by its letters."""
    dense = pl.col("code") / pl.col("length")
    col, vietnamese = pl.col, pl.col("vietnamese")
    return (
        pl.when(
            (dense >= b.code_sure)
            | ((dense >= b.code_share) & (col("lines") >= b.code_lines_dense))
        )
        .then(
            _verdict("code", (b.code_dense_base + dense).clip(b.code_dense_least, b.settled_most))
        )
        .when(
            (vietnamese >= b.vietnamese_least)
            & (vietnamese >= b.vietnamese_share * pl.col("latin"))
        )
        .then(_verdict("vi", pl.lit(b.marker_score)))
    )


def _least_code(b: LangIdBounds) -> pl.Expr:
    """The share of lines of code that makes a program; more Han, more proof."""
    share = pl.col("share")
    return (
        pl.when(~pl.col("eastern") | (share < b.chinese_share))
        .then(b.code_lines)
        .when(share < b.code_han)
        .then(b.code_lines_han)
        .otherwise(b.code_lines_most)
    )


def zh() -> pl.Expr:
    """`zh-Hans` or `zh-Hant`, whichever has more characters of its own."""
    more = pl.col("traditional") > pl.col("simplified")
    return pl.when(more).then(pl.lit("zh-Hant")).otherwise(pl.lit("zh-Hans"))


def _verdict(label: str | pl.Expr, score: pl.Expr) -> pl.Expr:
    named = pl.lit(label) if isinstance(label, str) else label
    return pl.struct(label=named.cast(pl.String), score=score.cast(pl.Float32))


def spoken(texts: pl.Series, words: Words) -> pl.Series:
    """How many of the words each text has, the sure ones counted twice."""
    text = pl.lit(" ") + pl.col("text") + pl.lit(" ")
    sure, likely = (text.str.count_matches("|".join(some)) for some in (words.sure, words.likely))
    return texts.rename("text").to_frame().select(2 * sure + likely).to_series()


class Rules:
    """The rules as expressions, built once."""

    def __init__(self, bounds: LangIdBounds, words: WordLists) -> None:
        """Build the expressions."""
        self._spoken = partial(spoken, words=words.wu)
        seen = pl.col("wu") + pl.col("wu_too")
        like_wu = (seen > 0) & (seen >= bounds.wu_trace * pl.col("han"))
        like_wu &= (pl.col("cantonese") == 0) & (pl.col("kana") + pl.col("hangul") == 0)
        self._shares = shares()
        self._eastern = eastern(bounds).alias("eastern")
        dense = pl.col("code") >= bounds.code_trace * pl.col("length")
        often = pl.col("code") >= bounds.code_trace_han * pl.col("length")
        often |= pl.col("length") < bounds.code_brief
        # Comments have few full stops; prose with so many symbols is a manual.
        terse = pl.col("stop") <= 1 + bounds.code_stops * pl.col("han")
        # Short texts are cheap to look at.
        terse |= pl.col("length") < bounds.code_short
        mostly = pl.col("share") < bounds.chinese_share
        little = pl.col("share") < bounds.code_han
        # A program has names in Latin letters; a sentence may end with a half-width semicolon.
        named = pl.col("latin") >= bounds.code_names * pl.col("length")
        few = ~pl.col("eastern") | (named & (mostly | (terse & (little | often))))
        # No prose in an alphabet has so many: its lines need not be looked at.
        sure = ~pl.col("eastern") & (pl.col("code") >= bounds.code_sure * pl.col("length"))
        like_code = dense & few & ~sure
        listing = pl.col("code") >= bounds.code_block * pl.col("length")
        like_listing = ~pl.col("eastern") & listing
        letters = pl.col("latin") + pl.col("cyrillic")
        like_address = (
            ~pl.col("eastern")
            & (letters > 0)
            & (pl.col("mark") >= bounds.address_marks * pl.col("length"))
        )
        asked = {"code": like_code, "listing": like_listing, "address": like_address, "wu": like_wu}
        self._asked = [flag.fill_null(value=False).alias(name) for name, flag in asked.items()]
        self._verdict = settled(bounds).alias("verdict")

    def facts(
        self, counts: pl.DataFrame, texts: pl.Series, *, blocks: bool = False
    ) -> pl.DataFrame:
        """Counts with the shares, and `label` and `score` where they are settled.

        `blocks` are parts of documents: there symbols alone make a listing, and no line is read.
        """
        frame = counts.with_columns(length=texts.str.len_chars().cast(pl.UInt32))
        frame = frame.with_columns(self._shares).with_columns(self._eastern)
        asked = frame.select(self._asked)
        lines, wu = np.zeros(len(texts)), np.zeros(len(texts))
        left = np.full(len(texts), 2.0**31)
        if blocks:
            lines[:] = asked.get_column("listing").cast(pl.Float64).to_numpy()
        for out, name, measure in (
            (wu, "wu", self._spoken),
            *(() if blocks else ((lines, "code", code_share), (left, "address", words_left))),
        ):
            rows = asked.get_column(name).arg_true()
            if len(rows):
                out[rows.to_numpy()] = measure(texts.gather(rows)).to_numpy()
        frame = frame.with_columns(lines=lines, left=left, wu_words=wu)
        return frame.with_columns(self._verdict).unnest("verdict")
