"""What a page inserts so that a program reads it differently from a person, taken out again.

Enters: the source of a page before it is parsed, its tree before the main text is taken, and
the main text.
Leaves: the same without what was inserted, and a count of each kind in `undone`.
Refuses: code, and lessons about pinyin or entities; nothing that a reader sees is removed.

The kinds: `ruby` (pronunciation over or beside characters), `pinyin` (the pronunciation of the
character before it in brackets), `hidden` (text within a sentence that is not displayed),
`entity` (references escaped twice), `escape` (escapes of programming languages), `joiner`
(invisible characters between Han characters).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Mapping, Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode

from corpus_pipeline.text.html.pinyin import SYLLABLES, pronounced, toneless
from corpus_pipeline.text.normalize.entities import unescaped

Clues = Container[str] | None  # those of `CLUES` that occur in the source; null: search it
#: Where each of the clues begins, in bytes of the source and ascending; absent ones are left out.
Places = Mapping[str, Sequence[int]]

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WIDE = rf"{_HAN}\u3000-\u303f\uff00-\uff5e“”‘’…—"
#: Words near which an entity, an escape or a syllable is the subject of the text.
_LESSON = re.compile(
    r"实体|實體|编码|編碼|转义|轉義|字符引用|Unicode|HTML|entit|拼音|读音|讀音|注音|发音|發音|读作|讀作",
    re.IGNORECASE,
)
_NEAR = 40  # characters


# ---- the source, before it is parsed

_TWICE = re.compile(r"&(?:amp;)+#(?:(\d{4,6})|[xX]([0-9a-fA-F]{4,5}));")


def undo_source(page: str, undone: Counter[str], clues: Clues = None) -> str:
    """The page without references that were escaped twice.

    >>> undo_source("<p>春&amp;#22825;来了</p>", Counter())
    '<p>春天来了</p>'
    """
    seen = "amp;#" in (page if clues is None else clues)
    return _references(page, _TWICE, undone) if seen else page


def _references(text: str, pattern: re.Pattern[str], undone: Counter[str]) -> str:
    """Decode references to Chinese characters that are in a run, or beside Han characters."""
    matches = list(pattern.finditer(text))
    parts, end_of_last = [], 0
    for at, match in enumerate(matches):
        number = int(match[1]) if match[1] else int(match[2], 16)
        if not _is_chinese(number):
            continue
        start, end = match.span()
        joins = (at > 0 and matches[at - 1].end() == start) + (
            at + 1 < len(matches) and matches[at + 1].start() == end
        )
        before, after = text[max(start - 1, 0) : start], text[end : end + 1]
        if not joins and not (_is_han(before) or _is_han(after)):
            continue
        if _LESSON.search(text, max(start - _NEAR, 0), end + _NEAR):
            continue
        parts += [text[end_of_last:start], chr(number)]
        end_of_last = end
        undone["entity"] += 1
    return "".join([*parts, text[end_of_last:]]) if parts else text


def _is_chinese(number: int) -> bool:
    """Whether a code point is a Han character or Chinese punctuation."""
    return (
        0x3400 <= number <= 0x9FFF
        or 0x20000 <= number <= 0x3FFFF
        or 0x3000 <= number <= 0x303F
        or 0xFF01 <= number <= 0xFF5E
        or number in {0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2026, 0xB7}
    )


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"


def _unescaped(run: re.Match[str], undone: Counter[str], *, quoted: bool = False) -> str:
    """A run of escapes decoded, or as it is: few are Chinese, or it is code or a lesson."""
    before = run.string[max(run.start() - 1, 0) : run.start()]
    if not quoted and before and before not in "> \n" and before < "\u3000":
        return run[0]  # in quotes or after a bracket it is code
    if _LESSON.search(run.string, max(run.start() - _NEAR, 0), run.start()):
        return run[0]
    units = [int(unit, 16) for unit in _ESCAPE.findall(run[0])]
    if 2 * sum(map(_is_chinese, units)) < len(units):
        return run[0]
    undone["escape"] += len(units)
    text = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), run[0])
    # Two escapes make one character beyond the first plane; half a pair makes none.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# ---- the tree

_INLINE = frozenset(("span", "font", "i", "em", "b", "u", "s", "small", "label", "ins", "tt", "a"))
_NOT_SHOWN = re.compile(
    r"(?:display\s*:\s*none|visibility\s*:\s*hidden"
    r"|(?:font-size|opacity)\s*:\s*0(?:\.0+)?(?:px|pt|r?em|%)?\s*(?:!\s*important\s*)?(?:[;}]|$))",
    re.IGNORECASE,
)
#: Spellings of styles that hide: only elements and rules with one of them are examined.
_SPELLINGS = (
    "display:none",
    "display: none",
    "DISPLAY: none",
    "visibility:hidden",
    "visibility: hidden",
    "font-size:0",
    "font-size: 0",
    "FONT-SIZE: 0",
    "opacity:0",
    "opacity: 0",
)
_CLASS = re.compile(rb"(?:[a-z]+)?\.(-?[a-zA-Z_][\w\x80-\xff-]*)")
#: Places per spelling that are examined; a page with more is made to stall a program.
_MOST_PLACES = 500
_OPENED = re.compile(rb"<([a-zA-Z]+)")
#: Elements within a sentence with one class, as junk is written.  Over bytes, which is faster.
_WITHIN = re.compile(
    rb"""<(?<=[^>\s]<)(?<!\xe3\x80\x80<)(?<!\xc2\xa0<)"""
    rb"""(?:span|font|i|em|b|u|s|small)\s+class=["']?([\w\x80-\xff-]+)["']?\s*>"""
)
#: Strings without which a source has nothing to undo; the caller may search for all at once.
CLUES = ("amp;#", "<rt", "<RT", "pinyin", "zhuyin", "jammer", *_SPELLINGS)


