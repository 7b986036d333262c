"""The keyword library of a run: the packs and lists that its stage `compliance` was pinned to.

Enters: a finished run.  Leaves: what `rules.compliance.coverage` counts, read again from the very
files that the run used (same sha256), and the names of those that are not there any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.products.runs import Run
from corpus_pipeline.rules.compliance import (
    Coverage,
    KeywordList,
    Library,
    coverage,
    libraries,
)
from corpus_pipeline.rules.pack import load
from corpus_pipeline.rules.risk_pack import RiskNames

TAXONOMY = "package:rules/packs/compliance_risks.yaml"
#: What the assets of lists are called, before their number in the options.
_LIST = "keywords_"
#: References to files of this package begin so.
OURS = "package:"


@dataclass(frozen=True, slots=True)
class KeywordFile:
    """A pack or list of a run; `library`: None where the file is not that of the run any more."""

    ref: str
    sha256: str
    library: Library | None

    @property
    def ours(self) -> bool:
        """Whether it comes with this package."""
        return self.ref.startswith(OURS)


def taxonomy() -> RiskNames:
    """The risks, and what a library needs of each."""
    return load(resolve(TAXONOMY, Path.cwd()), RiskNames)


def keyword_files(run: Run) -> list[KeywordFile]:
    """The files of the stage `compliance`, in its order; none where it did not run."""
    stage = next((one for one in run.manifest["stages"] if one["name"] == "compliance"), None)
    return [] if stage is None else list(_files(run, stage))


def covered(files: Sequence[KeywordFile]) -> Coverage:
    """How far the files that are still there cover the risks."""
    return coverage((one.library for one in files if one.library is not None), taxonomy())


def _files(run: Run, stage: Mapping[str, Any]) -> Iterator[KeywordFile]:
    pinned, asked = stage.get("assets", {}), stage.get("options", {}).get("keywords", ())
    risks = resolve(TAXONOMY, Path.cwd())
    for name, entry in sorted(pinned.items()):
        if name.startswith("pack"):
            asset = _asset(run, entry)
            yield _file(entry, None if asset is None else libraries(risks, [asset]))
    for name, entry in sorted(pinned.items()):
        if name.startswith(_LIST):
            asset, one = _asset(run, entry), asked[int(name.removeprefix(_LIST))]
            yield _file(entry, None if asset is None else libraries(risks, [], [_list(asset, one)]))


def _file(entry: Mapping[str, Any], found: list[Library] | None) -> KeywordFile:
    return KeywordFile(str(entry["ref"]), str(entry["sha256"]), found[0] if found else None)


def _asset(run: Run, entry: Mapping[str, Any]) -> Asset | None:
    """The file, where it is still what the run used: beside the run, above it, or from here."""
    for base in (run.root, run.root.parent, Path.cwd()):
        try:
            asset = resolve(str(entry["ref"]), base)
        except PipelineError:
            continue
        if asset.sha256 == entry["sha256"]:
            return asset
    return None


def _list(asset: Asset, one: Mapping[str, Any]) -> KeywordList:
    """A list as its user described it."""
    return KeywordList(
        asset=asset,
        name=str(one.get("name") or asset.path.stem),
        licence=str(one["licence"]),
        updated=date.fromisoformat(str(one["updated"])),
        source=str(one.get("source") or ""),
        risk=one.get("risk"),
        action="mark",
        least=1,
    )
