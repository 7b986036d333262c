"""The elements of a page whose inside is no wiki markup: formulas, code, notes.

Enters: the wikitext of a page.
Leaves: the text without comments and elements of no prose; in place of what is shown as it is
written stand marks, and `restored` puts it back after the markup around it is resolved.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from typing import Final

#: Around the number of an element that was taken out; XML does not allow it in a text.
MARK: Final = "\x00"

_SHOWN: Final = "math|chem|ce|nowiki|pre|syntaxhighlight|source"
_NAMES: Final = (
    f"{_SHOWN}|ref|gallery|score|timeline|imagemap|templatedata|categorytree|inputbox|mapframe"
    "|maplink|hiero|graph|includeonly|indicator"
)
_DROPPED: Final = re.compile(rf"<!--|<(?:{_NAMES})\b[^<>]*>", re.IGNORECASE)
_ENDS: Final = re.compile(rf"-->|</({_NAMES})\s*>", re.IGNORECASE)
_MARKED: Final = re.compile(rf"{MARK}([0-9]+){MARK}")
_STYLE: Final = re.compile(r"\{\\(?:display|text)style\s*(.*)\}\Z", re.DOTALL)
_LONG_NUMBER: Final = re.compile(r"&#([0-9]{8,})")
_REFERENCE: Final = re.compile(r"&(?:lt|gt|amp|quot|nbsp|#[0-9]{1,7});")


def without_elements(text: str) -> tuple[str, list[str]]:
    """The text with marks, and what they stand for; an element without an end loses its tag."""
    if "<" not in text:
        return text, []
    ends: dict[str, list[re.Match[str]]] = {}
    for match in _ENDS.finditer(text):
        ends.setdefault((match[1] or "-->").lower(), []).append(match)
    kept: list[str] = []
    taken: list[str] = []
    last = 0
    for match in _DROPPED.finditer(text):
        if match.start() < last:
            continue
        kept.append(text[last : match.start()])
        last = match.end()
        if match[0].endswith("/>"):
            continue
        name = "-->" if match[0] == "<!--" else re.split(r"[\s>/]", match[0][1:], maxsplit=1)[0]
        name = name.lower()
        closers = ends.get(name, [])
        at = bisect_left(closers, last, key=re.Match.start)
        if at < len(closers):
            shown = _shown(name, text[last : closers[at].start()])
            last = closers[at].end()
            if shown:
                kept.append(f"{MARK}{len(taken)}{MARK}")
                taken.append(shown)
    kept.append(text[last:])
    return "".join(kept), taken


def _shown(name: str, inside: str) -> str:
    if name in {"math", "chem", "ce"}:
        return _formula(inside, chemistry=name != "math")
    if name in {"syntaxhighlight", "source"}:
        return inside.strip("\n")
    return unescaped(inside.strip("\n")) if name in {"nowiki", "pre"} else ""


def _formula(inside: str, *, chemistry: bool) -> str:
    """TeX between dollar signs, as in the text of a web page."""
    tex = " ".join(_REFERENCE.sub(lambda found: html.unescape(found[0]), inside).split())
    styled = _STYLE.match(tex)
    tex = (styled[1] if styled else tex).strip(" $")
    if not tex:
        return ""
    return rf"$\ce{{{tex}}}$" if chemistry else f"${tex}$"


def restored(text: str, taken: list[str]) -> str:
    """The text with what its marks stand for; a blank keeps two formulas apart."""

    def put_back(found: re.Match[str]) -> str:
        shown = taken[int(found[1])]
        after = _MARKED.match(text, found.end()) if shown.endswith("$") else None
        return f"{shown} " if after and taken[int(after[1])].startswith("$") else shown

    return _MARKED.sub(put_back, text) if taken else text


def unescaped(text: str) -> str:
    """The text with its character references resolved."""
    return html.unescape(_LONG_NUMBER.sub(_shortened, text)) if "&" in text else text


def _shortened(reference: re.Match[str]) -> str:
    """A reference cut to eight digits, too many for a character; Python refuses thousands."""
    return f"&#{reference[1].lstrip('0')[:8] or '0'}"
