"""HPLT: length of the document and of its lines.

Enters: a text.  Leaves: the first rule that drops it.
"""

from collections.abc import Sequence

from scripts.ablate.rulesets.base import Judged, RuleSet

#: Version 2; version 4 asks for 500.
CHARACTERS = 200
#: For languages without spaces.
LINE_LENGTH = 10


def judge(text: str, _words: Sequence[str]) -> Judged:
    """Two lengths."""
    if len(text) <= CHARACTERS:
        return Judged("too_short", text)
    if len(text) / (text.count("\n") + 1) <= LINE_LENGTH:
        return Judged("short_lines", text)
    return Judged(None, text)


RULES = RuleSet(
    name="hplt",
    title="HPLT v2, lengths",
    source="arXiv:2503.10267, 2511.01066; github.com/hplt-project/monotextor-slurm",
    left_out="OpenLID, adult hosts, robots.txt, the score of web-docs-scorer, MinHash",
    judge=judge,
)
