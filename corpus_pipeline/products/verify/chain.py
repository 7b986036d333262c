"""Verification: every seal, every digest, every count of a finished run, made again from the data.

Enters: the folder of a run, an index, a dataset or standards, or one sealed file; public keys where
signatures count.  Leaves: all findings, each naming a file and what is wrong with it; none means
clean.  A file whose digest is wrong is not parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any

from corpus_pipeline.io import manifest, storage
from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.fs import StorePath
from corpus_pipeline.io.locators import escaped, unescaped
from corpus_pipeline.io.opening import at_a_time
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products import signing
from corpus_pipeline.products.runs import DROPPED, KEPT, QUARANTINED, TOMBSTONES
from corpus_pipeline.products.verify import recount, sites

#: A page about the run, made afterwards: it is in no manifest, and nothing is made from it.
_PAGE = "report.html"
#: Sealed files that no other file refers to, and what kind each says it is.
_LOOSE = (("run.json", "start"), ("metrics.json", "metrics"))

#: What is left where several sites make one corpus, and the sealed files beside the manifest that
#: no other file refers to.
_SITES = {
    "package": (),
    "sums": (),
    "site_decisions": (),
    "site_totals": (),
    "decisions": ("run.json", "metrics.json"),
    "totals": ("run.json", "metrics.json"),
    "sites": ("metrics.json",),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as the manifest says; `path` is relative to the verified folder."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


@dataclass(slots=True)
class _Folder:
    """One folder under verification.

    `accounted`: paths that a manifest lists; `bad`: paths with a finding, not looked at further.
    """

    root: Path
    name: str = ""  # how findings call this folder; empty for the one that was asked for
    keys: signing.PublicKeys = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    accounted: set[str] = field(default_factory=set)
    bad: set[str] = field(default_factory=set)

    def find(self, path: str, problem: str) -> None:
        """Note a finding; a file whose bytes are wrong is not judged further."""
        self.bad.add(path)
        full = PurePosixPath(self.name) / path if self.name else PurePosixPath(path)
        self.findings.append(Finding(str(full), problem))

    def sealed(self, path: str) -> dict[str, Any] | None:
        """The content of a sealed file, or None and a finding."""
        self.accounted.add(path)
        try:
            return manifest.read(self.root / path)
        except PipelineError as error:
            kinds = ("no manifest", "unreadable manifest", "not a manifest", "tampered manifest")
            kind = next((k for k in kinds if str(error).startswith(k)), "unreadable manifest")
            problem = {
                "no manifest": "missing",
                "tampered manifest": "tampered with: the content does not match the seal",
            }.get(kind, kind)
        except ValueError:
            problem = "unreadable manifest"
        self.find(path, problem)
        return None

    def signed(self, path: str) -> None:
        """The signature of a sealed file: needed where keys are given, whole in any case.

        A parent may be unsigned: whoever signed this folder signed the seals of its parents.
        """
        target = path + signing.SUFFIX
        self.accounted.add(target)
        if (self.root / target).exists() or (self.keys and not self.name):
            problem = signing.problem(self.root / path, self.keys)
            if problem:
                self.find(target, problem)

    def guarded(self, path: str, check: Callable[[], None]) -> None:
        """Run a check; whatever a damaged file makes a reader raise is a finding, not a crash."""
        try:
            check()
        except Exception as error:  # noqa: BLE001 - see the docstring
            self.find(path, f"unreadable ({type(error).__name__})")

    def digests(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Each listed file: there, of this size, of this sha256."""
        for entry in entries:
            path = str(entry["path"])
            if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
                self.find(path, "the manifest names a path outside its folder")
                continue
            self.accounted.add(path)
            full = self.root / path
            if path in self.bad:
                continue
            if not full.is_file():
                self.find(path, "missing")
                continue
            try:
                size, digest = full.stat().st_size, storage.sha256_file(full)
            except OSError as error:
                self.find(path, f"unreadable ({type(error).__name__})")
                continue
            if size != entry["bytes"]:
                self.find(path, f"{size} bytes, the manifest says {entry['bytes']}")
            elif digest != entry["sha256"]:
                self.find(path, "sha256 differs from the manifest: the file was changed")

    def unlisted(self, inside: str = "") -> None:
        """Note each file that no manifest lists; `inside`: a folder below this one."""
        for path in sorted((self.root / inside).rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if path.is_dir() or path.name.startswith(storage.TEMPORARY) or name in self.accounted:
                continue
            if name.startswith("work/"):
                self.find("work", "intermediate files of an unfinished run: run it again")
                return
            if not name.startswith("dataset/") or inside:
                self.find(name, "not listed in any manifest")


def verify(
    root: Path, inputs: Path | Sequence[Path] | None = None, keys: Sequence[Path] = ()
) -> list[Finding]:
    """Everything that is wrong with the run, index or dataset in this folder; empty when clean.

    `inputs`: folders below which the inputs lie, to hash them again as well; `keys`: files of
    public keys, one of which must have signed.  `root` may be one sealed file.  Raises
    `PipelineError` where the folder holds no manifest.
    """
    known = signing.public_keys(keys)
    if root.is_file():
        return _sealed_file(root, known)
    if not root.is_dir():
        raise PipelineError(f"no such run: {root} is not a folder")
    if not (root / "manifest.json").exists() and (root / "dataset" / "manifest.json").exists():
        root /= "dataset"  # an export that lies apart from its run
    if not (root / "manifest.json").exists():
        raise PipelineError(f"not a finished run: {root} has no manifest.json")
    roots = [inputs] if isinstance(inputs, Path) else list(inputs or ())
    return _verify(_Folder(root, "", known), roots, set())


def _sealed_file(path: Path, keys: signing.PublicKeys) -> list[Finding]:
    """One sealed file by itself, such as a ledger or a receipt: its seal, its signature."""
    folder = _Folder(path.parent, "", keys)
    if folder.sealed(path.name) is not None:
        folder.signed(path.name)
    return folder.findings


def _verify(folder: _Folder, inputs: Sequence[Path], seen: set[Path]) -> list[Finding]:
    seen.add(folder.root.resolve())
    content = folder.sealed("manifest.json")
    if content is None:
        return folder.findings
    folder.signed("manifest.json")
    kind = content.get("kind")
    if kind == "dataset":
        folder.guarded("manifest.json", lambda: _dataset(folder, "", content))
    elif kind == "run":
        folder.guarded("manifest.json", lambda: _run(folder, content))
        if inputs:
            folder.guarded("manifest.json", lambda: _inputs(folder, content, inputs))
    elif kind == "index":
        folder.guarded("manifest.json", lambda: _index(folder, content))
    elif kind == "standards":
        folder.guarded("manifest.json", lambda: _standards(folder, content))
    elif kind in _SITES:
        folder.guarded("manifest.json", lambda: _sites(folder, content))
    else:
        folder.find("manifest.json", f"a manifest of kind {kind!r}, not of a run or a dataset")
    folder.guarded("manifest.json", lambda: _parents(folder, content, inputs, seen))
    return folder.findings


def _run(folder: _Folder, content: Mapping[str, Any]) -> None:
    for path, kind in _LOOSE:
        loose = folder.sealed(path)
        if loose is not None and loose.get("kind") != kind:
            folder.find(path, f"a manifest of kind {loose.get('kind')!r}, not {kind!r}")
        elif loose is not None and kind == "start" and loose.get("key") != content["key"]:
            folder.find(path, "the key of another run")
    folder.digests(content["splits"])
    folder.digests(content["files"])
    _splits(folder, content)
    for problem in (*recount.unconserved(content["counts"]), *_erasures(content)):
        folder.find("manifest.json", problem)
    _inner_dataset(folder, content)
    folder.accounted.add(_PAGE)
    folder.unlisted()


def _erasures(content: Mapping[str, Any]) -> Iterator[str]:
    """Where a run's list of erasures does not add up to what was erased."""
    erased = content["counts"].get("erased", 0)
    listed = sum(one["documents"] for one in content.get("erasures", []))
    if erased != listed:
        yield f"{erased} documents were erased, the list of erasures says {listed}"


def _index(folder: _Folder, content: Mapping[str, Any]) -> None:
    for path, _ in _LOOSE:
        folder.sealed(path)
    folder.digests(content["files"])
    rows = [entry["rows"] for entry in content["files"] if entry["path"].startswith("texts/")]
    if rows != content["rows"] or sum(rows) != content["counts"]["kept"]:
        folder.find("manifest.json", "the rows of the texts do not add up")
    merged = content.get("merged")
    if merged is not None and sum(one["documents"] for one in merged) != sum(content["rows"]):
        folder.find("manifest.json", "the documents of the merged indexes do not add up")
    folder.unlisted()


def _standards(folder: _Folder, content: Mapping[str, Any]) -> None:
    folder.digests(content["files"])
    for entry in content["files"]:
        statement = folder.root / entry["path"]
        envelope = signing.envelope_of(statement)
        if envelope.exists():
            name = envelope.relative_to(folder.root).as_posix()
            folder.accounted.add(name)
            if problem := signing.envelope_problem(statement, folder.keys):
                folder.find(name, problem)
    folder.unlisted()


def _sites(folder: _Folder, content: Mapping[str, Any]) -> None:
    """A package, decisions, or the release over several sites."""
    for path in _SITES[content["kind"]]:
        folder.sealed(path)
    folder.digests(content.get("files", []))
    found: Iterator[tuple[str, str]] = iter(())
    if content["kind"] in ("package", "sums") and not folder.bad:
        found = sites.package(folder.root, content)
    elif content["kind"] in ("decisions", "totals"):
        for path, seal in sites.inner(content):
            own = folder.sealed(path)
            if own is not None and own["seal"] != seal:
                folder.find(path, "not the decisions that the manifest names: its seal differs")
            elif own is not None:
                home = PurePosixPath(path).parent
                folder.digests({**one, "path": str(home / one["path"])} for one in own["files"])
    elif content["kind"] == "sites" and not folder.bad:
        found = sites.release(folder.root, content)
    for path, problem in found:
        folder.find(path, problem)
    folder.unlisted()


def _splits(folder: _Folder, content: Mapping[str, Any]) -> None:
    tally, ids = recount.Tally(), recount.Ids()
    listed = {entry["path"]: entry for entry in content["files"]}
    paths = [str(entry["path"]) for entry in content["splits"]]
    for path in paths:
        split = None if path in folder.bad else folder.sealed(path)
        if split is not None:
            folder.guarded(path, partial(_split, folder, path, split, listed, ids))
            tally.add(split["counts"])
    for path, double in ids.doubles():
        folder.find(path, f"id {double} stands in more than one document")
    if folder.bad & set(paths):
        return  # the sum over the splits lacks theirs
    for path in listed:
        folder.find(path, "listed by the run, but by none of its splits")
    for problem in tally.differs(content["counts"]):
        folder.find("manifest.json", f"counts: {problem} (added over the splits)")


def _split(
    folder: _Folder,
    path: str,
    split: Mapping[str, Any],
    listed: dict[str, Mapping[str, Any]],
    ids: recount.Ids,
) -> None:
    parts: dict[str, Mapping[str, Any]] = {}
    for entry in split["files"]:
        if listed.pop(entry["path"], None) != entry:
            folder.find(path, f"says of {entry['path']} what the run's manifest does not")
        parts[entry["path"].partition("/")[0]] = entry
    for problem in recount.unconserved(split["counts"]):
        folder.find(path, problem)
    if set(parts) - {TOMBSTONES} != {KEPT, DROPPED, QUARANTINED}:
        folder.find(path, f"its parts are {', '.join(sorted(parts))}")
        return
    names = {entry["path"] for entry in parts.values()}
    tally = recount.Tally()
    for kind, entry in parts.items():
        if entry["path"] not in folder.bad:
            folder.guarded(entry["path"], partial(_part, folder, kind, entry, tally, ids))
    if not folder.bad & names:
        for problem in tally.differs(split["counts"], ("input_bytes", "bytes_by_source")):
            folder.find(path, f"counts: {problem} (counted in the data)")


def _part(
    folder: _Folder, kind: str, entry: Mapping[str, Any], tally: recount.Tally, ids: recount.Ids
) -> None:
    name = entry["path"]
    rows, problems = recount.part(folder.root / name, kind, name, tally, ids)
    if rows != entry.get("rows"):
        folder.find(name, f"{rows} rows, the manifest says {entry.get('rows')}")
    for problem in problems:
        folder.find(name, problem)


def _inner_dataset(folder: _Folder, content: Mapping[str, Any]) -> None:
    if not (folder.root / "dataset").exists():
        return
    path = "dataset/manifest.json"
    dataset = folder.sealed(path)
    if dataset is None:
        return  # without its list every file would be unlisted
    folder.signed(path)
    if dataset["parents"][0]["seal"] != content["seal"]:
        folder.find(path, "made from another run: the parent's seal differs")
    folder.guarded(path, partial(_dataset, folder, "dataset/", dataset))
    folder.unlisted("dataset")


def _dataset(folder: _Folder, prefix: str, content: Mapping[str, Any]) -> None:
    own = prefix + "manifest.json"
    files = {prefix + entry["path"]: entry for entry in content["files"]}
    folder.digests({**entry, "path": path} for path, entry in files.items())
    if not prefix:
        folder.unlisted()
    parent = (folder.root / prefix / unescaped(content["parents"][0]["manifest"])).parent
    run = manifest.read_if_sound(parent / "manifest.json")
    mixed = "mixture" in content
    for shard in content["shards"]:
        path = prefix + shard["path"]
        stated = {shard["rows"]}
        if not mixed:
            stated.add(sum(part[2] for part in shard["from"]))
        if stated != {files.get(path, {}).get("rows")}:
            folder.find(own, f"contradicts itself about the rows of {path}")
        elif path not in folder.bad:
            folder.guarded(path, partial(_shard, folder, path, parent if run else None, shard))
    if sum(shard["rows"] for shard in content["shards"]) != content["counts"]["rows"]:
        folder.find(own, "counts: rows differ from the sum of the shards")
    if run is None:
        return
    claimed = [tuple(entry) for shard in content["shards"] for entry in shard["from"]]
    problems = (
        recount.unmixed(folder.root / prefix, content["shards"], run["files"])
        if mixed
        else recount.uncovered(claimed, run["files"])
    )
    for problem in problems:
        folder.find(own, problem)


def _shard(folder: _Folder, path: str, run: Path | None, claim: Mapping[str, Any]) -> None:
    damaged = folder.bad & {entry[0] for entry in claim["from"]}
    if run is not None and run.resolve() == folder.root.resolve() and damaged:
        run = None  # those parts have findings already; the shard cannot be compared with them
    problem = recount.shard(folder.root / path, run, claim)
    if problem:
        folder.find(path, problem)


def _inputs(folder: _Folder, content: Mapping[str, Any], roots: Sequence[Path]) -> None:
    hidden = _Hidden(roots)
    delivery = content["config"].get("ingest", {}).get("delivery")
    above = "" if delivery is None else f"{escaped(delivery)}/"

    def problem(entry: Mapping[str, Any]) -> str:
        name = entry["locator"].removeprefix(above)
        file = unescaped(name)
        tries = (path for root in roots for path in (root / file, root.parent / file))
        first = next((path for path in tries if path.is_file()), None)
        found = hidden.files_of(name) if first is None else [first]
        if not found:
            return "input not found"
        changed = all(storage.sha256_file(path) != entry["sha256"] for path in found)
        return "the input was changed since the run" if changed else ""

    distant = any(isinstance(root, StorePath) for root in roots)
    for entry, said in at_a_time(problem, content["inputs"], distant=distant):
        if said:
            folder.find(entry["locator"], said)


class _Hidden:
    """Files by the locators under which their names were hidden."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = roots

    def files_of(self, locator: str) -> list[Path]:
        """All files that may be the input: of two that differ in what was hidden, either."""
        return self._files.get(re.sub(r"~[0-9]+$", "", locator), [])

    @cached_property
    def _files(self) -> dict[str, list[Path]]:
        files: dict[str, list[Path]] = {}
        for root in self.roots:
            for path in sorted(path for path in root.rglob("*") if path.is_file()):
                for above in (root, root.parent):
                    name = escaped(path.relative_to(above).as_posix())
                    if (hidden := concealed(name)) != name:
                        files.setdefault(hidden, []).append(path)
        return files


def _parents(
    folder: _Folder, content: Mapping[str, Any], inputs: Sequence[Path], seen: set[Path]
) -> None:
    for entry in content.get("parents", []):
        path = folder.root / unescaped(entry["manifest"])
        if not path.exists() or path.parent.resolve() in seen:
            continue
        name = PurePosixPath(folder.name) / PurePosixPath(entry["manifest"]).parent
        parent = manifest.read_if_sound(path)
        if parent is not None and parent["seal"] != entry["seal"]:
            folder.find(entry["manifest"], "not the parent this was made from: its seal differs")
        folder.findings += _verify(
            _Folder(path.parent.resolve(), str(name), folder.keys), inputs, seen
        )
