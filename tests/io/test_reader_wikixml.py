"""Wiki dumps: articles in plain text, a broken page costs itself."""

import bz2
from xml.sax.saxutils import escape

from reading import read_all

HEAD = (
    '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" xml:lang="zh">\n'
    "<siteinfo><sitename>维基</sitename>"
    "<base>https://zh.wikipedia.org/wiki/Wikipedia:%E9%A6%96%E9%A1%B5</base></siteinfo>\n"
)
TAIL = "</mediawiki>\n"


def page(number: int, text: str = "", ns: int = 0, extra: str = "") -> str:
    return (
        f"  <page>\n    <title>条目 {number}</title>\n    <ns>{ns}</ns>\n    <id>{number}</id>\n"
        f"{extra}    <revision>\n      <id>{number + 5000}</id>\n"
        "      <timestamp>2024-05-01T00:00:00Z</timestamp>\n"
        "      <contributor><username>某人</username><id>1</id></contributor>\n"
        f'      <text bytes="1" xml:space="preserve">{escape(text or f"第{number}条")}</text>\n'
        "    </revision>\n  </page>\n"
    )


def dump(tmp_path, *pages: str, tail: str = TAIL, **options):
    data = HEAD.encode() + b"".join(one.encode() for one in pages) + tail.encode()
    (tmp_path / "a.xml.bz2").write_bytes(bz2.compress(data))
    return read_all(tmp_path, **options)


def test_articles_are_plain_text_with_their_facts(tmp_path):
    """Markup is gone; title, id, address and time of the revision are there."""
    text = "'''李白'''（701年—762年）<ref name=\"a\">《新唐书》</ref>，[[唐朝|大唐]]诗人。{{引|x}}"
    docs = dump(tmp_path, page(3, text)).docs
    row = docs.row(0, named=True)
    assert row["text"] == "李白（701年—762年），大唐诗人。"
    assert (row["title"], row["source_id"]) == ("条目 3", "3")
    assert row["url"] == "https://zh.wikipedia.org/wiki/%E6%9D%A1%E7%9B%AE_3"
    assert row["fetched_at"] == "2024-05-01T00:00:00Z"


def test_gaps_are_counted(tmp_path):
    """A template that shows words of another page is one gap; an article without has none."""
    docs = dump(tmp_path, page(1, "共{{某种计算|甲|乙}}人，{{lang|en|One}}人。"), page(2)).docs

    assert docs.get_column("text").to_list() == ["共人，One人。", "第2条"]
    assert docs.get_column("text_gaps").to_list() == [1, 0]


def test_other_namespaces_and_redirects_are_not_counted(tmp_path):
    """They are no documents."""
    extra = '    <redirect title="x" />\n'
    found = dump(tmp_path, page(1), page(2, ns=10), page(3, extra=extra), page(4))
    assert found.docs.get_column("source_id").to_list() == ["1", "4"]
    assert found.reasons == []


def test_a_broken_page_costs_itself(tmp_path):
    """Bad markup, a lost end, a too long page: the pages around them are read."""
    lost = page(5).replace("</page>", "")
    pages = [page(1), page(2).replace("</ns>", ""), page(3), lost, page(6), page(7, "长" * 4000)]
    found = dump(tmp_path, *pages, page(8), max_document_bytes=9000)
    assert found.docs.get_column("source_id").to_list() == ["1", "3", "6", "8"]
    assert found.reasons == ["bad_xml", "bad_xml", "document_too_large"]


def test_a_page_far_too_long_is_stepped_over(tmp_path):
    """It is never held."""
    found = dump(tmp_path, page(1), page(2, "长" * 1_000_000), page(3), max_document_bytes=1000)
    assert found.docs.get_column("source_id").to_list() == ["1", "3"]
    assert found.reasons == ["document_too_large"]


def test_entities_are_refused(tmp_path):
    """A page cannot declare anything, so nothing can grow."""
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    found = dump(tmp_path, page(1).replace("<title>", bomb + "<title>"), page(2, "&b;"))
    assert (found.texts, found.reasons) == (["&b;"], ["bad_xml"])
    found = dump(tmp_path, page(1).replace("第1条", "&a;"))
    assert found.reasons == ["bad_xml"]


def test_a_broken_tail_is_one_record(tmp_path):
    """A dump that ends within a page gives all pages before it."""
    found = dump(tmp_path, *(page(i) for i in range(20)), page(20)[:150], tail="")
    assert (found.docs.height, found.reasons) == (20, ["truncated_xml"])


def test_a_damaged_stream_costs_its_pages(tmp_path):
    """Multistream dumps: what lies in other streams is read."""
    groups = [[page(10 * i + j) for j in range(10)] for i in range(4)]
    streams = [bz2.compress("".join(group).encode()) for group in groups]
    streams[1] = streams[1][:100] + b"\xff" + streams[1][101:]
    data = bz2.compress(HEAD.encode()) + b"".join(streams) + bz2.compress(TAIL.encode())
    (tmp_path / "a.xml.bz2").write_bytes(data)
    found = read_all(tmp_path)
    ids = [int(i) for i in found.docs.get_column("source_id")]
    assert ids == [*range(10), *range(20, 40)]
    assert found.reasons == ["corrupt_bz2"]
