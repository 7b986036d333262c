"""Codes of letters and digits, addresses of machines, mail and secrets.

Enters: a view of a text.  Leaves: type, start and end of what stands there unmasked.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache

import tldextract
from stdnum.cn import uscc

from corpus_pipeline.products.audit.second_numbers import Residue
from corpus_pipeline.products.audit.second_view import UNSEEN

_ALONE, _APART = "(?<![0-9A-Za-z])", "(?![0-9A-Za-z])"
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z0-9][A-Za-z0-9_.+%-]{0,63}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,5}([A-Za-z]{2,15})(?![A-Za-z0-9])"
)
_SPELLED = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z0-9][A-Za-z0-9_.+%-]{1,63} ?"
    r"(?:[\[(]at[\])]|艾特|@) ?"
    r"[A-Za-z0-9][A-Za-z0-9-]{0,61}(?: ?(?:\.|[\[(]dot[\])]|。|点) ?([A-Za-z]{2,15})){1,3}"
    r"(?![A-Za-z0-9])",
    re.IGNORECASE,
)
#: A member of an object, as code has it: The time is @DateTime.Now.
_MEMBER_OF_OBJECT = re.compile(r" @[A-Z][a-z]+[A-Z]?[A-Za-z]*\.[A-Z][a-z]+$")
#: Slips of .com that still tell where mail goes.
_NEARLY_COM = frozenset({"con", "cmo", "ocm", "comm", "conm", "vom", "xom", "cim"})
#: A member of an object (`Age@joe.Age`) ends in a capitalised name after a small one.
_MEMBER = re.compile(r"[a-z0-9]\.[A-Z][a-z]+$")
_HONG_KONG = re.compile(rf"{_ALONE}([A-Z]{{1,2}})([0-9]{{6}}) ?\(([0-9A])\)")
_TAIWAN = re.compile(rf"{_ALONE}(?<![-_/.#])([A-Z])([1289A-D])([0-9]{{8}}){_APART}(?![-_/])")
_TAIWAN_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
_VEHICLE = re.compile(
    rf"{_ALONE}(?=[^\W\d_]|[0-9]{{1,13}}[A-Z])[A-HJ-NPR-Z0-9]{{13}}[0-9]{{4}}{_APART}"
)
_VEHICLE_VALUES = dict(
    zip(
        "0123456789ABCDEFGHJKLMNPRSTUVWXYZ",
        map(int, "012345678912345678123457923456789"),
        strict=True,
    )
)
_VEHICLE_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_ORGANISATION = re.compile(rf"{_ALONE}[1-9ANY][1-59][0-9]{{6}}[0-9A-HJ-NP-RTUWXY]{{10}}{_APART}")
_PLATE = re.compile(
    r"[京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新]([A-HJ-NP-Z][·•.\- ]?"
    r"(?:[A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳领]|[A-HJK][A-HJ-NP-Z0-9][0-9]{4}|[0-9]{5}[A-HJK]))"
    r"(?![0-9A-Za-z])"
)
#: Letters and a year, or a word: 鲁GDP2023.
_NO_PLATE = re.compile(r"[A-Z]{2,}(?:19|20)[0-9]{2}|[A-Z·•.\- ]+")
_MILITARY = re.compile("[军兵士文广沈京济南兰成空海武政参后装]字第? ?[0-9]{4,8} ?号")
_DOTTED = re.compile(r"(?<![0-9A-Za-z._-])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9A-Za-z_-]|\.[0-9])")
_NO_ADDRESS_LEFT = re.compile(
    r"(?:(?i:v|ver|version|release|rev|section|chapter|build|oid|ansi|iso|rfc)[ .:=\"'*]{0,4}"
    r"|[版第见图表§章节条款]本?[号號]?[:： =]{0,2}(?:[0-9][0-9.]{0,7} ?)?[(（]?"
    r"|版本[^\n0-9]{0,8}(?:[0-9][0-9.]{0,12}[^\n0-9]{1,12})?)$"
)
#: What says that four small numbers are an address after all.
_ADDRESS_LEFT = re.compile(
    r"(?:(?<![A-Za-z])(?i:ips?|ipv4|host|server|dns|ping|addr|address|login|proxy|gateway|from)"
    r"(?![A-Za-z])|地址|主机|主機|服务器|伺服器|登[录陆錄]|来自|來自|来源|來源|网关|代理|访问|域名)"
)
_NO_ADDRESS_RIGHT = re.compile(r"\s?[节章条版款项]|(?i:\s?(?:version|release))")
_COLONS = re.compile(
    r"(?<![0-9A-Za-z:.])(?=[0-9A-Fa-f]*:)[0-9A-Fa-f:]{8,45}(?![0-9A-Za-z:]|\.[0-9])"
)
_HARDWARE = re.compile(
    r"(?<![0-9A-Za-z:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![0-9A-Za-z:-])"
)
_COORDINATES = re.compile(
    r"(?<![0-9.])(-?[0-9]{1,3}\.[0-9]{4,12})°? ?[,，] ?(-?[0-9]{1,3}\.[0-9]{4,12})(?![0-9.])"
)
_SECRET = re.compile(
    r"(?<![0-9A-Za-z])(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|sk-[A-Za-z0-9]{32,64}"
    r"|eyJ[A-Za-z0-9_-]{10,1000}\.eyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,1000})(?![0-9A-Za-z])"
    r"|-----BEGIN (?:[A-Z]{2,9} )?PRIVATE KEY-----"
)


@cache
def _endings() -> frozenset[str]:
    """The last labels of hosts that can get mail, by the public suffix list."""
    suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None).tlds
    return frozenset(suffix.split(".")[-1] for suffix in suffixes) | _NEARLY_COM


def codes(view: str) -> Iterator[Residue]:
    """Everything that is told by its form and by a check of its own."""
    seen = view.replace(UNSEEN, " ") if UNSEEN in view else view
    yield from _emails(seen)
    for kind, (pattern, test) in _CODES.items():
        for match in pattern.finditer(seen):
            if test(match):
                yield kind, *match.span()
    yield from _machines(seen)


def _emails(view: str) -> Iterator[Residue]:
    ends = []
    for match in _EMAIL.finditer(view) if "@" in view else ():
        start, end = match.span()
        repository = re.match(r"[:/][A-Za-z]", view[end : end + 2])
        path = view[max(0, start - 1) : start] == "/"
        member = _MEMBER.search(match[0])
        if match[1].lower() in _endings() and not (repository or path or member):
            ends.append(start)
            yield "email", start, end
    for match in _SPELLED.finditer(view):
        plain = "@" in match[0] and re.fullmatch(r"[!-~]*", match[0])
        plain = plain or _MEMBER_OF_OBJECT.search(match[0])
        if match.start() not in ends and not plain and match[1].lower() in _endings():
            yield "email", *match.span()


def _hong_kong(match: re.Match[str]) -> bool:
    """Whether the digit in brackets is that of a Hong Kong identity card."""
    letters, digits, check = match.groups()
    values = [36] * (2 - len(letters)) + [ord(letter) - 55 for letter in letters]
    values += [int(digit) for digit in digits]
    total = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True))
    return (total + (10 if check == "A" else int(check))) % 11 == 0


def _taiwan(match: re.Match[str]) -> bool:
    """Whether the last digit is that of a Taiwan identity or residence number."""
    letter, second, rest = match.groups()
    code = 10 + _TAIWAN_LETTERS.index(letter)
    if second.isalpha():
        second = str((10 + _TAIWAN_LETTERS.index(second)) % 10)
    digits = [code // 10, code % 10, int(second), *map(int, rest)]
    return (
        sum(d * w for d, w in zip(digits, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True)) % 10 == 0
    )


def _vehicle(match: re.Match[str]) -> bool:
    """Whether the ninth character is that of a vehicle's number; a piece of a digest is none."""
    if re.fullmatch("[0-9A-F]*", match[0]):
        return False
    total = sum(
        _VEHICLE_VALUES[char] * weight
        for char, weight in zip(match[0], _VEHICLE_WEIGHTS, strict=True)
    )
    return match[0][8] == "0123456789X"[total % 11]


