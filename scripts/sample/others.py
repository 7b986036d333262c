"""The smaller files: other formats, other field names, another charset, and two that are cut off.

Enters: the writer of articles and the truth.  Leaves: the bytes of each file.
Refuses: a clock, a random source, and a fault without a line of truth.
"""

from __future__ import annotations

import bz2
import csv
import io
import json
import zlib
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from sample import warc
from sample.pages import comes_back, page, traditional, traditional_article
from sample.prose import Writer, load
from sample.truth import Truth


def notes(writer: Writer, truth: Truth) -> bytes:
    """JSON lines in other field names (`content`, `uid`), Zstandard."""
    lines = []
    for n in range(22):
        article = writer.article()
        row = {"uid": f"note-{n:03d}", "content": article.text, "headline": article.title}
        lines.append(json.dumps(row, ensure_ascii=False))
        find = {"source_id": f"note-{n:03d}"}
        truth.add("notes.jsonl.zst", find, "good_note", "kept", contains=[article.landmark])
    # One frame without a checksum or a thread count, so that the bytes are always the same.
    return zstandard.ZstdCompressor(level=12).compress(("\n".join(lines) + "\n").encode())


def pages_parquet(writer: Writer, truth: Truth) -> bytes:
    """A Parquet file with the usual columns, in two row groups."""
    rows = []
    for n in range(14):
        article = writer.article()
        url = f"https://col.example.cn/{n:03d}"
        rows.append(
            {"id": f"col-{n:03d}", "url": url, "title": article.title, "text": article.text}
        )
        find = {"source_id": f"col-{n:03d}"}
        truth.add("columns.parquet", find, "good_column", "kept", contains=[article.landmark])
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink, compression="zstd", row_group_size=8)
    return sink.getvalue()


def laws(truth: Truth) -> dict[str, bytes]:
    """Plain text files: GB18030 twice and Big5 once, nothing says which."""
    files = {}
    numbers = "一二三四五六七八九十"
    for n, law in enumerate(load("laws.yaml")):
        articles = [
            f"第{number}条　{text}" for number, text in zip(numbers, law["articles"], strict=True)
        ]
        text = "\r\n".join((law["title"], "", *articles)) + "\r\n"
        name = f"laws/{n + 1}.txt"
        if n == 2:
            files[name] = traditional(text).encode("big5")
            more = {"expect": "changed", "columns": {"normalize_script": "hant"}}
        else:
            files[name] = text.encode("gb18030")
            more = {"expect": "kept", "columns": {}}
        truth.add(
            name,
            {"locator": name},
            "plain_text_big5" if n == 2 else "plain_text_gb18030",
            stage="decode",
            contains=[law["articles"][4][:14], law["articles"][9][-12:-1]],
            **more,
        )
    return files


WIKI_PAGE = """  <page>
    <title>{title}</title>
    <ns>{ns}</ns>
    <id>{number}</id>{redirect}
    <revision>
      <id>{number}00</id>
      <timestamp>2026-01-01T00:00:00Z</timestamp>
      <model>wikitext</model>
      <format>text/x-wiki</format>
      <text bytes="{size}" xml:space="preserve">{text}</text>
    </revision>
  </page>
"""


def wiki_page(number: int, title: str, text: str, ns: int = 0, redirect: str = "") -> str:
    """One page of the dump."""
    return WIKI_PAGE.format(
        title=escape(title),
        ns=ns,
        number=number,
        redirect=f'\n    <redirect title="{redirect}" />' if redirect else "",
        size=len(text.encode()),
        text=escape(text),
    )


