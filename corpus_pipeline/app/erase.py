"""Take documents back from a chain of releases: the stages' part in it, and what is written when.

Enters: folders, a request, and who says yes to a large one.  Leaves: an `Erasure`: the receipt, and
how it ended.  The receipt is written last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from corpus_pipeline.app.config import spec
from corpus_pipeline.engine import folder
from corpus_pipeline.io import manifest
from corpus_pipeline.io.fs import place
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.release import erase as release
from corpus_pipeline.products.release import receipt
from corpus_pipeline.products.release.request import Request, request
from corpus_pipeline.products.release.subject import read_subject
from corpus_pipeline.products.runs import open_run
from corpus_pipeline.stages.near_dedup import NearDedupOptions

RECEIPT = "receipt.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it is typed."""

    request: str
    date: str
    reason: str = ""
    ids: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    text_files: tuple[Path, ...] = ()
    subject: Path | None = None
    near: bool = True

    def read(self) -> Request:
        """The request, its files read."""
        named = {
            "id": self.ids,
            "url": self.urls,
            "host": self.hosts,
            "source": self.sources,
            "text": tuple(map(_text, self.text_files)),
        }
        subject = None if self.subject is None else read_subject(place(self.subject))
        return request(
            self.request, self.date, self.reason, named=named, subject=subject, near=self.near
        )


@dataclass(frozen=True, slots=True)
class Erasure:
    """The receipt, where it lies (None: a dry run), and whether it had been done before."""

    receipt: Mapping[str, Any]
    path: Path | None
    again: bool
    earlier: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there was anything to take out."""
        return bool(self.receipt["documents"]) or any(
            index["documents"] for index in self.receipt["indexes"]
        )


def _text(path: Path) -> str:
    try:
        text = place(path).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise PipelineError(f"--text-file: {path} cannot be read: {why}") from None
    if not text.strip():
        raise PipelineError(f"--text-file: {path} is empty")
    return text


def erase(
    releases: Sequence[Path],
    output: Path,
    asked: Asked,
    *,
    indexes: Sequence[Path] = (),
    receipt_file: Path | None = None,
    agreed: Callable[[Sequence[str]], bool] = lambda _shares: False,
    dry_run: bool = False,
    on_step: release.OnStep = lambda *_: None,
) -> Erasure:
    """Take documents back; `agreed` says yes or no to the shares of a large request."""
    roots = [place(root) for root in releases]
    wanted = asked.read()
    target = place(output)
    _apart(target, [*roots, *map(place, indexes)])
    out = release.plan(roots, [place(root) for root in indexes], wanted, _near(roots[0]), on_step)
    earlier = tuple(release.earlier(out))
    if dry_run:
        return Erasure(release.told(out), None, again=False, earlier=earlier)
    path = target / RECEIPT if receipt_file is None else place(receipt_file)
    if path.suffix != ".json":
        raise PipelineError(f"--receipt: {path.name} does not end in .json")
    _is_ours(path, wanted)
    if large := out.large():
        done = all((target / name / "manifest.json").exists() for name, _ in out.runs)
        if not done and not agreed(large):
            raise PipelineError(f"this would erase {'; '.join(large)}: say --yes; nothing changed")
    with folder.lock(target):
        told = release.told(out) if out.nothing else release.carry_out(out, target, on_step)
        again = _stands(path, told)
        receipt.write(path, told)
    return Erasure(told, path, again=again, earlier=earlier)


def _is_ours(path: Path, wanted: Request) -> None:
    """Refuse a receipt of another request before anything is written."""
    if path.exists():
        there = manifest.read(path)
        if (there.get("request"), there.get("date")) != (wanted.reference, wanted.date):
            raise PipelineError(f"{path} is the receipt of another request; choose another folder")


def _stands(path: Path, told: Mapping[str, Any]) -> bool:
    """Whether this very receipt lies there; `PipelineError` where another does."""
    if not path.exists():
        return False
    if manifest.read(path) != manifest.parsed(dict(told)):
        raise PipelineError(f"{path} is the receipt of another request; choose another folder")
    return True


def _apart(target: Path, roots: Sequence[Path]) -> None:
    """Refuse an output that lies in what is only read."""
    own = target.resolve()
    for root in roots:
        if own == root.resolve() or root.resolve() in own.parents:
            raise PipelineError(f"--output {target} lies in {root}, which is only read")


def _near(root: Path) -> release.Near:
    """The comparison of the release's own `near_dedup`, or of the packaged one."""
    stages = {stage["name"]: stage for stage in open_run(root).manifest["stages"]}
    given = stages.get("near_dedup", {}).get("options", {})
    try:
        options = NearDedupOptions(**given)
    except ValidationError:  # of another version
        options = NearDedupOptions()
    stage = spec("near_dedup", options, Path()).build()
    return release.Near(options.ngram, stage.verify)
