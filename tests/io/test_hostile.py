"""Inputs made to hold a reader up: linear, and at most a second a megabyte on a free core."""

from hashlib import sha256

import pytest
from clock import linear
from reading import read_all

from corpus_pipeline.io.inputs import discover
from corpus_pipeline.io.readers import read
from corpus_pipeline.io.splits import whole
from corpus_pipeline.text.wiki.wikitext import plain

#: Seconds for a quarter of a megabyte: twice what the project allows for any input, as three test
#: processes share two cores and their caches.  Measured: 0.01 to 0.15 on a core of its own.
MOST = 0.5
SIZE = 250_000

PAGES = {
    "links": lambda n: "[" * n,
    "links_closed": lambda n: "[[" * (n // 8) + "x" * (n // 2) + "]]" * (n // 8),
    "templates": lambda n: "{{" * (n // 4) + "}}" * (n // 4),
    "variants": lambda n: "-{" * (n // 8) + "x;" * (n // 4) + "}-" * (n // 8),
    "variants_named": lambda n: "-{" * (n // 8) + "zh:;" * (n // 8) + "}-" * (n // 8),
    "labels": lambda n: "[[a|" * (n // 6) + "]]" * (n // 6),
    "crossed": lambda n: "[[{{]]" * (n // 6),
    "headings": lambda n: ("=x" + " =" * 249 + "y" + " " * 20 + "\n") * (n // 520),
    "entities": lambda n: "&#" + "9" * n + ";",
}


@pytest.mark.parametrize("name", PAGES)
def test_wiki_markup_is_linear(name):
    """However deep it is nested, and whatever closes it."""
    linear(plain, PAGES[name], SIZE, MOST)


def test_a_deep_page_keeps_its_text():
    """Below the limit text stays and brackets go; a page after the nest is read as ever."""
    deep = "[[" * 100 + "床前明月光" + "]]" * 100 + "\n[[乐府|诗]]"
    assert plain(deep).text == "床前明月光\n诗"
    assert plain("{{" * 60 + "x" + "}}" * 60 + "诗").text == "诗"


def test_a_number_of_thousands_of_digits_is_no_character():
    """Python refuses to convert it; a browser shows U+FFFD, and zeros in front do not count."""
    assert plain("诗&#" + "9" * 5000 + ";句").text == "诗\ufffd句"
    assert plain("&#" + "0" * 5000 + "65;&#20013;").text == "A中"


FILES = {
    "csv_short_rows": (".csv", lambda n: b"id,text\n" + b"12345,\xe4\xb8\xad\n" * (n // 10)),
    "csv_quotes": (".csv", lambda n: b"a,text\n" + b'"' * n),
    "csv_ragged_rows": (".csv", lambda n: b"id,text,url\n" + b",\n" * (n // 2)),
    "jsonl_empty_objects": (".jsonl", lambda n: b"{}\n" * (n // 3)),
    "json_empty_objects": (".json", lambda n: b"[" + b"{}," * (n // 3) + b"{}]"),
    "json_escaped_quotes": (".json", lambda n: b'[{"text":"x"},{"a":"' + b'\\"' * (n // 2)),
    "json_braces": (".json", lambda n: b'[{"text":"x"},' + b"{" * n),
    "json_open_strings": (".json", lambda n: b'[{"text":"x"},' + b'{"\n' * (n // 3)),
    "json_after_an_open_one": (
        ".json",
        lambda n: b'[\n{"text":"x",\n{"text":"y"}' + b'{"a":"b"}' * (n // 9),
    ),
    "warc_blanks": (
        ".warc",
        lambda n: b"WARC/1.0\r\nContent-Length: 1\r\n\r\nx" + b"\r\n" * (n // 2),
    ),
    "warc_first_lines": (".warc", lambda n: b"WARC/1.0\r\n" * (n // 10)),
    "wiki_open_pages": (".xml", lambda n: b"<mediawiki>" + b"<page><text>" * (n // 12)),
    "wiki_links": (
        ".xml",
        lambda n: b"<mediawiki><page><text>" + b"[" * n + b"</text></page></mediawiki>",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_readers_are_linear(tmp_path, name):
    """Files of beginnings without ends, of rows of one character, and of two-byte bad records."""
    suffix, make = FILES[name]

    def piece(size):
        path = tmp_path / f"{size}{suffix}"
        path.write_bytes(make(size))
        return whole(discover([path])[0])

    linear(lambda item: sum(chunk.docs.height for chunk in read(item)), piece, SIZE, MOST)


BAD = {
    "a.csv": b"id,text,url\n" + b",\na\n\xff,b,c\n" * 400,
    "b.jsonl": b"{}\n1\n{\n" * 400,
    "c.json": b"[" + b'{},{"a":1},{b},' * 400 + b"]",
}


@pytest.mark.parametrize("name", BAD)
def test_a_repeated_bad_record_is_told_each_time(tmp_path, name):
    """A record that was refused before has the reason, detail and digest of the first one."""
    path = tmp_path / name
    path.write_bytes(BAD[name])
    found = read_all(path)
    columns = ("reason", "detail", "sha256")
    rows = found.bad.select(
        *columns, at="byte_start", size=found.bad["byte_end"] - found.bad["byte_start"]
    )
    assert rows.height == 1200
    assert rows.select(*columns).rows() == rows.select(*columns)[:3].rows() * 400
    data = BAD[name]
    for *_, digest, at, size in rows.rows():
        assert digest == sha256(data[at : at + size]).hexdigest()
    assert found.bad["locator"].to_list() == [f"{name}@{at}" for at in rows["at"]]


@pytest.mark.parametrize("name", BAD)
def test_bad_records_fill_a_batch(tmp_path, name):
    """A file of bad records alone is read in bounded chunks, and all its bytes are counted."""
    path = tmp_path / name
    path.write_bytes(BAD[name])
    found = read_all(path, batch_bytes=256 * 100)
    assert max(chunk.quarantine.height for chunk in found.chunks) == 100
    assert len(BAD[name]) - 2 <= sum(chunk.input_bytes for chunk in found.chunks) <= len(BAD[name])


def test_a_lost_quote_still_costs_a_line(tmp_path):
    """In a JSON array: the object with the open string is damaged, the others are read."""
    path = tmp_path / "a.json"
    path.write_text(
        '[{"text": "一"},\n{"text": "二},\n{"text": "三\\"四"},\n{"text": "五"}]', "utf-8"
    )
    found = read_all(path)
    assert found.texts == ["一", '三"四', "五"]
    assert found.reasons == ["bad_json"]


SECRET = "他的电话是13800138000，住在长安街"
HEAD = f"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: {SECRET}\r\nContent-Length: 9"
RECORDS = {
    "a.csv": f"{SECRET},{SECRET}\n一,二\n",
    "b.csv": f'id,text\n1,"{SECRET}\n{SECRET}\n',
    "c.tsv": f"{SECRET}\t{SECRET}\n",
    "d.jsonl": f'{{"{SECRET}": 1, "b": "{SECRET}"}}\n{{"text": ["{SECRET}"]}}\n',
    "d2.jsonl": f'{{"text": "{SECRET}\n{SECRET}\n',
    "e.json": f'[{{"{SECRET}": "{SECRET}"}}, {{"text": "{SECRET}}}\n]',
    "f.xml": f"<mediawiki><page><text>{SECRET}<b></text></page><page>{SECRET}",
    "g.warc": f"{HEAD}\r\n\r\n{SECRET}\r\n\r\nWARC/1.0\r\n{SECRET}\r\n\r\n",
    "h.txt": SECRET * 40,
    "i.html": f"<html>{SECRET * 40}",
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_detail_holds_no_text(tmp_path, name):
    """What a reader says of a record that it could not read never quotes the record."""
    path = tmp_path / name
    path.write_bytes(RECORDS[name].encode())
    found = read_all(path, max_document_bytes=1000)
    assert found.bad.height > 0
    for detail in found.bad.get_column("detail"):
        assert not {"电话", "13800138000", "长安街"} & {
            word for word in ("电话", "13800138000", "长安街") if word in detail
        }
