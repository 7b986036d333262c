"""Markup to a parsed page, also when the markup was made to stall a parser.

Enters: the text of a page.  Leaves: lexbor's tree.
Refuses: to hand the parser what costs it quadratic time or memory; such a page loses its
structure down to paragraphs, never its text.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser


def _tags(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TAG = re.compile(r"<(/?)([a-zA-Z]+)")
_FORMAT_TAG = re.compile(
    r"<(/?)(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s>]", re.IGNORECASE
)
_ANY_TAG = re.compile(r"</?([a-zA-Z]+)[^<>]*>?")
_LONG = 50_000
_LONG_TAG = re.compile(rf"<([a-zA-Z]+)[^<>]{{{_LONG},}}")
#: These are closed by their neighbours or have no content: they do not nest by being left open.
_SHALLOW = _tags(
    "p li dt dd td th tr option thead tbody tfoot colgroup rt rp area base br col embed hr img"
    " input link meta param source track wbr"
)
_INLINE = _tags(
    "abbr acronym b bdi bdo big cite code dfn em font i ins kbd mark nobr q s samp small span"
    " strike strong sub sup tt u var"
)
_PLAIN = frozenset(("html", "head", "body", "title", "meta", "script", "style", "p", "a", "br"))
#: A page beyond these is made to stall parsers.  Measured: 1,000 nested blocks take lexbor 3 ms,
#: 100,000 take 25 s; 1,000 unclosed fonts before 1,000 paragraphs become 20 MB; 50,000 attributes
#: of one element take 9 s.  Pages of few tags need no test at all.
_DEEP, _UNCLOSED, _FEW_TAGS, _MANY_TAGS = 1000, 50, 1000, 8000


def parse(html: str) -> LexborHTMLParser:
    """The parsed page.

    >>> parse("<div>" * 100_000 + "正文").body.text()
    '正文'
    """
    return LexborHTMLParser(tamed(html.replace("\0", "")))


def tamed(html: str) -> str:
    """The page without what makes parsers quadratic; an ordinary page is returned as it is.

    >>> tamed("<div>" * 9000 + "正文").count("<div>")
    0
    """
    pieces = html.split("<")
    if max(map(len, pieces)) > _LONG:
        html = _LONG_TAG.sub(r"<\1", html)
    if len(pieces) <= _FEW_TAGS:
        return html
    if _unclosed(html) <= _UNCLOSED and (len(pieces) <= _MANY_TAGS or _depth(html) <= _DEEP):
        return html
    return _ANY_TAG.sub(_flat, html)


def _flat(tag: re.Match[str]) -> str:
    name = tag[1].lower()
    return tag[0] if name in _PLAIN else "" if name in _INLINE else "<p>"


def _unclosed(html: str) -> int:
    """Formatting elements left open; parsers repeat those with attributes in each paragraph."""
    closes = _FORMAT_TAG.findall(html)
    return len(closes) - 2 * sum(map(bool, closes))


def _depth(html: str) -> int:
    depth = deepest = 0
    for close, name in _TAG.findall(html):
        if name.lower() not in _SHALLOW:
            depth = max(depth + (-1 if close else 1), 0)
            deepest = max(deepest, depth)
    return deepest
