"""Assets of a user on nodes that see no file of the driver's: carried by digest through a store.

Enters: the spec of a stage whose packs and models lie on the driver.  Leaves: on the driver, the
spec with its assets below a folder of a store; on a node, the spec with files of that node, checked
by their digests.  Assets of the package are each node's own (`model/asset.py`).
Errors: `PipelineError` where an asset is not there, or is another.
"""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

from corpus_pipeline.io.assets import content_of
from corpus_pipeline.io.fs import StorePath, local_copy, scratch, upload
from corpus_pipeline.model import Asset, PipelineError, StageSpec, digest
from corpus_pipeline.rules.proofs import remembered


def published(spec: StageSpec, folder: Path) -> StageSpec:
    """The spec, its local assets of the user copied to `folder/<sha256>`, once each."""
    if not isinstance(folder, StorePath):
        return spec
    assets = {name: _published(asset, folder) for name, asset in spec.assets.items()}
    return replace(spec, assets=assets)


def _published(asset: Asset, folder: StorePath) -> Asset:
    if asset.is_packaged or isinstance(asset.path, StorePath):
        return asset
    home = folder / asset.sha256
    target = home / asset.path.name
    if asset.path.is_dir():
        for file in sorted(path for path in asset.path.rglob("*") if path.is_file()):
            upload(file, target / file.relative_to(asset.path).as_posix())
    elif not target.is_file():
        upload(asset.path, target)
    return replace(asset, path=target)


def at_hand(spec: StageSpec) -> StageSpec:
    """The spec with assets that lie on this node."""
    return replace(spec, assets={name: _at_hand(asset) for name, asset in spec.assets.items()})


def _at_hand(asset: Asset) -> Asset:
    if isinstance(asset.path, StorePath):
        return replace(asset, path=_fetched(asset, asset.path))
    if not asset.path.exists():
        raise PipelineError(absent(asset.ref))
    return asset


def absent(what: str) -> str:
    """What is said of a place that this node does not see."""
    node = socket.gethostname()
    return f"{what} is not there on the node {node}: give it by URL, or mount it on every node"


def stage_of(spec: StageSpec) -> Any:
    """The stage of a spec, built; its packs are proved where they were not before (`proofs`)."""
    with remembered(digest(spec.record()), maker=spec.cls):
        return at_hand(spec).build()


def _fetched(asset: Asset, path: StorePath) -> Path:
    """The asset's copy on this node, the same as long as the process lives."""
    target = scratch() / "assets" / asset.sha256 / path.name
    if target.exists():
        return target
    part = target.with_name(f"{path.name}.part")
    if path.is_dir():
        for file, _facts in path.below():
            _copy(file, part / file.relative_to(path))
    else:
        _copy(path, part)
    if content_of(part) != asset.sha256:
        raise PipelineError(f"the asset {asset.ref} is not what it was when the run began: {path}")
    part.rename(target)
    return target


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    local_copy(path).rename(target)
