"""Load the character table of the key text, by which documents and lines are compared.

Enters: the packaged asset.  Leaves: a `KeyTable`.
Errors: `PipelineError` for a table without a character.
"""

from __future__ import annotations

from pathlib import Path

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.pack import once
from corpus_pipeline.text.dedup.key import KeyTable, parse_key_table

#: What the stages that hash keys name in `asset_refs`.
KEY_TABLE = "package:assets/dedup_key.tsv"


def load_key_table(asset: Asset) -> KeyTable:
    """The table; three stages share it."""
    return once(asset, _read)


def _read(path: Path) -> KeyTable:
    table = parse_key_table(path.read_text(encoding="utf-8"))
    if not table.fast.any():
        raise PipelineError(f"key table {path.name} holds no character")
    return table
