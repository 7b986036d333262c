"""Manifests: sealed, deterministic JSON that says what is in a folder and how it came to be.

Enters: plain values.  Leaves: `manifest.json` files whose `seal` is the sha256 of their own
content; written last, a manifest is the commit.  Refuses: clocks, host names and absolute paths of
this machine in anything that a digest covers (times go to `metrics.json`, sealed by itself only).
"""

from __future__ import annotations

import hashlib
import json
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from corpus_pipeline.io.fs import StorePath, create
from corpus_pipeline.io.records import Records
from corpus_pipeline.io.storage import commit_bytes, sha256_file
from corpus_pipeline.model import PipelineError

#: Raised when the shape of a manifest changes.
FORMAT = "corpus-pipeline/1"
#: Where the documents lie that a stage kept.
KEPT: Final = "kept/"


def render(content: dict[str, Any]) -> bytes:
    """The bytes of a sealed document; `read` refuses a file that has any others."""
    return _sealed(content)[0]


def _sealed(content: dict[str, Any]) -> tuple[bytes, str]:
    """The bytes of a sealed document, and its seal: every key is written once."""
    lines = {key: f" {_QUOTED(key)}: {_written(content[key], ' ')}" for key in sorted(content)}
    lines.pop("seal", None)
    bare = "{\n" + ",\n".join(lines.values()) + "\n}" if lines else "{}"
    seal = hashlib.sha256(bare.encode()).hexdigest()
    lines["seal"] = f' "seal": "{seal}"'
    return ("{\n" + ",\n".join(lines[key] for key in sorted(lines)) + "\n}\n").encode(), seal


_QUOTED: Final = json.encoder.encode_basestring
_KEY: Final = itemgetter(0)


def _written(value: Any, margin: str) -> str:
    """JSON as `json.dumps(…, sort_keys=True, ensure_ascii=False, indent=1)` writes it, 4 × faster.

    >>> value = {"b": [1, {}], "a": "春"}
    >>> _written(value, "") == json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1)
    True
    """
    kind = type(value)
    if kind is str:
        return _QUOTED(value)
    if kind is int or value is None:
        return "null" if value is None else str(value)
    if kind in (dict, list, Records) and not value:
        return "{}" if kind is dict else "[]"
    inner = f"{margin} "
    if kind is dict and set(map(type, value)) == {str}:
        rows = [
            f"{inner}{_QUOTED(key)}: {_QUOTED(one) if type(one) is str else _written(one, inner)}"
            for key, one in sorted(value.items(), key=_KEY)
        ]
        return "{\n" + ",\n".join(rows) + f"\n{margin}" + "}"
    if kind in (list, tuple, Records) and value:
        rows = [inner + _written(one, inner) for one in value]
        return "[\n" + ",\n".join(rows) + f"\n{margin}]"
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1)
    return text.replace("\n", f"\n{margin}")


def parsed(content: dict[str, Any]) -> dict[str, Any]:
    """The content as `read` gives it back once it is written: with format and seal."""
    sealed: dict[str, Any] = json.loads(render({"format": FORMAT, **content}))
    return sealed


def write(path: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Seal `content` and commit it; what `read` would give."""
    data = render({"format": FORMAT, **content})
    commit_bytes(path, data)
    sealed: dict[str, Any] = json.loads(data)
    return sealed


def publish(path: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Seal `content` and commit it where no other stands; what `read` would give.

    On a store that is one conditional put: `PipelineError` where another run was faster.
    """
    if not isinstance(path, StorePath):
        return write(path, content)
    data = render({"format": FORMAT, **content})
    if not create(path, data) and path.read_bytes() != data:
        raise PipelineError(f"{path} was published by another run; choose another folder")
    sealed: dict[str, Any] = json.loads(data)
    return sealed


def read(path: Path) -> dict[str, Any]:
    """The content of a sealed file.

    Raises `PipelineError` when it is missing, no JSON, of another format, or changed since.
    """
    try:
        data = path.read_bytes()
        content = json.loads(data)
    except FileNotFoundError:
        raise PipelineError(f"no manifest: {path} does not exist") from None
    except (OSError, ValueError) as error:
        raise PipelineError(f"unreadable manifest: {path} ({type(error).__name__})") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise PipelineError(f"not a manifest of this format ({FORMAT}): {path}")
    if render(content) != data:
        raise PipelineError(f"tampered manifest: {path} does not match its seal")
    return content


def read_if_sound(path: Path) -> dict[str, Any] | None:
    """The content, or None where there is no sound manifest (a resume then does the work again)."""
    try:
        return read(path)
    except PipelineError:
        return None


def output(folder: Path) -> dict[str, Any] | None:
    """The manifest of a finished stage output, which names its parts; None for another folder."""
    content = read_if_sound(folder / "manifest.json")
    files = [] if content is None else content.get("files", [])
    return content if any(one["path"].startswith(KEPT) for one in files) else None


def file_entry(root: Path, path: Path, rows: int | None = None) -> dict[str, Any]:
    """What a manifest says of one file: path relative to the run, bytes, sha256, rows."""
    entry: dict[str, Any] = {
        "path": path.relative_to(root).as_posix(),
        "bytes": path.stat().st_size,
        "sha256": sha256_file(path),
    }
    if rows is not None:
        entry["rows"] = rows
    return entry
