"""Records in any charset, with any line ends, wherever a file is cut."""

import codecs
import csv
import gzip
import hashlib
import io
import json

import pytest
from clock import linear
from reading import read_all

from corpus_pipeline.io.charsets import SAMPLE, Coding, Sampler, charset_of, is_text
from corpus_pipeline.io.inputs import discover
from corpus_pipeline.io.scan import Scanned, scan

HANS = [
    "春天来了，河边的柳树发芽了，孩子们在草地上放风筝。",
    "上海的功能：誠、㐂、\\路径\\，“引文”。",
    "开会了。",
]
HANT = [
    "春天來了，河邊的柳樹發芽了，孩子們在草地上放風箏。",
    "許功蓋：\\路徑\\，「引文」。",
    "開會了。",
]
CHARSETS = {
    "utf-8": HANS,
    "utf-8-sig": HANS,
    "gbk": [text.replace("㐂", "") for text in HANS],
    "gb18030": HANS,
    "big5": HANT,
    "utf-16": HANS,
    "utf-16-le": HANS,
    "utf-16-be": HANS,
    "utf-32": HANS,
    "euc_jp": ["春が来て、川辺の柳が芽を出しました。", "子どもたちが原っぱで遊んでいます。"],
    "cp932": ["春が来て、川辺の柳が芽を出しました。", "表示の能力とソフトウェア、子どもたち。"],
    "cp949": ["봄이 와서 강가의 버드나무에 싹이 났습니다.", "아이들이 풀밭에서 놀고 있습니다."],
}


def records(texts, ends="\n"):
    return "".join(
        json.dumps({"id": i, "text": text}, ensure_ascii=False) + ends
        for i, text in enumerate(texts)
    )


def table(texts, ends="\r\n", delimiter=","):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=ends, delimiter=delimiter)
    writer.writerows([["id", "text"], *enumerate(texts)])
    return out.getvalue()


MADE = {
    "a.jsonl": records,
    "b.jsonl": lambda texts: records(texts, "\r"),
    "c.jsonl": lambda texts: records(texts, "\r\n"),
    "d.json": lambda texts: json.dumps([{"text": text} for text in texts], ensure_ascii=False),
    "e.json": lambda texts: json.dumps(
        [{"text": text} for text in texts], ensure_ascii=False, indent=1
    ),
    "f.csv": table,
    "g.csv": lambda texts: table(texts, "\r"),
    "h.tsv": lambda texts: table(texts, "\n", "\t"),
    "i.csv": lambda texts: "sep=;\r\n" + table(texts, delimiter=";"),
}


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("name", MADE)
def test_records_in_any_charset(tmp_path, name, charset):
    """JSON lines, JSON and tables in all charsets and with all line ends: the same documents."""
    texts = CHARSETS[charset]
    data = MADE[name](texts).encode(charset)
    (tmp_path / name).write_bytes(data)
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(data))
    found = read_all(tmp_path / name)
    assert (found.texts, found.reasons) == (texts, [])
    assert read_all(tmp_path / f"{name}.gz").texts == texts
    many = MADE[name](texts * 100).encode(charset)
    (tmp_path / name).write_bytes(many)
    whole = read_all(tmp_path / name)
    assert (whole.texts, whole.reasons) == (texts * 100, [])
    assert read_all(tmp_path / name, split_bytes=777, batch_bytes=999).pairs == whole.pairs


@pytest.mark.parametrize("charset", ["gbk", "big5", "utf-16", "utf-16-be", "utf-8"])
@pytest.mark.parametrize("name", ["a.jsonl", "d.json", "f.csv"])
def test_a_bad_record_is_told_by_its_bytes(tmp_path, name, charset):
    """In every charset offset, end and digest of a quarantined record are those of the file."""
    texts = CHARSETS[charset]
    good = MADE[name](texts * 3)
    marks = {
        "a.jsonl": ('"id": 0', '"id" 0'),
        "d.json": ('"text":', '"no":'),
        "f.csv": ("\r\n0,", "\r\n0,0,"),
    }
    marked = good.replace(*marks[name], 1)
    data = marked.encode(charset)
    (tmp_path / name).write_bytes(data)
    found = read_all(tmp_path / name)
    assert found.docs.height == 3 * len(texts) - 1
    row = found.bad.row(0, named=True)
    record = data[row["byte_start"] : row["byte_end"]]
    codec = {"utf-16": "utf-16-le"}.get(charset, charset)
    assert texts[0] in record.decode(codec)
    assert row["sha256"] == hashlib.sha256(record).hexdigest()


@pytest.mark.parametrize("charset", ["gbk", "big5", "utf-8"])
def test_one_bad_byte_costs_one_record(tmp_path, charset):
    """In a charset that was found, as in UTF-8: the record is quarantined, the others are read."""
    texts = CHARSETS[charset]
    good = records(texts * 50).encode(charset).split(b"\n")
    good[70] = good[70].replace(b'"}', b'\xff"}')
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(good))
    found = read_all(tmp_path)
    assert found.docs.height == 50 * len(texts) - 1
    assert found.reasons == ["bad_utf8" if charset == "utf-8" else "bad_encoding"]


def test_the_euro_of_windows_is_a_character(tmp_path):
    """0x80 is the euro in a GBK file, in JSON lines as in a text."""
    data = records(HANS[::2]).replace("春天", "€").encode("cp1252", "ignore")
    data = records(HANS[::2]).encode("gbk").replace("风筝".encode("gbk"), b"\x80" + b"5")
    (tmp_path / "a.jsonl").write_bytes(data)
    assert read_all(tmp_path).texts[0].endswith("放€5。")


