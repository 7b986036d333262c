r"""Take an exam question apart: what is asked, by which words, and among which choices.

Enters: a question as it is printed.  Leaves: its stem in pieces (the words that ask, and the rest),
the choices printed below it, and texts without LaTeX commands.  Refuses: to guess a choice where
the letters A, B … do not follow one another.

A stem that asks by breaking off (…的首都是) is found by its key, which has lost the punctuation;
`left_open` looks in the text whether it breaks off there too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import U32
from corpus_pipeline.text.dedup.key import KeyTable, fold

#: A letter that opens a choice (`A.`, `(B)`, `Ｃ、`): after a sentence or blank, or in a new line.
_LABEL = re.compile(
    r"(?:^|(?<=[\s。．.；;？?）)：:，,]))[（(\[]?\s?([A-HＡ-Ｈ])\s?(?:[)）\].．、：:。]|(?=\s))\s*"
)
#: What stands before a choice that is given by itself.
_LEAD = re.compile(r"\s*[（(\[]?\s?([A-HＡ-Ｈ])\s?[)）\].．、：:]\s*")
#: What a piece of a stem is.  Words that ask tell nothing, the end of a stem and what lies on both
#: sides of a blank do both, a stock phrase of exams neither.
PLAIN, PHRASE, END, STOCK, ACROSS = 0, 1, 2, 3, 4
#: Letters of the end.
_END = 5
#: Letters behind a blank that must touch those before it.
BEHIND = 2
#: Questions stand in the last so many characters of a stem; above is what they are about.
_WINDOW = 240
#: Where an answer goes.
BLANK = re.compile(r"[（(\[【]\s*[）)\]】]|[_＿]{2,}|(?<=\S)[ \u3000]{4,}(?=\S)|[（(\[【]\s*$")
#: What follows the end of a stem in a copy of it: a blank, a choice, the end of the line; in the
#: sentence that it was made from follows the answer.  Signs of a formula may stand between.
_OPEN = re.compile(
    r"[ \t\u3000”\"」’'=$|{}^\\*≈~<>+/-]*[，,：:]?[ \t\u3000$]*"
    r"(?:$|[\r\n（(\[【_＿?？…—]|[A-HＡ-Ｈ][.．、:：)）])"
)
_BREAKS = "是为的有在于即叫称成指"
#: A stem that ends like a sentence and does not break off before the stop (…的首都是。).
_SENTENCE = re.compile(rf"[^{_BREAKS}][。．.!！;；」”]\s*$")
_ORDER = "ABCDEFGH"
_OPENS = frozenset(" (（[ABCDEFGHＡＢＣＤＥＦＧＨ")
_WIDE = {0xFF21 + i: letter for i, letter in enumerate(_ORDER)}

#: The commands whose argument is no text, then all others; a Greek letter is the letter.
_ENVIRONMENT = r"\\(?:begin|end)\s*\{[^{}\n]{0,20}\}(?:\{[lcr|\s]{0,20}\})?"
_COMMAND = r"\\[A-Za-z]+"
_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "theta": "θ",
    "lambda": "λ", "mu": "μ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ",
    "varphi": "φ", "omega": "ω", "Delta": "Δ", "Omega": "Ω",
}  # fmt: skip


def without_commands(texts: pl.Series) -> pl.Series:
    r"""The texts without LaTeX's commands, so that a formula is its letters and digits.

    >>> without_commands(pl.Series([r"若 $\alpha \leqslant \frac{1}{2}$，则", "一"])).to_list()
    ['若 $α  {1}{2}$，则', '一']
    """
    held = texts.str.contains("\\", literal=True).fill_null(value=False)
    if not held.any():
        return texts
    rows = held.arg_true()
    made = texts.gather(rows).str.replace_all(_ENVIRONMENT, " ")
    for name, letter in _GREEK.items():
        made = made.str.replace_all(rf"\\{name}\b", letter)
    return texts.scatter(rows, made.str.replace_all(_COMMAND, ""))


def bare(choice: str) -> str:
    """A choice without its letter.

    >>> bare("(A)鲁迅"), bare("B、老舍"), bare("C919 首飞")
    ('鲁迅', '老舍', 'C919 首飞')
    """
    return _LEAD.sub("", choice, count=1) if choice[:1] in _OPENS else choice


def split_choices(text: str) -> tuple[str, list[str]]:
    r"""The question without the choices printed in it, and those.

    >>> split_choices("首都是（ ）\nA．东京 B．北京\nC．巴黎")
    ('首都是（ ）', ['东京', '北京', '巴黎'])
    >>> split_choices("A 公司与 B 公司签约")
    ('A 公司与 B 公司签约', [])
    """
    labels = list(_labels(text)) if "C" in text or "Ｃ" in text else []
    if not labels:
        return text, []
    stem, choices, done = [], [], 0
    for place, (begin, start, last) in enumerate(labels):
        if begin >= done:
            stem.append(text[done:begin])
        if not last:
            end = labels[place + 1][0]
        else:  # the last choice ends with its line
            end = text.find("\n", start)
            end = len(text) if end < 0 else end
        choices.append(text[start:end].strip())
        done = end
    stem.append(text[done:])
    return "\n".join(part.strip() for part in stem).strip(), [
        choice for choice in choices if choice
    ]


def _labels(text: str) -> Iterator[tuple[int, int, bool]]:
    """Begin and end of each letter in a row A, B, C …, and whether it is the last of its row."""
    row: list[re.Match[str]] = []
    for found in [*_LABEL.finditer(text), None]:
        letter = found[1].translate(_WIDE) if found else ""
        if found and len(row) < len(_ORDER) and letter == _ORDER[len(row)]:
            row.append(found)
            continue
        if found and letter != "A":
            continue
        if len(row) >= 3:
            yield from ((m.start(), m.end(), m is row[-1]) for m in row)
        row = [found] if found else []


def pieces(stem: str, asks: re.Pattern[str], stock: re.Pattern[str]) -> list[tuple[str, int]]:
    """The stem cut into `PLAIN` pieces, words that ask, stock phrases, and the end before a blank.

    >>> asks, stock = re.compile("不属于|的是$"), re.compile("下列")
    >>> pieces("鲁迅的下列作品，不属于小说的是", asks, stock)
    [('鲁迅的', 0), ('下列', 3), ('作品，', 0), ('不属于', 1), ('小说', 0), ('的是', 1)]
    >>> pieces("世界上最大的海洋是（ ）", asks, stock)
    [('世界上最', 0), ('大的海洋是', 2), ('（ ）', 0)]
    >>> pieces("地球绕太阳转。", asks, stock)
    [('地球绕太阳转。', 0)]
    """
    found, done, asked = [], 0, False
    # What a passage above the question asks is no question.
    window = max(len(stem) - _WINDOW, 0)
    spots = [(m.start(), m.end(), PHRASE) for m in asks.finditer(stem, window)]
    spots += [(m.start(), m.end(), STOCK) for m in stock.finditer(stem, window)]
    for start, end, kind in sorted(spots):
        if start >= done:
            found += [(stem[done:start], PLAIN), (stem[start:end], kind)]
            done = end
            asked |= kind == PHRASE
    found.append((stem[done:], PLAIN))
    if not asked:
        found = _ended(found)
    return [(text, kind) for text, kind in found if text]


def _ended(found: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Mark the letters around the last blank, or at the end of a stem that is no sentence."""
    stem = "".join(text for text, _ in found)
    blanks = list(BLANK.finditer(stem))
    if not blanks and _SENTENCE.search(stem):
        return found
    end = blanks[-1].start() if blanks else len(stem)
    before = list(islice((i for i in reversed(range(end)) if stem[i].isalnum()), _END))[::-1]
    if not before:
        return found
    after = list(islice((i for i in range(end, len(stem)) if stem[i].isalnum()), BEHIND))
    kind_of_end = END
    if len(after) == BEHIND and len(before) > BEHIND:
        # A blank amid the stem: without an answer in it, what is left and right of it touches.
        before, end, kind_of_end = before[BEHIND:], after[-1] + 1, ACROSS
    made, at = [], 0
    for text, kind in found:
        low, high = (min(max(x - at, 0), len(text)) for x in (before[0], end))
        made += [(text[:low], kind), (text[low:high], kind_of_end), (text[high:], kind)]
        at += len(text)
    return made


