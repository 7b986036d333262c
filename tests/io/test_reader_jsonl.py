"""JSON lines: every line is a document, a quarantined record, or blank."""

import hashlib
import json

import polars as pl
import pytest
from reading import jsonl, read_all

from corpus_pipeline.model import DOCUMENT, PAYLOAD, VERDICT, document_id


def lines(tmp_path, *data: bytes, name: str = "a.jsonl", **options):
    (tmp_path / name).write_bytes(b"\n".join(data))
    return read_all(tmp_path / name, **options)


def test_one_bad_byte_costs_one_line(tmp_path):
    """5,000 lines with one bad byte: 4,999 documents, one quarantined line with its digest."""
    rows = jsonl(5000)
    rows[2500] = rows[2500][:30] + b"\xff" + rows[2500][31:]
    (tmp_path / "a.jsonl").write_bytes(b"".join(rows))
    found = read_all(tmp_path)
    assert found.docs.height == 4999
    start = len(b"".join(rows[:2500]))
    line = rows[2500][:-1]
    assert found.bad.rows() == [
        (
            *("", f"a.jsonl@{start}", "ingest", "bad_utf8", found.bad.item(0, "detail")),
            *(start, start + len(line), hashlib.sha256(line).hexdigest(), len(line), None),
        )
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\xff{}", "bad_utf8"),
        ('{"text": "春'.encode()[:-1] + b'"}', "bad_utf8"),
        (b'{"text": "a"', "bad_json"),
        (b"{'text': 'a'}", "bad_json"),
        (b'{"text": "a"} x', "bad_json"),
        (b"[" * 100_000, "bad_json"),
        (b'{"a": ' + b"9" * 5000 + b"x}", "bad_json"),
        (b'["text"]', "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"NaN", "not_an_object"),
        (b"{}", "no_text"),
        (b'{"text": null}', "no_text"),
        (b'{"text": 5}', "no_text"),
        (b'{"text": {"a": "b"}}', "no_text"),
        (b'{"text": ["a", {"b": "c"}]}', "no_text"),
        (b'{"text": ["a", true]}', "no_text"),
        (b'{"text": [[[[["a"]]]]]}', "no_text"),
    ],
)
def test_a_bad_line_has_a_reason(tmp_path, line, reason):
    """What is wrong is named, the good neighbours stay."""
    found = lines(tmp_path, b'{"text": "a"}', line, b'{"text": "b"}')
    assert found.texts == ["a", "b"]
    assert found.reasons == [reason]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b'\xef\xbb\xbf{"text": "a"}', "a"),
        (b'{"text": "a"}\r', "a"),
        (b'  {"text": "a"}  ', "a"),
        (b'{"text": ""}', ""),
        (b'{"text": "a", "n": NaN, "i": Infinity}', "a"),
        (b'{"text": "a", "n": 123456789012345678901234567890}', "a"),
        (b'{"text": "\\ud800a"}', "\ufffda"),
        (b'{"text": "\\ud83d\\ude00\\udc00"}', "😀\ufffd"),
        (b'{"text": "a\tb\\u0000"}', "a\tb\0"),
        (b'{"text": "a", "text": "b"}', "b"),
        (b'{"content": "a", "text": null}', "a"),
        (b'{"data": {"text": "a"}}', "a"),
        (json.dumps({"正文": "春眠不觉晓"}).encode(), "春眠不觉晓"),
    ],
)
def test_an_odd_line_is_still_a_document(tmp_path, line, text):
    """What can be read without guessing is read."""
    found = lines(tmp_path, line)
    assert (found.texts, found.reasons) == ([text], [])


