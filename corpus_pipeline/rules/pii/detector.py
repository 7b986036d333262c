"""Find personal data in a text by the rules of a pack.

Enters: a text, and the anchors that the pre-test over the whole column saw in it.
Leaves: findings that do not overlap, as code-point offsets into the text, with type, tier and rule;
never the value.  Placeholders are skipped, and URLs by all rules but those with `in_url`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.pack import PackError, load, prove, rust_pattern
from corpus_pipeline.rules.pii.amounts import Amounts
from corpus_pipeline.rules.pii.checks import CHECKS, Check, local_number
from corpus_pipeline.rules.pii.pack import CODE, PiiPack, PiiRule
from corpus_pipeline.rules.proofs import known
from corpus_pipeline.text.pii.folded_view import BLANK, fold

#: Characters searched on either side of an anchor: room for the rest of a number and for a cue.
_LEFT, _RIGHT = 40, 40
#: A window is widened, by this many characters at most, until it does not end in a run of printable
#: ASCII characters: part of a number could look like a whole one.
_LONGEST_RUN = 512
#: Characters between a linked finding and the number that makes it personal,
#: and how many findings to either side can be the one.
_LINK, _NEAREST = 50, 4
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))

#: Digits with separators between them; a rule is tried if the longest run has its least digits.
_DIGIT_RUN = re.compile(
    r"[0-9][0-9 ()\[\]【】+_.·•*~/\-\t|=…、，\u2600-\u27bf\u2b00-\u2bff\U0001f300-\U0001faff]{5,}"
)
_NO_DIGIT = re.compile(r"[^0-9]+")

#: A piece of a pattern that the pack has a name for.
_PART = re.compile("«([a-z_]+)»")
#: The last of several groups of digits; what a check refuses may be a number and the next one.
_LAST_GROUP = re.compile(r"(?<=[0-9])[^0-9A-Za-z一-鿿]{1,3}[0-9]+$")
#: A name in the next sentence is another matter.
_SENTENCE_END = re.compile("[。！？]")
_URL = re.compile(r"(?i)(?:https?|ftp)://[!-;=?-~]+|www\.[!-;=?-~]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """A span of the text (code points) that is personal data by this rule; never its value."""

    start: int
    end: int
    type: str
    tier: int
    rule: str


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A rule with its patterns compiled and the names it refers to looked up."""

    rule: PiiRule
    rank: int
    pattern: re.Pattern[str]
    check: Check | None
    cue: tuple[str, ...]
    veto_left: re.Pattern[str] | None
    veto_right: re.Pattern[str] | None
    veto_around: re.Pattern[str] | None
    follows: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class _Window:
    """A part of the text around anchors, in which the rules of those anchors are tried."""

    start: int
    end: int
    anchors: set[str] = field(default_factory=set)


