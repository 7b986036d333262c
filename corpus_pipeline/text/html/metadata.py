"""Metadata that a page states: title, author, date, site, and its declarations to machines.

Enters: a parsed page and its response headers; later the text around and of its main content.
Leaves: a `PageMeta` with values as the page writes them, null for what it does not state;
`with_text` writes the date in ISO 8601.
Refuses: software as an author; the year of a copyright notice and the day of the visit as a date.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from selectolax.lexbor import LexborHTMLParser, LexborNode

from corpus_pipeline.text.html.aigc import label_of
from corpus_pipeline.text.html.dates import date_in_source, iso_date, shown_date
from corpus_pipeline.text.html.licence import license_of
from corpus_pipeline.text.html.linked_data import linked_data
from corpus_pipeline.text.html.robots import mining_of, robots_of


@dataclass(frozen=True, slots=True)
class PageMeta:
    """The statements of a page, as it writes them; null where it states nothing."""

    whole_title: str  # as the browser shows it
    title: str | None  # without the site's name
    author: str | None
    date: str | None
    site: str | None
    license: str | None
    robots: str | None
    tdm: bool | None  # whether rights to mine the text are reserved
    tdm_policy: str | None
    aigc: str | None
    generator: str


_TITLES = ("og:title", "twitter:title", "articletitle", "title")
_AUTHORS = (
    "article:author",
    "og:article:author",
    "author",
    "dc.creator",
    "dcterms.creator",
    "citation_author",
    "byl",
    "parsely-author",
    "sailthru.author",
    "mediaid",
)
#: Names of `meta` elements with the date of publication: `pubdate`, `og:release_date`, `dc.date` ….
_DATED = re.compile(
    r"(?:^|[:._ -])(?:first|date)?-?(?:pub|publish(?:ed)?|publication|release|created?|issued)"
    r"[-_]?(?:date|time|at)?$|^(?:dc\.|dcterms\.|sailthru\.|citation_)?date$|^(?:og|apub):time$"
)
_SITES = ("og:site_name", "application-name", "sitename")
#: Selectors of elements that state author or date, under the text by which a source shows them.
_AUTHOR_AT = {
    'rel="author"': 'a[rel~="author"]',
    'itemprop="author"': (
        '[itemprop="author"] [itemprop="name"], [itemprop="author"]:not([itemscope])'
    ),
}
_DATE_AT = {'itemprop="datePublished"': '[itemprop="datePublished"]', "<time": "time[datetime]"}
CLUES = ("发布", "发表", "责任编辑", "ld+json", *_AUTHOR_AT, *_DATE_AT)


def page_meta(
    tree: LexborHTMLParser,
    headers: Mapping[str, str],
    source: str = "",
    clues: Container[str] | None = None,
) -> PageMeta:
    """The statements of a page and of its response.

    `headers` have lower-case names.  `source` is the markup before parsing, `clues` those of
    `CLUES` that occur in it; without them the tree and the source itself are searched.

    >>> page = '<title>春天来了_某某网</title><meta name="author" content="张三"><h1>春天来了</h1>'
    >>> meta = page_meta(LexborHTMLParser(page), {"x-robots-tag": "noai"})
    >>> meta.title, meta.author, meta.site, meta.robots
    ('春天来了', '张三', '某某网', 'noai')
    """
    source = source or tree.html or ""
    clues = source if clues is None else clues
    nodes = tree.css("meta[content],h1")  # one query: each walks the whole tree
    named = _named([node for node in nodes if node.tag == "meta"])
    linked = linked_data(tree) if "ld+json" in clues else {}
    node = tree.css_first("title")
    whole = " ".join((node.text() if node else "").split())
    site = _first(named, _SITES) or linked.get("site")
    headings = [node for node in nodes if node.tag == "h1"]
    title, cut = _title(headings, _first(named, _TITLES) or linked.get("title"), whole, site)
    stated = [*(named[name] for name in _AUTHORS if name in named), linked.get("author", "")]
    stated += _seen(tree, clues, _AUTHOR_AT)
    authors = [name for value in stated if (name := _person(value))]
    days = [*(named[name] for name in named if _DATED.search(name)), linked.get("date", "")]
    days += _seen(tree, clues, _DATE_AT)
    reserved, policy = mining_of(named, headers)
    return PageMeta(
        whole_title=whole,
        title=title,
        # Many systems write the site as the author: another name comes first.
        author=min(authors, key=lambda name: name in {site, cut}, default=None),
        date=next((day for day in days if iso_date(day)), None),
        site=site or cut,
        license=license_of(tree, named, linked, headers, clues),
        robots=robots_of(named, headers),
        tdm=reserved,
        tdm_policy=policy,
        aigc=label_of(named, linked, headers, source if "AIGC" in clues else ""),
        generator=named.get("generator", ""),
    )


def _named(nodes: list[LexborNode]) -> dict[str, str]:
    """The content of `meta` elements by lower-case names: the first of a name, all of `robots`."""
    named: dict[str, str] = {}
    for node in nodes:
        attributes = node.attributes
        content = (attributes.get("content") or "").strip()
        name = attributes.get("name") or attributes.get("property") or attributes.get("itemprop")
        if not name and (attributes.get("http-equiv") or "").lower() == "x-robots-tag":
            name = "http:x-robots-tag"
        name = (name or "").strip().lower()
        if not name or not content:
            continue
        if name == "robots" and name in named:
            named[name] += f", {content[:1000]}"
        named.setdefault(name, content[:1000])
    return named


def _first(named: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    """The first of these names whose value is no address."""
    stated = (named[name] for name in names if name in named)
    return next((value for value in stated if not value.startswith("http")), None)


# ---- title and site

_CUT = re.compile(r"(\s*[_|｜]\s*|\s+[-–—·]\s*|\s*--+\s*|\s+[»›]\s+)")
_SITE = re.compile(
    r"(?i)(?:网|網|网站|網站|论坛|論壇|频道|頻道|[日晚晨早时時周週]报|報|博客|社区|社區|在线|之家|百科|贴吧"
    r"|知道|知乎|问答|门户|官网|出版社|政府|电视台|客户端|新闻中心|大学|学院|\.(?:com|cn|net|org|tw|hk))$"
)
_HYPHEN = re.compile(r"^(.{2,}?)[-–—]([^-–—\s]{2,16})$")
_PART = re.compile(r"第.{1,6}[章回节集话課课]|[，。！？：]|[)）]$")


def _title(
    headings: list[LexborNode], stated: str | None, whole: str, site: str | None
) -> tuple[str | None, str | None]:
    """The title without the site's name, and the name that was cut off, either or both null."""
    bare, cut = _without_site(whole, site)
    for heading in headings[:5]:
        text = " ".join(heading.text().split())
        # A heading that is part of the title is the title; another may be the logo.
        if len(text) >= 2 and text in whole and text not in {site, cut}:
            return text[:500], cut
    if stated and (not whole or stated in whole):
        short, name = _without_site(stated, site or cut)
        return short[:500] or None, cut or name
    return (bare or stated or "")[:500] or None, cut


