"""Wiki markup to plain text.

Enters: the wikitext of a page, and what is known of templates.
Leaves: its prose, headings, list items, formulas and code, one block per line, and how many
templates left a gap in it.
Refuses: templates are not expanded (their text is on other pages; what they show of their own
parameters is kept); tables, references, galleries and files are dropped.

The time is linear in the length of the text, however the markup is nested.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from corpus_pipeline.text.wiki.elements import restored, without_elements
from corpus_pipeline.text.wiki.inline import formatted
from corpus_pipeline.text.wiki.templates import (
    BAR,
    EMPTY,
    EQUALS,
    LOST,
    NO_TEMPLATES,
    Templates,
    shown,
)

#: Which text of a `-{zh-hans:…;zh-hant:…}-` is kept: that of the first of these that it has.  The
#: page is in one script then; the stage `normalize` converts the rest of it.
VARIANTS: Final = ("zh-hans", "zh-cn", "zh", "zh-hant", "zh-tw", "zh-hk", "zh-sg", "zh-my", "zh-mo")

#: Levels that are resolved, as in MediaWiki (`$wgMaxTemplateDepth`, and its converter's depth of
#: variants).  Deeper markup keeps its text and loses its brackets: each level that closes copies
#: its text, so that without a limit `[[` * n + text + `]]` * n would take n² steps.
DEPTH: Final = 40
VARIANT_DEPTH: Final = 10

_NESTED: Final = re.compile(
    # A link or a template with nothing nested in it, at once: most are.
    r"\[\[([^\[\]{}\n]*+)\]\]|\{\{([^\[\]{}]*+)\}\}|"
    # A table's end is no `|}}`, in which an empty last parameter ends a template.
    r"\{\{|\}\}|^[ \t:*#]*\{\||^[ \t]*\|\}(?!\}(?!\}))|\[\[|\]\]|-\{|\}-",
    re.MULTILINE,
)
#: The mark that each group of the pattern stands for.
_WHOLE: Final = ("", "[[", "{{")
_CLOSES: Final = {"}}": "{{", "|}": "{|", "]]": "[[", "}-": "-{"}
_CONTROL: Final = re.compile(r"[\x00-\x04]")
_LINE_END: Final = re.compile(r"[ \t]{0,99}(?:\n|\Z|\{\{)")
#: Parts before a template that are looked at for the beginning of its line.
_PARTS_BACK: Final = 6
#: Links into these namespaces show no text on the page.
_SILENT: Final = re.compile(
    r"\s*(?:file|image|category|media|文件|檔案|档案|图像|圖像|图片|圖片|影像|分类|分類|媒体|媒體)\s*:",
    re.IGNORECASE,
)
_EDITION: Final = re.compile(r"\s*([A-Za-z][A-Za-z-]{1,14})\s*:")
#: Chinese is the language of the wiki itself: a link with a label is one of its own pages.
_OWN_EDITION: Final = "zh"
_VARIANT: Final = re.compile(rf"(?:{'|'.join(VARIANTS)})\s*:", re.IGNORECASE)
_REDIRECT: Final = re.compile(r"\s*#\s*(?:redirect|重定向|重新導向)", re.IGNORECASE)


class Prose(NamedTuple):
    """The text of a page, and how many templates in it show words that are not there."""

    text: str
    lost: int


def plain(wikitext: str, templates: Templates = NO_TEMPLATES, title: str = "") -> Prose:
    r"""The prose of a page called `title`; empty for a redirection.

    >>> plain("'''白居易'''（772年—846年），字[[樂天|乐天]]。<ref>《舊唐書》</ref>").text
    '白居易（772年—846年），字乐天。'
    >>> plain("== 生平 ==\n{{Infobox|姓={{lang|zh|白}}}}在-{zh-hans:长安;zh-hant:長安}-做官。").text
    '生平\n在长安做官。'
    """
    if _REDIRECT.match(wikitext):
        return Prose("", 0)
    text, taken = without_elements(_CONTROL.sub("", wikitext))
    text, lost = formatted(_unnested(text, templates, title))
    return Prose(restored(text, taken).strip(), lost)


def _unnested(text: str, templates: Templates, title: str) -> str:
    """Resolve templates, tables, links and variants, which may be nested, in one pass."""
    stack: list[tuple[str, list[str]]] = [("", [])]
    last = 0
    deeper = 0  # openers beyond the depth limit that are not closed yet
    for match in _NESTED.finditer(text):
        parts = stack[-1][1]
        parts.append(text[last : match.start()])
        last = match.end()
        if match.lastindex:
            opened, inside, depth = _WHOLE[match.lastindex], match[match.lastindex], len(stack)
            if deeper or depth > DEPTH:
                parts.append(inside)
                continue
        else:
            mark = match[0].strip(" \t:*#")
            opened = _CLOSES.get(mark, "")
            if not opened:
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
                parts.append("" if opened == "{|" else match[0])
                continue
            inside = "".join(part for _, parts in stack[depth:] for part in parts)
            del stack[depth:]
            parts = stack[-1][1]
        if opened == "{{":
            alone = depth == 1 and _is_alone(parts, text, last)
            resolved = shown(inside, templates, title, alone=alone)
        else:
            resolved = _resolved(opened, inside, templates)
        # Within other markup a bar or an equals sign of the text divides nothing.
        parts.append(resolved if depth == 1 else resolved.replace("|", BAR).replace("=", EQUALS))
    stack[-1][1].append(text[last:])
    # Markup that is never closed keeps its text and loses its brackets.
    joined = "".join(part for _, parts in stack for part in parts)
    return joined.replace(BAR, "|").replace(EQUALS, "=")


def _variants(stack: list[tuple[str, list[str]]]) -> int:
    return sum(mark == "-{" for mark, _ in stack)


def _is_alone(before: list[str], text: str, end: int) -> bool:
    """Whether a template that ends at `end` has nothing beside it on its line.

    `before`: the parts of the page that are resolved already.
    """
    if not _LINE_END.match(text, end):
        return False
    for part in reversed(before[-_PARTS_BACK:]):
        if part[part.rfind("\n") + 1 :].strip(" \t" + LOST + EMPTY):
            return False
        if "\n" in part:
            return True
    return True


def _resolved(opened: str, inside: str, templates: Templates) -> str:
    """What a table, a variant or a link shows."""
    if opened == "{|":
        return ""
    if opened == "-{":
        return variant(inside)
    if ":" in inside:
        if _SILENT.match(inside):
            return ""
        prefix = _EDITION.match(inside)
        if prefix and prefix[1].lower() in templates.editions:
            own = prefix[1].lower() == _OWN_EDITION
            return inside.rpartition("|")[2] if own and "|" in inside else ""
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
