"""Find and replace in one text, again until nothing new is found.

Enters: a text, the detector, what to replace.  Leaves: the text with its replacements, and the
findings, whose offsets count the text that came in.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import Final

from corpus_pipeline.rules.pii.detector import Detector, Finding
from corpus_pipeline.rules.pii.pack import Policy
from corpus_pipeline.rules.pii.replacement import Replacement

#: For each piece copied unchanged: its start in the masked text and in the text that came in.
Places = list[tuple[int, int]]

#: A replacement is a few characters, so that a cue comes near enough once or twice; more rounds
#: have not been seen.
_MOST_ROUNDS: Final = 8


def mask(
    text: str,
    detector: Detector,
    policy: Mapping[str, Policy],
    anchors: Mapping[str, str] | None = None,
    replacement: Replacement | None = None,
) -> tuple[str, list[Finding]]:
    """The text with replacements (placeholders, unless said otherwise), and its findings.

    A placeholder is shorter than what it replaces, so that a cue can come near enough to a number
    that was too far from it.  The masked text is therefore searched until nothing new is found:
    masking twice changes nothing more.
    """
    told = replacement or Replacement(detector.pack, policy, None)
    findings: list[Finding] = [f for f in detector.find(text, anchors) if policy[f.type] != "keep"]
    masked, places = _replace(text, findings, told)
    for _ in range(_MOST_ROUNDS):
        if masked == text:
            break
        fresh = [f for f in detector.find(masked) if not told.stays(f.type)]
        if not fresh:
            break
        moved = [
            Finding(start, end, f.type, f.tier, f.rule)
            for start, end, f in (
                (_origin(f.start, places), _origin(f.end - 1, places) + 1, f) for f in fresh
            )
        ]
        kept = [f for f in findings if not _overlaps(f, moved)]
        findings = sorted([*kept, *moved], key=lambda f: f.start)
        masked, places = _replace(text, findings, told)
    return masked, findings


def _overlaps(finding: Finding, others: list[Finding]) -> bool:
    """Whether one of the others, sorted and disjoint, shares a character with the finding."""
    place = bisect_left(others, finding.end, key=lambda other: other.start)
    return place > 0 and others[place - 1].end > finding.start


def _replace(text: str, findings: list[Finding], told: Replacement) -> tuple[str, Places]:
    parts: list[str] = []
    places: Places = [(0, 0)]
    copied = length = 0
    for finding in findings:
        if told.stays(finding.type):
            continue
        put = told(finding.type, text[finding.start : finding.end])
        parts += (text[copied : finding.start], put)
        length += finding.start - copied + len(put)
        copied = finding.end
        places.append((length, copied))
    parts.append(text[copied:])
    return "".join(parts), places


def _origin(place: int, places: Places) -> int:
    """The place, in the text that came in, of a character that was copied to the masked text."""
    masked_at, source_at = places[bisect_right(places, place, key=lambda pair: pair[0]) - 1]
    return source_at + place - masked_at
