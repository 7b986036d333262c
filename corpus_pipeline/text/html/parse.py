"""Markup to a parsed page, also when the markup was made to stall a parser.

Enters: the markup of a page, as text or UTF-8.
Leaves: lexbor's tree.
Refuses: markup that takes a parser quadratic time or memory; such a page is reduced to paragraphs
and keeps its text.

Programs, styles, drawings and comments are removed before parsing: they are half of an ordinary
page.  Scripts with structured data or TeX stay.
"""

from __future__ import annotations

import re
from collections import Counter

from selectolax.lexbor import LexborHTMLParser


def _tags(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: Beginnings of elements that end at the first end tag of their name, whatever is between them.
#: Patterns over bytes find `<` at the speed of memory; `IGNORECASE` would slow them down.
_REMOVED = re.compile(
    rb"<(?:([sS](?:[cC][rR][iI][pP][tT]|[tT][yY][lL][eE]|[vV][gG]))(?=[\s/>])([^<>]*)>|!--)"
)
_ENDS = {
    b"script": re.compile(rb"</[sS][cC][rR][iI][pP][tT]\s*>"),
    b"style": re.compile(rb"</[sS][tT][yY][lL][eE]\s*>"),
    b"svg": re.compile(rb"</[sS][vV][gG]\s*>"),
    b"!--": re.compile(rb"--!?>"),
}
_DATA_TYPES = re.compile(rb"json|math", re.IGNORECASE)
_NAME = re.compile(r"<(/?[a-zA-Z]+)")
_ANY_TAG = re.compile(r"</?([a-zA-Z]+)[^<>]*>?")
_LONG = 50_000  # characters of one tag
_LONG_TAG = re.compile(rf"<([a-zA-Z]+)[^<>]{{{_LONG},}}")
#: Elements that their neighbours close, or that have no content: left open, they do not nest.
_SHALLOW = _tags(
    "p li dt dd td th tr option thead tbody tfoot colgroup rt rp area base br col embed hr img"
    " input link meta param source track wbr"
)
_INLINE = _tags(
    "abbr acronym b bdi bdo big cite code dfn em font i ins kbd mark nobr q s samp small span"
    " strike strong sub sup tt u var"
)
#: Elements that the parser opens again in each paragraph after they were left open.
_FORMATS = _tags("b big code em font i nobr s small strike strong tt u")
#: The parser repeats at most three of those with the same attributes, so different ones count.
_FORMAT = re.compile(
    r"<(?=[bBcCeEfFiInNsStTuU](?![pP]))"  # a quick test that most tags fail
    rf"(?:{'|'.join(''.join(f'[{c}{c.upper()}]' for c in tag) for tag in sorted(_FORMATS))})\s[^>]*"
)
_FORMAT_BYTES = re.compile(_FORMAT.pattern.encode())
_PLAIN = frozenset(("html", "head", "body", "title", "meta", "script", "style", "p", "a", "br"))
#: Empty paragraphs, as thousands of flattened tags in a row leave them.
_EMPTY_RUN = re.compile(r"<p>(?:\s*<p>)+")
#: A page beyond these is made to stall parsers: levels of nesting, formatting elements left open,
#: tags that need no further test, tags beyond which nesting is counted.  Measured: 1,000 nested
#: blocks take lexbor 3 ms, 100,000 take 25 s; 1,000 unclosed fonts before 1,000 paragraphs become
#: 20 MB; 50,000 attributes of one element take 9 s.
_DEEP, _UNCLOSED, _FEW_TAGS, _MANY_TAGS = 1000, 50, 1000, 8000


def parse(html: str | bytes) -> LexborHTMLParser:
    """The parsed page; bytes are UTF-8.

    >>> parse("<div>" * 100_000 + "正文").body.text()
    '正文'
    """
    page = html.encode() if isinstance(html, str) else html
    page = lightened(page.replace(b"\0", b""))
    return LexborHTMLParser(page if _is_ordinary(page) else tamed(page.decode()))


def lightened(page: bytes) -> bytes:
    """The page without programs, styles, drawings and comments.

    >>> page = "甲<script>if (a<b) {}</script>乙<!-- 丙 -->丁<STYLE>p {}</style >戊"
    >>> lightened(page.encode()).decode()
    '甲乙丁戊'
    >>> lightened(b'<script type="application/ld+json">{}</script>')
    b'<script type="application/ld+json">{}</script>'
    """
    parts: list[bytes] = []
    at = 0
    open_ended: set[bytes] = set()  # names without a further end: not searched for twice
    begin = _REMOVED.search(page)
    while begin:
        name = (begin[1] or b"!--").lower()
        end = None if name in open_ended else _ENDS[name].search(page, begin.end())
        if end is None:
            open_ended.add(name)
            stop = begin.end()  # left to the parser
        else:
            stop = end.end()
            if not (name == b"script" and _DATA_TYPES.search(begin[2])):
                # `<!-->` is a whole comment in a browser: its end overlaps its beginning.
                short = name == b"!--" and page.startswith((b">", b"->"), begin.end())
                stop = page.index(b">", begin.end()) + 1 if short else stop
                parts.append(page[at : begin.start()])
                at = stop
        begin = _REMOVED.search(page, stop)
    parts.append(page[at:])
    return b"".join(parts)


def _is_ordinary(page: bytes) -> bool:
    """Whether `tamed` would return the page as it is; decided without decoding it."""
    half = _LONG // 2
    if any(page.find(b"<", at, at + half) < 0 for at in range(0, len(page) - half, half)):
        return False
    tags = page.count(b"<")
    few = tags <= _FEW_TAGS
    return few or (tags <= _MANY_TAGS and len(set(_FORMAT_BYTES.findall(page))) <= _UNCLOSED)


def tamed(html: str) -> str:
    """The page without what makes parsers quadratic; an ordinary page is returned as it is.

    >>> tamed("<div>" * 9000 + "正文").count("<div>")
    0
    """
    tags = html.count("<")
    half = _LONG // 2
    if any(html.find("<", at, at + half) < 0 for at in range(0, len(html) - half, half)):
        html = _LONG_TAG.sub(r"<\1", html)
    if tags <= _FEW_TAGS:
        return html
    if tags <= _MANY_TAGS and len(set(_FORMAT.findall(html))) <= _UNCLOSED:
        return html
    names = _NAME.findall(html)
    if _unclosed(names) <= _UNCLOSED and (tags <= _MANY_TAGS or _depth(names) <= _DEEP):
        return html
    # Each empty paragraph would be a block to count.
    return _EMPTY_RUN.sub("<p>", _ANY_TAG.sub(_flat, html))


def _flat(tag: re.Match[str]) -> str:
    name = tag[1].lower()
    return tag[0] if name in _PLAIN else "" if name in _INLINE else "<p>"


def _unclosed(names: list[str]) -> int:
    """How many formatting elements are left open; parsers repeat them in each paragraph."""
    left = 0
    for name, times in Counter(names).items():
        plain = name.lower()
        if plain.removeprefix("/") in _FORMATS:
            left += -times if plain.startswith("/") else times
    return left


def _depth(names: list[str]) -> int:
    depth = deepest = 0
    for name in names:
        plain = name.lower()
        if plain.startswith("/"):
            if plain[1:] not in _SHALLOW and depth:
                depth -= 1
        elif plain not in _SHALLOW:
            depth += 1
            deepest = max(deepest, depth)
    return deepest
