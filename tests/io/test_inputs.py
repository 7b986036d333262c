"""Which files are read, under which name, as what."""

import gzip
import hashlib
import io
import os
from pathlib import Path

import polars as pl
import pytest
from engine_runs import job
from engine_stages import Measure
from hypothesis import given
from hypothesis import strategies as st
from reading import PACK, jsonl

from corpus_pipeline.app.config import Config
from corpus_pipeline.app.execute import run_stage
from corpus_pipeline.app.how import How
from corpus_pipeline.engine.run import run
from corpus_pipeline.io.inputs import discover
from corpus_pipeline.io.locators import escaped, unescaped
from corpus_pipeline.io.scan import Scanned, joined, parted, scan
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.verify.chain import verify
from corpus_pipeline.tasks.local import LocalEngine


def write(path: Path, data: bytes = b'{"text": "a"}\n') -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def locators(*paths: Path | str) -> list[str]:
    return [one.locator for one in discover(list(paths))]


def test_file_folder_glob_and_list_name_the_same_file(tmp_path):
    """However a file is named, its locator is relative to what was named, and it comes once."""
    file = write(tmp_path / "data" / "a" / "x.jsonl")
    (tmp_path / "list.txt").write_text("# two entries, one file\ndata/a/x.jsonl\n\ndata\n")
    assert locators(file) == ["x.jsonl"]
    assert locators(tmp_path / "data") == ["a/x.jsonl"]
    assert locators(f"{tmp_path}/data/*/x.jsonl") == ["a/x.jsonl"]
    assert locators(f"@{tmp_path}/list.txt") == ["data/a/x.jsonl"]
    assert locators(tmp_path / "data", file) == ["x.jsonl"]


def test_locators_do_not_depend_on_where_the_data_lies(tmp_path):
    """A copied folder gives the same locators in the same order."""
    for root in ("one", "two"):
        for name in ("b.jsonl", "a.jsonl", "sub/c.jsonl"):
            write(tmp_path / root / name)
    assert locators(tmp_path / "one") == locators(tmp_path / "two")
    assert locators(tmp_path / "one") == ["a.jsonl", "b.jsonl", "sub/c.jsonl"]


def test_hidden_and_temporary_files_are_left_out(tmp_path):
    """What starts with a dot or is still being written is no input."""
    write(tmp_path / "x.jsonl")
    names = (".x.jsonl", "y.jsonl.tmp", "z.part", ".git/x.jsonl", "_SUCCESS", "_temporary/q.jsonl")
    for name in names:
        write(tmp_path / name)
    assert locators(tmp_path) == ["x.jsonl"]


def test_a_finished_stage_output_means_what_it_kept(tmp_path):
    """Beside a manifest only kept/ is read, at any depth."""
    for name in ("kept/part-0.parquet", "dropped/part-0.parquet", "manifest.json"):
        write(tmp_path / "run" / name, b"PAR1" if name.endswith("parquet") else b"{}")
    assert locators(tmp_path / "run") == ["kept/part-0.parquet"]
    assert locators(tmp_path) == ["run/kept/part-0.parquet"]


def test_colliding_roots_are_told_apart_by_their_own_names(tmp_path):
    """Two folders with equal names inside get their own name as prefix; equal ones are refused."""
    for root in ("a", "b"):
        write(tmp_path / root / "x.jsonl")
        write(tmp_path / root / "twin" / "y.jsonl", root.encode())
    write(tmp_path / "a" / "only.jsonl")
    assert locators(tmp_path / "b", tmp_path / "a") == [
        "a/only.jsonl",
        "a/twin/y.jsonl",
        "a/x.jsonl",
        "b/twin/y.jsonl",
        "b/x.jsonl",
    ]
    assert locators(tmp_path / "a/x.jsonl", tmp_path / "b/x.jsonl") == ["a/x.jsonl", "b/x.jsonl"]
    with pytest.raises(PipelineError, match=r"same locator 'twin/y\.jsonl'"):
        discover([tmp_path / "a" / "twin", tmp_path / "b" / "twin"])


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.bin", b'{"text": "x"}\n', "jsonl"),
        ("a.json", b'[\n {"text": "x"}]', "json"),
        ("a.json", b'{\n "text": "x"\n}', "json"),
        ("a.txt", b'\xef\xbb\xbf{"text": "x"}\r\n', "jsonl"),
        ("a.jsonl", b"broken line\n", "jsonl"),
        ("a.txt", "{注}正文".encode(), "text"),
        ("a.dat", b"WARC/1.0\r\n", "warc"),
        ("a.dat", b"filedesc://x 0.0.0.0 20110804181044 text/plain 76\n", "warc"),
        ("a.dat", b"PAR1....", "parquet"),
        ("a.txt", b"\n<!DOCTYPE HTML>\n<html>", "html"),
        ("a.xml", b'<?xml version="1.0"?><html xmlns="x">', "html"),
        ("a.xml", b'<mediawiki xmlns="x">', "wikixml"),
        ("a.xml", b"", "wikixml"),
        ("a.htm", "只有文字".encode("gbk"), "html"),
        ("a.csv", b"text,label\n", "csv"),
        ("a.tsv", b"text\tlabel\n", "tsv"),
        ("a.txt", "<html><title>中文".encode("utf-16"), "html"),
        ("empty", b"", "text"),
    ],
)
def test_the_format_is_found_by_content_then_by_name(tmp_path, name, data, expected):
    """Magic bytes win over a name that lies; the name helps where the content says nothing."""
    assert [one.format for one in discover([write(tmp_path / name, data)])] == [expected]