def _without_site(title: str, site: str | None) -> tuple[str, str | None]:
    """A title cut where the site's name or a channel's begins.

    >>> _without_site("春天来了_天气_某某网", None), _without_site("观点｜春天来了，真好", None)
    (('春天来了', '某某网'), ('观点｜春天来了，真好', None))
    """
    cuts = [(cut.start(), cut.end()) for cut in _CUT.finditer(title)]
    edges = zip([0, *(end for _, end in cuts)], [*(start for start, _ in cuts), None], strict=True)
    spans = [(start, title[start:end]) for start, end in edges if title[start:end]]
    parts = [part for _, part in spans]
    if len(parts) < 2:
        match = _HYPHEN.match(title)
        if match and (match[2] == site or _SITE.search(match[2])):
            return match[1], match[2]
        return title.strip(" -_|"), None
    firsts = [re.split("[，,]", part)[0] for part in parts]  # a slogan may follow the name
    names = [first == site or bool(_SITE.search(first) and len(first) <= 20) for first in firsts]
    if names[0] and not any(names[1:]) and len(parts[0]) <= 12 and len(parts[1]) > 4:
        return title[spans[1][0] :], parts[0]
    end = next((i for i in range(1, len(parts)) if names[i]), None)
    if end is None:
        column = title[spans[-1][0] - 1] in "｜|" and len(parts[0]) <= 6
        if column or len(parts[-1]) > 20 or _PART.search(parts[-1]):
            return title, None
        end = len(parts) - 1
    name = parts[end]
    while end > 1 and len(parts[end - 1]) <= 8 and not _PART.search(parts[end - 1]):
        end -= 1
    return title[spans[0][0] : spans[end - 1][0]] + parts[end - 1], name


# ---- author

