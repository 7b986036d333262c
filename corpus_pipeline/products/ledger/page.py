"""A ledger on a terminal: who gets what, and why, in aligned columns.

Enters: a ledger and its compute.  Leaves: lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from corpus_pipeline.products.audit.words import many
from corpus_pipeline.products.ledger.account import shown
from corpus_pipeline.products.ledger.release import STATES
from corpus_pipeline.text.unicode.escape import escaped

_COUNTS = ("documents", "kept", "unique", "erased", "characters", "tokens")
#: Columns of a terminal that a name may take.
_WIDEST = 36


def page(content: Mapping[str, Any], cost: Mapping[str, Any]) -> str:
    """The ledger in short."""
    totals, runs = content["totals"], content["runs"]
    stated = [f"{totals['documents']:,} documents delivered"]
    stated += [f"{totals[state]:,} {state}" for state in STATES]
    lines = [
        f"{many(len(runs), 'release')}: {', '.join(stated)}",
        "",
        *_holders(content),
        "",
    ]
    rule = content["rule"]
    if content["shares"] is None:
        lines.append(f"no shares: {content['no_shares']['en']}")
    else:
        lines.append(f"{_amount(rule['total'])} {escaped(rule['unit'])} by {escaped(rule['rule'])}")
    reasons: dict[str, list[str]] = {}
    for name, why in content["unknown"].items():
        reasons.setdefault(why["en"], []).append(name)
    lines += [f"not known: {', '.join(names)}: {why}" for why, names in reasons.items()]
    lines += [f"note: {note['en']}" for note in content["notes"]]
    hours = [run["core_hours"] for run in cost["runs"] if run["core_hours"] is not None]
    lines.append(f"compute: {sum(hours):,.3f} core-hours" if hours else "compute: not measured")
    return "\n".join(lines)


def _holders(content: Mapping[str, Any]) -> list[str]:
    level = content["rule"]["of"]
    amounts = {one["name"]: one["amount"] for one in content["shares"] or []}
    rows = [[level, "delivered", "kept", "unique", "erased", "characters", "tokens", "quality"]]
    if amounts:
        rows[0].append(escaped(content["rule"]["unit"]))
    for one in content[level]:
        quality = shown(one["quality"])
        row = [_clipped(escaped(one["name"])), *(_number(one[name]) for name in _COUNTS)]
        row.append("?" if quality is None else f"{quality:.3f}")
        if amounts:
            row.append(_amount(amounts[one["name"]]))
        rows.append(row)
    return aligned(rows)


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _amount(value: str) -> str:
    whole, point, part = value.partition(".")
    return f"{int(whole):,}{point}{part}"


def _clipped(name: str) -> str:
    if cell_len(name) <= _WIDEST:
        return name
    while cell_len(name) >= _WIDEST:
        name = name[:-1]
    return f"{name}…"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows with the first column to the left and the others to the right, wide signs counted.

    >>> aligned([["来源", "篇"], ["a", "12"]])
    ['来源  篇', 'a     12']
    """
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [first + " " * (widths[0] - cell_len(first))]
        cells += [
            " " * (width - cell_len(cell)) + cell
            for width, cell in zip(widths[1:], others, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
