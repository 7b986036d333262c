r"""Take an exam question apart: the words that ask, the rest of the stem, and the choices.

Enters: a question as it is printed.  Leaves: its stem in pieces (the words that ask, and the rest),
the choices printed below it, and texts without LaTeX commands.
Refuses: choices whose letters A, B, C … do not follow one another; they stay in the stem.

A stem that asks by breaking off (…的首都是) is found by its key, which has no punctuation;
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
#: The kinds of pieces of a stem: plain text tells; words that ask (`PHRASE`) only ask; the end of a
#: stem and the letters around a blank (`ACROSS`) do both; a stock phrase of exams does neither.
PLAIN, PHRASE, END, STOCK, ACROSS = 0, 1, 2, 3, 4
#: How many letters make an end.
_END = 5
#: How many letters behind a blank belong to the letters around it.
BEHIND = 2
#: The question is in the last so many characters of a stem; before it is the passage it is about.
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

#: Commands whose argument is no text, all others, and those that stand for a Greek letter.
_ENVIRONMENT = r"\\(?:begin|end)\s*\{[^{}\n]{0,20}\}(?:\{[lcr|\s]{0,20}\})?"
_COMMAND = r"\\[A-Za-z]+"
_GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "theta": "θ",
    "lambda": "λ",
    "mu": "μ",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "phi": "φ",
    "varphi": "φ",
    "omega": "ω",
    "Delta": "Δ",
    "Omega": "Ω",
}


def without_commands(texts: pl.Series) -> pl.Series:
    r"""The texts (String, nulls stay) without LaTeX commands: a formula is its letters and digits.

    >>> without_commands(pl.Series([r"若 $\alpha \leqslant \frac{1}{2}$，则", "一"])).to_list()
    ['若 $α  {1}{2}$，则', '一']
    """
    has_command = texts.str.contains("\\", literal=True).fill_null(value=False)
    if not has_command.any():
        return texts
    rows = has_command.arg_true()
    cleaned = texts.gather(rows).str.replace_all(_ENVIRONMENT, " ")
    for name, letter in _GREEK.items():
        cleaned = cleaned.str.replace_all(rf"\\{name}\b", letter)
    return texts.scatter(rows, cleaned.str.replace_all(_COMMAND, ""))


def bare(choice: str) -> str:
    """A choice without its letter.

    >>> bare("(A)鲁迅"), bare("B、老舍"), bare("C919 首飞")
    ('鲁迅', '老舍', 'C919 首飞')
    """
    return _LEAD.sub("", choice, count=1) if choice[:1] in _OPENS else choice


def split_choices(text: str) -> tuple[str, list[str]]:
    r"""The question without the choices printed in it, and the choices.

    >>> split_choices("首都是（ ）\nA．东京 B．北京\nC．巴黎")
    ('首都是（ ）', ['东京', '北京', '巴黎'])
    >>> split_choices("A 公司与 B 公司签约")
    ('A 公司与 B 公司签约', [])
    """
    labels = list(_labels(text)) if "C" in text or "Ｃ" in text else []
    if not labels:
        return text, []
    stem, choices, copied_to = [], [], 0
    for place, (begin, start, is_last) in enumerate(labels):
        if begin >= copied_to:
            stem.append(text[copied_to:begin])
        if not is_last:
            end = labels[place + 1][0]
        else:  # the last choice ends with its line
            end = text.find("\n", start)
            end = len(text) if end < 0 else end
        choices.append(text[start:end].strip())
        copied_to = end
    stem.append(text[copied_to:])
    return "\n".join(part.strip() for part in stem).strip(), [
        choice for choice in choices if choice
    ]


def _labels(text: str) -> Iterator[tuple[int, int, bool]]:
    """Begin and end of each label in a row A, B, C …, and whether it is the last of its row."""
    row: list[re.Match[str]] = []
    for label in [*_LABEL.finditer(text), None]:
        letter = label[1].translate(_WIDE) if label else ""
        if label and len(row) < len(_ORDER) and letter == _ORDER[len(row)]:
            row.append(label)
            continue
        if label and letter != "A":
            continue
        if len(row) >= 3:
            yield from ((m.start(), m.end(), m is row[-1]) for m in row)
        row = [label] if label else []


def pieces(stem: str, asks: re.Pattern[str], stock: re.Pattern[str]) -> list[tuple[str, int]]:
    """The stem cut into pieces with their kind, one of `PLAIN`, `PHRASE`, `STOCK`, `END`, `ACROSS`.

    `asks` matches words that ask, `stock` stock phrases.  Only where no words ask there is an end.

    >>> asks, stock = re.compile("不属于|的是$"), re.compile("下列")
    >>> pieces("鲁迅的下列作品，不属于小说的是", asks, stock)
    [('鲁迅的', 0), ('下列', 3), ('作品，', 0), ('不属于', 1), ('小说', 0), ('的是', 1)]
    >>> pieces("世界上最大的海洋是（ ）", asks, stock)
    [('世界上最', 0), ('大的海洋是', 2), ('（ ）', 0)]
    >>> pieces("地球绕太阳转。", asks, stock)
    [('地球绕太阳转。', 0)]
    """
    parts, copied_to, asks_in_words = [], 0, False
    # Words that ask in a passage above the question do not count.
    window = max(len(stem) - _WINDOW, 0)
    spots = [(m.start(), m.end(), PHRASE) for m in asks.finditer(stem, window)]
    spots += [(m.start(), m.end(), STOCK) for m in stock.finditer(stem, window)]
    for start, end, kind in sorted(spots):
        if start >= copied_to:
            parts += [(stem[copied_to:start], PLAIN), (stem[start:end], kind)]
            copied_to = end
            asks_in_words |= kind == PHRASE
    parts.append((stem[copied_to:], PLAIN))
    if not asks_in_words:
        parts = _ended(parts)
    return [(text, kind) for text, kind in parts if text]


def _ended(parts: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Mark the letters around the last blank, or at the end of a stem that is no sentence."""
    stem = "".join(text for text, _ in parts)
    blanks = list(BLANK.finditer(stem))
    if not blanks and _SENTENCE.search(stem):
        return parts
    end = blanks[-1].start() if blanks else len(stem)
    before = list(islice((i for i in reversed(range(end)) if stem[i].isalnum()), _END))[::-1]
    if not before:
        return parts
    after = list(islice((i for i in range(end, len(stem)) if stem[i].isalnum()), BEHIND))
    kind_of_end = END
    if len(after) == BEHIND and len(before) > BEHIND:
        # A blank amid the stem: without an answer in it, what is left and right of it touches.
        before, end, kind_of_end = before[BEHIND:], after[-1] + 1, ACROSS
    marked, at = [], 0
    for text, kind in parts:
        low, high = (min(max(x - at, 0), len(text)) for x in (before[0], end))
        marked += [(text[:low], kind), (text[low:high], kind_of_end), (text[high:], kind)]
        at += len(text)
    return marked