@pytest.mark.parametrize("name", ["a.jsonl", "f.csv"])
def test_a_file_of_two_line_ends(tmp_path, name):
    """Where somebody joined files, a line that CR alone ends is a record, too; offsets are true."""
    make = {"a.jsonl": records, "f.csv": table}[name]
    first, second = make(HANS, "\n"), make(HANS, "\r")
    if name == "f.csv":
        second = second.partition("\r")[2]
    (tmp_path / name).write_bytes((first + second).encode())
    found = read_all(tmp_path)
    assert (found.texts, found.reasons) == (HANS * 2, [])
    places = [int(locator.partition("@")[2]) for locator in found.docs["locator"]]
    data = (first + second).encode()
    assert all(data[place - 1 : place] in b"\r\n" for place in places)


def test_cr_inside_a_value_is_no_line_end(tmp_path):
    """A raw CR in a string of JSON or in a quoted cell stays text."""
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "a\rb"}\n{"text": "c"}\n')
    (tmp_path / "b.csv").write_bytes(b'id,text\n1,"a\rb"\n2,c\n')
    assert read_all(tmp_path / "a.jsonl").texts == ["a\rb", "c"]
    assert [t.replace("\r", "\n") for t in read_all(tmp_path / "b.csv").texts] == ["a\nb", "c"]


def test_a_charset_that_shows_late(tmp_path):
    """Two megabytes of ASCII go before the first Chinese line; every window knows the charset."""
    english = records(["plain " * 100]) * 3500
    assert len(english) > 2 * SAMPLE
    (tmp_path / "a.jsonl").write_bytes(english.encode() + records(HANT).encode("big5"))
    (tmp_path / "b.csv").write_bytes(
        table(["plain " * 100] * 3500).encode() + table(HANS[:1]).encode("gbk").partition(b"\n")[2]
    )
    assert read_all(tmp_path / "a.jsonl", split_bytes=SAMPLE).texts[-3:] == HANT
    assert read_all(tmp_path / "b.csv").texts[-1] == HANS[0]


def test_a_named_encoding_holds(tmp_path):
    """`encoding` overrules what is found, but not the mark of UTF-16."""
    (tmp_path / "a.jsonl").write_bytes(records(HANS).encode("utf-16"))
    (tmp_path / "b.jsonl").write_bytes(records(HANT).encode("big5"))
    assert read_all(tmp_path / "a.jsonl", encoding="gb18030").texts == HANS
    assert read_all(tmp_path / "b.jsonl", encoding="big5hkscs").texts == HANT
    assert read_all(tmp_path / "b.jsonl", encoding="utf-8").reasons == ["bad_utf8"] * 3


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        (b"plain", "utf-8"),
        (b"", "utf-8"),
        ("姓名,城市\n张三,北京\n".encode("gbk"), "gb18030"),
        ("春".encode()[:-1], "utf-8"),
        (b"\xff\xfd\x80" * 30, "utf-8"),
        (bytes(range(256)) * 20, "utf-8"),
        ("caf\xe9 na\xefve \xe0 co\xfbte".encode("cp1252"), "windows-1252"),
        (codecs.BOM_UTF16_LE + "中".encode("utf-16-le"), "utf-16le"),
        ('{"a": 1}\n'.encode("utf-16-be"), "utf-16be"),
    ],
)
def test_the_charset_of_a_sample(data, charset):
    """Short names of daily use are GB18030; noise and a cut character are no other charset."""
    assert charset_of(data) == charset


def test_binary_is_no_text():
    """Controls and bytes without a character, many of them, are no text; a few are."""
    assert not is_text(bytes(range(256)) * 4, "utf-8")
    assert is_text("日志\x07一行\x1b[31m红".encode(), "utf-8")


def test_a_coding_travels(tmp_path):
    """What the scan found survives its way to a worker; the sampler stops when it knows."""
    (tmp_path / "a.jsonl").write_bytes(records(HANS, "\r").encode("utf-16"))
    scanned = scan(discover([tmp_path])[0])
    assert scanned.coding == Coding("utf-16le", "cr")
    packed = json.loads(json.dumps(scanned.packed()))
    assert Scanned.unpacked([*scanned.input, *packed]) == scanned
    sampler = Sampler()
    for _ in range(100):
        sampler.feed(records(HANS).encode("gb18030") * 1000)
    assert sampler.full
    assert sampler.coding() == Coding("gb18030", "lf")


HOSTILE = {
    "cr.jsonl": lambda n: b"{}\r" * (n // 3),
    "cr_after_lf.jsonl": lambda n: b"{}\n" + b'{"a"\r{' * (n // 6),
    "cr_after_lf.csv": lambda n: b"id,text\n" + b"12345,\xe4\xb8\xad\r" * (n // 10),
    "gbk.jsonl": lambda n: '{"text":"春"}\n'.encode("gbk") * (n // 14),
    "utf16.jsonl": lambda n: '{"text":"春"}\n'.encode("utf-16-le") * (n // 26),
    "utf16.json": lambda n: codecs.BOM_UTF16_LE + "[{}".encode("utf-16-le") * (n // 6),
    "gbk.json": lambda n: ('[{"text":"春天来了"}' + ',{"' * (n // 3)).encode("gbk"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_charsets_and_line_ends_are_linear(tmp_path, name):
    """However small the records, whatever their charset."""

    def folder(size):
        path = tmp_path / str(size)
        path.mkdir(exist_ok=True)
        (path / name).write_bytes(HOSTILE[name](size))
        return path

    linear(read_all, folder, 250_000, 0.5)
