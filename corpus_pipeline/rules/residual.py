"""A second look for personal data in finished text, by another engine than the one that masked it.

Enters: a finished text, or a column of them.  Leaves: what an audit holds for unmasked mobile
numbers, resident identity numbers, bank cards beside a cue, and e-mail addresses.
Refuses: to share code or rules with the `pii` stage (what that one overlooks must not be
overlooked here for the same reason), and to return a value.  It reads full-width digits, but no
Han digits and no hidden separators: those are the first engine's own promise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers
import polars as pl
from stdnum import luhn
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

Residue = tuple[str, int, int]

#: Everything `second_pass` can find holds one of these (Rust and Python read it alike).
CANDIDATE = r"[0-9０-９](?:[ \-]?[0-9０-９]){10}|[A-Za-z0-9][@＠][A-Za-z0-9Ａ-Ｚａ-ｚ]"

_WIDE = str.maketrans("０１２３４５６７８９＠．＋－　", "0123456789@.+- ")
_NUMBER = re.compile(r"[0-9](?:[ -]?[0-9]){10,24}[Xx]?")
_MOBILE_START = re.compile("1[3-9]")
_EMAIL = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9_.+%-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.([A-Za-z]{2,15})"
)
_LINK = re.compile(r"(?:https?://|www\.)[!-;=?-~]+")
_CARD_CUE = re.compile(r"卡号|银行卡|账号|帐号|账户|信用卡|储蓄卡|借记卡|汇款|转账")
_PHONE_CUE = re.compile(r"电话|手机|联系|致电|(?i:tel|phone|mobile)")
#: What stands around a number that is an amount, an order or a longer code.
_NO_PHONE_LEFT = re.compile(r"(?:[0-9A-Za-z_][./_-]?|[￥¥$]|(?:号|码|水|额|计|id|ID)[:： ]?)$")
_NO_PHONE_RIGHT = re.compile(r"[0-9A-Za-z_%％亿万元人吨股]|[.-][0-9]| ?(?:亿|万|元|人|吨|股|km|kg)")
#: Endings of file and module names after an at sign (icon@2x.png), and paths after a host.
_NO_DOMAIN = frozenset(
    {"png", "jpg", "jpeg", "gif", "svg", "webp", "js", "ts", "css", "py", "json"}
)


def candidates(texts: pl.Series) -> pl.Series:
    """Which texts `second_pass` has to read: a vectorised test that lets none of its finds go by.

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
    links = [match.span() for match in _LINK.finditer(view)]
    found = [*_emails(view), *_numbers(view)]
    return sorted(
        (residue for residue in found if not _inside(residue, links)), key=lambda r: (r[1], r[2])
    )


def _inside(residue: Residue, links: list[tuple[int, int]]) -> bool:
    kind, start, end = residue
    return kind != "email" and any(a <= start and end <= b for a, b in links)


def _emails(view: str) -> Iterator[Residue]:
    if "@" not in view:
        return
    for match in _EMAIL.finditer(view):
        start, end = match.span()
        repository = re.match(r"[:/][A-Za-z]", view[end : end + 2])
        path = view[max(0, start - 1) : start] == "/"
        if match[1].lower() not in _NO_DOMAIN and not repository and not path:
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
        elif 15 < len(digits) < 20 and _CARD_CUE.search(left) and luhn.is_valid(digits):
            yield "bank_card", start, end
        elif _MOBILE_START.search(digits):
            yield from _mobiles(view, start, end)


def _touches(view: str, start: int, end: int) -> bool:
    """Whether the run is a part of a longer code."""
    before, after = view[start - 1 : start], view[end : end + 1]
    return any(char.isascii() and char.isalnum() for char in (before, after) if char)


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
        left, right = view[max(0, first - 15) : first], view[last : last + 3]
        if _NO_PHONE_RIGHT.match(right) and not _PHONE_CUE.search(left):
            continue
        if not _NO_PHONE_LEFT.search(left) or _PHONE_CUE.search(left):
            yield "mobile", first, last
