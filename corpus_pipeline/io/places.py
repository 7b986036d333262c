"""What a user typed as a place: a path of this machine, or a URL that is refused by its scheme.

Enters: text or a `Path`.  Leaves: a `Path`.  Refuses: every scheme but `file://`.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from corpus_pipeline.model import PipelineError

#: Two letters at least, as `C:/` is a drive; one slash is left where a `Path` has folded two.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")


def local_path(given: str | Path) -> Path:
    """The path that was meant.

    Raises `PipelineError` for a place that is on no file system of this machine.

    >>> local_path("out/run").as_posix(), local_path("file:///data/a%20b").as_posix()
    ('out/run', '/data/a b')
    """
    text = str(given)
    scheme = _SCHEME.match(text)
    if scheme is None:
        return Path(text)
    if scheme[1].lower() != "file":
        url = f"{scheme[1]}://{text[scheme.end() :].lstrip('/')}"
        raise PipelineError(f"{scheme[1]}:// is not supported yet: give a local path ({url})")
    return Path("/" + unquote(text[scheme.end() :]).lstrip("/"))
