"""Where an index keeps the traces of what was erased from it, and with what they were made.

Enters: the folder of an index and its manifest.  Leaves: the traces as an asset; or what the
manifest says of them.  Refuses: traces made with other tables, and a file that was changed
(`PipelineError`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.io.locators import escaped
from corpus_pipeline.io.storage import sha256_file
from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.dedup_key import KEY_TABLE, SIGN_TABLE

#: The file, and the layout of an index that has one: a reader that passed it by would let the
#: erased texts in again.
FILE: Final = "erased.parquet"
LAYOUT: Final = 2
#: Raised when `text.dedup.traces` makes others.
VERSION: Final = 1


def about(texts: int) -> dict[str, Any]:
    """What the manifest of an index says of its traces."""
    tables = {"key_table": KEY_TABLE, "sign_table": SIGN_TABLE}
    digests = {name: resolve(ref, Path()).sha256 for name, ref in tables.items()}
    return {"version": VERSION, "texts": texts, "tables": digests}


def traces_of(root: Path, content: Mapping[str, Any]) -> Asset | None:
    """The traces of an index, pinned; None where nothing was erased from it."""
    stated = content.get("erased")
    if stated is None:
        return None
    if stated != about(stated["texts"]):
        raise PipelineError(f"the index {root}: its traces of erased texts are of another version")
    path = root.resolve() / FILE
    digests = [entry["sha256"] for entry in content["files"] if entry["path"] == FILE]
    if not path.is_file() or digests != [sha256_file(path)]:
        raise PipelineError(f"damaged index: {path} does not match its digest")
    return Asset(f"{escaped(root.resolve().name)}/{FILE}", path, digests[0])
