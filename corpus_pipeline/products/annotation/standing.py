"""What is known of one annotator: counts, shares with their intervals, flags.

Enters: counts.  Leaves: a `Standing`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from corpus_pipeline.text.measures.shares import wilson


@dataclass(frozen=True, slots=True)
class Flag:
    """A suspicion: its name, and what was measured in one sentence."""

    name: str
    said: str


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    right: int = 0
    total: int = 0

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.right / self.total if self.total else None

    def to_dict(self) -> dict[str, Any]:
        """The counts, the share, and both ends of Wilson's interval."""
        low, high = (round(end, 6) for end in wilson(self.right, self.total))
        value = None if self.value is None else round(self.value, 6)
        found = {"right": self.right, "total": self.total, "share": value}
        return found if value is None else {**found, "low": low, "high": high}


@dataclass(slots=True)
class Standing:
    """What is known of one annotator.

    `agreed`: answers that are those of most others; `kappa`: the same above chance, gold answers
    in place of the others' where there are any; `other`: where others chose something else than
    the favourite label, how often this person did; `passed`: answers that a reviewer gave too.
    """

    person: str
    items: int = 0
    answers: int = 0
    unsure: int = 0
    gold: Share = field(default_factory=Share)
    agreed: Share = field(default_factory=Share)
    kappa: float | None = None
    other: Share = field(default_factory=Share)
    passed: Share = field(default_factory=Share)
    skill: float | None = None
    seconds: float | None = None
    speed: float | None = None
    fast: int = 0
    slow: int = 0
    flags: list[Flag] = field(default_factory=list)

    def flag(self, name: str, said: str) -> None:
        """Add a flag; the first of a name stands."""
        if all(flag.name != name for flag in self.flags):
            self.flags.append(Flag(name, said))
