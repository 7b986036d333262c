"""What is left when nothing is nested any more: tags, headings, lists, references to characters.

Enters: text with the marks that resolved templates leave.  Leaves: plain text.
"""

from __future__ import annotations

import re
from typing import Final

from corpus_pipeline.text.unicode.small_figures import small_figures
from corpus_pipeline.text.wiki.elements import unescaped
from corpus_pipeline.text.wiki.templates import EMPTY, LOST

#: The tags that MediaWiki knows; what looks like another one is text, such as `list<T>`.
_TAGS: Final = (
    "a|abbr|b|bdi|bdo|big|blockquote|br|caption|categorytree|ce|center|chem|cite|code|data|dd|del"
    "|dfn|div|dl|dt|em|font|gallery|graph|h[1-6]|hiero|hr|i|imagemap|img|includeonly|indicator"
    "|inputbox|ins|kbd|languages|li|link|mapframe|maplink|mark|math|meta|noinclude|nowiki|ol"
    "|onlyinclude|p|phonos|poem|pre|q|rb|ref|references|rp|rt|rtc|ruby|s|samp|score|section|small"
    "|source|span|strike|strong|sub|sup|syntaxhighlight|table|tbody|td|templatedata|templatestyles"
    "|tfoot|th|thead|time|timeline|tr|translate|tt|tvar|u|ul|var|wbr"
)
_TAG: Final = re.compile(rf"</?(?:{_TAGS})(?:[\s/][^<>]{{0,1000}})?>", re.IGNORECASE)
_BREAK: Final = re.compile(r"<(?:br|p|/p|div|/div|/li|hr|/tr|/h\d)\b[^<>]*>", re.IGNORECASE)
_RAISED: Final = re.compile(
    r"<su([bp])(?:\s[^<>]{0,200})?>([^<>\n]{1,60})</su\1\s*>", re.IGNORECASE
)
_NEXT_RUBY: Final = re.compile(r"</ruby\s*><ruby\b[^<>]*>", re.IGNORECASE)
_RUBY: Final = re.compile(
    r"<ruby\b[^<>]*>((?:(?!<ruby\b).){0,5000}?)</ruby\s*>", re.IGNORECASE | re.DOTALL
)
_READING: Final = re.compile(r"<rtc?\b[^<>]*>([^<>]*)(?:</rtc?\s*>)?", re.IGNORECASE)
_FENCE: Final = re.compile(r"<rp\b[^<>]*>[^<>]*</rp\s*>", re.IGNORECASE)
_EXTERNAL: Final = re.compile(r"\[(?:https?:|ftp:|mailto:)?//[^\s\[\]]*+[ \t]*+([^\[\]\n]*+)\]")
_HEADING: Final = re.compile(r"^(={1,6})[ \t]{0,9}(.{1,500}?)[ \t]{0,9}\1[ \t]*$", re.MULTILINE)
_LIST: Final = re.compile(r"^[*#:;]+[ \t]*", re.MULTILINE)
_RULE: Final = re.compile(r"^-{4,}", re.MULTILINE)
_SWITCH: Final = re.compile(r"__[A-Z]{3,30}__|__[\u4e00-\u9fff]{2,10}__")
_QUOTES: Final = re.compile(r"'{2,5}")
_BLANK_BRACKETS: Final = re.compile(r"（[ \t]*）")
_BLANK: Final = re.compile(r"(?<![ \t])[ \t]+\n")
_LINES: Final = re.compile(r"\n{3,}")
_BRACKETS: Final = ("（", "(")
_CLOSING: Final = ("）", ")")
_MARKS: Final = ("，", "、", "；", ";", ",")
#: What may stand around a gap without saying anything, and a gap with all of it that follows.
_APART: Final = f" \t\n，、；;,:：{LOST}{EMPTY}"
_GAPS: Final = re.compile(rf"[{LOST}{EMPTY}][{_APART}]*+")


def formatted(text: str) -> tuple[str, int]:
    """The plain text, and how many gaps it has."""
    lost = text.count(LOST)
    if lost or EMPTY in text:
        text = _mended(text)
    text = _EXTERNAL.sub(r"\1", text)
    if "<" in text:
        text = _without_tags(text)
    text = _HEADING.sub(r"\2", text)
    text = _LIST.sub("", text)
    text = _RULE.sub("", text)
    text = _SWITCH.sub("", text)
    text = _QUOTES.sub("", text)
    text = unescaped(text).replace("\u00a0", " ")
    text = _BLANK_BRACKETS.sub("", text)
    return _LINES.sub("\n\n", _BLANK.sub("\n", text)), lost


def _mended(text: str) -> str:
    """The text without its gaps, and without the punctuation that stands alone because of them."""
    kept: list[str] = []
    last = 0
    for gap in _GAPS.finditer(text):
        before, last = text[last : gap.start()], gap.end()
        bare = before.rstrip(_APART)
        opens, closes = bare.endswith(_BRACKETS), text.startswith(_CLOSING, last)
        if opens and closes:
            kept.append(bare[:-1])
            last += 1
        elif opens or closes:
            kept.append(bare)
        else:
            after = gap[0].replace(LOST, "").replace(EMPTY, "")
            doubled = before.endswith(_MARKS) and after.lstrip().startswith(_MARKS)
            kept += (before, after.lstrip()[1:] if doubled else after)
    kept.append(text[last:])
    return "".join(kept)


def _without_tags(text: str) -> str:
    text = _BREAK.sub("\n", text)
    lower = text.lower()
    if "<ruby" in lower:
        text = _RUBY.sub(_annotated, _NEXT_RUBY.sub("", text))
    if "<su" in lower:
        text = _RAISED.sub(_raised, text)
    return _TAG.sub("", text)


def _annotated(ruby: re.Match[str]) -> str:
    """The words, and their reading in brackets behind them."""
    inside = _FENCE.sub("", ruby[1])
    reading = "".join(_READING.findall(inside)).strip()
    words = _READING.sub("", inside)
    return f"{words}（{reading}）" if reading else words


def _raised(found: re.Match[str]) -> str:
    return small_figures(_QUOTES.sub("", found[2]), above=found[1] in "pP")
