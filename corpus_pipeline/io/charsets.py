"""The charset and the line ends of a file of records, by a sample of it.

Enters: the plain bytes of a file in order, until enough of them were seen.  Leaves: its `Coding`.
A charset is found as `decode` finds that of a text; most lines decide, so that a bad byte here and
there makes no other charset of UTF-8.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Final, Literal

from corpus_pipeline.io.assets import PACKAGE
from corpus_pipeline.text.charset.decode import UNREADABLE, decode
from corpus_pipeline.text.charset.detect import CODECS, UNLISTED_LETTER, Costs, char_costs, detect

#: The table of character costs that comes with the package; `engine.code` pins it.
TABLE: Final = PACKAGE / "assets" / "char_costs.tsv"
#: Bytes of the beginning by which line ends are judged, and of the sample for the charset.
SAMPLE: Final = 1 << 20
#: Plain bytes after which an ASCII file that has to be inflated only for this is taken at its word.
MOST: Final = 1 << 26
#: Lines of a sample that are tried: more changed no answer.
TRIED: Final = 10_000
#: Below this a guess among charsets is no better than the most common one, GB18030.
SURE: Final = 0.8
#: Letters outside ASCII that a single-byte charset must show: any byte is a letter of it.
LETTERS: Final = 4
#: Bytes without a character, and controls, from which and above which share bytes are no text: the
#: bounds of the pack of `decode`, which says what was measured.
LEAST_BAD: Final = 16
MOST_BAD: Final = 0.05
_SINGLE: Final = frozenset({"windows-1252", "windows-1251", "koi8-r"})
_ASCII: Final = bytes(range(128))
_WITHOUT_CONTROLS: Final = dict.fromkeys((*range(9), *range(14, 27), *range(28, 32), 127))


@dataclass(frozen=True, slots=True)
class Coding:
    """A charset by the name that `decode` uses, and what ends a line."""

    charset: str = "utf-8"
    ends: Literal["lf", "cr"] = "lf"

    @property
    def codec(self) -> str:
        """Python's name of the charset."""
        return CODECS.get(self.charset, self.charset)

    @property
    def unit(self) -> int:
        """Bytes of a code unit: of the mark that ends a line."""
        return {"utf-16": 2, "utf-32": 4}.get(self.charset[:6], 1)

    @property
    def newline(self) -> bytes:
        """The bytes that end a line."""
        return ("\n" if self.ends == "lf" else "\r").encode(self.codec)


UTF8: Final = Coding()


class Sampler:
    """Blocks of a file → its coding; `full` says that no more are needed."""

    def __init__(self) -> None:
        """A sampler that has seen nothing."""
        self.full = False
        self.seen = 0
        self._head = b""
        self._sample = b""

    def feed(self, block: bytes) -> None:
        """The next block: the beginning is kept, and of the rest what is not ASCII."""
        if self.full:
            return
        self.seen += len(block)
        if len(self._head) < SAMPLE:
            self._head += block[: SAMPLE - len(self._head)]
            self.full = len(self._head) == SAMPLE and not _is_plain(self._head)
        elif not block.isascii():
            self._sample = (self._sample + block)[:SAMPLE]
            self.full = True

    def coding(self) -> Coding:
        """What the file is written in, as far as it was seen."""
        plain = _is_plain(self._head)
        found = Coding(charset_of(self._sample if plain and self._sample else self._head))
        head = self._head
        if found.unit > 1:
            head = head.decode(found.codec, "replace").encode("utf-8", "replace")
        return replace(found, ends="cr" if ends_in_cr(head) else "lf")


def _is_plain(data: bytes) -> bool:
    return data.isascii() and b"\0" not in data


def ends_in_cr(head: bytes) -> bool:
    r"""Whether the lines of a file that begins so end in CR alone, as a Macintosh wrote them.

    >>> ends_in_cr(b"id,text\r1,a\r"), ends_in_cr(b"id,text\r\n1,a\r\n"), ends_in_cr(b"a")
    (True, False, False)
    """
    return b"\r" in head and b"\n" not in head


def charset_of(sample: bytes) -> str:
    """The charset of a sample that begins where a character does.

    >>> charset_of('{"text": "春天来了，河边的柳树发芽了。"}'.encode("gbk"))
    'gb18030'
    """
    if sample.isascii() and b"\0" not in sample:
        return "utf-8"
    if b"\0" not in sample[:4096] and not sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        lines = [line for line in sample.splitlines()[:TRIED] if not line.isascii()]
        if len(lines) > 1 and len(sample) >= SAMPLE:
            del lines[0], lines[-1:]  # both may be cut
        if 2 * sum(_reads(line, "utf-8") for line in lines) >= len(lines):
            return "utf-8"
        sample = b"\n".join(lines)
    else:
        lines = []
    found = detect(sample, None, costs())
    if found.name in UNREADABLE or not is_text(sample, found.name):
        return "utf-8"
    if found.name in _SINGLE and len(set(sample.translate(None, _ASCII))) < LETTERS:
        return "utf-8"
    if lines and found.confidence < SURE:
        return "gb18030" if _is_common_chinese(sample) else "utf-8"
    return found.name


def is_text(data: bytes, charset: str) -> bool:
    r"""Whether bytes read in this charset are text: few have no character or are controls.

    >>> is_text("春天".encode("gbk"), "gb18030"), is_text(b"\0\1\2\3" * 9, "utf-8")
    (True, False)
    """
    text, lost = decode(data, charset)
    bad = lost + len(text) - len(text.translate(_WITHOUT_CONTROLS))
    return bad <= MOST_BAD * len(data) or (bad < LEAST_BAD and 4 * bad < len(data))


def _is_common_chinese(sample: bytes) -> bool:
    """Whether GB18030 reads a short sample, and most of its characters are in daily use."""
    if not _reads(sample, "gb18030"):
        return False
    codes = [ord(char) for char in sample.decode("gb18030") if "\x7f" < char < "\uffff"]
    listed = costs()["hans"][codes] < UNLISTED_LETTER
    return 2 * int(listed.sum()) > len(codes)


def _reads(line: bytes, codec: str) -> bool:
    try:
        line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


@cache
def costs() -> Costs:
    """The table of character costs of the package."""
    return char_costs(TABLE.read_text("utf-8").splitlines())
