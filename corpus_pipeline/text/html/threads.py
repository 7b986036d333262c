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
from collections import Counter, defaultdict
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
_CLAUSE = re.compile(r"[，；,;]")
#: Most characters of a line with name and time; a longer one is a sentence.  Set by eye, unswept.
_LONGEST_LABEL: Final = 40
#: Most characters of what the software says to readers and writers.  Set by eye, unswept.
_LONGEST_PROMPT: Final = 80
_BAR = ("·", "|", "｜")
_EDGE = frozenset(" |·•,，:：-—/于於[]【】()（）@#\t")


def is_stamp(text: str, *, linked: bool = False) -> bool:
    """Whether a line holds only who wrote a post and when, or its number.

    In a line with a link (`linked`) that is a name, and the time stands beside it without a blank.

    >>> [is_stamp(t) for t in ("慢半拍 | 3天前", "发表于 2026-1-3 20:01", "2楼", "24-5-13 河边")]
    [True, True, True, True]
    >>> [is_stamp(t) for t in ("3天前我也遇到过", "2026年1月3日开始施行", "我是2楼的")]
    [False, False, False]
    >>> [is_stamp(t, linked=True) for t in ("慢半拍3天前", "慢半拍 看过 2026-1-3 20:01 北京")]
    [True, True]
    """
    if len(text) > _LONGEST_LABEL:
        return False
    stamp = _STAMP.search(text)
    if stamp is None or _FLOOR.match(text):
        return _FLOOR.match(text) is not None
    return _is_edge(stamp, linked=linked)


