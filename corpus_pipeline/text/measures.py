"""What can be counted in a Chinese text, in one pass over the code points of a whole batch.

Enters: a Polars series of texts (null counts as empty).  Leaves: a frame with one Float32 column
per measure (`MEASURES`), one row per text, no nulls and no NaN.
Refuses: to judge, and to let one text change the numbers of another: code points are counted
through one table of kinds, and sums end where a document ends.

Unless a measure says otherwise, its unit is the code point, whitespace (zero-width characters
and the lines of drawn tables too) does not count, and the share of nothing is 0.  A *line* has
at least one visible character; a *run* is a stretch of Han characters on one line that only
spaces interrupt; a *phrase* is one that nothing interrupts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl
import zstandard
from numpy.typing import NDArray

from corpus_pipeline.text.kinds import (
    BOTH,
    CLOSE,
    CODE,
    DIGIT,
    EMOJI,
    HAN,
    HANGUL,
    KANA,
    KINDS,
    LATIN,
    LETTER,
    MARK,
    MODERN,
    NEWLINE,
    RARE,
    SPACE,
    STOP,
    SYMBOL,
    WORD,
    kind_table,
)
from corpus_pipeline.text.repetition import MEASURES as REPETITION
from corpus_pipeline.text.repetition import Codes, Index, Shares, repeated_lines, repetition

#: Name → what the number is.
MEASURES: dict[str, str] = {
    "length": "characters",
    "han_count": "Han characters",
    "lines": "lines",
    "han_ratio": "Han / letters of all scripts",
    "kana_ratio": "kana / (Han + kana)",
    "hangul_ratio": "hangul / (Han + kana + hangul)",
    "latin_ratio": "Latin letters / characters",
    "rare_han_ratio": "Han outside the frequent levels of GB 2312 and Big5 / Han",
    "mojibake_ratio": "characters in 锟斤拷, 烫烫烫, 屯屯屯, 锘, U+FFFD / characters",
    "digit_ratio": "digits / characters",
    "symbol_ratio": "symbols, emoji, controls and unassigned / characters",
    "emoji_ratio": "emoji / characters",
    "code_ratio": "signs that only code uses often, such as { } = < _ / characters",
    "punctuation_ratio": "punctuation / characters",
    "bracket_ratio": "characters inside 【】 / characters",
    "url_ratio": "characters of web addresses / characters",
    "boilerplate_ratio": "characters in short lines such as 上一篇, ICP备 / characters",
    "line_length": "characters / lines",
    "line_end_ratio": "characters in lines that end like a sentence or quotation / characters",
    "bullet_lines": "lines that begin with a bullet / lines",
    "quote_lines": "lines that begin with a quotation mark or dash / lines",
    "speaker_lines": "lines with a colon among their first 8 characters / lines",
    "article_ratio": "第…条 / characters, times 1,000",
    "longest_run": "the longest run",
    "phrase_length": "Han characters / phrases",
    "even_phrases": "phrases as long as the one before / phrases",
    "stop_marks": "sentence-ending marks / phrases",
    "stop_ratio": "的了是在不我有和一这他就也 / Han",
    "classical_ratio": "之乎者也其曰而于以 / Han",
    "function_ratio": "characters of both lists / Han",
    "function_kinds": "different characters of both lists",
    **{name: f"see repetition: {name}" for name in REPETITION.values()},
    "repeated_line_chars": "characters in lines that come again later / characters",
    "repeated_lines": "lines that come again later / lines",
    "compress_ratio": "zstd level 1 / UTF-8, over the first 4 KiB; 1 for a shorter text",
}

#: Bytes that are compressed: enough to tell a loop from prose and noise from both.
SAMPLE = 4096
#: Code points worked on together: what the tables need then stays in the processor's cache.
CHUNK = 1 << 16

_BULLETS = np.array([ord(c) for c in "-*+•·●○■□◆◇▪►▶※★☆①②③④⑤⑥⑦⑧⑨⑩—"], dtype=np.uint32)
_OPENING = np.array([ord(c) for c in '“「『‘"—'], dtype=np.uint32)
_URL = r"(?:https?://|www\.)[!-~]+"
_BRACKETS = r"【[^】\n]*】"
_MOJIBAKE = r"锟斤拷|烫烫烫+|屯屯屯+|锘|\x{FFFD}"
_ARTICLE = r"第[零〇一二三四五六七八九十百千0-9]{1,8}[条條]"
#: RECIPES B1: what a page says about itself.  Only lines of up to 40 characters count.
BOILERPLATE = (
    "ICP备|ICP備|公网安备|版权所有|版權所有|All Rights Reserved|上一篇|下一篇|责任编辑|責任編輯"
    "|扫码关注|扫一扫|长按二维码|分享到|阅读全文|点击查看|点击进入|相关阅读|相关推荐|猜你喜欢"
    "|返回顶部|返回首页|设为首页|加入收藏|网站地图|友情链接|联系我们|关于我们|登录注册"
    "|enable cookies|javascript:"
)


class _Visible(NamedTuple):
    """The characters that are not whitespace, and where whitespace stood."""

    codes: Codes
    kinds: NDArray[np.uint8]
    doc: NDArray[np.int32]
    ends: Index  # where each document starts, and where the last one ends
    breaks: Index  # the character after each line break
    spaces: Index  # the character after each piece of whitespace


class _Lines(NamedTuple):
    """Lines as ranges of the visible characters, and the document each belongs to."""

    start: Index
    end: Index
    doc: Index


def measure(texts: pl.Series) -> pl.DataFrame:
    """All measures of all texts.

    >>> measure(pl.Series(["你好 world", ""]))["han_ratio"].to_list()
    [0.2857142984867096, 0.0]
    >>> measure(pl.Series(["关关雎鸠，在河之洲。"])).select("length", "stop_marks").row(0)
    (10.0, 0.5)
    """
    texts = texts.fill_null("").rechunk()
    parts = [_counted(part) for part in _chunks(texts)]
    if not parts:
        return pl.DataFrame(schema=dict.fromkeys(MEASURES, pl.Float32()))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    length = np.maximum(columns["length"], 1)
    columns |= {name: chars / length for name, chars in _matched(texts).items()}
    return pl.DataFrame(columns).select(pl.col(name).cast(pl.Float32) for name in MEASURES)


def _chunks(texts: pl.Series) -> Iterator[pl.Series]:
    """Neighbouring texts of about `CHUNK` code points together; a longer text goes alone."""
    # Each text counts 16 more, so that a hundred thousand empty ones are several chunks too.
    before = (texts.str.len_chars().cast(pl.Int64) + 16).cum_sum().shift(1, fill_value=0)
    bounds = np.flatnonzero(np.diff((before // CHUNK).to_numpy())) + 1
    for start, end in zip([0, *bounds.tolist()], [*bounds.tolist(), len(texts)], strict=True):
        if end > start:
            yield texts.slice(start, end - start)


def _counted(texts: pl.Series) -> dict[str, Shares]:
    """The measures that need code points."""
    codes, starts, compressed = _decoded(texts)
    docs = len(texts)
    kinds = kind_table().take(codes)
    owner = np.repeat(np.arange(docs, dtype=np.int64) * KINDS, np.diff(starts))
    owner += kinds
    counts = np.bincount(owner, minlength=docs * KINDS).reshape(docs, KINDS)
    visible = _visible(codes, kinds, starts)
    lines = _lines(visible)
    found = repetition(visible.codes, visible.ends)
    again = repeated_lines(visible.codes, lines.start, lines.end, lines.doc, found.repeated)
    measures = _shares(counts)
    measures |= _line_shares(measures["length"], visible, lines, again)
    measures |= _phrases(measures["han_count"], counts[:, STOP], visible)
    return measures | found.shares | {"compress_ratio": compressed}


def _visible(codes: Codes, kinds: NDArray[np.uint8], starts: Index) -> _Visible:
    """Take the whitespace out, and remember where it was."""
    hidden = np.flatnonzero(kinds <= NEWLINE)
    at = np.flatnonzero(kinds > NEWLINE)
    ends = starts - np.searchsorted(hidden, starts)
    after = hidden - np.arange(hidden.size)
    return _Visible(
        codes.take(at),
        kinds.take(at),
        np.repeat(np.arange(starts.size - 1, dtype=np.int32), np.diff(ends)),
        ends,
        after[kinds[hidden] == NEWLINE],
        after,
    )


def _decoded(texts: pl.Series) -> tuple[Codes, Index, Shares]:
    """Code points end to end, where each text starts, and how far each text's head compresses."""
    arrow = texts.to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = arrow.buffers()
    at = np.frombuffer(offsets, dtype=np.int64)[arrow.offset : arrow.offset + len(texts) + 1]
    raw = memoryview(data)[at[0] : at[-1]] if data is not None else memoryview(b"")
    at = at - at[0]
    codes = np.frombuffer(str(raw, "utf-8").encode("utf-32-le"), dtype=np.uint32)
    lengths = texts.str.len_chars().to_numpy()
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    compressed = np.ones(len(texts))
    compress = zstandard.ZstdCompressor(level=1).compress
    for text in np.flatnonzero(np.diff(at) >= SAMPLE).tolist():
        compressed[text] = len(compress(raw[at[text] : at[text] + SAMPLE])) / SAMPLE
    return codes, starts, compressed