def _organisation(match: re.Match[str]) -> bool:
    return not match[0].isdigit() and uscc.is_valid(match[0])


def _plate(match: re.Match[str]) -> bool:
    """Whether no word or year stands there; three letters in a row need a car beside them."""
    near = match.string[max(0, match.start() - 10) : match.end() + 6]
    word = re.match("[A-Z]{3}", match[1]) and not re.search("[车車牌]", near)
    return not (word or _NO_PLATE.fullmatch(match[1]))


def _officer(match: re.Match[str]) -> bool:
    """Whether no office numbers its orders and letters there: 台参字第 90131303 号令."""
    left = match.string[: match.start()][-1:]
    right = match.string[match.end() :][:3].lstrip()
    of_office = left == ")" or ("一" <= left <= "鿿" and left not in "证號号是为")
    return not (of_office or right[:1] in {"令", "函"})


def _any(_match: re.Match[str]) -> bool:
    return True


def _place(match: re.Match[str]) -> bool:
    """Whether two decimals lie in China, in either order."""
    a, b = float(match[1]), float(match[2])
    return (3 < a < 54 and 73 < b < 136) or (3 < b < 54 and 73 < a < 136)


#: Type → what it looks like, and the test that its match must pass.
_CODES: Mapping[str, tuple[re.Pattern[str], Callable[[re.Match[str]], bool]]] = {
    "hk_id": (_HONG_KONG, _hong_kong),
    "tw_id": (_TAIWAN, _taiwan),
    "vin": (_VEHICLE, _vehicle),
    "org_id": (_ORGANISATION, _organisation),
    "plate": (_PLATE, _plate),
    "military_id": (_MILITARY, _officer),
    "mac": (_HARDWARE, lambda match: len(set(match[0])) > 3),
    "location": (_COORDINATES, _place),
    "secret": (_SECRET, _any),
}


def _machines(view: str) -> Iterator[Residue]:
    """Addresses that are routed in public; section and version numbers are not."""
    for match in _DOTTED.finditer(view):
        start, end = match.span()
        if not _is_numbering(view, start, end) and (kind := _routed(match[0])):
            yield kind, start, end
    for match in _COLONS.finditer(view):
        if match[0].count(":") > 2 and (kind := _routed(match[0])):
            yield kind, *match.span()


def _is_numbering(view: str, start: int, end: int) -> bool:
    """Whether the four numbers are those of a section or a version.

    One address in four thousand has four numbers below 32, as sections have: it needs a word.
    """
    if _NO_ADDRESS_LEFT.search(view[max(0, start - 36) : start]):
        return True
    if _NO_ADDRESS_RIGHT.match(view[end : end + 9]):
        return True
    small = all(int(number) < 32 for number in view[start:end].split("."))
    return small and not _ADDRESS_LEFT.search(view[max(0, start - 24) : start])


def _routed(text: str) -> str | None:
    """`ip` for an address of the public network, `ip_reserved` for others, None for no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if text[:20] == f"{text[20:]}:":
        return None  # an example that repeats its first half
    # A network or a version of a program (14.0.0.0); four single digits are a section (2.3.4.5).
    if address.version == 4 and (text.endswith(".0") or len(text) == 7):
        return None
    return "ip" if address.is_global else "ip_reserved"
