"""Zip and tar: members are read as files are, and nothing in an archive is lost without a word."""

import bz2
import gzip
import io
import lzma
import os
import re
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import polars as pl
import pytest
import zstandard
from clock import linear
from engine_runs import job
from engine_stages import Measure
from reading import jsonl, read_all, warc_record

from corpus_pipeline.engine.run import run
from corpus_pipeline.io.archives.member import HELD, Budget, Forward, TornError
from corpus_pipeline.io.archives.names import Names, is_hidden
from corpus_pipeline.io.compression import Limits
from corpus_pipeline.io.inputs import survey
from corpus_pipeline.model import damaged_share
from corpus_pipeline.products.explain.story import explain
from corpus_pipeline.products.verify.chain import verify
from corpus_pipeline.tasks.local import LocalEngine

TEXT = "春天来了，河边的柳树发芽了。"
LINE = f'{{"text": "{TEXT}"}}\n'.encode()
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)


class RawName(zipfile.ZipInfo):
    """A member whose name is written as these bytes, without the mark of UTF-8."""

    raw = b""

    def _encodeFilenameFlags(self):  # noqa: N802 - the module's own name
        return self.raw, self.flag_bits & ~0x800


def zipped(members, method=zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of (name, data); a name may be bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            if isinstance(name, bytes):
                info = RawName(name.hex())
                info.raw, info.compress_type = name, method
                archive.writestr(info, data)
            else:
                archive.writestr(name, data)
    return out.getvalue()


def tarred(members, format_=tarfile.GNU_FORMAT) -> bytes:
    """A tar of (name, data); a name may be bytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format_, errors="surrogateescape") as archive:
        for name, data in members:
            info = tarfile.TarInfo(os.fsdecode(name))
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


PACKS = {
    "a.zip": zipped,
    "stored.zip": lambda members: zipped(members, zipfile.ZIP_STORED),
    "b.zip": lambda members: zipped(members, zipfile.ZIP_BZIP2),
    "a.tar": tarred,
    "pax.tar": lambda members: tarred(members, tarfile.PAX_FORMAT),
    "a.tar.gz": lambda members: gzip.compress(tarred(members)),
    "a.tgz": lambda members: gzip.compress(tarred(members)),
    "a.tar.bz2": lambda members: bz2.compress(tarred(members)),
    "a.tar.xz": lambda members: lzma.compress(tarred(members)),
    "a.tar.zst": lambda members: zstandard.compress(tarred(members)),
    "a.zip.gz": lambda members: gzip.compress(zipped(members)),
    "noname": zipped,
    "data.bin": tarred,
}


def parquet(texts) -> bytes:
    out = io.BytesIO()
    pl.DataFrame({"text": texts}).write_parquet(out)
    return out.getvalue()


def write(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    return tmp_path / name


@pytest.mark.parametrize("name", PACKS)
def test_members_of_every_format(tmp_path, name):
    """Each member is read by its own reader, in any charset; locators name archive and member."""
    members = [
        ("新闻/a.jsonl", LINE * 2),
        ("b.jsonl.gz", gzip.compress(LINE)),
        ("c.txt", TEXT.encode("gbk")),
        ("d.csv", f"id,text\r1,{TEXT}\r".encode("big5", "ignore")),
        ("e.parquet", parquet([TEXT, "二"])),
        ("f.warc.gz", gzip.compress(warc_record(1)) + gzip.compress(warc_record(2))),
        ("g.html", f"<html><body>{TEXT}".encode()),
        ("h", TEXT.encode("utf-16")),
        ("i.json", f'[{{"text": "{TEXT}"}}]'.encode("utf-16")),
    ]
    found = read_all(write(tmp_path, name, PACKS[name](members)))
    assert found.reasons == []
    assert found.docs["locator"].to_list() == [
        f"{name}#新闻/a.jsonl@0",
        f"{name}#新闻/a.jsonl@{len(LINE)}",
        f"{name}#b.jsonl.gz@0",
        f"{name}#c.txt@0",
        f"{name}#d.csv@8",
        f"{name}#e.parquet#0",
        f"{name}#e.parquet#1",
        f"{name}#f.warc.gz@0",
        f"{name}#f.warc.gz@{len(warc_record(1))}",
        f"{name}#g.html@0",
        f"{name}#h@0",
        f"{name}#i.json@{2 + 2}",
    ]
    assert found.docs["id"].n_unique() == 12
    assert [text for text in found.texts if text][:3] == [TEXT] * 3


@pytest.mark.parametrize("charset", ["gbk", "big5", "utf-8"])
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_names_in_any_charset(tmp_path, pack, charset):
    """Names of Chinese Windows are read; what no charset reads is escaped."""
    names = ["資料/春天來了.jsonl", "資料/新聞/河邊的柳樹.jsonl"]
    data = pack([(name.encode(charset), LINE) for name in names])
    found = read_all(write(tmp_path, "a.bin", data))
    assert found.docs["locator"].to_list() == [f"a.bin#{name}@0" for name in names]


def test_names_that_nothing_reads(tmp_path):
    """Bytes of a name are escaped, twins are numbered, drives and slashes in front go."""
    members = [(b"\xff\xff\xfe.jsonl", LINE), ("/a.jsonl", LINE), ("C:\\a.jsonl", LINE)]
    members += [("./a.jsonl", LINE), ("a.jsonl~2", LINE)]
    found = read_all(write(tmp_path, "a.tar", tarred(members)))
    assert [place.partition("#")[2] for place in found.docs["locator"]] == [
        r"\xff\xff\xfe.jsonl@0",
        "a.jsonl@0",
        "a.jsonl~2@0",
        "a.jsonl~3@0",
        "a.jsonl~2~2@0",
    ]


def test_the_unicode_name_beside_another(tmp_path):
    """Info-ZIP writes the name in UTF-8 into an extra field; where its checksum fits, it counts."""
    raw = "春".encode("gbk")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for check in (zlib.crc32(raw), 7):
            info = RawName(str(check))
            info.raw = raw
            name = "春天.jsonl".encode()
            field = b"\1" + struct.pack("<I", check) + name
            info.extra = struct.pack("<2H", 0x7075, len(field)) + field
            archive.writestr(info, LINE)
    found = read_all(write(tmp_path, "a.zip", out.getvalue()))
    assert found.docs["locator"].to_list() == ["a.zip#春天.jsonl@0", "a.zip#春@0"]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_what_is_no_data_is_said_or_passed_by(tmp_path, pack):
    """Pictures and links are listed with their kind and are no damage; hidden files are no data."""
    members = [("a.jsonl", LINE), ("b.png", PNG), ("c.7z", b"7z\xbc\xaf\x27\x1c" + bytes(40))]
    members += [("__MACOSX/._a.jsonl", b"\0\5\x16\7"), (".git/HEAD", b"ref"), ("empty.txt", b"")]
    found = read_all(write(tmp_path, "a.bin", pack(members)))
    assert found.texts == [TEXT]
    assert found.bad.select("locator", "reason", "detail").rows() == [
        ("a.bin#b.png", "left_out", "an image"),
        ("a.bin#c.7z", "left_out", "a 7z archive, which is not supported: unpack it first"),
    ]
    assert damaged_share({"read": 3, "by_quarantine": {"ingest/left_out": 2}}) == 0


def test_links_of_a_tar(tmp_path):
    """A link and a device are said; a folder is not."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind in (("d", tarfile.DIRTYPE), ("l", tarfile.SYMTYPE), ("p", tarfile.FIFOTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    found = read_all(write(tmp_path, "a.tar", out.getvalue()))
    assert found.bad.select("locator", "detail").rows() == [
        ("a.tar#l", "a link"),
        ("a.tar#p", "no regular file"),
    ]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_names_that_lead_out_are_quarantined(tmp_path, pack):
    """`..` in a name is one record; the others are read, and nothing is written anywhere."""
    names = ["../../etc/x.jsonl", "a/../../b.jsonl", "..\\c.jsonl", "ok..jsonl"]
    folder = tmp_path / "in"
    folder.mkdir()
    found = read_all(write(folder, "a.bin", pack([(name, LINE) for name in names])))
    assert (found.texts, found.reasons) == ([TEXT], ["unsafe_name"] * 3)
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "a.bin"]


