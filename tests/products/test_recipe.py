"""`export.recipe`: what is left out, held out and repeated; verified, explained, in the card."""

import hashlib
import json
import pickle
import shutil
from collections import Counter

import polars as pl
import pytest
import yaml

from corpus_pipeline.app.config import load
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.explain.story import explain
from corpus_pipeline.products.export.recipe import Recipe
from corpus_pipeline.products.export.shards import ExportOptions, export
from corpus_pipeline.products.runs import open_run
from corpus_pipeline.products.verify.chain import verify
from corpus_pipeline.tasks.local import LocalEngine

DOCUMENTS = 1200


def rows_of(make_doc, split):
    """Documents of four sources and many lengths, in clusters of three, some without a score."""
    for n in range(split, DOCUMENTS, 2):
        yield make_doc(
            ("news", "forum", "wiki", "law")[n % 4],
            f"{split}.jsonl@{n}",
            f"第{n}篇文章说。" * (1 + n * 7 % 23),
            quality_score=None if n % 100 == 99 else (n * 37 % 1000) / 1000,
            near_dedup_cluster=hashlib.md5(str(n // 3).encode()).hexdigest(),
            near_dedup_cluster_size=1 + n % 12,
            heuristics_han_ratio=n / DOCUMENTS,
            langid_label=None if n % 6 == 0 else "zh-Hans",
        )


@pytest.fixture(scope="module")
def finished(tmp_path_factory, make_builder, make_doc):
    """A run of 1,200 kept documents in two parts."""
    builder = make_builder(tmp_path_factory.mktemp("recipe") / "RUN")
    builder.splits = [list(rows_of(make_doc, split)) for split in range(2)]
    return builder.write()


def mixed(run, tmp_path, shard_mb=0.02, **recipe):
    """The dataset of a recipe: manifest, and the rows of each split."""
    options = ExportOptions(shard_mb=shard_mb, recipe=Recipe.model_validate(recipe))
    content = export(run, tmp_path / "out", options)
    rows = {}
    for shard in content["shards"]:
        name = shard["path"].split("/")[1].split("-")[0]
        rows.setdefault(name, []).append(pl.read_parquet(tmp_path / "out/dataset" / shard["path"]))
    return content, {name: pl.concat(frames) for name, frames in rows.items()}


def kept(run):
    return pl.concat([pl.read_parquet(run / part) for part in open_run(run).parts("kept")])


def characters(frame):
    return int(frame["text"].str.len_chars().sum())


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (("quality_score", ">=", 0.5), pl.col("quality_score") >= 0.5),
        (("quality_score", "<", 0.5), pl.col("quality_score") < 0.5),
        (("quality_score", "is null", None), pl.col("quality_score").is_null()),
        (("near_dedup_cluster_size", "==", 3), pl.col("near_dedup_cluster_size") == 3),
        (("source", "in", ["news", "law"]), pl.col("source").is_in(["news", "law"])),
        (("langid_label", "!=", "zh-Hans"), pl.col("langid_label").is_null()),
        (("langid_label", "not in", ["zh-Hans"]), pl.col("langid_label").is_null()),
        (("langid_label", "is not null", None), pl.col("langid_label").is_not_null()),
        (("langid_keep", "==", True), pl.lit(value=True)),
    ],
)
def test_a_filter_keeps_what_holds(finished, tmp_path, condition, holds):
    """Each comparison keeps the documents that Polars keeps; a null passes only negations."""
    column, op, value = condition
    _, rows = mixed(finished, tmp_path, filter=[{"column": column, "op": op, "value": value}])

    wanted = kept(finished).filter(holds.fill_null(value=False))
    assert sorted(rows["train"]["id"]) == sorted(wanted["id"])


