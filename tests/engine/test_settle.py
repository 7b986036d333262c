"""Settling a component in portions: the same outcome, and how much is in memory at once."""

import numpy as np
import polars as pl
import pytest
from engine_runs import digests, job, write_lines

from corpus_pipeline.app.config import spec
from corpus_pipeline.engine.run import run
from corpus_pipeline.engine.shuffle import settle, verification
from corpus_pipeline.engine.shuffle.members import Members
from corpus_pipeline.engine.shuffle.spool import Picked, Ranges, Spool
from corpus_pipeline.engine.shuffle.verification import Verification
from corpus_pipeline.io.readers.base import IngestOptions
from corpus_pipeline.io.shards import write_shard
from corpus_pipeline.stages.near_dedup import NearDedupOptions
from corpus_pipeline.tasks.local import LocalEngine
from scripts.bench_families import KINDS, documents


@pytest.fixture(scope="module", params=KINDS)
def source(request, tmp_path_factory):
    """Pages of a template, or edits of one text, and five other texts."""
    path = tmp_path_factory.mktemp(request.param) / "in.jsonl"
    others = (f"{n}{'别的话' * n}" for n in range(5))
    return write_lines(path, [*documents(request.param, 150), *others])


def settled(source, root):
    """The files of a run of near-dedup, but for its intermediate ones."""
    specs = (spec("near_dedup", NearDedupOptions(), root),)
    given = job(source, root, specs=specs, ingest=IngestOptions(), split_bytes=1 << 20)
    run(given, LocalEngine())
    return digests(root)


def test_files_and_portions_do_not_show(source, tmp_path, monkeypatch):
    """Nothing held in memory, ranges of 40 documents, small portions: not a byte is another."""
    whole = settled(source, tmp_path / "a")
    monkeypatch.setattr(settle, "HELD", 0)
    monkeypatch.setattr(verification, "BLOCK", 40)
    monkeypatch.setattr(verification, "PORTION", 50_000)
    assert settled(source, tmp_path / "b") == whole
    assert not list(tmp_path.rglob(".tmp-*"))


class Heard:
    """Stands for a stage: all pairs hold, and what it was given is kept."""

    rounds = 0

    def __init__(self):
        self.given = []

    def verify(self, pairs, texts):
        self.given.append(texts)
        return pairs


def test_texts_come_in_portions(tmp_path, monkeypatch):
    """Pairs with the four best documents and the next two, mixed: each text comes about once."""
    monkeypatch.setattr(verification, "PORTION", 30_000)
    count, rng = 5000, np.random.default_rng(1)
    facts = pl.DataFrame(
        {
            "doc": np.arange(count, dtype=np.uint64),
            "id": [f"{n:032x}" for n in range(count)],
            "source": "s",
            "length": rng.permutation(count).astype(np.uint32),
            "quality": pl.Series([None] * count, dtype=pl.Float32),
            "old": False,
            "group": pl.Series([0] * count, dtype=pl.UInt32),
            "text": "x" * 100,
        }
    )
    write_shard(tmp_path / "part-0", [facts])
    best = facts["length"].arg_sort(descending=True).to_numpy()
    near = [np.stack([best[:-step], best[step:]]) for step in (1, 2)]
    far = [np.stack([np.full(count - 4, best[n]), best[4:]]) for n in range(4)]
    ends = rng.permutation(np.concatenate([*near, *far], axis=1).T)
    pairs = pl.DataFrame({"a": ends.min(axis=1), "b": ends.max(axis=1)}).cast(pl.UInt64)
    with Spool(tmp_path / "a", 0) as texts, Spool(tmp_path / "b", 0) as spool:
        members = Members([tmp_path / "part-0"], range(1), ["text"], texts)
        found = Verification(stage := Heard(), members, spool)
        assert found.verify([pairs[:9000], pairs[5000:]]) == pairs.unique().height
        assert pl.concat(found).sort("a", "b").equals(pairs.unique().sort("a", "b"))
    assert max(texts.height for texts in stage.given) * 100 <= 30_000
    assert sum(texts.height for texts in stage.given) < 1.1 * count


def test_rows_from_a_file(tmp_path):
    """Frames, ranges and single rows come back as they were put aside, from memory and file."""
    rows = pl.DataFrame({"number": [5, 0, 3, 1, 4], "text": ["五", None, "三", "", "四"]})
    with Spool(tmp_path / "spool", rows[:2].to_arrow().nbytes) as spool:
        ranges = Ranges(spool, 6, 2)
        for part in (rows[:2], rows[2:]):
            ranges.put(part, part["number"].to_numpy())
        assert len(list(tmp_path.iterdir())) == 1
        assert [ranges.get(n)["text"].to_list() for n in range(3)] == [
            [None, ""],
            ["三"],
            ["五", "四"],
        ]
        every = pl.concat(spool.get(n) for n in range(4))
        assert Picked(spool).rows(np.array([1, 3])).equals(every[[1, 3]])
    assert not list(tmp_path.iterdir())
