"""A second look for personal data in finished text, by another engine than the one that masked it.

Enters: a finished text, or a column of them.  Leaves: type and offsets (code points) of what an
audit takes for unmasked mobile numbers, resident identity numbers, bank cards beside a cue, and
e-mail addresses; never the value.
It shares no code and no rules with the `pii` stage, so that it does not overlook the same things
for the same reason.  It reads full-width digits, but no Han digits and no hidden separators, which
only the `pii` stage looks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import phonenumbers
import polars as pl
import tldextract
from stdnum import luhn
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

#: Type, start and end (code points) of personal data that was not masked.
Residue = tuple[str, int, int]

#: Everything `second_pass` can find holds one of these; Rust's and Python's engines agree on it.
CANDIDATE = r"[0-9０-９](?:[ \-]?[0-9０-９]){10}|[A-Za-z0-9][@＠][A-Za-z0-9Ａ-Ｚａ-ｚ]"

_WIDE = str.maketrans("０１２３４５６７８９＠．＋－　（）", "0123456789@.+- ()")
#: What the `pii` stage writes; its words are no cue for what stands beside it.
_PLACEHOLDER = re.compile(r"<[A-Z一-鿿]{2,6}>")
_NUMBER = re.compile(r"[0-9](?:[ -]?[0-9]){10,24}[Xx]?")
_MOBILE_START = re.compile("1[3-9]")
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z0-9][A-Za-z0-9_.+%-]{0,63}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+([A-Za-z]{2,15})(?![A-Za-z0-9])"
)
_LINK = re.compile(r"(?:https?://|www\.)[!-;=?-~]+")
_CARD_CUE = re.compile(r"卡号|银行卡|账号|帐号|账户|信用卡|储蓄卡|借记卡|汇款|转账")
#: Lengths and first digits of cards that are in use; an account may be any number.
_CARD = re.compile("4(?:[0-9]{15}|[0-9]{18})|(?:62|5|6|9)[0-9]{14,17}|2[2-7][0-9]{14}")
_PHONE_CUE = re.compile(r"电话|手机|联系|致电|(?i:tel|phone|mobile)")
#: What stands around a number that is an amount, an order or a longer code.
_NO_PHONE_LEFT = re.compile(
    r"(?:[0-9A-Za-z_](?:[./_-]| ?[:：=#] ?)?|[￥¥$]|(?:号|码|水|额|计|金|货|id|ID)[:：=#为是]? ?"
    r"|(?<![A-Za-z])[A-Z]{2,} |[0-9]\s?[-+*/=]\s?)$"
)
_UNIT = (
    "亿|万|人|股|件|条|次|吨|度|亩|辆|%|％|多?元|[美港欧日韩]元|卢布|英镑|[千公毫]?[克斤米]|[公英]里|公顷"
    "|字节|比特|[千兆]瓦|[立平]方|分钟|小时|[kKMG]?[gBWm]|bytes"
)
_NO_PHONE_RIGHT = re.compile(rf"[0-9A-Za-z_]|[.-][0-9]| ?(?:{_UNIT})|[余多](?:{_UNIT})")
#: Numbers in source code: quoted as an argument, or among other numbers in brackets.
_QUOTE, _CODE = "\"'", "([{*`"
_ITEMS = re.compile(r"[\[({](?:[-.0-9 ]{1,10},)*\s?$|(?:(?<![0-9])[-.0-9 ]{1,10},){4,}\s?$")
_NEXT_MOBILE = re.compile(r",\s?[\"']1[3-9][0-9]{4}")
_NEXT_ITEM = re.compile(r"\s?(?:,\s?[-.0-9]{1,7}[,\])}]|[\])}])")
#: Groups of digits with separators between them, as people write them; a country code apart.
_GROUPS = re.compile(r"(?:86[ -]?)?1(?:[0-9]{10}|[0-9]{2}(?:[ -][0-9]{3,8})+|(?:[ -][0-9]){10})")
#: Slips of .com that still tell where mail goes.
_NEARLY_COM = frozenset({"con", "cmo", "ocm", "comm", "conm", "vom", "xom", "cim"})
#: A member of an object (`Age@joe.Age`) ends in a capitalised name after a small one.
_MEMBER = re.compile(r"[a-z0-9]\.[A-Z][a-z]+$")


@cache
def _endings() -> frozenset[str]:
    """The last labels of hosts that can get mail, by the public suffix list."""
    suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None).tlds
    return frozenset(suffix.split(".")[-1] for suffix in suffixes) | _NEARLY_COM


def candidates(texts: pl.Series) -> pl.Series:
    """Which texts `second_pass` has to read: a fast test, true wherever it finds any.

    >>> candidates(pl.Series(["电话13800000000", "你好"])).to_list()
    [True, False]
    """
    return texts.str.contains(CANDIDATE).fill_null(value=False)


def second_pass(text: str) -> list[Residue]:
    """Unmasked personal data as (type, start, end), in order.

    >>> second_pass("电话13800000000，邮箱<邮箱>")
    [('mobile', 2, 13)]
    >>> second_pass("同比增长13800000000元")
    []
    """
    view = text if text.isascii() else text.translate(_WIDE)
    if "<" in view:
        view = _PLACEHOLDER.sub(lambda match: "\ue000" * len(match[0]), view)
    links = [match.span() for match in _LINK.finditer(view)]
    residues = [*_emails(view), *_numbers(view)]
    return sorted(
        (residue for residue in residues if not _inside(residue, links)), key=lambda r: (r[1], r[2])
    )


def _inside(residue: Residue, links: list[tuple[int, int]]) -> bool:
    """Whether anything but an e-mail address lies in a link."""
    kind, start, end = residue
    return kind != "email" and any(a < end and start < b for a, b in links)


def _emails(view: str) -> Iterator[Residue]:
    if "@" not in view:
        return
    for match in _EMAIL.finditer(view):
        start, end = match.span()
        repository = re.match(r"[:/][A-Za-z]", view[end : end + 2])
        path = view[max(0, start - 1) : start] == "/"
        member = _MEMBER.search(match[0])
        if match[1].lower() in _endings() and not (repository or path or member):
            yield "email", start, end


def _numbers(view: str) -> Iterator[Residue]:
    for match in _NUMBER.finditer(view):
        start, end = match.span()
        if _touches(view, start, end):
            continue
        digits = re.sub(r"[ -]", "", match[0])
        left = view[max(0, start - 15) : start]
        if len(digits) == 18 and _resident(digits):
            yield "resident_id", start, end
        elif _CARD.fullmatch(digits) and _CARD_CUE.search(left) and luhn.is_valid(digits):
            yield "bank_card", start, end
        elif _MOBILE_START.search(digits) and not _foreign(view, start, digits):
            yield from _mobiles(view, start, end)


def _touches(view: str, start: int, end: int) -> bool:
    """Whether the run is a part of a longer code."""
    before, after = view[start - 1 : start], view[end : end + 1]
    return any(char.isascii() and char.isalnum() for char in (before, after) if char)


def _foreign(view: str, start: int, digits: str) -> bool:
    """Whether a plus sign and another country's code stand in front."""
    return view[start - 1 : start] == "+" and not digits.startswith("86")


