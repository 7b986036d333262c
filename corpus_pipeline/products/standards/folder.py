"""The folder of standards: one release in each of them, and a sealed list of all files.

Enters: the folder of a finished run, a publisher config, names of standards.  Leaves: their files,
and `manifest.json` written last.  The same release and config give the same bytes.
Refuses: an unknown name, a folder that is something else or lies in the release, and a standard
that was asked for by name and lacks what it requires (`PipelineError`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from corpus_pipeline import __version__
from corpus_pipeline.io import manifest
from corpus_pipeline.io.storage import commit_bytes, disk_errors, is_free, sha256_file
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products import signing
from corpus_pipeline.products.standards import (
    catalogue,
    croissant,
    cyclonedx,
    data_provenance,
    eu_summary,
    prov,
    slsa,
    spdx,
)
from corpus_pipeline.products.standards.publisher import read_publisher
from corpus_pipeline.products.standards.release import Release, open_release
from corpus_pipeline.rules.messages import nearest

LIST, KIND = "manifest.json", "standards"


def _nothing(_release: Release) -> list[str]:
    return []


def _as_json(describe: Callable[[Release], Mapping[str, Any]]) -> Callable[[Release], bytes]:
    def rendered(release: Release) -> bytes:
        return (json.dumps(describe(release), ensure_ascii=False, indent=1) + "\n").encode()

    return rendered


class Standard(NamedTuple):
    """A standard: its files, what it cannot do without, what it should have beside."""

    files: Mapping[str, Callable[[Release], bytes]]
    needs: Callable[[Release], list[str]] = _nothing
    lacks: Callable[[Release], list[str]] = _nothing


STANDARDS: Mapping[str, Standard] = {
    "croissant": Standard({"croissant.json": _as_json(croissant.describe)}, lacks=croissant.lacks),
    "prov": Standard({"prov.json": _as_json(prov.describe)}),
    "slsa": Standard({"slsa.json": _as_json(slsa.describe)}),
    "spdx": Standard({"spdx.json": _as_json(spdx.describe)}, spdx.needs),
    "cyclonedx": Standard({"bom.cdx.json": _as_json(cyclonedx.describe)}),
    "data-provenance": Standard(
        {"data-provenance.json": _as_json(data_provenance.describe)}, data_provenance.needs
    ),
    "eu-summary": Standard(
        {"eu-summary.json": eu_summary.render_json, "eu-summary.html": eu_summary.render_page}
    ),
    "data-json": Standard({"data.json": _as_json(catalogue.data_json)}, catalogue.needs),
    "dcat": Standard({"dcat.jsonld": _as_json(catalogue.dcat)}),
}


class Written(NamedTuple):
    """What was written: files by standard, what was left out for want of which keys, what lacks."""

    files: Mapping[str, list[str]]
    left_out: Mapping[str, list[str]]
    lacking: Mapping[str, list[str]]


def chosen(only: Sequence[str]) -> list[str]:
    """The names that are meant, in the order of the list; all where none is given.

    >>> chosen(["spdx,prov"])
    ['prov', 'spdx']
    """
    names = [name.strip() for given in only for name in given.split(",") if name.strip()]
    for name in names:
        if name not in STANDARDS:
            raise PipelineError(f"unknown standard {name!r}{nearest(name, list(STANDARDS))}")
    if only and not names:
        raise PipelineError(f"--only: no name; known: {', '.join(STANDARDS)}")
    return [name for name in STANDARDS if not names or name in names]


def write_standards(
    root: Path, folder: Path, only: Sequence[str] = (), config: Path | None = None
) -> Written:
    """Write the folder; what is in it, and what is not."""
    names = chosen(only)
    release = open_release(root, read_publisher(config))
    earlier = _replaceable(folder, root)
    lacking = {name: STANDARDS[name].needs(release) for name in names}
    left_out = {name: keys for name, keys in lacking.items() if keys}
    if only and left_out:
        name, keys = next(iter(left_out.items()))
        raise PipelineError(f"{name} needs {', '.join(keys)}: state it in --config")
    content = {
        name: {path: render(release) for path, render in STANDARDS[name].files.items()}
        for name in names
        if name not in left_out
    }
    _write(
        folder, {path: data for files in content.values() for path, data in files.items()}, earlier
    )
    files = {name: sorted(paths) for name, paths in content.items()}
    entries = [
        manifest.file_entry(folder, folder / path) | {"standard": name}
        for name, paths in files.items()
        for path in paths
    ]
    said = {"kind": KIND, "release": release.seal, "tool": __version__, "left_out": left_out}
    manifest.write(folder / LIST, {**said, "files": entries})
    wanting = {name: STANDARDS[name].lacks(release) for name in files}
    return Written(files, left_out, {name: keys for name, keys in wanting.items() if keys})


def _write(folder: Path, content: Mapping[str, bytes], earlier: set[str]) -> None:
    """Put the files there, and take away an earlier list, its signatures and files it had more."""
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        list_file = folder / LIST
        gone = [list_file, signing.signature_of(list_file)]
        gone += [signing.envelope_of(folder / path) for path in earlier]
        gone += [folder / path for path in sorted(earlier - content.keys())]
        for path in gone:
            path.unlink(missing_ok=True)
    for name, data in content.items():
        commit_bytes(folder / name, data)


def _replaceable(folder: Path, root: Path) -> set[str]:
    """The files of an earlier folder here, which may be replaced; none where it is new."""
    if folder.resolve().is_relative_to(root.resolve()):
        raise PipelineError(f"{folder} lies inside the release: name a folder beside it")
    if is_free(folder):
        return set()
    content = manifest.read_if_sound(folder / LIST) if folder.is_dir() else None
    if content is None or content.get("kind") != KIND:
        raise PipelineError(f"{folder} is there and holds no standards: name another folder")
    known = {path for standard in STANDARDS.values() for path in standard.files}
    earlier = {str(entry["path"]) for entry in content["files"]} & known
    for entry in content["files"]:
        path = folder / str(entry["path"])
        if entry["path"] in known and path.is_file() and sha256_file(path) != entry["sha256"]:
            raise PipelineError(f"{path} was changed since it was written: name another folder")
    return earlier