def is_open(before: str, rest: str) -> bool:
    r"""Whether a stem is left open between this character and the rest, as a question is.

    >>> [is_open("是", rest) for rest in ("（　）", "：\nA．东京", " A.东京", "。", "$=$ (  )")]
    [True, True, True, True, True]
    >>> is_open("是", "北京。"), is_open("求", "。"), is_open("求", "，北京")
    (False, False, False)
    """
    return (before in _BREAKS and rest[:1] in "。.") or _OPEN.match(rest) is not None


def around(text: str, position: int, table: KeyTable, most: int = 40) -> tuple[str, str]:
    r"""The character with which the key of a text reaches `position`, and up to `most` after it.

    >>> from corpus_pipeline.text.dedup.key import parse_key_table
    >>> around("首都，是（ ）。", 3, parse_key_table("keep\t4e00\t9fff"))
    ('是', '（ ）。')
    """
    start, parts = 0, text.splitlines(keepends=True)
    for _ in range(2):  # first the line, then the character in it
        sizes = np.concatenate([np.diff(keys.offsets) for keys in fold(parts, table)])
        ends = np.cumsum(sizes)
        place = min(int(np.searchsorted(ends, position)), len(parts) - 1)
        position -= int(ends[place] - sizes[place])
        start += sum(map(len, parts[:place]))
        parts = list(parts[place])
    return text[start : start + 1], text[start + 1 : start + 1 + most]


def left_open(text: str, position: int, left: U32, table: KeyTable) -> bool:
    r"""Whether a stem is left open in a text.

    The stem is recognised up to `position` of the text's key; `left` (code points of its end)
    should follow there, with its first character edited or deleted.

    >>> from corpus_pipeline.text.dedup.key import parse_key_table
    >>> table, left = parse_key_table("keep\t4e00\t9fff"), np.array([ord(c) for c in "的是"])
    >>> [left_open(text, 2, left, table) for text in ("首都得是（ ）", "首都是（ ）", "首都是北京")]
    [True, True, False]
    """
    before, rest = around(text, position, table)
    if not len(left):
        return is_open(before, rest)
    follows = np.concatenate([keys.codes for keys in fold([rest], table)])
    # Of a single character nothing would remain by which to recognise a deletion.
    for missing in (0, 1) if len(left) > 1 else (0,):
        start, end = 1 - missing, len(left) - missing
        same = np.array_equal(follows[start:end], left[1:])
        if same and is_open(*around(text, position + end, table)):
            return True
    return False
