"""Numbers by their digits: identity numbers, bank cards and telephones, however they are grouped.

Enters: a view of a text.  Leaves: type, start and end of what stands there unmasked.
A run of digits is cut where its writer put separators, and every row of neighbouring groups that
has the right length is held against check digits (`stdnum`) and number plans (`phonenumbers`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import phonenumbers
from stdnum import luhn
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_2

from corpus_pipeline.products.audit.second_view import MASKED, SPOKEN, UNSEEN

#: Type, start and end (code points) of personal data that was not masked.
Residue = tuple[str, int, int]
#: A group of digits between separators: start and end in the view.
Group = tuple[int, int]

_SPLIT = rf"[ .\-/_*~·•(){UNSEEN}]{{0,3}}"
_RUN = re.compile(rf"[0-9](?:{_SPLIT}[0-9]){{9,60}}[Xx]?")
_GROUP = re.compile("[0-9]+[Xx]?")
_SPOKEN_RUN = re.compile(rf"[{''.join(SPOKEN)}0-9](?:{_SPLIT}[{''.join(SPOKEN)}0-9]){{10,60}}")
_LOOKALIKE = re.compile(r"(?<![0-9A-Za-z|])[1lI|][3-9][0-9OoIl|]{9}(?![0-9A-Za-z|])")
#: Groups of a row, less one, beyond which they are read as digits one by one.
_MANY = 8
#: Characters that are read beside a run.
_AROUND = 40
_SAID = {ord(char): digit for char, digit in SPOKEN.items()}
#: How a number of so many digits begins, if it is one; all others need no closer look.
_BEGINS = re.compile(
    "10 [^1]|11 |12 (?:0|8[56])|13 (?:86|[2-9])|14 [2-9]|15 (?:0086|[2-9])|1[679] [2-9]|18 "
)
_REAL = str.maketrans("OoIl|", "00111")
_BIRTH_CENTURIES = ("18", "19", "20")
#: Provinces, Taiwan, the cards for residents from Hong Kong, Macao and Taiwan, and of foreigners.
_PROVINCES = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[1-5]")
_CARD_CUE = re.compile(r"卡号|银行卡|账号|帐号|账户|信用卡|储蓄卡|借记卡|汇款|转账")
#: Lengths and first digits of cards that are in use; an account may be any number.
_CARD = re.compile("4(?:[0-9]{15}|[0-9]{18})|(?:62|5|6|9)[0-9]{14,17}|2[2-7][0-9]{14}")
_PHONE_CUE = re.compile(r"电话|電話|手机|手機|联系|致电|传真|座机|热线|(?i:tel|phone|mobile|fax)")
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
#: A plus sign and another country's code, before all of the number.
_PLUS = re.compile(r"\+(?!86)(?:[0-9]{1,4}[ -]?){0,3}$")
_GOES_ON = re.compile("[-./_][0-9]")
#: Numbers in source code: quoted as an argument, or among other numbers in brackets.
_QUOTE, _CODE = "\"'", "([{*`"
_ITEMS = re.compile(r"[\[({](?:[-.0-9 ]{1,10},)*\s?$|(?:(?<![0-9])[-.0-9 ]{1,10},){4,}\s?$")
_NEXT_MOBILE = re.compile(r",\s?[\"']1[3-9][0-9]{4}")
_NEXT_ITEM = re.compile(r"\s?(?:,\s?[-.0-9]{1,7}[,\])}]|[\])}])")


def numbers(view: str) -> Iterator[Residue]:
    """Everything that is told by its digits."""
    for match in _RUN.finditer(view):
        groups = [found.span() for found in _GROUP.finditer(view, *match.span())]
        yield from _of_groups(view, groups)
    for match in _SPOKEN_RUN.finditer(view):
        yield from _spoken(view, *match.span())
    for match in _LOOKALIKE.finditer(view):
        digits = match[0].translate(_REAL)
        if not match[0].isdigit() and sum(map(str.isdigit, match[0])) > 2 and _mobile(digits):
            yield "mobile", *match.span()


def _spoken(view: str, start: int, end: int) -> Iterator[Residue]:
    """What a run of digits is that are written as characters, more than five of them."""
    run = view[start:end]
    if sum(char in SPOKEN for char in run) > 5:
        low = max(0, start - _AROUND)
        shown = view[low:start] + run.translate(_SAID) + view[end : end + _AROUND]
        groups = [found.span() for found in _GROUP.finditer(shown, start - low, end - low)]
        for kind, a, b in _of_groups(shown, groups):
            yield kind, low + a, low + b


def _of_groups(view: str, groups: list[Group]) -> Iterator[Residue]:
    """What rows of neighbouring groups are, the longest from each place first."""
    if len(groups) > 19 and all(end - start == 1 for start, end in groups):
        return
    first = 0
    while first < len(groups):
        taken = first
        for last in _lasts(groups, first):
            row = groups[first : last + 1]
            digits = "".join(view[a:b] for a, b in row)
            if _BEGINS.match(f"{len(digits)} {digits}") and (kind := _kind(view, row, digits)):
                yield kind, row[0][0], row[-1][1]
                taken = last + 1
                break
        first = max(taken, first + 1)


def _lasts(groups: list[Group], first: int) -> list[int]:
    """Where a row of 10 to 19 digits may end that begins at a group, the longest first.

    Digits one by one are a number where they are all of it, and a list otherwise.
    """
    lasts, whole = [], 0
    for last in range(first, min(len(groups), first + 19)):
        if last - first > _MANY and len(groups) > 19:
            break
        start, end = groups[last]
        whole += end - start
        if whole > 19:
            break
        if whole > 9 and (last - first <= _MANY or last - first + 1 == len(groups)):
            lasts.append(last)
    return lasts[::-1]


def _kind(view: str, groups: list[Group], digits: str) -> str | None:
    """The type of a row of groups, None where it is none."""
    if _touches(view, groups[0][0], groups[-1][1]):
        return None
    if len(digits) == 18 and resident(digits):
        return "resident_id"
    if not digits.isdigit():
        return None
    if len(digits) > 14 and _card(view, groups, digits):
        return "bank_card"
    return _phone(view, groups, digits)


def _touches(view: str, start: int, end: int) -> bool:
    """Whether the row is a part of a longer code."""
    before, after = view[start - 1 : start], view[end : end + 1]
    return any(char.isascii() and char.isalnum() for char in (before, after) if char)


def resident(digits: str) -> bool:
    """Whether eighteen characters are a resident identity number.

    >>> resident("110101190001010014"), resident("110101190001010010")
    (True, False)
    """
    if not digits[:17].isdigit() or digits[6:8] not in _BIRTH_CENTURIES:
        return False
    try:
        dt.date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
        mod_11_2.validate(digits.upper())
    except (ValueError, ValidationError):
        return False
    return bool(_PROVINCES.match(digits)) and digits[14:17] != "000"


def _card(view: str, groups: list[Group], digits: str) -> bool:
    """Whether the digits are a card's: beside a cue, or of UnionPay and in fours as on the card."""
    start, end = groups[0][0], groups[-1][1]
    if not _CARD.fullmatch(digits) or len(set(digits)) < 2 or not luhn.is_valid(digits):
        return False
    if _GOES_ON.match(view, end):
        return False
    fours = digits.startswith("62") and len(groups) > 3 and groups[0][1] - start == 4
    return fours or bool(_CARD_CUE.search(view[max(0, start - 15) : start]))


