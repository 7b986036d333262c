"""Real bytes, damaged at random: what lies outside the damage is never lost."""

import random
import zlib

import pytest
from reading import PACK, jsonl, read_all, warc_record

ROWS = 400


@pytest.mark.parametrize("compression", PACK)
def test_a_cut_jsonl_keeps_every_line_before_the_cut(tmp_path, compression):
    """The documents are the first ones of the whole file; the break is one record."""
    pack, end = PACK[compression]
    data = pack(b"".join(jsonl(ROWS)))
    path = tmp_path / f"a.jsonl{end}"
    path.write_bytes(data)
    whole = read_all(path).pairs
    dice = random.Random(11)
    for cut in [len(data) - 1, *(dice.randrange(20, len(data)) for _ in range(15))]:
        path.write_bytes(data[:cut])
        found = read_all(path)
        kept = found.docs.height
        assert found.pairs == whole[:kept]
        assert len(found.reasons) <= 1
        if compression == "none":
            assert kept + len(found.reasons) == data[:cut].count(b"\n") + (data[cut - 1] != 10)
        else:
            assert found.reasons == [f"truncated_{compression}"]
        if compression == "gzip":
            assert kept >= zlib.decompressobj(31).decompress(data[:cut]).count(b"\n")


def test_a_flipped_bit_in_jsonl_costs_one_line(tmp_path):
    """All other lines are the same documents, and every line is accounted for."""
    data = b"".join(jsonl(ROWS))
    path = tmp_path / "a.jsonl"
    path.write_bytes(data)
    whole = set(read_all(path).pairs)
    dice = random.Random(12)
    for _ in range(60):
        broken = bytearray(data)
        broken[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        path.write_bytes(broken)
        found = read_all(path)
        lines = [line for line in bytes(broken).split(b"\n") if line.strip()]
        assert found.docs.height + len(found.reasons) == len(lines)
        assert len(whole - set(found.pairs)) <= 2  # a lost newline joins two


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_a_flipped_bit_in_a_warc_costs_one_record(tmp_path, compression):
    """Compressed record by record or not: the other pages are the same, byte for byte."""
    pack, end = PACK[compression]
    records = [pack(warc_record(i)) for i in range(20)]
    path = tmp_path / f"a.warc{end}"
    path.write_bytes(b"".join(records))
    whole = dict(read_all(path).docs.select("source_id", "payload").rows())
    dice = random.Random(13)
    for _ in range(60):
        broken = list(records)
        hit = dice.randrange(20)
        flipped = bytearray(broken[hit])
        flipped[dice.randrange(len(flipped))] ^= 1 << dice.randrange(8)
        broken[hit] = bytes(flipped)
        path.write_bytes(b"".join(broken))
        found = read_all(path)
        pages = dict(found.docs.select("source_id", "payload").rows())
        for number in range(20):
            name = f"urn:uuid:{number}"
            if number != hit:
                assert pages.get(name) == whole[name], (hit, bytes(flipped))
        assert len(found.reasons) <= 1
        if compression != "none" and pages.get(f"urn:uuid:{hit}", b"") != whole[f"urn:uuid:{hit}"]:
            assert found.reasons


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd", "bz2", "xz"])
def test_a_cut_warc_keeps_every_record_before_the_cut(tmp_path, compression):
    """Truncated at any place: the pages before it, and one record that says where."""
    pack, end = PACK[compression]
    records = [pack(warc_record(i)) for i in range(12)]
    data = b"".join(records)
    path = tmp_path / f"a.warc{end}"
    dice = random.Random(14)
    for _ in range(30):
        cut = dice.randrange(10, len(data))
        path.write_bytes(data[:cut])
        found = read_all(path)
        sizes = [len(b"".join(records[: i + 1])) for i in range(12)]
        complete = sum(size <= cut for size in sizes)
        ids = found.docs.get_column("source_id").to_list()
        assert ids[:complete] == [f"urn:uuid:{i}" for i in range(complete)]
        assert len(ids) <= complete + 1
        assert len(found.reasons) == int(len(ids) == complete and cut not in sizes) or (
            found.reasons == [f"truncated_{compression}"]
        )


def test_noise_is_no_input_that_hangs_or_raises(tmp_path):
    """Random bytes behind every magic: no exception, no document made of nothing."""
    dice = random.Random(15)
    ends = ("", ".gz", ".zst", ".bz2", ".xz", ".lz4")
    others = ("a.warc", "a.warc.gz", "a.csv", "a.json", "a.parquet", "a.html")
    names = [*(f"a.jsonl{end}" for end in ends), *others]
    heads = [
        *(b"", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"BZh91AY&SY", b"\xfd7zXZ\0", b"PAR1"),
        *(b"WARC/1.0\r\nContent-Length: 9\r\n\r\n", b"\x04\x22\x4d\x18", b'{"text": "'),
    ]
    for name in names:
        for head in heads:
            path = tmp_path / name
            path.write_bytes(head + dice.randbytes(3000))
            found = read_all(path)
            assert found.docs.height <= 1, (name, head)