@pytest.mark.parametrize("compression", PACK)
def test_the_format_is_found_through_compression(tmp_path, compression):
    """Compression is found by magic bytes, and the format behind it, whatever the name."""
    pack, _ = PACK[compression]
    one = discover([write(tmp_path / "a.bin", pack(b"".join(jsonl(3))))])[0]
    assert (one.format, one.compression) == ("jsonl", compression)


def test_a_name_may_lie_about_compression(tmp_path):
    """A .gz that is plain JSON is plain; a .gz whose first byte is wrong is a damaged gzip."""
    plain = write(tmp_path / "a.jsonl.gz")
    damaged = write(tmp_path / "b.jsonl.gz", b"\x00" + gzip.compress(b'{"text": "a"}\n')[1:])
    assert [one.compression for one in discover([plain, damaged])] == ["none", "gzip"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p / "absent.jsonl", "no such file or folder: .*absent.jsonl"),
        (lambda p: f"{p}/*.jsonl", "nothing matches"),
        (lambda p: p, "no usable input in"),
        (lambda p: f"@{p}/absent.txt", "cannot read the list"),
        (lambda p: write(p / "a.pdf", b"%PDF-1.4"), "a.pdf: a PDF"),
        (
            lambda p: write(p / "a.7z", b"7z\xbc\xaf\x27\x1c"),
            "a.7z: a 7z archive, which is not supp",
        ),
        (lambda p: write(p / "a", b"Rar!\x1a\x07\1"), "a: a rar archive, which is not supported"),
        (lambda p: write(p / "a.xml", b"<rss/>"), "no MediaWiki dump"),
        (lambda p: write(p / "a.bin", b"\x01\x02"), "binary, and of no known kind"),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(tmp_path, make, message):
    """A user's mistake names the thing and is one line."""
    with pytest.raises(PipelineError, match=message) as caught:
        discover([make(tmp_path)])
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_one_clear_line(tmp_path):
    """A file without read permission is named."""
    write(tmp_path / "a.jsonl").chmod(0)
    with pytest.raises(PipelineError, match="cannot read"):
        discover([tmp_path])


def test_a_foreign_file_in_a_folder_is_left_out(tmp_path):
    """A picture beside the data does not stop a run."""
    write(tmp_path / "x.jsonl")
    write(tmp_path / "y.png", b"\x89PNG....")
    assert locators(tmp_path) == ["x.jsonl"]


@pytest.mark.parametrize("compression", PACK)
def test_scan_hashes_the_file_and_measures_its_lines(tmp_path, compression):
    """The digest is that of the file, the size that of the plain bytes; JSON and back is equal."""
    pack, end = PACK[compression]
    data = b"".join(jsonl(2000))
    path = write(tmp_path / f"a.jsonl{end}", pack(data))
    scanned = scan(discover([path])[0])
    assert scanned.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert scanned.decompressed == len(data)
    assert Scanned.unpacked((*scanned.input, *scanned.packed())) == scanned


