"""The output of each stage over fixed texts, as a digest beside the stage's version.

`python -m scripts.golden` writes `tests/golden/<stage>.json` anew.  It refuses a stage whose output
has changed while its version has not: resume and indexes rely on the version.  `--keep-version`
writes it all the same, for a change of the fixed texts themselves.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from corpus_pipeline.app.config import spec, stage_class
from corpus_pipeline.engine.run import Job, run
from corpus_pipeline.io.inputs import discover
from corpus_pipeline.io.readers.base import IngestOptions
from corpus_pipeline.model import DOCUMENT, PAYLOAD, VERDICT, canonical_json, document_id
from corpus_pipeline.stages import STAGES
from corpus_pipeline.tasks.local import LocalEngine

HOME = Path(__file__).parents[1] / "tests" / "golden"
CHARSETS = ("utf-8", "gb18030", "big5", "utf-16", "shift_jis", "utf-8-sig")
#: Digits of a measure that are compared: the last bits of a model's sum differ between processors.
DIGITS = 4


def lines(name: str) -> list[str]:
    """The texts of a file of the golden folder."""
    rows = (HOME / name).read_text("utf-8").rstrip("\n").split("\n")
    return [json.loads(row)["text"] for row in rows]


def batch(texts: list[str | None], **columns: Any) -> pl.DataFrame:
    """Documents with these texts; other columns are null unless given."""
    data: dict[str, Any] = {name: [None] * len(texts) for name in (*DOCUMENT, *VERDICT)}
    locators = [f"golden.jsonl@{number}" for number in range(len(texts))]
    data |= {"text": texts, "source": ["golden"] * len(texts), "locator": locators}
    data["id"] = [document_id("golden", locator) for locator in locators]
    data |= columns
    return pl.DataFrame(data, schema_overrides={**DOCUMENT, **VERDICT, **PAYLOAD})


def inputs(name: str) -> pl.DataFrame:
    """What the stage is shown: bytes for `decode`, pages for `extract`, texts for the others."""
    if name == "extract":
        pages = lines("pages.jsonl")
        links = [f"https://www.example.cn/{number}.html" for number in range(len(pages))]
        return batch(pages, media_type=["text/html"] * len(pages), url=links)
    texts = lines("texts.jsonl")
    if name != "decode":
        return batch(texts)
    payloads, charsets = [], []
    for number, text in enumerate(texts):
        charset = CHARSETS[number % len(CHARSETS)]
        data = text.encode(charset, "replace")
        if number % 4 == 3:  # a byte is lost
            data = data[: len(data) // 2] + data[len(data) // 2 + 1 :]
        payloads.append(data)
        charsets.append(charset if number % 3 == 0 else None)
    nothing = [None] * len(texts)
    return batch(
        nothing, payload=payloads, declared_charset=charsets, response_headers=nothing
    ).with_columns(pl.col("text").cast(pl.String))


def built(name: str) -> Any:
    """The stage under its default options, its packaged assets pinned.

    `decontaminate` is given a benchmark of the fixed texts: without one it has nothing to find.
    """
    options: dict[str, Any] = {}
    if name == "decontaminate":
        options["benchmarks"] = [str(HOME / "benchmark.jsonl")]
    return spec(name, stage_class(name).OptionsModel(**options), Path.cwd())


def twins(texts: list[str]) -> list[str]:
    """The longer texts, each with near copies, under shared head and foot lines."""
    made = []
    for number, text in enumerate(text for text in texts if len(text) > 60):
        copies = (text, text[:-2] + "末尾", text) if number % 2 else (text,)
        made += [f"首页 > 新闻 > 正文\n{copy}\n版权所有 {number}" for copy in copies]
    return made


def found(docs: pl.DataFrame) -> pl.DataFrame:
    """The documents with what `compliance` says: every tenth of one source fell, few of another."""
    number = pl.int_range(pl.len())
    fell = (number % 10 == 0) | (number % 97 == 1)
    return docs.with_columns(
        source=pl.when(number % 2 == 0).then(pl.lit("even")).otherwise(pl.lit("odd")),
        compliance_score=pl.when(fell).then(3.0).otherwise(0.0).cast(pl.Float32),
        dropped_by=pl.when(fell).then(pl.lit("compliance")),
        drop_rule=pl.when(fell).then(pl.lit("gambling_spam")),
    )


def output(name: str) -> pl.DataFrame:
    """The stage's output over its fixed input, rows in the order of their locators."""
    if STAGES[name].kind == "local":
        return built(name).build()(inputs(name))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        docs = batch(twins(lines("texts.jsonl")), url=None)
        docs = found(docs) if name == "source_admission" else docs
        docs.write_parquet(home / "in.parquet")
        job = Job(
            name="golden",
            inputs=tuple(discover([home / "in.parquet"])),
            specs=(built(name),),
            ingest=IngestOptions(),
            split_bytes=1 << 20,
            config={},
            sources=[],
            root=home / "run",
        )
        run(job, LocalEngine())
        frames = [pl.read_parquet(home / "run" / kind) for kind in ("kept", "dropped")]
        return pl.concat(frames).sort("id")


def digest(frame: pl.DataFrame) -> str:
    """The sha256 of the frame's rows as JSON, floats rounded, columns in order."""
    # No stage reads or writes the number of gaps; the digests are older than it.
    frame = frame.drop("text_gaps", strict=False)
    total = hashlib.sha256(canonical_json(frame.columns).encode())
    for row in frame.iter_rows():
        total.update(canonical_json(_plain(row)).encode())
    return total.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | pl.Series):
        return [_plain(part) for part in value]
    return value


def measured(name: str) -> dict[str, Any]:
    """The version of the stage and the digest of its output."""
    return {"version": stage_class(name).version, "digest": digest(output(name))}


def recorded(name: str) -> dict[str, Any] | None:
    """What the golden folder says of the stage."""
    path = HOME / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def main() -> int:
    """Measure every stage and write what changed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(STAGES))
    parser.add_argument("--keep-version", action="store_true")
    chosen = parser.parse_args()
    refused = 0
    for name in chosen.names:
        before, now = recorded(name), measured(name)
        same_version = before is not None and before["version"] == now["version"]
        if same_version and before != now and not chosen.keep_version:
            sys.stderr.write(f"{name}: the output changed; raise its version\n")
            refused += 1
        elif before != now:
            (HOME / f"{name}.json").write_text(json.dumps(now, indent=1) + "\n", "utf-8")
            sys.stderr.write(f"{name}: written\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
