"""What a worker notes of the rows it is at, for the search after its death.

Enters: small facts, many a second.  Leaves: the last of them in one file, also of a killed process.
On an object store each note would be a request: there a split is noted only when it is done again
after a worker died.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from corpus_pipeline.io.fs import StorePath


class Notes:
    """The open file of one split's notes."""

    def __init__(self, path: Path, *, wanted: bool = True) -> None:
        """`wanted`: note on a store, too."""
        self._path, self._file = path, -1
        self._wanted = wanted
        if not isinstance(path, StorePath):
            path.parent.mkdir(parents=True, exist_ok=True)
            # One open file: noting each of 12,000 small inputs must not cost a file each.
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)

    def write(self, at: dict[str, Any]) -> None:
        """Replace what was noted."""
        # Padded to one length: what is written over a longer note leaves nothing of it.
        data = json.dumps(at).encode().ljust(64)
        if self._file >= 0:
            os.pwrite(self._file, data, 0)
        elif self._wanted:
            self._path.write_bytes(data)

    def remove(self) -> None:
        """The split is done: nobody will ask."""
        if self._file >= 0 or self._wanted:
            with suppress(OSError):
                self._path.unlink()

    def close(self) -> None:
        """Close the file; what is noted stays."""
        if self._file >= 0:
            os.close(self._file)
