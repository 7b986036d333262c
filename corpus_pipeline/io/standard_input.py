"""Standard input as a file: it is read twice, once for its digest and once for its documents.

Enters: input paths, `-` among them.  Leaves: the same paths, with that of a temporary file named
`stdin` for `-`; it is gone when the context ends.
Refuses: a terminal, and `-` twice.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from corpus_pipeline.io.storage import disk_errors
from corpus_pipeline.model import PipelineError

#: What stands for standard input among paths; a file of that name is `./-`.
DASH: Final = "-"
#: The locator of its documents begins so.
NAME: Final = "stdin"


@contextmanager
def received(paths: Sequence[str]) -> Iterator[list[str]]:
    """The paths, with a file for `-`; `PipelineError` where it cannot be read or kept."""
    if DASH not in paths:
        yield list(paths)
        return
    if list(paths).count(DASH) > 1:
        raise PipelineError("standard input (-) is given twice")
    if sys.stdin is None or sys.stdin.isatty():
        raise PipelineError("standard input (-) is a terminal: pipe or redirect a file into it")
    with tempfile.TemporaryDirectory(prefix="corpus-pipeline-") as folder:
        path = Path(folder) / NAME
        with disk_errors(path), path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
        yield [str(path) if given == DASH else given for given in paths]
