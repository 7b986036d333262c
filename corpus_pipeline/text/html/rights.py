"""What a page and its response allow, reserve and disclose: licence, robots, mining, generation.

Enters: a parsed page, its `meta` elements, its linked data and its response's headers; for what
is said in words, patterns.  Leaves: statements as the page writes them, null where it says none.
Refuses: to follow a link, to read a licence of a picture as that of the text, and to take a text
about labels or licences for one that carries them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from itertools import islice

from selectolax.lexbor import LexborHTMLParser

Patterns = tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Patterns of what is said in words; `rules/packs/extract_meta.yaml` holds them."""

    stated: Patterns  # a notice that speaks of its own text: said anywhere on the page
    bare: Patterns  # a notice that is a whole line of the text
    license: Patterns  # a sentence that puts its own text under a licence


def _found(patterns: Patterns, text: str) -> str | None:
    return next((found[1] for one in patterns if (found := one.search(text))), None)


# ---- linked data

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


# ---- licence

_COMMONS = re.compile(
    r"(?i)(?:https?:)?//(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/[a-z0-9.+/-]+"
)
_COMMONS_PART = re.compile(
    r"(?i)creativecommons\.org/licenses/(by[a-z-]*)(?:/(\d\.\d))?"
    r"|creativecommons\.org/publicdomain/(zero|mark)(?:/(\d\.\d))?"
)
_CONDITIONS = (
    ("NC", re.compile(r"(?i)(?<![a-z])NC(?![a-z])|NonCommercial|非商[业業用]")),
    ("ND", re.compile(r"(?i)(?<![a-z])ND(?![a-z])|NoDeriv|禁止(?:演[绎繹]|改作)")),
    ("SA", re.compile(r"(?i)(?<![a-z])SA(?![a-z])|ShareAlike|相同方式")),
)
_ATTRIBUTION = re.compile(r"(?i)(?<![a-z])BY(?![a-z])|Attribution|署名|姓名[标標]示")
_ZERO = re.compile(r"(?i)(?<![a-z])CC[\s-]?0(?!\.?\d)|CC[\s-]?Zero")
_VERSION = re.compile(r"(?<![\d.])([1-4]\.\d)(?![\d.])")
_SPDX = re.compile(r"(?:opensource|spdx)\.org/licenses?/([\w.-]+?)(?:\.html|\.php)?/?$")
_OTHERS = {"apache.org/licenses/LICENSE-2.0": "Apache-2.0"}
_OTHERS["data.gov.tw/license"] = "OGDL-Taiwan-1.0"
_PICTURE = re.compile(
    r"(?i)图片|圖片|照片|摄影|攝影|配图|配圖|题图|題圖|封面|音乐|視頻|视频|photo|image by"
)
_LICENSING = re.compile(
    r"(?i)本(?:文|站|页|頁|作品|博客|网站|網站|条目|條目|文章|文档|作)|除(?:非|了)?(?:另有|特别|特別)|许可协议|許可協議"
    r"|授权条款|授權條款|采用|採用|遵循|licensed under|under a"
)


def license_id(stated: str) -> str | None:
    """The SPDX identifier of a licence as pages name it; without a version where none is said.

    >>> license_id("https://creativecommons.org/licenses/by-nc-sa/4.0/deed.zh")
    'CC-BY-NC-SA-4.0'
    >>> license_id("署名-非商业性使用-禁止演绎 3.0 中国大陆"), license_id("CC BY-SA")
    ('CC-BY-NC-ND-3.0', 'CC-BY-SA')
    """
    part = _COMMONS_PART.search(stated)
    if part and part[3]:
        return f"CC0-{part[4] or '1.0'}" if part[3].lower() == "zero" else "CC-PDM-1.0"
    if part:
        return "-".join(filter(None, ("CC", part[1].upper().strip("-"), part[2])))
    if named := _SPDX.search(stated):
        return named[1]
    if other := next((name for address, name in _OTHERS.items() if address in stated), None):
        return other
    if not _ATTRIBUTION.search(stated):
        return "CC0-1.0" if _ZERO.search(stated) else None
    conditions = [name for name, pattern in _CONDITIONS if pattern.search(stated)]
    version = _VERSION.search(stated)
    return "-".join(["CC", "BY", *conditions, *([version[1]] if version else [])])


