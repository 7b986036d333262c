"""The posts of a thread: which blocks they are, and which of their lines a person wrote.

Enters: a scored `Page`.  Leaves: indexes of the blocks that hold one post each; lines without
names, times, ranks and buttons.
Refuses: to know forum software by name.  Posts are siblings of one kind with somebody's name or
a time in each; what is said of their writers stands in the same place of each and is no sentence.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

from corpus_pipeline.text.html.blocks import Block, Bounds, Line, Page

#: A time of writing: at one end of its line or all of it.
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
#: Characters: who wrote when is said in fewer; a longer line is a sentence.  Set by eye, unswept.
_LONGEST_LABEL: Final = 40
_EDGE = frozenset(" |·•,，:：-—/于於[]【】()（）@#\t")


def is_stamp(text: str) -> bool:
    """Whether a line says who wrote when, and nothing else.

    >>> [is_stamp(t) for t in ("慢半拍 | 3天前", "发表于 2026-1-3 20:01", "2楼", "24-5-13 河边")]
    [True, True, True, True]
    >>> [is_stamp(t) for t in ("3天前我也遇到过", "2026年1月3日开始施行", "我是2楼的")]
    [False, False, False]
    """
    if len(text) > _LONGEST_LABEL:
        return False
    if _FLOOR.match(text):
        return True
    found = _STAMP.search(text)
    if found is None or _SENTENCE.search(text):
        return False
    before, after = text[: found.start()], text[found.end() :]
    at_end = not after.strip() and (not before or before[-1] in _EDGE)
    return at_end or (not before.strip() and (not after or after[0] in _EDGE))


def find_posts(page: Page, *, thread: bool) -> list[int]:
    """The blocks of the posts, in order; none where the page has no such structure.

    On a page that is not known to be a thread the posts must begin with the page's text: comments
    follow an article, but a first post is a post.
    """
    blocks = page.blocks
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, block in enumerate(blocks):
        if block.plain and block.children and block.names[0] >= page.bounds.unwanted_weight:
            groups[block.parent, block.kind].append(index)
    fewest = page.bounds.posts_fewest if thread else page.bounds.posts_alike
    enough = page.bounds.posts_share * blocks[0].said
    said = {
        at: text
        for at, members in groups.items()
        if len(members) >= fewest and (text := sum([blocks[i].said for i in members])) > enough
    }
    # Of nested groups the outer one says more; on a page made to stall there are very many.
    for at in sorted(said, key=lambda at: (-said[at], at))[: page.bounds.posts_tried]:
        members = groups[at]
        if _are_posts(page, members) and (thread or _leads(page, members, said[at])):
            return _with_siblings(page, members)
    return []


def _with_siblings(page: Page, members: list[int]) -> list[int]:
    """The posts with those beside them that only their names tell apart, as the chosen answer."""
    blocks = page.blocks
    tag, kind = blocks[members[0]].tag, blocks[members[0]].kind
    return [
        index
        for index in blocks[blocks[members[0]].parent].children
        if blocks[index].kind == kind or (blocks[index].tag == tag and blocks[index].said)
    ]


def _are_posts(page: Page, members: list[int]) -> bool:
    """Whether most of the siblings name a writer or a time, and most of them say something."""
    signed = sum([_is_signed(page, page.blocks[index], index) for index in members])
    saying = sum([page.blocks[index].said > 0 for index in members])
    one_in, says_one_in = page.bounds.posts_signed_one_in, page.bounds.posts_saying_one_in
    return one_in * signed > len(members) and says_one_in * saying > len(members)


def _is_signed(page: Page, post: Block, index: int) -> bool:
    own = [line for at in range(index, post.end) for line in _lines(page, at)]
    if len(own) < page.bounds.posts_fewest or not any(line.links < line.size for line in own):
        return False
    timed = any(is_stamp(line.text) for line in own)
    named = any(page.blocks[at].names[2] and _lines(page, at) for at in range(index + 1, post.end))
    return timed or named


def _lines(page: Page, at: int) -> list[Line]:
    return [page.lines[i] for i in page.blocks[at].lines]


def _leads(page: Page, members: list[int], said: int) -> bool:
    """Whether the page says little before the first post, and the posts say more than that."""
    before = sum([line.size for line in page.lines if line.prose and line.block < members[0]])
    return before < said * page.bounds.posts_lead_share and _timed(page, members)


def _timed(page: Page, members: list[int]) -> bool:
    """Whether posts carry times: the summaries of a list seldom do apart from their text."""
    found = 0
    for index in members:
        block = page.blocks[index]
        own = (line for at in range(index, block.end) for line in _lines(page, at))
        found += any(is_stamp(line.text) for line in own)
    return page.bounds.posts_signed_one_in * found > len(members)


def reply_blocks(page: Page, chosen: int) -> list[int]:
    """The outermost blocks that are called replies, outside of the chosen one."""
    found: list[int] = []
    covered = 0
    first, last = chosen, page.blocks[chosen].end
    for index, block in enumerate(page.blocks):
        around = index <= first < block.end
        if index >= covered and block.names[1] and block.plain and not around:
            covered = block.end
            if not first <= index < last and block.weight >= 1:
                found.append(index)
    return found


def units(page: Page, root: int) -> list[int]:
    """The siblings of one kind below a block that hold most of its text: its single replies."""
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
    """The lines of a thread without those that say who wrote them, when, and what to click."""
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
    """Whether a place in the posts holds ranks, counters or buttons: it repeats itself."""
    if len(lines) < bounds.posts_alike or any(
        line.prose or line.size > _LONGEST_LABEL for line in lines
    ):
        return False
    if any(line.tag == "pre" or _SENTENCE.search(line.text) for line in lines):
        return False
    distinct = len({re.sub(r"\d+", "0", line.text) for line in lines})
    return bounds.labels_repeat * distinct <= len(lines)
