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
    Page,
    read_blocks,
    source_of,
)
from corpus_pipeline.text.html.render import is_figure, rendered
from corpus_pipeline.text.html.threads import (
    answers,
    find_posts,
    opening,
    reply_blocks,
    units,
    without_labels,
)


@dataclass(frozen=True, slots=True)
class MainText:
    """The main content, and what the metadata and the verdict need of the page around it."""

    text: str
    links: float  # share of its characters that are in links, 0 to 1
    lead: str  # the lines just before the text and its first ones: dates and names are there
    posts: int = 0  # how many posts were recognised; 0 in a page that is read as an article
    method: str = "article"  # `article`, `thread`, or `visible`: all that is no navigation
    confidence: float = 0.0  # share of the page's text outside of navigation that it holds


_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_PARAGRAPHS = frozenset(("p", "li", "dd", "dt", "blockquote", "pre", *_HEADINGS))
#: Longest label before the text of an article, and longest heading after it, in characters.
_LONGEST_LABEL, _LONGEST_END = 60, 19


def _main_block(page: Page, heading: int) -> int:
    """The block that holds the main content."""
    bounds, blocks, lines = page.bounds, page.blocks, page.lines
    share = bounds.thread_share if page.thread else bounds.dominant_share
    at = 0
    while True:
        children = page.children(at)
        if not children:
            return at
        worths: list[tuple[float, int]] = []
        titled = False  # whether the block of the title, or the first text after it, is passed
        for child in children:
            prose = blocks.prose_worth[child] * blocks.weight[child] * (blocks.worth[child] > 0)
            if prose > 0 and not titled and 0 < heading < blocks.end[child]:
                titled = True
                prose *= bounds.title_weight
            worths.append((prose, -child))
        best, child = max(worths)
        own = sum([lines.score[i] for i in page.lines_of(at) if lines.prose[i]])
        if best <= 0 or best < share * (own + sum([prose for prose, _ in worths])):
            return at
        if blocks.tag[-child] in _PARAGRAPHS:
            # One paragraph is the whole text only where there is little text beside it.
            beside = sum([blocks.plain[c] for c in children if blocks.worth[c] > 0])
            if blocks.plain[-child] < share * beside:
                return at
        at = -child


def _heading(page: Page, title: str) -> int | None:
    """The first heading that is part of the page's title; in a thread any line may be it."""
    enough = max(4, 0.3 * len(title))
    lines = page.lines
    for line, text in enumerate(lines.text):
        if text in title and (
            (page.tag_of(line) in {"h1", "h2"} and lines.size[line] >= 2)
            or (page.thread and lines.size[line] >= enough and lines.links[line] == 0)
        ):
            return line
    return None


def _common(page: Page, first: int, second: int) -> int:
    """The innermost block that holds both blocks."""
    while not first <= second < page.blocks.end[first]:
        first = page.blocks.parent[first]
    return first


def _content(page: Page, roots: list[int]) -> set[int]:
    """The blocks of the main content: those below the roots that are no boilerplate."""
    blocks = page.blocks
    content: set[int] = set()
    stack = roots
    while stack:
        index = stack.pop()
        content.add(index)
        for child in page.children(index):
            poster = blocks.traits[child].is_poster
            if blocks.weight[child] < 1 or (poster and not _holds_text(page, child)):
                continue
            may_be_worthless = page.thread or blocks.tag[child] in _HEADINGS
            worthy = blocks.worth[child] > 0 or not blocks.links[child]
            if worthy or (may_be_worthless and blocks.plain[child]):
                stack.append(child)
    return content


def _holds_text(page: Page, poster: int) -> bool:
    """Whether a block with the names of a poster's panel holds a block of text after all."""
    traits, plain = page.blocks.traits, page.blocks.plain
    inner = range(poster + 1, page.blocks.end[poster])
    return any(traits[i].is_wanted and not traits[i].is_poster and plain[i] for i in inner)


def main_text(
    tree: LexborHTMLParser,
    bounds: Bounds,
    hints: Hints,
    *,
    title: str = "",
    thread: bool = False,
    least: int = 0,
) -> MainText:
    """The main content of a page; of a thread all posts are content.

    `title` is the whole title of the page, `thread` whether its address, title or generator tell
    that it is a thread.  A page whose main content has fewer than `least` characters gives all its
    lines outside of navigation, if they are more.  The tree is used up: elements without text are
    removed from it.
    """
    markup = source_of(tree, hints)
    page = read_blocks(markup, bounds, hints, thread=thread)
    found = find_posts(page, thread=thread)
    if found and not thread:
        # The names of replies are those of text then.
        thread = True
        page = read_blocks(markup, bounds, hints, thread=True)
        found = find_posts(page, thread=True)
    lines = page.lines
    headline = _heading(page, title)
    kept, breaks = _kept_lines(page, headline, found, thread=thread)
    size = sum([lines.size[line] for line in kept])
    method = "thread" if page.thread else "article"
    if size < least:
        shown = _without_tail(page, _visible_lines(page, headline))
        if sum([lines.size[line] for line in shown]) > size:
            kept, method, breaks = shown, "visible", set[int]()
            size = sum([lines.size[line] for line in kept])
    links = sum([lines.links[line] for line in kept])
    first = kept[0] if kept else 0
    lead = " ".join(lines.text[max(first - 12, 0) : first + 3])
    return MainText(
        text=rendered(page, kept, breaks),
        links=links / max(size, 1),
        lead=lead,
        posts=len(found),
        method=method,
        confidence=_share(page, kept) * (bounds.visible_trust if method == "visible" else 1),
    )