class Detector:
    """A compiled pack; `anchors` and `plain_anchors`: name → pattern, with and without the gate."""

    def __init__(self, pack: PiiPack) -> None:
        """Compile every pattern; `PackError` names a rule that does not compile."""
        self.pack = pack
        self.rules = pack.rules
        self.anchors = {
            name: _expand(name, anchor.pattern, pack.classes)
            for name, anchor in pack.anchors.items()
        }
        self.plain_anchors = {
            name: _expand(name, anchor.pattern, pack.plain)
            for name, anchor in pack.anchors.items()
            if not anchor.gated
        }
        self.pretests = _pretests(self.plain_anchors.values())
        #: With `first`, because Python tries every alternative at every place.
        self._regexes = {
            pattern: _regex(_led(pack.anchors[name].first, pattern), f"anchors.{name}")
            for table in (self.anchors, self.plain_anchors)
            for name, pattern in table.items()
        }
        self._amounts = Amounts(pack.amounts)
        compiled = [self._compile(rule) for rule in pack.rules]
        alone = [rule for rule in compiled if not rule.rule.linked]
        #: Linked rules in turn, addresses first, because a name may stand beside one.
        self._linked = [
            [rule for rule in compiled if rule.rule.linked and rule.rule.type == kind]
            for kind in dict.fromkeys(rule.type for rule in pack.rules if rule.linked)
        ]
        self._by_id = {rule.id: rule for rule in pack.rules}
        self._by_anchor = {
            name: [rule for rule in alone if name in rule.rule.anchor] for name in pack.anchors
        }
        self._again = {name for name, anchor in pack.anchors.items() if anchor.again}
        self._most_digits = max(rule.digits for rule in pack.rules)
        self._by_kind: dict[
            tuple[frozenset[str], int], list[tuple[tuple[str, ...], list[_Compiled]]]
        ] = {}
        names = "|".join(sorted({re.escape(t.placeholder[1:-1]) for t in pack.types.values()}))
        #: Placeholders, those with a code too, and numbers with a part of them behind stars.
        self._placeholder = re.compile(
            f"<(?:{names}){CODE}>"
            r"|(?<![0-9A-Za-z])[0-9A-Za-z一-鿿]{1,8}\*{4}"
            r"(?:@[0-9A-Za-z.\-]{1,64}|[0-9A-Za-z]{0,6}(?![0-9A-Za-z]))"
        )

    def _compile(self, rule: PiiRule) -> _Compiled:
        references: list[tuple[str | None, Collection[str], str]] = [
            (rule.type, self.pack.types, "type"),
            (rule.check, CHECKS, "check"),
            (rule.cue, self.pack.cues, "cue"),
            *((anchor, self.anchors, "anchor") for anchor in rule.anchor),
            *((kind, self.pack.types, "type") for kind in rule.linked),
        ]
        for value, table, noun in references:
            if value is not None and value not in table:
                end = nearest(value, list(table))
                raise PackError(f"rule {rule.id}: there is no {noun} {value!r}{end}")
        where = f"rule {rule.id}: {{}}"
        pattern = self._part(rule.pattern, where.format("pattern"))
        if "v" not in pattern.groupindex:
            raise PackError(f"rule {rule.id}: pattern has no group v")
        return _Compiled(
            rule,
            self.pack.types[rule.type].rank,
            pattern,
            CHECKS[rule.check] if rule.check else None,
            self.pack.cues[rule.cue] if rule.cue else (),
            *(
                self._part(part, where.format(name)) if part else None
                for name, part in (
                    ("veto_left", rule.veto_left),
                    ("veto_right", rule.veto_right),
                    ("veto_around", rule.veto_around),
                    ("follows", rule.follows),
                )
            ),
        )

    def _part(self, pattern: str, where: str) -> re.Pattern[str]:
        """The pattern with its «parts» spelled out, twice because a part may name another."""

        def spelled(name: re.Match[str]) -> str:
            if name[1] not in self.pack.parts:
                raise PackError(f"{where}: there is no part {name[1]!r}")
            return self.pack.parts[name[1]]

        return _regex(_PART.sub(spelled, _PART.sub(spelled, pattern)), where)

    def find(self, text: str, anchors: Mapping[str, str] | None = None) -> list[Finding]:
        """All findings of a text, in order, none overlapping.

        `anchors`: name → pattern of the anchors to look for; without it all of them.
        """
        found: list[tuple[int, Finding]] = []
        for window in self._windows(text, self.anchors if anchors is None else anchors):
            found.extend(self._find_in(text, window))
        chosen = _resolve(found)
        for rules in self._linked if chosen else ():
            chosen = self._with_linked(text, chosen, rules)
        return chosen

    def _with_linked(
        self, text: str, found: list[Finding], rules: list[_Compiled]
    ) -> list[Finding]:
        """The findings, and what the rules find within `_LINK` characters of one that links."""
        kinds = {kind for compiled in rules for kind in compiled.rule.linked}
        spots = [finding for finding in found if finding.type in kinds]
        more: list[tuple[int, Finding]] = []
        window: _Window | None = None
        for spot in spots:
            start, end = max(0, spot.start - _LINK), spot.end + _LINK
            if window is not None and start <= window.end:
                window = _Window(window.start, end)
                continue
            if window is not None:
                more.extend(self._beside(text, window, rules, spots))
            window = _Window(start, end)
        if window is not None:
            more.extend(self._beside(text, window, rules, spots))
        taken = [(finding.start, finding.end) for finding in found]
        free = [finding for finding in _resolve(more) if _free(taken, finding.start, finding.end)]
        return sorted([*found, *free], key=lambda finding: finding.start) if free else found

    def _beside(
        self, text: str, window: _Window, rules: list[_Compiled], spots: list[Finding]
    ) -> Iterator[tuple[int, Finding]]:
        for rank, finding in self._search(text, window, lambda _view, _lower: rules):
            rule = self._by_id[finding.rule]
            after = bisect_left(spots, finding.start, key=lambda spot: spot.start)
            if any(
                spot.type in rule.linked
                and spot.start - finding.end <= rule.link
                and finding.start - spot.end <= rule.link
                and not _SENTENCE_END.search(text, *_between(spot, finding))
                for spot in spots[max(0, after - _NEAREST) : after + _NEAREST]
            ):
                yield rank, finding

    def _windows(self, text: str, anchors: Mapping[str, str]) -> Iterator[_Window]:
        spots = sorted(
            (match.start(), match.end(), name)
            for name, pattern in anchors.items()
            for match in self._regexes[pattern].finditer(text)
        )
        current: _Window | None = None
        for start, end, name in spots:
            if current is not None and end + _RIGHT <= current.end:
                current.anchors.add(name)
                continue
            left, right = _widen(text, start, end)
            if current is not None and left <= current.end:
                current = _Window(current.start, max(right, current.end), current.anchors)
            else:
                if current is not None:
                    yield current
                current = _Window(left, right)
            current.anchors.add(name)
        if current is not None:
            yield current

    def _find_in(self, text: str, window: _Window) -> Iterator[tuple[int, Finding]]:
        return self._search(text, window, lambda view, lower: self._open(window, view, lower))

    def _search(
        self, text: str, window: _Window, opened: Callable[[str, str], Iterable[_Compiled]]
    ) -> Iterator[tuple[int, Finding]]:
        piece = text[window.start : window.end]
        if "<" in piece or "****" in piece:
            piece = self._placeholder.sub(lambda match: BLANK * len(match[0]), piece)
        view, places = fold(piece)
        lower = view.lower()
        linked = "://" in lower or "www." in lower
        urls = [match.span() for match in _URL.finditer(view)] if linked else []
        for compiled in opened(view, lower):
            if compiled.rule.holds not in view:
                continue
            for start, end, tier in self._matches(compiled, view, urls):
                first = places[start] if places else start
                last = places[end - 1] if places else end - 1
                finding = Finding(
                    window.start + first,
                    window.start + last + 1,
                    compiled.rule.type,
                    tier,
                    compiled.rule.id,
                )
                yield compiled.rank, finding

    def _open(self, window: _Window, view: str, lower: str) -> Iterator[_Compiled]:
        """The rules that the window's anchors, its digits and its words allow.

        Windows come in few kinds, so the rules of a kind are looked up once; those that need a cue
        lie together by cue, whose words are sought once for all of them.
        """
        most = max((len(_NO_DIGIT.sub("", run)) for run in _DIGIT_RUN.findall(view)), default=0)
        names = window.anchors
        if not names.isdisjoint(self._again):
            again = {name for name, pattern in self.anchors.items() if self._shown(pattern, view)}
            names = names | again
        kind = (frozenset(names), min(most, self._most_digits))
        if kind not in self._by_kind:
            rules = {
                compiled.rule.id: compiled for name in kind[0] for compiled in self._by_anchor[name]
            }
            groups: dict[tuple[str, ...], list[_Compiled]] = {}
            for compiled in rules.values():
                if compiled.rule.digits <= most:
                    groups.setdefault(compiled.cue if compiled.rule.needs_cue else (), []).append(
                        compiled
                    )
            self._by_kind[kind] = list(groups.items())
        for cue, rules_of_cue in self._by_kind[kind]:
            if not cue or _holds_any(lower, cue):
                yield from rules_of_cue

    def _shown(self, pattern: str, view: str) -> bool:
        return self._regexes[pattern].search(view) is not None

    def _matches(
        self, compiled: _Compiled, view: str, urls: list[tuple[int, int]]
    ) -> Iterator[tuple[int, int, int]]:
        rule = compiled.rule
        for match in compiled.pattern.finditer(view):
            group = "v" if match["v"] is not None else "w"
            start, end = match.span(group)
            if not rule.in_url and any(a < end and start < b for a, b in urls):
                continue
            cued = self._cued(compiled, view, start, end)
            if rule.needs_cue and not cued:
                continue
            # A rule that needs a cue has one at every match: its vetoes are asked all the same.
            if (rule.needs_cue or not cued) and _vetoed(compiled, view, start, end):
                continue
            ends = _checked(compiled, view, start, end, cued)
            if ends is None:
                continue
            end = ends
            if rule.amounts and self._is_amount(compiled, view, start, end):
                continue
            tier = rule.cued_tier if cued and rule.cued_tier else rule.tier
            yield start, end, tier
            for first, last in self._following(compiled, view, end):
                yield first, last, tier

    def _following(self, compiled: _Compiled, view: str, end: int) -> Iterator[tuple[int, int]]:
        """The other numbers of a list whose first number ends at `end`, as spans of the view."""
        while compiled.follows and (match := compiled.follows.match(view, end)):
            start, end = match.span("v")
            if not local_number(match["v"], compiled.rule.needs_cue) or self._is_amount(
                compiled, view, start, end
            ):
                return
            yield start, end

    def _is_amount(self, compiled: _Compiled, view: str, start: int, end: int) -> bool:
        """Whether the number counts or measures something; a cue directly before it denies that."""
        return self._amounts.holds(view, start, end, compiled.cue, self.pack.cue_left)

    def _cued(self, compiled: _Compiled, view: str, start: int, end: int) -> bool:
        if not compiled.cue:
            return False
        beside = view[max(0, start - self.pack.cue_left) : start].lower()
        if compiled.rule.cued_right or compiled.rule.needs_cue:
            beside += "\n" + view[end : end + self.pack.cue_right].lower()
        return _holds_any(beside, compiled.cue)


