"""The decode stage: payloads become text, and nothing but binary files is lost."""

import base64
import json
from pathlib import Path

import polars as pl
import pytest
from clock import linear
from frames import docs_of, stage

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "decode.jsonl").read_text().splitlines()
]


def payload_of(case):
    """The bytes of a case: its text in its encoding, or damaged bytes as they are."""
    raw = case.get("bytes")
    return base64.b64decode(raw) if raw else case["text"].encode(case["encoding"])


def batch(payloads, declared=None):
    rows = len(payloads)
    texts = [None if p is not None else "已是文本" for p in payloads]
    return docs_of(
        texts,
        payload=pl.Series(payloads, dtype=pl.Binary),
        declared_charset=pl.Series(declared or [None] * rows, dtype=pl.String),
        response_headers=pl.Series(["{}"] * rows, dtype=pl.String),
    )


def ours(out):
    return out.select(pl.col("^(id|text|decode_.*|drop.*)$")).to_dicts()


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["label"])
def test_cases(case):
    """Each case comes out as its text, in its charset, with as many bytes lost as it says."""
    out = stage("decode")(batch([payload_of(case)], [case["declared"]]))

    assert out["text"].to_list() == [case["text"]]
    assert out["decode_charset"].to_list() == [case["expect"]["charset"]]
    assert out["decode_replaced"].to_list() == [case["expect"]["replaced"]]
    assert out["dropped_by"].to_list() == [None]


def test_payload_columns_are_taken():
    """The payload and its declaration go; the response headers stay for `extract`."""
    out = stage("decode")(batch([b"x", None]))

    assert {"payload", "declared_charset"}.isdisjoint(out.columns)
    assert "response_headers" in out.columns


def test_text_that_is_there_stays():
    """A row without payload keeps its text, in a batch with or without a payload column."""
    alone = stage("decode")(docs_of(["文本\0一", None]))
    beside = stage("decode")(batch([None, "另一页".encode("gbk")], [None, "gbk"]))

    assert alone["text"].to_list() == ["文本一", ""]
    assert beside["text"].to_list() == ["已是文本", "另一页"]
    assert beside["decode_charset"].to_list() == ["utf-8", "gb18030"]
    assert beside["decode_confidence"][0] == 1


@pytest.mark.parametrize(
    "payload",
    [
        b"%PDF-1.7\n" + b"1 0 obj\n" * 50,
        b"PK\x03\x04" + bytes(range(256)) * 4,
        bytes(range(256)) * 20,
        b"\x89PNG\r\n\x1a\n" + bytes(range(200)) * 9,
    ],
)
def test_binary_is_dropped_with_evidence(payload):
    """Bytes that are no text are dropped, and the evidence says why."""
    out = stage("decode")(batch([payload]))

    assert out["drop_rule"].to_list() == ["undecodable"]
    assert out["drop_evidence"][0].startswith(("signature=", "replaced="))


def test_evidence_names_share_and_bound():
    """The evidence of a drop is the share of bad bytes and the bound it passed."""
    out = stage("decode")(batch([("中文" * 40).encode("gbk") + bytes(range(14, 26)) * 20]))

    assert out["drop_evidence"].to_list() == ["replaced=0.60 > 0.05"]


def test_a_crashed_tail_of_zeros_is_no_damage():
    """A text with an empty tail is kept whole."""
    out = stage("decode")(batch(["这一页写到一半机器就坏了。".encode("gbk") + bytes(9000)]))

    assert out["text"].to_list() == ["这一页写到一半机器就坏了。"]


def test_what_was_declared_is_kept():
    """The transport's word is recorded, or else the page's own."""
    page = "<meta charset=GB2312>新闻".encode("gbk")
    out = stage("decode")(batch([page, page, "新闻".encode()], ["UTF-8", None, None]))

    assert out["decode_declared"].to_list() == ["utf-8", "gb2312", None]


def test_rows_do_not_depend_on_each_other():
    """A batch of one and a batch of many give the same rows."""
    decode = stage("decode")
    docs = batch(
        [payload_of(case) for case in CASES] + [None, b"", b"\xff" * 50],
        [case["declared"] for case in CASES] + [None, "gbk", "big5"],
    )
    together = ours(decode(docs))
    alone = [ours(decode(docs[i]))[0] for i in range(docs.height)]

    assert alone == together


def test_five_megabytes_in_step():
    """A long page with one bad byte loses that byte only."""
    text = "长网页里的一句话。" * 300_000
    data = bytearray(text.encode("gbk"))
    data[5_000_000:5_000_000] = b"\xff"
    out = stage("decode")(batch([bytes(data)]))

    assert out["decode_replaced"].to_list() == [1]
    assert out["text"][0].replace("\ufffd", "") == text