def is_open(before: str, rest: str) -> bool:
    r"""Whether a stem is left open between this character and the rest, as a question is.

    >>> [is_open("是", rest) for rest in ("（　）", "：\nA．东京", " A.东京", "。", "$=$ (  )")]
    [True, True, True, True, True]
    >>> is_open("是", "北京。"), is_open("求", "。"), is_open("求", "，北京")
    (False, False, False)
    """
    return (before in _BREAKS and rest[:1] in "。.") or _OPEN.match(rest) is not None


def around(text: str, position: int, table: KeyTable, most: int = 40) -> tuple[str, str]:
    r"""The character of a text at which its key has so many characters, and what follows it.

    >>> from corpus_pipeline.text.dedup.key import parse_key_table
    >>> around("首都，是（ ）。", 3, parse_key_table("keep\t4e00\t9fff"))
    ('是', '（ ）。')
    """
    start, pieces_ = 0, text.splitlines(keepends=True)
    for _ in range(2):  # first the line, then the character in it
        sizes = np.concatenate([np.diff(keys.offsets) for keys in fold(pieces_, table)])
        ends = np.cumsum(sizes)
        place = min(int(np.searchsorted(ends, position)), len(pieces_) - 1)
        position -= int(ends[place] - sizes[place])
        start += sum(map(len, pieces_[:place]))
        pieces_ = list(pieces_[place])
    return text[start : start + 1], text[start + 1 : start + 1 + most]


def left_open(text: str, position: int, left: U32, table: KeyTable) -> bool:
    r"""Whether a stem is left open in a text.

    At `position` of the text's key ends what is sure of the stem; `left` should follow, its first
    character edited or deleted.

    >>> from corpus_pipeline.text.dedup.key import parse_key_table
    >>> table, left = parse_key_table("keep\t4e00\t9fff"), np.array([ord(c) for c in "的是"])
    >>> [left_open(text, 2, left, table) for text in ("首都得是（ ）", "首都是（ ）", "首都是北京")]
    [True, True, False]
    """
    before, rest = around(text, position, table)
    if not len(left):
        return is_open(before, rest)
    follows = np.concatenate([keys.codes for keys in fold([rest], table)])
    # Of a last character nothing would be left to tell a deletion by.
    for missing in (0, 1) if len(left) > 1 else (0,):
        start, end = 1 - missing, len(left) - missing
        same = np.array_equal(follows[start:end], left[1:])
        if same and is_open(*around(text, position + end, table)):
            return True
    return False
