"""Bytes in a known charset to text: strictly where possible, otherwise losing only the bad bytes.

Enters: bytes and the name of a charset (`detect` finds it).
Leaves: the text, and the number of bytes without a character; each of them is one U+FFFD in the
text.  Bad bytes raise nothing; a name that Python does not know raises LookupError.
"""

from __future__ import annotations

import codecs
import re

from corpus_pipeline.text.charset.embedded import gbk_inside, may_have_private, utf8_inside
from corpus_pipeline.text.charset.steps import ROWS, Steps, in_step, look
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
    if charset == "iso-2022-cn":
        data, charset = _eight_bit(data), "gb18030"
    if charset == "utf-8":
        text, replaced = _utf8(data)
    elif steps and charset in ROWS:
        text, replaced = _pairs(data, charset, steps)
    else:
        text, replaced = _mixed(data, charset)
    return text.replace("\ufeff", ""), replaced


def _utf8(data: bytes) -> tuple[str, int]:
    text = _strict(data, "utf-8")
    if text is None:
        data = standard(_SEAM.sub(b"", data) if _MARK in data else data)
        text = _strict(data, "utf-8")
    return _mixed(data, "utf-8") if text is None else (text, 0)


def _pairs(data: bytes, charset: str, steps: Steps) -> tuple[str, int]:
    found = look(data, charset, steps)
    if not len(found.parts):
        return _piece(data, charset, moved=found.moved)
    # A line that begins with the mark of UTF-8 is in doubt: 锘 and what follows are rare.
    if any(data.startswith(_MARK, start) for start in found.parts[:, 0].tolist()):
        data = _SEAM.sub(b"", data)
        found = look(data, charset, steps)
    runs = utf8_inside(data, found.parts)
    if not runs:
        held = in_step(data, charset, steps, found)
        return _piece(held.data, charset, moved=held.moved)
    texts, at, replaced = [], 0, 0
    for start, end in (*runs, (len(data), len(data))):
        piece, inside = data[at:start], data[start:end].decode()
        held = in_step(piece, charset, steps, look(piece, charset, steps))
        text, lost = _piece(held.data, charset, moved=held.moved)
        texts += [text, inside]
        at, replaced = end, replaced + lost
    return "".join(texts), replaced


def _mixed(data: bytes, charset: str) -> tuple[str, int]:
    """The text of bytes that may have runs in another charset."""
    search, other = _INSIDE.get(charset, (None, ""))
    texts, at, replaced = [], 0, 0
    for start, end in (*(search(data) if search else ()), (len(data), len(data))):
        inside = _strict(data[start:end], other) if start < end else ""
        if inside is None or (start < end and charset == "utf-8" and _valid(data[start:end])):
            continue
        text, lost = _piece(data[at:start], charset)
        texts += [text, inside]
        at, replaced = end, replaced + lost
    return "".join(texts), replaced


def _valid(data: bytes) -> bool:
    return _strict(data, "utf-8") is not None


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


def _piece(data: bytes, charset: str, *, moved: bool | None = None) -> tuple[str, int]:
    """Text and lost bytes of a piece; `moved` is whether it has pairs of `_GB_2022`, if known."""
    text = _strict(data, charset)
    replaced = 0
    if text is None:
        handler = {"gb18030": "corpus_gbk", "big5": "corpus_big5", "big5-hkscs": "corpus_big5"}
        text = data.decode(CODECS.get(charset, charset), handler.get(charset, "corpus_byte"))
        written = _WRITTEN.get(charset, b"\xef\xbf\xbd")
        replaced = max(text.count("\ufffd") - data.count(written), 0)
    if moved is None:
        moved = charset == "gb18030" and may_have_private(data)
    return _of_today(text, charset, moved=moved), replaced


def _of_today(text: str, charset: str, *, moved: bool) -> str:
    """The text with the characters that the standards of today have where Python has others."""
    if charset == "gb18030" and moved:
        return _GB_PRIVATE.sub(lambda private: private[0].translate(_GB_2022), text)
    if charset.startswith("big5"):
        for python, web in _BIG5_WEB:
            text = text.replace(python, web)
    return text


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
