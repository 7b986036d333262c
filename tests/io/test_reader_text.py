"""Plain text and HTML files."""

import gzip

import pytest
from reading import read_all


def test_a_file_is_one_document_as_bytes(tmp_path):
    """The charset is not guessed here: the payload is the file."""
    data = "春眠不觉晓\n处处闻啼鸟".encode("gbk")
    (tmp_path / "a.txt").write_bytes(data)
    (tmp_path / "b.html").write_bytes(b"<html>" + data)
    docs = read_all(tmp_path).docs
    assert docs.select("locator", "text", "payload", "media_type", "declared_charset").rows() == [
        ("a.txt@0", None, data, "text/plain", None),
        ("b.html@0", None, b"<html>" + data, "text/html", None),
    ]


def test_lines_are_documents_where_the_options_say_so(tmp_path):
    """UTF-8 lines are text at once, others keep their bytes, blank ones are nothing."""
    data = b"\xef\xbb\xbf" + "一行\r\n\n  \n".encode() + "三行\n".encode("gbk") + "末行".encode()
    (tmp_path / "a.txt").write_bytes(data)
    found = read_all(tmp_path, text_mode="lines")
    assert found.texts == ["一行", None, "末行"]
    assert found.docs.get_column("payload").to_list() == [None, "三行".encode("gbk"), None]
    for size in range(1, len(data) + 2):
        assert read_all(tmp_path, text_mode="lines", split_bytes=size).pairs == found.pairs


def test_paragraphs_are_documents_where_the_options_say_so(tmp_path):
    """Blank lines separate; one that is too long is one quarantined record."""
    (tmp_path / "a.txt").write_text("一\n二\n\n\n三\n\n" + "长\n" * 500 + "\n尾\n", "utf-8")
    found = read_all(tmp_path, text_mode="paragraphs", max_document_bytes=100)
    assert found.texts == ["一\n二", "三", "尾"]
    assert found.reasons == ["document_too_large"]


def test_a_file_that_is_too_large_is_not_loaded(tmp_path):
    """It is quarantined with its digest; a bomb is, too."""
    (tmp_path / "a.txt").write_bytes(b"a" * 5000)
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"\0" * (80 << 20)))
    found = read_all(tmp_path, max_document_bytes=1000)
    assert found.docs.is_empty()
    assert found.reasons == ["document_too_large", "decompression_bomb", "document_too_large"]


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-be", "utf-16-le", "utf-32"])
def test_lines_of_wide_characters(tmp_path, charset):
    """UTF-16 and UTF-32 are cut where a unit is a newline; 上 and ਊ hold its byte and are none."""
    texts = [f"第{i}行在上ਊ海，一" for i in range(50)]
    data = "\r\n\n".join(texts).encode(charset)
    (tmp_path / "a.txt").write_bytes(data)
    for size in (100, 1 << 20):
        found = read_all(tmp_path, text_mode="lines", split_bytes=size)
        assert (found.texts, found.reasons) == (texts, [])
    found = read_all(tmp_path, text_mode="paragraphs")
    assert (found.texts, found.reasons) == (texts, [])


def test_lines_that_end_in_cr(tmp_path):
    """Lines and paragraphs of a Macintosh; every split gives the same."""
    (tmp_path / "a.txt").write_bytes("一行\r二行\r\r三行".encode())
    for size in range(1, 30):
        found = read_all(tmp_path, text_mode="lines", split_bytes=size)
        assert found.texts == ["一行", "二行", "三行"]
    assert read_all(tmp_path, text_mode="paragraphs").texts == ["一行\n二行", "三行"]


def test_lines_say_the_charset_of_their_file(tmp_path):
    """A short line shows no charset: what the whole file is goes with it, for `decode` to weigh."""
    lines = ["春天來了，河邊的柳樹發芽了，孩子們在草地上放風箏。"] * 20 + ["你好", "plain"]
    (tmp_path / "a.txt").write_bytes("\n".join(lines).encode("big5"))
    found = read_all(tmp_path, text_mode="lines")
    assert found.docs["payload"].to_list()[-2:] == ["你好".encode("big5"), None]
    assert found.docs["declared_charset"].to_list() == ["big5"] * 21 + [None]
