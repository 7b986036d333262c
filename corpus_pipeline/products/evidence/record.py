"""What a run did and with what: its ledger, its methods, its files.

Enters: a finished run.  Leaves: tables.
"""

from __future__ import annotations

from collections.abc import Iterator

from corpus_pipeline.io import manifest
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.evidence.packs import content_of
from corpus_pipeline.products.evidence.table import Cell, Column, Table
from corpus_pipeline.products.report.names import name_of
from corpus_pipeline.products.runs import Run, all_inputs

_QUARANTINED = both("quarantined", "隔离")
_DROPPED = both("dropped", "剔除")


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
            Column(both("meaning", "含义"), apart=True),
            Column(both("documents", "条数")),
            Column(both("characters", "字数")),
        ),
        tuple(_ledger(run)),
    )


def _ledger(run: Run) -> Iterator[tuple[Cell, ...]]:
    counts = run.counts
    yield 0, stage_name("ingest"), None, both("read", "读入"), "", None, counts["read"], None
    for name, rows in sorted(counts["by_quarantine"].items()):
        stage, _, reason = name.partition("/")
        word = _called("reasons", reason)
        yield 0, stage_name(stage), None, _QUARANTINED, reason, word, rows, None
    characters = counts.get("characters_by_rule", {})
    for step, stage in enumerate(run.manifest["stages"], 1):
        head = (step, stage_name(stage["name"]), stage["version"])
        rules = [rule for rule in counts["by_rule"] if rule.partition("/")[0] == stage["name"]]
        for rule in sorted(rules):
            name = rule.partition("/")[2]
            fell = (counts["by_rule"][rule], characters.get(rule))
            yield *head, _DROPPED, name, _called("rules", name), *fell
        if not rules:
            yield *head, both("none dropped", "未剔除"), "", None, 0, 0
    last = len(run.manifest["stages"]) + 1
    kept = (counts["kept"], counts.get("characters_kept"))
    yield last, "", None, both("kept", "保留"), "", None, *kept


def stage_name(name: str) -> Words | str:
    """A stage with what it is called."""
    word = _called("stages", name)
    return name if word is None else both(f"{name}: {word.en}", f"{name}（{word.zh}）")


def _called(kind: str, name: str) -> Words | None:
    word = name_of(kind, name)
    return None if word is None else both(word[0], word[1])


def methods(run: Run) -> Table:
    """Stages, versions, and the packs and models that they used, by digest."""
    rows: list[tuple[Cell, ...]] = []
    for stage in run.manifest["stages"]:
        name, version = stage_name(stage["name"]), str(stage["version"])
        for use, asset in sorted(stage.get("assets", {}).items()) or [("", {})]:
            ref, digest = str(asset.get("ref", "")), str(asset.get("sha256", ""))
            pack = content_of(ref, digest) if ref else None
            about = [str((pack or {}).get(key, "")) for key in ("version", "licence", "source")]
            rows.append((name, version, _called("does", stage["name"]), use, ref, *about, digest))
    for part, version in sorted(run.manifest["code"].items()):
        rows.append((both("program", "程序"), str(version), None, part, "", "", "", "", ""))
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
            Column(both("what it does", "作用"), apart=True),
            Column(both("use of the file", "文件用途"), said=True),
            Column(both("file", "文件"), said=True),
            Column(both("its version", "文件版本")),
            Column(both("its licence", "文件许可"), said=True),
            Column(both("its source", "文件来源"), said=True),
            Column(both("sha256", "sha256")),
        ),
        tuple(rows),
    )


def digests(run: Run) -> Table:
    """The files of the run, of its dataset, and its inputs, by digest."""
    rows: list[tuple[Cell, ...]] = [
        (both("run", "运行"), entry["path"], entry["bytes"], entry.get("rows"), entry["sha256"])
        for entry in (*run.manifest["splits"], *run.manifest["files"])
    ]
    dataset = manifest.read_if_sound(run.root / "dataset" / "manifest.json") or {}
    for entry in dataset.get("files", ()):
        path = f"dataset/{entry['path']}"
        rows.append(
            (both("dataset", "数据集"), path, entry["bytes"], entry.get("rows"), entry["sha256"])
        )
    rows += [
        (both("input", "输入"), entry["locator"], entry["bytes"], None, entry["sha256"])
        for entry in all_inputs(run)
    ]
    return Table(
        "digests",
        both("Digests of all files", "文件摘要"),
        both(
            f"The manifest of the run is sealed: {run.manifest['seal']}. `corpus-pipeline verify` "
            "recomputes all of them.",
            f"运行清单的封印为 {run.manifest['seal']}；corpus-pipeline verify 可重新核对全部摘要。",
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
