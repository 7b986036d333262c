"""A small finished run, built with the functions that write real ones."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from corpus_pipeline.io import manifest
from corpus_pipeline.io.manifest import file_entry
from corpus_pipeline.io.shards import write_shard
from corpus_pipeline.model import DOCUMENT, QUARANTINE, VERDICT, document_id

STAGE_COLUMNS: dict[str, pl.DataType] = {
    "decode_charset": pl.String(),
    "decode_confidence": pl.Float32(),
    "langid_label": pl.String(),
    "langid_score": pl.Float32(),
    "langid_keep": pl.Boolean(),
    "normalize_script": pl.String(),
    "normalize_changed": pl.UInt32(),
    "heuristics_han_ratio": pl.Float32(),
    "heuristics_length": pl.Float32(),
    "pii_spans": pl.List(
        pl.Struct({"start": pl.UInt32, "end": pl.UInt32, "type": pl.String, "tier": pl.UInt8})
    ),
    "compliance_hits": pl.List(
        pl.Struct(
            {
                "risk": pl.String,
                "rule": pl.String,
                "start": pl.UInt32,
                "end": pl.UInt32,
                "weight": pl.Float32,
            }
        )
    ),
    "compliance_score": pl.Float32(),
    "compliance_checked": pl.String(),
    "ip_risk": pl.String(),
    "ip_basis": pl.List(pl.String),
    "aigc_label": pl.String(),
    "aigc_basis": pl.List(pl.String),
    "quality_score": pl.Float32(),
    "exact_dedup_cluster": pl.String(),
    "near_dedup_cluster": pl.String(),
    "near_dedup_cluster_size": pl.UInt32(),
    "near_dedup_jaccard": pl.Float32(),
}
SCHEMA: dict[str, Any] = {**DOCUMENT, **VERDICT, **STAGE_COLUMNS}
STAGES = (
    "decode",
    "langid",
    "normalize",
    "heuristics",
    "pii",
    "compliance",
    "quality",
    "exact_dedup",
    "near_dedup",
)
SOURCES = [
    {
        "name": "news",
        "kind": "open",
        "license": "CC-BY-4.0",
        "legal_basis": "open licence",
        "collected_at": "2026-10-01",
        "evidence": "licences/news.txt",
    },
    {
        "name": "forum",
        "kind": "self_collected",
        "license": "CC0-1.0",
        "legal_basis": "public information, PIPL art. 27",
        "collected_at": "2026-11-05",
        "evidence": None,
    },
]


def doc(source: str, locator: str, text: str, **more: Any) -> dict[str, Any]:
    """A document that every stage let pass, unless `more` says otherwise."""
    key = document_id(source, locator)
    licences = {entry["name"]: entry["license"] for entry in SOURCES}
    return {
        **dict.fromkeys(SCHEMA),
        "id": key,
        "source": source,
        "locator": locator,
        "url": f"https://example.org/{key[:8]}",
        "title": text[:6],
        "text": text,
        "license": licences.get(source),
        "fetched_at": "2026-10-01T08:00:00Z",
        "decode_charset": "gb18030",
        "decode_confidence": 0.9,
        "langid_label": "zh-Hans",
        "langid_score": 0.99,
        "langid_keep": True,
        "normalize_script": "hans",
        "normalize_changed": 0,
        "heuristics_han_ratio": 0.88,
        "heuristics_length": float(len(text)),
        "pii_spans": [],
        "compliance_hits": [],
        "compliance_score": 0.0,
        "compliance_checked": "compliance 4; compliance@4",
        "ip_risk": "low",
        "ip_basis": ["open_licence"],
        "quality_score": 0.7,
        "exact_dedup_cluster": key,
        "near_dedup_cluster": key,
        "near_dedup_cluster_size": 1,
        **more,
    }


def lost(source: str, locator: str, reason: str) -> dict[str, Any]:
    row = {"source": source, "locator": locator, "stage": "ingest", "reason": reason}
    return {**dict.fromkeys(QUARANTINE), **row, "byte_start": 120, "byte_end": 140}


def documents(split: int) -> list[dict[str, Any]]:
    """What one split holds: eight kept, two dropped and a near-duplicate of its first document."""
    path = f"news/{split}.jsonl"
    kept = [
        doc("news", f"{path}@{n * 100}", f"第{split}批第{n}篇：今天的新闻谈城市建设。" * (n + 1))
        for n in range(6)
    ]
    kept += [doc("forum", f"forum/{split}.txt#{n}", f"论坛第{split}版第{n}帖。") for n in range(2)]
    first = kept[0]
    first["near_dedup_cluster_size"] = 2
    kept[1]["pii_spans"] = [{"start": 3, "end": 14, "type": "mobile", "tier": 1}]
    fell = {
        "dropped_by": "langid",
        "drop_rule": "not_chinese",
        "drop_evidence": "label=ja score=0.98",
        "langid_label": "ja",
        "langid_keep": False,
        "normalize_script": None,
        "normalize_changed": None,
        "heuristics_han_ratio": None,
        "heuristics_length": None,
        "compliance_hits": None,
        "compliance_score": None,
        "compliance_checked": None,
        "ip_risk": None,
        "ip_basis": None,
        "quality_score": None,
        "exact_dedup_cluster": None,
        "near_dedup_cluster": None,
        "near_dedup_cluster_size": None,
    }
    twin = {
        "dropped_by": "near_dedup",
        "drop_rule": "near_duplicate",
        "drop_evidence": f"of={first['id']} jaccard=0.87",
        "near_dedup_cluster": first["id"],
        "near_dedup_cluster_size": 2,
        "near_dedup_jaccard": 0.87,
    }
    dropped = [
        doc("news", f"{path}@900", "これは日本語の文書です。", **fell),
        doc("news", f"{path}@950", first["text"] + "（转载）", **twin),
    ]
    return kept + dropped


class Builder:
    """Writes a run from rows; a test may change the rows, the manifest or both first."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.splits = [documents(0), documents(1)]
        self.quarantine = [[lost("news", "news/0.jsonl@980", "bad_json")], []]
        self.content: dict[str, Any] = {
            "kind": "run",
            "name": "样例",
            "code": {"corpus-pipeline": "0.0.0"},
            "key": "k" * 64,
            "config": {"limits": {"quarantine_share": 0.1}},
            "inputs": [],
            "parents": [],
            "sources": [dict(entry) for entry in SOURCES],
            "stages": [
                {"name": name, "version": 1, "options": {}, "assets": {}} for name in STAGES
            ],
        }

    def write(self) -> Path:
        manifest.write(self.root / "run.json", {"kind": "start", "key": self.content["key"]})
        done = [self._split(index) for index in range(len(self.splits))]
        content = {
            **self.content,
            "inputs": self.content["inputs"] or self._inputs(),
            "splits": [
                file_entry(self.root, self.root / f"manifests/split-{index:05d}.json")
                for index in range(len(self.splits))
            ],
            "files": [entry for split in done for entry in split["files"]],
            "counts": total([split["counts"] for split in done]),
        }
        metrics = {
            "kind": "metrics",
            "wall_s": 2.0,
            "cpu_s": 3.5,
            "phases": {"local": 1.5, "apply": 0.25},
            "stages": {name: {"seconds": 0.25, "bytes": 10_000_000} for name in STAGES},
        }
        manifest.write(self.root / "metrics.json", metrics)
        manifest.write(self.root / "manifest.json", content)
        return self.root

    def _inputs(self) -> list[dict[str, Any]]:
        paths = {(row["locator"], row["source"]) for rows in self.splits for row in rows}
        names = sorted({(path.replace("#", "@").partition("@")[0], who) for path, who in paths})
        return [
            {
                "locator": name,
                "bytes": 1000,
                "sha256": "ab" * 32,
                "format": "jsonl",
                "compression": "none",
                "source": source,
            }
            for name, source in names
        ]

    def _split(self, index: int) -> dict[str, Any]:
        part = f"part-{index:05d}.parquet"
        docs = pl.DataFrame(self.splits[index], schema=SCHEMA)
        gone = pl.DataFrame(self.quarantine[index], schema=dict(QUARANTINE))
        kept = docs.filter(pl.col("dropped_by").is_null())
        frames = {
            "kept": kept,
            "dropped": docs.filter(pl.col("dropped_by").is_not_null()),
            "quarantine": gone,
        }
        files = []
        for folder, frame in frames.items():
            path = self.root / folder / part
            rows = write_shard(path, [frame])
            files.append(file_entry(self.root, path, rows))
        content = {
            "kind": "split",
            "split": index,
            "pieces": [{"locator": f"news/{index}.jsonl", "start": 0, "end": 1000}],
            "counts": count(frames),
            "files": files,
            "key": f"split-{index}",
        }
        manifest.write(self.root / f"manifests/split-{index:05d}.json", content)
        return content


