"""A web page to its main text: blocks are scored by what they say, not by what they are called.

Enters: markup and the bounds of the scorer.  Leaves: the lines of the main content, what share
of the page they are, and how many of their characters are links.
Refuses: to read files, to judge whether the text is good, to recurse.

The page becomes a tree of blocks.  Every line earns its characters of prose and pays for its
characters of links; a block is worth its own lines and those children that are worth more than
nothing.  From the body the walk goes down as long as one child holds nearly all of the worth:
an article ends in one block, a thread in the block that holds the posts.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from selectolax.lexbor import LexborHTMLParser

from corpus_pipeline.text.html_blocks import (
    Block,
    Bounds,
    Hints,
    Line,
    Page,
    read_blocks,
    source_of,
)


@dataclass(frozen=True, slots=True)
class MainText:
    """The main content, and the numbers that show how it was found."""

    text: str
    links: float  # share of the kept characters that are links
    lead: str  # what the page shows before and around the text: dates and names stand there


_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))


def _score_lines(page: Page) -> None:
    bounds, is_site = page.bounds, page.hints.noise.match
    for line in page.lines:
        prose = line.size - line.links
        code = line.tag == "pre"
        if not code:
            mostly_link = line.links > bounds.link_line_share * line.size
            line.noise = (mostly_link and line.tag not in _HEADINGS) or bool(is_site(line.text))
        line.prose = prose > line.links and not line.noise and line.size >= bounds.short_line
        line.prose = line.prose and (line.marked or code)
        if line.prose:
            line.score = float(line.size)
        else:
            line.score = bounds.short_weight * prose * (not line.noise)
            line.score -= bounds.link_price * line.links + bounds.item_price * line.noise


def _score_blocks(page: Page) -> None:
    """Give every block its worth, children before parents: a child follows its parent."""
    blocks, lines = page.blocks, page.lines
    for block in reversed(blocks):
        own = sum(lines[i].size for i in block.lines if lines[i].prose)
        block.said = own + sum(blocks[i].said for i in block.children)
    most = page.bounds.overruling_share * blocks[0].said
    for block in reversed(blocks):
        if block.weight < 1 and block.said > most:
            block.weight = 1.0  # what holds most of the page's prose is no side matter
        for index in block.lines:
            line = lines[index]
            block.worth += line.score
            block.prose += line.score * line.prose
            block.links += line.links
        for index in block.children:
            child = blocks[index]
            block.worth += max(child.worth, 0.0) * min(child.weight, 1.0)
            block.prose += child.prose * child.weight * (child.worth > 0)
            block.links += child.links


def _chosen(page: Page, title: str) -> int:
    """The block that holds the main content."""
    bounds, blocks = page.bounds, page.blocks
    share = bounds.thread_share if page.thread else bounds.dominant_share
    heading = _heading(page, title)
    at, end = 0, len(blocks)
    while True:
        children = blocks[at].children
        if not children:
            return at
        edges = [*children[1:], end]
        worths: list[tuple[float, int, int]] = []
        titled = False  # whether the title's own block, or the first text after it, has been seen
        for child, edge in zip(children, edges, strict=True):
            block = blocks[child]
            prose = block.prose * block.weight * (block.worth > 0)
            if prose > 0 and not titled and 0 < heading < edge:
                titled = True
                prose *= bounds.title_weight
            worths.append((prose, -child, edge))
        best, child, edge = max(worths)
        own = sum(page.lines[i].score for i in blocks[at].lines if page.lines[i].prose)
        if best <= 0 or best < share * (own + sum(prose for prose, _, _ in worths)):
            return at
        at, end = -child, edge


def _heading(page: Page, title: str) -> int:
    """The block of the first heading that the page's title repeats; 0 when there is none."""
    for line in page.lines:
        if line.tag in {"h1", "h2"} and line.size >= 4 and line.text in title:
            return line.block
    return 0


def main_text(
    tree: LexborHTMLParser, bounds: Bounds, hints: Hints, *, title: str = "", thread: bool = False
) -> MainText:
    """The lines of the main content; in a thread all posts are content.

    Works the tree off: what it removes is gone for the next reader of the tree.
    """
    page = read_blocks(source_of(tree, hints), bounds, hints, thread=thread)
    _score_lines(page)
    _score_blocks(page)
    wanted: set[int] = set()
    stack = [_chosen(page, title)]
    while stack:
        index = stack.pop()
        wanted.add(index)
        for child in page.blocks[index].children:
            block = page.blocks[child]
            if block.weight >= 1 and (block.worth > 0 or not block.links):
                stack.append(child)
    kept: list[Line] = []
    begun = False
    for line in page.lines:
        if line.block not in wanted or line.noise:
            continue
        if begun:
            if not thread and line.size < 20 and hints.end.match(line.text):
                break
        elif not _is_label(line):
            begun = line.prose
        elif hints.lead.search(line.text):
            continue
        kept.append(line)
    return _rendered(kept, page)


def _is_label(line: Line) -> bool:
    """Whether a line is no sentence: dates and sources stand so between title and text."""
    text = line.text
    return line.size <= _CELL and not ("。" in text or "！" in text or "？" in text)


def _rendered(kept: list[Line], page: Page) -> MainText:
    texts: list[str] = []
    rows = {at: _row(page.blocks, at) for at in {line.block for line in kept}}
    for row, group in groupby(kept, key=lambda line: rows[line.block]):
        cells = list(group)
        short = row and all(cell.size <= _CELL for cell in cells)
        if short and len({cell.block for cell in cells}) == len(cells):
            texts.append(" | ".join(cell.text for cell in cells))
        else:
            texts += [cell.text for cell in cells]
    size = sum([line.size for line in kept])
    links = sum([line.links for line in kept])
    first = next((i for i, line in enumerate(page.lines) if kept and line is kept[0]), 0)
    lead = " ".join(line.text for line in page.lines[max(first - 12, 0) : first + 3])
    return MainText("\n".join(texts), links / max(size, 1), lead)


#: Longer than this is no label; longer cells make a layout of a table, not a row.
_CELL = 60


def _row(blocks: list[Block], at: int) -> int:
    """The table row around a block, 0 outside of tables; a cell's text is at most this deep."""
    for _ in range(4):
        if blocks[at].tag == "tr":
            return at
        at = max(blocks[at].parent, 0)
    return 0
