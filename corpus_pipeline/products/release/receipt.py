"""The receipt for whoever asked: what was asked, found and removed, and what remains.

Enters: the request, the releases and indexes before and after.  Leaves: a sealed JSON of the kind
`receipt`, and a page in Chinese and English.  Neither repeats the data: what was asked is told by
kind, with salted digests by which the requester can check that it was this; of a subject only
numbers are told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import polars as pl
from jinja2 import Environment, StrictUndefined, Template

from corpus_pipeline.io import manifest, storage
from corpus_pipeline.products.release.index import IndexOutcome
from corpus_pipeline.products.release.request import NEAR, Request
from corpus_pipeline.products.release.rewrite import Outcome

_TEMPLATE = Path(__file__).parent / "templates" / "receipt.md.j2"

#: What an erasure cannot reach, in both languages.
REMAINS: Final = (
    {
        "what": "the old releases and indexes, with their inputs and backups",
        "why": "they are only read; whoever keeps them deletes them",
        "zh": "旧版本与旧索引及其原始输入、备份：本操作只读取，由保管者删除",
    },
    {
        "what": "copies that others have downloaded",
        "why": "they are told by the new release, whose tombstones name the ids",
        "zh": "他人已下载的副本：新版本的墓碑记录列出了编号，可据以删除",
    },
    {
        "what": "models that were trained on the old releases",
        "why": "what a model has learned is not taken out by taking out a document",
        "zh": "已用旧版本训练的模型：移除文档不会改变模型已学到的内容",
    },
)


@dataclass(frozen=True, slots=True)
class Part:
    """One release: its name, what was found in it, and its outcome (None: it stays as it is)."""

    name: str
    seal: str
    found: pl.DataFrame
    outcome: Outcome | None


def content(
    request: Request,
    releases: Sequence[Part],
    indexes: Sequence[tuple[str, str, IndexOutcome | None]],
) -> dict[str, Any]:
    """The receipt as a value; `indexes`: name, seal before, outcome."""
    seals = [part.seal for part in releases] + [seal for _, seal, _ in indexes]
    salt = hashlib.sha256("\n".join([request.reference, request.date, *seals]).encode()).hexdigest()
    return {
        "kind": "receipt",
        "request": request.reference,
        "date": request.date,
        "reason": request.reason,
        "salt": salt,
        "asked": request.asked(salt),
        "near_duplicates_wanted": request.near,
        "documents": sum(part.found.height for part in releases),
        "releases": [_release(part) for part in releases],
        "indexes": [_index(*one) for one in indexes],
        "remains": [dict(one) for one in REMAINS],
    }


def _release(part: Part) -> dict[str, Any]:
    found, outcome = part.found, part.outcome
    return {
        "release": part.name,
        "before": part.seal,
        "after": None if outcome is None else outcome.after,
        "documents": found.height,
        "near_duplicates": found.filter(pl.col("by") == NEAR).height,
        "by": dict(sorted(found.group_by("by").len().iter_rows())),
        "places": {
            name: number
            for name in ("kept", "dropped", "quarantine")
            if (number := found.filter(pl.col("part").str.starts_with(f"{name}/")).height)
        },
        "files": [
            {"path": path, "before": before, "after": after}
            for path, before, after in (() if outcome is None else outcome.files)
        ],
    }


def _index(name: str, seal: str, outcome: IndexOutcome | None) -> dict[str, Any]:
    """What a receipt says of one index; None: nothing was found, so it stays as it is."""
    return {
        "index": name,
        "before": seal,
        "after": None if outcome is None else outcome.after,
        "documents": 0 if outcome is None else outcome.documents,
        "known": 0 if outcome is None else outcome.known,
    }


def write(path: Path, told: Mapping[str, Any]) -> None:
    """Write the page and then the receipt; the same bytes for the same receipt."""
    page = _template().render(receipt=manifest.parsed(dict(told)), NAMES=_NAMES)
    storage.commit_bytes(path.with_suffix(".md"), page.encode())
    manifest.write(path, dict(told))


_NAMES: Final = {
    "id": "编号",
    "url": "网址",
    "host": "网站",
    "source": "来源",
    "text": "文本",
    "subject": "个人",
    "near_duplicate": "近似重复",
}


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=False,  # noqa: S701 - Markdown; every value is a number, a digest or a name of ours
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(_TEMPLATE.read_text("utf-8"))
