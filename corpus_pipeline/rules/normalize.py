"""Traditional → simplified: OpenCC's table of characters, and words where a character has senses.

Enters: `rules/packs/normalize_senses.yaml`.  Leaves: a `Simplifier`: string columns in, columns
of the same lengths out, character for character, with the number of changes and of choices.
Refuses: to reword (程式 stays 程式, 支援 stays 支援), and to touch what a Chinese text quotes in
kana or names as Japanese.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import opencc
import polars as pl
from pydantic import AfterValidator, Field, StringConstraints

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.pack import Examples, Pack, PackError, Text, load, prove_one
from corpus_pipeline.rules.settings import Strict
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


Char = Annotated[str, StringConstraints(min_length=1, max_length=1)]


def _in_twos(pairs: str) -> str:
    for pair in pairs.split():
        if len(pair) != 2:
            raise ValueError(f"{pair!r} is no pair of characters")
    return pairs


#: Ways to write one word that are all listed; 表里如一 has 24.
_MOST_WRITINGS = 64

#: Old and new character, side by side, pairs apart by spaces.
Pairs = Annotated[str, StringConstraints(min_length=2), AfterValidator(_in_twos)]


class Variants(Examples):
    """Characters that are another's variant wherever they stand; `misses`: that are none."""

    pairs: Pairs


class Signed(Strict):
    """How a work is signed."""

    why: Text
    mark: Char
    others: Text
    surnames: Text


class Sense(Examples):
    """What a character becomes: in words (`forms`), after verbs, and otherwise.

    `hits` are texts in which a word holds, `misses` texts in which none does.
    """

    otherwise: Char
    forms: dict[Char, Text] = Field(default_factory=dict)
    verbs: str = ""
    after_verb: dict[Char, Text] = Field(default_factory=dict)


class SensesPack(Pack):
    """The file."""

    variants: Variants
    signature: Signed
    senses: dict[Char, Sense]


class Simplifier:
    """The converter of one pack."""

    def __init__(self, pack: SensesPack) -> None:
        """Expand the words and compile them."""
        characters = _characters()
        characters |= {pair[0]: pair[1] for pair in pack.variants.pairs.split()}
        characters |= {char: sense.otherwise for char, sense in pack.senses.items()}
        phrases: dict[str, str] = {}
        for char, sense in pack.senses.items():
            for word, form in _words(char, sense, characters):
                if phrases.setdefault(word, form) != form:
                    raise PackError(f"sense {char}: {word} becomes {phrases[word]} and {form}")
        phrases = _with_variants(phrases, characters)
        signed = pack.signature
        signature = Signature(signed.mark, signed.surnames.replace(" ", ""), signed.others)
        for word, form in list(phrases.items()):
            # What was converted once comes out the same: 顯著, 显著.
            if form != word:
                phrases.setdefault(form, form)
        self._phrases = Phrases(characters, phrases, [*pack.senses, "牠", "妳"], signature)

    def text(self, text: str) -> str:
        """One string."""
        return str(self.column(pl.Series([text])).texts.item())

    def column(self, texts: pl.Series) -> Exchange:
        """A column without a null."""
        rows = texts.str.contains(rf"{_KANA}|{_NAMED}").arg_true().to_list()
        held = [list(_pieces(text)) for text in texts.gather(rows)]
        split = [(row, parts) for row, parts in zip(rows, held, strict=True) if len(parts) > 1]
        exchange = self._phrases.exchange(texts)
        if not split:
            return exchange
        # Every second piece is spared; a kernel that knew of spans would be slower for all others.
        flat = pl.Series([p for _, parts in split for p in parts[::2]], dtype=pl.String)
        pieces = self._phrases.exchange(flat)
        converted, at, joined = pieces.texts.to_list(), 0, []
        for row, parts in split:
            count = len(parts[::2])
            place = slice(at, at + count)
            parts[::2] = converted[place]
            joined.append("".join(parts))
            exchange.changed[row] = pieces.changed[place].sum()
            exchange.chosen[row] = pieces.chosen[place].sum()
            at += count
        return exchange._replace(texts=replaced(exchange.texts, [row for row, _ in split], joined))


def load_simplifier(asset: Asset) -> Simplifier:
    """The converter of this pack, proved against its examples."""
    return load(asset, SensesPack, _simplifier)


def _simplifier(pack: SensesPack) -> Simplifier:
    simplifier = Simplifier(pack)
    listed: list[Examples] = [pack.variants, *pack.senses.values()]
    texts = list(dict.fromkeys(t for one in listed for t in (*one.hits, *one.misses)))
    new = dict(zip(texts, simplifier.column(pl.Series(texts)).texts, strict=True))
    variants = {pair[0] for pair in pack.variants.pairs.split()}
    prove_one("variants", pack.variants, lambda text: any(char in variants for char in text))
    for char, sense in pack.senses.items():

        def holds(text: str, char: str = char, sense: Sense = sense) -> bool:
            forms = {to for old, to in zip(text, new[text], strict=True) if old == char}
            if not forms:
                raise PackError(f"sense {char}: does not stand in {text!r}")
            return forms != {sense.otherwise}

        prove_one(f"sense {char}", sense, holds)
    return simplifier


def _characters() -> dict[str, str]:
    """OpenCC's single characters: what it makes of every ideograph that stands alone."""
    # Without the simplified forms that few fonts have, such as 𫜲.
    opened = opencc.OpenCC("t2s", include_tofu_risk_dictionaries=False)
    alone = [chr(code) for code in (*range(0x3400, 0xA000), *range(0x20000, 0x323B0))]
    made: Sequence[str] = opened.convert("\n".join(alone)).split("\n")
    return {old: new for old, new in zip(alone, made, strict=True) if old != new and len(new) == 1}


def _words(char: str, sense: Sense, characters: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The words of a character and their simplified forms."""

    def formed(word: str, form: str) -> tuple[str, str]:
        if "=" in word:
            word, _, form = word.partition("=")
            return word, form
        return word, "".join(form if c == char else characters.get(c, c) for c in word)

    for form, listed in sense.forms.items():
        yield from (formed(word, form) for word in expanded(listed))
    for verb in dict.fromkeys("".join(sense.verbs.split())):
        yield formed(verb + char, sense.otherwise)
        for form, listed in sense.after_verb.items():
            yield from (formed(verb + char + word, form) for word in expanded(listed))


def _with_variants(phrases: Mapping[str, str], characters: Mapping[str, str]) -> dict[str, str]:
    """The words, and each with a character in a variant that becomes the one in the word.

    昇沈 is 升沈 in other writing; without it the first pass would give 升沈 and a second one 升沉.
    """
    variants: dict[str, list[str]] = {}
    for old, new in characters.items():
        if new not in characters:
            variants.setdefault(new, []).append(old)
    every = dict(phrases)
    for word, form in phrases.items():
        writings = [[char, *variants.get(char, ())] for char in word]
        if 1 < math.prod(map(len, writings)) <= _MOST_WRITINGS:
            for writing in map("".join, itertools.product(*writings)):
                every.setdefault(writing, form)
    return every


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