def _kept_lines(
    page: Page, headline: int | None, posts: list[int], *, thread: bool
) -> tuple[list[int], set[int]]:
    """The lines of the main content, and the blocks that begin a post."""
    lines = page.lines
    heading = 0 if headline is None else lines.block[headline]
    page.thread = thread or bool(posts)
    if posts:
        kept, breaks = _thread_lines(page, posts, heading)
    else:
        main = _main_block(page, heading)
        replies = [*reply_blocks(page, main), *answers(page, main)] if thread else []
        content = _content(page, [main, *replies])
        kept = [
            line
            for line, block in enumerate(lines.block)
            if block in content
            and (not lines.noise[line] or (not page.thread and is_figure(page, line)))
        ]
        breaks = {i for reply in replies for i in (reply, *units(page, reply))}
        if not page.thread:
            kept = _article_lines(page, kept, headline)
    if page.thread:
        kept = without_labels(page, kept)
    return _without_tail(page, kept), breaks


def _without_tail(page: Page, kept: list[int]) -> list[int]:
    """The lines without headings at the end: what they head are links."""
    last = next((i for i in reversed(kept) if page.tag_of(i) not in _HEADINGS), None)
    return kept if last is None else kept[: kept.index(last) + 1]


def _visible_lines(page: Page, heading: int | None) -> list[int]:
    """The lines outside of links, boilerplate and blocks with the names of navigation."""
    lines, shown = page.lines, page.shown()
    return [
        line
        for line, block in enumerate(lines.block)
        if shown[block] and not lines.noise[line] and not lines.links[line] and line != heading
    ]


def _share(page: Page, kept: list[int]) -> float:
    """The share of the characters in the page's sentences that the kept lines have, 0 to 1."""
    lines = page.lines
    held = sum([lines.size[line] for line in kept if lines.prose[line]])
    return held / max(page.blocks.prose_size[0], 1)


def _thread_lines(page: Page, posts: list[int], heading: int) -> tuple[list[int], set[int]]:
    """The lines from the heading to the last post, and the blocks that begin a post."""
    parent = page.blocks.parent[posts[0]]
    start = heading if 0 < heading < parent else opening(page, parent)
    end = page.blocks.end[posts[-1]]
    content = _content(page, [_common(page, start, parent)]) | _content(page, list(posts))
    noise = page.lines.noise
    kept = [
        line
        for line, block in enumerate(page.lines.block)
        if start <= block < end and block in content and not noise[line]
    ]
    return kept, set(posts)


def _article_lines(page: Page, lines: list[int], heading: int | None) -> list[int]:
    """The lines of an article without its heading and the boilerplate before and after it.

    The text begins with its first sentence; before it labels may be boilerplate.
    """
    texts, sizes, prose = page.lines.text, page.lines.size, page.lines.prose
    begins, holds = page.hints.lead.match, page.hints.dated.search
    said = [i for i in lines if prose[i] and (sizes[i] > _LONGEST_LABEL or _ends(texts[i]))]
    first = next((i for i in said if page.tag_of(i) not in _HEADINGS), None)
    at = len(lines) if first is None else lines.index(first)
    kept = [
        i
        for i in lines[:at]
        if i != heading
        and not (sizes[i] and (begins(texts[i]) or holds(texts[i])) and _is_label(page, i))
    ]
    ends, later = page.hints.end.match, lines[at + 1 :]
    end = next((i for i in later if sizes[i] <= _LONGEST_END and ends(texts[i])), None)
    return kept + (lines[at:] if end is None else lines[at : lines.index(end)])


def _is_label(page: Page, line: int) -> bool:
    """Whether a line is no sentence, as dates and sources between title and text."""
    return page.tag_of(line) in _HEADINGS or (
        page.lines.size[line] <= _LONGEST_LABEL and not _ends(page.lines.text[line])
    )


def _ends(text: str) -> bool:
    """Whether a sentence ends in the text."""
    return "。" in text or "！" in text or "？" in text
