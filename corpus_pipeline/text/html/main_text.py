"""A web page to its main text: blocks are scored by their lines, and by their names only a little.

Enters: lexbor's tree, the bounds of the scorer and the patterns over names and lines.
Leaves: a `MainText`: the lines of the main content as text, and how many of its characters are
in links.  Whether the text is any good is decided elsewhere.

The page becomes a tree of blocks.  Every line scores its characters of prose and loses some for
its characters in links; a block is worth its own lines and those children that are worth more than
nothing.  From the body the walk goes down as long as one child holds nearly all of the worth:
an article ends in one block, a thread in the block that holds the posts.  A page with hardly any
sentences, such as lyrics and tables, is scored by its lines outside of links.
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
    """The main content, and what the metadata and the verdict need of the page around it."""

    text: str
    links: float  # share of its characters that are in links, 0 to 1
    lead: str  # the lines just before the text and its first ones: dates and names are there
    posts: int = 0  # how many posts were recognised; 0 in a page that is read as an article


_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_PARAGRAPHS = frozenset(("p", "li", "dd", "dt", "blockquote", "pre", *_HEADINGS))
#: Longest label before the text of an article, and longest line of boilerplate, in characters.
_LONGEST_LABEL, _LONGEST_NOISE = 60, 200


def _score_lines(page: Page) -> None:
    """Set `noise`, `prose` and `score` of every line."""
    bounds, begins, has = page.bounds, page.hints.noise.match, page.hints.stamps.search
    prose_size = plain = 0
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
            prose_size += line.size
        else:
            line.score = bounds.short_weight * prose * (not line.noise)
            line.score -= bounds.link_price * line.links + bounds.item_price * line.noise
        plain += prose * (not line.noise)
    if prose_size < bounds.verse_share * plain:
        _score_verse(page)


def _score_verse(page: Page) -> None:
    """Score a page without sentences: a line outside of links counts as prose."""
    for line in page.lines:
        if not line.noise and line.links == 0 and line.size > 1:
            line.prose = True
            line.score = float(line.size)


def _count_blocks(page: Page) -> None:
    """Set `prose_size`, `plain` and `links` of every block, children before their parents."""
    blocks, lines = page.blocks, page.lines
    for block in reversed(blocks):
        prose_size = plain = links = 0
        for index in block.lines:
            line = lines[index]
            links += line.links
            prose_size += line.size * line.prose
            plain += (line.size - line.links) * (not line.noise)
        for index in block.children:
            child = blocks[index]
            prose_size += child.prose_size
            plain += child.plain
            links += child.links
        block.prose_size, block.plain, block.links = prose_size, plain, links


def _score_blocks(page: Page) -> None:
    """Set `worth` and `prose_worth` of every block, and lift the weight of some."""
    blocks, lines = page.blocks, page.lines
    most = page.bounds.overruling_share * blocks[0].prose_size
    for block in reversed(blocks):
        if block.weight < 1 and block.prose_size > most:
            block.weight = 1.0  # most of the page's prose is main content, whatever its names
        worth = prose = 0.0
        for index in block.lines:
            worth += lines[index].score
            prose += lines[index].score * lines[index].prose
        for index in block.children:
            child = blocks[index]
            if child.worth > 0:
                weight = child.weight
                worth += child.worth * weight if weight < 1 else child.worth
                prose += child.prose_worth * weight
        block.worth, block.prose_worth = worth, prose


def _main_block(page: Page, heading: int) -> int:
    """The block that holds the main content."""
    bounds, blocks = page.bounds, page.blocks
    share = bounds.thread_share if page.thread else bounds.dominant_share
    at = 0
    while True:
        children = blocks[at].children
        if not children:
            return at
        worths: list[tuple[float, int]] = []
        titled = False  # whether the block of the title, or the first text after it, is passed
        for child in children:
            block = blocks[child]
            prose = block.prose_worth * block.weight * (block.worth > 0)
            if prose > 0 and not titled and 0 < heading < block.end:
                titled = True
                prose *= bounds.title_weight
            worths.append((prose, -child))
        best, child = max(worths)
        own = sum([page.lines[i].score for i in blocks[at].lines if page.lines[i].prose])
        if best <= 0 or best < share * (own + sum([prose for prose, _ in worths])):
            return at
        if blocks[-child].tag in _PARAGRAPHS:
            # One paragraph is the whole text only where there is little text beside it.
            beside = sum([blocks[c].plain for c in children if blocks[c].worth > 0])
            if blocks[-child].plain < share * beside:
                return at
        at = -child


def _heading(page: Page, title: str) -> Line | None:
    """The first heading that is part of the page's title; in a thread any line may be it."""
    enough = max(4, 0.3 * len(title))
    for line in page.lines:
        if line.text in title and (
            (line.tag in {"h1", "h2"} and line.size >= 2)
            or (page.thread and line.size >= enough and line.links == 0)
        ):
            return line
    return None