def _between(one: Finding, other: Finding) -> tuple[int, int]:
    """The span between two findings that do not overlap."""
    return min(one.end, other.end), max(one.start, other.start)


def _holds_any(text: str, words: tuple[str, ...]) -> bool:
    """Whether the text holds one of the words; a plain loop is twice as fast as `any`."""
    for word in words:  # noqa: SIM110 – see above
        if word in text:
            return True
    return False


def _regex(pattern: str, where: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise PackError(f"{where} is no pattern: {error}") from error


def _expand(name: str, pattern: str, classes: Mapping[str, str]) -> str:
    """The pattern of an anchor with its classes spelled out; it must compile in Rust too."""

    def spelled(letter: re.Match[str]) -> str:
        if letter[1] not in classes:
            raise PackError(f"anchors.{name}: there is no class {letter[1]!r}")
        return classes[letter[1]]

    try:
        return rust_pattern(re.sub(r"\{([a-z])\}", spelled, pattern))
    except ValueError as error:
        raise PackError(f"anchors.{name} {error}") from None


def _led(first: str, pattern: str) -> str:
    """The pattern behind a look-ahead for the characters it begins with, if these are told."""
    return f"(?=[{first}])(?:{pattern})" if first else pattern


def _pretests(patterns: Collection[str]) -> tuple[str, ...]:
    """Patterns of which one holds where one of these does.

    Rust finds a pattern by the rare bytes with which it begins, so that ten in turn take a third of
    the time of their union (measured); those that begin with a digit have the same bytes.
    """
    digits = [pattern for pattern in patterns if pattern.startswith("[0-9]")]
    others = [pattern for pattern in patterns if not pattern.startswith("[0-9]")]
    return "|".join(digits), *others


def _checked(compiled: _Compiled, view: str, start: int, end: int, cued: bool) -> int | None:
    """Where the value ends that satisfies the check of its rule; None where none does."""
    while compiled.check is not None and not compiled.check(view[start:end], cued):
        last = _LAST_GROUP.search(view, start, end)
        if not compiled.rule.shorten or last is None:
            return None
        end = last.start()
    return end


def _vetoed(compiled: _Compiled, view: str, start: int, end: int) -> bool:
    left, right = view[max(0, start - 24) : start], view[end : end + 16]
    if compiled.veto_left and compiled.veto_left.search(left):
        return True
    if compiled.veto_right and compiled.veto_right.search(right):
        return True
    if compiled.veto_around is None:
        return False
    around = f"{view[max(0, start - 48) : start]}§{view[end : end + 24]}"
    return bool(compiled.veto_around.search(around))


def _widen(text: str, start: int, end: int) -> tuple[int, int]:
    left, right = max(0, start - _LEFT), min(len(text), end + _RIGHT)
    before = text[max(0, left - _LONGEST_RUN) : left]
    after = text[right : right + _LONGEST_RUN]
    left -= len(before) - len(before.rstrip(_PRINTABLE))
    return left, right + len(after) - len(after.lstrip(_PRINTABLE))


def _resolve(found: list[tuple[int, Finding]]) -> list[Finding]:
    """Findings without overlaps: the lower rank wins, then the longer span, then the earlier."""
    chosen: list[Finding] = []
    order = sorted(found, key=lambda f: (f[0], f[1].start - f[1].end, f[1].start, f[1].rule))
    taken: list[tuple[int, int]] = []
    for _, finding in order:
        if _free(taken, finding.start, finding.end):
            chosen.append(finding)
    return sorted(chosen, key=lambda finding: finding.start)


def _free(taken: list[tuple[int, int]], start: int, end: int) -> bool:
    """Whether the span overlaps none of `taken` (sorted); a free one is inserted there."""
    low, high = 0, len(taken)
    while low < high:
        middle = (low + high) // 2
        if taken[middle][0] < end:
            low = middle + 1
        else:
            high = middle
    if low and taken[low - 1][1] > start:
        return False
    taken.insert(low, (start, end))
    return True


def load_detector(asset: Asset) -> Detector:
    """The detector of a pack, checked against its own examples."""
    return load(asset, PiiPack, _detector)


def _detector(pack: PiiPack) -> Detector:
    detector = Detector(pack)

    def judges(rule: PiiRule, example: str) -> bool:
        return any(finding.rule == rule.id for finding in detector.find(example))

    prove(pack.rules, judges)
    if known():
        return detector
    for rule in pack.rules:  # a miss of a rule is a miss of all rules of its type
        for example in rule.misses:
            for finding in detector.find(example):
                if finding.type == rule.type:
                    raise PackError(
                        f"rule {rule.id}: rule {finding.rule} finds its miss {example!r}"
                    )
    return detector