def wiki(writer: Writer, truth: Truth) -> bytes:
    """A MediaWiki dump with templates, references, tables, variants, a redirect and a talk page."""
    name = "wiki.xml.bz2"
    parts = []
    for number in range(1, 9):
        article = writer.article()
        title = f"示例条目{number}"
        first, second, *rest = article.paragraphs
        text = (
            f"{{{{信息框|名称={title}|类型={{{{小号|条目}}}}|人口=12345}}}}\n"
            f"[[File:示例{number}.jpg|thumb|200px|图片说明文字]]\n"
            f"'''{title}'''是[[示例百科|一个用于演示的条目]]。{first}<ref>示例文献，第{number}页。</ref>\n\n"
            f"== 正文 ==\n{second}\n\n"
            '{| class="wikitable"\n! 甲列 !! 乙列\n|-\n| 表格单元 || 12\n|}\n'
            + "\n\n".join(rest)
            + "\n本条目所用的-{zh-hans:软件;zh-hant:軟體}-均为虚构。\n"
            "== 参考文献 ==\n{{reflist}}\n[[Category:示例分类]]\n"
        )
        parts.append(wiki_page(number, title, text))
        truth.add(
            name,
            {"marker": article.landmark},
            "wiki_article",
            "kept",
            stage="ingest",
            contains=["一个用于演示的条目", "软件"],
            lacks=["{{", "}}", "[[", "]]", "-{", "軟體", "Category", "<ref>", "wikitable", "'''"],
        )
    parts.append(wiki_page(90, "演示条目", "#REDIRECT [[示例条目1]]", redirect="示例条目1"))
    truth.add(name, {"title": "演示条目"}, "wiki_redirect", "absent", stage="ingest")
    talk = "这里是讨论页，请在此留言并签名。--~~~~"
    parts.append(wiki_page(91, "Talk:示例条目1", talk, ns=1))
    truth.add(name, {"title": "Talk:示例条目1"}, "wiki_talk_page", "absent", stage="ingest")
    head = (
        '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" '
        'xml:lang="zh">\n  <siteinfo>\n    <sitename>示例百科</sitename>\n'
        "    <dbname>samplewiki</dbname>\n  </siteinfo>\n"
    )
    return bz2.compress((head + "".join(parts) + "</mediawiki>\n").encode(), 9)


def table(writer: Writer, truth: Truth) -> bytes:
    """A CSV with quoted line breaks and a byte order mark."""
    sink = io.StringIO()
    out = csv.writer(sink, lineterminator="\r\n")
    out.writerow(("id", "title", "text", "url"))
    for n in range(6):
        article = writer.article()
        out.writerow((f"row-{n}", article.title, article.text, f"https://csv.example.cn/{n}"))
        find = {"source_id": f"row-{n}"}
        truth.add("table.csv", find, "good_row", "kept", contains=[article.landmark])
    return b"\xef\xbb\xbf" + sink.getvalue().encode()


def cut_jsonl(writer: Writer, truth: Truth) -> bytes:
    """A gzip file that ends in the middle: all whole lines before the break count."""
    name = "cut.jsonl.gz"
    articles = [writer.article() for _ in range(6)]
    lines = [
        json.dumps({"id": f"cut-{n}", "text": a.text}, ensure_ascii=False).encode()
        for n, a in enumerate(articles)
    ]
    # Stored, not deflated: where the cut falls must not hang on the version of zlib.
    whole = warc.member(b"\n".join(lines) + b"\n", level=0)
    cut = whole[: len(whole) * 2 // 3]
    readable = zlib.decompressobj(31).decompress(cut).count(b"\n")
    for n, article in enumerate(articles[:readable]):
        find = {"source_id": f"cut-{n}"}
        truth.add(name, find, "before_the_break", "kept", contains=[article.landmark])
    for n in range(readable, len(articles)):
        truth.add(name, {"source_id": f"cut-{n}"}, "after_the_break", "absent", stage="ingest")
    truth.add(name, {}, "truncated_gzip", "quarantined", stage="ingest", rule="truncated")
    return cut


def broken_warc(writer: Writer, truth: Truth) -> bytes:
    """An archive that ends inside its third response."""
    name = "broken.warc.gz"
    records = [warc.info()]
    for n in range(3):
        article = writer.article()
        url = f"https://cut.example.cn/{n}.html"
        body = page(article, "news").declaring("utf-8").html().encode()
        records.append(warc.Response(url, body, "text/html; charset=utf-8").warc())
        if n < 2:
            contains = [article.landmark]
            truth.add(name, {"url": url}, "before_the_break", "kept", contains=contains)
    truth.add(name, {}, "truncated_warc", "quarantined", stage="ingest", rule="truncated")
    last = warc.member(records[-1])
    return warc.archive(records[:-1]) + last[: len(last) // 2]


def books(writer: Writer, truth: Truth) -> dict[str, bytes]:
    """Two HTML files on disk, one of them Traditional in UTF-8."""
    files = {}
    for n, name in enumerate(("html/a.html", "html/b.htm")):
        source = writer.article(accept=comes_back)
        article = traditional_article(source) if n else source
        files[name] = page(article, "blog").declaring("utf-8").html().encode()
        truth.add(
            name,
            {"locator": name},
            "html_file",
            "changed" if n else "kept",
            contains=[source.landmark],
            lacks=["ICP"],
        )
    return files


def benchmark() -> bytes:
    """The benchmark against which the posts are checked."""
    rows = [
        {
            "id": f"bench-{n:02d}",
            "question": question,
            **{"ABCD"[i]: choice for i, choice in enumerate(choices)},
            "answer": answer,
        }
        for n, (question, choices, answer) in enumerate(load("plants.yaml")["bench"])
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
