"""What a run cost is written beside it, and nothing of it under its seal."""

from engine_runs import job, write_lines

from corpus_pipeline.engine.run import run
from corpus_pipeline.io import manifest
from corpus_pipeline.tasks.local import LocalEngine


def test_times_name_the_engine_and_what_it_ran_on(tmp_path):
    """Engine, workers and nodes stand beside the times; no machine is named."""
    source = write_lines(tmp_path / "in.jsonl", ["今天的新闻。", "明天的新闻。"])
    run(job(source, tmp_path / "RUN"), LocalEngine())
    spent = manifest.read(tmp_path / "RUN/metrics.json")
    named = {key: spent[key] for key in ("kind", "engine", "workers", "nodes", "shared")}

    assert named == {
        "kind": "metrics",
        "engine": "LocalEngine",
        "workers": 1,
        "nodes": 1,
        "shared": False,
    }
    assert spent["cpu_s"] > 0
    assert set(spent) == {
        *named,
        "format",
        "seal",
        "wall_s",
        "cpu_s",
        "peak_kb",
        "phases",
        "stages",
    }
