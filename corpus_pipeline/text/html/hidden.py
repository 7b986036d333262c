"""Blocks that the style sheets of a page hide from every reader.

Enters: lexbor's tree, which is changed, and the source that it was parsed from.
Leaves: the tree without elements that a rule of a `style` element does not display.
Refuses: what may be shown after all stays: under `@media` or a state, where another rule or a
program of the page names the element, and where much of the page's text is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

#: A source without one of these has no such rule; `obfuscation.CLUES` holds them.
CLUES: Final = ("display:none", "display: none", "DISPLAY: none")
_SHEET = (
    re.compile(rb"<style\b[^<>]{0,500}>", re.IGNORECASE),
    re.compile(rb"</style", re.IGNORECASE),
)
_PROGRAM = (
    re.compile(rb"<script\b[^<>]{0,5000}>", re.IGNORECASE),
    re.compile(rb"</script", re.IGNORECASE),
)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_AT_BLOCK = re.compile(r"@[\w-]+[^{};]*\{")
_BRACE = re.compile(r"[{}]")
_HIDES = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_SHOWS = re.compile(r"display\s*:\s*(?!none)[a-z]", re.IGNORECASE)
_SELECTOR = re.compile(r"[\w.#>\s-]{2,100}")
_NAME = re.compile(r"[.#](-?[a-zA-Z_][\w-]*)")
#: Sheets, programs, selectors and elements that are looked at; more are made to stall a program.
_MOST_SHEETS, _MOST_PROGRAMS, _MOST_SELECTORS, _MOST_ELEMENTS = 20, 200, 30, 500
#: Hidden text that is more than this share of a page is shown by programs from elsewhere; on a
#: short page so many characters, up to a half: dialogs and inserted junk are no more.  Set by eye,
#: unswept.
_MOST_HIDDEN, _FEW_HIDDEN, _HALF = 0.2, 300, 0.5


def remove_hidden(tree: LexborHTMLParser, page: bytes, clues: Container[str]) -> None:
    """Take what style sheets do not display out of the tree.

    >>> page = "<style>.ad {display:none}</style><p>河边的柳树绿了。</p><p class=ad>广告</p>"
    >>> tree = LexborHTMLParser(page)
    >>> remove_hidden(tree, page.encode(), CLUES)
    >>> tree.body.text()
    '河边的柳树绿了。'
    """
    if tree.body is None or not any(clue in clues for clue in CLUES):
        return
    selectors = _hiding(page)
    nodes: dict[int, LexborNode] = {}
    for selector in selectors:
        for node in tree.css(selector)[:_MOST_ELEMENTS]:
            if node.tag not in {"html", "body"}:
                nodes.setdefault(node.mem_id, node)
    outer = [node for node in nodes.values() if not _inside(node, nodes.keys())]
    size = sum([len(node.text()) for node in outer])
    whole = len(tree.body.text()) if size else 0
    if 0 < size <= min(max(_MOST_HIDDEN * whole, _FEW_HIDDEN), _HALF * whole):
        for node in outer:
            node.decompose()


def _inside(node: LexborNode, known: Container[int]) -> bool:
    """Whether an element around the node is one of `known`, or deeper than pages are nested."""
    above = node.parent
    for _ in range(_MOST_ELEMENTS):
        if above is None:
            return False
        if above.mem_id in known:
            return True
        above = above.parent
    return True


def _hiding(page: bytes) -> list[str]:
    """The selectors of the rules that hide, whose names nothing else on the page shows."""
    css = _unconditional(_COMMENT.sub("", _texts(page, *_SHEET, _MOST_SHEETS)))
    rules = list(_display_rules(css))
    shown = {name for heads, body in rules if _SHOWS.search(body) for name in _NAME.findall(heads)}
    lists = [heads.split(",") for heads, body in rules if _HIDES.search(body)]
    heads = dict.fromkeys(head.strip() for heads in lists for head in heads)
    found = [head for head in heads if _SELECTOR.fullmatch(head)][:_MOST_SELECTORS]
    named = {head: _NAME.findall(head.split()[-1]) for head in found}
    if not any(named.values()):
        return []
    program = _texts(page, *_PROGRAM, _MOST_PROGRAMS)
    return [
        head
        for head, names in named.items()
        if names and not any(name in shown or name in program for name in names)
    ]


def _display_rules(css: str) -> Iterator[tuple[str, str]]:
    """Selectors and body of each innermost rule that speaks of `display`."""
    before, opened = 0, -1
    for brace in _BRACE.finditer(css):
        at = brace.start()
        if brace[0] == "{":
            if opened >= 0:
                before = opened + 1
            opened = at
            continue
        if opened > before:
            body = css[opened + 1 : at]
            if "display" in body.lower():
                yield css[before:opened], body
        before, opened = at + 1, -1


def _texts(page: bytes, opens: re.Pattern[bytes], ends: re.Pattern[bytes], most: int) -> str:
    """What stands in the first elements of a kind."""
    parts: list[bytes] = []
    begin = opens.search(page)
    while begin and len(parts) < most:
        end = ends.search(page, begin.end())
        if end is None:
            break
        parts.append(page[begin.end() : end.start()])
        begin = opens.search(page, end.end())
    return b"\n".join(parts).decode("utf-8", "ignore")


def _unconditional(css: str) -> str:
    """A style sheet without what stands under `@media` and the like."""
    parts: list[str] = []
    at, block = 0, _AT_BLOCK.search(css)
    while block:
        parts.append(css[at : block.start()])
        depth, at = 1, block.end()
        for brace in _BRACE.finditer(css, at):
            depth += -1 if brace[0] == "}" else 1
            at = brace.end()
            if depth == 0:
                break
        if depth:
            return "".join(parts)
        block = _AT_BLOCK.search(css, at)
    return "".join([*parts, css[at:]])
