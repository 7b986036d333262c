"""A web page to its main text: blocks are scored by what they say, not by what they are called.

Enters: markup and the bounds of the scorer.  Leaves: the lines of the main content, what share
of the page they are, and how many of their characters are links.
Refuses: to read files, to judge whether the text is good, to recurse.

The page becomes a tree of blocks.  Every line earns its characters of prose and pays for its
characters of links; a block is worth its own lines and those children that are worth more than
nothing.  From the body the walk goes down as long as one child holds nearly all of the worth:
an article ends in one block, a thread in the block that holds the posts.  A page that has next to
no sentences, as lyrics and tables have none, is scored by its lines outside of links.
"""

from __future__ import annotations

from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from corpus_pipeline.text.html.blocks import (
    Bounds,
    Hints,
    Line,
    Page,
    read_blocks,
    source_of,
)
from corpus_pipeline.text.html.render import is_figure, rendered
from corpus_pipeline.text.html.threads import find_posts, reply_blocks, units, without_labels


@dataclass(frozen=True, slots=True)
class MainText:
    """The main content, and the numbers that show how it was found."""

    text: str
    links: float  # share of the kept characters that are links
    lead: str  # what the page shows before and around the text: dates and names stand there
    posts: int = 0  # how many posts a thread was seen to have


_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_PARAGRAPHS = frozenset(("p", "li", "dd", "dt", "blockquote", "pre", *_HEADINGS))
#: Longer than this is no label and no line of the site.
_LABEL, _LONGEST_NOISE = 60, 200


def _score_lines(page: Page) -> None:
    bounds, begins, has = page.bounds, page.hints.noise.match, page.hints.stamps.search
    said = plain = 0
    for line in page.lines:
        prose = line.size - line.links
        code = line.tag == "pre"
        if not code:
            line.noise = line.links > bounds.link_line_share * line.size
            line.noise = line.noise and line.tag not in _HEADINGS
            if not line.noise and line.size <= _LONGEST_NOISE:
                text = line.text
                line.noise = begins(text) is not None or has(text) is not None
        line.prose = (
            (line.marked or (code and line.size > 0))
            and prose > line.links
            and not line.noise
            and line.size >= bounds.short_line
        )
        if line.prose:
            line.score = float(line.size)
            said += line.size
        else:
            line.score = bounds.short_weight * prose * (not line.noise)
            line.score -= bounds.link_price * line.links + bounds.item_price * line.noise
        plain += prose * (not line.noise)
    if said < bounds.verse_share * plain:
        _score_verse(page)


def _score_verse(page: Page) -> None:
    """Score a page without sentences: a line of words counts as one of prose does elsewhere."""
    for line in page.lines:
        if not line.noise and line.links == 0 and line.size > 1:
            line.prose = True
            line.score = float(line.size)


def _count_blocks(page: Page) -> None:
    """Count what every block says, children before parents: a child follows its parent."""
    blocks, lines = page.blocks, page.lines
    for block in reversed(blocks):
        said = plain = links = 0
        for index in block.lines:
            line = lines[index]
            links += line.links
            said += line.size * line.prose
            plain += (line.size - line.links) * (not line.noise)
        for index in block.children:
            child = blocks[index]
            said += child.said
            plain += child.plain
            links += child.links
        block.said, block.plain, block.links = said, plain, links


def _score_blocks(page: Page) -> None:
    """Give every block its worth."""
    blocks, lines = page.blocks, page.lines
    most = page.bounds.overruling_share * blocks[0].said
    for block in reversed(blocks):
        if block.weight < 1 and block.said > most:
            block.weight = 1.0  # what holds most of the page's prose is no side matter
        worth = prose = 0.0
        for index in block.lines:
            worth += lines[index].score
            prose += lines[index].score * lines[index].prose
        for index in block.children:
            child = blocks[index]
            if child.worth > 0:
                weight = child.weight
                worth += child.worth * weight if weight < 1 else child.worth
                prose += child.prose * weight
        block.worth, block.prose = worth, prose


def _chosen(page: Page, heading: int) -> int:
    """The block that holds the main content."""
    bounds, blocks = page.bounds, page.blocks
    share = bounds.thread_share if page.thread else bounds.dominant_share
    at = 0
    while True:
        children = blocks[at].children
        if not children:
            return at
        worths: list[tuple[float, int]] = []
        titled = False  # whether the title's own block, or the first text after it, has been seen
        for child in children:
            block = blocks[child]
            prose = block.prose * block.weight * (block.worth > 0)
            if prose > 0 and not titled and 0 < heading < block.end:
                titled = True
                prose *= bounds.title_weight
            worths.append((prose, -child))
        best, child = max(worths)
        own = sum([page.lines[i].score for i in blocks[at].lines if page.lines[i].prose])
        if best <= 0 or best < share * (own + sum([prose for prose, _ in worths])):
            return at
        if blocks[-child].tag in _PARAGRAPHS:
            # One paragraph is the whole text only where little else is said beside it.
            beside = sum([blocks[c].plain for c in children if blocks[c].worth > 0])
            if blocks[-child].plain < share * beside:
                return at
        at = -child


