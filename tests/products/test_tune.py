"""Another bound is tried on the columns of a run, and gives what a new run would give."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
import yaml
from frames import PACKAGE

from corpus_pipeline import PipelineError, run, verify
from corpus_pipeline.app.how import How
from corpus_pipeline.app.masking import masked
from corpus_pipeline.app.tune import rejudge
from corpus_pipeline.cli import app
from corpus_pipeline.products.explain.story import explain
from corpus_pipeline.products.runs import open_run
from corpus_pipeline.products.tune.bounds import tunable, tunables
from corpus_pipeline.products.tune.effect import effect

STAGES = ["normalize", "heuristics", "pii", "spam", "quality", "exact_dedup", "near_dedup"]
KIND = ("heuristics_shape", "heuristics_registers")
FORUM = PACKAGE / "assets" / "sample" / "raw" / "forum.jsonl"
COLUMNS = ["id", "text", "dropped_by", "drop_rule", "drop_evidence", "quality_score", "spam_score"]


def made(folder, **options):
    config = {"stages": STAGES, **options}
    run(config, inputs=FORUM, output=folder, engine="local", export=False)
    return folder


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    return made(tmp_path_factory.mktemp("tune") / "run")


def rows(folder, *columns):
    parts = [pl.read_parquet(folder / kind / "*.parquet") for kind in ("kept", "dropped")]
    return pl.concat(parts).sort("id").select(*COLUMNS, *columns)


def changes(tmp_path, **sections):
    path = tmp_path / "new.yaml"
    path.write_text(yaml.safe_dump(sections), encoding="utf-8")
    return path


def looser_pack(tmp_path):
    """The packaged bounds with room for repetition and less for short texts."""
    pack = yaml.safe_load((PACKAGE / "rules" / "packs" / "heuristics.yaml").read_text("utf-8"))
    rules = {rule["id"]: rule for rule in pack["rules"]}
    rules["too_short"]["limits"]["length"]["min"] = 9
    rules["too_short"].update(hits=["length=8"], misses=["length=9"])
    path = tmp_path / "bounds.yaml"
    path.write_text(yaml.safe_dump(pack, allow_unicode=True), encoding="utf-8")
    return str(path)


CHANGED = {
    "tighter": lambda _: {"quality": {"min_score": 0.6}},
    "looser": lambda _: {"heuristics": {"judge": False}, "quality": {"min_score": 0.0}},
    "both": lambda _: {"heuristics": {"judge": False}, "quality": {"min_score": 0.6}},
    "another pack": lambda path: {"heuristics": {"pack": looser_pack(path)}},
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_the_child_is_what_a_new_run_would_be(parent, tmp_path, change):
    """Verdicts, scores, clusters of the child equal those of a run from raw input; it verifies."""
    options = change(tmp_path)
    child = tmp_path / "child"
    rejudge(parent, changes(tmp_path, **options), child, How("local"))
    fresh = made(tmp_path / "fresh", **options)

    clusters = ["near_dedup_cluster", "near_dedup_cluster_size", "exact_dedup_cluster"]
    assert rows(child, *clusters).equals(rows(fresh, *clusters))
    assert not rows(child).equals(rows(parent))
    assert verify(child) == []


def test_a_second_time_gives_the_same_bytes(parent, tmp_path):
    """The child names its parent, and is the same byte for byte when made again."""
    new = changes(tmp_path, quality={"min_score": 0.6})
    one, two = (rejudge(parent, new, tmp_path / name, How("local")) for name in ("one", "two"))

    assert one.manifest["seal"] == two.manifest["seal"]
    assert one.manifest["parents"][0]["seal"] == open_run(parent).manifest["seal"]


def test_the_child_has_the_stages_of_its_parent(parent, tmp_path):
    """Stages and changed options stand in the manifest, so that products see a run like any other.

    The card knows that `pii` ran, `explain` tells every stage and the first input, and the child
    can be tuned again.
    """
    one = rejudge(
        parent, changes(tmp_path, quality={"min_score": 0.6}), tmp_path / "1", How("local")
    )
    two = rejudge(
        one.root, changes(tmp_path, quality={"min_score": 0}), tmp_path / "2", How("local")
    )
    told = explain(two.root, rows(two.root)["id"][0], text=True)

    assert one.stages == two.stages == STAGES
    before = open_run(parent).manifest["config"]["quality"]["min_score"]
    assert one.manifest["config"]["tuned"]["changed"] == {"quality.min_score": [before, 0.6]}
    assert [step.stage for step in told.steps] == ["input", "source", *STAGES]
    assert "sha256" in told.steps[0].said
    assert told.text
    assert "low_quality" in tunables(one)
    assert two.counts["by_rule"].get("quality/low_quality", 0) == 0
    assert rows(two.root)["quality_score"].equals(rows(parent)["quality_score"])


def test_a_changed_parent_is_found_from_the_child(parent, tmp_path):
    """One byte flipped in the parent: `verify` of the child names it; no child is made of it."""
    shutil.copytree(parent, tmp_path / "run")
    new = changes(tmp_path, quality={"min_score": 0.6})
    rejudge(tmp_path / "run", new, tmp_path / "child", How("local"))
    part = open_run(parent).parts("kept")[0]
    assert verify(tmp_path / "child") == []

    data = bytearray((tmp_path / "run" / part).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "run" / part).write_bytes(data)

    assert [one.path for one in verify(tmp_path / "child")] == [f"../run/{part}"]
    with pytest.raises(PipelineError, match="was changed since the run"):
        rejudge(tmp_path / "run", new, tmp_path / "other", How("local"))
    assert not (tmp_path / "other").exists()


def test_paths_start_from_the_folder_of_the_config(parent, tmp_path):
    """A pack beside the file with the changes is found from any working directory."""
    name = Path(looser_pack(tmp_path)).name
    new = changes(tmp_path, heuristics={"pack": name})
    child = rejudge(parent, new, tmp_path / "child", How("local"))

    assert child.manifest["config"]["heuristics"]["pack"] == name
    assert sorted(child.manifest["config"]["tuned"]["changed"]) == ["heuristics.pack"]


def test_a_child_does_not_replace_its_parent(parent, tmp_path):
    """The folder of the run itself is refused."""
    new = changes(tmp_path, quality={"min_score": 0.6})
    with pytest.raises(PipelineError, match="a folder of its own"):
        rejudge(parent, new, parent, How("local", overwrite=True))
    assert verify(parent) == []


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"spam": {"hijacked": "cut"}}, "spam.hijacked cannot be judged by columns"),
        ({"quality": {"model": "x.bin"}}, "quality.model changes what is measured"),
        ({"langid": {"keep": ["zh-Hans"]}}, "langid did not run"),
        ({"stages": ["normalize"]}, "keeps the stages"),
        ({"quality": {"min_skore": 1}}, "min_skore"),
    ],
)
def test_what_columns_cannot_judge_is_refused(parent, tmp_path, sections, said):
    """Options that change what is measured, other stages and misspelt keys are one clear line."""
    with pytest.raises(PipelineError, match=said):
        rejudge(parent, changes(tmp_path, **sections), tmp_path / "child", How("local"))
    assert not (tmp_path / "child").exists()


def test_another_version_of_a_stage_is_refused(parent, tmp_path, monkeypatch):
    """Columns of another version of a stage are not judged."""
    from corpus_pipeline.stages.quality import Quality

    monkeypatch.setattr(Quality, "version", 99)
    with pytest.raises(PipelineError, match="quality is version 99 here and"):
        rejudge(parent, changes(tmp_path), tmp_path / "child", How("local"))


def test_counts_of_the_present_bound_are_those_of_the_run(parent):
    """What the present bound is said to drop is what a judge of one rule finds in the columns."""
    finished = open_run(parent)
    [one] = tunable(finished, "quality.min_score")
    told = effect(finished, one, masked)
    [now] = [choice for choice in told.choices if choice.present]
    scores = rows(parent)["quality_score"].drop_nulls()

    assert told.asked == scores.len()
    assert now.documents == finished.counts["by_rule"].get("quality/low_quality", 0)
    assert sum(kept + gone for _, kept, gone in told.histogram) == told.asked
    shares = [choice.documents for choice in told.choices]
    assert shares == sorted(shares)


@pytest.mark.parametrize("rule", ["too_short", "repeated_ngrams", "too_few_han", "low_quality"])
def test_every_choice_is_counted_from_the_columns(parent, rule):
    """Each bound of the table drops as many documents as have a value beyond it."""
    finished = open_run(parent)
    for one in tunable(finished, rule):
        told = effect(finished, one, masked)
        extra = {one.column, *KIND, *one.when} - set(COLUMNS)
        frame = rows(parent, *sorted(extra)).drop_nulls(one.column)
        for column, span in one.when.items():
            low, high = (pl.lit(v, dtype=pl.Float32) for v in (span.min, span.max))
            frame = frame.filter((pl.col(column) >= low).fill_null(value=True))
            frame = frame.filter((pl.col(column) <= high).fill_null(value=True))
        registers = pl.col(KIND[1]).list.eval(pl.element().is_in(list(one.own))).list.any()
        shapes = [name.removesuffix(" (shape)") for name in one.own if name.endswith(")")]
        common = frame.filter(~pl.col(KIND[0]).is_in(shapes), ~registers.fill_null(value=False))
        for choice in told.choices:
            edge = pl.lit(choice.bound, dtype=pl.Float32)
            value = pl.col(one.column)
            beyond = value < edge if one.side == "min" else value > edge
            assert choice.documents == common.filter(beyond).height
        assert told.asked == frame.height


def test_the_border_shows_both_sides_and_no_personal_data(parent, tmp_path):
    """Documents next to the bound are shown from both sides, masked in a run without `pii`."""
    lines = [{"text": "联系电话13912345678，请在工作时间来电咨询办理。" * n} for n in (1, 2, 3)]
    raw = tmp_path / "in.jsonl"
    raw.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    run({"stages": ["quality"]}, inputs=raw, output=tmp_path / "r", engine="local", export=False)
    [one] = tunable(open_run(tmp_path / "r"), "low_quality")
    told = effect(open_run(tmp_path / "r"), one, masked)
    [other] = tunable(open_run(parent), "too_few_han")

    assert told.border
    assert "13912345678" not in json.dumps(told.to_dict(), ensure_ascii=False)
    assert {entry.state for entry in effect(open_run(parent), other, masked).border} == {
        "kept",
        "dropped",
    }


def test_unknown_rules_and_measures_are_named(parent):
    """A misspelt rule names the nearest, a misspelt measure the known ones."""
    finished = open_run(parent)
    with pytest.raises(PipelineError, match="did you mean 'too_few_han'"):
        tunable(finished, "too_few_hans")
    with pytest.raises(PipelineError, match="no measure 'x': "):
        tunable(finished, "repeated_ngrams", "x")
    assert set(tunables(finished)) >= {"too_short", "low_quality", "repeated_lines"}


def test_the_command_shows_and_applies(parent, tmp_path, capsys):
    """`tune` lists rules, shows one, writes a child run; a folder that is no run is refused."""

    def command(*arguments):
        assert app(["tune", *map(str, arguments)], standalone_mode=False) == 0
        return capsys.readouterr().out

    assert "too_few_han: heuristics_han_ratio" in command(parent)
    assert "<- now" in command(parent, "--rule", "too_few_han")
    new = changes(tmp_path, quality={"min_score": 0.5})
    command(parent, "--apply", new, "--output", tmp_path / "child")
    assert (tmp_path / "child" / "manifest.json").exists()
    with pytest.raises(PipelineError, match="not a finished run"):
        command(tmp_path)
