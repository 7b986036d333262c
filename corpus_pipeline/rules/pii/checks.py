"""Checks of the values that rules for personal data match; a rule of the pack names its check.

Enters: a value from the folded view, and whether a cue word stands beside it.
Leaves: whether the value counts.  The text around it is for the rule's cue and vetoes.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import cache
from typing import Final

import phonenumbers

from corpus_pipeline.text.pii import identifiers as checksums

Check = Callable[[str, bool], bool]

_SEPARATORS = re.compile(
    r"[ ,\t\n\r\-_.·•*~/|=+…、，\u2600-\u27bf\u2b00-\u2bff\U0001f300-\U0001faff]+"
)
#: Separators that end a clause or a cell too: between groups of digits they need a cue.
_LOOSE = re.compile(r"[、，|=+…/]")
_MOBILE = re.compile(r"(?:\+?86)?1(?:3\d|4[5-9]|5[0-35-9]|6[2567]|7[0-35-8]|8\d|9[0-35-9])\d{8}")
_COUNTRY = re.compile(r"^\(?(?:\+ ?|00)?86\)?[\- ]{0,2}(?:\(0\) ?)?(?=1)")
_HAN_DIGITS = str.maketrans(
    "零〇○洞一幺壹二两兩贰貳三叁參四肆五伍六陆陸七拐柒八捌九勾玖",
    "000011122222333445566677788999",
)
_LOOKALIKES = str.maketrans("OolI|", "00111")
#: Groups in which people write a mobile number; lengths of the runs between separators.
_MOBILE_GROUPS: Final = frozenset(
    {(3, 4, 4), (3, 3, 5), (4, 4, 3), (3, 8), (4, 7), (7, 4), (3, 5, 3), (3, 2, 2, 2, 2)}
    | {(1,) * 11}
)
#: Well-known public servers, most of them resolvers: their addresses identify nobody.
_PUBLIC_SERVERS: Final = frozenset(
    {"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "114.114.114.114", "114.114.115.115"}
    | {"223.5.5.5", "223.6.6.6", "119.29.29.29", "180.76.76.76", "208.67.222.222", "4.2.2.2"}
)

#: Misspellings of .com, .net and .org: the address still identifies a person.
_SLIPS: Final = frozenset({"con", "cmo", "ocm", "comm", "conm", "vom", "xom", "cim", "nte", "ogr"})


def han_digits(value: str) -> str:
    """The value with Han digits as plain ones.

    >>> han_digits("幺三8")
    '138'
    """
    return value.translate(_HAN_DIGITS)


def _solid(value: str) -> str:
    """A code without blanks and dashes, its letters large."""
    return re.sub("[ -]", "", value).upper()


def _digits(value: str) -> str:
    return _SEPARATORS.sub("", value)


@cache
def top_level_domains() -> frozenset[str]:
    """The last labels of the public suffix list snapshot that tldextract carries."""
    import tldextract  # noqa: PLC0415 – it imports an HTTP client that is not used

    extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    return frozenset(suffix.rsplit(".", 1)[-1] for suffix in extract.tlds)


def bank_card(value: str, cued: bool) -> bool:
    """An issuer's prefix and length, a Luhn digit, and without a cue four different digits.

    >>> bank_card("6222 0000 0000 0000 004", True), bank_card("4000000000200305", False)
    (True, False)
    """
    digits = _digits(value)
    size = len(digits)
    # A test card (4111 1111 1111 1111) has few different digits; labelled as a card it is one.
    if len(set(digits)) < (2 if cued else 4) or not checksums.luhn(digits):
        return False
    if not cued and "." in value:  # a decimal
        return False
    if digits.startswith("62"):
        return size in {16, 19} or (cued and size in {17, 18})
    if not cued:
        return False
    two, four = int(digits[:2]), int(digits[:4])
    return (
        (digits[0] == "4" and size in {13, 16, 19})
        or ((51 <= two <= 55 or 2221 <= four <= 2720) and size == 16)
        or (two in {34, 37} and size == 15)
        or (two == 36 and size == 14)
        or ((3528 <= four <= 3589 or four == 6011 or two == 65) and size == 16)
        or (digits[0] in "569" and 16 <= size <= 19)  # debit cards older than the 62 prefix
    )


def mobile_split(value: str, cued: bool) -> bool:
    """A mobile number in one of the usual groups of digits, or with a cue in any groups.

    >>> mobile_split("138 0000 0000", False), mobile_split("138、0000、0000", False)
    (True, False)
    >>> mobile_split("180.118.233.95", True)
    False
    """
    value = _COUNTRY.sub("", value)
    groups = tuple(len(part) for part in _SEPARATORS.split(value))
    common = groups in _MOBILE_GROUPS and (cued or not _LOOSE.search(value))
    # Four groups with dots are an address of the internet or a version.
    parts = value.split(".")
    internet = len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)
    # One digit apart is the country code of North America: 1-800-000-0000.
    free = cued and len(groups) > 1 and not internet and (groups[0] > 1 or set(groups) == {1})
    return (common or free) and bool(_MOBILE.fullmatch(_digits(value)))


def mobile_han(value: str, cued: bool) -> bool:
    """A mobile number written in Han digits.

    >>> mobile_han("幺三八零零零零零零零零", False)
    True
    """
    digits = value.translate(_HAN_DIGITS)
    if digits == value:
        return False
    # Nobody counts in Han digits without 十 and 百, so marks between them need no cue.
    alone = not re.search("[0-9]", value)
    return bool(_MOBILE.fullmatch(digits)) or mobile_split(digits, cued or alone)


def mobile_lookalike(value: str, _cued: bool) -> bool:
    """A mobile number with O for 0 and l for 1, of which at least three characters are digits."""
    real = sum(char.isdigit() for char in value)
    return 3 <= real < len(value) and bool(_MOBILE.fullmatch(value.translate(_LOOKALIKES)))


#: Area codes of the mainland behind the 0, from the carriers' list of 2026; numbers of the first
#: line have eight digits, those of the others seven or eight.
_AREA = re.compile(
    r"(?:10|2[0-57-9])\d{8}"
    r"|(?:31\d|335|349|35\d|37[0-79]|39[1-68]|41[125-9]|42[179]|43[1-9]|45[1-9]|46[4789]|47\d|48[23]"
    r"|51\d|52[37]|53\d|54[36]|55\d|56[1-6]|57\d|580|59[1-9]|63[1-5]|66[0238]|69[12]"
    r"|701|71\d|72[248]|73[014-9]|74[3-6]|75\d|76[023689]|77\d|79\d"
    r"|81[23678]|82[567]|83\d|85[1-9]|87\d|88[3678]|89[1-8]"
    r"|90[123689]|91[1-79]|93\d|94[13]|95[1-5]|97[0-79]|99\d)\d{7,8}"
)
_EXTENSION = re.compile(
    r"(?: ?\(?(?:-|[转轉](?:分[机機])?|分[机機]号?| ?ext\.?:?|[*#]) ?[0-9]{1,6}\)?)$"
)
_CHINA = re.compile(r"^\(?(?:(?:\+ ?|00)86|86(?=[^0-9]))")


def area_code(value: str, _cued: bool) -> bool:
    """A landline whose area code exists and whose number has the length of that area.

    A number alone, the next of a list, has been judged with the first.

    >>> area_code("059180000000", True), area_code("+86(571)80000000-8001", True)
    (True, True)
    >>> area_code("034180000000", True), area_code("021800000000", True)
    (False, False)
    """
    value = _CHINA.sub("", value)
    return any(_in_area(number) for number in (value, _EXTENSION.sub("", value)))


def _in_area(value: str) -> bool:
    digits = re.sub("[^0-9]", "", value).lstrip("0")
    return len(digits) in {7, 8} or bool(_AREA.fullmatch(digits))


def landline_han(value: str, cued: bool) -> bool:
    """A landline of which some digits are Han characters.

    >>> landline_han("零五七一-八零零零零零零零", True), landline_han("0571-80000000", True)
    (True, False)
    """
    digits = value.translate(_HAN_DIGITS)
    return digits != value and area_code(digits, cued)


def abroad(value: str, _cued: bool) -> bool:
    """A number with a country code that the number plan of the country has.

    >>> abroad("+65-6471 0000", True), abroad("+999 123 4567", True)
    (True, False)
    """
    try:
        number = phonenumbers.parse(re.sub("[^0-9+]", "", value), None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number)


def local_number(value: str, cued: bool) -> bool:
    """Eight digits that are no day and no two years.

    >>> local_number("2019-2020", True), local_number("2000 0000", True)
    (False, True)
    """
    digits = re.sub("[^0-9]", "", value)
    halves = (digits[:4], digits[4:])
    years = len(digits) == 8 and all("1900" <= half <= "2099" for half in halves)
    return not years and not_a_date(digits, cued)


#: Types of numbers in source code: `v: float64`.
_CODE_NAME = re.compile(
    r"(?i)(?:u?int|float|double|char|str(?:ing)?|vec|mat|array|bool|byte)s?[0-9]*(?:[x_].*)?"
)


def account_word(value: str, _cued: bool) -> bool:
    """An account name, also of letters alone, but no word with a capital in front and no xxxxxx."""
    word = value[0].isupper() and value[1:].islower()
    return not word and len(set(value.lower())) > 2


def handle_short(value: str, cued: bool) -> bool:
    """An account name with a digit, and no type of a programming language."""
    return handle(value, cued) and not _CODE_NAME.fullmatch(value)


def qq(value: str, _cued: bool) -> bool:
    """A number from 10000 on, in one piece, digit by digit or in groups of three and four.

    >>> qq("1 0 0 0 0 0", True), qq("一零零零零", True), qq("12345 2", True)
    (True, True, False)
    """
    groups = re.split(r"[ \-.]", value.translate(_HAN_DIGITS))
    sizes = {len(group) for group in groups}
    begun = len(groups) == 2 and len(groups[0]) in {3, 4} and len(groups[1]) >= 3
    return len(groups) == 1 or sizes == {1} or sizes <= {3, 4} or sizes <= {3, 2} or begun


def handle(value: str, _cued: bool) -> bool:
    """An account name: it has a digit, a dash or an underscore, which a plain word has not.

    >>> handle("abc_0000", True), handle("xxx-xxxxXXX", True)
    (True, False)
    """
    return len(set(value.lower())) > 2 and any(char.isdigit() or char in "_-" for char in value)


def plate(value: str, cued: bool) -> bool:
    """A number plate: at least two digits; three letters in front only with a dot or a cue."""
    body = re.sub(r"[·•.\- ]", "", value).upper()
    dotted = bool(re.search(r"[·•]", value)) or (value.isupper() and len(body) < len(value))
    if sum(char.isdigit() for char in body) < (2 if dotted or body[-1] in "挂学警港澳" else 3):
        return False
    if re.search(r"(?:19|20)\d\d$", body) and body[2:4].isalpha():
        return False
    if not value.replace(" ", "").isupper() and not (dotted or cued):
        return False
    return dotted or cued or not body[1:4].isalpha() or len(body) == 8


def not_a_date(value: str, _cued: bool) -> bool:
    """Anything but eight digits that are a date of the years 1900 to 2099."""
    if len(value) != 8 or not value.isdigit() or value[:2] not in {"19", "20"}:
        return True
    return not checksums.calendar_date(int(value[:4]), int(value[4:6]), int(value[6:]))


def domain(value: str, _cued: bool) -> bool:
    """A host whose last label is a public top-level domain, or nearly one.

    >>> domain("a@example.com", False), domain("logo@2x.png", False)
    (True, False)
    """
    last = value.rsplit(".", 1)[-1].lower()
    return last in _SLIPS or last in top_level_domains()


def public_ip(value: str, cued: bool) -> bool:
    """An address on the public internet, other than a well-known server's.

    Without a cue at least two parts must have two digits or more, unlike section numbers.

    >>> public_ip("4.7.1.1", False), public_ip("4.7.1.1", True), public_ip("10.0.0.1", True)
    (False, True, False)
    """
    if not cued and sum(len(part) > 1 for part in value.split(".")) < 2:
        return False
    one_host = not value.endswith((".0", ".255")) and value not in _PUBLIC_SERVERS
    return one_host and ipaddress.ip_address(value).is_global


_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")


def public_ipv6(value: str, _cued: bool) -> bool:
    """An IPv6 address of the public range.

    >>> public_ipv6("2408:8207::1", True), public_ipv6("2001:db8::1", True)
    (True, False)
    """
    try:
        address = ipaddress.IPv6Address(value)
    except ValueError:
        return False
    return address.is_global and address in _GLOBAL_UNICAST


def mac(value: str, _cued: bool) -> bool:
    """A MAC address of more than two different pairs."""
    return len(set(re.split("[:-]", value.lower()))) > 2


def china_box(value: str, _cued: bool) -> bool:
    """A latitude and a longitude in China, in either order."""
    first, second = (float(part) for part in re.split(r"\s*[,，]\s*", value))
    return (3 <= first <= 54 and 73 <= second <= 136) or (3 <= second <= 54 and 73 <= first <= 136)


#: Of random letters about half are large; in a name of several words, a quarter at most.
_LEAST_SHARE: Final = 0.3


def random_enough(value: str, _cued: bool) -> bool:
    """A key: a PEM block, or many different characters with digits among them (not `xxxx`).

    Without a digit, large and small letters must be mixed as words never mix them.

    >>> random_enough("sk-0a1b2c3d4e5f6g7h8i9j", True), random_enough("sk-learn-more", True)
    (True, False)
    >>> random_enough("glpat-aBCdEfgHIjkLmNOpqRsT", True), random_enough("hf_NameOfManyWords", True)
    (True, False)
    """
    if value.startswith("-----"):
        return True
    body = value[4:]
    digits = sum(char.isdigit() for char in value)
    rarer = min(sum(map(str.isupper, body)), sum(map(str.islower, body)))
    mixed = rarer > 0
    if digits == 0 and rarer >= len(body) * _LEAST_SHARE:
        return len(set(value)) >= 12
    upper = value.startswith(("AKIA", "ASIA"))
    return len(set(value)) >= (8 if upper else 12) and digits >= (1 if mixed or upper else 4)


def _plain(check: Callable[[str], bool]) -> Check:
    return lambda value, _cued: check(value)


_TEMPLATE = re.compile(
    r"(?i)pass|pwd|p@ss|secret|your|my_|example|test|demo|user|admin|word|xxx|\*\*\*|123456|qwer|null"
    r"|token|\$\{|\(|env|config|param|field|value|input"
)


def password(value: str, _cued: bool) -> bool:
    """A word of three kinds of characters at least, with a digit, and none of a template.

    >>> password("q7#Kz91!wT", True), password("YourPassw0rd!", True)
    (True, False)
    """
    kinds = (str.islower, str.isupper, str.isdigit, lambda char: not char.isalnum())
    held = sum(any(kind(char) for char in value) for kind in kinds)
    member = re.fullmatch(r"[A-Za-z_]+(?:\.[A-Za-z_]+)+|https?:.*|/.*", value)
    return (
        held >= 3
        and any(char.isdigit() for char in value)
        and len(set(value)) >= 6
        and not _TEMPLATE.search(value)
        and not member
    )


def luhn_spaced(value: str, _cued: bool) -> bool:
    """Luhn over the digits, and no more groups than people make."""
    return checksums.luhn(_digits(value))


CHECKS: Final[dict[str, Check]] = {
    "resident_id": _plain(checksums.resident_id),
    "resident_id_spaced": _plain(lambda value: checksums.resident_id(_digits(value))),
    "mobile_broken": lambda value, _cued: bool(_MOBILE.fullmatch(_digits(value))),
    "bank_card_han": lambda value, cued: (
        value != value.translate(_HAN_DIGITS)
        and bank_card(_digits(value).translate(_HAN_DIGITS), cued)
    ),
    "qq": qq,
    "account_word": account_word,
    "handle_short": handle_short,
    "public_ipv6": public_ipv6,
    "password": password,
    "luhn_spaced": luhn_spaced,
    "resident_id_han": lambda value, _cued: (
        value != value.translate(_HAN_DIGITS)
        and checksums.resident_id(_digits(value.translate(_HAN_DIGITS)))
    ),
    "resident_id_15": _plain(checksums.resident_id_15),
    "credit_code": lambda value, cued: (
        checksums.credit_code(_solid(value)) and (cued or not _solid(value).isdigit())
    ),
    "organisation_code": _plain(lambda v: checksums.organisation_code(_solid(v))),
    "hong_kong_id": _plain(lambda v: checksums.hong_kong_id(re.sub(r"[ ()]", "", v).upper())),
    "taiwan_id": _plain(lambda value: checksums.taiwan_id(value.upper())),
    "vehicle_number": lambda value, cued: (
        checksums.vehicle_number(value.upper())
        and (cued or (value[0] == "L" and value[1].isalpha()))
    ),
    "machine_readable": _plain(checksums.machine_readable),
    "luhn": _plain(checksums.luhn),
    "bank_card": bank_card,
    "mobile_split": mobile_split,
    "mobile_han": mobile_han,
    "mobile_lookalike": mobile_lookalike,
    "area_code": area_code,
    "landline_han": landline_han,
    "local_number": local_number,
    "abroad": abroad,
    "handle": handle,
    "plate": plate,
    "not_a_date": not_a_date,
    "domain": domain,
    "public_ip": public_ip,
    "mac": mac,
    "china_box": china_box,
    "random_enough": random_enough,
}
