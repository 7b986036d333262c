"""Where in a text lies what dropped it.

Enters: a text and the row of its document, with verdict, evidence and hits.  Leaves: places (start,
end) in code points, in order, none inside another; none where the finding has no place, such as a
text that is too short.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

#: Code points in which triggers are sought; hits with offsets may lie beyond.
SOUGHT = 20_000
Places = list[tuple[int, int]]

_EVIDENCE = re.compile(r"(\w+)=[^ ]+ >")
_HITS = {"spam": "spam_hits", "compliance": "compliance_hits"}
#: What a measure counts, where a pattern says it.
_COUNTED = {
    "digit_ratio": r"\d+",
    "kana_ratio": "[\u3041-\u30ff]+",
    "hangul_ratio": "[\uac00-\ud7a3]+",
    "latin_ratio": "[A-Za-z]+",
    "mojibake_ratio": "锟斤拷|烫烫烫+|屯屯屯+|锘|\ufffd",
    "url_ratio": r"(?:https?://|www\.)[!-~]+",
    "bracket_ratio": r"【[^】\n]*】",
    "code_ratio": r"[{}=<>_;$\\]+",
    "punctuation_ratio": r"[^\w\s]+",
    "symbol_ratio": r"[^\w\s，。、！？；：“”‘’（）《》【】…—·,.!?;:'\"()-]+",
    "emoji_ratio": "[\u2600-\u27bf\U0001f000-\U0001faff]+",
}
_RULES = {"lost_characters": "锟斤拷|烫烫烫+|屯屯屯+|锘|\ufffd"}


def places(text: str, row: Mapping[str, Any]) -> Places:
    """The places of the trigger.

    >>> row = {"dropped_by": "heuristics", "drop_rule": "too_many_digits"}
    >>> places("电话簿：12345，67890。", {**row, "drop_evidence": "digit_ratio=0.67 > 0.25"})
    [(4, 9), (10, 15)]
    >>> places("短", {**row, "drop_evidence": "length=1 < 8"})
    []
    """
    column = _HITS.get(str(row["dropped_by"]))
    if column is not None:
        return merged(_of_hits(text, row, row.get(column) or []))
    if row["drop_rule"] in _RULES:
        return _matches(_RULES[row["drop_rule"]], text)
    found = _EVIDENCE.match(row["drop_evidence"] or "")
    return merged(_of_measure(found[1], text[:SOUGHT])) if found else []


def _of_hits(text: str, row: Mapping[str, Any], hits: Iterable[Mapping[str, Any]]) -> Places:
    """Hits of the verdict's own kind, all of them where none is."""
    rule = str(row["drop_rule"])
    valid = [hit for hit in hits if 0 <= hit["start"] < hit["end"] <= len(text)]
    own = [hit for hit in valid if rule.startswith(str(hit.get("kind", hit.get("rule"))))]
    return [(hit["start"], hit["end"]) for hit in own or valid]


def _of_measure(measure: str, text: str) -> Places:
    if measure in _COUNTED:
        return _matches(_COUNTED[measure], text)
    if measure.startswith("repeated_line"):
        return _repeated(_lines(text), lambda place: text[slice(*place)].strip())
    size = measure.partition("_")[2]
    if measure.startswith(("dup_", "top_")) and size.isdecimal():
        grams = [(at, at + int(size)) for at in range(len(text) - int(size) + 1)]
        if measure.startswith("dup_"):
            return _repeated(grams, lambda place: text[slice(*place)])
        counts = Counter(text[start:end] for start, end in grams if text[start:end].strip())
        most = max(counts, key=lambda gram: (counts[gram], gram), default="")
        return _matches(re.escape(most), text) if most else []
    if measure in ("longest_run", "long_run_ratio"):
        runs = _matches(r"[\u3400-\u9fff]+(?:[ \t\u3000]+[\u3400-\u9fff]+)*", text)
        return sorted(runs, key=lambda place: place[0] - place[1])[:1]
    return []


def _matches(pattern: str, text: str) -> Places:
    return [match.span() for match in re.finditer(pattern, text[:SOUGHT])]


def _lines(text: str) -> Places:
    return [place for place in _matches(r"[^\n]+", text) if text[slice(*place)].strip()]


def _repeated(parts: Places, words: Callable[[tuple[int, int]], str]) -> Places:
    """The parts whose words stood before."""
    seen: set[str] = set()
    again = []
    for place in parts:
        key = words(place)
        if key in seen:
            again.append(place)
        seen.add(key)
    return again


def merged(found: Iterable[tuple[int, int]]) -> Places:
    """Places in order, those that touch as one.

    >>> merged([(4, 6), (0, 2), (5, 9), (2, 3)])
    [(0, 3), (4, 9)]
    """
    out: Places = []
    for start, end in sorted(found):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out