def _common(page: Page, first: int, second: int) -> int:
    """The innermost block that holds both blocks."""
    while not first <= second < page.blocks[first].end:
        first = page.blocks[first].parent
    return first


def _content(page: Page, roots: list[int]) -> set[int]:
    """The blocks of the main content: those below the roots that are no boilerplate."""
    blocks = page.blocks
    content: set[int] = set()
    stack = roots
    while stack:
        index = stack.pop()
        content.add(index)
        for child in blocks[index].children:
            block = blocks[child]
            if block.weight < 1 or (block.traits.is_poster and not _holds_text(page, child)):
                continue
            may_be_worthless = page.thread or block.tag in _HEADINGS
            if block.worth > 0 or not block.links or (may_be_worthless and block.plain):
                stack.append(child)
    return content


def _holds_text(page: Page, poster: int) -> bool:
    """Whether a block with the names of a poster's panel holds a block of text after all."""
    blocks = page.blocks
    inner = range(poster + 1, blocks[poster].end)
    return any(
        blocks[i].traits.is_wanted and not blocks[i].traits.is_poster and blocks[i].plain
        for i in inner
    )


def main_text(
    tree: LexborHTMLParser, bounds: Bounds, hints: Hints, *, title: str = "", thread: bool = False
) -> MainText:
    """The main content of a page; of a thread all posts are content.

    `title` is the whole title of the page, `thread` whether its address, title or generator tell
    that it is a thread.  The tree is used up: elements without text are removed from it.
    """
    page = read_blocks(source_of(tree, hints), bounds, hints, thread=thread)
    _score_lines(page)
    _count_blocks(page)
    _score_blocks(page)
    headline = _heading(page, title)
    heading = headline.block if headline else 0
    posts = find_posts(page, thread=thread)
    page.thread = thread or bool(posts)
    if posts:
        kept, breaks = _thread_lines(page, posts, heading)
    else:
        main = _main_block(page, heading)
        replies = reply_blocks(page, main) if thread else []
        content = _content(page, [main, *replies])
        kept = [
            line
            for line in page.lines
            if line.block in content
            and (not line.noise or (not page.thread and is_figure(page, line)))
        ]
        breaks = {i for reply in replies for i in (reply, *units(page, reply))}
        if not page.thread:
            kept = _article_lines(kept, headline, hints)
    if page.thread:
        kept = without_labels(page, kept)
    size = sum([line.size for line in kept])
    links = sum([line.links for line in kept])
    first = next((i for i, line in enumerate(page.lines) if kept and line is kept[0]), 0)
    lead = " ".join([line.text for line in page.lines[max(first - 12, 0) : first + 3]])
    return MainText(rendered(page, kept, breaks), links / max(size, 1), lead, len(posts))


def _thread_lines(page: Page, posts: list[int], heading: int) -> tuple[list[Line], set[int]]:
    """The lines from the heading to the last post, and the blocks that begin a post."""
    parent = page.blocks[posts[0]].parent
    start = heading if 0 < heading < parent else parent
    end = page.blocks[posts[-1]].end
    content = _content(page, [_common(page, start, parent)]) | _content(page, list(posts))
    kept = [
        line
        for line in page.lines
        if start <= line.block < end and line.block in content and not line.noise
    ]
    return kept, set(posts)


def _article_lines(lines: list[Line], heading: Line | None, hints: Hints) -> list[Line]:
    """The lines of an article without its heading and the boilerplate before and after it."""
    kept: list[Line] = []
    in_text = False
    for line in lines:
        if line is heading and not in_text:
            continue
        if in_text:
            if line.size < 20 and hints.end.match(line.text):
                break
        elif not _is_label(line):
            in_text = line.prose
        elif line.size and hints.lead.search(line.text):
            continue
        kept.append(line)
    return kept


def _is_label(line: Line) -> bool:
    """Whether a line is no sentence, as dates and sources between title and text."""
    text = line.text
    return line.tag in _HEADINGS or (
        line.size <= _LONGEST_LABEL and not ("。" in text or "！" in text or "？" in text)
    )