def _resident(digits: str) -> bool:
    try:
        ric.validate(digits)
    except ValidationError:
        return False
    return True


def _mobiles(view: str, start: int, end: int) -> Iterator[Residue]:
    """Chinese mobile numbers in a run, by the number plan of `phonenumbers`."""
    run = view[start:end]
    for match in phonenumbers.PhoneNumberMatcher(run, "CN"):
        kind = phonenumbers.number_type(match.number)
        if kind != phonenumbers.PhoneNumberType.MOBILE or match.number.country_code != 86:
            continue
        first, last = start + match.start, start + match.end
        if not _GROUPS.fullmatch(view[first:last]):
            continue
        left, right = view[max(0, first - 15) : first], view[last : last + 12]
        # A cue before a placeholder is that of the number that was there.
        cued = _PHONE_CUE.search(left.rpartition("\ue000")[2])
        if cued or not _no_phone(view[max(0, first - 40) : first], right):
            yield "mobile", first, last


def _no_phone(left: str, right: str) -> bool:
    """Whether what stands beside a number says that it is an amount, a code or source text."""
    if _NO_PHONE_LEFT.search(left) or _NO_PHONE_RIGHT.match(right):
        return True
    if left[-1:] and left[-1] in _QUOTE and right[:1] == left[-1]:
        after = right[1:].lstrip()
        opened = left[:-1].endswith(tuple(_CODE)) or left[:-1].endswith(("= ", "+ ", "> "))
        closed = after[:1] in tuple(_CODE + ",)]};+") and not _NEXT_MOBILE.match(after)
        return opened and closed
    alone = left[-1:] in "([{" and right[:1] in ")]}"
    return bool(not alone and _ITEMS.search(left) and _NEXT_ITEM.match(right))
