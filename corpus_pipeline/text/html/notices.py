"""Patterns of the sentences in which a page states its licence or that it was generated."""

from __future__ import annotations

import re
from dataclasses import dataclass

Patterns = tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Patterns of what is said in words; `rules/packs/extract_meta.yaml` holds them."""

    stated: Patterns  # a notice that speaks of its own text: said anywhere on the page
    bare: Patterns  # a notice that is a whole line of the text
    license: Patterns  # a sentence that puts its own text under a licence


def first_group(patterns: Patterns, text: str) -> str | None:
    """What the first pattern that is in the text catches.

    >>> first_group((re.compile("本文(由AI生成)"),), "本文由AI生成，仅供参考。")
    '由AI生成'
    """
    matches = (pattern.search(text) for pattern in patterns)
    return next((match[1] for match in matches if match), None)