def _heading(page: Page, title: str) -> Line | None:
    """The first heading that the page's title repeats; in a thread any line may be the heading."""
    enough = max(4, 0.3 * len(title))
    for line in page.lines:
        if line.text in title and (
            (line.tag in {"h1", "h2"} and line.size >= 2)
            or (page.thread and line.size >= enough and line.links == 0)
        ):
            return line
    return None


def _common(page: Page, one: int, other: int) -> int:
    """The innermost block that holds both."""
    while not one <= other < page.blocks[one].end:
        one = page.blocks[one].parent
    return one


def _wanted(page: Page, roots: list[int]) -> set[int]:
    """The blocks of the main content: those below the roots that are not side matter."""
    blocks = page.blocks
    wanted: set[int] = set()
    stack = roots
    while stack:
        index = stack.pop()
        wanted.add(index)
        for child in blocks[index].children:
            block = blocks[child]
            if block.weight < 1 or (block.names[2] and not _speaks(page, child)):
                continue
            told = page.thread or block.tag in _HEADINGS
            if block.worth > 0 or not block.links or (told and block.plain):
                stack.append(child)
    return wanted


def _speaks(page: Page, poster: int) -> bool:
    """Whether what is called a poster's panel holds, against its name, a block of text."""
    blocks = page.blocks
    inner = range(poster + 1, blocks[poster].end)
    return any(blocks[i].names[3] and not blocks[i].names[2] and blocks[i].plain for i in inner)


def main_text(
    tree: LexborHTMLParser, bounds: Bounds, hints: Hints, *, title: str = "", thread: bool = False
) -> MainText:
    """The lines of the main content; in a thread all posts are content.

    Works the tree off: what it removes is gone for the next reader of the tree.
    """
    page = read_blocks(source_of(tree, hints), bounds, hints, thread=thread)
    _score_lines(page)
    _count_blocks(page)
    _score_blocks(page)
    line = _heading(page, title)
    heading = line.block if line else 0
    posts = find_posts(page, thread=thread)
    page.thread = thread or bool(posts)
    if posts:
        kept, breaks = _thread(page, posts, heading)
    else:
        chosen = _chosen(page, heading)
        replies = reply_blocks(page, chosen) if thread else []
        wanted = _wanted(page, [chosen, *replies])
        kept = [
            one
            for one in page.lines
            if one.block in wanted and (not one.noise or (not page.thread and is_figure(page, one)))
        ]
        breaks = {i for reply in replies for i in (reply, *units(page, reply))}
        if not page.thread:
            kept = _body(kept, line, hints)
    if page.thread:
        kept = without_labels(page, kept)
    size = sum([one.size for one in kept])
    links = sum([one.links for one in kept])
    first = next((i for i, one in enumerate(page.lines) if kept and one is kept[0]), 0)
    lead = " ".join([one.text for one in page.lines[max(first - 12, 0) : first + 3]])
    return MainText(rendered(page, kept, breaks), links / max(size, 1), lead, len(posts))


def _thread(page: Page, posts: list[int], heading: int) -> tuple[list[Line], set[int]]:
    """The lines of the posts, and of what stands between the heading and the first of them."""
    parent = page.blocks[posts[0]].parent
    start = heading if 0 < heading < parent else parent
    end = page.blocks[posts[-1]].end
    wanted = _wanted(page, [_common(page, start, parent)]) | _wanted(page, list(posts))
    kept = [
        line
        for line in page.lines
        if start <= line.block < end and line.block in wanted and not line.noise
    ]
    return kept, set(posts)


def _body(lines: list[Line], heading: Line | None, hints: Hints) -> list[Line]:
    """The lines of an article, without what the site writes before and after it."""
    kept: list[Line] = []
    begun = False
    for line in lines:
        if line is heading and not begun:
            continue
        if begun:
            if line.size < 20 and hints.end.match(line.text):
                break
        elif not _is_label(line):
            begun = line.prose
        elif line.size and hints.lead.search(line.text):
            continue
        kept.append(line)
    return kept


def _is_label(line: Line) -> bool:
    """Whether a line is no sentence: dates and sources stand so between title and text."""
    text = line.text
    return line.tag in _HEADINGS or (
        line.size <= _LABEL and not ("。" in text or "！" in text or "？" in text)
    )
