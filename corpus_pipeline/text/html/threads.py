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

from corpus_pipeline.text.html.blocks import Page

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
    least = page.bounds.unwanted_weight
    starts, _ = page.child_places
    for index, plain in enumerate(blocks.plain):
        if plain and starts[index] < starts[index + 1] and blocks.traits[index].weight >= least:
            groups[blocks.parent[index], blocks.kind[index]].append(index)
    fewest = page.bounds.posts_fewest if thread else page.bounds.posts_alike
    enough = page.bounds.posts_share * blocks.prose_size[0]
    prose_of = {
        at: text
        for at, members in groups.items()
        if len(members) >= fewest
        and (text := sum([blocks.prose_size[i] for i in members])) > enough
    }
    # Of nested groups the outer one has more prose; a page made to stall has very many groups.
    for at in sorted(prose_of, key=lambda at: (-prose_of[at], at))[: page.bounds.posts_tried]:
        members = groups[at]
        if _are_posts(page, members) and (thread or _leads(page, members, prose_of[at])):
            return _with_siblings(page, members)
    return _short_posts(page, groups, thread=thread)


def _short_posts(
    page: Page, groups: dict[tuple[int, int], list[int]], *, thread: bool
) -> list[int]:
    """Posts of a few words each, such as short reviews: most are dated, and they say most.

    On a page that is not known to be a thread no more prose than in a lead may stand outside.
    """
    blocks, bounds = page.blocks, page.bounds
    enough = bounds.posts_share * blocks.plain[0]
    plain_of = {
        at: text
        for at, members in groups.items()
        if len(members) >= bounds.posts_short
        and (text := sum([blocks.plain[i] for i in members])) > enough
    }
    for at in sorted(plain_of, key=lambda at: (-plain_of[at], at))[: bounds.posts_tried]:
        members = groups[at]
        outside = blocks.prose_size[0] - sum([blocks.prose_size[i] for i in members])
        beside = outside > plain_of[at] * bounds.posts_lead_share
        if _timed(page, members) and (thread or not beside):
            return _with_siblings(page, members)
    return []


def _with_siblings(page: Page, members: list[int]) -> list[int]:
    """The posts, and siblings with other names that have prose, such as the accepted answer."""
    blocks = page.blocks
    tag, kind = blocks.tag[members[0]], blocks.kind[members[0]]
    return [
        index
        for index in page.children(blocks.parent[members[0]])
        if blocks.kind[index] == kind or (blocks.tag[index] == tag and blocks.prose_size[index])
    ]


def _are_posts(page: Page, members: list[int]) -> bool:
    """Whether enough of the siblings hold a name or a time, and enough of them hold prose."""
    signed = sum([_is_signed(page, index) for index in members])
    with_prose = sum([page.blocks.prose_size[index] > 0 for index in members])
    bounds = page.bounds
    return bounds.posts_signed_one_in * signed > len(
        members
    ) and bounds.posts_saying_one_in * with_prose > len(members)


def _is_signed(page: Page, post: int) -> bool:
    lines, inner = page.lines, range(post, page.blocks.end[post])
    own = [line for at in inner for line in page.lines_of(at)]
    if len(own) < page.bounds.posts_fewest:
        return False
    if not any(lines.links[line] < lines.size[line] for line in own):
        return False
    return any(is_stamp(lines.text[line]) for line in own) or any(
        page.blocks.traits[at].is_poster and page.lines_of(at) for at in inner[1:]
    )


def _leads(page: Page, members: list[int], prose: int) -> bool:
    """Whether there is little prose before the first post, against `prose` in the posts."""
    lines = page.lines
    columns = zip(lines.size, lines.prose, lines.block, strict=True)
    before = sum([size for size, says, block in columns if says and block < members[0]])
    return before < prose * page.bounds.posts_lead_share and _timed(page, members)


def _timed(page: Page, members: list[int]) -> bool:
    """Whether posts have lines with times; the summaries of a list of articles seldom do."""
    timed = 0
    for index in members:
        inner = range(index, page.blocks.end[index])
        timed += any(is_stamp(page.lines.text[i]) for at in inner for i in page.lines_of(at))
    return page.bounds.posts_signed_one_in * timed > len(members)


def reply_blocks(page: Page, main: int) -> list[int]:
    """The outermost blocks with the names of replies, outside of the block `main`."""
    blocks = page.blocks
    replies: list[int] = []
    covered = 0
    first, last = main, blocks.end[main]
    for index, traits in enumerate(blocks.traits):
        around = index <= first < blocks.end[index]
        if index >= covered and traits.is_reply and blocks.plain[index] and not around:
            covered = blocks.end[index]
            if not first <= index < last and blocks.weight[index] >= 1:
                replies.append(index)
    return replies


def units(page: Page, root: int) -> list[int]:
    """The single replies in a block of replies: siblings of one kind with most of its text."""
    blocks = page.blocks
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index in range(root + 1, blocks.end[root]):
        if blocks.plain[index] and page.children(index):
            groups[blocks.parent[index], blocks.kind[index]].append(index)
    best: list[int] = []
    most = blocks.plain[root] * page.bounds.replies_share
    for members in groups.values():
        text = sum([blocks.plain[i] for i in members])
        if len(members) >= page.bounds.posts_fewest and text > most:
            best, most = members, text
    return best


def without_labels(page: Page, kept: list[int]) -> list[int]:
    """The lines of a thread without names, times, ranks, counters and buttons."""
    lines, kinds, moments = page.lines, page.blocks.kind, page.hints.moments
    left = [
        line
        for line in kept
        if lines.code[line]
        or lines.size[line] > _LONGEST_LABEL
        or not (is_stamp(lines.text[line]) or moments.match(lines.text[line]))
    ]
    places: dict[int, list[int]] = defaultdict(list)
    for line in left:
        places[kinds[lines.block[line]]].append(line)
    labels = {kind for kind, members in places.items() if _are_labels(page, members)}
    return [line for line in left if kinds[lines.block[line]] not in labels]


def _are_labels(page: Page, members: list[int]) -> bool:
    """Whether lines in one place of the posts are ranks, counters or buttons: they repeat."""
    bounds, lines = page.bounds, page.lines
    if len(members) < bounds.posts_alike or any(
        lines.prose[line] or lines.size[line] > _LONGEST_LABEL for line in members
    ):
        return False
    if any(lines.code[line] or _SENTENCE.search(lines.text[line]) for line in members):
        return False
    distinct = len({re.sub(r"\d+", "0", lines.text[line]) for line in members})
    return bounds.labels_repeat * distinct <= len(members)
