"""A parsed page as a tree of blocks with their lines: what the scorer of `html` looks at.

Enters: lexbor's tree, and patterns over names.  Leaves: a `Page`.
Refuses: to judge lines, and to recurse: parents and children are indexes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser


@dataclass(frozen=True, slots=True)
class Bounds:
    """The numbers of the scorer; `rules/packs/extract.yaml` says why each is what it is."""

    dominant_share: float
    thread_share: float
    link_price: float
    item_price: float
    short_weight: float
    short_line: int
    skipped_weight: float
    unwanted_weight: float
    wanted_weight: float
    body_weight: float
    title_weight: float
    overruling_share: float
    link_line_share: float


@dataclass(frozen=True, slots=True)
class Hints:
    """Patterns over names (class, id and role) and over whole lines."""

    skipped_tags: frozenset[str]
    skipped: re.Pattern[str]  # names of what is never the text
    unwanted: re.Pattern[str]  # of what stands around it
    replies: re.Pattern[str]  # of what does so in an article, and is the text of a thread
    wanted: re.Pattern[str]
    body: re.Pattern[str]  # of the text itself, in the systems that publish most pages
    noise: re.Pattern[str]  # lines of the site
    lead: re.Pattern[str]  # lines of the site before the text begins
    end: re.Pattern[str]  # headings after which the text does not come back
    #: Weights of names seen before, in articles and in threads: sites repeat their names.
    seen: tuple[dict[str, float], dict[str, float]] = field(default_factory=lambda: ({}, {}))


@dataclass(slots=True)
class Line:
    """A piece of text between two breaks, and the block it stands in."""

    block: int
    text: str
    size: int  # characters without white space
    links: int  # of them, in links
    marked: bool  # whether it has sentence punctuation
    tag: str
    score: float = 0.0
    prose: bool = False
    noise: bool = False


@dataclass(slots=True)
class Block:
    """A block element; children and parents are indexes, so that depth costs no recursion."""

    tag: str
    parent: int
    weight: float
    lines: list[int] = field(default_factory=list)
    children: list[int] = field(default_factory=list)
    worth: float = 0.0  # what is kept of it earns this much
    prose: float = 0.0  # the part of it that comes from sentences, weighed by names
    said: int = 0  # its characters in sentences, whatever it is called
    links: int = 0


def _tags(words: str) -> frozenset[str]:
    return frozenset(words.split())


_BLOCKS = _tags(
    "address article aside blockquote body dd details dir div dl dt fieldset figcaption"
    " figure footer form h1 h2 h3 h4 h5 h6 header hgroup html li main menu nav ol p pre section"
    " summary table tbody td tfoot th thead tr ul caption"
)
_BREAKS = _BLOCKS | _tags("br hr")
#: Elements without text, or whose text is none; the parser removes them.
_NO_TEXT = sorted(
    _tags(
        "script style textarea iframe noembed noframes xmp svg template select math img input link"
    )
)
#: Elements within a line; the parser takes them away and leaves their text.
_INLINE = sorted(
    _tags(
        "span font b strong em i u small big sup sub s strike tt ins del mark abbr cite code nobr"
        " wbr center label var kbd samp q dfn acronym bdo bdi time"
    )
)
#: What a reader does not see; `jammer` is the noise that Discuz forums hide in their posts.
_HIDDEN = '[hidden],[style*="display:none" i],[style*="display: none" i],.jammer'
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
#: A tag as the parser writes it (double quotes only, all values escaped) and the text after it.
_TOKEN = re.compile(r'<(/?)([a-z][^\s>]*)((?:\s[^\s=>]*(?:="[^"]*")?)*+)\s*>([^<]*)')
#: How many names are remembered.
_SEEN = 50_000
_NAMED = re.compile(r'\s(?:class|id|role)="([^"]*)"')
_MARKS = re.compile(r"[，。！？；、,!?;…]|\.(?=\s|$)")
_SPACE = re.compile(r"[^\S\n]*\n\s*|[ \t\r\f\v\u00a0]+")


class Page:
    """The lines and blocks of one page, filled tag by tag."""

    def __init__(self, bounds: Bounds, hints: Hints, *, thread: bool) -> None:
        """An empty page."""
        self.bounds, self.hints, self.thread = bounds, hints, thread
        self.blocks = [Block("html", -1, 1.0)]
        self.lines: list[Line] = []
        self.weights = hints.seen[thread]
        self.at = 0  # the block we are in
        self.in_pre = 0

    def weight(self, attributes: str) -> float:
        """Below 1 = unlikely main content, above 1 = likely, by class, id and role."""
        names = " ".join(_NAMED.findall(attributes)).lower()
        found = self.weights.get(names)
        if found is None:
            if len(self.weights) > _SEEN:
                self.weights.clear()
            found = self.weights[names] = self._weight(names)
        return found

    def _weight(self, names: str) -> float:
        hints, bounds = self.hints, self.bounds
        if hints.body.search(names):
            return bounds.body_weight
        if hints.skipped.search(names):
            return bounds.skipped_weight
        if hints.unwanted.search(names):
            return bounds.unwanted_weight
        if not self.thread and hints.replies.search(names):
            return bounds.unwanted_weight
        return bounds.wanted_weight if hints.wanted.search(names) else 1.0

    def enter(self, tag: str, attributes: str) -> None:
        """Begin a block in the one we are in."""
        weight = self.weight(attributes) if attributes and tag != "body" else 1.0
        self.blocks[self.at].children.append(len(self.blocks))
        self.blocks.append(Block(tag, self.at, weight))
        self.at = len(self.blocks) - 1
        self.in_pre += tag == "pre"

    def leave(self, tag: str) -> None:
        """End the block we are in; the parser closes in order."""
        block = self.blocks[self.at]
        if block.tag == tag:
            self.at = block.parent
            self.in_pre -= tag == "pre"

    def line(self, raw: str, links: int) -> None:
        """End a line; in `pre` each line of the source is one, with its indentation."""
        if "&" in raw:
            for entity, character in _ENTITIES:
                raw = raw.replace(entity, character)
        if self.in_pre:
            for piece in raw.split("\n"):
                if text := piece.rstrip():
                    self._store(text, links, "pre")
            return
        text = raw.strip()
        if text:
            if _uneven(text):
                text = _SPACE.sub(_one_space, text)
            self._store(text, links, self.blocks[self.at].tag)

    def _store(self, text: str, links: int, tag: str) -> None:
        size = len(text) - text.count(" ")
        self.blocks[self.at].lines.append(len(self.lines))
        marked = size >= self.bounds.short_line and _MARKS.search(text) is not None
        self.lines.append(Line(self.at, text, size, min(links, size), marked, tag))


_ENTITIES = (("&nbsp;", "\u00a0"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&"))


def _uneven(text: str) -> bool:
    """Whether `_SPACE` has work to do: five plain searches are faster than one pattern."""
    return "\n" in text or "  " in text or "\t" in text or "\r" in text or "\u00a0" in text


def _one_space(match: re.Match[str]) -> str:
    # A line break in the source between two Han characters is no space.
    before = match.string[match.start() - 1 : match.start()]
    after = match.string[match.end() : match.end() + 1]
    wide = "\n" in match[0] and before >= "\u2e80" and after >= "\u2e80"
    return "" if wide else " "


def source_of(tree: LexborHTMLParser, hints: Hints) -> str:
    """The markup that is left when the parser has removed what holds no text of the page."""
    tree.strip_tags([*_NO_TEXT, *hints.skipped_tags])
    for node in tree.css(_HIDDEN):
        if node.tag not in {"html", "body"}:
            node.decompose()
    tree.unwrap_tags(_INLINE)
    source = tree.html or ""
    return _COMMENT.sub("", source) if "<!--" in source else source


def read_blocks(source: str, bounds: Bounds, hints: Hints, *, thread: bool) -> Page:
    """The blocks and lines of the markup that `source_of` leaves."""
    page = Page(bounds, hints, thread=thread)
    parts: list[str] = []
    links, in_link = 0, False
    for close, tag, attributes, text in _TOKEN.findall(source):
        if tag in _BREAKS and parts:
            page.line("".join(parts), links)
            parts, links = [], 0
        if tag in _BLOCKS:
            if close:
                page.leave(tag)
            else:
                page.enter(tag, attributes)
        elif tag == "a":
            in_link = not close
        if text and not text.isspace():
            parts.append(text)
            if in_link:
                links += len(text.strip())
        elif text and parts:
            parts.append(text)
    return page
