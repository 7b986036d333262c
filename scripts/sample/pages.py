"""Web pages around an article: navigation, advertisements, sidebars, footers.

Enters: an article.  Leaves: the HTML of a page in one of four layouts, and its Traditional twin.
Refuses: to know anything of bytes; `web.py` chooses the charset.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from html import escape
from pathlib import Path
from string import Template

import opencc

from sample.prose import Article

LAYOUTS = Path(__file__).parent / "layouts"
SITES = {
    "news": "示例晚报网",
    "blog": "慢慢写的博客",
    "gov": "示例市便民服务网",
    "forum": "邻里论坛",
}
#: What each layout puts around the article; none of it may reach the corpus.
CLUTTER = {
    "news": ["例ICP备00000000号", "限时优惠：全场家具五折起", "换季衣物收纳的小窍门"],
    "blog": ["例ICP备00000000号", "修好了一把椅子", "说点什么吧"],
    "gov": ["例ICP备00000000号", "建议使用新版浏览器"],
    "forum": ["例ICP备00000000号", "您需要登录后才可以回帖"],
}


@cache
def layout(name: str) -> Template:
    """The template of a layout."""
    return Template((LAYOUTS / f"{name}.html").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Page:
    """What goes into a layout."""

    layout: str
    title: str
    body: str  # HTML
    meta: str = ""
    head: str = ""
    keywords: str = "生活,本地"
    navextra: str = ""
    date: str = "2026-01-10 09:30"

    def html(self) -> str:
        """The page."""
        return layout(self.layout).substitute(
            meta=self.meta,
            head=self.head,
            title=escape(self.title),
            body=self.body,
            keywords=self.keywords,
            navextra=self.navextra,
            date=self.date,
            site=SITES[self.layout],
            author="本报通讯员",
        )

    def declaring(self, charset: str | None) -> Page:
        """The same page with this charset in its meta element."""
        if charset is None:
            return self
        if self.layout in ("gov", "forum"):
            content = f"text/html; charset={charset}"
            return replace(self, meta=f'<meta http-equiv="Content-Type" content="{content}">')
        return replace(self, meta=f'<meta charset="{charset}">')


def page(article: Article, kind: str) -> Page:
    """An article in a layout, marked up as such sites do it."""
    paragraphs = [escape(p, quote=False) for p in article.paragraphs]
    if kind == "gov":
        body = "<br><br>\n".join(f"　　{p}" for p in paragraphs)
    elif kind == "news":
        body = "\n".join(f"<p>　　{p}</p>" for p in paragraphs)
        advert = '<div class="ad"><a href="/ad/2">广告：学车报名立减三百元</a></div>'
        body = body.replace("</p>\n<p>", f"</p>\n{advert}\n<p>", 1)
    else:
        body = "\n".join(f"<p>{p}</p>" for p in paragraphs)
    return Page(kind, article.title, body)


def thread(title: str, posts: list[tuple[str, str]]) -> Page:
    """A forum thread with several posts (author, text)."""
    rows = [
        f'<div id="post_{n}" class="post"><div class="authi"><a href="/u/{n}">{escape(author)}</a>'
        f"<em>发表于 2026-1-{n + 2} 20:0{n}</em><span>{n + 1}楼</span></div>\n"
        f'<div class="t_f" id="postmessage_{n}">{escape(text, quote=False)}</div>\n'
        '<div class="po"><a href="#">回复</a> <a href="#">支持</a> <a href="#">举报</a></div></div>'
        for n, (author, text) in enumerate(posts)
    ]
    return Page("forum", title, "\n".join(rows))


@cache
def _converter(config: str) -> opencc.OpenCC:
    return opencc.OpenCC(config, include_tofu_risk_dictionaries=False)


def traditional(text: str) -> str:
    """The text in Traditional characters and corner quotes."""
    converted: str = _converter("s2tw").convert(text)
    return converted.translate(str.maketrans("“”‘’", "「」『』"))


def simplified(text: str) -> str:
    """The text in Simplified characters."""
    converted: str = _converter("t2s").convert(text)
    return converted


def comes_back(article: Article) -> bool:
    """Whether conversion to Traditional and back leaves the article as it was."""
    back = simplified(traditional(article.text)).translate(str.maketrans("「」", "“”"))
    return back == article.text


def fits_big5(article: Article) -> bool:
    """Whether Big5 has all characters of the article, and its landmark comes back."""
    try:
        traditional(article.title + article.text).encode("big5")
    except UnicodeEncodeError:
        return False
    return simplified(traditional(article.landmark)) == article.landmark


def traditional_article(article: Article) -> Article:
    """The article in Traditional characters."""
    return Article(
        traditional(article.title),
        tuple(traditional(p) for p in article.paragraphs),
        article.topic,
    )
