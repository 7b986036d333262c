"""A comparison of two releases as aligned tables for a terminal.

Enters: a `Diff`.  Leaves: lines without texts and titles, control characters written out; of long
lists the first rows, and how many are left (`--json` has all).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from corpus_pipeline.products.audit.words import many
from corpus_pipeline.products.diff.result import Diff
from corpus_pipeline.products.diff.words import names, words_of
from corpus_pipeline.text.unicode.escape import escaped

#: Rows of a table that are shown.
ROWS: Final = 12
#: Rows of the reasons: they are what was asked for.
_REASONS: Final = 40


def render(diff: Diff) -> str:
    """The whole comparison."""
    if not diff.differs:
        return f"no difference: {diff.before.seal[:12]} and {diff.after.seal[:12]}"
    sections = [
        _head(diff),
        _totals(diff),
        _documents(diff),
        _why(diff),
        _inputs(diff),
        _sources(diff),
        _changes(diff),
        *(_shares(name, rows) for name, rows in diff.shares.items()),
    ]
    return "\n\n".join("\n".join(map(escaped, lines)) for lines in sections if lines)


def _head(diff: Diff) -> list[str]:
    lines = [
        f"first   {diff.before.name} {diff.before.seal[:12]}",
        f"second  {diff.after.name} {diff.after.seal[:12]}",
    ]
    if diff.records.made_from:
        lines.append("the second was made from the first")
    for one in diff.records.erasures:
        what = f"request {one['request']} of {one['date']}: {many(one['documents'], 'document')}"
        why = f" ({one['reason']})" if one["reason"] else ""
        lines.append(f"erased  {what}{why}")
    return lines


def _totals(diff: Diff) -> list[str]:
    rows = []
    for name in names("totals"):
        old, new = (one.counts.get(name) for one in (diff.before, diff.after))
        if old or new:
            called = words_of("totals", name)[0]
            rows.append([called, *map(_number, (old or 0, new or 0)), signed(old or 0, new or 0)])
    return _table(["documents", "before", "after", "change"], rows)


def _documents(diff: Diff) -> list[str]:
    rows = [
        [words_of("documents", name)[0], _number(diff.documents[name])]
        for name in names("documents")
        if diff.documents.get(name)
    ]
    return _table(["of them", ""], rows)


def _why(diff: Diff) -> list[str]:
    rows = [
        [
            _number(one["documents"]),
            f"{one['was']} → {one['now']}" if one["change"] != "text" else f"text of {one['now']}",
            words_of("causes", one["cause"])[0],
            about_of(one),
        ]
        for one in sorted(diff.groups, key=lambda one: -one["documents"])
    ]
    lines = _table(["why", "verdict", "cause", "what"], rows[:_REASONS], left={1, 2, 3})
    return [*lines, *_more(len(rows) - _REASONS)]


def about_of(group: Mapping[str, Any]) -> str:
    """What the cause is about, and which values the measure had."""
    if group["least"] is None:
        return str(group["about"])
    values = f"{group['least']:.4g} … {group['most']:.4g}"
    return f"{group['about']}; values {values}" if group["about"] else f"values {values}"


def _inputs(diff: Diff) -> list[str]:
    inputs = diff.records.inputs.to_dict()
    rows = [
        [kind, one["input"], one.get("source", "")]
        for kind in ("new", "gone", "changed")
        for one in inputs[kind]
    ]
    counted = ", ".join(f"{len(inputs[kind])} {kind}" for kind in ("new", "gone", "changed"))
    if not rows:
        return []
    return [f"inputs: {counted}", *_table([], rows[:ROWS], left={1, 2}), *_more(len(rows) - ROWS)]


def _sources(diff: Diff) -> list[str]:
    sources = diff.records.sources
    rows = [[kind, name, "", ""] for kind in ("new", "gone") for name in sources[kind]]
    rows += [
        ["changed", one["source"], field["field"], f"{field['before']} → {field['after']}"]
        for one in sources["changed"]
        for field in one["fields"]
    ]
    for one in diff.records.admission:
        verdict = f"{one['before']} → {one['after']}"
        rows.append(["admission", one["source"], verdict, one["why"] or ""])
    if not rows:
        return []
    return ["sources", *_table([], rows[:ROWS], left={1, 2, 3}), *_more(len(rows) - ROWS)]


def _changes(diff: Diff) -> list[str]:
    rows = [
        [words_of("kinds", one.kind)[0], one.what, f"{one.before} → {one.after}"]
        for one in diff.records.changes
    ]
    if not rows:
        return []
    lines = _table([], rows[: 2 * ROWS], left={1, 2})
    return ["rules, options, versions", *lines, *_more(len(rows) - 2 * ROWS)]


def _shares(category: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Documents and shares of one category; what is the same is left out below the largest."""
    if not rows:
        return []
    shown = []
    for row in rows:
        old, new = row["before"], row["after"]
        shown.append(
            [
                "–" if row["value"] is None else str(row["value"]),
                _number(old["documents"]),
                _number(new["documents"]),
                signed(old["documents"], new["documents"]),
                f"{old['share']:.1%}",
                f"{new['share']:.1%}",
                signed(old["characters"], new["characters"]),
            ]
        )
    what = "dropped by" if category == "rule" else "kept by"
    head = [f"{what} {words_of('shares', category)[0]}", "before", "after", "change"]
    head += ["share", "share", "characters"]
    return [*_table(head, shown[:ROWS]), *_more(len(shown) - ROWS)]


def _more(left: int) -> list[str]:
    return [f"… and {left:,} more (--json has all)"] if left > 0 else []


def _number(value: int) -> str:
    return f"{value:,}"


def signed(old: int, new: int) -> str:
    """The change of a figure.

    >>> signed(10, 7), signed(7, 7), signed(0, 1200)
    ('-3', '=', '+1,200')
    """
    return "=" if old == new else f"{new - old:+,}"


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], left: Iterable[int] = ()
) -> list[str]:
    """Rows in columns: the first to the left, numbers to the right.

    >>> _table(["a", "b"], [["新闻", "1"], ["x", "20"]])
    ['a      b', '新闻   1', 'x     20']
    """
    if not rows:
        return []
    every = [*([head] if head else []), *rows]
    lefts = {0, *left} - ({0} if left and head else set())
    widths = [max(map(_width, column)) for column in zip(*every, strict=True)]
    return ["  ".join(_padded(row, widths, lefts)).rstrip() for row in every]


def _padded(row: Sequence[str], widths: Sequence[int], lefts: set[int]) -> Iterator[str]:
    for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
        space = " " * (width - _width(cell))
        yield cell + space if at in lefts else space + cell


def _width(text: str) -> int:
    """Columns of a terminal: a Han character takes two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