def _is_edge(stamp: re.Match[str], *, linked: bool) -> bool:
    """Whether a time stands at one end of its line, and names or nothing at the other."""
    text = stamp.string
    before, after = text[: stamp.start()], text[stamp.end() :]
    if not before.strip() and after.lstrip().startswith(_BAR):
        return True  # whatever the writer says of himself behind the bar
    if _SENTENCE.search(text):
        return False
    if linked and "，" not in text and (":" in stamp[0] or not after):
        return True
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

    In a thread a name does for a date.  On a page that is not known to be one no more prose than
    in a lead may stand outside, and in a thread not more after the posts than in them.
    """
    blocks, bounds = page.blocks, page.bounds
    fewest = bounds.posts_alike if thread else bounds.posts_short
    enough = 0 if thread else bounds.posts_share * blocks.plain[0]
    plain_of = {
        at: text
        for at, members in groups.items()
        if len(members) >= fewest and (text := sum([blocks.plain[i] for i in members])) > enough
    }
    for at in sorted(plain_of, key=lambda at: (-plain_of[at], at))[: bounds.posts_tried]:
        members = groups[at]
        said = [_said(page, index) for index in members]
        if bounds.posts_signed_one_in * len(set(said) - {""}) <= len(members):
            continue
        if thread:
            size = len("".join(said))
            found = _most_signed(page, members) and _prose_after(page, members[-1]) <= size
        else:
            outside = blocks.prose_size[0] - sum([blocks.prose_size[i] for i in members])
            found = _timed(page, members) and outside <= _lead(page, plain_of[at])
        if found:
            return _with_siblings(page, members)
    return []


def _said(page: Page, post: int) -> str:
    """What stands in a post outside of links, boilerplate and stamps."""
    lines, inner = page.lines, range(post, page.blocks.end[post])
    own = [line for at in inner for line in page.lines_of(at)]
    return "".join(
        lines.text[line]
        for line in own
        if not (lines.noise[line] or lines.links[line] or is_stamp(lines.text[line]))
    )


def _prose_after(page: Page, last: int) -> int:
    """How much prose stands after a block, outside of what is named as furniture."""
    blocks, at, after = page.blocks, last, 0
    while at > 0:
        parent = blocks.parent[at]
        later = [i for i in page.children(parent) if i > at and blocks.weight[i] >= 1]
        after += sum([blocks.prose_size[i] for i in later])
        at = parent
    return after


def _lead(page: Page, text: int) -> float:
    """How much prose may stand outside of posts with so much text."""
    return max(text * page.bounds.posts_lead_share, page.bounds.posts_lead)


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
    with_prose = sum([page.blocks.prose_size[index] > 0 for index in members])
    saying = page.bounds.posts_saying_one_in * with_prose > len(members)
    return saying and _most_signed(page, members)


def _most_signed(page: Page, members: list[int]) -> bool:
    signed = sum([_is_signed(page, index) for index in members])
    return page.bounds.posts_signed_one_in * signed > len(members)


def _is_signed(page: Page, post: int) -> bool:
    lines, inner = page.lines, range(post, page.blocks.end[post])
    own = [line for at in inner for line in page.lines_of(at)]
    if len(own) < page.bounds.posts_fewest:
        return False
    if not any(lines.links[line] < lines.size[line] for line in own):
        return False
    return any(_stamped(page, line) for line in own) or any(
        page.blocks.traits[at].is_poster and page.lines_of(at) for at in inner[1:]
    )


def _stamped(page: Page, line: int) -> bool:
    """Whether a line of a page says who wrote a post and when."""
    return is_stamp(page.lines.text[line], linked=page.lines.links[line] > 0)


def _leads(page: Page, members: list[int], prose: int) -> bool:
    """Whether there is little prose before the first post, against `prose` in the posts."""
    lines = page.lines
    columns = zip(lines.size, lines.prose, lines.block, strict=True)
    before = sum([size for size, says, block in columns if says and block < members[0]])
    return before < _lead(page, prose) and _timed(page, members)


def _timed(page: Page, members: list[int]) -> bool:
    """Whether posts have lines with times; the summaries of a list of articles seldom do."""
    timed = 0
    for index in members:
        inner = range(index, page.blocks.end[index])
        timed += any(_stamped(page, i) for at in inner for i in page.lines_of(at))
    return page.bounds.posts_signed_one_in * timed > len(members)


#: Levels above the posts at which the text before them is sought.
_ABOVE: Final = 3


def opening(page: Page, parent: int) -> int:
    """The block with which the text before the posts in `parent` begins, such as a question.

    It stands beside the posts, or beside a block around them, and says more than it links.
    """
    blocks, at, start = page.blocks, parent, parent
    for _ in range(_ABOVE):
        above = blocks.parent[at]
        if above <= 0 or blocks.tag[above] in {"html", "body"}:
            break
        before = [i for i in page.children(above) if i < at]
        told = [
            i for i in before if blocks.weight[i] >= 1 and blocks.prose_size[i] > blocks.links[i]
        ]
        start = min([start, *told])
        at = above
    return start


def answers(page: Page, main: int) -> list[int]:
    """Blocks after the block `main` that hold siblings of one kind which say different things.

    Answers without a name and a time are such.
    """
    blocks, bounds = page.blocks, page.bounds
    shown = page.shown()
    groups: dict[int, list[int]] = defaultdict(list)
    for index in range(blocks.end[main], len(blocks.tag)):
        if shown[index] and blocks.plain[index] > blocks.links[index] and page.children(index):
            groups[blocks.parent[index]].append(index)
    found: list[int] = []
    for parent, members in groups.items():
        kinds = Counter(blocks.kind[index] for index in members)
        kind, times = kinds.most_common(1)[0]
        said = [_said(page, i) for i in members if blocks.kind[i] == kind]
        size = len("".join(said))
        if (
            times >= bounds.posts_alike
            and bounds.posts_signed_one_in * len(set(said) - {""}) > times
            and size >= times * bounds.answer_size
            and not (found and parent < blocks.end[found[-1]])
        ):
            found.append(parent)
    return found


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
        or lines.size[line] > _LONGEST_PROMPT
        or not (_stamped(page, line) or moments.match(lines.text[line]))
    ]
    places: dict[int, list[int]] = defaultdict(list)
    for line in left:
        places[kinds[lines.block[line]]].append(line)
    labels = {line for members in places.values() for line in _labels(page, members)}
    return [line for line in left if line not in labels]


def _labels(page: Page, members: list[int]) -> list[int]:
    """Those of the lines in one place of the posts that are ranks, counters or buttons.

    Most lines of such a place repeat each other; elsewhere one that is in half of the posts does.
    """
    bounds, lines = page.bounds, page.lines
    texts = {line: re.sub(r"\d+", "0", lines.text[line]) for line in members}
    short = [line for line in members if not _says(page, line)]
    times = Counter(texts[line] for line in short)
    if bounds.labels_repeat * len(times) <= len(short) == len(members) >= bounds.posts_alike:
        return members
    holders = len({lines.block[line] for line in members})
    most = max(holders // bounds.labels_repeat, bounds.posts_alike - 1)
    return [line for line in short if times[texts[line]] > most]


def _says(page: Page, line: int) -> bool:
    """Whether a line may be a sentence, or code."""
    lines = page.lines
    text, size = lines.text[line], lines.size[line]
    marked = size >= page.bounds.short_line and _CLAUSE.search(text)
    return bool(lines.code[line] or size > _LONGEST_LABEL or marked or _SENTENCE.search(text))
