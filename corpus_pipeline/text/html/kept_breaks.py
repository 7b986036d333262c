"""Line breaks that a style keeps become `br` elements, as a reader sees them.

Enters: lexbor's tree, which is changed, and the page's bytes.
Leaves: elements with `white-space: pre…` in their style, in a rule of the page's style sheet for
their class, or in a class that says so, with a `br` for each line break; PTT's pages are such.
"""

from __future__ import annotations

import re
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

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
_RULE = re.compile(
    rb"\.(-?[a-zA-Z_][\w-]{0,60})\s*\{[^{}]{0,2000}?white-space\s*:\s*(?:pre|break-spaces)"
)
#: Rules and elements that are looked at; a page with more is made to stall a program.
_MOST_RULES, _MOST_ELEMENTS, _DEEPEST = 20, 1000, 500
_OWN_LINES = frozenset(("pre", "textarea", "code", "script", "style", "body", "html"))


def keep_breaks(tree: LexborHTMLParser, page: bytes) -> None:
    r"""Write the kept line breaks of a page as elements.

    >>> tree = LexborHTMLParser('<p style="white-space: pre-wrap">一\\n二</p><p>三\\n四</p>')
    >>> keep_breaks(tree, b"white-space")
    >>> tree.body.html
    '<body><p style="white-space: pre-wrap">一<br>二</p><p>三\\n四</p></body>'
    """
    rules = _RULE.findall(page)[:_MOST_RULES] if b"white-space" in page else []
    classes = [f".{name.decode()}" for name in dict.fromkeys(rules)]
    selector = ", ".join([*_STYLED, *classes])
    nodes = [n for n in tree.css(selector)[:_MOST_ELEMENTS] if n.tag not in _OWN_LINES]
    known = {node.mem_id for node in nodes}
    # Chosen before any is written: what an outer one holds is written anew with it.
    for node in [node for node in nodes if not _inside(node, known)]:
        inner = node.inner_html or ""
        if "\n" in inner and "<pre" not in inner:
            node.inner_html = inner.replace("\n", "<br>")


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
