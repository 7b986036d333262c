"""Documents that were handed in: policies, contracts, reports, each pinned by its digest.

Enters: the manifest of a run, which holds those that its config names, and an index of more.
Leaves: `Document`s by name.  What they say is for people to read: a machine knows that they are
there, whole, in force, and who answers for them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.locators import escaped
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.runs import Run
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.pack import Pack, Text, load
from corpus_pipeline.rules.settings import Strict


class Entry(Strict):
    """A document in an index: where it lies, and who answers for it."""

    name: Text
    path: Text
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    owner: str | None = None
    date: dt.date | None = None
    valid_until: dt.date | None = None


class Index(Pack):
    """An index of documents."""

    noun: ClassVar[str] = "documents"

    pack: str = "documents"
    version: int = 1
    source: str = "handed in"
    documents: tuple[Entry, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was handed in; `problem`: why it does not count."""

    name: str
    file: str
    sha256: str | None
    owner: str | None = None
    date: dt.date | None = None
    problem: Words | None = None

    def __str__(self) -> str:
        about = [f"sha256 {self.sha256[:12]}"] if self.sha256 else []
        about += [self.date.isoformat()] if self.date else []
        about += [self.owner] if self.owner else []
        return f"{self.name} = {self.file} ({', '.join(about)})"


def documents_of(
    run: Run, index: Path | None, known: Collection[str], day: dt.date
) -> Mapping[str, Document]:
    """The documents of the run's config, then those of the index, which win.

    `known`: the names that profiles ask for; `day`: the day on which they must be in force.
    """
    stated = run.manifest.get("config", {}).get("documents", {})
    found = {
        name: Document(name, str(entry["file"]), str(entry["sha256"]))
        for name, entry in stated.items()
    }
    for entry in () if index is None else load(resolve(str(index), Path.cwd()), Index).documents:
        if entry.name not in known:
            near = nearest(entry.name, known)
            raise PipelineError(
                f"documents {index}: {entry.name!r} is asked for by no clause{near}"
            )
        found[entry.name] = _document(entry, Path(str(index)).parent, day)
    return found


def _document(entry: Entry, base: Path, day: dt.date) -> Document:
    name = concealed(escaped(Path(entry.path).name))
    try:
        raw = (base / entry.path).read_bytes()
    except (OSError, ValueError) as error:  # a path may hold what no file system takes
        why = getattr(error, "strerror", None) or "unreadable"
        problem = both(f"{name} cannot be read: {why}", f"{name} 无法读取：{why}")
        return Document(entry.name, name, None, entry.owner, entry.date, problem)
    digest = sha256(raw).hexdigest()
    said = None
    if not raw.strip():
        said = both(f"{name} is empty", f"{name} 为空文件")
    elif entry.sha256 not in {None, digest}:
        said = both(f"{name} is not the file of its digest", f"{name} 与所列摘要不符")
    elif entry.valid_until is not None and entry.valid_until < day:
        until = entry.valid_until.isoformat()
        said = both(f"{name} was valid until {until}", f"{name} 的有效期至 {until}，已过期")
    return Document(entry.name, name, digest, entry.owner, entry.date, said)
