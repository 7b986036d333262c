"""Find thousands of terms in one pass over a text; a hit is a whole word, or words.

Enters: terms and patterns of rules; then a text, or a column of texts.
Leaves: hits, as code-point offsets into the text that came in; what they mean is for the caller.

Matching reads a view of the text: full-width letters and digits as ASCII, in lower case, without
zero-width characters.  A term marked `obfuscated` is also found with symbols between its characters
(微❤信, 办*证).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import ahocorasick_rs
import polars as pl

from corpus_pipeline.text.tokens.words import Cutter, clause, rust_words, word_edges

#: Characters that the view changes; most texts have been normalised and have none.
_TO_FOLD = "[Ａ-Ｚａ-ｚ０-９\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]"
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_WIDE = re.compile("[Ａ-Ｚａ-ｚ０-９＋İ]")
#: Punctuation stays wide; İ is the one letter whose lower case is two characters.
_FOLD = {ord(c): chr(ord(c) - 0xFEE0) for c in map(chr, range(0xFF01, 0xFF5F)) if _WIDE.match(c)}
_FOLD[ord("İ")] = "i"
#: Symbols put between the characters of a word to hide it; no punctuation of ordinary prose.
_BETWEEN = r"[ *._\-·•~/|+=^#@&❤♥★☆●○◆◇■□▲△※→丨丶灬]"
_BETWEEN_RUN = re.compile(_BETWEEN + "+")
#: Most such symbols between two characters of a term.
_LARGEST_GAP = 2
#: Characters before a hit in which `unless_left` is sought.
_LEFT = 8
#: Up to so many words one regular expression is faster than Aho-Corasick.
_SMALL = 600
#: Up to so many patterns are joined in one; more may outgrow the engine's cache, and run singly.
_FEW = 8
_HAS_LATIN = re.compile("[a-z]")
#: Characters of a term both of whose ends must be edges of words.  Of a longer one a single edge is
#: enough (现代开发票务 has none for 代开发票): jieba splits long jargon in unexpected places.
_WORD_CHECKED_UP_TO = 3


@dataclass(frozen=True, slots=True)
class Term:
    """A term in lower case, the number of its rule, and whether symbols may stand in between."""

    text: str
    rule: int
    obfuscated: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a term or pattern of a rule stands (code points); `term`: the term or the pattern."""

    start: int
    end: int
    rule: int
    term: str


