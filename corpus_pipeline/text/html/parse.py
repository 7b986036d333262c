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

import numpy as np
from selectolax.lexbor import LexborHTMLParser

from corpus_pipeline.text.html.lighten_kernel import FORMATS, LONGEST, TAGS, lighten, nesting
from corpus_pipeline.text.html.tags import FORMAT_TAGS, SHALLOW_TAGS, tags


def _tags(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NAME = re.compile(r"<(/?[a-zA-Z]+)")
_ANY_TAG = re.compile(r"</?([a-zA-Z]+)[^<>]*>?")
_LONG = 50_000  # characters of one tag
_LONG_TAG = re.compile(rf"<([a-zA-Z]+)[^<>]{{{_LONG},}}")
_INLINE = _tags(
    "abbr acronym b bdi bdo big cite code dfn em font i ins kbd mark nobr q s samp small span"
    " strike strong sub sup tt u var"
)
#: The parser repeats at most three of those with the same attributes, so different ones count.
_FORMAT = re.compile(
    r"<(?=[bBcCeEfFiInNsStTuU](?![pP]))"  # a quick test that most tags fail
    rf"(?:{'|'.join(''.join(f'[{c}{c.upper()}]' for c in tag) for tag in sorted(FORMAT_TAGS))})"
    r"\s[^>]*"
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


def parse(html: str | bytes, *, bare: bool = False) -> LexborHTMLParser:
    """The parsed page; bytes are UTF-8.

    `bare` leaves out attributes that hold addresses and programs: half of what there is to parse.

    >>> parse("<div>" * 100_000 + "正文").body.text()
    '正文'
    """
    page = html.encode() if isinstance(html, str) else html
    page, is_ordinary = _lightened(page.replace(b"\0", b""), bare=bare)
    return LexborHTMLParser(page if is_ordinary else tamed(page.decode()))


def lightened(page: bytes, *, bare: bool = False) -> bytes:
    """The page without programs, styles, drawings and comments.

    >>> page = "甲<script>if (a<b) {}</script>乙<!-- 丙 -->丁<STYLE>p {}</style >戊"
    >>> lightened(page.encode()).decode()
    '甲乙丁戊'
    >>> lightened(b'<script type="application/ld+json">{}</script>')
    b'<script type="application/ld+json">{}</script>'
    >>> lightened(b'<a class="x" href="/1?a=b" onclick="f()">', bare=True)
    b'<a class="x">'
    """
    return _lightened(page, bare=bare)[0]


def _lightened(page: bytes, *, bare: bool) -> tuple[bytes, bool]:
    """The lightened page, and whether `tamed` would return it as it is."""
    table = tags(frozenset())
    kept, counts = np.empty(len(page), dtype=np.uint8), np.zeros(3, dtype=np.int64)
    source = np.frombuffer(page, dtype=np.uint8)
    size = lighten(source, bare, table.slots, table.keys, table.roles, kept, counts)
    light = kept[:size].tobytes()
    if counts[LONGEST] >= _LONG:
        return light, False
    count = int(counts[TAGS])
    if count <= _FEW_TAGS:
        return light, True
    if count <= _MANY_TAGS and (
        counts[FORMATS] <= _UNCLOSED or len(set(_FORMAT_BYTES.findall(light))) <= _UNCLOSED
    ):
        return light, True
    nesting(kept[:size], table.slots, table.keys, table.roles, counts)
    unclosed, deepest = counts[:2].tolist()
    return light, unclosed <= _UNCLOSED and (count <= _MANY_TAGS or deepest <= _DEEP)


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
        if plain.removeprefix("/") in FORMAT_TAGS:
            left += -times if plain.startswith("/") else times
    return left


def _depth(names: list[str]) -> int:
    depth = deepest = 0
    for name in names:
        plain = name.lower()
        if plain.startswith("/"):
            if plain[1:] not in SHALLOW_TAGS and depth:
                depth -= 1
        elif plain not in SHALLOW_TAGS:
            depth += 1
            deepest = max(deepest, depth)
    return deepest