def undo_tree(
    tree: LexborHTMLParser, source: str | bytes, undone: Counter[str], clues: Places | None = None
) -> None:
    """Take pronunciations, and text that is not displayed within a sentence, out of the tree.

    `source` is the markup that the tree was parsed from; without `clues` it is searched.

    >>> page = "<p><ruby>春<rt>chūn</rt></ruby>天<span style='display:none'>x9q</span>来了</p>"
    >>> tree = LexborHTMLParser(page)
    >>> undo_tree(tree, page, Counter())
    >>> tree.body.text()
    '春天来了'
    """
    page = source.encode() if isinstance(source, str) else source
    clues = _places(page) if clues is None else clues
    if "<rt" in clues or "<RT" in clues:
        undone["ruby"] += len(tree.css("ruby rt"))
        tree.strip_tags(["rt", "rp", "rtc"])
        tree.unwrap_tags(["ruby", "rb"])
    if "pinyin" in clues or "zhuyin" in clues:
        _beside(tree, undone)
    if "jammer" in clues:
        for node in tree.css(".jammer"):
            undone["hidden"] += 1
            node.decompose()
    for selector in _hiding(page, [clues[s][:_MOST_PLACES] for s in _SPELLINGS if s in clues]):
        for node in tree.css(selector):
            shown = "." not in selector and not _NOT_SHOWN.search(
                node.attributes.get("style") or ""
            )
            if not shown and node.text(deep=True) and _in_sentence(node):
                undone["hidden"] += 1
                node.decompose()


def _places(page: bytes) -> Places:
    found = {
        clue: [m.start() for m in re.finditer(re.escape(clue.encode()), page)] for clue in CLUES
    }
    return {clue: places for clue, places in found.items() if places}


def _beside(tree: LexborHTMLParser, undone: Counter[str]) -> None:
    """Remove syllables in elements of their own, beside Han characters."""
    for node in tree.css('[class*="pinyin" i],[class*="zhuyin" i]'):
        syllable = node.text().strip()
        bopomofo = bool(syllable) and all(
            "\u3100" <= c <= "\u312f" or c in "ˊˇˋ˙" for c in syllable
        )
        if not bopomofo and (len(syllable) > 7 or toneless(syllable) not in SYLLABLES):
            continue
        sides = [n.text().strip() for n in (node.prev, node.next) if n is not None]
        if any(_is_han(side[-1:]) or _is_han(side[:1]) for side in sides):
            undone["ruby"] += 1
            node.decompose()


def _in_sentence(node: LexborNode) -> bool:
    """Whether text is directly beside the element."""
    sides = [side for side in (node.prev, node.next) if side is not None and side.tag == "-text"]
    return any((side.text_content or "").strip() for side in sides)


def _hiding(page: bytes, spelled: list[Sequence[int]]) -> list[str]:
    """Selectors of elements that may be hidden, by their own style or by the page's.

    `spelled` are the places of each spelling that occurs in the page.
    """
    tags, classes = set[str](), set[str]()
    within: frozenset[bytes] | None = None
    for places in spelled:
        before, begin = 0, 0
        for at in places:
            begin = max(page.rfind(b"<", before, at), begin)
            opened = _OPENED.match(page, begin)
            tag = opened[1].lower().decode() if opened else ""
            if tag in _INLINE:
                tags.add(f"{tag}[style]")
            elif tag == "style":
                within = frozenset(_WITHIN.findall(page)) if within is None else within
                classes |= _hiding_rule(page, at, begin, within) if within else frozenset()
            before = at
    return [*sorted(tags), *(f".{name}" for name in sorted(classes))]


