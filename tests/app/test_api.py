"""The public API: light to import, the same as the command line, errors in one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml
from engine_runs import digests

import corpus_pipeline as cp
from corpus_pipeline.app.config import load

ROOT = Path(__file__).parents[2]
TEXT = "今天的新闻说，城市治理要靠数据，也要靠常识。第{}号街道的路灯修好了。"
CONFIG = {
    "name": "路灯",
    "stages": ["langid", "pii", "near_dedup"],
    "near_dedup": {"threshold": 0.9},
}


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Six documents: two alike, one English, one broken line, one with an address."""
    rows = [
        TEXT.format("一"),
        TEXT.format("一"),
        "The lamps of the second street work again, they say.",
    ]
    rows += [
        "公园里的花都开了，孩子们在草地上跑。",
        "请写信到zhangsan@example.cn，我们会尽快答复您。",
    ]
    lines = [json.dumps({"text": text}, ensure_ascii=False) for text in rows]
    path = tmp_path_factory.mktemp("raw") / "lines.jsonl"
    path.write_text("\n".join([*lines, "{broken"]) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def finished(raw, tmp_path_factory):
    """A run of the five documents."""
    out = tmp_path_factory.mktemp("api") / "run"
    return cp.run(CONFIG, inputs=raw, output=out, engine="local")


def test_the_package_is_light():
    """`import corpus_pipeline` imports nothing heavy; the names are there all the same."""
    code = (
        "import sys, corpus_pipeline as cp; "
        "assert not {'polars', 'ray', 'numpy', 'pydantic', 'typer'} & set(sys.modules); "
        "assert set(cp.__all__) <= set(dir(cp)); "
        "cp.run; assert 'ray' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_a_name_that_is_not_there():
    """What is no public name is an AttributeError, as of any module."""
    with pytest.raises(AttributeError, match="no attribute 'rum'"):
        cp.rum  # noqa: B018 – the access is what is tested


def test_a_run_answers(finished):
    """Counts, kept and dropped documents, quarantine, dataset, story, verification, audit."""
    assert {name: finished.counts[name] for name in ("read", "kept", "dropped")} == {
        "read": 6,
        "kept": 3,
        "dropped": 2,
    }
    kept = finished.kept().collect()
    assert kept.filter(pl.col("text").str.contains("花"))["langid_label"].to_list() == ["zh-Hans"]
    assert sorted(finished.dropped().collect()["dropped_by"]) == ["langid", "near_dedup"]
    assert finished.quarantine().select("reason").collect()["reason"].to_list() == ["bad_json"]
    assert finished.dataset().select(pl.len()).collect().item() == 3
    assert finished.explain(kept["id"][0]).state == "kept"
    assert finished.verify() == cp.verify(finished.root) == []
    assert [c.clause.id for c in finished.audit().clauses if c.status == "fail"] == [
        c.clause.id for c in cp.audit(finished.root, profile="house").clauses if c.status == "fail"
    ]
    assert repr(finished).endswith("3 kept, 2 dropped, 1 quarantined)")


def test_a_finished_run_is_opened(finished, raw):
    """`open_run` reads what `run` returned; the same run again does nothing and says so."""
    opened = cp.open_run(finished.root)
    assert opened.manifest == finished.manifest
    assert not opened.reused

    again = cp.run(CONFIG, inputs=raw, output=finished.root, engine="local")

    assert again.reused
    assert again.manifest == finished.manifest


@pytest.mark.parametrize("form", ["path", "config", "settings"])
def test_a_config_in_any_form(form, finished, raw, tmp_path):
    """A file, a `Config`, and a mapping with settings over it are one config: the same seal."""
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(CONFIG, allow_unicode=True), "utf-8")
    other = {**CONFIG, "near_dedup": {"threshold": 0.5}}
    config, settings = {
        "path": (path, {}),
        "config": (load(CONFIG), {}),
        "settings": (other, {"near_dedup.threshold": 0.9}),
    }[form]

    run = cp.run(config, inputs=[raw], output=tmp_path / "out", settings=settings, engine="local")

    assert run.manifest["seal"] == finished.manifest["seal"]
    assert other["near_dedup"] == {"threshold": 0.5}


def test_the_command_line_writes_the_same_bytes(finished, raw, tmp_path):
    """`corpus-pipeline run` and `cp.run` leave the same files."""
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(CONFIG, allow_unicode=True), "utf-8")
    command = [sys.executable, "-m", "corpus_pipeline", "run", path, "--input", raw]
    command += ["--output", tmp_path / "out", "--engine", "local"]

    done = subprocess.run(
        [*map(str, command)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 3, done.stderr  # one record of six was broken
    assert digests(tmp_path / "out") == digests(finished.root)


def test_observers_see_every_task(raw, tmp_path):
    """`on_done` is called for each finished task with its phase and how many there are."""
    seen = []
    cp.run(
        CONFIG,
        inputs=raw,
        output=tmp_path / "out",
        engine="local",
        on_done=lambda phase, done, total, _result: seen.append((phase, done, total)),
    )

    phases = {phase for phase, _, _ in seen}
    assert {"scan", "local", "apply", "export"} <= phases
    for phase in phases:
        last = [entry for entry in seen if entry[0] == phase][-1]
        assert last[1] == last[2], phase


def test_plan_writes_nothing(raw, tmp_path, monkeypatch):
    """A plan says what a run would do, and leaves no file."""
    monkeypatch.chdir(tmp_path)

    figures = cp.plan(CONFIG, inputs=raw)

    assert (figures["inputs"], figures["stages"]) == (1, CONFIG["stages"])
    assert list(tmp_path.iterdir()) == []


def test_a_later_delivery_is_held_against_an_index(finished, raw, tmp_path):
    """`index` of a run, `run(against=…)`: what is in the index is dropped, with the old id."""
    index = cp.index(finished.root, output=tmp_path / "index", config=CONFIG)
    assert index.documents == 3
    assert cp.verify(index.root) == []

    later = cp.run(
        CONFIG, inputs=raw, output=tmp_path / "later", engine="local", against=[index.root]
    )

    assert later.counts["kept"] == 0
    old = finished.kept().select("id").collect()["id"]
    dropped = later.dropped().filter(pl.col("dropped_by") == "near_dedup").collect()
    assert set(dropped["near_dedup_cluster"]) <= set(old)
    with pytest.raises(cp.PipelineError, match="no stage that compares"):
        cp.run({"stages": ["pii"]}, inputs=raw, output=tmp_path / "x", against=index.root)


def test_errors_are_one_line(raw, tmp_path):
    """What a user can mend is a `PipelineError` of one line, and nothing was written."""
    out = tmp_path / "out"
    for act, words in (
        (lambda: cp.run("no.yaml", inputs=raw, output=out), "no such config: no.yaml"),
        (lambda: cp.run({"stage": []}, inputs=raw, output=out), "did you mean 'stages'"),
        (lambda: cp.run(CONFIG, inputs=raw, output=out, engine="spark"), "ray or local"),
        (
            lambda: cp.run(CONFIG, inputs=raw, output=out, engine="local", workers=4),
            "workers=4 needs the engine ray",
        ),
        (lambda: cp.run(CONFIG, inputs="ftp://b/in", output=out), "ftp:// is not supported"),
        (lambda: cp.run(CONFIG, inputs=raw, output="dav://b/out"), "dav:// is not supported"),
        (lambda: cp.run("http://b/c.yaml", inputs=raw, output=out), "http:// is not supported"),
        (lambda: cp.open_run(out), "no such run"),
        (lambda: cp.audit("sftp://b/run"), "sftp:// is not supported"),
    ):
        with pytest.raises(cp.PipelineError) as caught:
            act()
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)
    assert not out.exists()


def test_file_urls_are_paths(raw, tmp_path):
    """`file://` names a local path."""
    out = cp.run(CONFIG, inputs=raw.as_uri(), output=(tmp_path / "a b").as_uri(), engine="local")

    assert out.root == tmp_path / "a b"
    assert out.counts["read"] == 6


@pytest.mark.slow
def test_types_are_seen(tmp_path):
    """A type checker knows what the lazy names return."""
    (tmp_path / "use.py").write_text(
        "import corpus_pipeline as cp\n"
        "reveal_type(cp.open_run('x'))\n"
        "reveal_type(cp.verify('x'))\n"
        "reveal_type(cp.stage('pii'))\n"
    )
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(tmp_path / "use.py")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    for name in (
        "results.Run",
        "list[corpus_pipeline.products.verify.chain.Finding]",
        "FrameStage",
    ):
        assert name in done.stdout, done.stdout