def count(frames: dict[str, pl.DataFrame]) -> dict[str, Any]:
    """The counts of a split, added by hand: not with the code that is under test."""
    dropped = frames["dropped"].select("dropped_by", "drop_rule").rows()
    reasons = frames["quarantine"].select("stage", "reason").rows()
    states = {"kept": "kept", "dropped": "dropped", "quarantine": "quarantined"}
    by_source: dict[str, dict[str, int]] = {}
    for folder, state in states.items():
        for name in frames[folder]["source"]:
            entry = by_source.setdefault(name, dict.fromkeys(states.values(), 0))
            entry[state] += 1
    names = [f"{stage}/{rule}" for stage, rule in dropped]
    texts = frames["dropped"]["text"].fill_null("").to_list()
    broken = [f"{stage}/{reason}" for stage, reason in reasons]
    return {
        "read": sum(frame.height for frame in frames.values()),
        **{state: frames[folder].height for folder, state in states.items()},
        "input_bytes": 1000,
        "text_bytes_kept": sum(len(text.encode()) for text in frames["kept"]["text"]),
        "characters_kept": sum(map(len, frames["kept"]["text"])),
        "characters_dropped": sum(map(len, texts)),
        "by_rule": {name: names.count(name) for name in sorted(set(names))},
        "characters_by_rule": {
            name: sum(len(text) for one, text in zip(names, texts, strict=True) if one == name)
            for name in sorted(set(names))
        },
        "by_quarantine": {name: broken.count(name) for name in sorted(set(broken))},
        "by_source": by_source,
    }


