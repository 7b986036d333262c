"""`source_admission` refuses a source by the share of its documents that violate the law."""

import json
from math import comb
from pathlib import Path

import polars as pl
import pytest
from clock import linear
from engine_runs import frame, job
from frames import docs_of
from hypothesis import given, settings
from hypothesis import strategies as st
from shuffled import after, decisions_of

from corpus_pipeline.app.config import spec
from corpus_pipeline.engine.run import run
from corpus_pipeline.io.assets import resolve
from corpus_pipeline.io.readers.base import IngestOptions
from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.source_admission import ADMISSION, _judges, load_admission
from corpus_pipeline.stages.source_admission import SourceAdmission
from corpus_pipeline.tasks.local import LocalEngine
from corpus_pipeline.text.measures.shares import lower_bound, upper_bound

RULES = load_admission(resolve(ADMISSION, Path()))
CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "source_admission.jsonl")
    .read_text("utf-8")
    .splitlines()
]
SPAN = pl.List(
    pl.Struct({"start": pl.UInt32, "end": pl.UInt32, "type": pl.String, "tier": pl.UInt8})
)
#: Verdict → what of it the columns of the stages before say: unseen by compliance, seen, marked.
FATES = {
    "clean": (None, 0.0, None),
    "gambling": ("compliance/gambling_spam", 3.0, None),
    "marked": (None, 2.0, None),
    "phishing": ("spam/phishing_spam", None, "phishing"),
    "promotion": (None, 0.0, "promotion"),
    "short": ("heuristics/too_short", None, None),
    "copy": ("exact_dedup/exact_duplicate", 0.0, None),
    "marked copy": ("near_dedup/near_duplicate", 2.0, None),
    "marked offer": ("quality/low_quality", None, "gambling"),
    "contact": ("compliance/contact_spam", 3.0, None),
    "personal": (None, 0.0, None),
}


def source_admission(**options):
    given = SourceAdmission.OptionsModel(**options)
    return SourceAdmission(given, {"pack": resolve(given.pack, Path())})


def documents(fates):
    """Documents as the stages before leave them: source and fate of each."""
    facts = [FATES[fate] for _, fate in fates]
    stage, _, rule = zip(*[(verdict or "/").partition("/") for verdict, _, _ in facts], strict=True)
    seen = [score is not None or kind is not None for _, score, kind in facts]
    spans = [
        [{"start": 0, "end": 2, "type": "mobile", "tier": 1}] if fate == "personal" else []
        for _, fate in fates
    ]
    docs = docs_of(
        [f"第{n}篇文章，第{n * 7}号。" for n in range(len(fates))],
        source=[source for source, _ in fates],
        dropped_by=[name or None for name in stage],
        drop_rule=[name or None for name in rule],
    )
    return docs.with_columns(
        pl.Series("pii_spans", spans, dtype=SPAN),
        pl.Series("heuristics_length", [10.0] * len(fates), dtype=pl.Float32),
        pl.Series("spam_kind", [kind for _, _, kind in facts], dtype=pl.String),
        pl.Series("spam_score", [1.0 if one else None for one in seen], dtype=pl.Float32),
        pl.Series("compliance_score", [score for _, score, _ in facts], dtype=pl.Float32),
    )


def admitted(docs, folder, **options):
    """The rows of the manifest by source, and the run's folder."""
    docs.write_parquet(folder / "in.parquet", row_group_size=50)
    given = source_admission(**options).options
    specs = (spec("source_admission", given, Path.cwd()),)
    root = folder / "out"
    content = run(
        job(folder / "in.parquet", root, specs=specs, split_bytes=1, ingest=IngestOptions()),
        LocalEngine(),
    )
    return {row["source"]: row for row in content["admission"]}, root


