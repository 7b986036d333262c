"""Parquet: foreign schemas, our own outputs, damaged row groups."""

from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from frames import docs_of
from reading import read_all

from corpus_pipeline.io.shards import write_shard

TEXTS = ["春眠不觉晓", "", "处处闻啼鸟"]


def foreign(path, **columns):
    pq.write_table(pa.table(columns), path)
    return read_all(path)


@pytest.mark.parametrize(
    "column",
    [
        pa.array(TEXTS),
        pa.array(TEXTS, pa.large_string()),
        pa.array(TEXTS, pa.string_view()),
        pa.array([text.encode() for text in TEXTS]),
        pa.array(TEXTS).dictionary_encode(),
    ],
)
def test_text_has_many_types(tmp_path, column):
    """Strings of every width, bytes and dictionaries are text."""
    found = foreign(tmp_path / "a.parquet", content=column)
    assert (found.texts, found.reasons) == (TEXTS, [])
    assert found.docs.get_column("locator").to_list() == [f"a.parquet#{i}" for i in range(3)]


def test_nested_and_typed_fields_are_mapped(tmp_path):
    """Fields inside structures, numbers, times; null structures have null fields."""
    found = foreign(
        tmp_path / "a.parquet",
        data=pa.array([{"text": "一"}, None]),
        text=pa.array([None, "二"]),
        id=pa.array([5, 6]),
        timestamp=pa.array([datetime(2024, 5, 1, tzinfo=UTC)] * 2),
        meta=pa.array([{"url": "http://a/"}, {"url": None}]),
    )
    assert found.docs.select("text", "source_id", "url", "fetched_at").rows() == [
        ("一", "5", "http://a/", "2024-05-01T00:00:00Z"),
        ("二", "6", None, "2024-05-01T00:00:00Z"),
    ]


def test_bad_rows_cost_themselves(tmp_path):
    """Null, too long and undecodable texts; bytes that are no UTF-8 wait for `decode`."""
    torn = pa.array([b"ok", b"\xff", None, b"x" * 2000]).view(pa.string())
    pq.write_table(pa.table({"text": torn}), tmp_path / "a.parquet")
    found = read_all(tmp_path, max_document_bytes=1000)
    assert found.texts == ["ok"]
    assert found.reasons == ["bad_utf8", "no_text", "document_too_large"]
    gbk = "春眠".encode("gbk")
    found = foreign(tmp_path / "b.parquet", text=pa.array([gbk, b"a"]))
    assert found.docs.select("text", "payload").rows() == [(None, gbk), ("a", None)]


def test_no_text_column_is_one_clear_record(tmp_path):
    """The record names the columns that are there."""
    found = foreign(tmp_path / "a.parquet", text=pa.array([1, 2]), label=pa.array([1, 2]))
    assert (found.docs.height, found.reasons) == (0, ["no_text"])
    assert "'label', 'text'" in found.bad.item(0, "detail")


def test_a_stage_output_comes_back_as_it_was(tmp_path):
    """Ids, verdicts and all columns of earlier stages are kept, null texts too."""
    docs = docs_of(["一", None], langid_label=["zh-Hans", None]).with_columns(
        pl.Series("spans", [[{"start": 1}], []])
    )
    docs.write_parquet(tmp_path / "a.parquet")
    assert read_all(tmp_path).docs.equals(docs)


def test_a_stage_output_without_documents_keeps_its_columns(tmp_path):
    """A part of which nothing was kept has the columns of the other parts, not fewer."""
    docs = docs_of(["甲"], langid_label=["zh-Hans"])
    write_shard(tmp_path / "part.parquet", [docs.clear()])

    found = read_all(tmp_path / "part.parquet")

    assert found.docs.schema == docs.schema
    assert found.docs.height == 0


def test_every_cut_gives_the_same_rows(tmp_path):
    """Row numbers are the file's, so ids do not depend on splits or batches."""
    frame = pl.DataFrame({"text": [f"第{i}行" * (i % 50) for i in range(1000)]})
    frame.write_parquet(tmp_path / "a.parquet", row_group_size=90)
    whole = read_all(tmp_path)
    assert whole.docs.get_column("id").n_unique() == 1000
    for size in (1, 5000, 50_000):
        assert read_all(tmp_path, split_bytes=size, batch_bytes=9999).pairs == whole.pairs


def test_a_corrupt_row_group_costs_itself(tmp_path):
    """Damage inside one row group: the others are complete, one quarantined record tells."""
    path = tmp_path / "a.parquet"
    frame = pl.DataFrame({"text": [f"第{i}行" * 50 for i in range(1000)]})
    frame.write_parquet(path, row_group_size=100, compression="zstd")
    column = pq.read_metadata(path).row_group(4).column(0)
    data = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    data[start : start + 200] = b"\xff" * 200
    path.write_bytes(data)
    found = read_all(path)
    assert found.docs.height == 900
    assert found.bad.select("locator", "reason").rows() == [("a.parquet#400", "corrupt_row_group")]


@pytest.mark.parametrize("cut", [4, 100, -1, -8])
def test_a_truncated_file_is_one_record(tmp_path, cut):
    """Parquet without its footer has no rows to find."""
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": TEXTS}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:cut])
    found = read_all(path)
    assert (found.docs.height, found.reasons) == (0, ["corrupt_parquet"])