def license_of(
    tree: LexborHTMLParser,
    named: Mapping[str, str],
    linked: Mapping[str, str],
    headers: Mapping[str, str],
    clues: Container[str],
) -> str | None:
    """The licence that a page declares to machines, or links to as its own.

    >>> page = '<p>本站采用<a href="//creativecommons.org/licenses/by/4.0/">CC BY</a>许可协议</p>'
    >>> license_of(LexborHTMLParser(page), {}, {}, {}, page)
    '//creativecommons.org/licenses/by/4.0/'
    """
    if any(clue in clues for clue in _REL):
        for node in tree.css('[rel~="license" i][href], [rel~="license" i] a[href]')[:1]:
            return (node.attributes.get("href") or "").strip()[:500] or None
    stated = [named[name] for name in _LICENSES if name in named]
    stated += [linked["license"]] if "license" in linked else []
    stated += re.findall(r'<([^<>]{1,500})>[^,<>]*;\s*rel="?license\b', headers.get("link", ""))
    if stated:
        return stated[0][:500]
    return _commons_link(tree) if "creativecommons.org" in clues else None


_REL = ('="license', "='license", "=license", ' license"')
_LICENSES = ("dcterms.license", "dc.rights.license", "cc:license", "license", "dc.rights")


def _commons_link(tree: LexborHTMLParser) -> str | None:
    """A link to a licence in a note of the site; several licences are a text about licences."""
    found: dict[str | None, str] = {}
    for node in tree.css('a[href*="creativecommons.org/" i]')[:20]:
        href = _COMMONS.match((node.attributes.get("href") or "").strip())
        around = node.parent.text(deep=True) if node.parent is not None else ""
        around = " ".join(around.split())
        if href is None or _PICTURE.search(around[:300]):
            continue
        if _LICENSING.search(around[:300]) or len(around) <= 60:
            found.setdefault(license_id(href[0]), href[0])
    return next(iter(found.values())) if len(found) == 1 else None


#: Where sentences about licences are looked for, and what else machines are told.
LICENSE_WORDS = ("署名", "姓名標示", "CC BY", "CC-BY", "CC0", "知识共享", "Creative Commons")
MARK_VERBS = ("生成", "合成", "创作", "撰写")
CLUES = (*LICENSE_WORDS, *MARK_VERBS, *_REL, "creativecommons.org", "AIGC")
_NOTE = re.compile(r"<(?:p|div|li|footer|td|small|span)\b[^<>]*>\s*([^<>]*)")
_TAGS = re.compile(r"<[^<>]*>|<[^<>]*$|^[^<>]*>")


def worded_license(source: str, words: Words, anchors: Iterable[str]) -> str | None:
    """The licence that the page gives itself in a sentence.

    >>> words = Words((), (), (re.compile("本站内容采用(.{4,30}?)许可"),))
    >>> worded_license("<p>本站内容采用<b>CC BY-NC-SA 4.0</b> 许可。</p>", words, LICENSE_WORDS)
    'CC BY-NC-SA 4.0'
    """
    for anchor in anchors:
        at = source.find(anchor)
        for _ in range(5):  # a text that names licences more often speaks of them
            if at < 0:
                break
            around = _visible(source, at)
            begin = max(source.rfind("<", 0, at), 0)
            note = _NOTE.match(source[begin : source.find("<", at)][:300])
            found = _found(words.license, around) or (note and _found(words.license, note[1]))
            if found and license_id(found) and not _PICTURE.search(around):
                return found.strip()[:200]
            at = source.find(anchor, at + len(anchor))
    return None


def _visible(source: str, at: int) -> str:
    """The text around a place of the markup, as far as its sentence may reach."""
    return " ".join(unescape(_TAGS.sub("", source[max(at - 250, 0) : at + 250])).split())


# ---- robots and mining

_DIRECTIVES = re.compile(
    r"all|none|(?:no)?(?:index|follow|archive|snippet)|no(?:cache|imageindex|translate|odp|ydir|ai"
    r"|imageai|ml|train|preview)|indexifembedded|(?:max-[a-z]+-?[a-z]*|unavailable_after)(?::.*)?"
)
_VALUED = ("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after")
_BOT = re.compile(r"(?:bot|spider|crawler|slurp|-extended|anthropic-ai|^teoma)$")


