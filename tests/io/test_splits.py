"""How inputs are cut, and that cutting changes nothing."""

import random

import polars as pl
import pytest
from reading import PACK, jsonl, read_all

from corpus_pipeline.io.inputs import discover
from corpus_pipeline.io.scan import scan
from corpus_pipeline.io.splits import LEAST, MANY, MAX_WINDOWS, even_size, plan


def scanned(path):
    return [scan(one) for one in discover([path])]


def test_small_files_are_grouped_and_large_ones_cut(tmp_path):
    """Splits have about the wanted size, and cover each byte once."""
    (tmp_path / "big.jsonl").write_bytes(b"".join(jsonl(2000)))
    for i in range(30):
        (tmp_path / f"small{i:02}.jsonl").write_bytes(b"".join(jsonl(25)))
    splits = plan(scanned(tmp_path), 20_000)
    assert [split.index for split in splits] == list(range(len(splits)))
    big = [p for s in splits for p in s.pieces if p.locator == "big.jsonl"]
    assert [p.start for p in big[1:]] == [p.end for p in big[:-1]]
    assert big[0].start == 0
    assert big[-1].end is None
    small = [s for s in splits if s.pieces[0].locator.startswith("small")]
    assert 1 < len(small) < 30


def test_few_inputs_have_splits_for_all_cores():
    """Below `MANY` splits of the size asked for they are smaller, but a batch at least."""
    asked = 32 << 20
    for total in (0, 1 << 20, 200 << 20, 3 << 30, MANY * asked, 1 << 40):
        size = even_size(asked, total)
        assert LEAST <= size <= asked
        assert size == asked or total < MANY * asked
        assert size == LEAST or total >= MANY * size


def test_a_compressed_file_has_few_windows(tmp_path):
    """Inflating is repeated for each window, so there are few: of a gzip 16."""
    pack, end = PACK["gzip"]
    (tmp_path / f"a.jsonl{end}").write_bytes(pack(b"".join(jsonl(2000))))
    assert len(plan(scanned(tmp_path), 1)) == MAX_WINDOWS["gzip"]


def test_parquet_is_cut_by_row_groups(tmp_path):
    """Each row group lies in one split."""
    frame = pl.DataFrame({"text": [f"第{i}行" * 50 for i in range(1000)]})
    frame.write_parquet(tmp_path / "a.parquet", row_group_size=100)
    splits = plan(scanned(tmp_path), 20_000)
    groups = [g for s in splits for p in s.pieces for g in p.row_groups or ()]
    assert groups == list(range(10))
    assert len(splits) > 1


@pytest.mark.parametrize("name", ["a.csv", "a.warc", "a.html"])
def test_other_formats_are_never_cut(tmp_path, name):
    """A CSV's newlines may be quoted, a WARC's records have no line ends."""
    (tmp_path / name).write_bytes(b"x,text\n" * 1000)
    splits = plan(scanned(tmp_path), 100)
    assert [(p.start, p.end) for s in splits for p in s.pieces] == [(0, None)]


def test_no_inputs_and_empty_inputs(tmp_path):
    """Nothing gives no split; an empty file gives one, with no document."""
    assert plan([], 100) == []
    (tmp_path / "a.jsonl").touch()
    assert len(plan(scanned(tmp_path), 100)) == 1
    assert read_all(tmp_path).docs.height == 0


@pytest.mark.parametrize("compression", PACK)
def test_every_cut_gives_the_same_documents(tmp_path, compression):
    """One split or many: the same ids and texts, each once; bad and blank lines included."""
    pack, end = PACK[compression]
    lines = jsonl(300)
    lines[20:20] = [b"\n", b"  \r\n", b"broken\n", b'{"text": 1}\n', b"\xff\n"]
    path = tmp_path / f"a.jsonl{end}"
    path.write_bytes(pack(b"".join(lines).rstrip(b"\n")))
    whole = read_all(path)
    assert len(whole.pairs) == 300
    dice = random.Random(5)
    for size in [1, 7, 100, *(dice.randrange(2, 40_000) for _ in range(6))]:
        if compression == "none" and size < 100:
            continue  # thousands of splits prove nothing more
        parts = read_all(path, split_bytes=size)
        assert parts.pairs == whole.pairs
        assert parts.bad.rows() == whole.bad.rows()


def test_every_byte_is_a_good_place_to_cut(tmp_path):
    """All window sizes on a short file, also those that cut at a newline and beside it."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text":"a"}\n\n{"text":"bb"}\r\nx\n{"text":"ccc"}')
    whole = read_all(path)
    assert whole.texts == ["a", "bb", "ccc"]
    for size in range(1, 60):
        parts = read_all(path, split_bytes=size)
        assert (parts.pairs, parts.bad.rows()) == (whole.pairs, whole.bad.rows())


@pytest.mark.parametrize("compression", ["gzip", "zstd", "bz2"])
def test_every_cut_of_a_damaged_file_gives_the_same(tmp_path, compression):
    """A fault belongs to exactly one window, wherever the windows end."""
    pack, end = PACK[compression]
    members = [pack(b"".join(jsonl(40, 40 * i))) for i in range(5)]
    members[2] = members[2][:60] + b"\xff\xff" + members[2][62:]
    path = tmp_path / f"a.jsonl{end}"
    path.write_bytes(b"".join(members)[:-9])
    whole = read_all(path)
    assert len(whole.reasons) == 2
    for size in (50, 777, 1500, 3000, 5000, 9000):
        parts = read_all(path, split_bytes=size)
        assert (parts.pairs, parts.bad.rows()) == (whole.pairs, whole.bad.rows())


@pytest.mark.parametrize("compression", ["gzip", "zstd", "bz2", "xz"])
def test_windows_begin_at_members(tmp_path, monkeypatch, compression):
    """A file of many members: each window is entered near its start, and gives the same."""
    monkeypatch.setattr("corpus_pipeline.io.scan.ENTRY_GAP", 2000)
    pack, end = PACK[compression]
    members = [pack(b"".join(jsonl(20, 20 * i))) for i in range(60)]
    members[30] = members[30][:60] + b"\xff\xff" + members[30][62:]
    path = tmp_path / f"a.jsonl{end}"
    path.write_bytes(b"".join(members)[:-9])
    whole = read_all(path)
    (one,) = scanned(path)
    plain = [entry.plain for entry in one.entries]
    assert len(plain) > 20
    assert plain == sorted(plain)
    for size in (2500, 4000, 7777):
        parts = read_all(path, split_bytes=size)
        assert (parts.pairs, parts.bad.rows()) == (whole.pairs, whole.bad.rows())
    windows = [piece for split in plan([one], 10_000) for piece in split.pieces]
    for window in windows[1:]:
        assert 0 <= window.start - 1 - window.entry.plain <= 10_000
    assert len({window.entry.raw for window in windows}) > len(windows) / 2
