"""Line breaks that a style keeps become `br` elements, as a reader sees them.

Enters: lexbor's tree, which is changed, and the page's bytes.
Leaves: elements with `white-space: pre…` in their style, in a rule of the page's style sheet for
their class, or in a class that says so, with a `br` for each line break; PTT's pages are such.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from corpus_pipeline.text.html.obfuscation import Places

#: A page without one of these has no such element.
CLUES: Final = ("pre-wrap", "pre-line", "break-spaces", "bbs-screen", "white-space")
_STYLED: Final = (
    '[style*="pre-wrap"]',
    '[style*="pre-line"]',
    '[style*="break-spaces"]',
    '[style*="white-space:pre"]',
    '[style*="white-space: pre"]',
    '[class*="pre-wrap"]',
    '[class*="pre-line"]',
    '[class*="bbs-screen"]',
)
_KEEPS = re.compile(rb"white-space\s*:\s*(?:pre|break-spaces)")
#: The class before the bracket of a rule, and the tag of a style sheet.
_CLASS = re.compile(rb"\.(-?[a-zA-Z_][\w-]{0,60})\s*\Z")
_STYLE_SHEET = re.compile(rb"<[sS][tT][yY][lL][eE][\s>]")
#: Bytes of a rule, and of the class and the blanks before it.
_LONGEST_RULE, _LONGEST_CLASS = 2000, 100
#: Rules, elements and places of a clue that are looked at, and how deep; a page with more is made
#: to stall a program.
_MOST_RULES, _MOST_ELEMENTS, _MOST_PLACES, _DEEPEST = 20, 1000, 500, 500
_OWN_LINES = frozenset(("pre", "textarea", "code", "script", "style", "body", "html"))


def keep_breaks(tree: LexborHTMLParser, page: bytes, places: Places) -> None:
    r"""Write the kept line breaks of a page as elements.

    `places` says where the `CLUES` begin in the page.

    >>> page = '<p style="white-space: pre-wrap">一\n二</p><p>三\n四</p>'
    >>> tree = LexborHTMLParser(page)
    >>> keep_breaks(tree, page.encode(), {"white-space": [10]})
    >>> tree.body.html
    '<body><p style="white-space: pre-wrap">一<br>二</p><p>三\n四</p></body>'
    """
    near = [at for clue in CLUES for at in places.get(clue, ())[:_MOST_PLACES]]
    selectors = [f".{name}" for name in _classes(page, places.get("white-space", ()))]
    if not all(_STYLE_SHEET.match(page, page.rfind(b"<", 0, at)) for at in near):
        selectors += _STYLED
    if not selectors:
        return
    found = tree.css(", ".join(selectors))[:_MOST_ELEMENTS]
    nodes = [node for node in found if node.tag not in _OWN_LINES]
    known = {node.mem_id for node in nodes}
    # Chosen before any is written: what an outer one holds is written anew with it.
    for node in [node for node in nodes if not _inside(node, known)]:
        inner = node.inner_html or ""
        if "\n" in inner and "<pre" not in inner:
            node.inner_html = inner.replace("\n", "<br>")


def _classes(page: bytes, places: Sequence[int]) -> list[str]:
    """The classes whose rules keep line breaks, at these places of `white-space`."""
    names: dict[str, None] = {}
    for at in places[:_MOST_PLACES]:
        if _KEEPS.match(page, at):
            start = page.rfind(b"{", max(at - _LONGEST_RULE, 0), at)
            name = _CLASS.search(page, max(start - _LONGEST_CLASS, 0), max(start, 0))
            if name and page.find(b"}", start, at) < 0:
                names[name[1].decode()] = None
    return list(names)[:_MOST_RULES]


def _inside(node: LexborNode, known: set[int]) -> bool:
    """Whether an element around the node is one of `known`, or deeper than pages are nested."""
    above = node.parent
    for _ in range(_DEEPEST):
        if above is None:
            return False
        if above.mem_id in known:
            return True
        above = above.parent
    return True