@pytest.mark.parametrize("compression", [name for name in PACK if name != "none"])
def test_scan_survives_damage(tmp_path, compression):
    """A cut or flipped file is still hashed whole; its size is what comes out."""
    pack, end = PACK[compression]
    data = pack(b"".join(jsonl(3000)))
    for number, broken in enumerate((data[: len(data) // 2], data[:50] + b"\xff" + data[51:])):
        path = write(tmp_path / f"{number}.jsonl{end}", broken)
        scanned = scan(discover([path])[0])
        assert scanned.sha256 == hashlib.sha256(broken).hexdigest()


def test_many_left_out_files_are_one_line(tmp_path, caplog):
    """The first five are named, all are counted by reason."""
    write(tmp_path / "x.jsonl")
    for i in range(40):
        write(tmp_path / f"{i:02}.png", b"\x89PNG....")
        write(tmp_path / f"{i:02}.dat", b"\x01\x02")
    with caplog.at_level("WARNING"):
        discover([tmp_path])
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 6
    assert lines[-1].startswith("left out 80 files in all: 40 ")
    assert "40 an image" in lines[-1]


@pytest.mark.parametrize(
    "address", ["ftp://host/a", "swift://n/a", "http://x/a.jsonl", "webdav://b/*"]
)
def test_a_scheme_is_refused_by_name(tmp_path, address):
    """An address is no path; given as such or in a list, the scheme is named."""
    (tmp_path / "list.txt").write_text(f"{address}\n")
    for path in (address, f"@{tmp_path}/list.txt"):
        with pytest.raises(PipelineError, match=f"{address.partition(':')[0]}:// is not supported"):
            discover([path])


def test_names_that_are_not_utf8_are_escaped(tmp_path):
    """Bytes of a name come into the locator as escapes, by which the file is found again."""
    folder = tmp_path / "in"
    names = ["春望.jsonl".encode("gbk"), "春望.jsonl".encode(), rb"a\xb4.jsonl"]
    for name in names:
        write(folder / os.fsdecode(name))
    found = discover([tmp_path / "in"])
    assert sorted(one.locator for one in found) == sorted(
        [r"\xb4\xba\xcd\xfb.jsonl", "春望.jsonl", r"a\x5cxb4.jsonl"]
    )
    assert {os.fsencode(unescaped(one.locator)) for one in found} == set(names)
    rows = parted(joined(map(scan, found)), found)
    assert list(map(Scanned.unpacked, rows)) == list(map(scan, found))


def test_a_run_over_names_that_are_not_utf8(tmp_path):
    """Every format goes through, manifest and verification included."""
    folder = tmp_path / "in"
    table = io.BytesIO()
    pl.DataFrame({"text": ["d"]}).write_parquet(table)
    contents = {
        "甲.jsonl": b'{"text": "a"}\n',
        "乙.txt": b"b",
        "丙.csv": b"text\nc\n",
        "丁.parquet": table.getvalue(),
    }
    for name, data in contents.items():
        write(folder / os.fsdecode(name.encode("gbk")), data)
    content = run(job(folder, tmp_path / "out", Measure), LocalEngine())
    assert (content["counts"]["kept"], content["counts"]["quarantined"]) == (4, 0)
    assert verify(tmp_path / "out", inputs=folder) == []


def test_a_list_may_hold_names_of_any_bytes(tmp_path):
    """Entries of a list are bytes of names; CR, LF and CRLF end them."""
    name = os.fsdecode("春望".encode("gbk"))
    write(tmp_path / name / "a.jsonl")
    write(tmp_path / "b.jsonl")
    (tmp_path / "list").write_bytes(os.fsencode(name) + b"\r\nb.jsonl\r")
    assert locators(f"@{tmp_path}/list") == [r"\xb4\xba\xcd\xfb/a.jsonl", "b.jsonl"]


def test_folders_of_one_name_that_is_not_utf8(tmp_path):
    """The prefix that tells two folders apart is escaped as the names below are."""
    for root in ("甲", "乙"):
        write(tmp_path / os.fsdecode(root.encode("gbk")) / "x.jsonl", root.encode())
    roots = [tmp_path / os.fsdecode(root.encode("gbk")) for root in ("甲", "乙")]
    assert locators(*roots) == [r"\xbc\xd7/x.jsonl", r"\xd2\xd2/x.jsonl"]


def test_a_stage_output_in_a_folder_of_any_name(tmp_path):
    """Its columns are carried on, and the parent in the manifest is found by `verify`."""
    write(tmp_path / "in.jsonl", '{"text": "春天"}'.encode())
    run_stage(Config(), [str(tmp_path / "in.jsonl")], tmp_path / "a", How(), stage="ingest")
    moved = (tmp_path / "a").rename(tmp_path / os.fsdecode("树".encode("gbk")))
    second = run_stage(Config(), [str(moved)], tmp_path / "b", How(), stage="normalize")
    assert second.counts["kept"] == 1
    assert second.manifest["parents"][0]["manifest"] == r"\xca\xf7/manifest.json"
    with pytest.raises(PipelineError, match=r"xca.xf7: its name is not UTF-8"):
        run_stage(Config(), [str(tmp_path / "in.jsonl")], moved, How(), stage="ingest")


@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=()), max_size=20))
def test_escaping_names_is_reversible(name):
    """Any name that the file system may give comes back, and its escape is plain text."""
    given = name.encode("utf-8", "ignore") + b"\\xb4\xb4\\x5c"
    decoded = os.fsdecode(given)
    assert unescaped(escaped(decoded)) == decoded
    escaped(decoded).encode()
