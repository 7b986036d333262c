"""Licences by their SPDX identifiers.

Enters: a licence as people write it.  Leaves: an SPDX expression in its canonical spelling, or null
for words that name none.  Refuses: an identifier that SPDX does not have, with the nearest one it
has; `LicenseRef-…` is for what SPDX does not list.
"""

from __future__ import annotations

import difflib
import re

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.licenses._spdx import LICENSES

#: One word of Latin letters with a hyphen or a digit looks like an identifier; `proprietary` and
#: sentences are words.
_IDENTIFIER = re.compile(r"(?=\S*[-\d])[A-Za-z][A-Za-z0-9.+_-]*")
#: How near (difflib) to a licence a word must be to be taken for a slip of it, and to be suggested:
#: `CC-BY-4` is .88 from `CC-BY-4.0`; `CC-BY-SA`, which people write on purpose, .8 from its like.
_SLIP, _NEAR = 0.85, 0.5
_OTHERS = "LicenseRef-… names what SPDX does not list"


def spdx_expression(text: str) -> str:
    """The SPDX expression, spelt as SPDX does; `ValueError` where a part of it is no identifier.

    >>> spdx_expression("cc-by-4.0"), spdx_expression("mit or LicenseRef-Own")
    ('CC-BY-4.0', 'MIT OR LicenseRef-Own')
    """
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        unknown = next((word for word in re.findall(r"[^\s()]+", text) if not _is_known(word)), "")
        near = _nearest(unknown, _NEAR)
        end = f"; did you mean {near!r}? ({_OTHERS})" if near else f" ({_OTHERS})"
        raise ValueError(f"{unknown or text!r} is no SPDX licence{end}") from None


def spdx_of(licence: str | None) -> str | None:
    """The SPDX expression that a licence is, null for other words; `ValueError` for a slip of one.

    >>> spdx_of("CC0-1.0"), spdx_of("no copyright (Copyright Law, art. 5)"), spdx_of("proprietary")
    ('CC0-1.0', None, None)
    """
    if licence is None or not licence.strip():
        return None
    try:
        return spdx_expression(licence)
    except ValueError:
        if _IDENTIFIER.fullmatch(licence) and _nearest(licence, _SLIP):
            raise
        return None


def _is_known(word: str) -> bool:
    if word.upper() in {"AND", "OR", "WITH"}:
        return True
    try:
        canonicalize_license_expression(word)
    except InvalidLicenseExpression:
        return False
    return True


def _nearest(word: str, cutoff: float) -> str | None:
    """The identifier nearest to the word, null where none is as near as that."""
    close = difflib.get_close_matches(word.lower(), list(LICENSES), n=1, cutoff=cutoff)
    return LICENSES[close[0]]["id"] if close else None
