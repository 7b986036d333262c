"""Many small files cost what their text costs, and give what they give one by one."""

import json

import polars as pl
from clock import cpu_seconds
from engine_runs import digests, frame, job
from engine_stages import Measure

from corpus_pipeline.engine.run import run
from corpus_pipeline.engine.split_pass import SplitTask, batches
from corpus_pipeline.io.inputs import discover
from corpus_pipeline.io.readers.base import IngestOptions
from corpus_pipeline.io.scan import scan
from corpus_pipeline.io.splits import plan
from corpus_pipeline.tasks.local import LocalEngine

TEXT = "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。" * 4


def files(folder, count):
    """Small JSONL, text and CSV files, some of them with a line that is no document."""
    folder.mkdir()
    for i in range(count):
        text = f"第{i}篇。{TEXT}"
        if i % 3 == 0:
            rows = json.dumps({"text": text}) + "\n" + ("broken\n" if i % 2 else "")
            (folder / f"{i:05}.jsonl").write_text(rows, "utf-8")
        elif i % 3 == 1:
            (folder / f"{i:05}.txt").write_text(text, "gb18030")
        else:
            (folder / f"{i:05}.csv").write_text(f"text,id\n{text},{i}\nragged\n", "utf-8")
    return folder


def task(source, tmp_path, **changes):
    splits = plan([scan(item) for item in discover([source])], 1 << 30)
    given = {"local": (), "sketches": (), "ingest": IngestOptions(), "root": tmp_path}
    return SplitTask(split=splits[0], work=tmp_path, level=0, **(given | changes))


def test_small_files_share_a_batch(tmp_path):
    """Two hundred files are one batch, in order; a small `batch_bytes` still bounds a batch."""
    source = files(tmp_path / "in", 200)
    ((first, batch),) = batches(task(source, tmp_path))
    names = [name.partition("@")[0] for name in batch.docs.get_column("locator")]
    assert (first, batch.docs.height) == (0, 200)
    assert names == sorted(names)
    small = IngestOptions(batch_bytes=20_000)
    parts = list(batches(task(source, tmp_path, ingest=small)))
    rows = [0]
    for row, part in parts:
        assert row == rows[-1]
        assert part.input_bytes <= 20_000
        rows.append(row + part.docs.height)
    assert 3 < len(parts) < 30
    assert pl.concat([part.docs for _, part in parts]).equals(batch.docs)
    assert pl.concat([part.quarantine for _, part in parts]).equals(batch.quarantine)


def test_a_stop_gives_what_was_read_before_it(tmp_path):
    """A reader that died after row 7 loses none of the seven rows that were waiting."""
    source = files(tmp_path / "in", 20)
    heard = []
    list(batches(task(source, tmp_path), heard.append))
    ((first, batch),) = batches(task(source, tmp_path, stop=7))
    assert (first, batch.docs.height) == (0, 7)
    assert set(range(1, 21)) <= set(heard)


def test_a_stage_is_called_once_for_many_files(tmp_path, monkeypatch):
    """The chain runs over batches, not over files; sizes of batches do not show in the output."""
    source = files(tmp_path / "in", 120)
    calls = []
    process = Measure.process

    def counted(self, docs):
        calls.append(docs.height)
        return process(self, docs)

    monkeypatch.setattr(Measure, "process", counted)
    whole = IngestOptions()
    run(job(source, tmp_path / "a", Measure, split_bytes=1 << 20, ingest=whole), LocalEngine())
    assert calls == [120]
    single = IngestOptions(batch_bytes=1)
    run(job(source, tmp_path / "b", Measure, split_bytes=1 << 20, ingest=single), LocalEngine())
    assert len(calls) == 121
    kinds = ("kept/", "dropped/", "quarantine/")
    one, two = digests(tmp_path / "a"), digests(tmp_path / "b")
    assert {k: v for k, v in one.items() if k.startswith(kinds)} == {
        k: v for k, v in two.items() if k.startswith(kinds)
    }
    assert frame(tmp_path / "a", "quarantine").height == 60


def test_small_files_cost_little_more_than_one_large_one(tmp_path):
    """A thousand files take at most three times the CPU of the same texts as one JSONL.

    Both run the toy chain, which costs nothing: what is compared is reading.  A file must be
    opened, sniffed, hashed and opened again (0.2 ms), hence the allowance of a second.
    """
    folder = tmp_path / "small"
    folder.mkdir()
    texts = [f"第{i}篇。{TEXT * 5}" for i in range(1000)]
    for i, text in enumerate(texts):
        (folder / f"{i:05}.txt").write_text(text, "utf-8")
    large = tmp_path / "large.jsonl"
    large.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    options = {"split_bytes": 32 << 20, "ingest": IngestOptions()}

    def go(source, name):
        run(job(source, tmp_path / name, Measure, **options), LocalEngine())

    go(large, "warm")
    one = cpu_seconds(lambda name: go(large, name), "one")
    many = cpu_seconds(lambda name: go(folder, name), "many")
    assert many <= 3 * one + 1