def total(parts: list[dict[str, Any]]) -> dict[str, Any]:
    out = json.loads(json.dumps(parts[0]))
    for part in parts[1:]:
        for key, value in part.items():
            out[key] = _sum(out[key], value)
    return out


def _sum(left: Any, right: Any) -> Any:
    if isinstance(left, dict):
        keys = sorted({*left, *right})
        nested = any(isinstance(value, dict) for value in (*left.values(), *right.values()))
        empty: Any = {} if nested else 0
        return {key: _sum(left.get(key, empty), right.get(key, empty)) for key in keys}
    return left + right


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    """A run that is not written yet."""
    return Builder(tmp_path / "RUN")


@pytest.fixture(scope="session")
def make_builder() -> type[Builder]:
    """Makes a run that is not written yet, for runs that several tests share."""
    return Builder


@pytest.fixture(scope="session")
def make_doc() -> Callable[..., dict[str, Any]]:
    """Makes one document's row."""
    return doc


@pytest.fixture(scope="session")
def _sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from corpus_pipeline.products.export.shards import ExportOptions, export

    root = Builder(tmp_path_factory.mktemp("finished") / "RUN").write()
    options = ExportOptions(shard_mb=0.001, published="2026-11-21")
    export(root, root, options)
    return root


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list of 10,200 invented keywords over the 17 risks of A.1 and A.2, as CSV."""
    risks = [f"A1{letter}" for letter in "abcdefgh"] + [f"A2{letter}" for letter in "abcdefghi"]
    signs = [chr(0x4E00 + number) for number in range(130)]
    words = [first + second for first in signs[:80] for second in signs]
    lines = [f"{word},{risks[number // 600]}" for number, word in enumerate(words[: 17 * 600])]
    path = tmp_path_factory.mktemp("library") / "library.csv"
    path.write_text("\n".join(["term,risk", *lines]), "utf-8")
    return path


@pytest.fixture
def run(builder: Builder) -> Path:
    """A finished run without a dataset."""
    return builder.write()


@pytest.fixture
def full_run(_sealed: Path, tmp_path: Path) -> Path:
    """A finished run with its dataset; a copy that a test may damage."""
    shutil.copytree(_sealed, tmp_path / "copy" / "RUN")
    return tmp_path / "copy" / "RUN"


@pytest.fixture
def reseal() -> Callable[..., None]:
    """Changes a sealed file as somebody would who can compute a seal."""

    def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
        content = manifest.read(path)
        edit(content)
        manifest.write(path, content)

    return change
