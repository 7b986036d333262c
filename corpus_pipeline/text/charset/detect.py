"""The charset that bytes are written in, whatever was declared.

Enters: bytes, the charset that was declared in the transport, and a table of the bits that each
character costs.
Leaves: a `Charset`: a name with a confidence.  Only a sample is decoded; `decode` decodes the
whole.

All candidates must explain the same bytes.  Each decodes them, and the table says how many bits
its characters cost in the writing that the charset serves (a common character few, a rare one many,
a byte without a character most): the candidate with the fewest bits wins.  A declaration is worth
some bits, so that it decides a close race and loses a clear one.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from corpus_pipeline.text.arrays import U8, U32, Numbers
from corpus_pipeline.text.charset.pairs import pair_costs, quick
from corpus_pipeline.text.charset.steps import ROWS, cut, step_costs
from corpus_pipeline.text.charset.utf8_variants import is_utf8

#: Bits per character of the basic plane (65,536 values) for each writing; `pairs` and `steps`: a
#: row of 65,536 pairs of bytes for each way of reading them (`pairs.pair_costs`,
#: `steps.step_costs`).
Costs = Mapping[str, Numbers]

#: Bits that a character costs which the table does not list.  Its listed ones cost at most 17.
UNLISTED_HAN, UNLISTED_LETTER, FOREIGN, UNASSIGNED, NO_CHARACTER, ASCII = 19, 15, 18, 24, 30, 5
#: Bits that a declaration is worth: that of the transport, that of the page itself, and a byte
#: order mark that the bytes after it contradict.
HTTP_BITS, PAGE_BITS, MARK_BITS = 12, 10, 20
#: The sample: bytes from the front and from the middle; more changed no answer on real files.
SAMPLE = 4096
#: How far a page is searched for its own declaration (the HTML standard says 1024; real Chinese
#: pages put scripts before it).
PAGE_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Charset:
    """A charset by a name that both Python and the web know, and a confidence from 0 to 1."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A charset, Python's codec for it, and the writings it serves."""

    name: str
    codec: str
    models: tuple[str, ...]
    #: Bits in favour before a byte is read: bytes seldom look like UTF-8 by chance, and of the
    #: single-byte charsets the western one is the most common.
    bits: int = 0


