"""Convert traditional characters to simplified ones, by the word where a character has two forms.

Enters: `rules/packs/normalize_senses.yaml`, as an asset; single characters are OpenCC's.
Leaves: a `Simplifier`, which converts string columns character for character: texts keep their
lengths.  No word is replaced by another (程式 and 支援 stay), and quotations with kana or marked as
Japanese are left alone.
Errors: `PipelineError` for a pack that contradicts itself or its examples.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import numpy as np
import opencc
import polars as pl
from pydantic import AfterValidator, Field, StringConstraints

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.pack import Examples, Pack, PackError, Text, load, prove_one
from corpus_pipeline.rules.proofs import known
from corpus_pipeline.rules.settings import Strict
from corpus_pipeline.text.normalize.names import Names
from corpus_pipeline.text.normalize.phrases import Exchange, Phrases, Signature
from corpus_pipeline.text.unicode.script import TRADITIONAL_ONLY
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
    """Characters that are variants of others everywhere; `misses` are texts without one."""

    pairs: Pairs


class Signed(Strict):
    """How a work is signed: after one of the surnames the mark keeps its form (曹雪芹著)."""

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


class Mixed(Strict):
    """A character in words that only traditional writing has, and what it becomes there."""

    form: Char
    unless_before: Text
    words: Text


class Anywhere(Examples):
    """Words that are converted in simplified texts too; `hits` have one, `misses` have none."""

    characters: dict[Char, Mixed]
    subjects: Text


class Named(Examples):
    """Variants that names keep, and the words around a name; `hits` have such a name."""

    kept: Pairs
    surnames: Text
    titles: Text
    followers: Text
    words: Text


class SensesPack(Pack):
    """The content of the file."""

    anywhere: Anywhere
    names: Named

    variants: Variants
    signature: Signed
    senses: dict[Char, Sense]


class Simplifier:
    """The converter that a pack describes."""

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
            # A converted word is left alone, so that a second pass changes nothing: 顯著, 显著.
            if form != word:
                phrases.setdefault(form, form)
        self._names = _names(pack.names)
        choices, kept = [*pack.senses, "牠", "妳"], [*self._names.kept]
        self._phrases = Phrases(characters, phrases, choices, signature, kept)
        #: Characters of the words that are converted in simplified texts too.
        self.characters = "".join(pack.anywhere.characters)
        self._subjects = pack.anywhere.subjects.split()
        words = _mixed(pack.anywhere, characters)
        self._words = Phrases({}, words, self.characters)
        only = {*TRADITIONAL_ONLY}
        telling = {old: new for old, new in phrases.items() if not only.isdisjoint(old)}
        self._mixed = Phrases(
            {char: form for char, form in characters.items() if char in only},
            words | telling,
            choices,
            counted=kept,
        )

    def words(self, texts: pl.Series) -> Exchange:
        """The column with words that only traditional writing has converted, and nothing else."""
        whole = self._words.exchange(texts)
        rows = np.flatnonzero(whole.changed)
        rows = rows[(~self._about_scripts(texts.gather(rows))).to_numpy()]
        part = whole.texts.gather(rows)
        counts = (whole.changed[rows], whole.chosen[rows], whole.counted[rows])
        return _in_rows(texts, rows.tolist(), Exchange(part, *counts))

    def _about_scripts(self, texts: pl.Series) -> pl.Series:
        return texts.str.contains_any(self._subjects)

    def text(self, text: str) -> str:
        """One text, converted."""
        return str(self.column(pl.Series([text])).texts.item())

    def column(self, texts: pl.Series) -> Exchange:
        """A String column without nulls, converted: the new texts, changes and choices of each."""
        return self._with_names(texts, _around_japanese(texts, self._phrases))

    def mixed(self, texts: pl.Series) -> Exchange:
        """The column with every word converted that only traditional writing has."""
        rows = (~self._about_scripts(texts)).arg_true().to_list()
        part = texts.gather(rows)
        return _in_rows(texts, rows, self._with_names(part, _around_japanese(part, self._mixed)))

    def _with_names(self, texts: pl.Series, exchange: Exchange) -> Exchange:
        """The exchange with the variants that names keep."""
        rows = np.flatnonzero(exchange.counted).tolist()
        restored = {}
        for row, before, after in zip(
            rows, texts.gather(rows), exchange.texts.gather(rows), strict=True
        ):
            text, count = self._names.restored(before, after)
            if text != after:
                restored[row] = text
                exchange.changed[row] -= count
        new = replaced(exchange.texts, [*restored], [*restored.values()])
        return exchange._replace(texts=new)


def _around_japanese(texts: pl.Series, phrases: Phrases) -> Exchange:
    """The column after the exchange, without the pieces that are Japanese."""
    rows = texts.str.contains(rf"{_KANA}|{_NAMED}").arg_true().to_list()
    piece_lists = [list(_pieces(text)) for text in texts.gather(rows)]
    split = [(row, parts) for row, parts in zip(rows, piece_lists, strict=True) if len(parts) > 1]
    exchange = phrases.exchange(texts)
    if not split:
        return exchange
    # Every second piece is spared.  A kernel with spans would be slower for all other texts.
    flat = pl.Series([p for _, parts in split for p in parts[::2]], dtype=pl.String)
    pieces = phrases.exchange(flat)
    converted, at, joined = pieces.texts.to_list(), 0, []
    for row, parts in split:
        count = len(parts[::2])
        place = slice(at, at + count)
        parts[::2] = converted[place]
        joined.append("".join(parts))
        exchange.changed[row] = pieces.changed[place].sum()
        exchange.chosen[row] = pieces.chosen[place].sum()
        exchange.counted[row] = pieces.counted[place].sum()
        at += count
    return exchange._replace(texts=replaced(exchange.texts, [row for row, _ in split], joined))


def _in_rows(texts: pl.Series, rows: list[int], part: Exchange) -> Exchange:
    """The whole column where only these rows were exchanged."""
    counts = np.zeros((3, len(texts)), dtype=np.uint32)
    counts[:, rows] = part.changed, part.chosen, part.counted
    return Exchange(replaced(texts, rows, part.texts), *counts)


def load_simplifier(asset: Asset) -> Simplifier:
    """The converter of this pack, checked against its examples."""
    return load(asset, SensesPack, _simplifier)


def _simplifier(pack: SensesPack) -> Simplifier:
    simplifier = Simplifier(pack)
    if known():
        return simplifier
    listed: list[Examples] = [pack.variants, *pack.senses.values()]
    texts = list(
        dict.fromkeys(t for examples in listed for t in (*examples.hits, *examples.misses))
    )
    new = dict(zip(texts, simplifier.column(pl.Series(texts)).texts, strict=True))
    variants = {pair[0] for pair in pack.variants.pairs.split()}
    prove_one("variants", pack.variants, lambda text: any(char in variants for char in text))
    anywhere = simplifier.words
    prove_one("anywhere", pack.anywhere, lambda text: bool(anywhere(pl.Series([text])).changed[0]))
    kept = {pair[1] for pair in pack.names.kept.split()}
    prove_one("names", pack.names, lambda text: not kept.isdisjoint(simplifier.text(text)))
    for char, sense in pack.senses.items():

        def holds(text: str, char: str = char, sense: Sense = sense) -> bool:
            forms = {to for old, to in zip(text, new[text], strict=True) if old == char}
            if not forms:
                raise PackError(f"sense {char}: does not stand in {text!r}")
            return forms != {sense.otherwise}

        prove_one(f"sense {char}", sense, holds)
    return simplifier


def _characters() -> dict[str, str]:
    """Ideograph → its simplified form by OpenCC, for every ideograph that it changes."""
    # Without the simplified forms that few fonts have, such as 𫜲.
    opened = opencc.OpenCC("t2s", include_tofu_risk_dictionaries=False)
    alone = [chr(code) for code in (*range(0x3400, 0xA000), *range(0x20000, 0x323B0))]
    converted: Sequence[str] = opened.convert("\n".join(alone)).split("\n")
    return {
        old: new for old, new in zip(alone, converted, strict=True) if old != new and len(new) == 1
    }


def _words(char: str, sense: Sense, characters: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(word, simplified form) for the words of a character."""

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


