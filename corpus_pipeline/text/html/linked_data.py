"""JSON-LD of a page in, what it says of the page's article out: title, author, date and more."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from selectolax.lexbor import LexborHTMLParser

#: What a page holds beside its article.
_NO_ARTICLE = re.compile(
    "(?:Image|Video|Audio)Object|BreadcrumbList|ListItem|Comment|Review|SearchAction|Product|Answer"
)
_LINKED = {"headline": "title", "author": "author", "datePublished": "date", "pubDate": "date"}
_LINKED |= {"publisher": "site", "license": "license", "digitalSourceType": "source_type"}


def linked_data(tree: LexborHTMLParser) -> dict[str, str]:
    """What JSON-LD says of the page's article; broken JSON says nothing."""
    found: dict[str, str] = {}
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
                    if said := _said(value.get(key)):
                        found.setdefault(name, said)
                stack += [value[k] for k in ("mainEntity", "@graph") if k in value]
    return found


def _name(one: Mapping[str, object]) -> object:
    return one.get("name") or one.get("url") or one.get("@id")


def _said(value: object) -> str:
    """The words of a value of linked data: of an object its name, of several all of them."""
    several = value[:5] if isinstance(value, list) else [value]
    stated = (_name(one) if isinstance(one, dict) else one for one in several)
    return "、".join(" ".join(str(v).split())[:200] for v in stated if isinstance(v, str | int))
