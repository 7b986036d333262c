"""Licences as the standards name them: expressions of identifiers of the SPDX list.

Enters: a licence as a source or a document states it.  Leaves: its expression, or None where no
entry of the list is meant for sure; a licence without a version is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from corpus_pipeline.text.html.licence import license_id

#: How people write some that no rule of `license_id` reads.
_WORDED: Final = {
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "mit license": "MIT",
    "odbl": "ODbL-1.0",
    "odc-by": "ODC-By-1.0",
    "pddl": "PDDL-1.0",
    "木兰宽松许可证，第2版": "MulanPSL-2.0",
    "木兰宽松许可证, 第2版": "MulanPSL-2.0",
    "政府資料開放授權條款-第1版": "OGDL-Taiwan-1.0",
}


def spdx_id(stated: str | None) -> str | None:
    """The expression that is stated.

    >>> spdx_id("CC BY-SA 4.0"), spdx_id("apache-2.0"), spdx_id("MIT OR CC0-1.0")
    ('CC-BY-SA-4.0', 'Apache-2.0', 'MIT OR CC0-1.0')
    >>> spdx_id("CC BY-SA"), spdx_id("contract 2026-01"), spdx_id(None)
    (None, None, None)
    """
    text = " ".join((stated or "").split())
    for written in (text, _WORDED.get(text.lower()), license_id(text)):
        try:
            return str(canonicalize_license_expression(written or ""))
        except InvalidLicenseExpression:
            continue
    return None


def of_source(source: Mapping[str, Any]) -> str | None:
    """The expression of a source: as its record gives it (`spdx`), else as its licence reads."""
    return spdx_id(source.get("spdx")) or spdx_id(source.get("license"))


def all_of(stated: Iterable[str | None]) -> str | None:
    """One expression under which all of these are: None where one of them is not known.

    >>> all_of(["CC0-1.0", "CC BY 4.0", "CC0-1.0"]), all_of(["MIT", None]), all_of([])
    ('CC-BY-4.0 AND CC0-1.0', None, None)
    """
    names = {spdx_id(one) for one in stated}
    if not names or None in names:
        return None
    alone = len(names) == 1
    several = [f"({name})" if " OR " in str(name) and not alone else str(name) for name in names]
    return " AND ".join(sorted(several))


def is_listed(expression: str) -> bool:
    """Whether an expression is one entry of the list, and not of several or of somebody's own.

    >>> is_listed("CC0-1.0"), is_listed("MIT OR CC0-1.0"), is_listed("LicenseRef-Own")
    (True, False, False)
    """
    return not (" " in expression or expression.startswith("LicenseRef-") or "+" in expression)


def url_of(expression: str | None) -> str | None:
    """Where the list describes one licence; None for an expression of several.

    >>> url_of("CC0-1.0"), url_of("MIT OR CC0-1.0")
    ('https://spdx.org/licenses/CC0-1.0.html', None)
    """
    if expression is None or not is_listed(expression):
        return None
    return f"https://spdx.org/licenses/{expression}.html"
