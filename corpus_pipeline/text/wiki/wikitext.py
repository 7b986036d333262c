"""Wiki markup to plain text.

Enters: the wikitext of a page.
Leaves: its prose, headings and list items, one block per line.
Refuses: templates are not expanded (their text is on other pages); tables, references, galleries
and files are dropped.

The time is linear in the length of the text, however the markup is nested.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from typing import Final

#: Which text of a `-{zh-hans:…;zh-hant:…}-` is kept: that of the first of these that it has.  The
#: page is in one script then; the stage `normalize` converts the rest of it.
VARIANTS: Final = ("zh-hans", "zh-cn", "zh", "zh-hant", "zh-tw", "zh-hk", "zh-sg", "zh-my", "zh-mo")

#: Levels that are resolved, as in MediaWiki (`$wgMaxTemplateDepth`, and its converter's depth of
#: variants).  Deeper markup keeps its text and loses its brackets: each level that closes copies
#: its text, so that without a limit `[[` * n + text + `]]` * n would take n² steps.
DEPTH: Final = 40
VARIANT_DEPTH: Final = 10

_NAMES: Final = (
    "ref|gallery|math|chem|score|timeline|syntaxhighlight|source|imagemap|templatedata"
    "|categorytree|inputbox|mapframe|maplink|hiero|graph"
)
_DROPPED: Final = re.compile(rf"<!--|<(?:{_NAMES})\b[^<>]*>", re.IGNORECASE)
_ENDS: Final = re.compile(rf"-->|</({_NAMES})\s*>", re.IGNORECASE)
_NESTED: Final = re.compile(r"\{\{|\}\}|^[ \t:*#]*\{\||^[ \t]*\|\}|\[\[|\]\]|-\{|\}-", re.MULTILINE)
_CLOSES: Final = {"}}": "{{", "|}": "{|", "]]": "[[", "}-": "-{"}
_BREAK: Final = re.compile(r"<(?:br|p|/p|div|/div|/li|hr|/tr|/h\d)\b[^<>]*>", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]{0,1000}>")
_EXTERNAL: Final = re.compile(r"\[(?:https?:|ftp:|mailto:)?//[^\s\[\]]*+[ \t]*+([^\[\]\n]*+)\]")
_HEADING: Final = re.compile(r"^(={1,6})[ \t]{0,9}(.{1,500}?)[ \t]{0,9}\1[ \t]*$", re.MULTILINE)
_LIST: Final = re.compile(r"^[*#:;]+[ \t]*", re.MULTILINE)
_RULE: Final = re.compile(r"^-{4,}", re.MULTILINE)
_SWITCH: Final = re.compile(r"__[A-Z]{3,30}__|__[\u4e00-\u9fff]{2,10}__")
_QUOTES: Final = re.compile(r"'{2,5}")
_EMPTY_BRACKETS: Final = re.compile(r"[（(][\s，、；;,:：]*[）)]")
_BLANK: Final = re.compile(r"(?<![ \t])[ \t]+\n")
_LINES: Final = re.compile(r"\n{3,}")
#: Links into these namespaces show no text on the page.
_SILENT: Final = re.compile(
    r"\s*(?:file|image|category|media|文件|檔案|档案|图像|圖像|分类|分類|媒体|媒體)\s*:",
    re.IGNORECASE,
)
_LONG_NUMBER: Final = re.compile(r"&#([0-9]{8,})")
_VARIANT: Final = re.compile(rf"(?:{'|'.join(VARIANTS)})\s*:", re.IGNORECASE)
_REDIRECT: Final = re.compile(r"\s*#\s*(?:redirect|重定向|重新導向)", re.IGNORECASE)


def plain(wikitext: str) -> str:
    r"""The prose of a page; empty for a redirection.

    >>> plain("'''白居易'''（772年—846年），字[[樂天|乐天]]，[[唐朝]]詩人。<ref>《舊唐書》</ref>")
    '白居易（772年—846年），字乐天，唐朝詩人。'
    >>> plain("== 生平 ==\n{{Infobox|姓名={{lang|zh|白}}}}他在-{zh-hans:长安;zh-hant:長安}-做官。")
    '生平\n他在长安做官。'
    """
    if _REDIRECT.match(wikitext):
        return ""
    text = _unnested(_without_elements(wikitext))
    text = _EXTERNAL.sub(r"\1", text)
    text = _BREAK.sub("\n", text)
    text = _TAG.sub("", text)
    text = _HEADING.sub(r"\2", text)
    text = _LIST.sub("", text)
    text = _RULE.sub("", text)
    text = _SWITCH.sub("", text)
    text = _QUOTES.sub("", text)
    text = html.unescape(_LONG_NUMBER.sub(_shortened, text)).replace("\u00a0", " ")
    text = _EMPTY_BRACKETS.sub("", text)
    return _LINES.sub("\n\n", _BLANK.sub("\n", text)).strip()


def _shortened(reference: re.Match[str]) -> str:
    """A reference cut to eight digits, too many for a character; Python refuses thousands."""
    return f"&#{reference[1].lstrip('0')[:8] or '0'}"


def _without_elements(text: str) -> str:
    """The text without comments and elements of no prose; one without an end loses its tag."""
    ends: dict[str, list[re.Match[str]]] = {}
    for match in _ENDS.finditer(text):
        ends.setdefault((match[1] or "-->").lower(), []).append(match)
    kept: list[str] = []
    last = 0
    for match in _DROPPED.finditer(text):
        if match.start() < last:
            continue
        kept.append(text[last : match.start()])
        last = match.end()
        if match[0].endswith("/>"):
            continue
        name = "-->" if match[0] == "<!--" else re.split(r"[\s>/]", match[0][1:], maxsplit=1)[0]
        closers = ends.get(name.lower(), [])
        at = bisect_left(closers, last, key=re.Match.start)
        if at < len(closers):
            last = closers[at].end()
    kept.append(text[last:])
    return "".join(kept)


def _unnested(text: str) -> str:
    """Resolve templates, tables, links and variants, which may be nested, in one pass."""
    stack: list[tuple[str, list[str]]] = [("", [])]
    last = 0
    deeper = 0  # openers beyond the depth limit that are not closed yet
    for match in _NESTED.finditer(text):
        stack[-1][1].append(text[last : match.start()])
        last = match.end()
        mark = match[0].strip(" \t:*#")
        opened = _CLOSES.get(mark)
        if opened is None:
            if len(stack) > DEPTH or (mark == "-{" and _variants(stack) >= VARIANT_DEPTH):
                deeper += 1
            else:
                stack.append((mark, []))
            continue
        if deeper:
            deeper -= 1
            continue
        near = range(len(stack) - 1, max(len(stack) - 9, 0), -1)
        depth = next((level for level in near if stack[level][0] == opened), 0)
        if not depth:
            stack[-1][1].append("" if opened == "{|" else match[0])
            continue
        inside = "".join(part for _, parts in stack[depth:] for part in parts)
        del stack[depth:]
        stack[-1][1].append(_resolved(opened, inside))
    stack[-1][1].append(text[last:])
    # Markup that is never closed keeps its text and loses its brackets.
    return "".join(part for _, parts in stack for part in parts)


def _variants(stack: list[tuple[str, list[str]]]) -> int:
    return sum(mark == "-{" for mark, _ in stack)


def _resolved(opened: str, inside: str) -> str:
    if opened in {"{{", "{|"}:
        return ""
    if opened == "-{":
        return variant(inside)
    if _SILENT.match(inside):
        return ""
    target, bar, label = inside.rpartition("|")
    if bar:
        return label or target.partition("|")[0].rpartition(":")[2]
    return inside.removeprefix(":").partition("#")[0] or inside.lstrip(":")


def variant(inside: str) -> str:
    """The text that the inside of a `-{…}-` shows.

    >>> variant("zh-hans:计算机; zh-hant:電腦;"), variant("R|著"), variant("H|zh-cn:台;zh-tw:臺")
    ('计算机', '著', '')
    """
    flags, bar, rest = inside.partition("|")
    if bar and re.fullmatch(r"[A-Za-z;\-\s]*", flags):
        if set(flags.upper()) & {"H", "T", "-"} and not flags.lower().startswith("zh"):
            return ""
        inside = rest
    texts: dict[str, str] = {}
    for part in inside.split(";") if _VARIANT.search(inside) else ():
        name, colon, value = part.partition(":")
        name = name.rpartition("=>")[2].strip().lower()
        if colon and name in VARIANTS:
            texts.setdefault(name, value.strip())
    return next((texts[name] for name in VARIANTS if name in texts), "" if texts else inside)
