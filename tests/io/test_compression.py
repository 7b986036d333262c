"""Inflating in bounded steps, with damage as a value."""

import bz2
import gzip
import io
import random
import zlib

import pytest
import zstandard
from clock import linear
from reading import PACK

from corpus_pipeline.io.compression import Block, Fault, Limits, events

NAMES = [name for name in PACK if name != "none"]
DATA = random.Random(1).randbytes(90_000).hex().encode() + "春眠不觉晓".encode() * 9_000


def inflate(data: bytes, compression: str, limits: Limits | None = None):
    found = list(events(io.BytesIO(data), compression, limits or Limits()))
    plain = b"".join(event.data for event in found if isinstance(event, Block))
    return plain, [event for event in found if isinstance(event, Fault)], found


@pytest.mark.parametrize("compression", PACK)
def test_what_was_packed_comes_out(compression):
    """Packing and inflating is the identity."""
    assert inflate(PACK[compression][0](DATA), compression)[:2] == (DATA, [])


@pytest.mark.parametrize("compression", NAMES)
def test_members_follow_each_other(compression):
    """Many members are one stream; each says where it begins; zeros in between do not matter."""
    pack, _ = PACK[compression]
    parts = [DATA[:10], b"", DATA[10:30_000], DATA[30_000:]]
    plain, faults, found = inflate(b"\0\0\0\0".join(map(pack, parts)) + b"\0" * 70_000, compression)
    assert (plain, faults) == (DATA, [])
    assert sum(event.fresh for event in found) == 3


@pytest.mark.parametrize("compression", NAMES)
def test_an_empty_file_holds_nothing(compression):
    """No bytes, no fault."""
    assert inflate(b"", compression) == (b"", [], [])


@pytest.mark.parametrize("compression", NAMES)
def test_a_cut_file_gives_all_that_was_there(compression):
    """What a plain decoder would give before the cut comes out, and then one fault."""
    packed = PACK[compression][0](DATA)
    dice = random.Random(2)
    for cut in [1, 5, 20, len(packed) - 1, *(dice.randrange(1, len(packed)) for _ in range(20))]:
        plain, faults, _ = inflate(packed[:cut], compression)
        assert DATA.startswith(plain)
        assert [fault.reason for fault in faults] == [f"truncated_{compression}"]
        if compression == "gzip":
            assert plain == zlib.decompressobj(31).decompress(packed[:cut])
        if compression == "bz2":
            assert plain == bz2.BZ2Decompressor().decompress(packed[:cut])


@pytest.mark.parametrize("compression", NAMES)
def test_a_flipped_byte_costs_one_member(compression):
    """Members before and after the damaged one are untouched, and there is one fault at most."""
    pack, _ = PACK[compression]
    parts = [bytes([65 + i]) * 10 + DATA[i * 9000 : i * 9000 + 9000] for i in range(5)]
    packed = [pack(part) for part in parts]
    dice = random.Random(3)
    for _ in range(40):
        broken = bytearray(packed[2])
        at = dice.randrange(len(broken))
        broken[at] ^= 1 << dice.randrange(8)
        plain, faults, _ = inflate(b"".join([*packed[:2], broken, *packed[3:]]), compression)
        assert plain.startswith(parts[0] + parts[1])
        assert plain.endswith(parts[3] + parts[4])
        assert len(faults) <= 1
        if parts[2] not in plain:
            assert faults


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_the_bytes_before_the_damage_come_out(compression):
    """A decoder that raises keeps the output of that call: it is read again in small steps."""
    packed = bytearray(PACK[compression][0](DATA))
    at = len(packed) // 2
    packed[at : at + 50] = b"\xff" * 50
    plain, faults, _ = inflate(bytes(packed), compression)
    assert len(faults) == 1
    common = next((i for i, (a, b) in enumerate(zip(plain, DATA, strict=False)) if a != b), 0)
    # zstd gives whole blocks of 128 KiB only
    assert (common or len(plain)) > (at * 9 // 10 if compression == "gzip" else -1)
    assert abs(faults[0].raw_offset - at) < 140_000


def test_a_wrong_checksum_is_a_fault():
    """All bytes come out, and the fault says that they are not to be trusted."""
    packed = bytearray(gzip.compress(DATA))
    packed[-8] ^= 1
    plain, faults, _ = inflate(bytes(packed), "gzip")
    assert plain == DATA
    assert faults[0].inside
    assert "incorrect data check" in faults[0].detail


# An LZ4 frame grows 255 times at most, which the limit on the ratio (300) lets pass.
@pytest.mark.parametrize("compression", [name for name in NAMES if name != "lz4"])
def test_a_bomb_is_not_swallowed(compression):
    """Inflating stops soon after the ratio is out of all proportion."""
    zeros = b"\0" * (1 << 24)
    bomb = PACK[compression][0](zeros) * 12
    plain, faults, found = inflate(bomb, compression)
    assert [fault.reason for fault in faults] == ["decompression_bomb"]
    assert len(plain) < 100 << 20
    assert max(len(event.data) for event in found if isinstance(event, Block)) <= 17 << 20


def test_a_limit_on_the_size_is_kept():
    """Inflating stops at the size that the options name."""
    plain, faults, _ = inflate(gzip.compress(DATA), "gzip", Limits(max_decompressed_bytes=50_000))
    assert faults[0].reason == "decompression_bomb"
    assert len(plain) < 50_000 + (1 << 20)


def test_a_dictionary_in_the_file_is_used(tmp_path):
    """The .warc.zst convention: the dictionary lies in a skippable frame before the records."""
    samples = [f'{{"text": "第{i}篇，春眠不觉晓，处处闻啼鸟。"}}'.encode() * 9 for i in range(200)]
    dictionary = zstandard.train_dictionary(2000, samples)
    pack = zstandard.ZstdCompressor(dict_data=dictionary)
    blob = dictionary.as_bytes()
    for carried in (blob, zstandard.compress(blob)):
        head = b"\x5d\x2a\x4d\x18" + len(carried).to_bytes(4, "little") + carried
        path = tmp_path / "a.zst"
        path.write_bytes(head + b"".join(map(pack.compress, samples)))
        found = list(events(io.BytesIO(path.read_bytes()), "zstd", Limits()))
        assert b"".join(event.data for event in found) == b"".join(samples)


def test_false_beginnings_do_not_hold_anybody_up():
    """A file full of magic bytes ends in one fault, in under a second of CPU."""

    def magic(count):
        return gzip.compress(b"a")[:-3] + b"\x1f\x8b\x08\0" * count

    plain, faults, _ = inflate(magic(300_000), "gzip")
    assert plain == b"a"
    assert len(faults) == 1
    # Measured: 0.02 s.
    linear(lambda data: inflate(data, "gzip"), magic, 300_000, most=1)
