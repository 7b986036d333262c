"""Row groups are replaced and all others copied: the rows are right, whoever reads them."""

import random

import polars as pl
import pyarrow.parquet as pq
import pytest

from corpus_pipeline.io import shards
from corpus_pipeline.io.shards import write_shard
from corpus_pipeline.io.splice import splice


def frame(rows: int) -> pl.DataFrame:
    rng = random.Random(rows)
    return pl.DataFrame(
        {
            "id": [f"{n:032x}" for n in range(rows)],
            "source": [rng.choice(["甲", "乙", None]) for _ in range(rows)],
            "text": ["字" * rng.randrange(200) for _ in range(rows)],
            "n": [rng.choice([None, n]) for n in range(rows)],
            "spans": [[{"start": n, "type": "x"}] * (n % 3) for n in range(rows)],
        }
    )


@pytest.fixture
def shard(tmp_path, monkeypatch):
    """A file of seven row groups."""
    monkeypatch.setattr(shards, "GROUP_ROWS", 30)
    docs = frame(200)
    write_shard(tmp_path / "old.parquet", [docs])
    return tmp_path, docs


@pytest.mark.parametrize("gone", [[0], [199], [30, 31, 95], list(range(60, 90)), list(range(200))])
def test_rows_go(shard, gone):
    """The file without some rows is read alike by both readers, its statistics too."""
    home, docs = shard
    changes = {
        group: lambda rows: rows.filter(~pl.col("id").is_in([f"{n:032x}" for n in gone]))
        for group in {n // 30 for n in gone}
    }
    height = splice(home / "old.parquet", home / "new.parquet", changes)
    left = docs.filter(~pl.col("id").is_in([f"{n:032x}" for n in gone]))
    assert height == left.height == pq.ParquetFile(home / "new.parquet").metadata.num_rows
    assert pl.read_parquet(home / "new.parquet").equals(left)
    assert pl.from_arrow(pq.read_table(home / "new.parquet")).equals(left)
    wanted = docs["id"][100]
    found = pl.scan_parquet(home / "new.parquet").filter(id=wanted).collect()
    assert found.height == (100 not in gone)


def test_other_groups_are_the_same_bytes(shard):
    """What was not touched is copied, not written again; the same splice gives the same bytes."""
    home, _ = shard
    for name in ("a", "b"):
        splice(home / "old.parquet", home / f"{name}.parquet", {3: lambda rows: rows[1:]})
    assert (home / "a.parquet").read_bytes() == (home / "b.parquet").read_bytes()
    old, new = (pq.ParquetFile(home / f"{name}.parquet").metadata for name in ("old", "a"))
    text = old.schema.to_arrow_schema().get_field_index("text")
    for group in (0, 6):
        before, after = (
            (home / name).read_bytes()[
                (chunk := meta.row_group(group).column(text)).data_page_offset :
            ][: chunk.total_compressed_size]
            for name, meta in (("old.parquet", old), ("a.parquet", new))
        )
        assert before == after


def test_a_file_that_cannot_be_joined_is_written_anew(tmp_path):
    """Page indexes stand elsewhere in a file: such a one is decoded and written as a whole."""
    docs = frame(50)
    pq.write_table(
        docs.to_arrow(), tmp_path / "x.parquet", row_group_size=20, write_page_index=True
    )
    assert splice(tmp_path / "x.parquet", tmp_path / "y.parquet", {1: lambda rows: rows[2:]}) == 48
    expected = pl.concat([docs[:20], docs[22:]])
    assert pl.read_parquet(tmp_path / "y.parquet").equals(expected)
