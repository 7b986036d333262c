"""Names that stand where a page offers its site: X体育app下载, 【X娱乐官网】, a keyword line.

Enters: a title, a text, and `Frames`: what such names end in, what follows them, what they are not.
Leaves: each framed name with its place, and where the bare name stands elsewhere.
Refuses: to know any name.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Zone = Literal["title", "bracket", "keywords", "head", "tail", "body"]

#: A name goes on for so many characters before its ending.
_LONGEST = 8
_ITEM = re.compile(r"[^\s,，、;；:：|]+")
#: Names of one text for which the text is searched.
_SEARCHED = 32
#: Characters of the head and of the tail of a text in which a site names itself.
EDGE = 60
_KEYWORDS = re.compile(
    r"[ \t]*(?:本文)?(?:关键词|关键字|标签|tags?|keywords?)[ \t]*[:：]", re.IGNORECASE
)
_LABELS = re.compile("关键词|关键字|标签|tag|keyword", re.IGNORECASE)
_BOUNDARY = "\n，。、；：！？,;:!?|_【】《》「」“”()（）/— \t-"


@dataclass(frozen=True, slots=True)
class Frames:
    """The expressions of framed names (group `name`), and of what must not stand in one.

    `framed` names tell by their ending what they sell; `plain` ones are any words, `listed` ones
    the items of a line of key words.
    """

    framed: re.Pattern[str]
    plain: re.Pattern[str]
    listed: re.Pattern[str]
    unless: re.Pattern[str]
    #: Names of a list, with or without site words.
    known: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Framed:
    """A name in its frame: code points of the title or of the text."""

    name: str
    start: int
    end: int
    zone: Zone
    plain: bool = False


def frames(
    endings: Sequence[str], sites: Sequence[str], plain: Sequence[str], unless: Sequence[str]
) -> Frames:
    """Compile the expressions.

    A framed name has up to eight characters and one of `endings`; one or more of `sites` follow.  A
    plain name begins a clause: two to eight characters before one of `plain`, or letters with two
    digits or more (js333) before one of `sites`.  Neither holds one of `unless`.
    """
    ending, site, offer = (
        "|".join(sorted(map(re.escape, words), key=len, reverse=True))
        for words in (endings, sites, plain)
    )
    name = rf"[a-z0-9一-鿿]{{1,{_LONGEST}}}?(?P<ending>{ending})"
    framed = re.compile(rf"(?P<name>{name})(?P<frame>(?:{site})+)", re.IGNORECASE)
    clause = "".join(map(re.escape, _BOUNDARY))
    bare_name = re.compile(
        rf"(?:^|(?<=[{clause}]))(?:(?P<coded>[a-z]{{1,10}}[0-9]{{2,6}})(?:{site})"
        rf"|(?P<name>[a-z0-9一-鿿]{{2,8}}?)(?:{offer}))",
        re.IGNORECASE,
    )
    item = re.compile(rf"(?P<name>[a-z0-9一-鿿]{{2,8}}?)(?:{site})+", re.IGNORECASE)
    return Frames(framed, bare_name, item, re.compile("|".join(map(re.escape, unless))))


def framed_names(text: str, kinds: Frames, *, title: bool = False) -> Iterator[Framed]:
    """The framed names of a title or a text, then the plain ones outside its middle.

    >>> kinds = frames(["体育", "娱乐"], ["app", "官网", "下载"], ["官网"], ["新浪"])
    >>> [(f.name, f.zone) for f in framed_names("【某某体育app下载】春耕", kinds)]
    [('某某体育', 'bracket')]
    >>> [(f.name, f.plain) for f in framed_names("某某会官网", kinds)]
    [('某某会', True)]
    >>> list(framed_names("新浪体育官网", kinds))
    []
    """
    known: dict[str, str] = {}
    begins: list[int] = []
    ends: list[int] = []
    listed = keyword_lines(text)
    for match in kinds.framed.finditer(text):
        name = _name(match["name"], match["ending"], text, match.start(), known)
        if not kinds.unless.search(name):
            start = match.end("name") - len(name)
            zone = "title" if title else _zone(text, start, match.end(), listed)
            yield Framed(name.lower(), start, match.end(), zone)
            begins.append(start)
            ends.append(match.end())
    for match in kinds.known.finditer(text) if kinds.known else ():
        near = bisect_right(ends, match.start())
        if near == len(ends) or begins[near] >= match.end():
            zone = "title" if title else _zone(text, match.start(), match.end(), listed)
            yield Framed(match.group().lower(), match.start(), match.end(), zone)
    yield from _listed_names(text, kinds, listed)
    for match in kinds.plain.finditer(text):
        zone = "title" if title else _zone(text, match.start(), match.end(), listed)
        name = match["coded"] or match["name"]
        taken = kinds.framed.search(match.group()) or kinds.unless.search(name)
        if zone != "body" and not taken:
            yield Framed(name.lower(), match.start(), match.end(), zone, plain=True)


def _listed_names(text: str, kinds: Frames, listed: Sequence[tuple[int, int]]) -> Iterator[Framed]:
    """Names of which a line of key words has two items or more, and the text nothing else."""
    for begin, end in listed:
        items: dict[str, list[tuple[int, int]]] = {}
        for item in _ITEM.finditer(text, begin, end):
            match = kinds.listed.fullmatch(item.group())
            if match and not kinds.unless.search(match["name"]):
                items.setdefault(match["name"].lower(), []).append(item.span())
        for name, spans in [*items.items()][:_SEARCHED]:
            line = text[begin:end].lower().count(name)
            if len(spans) > 1 and text.lower().count(name) == line:
                for start, stop in spans:
                    yield Framed(name, start, stop, "keywords")


def _name(found: str, ending: str, text: str, start: int, known: dict[str, str]) -> str:
    """The name without words before it: the longest part of it that the text repeats.

    Of one that stands once, all of it at the beginning of a clause, else four characters and its
    ending.  `known`: what was found out before; a text is searched for a few names only.
    """
    if found not in known:
        tails = [found[-len(ending) - before :] for before in (4, 3, 2)]
        if start == 0 or text[start - 1] in _BOUNDARY:
            tails.insert(0, found)
        searched = tails if len(known) < _SEARCHED else []
        known[found] = next((tail for tail in searched if text.count(tail) > 1), tails[0])
    return known[found]


def _zone(text: str, start: int, end: int, listed: Sequence[tuple[int, int]]) -> Zone:
    """Where in a text a name stands; `listed`: its lines of key words."""
    opening = text.rfind("【", max(0, start - 40), start)
    if opening >= 0 and text.find("】", opening, start) < 0:
        return "bracket"
    near = bisect_right(listed, (start, len(text))) - 1
    if near >= 0 and listed[near][1] > start:
        return "keywords"
    if start < EDGE:
        return "head"
    return "tail" if end > len(text) - EDGE else "body"


def bare(text: str, name: str, taken: Sequence[tuple[int, int]] = ()) -> list[tuple[int, int]]:
    """Where a name stands in a lower-case text outside the ranges `taken` (sorted, apart)."""
    begins = [begin for begin, _ in taken]
    places, at = [], text.find(name)
    while at >= 0:
        end = at + len(name)
        near = bisect_left(begins, end) - 1
        if near < 0 or taken[near][1] <= at:
            places.append((at, end))
        at = text.find(name, end)
    return places


def keyword_lines(text: str) -> list[tuple[int, int]]:
    """The lines that list key words, in order, each with the line break before it."""
    found: list[tuple[int, int]] = []
    if not _LABELS.search(text):
        return found
    for match in re.finditer(r"(?:^|\n)[^\n]*", text):
        begin = match.start() + (text[match.start() : match.start() + 1] == "\n")
        if _KEYWORDS.match(text, begin):
            found.append(match.span())
    return found


def shown_names(title: str, text: str, kinds: Frames) -> dict[str, bool]:
    """Names that a page shows to search engines: name → whether it stands in a frame.

    Looked at are the parts of the title, the bracket that a text begins with and lines of key
    words; a part of the title or a bracket without site words is a bare name.
    """
    parts = [part.strip() for part in re.split(r"[_|—–\-－｜丨]+", title)]
    bracket = re.match(r"\s*【([^】\n]{2,30})】", text)
    parts = parts if len(parts) > 1 else []
    items = [m.group() for a, b in keyword_lines(text) for m in _ITEM.finditer(text, a, b)]
    shown: dict[str, bool] = {}
    for part in [*parts, *([bracket[1]] if bracket else []), *items]:
        match = kinds.listed.fullmatch(part)
        name = (match["name"] if match else part).lower()
        if 1 < len(name) <= _LONGEST + 2 and not kinds.unless.search(name):
            shown[name] = shown.get(name, False) or match is not None
    return shown
