"""The lines of the main content as text: rows of tables, items of lists, code and posts.

Enters: a `Page`, its kept lines in order, and the indexes of the blocks that begin a post.
Leaves: text with one line per paragraph or table row, and an empty line between posts.
Refuses: tables that only lay out the page get no rows, and items get no marker unless a browser
shows one.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import Final

from corpus_pipeline.text.html.blocks import Page

#: Most characters of a cell that is joined into a row, in any table and in a table of data.
_CELL: Final = 60
_LONG_CELL: Final = 400
_ROWS: Final = 2
_DEEPEST: Final = 5
#: A line that begins like this has a marker in its text.
_MARKED = re.compile(
    r"\s*(?:[-•·●○◆■※*#>]|[（(]?\s?(?:\d{1,3}|[一二三四五六七八九十]{1,3}|[a-zA-Z])\s?[)）.．、:：]"
    r"|[①-⑳㈠-㈩]|第[\d一二三四五六七八九十百]+[条章节步])"
)
_ITEMS = frozenset(("ul", "ol", "menu", "dir"))


def rendered(page: Page, kept: list[int], breaks: set[int]) -> str:
    """The text; a line belongs to the innermost of the `breaks` around it."""
    lines = page.lines
    kept = _unpadded(page, kept)
    places = sorted({lines.block[line] for line in kept})
    rows = {at: _row(page, at) for at in places}
    items = set[int]() if breaks else {at for at in places if _item(page, at)}
    posts = _posts(page, places, breaks) if breaks else {}
    data = {table: _is_data(page, table) for table in {t for _, t in rows.values() if t}}
    texts: list[str] = []
    last = None
    runs = ((block, list(group)) for block, group in groupby(kept, key=lines.block.__getitem__))
    for (row, table), group in groupby(runs, key=lambda run: rows[run[0]]):
        members = [line for _, run in group for line in run]
        post = posts.get(lines.block[members[0]], last)
        if texts and post != last:
            texts.append("")
        last = post
        joined = _joined(page, row, members, data=data.get(table, False)) if row else None
        if joined is not None:
            texts.append(joined)
            continue
        if not (breaks or items):
            texts += [lines.text[line] for line in members]
            continue
        for line in members:
            block = lines.block[line]
            post = posts.get(block, last)
            if texts and post != last:
                texts.append("")
            last = post
            text = lines.text[line]
            texts.append(_marker(page, line) + text if block in items else text)
    return "\n".join(texts)


def is_figure(page: Page, line: int) -> bool:
    """Whether a line is a number in a table of data; elsewhere it may be a counter of views."""
    lines = page.lines
    if page.tag_of(line) not in {"td", "th"} or lines.links[line]:
        return False
    if not any(map(str.isdigit, lines.text[line])):
        return False
    table = _row(page, lines.block[line])[1]
    is_data = page.data_tables.get(table)
    if is_data is None:
        is_data = page.data_tables[table] = table > 0 and _is_data(page, table)
    return is_data


def _unpadded(page: Page, kept: list[int]) -> list[int]:
    """The lines without empty ones, except between two lines of one block of code."""
    size, block = page.lines.size, page.lines.block
    if all(map(size.__getitem__, kept)):
        return kept
    return [
        line
        for i, line in enumerate(kept)
        if size[line] or (0 < i < len(kept) - 1 and block[kept[i - 1]] == block[line])
    ]


def _posts(page: Page, places: list[int], breaks: set[int]) -> dict[int, int]:
    """For each of the blocks `places` (ascending) the innermost of `breaks` that holds it, or 0."""
    posts: dict[int, int] = {}
    open_posts: list[int] = []
    starts = sorted(breaks)
    at = 0
    for place in places:
        while at < len(starts) and starts[at] <= place:
            open_posts.append(starts[at])
            at += 1
        while open_posts and page.blocks.end[open_posts[-1]] <= place:
            open_posts.pop()
        posts[place] = open_posts[-1] if open_posts else 0
    return posts


def _row(page: Page, at: int) -> tuple[int, int]:
    """The table row around a block, and its table; zeros outside of tables."""
    tags, parents = page.blocks.tag, page.blocks.parent
    for _ in range(_DEEPEST):
        if tags[at] == "tr":
            table = parents[at]
            if table > 0 and tags[table] in {"tbody", "thead", "tfoot"}:
                table = parents[table]
            return at, max(table, 0)
        at = max(parents[at], 0)
    return 0, 0


def _is_data(page: Page, table: int) -> bool:
    """Whether a table holds data: no table in it, and half of its rows have as many cells."""
    tags = page.blocks.tag
    inner = range(table + 1, page.blocks.end[table])
    if any(tags[i] == "table" for i in inner):
        return False
    cells = [
        sum([tags[c] in {"td", "th"} for c in page.children(i)]) for i in inner if tags[i] == "tr"
    ]
    wide = [count for count in cells if count > 1]
    return len(wide) >= _ROWS and max(wide.count(c) for c in set(wide)) * 2 >= len(cells)


def _joined(page: Page, row: int, members: list[int], *, data: bool) -> str | None:
    """The row as one line; null where its cells are paragraphs."""
    lines, parents = page.lines, page.blocks.parent
    cells = [c for c in page.children(row) if page.blocks.tag[c] in {"td", "th"}]
    if len(cells) <= 1 or any(lines.code[line] for line in members):
        return None
    texts = dict.fromkeys(cells, "")
    for line in members:
        cell = lines.block[line]
        while cell not in texts and cell > row:
            cell = parents[cell]
        if cell in texts:
            texts[cell] += (" " if texts[cell] else "") + lines.text[line]
    if data:
        if max(map(len, texts.values())) <= _LONG_CELL:
            return " | ".join(texts.values()).rstrip(" |")
        return None
    short = all(lines.size[line] <= _CELL for line in members)
    if short and len({lines.block[line] for line in members}) == len(members):
        return " | ".join(text for text in texts.values() if text)
    return None


def _item(page: Page, at: int) -> int:
    """The item of a list that a block is, or whose paragraph it is; 0 for no item."""
    tags, parents = page.blocks.tag, page.blocks.parent
    if tags[at] == "p" and tags[parents[at]] == "li":
        at = parents[at]
    return at if tags[at] == "li" else 0


def _marker(page: Page, line: int) -> str:
    """The bullet or number that a browser shows before the first line of an item."""
    blocks = page.blocks
    at = _item(page, page.lines.block[line])
    if page.lines.code[line] or _MARKED.match(page.lines.text[line]):
        return ""
    if _first(page, at) != line:
        return ""
    holder = blocks.parent[at]
    if blocks.tag[holder] not in _ITEMS or len(page.children(holder)) < _ROWS:
        return ""
    if blocks.tag[holder] != "ol":
        return "- "
    return f"{blocks.place[at] + 1}. "


def _first(page: Page, at: int) -> int:
    """The first line in a block or in its first child; -1 where neither has one."""
    firsts = [line for i in (at, *page.children(at)[:1]) for line in page.lines_of(i)[:1]]
    return min(firsts, default=-1)
