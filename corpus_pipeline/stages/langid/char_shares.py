"""The characters that are counted in a document, and the shares computed from the counts.

Enters: the marker characters of the pack.  Leaves: a table that counts character classes, and
Polars expressions for shares of letters; four letters of an alphabet weigh as one Han character.
"""

from __future__ import annotations

import polars as pl

from corpus_pipeline.rules.langid import Markers
from corpus_pipeline.text.unicode import classes as han
from corpus_pipeline.text.unicode.script import (
    JAPANESE_COMMON,
    JAPANESE_ONLY,
    JAPANESE_TOO,
    SIMPLIFIED_ONLY,
    TRADITIONAL_ONLY,
)

#: The fields of `langid_shares`.
SHARES = ("han", "kana", "hangul", "latin", "other")
#: Label → characters of a script that is given one label; of other alphabets the model judges.
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


def counter(markers: Markers) -> han.CharTable:
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
            # Characters of URLs and e-mail addresses.
            "mark": han.mask("/@.:"),
            "stop": han.mask("。"),
            "digit": han.mask("0123456789０１２３４５６７８９"),
            **{name: han.mask(ranges) for name, ranges in ONE_LANGUAGE.items()},
            "simplified": han.mask(SIMPLIFIED_ONLY),
            "traditional": han.mask(TRADITIONAL_ONLY),
            "japanese": han.mask(JAPANESE_ONLY),
            "mainland": han.mask(mainland),
            "unjapanese": han.mask(han.HAN) & ~han.mask(JAPANESE_COMMON),
            **{name: han.mask(marker.characters) for name, marker in markers},
            "vietnamese": han.mask(markers.vietnamese.characters, ((0x1EA0, 0x1EF9),)),
        }
    )


def shares() -> list[pl.Expr]:
    """Weighted letters, and the shares that the rules use; 0 for an empty text."""
    east = pl.col("han") + pl.col("kana") + pl.col("hangul")
    alphabets = pl.sum_horizontal("latin", "cyrillic", "arabic", *ONE_LANGUAGE)
    letters = east + alphabets / 4
    return [
        letters.alias("letters"),
        alphabets.alias("foreign"),
        (east / letters).fill_nan(0.0).alias("share"),
        *(
            (pl.col(name) / (pl.col("han") + pl.col(name))).fill_nan(0.0).alias(f"{name}_share")
            for name in ("kana", "hangul")
        ),
    ]


def script_shares() -> list[pl.Expr]:
    """Each script's share of the letters, four of an alphabet counted as one; 0 without letters."""
    letters = pl.max_horizontal("letters", 1e-9)
    others = pl.sum_horizontal("cyrillic", "arabic", *ONE_LANGUAGE)
    weighted = {
        "han": pl.col("han"),
        "kana": pl.col("kana"),
        "hangul": pl.col("hangul"),
        "latin": pl.col("latin") / 4,
        "other": others / 4,
    }
    return [
        *((weighted[name] / letters).cast(pl.Float32).alias(name) for name in SHARES),
        (pl.col("letters") - pl.col("han")).alias("foreign"),
    ]
