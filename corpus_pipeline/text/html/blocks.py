"""A parsed page as a tree of blocks with their lines: what the scorer of `html` looks at.

Enters: lexbor's tree, and patterns over names.  Leaves: a `Page`.
Refuses: to judge lines, and to recurse: parents and children are indexes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from selectolax.lexbor import LexborHTMLParser, LexborNode

from corpus_pipeline.text.html.formulas import FORMULAS, formulas_as_text, may_be_formula


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
    """Patterns over names (class, id and role) and over whole lines."""

    skipped_tags: frozenset[str]
    skipped: re.Pattern[str]  # names of what is never the text
    unwanted: re.Pattern[str]  # of what stands around it
    replies: re.Pattern[str]  # of what does so in an article, and is the text of a thread
    posters: re.Pattern[str]  # of what a thread says of the writer of a post
    wanted: re.Pattern[str]
    body: re.Pattern[str]  # of the text itself, in the systems that publish most pages
    noise: re.Pattern[str]  # lines of the site, known by how they begin
    stamps: re.Pattern[str]  # lines of the site, known by what stands anywhere in them
    moments: re.Pattern[str]  # lines of a thread that say who wrote a post, and when
    lead: re.Pattern[str]  # lines of the site before the text begins
    end: re.Pattern[str]  # headings after which the text does not come back
    #: Attributes seen before, in articles and in threads, and what they say: sites repeat them.
    seen: tuple[dict[str, Named], dict[str, Named]] = field(default_factory=lambda: ({}, {}))


#: Weight, whether the names are those of replies, of a poster, of the text.
Names = tuple[float, bool, bool, bool]
#: Class, id and role without numbers (posts count themselves), and what they say.
Named = tuple[str, Names]
_UNNAMED: Names = (1.0, False, False, False)
_NAMELESS = ("", _UNNAMED)


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


class Block:
    """A block element; children and parents are indexes, so that depth costs no recursion."""

    __slots__ = (
        "children",
        "end",
        "kind",
        "lines",
        "links",
        "names",
        "parent",
        "place",
        "plain",
        "prose",
        "said",
        "tag",
        "weight",
        "worth",
    )
    # What the scorer gives a block:
    worth: float  # what is kept of it earns this much
    prose: float  # the part of it that comes from sentences, weighed by names
    said: int  # its characters in sentences, whatever it is called
    links: int
    plain: int  # its characters outside of links

    def __init__(self, tag: str, parent: int, names: Names, kind: int, place: int) -> None:
        """An empty block of a kind: all blocks of one kind have the same names on their way."""
        self.tag = tag
        self.parent = parent
        self.names = names
        self.kind = kind
        self.place = place  # among the children of its parent
        self.weight = names[0]
        self.lines: list[int] = []
        self.children: list[int] = []
        self.end = 0  # the first block after all that lie in this one


def _tags(words: str) -> frozenset[str]:
    return frozenset(words.split())


_BLOCKS = _tags(
    "address article aside blockquote body dd details dir div dl dt fieldset figcaption"
    " figure footer form h1 h2 h3 h4 h5 h6 header hgroup html li main menu nav ol p pre section"
    " summary table tbody td tfoot th thead tr ul caption"
)
#: Elements without text, or whose text is none; the parser removes them.
_NO_TEXT = sorted(
    _tags("script style textarea iframe noembed noframes xmp svg template select rp rt")
)
#: What a reader does not see, and what software writes within the lines of an author: `jammer` is
#: the noise that Discuz forums hide in their posts, `pstatus` their note of an edit.
_HIDDEN = (
    '[hidden],[style*="display:none" i],[style*="display: none" i],.jammer,.pstatus,.mw-editsection'
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
#: Blocks that hold links and nothing else are no text of an article.  They are a third of a page's
#: tags, and the scorer would give them nothing: they go before it counts them.
_WITHIN_LINK = r"(?:[^<]|<(?:img|/?(?:span|i|b|em|strong|font))\b[^>]*>)*+"
_ONLY_LINKS = re.compile(
    r"<(li|div|dd|dt|p)(?:\s[^>]*)?>"
    rf"(?:(?:\s|\||&nbsp;)*+<a\b[^>]*>{_WITHIN_LINK}</a>)++(?:\s|\||&nbsp;)*+</\1>"
)
#: How many attributes are remembered, and how long they may be.
_SEEN, _LONGEST_KEY = 20_000, 200
_NAMED = re.compile(r'(?:^|\s)(?:class|id|role)="([^"]*)"')
_DIGITS = re.compile(r"\d+")
_MARKS = re.compile(r"[，。！？；、,!?;…]|\.(?=\s|$)")
_SPACE = re.compile(r"[^\S\n]*\n\s*|[ \t\r\f\v\u00a0]+")


class Page:
    """The lines and blocks of one page, filled tag by tag."""

    def __init__(self, bounds: Bounds, hints: Hints, *, thread: bool) -> None:
        """An empty page."""
        self.bounds, self.hints, self.thread = bounds, hints, thread
        self.blocks = [Block("html", -1, _UNNAMED, 0, 0)]
        self.lines: list[Line] = []
        self.seen = hints.seen[thread]
        self.kinds: dict[tuple[int, str, str], int] = {}
        self.data: dict[int, bool] = {}  # tables, and whether they hold data
        self.shortest = bounds.short_line
        self.at = 0  # the block we are in
        self.in_pre = 0

    def named(self, attributes: str) -> Named:
        """What the attributes of a block call it."""
        seen = self.seen
        found = seen.get(attributes)
        if found is None:
            if len(seen) > _SEEN:
                seen.clear()
            names = _DIGITS.sub("0", " ".join(_NAMED.findall(attributes)).lower())
            # No attribute begins with the mark: many that differ in an address say the same.
            found = seen.get(f"={names}")
            if found is None:
                found = (names, self._judged(names)) if names else _NAMELESS
                if len(names) <= _LONGEST_KEY:
                    seen[f"={names}"] = found
            if len(attributes) <= _LONGEST_KEY:
                seen[attributes] = found
        return found

    def _judged(self, names: str) -> Names:
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
        return weight, reply, poster, wanted

    def enter(self, tag: str, attributes: str) -> None:
        """Begin a block in the one we are in."""
        blocks, at, kinds = self.blocks, self.at, self.kinds
        names, known = self.named(attributes) if attributes and tag != "body" else _NAMELESS
        parent = blocks[at]
        children = parent.children
        way = (parent.kind, tag, names)
        kind = kinds.get(way)
        if kind is None:
            kind = kinds[way] = len(kinds) + 1
        self.at = len(blocks)
        blocks.append(Block(tag, at, known, kind, len(children)))
        children.append(self.at)
        if tag == "pre":
            self.in_pre += 1

    def leave(self, tag: str) -> None:
        """End the block we are in; the parser closes in order."""
        block = self.blocks[self.at]
        if block.tag == tag and block.parent >= 0:
            block.end = len(self.blocks)
            self.at = block.parent
            if tag == "pre":
                self.in_pre -= 1

    def line(self, raw: str, links: int) -> None:
        """End a line; in `pre` each line of the source is one, with its indentation."""
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
                text = _SPACE.sub(_one_space, text)
            self._store(text, links, self.blocks[self.at].tag)

    def _store(self, text: str, links: int, tag: str) -> None:
        size = len(text) - text.count(" ")
        at, lines = self.at, self.lines
        self.blocks[at].lines.append(len(lines))
        marked = size >= self.shortest and _MARKS.search(text) is not None
        lines.append(Line(at, text, size, min(links, size), marked, tag))


_ENTITIES = (("&nbsp;", "\u00a0"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&"))


def _one_space(match: re.Match[str]) -> str:
    # A line break in the source between two Han characters is no space.
    before = match.string[match.start() - 1 : match.start()]
    after = match.string[match.end() : match.end() + 1]
    wide = "\n" in match[0] and before >= "\u2e80" and after >= "\u2e80"
    return "" if wide else " "


def source_of(tree: LexborHTMLParser, hints: Hints) -> str:
    """The markup that is left when the parser has removed what holds no text of the page."""
    dead = _dead(hints.skipped_tags)
    found = tree.css(dead)  # each question to the tree costs a walk over it: one asks for all
    if any(node.tag in FORMULAS and may_be_formula(node) for node in found):
        formulas_as_text(tree)
        found = tree.css(dead)
    last = None
    for node in reversed(found):  # what lies in another goes first: none is left without parent
        tag, known = node.tag, node.mem_id
        if known == last or tag in {"html", "body"} or (tag == "img" and not _is_hidden(node)):
            continue
        last = known
        node.decompose(recursive=False)
    source = tree.html or ""
    return _COMMENT.sub("", source) if "<!--" in source else source


def _is_hidden(image: LexborNode) -> bool:
    attributes = image.attributes
    told = "hidden" in attributes or "style" in attributes or "class" in attributes
    return told and bool(image.css_matches(_HIDDEN))


@cache
def _dead(skipped: frozenset[str]) -> str:
    """What `source_of` asks for: what goes, and what may be a formula."""
    return ",".join((*sorted({*_NO_TEXT, *skipped}), _HIDDEN, "math", "img[alt]"))


def read_blocks(  # noqa: C901, PLR0912 – one loop: a call for each tag would double its time
    source: str, bounds: Bounds, hints: Hints, *, thread: bool
) -> Page:
    """The blocks and lines of the markup that `source_of` leaves.

    The parser has written it: in its text and in its values `<` and `>` are entities.
    """
    page = Page(bounds, hints, thread=thread)
    if not thread:  # in a thread they tell who wrote a post
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
#: What a tag is to the reader; the most common tags within a line are found in one step.
_ROLES = dict.fromkeys(_INLINE, _OTHER)
_ROLES.update({"a": _LINKS, "/a": _LINK_END, "br": _ENDS_LINE, "hr": _ENDS_LINE})
_ROLES.update(dict.fromkeys(_BLOCKS, _OPENS))
_ROLES.update({f"/{tag}": _CLOSES for tag in _BLOCKS})