def test_the_steps_add_up(finished, tmp_path):
    """Kept documents, less what each step left out, are the documents of the splits."""
    content, rows = mixed(
        finished,
        tmp_path,
        filter=[
            {"column": "heuristics_han_ratio", "op": ">", "value": 0.1},
            {"column": "source", "op": "!=", "value": "law"},
        ],
        validation={"share": 0.1},
        weights=[{"column": "source", "values": {"forum": 0, "wiki": 0.4}}],
        curve={"drop_below": 0.2, "cap": 3},
    )
    mixture = content["mixture"]
    left = sum(step["documents"] for step in mixture["steps"])

    assert mixture["steps"][0] == {
        "step": "kept",
        "documents": DOCUMENTS,
        "characters": characters(kept(finished)),
    }
    assert [step["step"] for step in mixture["steps"][1:]] == [
        "heuristics_han_ratio > 0.1",
        "source != law",
        "weight 0",
        "below the curve",
        "rounded to no copy",
    ]
    assert left == sum(amount["documents"] for amount in mixture["splits"].values())
    for name, amount in mixture["splits"].items():
        assert amount["rows"] == rows[name].height
        assert amount["documents"] == rows[name]["id"].n_unique()
        assert amount["characters"] == characters(rows[name])


def test_clusters_are_never_straddled(finished, tmp_path):
    """Documents of one cluster are on one side, once each on that of validation."""
    _, rows = mixed(
        finished,
        tmp_path,
        validation={"share": 0.2},
        weights=[{"column": "source", "values": {"news": 3}}],
    )
    cluster = dict(kept(finished).select("id", "near_dedup_cluster").iter_rows())
    sides = {name: {cluster[key] for key in frame["id"]} for name, frame in rows.items()}

    assert sides["train"] & sides["validation"] == set()
    assert rows["validation"]["id"].is_unique().all()
    # 400 clusters: four standard deviations of the share are .08.
    assert len(sides["validation"]) / 400 == pytest.approx(0.2, abs=0.08)


