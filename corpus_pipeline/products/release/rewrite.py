"""A release without some of its documents: touched parts are written anew, all others are linked.

Enters: a finished run, what was found in it, the request.  Leaves: another finished run whose
parent is the first: parts, splits, tombstones, dataset, and the manifest, written last.  The first
run is never opened for writing.  Refuses: a folder that holds anything else (`PipelineError`).

A release without its manifest is what a killed attempt left, and is begun again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from corpus_pipeline.io import manifest, storage
from corpus_pipeline.io.fs import local_copy, relative
from corpus_pipeline.io.shards import write_shard
from corpus_pipeline.model import NO_DAMAGE, PipelineError
from corpus_pipeline.products.release import dataset
from corpus_pipeline.products.release.parts import CARRIED, CLAIM, link, without
from corpus_pipeline.products.release.request import NEAR, Request
from corpus_pipeline.products.runs import DROPPED, KEPT, QUARANTINED, TOMBSTONES, Run, in_order

#: A document that was taken out: no text, no address.
TOMBSTONE: Final = {
    "id": pl.String(),
    "source": pl.String(),
    "was": pl.String(),
    "request": pl.String(),
    "by": pl.String(),
    "of": pl.String(),
}
_WAS: Final = {KEPT: "kept", DROPPED: "dropped", QUARANTINED: "quarantined"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A release before and after: seals, and path → sha256 of each file that changed."""

    before: str
    after: str
    files: tuple[tuple[str, str | None, str | None], ...]
    again: bool  # whether it had been written before


def entry_of(found: pl.DataFrame, request: Request, shards: int) -> dict[str, Any]:
    """What a manifest says of one erasure."""
    return {
        "request": request.reference,
        "date": request.date,
        "reason": request.reason,
        "asked": request.kinds,
        "documents": found.height,
        "near_duplicates": found.filter(pl.col("by") == NEAR).height,
        "shards": shards,
    }


def erased(run: Run, found: pl.DataFrame, request: Request, target: Path) -> Outcome:
    """Write the release without what was found; one that stands there already is left as it is."""
    standing = manifest.read_if_sound(target / "manifest.json")
    if standing is not None:
        return _same(run, found, request, target, standing)
    _begin(target, str(run.manifest["seal"]))
    removed = {str(part): rows for (part,), rows in found.group_by("part", maintain_order=True)}
    splits = [_split(run, entry, removed, request, target) for entry in run.manifest["splits"]]
    content = _content(run, found, request, target, splits)
    sealed = Run(target, manifest.parsed(content))
    gone = {part: rows["row"].to_numpy().astype(np.int64) for part, rows in removed.items()}
    if (run.root / "dataset" / "manifest.json").exists():
        dataset.rewritten(run, sealed, found, gone)
    for name in CARRIED:
        link(run.root / name, target / name)
    manifest.write(target / "manifest.json", content)
    (target / CLAIM).unlink(missing_ok=True)
    return outcome(run, target, again=False)


def outcome(run: Run, target: Path, *, again: bool) -> Outcome:
    """What differs between the old release and the new one."""
    new = manifest.read(target / "manifest.json")
    pairs = [(_digests(run.root, run.manifest), _digests(target, new))]
    files = [
        (path, before.get(path), after.get(path))
        for before, after in pairs
        for path in sorted({*before, *after})
        if before.get(path) != after.get(path)
    ]
    return Outcome(str(run.manifest["seal"]), str(new["seal"]), tuple(files), again)


def _digests(root: Path, content: Mapping[str, Any]) -> dict[str, str]:
    """Path → sha256 of the parts of a run and of the shards of its dataset."""
    digests = {entry["path"]: entry["sha256"] for entry in content["files"]}
    inner = manifest.read_if_sound(root / "dataset" / "manifest.json")
    if inner is not None:
        digests |= {
            f"dataset/{entry['path']}": entry["sha256"]
            for entry in inner["files"]
            if entry["path"].endswith(".parquet")
        }
    return digests


