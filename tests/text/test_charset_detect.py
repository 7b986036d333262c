"""Charset detection and lossless decoding; real files are measured by `make eval`'s floors."""

import pytest
from frames import asset
from hypothesis import given
from hypothesis import strategies as st

from corpus_pipeline.rules.decode import load_char_costs
from corpus_pipeline.text.charset.decode import decode
from corpus_pipeline.text.charset.detect import detect, page_declaration

COSTS = load_char_costs(asset("package:assets/char_costs.tsv"))
TEXT = "我们在这里讨论的是中文网页的编码，坏了一个字节也不能丢掉整个网页。" * 20


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-8"])
@pytest.mark.parametrize("cut", [1, 2])
def test_a_truncated_tail_costs_one_character(encoding, cut):
    """A file cut in a character keeps all the others."""
    source = "".join(c for c in TEXT if c not in "坏丢")
    text = source if encoding != "big5" else "這裡討論的是網頁的編碼" * 30
    data = text.encode(encoding)[:-cut]
    decoded, replaced = decode(data, detect(data, None, COSTS).name)

    assert decoded.rstrip("\ufffd").startswith(text[: len(text) - 2])
    assert replaced <= 2


def test_bad_bytes_are_counted_one_by_one():
    """Each bad byte becomes one U+FFFD, and the reader is in step again at once."""
    data = TEXT.encode("gbk")
    broken = data[:100] + b"\xff\xff\xff" + data[100:]
    decoded, replaced = decode(broken, "gb18030")

    assert (replaced, decoded.count("\ufffd")) == (3, 3)
    assert decoded.replace("\ufffd", "") == TEXT


def test_replacement_characters_of_the_source_are_not_ours():
    """A U+FFFD that the source already holds is not counted as lost here."""
    data = "锟斤拷之前的\ufffd字符，".encode() + b"\xff"

    assert decode(data, "utf-8")[1] == 1


def test_a_fragment_in_another_charset_is_saved():
    """A UTF-8 fragment in a GBK page, or the reverse, is read and not replaced."""
    gbk, utf8 = TEXT.encode("gbk"), "这是另一种编码的片段".encode()
    mixed, replaced = decode(gbk + b"<p>" + utf8 + b"</p>" + gbk, "gb18030")
    other, lost = decode(utf8 * 9 + b"<p>" + gbk[:40] + b"</p>", "utf-8")

    assert "<p>这是另一种编码的片段</p>" in mixed
    assert f"<p>{TEXT[:20]}</p>" in other
    assert (replaced, lost) == (0, 0)


def test_code_page_936_and_its_successors():
    """0x80 is the euro, and private-use places are what GB18030-2022 made of them."""
    assert decode(b"\x80" + "100元".encode("gbk"), "gb18030") == ("€100元", 0)
    assert decode(bytes.fromhex("a6d9fe59"), "gb18030") == ("\ufe10\u9fb4", 0)
    assert decode(b"\xa3\xe1" + "歐元".encode("big5"), "big5") == ("€歐元", 0)


@pytest.mark.parametrize(
    ("head", "declared"),
    [
        (b'<meta charset="gb2312">', "gb2312"),
        (b"<META http-equiv=Content-Type content='text/html; charset=GBK'>", "GBK"),
        (b'<?xml version="1.0" encoding="Big5"?>', "Big5"),
        (b"<p>charset=gbk</p>", None),
    ],
)
def test_a_page_declares_its_charset(head, declared):
    """The declaration of a charset is read from `meta` and from the XML declaration only."""
    assert page_declaration(head) == declared


@given(st.binary(max_size=400), st.sampled_from([None, "gbk", "utf-8", "no-such", "utf-16"]))
def test_any_bytes_have_an_answer(data, declared):
    """No bytes and no declaration make detection or decoding raise."""
    answer = detect(data, declared, COSTS)
    text, replaced = decode(data, answer.name)

    assert 0 <= answer.confidence <= 1
    assert replaced <= len(data)
    assert text == text.encode("utf-8", "surrogatepass").decode("utf-8")


@given(st.text(st.characters(codec="gb18030", exclude_categories=["Cs", "Co", "Cc"]), max_size=60))
def test_gb18030_round_trip(text):
    """What GB18030 can write is read back unchanged."""
    assert decode(text.encode("gb18030"), "gb18030") == (text.removeprefix("\ufeff"), 0)


@pytest.mark.parametrize("encoding", ["gbk", "big5"])
def test_a_utf8_fragment_is_saved_in_either_chinese_charset(encoding):
    """A UTF-8 fragment in a GBK or a Big5 page comes out as what it says."""
    page = "台灣的網頁也有混合編碼的" * 20
    data = page.encode(encoding) + b"<p>" + "這是另一種編碼的片段".encode() + b"</p>"
    decoded, replaced = decode(data, detect(data, None, COSTS).name)

    assert decoded == f"{page}<p>這是另一種編碼的片段</p>"
    assert replaced == 0


def test_iso_2022_cn():
    """The Chinese relative of ISO-2022-JP, which Python has no codec for, is read."""
    hans = "这里用七位编码"
    shifted = bytes(b & 0x7F for b in hans.encode("gb2312"))
    data = b"Subject: \x1b$)A\x0e" + shifted + b"\x0f ok\n\x1b$)A\x0e" + shifted
    answer = detect(data, None, COSTS)

    assert answer.name == "iso-2022-cn"
    assert decode(data, answer.name) == (f"Subject: {hans} ok\n{hans}", 0)


@pytest.mark.parametrize("encoding", ["iso2022_jp", "iso2022_kr"])
def test_a_stray_byte_does_not_hide_escape_sequences(encoding):
    """Seven-bit Japanese and Korean with one bad byte are still what they are."""
    text = {"iso2022_jp": "春はあけぼの。" * 20, "iso2022_kr": "나라의 말이 중국과 달라 " * 20}
    data = bytearray(text[encoding].encode(encoding))
    data[60:60] = b"\xff"

    assert detect(bytes(data), None, COSTS).name == encoding.replace("iso2022_", "iso-2022-")


def test_an_umlaut_is_no_pair():
    """One accented letter between plain ones stays western, declared as Chinese or not."""
    data = "Wir sind seit über einem Jahr in der gleichen Wohnung.".encode("cp1252")

    assert detect(data, "gb2312", COSTS).name == "windows-1252"


def test_utf16_of_kana_has_no_nul():
    """UTF-16 without a mark and without a NUL byte is found by its rows."""
    data = "あなたの大好きな夏の食べ物は何ですか。".encode("utf-16-le")

    assert detect(data, "gb2312", COSTS).name == "utf-16le"
