"""What a fault came to, and why one could not be tried."""

from dataclasses import dataclass
from pathlib import Path

from scripts.faults.runs import Ended


@dataclass(slots=True)
class Outcome:
    """The disturbed run, what came after it, and where its output lies."""

    disturbed: Ended
    output: Path
    again: Ended | None = None
    note: str = ""


class CannotRunError(Exception):
    """What this machine lacks for a fault."""
