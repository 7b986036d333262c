"""Assets by content: models, rule packs and benchmark files, pinned by their sha256.

Enters: a reference, `package:assets/langid.ftz`, a path or a URL of a store.  Leaves: an `Asset`.
Refuses: what is not there, and an empty folder.
"""

from __future__ import annotations

import errno
from pathlib import Path

from corpus_pipeline.io.fs import place
from corpus_pipeline.io.storage import sha256_file
from corpus_pipeline.model import Asset, PipelineError, digest
from corpus_pipeline.model.asset import PACKAGE, PACKAGED

__all__ = ["PACKAGE", "content_of", "resolve"]


def content_of(path: Path) -> str:
    """The digest of a file, or of the names and digests of a folder's files."""
    if not path.is_dir():
        return sha256_file(path)
    files = sorted(p for p in path.rglob("*") if p.is_file())
    if not files:
        raise FileNotFoundError(errno.ENOENT, "an empty folder", str(path))
    return digest([[p.relative_to(path).as_posix(), sha256_file(p)] for p in files])


def resolve(ref: str, base: Path) -> Asset:
    """The asset a config refers to; relative paths are relative to `base`, the config's folder.

    A folder is pinned by the names and digests of its files.
    Raises `PipelineError` when there is nothing at the reference.
    """
    if ref.startswith(PACKAGED):
        path = PACKAGE / ref.removeprefix(PACKAGED)
    else:
        path = place(ref) if "://" in ref else base / ref
    path = path.expanduser().resolve()
    try:
        return Asset(ref, path, content_of(path))
    except OSError as error:
        raise PipelineError(f"cannot read the asset {ref}: {error.strerror} ({path})") from None
