"""After damage reading goes on: each format at the next place that shows where a record begins."""

import gzip

import polars as pl
import pytest
from reading import PACK, jsonl, read_all, warc_record

TEXT = "春眠不觉晓，处处闻啼鸟。"


@pytest.mark.parametrize("compression", ["gzip", "zstd", "bz2", "xz", "lz4"])
def test_a_plain_file_that_says_it_is_packed_is_read(tmp_path, compression):
    """What was renamed, or unpacked without being renamed, is read by its content."""
    path = tmp_path / f"a.csv{PACK[compression][1]}"
    path.write_text(f"text\n{TEXT}\n{TEXT}\n", "utf-8")
    assert read_all(path).texts == [TEXT, TEXT]


@pytest.mark.parametrize("compression", ["gzip", "zstd", "bz2", "xz", "lz4"])
def test_a_parquet_file_that_is_packed_as_a_whole_is_read(tmp_path, compression):
    """It is unpacked into a temporary file; a cut one has the reason of its compression."""
    pack, end = PACK[compression]
    plain = tmp_path / "a.parquet"
    pl.DataFrame({"text": [TEXT] * 5}).write_parquet(plain)
    path = tmp_path / f"b.parquet{end}"
    path.write_bytes(pack(plain.read_bytes()))
    assert read_all(path).texts == [TEXT] * 5
    path.write_bytes(path.read_bytes()[:-20])
    assert read_all(path).reasons == [f"truncated_{compression}"]


def test_an_object_without_an_end_costs_itself(tmp_path):
    """In an array with a line for each object, and in a printed one, the next line begins anew."""
    lines = [line.strip().decode() for line in jsonl(9)]
    lines[4] = lines[4][:-1]
    printed = [line.replace("{", '{\n    "a": {"b": 1},\n    ', 1) for line in lines]
    for indent, rows in (("", lines), ("  ", printed)):
        path = tmp_path / "a.json"
        path.write_text("[\n" + ",\n".join(indent + row for row in rows) + "\n]", "utf-8")
        found = read_all(path)
        assert (found.docs.height, found.reasons) == (8, ["bad_json"])


def test_bytes_between_objects_are_told(tmp_path):
    """A first object that lost its brace does not vanish; punctuation and blanks are no loss."""
    path = tmp_path / "a.json"
    path.write_text('[\n"id": 1, "text": "一"},\n\n {"text": "二"}\n]\n', "utf-8")
    found = read_all(path)
    assert (found.texts, found.reasons) == (["二"], ["bad_json"])
    assert found.bad.select("byte_start", "byte_end").row(0) == (0, 29)


def test_a_byte_order_mark_between_records_of_an_archive_is_no_damage(tmp_path):
    """Before the first record, and where two files were joined."""
    path = tmp_path / "a.warc"
    records = [warc_record(i) for i in range(4)]
    path.write_bytes(b"".join(b"\xef\xbb\xbf" + record for record in records))
    found = read_all(path)
    assert (found.docs.height, found.reasons) == (4, [])


def test_a_member_of_an_arc_is_found_behind_a_hole(tmp_path):
    """Its first line is the mark, as `WARC/` is that of the younger format."""
    head = "http://example.org/{} 192.0.2.1 20260115000000 text/plain {}\n"
    body = TEXT.encode()
    members = [gzip.compress(head.format(i, len(body)).encode() + body + b"\n") for i in range(9)]
    members[4] = members[4][:20] + bytes(9) + members[4][29:]
    path = tmp_path / "a.arc.gz"
    path.write_bytes(b"".join(members))
    found = read_all(path)
    assert found.docs.height == 8
    assert found.reasons == ["corrupt_gzip"]


def test_a_hole_between_records_is_stepped_over(tmp_path):
    """Megabytes of NUL are neither held nor looked at byte by byte, and the record before stays."""
    path = tmp_path / "a.warc"
    path.write_bytes(warc_record(0) + bytes(3 << 20) + warc_record(1))
    found = read_all(path)
    assert (found.docs.height, found.reasons) == (2, [])


def test_a_dump_whose_first_tag_is_damaged_is_read(tmp_path):
    """Pages show what the file is."""
    page = f"<page><title>诗</title><ns>0</ns><revision><text>{TEXT}</text></revision></page>\n"
    path = tmp_path / "a.xml"
    path.write_text(f"XXXXawiki>\n{page * 3}</mediawiki>", "utf-8")
    assert read_all(path).texts == [TEXT] * 3
