"""Tables as CSV, figures as six places.

Enters: rows.  Leaves: bytes; cells that came from people are harmless in a spreadsheet.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from corpus_pipeline.products.evidence.table import harmless

Row = Sequence[object]


def as_csv(heads: Sequence[str], rows: Iterable[Row]) -> bytes:
    """A table with a byte order mark, without which spreadsheets misread Chinese."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(heads)
    for row in rows:
        writer.writerow(harmless(cell) if isinstance(cell, str) else cell for cell in row)
    return buffer.getvalue().encode("utf-8-sig")


def six(value: float | None) -> float | None:
    """A figure rounded to six places."""
    return None if value is None else round(value, 6)