def _phone(view: str, groups: list[Group], digits: str) -> str | None:
    """The type of a telephone number, None where the digits are none."""
    start, end = groups[0][0], groups[-1][1]
    cued = bool(_PHONE_CUE.search(view[max(0, start - 15) : start].rpartition(MASKED)[2]))
    plus = view[start - 1 : start] == "+"
    coded = (plus and digits.startswith("86")) or len(digits) > 12
    if not coded and _PLUS.search(view[max(0, start - 24) : start]):
        return _abroad(digits, cued=cued) if plus else None
    national = re.sub("^(?:00)?86", "", digits) if coded else digits
    sizes = [b - a for a, b in groups]
    if len(national) == 11 and national[0] == "1":
        split = len(groups) > 1 and _GOES_ON.match(view, end)
        if split or not (_as_people_write(sizes, len(digits)) and _mobile(national)):
            return None
        spared = not cued and _no_phone(view[max(0, start - 40) : start], view[end : end + 12])
        return None if spared else "mobile"
    if cued or len(groups) > 1:
        return _landline(view, groups, national, cued=cued)
    return None


def _as_people_write(sizes: list[int], whole: int) -> bool:
    """Whether the groups are those of a mobile number: all in one, digit by digit, or 3 and more.

    A country code in front is a group of its own, or part of the first.
    """
    if whole > 11:
        code = whole - 11
        sizes = sizes[1:] if sizes[0] == code else [sizes[0] - code, *sizes[1:]]
    return len(sizes) == 1 or set(sizes) == {1} or (sizes[0] == 3 and min(sizes) > 2)


def _mobile(digits: str) -> bool:
    """Whether the number plan has eleven digits as a mobile number."""
    number = phonenumbers.PhoneNumber(country_code=86, national_number=int(digits))
    return (
        digits[0] == "1" and phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    )


def _abroad(digits: str, *, cued: bool) -> str | None:
    """A number with another country's code: of Hong Kong, Macao, Taiwan, or beside a cue."""
    near = digits.startswith(("852", "853", "886"))
    if not (near or cued):
        return None
    try:
        number = phonenumbers.parse(f"+{digits}", None)
    except phonenumbers.NumberParseException:
        return None
    return "landline" if phonenumbers.is_valid_number(number) else None


def _landline(view: str, groups: list[Group], national: str, *, cued: bool) -> str | None:
    """A number with an area code that stands apart, or any beside a cue."""
    start, end = groups[0][0], groups[-1][1]
    local = national.removeprefix("0")
    if len(local) not in {9, 10, 11} or local[0] == "0":
        return None
    number = phonenumbers.PhoneNumber(country_code=86, national_number=int(local))
    if phonenumbers.number_type(number) != phonenumbers.PhoneNumberType.FIXED_LINE:
        return None
    area = phonenumbers.length_of_geographical_area_code(number)
    # No exchange begins with 0, 1 or 9; the plan of `phonenumbers` has some that do.
    if local[area] in "019":
        return None
    first = view[groups[0][0] : groups[0][1]]
    apart = first in {f"0{local[:area]}", "86", "0086"} and len(groups) < 5
    if not (apart or (cued and national[0] == "0")):
        return None
    spared = _no_phone(view[max(0, start - 40) : start], view[end : end + 12])
    return "landline" if cued or not spared else None


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
