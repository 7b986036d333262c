"""Whether a page declares that its text was generated: by a label for machines, or in words.

Enters: the page's `meta` elements, linked data, response headers, source and text.
Leaves: the label of GB 45438-2025 or another declaration, or the words of a notice; null where the
page declares nothing.
Refuses: labels in a text about labels, and labels of the page's pictures or of other pages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from html import unescape
from itertools import islice

from corpus_pipeline.text.html.notices import Words, first_group

#: Verbs of a notice in words.
MARK_VERBS = ("生成", "合成", "创作", "撰写")
#: A page whose source has none of these declares nothing.
CLUES = (*MARK_VERBS, "AIGC")
_LABEL = re.compile(r"""\\?["']?\bLabel\\?["']?\s*[:=]\s*\\?["']?([^"'\\,}\s<]{1,20})""")
_EMBEDDED = re.compile(
    r"""AIGC(?:(?<=["']AIGC)["']\s*:|(?<=C260:AIGC)(?:\s*=|[^<>]{0,99}>))\s*(["'\\]{0,2}\{[^{}]{0,2000}\})"""
)
_SOURCE_TYPE = re.compile(
    r"(composite(?:With)?TrainedAlgorithmicMedia|trainedAlgorithmicMedia)", re.IGNORECASE
)


def label_of(
    named: Mapping[str, str], linked: Mapping[str, str], headers: Mapping[str, str], source: str
) -> str | None:
    """The label of GB 45438-2025 (1 generated, 2 possibly, 3 suspected), or another declaration.

    `named`, `linked` and `headers` map lower-case names to values.  A declaration of IPTC comes
    back as `iptc:` and its source type.

    >>> label_of({"aigc": '{"AIGC":{"Label":"1","ContentProducer":"某公司"}}'}, {}, {}, "")
    '1'
    """
    names = ("aigc", "aigc:label", "aigc-label", "tc260:aigc")
    stated = next((named[name] for name in names if name in named), None)
    if stated := stated or headers.get("aigc") or headers.get("x-aigc"):
        return _label(stated)
    if "AIGC" in source and (label := _embedded(source)):
        return label
    stated = linked.get("source_type") or named.get("digitalsourcetype") or ""
    if source_type := _SOURCE_TYPE.search(stated):
        return f"iptc:{source_type[1]}"
    return None


def _label(stated: str) -> str | None:
    try:
        value = json.loads(stated)
    except (ValueError, RecursionError):
        label = _LABEL.search(unescape(stated))
        return label[1] if label else stated[:100]
    if isinstance(value, dict):
        inner = value.get("AIGC", value)
        value = inner.get("Label") if isinstance(inner, dict) else inner
    return str(value)[:100] if value is not None else None


def _embedded(source: str) -> str | None:
    """The label in a script, a comment or XMP; one in the text would be an example of a label."""
    matches = islice(_EMBEDDED.finditer(source), 10)
    embedded = [match for match in matches if _is_machine(source, match.start())]
    if len(embedded) != 1:  # several labels belong to the page's pictures or to other pages
        return None
    label = _LABEL.search(unescape(embedded[0][1]))
    return label[1] if label else None


def _is_machine(source: str, at: int) -> bool:
    """Whether a place of the source is in a script, a comment or XMP."""
    for begin, end in (("<script", "</script"), ("<!--", "-->"), ("<rdf:", "</rdf:RDF")):
        if source.rfind(begin, 0, at) > source.rfind(end, 0, at):
            return True
    return False


def mark_of(text: str, lead: str, page: bytes, words: Words, verbs: Iterable[int]) -> str | None:
    r"""The notice by which a page says that its text was generated: in the text, or around it.

    It is looked for in the first and last lines of the text, in `lead` (the lines around its
    beginning), and in short pieces of text of the page (UTF-8) that begin with 本: `verbs` are the
    places of `MARK_VERBS` in it.

    >>> words = Words((re.compile("本文(由AI生成)"),), (re.compile("^(AI生成)$"),), ())
    >>> mark_of("春天来了。\n本文由AI生成", "", b"", words, ())
    '由AI生成'
    """
    for line in (*text[:600].split("\n")[:3], *text[-600:].split("\n")[-3:]):
        if mark := first_group(words.stated + words.bare, line):
            return mark
    if mark := first_group(words.stated, lead):
        return mark
    for at in verbs:
        note = _short_node(page, at)
        if note.startswith("本") and (mark := first_group(words.stated, note)):
            return mark
    return None


def _short_node(page: bytes, at: int) -> str:
    """The text between the tags around a place, empty if it is longer than a notice."""
    start, end = page.rfind(b">", 0, at) + 1, page.find(b"<", at)
    node = page[start:end].decode("utf-8", "ignore") if start < end <= start + 800 else ""
    note = node.strip() if len(node) <= 200 else ""
    return note if len(note) <= 60 else ""
