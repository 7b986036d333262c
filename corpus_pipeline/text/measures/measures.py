"""Measures of the form of Chinese texts, in one pass over the code points of a whole batch.

Enters: a Polars series of texts (null counts as empty).  Leaves: a frame with one Float32 column
per measure (`MEASURES`), one row per text, no nulls and no NaN.
The measures of a text do not depend on the other texts of the batch.

Unless a measure says otherwise, its unit is the code point, whitespace (zero-width characters
and the lines of drawn tables too) does not count, and the share of nothing is 0.  A *line* has
at least one visible character; a *run* is a stretch of Han characters on one line that only
spaces interrupt; a *phrase* is one that nothing interrupts.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import zstandard

from corpus_pipeline.text.arrays import F64, I64, U8, Bool
from corpus_pipeline.text.measures.char_counts import Counts, counted
from corpus_pipeline.text.measures.char_counts_kernel import (
    AMOUNTS,
    BULLETS,
    DATES,
    ENDED,
    EQUATIONS,
    EVEN,
    LONGEST,
    METRES,
    PHRASES,
    QUOTES,
    SPEAKERS,
    UNBROKEN,
)
from corpus_pipeline.text.measures.repetition import MEASURES as REPETITION
from corpus_pipeline.text.measures.repetition import repeated_lines, repetition
from corpus_pipeline.text.unicode.categories import BOTH, MODERN
from corpus_pipeline.text.unicode.categories_kernel import (
    CODE,
    DIGIT,
    EMOJI,
    HAN,
    HANGUL,
    KANA,
    LATIN,
    LETTER,
    MARK,
    NEWLINE,
    RARE,
    SPACE,
    STOP,
    SYMBOL,
    WORD,
)
from corpus_pipeline.text.unicode.utf8 import buffers

#: Name → what is measured.
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
    "bullet_lines": "lines that begin with a bullet or a number (1., 二、, 第三章) / lines",
    "quote_lines": "lines that begin with a quotation mark or dash / lines",
    "speaker_lines": "lines with a colon among their first 8 characters / lines",
    "dated_lines": "lines that begin with a date / lines",
    "amount_lines": "lines of up to 40 characters with an amount (500克, 少许) / lines, if 3",
    "equation_lines": "lines of up to 40 characters with an equals sign / lines, if 3",
    "even_lines": "lines of 5 to 12 Han alone, as long as the line before / lines, if 3",
    "list_heading": "1 where the first of 4 short lines or more names a list (清单, 步骤), else 0",
    "tune_title": "1 where the first of 4 short lines or more names a tune of ci or qu, else 0",
    "article_ratio": "第…条 / characters, times 1,000",
    "longest_run": "the longest run",
    "long_run_ratio": "Han in runs of more than 100 / characters",
    "phrase_length": "Han characters / phrases",
    "even_phrases": "phrases as long as the one before / phrases",
    "stop_marks": "sentence-ending marks / phrases",
    "stop_ratio": "的了是在不我有和一这他就也 / Han",
    "classical_ratio": "之乎者也其曰而于以 / Han",
    "function_ratio": "characters of both lists / Han",
    "function_kinds": "different characters of both lists",
    **{
        name: (
            f"characters in the most frequent {size}-gram / characters"
            if name.startswith("top_")
            else f"characters in {size}-grams that come again later / characters"
        )
        for size, name in REPETITION.items()
    },
    "repeated_line_chars": "characters in lines that come again later / characters",
    "repeated_lines": "lines that come again later / lines",
    "compress_ratio": "zstd level 1 / UTF-8, over the first 4 KiB; 1 for a shorter text",
}

#: The last large batch with its measures: what `heuristics` measures, `quality` asks for again a
#: few stages later, and few of its texts have been changed.
_last: list[pl.DataFrame] = []
_LARGE = 1 << 20
#: How many bytes are compressed: enough to tell loops, prose and noise apart.
SAMPLE = 4096
_URL = r"(?:https?://|www\.)[!-~]+"
_BRACKETS = r"【[^】\n]*】"
_MOJIBAKE = r"锟斤拷|烫烫烫+|屯屯屯+|锘|\x{FFFD}"
#: A first line of up to 20 characters that ends in the name of a kind of list.
_LIST_HEADING = (
    r"\A\s*[^\n。！？!?]{0,14}(?:清单|步骤|做法|流程|名单|名录|目次|生词|词表|词汇|配料|食材|材料"
    r"|用料|原料|事项|须知|守则|要点|提纲|大纲|行程|安排|课程表|作息表|章节|曲目|演员表|人物表|口诀|顺口溜|谚语"
    r"|成语|歇后语|清單|步驟|名單|詞彙|事項|要點|提綱|大綱|須知|守則|課程表)[^\n。！？!?]{0,4}\n"
)
#: Tunes of ci and arias, whose lines are uneven: one of them is the title of every such poem.
_TUNE = (
    r"\A\s*[^\n。！？!?]{0,12}(?:如梦令|天净沙|浣溪沙|菩萨蛮|蝶恋花|水调歌头|念奴娇|满江红|沁园春|虞美人|鹧鸪天"
    r"|临江仙|西江月|清平乐|减字木兰花|木兰花|点绛唇|卜算子|江城子|江神子|忆江南|忆秦娥|浪淘沙|渔家傲|踏莎行"
    r"|贺新郎|摸鱼儿|水龙吟|满庭芳|雨霖铃|声声慢|醉花阴|武陵春|一剪梅|定风波|破阵子|青玉案|永遇乐|采桑子|丑奴儿"
    r"|南乡子|生查子|诉衷情|好事近|长相思|望江南|捣练子|千秋岁|鹊桥仙|八声甘州|扬州慢|暗香|疏影|苏幕遮|玉楼春"
    r"|阮郎归|谒金门|更漏子|朝中措|感皇恩|行香子|洞仙歌|祝英台近|齐天乐|瑞鹤仙|夜行船|山坡羊|普天乐|折桂令"
    r"|水仙子|朝天子|寄生草|沉醉东风|殿前欢|小桃红|清江引|塞鸿秋|落梅风|导引"
    r"|如夢令|天淨沙|菩薩蠻|蝶戀花|水調歌頭|念奴嬌|滿江紅|沁園春|鷓鴣天|臨江仙|清平樂|減字木蘭花|木蘭花|點絳唇"
    r"|憶江南|憶秦娥|漁家傲|賀新郎|摸魚兒|水龍吟|滿庭芳|聲聲慢|醉花陰|破陣子|永遇樂|採桑子|訴衷情|長相思|鵲橋仙)"
    r"[^\n。！？!?]{0,40}\n"
)
#: A list has so many lines and more, of so many characters and fewer.
_LIST_LINES, _LIST_LINE = 4, 40
_ARTICLE = r"第[零〇一二三四五六七八九十百千0-9]{1,8}[条條]"
#: Phrases of lines about the page itself (docs/recipes.md, B1); lines of up to 40 characters count.
BOILERPLATE = (
    "ICP备|ICP備|公网安备|版权所有|版權所有|All Rights Reserved|上一篇|下一篇|责任编辑|責任編輯"
    "|扫码关注|扫一扫|长按二维码|分享到|阅读全文|点击查看|点击进入|相关阅读|相关推荐|猜你喜欢"
    "|返回顶部|返回首页|设为首页|加入收藏|网站地图|友情链接|联系我们|关于我们|登录注册"
    "|enable cookies|javascript:"
)


def measure(texts: pl.Series) -> pl.DataFrame:
    """One row per text, one Float32 column per measure.

    >>> measure(pl.Series(["你好 world", ""]))["han_ratio"].to_list()
    [0.2857142984867096, 0.0]
    >>> measure(pl.Series(["关关雎鸠，在河之洲。"])).select("length", "stop_marks").row(0)
    (10.0, 0.5)
    """
    texts = (texts.fill_null("") if texts.null_count() else texts).rename("text")
    if (texts.str.len_bytes().sum() or 0) < _LARGE:
        return _measured(texts)
    found = _found(texts)
    _last[:] = [found.with_columns(texts).unique("text", maintain_order=True)]
    return found


def _found(texts: pl.Series) -> pl.DataFrame:
    """The measures of texts, those of the last batch looked up."""
    if not _last:
        return _measured(texts)
    known = texts.to_frame().join(_last[0], on="text", how="left", maintain_order="left")
    known = known.drop("text")
    fresh = known.get_column("length").is_null()
    if not fresh.any():
        return known
    both = pl.concat([known.filter(~fresh), _measured(texts.filter(fresh))])
    return both[np.argsort(np.argsort(fresh.to_numpy(), kind="stable"))]


def _measured(texts: pl.Series) -> pl.DataFrame:
    """The measures of texts without nulls."""
    texts = texts.rechunk()
    data, at = _bytes(texts)
    counts = counted(data, at)
    repeats = repetition(counts.codes, counts.starts)
    columns = _shares(counts.kinds)
    columns |= _line_shares(counts, repeats.repeated)
    columns |= _phrases(counts) | repeats.shares
    columns["compress_ratio"] = _compressed(data, at)
    columns |= _first_lines(texts, columns["lines"], columns["line_length"])
    length = np.maximum(columns["length"], 1)
    columns |= {name: chars / length for name, chars in _matched(texts).items()}
    return pl.DataFrame({name: columns[name].astype(np.float32) for name in MEASURES})


def _bytes(texts: pl.Series) -> tuple[U8, I64]:
    """The UTF-8 of all texts end to end, and their offsets, the first of which is 0."""
    data, at = buffers(texts)
    return data[at[0] : at[-1]], at - at[0]


def _compressed(data: U8, at: I64) -> F64:
    """Compressed size / size of the first `SAMPLE` bytes of each text; 1 for a shorter text."""
    compressed = np.ones(at.size - 1)
    compress = zstandard.ZstdCompressor(level=1).compress
    for text in np.flatnonzero(np.diff(at) >= SAMPLE).tolist():
        compressed[text] = len(compress(data[at[text] : at[text] + SAMPLE].data)) / SAMPLE
    return compressed


def _shares(counts: I64) -> dict[str, F64]:
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


def _line_shares(counts: Counts, repeated: Bool) -> dict[str, F64]:
    """The measures that look at lines."""
    length, lines, tally = np.diff(counts.starts), np.diff(counts.bounds), counts.tally
    doc = np.repeat(np.arange(length.size), lines)
    ends = np.append(counts.lines[1:], counts.starts[-1:])[: doc.size]
    repeated_later = np.flatnonzero(repeated_lines(counts.codes, counts.lines, ends, doc, repeated))
    repeated_chars = np.bincount(
        doc[repeated_later], (ends - counts.lines)[repeated_later], minlength=length.size
    )
    return {
        "lines": lines.astype(np.float64),
        "line_length": _ratio(length, lines),
        "line_end_ratio": _ratio(tally[:, ENDED], length),
        "bullet_lines": _ratio(tally[:, BULLETS], lines),
        "quote_lines": _ratio(tally[:, QUOTES], lines),
        "speaker_lines": _ratio(tally[:, SPEAKERS], lines),
        "dated_lines": _ratio(tally[:, DATES], lines),
        "amount_lines": _ratio(tally[:, AMOUNTS], lines),
        "equation_lines": _ratio(tally[:, EQUATIONS], lines),
        "even_lines": _ratio(tally[:, METRES], lines),
        "repeated_line_chars": _ratio(repeated_chars, length),
        "repeated_lines": _ratio(np.bincount(doc[repeated_later], minlength=length.size), lines),
    }


def _phrases(counts: Counts) -> dict[str, F64]:
    """The measures of stretches of Han."""
    count = counts.tally[:, PHRASES]
    return {
        "longest_run": counts.tally[:, LONGEST].astype(np.float64),
        "long_run_ratio": _ratio(counts.tally[:, UNBROKEN], np.diff(counts.starts)),
        "phrase_length": _ratio(counts.kinds[:, HAN:].sum(axis=1), count),
        "even_phrases": _ratio(counts.tally[:, EVEN], count - 1),
        "stop_marks": _ratio(counts.kinds[:, STOP], count),
    }


def _ratio(part: I64 | F64, whole: I64 | F64) -> F64:
    """A share; nothing has no share of nothing."""
    share: F64 = part / np.maximum(whole, 1)
    return share


def _matched(texts: pl.Series) -> dict[str, F64]:
    """The measures that regular expressions count: characters they cover, or matches."""
    return {
        "url_ratio": _inside(texts, "https?://|www\\.", _URL),
        "bracket_ratio": _inside(texts, "【", _BRACKETS),
        "mojibake_ratio": _inside(texts, _MOJIBAKE, _MOJIBAKE),
        "boilerplate_ratio": _boilerplate(texts),
        "article_ratio": texts.str.count_matches(_ARTICLE).to_numpy() * 1000.0,
    }


def _first_lines(texts: pl.Series, lines: F64, line_length: F64) -> dict[str, F64]:
    """1 for each text of short lines whose first line names a list, or a tune, else 0."""
    at = np.flatnonzero((lines >= _LIST_LINES) & (line_length <= _LIST_LINE))
    some = texts.gather(at)
    columns = {}
    for name, pattern in (("list_heading", _LIST_HEADING), ("tune_title", _TUNE)):
        columns[name] = np.zeros(len(texts))
        columns[name][at] = some.str.contains(pattern).to_numpy()
    return columns


def _inside(texts: pl.Series, sign: str, pattern: str) -> F64:
    """How many code points of each text the pattern covers; only where `sign`, cheaper, matches."""
    chars = np.zeros(len(texts))
    at = np.flatnonzero(texts.str.contains(sign).to_numpy())
    some = texts.gather(at)
    rest = some.str.replace_all(pattern, "")
    chars[at] = (some.str.len_chars() - rest.str.len_chars()).to_numpy()
    return chars


def _boilerplate(texts: pl.Series) -> F64:
    """How many visible characters of each text stand in short lines about the page itself."""
    chars = np.zeros(len(texts))
    at = np.flatnonzero(texts.str.contains(BOILERPLATE).to_numpy())
    lines = pl.DataFrame({"at": at, "line": texts.gather(at).str.split("\n")}).explode(
        "line", empty_as_null=True, keep_nulls=True
    )
    lines = lines.with_columns(pl.col("line").str.replace_all(r"\s+", ""))
    matching = lines.filter(
        (pl.col("line").str.len_chars() <= 40) & pl.col("line").str.contains(BOILERPLATE)
    )
    np.add.at(chars, matching["at"].to_numpy(), matching["line"].str.len_chars().to_numpy())
    return chars
