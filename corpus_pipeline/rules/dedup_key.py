"""Load the character tables by which documents and lines are compared.

Enters: the packaged assets.  Leaves: a `KeyTable`, a `SignTable`.
Errors: `PipelineError` for a table without a character.
"""

from __future__ import annotations

from pathlib import Path

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.pack import once
from corpus_pipeline.text.dedup.key import KeyTable, parse_key_table
from corpus_pipeline.text.dedup.signed_key import SignTable, parse_sign_table

#: What the stages that hash keys name in `asset_refs`.
KEY_TABLE = "package:assets/dedup_key.tsv"
#: What `exact_dedup` names beside it.
SIGN_TABLE = "package:assets/dedup_signs.tsv"


def load_key_table(asset: Asset) -> KeyTable:
    """The table; three stages share it."""
    return once(asset, _read)


def _read(path: Path) -> KeyTable:
    table = parse_key_table(path.read_text(encoding="utf-8"))
    if not table.fast.any():
        raise PipelineError(f"key table {path.name} holds no character")
    return table


def load_sign_table(asset: Asset, key: KeyTable) -> SignTable:
    """The table of signs, laid over the table of the key."""
    return once(asset, lambda path: _signs(path, key))


def _signs(path: Path, key: KeyTable) -> SignTable:
    try:
        table = parse_sign_table(path.read_text(encoding="utf-8"), key)
    except (KeyError, ValueError, IndexError) as error:
        raise PipelineError(f"sign table {path.name} is none: {error}") from None
    if not table.kinds.any():
        raise PipelineError(f"sign table {path.name} holds no sign")
    return table
