"""Traditional → simplified: OpenCC's table of characters, and words where a character has senses.

Enters: `rules/packs/normalize_senses.yaml`.  Leaves: a `Simplifier`: string columns in, columns
of the same lengths out, character for character, with the number of changes and of choices.
Refuses: to reword (程式 stays 程式, 支援 stays 支援), and to touch what a Chinese text quotes in
kana or names as Japanese.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import opencc
import polars as pl

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.models import load_table
from corpus_pipeline.text.normalize.phrases import Exchange, Phrases, Signature
from corpus_pipeline.text.unicode.utf8 import replaced

#: What the stage names in `asset_refs`.
SENSES = "package:rules/packs/normalize_senses.yaml"

_KANA = r"[\u3041-\u3096\u30a1-\u30fa]"
_NAMED = r"日[語语文本]{1,2}[：:]"
_QUOTES = "「」『』《》〈〉【】“”"
#: A quotation that holds kana, a clause in parentheses that does or that says it is Japanese, and
#: Han between kana: 《進撃の巨人》, （日語：宮崎 駿，…）, 千と千尋の神隱し.
_SPARED = re.compile(
    rf"[「『《〈【“][^{_QUOTES}\n]{{0,80}}{_KANA}[^{_QUOTES}\n]{{0,80}}[」』》〉】”]"
    rf"|(?<=[（(，,；;、])[^（）()，,；;、\n]{{0,60}}{_KANA}[^（）()，,；;、\n]{{0,60}}"
    rf"(?=[）)，,；;、])"
    rf"|{_NAMED}[^（）()，。,；;\n]{{1,60}}"
    rf"|{_KANA}[^\W\d_A-Za-z]{{0,8}}{_KANA}(?:[^\W\d_A-Za-z]{{0,4}}{_KANA})*"
)
_ALTERNATIVES = re.compile(r"\[([^\]]+)\]|([^\[\]])")


class Simplifier:
    """The converter of one pack."""

    def __init__(self, pack: Mapping[str, Any]) -> None:
        """Expand the words and compile them."""
        characters = _characters()
        variants: list[str] = pack["variants"]["pairs"].split()
        characters |= {pair[0]: pair[1] for pair in variants}
        senses: Mapping[str, Mapping[str, Any]] = pack["senses"]
        characters |= {char: sense["otherwise"] for char, sense in senses.items()}
        phrases: dict[str, str] = {}
        for char, sense in senses.items():
            for word, form in _words(char, sense, characters):
                if phrases.setdefault(word, form) != form:
                    raise PipelineError(
                        f"{pack['pack']}: {word} becomes {phrases[word]} and {form}"
                    )
        marks: Mapping[str, str] = pack["signature"]
        signature = Signature(marks["mark"], marks["surnames"].replace(" ", ""), marks["others"])
        for word, form in list(phrases.items()):
            # What was converted once comes out the same: 顯著, 显著.
            if form != word:
                phrases.setdefault(form, form)
        self._phrases = Phrases(characters, phrases, [*senses, "牠", "妳"], signature)

    def text(self, text: str) -> str:
        """One string."""
        return str(self.column(pl.Series([text])).texts.item())

    def column(self, texts: pl.Series) -> Exchange:
        """A column without a null."""
        rows = texts.str.contains(rf"{_KANA}|{_NAMED}").arg_true().to_list()
        held = [list(_pieces(text)) for text in texts.gather(rows)]
        split = [(row, parts) for row, parts in zip(rows, held, strict=True) if len(parts) > 1]
        done = self._phrases.exchange(texts)
        if not split:
            return done
        # Every second piece is spared; a kernel that knew of spans would be slower for all others.
        flat = pl.Series([p for _, parts in split for p in parts[::2]], dtype=pl.String)
        pieces = self._phrases.exchange(flat)
        converted, at, joined = pieces.texts.to_list(), 0, []
        for row, parts in split:
            count = len(parts[::2])
            here = slice(at, at + count)
            parts[::2] = converted[here]
            joined.append("".join(parts))
            done.changed[row] = pieces.changed[here].sum()
            done.chosen[row] = pieces.chosen[here].sum()
            at += count
        return done._replace(texts=replaced(done.texts, [row for row, _ in split], joined))


def load_simplifier(asset: Asset) -> Simplifier:
    """The converter of this pack; compiled once per path and content."""
    return _simplifier(asset)


@cache
def _simplifier(asset: Asset) -> Simplifier:
    return Simplifier(load_table(asset))


def _characters() -> dict[str, str]:
    """OpenCC's single characters: what it makes of every ideograph that stands alone."""
    # No tofu: few fonts have 𫜲.
    opened = opencc.OpenCC("t2s", include_tofu_risk_dictionaries=False)
    alone = [chr(code) for code in (*range(0x3400, 0xA000), *range(0x20000, 0x323B0))]
    made: Sequence[str] = opened.convert("\n".join(alone)).split("\n")
    return {old: new for old, new in zip(alone, made, strict=True) if old != new and len(new) == 1}


def _words(
    char: str, sense: Mapping[str, Any], characters: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """The words of a character and their simplified forms."""

    def formed(word: str, form: str) -> tuple[str, str]:
        if "=" in word:
            word, _, form = word.partition("=")
            return word, form
        return word, "".join(form if c == char else characters.get(c, c) for c in word)

    for form, listed in sense.items():
        if len(form) == 1:
            yield from (formed(word, form) for word in expanded(listed))
    if "verbs" in sense:
        otherwise, after = sense["otherwise"], sense["after_verb"]
        for verb in dict.fromkeys("".join(sense["verbs"].split())):
            yield formed(verb + char, otherwise)
            for form, listed in after.items():
                yield from (formed(verb + char + word, form) for word in expanded(listed))


def expanded(listed: str) -> Iterator[str]:
    """Words with `[甲乙]` for either, spelled out.

    >>> list(expanded("乾隆 [看聽]著[我他]"))
    ['乾隆', '看著我', '看著他', '聽著我', '聽著他']
    """
    for word in listed.split():
        slots = [many or one for many, one in _ALTERNATIVES.findall(word)]
        yield from map("".join, itertools.product(*slots))


def _pieces(text: str) -> Iterator[str]:
    """The text cut before and after what is spared: converted, spared, converted and so on."""
    position = 0
    for match in _SPARED.finditer(text):
        yield text[position : match.start()]
        yield match[0]
        position = match.end()
    yield text[position:]
