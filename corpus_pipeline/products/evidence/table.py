"""Tables of the evidence folder: what they say, in two languages, and cells that do no harm.

Enters: values.  Leaves: `Table`s whose cells are numbers, or text without control characters that
no spreadsheet takes for a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from corpus_pipeline.products.audit.words import Words
from corpus_pipeline.text.unicode.escape import escaped

Cell = str | int | float | None
#: Texts in, the same texts with personal data masked out.
Mask = Callable[[Sequence[str]], list[str]]

#: How the heading of a column ends that says in English what another says in Chinese.
ENGLISH = "（英文）"
#: What spreadsheets begin a formula with; full-width forms count too, where they are typed.
_FORMULA = tuple("=+-@\t\r＝＋－＠")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading; `said`: people or files said it, so personal data may stand in it.

    `lines`: its text keeps its line breaks.
    """

    heading: Words
    said: bool = False
    lines: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a name for files (`name`), a title and a sentence about it.

    `cards`: a page shows a row as a list of what it says, for there are too many columns.
    `form`: people fill it in and hand it back, so its headings are Chinese alone.
    """

    name: str
    title: Words
    about: Words
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...] = ()
    cards: bool = False
    form: bool = False

    @property
    def headings(self) -> list[str]:
        """The headings of a file."""
        words = [column.heading for column in self.columns]
        return [word.zh if self.form else f"{word.zh} / {word.en}" for word in words]


def harmless(value: Cell, *, lines: bool = False) -> Cell:
    r"""A cell that no spreadsheet computes: text that begins like a formula gets an apostrophe.

    >>> harmless("=1+1"), harmless("语料"), harmless(-3), harmless("a\nb"), harmless(None)
    ("'=1+1", '语料', -3, 'a\\nb', '')
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    kept = "\n".join(map(escaped, value.splitlines())) if lines else escaped(value)
    return f"'{kept}" if kept.lstrip(" \u3000").startswith(_FORMULA) else kept


def finished(tables: Iterable[Table], mask: Mask) -> list[Table]:
    """The tables with personal data masked in what people said, and all cells harmless."""
    return [_finished(table, mask) for table in tables]


def _finished(table: Table, mask: Mask) -> Table:
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
    done = []
    for column, values in zip(table.columns, columns, strict=True):
        texts = [value if isinstance(value, str) else "" for value in values]
        shown = mask(texts) if column.said and any(texts) else texts
        done.append(
            [
                harmless(text if isinstance(value, str) else value, lines=column.lines)
                for value, text in zip(values, shown, strict=True)
            ]
        )
    return replace(table, rows=tuple(zip(*done, strict=True)))