def _lines(visible: _Visible) -> _Lines:
    """Cut the visible characters at line breaks and at the ends of documents."""
    cut = np.zeros(visible.codes.size + 1, dtype=np.bool_)
    cut[visible.breaks] = True
    cut[visible.ends] = True
    cuts = np.flatnonzero(cut)
    start = cuts[:-1]
    return _Lines(start, cuts[1:], visible.doc.take(start).astype(np.int64))


def _shares(counts: Index) -> dict[str, Shares]:
    """The measures that are plain counts of kinds."""
    words = counts[:, WORD:]
    both = words.sum(axis=1)
    han = counts[:, HAN] + counts[:, RARE] + both
    length = counts.sum(axis=1) - counts[:, SPACE] - counts[:, NEWLINE]
    letters = han + counts[:, [KANA, HANGUL, LATIN, LETTER]].sum(axis=1)
    kana, hangul = counts[:, KANA], counts[:, HANGUL]
    symbols = counts[:, [SYMBOL, EMOJI]].sum(axis=1)
    modern = words[:, : len(MODERN) + len(BOTH)].sum(axis=1)
    classical = words[:, len(MODERN) :].sum(axis=1)
    return {
        "length": length.astype(np.float64),
        "han_count": han.astype(np.float64),
        "han_ratio": _ratio(han, letters),
        "kana_ratio": _ratio(kana, han + kana),
        "hangul_ratio": _ratio(hangul, han + kana + hangul),
        "latin_ratio": _ratio(counts[:, LATIN], length),
        "rare_han_ratio": _ratio(counts[:, RARE], han),
        "digit_ratio": _ratio(counts[:, DIGIT], length),
        "symbol_ratio": _ratio(symbols, length),
        "emoji_ratio": _ratio(counts[:, EMOJI], length),
        "code_ratio": _ratio(counts[:, CODE], length),
        "punctuation_ratio": _ratio(counts[:, STOP : MARK + 1].sum(axis=1), length),
        "stop_ratio": _ratio(modern, han),
        "classical_ratio": _ratio(classical, han),
        "function_ratio": _ratio(both, han),
        "function_kinds": (words > 0).sum(axis=1).astype(np.float64),
    }


