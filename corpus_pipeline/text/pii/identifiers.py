"""Check digits of the identifiers that Chinese texts carry.

Enters: an identifier without separators, ASCII.  Leaves: whether its check digit, and what
else the standard fixes about it, are right.  Neither context nor the current date is looked at.
"""

from __future__ import annotations

import calendar

#: Provinces of GB/T 2260, and 81–83: residence permits for people from Hong Kong, Macao, Taiwan.
PROVINCES = frozenset(
    str(code)
    for first, last in (
        (11, 15),
        (21, 23),
        (31, 37),
        (41, 46),
        (50, 54),
        (61, 65),
        (71, 71),
        (81, 83),
    )
    for code in range(first, last + 1)
)
#: Years outside are no births.  The latest is fixed, because a stage does not read the clock; raise
#: it together with the version of the pack.
LATEST_BIRTH = 2029
EARLIEST_BIRTH = 1880

_RIC_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_VALUES = {
    **{str(digit): digit for digit in range(10)},
    **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
    **dict(zip("JKLMN", range(1, 6), strict=True)),
    "P": 7,
    "R": 9,
    **dict(zip("STUVWXYZ", range(2, 10), strict=True)),
}
_TW_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"  # A = 10 … Z = 33, I = 34, O = 35
_TW_WEIGHTS = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)


def luhn(digits: str) -> bool:
    """Whether the Luhn sum is right (bank cards, IMEI).

    >>> luhn("6222000000000000004"), luhn("6222000000000000001")
    (True, False)
    """
    if not (digits.isascii() and digits.isdigit()):
        return False
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def calendar_date(year: int, month: int, day: int) -> bool:
    """Whether this is a day of the Gregorian calendar.

    >>> calendar_date(1900, 2, 29), calendar_date(2000, 2, 29)
    (False, True)
    """
    return year > 0 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


def _born(digits: str) -> bool:
    year = int(digits[:4])
    return EARLIEST_BIRTH <= year <= LATEST_BIRTH and calendar_date(
        year, int(digits[4:6]), int(digits[6:8])
    )


def _region(digits: str) -> bool:
    if digits[0] == "9":  # permanent residence card of 2023: 9, province, country of origin
        return digits[1:3] in PROVINCES
    return digits[:2] in PROVINCES and (digits[0] in "78" or digits[2:6] != "0000")


def ric_check_digit(first17: str) -> str:
    """The 18th character of a resident identity number, GB 11643-1999 (ISO 7064 MOD 11-2).

    >>> ric_check_digit("11010119000101001")
    '4'
    """
    total = sum(int(char) * weight for char, weight in zip(first17, _RIC_WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def resident_id(value: str) -> bool:
    """Whether an 18-character resident identity number is valid: region, birth, sequence, check.

    >>> resident_id("110101190001010014"), resident_id("110101190002300013")
    (True, False)
    """
    if len(value) != 18 or not (value.isascii() and value[:17].isdigit()):
        return False
    return (
        _region(value)
        and _born(value[6:14])
        and value[14:17] != "000"
        and ric_check_digit(value[:17]) == value[17].upper()
    )


def resident_id_15(value: str) -> bool:
    """Whether an old 15-digit resident number has a region and a date; it has no check digit.

    >>> resident_id_15("110101000101001"), resident_id_15("110101001301001")
    (True, False)
    """
    if len(value) != 15 or not (value.isascii() and value.isdigit()):
        return False
    return _region(value) and value[0] != "9" and _born("19" + value[6:12])


def organisation_code(value: str) -> bool:
    """Whether a 9-character organisation code is valid, GB 11714-1997.

    >>> organisation_code("MA0000007"), organisation_code("MA0000008")
    (True, False)
    """
    if len(value) != 9 or not (value.isascii() and value.isalnum() and value == value.upper()):
        return False
    total = sum(int(c, 36) * w for c, w in zip(value[:8], _ORG_WEIGHTS, strict=True))
    return value[8] == "0123456789X0"[11 - total % 11]


def credit_code(value: str) -> bool:
    """Whether an 18-character unified social credit code is valid, GB 32100-2015.

    Its characters 9 to 17 are an organisation code with a check digit of its own.

    >>> credit_code("91110000MA00000077"), credit_code("91110000MA0000007A")
    (True, False)
    """
    if len(value) != 18 or any(char not in _USCC_ALPHABET for char in value):
        return False
    total = sum(
        _USCC_ALPHABET.index(char) * weight
        for char, weight in zip(value[:17], _USCC_WEIGHTS, strict=True)
    )
    check = _USCC_ALPHABET[(31 - total % 31) % 31]
    return value[17] == check and organisation_code(value[8:17])


def hong_kong_id(value: str) -> bool:
    """Whether a Hong Kong identity number (letters, six digits, check character) is valid.

    >>> hong_kong_id("A1234563"), hong_kong_id("A1234565")
    (True, False)
    """
    if not 8 <= len(value) <= 9 or not (value.isascii() and value[:-1].isalnum()):
        return False
    padded = value.rjust(9)
    values = [36 if char == " " else int(char, 36) for char in padded[:8]]
    total = sum(number * weight for number, weight in zip(values, range(9, 1, -1), strict=True))
    return padded[8].upper() == "0123456789A"[(11 - total % 11) % 11]


def taiwan_id(value: str) -> bool:
    """Whether a Taiwan identity or residence number is valid (a sum modulo 10: weak evidence).

    >>> taiwan_id("A100000001"), taiwan_id("A800000005"), taiwan_id("A100000002")
    (True, True, False)
    """
    if len(value) != 10 or value[0] not in _TW_LETTERS or not value[2:].isdigit():
        return False
    second = value[1] if value[1].isdigit() else str((_TW_LETTERS.index(value[1]) + 10) % 10)
    digits = f"{_TW_LETTERS.index(value[0]) + 10}{second}{value[2:]}"
    return sum(int(d) * w for d, w in zip(digits, _TW_WEIGHTS, strict=True)) % 10 == 0


def vehicle_number(value: str) -> bool:
    """Whether the check character of a vehicle identification number is right, GB 16735-2019.

    >>> vehicle_number("LSVAA0000A0000001"), vehicle_number("LSVAA0001A0000001")
    (True, False)
    """
    if len(value) != 17 or any(char not in _VIN_VALUES for char in value):
        return False
    total = sum(_VIN_VALUES[c] * w for c, w in zip(value, _VIN_WEIGHTS, strict=True))
    return value[8] == "0123456789X"[total % 11]


def _travel_digit(field: str) -> str:
    values = (int(char, 36) if char != "<" else 0 for char in field)
    return str(sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10)


def machine_readable(lines: str) -> bool:
    r"""Whether number, birth and expiry in the second line of a passport have their digits.

    >>> machine_readable("P<CHNZHANG<<SAN\nE000000008CHN0001018M3001019<<<<<<<<<<<<<<00")
    True
    """
    second = lines.rsplit("\n", 1)[-1].strip()
    fields = ((0, 9), (13, 19), (21, 27))
    return all(_travel_digit(second[start:end]) == second[end : end + 1] for start, end in fields)