def test_weights_are_multiplied_and_rounded_by_chance(finished, tmp_path):
    """Whole weights repeat exactly; parts of a copy are drawn so that the mean is the weight."""
    content, rows = mixed(
        finished,
        tmp_path,
        weights=[
            {"column": "source", "values": {"news": 2, "forum": 0.5}},
            {"column": "near_dedup_cluster_size", "steps": {5: 1.5, 11: 3}, "otherwise": 1},
        ],
    )
    copies = Counter(rows["train"]["id"])
    size = pl.col("near_dedup_cluster_size")
    weight = pl.when(size >= 11).then(3).when(size >= 5).then(1.5).otherwise(1.0)
    by_source = pl.col("source").replace_strict({"news": 2.0, "forum": 0.5}, default=1.0)
    documents = kept(finished).with_columns(weight=weight * by_source)

    assert set(documents["weight"]) == {0.5, 0.75, 1, 1.5, 2, 3}
    for (wanted,), some in documents.group_by("weight"):
        drawn = [copies[key] for key in some["id"]]
        assert {int(wanted), -int(-wanted // 1)} >= set(drawn)
        # Four standard errors of a coin with this chance.
        part = wanted % 1
        error = 4 * (part * (1 - part) / len(drawn)) ** 0.5
        assert sum(drawn) / len(drawn) == pytest.approx(wanted, abs=error + 1e-9)
    assert content["mixture"]["copies"] == {
        str(n): count for n, count in sorted(Counter(copies.values()).items())
    }


def test_shares_are_reached(finished, tmp_path):
    """Named values have their share of the target, the others share the rest as they are."""
    target = 150_000
    content, rows = mixed(
        finished,
        tmp_path,
        target_characters=target,
        shares={"column": "source", "values": {"law": 0.6, "news": 0.1}},
    )
    by_source = {
        str(name): characters(some) / target for (name,), some in rows["train"].group_by("source")
    }
    whole = {str(name): characters(some) for (name,), some in kept(finished).group_by("source")}
    rest = whole["wiki"] / (whole["wiki"] + whole["forum"])

    assert by_source["law"] == pytest.approx(0.6, abs=0.03)
    assert by_source["news"] == pytest.approx(0.1, abs=0.03)
    assert by_source["wiki"] == pytest.approx(0.3 * rest, abs=0.03)
    told = content["mixture"]["shares"]["source"]
    assert told["law"]["training"] == characters(rows["train"].filter(pl.col("source") == "law"))
    assert sum(one["share_training"] for one in told.values()) == pytest.approx(1, abs=1e-4)


def test_shares_of_one_leave_nothing_else(finished, tmp_path):
    """Where the shares add up to 1, documents of other values are left out, and told so."""
    content, rows = mixed(finished, tmp_path, shares={"column": "source", "values": {"law": 1}})

    assert set(rows["train"]["source"]) == {"law"}
    assert content["mixture"]["steps"][1]["step"] == "share 0"


def test_quality_decides_how_often(finished, tmp_path):
    """Within each source the worst are gone, the best come often, and the target is met."""
    target = 2 * characters(kept(finished))
    content, rows = mixed(
        finished,
        tmp_path,
        target_characters=target,
        curve={"within": "source", "drop_below": 0.3, "cap": 7},
    )
    copies = Counter(rows["train"]["id"])
    documents = kept(finished).with_columns(
        copies=pl.Series([copies[key] for key in kept(finished)["id"]])
    )

    assert documents.filter(pl.col("quality_score").is_null())["copies"].max() == 0
    assert sorted(content["mixture"]["curves"]) == ["forum", "law", "news", "wiki"]
    # Rounding adds at most half a copy's deviation a document.
    deviation = 0.5 * float((documents["text"].str.len_chars().cast(pl.Float64) ** 2).sum()) ** 0.5
    assert characters(rows["train"]) == pytest.approx(target, abs=4 * deviation)
    for (_,), some in documents.drop_nulls("quality_score").group_by("source"):
        ranked = some.sort("quality_score")["copies"]
        thirds = [ranked[: some.height // 4].sum(), ranked[-some.height // 4 :].mean()]
        assert thirds[0] == 0
        assert thirds[1] > 3
    for curve in content["mixture"]["curves"].values():
        assert curve["top_mean"] <= 7


def test_copies_are_of_the_id_alone(finished, builder, make_doc, tmp_path):
    """The same documents in other parts get the same copies; another seed gives others."""
    rows = [row for split in range(2) for row in rows_of(make_doc, split)]
    builder.splits = [rows[700:], rows[:700]]
    other = builder.write()
    recipe = {
        "weights": [{"column": "source", "values": {"news": 1.5}}],
        "validation": {"share": 0.1},
    }
    counted = []
    for number, (run, seed) in enumerate(((finished, 0), (other, 0), (finished, 1))):
        _, splits = mixed(run, tmp_path / str(number), seed=seed, **recipe)
        counted.append({name: Counter(frame["id"]) for name, frame in splits.items()})

    assert counted[0] == counted[1]
    assert counted[0]["train"] != counted[2]["train"]
    assert counted[0]["validation"] != counted[2]["validation"]


def test_copies_lie_apart_and_are_verified(finished, tmp_path):
    """A copy comes after all first copies; the dataset verifies, and has the same bytes again."""
    recipe = {
        "weights": [{"column": "source", "values": {"news": 3}}],
        "validation": {"share": 0.1},
    }
    content, rows = mixed(finished, tmp_path, **recipe)
    ids = rows["train"]["id"].to_list()
    first = len(set(ids))

    assert len(set(ids[:first])) == first
    assert len(content["shards"]) > 5
    assert verify(tmp_path / "out" / "dataset") == []
    again, _ = mixed(finished, tmp_path / "again", **recipe)
    assert [f for f in again["files"] if f["path"] != "manifest.json"] == content["files"]


def test_order_of_work_does_not_show(finished, tmp_path):
    """Tasks sent to workers and done from the last to the first: the same dataset."""

    class Backwards(LocalEngine):
        def attempt(self, tasks):
            sent = [pickle.loads(pickle.dumps(task)) for task in tasks]
            yield from super().attempt(sent[::-1])

    recipe = {"curve": {"cap": 3}, "validation": {"share": 0.1}}
    options = ExportOptions(shard_mb=0.02, recipe=Recipe.model_validate(recipe))
    one = export(finished, tmp_path / "one", options)
    two = export(finished, tmp_path / "two", options, Backwards())

    assert one["files"] == two["files"]


def test_a_dataset_of_another_run_is_replaced_whole(finished, run, tmp_path):
    """What an earlier mixture of a run with more parts left behind is gone."""
    options = ExportOptions(recipe=Recipe(seed=1))
    folder = tmp_path / "out" / "dataset"
    export(finished, tmp_path / "out", options)
    (folder / "mix" / "part-00007.parquet").write_bytes(b"older")
    export(run, tmp_path / "out", options)

    assert verify(folder) == []


@pytest.mark.parametrize(("weight", "keyed"), [(1, True), (2, False)])
def test_croissant_describes_both_splits(finished, tmp_path, weight, keyed):
    """The shards of both splits are named; the id is a key where no document is repeated."""
    weights = [{"column": "source", "values": {"news": weight}}]
    content, _ = mixed(finished, tmp_path, validation={"share": 0.1}, weights=weights)
    described = json.loads((tmp_path / "out" / "dataset" / "croissant.json").read_text("utf-8"))
    patterns = described["distribution"][-1]["includes"]

    assert patterns == ["data/train-*.parquet", "data/validation-*.parquet"]
    assert len(described["distribution"]) == len(content["shards"]) + 1
    assert ("key" in described["recordSet"][0]) == keyed


@pytest.mark.parametrize("where", ["mix", "data"])
def test_a_changed_byte_is_found(finished, tmp_path, where):
    """One flipped byte in the mixture or in a shard is named."""
    mixed(finished, tmp_path, weights=[{"column": "source", "values": {"news": 2}}])
    path = min((tmp_path / "out" / "dataset" / where).iterdir())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

    assert f"{where}/{path.name}" in [one.path for one in verify(tmp_path / "out" / "dataset")]


def test_a_shard_that_is_not_the_mixture_is_found(finished, tmp_path, reseal):
    """Who takes a shard out of the manifest, seal and all, is found by the mixture."""
    mixed(finished, tmp_path, weights=[{"column": "source", "values": {"news": 2}}])

    def without_last(content):
        gone = content["shards"].pop()
        content["counts"]["rows"] -= gone["rows"]
        content["files"] = [one for one in content["files"] if one["path"] != gone["path"]]
        (tmp_path / "out" / "dataset" / gone["path"]).unlink()

    reseal(tmp_path / "out" / "dataset" / "manifest.json", without_last)

    problems = [one.problem for one in verify(tmp_path / "out" / "dataset")]
    assert [one for one in problems if "the mixture says" in one]


def test_explain_names_every_copy(finished, tmp_path):
    """A document is found in each shard that has it, and one that is left out is said to be."""
    run = tmp_path / "RUN"
    shutil.copytree(finished, run)
    recipe = Recipe.model_validate(
        {"weights": [{"column": "source", "values": {"news": 3, "law": 0}}]}
    )
    export(run, run, ExportOptions(shard_mb=0.02, recipe=recipe))
    documents = kept(run)
    thrice, never = (
        documents.filter(pl.col("source") == source)["id"][5] for source in ("news", "law")
    )
    places = explain(run, thrice).shard.split("; ")

    assert len(places) == 3
    for place in places:
        shard, _, row = place.partition(" row ")
        assert pl.read_parquet(run / shard)["id"][int(row)] == thrice
    assert "leaves it out" in explain(run, never).shard


def test_the_card_tells_the_mixture_in_both_languages(finished, tmp_path):
    """Splits, steps and shares of the manifest stand in the card, in English and in Chinese."""
    content, _ = mixed(
        finished,
        tmp_path,
        validation={"share": 0.1},
        filter=[{"column": "quality_score", "op": ">", "value": 0.2}],
        curve={"cap": 4, "drop_below": 0.2},
    )
    card = (tmp_path / "out" / "dataset" / "README.md").read_text("utf-8")
    english, chinese = card.split("## 中文")
    front = yaml.safe_load(card.split("---")[1])

    assert [one["split"] for one in front["configs"][0]["data_files"]] == ["train", "validation"]
    for step in content["mixture"]["steps"]:
        line = f"| {step['documents']:,} | {step['characters']:,} |"
        assert line in english
        assert line in chinese
    assert "| below the curve |" in english
    assert "| 低于曲线 |" in chinese
    share = content["mixture"]["shares"]["source"]["law"]["share_training"]
    assert f"{share:.2%}" in english
    assert f"{share:.2%}" in chinese


def test_a_dataset_without_a_recipe_has_no_mixture(finished, tmp_path):
    """Exporting again without a recipe leaves nothing of the mixture."""
    mixed(finished, tmp_path, weights=[{"column": "source", "values": {"news": 2}}])
    content = export(finished, tmp_path / "out", ExportOptions())

    assert not (tmp_path / "out" / "dataset" / "mix").exists()
    assert "mixture" not in content
    assert content["counts"]["rows"] == DOCUMENTS
    assert verify(tmp_path / "out" / "dataset") == []


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"filter": [{"column": "mood", "op": "==", "value": 1}]}, "no column 'mood'"),
        ({"filter": [{"column": "source", "op": ">", "value": 1}]}, "holds String, not 1"),
        ({"filter": [{"column": "quality_score", "op": "<", "value": "x"}]}, "holds Float32"),
        ({"filter": [{"column": "pii_spans", "op": "==", "value": "x"}]}, "holds lists"),
        ({"filter": [{"column": "source", "op": "==", "value": "x"}]}, "none is for training"),
        ({"weights": [{"column": "source", "steps": {1: 2}}]}, "holds no numbers"),
        (
            {"weights": [{"column": "domain_label", "values": {"law": 2}}]},
            "no column 'domain_label'",
        ),
        ({"shares": {"column": "source", "values": {"x": 0.5}}}, "no document for training has"),
        ({"curve": {"column": "source"}}, "holds no numbers"),
        ({"curve": {"within": "mood"}}, "no column 'mood'"),
        ({"curve": {}, "target_characters": 1e7}, "cap is 7"),
        ({"target_characters": 1e11}, "copies of one document are too many"),
        ({"validation": {"share": 0.1, "name": "train"}}, "the split that is trained on"),
        ({"validation": {"share": 0.1, "by": "mood"}}, "no column 'mood'"),
    ],
)
def test_a_recipe_that_the_run_cannot_fill_is_refused(finished, tmp_path, recipe, words):
    """A column that is absent or of another kind, a target out of reach: one line, no dataset."""
    with pytest.raises(PipelineError) as told:
        mixed(finished, tmp_path, **recipe)
    assert words in str(told.value)
    assert len(str(told.value).splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"curv": {}}, "unknown config key 'export.recipe.curv'; did you mean 'curve'?"),
        ({"curve": {"cup": 3}}, "did you mean 'cap'?"),
        ({"filter": [{"colum": "x", "op": "=="}]}, "did you mean 'column'?"),
        ({"filter": [{"column": "x", "op": "="}]}, "export.recipe.filter.0.op"),
        ({"filter": [{"column": "x", "op": "in", "value": 3}]}, "in wants a list"),
        ({"filter": [{"column": "x", "op": "is null", "value": 3}]}, "takes no value"),
        ({"weights": [{"column": "x"}]}, "needs either values or steps"),
        ({"weights": [{"column": "x", "values": {"a": -1}}]}, "not between 0 and 100"),
        ({"shares": {"column": "x", "values": {"a": 0.7, "b": 0.5}}}, "add up to 1.2"),
        ({"curve": {"drop_below": 1}}, "less than 1"),
        ({"validation": {"share": 0}}, "greater than 0"),
    ],
)
def test_a_recipe_that_says_nothing_sensible_is_refused(recipe, words):
    """A misspelt key, a wrong comparison, a share above 1: a line of the config's errors."""
    with pytest.raises(PipelineError) as told:
        load({"export": {"recipe": recipe}}, only="export")
    assert words in str(told.value)


def test_numbers_and_truths_are_names_in_yaml():
    """`{0: 0.5}` and `{true: 2}` weigh a bucket and a flag."""
    text = "export: {recipe: {weights: [{column: quality_bucket, values: {0: 0.5, 19: 2}}]}}"
    recipe = load(yaml.safe_load(text), only="export").export.recipe

    assert recipe.weights[0].values == {"0": 0.5, "19": 2}