def test_text_and_title_are_repaired():
    """Garbled texts and titles are repaired, with and without payload; the columns say so."""
    title, text = "春季植树的安排", "市政府昨天下午在会议室讨论了春季植树的安排和经费"
    garbled = [t.encode().decode("gb18030", "replace") for t in (title, text)]
    docs = batch([None, garbled[1].encode()]).with_columns(
        text=pl.Series([garbled[1], None]), title=pl.Series([garbled[0], None])
    )
    out = stage("decode")(docs)

    assert out["text"].to_list() == [text, text]
    assert out["title"][0][: len(title) - 1] == title[:-1]
    assert out["decode_repaired"].to_list() == ["utf8-as-gbk"] * 2
    assert out["decode_repaired_chars"].to_list()[1] == len(text)
    assert out["decode_unrepaired"][1] == 0


def test_clean_rows_say_nothing():
    """Without damage the repair columns are null and zero."""
    out = stage("decode")(docs_of(["这一页没有问题。", None]))

    assert out["decode_repaired"].to_list() == [None, None]
    assert out.select("decode_repaired_chars", "decode_unrepaired", "decode_lost_lines").sum().row(
        0
    ) == (0, 0, 0)


def test_lost_lines_are_cut_and_lost_documents_dropped():
    """A lost line goes and is counted; a document of lost lines is dropped with its share."""
    body = "这一页的正文还在，只有一行坏了。" * 3
    out = stage("decode")(
        docs_of([f"{body}\n锟斤拷锟斤拷锟斤拷\n{body}", "锟斤拷锟斤拷锟斤拷\n" * 9])
    )

    assert out["text"][0] == f"{body}\n{body}"
    assert out["decode_lost_lines"].to_list() == [1, 9]
    assert out["drop_rule"].to_list() == [None, "lost_characters"]
    assert out["drop_evidence"][1] == "lost_share=1.00 > 0.5"


def test_a_charset_without_codec_is_said_to_be_one():
    """EUC-TW is named and dropped, never read as something else."""
    planes = bytes.fromhex("c4e3c4e8c5f8cfe3d0a6e1a8edb5f0d9") * 20 + bytes.fromhex("8ea2a1a1")
    out = stage("decode")(batch([planes]))

    assert out["decode_charset"].to_list() == ["euc-tw"]
    assert out["drop_evidence"].to_list() == ["charset=euc-tw"]


def test_a_lost_byte_costs_its_neighbourhood_only():
    """Wherever a byte is lost in a line, the text is right again after a few characters."""
    text = "今天上午，市里召开了旧城改造的座谈会，居民代表提出了不少意见，大家都希望先修排水管道。"
    data = text.encode("gbk")
    cut = [data[:at] + data[at + 1 :] for at in range(len(data))]
    out = stage("decode")(batch(cut, ["gbk"] * len(cut)))

    assert set(out["decode_replaced"]) == {1}
    for at, found in enumerate(out["text"]):
        place = at // 2
        assert found[: max(place - 4, 0)] == text[: max(place - 4, 0)]
        assert (
            found[::-1][: max(len(text) - place - 5, 0)]
            == (text[::-1][: max(len(text) - place - 5, 0)])
        )


def test_confidence_tells_of_lost_bytes():
    """The more bytes are in no character, the less sure the answer is."""
    data = ("长网页里的一句话，说的是今天的天气。" * 4).encode("gbk")
    broken = [data, data[:20] + data[21:], data[:20] + b"\xff" * 5 + data[20:]]
    out = stage("decode")(batch(broken))
    sure = out["decode_confidence"].to_list()

    assert out["decode_replaced"].to_list() == [0, 1, 5]
    assert sure[0] > sure[1] > sure[2]


@pytest.mark.parametrize(
    "piece",
    [
        b"\xff",
        b"\xff\n",
        b"\xb5\xc4\xc4",
        "饕餮魑魅".encode("gbk") + b"\xb5",
        b"\x81\x30\x81",
        "资料库".encode("gbk") + "片段是".encode(),
        b"\xef\xbb\xbf" + "资料".encode("gbk") + b"\n",
        b"\xed\xa0\xbd\xed",
        b"\xc0\x80",
        b"\xef\xbb\xbf\xff",
        b"\xff\xfe\xef\xbb\xbf",
    ],
)
def test_damaged_bytes_take_linear_time(piece):
    """Bytes that are out of step everywhere, marks and half pairs cost as much a byte as any."""
    decode = stage("decode")

    def work(data):
        decode.decoded(data, "gbk")

    linear(
        work, lambda size: ("正文" * 50).encode("gbk") + piece * (size // len(piece)), 500_000, 1
    )


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xff\xfe", b"\x84\x31\x95\x33\xef\xbb\xbf"])
def test_marks_without_end(mark):
    """A file of nothing but byte order marks has an answer."""
    out = stage("decode")(batch([mark * 5000 + b"\xff"]))

    assert out.height == 1
    assert out["decode_replaced"][0] > 0