def _line_shares(
    length: Shares, visible: _Visible, lines: _Lines, again: NDArray[np.bool_]
) -> dict[str, Shares]:
    """The measures that look at the beginning and the end of lines."""
    size = (lines.end - lines.start).astype(np.float64)

    def summed(weights: NDArray[np.float64] | NDArray[np.bool_]) -> Shares:
        return np.bincount(lines.doc, weights=weights, minlength=length.size).astype(np.float64)

    first, last = visible.codes[lines.start], visible.kinds[lines.end - 1]
    count = np.bincount(lines.doc, minlength=length.size)
    numbered = (visible.kinds[lines.start] == DIGIT) & (size > 1)
    colon = np.flatnonzero((visible.codes == ord("：")) | (visible.codes == ord(":")))
    line = np.searchsorted(lines.start, colon, side="right") - 1
    speaker = np.zeros(size.size, dtype=np.bool_)
    speaker[line[colon - lines.start[line] < 8]] = True
    return {
        "lines": count.astype(np.float64),
        "line_length": _ratio(length, count),
        "line_end_ratio": _ratio(summed(size * ((last == STOP) | (last == CLOSE))), length),
        "bullet_lines": _ratio(summed(np.isin(first, _BULLETS) | numbered), count),
        "quote_lines": _ratio(summed(np.isin(first, _OPENING)), count),
        "speaker_lines": _ratio(summed(speaker), count),
        "repeated_line_chars": _ratio(summed(size * again), length),
        "repeated_lines": _ratio(summed(again), count),
    }


