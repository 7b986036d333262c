"""Load a character model, once per process.

Enters: an `Asset`, the file that `training.char_model` writes.  Leaves: a `CharModel`.
Errors: `PipelineError` for a file that is none.
"""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.pack import once
from corpus_pipeline.text.measures.fluency import CharModel, char_model

CHARACTERS = "package:assets/characters.npz"


def load_char_model(asset: Asset) -> CharModel:
    """The character model of this asset."""
    return once(asset, _read)


def _read(path: Path) -> CharModel:
    try:
        with np.load(path, allow_pickle=False) as parts:
            return char_model(parts)
    except (ValueError, KeyError, EOFError, BadZipFile) as error:
        raise PipelineError(f"{path.name} is not a character model") from error