def encrypted(data: bytes) -> bytes:
    """The same zip, its first member marked as encrypted in both headers."""
    at = data.index(b"PK\1\2")
    return data[:6] + b"\1" + data[7 : at + 8] + b"\1" + data[at + 9 :]


def test_encrypted_and_unknown_packing(tmp_path):
    """One record each, the others are read."""
    data = encrypted(zipped([("a.jsonl", LINE), ("b.jsonl", LINE)]))
    found = read_all(write(tmp_path, "a.zip", data))
    assert (found.texts, found.reasons) == ([TEXT], ["encrypted"])
    data = zipped([("a.jsonl", LINE), ("b.jsonl", LINE)], zipfile.ZIP_LZMA)
    found = read_all(write(tmp_path, "b.zip", data))
    assert found.reasons == ["unknown_packing"] * 2
    assert "method 14" in found.bad.item(0, "detail")


def test_a_damaged_member_costs_itself(tmp_path):
    """A flipped bit is found by the checksum; what was read before it is kept, the others too."""
    lines = b"".join(jsonl(4000))
    data = bytearray(zipped([("a.jsonl", lines), ("b.jsonl", LINE)], zipfile.ZIP_STORED))
    data[len(lines) // 2] ^= 1
    found = read_all(write(tmp_path, "a.zip", bytes(data)))
    assert found.reasons == ["corrupt_zip"] or found.reasons[-1] == "corrupt_zip"
    assert found.docs.height >= 3999
    data = bytearray(zipped([("a.jsonl", lines), ("b.jsonl", LINE)]))
    data[len(data) // 2] ^= 0xFF
    found = read_all(write(tmp_path, "b.zip", bytes(data)))
    assert found.texts[-1] == TEXT
    assert "corrupt_zip" in found.reasons
    assert found.docs.height > 1000


@pytest.mark.parametrize("streamed", [False, True])
def test_a_cut_zip_is_read_up_to_the_cut(tmp_path, streamed):
    """Without its directory a zip is read from the beginning on, and that is said."""
    members = [(f"{i}.jsonl", b"".join(jsonl(50, i))) for i in range(20)]
    data = zipped(members)
    if streamed:  # sizes stand behind the members, as a pipe leaves them

        class Pipe(io.RawIOBase):
            def __init__(self):
                self.parts = []

            def writable(self):
                return True

            def write(self, data):
                self.parts.append(bytes(data))
                return len(data)

        pipe = Pipe()
        with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in members:
                archive.writestr(name, text)
        data = b"".join(pipe.parts)
    whole = read_all(write(tmp_path, "a.zip", data))
    assert (whole.docs.height, whole.reasons) == (1000, [])
    for keep in (0.99, 0.9, 0.5, 0.2):
        found = read_all(write(tmp_path, "a.zip", data[: int(len(data) * keep)]))
        assert "truncated_zip" in found.reasons
        assert found.docs.height >= min(1000 * keep - 60, 950)
        assert found.texts == whole.texts[: found.docs.height]


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tar.zst"])
def test_a_cut_tar_is_read_up_to_the_cut(tmp_path, name):
    """Every document before the break, and a record that says so."""
    members = [(f"{i}.jsonl", b"".join(jsonl(500, 500 * i))) for i in range(20)]
    data = PACKS[name](members)
    whole = read_all(write(tmp_path, name, data))
    found = read_all(write(tmp_path, name, data[: len(data) // 2]))
    assert (whole.docs.height, whole.reasons) == (10_000, [])
    assert found.reasons
    assert set(found.reasons) <= {
        "truncated_tar",
        "corrupt_tar",
        "truncated_gzip",
        "truncated_zstd",
    }
    assert 3000 < found.docs.height < 6000
    assert found.texts == whole.texts[: found.docs.height]


def test_a_damaged_header_of_a_tar_costs_its_member(tmp_path):
    """The module of the language would end there, and in silence."""
    data = bytearray(tarred([(f"{i}.jsonl", LINE) for i in range(5)]))
    data[2 * 1024 + 150] ^= 0xFF
    found = read_all(write(tmp_path, "a.tar", bytes(data)))
    assert (found.docs.height, found.reasons) == (4, ["corrupt_tar"])


@pytest.mark.parametrize("junk", [b"PK\3\4", b"PK\3\4" + bytes(80), b"PK\5\6" + b"\xff" * 18])
def test_noise_that_begins_like_a_zip(tmp_path, junk):
    """It is one record."""
    found = read_all(write(tmp_path, "a.zip", junk))
    assert (found.docs.height, len(found.reasons)) == (0, 1)


def test_something_before_the_archive(tmp_path):
    """A zip behind a program that unpacks it is read: offsets count from its own beginning."""
    data = zipped([("a.jsonl", LINE)])
    found = read_all(write(tmp_path, "a.zip", b"#!/bin/sh\n" + bytes(100) + data))
    assert (found.texts, found.reasons) == ([TEXT], [])


@pytest.mark.parametrize("outer", [zipped, tarred])
def test_archives_in_archives(tmp_path, outer):
    """Members of members have locators of all levels; the fourth level is not opened."""
    inner = LINE
    name = "a.jsonl"
    for level in range(3):
        inner, name = (zipped, tarred)[level % 2]([(name, inner)]), f"{level}.bin"
    found = read_all(write(tmp_path, "x", inner))
    assert (found.texts, found.reasons) == ([TEXT], [])
    assert found.docs.item(0, "locator") == "x#1.bin#0.bin#a.jsonl@0"
    found = read_all(write(tmp_path, "y", outer([("2.bin", inner), ("b.jsonl", LINE)])))
    assert (found.texts, found.reasons) == ([TEXT], ["nested_archive"])


@pytest.mark.parametrize("nested", [False, True])
def test_a_bomb_ends_the_archive(tmp_path, nested):
    """What comes out is bounded by what lies on disk, whatever is packed into what; time, too."""
    bomb = zipped([(f"{i}.txt", bytes(30 << 20)) for i in range(20)])
    if nested:
        bomb = zipped([(f"{i}.zip", bomb) for i in range(50)])
    found = read_all(write(tmp_path, "a.zip", bomb), max_document_bytes=1000)
    assert found.docs.height == 0
    assert found.reasons.count("decompression_bomb") == 1
    inner = gzip.compress(bytes(30 << 20))
    packed = zipped([(f"{i}.jsonl.gz", inner) for i in range(40)])
    found = read_all(write(tmp_path, "b.zip", packed), max_document_bytes=1000)
    assert "decompression_bomb" in found.reasons
    assert len(found.reasons) < 20


def test_office_files_are_no_archives(tmp_path):
    """Documents that are zip files on the inside are left out by their kind."""
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder, "a.docx", zipped([("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"")]))
    write(folder, "b.bin", zipped([("[Content_Types].xml", b"<x/>")]))
    write(folder, "c.epub", zipped([("mimetype", b"application/epub+zip")], zipfile.ZIP_STORED))
    write(folder, "d.jar", zipped([("META-INF/MANIFEST.MF", b"x")]))
    write(folder, "e.jsonl", LINE)
    assert [file.reason for file in survey([folder]).left_out] == [
        "an Office document",
        "an Office document",
        "an electronic book",
        "a program",
    ]


def test_a_member_longer_than_memory_holds(tmp_path):
    """A long member of lines is read as it comes, one for a reader that seeks from a file."""
    lines = b"".join(jsonl(200_000))
    assert len(lines) > 2 * HELD
    table = parquet([f"{i}" * 40 for i in range(300_000)])
    members = [("a.jsonl", lines), ("b.jsonl.gz", gzip.compress(lines, 1)), ("c.parquet", table)]
    data = tarred(members)
    path = write(tmp_path, "a.tar", data)
    found = read_all(path)
    assert (found.docs.height, found.reasons) == (700_000, [])


def test_a_run_over_archives(tmp_path):
    """Manifest, verification and explanation know the archive; a rerun has the same bytes."""
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder, "a.zip", zipped([("新闻/a.jsonl", LINE), ("b.png", PNG)]))
    write(folder, "b.tar.gz", gzip.compress(tarred([("春.txt".encode("gbk"), b"x")]), mtime=0))
    content = run(job(folder, tmp_path / "out", Measure), LocalEngine())
    assert [entry["format"] for entry in content["inputs"]] == ["zip", "tar"]
    assert content["counts"]["by_quarantine"] == {"ingest/left_out": 1}
    assert verify(tmp_path / "out", inputs=folder) == []
    story = explain(tmp_path / "out", "a.zip#新闻/a.jsonl@0")
    assert "(zip+none, sha256 " in story.steps[0].said
    again = run(job(folder, tmp_path / "again", Measure), LocalEngine())
    assert again["files"] == content["files"]


def test_a_stage_output_in_an_archive_is_somebody_elses_file(tmp_path):
    """Its columns would not be those of its neighbours: its text is read as any other's."""
    out = io.BytesIO()
    frame = {"id": ["i"], "source": ["s"], "locator": ["l"], "dropped_by": [None], "text": ["文"]}
    pl.DataFrame(frame).write_parquet(out)
    data = zipped([("kept/part-00000.parquet", out.getvalue()), ("b.jsonl", LINE)])
    found = read_all(write(tmp_path, "a.zip", data))
    assert (found.texts, found.docs.item(0, "source_id")) == (["文", TEXT], "i")


def test_a_budget_and_a_stream():
    """A budget counts to its limit; a long stream goes back only while its head is read."""
    budget = Budget(10, Limits(max_decompressed_bytes=100))
    budget.charge(100)
    with pytest.raises(TornError, match="101 bytes out of an archive of 10 bytes"):
        budget.charge(1)
    stream = Forward(b"ab", io.BytesIO(b"cd"))
    assert (stream.read(1), stream.seek(0), stream.read(9), stream.read(9)) == (
        b"a",
        0,
        b"ab",
        b"cd",
    )
    with pytest.raises(io.UnsupportedOperation):
        stream.seek(0)


def test_names_are_unique_and_hidden_ones_are_known():
    """A name that another one was numbered to is numbered in its turn."""
    names = Names()
    assert [names.text(name) for name in (b"a", b"a", b"a~2", b"a")] == ["a", "a~2", "a~2~2", "a~3"]
    assert [is_hidden(name) for name in ("a/.b", ".a/b", "..a", "a/..b", "../a", "a.b")] == [
        *(True, True, True, True),
        *(False, False),
    ]


MANY = {
    "tar": lambda count: tarred([(f"{i}.txt", b"x") for i in range(count)]),
    "zip": lambda count: zipped([(f"{i}.jsonl", b'{"text":""}') for i in range(count)]),
    "twins": lambda count: tarred([("a.txt", b"x")] * count),
    "names": lambda count: tarred([(f"春{i}.txt".encode("gbk"), b"x") for i in range(count)]),
    "pictures": lambda count: zipped([(f"{i}.png", PNG) for i in range(count)]),
    "folders": lambda count: zipped([(f"{i}/", b"") for i in range(count)]),
}


@pytest.mark.parametrize("name", MANY)
def test_many_members_take_linear_time(tmp_path, name):
    """A thousand small members, twins among them, cost two seconds at most."""

    def archive(count):
        return write(tmp_path, f"{count}.bin", MANY[name](count))

    linear(read_all, archive, 1000, 2.0)


def test_a_header_that_fills_the_memory_is_refused(tmp_path):
    """A tar may announce a name of gigabytes, which its reader would hold."""
    for kind in (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME):
        info = tarfile.TarInfo("x")
        info.type, info.size = kind, 8 << 30
        path = write(tmp_path, "a.tar.gz", gzip.compress(info.tobuf() + bytes(1 << 20)))
        assert read_all(path).reasons == ["corrupt_tar"]


def test_the_page_lists_the_reasons():
    """docs/inputs.md names every reason for which a member is quarantined."""
    root = Path(__file__).parents[2]
    page = (root / "docs" / "inputs.md").read_text("utf-8")
    code = "".join(
        path.read_text("utf-8")
        for path in (
            *sorted((root / "corpus_pipeline/io/archives").glob("*.py")),
            root / "corpus_pipeline/io/readers/archive.py",
        )
    )
    named = set(re.findall(r"`(\w+_\w+|encrypted)`", page.partition("| quarantined")[2]))
    used = set(
        re.findall(r'(?:TornError\(|reason=|refuse\(name, |return )"(\w+_\w+|encrypted)"', code)
    )
    assert len(used) > 6
    assert used <= named


def test_joined_archives_are_read_both(tmp_path):
    """`cat a.tar b.tar`, `cat a.zip b.zip`: the members of the first one and of the second."""
    halves = [[(f"{half}{i}.jsonl", LINE) for i in range(3)] for half in "ab"]
    for pack, name in ((tarred, "a.tar"), (zipped, "a.zip")):
        found = read_all(write(tmp_path, name, b"".join(map(pack, halves))))
        assert (found.docs.height, found.reasons) == (6, []), name


def test_bytes_lost_in_a_zip_cost_what_they_were_in(tmp_path):
    """The directory's places are those of before: what lies on either side of the hole is found."""
    data = zipped([(f"{i}.jsonl", LINE * (i + 1)) for i in range(9)], zipfile.ZIP_STORED)
    hole = data.index(b"4.jsonl") + 20
    for cut in (data[:hole] + data[hole + 60 :], data[:hole] + bytes(60) + data[hole:]):
        found = read_all(write(tmp_path, "a.zip", cut))
        left = {locator.split("#")[1] for locator in found.docs.get_column("locator")}
        assert {name.split("@")[0] for name in left} >= {f"{i}.jsonl" for i in range(9) if i != 4}
        assert "corrupt_zip" in found.reasons


def test_a_damaged_record_of_a_directory_costs_its_member(tmp_path):
    """The next record is looked for, and it is said that one is missing."""
    data = bytearray(zipped([(f"{i}.jsonl", LINE) for i in range(5)]))
    at = data.index(b"PK\1\2", data.index(b"PK\1\2") + 1)
    data[at] ^= 0xFF
    found = read_all(write(tmp_path, "a.zip", bytes(data)))
    assert (found.docs.height, found.reasons) == (4, ["corrupt_zip"])
