"""`web.warc.gz`: pages of four layouts in several charsets, right and wrong.

Enters: the writer of articles and the truth.  Leaves: the bytes of the archive.
Refuses: to plant a fault without a line of truth.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sample import warc
from sample.pages import (
    CLUTTER,
    Page,
    fits_big5,
    page,
    thread,
    traditional,
    traditional_article,
)
from sample.prose import Article, Writer, load
from sample.truth import Truth

FILE = "web.warc.gz"
#: (codec, HTTP charset, meta charset), all three in agreement.
HONEST = (
    ("utf-8", "utf-8", "utf-8"),
    ("gbk", "gbk", "gbk"),
    ("utf-8", None, "utf-8"),
    ("gb18030", "gb18030", "gb18030"),
    ("gbk", None, "gb2312"),
)
SPAM = {"stage": "spam"}
RARE = "当地店招上至今还能看到“𠮷”“䶮”这样的异体字。"


class Web:
    """Adds pages one by one."""

    def __init__(self, writer: Writer, truth: Truth) -> None:
        """An archive with its warcinfo record only."""
        self.writer, self.truth = writer, truth
        self.plants: dict[str, Any] = load("plants.yaml")
        self.records = [warc.info()]
        self._count = 0

    def url(self, host: str) -> str:
        """The next URL; the hosts are invented."""
        self._count += 1
        return f"https://{host}.example.cn/2026/{self._count:04d}.html"

    def store(self, made: Page, codec: str, http: str | None, url: str, **more: Any) -> None:
        """Encode a page and append its response record."""
        self.put(made.html().encode(codec), http, url, **more)

    def put(self, body: bytes, http: str | None, url: str, **more: Any) -> None:
        """Append a response record."""
        kind = "text/html" if http is None else f"text/html; charset={http}"
        self.records.append(warc.Response(url, body, kind, **more).warc())

    def plant(
        self,
        fault: str,
        layout: str,
        charsets: tuple[str, str | None, str | None],
        *,
        article: Article | None = None,
        fields: dict[str, Any] | None = None,
        lacks: list[str] | None = None,
        contains: list[str] | None = None,
        response: dict[str, Any] | None = None,
        columns: dict[str, Any] | None = None,
        **truth: Any,
    ) -> None:
        """An ordinary article on a page, in these charsets: bytes, HTTP, meta."""
        article = article or self.writer.article()
        codec, http, meta = charsets
        url = self.url(layout)
        made = replace(page(article, layout), **(fields or {})).declaring(meta)
        self.store(made, codec, http, url, **(response or {}))
        truth.setdefault("expect", "kept")
        title = {"extract_title": article.title} if fault == "good_page" else {}
        self.truth.add(
            FILE,
            {"url": url},
            fault,
            contains=[article.landmark, *(contains or [])],
            lacks=[*CLUTTER[layout], *(lacks or [])],
            columns={**title, **(columns or {})},
            **truth,
        )

    def encode(self) -> bytes:
        """The archive."""
        return warc.archive(self.records)

    @property
    def offset(self) -> int:
        """Where the next record begins in the decompressed archive."""
        return sum(map(len, self.records))


def web(writer: Writer, truth: Truth) -> bytes:
    """The whole archive."""
    made = Web(writer, truth)
    good_pages(made)
    charset_faults(made)
    transport(made)
    layout_faults(made)
    twins(made)
    gambling(made)
    return made.encode()


def good_pages(web: Web) -> None:
    """Ordinary pages; nothing of their surroundings may remain."""
    layouts = ("news", "blog", "gov")
    for n in range(36):
        web.plant("good_page", layouts[n % 3], HONEST[n % len(HONEST)])
    for n in range(8):
        big5_page(web, "good_big5_page", layouts[n % 3], ("big5", "big5"))


def big5_page(web: Web, fault: str, layout: str, says: tuple[str | None, str | None]) -> None:
    """A Traditional page in Big5; it comes out Simplified."""
    source = web.writer.article(accept=fits_big5)
    made = page(traditional_article(source), layout).declaring(says[1])
    url = web.url(f"tw-{layout}")
    web.put(traditional(made.html()).encode("big5"), says[0], url)
    web.truth.add(
        FILE,
        {"url": url},
        fault,
        "changed",
        stage="normalize",
        contains=[source.landmark],
        lacks=["ICP"],
        columns={"normalize_script": "hant", "langid_label": "zh-Hant"},
    )


def charset_faults(web: Web) -> None:
    """Declarations that lie, or that are missing, and bytes that are bad."""
    cases: tuple[tuple[str, str, tuple[str, str | None, str | None]], ...] = (
        ("gbk_says_utf8", "news", ("gbk", "utf-8", "utf-8")),
        ("gbk_http_says_utf8", "gov", ("gbk", "utf-8", "gb2312")),
        ("gbk_says_latin1", "gov", ("gbk", "iso-8859-1", None)),
        ("gbk_undeclared", "news", ("gbk", None, None)),
        ("gbk_undeclared", "gov", ("gbk", None, None)),
        ("utf8_says_gb2312", "blog", ("utf-8", "gb2312", "gb2312")),
        ("utf8_undeclared", "blog", ("utf-8", None, None)),
        ("utf8_bom_says_gbk", "news", ("utf-8-sig", "gbk", "gbk")),
        ("utf16_bom", "blog", ("utf-16", None, None)),
    )
    for fault, layout, charsets in cases:
        web.plant(fault, layout, charsets, stage="decode", comment="the bytes decide")
    for layout in ("news", "gov"):
        article = web.writer.article().with_sentence(RARE)
        web.plant(
            "gb2312_with_gb18030_characters",
            layout,
            ("gb18030", "gb2312", "gb2312"),
            article=article,
            contains=["𠮷", "䶮"],
            stage="decode",
        )
    big5_page(web, "big5_undeclared", "news", (None, None))
    big5_page(web, "big5_says_gb2312", "blog", ("gb2312", "gb2312"))
    for layout in ("news", "gov"):
        bad_byte(web, layout)


def bad_byte(web: Web, layout: str) -> None:
    """One byte that no GBK text has, in the middle of the article."""
    article = web.writer.article()
    url = web.url(layout)
    body = page(article, layout).declaring("gbk").html().encode("gbk")
    at = body.index(article.landmark.encode("gbk"))
    web.put(body[:at] + b"\xff" + body[at:], "gbk", url)
    web.truth.add(
        FILE,
        {"url": url},
        "gbk_stray_byte",
        "kept",
        stage="decode",
        contains=[article.landmark, article.paragraphs[-1][-12:]],
        columns={"decode_replaced": 1},
        comment="one bad byte never costs a good document",
    )


def transport(web: Web) -> None:
    """Content coding, transfer coding, statuses and types that are no pages."""
    utf8 = ("utf-8", "utf-8", "utf-8")
    web.plant("gzip_content_encoding", "news", utf8, stage="ingest", response={"gzipped": True})
    gbk = ("gbk", "gbk", "gbk")
    web.plant("gzip_content_encoding", "gov", gbk, stage="ingest", response={"gzipped": True})
    web.plant("chunked", "blog", gbk, stage="ingest", response={"chunked": True})
    url = web.url("news")
    web.records.append(warc.request(url))
    missing = Page(
        "news", "页面不存在", "<p>您访问的页面不存在或者已经被删除，五秒后返回首页。</p>"
    )
    find = {"offset": web.offset}
    web.put(missing.html().encode(), "utf-8", url, status="404 Not Found")
    web.truth.add(FILE, find, "not_found", "quarantined", stage="ingest", rule="http_status")
    url = web.url("img").replace(".html", ".png")
    pixel = b"\x89PNG\r\n\x1a\n" + bytes(40)
    find = {"offset": web.offset}
    web.records.append(warc.Response(url, pixel, "image/png").warc())
    web.truth.add(FILE, find, "image", "quarantined", stage="ingest", rule="media_type")
    url = web.url("news")
    web.put(b"", "utf-8", url)
    web.truth.add(FILE, {"url": url}, "empty_body", "dropped", stage="extract")


def layout_faults(web: Web) -> None:
    """Navigation only, threads, declared wishes and licences."""
    utf8 = ("utf-8", "utf-8", "utf-8")
    links = "".join(f'<li><a href="/c/{n}">栏目{n}</a></li>' for n in range(1, 40))
    for layout in ("news", "blog"):
        url = web.url(layout)
        made = Page(layout, "栏目索引", f"<ul>{links}</ul>").declaring("utf-8")
        web.store(made, "utf-8", "utf-8", url)
        web.truth.add(FILE, {"url": url}, "navigation_only", "dropped", comment="no main text")
    lottery = "".join(
        f'<li><a href="/cp/{n}">{name}</a></li>'
        for n, name in enumerate(("彩票", "双色球", "大乐透", "足彩", "彩票开奖", "彩票走势图"))
    )
    for layout in ("news", "gov", "blog"):
        web.plant(
            "lottery_in_navigation",
            layout,
            utf8,
            fields={"navextra": lottery},
            lacks=["彩票", "双色球"],
            stage="compliance",
            comment="an ordinary article; the portal links its lottery channel",
        )
    meta = '<meta name="robots" content="noai, noimageai">'
    noai = {"extract_robots": "noai, noimageai"}
    web.plant("robots_noai", "blog", utf8, fields={"head": meta}, stage="extract", columns=noai)
    header = {"headers": (("X-Robots-Tag", "noai"),)}
    noai = {"extract_robots": "noai"}
    web.plant("header_noai", "blog", utf8, response=header, stage="extract", columns=noai)
    licence = "https://creativecommons.org/licenses/by/4.0/"
    head = f'<link rel="license" href="{licence}">'
    licensed = {"extract_license": licence}
    web.plant("cc_licence", "blog", utf8, fields={"head": head}, stage="extract", columns=licensed)
    article = web.writer.article().with_sentence("（本文由AI生成，仅供参考）")
    aigc = {"extract_aigc": "mark:由AI生成"}
    web.plant("aigc_mark", "news", utf8, article=article, stage="extract", columns=aigc)
    threads(web)


def threads(web: Web) -> None:
    """Forum threads: all posts belong to the text, the buttons do not."""
    names = ("山间风", "慢半拍", "木头人", "小满")
    for n in range(4):
        articles = [web.writer.article(5) for _ in range(3)]
        posts = [(names[(n + i) % 4], a.text) for i, a in enumerate(articles)]
        url = web.url("bbs")
        codec = ("utf-8", "gbk")[n % 2]
        made = thread(articles[0].title, posts).declaring(codec)
        web.store(made, codec, codec, url)
        web.truth.add(
            FILE,
            {"url": url},
            "forum_thread",
            "kept",
            stage="extract",
            contains=[a.landmark for a in articles],
            lacks=[*CLUTTER["forum"], "举报"],
        )


def twins(web: Web) -> None:
    """The same article at two addresses, in two layouts, in two scripts."""
    utf8, gbk = ("utf-8", "utf-8", "utf-8"), ("gbk", "gbk", "gbk")
    for fault, first, second in (
        ("same_page_twice", ("news", utf8), ("news", utf8)),
        ("same_article_other_charset", ("news", utf8), ("news", gbk)),
    ):
        article = web.writer.article()
        urls = []
        for layout, (codec, http, meta) in (first, second):
            urls.append(web.url(layout))
            web.store(page(article, layout).declaring(meta), codec, http, urls[-1])
        find = {"twins": urls, "by": "url"}
        web.truth.add(FILE, find, fault, "one_kept", stage="exact_dedup", rule="exact_duplicate")


def gambling(web: Web) -> None:
    """Betting pages, and ordinary articles on hijacked hosts with injected betting lines.

    Few: a source with more than one violating document in twenty fails an audit.
    """
    utf8, gbk = ("utf-8", "utf-8", "utf-8"), ("gbk", "gbk", "gbk")
    for n, (title, text) in enumerate(web.plants["gambling_full"][:1]):
        url = web.url(f"bet{n}")
        made = Page("news", title, f"<p>{text}</p>", keywords=title).declaring("utf-8")
        web.store(made, "utf-8", "utf-8", url)
        web.truth.add(FILE, {"url": url}, "gambling_page", "dropped", **SPAM)
    for n, (brand, first, keywords, last) in enumerate(web.plants["gambling_parasite"][1:]):
        source = web.writer.article()
        parts = (f"{first}{source.paragraphs[0]}", *source.paragraphs[1:], keywords, last)
        article = Article(f"{brand}_{source.title}", parts, source.topic)
        made = page(article, ("news", "gov")[n % 2])
        codec, http, meta = (utf8, gbk)[n % 2]
        url = web.url(f"hijacked{n}")
        web.store(replace(made, keywords=brand).declaring(meta), codec, http, url)
        web.truth.add(
            FILE,
            {"url": url},
            "gambling_parasite",
            "dropped",
            **SPAM,
            comment="ordinary article, betting lines at its head and foot",
        )
    for title, text in web.plants["police_news"][1:]:
        filled = web.writer.fill(f"{title}\x00{text}").split("\x00")
        url = web.url("news")
        made = Page("news", filled[0], f"<p>{filled[1]}</p>").declaring("utf-8")
        web.store(made, "utf-8", "utf-8", url)
        web.truth.add(
            FILE,
            {"url": url},
            "police_news",
            "kept",
            stage="compliance",
            contains=[filled[1][-20:]],
            lacks=CLUTTER["news"],
            comment="reports on gambling are no gambling",
        )
