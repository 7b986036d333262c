"""Standard error where nobody may be reading: what cannot be written there ends no run.

Enters: a stream, or None where the file was closed.  Leaves: a stream that drops what its file does
not take (a full disk, a pipe whose reader has gone).
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO, cast


class Unheard:
    """A text stream whose `write` and `flush` raise nothing; all else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        """`stream`: where to write."""
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or let it be."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or let it be."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def guard() -> None:
    """Put such a stream in the place of standard error."""
    stream: TextIO | None = sys.stderr
    if stream is None:  # closed, as `2>&-` does
        stream = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 – as long as the process
    if not isinstance(stream, Unheard):
        sys.stderr = cast(TextIO, Unheard(stream))
