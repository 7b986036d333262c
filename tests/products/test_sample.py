"""A sample is drawn by seed and id, by strata, with weights that give the corpus back."""

import json

import polars as pl
import pytest

from corpus_pipeline import PipelineError, run
from corpus_pipeline.app.masking import masked
from corpus_pipeline.products.runs import open_run
from corpus_pipeline.products.sample import STRATA, Draw, sample
from corpus_pipeline.products.tune.bounds import only

GOOD = "城市治理要靠数据，也要靠常识。去年冬天，我们在三个街道做了第{}次试验，居民的抱怨少了。"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    lines = [{"text": GOOD.format(n)} for n in range(60)]
    lines += [{"text": f"短{n}"} for n in range(9)]
    lines += [{"text": f"联系电话13912345{n:03}，请在工作时间来电咨询办理。"} for n in range(30)]
    (folder / "in.jsonl").write_text(
        "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8"
    )
    config = {"stages": ["heuristics", "quality"], "ingest": {"split_mb": 0.01}}
    run(config, inputs=folder / "in.jsonl", output=folder / "run", engine="local", export=False)
    return open_run(folder / "run")


@pytest.mark.parametrize("by", [("state",), ("rule",), ("register", "score"), ("source",)])
@pytest.mark.parametrize("proportional", [False, True])
def test_weights_add_up_to_the_corpus(finished, by, proportional):
    """Each stratum's weights sum to its size, and all of them to the run."""
    drawn = sample(finished, Draw(by, 40, 3, proportional), masked)
    sums = drawn.group_by("stratum").agg(pl.col("weight").sum(), pl.col("stratum_size").first())

    assert drawn.height == 40
    assert drawn["id"].n_unique() == 40
    assert (sums["weight"] - sums["stratum_size"]).abs().max() < 1e-9
    if by != ("register", "score"):
        assert sums["stratum_size"].sum() == finished.counts["read"]


def test_seed_and_id_decide_and_nothing_else(finished):
    """One seed gives the same documents, another one others; a larger sample holds a smaller."""
    draws = [
        sample(finished, Draw(size=n, seed=seed), masked)["id"]
        for n, seed in ((20, 1), (30, 1), (20, 2))
    ]

    assert draws[0].to_list() == sample(finished, Draw(size=20, seed=1), masked)["id"].to_list()
    assert set(draws[0]) <= set(draws[1])
    assert set(draws[0]) != set(draws[2])


def test_no_personal_data_leaves(finished):
    """Texts of a run without `pii` are masked on their way out."""
    drawn = sample(finished, Draw(size=99), masked)

    assert "13912345" not in "".join(drawn["text"])
    assert drawn["text"].str.contains("<手机号>").sum() == 30


def test_small_strata_are_taken_whole(finished):
    """Equal shares: what a small stratum lacks goes to the others."""
    drawn = sample(finished, Draw(("rule",), 60), masked)
    sizes = dict(drawn.group_by("stratum").len().iter_rows())

    assert sum(sizes.values()) == 60
    assert sizes["heuristics/too_short"] == 9


def test_the_border_has_the_documents_next_to_the_bound(finished):
    """`border`: the nearest twentieth on each side (20 at least), apart from those further away."""
    bound = only(finished, "too_short", None)
    drawn = sample(finished, Draw(("border",), 99, bound=bound), masked)
    whole = pl.concat([pl.read_parquet(finished.root / part) for part in finished.parts("kept")])
    length = dict(whole.select("id", "heuristics_length").iter_rows())
    sizes = dict(drawn.group_by("stratum").len().iter_rows())
    near, far = (
        [length[key] for key in drawn.filter(pl.col("stratum") == f"kept {where}")["id"]]
        for where in ("near", "far")
    )

    assert sizes == {"dropped near": 9, "kept near": 20, "kept far": whole.height - 20}
    assert max(near) <= min(far)
    assert drawn["weight"].to_list() == [1.0] * drawn.height


def test_a_border_is_that_of_one_measure(finished):
    """A rule of several measures is asked which; without a rule there is no border."""
    with pytest.raises(PipelineError, match="several measures"):
        only(finished, "repeated_ngrams", None)
    with pytest.raises(PipelineError, match="--rule"):
        sample(finished, Draw(("border",)), masked)


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (Draw(("colour",)), "no stratum 'colour'"),
        (Draw(("language",)), "no column langid_label"),
        (Draw(size=0), "at least one"),
    ],
)
def test_what_cannot_be_drawn_is_said(finished, draw, said):
    """An unknown stratum, an absent column and an empty sample are one clear line."""
    with pytest.raises(PipelineError, match=said):
        sample(finished, draw, masked)


def test_strata_are_listed_once():
    """The strata that the command names are those that exist."""
    assert {"state", "rule", "register", "score", "source"} <= set(STRATA)
