"""The folder of a ledger, written, and made again for whoever disputes it.

Enters: folders of releases and a rule; or a ledger's folder.  Leaves: CSV tables, a workbook,
`compute.json` and `compute.csv` (times, under no other seal), and `ledger.json`, sealed and written
last; or what differs from a ledger that is made again.
Refuses: a folder that is there and is no ledger, and one inside a release.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus_pipeline.io import manifest
from corpus_pipeline.io.storage import commit_bytes, is_free
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.evidence.files import as_csv
from corpus_pipeline.products.evidence.workbook import as_workbook
from corpus_pipeline.products.ledger.account import KIND, Ledger, ledger
from corpus_pipeline.products.ledger.compute import compute
from corpus_pipeline.products.ledger.rule import Rule, rule_again
from corpus_pipeline.products.ledger.tables import cost_table, tables

#: The sealed ledger, the workbook, and what is under no seal of the ledger.
NAME, WORKBOOK, COST, COST_TABLE = "ledger.json", "ledger.xlsx", "compute.json", "compute.csv"


def write_ledger(
    folders: Sequence[Path], rule: Rule, output: Path
) -> tuple[Ledger, dict[str, Any]]:
    """Write the folder; the ledger and its compute."""
    _refuse(output, folders)
    made = ledger(folders, rule)
    files, sealed = rendered(made)
    cost = compute(made)
    (output / NAME).unlink(missing_ok=True)
    for name, data in files.items():
        commit_bytes(output / name, data)
    manifest.write(output / COST, cost)
    commit_bytes(output / COST_TABLE, as_csv(cost_table(cost)))
    commit_bytes(output / NAME, sealed)
    return made, cost


def rendered(made: Ledger) -> tuple[dict[str, bytes], bytes]:
    """The files of a ledger by name, and the sealed ledger that names them."""
    listed = tables(made)
    files = {f"{table.name}.csv": as_csv(table) for table in listed}
    entries = [
        {"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in sorted(files.items())
    ]
    workbook = as_workbook(listed)
    files[WORKBOOK] = workbook
    # Of the workbook what it holds, unpacked: compression differs between machines.
    book = {"path": WORKBOOK, "content_sha256": unpacked_sha256(workbook)}
    content = {"format": manifest.FORMAT, **made.content, "files": entries, "workbook": book}
    return files, manifest.render(content)


def unpacked_sha256(data: bytes) -> str:
    """The digest of the names and contents of an archive's members."""
    digest = hashlib.sha256()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in sorted(archive.namelist()):
            content = archive.read(name)
            digest.update(f"{name}\x00{len(content)}\x00".encode())
            digest.update(content)
    return digest.hexdigest()


def _refuse(output: Path, folders: Sequence[Path]) -> None:
    for folder in folders:
        if output.resolve().is_relative_to(folder.resolve()):
            raise PipelineError(f"{output} lies inside the release {folder}: name a folder beside")
    if is_free(output):
        return
    content = manifest.read_if_sound(output / NAME) if output.is_dir() else None
    if content is None or content.get("kind") != KIND:
        why = f"its {NAME} was changed" if (output / NAME).is_file() else "is no ledger"
        raise PipelineError(f"{output} is there and {why}: name another folder")


def check(folder: Path, folders: Sequence[Path], config: Path | None) -> list[str]:
    """What differs between a ledger and one that is made again, a line each; none: it agrees."""
    content, sealed_so = _read(folder / NAME)
    made = ledger(folders, rule_again(content["rule"], config))
    files, sealed = rendered(made)
    lines = [] if sealed_so else [f"{NAME}: it does not match its seal"]
    lines += _differences(content, {**made.content, "format": manifest.FORMAT})
    if (folder / NAME).read_bytes() != sealed and not lines:
        lines.append(f"{NAME}: its bytes differ")
    return lines + [
        f"{name}: it is not what the releases give"
        for name, data in sorted(files.items())
        if _differs(folder / name, data)
    ]


def _read(path: Path) -> tuple[dict[str, Any], bool]:
    """The content of a ledger, and whether it is as it was sealed."""
    if not path.is_file():
        raise PipelineError(f"no ledger: {path.parent} has no {path.name}")
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise PipelineError(f"unreadable ledger: {path} ({type(error).__name__})") from None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise PipelineError(f"not a ledger: {path}")
    try:
        Rule(**{**content["rule"], "users": None})
    except (KeyError, TypeError, ValueError):
        raise PipelineError(f"not a ledger: {path} has no rule that can be read") from None
    return content, manifest.read_if_sound(path) is not None


def _differs(path: Path, data: bytes) -> bool:
    if not path.is_file():
        return True
    there = path.read_bytes()
    if there == data or path.name != WORKBOOK:
        return there != data
    try:
        return unpacked_sha256(there) != unpacked_sha256(data)
    except zipfile.BadZipFile:
        return True


def _differences(there: Mapping[str, Any], again: Mapping[str, Any]) -> list[str]:
    """Where two ledgers say different things: the place, what it says, what it should say."""
    lines = []
    for key in sorted({*there, *again} - {"seal", "files", "workbook"}):
        lines += _compared(f"{NAME}: {key}", there.get(key), again.get(key))
    return lines


def _compared(place: str, there: Any, again: Any) -> list[str]:
    if there == again:
        return []
    if isinstance(there, dict) and isinstance(again, dict):
        keys = sorted({*there, *again})
        return [
            line
            for key in keys
            for line in _compared(f"{place} {key}", there.get(key), again.get(key))
        ]
    named = _by_name(there), _by_name(again)
    if None not in named:
        return _compared(place, *named)
    return [f"{place} is {_short(there)}, made again it is {_short(again)}"]


def _by_name(value: Any) -> dict[str, Any] | None:
    """A list of records as a mapping by their names; None where it is no such list."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return None
    names = [str(one.get("name", place)) for place, one in enumerate(value)]
    return dict(zip(names, value, strict=True)) if len({*names}) == len(names) else None


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
