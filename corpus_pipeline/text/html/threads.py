"""The posts of a thread: which blocks they are, and which of their lines a person wrote.

Enters: a scored `Page`.
Leaves: indexes of the blocks that hold one post each; the kept lines without names, times, ranks
and buttons.

No forum software is known by name.  Posts are siblings of one kind, most of which hold somebody's
name or a time.  What the software adds to each post stands in the same place of each, repeats
itself, and is no sentence.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

from corpus_pipeline.text.html.blocks import Block, Bounds, Line, Page

#: A time of writing; `is_stamp` wants it at one end of its line, or as all of it.
_TIME: Final = (
    r"(?:(?:19|20)?\d{2}[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,2}日?"
    r"(?:\s*T?\s*\d{1,2}:\d{2}(?::\d{2})?)?"
    r"|\d{1,2}-\d{1,2}\s+\d{1,2}:\d{2}|(?:昨天|前天|今天)\s*\d{1,2}:\d{2}(?::\d{2})?"
    r"|\d+\s?(?:秒鐘?|秒钟|分钟|分鐘|小时|小時|天|周|週|个月|個月|月|年)(?:之)?前|刚刚|剛剛"
    r"|(?:[A-Z][a-z]{2} \d{1,2}, |\d{1,2} [A-Z][a-z]{2,8} )\d{4})"
)
_STAMP = re.compile(_TIME)
_FLOOR = re.compile(r"^(?:第?\s?\d{1,5}\s?[楼樓层#]|#\s?\d{1,5}|楼主|樓主|沙发|板凳|地板)\W*$")
_SENTENCE = re.compile(r"[。！？!?…]")
#: Most characters of a line with name and time; a longer one is a sentence.  Set by eye, unswept.
_LONGEST_LABEL: Final = 40
_EDGE = frozenset(" |·•,，:：-—/于於[]【】()（）@#\t")


def is_stamp(text: str) -> bool:
    """Whether a line holds only who wrote a post and when, or its number.

    >>> [is_stamp(t) for t in ("慢半拍 | 3天前", "发表于 2026-1-3 20:01", "2楼", "24-5-13 河边")]
    [True, True, True, True]
    >>> [is_stamp(t) for t in ("3天前我也遇到过", "2026年1月3日开始施行", "我是2楼的")]
    [False, False, False]
    """
    if len(text) > _LONGEST_LABEL:
        return False
    if _FLOOR.match(text):
        return True
    stamp = _STAMP.search(text)
    if stamp is None or _SENTENCE.search(text):
        return False
    before, after = text[: stamp.start()], text[stamp.end() :]
    at_end = not after.strip() and (not before or before[-1] in _EDGE)
    return at_end or (not before.strip() and (not after or after[0] in _EDGE))


def find_posts(page: Page, *, thread: bool) -> list[int]:
    """The blocks of the posts, in order; empty where the page has no such structure.

    On a page that is not known to be a thread the posts must begin where the page's text begins:
    comments follow an article, but the text of a thread begins with a post.
    """
    blocks = page.blocks
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, block in enumerate(blocks):
        if block.plain and block.children and block.traits.weight >= page.bounds.unwanted_weight:
            groups[block.parent, block.kind].append(index)
    fewest = page.bounds.posts_fewest if thread else page.bounds.posts_alike
    enough = page.bounds.posts_share * blocks[0].prose_size
    prose_of = {
        at: text
        for at, members in groups.items()
        if len(members) >= fewest
        and (text := sum([blocks[i].prose_size for i in members])) > enough
    }
    # Of nested groups the outer one has more prose; a page made to stall has very many groups.
    for at in sorted(prose_of, key=lambda at: (-prose_of[at], at))[: page.bounds.posts_tried]:
        members = groups[at]
        if _are_posts(page, members) and (thread or _leads(page, members, prose_of[at])):
            return _with_siblings(page, members)
    return []


def _with_siblings(page: Page, members: list[int]) -> list[int]:
    """The posts, and siblings with other names that have prose, such as the accepted answer."""
    blocks = page.blocks
    tag, kind = blocks[members[0]].tag, blocks[members[0]].kind
    return [
        index
        for index in blocks[blocks[members[0]].parent].children
        if blocks[index].kind == kind or (blocks[index].tag == tag and blocks[index].prose_size)
    ]


def _are_posts(page: Page, members: list[int]) -> bool:
    """Whether enough of the siblings hold a name or a time, and enough of them hold prose."""
    signed = sum([_is_signed(page, page.blocks[index], index) for index in members])
    with_prose = sum([page.blocks[index].prose_size > 0 for index in members])
    bounds = page.bounds
    return bounds.posts_signed_one_in * signed > len(
        members
    ) and bounds.posts_saying_one_in * with_prose > len(members)


def _is_signed(page: Page, post: Block, index: int) -> bool:
    own = [line for at in range(index, post.end) for line in _lines(page, at)]
    if len(own) < page.bounds.posts_fewest or not any(line.links < line.size for line in own):
        return False
    timed = any(is_stamp(line.text) for line in own)
    named = any(
        page.blocks[at].traits.is_poster and _lines(page, at) for at in range(index + 1, post.end)
    )
    return timed or named


def _lines(page: Page, at: int) -> list[Line]:
    return [page.lines[i] for i in page.blocks[at].lines]


def _leads(page: Page, members: list[int], prose: int) -> bool:
    """Whether there is little prose before the first post, against `prose` in the posts."""
    before = sum([line.size for line in page.lines if line.prose and line.block < members[0]])
    return before < prose * page.bounds.posts_lead_share and _timed(page, members)


def _timed(page: Page, members: list[int]) -> bool:
    """Whether posts have lines with times; the summaries of a list of articles seldom do."""
    timed = 0
    for index in members:
        block = page.blocks[index]
        own = (line for at in range(index, block.end) for line in _lines(page, at))
        timed += any(is_stamp(line.text) for line in own)
    return page.bounds.posts_signed_one_in * timed > len(members)


def reply_blocks(page: Page, main: int) -> list[int]:
    """The outermost blocks with the names of replies, outside of the block `main`."""
    replies: list[int] = []
    covered = 0
    first, last = main, page.blocks[main].end
    for index, block in enumerate(page.blocks):
        around = index <= first < block.end
        if index >= covered and block.traits.is_reply and block.plain and not around:
            covered = block.end
            if not first <= index < last and block.weight >= 1:
                replies.append(index)
    return replies


def units(page: Page, root: int) -> list[int]:
    """The single replies in a block of replies: siblings of one kind with most of its text."""
    blocks = page.blocks
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index in range(root + 1, blocks[root].end):
        if blocks[index].plain and blocks[index].children:
            groups[blocks[index].parent, blocks[index].kind].append(index)
    best: list[int] = []
    most = blocks[root].plain * page.bounds.replies_share
    for members in groups.values():
        text = sum([blocks[i].plain for i in members])
        if len(members) >= page.bounds.posts_fewest and text > most:
            best, most = members, text
    return best


def without_labels(page: Page, kept: list[Line]) -> list[Line]:
    """The lines of a thread without names, times, ranks, counters and buttons."""
    moments = page.hints.moments
    left = [
        line
        for line in kept
        if line.tag == "pre"
        or not (line.size <= _LONGEST_LABEL and (is_stamp(line.text) or moments.match(line.text)))
    ]
    places: dict[int, list[Line]] = defaultdict(list)
    for line in left:
        places[page.blocks[line.block].kind].append(line)
    labels = {kind for kind, lines in places.items() if _are_labels(lines, page.bounds)}
    return [line for line in left if page.blocks[line.block].kind not in labels]


def _are_labels(lines: list[Line], bounds: Bounds) -> bool:
    """Whether lines in one place of the posts are ranks, counters or buttons: they repeat."""
    if len(lines) < bounds.posts_alike or any(
        line.prose or line.size > _LONGEST_LABEL for line in lines
    ):
        return False
    if any(line.tag == "pre" or _SENTENCE.search(line.text) for line in lines):
        return False
    distinct = len({re.sub(r"\d+", "0", line.text) for line in lines})
    return bounds.labels_repeat * distinct <= len(lines)
