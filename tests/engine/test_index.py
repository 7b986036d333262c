"""Indexes: later deliveries against a corpus, what is refused, and clustering beyond memory."""

import io
import json
import random
from pathlib import Path

import polars as pl
import pytest
from engine_runs import digests, frame, job
from frames import docs_of
from rich.console import Console

from corpus_pipeline.app.config import spec
from corpus_pipeline.engine.run import run
from corpus_pipeline.engine.shuffle import group as cluster
from corpus_pipeline.engine.shuffle.index import open_index
from corpus_pipeline.io import manifest
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.report.summary import print_summary
from corpus_pipeline.stages.exact_dedup import ExactDedup
from corpus_pipeline.stages.near_dedup import NearDedupOptions
from corpus_pipeline.tasks.local import LocalEngine

HAN = [chr(code) for code in range(0x4E00, 0x9000)]


def stages(**options):
    near = spec("near_dedup", NearDedupOptions(**options), Path())
    return (spec("exact_dedup", ExactDedup.OptionsModel(), Path()), near)


def family(rng, size):
    """A text and edits of it, of one character in a hundred each."""
    text = rng.choices(HAN, k=300)
    for _ in range(size):
        copy = list(text)
        for at in rng.sample(range(300), 3):
            copy[at] = rng.choice(HAN)
        yield "".join(copy)


def write(path, texts, quality, first):
    """Documents as a stage leaves them."""
    ids = [f"{n + first:032x}" for n in range(len(texts))]
    docs = docs_of(texts, id=ids, quality_score=[quality] * len(texts))
    path.mkdir()
    docs.with_columns(pl.col("quality_score").cast(pl.Float32)).write_parquet(path / "in.parquet")
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Old and new documents of shared families, the old ones of higher quality, and an index."""
    root = tmp_path_factory.mktemp("corpus")
    rng = random.Random(5)
    texts = [text for n in range(120) for text in family(rng, 1 + n % 7)]
    texts += texts[:20]  # exact copies
    rng.shuffle(texts)
    half = len(texts) // 2
    old = write(root / "old", texts[:half], 0.9, 0)
    new = write(root / "new", texts[half:], 0.1, 10_000)
    run(job(old, root / "OLD", specs=stages()), LocalEngine())
    built = job(root / "OLD", root / "INDEX", specs=stages(), makes_index=True)
    run(built, LocalEngine())
    return root, new


def against(corpus, output, **options):
    root, new = corpus
    index = open_index(root / "INDEX", stages(**options))
    given = job(new, output, specs=stages(**options), indexes=(index,), split_bytes=8_000)
    return run(given, LocalEngine())


def test_a_later_delivery_gives_what_one_run_would(corpus, tmp_path):
    """New documents go exactly as in one run over all, in which the old ones rank first.

    So it must be: stars are taken in order of rank, the old ones' among themselves as before, and
    the bands propose the same pairs.  Two things differ, and both are told here: one run may find
    through a new document that two old ones are alike (an index never drops an old one), and a
    bucket of more than 16 gives each member its own choice of pairs.
    """
    root, new = corpus
    content = against(corpus, tmp_path / "NEW")
    both = tmp_path / "both"
    both.mkdir()
    kept = frame(root / "OLD", "kept")
    fresh = pl.read_parquet(new / "in.parquet")
    pl.concat([kept.select(fresh.columns), fresh]).write_parquet(both / "in.parquet")
    run(job(both, tmp_path / "ALL", specs=stages()), LocalEngine())

    def gone(folder):
        return frame(folder, "dropped").select("id", "drop_rule", "drop_evidence").sort("id")

    late = gone(tmp_path / "ALL")
    old = pl.col("id").is_in(kept["id"].implode())
    assert gone(tmp_path / "NEW").equals(late.filter(~old))
    assert late.filter(old).height <= 0.01 * kept.height
    named = frame(tmp_path / "NEW", "dropped")["drop_evidence"].str.extract("of=([0-9a-f]+)")
    assert set(named) & set(kept["id"])
    assert content["against"] == [{"name": "INDEX", "seal": open_index(root / "INDEX", ()).seal}]


def test_an_index_that_does_not_fit_is_refused_by_name(corpus, tmp_path):
    """Other options, other versions and other folders are said in one line."""
    root, _ = corpus
    with pytest.raises(PipelineError, match="built with ngram=5, this run has 7"):
        open_index(root / "INDEX", stages(ngram=7))
    assert open_index(root / "INDEX", stages(alarm_cluster=7)).parts
    with pytest.raises(PipelineError, match="not an index"):
        open_index(root / "OLD", stages())
    content = manifest.read(root / "INDEX" / "manifest.json")
    manifest.write(tmp_path / "a" / "manifest.json", content | {"index_version": 0})
    with pytest.raises(PipelineError, match="layout 0, this version reads 1"):
        open_index(tmp_path / "a", stages())
    older = json.loads(json.dumps(content["stages"]))
    older[1]["version"] = 0
    manifest.write(tmp_path / "b" / "manifest.json", content | {"stages": older})
    with pytest.raises(PipelineError, match="version 0 of the stage"):
        open_index(tmp_path / "b", stages())
    manifest.write(tmp_path / "c" / "manifest.json", content | {"stages": older[:1]})
    with pytest.raises(PipelineError, match="near_dedup: it was built without that stage"):
        open_index(tmp_path / "c", stages())


def test_a_damaged_index_is_named(corpus, tmp_path):
    """One flipped byte in any kind of file ends the run with the file's name."""
    root, _ = corpus
    for path in sorted((root / "INDEX").rglob("part-00000.parquet")):
        data = path.read_bytes()
        path.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
        with pytest.raises(PipelineError, match=f"damaged index.*{path.name}"):
            against(corpus, tmp_path / path.parent.name)
        path.write_bytes(data)


def test_clustering_beyond_memory_is_the_same(corpus, tmp_path, monkeypatch):
    """Arrays in files, tasks of few documents and few rows: not a byte of the result changes."""
    _, new = corpus
    run(job(new, tmp_path / "a", specs=stages()), LocalEngine())
    monkeypatch.setattr(cluster, "SPILL", 0)
    monkeypatch.setattr("corpus_pipeline.engine.shuffle.steps.MATCH_ROWS", 200)
    monkeypatch.setattr("corpus_pipeline.engine.shuffle.steps.SETTLE_DOCS", 10)
    monkeypatch.setattr("corpus_pipeline.engine.shuffle.steps.ROUTED", 40)
    run(job(new, tmp_path / "b", specs=stages()), LocalEngine())
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_alarms(corpus, tmp_path):
    """A cluster and a source over the limit are named in the manifest; nothing else changes."""
    _, new = corpus
    calm = run(job(new, tmp_path / "a", specs=stages(alarm_source=1)), LocalEngine())
    loud = stages(alarm_cluster=2, alarm_source=0.05)
    content = run(job(new, tmp_path / "b", specs=loud), LocalEngine())
    assert calm["alarms"] == []
    assert {alarm["alarm"] for alarm in content["alarms"]} == {"cluster", "source"}
    assert content["counts"] == calm["counts"]
    console = Console(file=io.StringIO(), width=200)
    print_summary(tmp_path / "b", console)
    assert "near_dedup: a source lost" in console.file.getvalue()
    assert "near_dedup: a cluster of" in console.file.getvalue()
