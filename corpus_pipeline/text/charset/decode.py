"""Bytes in a known charset to text: strictly where possible, otherwise losing only the bad bytes.

Enters: bytes and the name of a charset (`detect` finds it).
Leaves: the text, and the number of bytes without a character; each of them is one U+FFFD in the
text.  Bad bytes raise nothing; a name that Python does not know raises LookupError.
"""

from __future__ import annotations

import codecs
import re

from corpus_pipeline.text.charset.embedded import gbk_inside, may_have_private, utf8_inside
from corpus_pipeline.text.charset.steps import ROWS, Steps, in_step
from corpus_pipeline.text.charset.utf8_variants import standard

#: Python's codec for charsets whose codec of the same name is another or missing.
CODECS = {
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "iso-2022-jp": "iso2022_jp_2",
}
#: Charsets that `detect` recognises and Python has no codec for.
UNREADABLE = frozenset({"euc-tw"})
#: Private-use characters of GB18030-2000 (Python's map) and the characters of GB18030-2022 there.
_GB_2022 = str.maketrans(
    "\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue7c7\ue81e\ue826\ue82b\ue82c"
    "\ue832\ue843\ue854\ue864\ue816\ue817\ue818\ue831\ue83b\ue855",
    "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19\u1e3f\u9fb4\u9fb5\u9fb6\u9fb7"
    "\u9fb8\u9fb9\u9fba\u9fbb\U00020087\U00020089\U000200cc\U000215d7\U0002298f\U000241fe",
)
_GB_PRIVATE = re.compile("[\ue78d-\ue796\ue7c7\ue816-\ue864]")
#: Two characters that Python's Big5 decodes in another way than browsers do.
_BIG5_WEB = (("\u2022", "\u2027"), ("\uff64", "\ufe51"))
#: The bytes of U+FFFD itself, so that one in the source does not count as a lost byte.
_WRITTEN = {"gb18030": b"\x84\x31\xa4\x37", "utf-16le": b"\xfd\xff", "utf-16be": b"\xff\xfd"}
#: For each charset the search for runs in another one, and the name of that one.
_INSIDE = {
    "utf-8": (gbk_inside, "gb18030"),
    "gb18030": (utf8_inside, "utf-8"),
    "big5": (utf8_inside, "utf-8"),
    "big5-hkscs": (utf8_inside, "utf-8"),
}
#: A byte order mark where a line begins: no character in any of these charsets, but a seam between
#: files, whatever the charset of the next one.
_MARK = b"\xef\xbb\xbf"
_SEAM = re.compile(rb"(?<![^\r\n])" + _MARK)
_RAISED = bytes(b | 0x80 for b in range(256))
#: ISO-2022-CN: from SO to SI, the end of the line or an escape sequence.
_SHIFTED = re.compile(rb"\x0e([\x21-\x7e]*)(?:\x0f|(?=[\n\x1b])|$)")
_DESIGNATED = re.compile(rb"\x1b\$[)*+][A-Z]|\x1b[NO]")


def decode(data: bytes, charset: str, steps: Steps | None = None) -> tuple[str, int]:
    """The text, and how many bytes had no character; byte order marks are removed.

    A mark within the text shows that files were put together there; it is no character of either.

    Runs of UTF-8 in a Chinese charset, and of GB 2312 in UTF-8, are read as what they are.  With
    `steps`, pairs of a Chinese charset that are out of step after a lost byte are read in step.

    >>> decode("价格：".encode("gbk") + bytes([0x80]) + "5元".encode("gbk"), "gb18030")
    ('价格：€5元', 0)
    >>> decode("中文".encode() + bytes([0xFF]) + "语料".encode()[:-1], "utf-8")
    ('中文\ufffd语\ufffd\ufffd', 3)
    """
    pieces, at = [], 0
    if charset == "iso-2022-cn":
        data, charset = _eight_bit(data), "gb18030"
    if charset in _INSIDE:
        data = _SEAM.sub(b"", data) if _MARK in data else data
        search, other = _INSIDE[charset]
        if charset == "utf-8":
            strict = _strict(data, charset)
            if strict is None:
                data = standard(data)
                strict = _strict(data, charset)
            if strict is not None:
                return strict.replace("\ufeff", ""), 0
        for start, end in search(data):
            inside = _strict(data[start:end], other)
            if inside is None or (
                charset == "utf-8" and _strict(data[start:end], charset) is not None
            ):
                continue
            pieces += [_piece(data[at:start], charset, steps), (inside, 0)]
            at = end
    pieces.append(_piece(data[at:], charset, steps))
    text = "".join(piece for piece, _ in pieces)
    return text.replace("\ufeff", ""), sum(replaced for _, replaced in pieces)


def big5_name(text: str) -> str:
    """The Big5 that a decoded text needs: `big5`, or `big5-hkscs` for Hong Kong's characters.

    >>> big5_name("資料庫"), big5_name("佢哋嘅"), big5_name("㗎")
    ('big5', 'big5-hkscs', 'big5-hkscs')
    """
    try:
        text.replace("\ufffd", "").encode("cp950")
    except UnicodeEncodeError:
        return "big5-hkscs"
    return "big5"


def _eight_bit(data: bytes) -> bytes:
    """ISO-2022-CN as GB 2312; characters in its CNS planes stay two bytes each."""
    plain = _DESIGNATED.sub(b"", data)
    return _SHIFTED.sub(lambda shifted: shifted[1].translate(_RAISED), plain)


def _strict(data: bytes, charset: str) -> str | None:
    try:
        return data.decode(CODECS.get(charset, charset))
    except UnicodeDecodeError:
        return None


def _piece(data: bytes, charset: str, steps: Steps | None) -> tuple[str, int]:
    if steps and charset in ROWS:
        data = in_step(data, charset, steps)
    text = _strict(data, charset)
    replaced = 0
    if text is None:
        handler = {"gb18030": "corpus_gbk", "big5": "corpus_big5", "big5-hkscs": "corpus_big5"}
        text = data.decode(CODECS.get(charset, charset), handler.get(charset, "corpus_byte"))
        written = _WRITTEN.get(charset, b"\xef\xbf\xbd")
        replaced = max(text.count("\ufffd") - data.count(written), 0)
    if charset == "gb18030" and may_have_private(data):
        text = _GB_PRIVATE.sub(lambda private: private[0].translate(_GB_2022), text)
    elif charset.startswith("big5"):
        for python, web in _BIG5_WEB:
            text = text.replace(python, web)
    return text, replaced


def _each_byte(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\ufffd" * (error.end - error.start), error.end


def _gbk_byte(error: UnicodeError) -> tuple[str, int]:
    """Give up one byte only, so that the next pair is read in step; 0x80 is € as in cp936."""
    assert isinstance(error, UnicodeDecodeError)
    byte = error.object[error.start]
    return ("€" if byte == 0x80 else "\ufffd"), error.start + 1


def _big5_byte(error: UnicodeError) -> tuple[str, int]:
    """A character of Microsoft's page 950 that Big5-HKSCS lacks (the euro), or one lost byte."""
    assert isinstance(error, UnicodeDecodeError)
    pair = error.object[error.start : error.start + 2]
    try:
        return pair.decode("cp950"), error.start + 2
    except UnicodeDecodeError:
        return "\ufffd", error.start + 1


codecs.register_error("corpus_byte", _each_byte)
codecs.register_error("corpus_gbk", _gbk_byte)
codecs.register_error("corpus_big5", _big5_byte)