def _same(
    run: Run, found: pl.DataFrame, request: Request, target: Path, standing: Mapping[str, Any]
) -> Outcome:
    """The release that stands there, if it is the one that would be written."""
    wanted = entry_of(found, request, 0)
    last = dict((standing.get("erasures") or [{}])[-1])
    last["shards"] = 0
    parents = [entry["seal"] for entry in standing.get("parents", [])]
    ids = {*found.get_column("id"), *buried(run).get_column("id")}
    there = parents == [run.manifest["seal"]] and last == wanted
    if not there or ids != set(buried(Run(target, dict(standing))).get_column("id")):
        raise PipelineError(f"{target} holds another release; choose another folder")
    (target / CLAIM).unlink(missing_ok=True)
    return outcome(run, target, again=True)


def _begin(target: Path, seal: str) -> None:
    """Make the folder ours; what a killed attempt left in it is removed."""
    claim = target / CLAIM
    if target.is_dir() and any(target.iterdir()):
        if not claim.exists():
            raise PipelineError(f"{target} is not empty; choose another folder")
        for path in target.iterdir():
            if path != claim:
                storage.remove_tree(path) if path.is_dir() else path.unlink()
    manifest.write(claim, {"kind": "erase", "parent": seal})


def _split(
    run: Run,
    entry: Mapping[str, Any],
    removed: Mapping[str, pl.DataFrame],
    request: Request,
    target: Path,
) -> dict[str, Any]:
    """One split of the new release: its entry, files and counts, and whether it changed."""
    split = manifest.read(run.root / entry["path"])
    own = {path: removed[path] for file in split["files"] if (path := file["path"]) in removed}
    if not own:
        for file in (entry, *split["files"]):
            link(run.root / file["path"], target / file["path"])
        return {"entry": entry, "files": split["files"], "counts": split["counts"]}
    files = []
    for file in split["files"]:
        path = file["path"]
        if path in own:
            files.append(
                without(run.root, target, path, own[path]["row"].to_numpy().astype(np.int64))
            )
        elif not path.startswith(f"{TOMBSTONES}/"):
            link(run.root / path, target / path)
            files.append(file)
    files.append(_tombstones(run, target, split, own, request))
    content = {**split, "files": files, "counts": reduced(split["counts"], own)}
    path = target / entry["path"]
    manifest.write(path, content)
    new = manifest.file_entry(target, path)
    return {"entry": new, "files": files, "counts": content["counts"]}


def _tombstones(
    run: Run,
    target: Path,
    split: Mapping[str, Any],
    own: Mapping[str, pl.DataFrame],
    request: Request,
) -> dict[str, Any]:
    """Write the tombstones of a split, those of earlier requests among them; the entry."""
    path = f"{TOMBSTONES}/part-{split['split']:05d}.parquet"
    found = [
        rows.select(
            "id",
            "source",
            was=pl.lit(_WAS[part.partition("/")[0]]),
            request=pl.lit(request.reference),
            by="by",
            of="of",
        )
        for part, rows in own.items()
    ]
    before = [pl.read_parquet(local_copy(run.root / path))] if (run.root / path).exists() else []
    rows = pl.concat([*before, *found]).cast(pl.Schema(TOMBSTONE))
    return manifest.file_entry(target, target / path, write_shard(target / path, [rows.sort("id")]))


