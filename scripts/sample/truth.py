"""What the pipeline must do with each document of the sample, one line a promise.

Enters: facts from the generators.  Leaves: the lines of `truth.jsonl`.
Refuses: two promises with the same label.

A line has `label` (unique), `file`, `find` (how to find the document: `url`, `source_id`,
`marker` = a piece of its text, or `twins` = several source ids), `fault`, `expect`
(kept | dropped | changed | quarantined | one_kept), `stage`, `rule` (prefix of the rule or the
quarantine reason), `contains` and `lacks` (pieces of the final text), `columns` (expected
values), `comment`, and `known_gap` where the pipeline does not yet do what it should.
"""

from __future__ import annotations

import json
from typing import Any

EXPECT = ("kept", "dropped", "changed", "quarantined", "one_kept", "absent")


class Truth:
    """Collects the lines."""

    def __init__(self) -> None:
        """Start with none."""
        self.lines: list[dict[str, Any]] = []
        self._labels: set[str] = set()

    def add(self, file: str, find: dict[str, Any], fault: str, expect: str, **more: Any) -> None:
        """One promise."""
        if expect not in EXPECT:
            raise ValueError(f"{fault}: no such expectation: {expect}")
        number = 1 + sum(line["fault"] == fault for line in self.lines)
        label = f"{file.partition('.')[0]}-{fault}-{number:02d}"
        if label in self._labels:
            raise ValueError(f"two promises are called {label}")
        self._labels.add(label)
        line = {"label": label, "file": file, "find": find, "fault": fault, "expect": expect}
        line.update({key: value for key, value in more.items() if value})
        self.lines.append(line)

    def encode(self) -> bytes:
        """The file."""
        rows = (json.dumps(line, ensure_ascii=False) for line in self.lines)
        return "".join(row + "\n" for row in rows).encode()
