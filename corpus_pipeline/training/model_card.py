"""Write the record of a training beside its model: how it was made and what was measured.

Enters: the model's file, the command, parameters, counts and rows of measurements.
Leaves: `<model>.training.md` beside the model.  The model card for readers (`assets/<model>.md`,
with licences, use and limits) is written by a person and quotes it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_pipeline.model import PipelineError


@dataclass(frozen=True, slots=True)
class Card:
    """The facts of one training; `trained_on`: label or kind of text → number of its lines."""

    model: Path
    command: str
    parameters: Mapping[str, Any]
    trained_on: Mapping[str, int]
    summary: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    @property
    def path(self) -> Path:
        """The file of the card."""
        return self.model.with_suffix(".training.md")

    def text(self) -> str:
        """The card in Markdown; the same training gives the same text."""
        data = self.model.read_bytes()
        facts = {
            "file": f"`{self.model.name}`, {len(data):,} bytes",
            "sha256": f"`{hashlib.sha256(data).hexdigest()}`",
            "made by": f"`{self.command}`",
            "library": f"fasttext-community {importlib.metadata.version('fasttext-community')}",
            "parameters": ", ".join(f"{name} {value}" for name, value in self.parameters.items()),
            "training lines": f"{sum(self.trained_on.values()):,}",
        }
        parts = sorted(self.trained_on.items())
        blocks = [
            f"# Training of {self.model.name}",
            table(("", ""), facts.items()),
            "## Trained on",
            table(("part", "lines"), parts),
            "## Measured on what training did not see",
            self.summary,
            table(self.columns, self.rows),
        ]
        return "\n\n".join(blocks) + "\n"


def table(columns: Sequence[str], rows: Any) -> str:
    """A table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def finished(training: Callable[[], Card]) -> int:
    """Run a training, write and print its card; a user's error is one line and exit status 2."""
    try:
        card = training()
        card.path.write_text(card.text(), encoding="utf-8")
    except (PipelineError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(card.text())
    return 0