class Lexicon:
    """Terms and patterns, compiled once."""

    def __init__(
        self,
        terms: Sequence[Term],
        patterns: Iterable[tuple[int, str]] = (),
        unless_left: Mapping[int, str] | None = None,
        cut: Cutter = rust_words,
    ) -> None:
        """Compile the terms and `patterns`, which are (number of the rule, expression).

        `unless_left`: rule → expression that voids a hit of the rule when it matches directly
        before it.  `cut` splits a clause into words.
        """
        self._cut = cut
        self._terms = list(terms)
        self._words = sorted({term.text for term in self._terms})
        self._by_word: dict[str, list[Term]] = {word: [] for word in self._words}
        for term in self._terms:
            self._by_word[term.text].append(term)
        self._automaton = ahocorasick_rs.AhoCorasick(
            self._words, matchkind=ahocorasick_rs.MatchKind.Standard
        )
        self._patterns = [(rule, pattern, re.compile(pattern)) for rule, pattern in patterns]
        self._unless = {
            rule: re.compile(f"(?:{left})$") for rule, left in (unless_left or {}).items()
        }
        self._hidden = sorted({term.text for term in self._terms if term.obfuscated})
        self._hidden_automaton = ahocorasick_rs.AhoCorasick(
            self._hidden, matchkind=ahocorasick_rs.MatchKind.Standard
        )
        self._compile_column_tests()

    def _compile_column_tests(self) -> None:
        """Prepare the expressions by which `candidates` tests a whole column."""
        tests = [f"(?:{pattern})" for _, pattern, _ in self._patterns]
        self._tests = ["|".join([_TO_FOLD, *tests])] if len(tests) <= _FEW else [_TO_FOLD, *tests]
        self._han = [word for word in self._words if not _HAS_LATIN.search(word)]
        latin = [word for word in self._words if _HAS_LATIN.search(word)]
        ascii_only = [word for word in latin if word.isascii()]
        # `(?i)` beside Han costs six times the time; three spellings are what people write.
        spellings = (str.lower, str.upper, str.title)
        mixed = {spell(word) for word in latin if not word.isascii() for spell in spellings}
        # Rust's automaton over the words is twice as fast as Aho-Corasick, while it is small.
        self._words_tests = [
            _has_any(words, any_case=any_case)
            for words, any_case in ((self._han, False), (ascii_only, True), (sorted(mixed), False))
            if words
        ]
        pairs = {word[k : k + 2] for word in self._hidden for k in range(len(word) - 1)}
        self._pairs = sorted(pair for pair in pairs if not pair.isascii())
        self._apart = ""
        if self._pairs:
            first, second = (
                "".join(sorted({re.escape(pair[side]) for pair in self._pairs})) for side in (0, 1)
            )
            self._apart = f"(?i)[{first}]{_BETWEEN}{{1,{_LARGEST_GAP}}}[{second}]"
        self._apart_regex = re.compile(self._apart)

    def candidates(self, texts: pl.Series) -> pl.Series:
        """Whether each text may have a hit; where false (Boolean), `find` would find nothing."""
        if texts.null_count() == len(texts):
            return pl.repeat(value=False, n=len(texts), dtype=pl.Boolean, eager=True)
        frame = pl.DataFrame({"text": texts.fill_null("")}).with_row_index("row")
        text = pl.col("text")
        tests = [text.str.contains(pattern) for pattern in self._tests]
        tests += self._words_tests
        apart = text.str.contains(self._apart) if self._apart else pl.lit(value=False)
        frame = frame.with_columns(hit=pl.any_horizontal(tests), apart=apart)
        torn = self._torn_apart(frame.filter(pl.col("apart") & ~pl.col("hit")))
        return frame.select(pl.col("hit") | pl.col("row").is_in(torn)).to_series()

    def _torn_apart(self, frame: pl.DataFrame) -> pl.Series:
        """Rows where two neighbours of an obfuscated term stand with symbols between them."""
        if frame.is_empty():
            return frame["row"]
        pieces = frame.select("row", piece=pl.col("text").str.extract_all(self._apart))
        bare = pl.col("piece").str.replace_all(_BETWEEN, "").str.to_lowercase()
        return pieces.explode("piece").filter(bare.is_in(self._pairs)).get_column("row").unique()

    def find(self, text: str) -> list[Hit]:
        """All hits that stand as words, in order of place, longest first."""
        view, places = view_of(text)
        matches: set[Hit] = set()
        for index, start, end in self._automaton.find_matches_as_indexes(view, overlapping=True):
            word = self._words[index]
            if stands_alone(view, start, end, self._cut):
                matches.update(Hit(start, end, term.rule, word) for term in self._by_word[word])
        for word, start, end in self._obfuscated(view):
            rules = (term.rule for term in self._by_word[word] if term.obfuscated)
            matches.update(Hit(start, end, rule, word) for rule in rules)
        for rule, pattern, compiled in self._patterns:
            matches.update(Hit(*match.span(), rule, pattern) for match in compiled.finditer(view))
        hits = sorted(
            (hit for hit in matches if not self._void(hit, view)),
            key=lambda hit: (hit.start, -hit.end, hit.rule, hit.term),
        )
        if places is None:
            return hits
        return [Hit(places[h.start], places[h.end - 1] + 1, h.rule, h.term) for h in hits]

    def _void(self, hit: Hit, view: str) -> bool:
        unless = self._unless.get(hit.rule)
        if unless is None:
            return False
        return bool(unless.search(view[max(0, hit.start - _LEFT) : hit.start]))

    def _obfuscated(self, view: str) -> Iterator[tuple[str, int, int]]:
        """(term, start, end) of terms that have symbols between their characters."""
        if not self._hidden or not self._apart_regex.search(view):
            return
        bare = _BETWEEN_RUN.sub("", view)
        spans = self._hidden_automaton.find_matches_as_indexes(bare, overlapping=True)
        if not spans:
            return
        between = set("".join(_BETWEEN_RUN.findall(view)))
        places = [place for place, char in enumerate(view) if char not in between]
        for index, first, last in spans:
            word = self._hidden[index]
            start, end = places[first], places[last - 1] + 1
            gaps = [places[k + 1] - places[k] - 1 for k in range(first, last - 1)]
            cut = start and _latin(view[start]) and _latin(view[start - 1])
            if any(gaps) and max(gaps) <= _LARGEST_GAP and not cut:
                yield word, start, end


def _has_any(words: list[str], *, any_case: bool) -> pl.Expr:
    text = pl.col("text")
    if len(words) > _SMALL:
        return text.str.contains_any(words, ascii_case_insensitive=any_case)
    return text.str.contains(("(?i)" if any_case else "") + "|".join(map(re.escape, words)))


def view_of(text: str) -> tuple[str, list[int] | None]:
    """The view of a text; where characters were removed, also the place of each one that is left.

    >>> view_of("ＢＥＴ３６５"), view_of("办\u200b证")
    (('bet365', None), ('办证', [0, 2]))
    """
    view = (text.translate(_FOLD) if _WIDE.search(text) else text).lower()
    if not _INVISIBLE.search(view):
        return view, None
    hidden = set(_INVISIBLE.findall(view))
    places = [place for place, char in enumerate(view) if char not in hidden]
    return "".join(view[place] for place in places), places


def stands_alone(view: str, start: int, end: int, cut: Cutter = rust_words) -> bool:
    """Whether a term found in the view is a word, or words, and no part of other ones.

    >>> stands_alone("路口交通", 1, 3), stands_alone("代人办证", 2, 4)
    (False, True)
    >>> stands_alone("现代开发票务系统", 1, 5), stands_alone("专业代开发票", 2, 6)
    (False, True)
    >>> stands_alone("bet365官网", 0, 6), stands_alone("bet3650", 0, 6)
    (True, False)
    """
    first, last = view[start], view[end - 1]
    if _latin(first) and start and _latin(view[start - 1]):
        return False
    if _latin(last) and end < len(view) and _latin(view[end]):
        return False
    if _latin(first):
        return True
    left, right = clause(view, start, end)
    edges = word_edges(view[left:right], cut)
    begins, ends = start - left in edges, end - left in edges
    return begins or ends if end - start > _WORD_CHECKED_UP_TO else begins and ends


def _latin(char: str) -> bool:
    return char.isascii() and char.isalnum()
