"""Assets by content: models, rule packs and benchmark files, pinned by their sha256.

Enters: a reference, `package:assets/langid.ftz` or a path.  Leaves: an `Asset`.
Refuses: to fetch anything; what is not on this machine is an error.
"""

from __future__ import annotations

from pathlib import Path

from corpus_pipeline.io.storage import sha256_file
from corpus_pipeline.model import Asset, PipelineError, digest

#: The installed package: default assets travel with it.
PACKAGE = Path(__file__).resolve().parents[1]

_SCHEME = "package:"


def resolve(ref: str, base: Path) -> Asset:
    """The asset a config refers to; relative paths are relative to `base`, the config's folder.

    A folder is pinned by the names and digests of its files.
    Raises `PipelineError` when there is nothing at the reference.
    """
    path = PACKAGE / ref.removeprefix(_SCHEME) if ref.startswith(_SCHEME) else base / ref
    path = path.expanduser().resolve()
    try:
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.is_file())
            content = [[p.relative_to(path).as_posix(), sha256_file(p)] for p in files]
            return Asset(ref, path, digest(content))
        return Asset(ref, path, sha256_file(path))
    except OSError as error:
        raise PipelineError(f"cannot read the asset {ref}: {error.strerror} ({path})") from None
