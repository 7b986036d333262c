"""Patterns of the sentences in which a page states its licence or that it was generated."""

from __future__ import annotations

import re
from dataclasses import dataclass

Patterns = tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Patterns of notices, each with a group for what is kept (`rules/packs/extract_meta.yaml`)."""

    stated: Patterns  # a notice of generation that names its text (本文…), anywhere on a page
    bare: Patterns  # a notice of generation that is a whole line of the text
    license: Patterns  # a sentence that puts its own text under a licence


def first_group(patterns: Patterns, text: str) -> str | None:
    """The first group of the first pattern that occurs in the text, or null.

    >>> first_group((re.compile("本文(由AI生成)"),), "本文由AI生成，仅供参考。")
    '由AI生成'
    """
    matches = (pattern.search(text) for pattern in patterns)
    return next((match[1] for match in matches if match), None)