def _phrases(han_count: Shares, stops: Index, visible: _Visible) -> dict[str, Shares]:
    """The measures of stretches of Han."""
    han = visible.kinds >= HAN
    opens = np.zeros(han.size + 1, dtype=np.bool_)
    opens[visible.ends] = True
    opens[visible.breaks] = True
    new_line = opens[:-1].copy()
    opens[visible.spaces] = True
    opens[1:-1] |= ~han[:-1]
    start = np.flatnonzero(han & opens[:-1])
    # Where one phrase ends another may open at once, or something that is not Han follows.
    opens[:-1] |= ~han
    size = np.flatnonzero(han & opens[1:]) + 1 - start
    doc = visible.doc.take(start)
    docs = han_count.size
    count = np.bincount(doc, minlength=docs)
    even = np.flatnonzero((size[1:] == size[:-1]) & (doc[1:] == doc[:-1]))
    longest = np.zeros(docs)
    if start.size:
        begin = np.flatnonzero(new_line[start] | ~han[start - 1])
        np.maximum.at(longest, doc[begin], np.add.reduceat(size, begin))
    return {
        "longest_run": longest,
        "phrase_length": _ratio(han_count, count),
        "even_phrases": _ratio(np.bincount(doc[even], minlength=docs), count - 1),
        "stop_marks": _ratio(stops, count),
    }


def _ratio(part: Index | Shares, whole: Index | Shares) -> Shares:
    """A share; nothing has no share of nothing."""
    share: Shares = part / np.maximum(whole, 1)
    return share


def _matched(texts: pl.Series) -> dict[str, Shares]:
    """Characters inside patterns, and counts of them: only where a cheap look finds a sign."""
    return {
        "url_ratio": _inside(texts, "https?://|www\\.", _URL),
        "bracket_ratio": _inside(texts, "【", _BRACKETS),
        "mojibake_ratio": _inside(texts, _MOJIBAKE, _MOJIBAKE),
        "boilerplate_ratio": _boilerplate(texts),
        "article_ratio": texts.str.count_matches(_ARTICLE).to_numpy() * 1000.0,
    }


def _inside(texts: pl.Series, sign: str, pattern: str) -> Shares:
    """How many code points of each text the pattern covers."""
    chars = np.zeros(len(texts))
    at = np.flatnonzero(texts.str.contains(sign).to_numpy())
    some = texts.gather(at)
    rest = some.str.replace_all(pattern, "")
    chars[at] = (some.str.len_chars() - rest.str.len_chars()).to_numpy()
    return chars


def _boilerplate(texts: pl.Series) -> Shares:
    """How many visible characters of each text stand in short lines about the page itself."""
    chars = np.zeros(len(texts))
    at = np.flatnonzero(texts.str.contains(BOILERPLATE).to_numpy())
    lines = pl.DataFrame({"at": at, "line": texts.gather(at).str.split("\n")}).explode(
        "line", empty_as_null=True, keep_nulls=True
    )
    lines = lines.with_columns(pl.col("line").str.replace_all(r"\s+", ""))
    found = lines.filter(
        (pl.col("line").str.len_chars() <= 40) & pl.col("line").str.contains(BOILERPLATE)
    )
    np.add.at(chars, found["at"].to_numpy(), found["line"].str.len_chars().to_numpy())
    return chars
