"""What the JSON-LD of a page states about its article.

Enters: a parsed page.
Leaves: a dictionary with some of the keys title, author, date, site, license and source_type, and
values as the page states them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from selectolax.lexbor import LexborHTMLParser

#: Types of objects that are not the article of the page.
_NO_ARTICLE = re.compile(
    "(?:Image|Video|Audio)Object|BreadcrumbList|ListItem|Comment|Review|SearchAction|Product|Answer"
)
_LINKED = {"headline": "title", "author": "author", "datePublished": "date", "pubDate": "date"}
_LINKED |= {"publisher": "site", "license": "license", "digitalSourceType": "source_type"}


def linked_data(tree: LexborHTMLParser) -> dict[str, str]:
    """The statements about the page's article; broken JSON is skipped."""
    statements: dict[str, str] = {}
    for node in tree.css('script[type*="ld+json" i]')[:10]:
        try:
            stack = [json.loads(node.text()[:300_000], strict=False)]
        except (ValueError, RecursionError):
            continue
        for _ in range(300):
            if not stack:
                break
            value = stack.pop()
            if isinstance(value, list):
                stack += reversed(value[:50])
            elif isinstance(value, dict):
                if _NO_ARTICLE.search(str(value.get("@type"))[:200]):
                    continue
                for key, name in _LINKED.items():
                    if text := _words(value.get(key)):
                        statements.setdefault(name, text)
                stack += [value[k] for k in ("mainEntity", "@graph") if k in value]
    return statements


def _name(entity: Mapping[str, object]) -> object:
    return entity.get("name") or entity.get("url") or entity.get("@id")


def _words(value: object) -> str:
    """A value of linked data as text: an object as its name, a list with 、 between its items."""
    several = value[:5] if isinstance(value, list) else [value]
    stated = (_name(item) if isinstance(item, dict) else item for item in several)
    return "、".join(" ".join(str(v).split())[:200] for v in stated if isinstance(v, str | int))
