"""A parsed page as a tree of blocks and lines, as the scorer in `main_text` reads it.

Enters: lexbor's tree, the bounds of the scorer, and patterns over names and lines.
Leaves: a `Page`: blocks and lines in the order of the source.  Parents and children are indexes
into `Page.blocks`, and a parent comes before its children, so that nothing recurses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from corpus_pipeline.text.html.formulas import FORMULAS, formulas_as_text, may_be_formula


@dataclass(frozen=True, slots=True)
class Bounds:
    """The numbers of the scorer; `rules/packs/extract.yaml` gives the reason for each."""

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
    verse_share: float
    posts_share: float
    posts_fewest: int
    posts_alike: int
    posts_tried: int
    posts_signed_one_in: int
    posts_saying_one_in: int
    posts_lead_share: float
    replies_share: float
    labels_repeat: int


@dataclass(frozen=True, slots=True)
class Hints:
    """Patterns over names (class, id and role of an element) and over whole lines."""

    skipped_tags: frozenset[str]
    # Names of elements:
    skipped: re.Pattern[str]  # never main text
    unwanted: re.Pattern[str]  # menus, lists of links and the like around the text
    replies: re.Pattern[str]  # comments; beside an article unwanted, in a thread text
    posters: re.Pattern[str]  # panels about the writer of a post in a thread
    wanted: re.Pattern[str]  # likely main text
    body: re.Pattern[str]  # main text, in the systems that publish most pages
    # Lines:
    noise: re.Pattern[str]  # boilerplate, known by how the line begins
    stamps: re.Pattern[str]  # boilerplate, known by what is anywhere in the line
    moments: re.Pattern[str]  # in a thread: who wrote a post, and when
    lead: re.Pattern[str]  # boilerplate before the text begins
    end: re.Pattern[str]  # headings after which no main text follows
    #: What `Page.named` answered before, for articles and for threads: sites repeat attributes.
    named_cache: tuple[dict[str, Named], dict[str, Named]] = field(default_factory=lambda: ({}, {}))


class Traits(NamedTuple):
    """What the names of an element say about it."""

    weight: float = 1.0  # factor on the worth of the element; below 1 it is no main text
    is_reply: bool = False
    is_poster: bool = False
    is_wanted: bool = False


#: Class, id and role with each number as 0 (posts are numbered), and their traits.
Named = tuple[str, Traits]
_NO_TRAITS = Traits()
_NAMELESS = ("", _NO_TRAITS)


@dataclass(slots=True)
class Line:
    """A piece of text between two breaks."""

    block: int  # index of the block that holds it
    text: str
    size: int  # characters without spaces
    links: int  # how many of them are in links
    marked: bool  # whether it has sentence punctuation
    tag: str  # of the block; `pre` also for blocks within a `pre`
    # The scorer sets these:
    score: float = 0.0
    prose: bool = False
    noise: bool = False  # boilerplate


class Block:
    """A block element; `parent`, `children` and `end` are indexes into `Page.blocks`."""

    __slots__ = (
        "children",
        "end",
        "kind",
        "lines",
        "links",
        "parent",
        "place",
        "plain",
        "prose_size",
        "prose_worth",
        "tag",
        "traits",
        "weight",
        "worth",
    )
    # The scorer sets these; each covers the block and all blocks in it:
    worth: float  # scores of the lines, weighed by names; children below 0 do not count
    prose_worth: float  # the part of `worth` that comes from lines of prose
    prose_size: int  # characters in lines of prose, whatever the names are
    links: int  # characters in links
    plain: int  # characters outside of links and boilerplate

    def __init__(self, tag: str, parent: int, traits: Traits, kind: int, place: int) -> None:
        """An empty block; blocks have one `kind` if tags and names agree from the root on."""
        self.tag = tag
        self.parent = parent
        self.traits = traits
        self.kind = kind
        self.place = place  # among the children of its parent
        self.weight = traits.weight
        self.lines: list[int] = []
        self.children: list[int] = []
        self.end = 0  # index of the first block after it that is not in it


def _tags(words: str) -> frozenset[str]:
    return frozenset(words.split())


_BLOCKS = _tags(
    "address article aside blockquote body dd details dir div dl dt fieldset figcaption"
    " figure footer form h1 h2 h3 h4 h5 h6 header hgroup html li main menu nav ol p pre section"
    " summary table tbody td tfoot th thead tr ul caption"
)
#: Elements without text for a reader; `source_of` removes them.
_NO_TEXT = sorted(
    _tags("script style textarea iframe noembed noframes xmp svg template select rp rt")
)
#: Elements that are not displayed, and what software inserts into an author's lines: `jammer` is
#: the junk that Discuz forums hide in their posts, `pstatus` their note of an edit.
_HIDDEN = (
    '[hidden],[style*="display:none" i],[style*="display: none" i],.jammer,.pstatus,.mw-editsection'
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
#: Blocks that hold nothing but links.  The scorer would give them nothing, and they have a third of
#: a page's tags, so they are removed before the blocks are read (not in threads).
_WITHIN_LINK = r"(?:[^<]|<(?:img|/?(?:span|i|b|em|strong|font))\b[^>]*>)*+"
_ONLY_LINKS = re.compile(
    r"<(li|div|dd|dt|p)(?:\s[^>]*)?>"
    rf"(?:(?:\s|\||&nbsp;)*+<a\b[^>]*>{_WITHIN_LINK}</a>)++(?:\s|\||&nbsp;)*+</\1>"
)
#: Entries of `named_cache` before it is cleared, and characters of its longest key.
_CACHE_ENTRIES, _LONGEST_KEY = 20_000, 200
_NAMED = re.compile(r'(?:^|\s)(?:class|id|role)="([^"]*)"')
_DIGITS = re.compile(r"\d+")
_MARKS = re.compile(r"[，。！？；、,!?;…]|\.(?=\s|$)")
_SPACE = re.compile(r"[^\S\n]*\n\s*|[ \t\r\f\v\u00a0]+")


class Page:
    """The lines and blocks of one page, filled tag by tag."""

    def __init__(self, bounds: Bounds, hints: Hints, *, thread: bool) -> None:
        """An empty page."""
        self.bounds, self.hints, self.thread = bounds, hints, thread
        self.blocks = [Block("html", -1, _NO_TRAITS, 0, 0)]
        self.lines: list[Line] = []
        self.named_cache = hints.named_cache[thread]
        self.kinds: dict[tuple[int, str, str], int] = {}  # kind of the parent, tag, names
        self.data_tables: dict[int, bool] = {}  # table block: whether it holds data (`render`)
        self.shortest = bounds.short_line
        self.at = 0  # index of the open block
        self.in_pre = 0

    def named(self, attributes: str) -> Named:
        """The names in the attributes of a block, and their traits."""
        cache = self.named_cache
        named = cache.get(attributes)
        if named is None:
            if len(cache) > _CACHE_ENTRIES:
                cache.clear()
            names = _DIGITS.sub("0", " ".join(_NAMED.findall(attributes)).lower())
            # Many attributes differ only in addresses, so that names are cached too; attributes
            # never begin with `=`.
            named = cache.get(f"={names}")
            if named is None:
                named = (names, self._traits(names)) if names else _NAMELESS
                if len(names) <= _LONGEST_KEY:
                    cache[f"={names}"] = named
            if len(attributes) <= _LONGEST_KEY:
                cache[attributes] = named
        return named

    def _traits(self, names: str) -> Traits:
        hints, bounds = self.hints, self.bounds
        reply = hints.replies.search(names) is not None
        poster = self.thread and hints.posters.search(names) is not None
        wanted = hints.wanted.search(names) is not None
        weight = bounds.wanted_weight if wanted else 1.0
        unwanted = hints.unwanted.search(names) is not None
        if hints.body.search(names) and not unwanted:
            weight = bounds.body_weight
        elif hints.skipped.search(names):
            weight = bounds.skipped_weight
        elif unwanted or (reply and not self.thread):
            weight = bounds.unwanted_weight
        return Traits(weight, reply, poster, wanted)

    def enter(self, tag: str, attributes: str) -> None:
        """Begin a block within the open one."""
        blocks, at, kinds = self.blocks, self.at, self.kinds
        names, traits = self.named(attributes) if attributes and tag != "body" else _NAMELESS
        parent = blocks[at]
        children = parent.children
        key = (parent.kind, tag, names)
        kind = kinds.get(key)
        if kind is None:
            kind = kinds[key] = len(kinds) + 1
        self.at = len(blocks)
        blocks.append(Block(tag, at, traits, kind, len(children)))
        children.append(self.at)
        if tag == "pre":
            self.in_pre += 1

    def leave(self, tag: str) -> None:
        """End the open block; other end tags do nothing, as the parser writes them in order."""
        block = self.blocks[self.at]
        if block.tag == tag and block.parent >= 0:
            block.end = len(self.blocks)
            self.at = block.parent
            if tag == "pre":
                self.in_pre -= 1

    def line(self, raw: str, links: int) -> None:
        """Store a line of text with `links` characters in links.

        In `pre` each line of the source is one, with its indentation.
        """
        if "&" in raw:
            for entity, character in _ENTITIES:
                raw = raw.replace(entity, character)
        if self.in_pre:
            pieces = raw.replace("\r\n", "\n").rstrip().split("\n")
            while pieces and not pieces[0].strip():
                pieces.pop(0)
            for piece in pieces:
                self._store(piece.rstrip().replace("\u00a0", " "), links, "pre")
            return
        text = raw.strip()
        if text:
            if "\n" in text or "  " in text or "\t" in text or "\r" in text or "\u00a0" in text:
                text = _SPACE.sub(_single_space, text)
            self._store(text, links, self.blocks[self.at].tag)

    def _store(self, text: str, links: int, tag: str) -> None:
        size = len(text) - text.count(" ")
        at, lines = self.at, self.lines
        self.blocks[at].lines.append(len(lines))
        marked = size >= self.shortest and _MARKS.search(text) is not None
        lines.append(Line(at, text, size, min(links, size), marked, tag))


_ENTITIES = (("&nbsp;", "\u00a0"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&"))


def _single_space(match: re.Match[str]) -> str:
    # A line break in the source between two Han characters is no space.
    before = match.string[match.start() - 1 : match.start()]
    after = match.string[match.end() : match.end() + 1]
    wide = "\n" in match[0] and before >= "\u2e80" and after >= "\u2e80"
    return "" if wide else " "


def source_of(tree: LexborHTMLParser, hints: Hints) -> str:
    """The markup of a page without elements that hold no text; the tree is changed.

    Formulas are TeX between dollar signs in it.
    """
    selector = _selector(hints.skipped_tags)
    nodes = tree.css(selector)  # one query for everything: each walks the whole tree
    if any(node.tag in FORMULAS and may_be_formula(node) for node in nodes):
        formulas_as_text(tree)
        nodes = tree.css(selector)
    last = None
    for node in reversed(nodes):  # inner elements first: none is left without its parent
        tag, node_id = node.tag, node.mem_id
        if node_id == last or tag in {"html", "body"} or (tag == "img" and not _is_hidden(node)):
            continue
        last = node_id
        node.decompose(recursive=False)
    source = tree.html or ""
    return _COMMENT.sub("", source) if "<!--" in source else source


def _is_hidden(image: LexborNode) -> bool:
    attributes = image.attributes
    may_match = "hidden" in attributes or "style" in attributes or "class" in attributes
    return may_match and bool(image.css_matches(_HIDDEN))


@cache
def _selector(skipped: frozenset[str]) -> str:
    """The elements that `source_of` removes, and those that may be formulas."""
    return ",".join((*sorted({*_NO_TEXT, *skipped}), _HIDDEN, "math", "img[alt]"))


def read_blocks(  # noqa: C901, PLR0912 – one loop: a call per tag would double its time
    source: str, bounds: Bounds, hints: Hints, *, thread: bool
) -> Page:
    """The blocks and lines of the markup that `source_of` returns.

    The parser has written that markup: in text and attribute values `<` and `>` are entities.
    """
    page = Page(bounds, hints, thread=thread)
    if not thread:  # in a thread such blocks show who wrote a post
        source = _ONLY_LINKS.sub("<br>", source)
    enter, leave, end_line = page.enter, page.leave, page.line
    parts: list[str] = []
    links, in_link = 0, False
    for piece in source.split("<"):
        head, _, text = piece.partition(">")
        role = _ROLES.get(head)
        if role is None:
            tag, _, attributes = head.partition(" ")
            role = _ROLES.get(tag, _OTHER)
        else:
            tag, attributes = head, ""
        if role >= _ENDS_LINE:
            if parts:
                end_line("".join(parts), links)
                parts, links = [], 0
            if role == _OPENS:
                enter(tag, attributes)
            elif role == _CLOSES:
                leave(tag[1:])
        elif role != _OTHER:
            in_link = role == _LINKS
        if text:
            if not text.isspace():
                parts.append(text)
                if in_link:
                    links += len(text.strip())
            elif parts or page.in_pre:
                parts.append(text)
    if parts:
        end_line("".join(parts), links)
    last = len(page.blocks)
    for block in page.blocks:
        block.end = block.end or last
    return page


_OTHER, _LINKS, _LINK_END, _ENDS_LINE, _OPENS, _CLOSES = range(6)
_INLINE = _tags("span /span b /b strong /strong i /i em /em font /font u /u code /code")
#: What each tag does in `read_blocks`; the most common tags within a line are looked up whole.
_ROLES = dict.fromkeys(_INLINE, _OTHER)
_ROLES.update({"a": _LINKS, "/a": _LINK_END, "br": _ENDS_LINE, "hr": _ENDS_LINE})
_ROLES.update(dict.fromkeys(_BLOCKS, _OPENS))
_ROLES.update({f"/{tag}": _CLOSES for tag in _BLOCKS})
