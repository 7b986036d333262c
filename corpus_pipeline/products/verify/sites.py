"""What a corpus of several sites leaves, checked: packages, decisions, the release over all sites.

Enters: a folder, the content of its manifest, and files whose digests are known to be right.
Leaves: problems in words, each with the path of its file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from corpus_pipeline.io import manifest
from corpus_pipeline.io.package_files import problems
from corpus_pipeline.products.sites.release import added, differences
from corpus_pipeline.products.verify import recount

Problems = Iterator[tuple[str, str]]


def package(root: Path, content: Mapping[str, Any]) -> Problems:
    """Columns that no package, or no sums, have, and rows that do not add up."""
    for entry in content["files"]:
        for problem in problems(
            root / entry["path"], entry["path"], content["site"], content["values"]
        ):
            yield entry["path"], problem
    if content["kind"] == "sums":
        return
    facts = [entry["rows"] for entry in content["files"] if entry["path"].startswith("facts/")]
    if facts != content["rows"] or sum(facts) != content["counts"]["kept"]:
        yield "manifest.json", "the rows of the facts do not add up"


def inner(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The manifests inside a coordinator's folder, and the seal that each must have."""
    for entry in content["sites"]:
        yield f"sites/{entry['site']}/manifest.json", entry[content["kind"]]


def release(root: Path, content: Mapping[str, Any]) -> Problems:
    """Accounts that do not fit the decisions or the sum, and counts that break the law."""
    kinds = [kind for kind in ("decisions", "totals") if kind in content]
    decided = [manifest.read(root / f"{kind}.json") for kind in kinds]
    accounts = [
        manifest.read(root / entry["path"])
        for entry in content["files"]
        if entry["path"].startswith("accounts/")
    ]
    for kind, one in zip(kinds, decided, strict=True):
        if one["seal"] != content[kind]:
            yield f"{kind}.json", f"not the {kind} that the manifest names"
    if decided[0]["key"] != content["round"]:
        yield "decisions.json", "not the decisions that the manifest names"
    for problem in differences(decided, accounts):
        yield "manifest.json", problem
    if added(account["counts"] for account in accounts) != content["counts"]:
        yield "manifest.json", "counts: not the sum over the sites"
    for problem in recount.unconserved(content["counts"]):
        yield "manifest.json", problem
    for account, said in zip(accounts, content["sites"], strict=True):
        if any(account[key] != value for key, value in said.items()):
            yield "manifest.json", f"says of {said['site']} what its account does not"
