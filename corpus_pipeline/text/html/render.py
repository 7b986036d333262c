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

from corpus_pipeline.text.html.blocks import Line, Page

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


def rendered(page: Page, kept: list[Line], breaks: set[int]) -> str:
    """The text; a line belongs to the innermost of the `breaks` around it."""
    kept = _unpadded(kept)
    places = sorted({line.block for line in kept})
    rows = {at: _row(page, at) for at in places}
    posts = _posts(page, places, breaks) if breaks else {}
    data = {table: _is_data(page, table) for table in {t for _, t in rows.values() if t}}
    texts: list[str] = []
    last = None
    for (row, table), group in groupby(kept, key=lambda line: rows[line.block]):
        lines = list(group)
        post = posts.get(lines[0].block, last)
        if texts and post != last:
            texts.append("")
        last = post
        joined = _joined(page, row, lines, data=data.get(table, False)) if row else None
        if joined is not None:
            texts.append(joined)
            continue
        for line in lines:
            post = posts.get(line.block, last)
            if texts and post != last:
                texts.append("")
            last = post
            texts.append(_marker(page, line, marked=not breaks) + line.text)
    return "\n".join(texts)


def is_figure(page: Page, line: Line) -> bool:
    """Whether a line is a number in a table of data; elsewhere it may be a counter of views."""
    if line.tag not in {"td", "th"} or line.links or not any(map(str.isdigit, line.text)):
        return False
    table = _row(page, line.block)[1]
    is_data = page.data_tables.get(table)
    if is_data is None:
        is_data = page.data_tables[table] = table > 0 and _is_data(page, table)
    return is_data


def _unpadded(kept: list[Line]) -> list[Line]:
    """The lines without empty ones, except between two lines of one block of code."""
    return [
        line
        for i, line in enumerate(kept)
        if line.size or (0 < i < len(kept) - 1 and kept[i - 1].block == line.block)
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
        while open_posts and page.blocks[open_posts[-1]].end <= place:
            open_posts.pop()
        posts[place] = open_posts[-1] if open_posts else 0
    return posts


def _row(page: Page, at: int) -> tuple[int, int]:
    """The table row around a block, and its table; zeros outside of tables."""
    blocks = page.blocks
    for _ in range(_DEEPEST):
        if blocks[at].tag == "tr":
            table = blocks[at].parent
            if table > 0 and blocks[table].tag in {"tbody", "thead", "tfoot"}:
                table = blocks[table].parent
            return at, max(table, 0)
        at = max(blocks[at].parent, 0)
    return 0, 0


def _is_data(page: Page, table: int) -> bool:
    """Whether a table holds data: no table in it, and half of its rows have as many cells."""
    blocks = page.blocks
    inner = range(table + 1, blocks[table].end)
    if any(blocks[i].tag == "table" for i in inner):
        return False
    cells = [
        sum([blocks[c].tag in {"td", "th"} for c in blocks[i].children])
        for i in inner
        if blocks[i].tag == "tr"
    ]
    wide = [count for count in cells if count > 1]
    return len(wide) >= _ROWS and max(wide.count(c) for c in set(wide)) * 2 >= len(cells)


def _joined(page: Page, row: int, lines: list[Line], *, data: bool) -> str | None:
    """The row as one line; null where its cells are paragraphs."""
    cells = [c for c in page.blocks[row].children if page.blocks[c].tag in {"td", "th"}]
    if len(cells) <= 1 or any(line.tag == "pre" for line in lines):
        return None
    texts = dict.fromkeys(cells, "")
    for line in lines:
        cell = line.block
        while cell not in texts and cell > row:
            cell = page.blocks[cell].parent
        if cell in texts:
            texts[cell] += (" " if texts[cell] else "") + line.text
    if data:
        if max(map(len, texts.values())) <= _LONG_CELL:
            return " | ".join(texts.values()).rstrip(" |")
        return None
    short = all(line.size <= _CELL for line in lines)
    if short and len({line.block for line in lines}) == len(lines):
        return " | ".join(text for text in texts.values() if text)
    return None


def _marker(page: Page, line: Line, *, marked: bool) -> str:
    """The bullet or number that a browser shows before the first line of an item."""
    blocks = page.blocks
    at = line.block
    if not marked or line.tag == "pre" or _MARKED.match(line.text):
        return ""
    if blocks[at].tag == "p" and blocks[blocks[at].parent].tag == "li":
        at = blocks[at].parent
    block = blocks[at]
    if block.tag != "li" or page.lines[_first(page, at)] is not line:
        return ""
    holder = blocks[block.parent]
    if holder.tag not in _ITEMS or len(holder.children) < _ROWS:
        return ""
    if holder.tag != "ol":
        return "- "
    return f"{block.place + 1}. "


def _first(page: Page, at: int) -> int:
    """The first line in a block or in its first child."""
    block = page.blocks[at]
    lines = [
        *block.lines[:1],
        *(page.blocks[c].lines[0] for c in block.children[:1] if page.blocks[c].lines),
    ]
    return min(lines)
