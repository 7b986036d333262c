"""Two releases against each other, with what is known of the stages that made them.

Enters: the folders of two finished runs.  Leaves: a `Diff`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from corpus_pipeline.io.fs import place
from corpus_pipeline.stages import STAGES

if TYPE_CHECKING:
    from corpus_pipeline.products.diff.result import Diff


def diff(first: str | Path, second: str | Path, *, rows: str | Path | None = None) -> Diff:
    """What differs between two releases, and why.

    `rows`: a Parquet file to write, a row a document that differs.  `result.differs` says whether
    anything does, `result.to_dict()` gives plain values.
    """
    from corpus_pipeline.products.diff.compare import diff as compared
    from corpus_pipeline.products.diff.elimination import Kinds

    target = None if rows is None else place(rows)
    return compared(place(first), place(second), Kinds(_sees_others, _edits), target)


def _sees_others(stage: str) -> bool:
    return stage in STAGES and STAGES[stage].kind != "local"


def _edits(stage: str) -> bool:
    """Whether a stage may edit texts; one that is not known here may."""
    if stage not in STAGES or STAGES[stage].kind == "count":
        return True
    return "text" in getattr(STAGES[stage].load(), "edits", ())
