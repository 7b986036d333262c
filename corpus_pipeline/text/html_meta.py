"""What a page says of itself: title, author, date, site, licence, robots and generated-by marks.

Enters: a parsed page.  Leaves: a `PageMeta`, null for what the page does not say.
Refuses: to guess what is not stated, and to reformat what is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from selectolax.lexbor import LexborHTMLParser


@dataclass(frozen=True, slots=True)
class PageMeta:
    """The statements of a page, as it writes them."""

    whole_title: str  # as the browser shows it
    title: str | None  # without the site's name
    author: str | None
    date: str | None
    site: str | None
    license: str | None
    robots: str | None
    aigc: str | None
    generator: str


_TITLES = ("og:title", "twitter:title", "articletitle", "title")
_AUTHORS = ("author", "article:author", "og:article:author", "mediaid", "byl")
_DATES = (
    "article:published_time",
    "og:release_date",
    "og:published_time",
    "publishdate",
    "pubdate",
    "publish_time",
    "publishtime",
    "weibo: article:create_at",
    "apub:time",
    "bytedance:published_time",
    "dc.date",
    "date",
)
_SITES = ("og:site_name", "application-name", "sitename", "contentsource", "source")
_ROBOTS = ("robots", "googlebot", "baiduspider", "bytespider", "tdm-reservation")
_COMMONS = re.compile(
    r"https?://creativecommons\.org/(?:licenses|publicdomain)/[a-z0-9.+/-]+", re.IGNORECASE
)
_DAY = re.compile(
    r"(?:19|20)\d{2}\s?[-/.年]\s?(?:1[0-2]|0?[1-9])\s?[-/.月]\s?(?:3[01]|[12]\d|0?[1-9])日?"
    r"(?:\s{0,3}(?:[01]?\d|2[0-3])[:：][0-5]\d(?:[:：][0-5]\d)?)?"
)
_BY = re.compile(
    r"(?:^|[\s|（(])(?:作者|記者|记者|文)\s?[:：/]\s?"
    r"([\u4e00-\u9fff·]{2,12}|[A-Z][A-Za-z. ]{2,30})"
)
_CUT = re.compile(r"\s*[_|｜]\s*|\s+[-–—]\s*|\s*--+\s*")
#: How far into a page's text its date and author are looked for.
_LEAD = 3000


def page_meta(tree: LexborHTMLParser, headers: Mapping[str, str]) -> PageMeta:
    """The statements of a page and of its response.

    >>> page = '<title>春天来了_某某网</title><meta name="author" content="张三"><h1>春天来了</h1>'
    >>> meta = page_meta(LexborHTMLParser(page), {"x-robots-tag": "noai"})
    >>> meta.title, meta.author, meta.site, meta.robots
    ('春天来了', '张三', '某某网', 'noai')
    """
    named = _named(tree)
    node = tree.css_first("title")
    whole = " ".join((node.text() if node else "").split())
    title, site = _title(tree, named, whole)
    return PageMeta(
        whole_title=whole,
        title=title,
        author=_first(named, _AUTHORS),
        date=_first(named, _DATES) or _time(tree),
        site=_first(named, _SITES) or site,
        license=_license(tree),
        robots=_robots(named, headers),
        aigc=_aigc(named, headers),
        generator=named.get("generator", ""),
    )


def with_lead(meta: PageMeta, lead: str) -> PageMeta:
    """Author and date from the visible text around the title, where the page states none.

    >>> from selectolax.lexbor import LexborHTMLParser
    >>> meta = page_meta(LexborHTMLParser("<title>春天来了</title>"), {})
    >>> found = with_lead(meta, "2024年5月3日 08:30 来源：某某网 作者：李四 点击 120")
    >>> found.date, found.author
    ('2024年5月3日 08:30', '李四')
    """
    day, by = _DAY.search(lead[:_LEAD]), _BY.search(lead[:_LEAD])
    return replace(
        meta,
        date=meta.date or (day[0] if day else None),
        author=meta.author or (by[1].strip() if by else None),
    )


def _named(tree: LexborHTMLParser) -> dict[str, str]:
    """The page's `meta` elements, lower-case names; the first of a name counts."""
    named: dict[str, str] = {}
    for node in tree.css("meta"):
        attributes = node.attributes
        name = attributes.get("name") or attributes.get("property") or attributes.get("itemprop")
        content = (attributes.get("content") or "").strip()
        if name and content:
            named.setdefault(name.strip().lower(), content[:1000])
    return named


def _first(named: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    """The first of these that the page states in words, not as an address."""
    stated = (named[name] for name in names if name in named)
    return next((value for value in stated if not value.startswith("http")), None)


def _title(
    tree: LexborHTMLParser, named: Mapping[str, str], whole: str
) -> tuple[str | None, str | None]:
    """The title without the site's name, and the name that was cut off."""
    parts = [part for part in _CUT.split(whole) if part]
    site = parts[-1] if len(parts) > 1 and len(parts[-1]) <= 20 else None
    for heading in tree.css("h1")[:5]:
        text = " ".join(heading.text().split())
        # A heading that the title repeats is the title; one that it does not may be the logo.
        if len(text) >= 2 and text in whole and text != site:
            return text[:500], site
    stated = _first(named, _TITLES)
    if stated and stated in whole:
        return stated[:500], site
    return (parts[0] if parts else stated or "")[:500] or None, site


def _time(tree: LexborHTMLParser) -> str | None:
    for node in tree.css("time[datetime]")[:1]:
        return (node.attributes.get("datetime") or "").strip() or None
    return None


def _license(tree: LexborHTMLParser) -> str | None:
    for node in tree.css('[rel~="license"][href], [rel~="license"] a[href]')[:1]:
        return (node.attributes.get("href") or "").strip() or None
    for node in tree.css('a[href*="creativecommons.org/"]')[:5]:
        found = _COMMONS.match(node.attributes.get("href") or "")
        if found:
            return found[0]
    return None


def _robots(named: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
    """Every wish about machines, from the page and from the response, in one line.

    >>> _robots({"robots": "NoIndex, nofollow"}, {"x-robots-tag": "noai"})
    'noindex, nofollow, noai'
    """
    wishes: dict[str, None] = {}
    stated = [
        *(
            named[name] if name != "tdm-reservation" else f"tdm-reservation={named[name]}"
            for name in _ROBOTS
            if name in named
        ),
        headers.get("x-robots-tag", ""),
        *(f"{name}={headers[name]}" for name in ("tdm-reservation",) if name in headers),
    ]
    for one in stated:
        wishes.update(dict.fromkeys(w.strip().lower() for w in one.split(",") if w.strip()))
    return ", ".join(wishes) or None


def _aigc(named: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
    """The label of GB 45438-2025 (1 generated, 2 possibly, 3 suspected) from the metadata.

    >>> _aigc({"aigc": '{"AIGC":{"Label":"1","ContentProducer":"某公司"}}'}, {})
    '1'
    """
    stated = named.get("aigc") or named.get("aigc:label") or headers.get("aigc")
    if not stated:
        return None
    try:
        found = json.loads(stated)
    except (ValueError, RecursionError):
        return stated[:100]
    if isinstance(found, dict):
        inner = found.get("AIGC", found)
        found = inner.get("Label") if isinstance(inner, dict) else inner
    return str(found)[:100] if found is not None else None