_BY = re.compile(
    r"(?:^|[\s|（(])(?:作者|記者|记者|文|撰文|原作者|发布者|發布者)\s?[:：/]\s?"
    r"([\u4e00-\u9fff·]{2,12}?(?=分享|编辑|来源|[^\u4e00-\u9fff·]|$)|[A-Z][A-Za-z. ]{2,30})"
)
_HANS = r"[\u4e00-\u9fff·]{2,6}"
_REPORTER = re.compile(
    rf"[（(](?:本报|本台|新华社|人民网|见习|特约|通讯|\s)*(?:记者|記者|作者|通讯员)\s?[:：]?\s?({_HANS}(?:[、\s]{_HANS})*?)"
    r"(?=[)），,/]|\s(?:通讯员|摄影|實習|实习|编辑|报道|報導)|[)）])"
    rf"|(?:本报|本台|特约|新华社|本刊)(?:见习)?记者\s?[:：]?\s?({_HANS})(?=\s|$|[，,）)/])"
)
_EDITOR = re.compile(
    rf"[（(\[【]?\s?(?:责任编辑|責任編輯|责编|編輯|编辑|編审|编审)\s?[:：/]\s?({_HANS}(?:[、\s]{_HANS})?)"
)
_NOBODY = re.compile(
    r"(?i)^(?:admin\w*|editor|webmaster|unknown|null|undefined|none|root|user|anonymous|author|作者|佚名"
    r"|匿名|未知|不详|管理员|小编|编辑|本站|本站编辑|网络|互联网|转载|原创|discuz.*|comsenz.*|phpwind.*)$"
    r"|https?:|[{}<>$@]|^\W*$|^\d+$|报道|获悉|从|近日|日前|昨日|今日"
)
_ROLE = re.compile(r"(?i)^(?:作者|记者|記者|文|by)\s*[:：/]\s*|^(?:作者|记者|記者|by)\s+")


def _person(stated: str) -> str | None:
    name = " ".join(_ROLE.sub("", stated).split())
    return name if len(name) <= 80 and not _NOBODY.search(name) else None


def _seen(tree: LexborHTMLParser, clues: Container[str], at: Mapping[str, str]) -> Iterator[str]:
    """The texts of the elements that the selectors of the clues in the page find."""
    for selector in (selector for clue, selector in at.items() if clue in clues):
        for node in tree.css(selector)[:3]:
            attributes = node.attributes
            yield attributes.get("content") or attributes.get("datetime") or node.text()


def with_lead(meta: PageMeta, lead: str) -> PageMeta:
    """The metadata with author and date from the text around the title, where there are none."""
    lead = lead[:3000]
    by = _BY.search(lead) if _vague(meta) else None
    author = (_person(by[1]) if by else None) or meta.author
    return replace(meta, author=author, date=meta.date or shown_date(lead))


def with_text(
    meta: PageMeta, text: str, source: str, clues: Container[str], visit: str | None
) -> PageMeta:
    """The metadata with reporter or editor from the edges of the text, and the date in ISO 8601.

    `source` is the page's markup, `clues` those of `CLUES` in it, and `visit` the time of the
    fetch: a date later than that (by more than a time zone) becomes null.

    >>> meta = page_meta(LexborHTMLParser("<title>春天来了</title>"), {})
    >>> page = "<i>发布时间：2024年5月3日</i>"
    >>> meta = with_text(meta, "本报讯（记者 王五）春天来了。", page, page, "2024-05-03")
    >>> meta.author, meta.date
    ('王五', '2024-05-03')
    """
    at = source.find("责任编辑") if "责任编辑" in clues else len(source)
    edges = f"{text[:400]}\n{text[-200:]}\n{re.sub('<[^<>]*>', '', source[at : at + 200])}"
    matches = (pattern.search(edges) for pattern in (_BY, _REPORTER, _EDITOR))
    names = (_person(next(filter(None, match.groups()))) for match in matches if match)
    labelled = (
        "" if meta.date or not ("发布" in clues or "发表" in clues) else date_in_source(source)
    )
    day, last = iso_date(meta.date or labelled or ""), iso_date(visit or "")
    if day and last and len(last) >= len("2024-05-03"):  # two time zones lie up to a day apart
        latest = (date.fromisoformat(last[:10]) + timedelta(days=1)).isoformat()
        day = None if day[:10] > latest else day
    name = next(filter(None, names), None) if _vague(meta) else None
    return replace(meta, author=name or meta.author, date=day)


def _vague(meta: PageMeta) -> bool:
    """Whether the page states no author, or its site as the author."""
    return (meta.author or "") in (meta.site or "")
