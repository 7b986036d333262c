"""A folder of sources, one YAML file each, as the list that a config would hold.

Enters: the folder that `sources:` names.  Leaves: mappings and the files they are from, sorted by
the files' names.  A file's source is called like the file unless it says otherwise; paths in it are
relative to it.
Refuses: a folder that is not there or holds no YAML file, a file that is no mapping
(`PipelineError`, one line).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from corpus_pipeline.app.config_errors import kind, yaml_problem
from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.model import PipelineError

#: Keys that name a file, and those that hold a mapping with such a key.
_FILE, _REVIEWS = "evidence", ("robots", "opt_out")


def listed(folder: str, base: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The sources of a folder below `base`, and the file of each as a message names it."""
    place = (base / folder).expanduser()
    if not place.is_dir():
        raise PipelineError(f"sources: no such folder: {concealed(folder)}")
    files = sorted(file for file in place.iterdir() if file.suffix in {".yaml", ".yml"})
    if not files:
        raise PipelineError(f"sources: {concealed(folder)} holds no YAML file")
    names = [concealed((Path(folder) / file.name).as_posix()) for file in files]
    entries = [_read(file, name) for file, name in zip(files, names, strict=True)]
    return [_placed(entry, Path(folder)) for entry in entries], names


def _read(file: Path, name: str) -> dict[str, Any]:
    try:
        data = yaml.safe_load(file.read_text("utf-8"))
    except OSError as error:
        raise PipelineError(f"cannot read {name}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise PipelineError(f"{name} is not UTF-8 text (byte {error.start})") from None
    except yaml.YAMLError as error:
        raise PipelineError(f"{name}{yaml_problem(error)}") from None
    if not isinstance(data, dict):
        raise PipelineError(f"{name}: a source is a mapping of keys, not {kind(data)}")
    return {"name": file.stem, **data}


def _placed(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The source with its files relative to where the folder is relative to."""
    moved = dict(entry)
    if isinstance(moved.get(_FILE), str):
        moved[_FILE] = (folder / moved[_FILE]).as_posix()
    for key in _REVIEWS:
        review = moved.get(key)
        if isinstance(review, dict) and isinstance(review.get("record"), str):
            moved[key] = {**review, "record": (folder / review["record"]).as_posix()}
    return moved
