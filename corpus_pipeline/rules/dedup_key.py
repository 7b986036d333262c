"""Load the character table of the hash key.

Enters: the path of the packaged asset.  Leaves: a `KeyTable`.  Refuses: a file that is no table.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from corpus_pipeline.text.dedup.key import KeyTable, parse_key_table

#: What the stages that hash keys name in `asset_refs`.
KEY_TABLE = "package:assets/dedup_key.tsv"


@lru_cache(maxsize=4)
def load_key_table(path: Path) -> KeyTable:
    """Read the table once per process: three stages share it."""
    table = parse_key_table(path.read_text(encoding="utf-8"))
    if not table.fast.any():
        raise ValueError(f"{path} holds no character")
    return table