def _hiding_rule(css: bytes, at: int, begin: int, within: frozenset[bytes]) -> frozenset[str]:
    """Those of the classes `within` that the rule around a place of a style sheet hides.

    Rules within `@media` hide on some screens only, and do not count.
    """
    start = max(css.rfind(b"{", begin, at), begin)
    near = max(start - 500, begin)  # selectors are short, style sheets are not
    ends = css.rfind(b"}", near, start), css.rfind(b"/", near, start), css.find(b">", begin)
    names = (_CLASS.fullmatch(name.strip()) for name in css[max(ends) + 1 : start].split(b","))
    hidden = within.intersection(name[1] for name in names if name)
    rule = css[start + 1 : css.find(b"}", at) + 1][:4000].decode("utf-8", "ignore")[:1000]
    if not hidden or not _NOT_SHOWN.search(rule):
        return frozenset()
    media = css.rfind(b"@media", begin, start)
    inside = media >= 0 and css.count(b"{", media, start) > css.count(b"}", media, start)
    return frozenset(() if inside else (name.decode("utf-8", "ignore") for name in hidden))


# ---- the text

_ESCAPES = re.compile(r"[\\%]u[0-9a-fA-F]{4}(?:[ ,.!?:0-9]{0,6}[\\%]u[0-9a-fA-F]{4}){2,}")
_ESCAPE = re.compile(r"[\\%]u([0-9a-fA-F]{4})")
_ESCAPED = re.compile(r"(?:[\\%]u[0-9a-fA-F]{4})+")
_LEFT_OVER = re.compile(r"&(?:amp;)*#(?:(\d{4,6})|[xX]([0-9a-fA-F]{4,5}));")
_INVISIBLE = "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
_JOINERS = re.compile(rf"(?<=[{_WIDE}])[{_INVISIBLE}]+(?=[{_WIDE}])")
_BRACKETS = {"(": ")", "{": "}", "[": "]", "（": "）", "【": "】", "<": ">", "〈": "〉", "｛": "｝"}
_BESIDE = re.compile(
    rf"([({{\[（【<〈｛])(?<=[{_HAN}].)\s?([a-z]{{1,6}})[1-5]?\s?([)}}\]）】>〉｝])"
)


def undo_text(text: str, undone: Counter[str]) -> str:
    """The text without references, escapes, joiners and syllables that were inserted.

    >>> undo_text("小说里的暴(bao)力和色{se}情，他(he)说，写作“&#33394;”", Counter())
    '小说里的暴力和色情，他(he)说，写作“&#33394;”'
    >>> undo_text("春&#22825;来&amp;#20102;", Counter())
    '春天来了'
    """
    if "&" in text:
        if "&#" in text or "amp;#" in text:
            text = _references(text, _LEFT_OVER, undone)
        text, count = unescaped(text)
        undone["entity"] += count
    text = _escaped_text(text, undone) if "\\u" in text or "%u" in text else text
    if any(c in text for c in _INVISIBLE):  # faster than one pattern
        text, count = _JOINERS.subn("", text)
        undone["joiner"] += count
    return _BESIDE.sub(lambda m: _silent(m, undone), text)


def _escaped_text(text: str, undone: Counter[str]) -> str:
    """Decode escapes; in a text of little else they count as text even in quotes."""
    if 12 * len(_ESCAPE.findall(text)) > len(text):
        return _ESCAPED.sub(lambda run: _unescaped(run, undone, quoted=True), text)
    return _ESCAPES.sub(lambda run: _unescaped(run, undone), text)


def _silent(match: re.Match[str], undone: Counter[str]) -> str:
    """Empty, if the brackets hold the pronunciation of the character before and no lesson."""
    opens, syllable, closes = match.groups()
    if _BRACKETS[opens] != closes or pronounced(match.string[match.start() - 1]) != syllable:
        return match[0]
    if _LESSON.search(match.string, max(match.start() - _NEAR, 0), match.end() + _NEAR):
        return match[0]
    undone["pinyin"] += 1
    return ""


def kinds_of(undone: Counter[str]) -> str | None:
    """The kinds that were undone, most frequent first; null for none.

    >>> kinds_of(Counter(hidden=2, ruby=5)), kinds_of(Counter())
    ('ruby,hidden', None)
    """
    order = sorted(undone.items(), key=lambda item: (-item[1], item[0]))
    return ",".join(kind for kind, count in order if count) or None