def _names(named: Named) -> Names:
    return Names(
        {pair[0]: pair[1] for pair in named.kept.split()},
        frozenset(named.surnames.replace(" ", "")),
        frozenset(named.titles.split()),
        frozenset(named.followers.split()),
        frozenset(named.words.split()),
    )


def _mixed(anywhere: Anywhere, characters: Mapping[str, str]) -> dict[str, str]:
    """The words of `anywhere` with their forms, and those that a following character forbids."""
    phrases: dict[str, str] = {}
    for char, mixed in anywhere.characters.items():
        for word in expanded(mixed.words):
            form = "".join(mixed.form if c == char else characters.get(c, c) for c in word)
            phrases[word] = form
            if word.endswith(char):
                phrases |= {word + after: word + after for after in mixed.unless_before}
    return phrases


def _with_variants(phrases: Mapping[str, str], characters: Mapping[str, str]) -> dict[str, str]:
    """The words, and their other spellings: with variants that become the word's characters.

    昇沈 is another spelling of 升沈; without it a first pass would give 升沈, a second one 升沉.
    """
    variants: dict[str, list[str]] = {}
    for old, new in characters.items():
        if new not in characters:
            variants.setdefault(new, []).append(old)
    spellings = dict(phrases)
    for word, form in phrases.items():
        writings = [[char, *variants.get(char, ())] for char in word]
        if 1 < math.prod(map(len, writings)) <= _MOST_WRITINGS:
            for writing in map("".join, itertools.product(*writings)):
                spellings.setdefault(writing, form)
    return spellings


def expanded(listed: str) -> Iterator[str]:
    """The words of a list in which `[甲乙]` stands for either character.

    >>> list(expanded("乾隆 [看聽]著[我他]"))
    ['乾隆', '看著我', '看著他', '聽著我', '聽著他']
    """
    for word in listed.split():
        slots = [many or one for many, one in _ALTERNATIVES.findall(word)]
        yield from map("".join, itertools.product(*slots))


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces: one to convert, one to spare, one to convert, and so on."""
    position = 0
    for match in _SPARED.finditer(text):
        yield text[position : match.start()]
        yield match[0]
        position = match.end()
    yield text[position:]
