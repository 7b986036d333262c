"""The licence of a page: declared for machines, linked to as its own, or stated in a sentence.

Enters: a parsed page, its `meta` elements, linked data, response headers and source.
Leaves: the licence as the page states it, null where it states none; `license_id` gives its SPDX
identifier.
Refuses: the licence of a picture, and licences in a text about licences.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from html import unescape

from selectolax.lexbor import LexborHTMLParser

from corpus_pipeline.text.html.notices import Words, first_group

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
_OTHERS = {
    "apache.org/licenses/LICENSE-2.0": "Apache-2.0",
    "data.gov.tw/license": "OGDL-Taiwan-1.0",
}
_PICTURE = re.compile(
    r"(?i)图片|圖片|照片|摄影|攝影|配图|配圖|题图|題圖|封面|音乐|視頻|视频|photo|image by"
)
_LICENSING = re.compile(
    r"(?i)本(?:文|站|页|頁|作品|博客|网站|網站|条目|條目|文章|文档|作)|除(?:非|了)?(?:另有|特别|特別)|许可协议|許可協議"
    r"|授权条款|授權條款|采用|採用|遵循|licensed under|under a"
)


def license_id(stated: str) -> str | None:
    """The SPDX identifier of a licence as pages name it, without a version where none is stated.

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
    """The licence that a page declares for machines, or links to as its own.

    `named`, `linked` and `headers` map lower-case names to values; `clues` are the `CLUES` that
    occur in the source, or the source itself.

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
    """The licence that a note of the site links to; null for several: a text about licences."""
    licences: dict[str | None, str] = {}
    for node in tree.css('a[href*="creativecommons.org/" i]')[:20]:
        href = _COMMONS.match((node.attributes.get("href") or "").strip())
        around = node.parent.text(deep=True) if node.parent is not None else ""
        around = " ".join(around.split())
        if href is None or _PICTURE.search(around[:300]):
            continue
        if _LICENSING.search(around[:300]) or len(around) <= 60:
            licences.setdefault(license_id(href[0]), href[0])
    return next(iter(licences.values())) if len(licences) == 1 else None


#: `worded_license` looks at the text around these.
LICENSE_WORDS = ("署名", "姓名標示", "CC BY", "CC-BY", "CC0", "知识共享", "Creative Commons")
#: A page whose source has none of these states no licence.
CLUES = (*LICENSE_WORDS, *_REL, "creativecommons.org")
_NOTE = re.compile(r"<(?:p|div|li|footer|td|small|span)\b[^<>]*>\s*([^<>]*)")
_TAGS = re.compile(r"<[^<>]*>|<[^<>]*$|^[^<>]*>")


def worded_license(source: str, words: Words, anchors: Iterable[str]) -> str | None:
    """The licence that the page gives itself in a sentence, as it is stated there, or null.

    `anchors` are those of `LICENSE_WORDS` that occur in the source.

    >>> words = Words((), (), (re.compile("本站内容采用(.{4,30}?)许可"),))
    >>> worded_license("<p>本站内容采用<b>CC BY-NC-SA 4.0</b> 许可。</p>", words, LICENSE_WORDS)
    'CC BY-NC-SA 4.0'
    """
    for anchor in anchors:
        at = source.find(anchor)
        for _ in range(5):  # a text that names licences more often is about them
            if at < 0:
                break
            around = _visible(source, at)
            begin = max(source.rfind("<", 0, at), 0)
            note = _NOTE.match(source[begin : source.find("<", at)][:300])
            stated = first_group(words.license, around) or (
                note and first_group(words.license, note[1])
            )
            if stated and license_id(stated) and not _PICTURE.search(around):
                return stated.strip()[:200]
            at = source.find(anchor, at + len(anchor))
    return None


def _visible(source: str, at: int) -> str:
    """The text within 250 characters of markup around a place: its sentence is no longer."""
    return " ".join(unescape(_TAGS.sub("", source[max(at - 250, 0) : at + 250])).split())