CANDIDATES = (
    Candidate("utf-8", "utf-8", ("any",), bits=8),
    # GB18030 for all of the GB family: every GB2312 and GBK page is valid GB18030.
    Candidate("gb18030", "gb18030", ("hans", "hant")),
    Candidate("big5", "big5hkscs", ("hant",)),
    Candidate("euc-jp", "euc_jp", ("ja",)),
    Candidate("shift_jis", "cp932", ("ja",)),
    Candidate("euc-kr", "cp949", ("ko",)),
    Candidate("johab", "johab", ("ko",)),
    Candidate("windows-1252", "cp1252", ("latin",), bits=3),
    Candidate("windows-1251", "cp1251", ("cyrillic",)),
    Candidate("koi8-r", "koi8_r", ("cyrillic",)),
)
CODECS = {c.name: c.codec for c in CANDIDATES} | {"big5-hkscs": "big5hkscs"}
_MULTIBYTE = ("utf-8", "gb18030", "big5", "euc-jp", "shift_jis", "euc-kr", "johab")
_ALIASES = {
    "gb18030": "gb2312 gbk gb18030 cp936 ms936 gb_2312-80 gb2312-80 x-gbk euc-cn chinese"
    " csgb2312 windows-936 hz-gb-2312",
    "big5": "big5 big-5 big5-hkscs big5hkscs cp950 cn-big5 x-x-big5 csbig5 windows-950",
    "utf-8": "utf-8 utf8 utf_8 unicode-1-1-utf-8 x-utf-8 utf8mb4",
    "shift_jis": "shift_jis shift-jis sjis x-sjis ms_kanji windows-31j cp932 csshiftjis",
    "euc-jp": "euc-jp eucjp x-euc-jp euc_jp",
    "euc-kr": "euc-kr euckr ks_c_5601-1987 cp949 uhc windows-949 ksc5601 ks_c_5601",
    "windows-1252": "iso-8859-1 iso8859-1 latin1 latin-1 windows-1252 cp1252 us-ascii ascii",
    "windows-1251": "windows-1251 cp1251",
    "koi8-r": "koi8-r koi8 koi8_r",
    "utf-16le": "utf-16 utf16 utf-16le unicode",
    "utf-16be": "utf-16be",
}
_NAMES = {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}
#: Families of charsets beyond the candidates that may be declared.
_OTHER = re.compile(r"iso8859-|cp125\d|cp874|koi8-|mac-|tis-620")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32le"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "utf-32be"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_SEVEN_BIT = (
    (re.compile(rb"~\{(?:[\x21-\x77][\x21-\x7e])+(?:\r?\n|~\})"), "hz"),
    (re.compile(rb"\x1b\$[@B]"), "iso2022_jp"),
    (re.compile(rb"\x1b\$\)C"), "iso2022_kr"),
    (re.compile(rb"\x1b\$\)A.*?\x0e(?:[\x21-\x7e]{2})+", re.DOTALL), "iso-2022-cn"),
)
_DECLARATION = re.compile(
    rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{2,30})"
    rb"|^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{2,30})",
    re.IGNORECASE,
)
_HIGH = bytes(range(0x80, 0x100))
_ASCII = Charset("utf-8", 1.0)
_THREE_BYTES = re.compile(rb"[\xe0-\xf4]")
#: EUC-TW: pairs, some after a mark of their plane, and bytes that may follow a run in a sample.
_EUC_TW = re.compile(rb"(?:(?:\x8e[\xa1-\xb0])?[\xa1-\xfe]{2}|[\n\x30-\x7e])+")
#: Bits per byte above which no candidate explains the pairs of a sample.  Measured: texts in one of
#: the candidates cost up to 5.5, short and damaged ones up to 6.5; EUC-TW costs 7.6 or more.
_UNKNOWN = 7.3
#: Bits per byte up to which a candidate explains a sample without a look at lost bytes.
_WHOLE = 5.5
#: Bytes that are searched at a time for the next part of a sample.
_BLOCK = 1 << 14
_WIDE = ("utf-16le", "utf-16be", "utf-32le", "utf-32be")
_UNITS = {"utf-16le": "<u2", "utf-16be": ">u2"}
#: The share of common characters in a text of these.  Measured: real UTF-16 and UTF-32 files reach
#: 0.93, 284 other and 39 binary ones at most 0.26.
_MOSTLY = 0.7
#: Answers that Python has no codec for.
_UNREADABLE = ("euc-tw", "iso-2022-cn")


def char_costs(lines: Iterable[str]) -> Costs:
    r"""The cost of every character of the basic plane in each writing.

    Lines hold a writing, a number of bits and the characters that cost so many, with tabs between
    them; bits that are no number raise ValueError.

    >>> float(char_costs(["hans\t5\t的", "ja\t6\tの"])["hans"][ord("的")])
    5.0
    """
    code = np.arange(65536)
    base = np.full(65536, FOREIGN, dtype=np.float32)
    base[:0x80] = ASCII
    base[0:0x20] = UNASSIGNED
    base[[9, 10, 13]] = ASCII
    base[0x80:0xA0] = UNASSIGNED
    base[0x3400:0xA000] = UNLISTED_HAN
    base[0x3000:0x3040] = base[0xFF00:0xFF60] = UNLISTED_LETTER
    base[0xD800:0xF900] = UNASSIGNED
    base[0xFFFD] = NO_CHARACTER
    costs = {name: base.copy() for name in ("hans", "hant", "ja", "ko")}
    for line in lines:
        model, _, rest = line.rstrip("\n").partition("\t")
        if model in costs:
            bits, _, characters = rest.partition("\t")
            costs[model][[ord(c) for c in characters]] = float(bits)
    for model, start, end in (("ja", 0x3040, 0x3100), ("ko", 0xAC00, 0xD7A4)):
        costs[model][start:end] = np.minimum(costs[model][start:end], UNLISTED_LETTER)
    letters = ((code >= 0xA0) & (code < 0x700)) | ((code >= 0xE00) & (code < 0xE80))
    costs["ja"][0xFF61:0xFFA0] = 10  # half-width katakana: one byte each in Shift-JIS
    every = base.copy()
    for cost in costs.values():
        every = np.minimum(every, cost)
    costs["any"] = np.where(letters, np.minimum(every, 8), every).astype(np.float32)
    latin = base.copy()
    latin[0xC0:0x180] = 7
    latin[[0xA0, 0xA9, 0xAB, 0xB0, 0xBB, *range(0x2013, 0x2027)]] = 9
    cyrillic = base.copy()
    cyrillic[0x410:0x430] = 9
    cyrillic[0x430:0x450] = 5
    cyrillic[[0xA0, 0xAB, 0xBB, 0x401, 0x451, 0x2014, 0x2116]] = 9
    costs |= {"latin": latin, "cyrillic": cyrillic}
    return {**costs, "pairs": pair_costs(costs), "steps": step_costs(costs)}


