"""What a run did and with what: its ledger, its methods, its files.

Enters: a finished run.  Leaves: tables.
"""

from __future__ import annotations

from collections.abc import Iterator

from corpus_pipeline.io import manifest
from corpus_pipeline.products.audit.words import both
from corpus_pipeline.products.evidence.table import Cell, Column, Table
from corpus_pipeline.products.runs import Run, all_inputs


def ledger(run: Run) -> Table:
    """Documents and characters that each rule took out, in the order of the stages."""
    return Table(
        "ledger",
        both("Ledger of the stages", "处理台账"),
        both(
            "Read = kept + dropped + quarantined; every dropped document names its rule.",
            "读入 = 保留 + 剔除 + 隔离；每篇被剔除的文档都写明规则。",
        ),
        (
            Column(both("step", "步骤")),
            Column(both("stage", "阶段")),
            Column(both("version", "版本")),
            Column(both("what happened", "处理")),
            Column(both("rule", "规则")),
            Column(both("documents", "条数")),
            Column(both("characters", "字数")),
        ),
        tuple(_ledger(run)),
    )


def _ledger(run: Run) -> Iterator[tuple[Cell, ...]]:
    counts = run.counts
    yield 0, "ingest", None, "读入 / read", "", counts["read"], None
    for name, rows in sorted(counts["by_quarantine"].items()):
        stage, _, reason = name.partition("/")
        yield 0, stage, None, "隔离 / quarantined", reason, rows, None
    characters = counts.get("characters_by_rule", {})
    for step, stage in enumerate(run.manifest["stages"], 1):
        rules = sorted(
            rule for rule in counts["by_rule"] if rule.partition("/")[0] == stage["name"]
        )
        for rule in rules:
            name = rule.partition("/")[2]
            rows, length = counts["by_rule"][rule], characters.get(rule)
            yield step, stage["name"], stage["version"], "剔除 / dropped", name, rows, length
        if not rules:
            yield step, stage["name"], stage["version"], "未剔除 / none dropped", "", 0, 0
    last = len(run.manifest["stages"]) + 1
    yield last, "", None, "保留 / kept", "", counts["kept"], counts.get("characters_kept")


def methods(run: Run) -> Table:
    """Stages, versions, and the packs and models that they used, by digest."""
    rows: list[tuple[Cell, ...]] = []
    for stage in run.manifest["stages"]:
        assets = sorted(stage.get("assets", {}).items())
        for use, asset in assets or [("", {})]:
            ref = str(asset.get("ref", ""))
            rows.append((stage["name"], str(stage["version"]), use, ref, asset.get("sha256")))
    for name, version in sorted(run.manifest["code"].items()):
        rows.append(("code", str(version), name, "", ""))
    return Table(
        "methods",
        both("Methods, packs and models", "方法、规则包与模型"),
        both(
            "The version of each stage, and the sha256 of each pack, word list and model.",
            "各阶段版本，以及规则包、词库与模型的 sha256。",
        ),
        (
            Column(both("stage", "阶段")),
            Column(both("version", "版本")),
            Column(both("use", "用途"), said=True),
            Column(both("file", "文件"), said=True),
            Column(both("sha256", "sha256")),
        ),
        tuple(rows),
    )


def digests(run: Run) -> Table:
    """The files of the run, of its dataset, and its inputs, by digest."""
    rows: list[tuple[Cell, ...]] = [
        ("run", entry["path"], entry["bytes"], entry.get("rows"), entry["sha256"])
        for entry in (*run.manifest["splits"], *run.manifest["files"])
    ]
    dataset = manifest.read_if_sound(run.root / "dataset" / "manifest.json") or {}
    for entry in dataset.get("files", ()):
        path = f"dataset/{entry['path']}"
        rows.append(("dataset", path, entry["bytes"], entry.get("rows"), entry["sha256"]))
    rows += [
        ("input", entry["locator"], entry["bytes"], None, entry["sha256"])
        for entry in all_inputs(run)
    ]
    return Table(
        "digests",
        both("Digests of all files", "文件摘要"),
        both(
            f"The manifest of the run is sealed: {run.manifest['seal']}.",
            f"运行清单的封印为 {run.manifest['seal']}。",
        ),
        (
            Column(both("part", "部分")),
            Column(both("file", "文件"), said=True),
            Column(both("bytes", "字节数")),
            Column(both("rows", "条数")),
            Column(both("sha256", "sha256")),
        ),
        tuple(rows),
    )