MIXED = [
    *[("bad", "gambling")] * 4,
    *[("bad", "phishing")] * 2,
    *[("bad", "marked")],
    *[("bad", "short")] * 40,
    *[("bad", "clean")] * 60,
    *[("good", "gambling")],
    *[("good", "copy")] * 3,
    *[("good", "promotion")] * 9,
    *[("good", "personal")] * 2,
    *[("good", "clean")] * 60,
    *[("few", "gambling")] * 9,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_cases(case):
    """What counts as what: each fact of the cases, by the rules of the pack."""
    found = {rule.finding for rule in RULES.rules if _judges(rule, case["text"])}

    assert found == ({case["expect"]} if case["expect"] else set())


def test_a_source_over_the_limit_is_dropped_and_reported(tmp_path):
    """More than 5 % violating documents refuse a source; the others stay, few are not judged."""
    rows, root = admitted(documents(MIXED), tmp_path)

    assert {name: row["verdict"] for name, row in rows.items()} == {
        "bad": "refused",
        "good": "admitted",
        "few": "too_few",
    }
    kept, dropped = (frame(root, kind) for kind in ("kept", "dropped"))
    assert set(kept["source"]) == {"good"}  # nothing of `few` was left to keep
    gone = dropped.filter(dropped_by="source_admission")
    assert set(gone.select("source", "drop_rule").rows()) == {("bad", "source_refused")}
    assert set(gone["drop_evidence"]) == {"violating=0.1045 > 0.05 (7 of 67)"}
    assert set(kept["source_admission_verdict"]) == {"admitted"}


def test_shares_are_of_what_was_looked_at_before_and_after(tmp_path):
    """What fell before a stage looked is in no denominator; after cleaning only what stays is."""
    rows, _ = admitted(documents(MIXED), tmp_path)
    bad, good = rows["bad"], rows["good"]

    def counted(row, finding, when):
        return row[finding][when]["count"], row[finding][when]["of"]

    assert (bad["documents"], bad["documents_after"]) == (107, 61)
    assert counted(bad, "violating", "before") == (7, 67)
    assert counted(bad, "violating", "after") == (1, 61)
    assert counted(bad, "low_quality", "before") == (40, 107)
    assert counted(good, "personal", "before") == (2, 75)
    assert counted(good, "low_quality", "after") == (9, 71)
    assert counted(good, "duplicated", "before") == (3, 3)
    assert good["violating"]["before"]["upper"] == round(upper_bound(1, 75), 6)
    assert good["violating"]["before"]["lower"] == round(lower_bound(1, 75), 6)


def test_a_mark_counts_whatever_fell_afterwards(tmp_path):
    """A marked document that deduplication or quality dropped is no less violating."""
    fates = ["marked copy", "marked offer", "contact", "copy", *["clean"] * 60]
    rows, _ = admitted(documents([("a", fate) for fate in fates]), tmp_path)

    assert (rows["a"]["violating"]["before"]["count"], rows["a"]["documents_after"]) == (2, 60)


def test_a_refused_run_measured_again_says_the_same(tmp_path):
    """Over the rows that a run kept and dropped the figures are those of the run."""
    first, root = admitted(documents(MIXED), tmp_path)
    (tmp_path / "again").mkdir()
    rows = pl.concat([frame(root, kind) for kind in ("kept", "dropped")])
    given = rows.drop(pl.selectors.starts_with("source_admission"))
    again, _ = admitted(given, tmp_path / "again")

    assert again == first


def test_a_refusal_may_only_be_reported(tmp_path):
    """`on_refuse: report` drops nothing and says the same."""
    rows, root = admitted(documents(MIXED), tmp_path, on_refuse="report")

    assert (rows["bad"]["verdict"], rows["bad"]["dropped"]) == ("refused", False)
    assert frame(root, "dropped").filter(dropped_by="source_admission").is_empty()
    assert frame(root, "kept").filter(source="bad").height == 61


@pytest.mark.parametrize(
    ("judged_by", "bad", "verdict"),
    [
        ("share", 5, "admitted"),
        ("share", 6, "refused"),
        ("lower", 9, "admitted"),
        ("lower", 10, "refused"),
        ("upper", 1, "admitted"),
        ("upper", 2, "refused"),
    ],
)
def test_the_limit_is_held_against_the_share_or_a_bound(judged_by, bad, verdict):
    """Of 100 documents 5 are the limit; 10 are surely over it, and 1 is surely below."""
    docs = documents([("a", "gambling")] * bad + [("a", "clean")] * (100 - bad))
    out = after(source_admission(judged_by=judged_by), docs)

    assert out["source_admission_verdict"].drop_nulls().unique().to_list() == [verdict]


@settings(max_examples=3, deadline=None)
@given(
    fates=st.lists(
        st.tuples(st.sampled_from(["a", "b", ""]), st.sampled_from(sorted(FATES))),
        min_size=1,
        max_size=30,
    ),
    batch=st.integers(1, 7),
)
def test_order_and_splits_do_not_show(fates, batch):
    """Whatever the splits and the order are, each document has the same verdict."""
    stage, docs = source_admission(least=3), documents(fates)
    one = decisions_of(after(stage, docs), stage).sort("id")
    other = decisions_of(after(stage, docs.reverse(), batch=batch), stage).sort("id")

    assert one.equals(other)


def test_nothing_looked_at_is_no_admission():
    """Without the columns and verdicts of compliance and spam no source is admitted."""
    docs = docs_of(["路灯照着小巷。"] * 100, source=["a"] * 100)
    out = after(source_admission(), docs)

    assert set(out["source_admission_verdict"]) == {"too_few"}
    assert out["source_admission_violating"].null_count() == 100
    assert out["dropped_by"].is_null().all()


def test_own_numbers_come_from_options_or_an_own_pack(tmp_path):
    """The limit of an option goes before that of the pack, which may be a file."""
    text = resolve(ADMISSION, Path()).path.read_text("utf-8")
    (tmp_path / "own.yaml").write_text(text.replace("limit: {value: 0.05", "limit: {value: 0.5"))
    own = source_admission(pack=str(tmp_path / "own.yaml"))

    assert (own.limit, source_admission().limit, source_admission(limit=0.2).limit) == (
        0.5,
        0.05,
        0.2,
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('verdicts: ["exact_dedup/*", "near_dedup/*"]', "verdicts: []", "needs verdicts, kinds"),
        ("score: 2.0", "score: 3.0", "does not find 'compliance_score=2.0'"),
        ('unless: ["compliance/contact_spam"]', "unless: []", "must not find"),
    ],
)
def test_a_pack_that_contradicts_itself_is_refused(tmp_path, old, new, words):
    """A rule without a clause, or one that its examples disagree with, is one line."""
    text = resolve(ADMISSION, Path()).path.read_text("utf-8")
    (tmp_path / "own.yaml").write_text(text.replace(old, new))

    with pytest.raises(PipelineError, match=words):
        load_admission(resolve(str(tmp_path / "own.yaml"), Path()))


def test_bounds_hold_as_often_as_they_say():
    """At the bounds a sample that is as far off has a chance of one in twenty, exactly."""
    for bad, sampled in ((3, 200), (74, 600), (59, 60)):
        lower, upper = lower_bound(bad, sampled), upper_bound(bad, sampled)

        assert lower < bad / sampled < upper
        assert tail(bad, sampled, lower) == pytest.approx(0.05, abs=1e-6)
        assert 1 - tail(bad + 1, sampled, upper) == pytest.approx(0.05, abs=1e-6)
    assert (lower_bound(0, 59), upper_bound(59, 59)) == (0.0, 1.0)
    assert upper_bound(0, 58) > 0.05 > upper_bound(0, 59)


def tail(least, sampled, share):
    """The chance of at least so many, by the plain sum."""
    return sum(
        comb(sampled, k) * share**k * (1 - share) ** (sampled - k)
        for k in range(least, sampled + 1)
    )


def test_a_million_documents_take_seconds():
    """The cost of counting is linear, and far below a second for 50,000 documents."""
    stage, some = source_admission(), documents(MIXED)

    def many(rows):
        return pl.concat([some] * (rows // some.height))

    linear(stage.sketch, many, 50_000, most=1)