def robots_of(named: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
    """Every wish about machines, from the page and its response; `name:wish` binds one robot.

    >>> robots_of({"robots": "NoIndex, nofollow"}, {"x-robots-tag": "noai, gptbot: none"})
    'noindex, nofollow, noai, gptbot:none'
    """
    wishes = dict.fromkeys(_wishes(named.get("robots", ""), ""))
    for name, content in named.items():
        if _BOT.search(name) and name != "robots":
            said = list(_wishes(content, name))
            if said and _DIRECTIVES.fullmatch(said[0].split(":", 1)[1]):
                wishes.update(dict.fromkeys(said))
    for response in (named.get("http:x-robots-tag", ""), headers.get("x-robots-tag", "")):
        wishes.update(dict.fromkeys(_wishes(response, "")))
    return ", ".join(wishes) or None


def _wishes(content: str, robot: str) -> Iterator[str]:
    for piece in content.lower().split(","):
        wish = " ".join(piece.split())
        name, colon, rest = wish.partition(":")
        if colon and name.strip() not in _VALUED and re.fullmatch(r"[\w.-]{2,40}", name.strip()):
            robot, wish = name.strip(), rest.strip()
        if wish:
            yield f"{robot}:{wish}" if robot else wish


def mining_of(
    named: Mapping[str, str], headers: Mapping[str, str]
) -> tuple[bool | None, str | None]:
    """Whether rights to mine the text are reserved, and where the policy stands (TDMRep).

    The page overrules its response, as the protocol has it.

    >>> mining_of({"tdm-reservation": "0"}, {"tdm-reservation": "1", "tdm-policy": "https://p.cn"})
    (False, 'https://p.cn')
    """
    reserved: bool | None = None
    for stated in (named.get("tdm-reservation"), headers.get("tdm-reservation")):
        value = (stated or "").strip()
        if value in {"0", "1"}:
            reserved = value == "1"
            break
    policy = (named.get("tdm-policy") or headers.get("tdm-policy") or "").strip()
    return reserved, policy[:500] or None


# ---- generated content

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
    if found := _SOURCE_TYPE.search(stated):
        return f"iptc:{found[1]}"
    return None


def _label(stated: str) -> str | None:
    try:
        found = json.loads(stated)
    except (ValueError, RecursionError):
        label = _LABEL.search(unescape(stated))
        return label[1] if label else stated[:100]
    if isinstance(found, dict):
        inner = found.get("AIGC", found)
        found = inner.get("Label") if isinstance(inner, dict) else inner
    return str(found)[:100] if found is not None else None


def _embedded(source: str) -> str | None:
    """The label in a script, a comment or XMP; one in the text is an example of a label."""
    matches = islice(_EMBEDDED.finditer(source), 10)
    found = [match for match in matches if _is_machine(source, match.start())]
    if len(found) != 1:  # several labels are those of the page's pictures or of other pages
        return None
    label = _LABEL.search(unescape(found[0][1]))
    return label[1] if label else None


def _is_machine(source: str, at: int) -> bool:
    for begin, end in (("<script", "</script"), ("<!--", "-->"), ("<rdf:", "</rdf:RDF")):
        if source.rfind(begin, 0, at) > source.rfind(end, 0, at):
            return True
    return False


def mark_of(text: str, lead: str, page: bytes, words: Words, verbs: Iterable[str]) -> str | None:
    r"""The words by which a text says that it was generated: at its edges, or beside it.

    >>> words = Words((re.compile("本文(由AI生成)"),), (re.compile("^(AI生成)$"),), ())
    >>> mark_of("春天来了。\n本文由AI生成", "", "", words, MARK_VERBS)
    '由AI生成'
    """
    for line in (*text[:600].split("\n")[:3], *text[-600:].split("\n")[-3:]):
        if found := _found(words.stated + words.bare, line):
            return found
    if found := _found(words.stated, lead):
        return found
    for verb in map(str.encode, verbs):
        at = page.find(verb)
        for _ in range(50):
            if at < 0:
                break
            start, end = page.rfind(b">", 0, at) + 1, page.find(b"<", at)
            node = page[start:end].decode("utf-8", "ignore") if start < end <= start + 800 else ""
            said = node.strip() if len(node) <= 200 else ""
            if said.startswith("本") and len(said) <= 60 and (found := _found(words.stated, said)):
                return found
            at = page.find(verb, at + len(verb))
    return None