def test_the_other_fields_are_mapped(tmp_path):
    """Numbers become text, nested fields are found, what is no text is nothing."""
    row = {
        "text": "正文",
        "id": 7,
        "meta": {"url": "http://a/", "timestamp": "2024-01-01"},
        "title": ["no"],
        "license": "CC-BY-4.0",
    }
    found = lines(tmp_path, json.dumps(row).encode(), b'{"text": "b"}')
    docs = found.docs
    assert docs.schema == {**DOCUMENT, **VERDICT, **PAYLOAD}
    assert docs.row(0, named=True) == {
        **dict.fromkeys(docs.columns),
        "id": document_id("", "a.jsonl@0"),
        "source": "",
        "locator": "a.jsonl@0",
        "source_id": "7",
        "url": "http://a/",
        "text": "正文",
        "license": "CC-BY-4.0",
        "fetched_at": "2024-01-01",
    }
    assert docs.item(1, "license") is None


def test_the_mapping_can_be_chosen(tmp_path):
    """A candidate list replaces the default, a plain name will do."""
    found = lines(tmp_path, b'{"text": "a", "x": {"y": "b"}}', fields={"text": "x.y"})
    assert found.texts == ["b"]


def test_a_long_text_is_quarantined_without_being_held(tmp_path):
    """Too long a text and far too long a line are both `document_too_large`."""
    long = b'{"text": "' + b"a" * 2000 + b'"}'
    longer = b'{"text": "' + b"a" * 3_000_000 + b'"}'
    good = b'{"text": "b"}'
    found = lines(tmp_path, good, long, good, longer, good, max_document_bytes=1000)
    assert found.texts == ["b"] * 3
    assert found.reasons == ["document_too_large"] * 2
    assert found.bad.item(1, "sha256") == hashlib.sha256(longer).hexdigest()


def test_chunks_are_bounded_and_add_up(tmp_path):
    """A chunk holds about batch_bytes; their input bytes are the file's."""
    data = b"".join(jsonl(3000))
    (tmp_path / "a.jsonl").write_bytes(data)
    found = read_all(tmp_path, batch_bytes=20_000)
    assert sum(chunk.input_bytes for chunk in found.chunks) == len(data)
    assert max(chunk.docs.get_column("text").str.len_bytes().sum() for chunk in found.chunks) < 21e3
    assert pl.concat([chunk.docs for chunk in found.chunks]).equals(read_all(tmp_path).docs)


def test_another_encoding_can_be_named(tmp_path):
    """GB18030 JSON lines are read when the options say so, and bad bytes are named."""
    good = '{"text": "春眠不觉晓"}'.encode("gb18030")
    found = lines(tmp_path, good, good[:-4] + b'\xff"}', encoding="gb18030")
    assert found.texts == ["春眠不觉晓"]
    assert found.reasons == ["bad_encoding"]


def test_a_json_array_is_read_object_by_object(tmp_path):
    """Arrays and objects over several lines: one document each, a broken one costs itself."""
    rows = [{"text": f'第{i}篇 {{ " ] }}', "meta": {"a": [{"b": 1}]}} for i in range(50)]
    made = json.dumps(rows, ensure_ascii=False, indent=1)
    found = lines(tmp_path, made.encode(), name="a.json", batch_bytes=1000)
    assert found.texts == [row["text"] for row in rows]
    broken = made.replace('"text": "第7篇', '"text" "第7篇').replace('"text": "第9', '"no": "第9')
    found = lines(tmp_path, broken.encode(), name="a.json")
    assert (found.docs.height, found.reasons) == (48, ["bad_json", "no_text"])
    found = lines(tmp_path, made.encode()[:-20], name="a.json")
    assert (found.docs.height, found.reasons) == (49, ["bad_json"])
    assert lines(tmp_path, b'{\n "text": "a"\n}', name="a.json").texts == ["a"]


def test_real_documents_are_read(data_dir):
    """The stratified sample: every line is a document."""
    found = read_all(data_dir / "text" / "sample.jsonl.zst")
    assert (found.docs.height, found.reasons) == (5149, [])
    assert found.docs.get_column("id").n_unique() == 5149
    assert found.docs.get_column("license").null_count() == 0
