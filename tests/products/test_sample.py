"""A sample is drawn by seed and id, by strata, with weights that give the corpus back."""

import json

import polars as pl
import pytest

from corpus_pipeline import PipelineError, run
from corpus_pipeline.app.masking import masked
from corpus_pipeline.products.audit.profile import load_profile
from corpus_pipeline.products.evidence.needs import Need, asked, needs, needs_of
from corpus_pipeline.products.evidence.samples import samples
from corpus_pipeline.products.runs import open_run
from corpus_pipeline.products.sample import Draw, sample
from corpus_pipeline.products.strata import STRATA
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


@pytest.fixture
def registered(builder):
    """A run with two kinds of sources, and hits of two risks in one document and of none."""
    hit = {"rule": "r", "start": 0, "end": 1}
    heavy = [{**hit, "risk": "A1f", "weight": 0.5}, {**hit, "risk": "A3e", "weight": 2.0}]
    equal = [{**hit, "risk": "A2d", "weight": 1.0}, {**hit, "risk": "A1h", "weight": 1.0}]
    builder.splits[0][0]["compliance_hits"] = heavy
    builder.splits[1][0]["compliance_hits"] = equal
    return open_run(builder.write())


def test_the_risk_is_that_of_the_heaviest_hit(registered):
    """`risk`: the heaviest hit's, of equal ones the first; none found; not checked at all."""
    drawn = sample(registered, Draw(("risk",)), masked)
    sizes = dict(drawn.group_by("stratum").len().iter_rows())

    assert sizes == {"A3e": 1, "A1h": 1, "none found": 16, "not checked": 2}


def test_strata_are_joined_in_the_order_asked_for(registered):
    """Several strata make one of each combination that occurs; `--kept` leaves out the rest."""
    drawn = sample(registered, Draw(("kind", "state"), kept=True), masked)

    assert set(drawn["stratum"]) == {"open | kept", "self_collected | kept"}
    assert drawn.height == registered.counts["kept"]


@pytest.mark.parametrize("name", ["gbt45654", "gbt45652"])
def test_clauses_get_the_samples_that_they_ask_for(registered, name):
    """One draw for each need, with aspect and clauses: that of the folder of evidence."""
    profile = load_profile(name)
    wanted = needs(profile)
    drawn = asked(registered, wanted, 5, masked)
    evidence = {
        table.name: [row[0] for row in table.rows] for table in samples(registered, profile, 5)
    }
    clauses = {clause.id for clause in profile.clauses if clause.check == "manual_sample"}
    named = {one.removeprefix(f"{name}/") for need in wanted for one in need.clauses}

    assert named == clauses
    for need in wanted:
        told = ",".join(need.clauses)
        mine = drawn.filter((pl.col("aspect") == need.aspect) & (pl.col("clauses") == told))
        assert mine["id"].to_list() == evidence[need.aspect + "_by_kind" * need.per_kind]
        assert mine["dropped_by"].null_count() == mine.height


def test_each_kind_of_source_gives_its_own_hundred(registered):
    """A need of each kind of source takes so many of each, and weighs each by its own size."""
    need = Need("metadata", 3, per_kind=True)
    drawn = asked(registered, [need], 0, masked)

    assert drawn.group_by("stratum").agg(pl.len(), pl.col("weight").sum()).sort(
        "stratum"
    ).rows() == [
        ("open", 3, 12.0),
        ("self_collected", 3, 4.0),
    ]


def test_an_aspect_that_nobody_asks_for_is_said(registered):
    """An unknown aspect names those that there are; a run without a wanted kind is said too."""
    with pytest.raises(PipelineError, match=r"no sample of .colour.*content"):
        needs_of(load_profile("gbt45654"), "colour")
    with pytest.raises(PipelineError, match="none of the documents"):
        asked(registered, [Need("aigc", 5, kinds=("synthetic",))], 0, masked)


def test_rows_that_cannot_be_drawn_are_let_go(finished, monkeypatch):
    """However few rows are gathered at a time, the same documents are drawn."""
    whole = sample(finished, Draw(("rule",), 20, 4), masked)
    monkeypatch.setattr("corpus_pipeline.products.sample._GATHERED", 5)

    assert sample(finished, Draw(("rule",), 20, 4), masked).equals(whole)
