"""What a file is whose name says nothing: text in any charset is read, the rest has a kind."""

import base64
import gzip
import json
import sqlite3
from pathlib import Path

import pytest
from engine_runs import job
from engine_stages import Measure
from reading import read_all

from corpus_pipeline.app.config import Config
from corpus_pipeline.app.execute import run_stage
from corpus_pipeline.app.how import How
from corpus_pipeline.engine.run import run
from corpus_pipeline.io.inputs import LeftOut, discover, survey
from corpus_pipeline.io.signatures import kind_of
from corpus_pipeline.model import NO_DAMAGE, PipelineError
from corpus_pipeline.products.audit.run import audit
from corpus_pipeline.products.verify.chain import verify
from corpus_pipeline.tasks.local import LocalEngine

TEXT = "春天来了，河边的柳树发芽了，孩子们在草地上放风筝。\n"
HANT = "春天來了，河邊的柳樹發芽了，孩子們在草地上放風箏。\n"
SRT = "1\n00:00:01,000 --> 00:00:02,500\n你好，欢迎收看。\n\n"
CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "ingest.jsonl").read_bytes().splitlines()
]


@pytest.mark.parametrize(
    "name", ["a.bin", "a.dat", "a", "a.md", "a.srt", "a.log", "a.lrc", "a.2024", "新闻", "a.TXT"]
)
@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("gbk"),
        HANT.encode("big5"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("hz"),
        SRT.encode("gbk"),
        b"plain\n",
        b"x",
        "日志\x1b[31m红\x1b[0m 12:00\n".encode(),
        TEXT.encode() + bytes(4096),
        TEXT.encode("gbk") * 5000,
        TEXT.encode()[:-5],
        "あいうえお、日本語の文です。".encode("shift_jis"),
    ],
)
def test_text_is_read_whatever_its_name(tmp_path, name, data):
    """The content decides; packed or not."""
    (tmp_path / name).write_bytes(data)
    found = read_all(tmp_path)
    assert found.docs["payload"].to_list() == [data]
    (tmp_path / name).write_bytes(gzip.compress(data))
    assert read_all(tmp_path).docs["payload"].to_list() == [data]


@pytest.mark.parametrize("charset", ["utf-8", "gbk", "utf-16", "utf-16-le", "big5"])
@pytest.mark.parametrize("name", ["a.bin", "a.txt", "a"])
def test_formats_are_found_in_any_charset(tmp_path, name, charset):
    """JSON lines, JSON and pages are what they are, in whatever charset under whatever name."""
    text = HANT.strip() if charset == "big5" else TEXT.strip()
    row = json.dumps({"text": text}, ensure_ascii=False)
    for content, form in (
        (row + "\n" + row, "jsonl"),
        (row + "\r" + row, "jsonl"),
        (f"[\n{row}]", "json"),
        (f"<!DOCTYPE html>\n<html><title>{text}", "html"),
        (text, "text"),
        (f"{{{text}}}", "text"),
        (f"[{text}]", "text"),
        (f"<{text}>", "text"),
    ):
        (tmp_path / name).write_bytes(content.encode(charset))
        assert [one.format for one in discover([tmp_path])] == [form], content


def database(tmp_path):
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as base:
        base.execute("create table a (b text)")
    base.close()
    data = path.read_bytes()
    path.unlink()
    return data