def charset_name(label: str | None) -> str | None:
    """The charset that a declaration means in browsers; null when it means none.

    >>> charset_name("GB2312"), charset_name("ISO-8859-1"), charset_name("no such charset")
    ('gb18030', 'windows-1252', None)
    """
    label = (label or "").strip().strip("\"'").lower()
    if not label or label in _NAMES:
        return _NAMES.get(label)
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return None
    return _NAMES.get(name, name if _OTHER.match(name) else None)


def page_declaration(data: bytes) -> str | None:
    """The charset that a page or an XML file declares for itself.

    >>> page_declaration(b'<meta http-equiv="Content-Type" content="text/html; charset=GBK">')
    'GBK'
    """
    head = data[:PAGE_HEAD]
    may_declare = any(word in head for word in (b"harset", b"ncoding", b"HARSET", b"NCODING"))
    match = _DECLARATION.search(head) if may_declare else None
    return (match[1] or match[2]).decode("ascii") if match else None


def declaration(data: bytes, declared: str | None) -> str | None:
    """The charset that the transport declares, or else the page itself, in lower case."""
    return (declared or page_declaration(data) or "").strip().lower() or None


def detect(data: bytes, declared: str | None, costs: Costs) -> Charset:
    r"""The charset of these bytes; `declared` is the charset that the transport declares.

    >>> costs = char_costs(["hans\t5\t的中文网页", "ja\t6\tのー"])
    >>> detect("中文的网页".encode("gbk"), "utf-8", costs).name
    'gb18030'
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _marked(data[len(mark) :], name, declared, costs)
    return _unmarked(data, declared, costs)


def _unmarked(data: bytes, declared: str | None, costs: Costs) -> Charset:
    if b"\0" in data[:PAGE_HEAD] or _in_rows(data[:PAGE_HEAD]):
        wide = _wide(data, costs)
        if wide:
            return wide
    if b"\x1b$" in data or b"~{" in data:
        seven_bit = _seven_bit(data)
        if seven_bit:
            return seven_bit
    if data.isascii():
        return _ASCII
    # UTF-8 of two-byte characters may be GBK; with one of three bytes it is no chance match.
    if _THREE_BYTES.search(data) and is_utf8(data):
        return Charset("utf-8", 1.0)
    sure = quick(data, costs["pairs"], SAMPLE)
    return Charset(*sure) if sure else _cheapest(data, declared, costs)


def without_mark(data: bytes) -> bytes:
    r"""The bytes after a byte order mark; it may be that of another charset than theirs.

    >>> without_mark(b"\xef\xbb\xbf\xd6\xd0").decode("gbk")
    '中'
    """
    mark = next((mark for mark, _ in _BOMS if data.startswith(mark)), b"")
    return data[len(mark) :]


def _marked(data: bytes, name: str, declared: str | None, costs: Costs) -> Charset:
    """The charset of bytes after the mark of the charset `name`.

    Programs that always write a mark, and files put together, have one before any charset.
    """
    if not data or name == "utf-8":
        wide = _wide(data, costs) if b"\0" in data[:PAGE_HEAD] else None
        if wide or (not data.isascii() and not is_utf8(data)):
            return wide or _unmarked(data, "utf-8", costs)
        return Charset(name, 1.0)
    head = data[:PAGE_HEAD]
    if _common(head[:128], name, costs) >= _MOSTLY:  # nearly always
        return Charset(name, 1.0)
    wide = _wide(data, costs) if b"\0" in head else None
    if wide and wide.name != name:
        return wide
    # Text of one script in UTF-16: half of its bytes are the same, and few are a byte of UTF-8.
    if any(2 * max(np.bincount(_bytes(head[k::2]))) > len(head[k::2]) for k in (0, 1)):
        return Charset(name, 1.0)
    other = _unmarked(data, declared, costs)
    own_bits, other_bits = (
        float(costs["any"][_codes(head.decode(CODECS.get(charset, charset), "replace"))].sum())
        for charset in (name, other.name if other.name not in _UNREADABLE else name)
    )
    return other if other_bits + MARK_BITS < own_bits else Charset(name, 1.0)


def _bytes(data: bytes) -> U8:
    return np.frombuffer(data, dtype=np.uint8)


def _seven_bit(data: bytes) -> Charset | None:
    plain = data.translate(None, _HIGH)
    # A few stray bytes are allowed.
    if len(plain) < 0.99 * len(data):
        return None
    for pattern, codec in _SEVEN_BIT:
        if pattern.search(plain):
            if codec != "iso-2022-cn":
                # The sequences may be damaged a little, but must give letters of the writing.
                text = plain.decode(codec, "ignore")
                if text.isascii() or len(plain.decode(codec, "replace")) > 1.02 * len(text) + 2:
                    continue
            return Charset(codec.replace("iso2022_", "iso-2022-"), 0.99)
    return None


def _in_rows(data: bytes) -> bool:
    """Whether every second byte is often 0x30, the high byte of kana and marks in UTF-16."""
    head = data[:256]
    return len(head) >= 8 and 4 * max(head[::2].count(b"0"), head[1::2].count(b"0")) > len(head)


def _wide(data: bytes, costs: Costs) -> Charset | None:
    """UTF-16 or UTF-32 without a mark, if most of its characters are common; otherwise null."""
    best = Charset("", 0.0)
    for name in _WIDE:
        common = _common(data[:PAGE_HEAD], name, costs)
        if common > best.confidence:
            best = Charset(name, common)
    return best if best.confidence >= _MOSTLY else None


def _common(data: bytes, charset: str, costs: Costs) -> float:
    """The share of characters that are common in some writing."""
    if charset in _UNITS:
        code = np.frombuffer(data[: len(data) & ~1], dtype=_UNITS[charset])
    else:
        code = _codes(data.decode(charset, "replace"))
    return np.count_nonzero(costs["any"][code] < UNLISTED_LETTER) / max(code.size, 1)


def _cheapest(data: bytes, declared: str | None, costs: Costs) -> Charset:
    """The candidate whose characters in a sample cost the fewest bits."""
    http, page = charset_name(declared), charset_name(page_declaration(data))
    candidates: Sequence[Candidate] = CANDIDATES
    for name in {http, page} - {None, *CODECS, *_WIDE}:
        candidates = (*candidates, Candidate(str(name), str(name), ("any",)))
    sample = _sample(data)
    race, paired = [], []
    for place, candidate in enumerate(candidates):
        text = sample.decode(candidate.codec, "replace")
        bits = _least_bits(text, candidate, costs)
        if candidate.name in ROWS:
            paired.append((place, bits))
        bits -= HTTP_BITS * (candidate.name == http) + PAGE_BITS * (candidate.name == page)
        race.append((bits - candidate.bits, place))
    if min(race)[0] / len(sample) > _WHOLE:
        for place, bits in paired:  # one lost byte must not make all others look foreign
            held = cut(sample, candidates[place].name, costs["steps"], NO_CHARACTER)
            text = held.decode(candidates[place].codec, "replace")
            won = bits - _least_bits(text, candidates[place], costs)
            race[place] = (race[place][0] - won, place)
    race.sort()
    (first, place), (second, _) = race[:2]
    if candidates[place].name not in _MULTIBYTE or first / len(sample) > UNLISTED_HAN / 2 - 1.5:
        # A single-byte charset, or mostly rare characters: it may be UTF-16 without a mark.
        wide = _wide(data, costs)
        if wide:
            return wide
    if first / len(sample) > _UNKNOWN and len(sample) >= 100 and _EUC_TW.fullmatch(sample):
        return Charset("euc-tw", 0.5)
    # Neighbouring characters are not independent: four bits of this margin count as one.
    return Charset(candidates[place].name, float(1 - 2 ** (-(second - first) / 4)))


def _least_bits(text: str, candidate: Candidate, costs: Costs) -> float:
    """What a sample costs in the writing that suits it best."""
    code = _codes(text)
    return min(_bits(code, model, costs) for model in candidate.models)


def _sample(data: bytes) -> bytes:
    """Runs of high bytes, each with bytes that may be trail bytes; at most 2 `SAMPLE` of those.

    A run starts where a character starts, also in the second half of the sample, which is from the
    middle of the data.  Line breaks separate the runs.
    """
    front, end = _runs(data, 0)
    later = max(len(data) // 2, end)
    middle = _runs(data, later)[0] if later < len(data) else b""
    return front + b"\n" + middle if middle else front


def _runs(data: bytes, start: int) -> tuple[bytes, int]:
    """The runs from `start` on with at most `SAMPLE` bytes, and the position after them."""
    runs, size, at = [], 0, start
    while at < len(data) and size < SAMPLE:
        byte = np.frombuffer(data, dtype=np.uint8, count=min(_BLOCK, len(data) - at), offset=at)
        high = byte >= 0x80
        if at and high[0] and data[at - 1] >= 0x80:
            # Within a run it is unknown where a character starts: skip to its end.
            skipped = int(np.argmin(high)) if not high.all() else byte.size
            byte, high, at = byte[skipped:], high[skipped:], at + skipped
        trail = np.zeros(byte.size, dtype=bool)
        trail[1:] = high[:-1] & (byte[1:] >= 0x30) & (byte[1:] < 0x7F)
        chosen = np.flatnonzero(high | trail)[: SAMPLE - size]
        if chosen.size:
            gaps = np.flatnonzero(chosen[1:] - chosen[:-1] > 1) + 1
            runs.append(np.insert(byte[chosen], gaps, ord("\n")).tobytes())
            size += chosen.size
        at += int(chosen[-1]) + 1 if size >= SAMPLE else byte.size
    return b"\n".join(runs), at


def _codes(text: str) -> U32:
    """Code points; those beyond the basic plane become a private one, which costs the same."""
    code = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)
    return np.where(code > 0xFFFF, np.uint32(0xE000), code)


def _bits(code: U32, model: str, costs: Costs) -> float:
    """What a text costs in a writing, with a penalty for unlikely neighbours."""
    bits = costs[model][code]
    high = code >= 0x80
    before, after = np.zeros(code.size, dtype=bool), np.zeros(code.size, dtype=bool)
    before[1:], after[:-1] = high[:-1], high[1:]
    if model == "latin":
        # Accented letters are single between plain ones; a run of them is another writing.
        bits = bits + 8.0 * (high & before)
    elif model == "cyrillic":
        # A Cyrillic letter has no Latin one directly after it.
        bits = bits + 8.0 * (high & ~after & np.append(code[1:] >= 0x41, [False]))
    elif model in ("hans", "hant", "ja", "ko"):
        # Their characters come in runs, unlike accented letters: "für" is not 黵.
        bits = bits + 5.0 * (high & ~before & ~after)
    return float(bits.sum())