def reduced(counts: Mapping[str, Any], own: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """The counts of a split without these rows: part → `FOUND` rows."""
    out: dict[str, Any] = {
        **counts,
        **{name: dict(counts[name]) for name in counts if isinstance(counts[name], dict)},
    }
    out["by_source"] = {name: dict(states) for name, states in counts["by_source"].items()}
    counted = "characters_kept" in counts
    for part, rows in own.items():
        state = _WAS[part.partition("/")[0]]
        out[state] -= rows.height
        out["erased"] = out.get("erased", 0) + rows.height
        for source, number in Counter(rows["source"].fill_null("")).items():
            states = out["by_source"][source]
            states[state] -= number
            states["erased"] = states.get("erased", 0) + number
        size = rows.select(
            "rule", bytes=pl.col("text").str.len_bytes(), characters=pl.col("text").str.len_chars()
        ).fill_null(0)
        if state == "kept":
            out["text_bytes_kept"] -= int(size["bytes"].sum())
        if state != "quarantined" and counted:
            out[f"characters_{state}"] -= int(size["characters"].sum())
        if state != "kept":
            tally = "by_rule" if state == "dropped" else "by_quarantine"
            _subtract(out[tally], Counter(rows["rule"]))
        if state == "quarantined" and "quarantined_bytes" in counts:
            _lighten(out, rows)
        if state == "dropped" and counted:
            lost: Counter[str] = Counter()
            for rule, characters in size.select("rule", "characters").iter_rows():
                lost[rule] += characters
            _subtract(out["characters_by_rule"], lost, keep=out["by_rule"])
    return out


def _lighten(out: dict[str, Any], rows: pl.DataFrame) -> None:
    """Take the weights of quarantined records from counts."""
    by_reason: Counter[str] = Counter()
    by_source: Counter[str] = Counter()
    weighed = rows.select("rule", pl.col("source").fill_null(""), "bytes", "characters")
    for rule, source, size, characters in weighed.iter_rows():
        out["quarantined_bytes"] -= size or 0
        out["quarantined_characters"] -= characters or 0
        if size:
            by_reason[rule] += size
        if size and rule not in NO_DAMAGE:
            by_source[source] += size
    _subtract(out["bytes_by_quarantine"], by_reason)
    _subtract(out["unread_by_source"], by_source)


def _subtract(
    tally: dict[str, int], gone: Mapping[str, int], keep: Mapping[str, int] | None = None
) -> None:
    """Take numbers from a tally; a name with nothing left goes, unless `keep` has it."""
    for name, number in gone.items():
        tally[name] -= number
        if not tally[name] and (keep is None or name not in keep):
            del tally[name]


def _content(
    run: Run,
    found: pl.DataFrame,
    request: Request,
    target: Path,
    splits: list[dict[str, Any]],
) -> dict[str, Any]:
    """The manifest of the new release."""
    old = {entry["path"]: entry["sha256"] for entry in run.manifest["files"]}
    files = [entry for split in splits for entry in split["files"]]
    touched = [
        entry
        for entry in files
        if not entry["path"].startswith(f"{TOMBSTONES}/") and old[entry["path"]] != entry["sha256"]
    ]
    parent = relative(run.root / "manifest.json", target)
    before = {key: value for key, value in run.manifest.items() if key not in ("seal", "format")}
    return {
        **before,
        "parents": [{"manifest": parent, "seal": run.manifest["seal"]}],
        "splits": [split["entry"] for split in splits],
        "files": files,
        "counts": added(split["counts"] for split in splits),
        "erasures": [
            *run.manifest.get("erasures", []),
            entry_of(found, request, len(touched) + dataset.touched(run, found)),
        ],
    }


def added(counts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The sum of the counts of splits; every number of one is in the sum."""
    total: dict[str, Any] = {}
    for one in counts:
        _add(total, one)
    return {name: _sorted(value) for name, value in total.items()}


def _add(total: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, Mapping):
            _add(total.setdefault(name, {}), value)
        else:
            total[name] = total.get(name, 0) + value


def _sorted(value: Any) -> Any:
    if not isinstance(value, dict) or not any(isinstance(one, dict) for one in value.values()):
        return dict(sorted(value.items())) if isinstance(value, dict) else value
    return dict(sorted(value.items()))


def buried(run: Run) -> pl.DataFrame:
    """The tombstones of a run."""
    parts = in_order(e["path"] for e in run.manifest["files"] if e["path"].startswith(TOMBSTONES))
    frames = [pl.read_parquet(local_copy(run.root / part)) for part in parts]
    return pl.concat([pl.DataFrame(schema=TOMBSTONE), *frames])