BINARY = {
    "an image": [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF1234WEBPVP8 "],
    "a sound": [b"ID3\x03\0", b"OggS\0\2", b"fLaC\0", b"RIFF1234WAVEfmt "],
    "a film": [b"\0\0\0\x18ftypmp42", b"\x1aE\xdf\xa3\x01", b"FLV\x01\5"],
    "a font": [b"\0\1\0\0\0\x0a\0", b"wOF2\0\1\0\0"],
    "a program": [b"\x7fELF\2\1\1", b"MZ\x90\0\3", b"\xa7\r\r\n\0\0\0\0"],
    "a PDF document": [b"%PDF-1.7\n"],
    "an old Office document": [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"],
    "an RTF document": [b"{\\rtf1\\ansi"],
    "an electronic book": [b"ITSF\3\0"],
    "data of a program": [b"\x93NUMPY\1\0", b"\x80\4\x95\x10", b"GGUF\3\0", b"ARROW1\0\0"],
}


@pytest.mark.parametrize("kind", BINARY)
def test_what_is_binary_has_a_kind(tmp_path, kind):
    """Whatever its name, and through compression; `.txt` does not make it a text."""
    for head in BINARY[kind]:
        for name, data in (("a.txt", head + bytes(90)), ("a.gz", gzip.compress(head + bytes(90)))):
            (tmp_path / name).write_bytes(data)
            with pytest.raises(PipelineError, match=f"{name}: {kind}$"):
                discover([tmp_path / name])


def test_a_database_is_named(tmp_path):
    """What SQLite writes."""
    assert kind_of(database(tmp_path), "a") == "a database"


@pytest.mark.parametrize(
    "text",
    [
        "BMW的春天",
        "MZ世代",
        "ID3 标签说明",
        "OTTO 公司",
        "PKU 北大",
        "xar! 你好",
        "Obj 对象",
        "II* 中",
    ],
)
def test_a_text_may_begin_like_a_signature(text):
    """Short signatures are believed only with the bytes that follow them."""
    for charset in ("utf-8", "gbk"):
        assert kind_of(text.encode(charset), "a.txt") == ""


@pytest.mark.parametrize("case", CASES, ids=[case["label"] for case in CASES])
def test_cases_of_files(tmp_path, case):
    """Folders of files that users reported: texts, reasons, and what is left out."""
    for file in case["files"]:
        name = base64.b64decode(file["name_b64"]) if "name_b64" in file else file["name"].encode()
        data = base64.b64decode(file["b64"]) if "b64" in file else file["text"].encode()
        path = bytes(tmp_path / "in") + b"/" + name
        Path(path.decode("utf-8", "surrogateescape")).parent.mkdir(parents=True, exist_ok=True)
        Path(path.decode("utf-8", "surrogateescape")).write_bytes(data)
    stage = case.get("stage", "decode")
    done = run_stage(Config(), [str(tmp_path / "in")], tmp_path / "out", How(), stage=stage)
    assert done.kept().collect()["text"].str.strip_chars().to_list() == case["texts"]
    assert done.quarantine().collect()["reason"].to_list() == case.get("reasons", [])
    left_out = {file["locator"]: file["reason"] for file in done.manifest["left_out"]}
    assert left_out == case.get("left_out", {})
    assert done.verify(tmp_path / "in") == []


def test_every_file_leaves_a_trace(tmp_path):
    """Read, quarantined or left out with the reason: in the manifest, sealed, rerun alike."""
    folder = tmp_path / "in"
    files = {
        "a.jsonl": b'{"text": "a"}\n',
        "b.jsonl": b"broken\n",
        "sub/c.png": b"\x89PNG....",
        "d.7z": b"7z\xbc\xaf\x27\x1c....",
        "e.jsonl.part": b'{"text": "e"}\n',
        "f.bin": bytes(range(256)),
        "g.csv": b"id,text\n",
        "h.txt": b"",
        "_SUCCESS": b"",
        "_temporary/0/x.jsonl": b"{}",
        ".hidden": b"x",
    }
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "gone").symlink_to(folder / "nothing")
    content = run(job_of(folder, tmp_path / "out"), LocalEngine())
    assert [entry["locator"] for entry in content["inputs"]] == [
        "a.jsonl",
        "b.jsonl",
        "g.csv",
        "h.txt",
    ]
    assert {file["locator"]: file["reason"] for file in content["left_out"]} == {
        "_SUCCESS": "a marker of the program that wrote the folder",
        "_temporary": "a marker of the program that wrote the folder",
        "d.7z": "a 7z archive, which is not supported: unpack it first",
        "e.jsonl.part": "still being written, by its name",
        "f.bin": "binary, and of no known kind",
        "gone": "a link to nothing",
        "sub/c.png": "an image",
    }
    assert content["counts"]["by_quarantine"] == {"ingest/bad_json": 1, "ingest/no_documents": 1}
    assert verify(tmp_path / "out", inputs=folder) == []
    assert audit(tmp_path / "out", "house").clauses
    again = run(job_of(folder, tmp_path / "again"), LocalEngine())
    assert again == content
    (folder / "sub" / "e.png").write_bytes(b"\x89PNG....")
    with pytest.raises(PipelineError, match="files left out"):
        run(job_of(folder, tmp_path / "out"), LocalEngine())


def job_of(folder, output):
    found = survey([folder])
    return job(folder, output, Measure, left_out=tuple(found.left_out))


def test_left_out_files_have_locators_as_inputs_have(tmp_path):
    """Relative to the folder that was given, whether it was a folder, a glob or in a list."""
    for name in ("x/a.jsonl", "x/b.png", "y/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\x89PNG" if name.endswith("png") else b"{}")
    (tmp_path / "list").write_text("x\ny\n")
    image = "an image"
    both = [LeftOut("x/b.png", image), LeftOut("y/c.png", image)]
    assert survey([tmp_path / "x"]).left_out == [LeftOut("b.png", image)]
    assert survey([tmp_path / "x", tmp_path / "y"]).left_out == [
        LeftOut("b.png", image),
        LeftOut("c.png", image),
    ]
    assert survey([f"{tmp_path}/*"]).left_out == both
    assert survey([f"@{tmp_path}/list"]).left_out == both


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b"id,text\n"),
        ("a.jsonl", b"\n\n \n"),
        ("a.json", b"[]"),
        ("a.xml", b"<mediawiki></mediawiki>"),
        ("a.zip", b"PK\5\6" + bytes(18)),
    ],
)
def test_a_file_without_a_document_is_one_record(tmp_path, name, data):
    """A file with bytes and no document in it is said, and is no damage."""
    (tmp_path / name).write_bytes(data)
    found = read_all(tmp_path)
    assert (found.docs.height, found.reasons) == (0, ["no_documents"])
    assert found.bad.item(0, "locator") == name
    assert "ingest/no_documents" in NO_DAMAGE
    (tmp_path / name).write_bytes(b"")
    assert read_all(tmp_path).bad.height == int(name == "a.zip")
