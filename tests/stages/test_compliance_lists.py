"""What an operator brings to `compliance`: keywords, sites; and what it does to ordinary texts."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from frames import asset, docs_of, stage

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.dedup_key import KEY_TABLE
from corpus_pipeline.rules.registers import REGISTERS, load_registers
from corpus_pipeline.stages.compliance import ComplianceOptions, covered

ORDINARY = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "compliance_ordinary.jsonl")
    .read_text("utf-8")
    .splitlines()
]
#: The half that nothing was fitted on.
UNSEEN = [row["text"] for row in ORDINARY if row["half"] == "test"]
STATED = {"licence": "own", "updated": date(2026, 11, 29)}
TERMS = "# 测试\n蓝色风铃\n\n北山银杏\n西溪白鹭\n"


def listed(path, text=TERMS, **options):
    """A section for one list with this text."""
    path.write_text(text, encoding="utf-8")
    return {"path": str(path), **STATED, **options}


@pytest.mark.parametrize("half", ["fit", "test"])
def test_of_ordinary_texts_at_most_one_in_a_hundred_is_dropped(half):
    """News, judgments, lessons, travel, novels, law, notices and chat with the words of offers."""
    rows = [row for row in ORDINARY if row["half"] == half]
    assert len(rows) >= 150
    assert len({row["topic"] for row in rows}) >= 10
    out = stage("compliance")(docs_of([row["text"] for row in rows]))
    dropped = out.filter(pl.col("dropped_by").is_not_null())
    assert dropped.height <= len(rows) / 100, dropped["drop_evidence"].to_list()


def test_a_list_alone_drops_no_ordinary_text(tmp_path):
    """With every name and topic of the packs as a list that drops, ordinary texts still stay."""
    plain = stage("compliance")
    groups = [rule for rule in plain.book.rules if rule.role in {"name", "topic"}]
    terms = "\n".join(sorted({term for rule in groups for term in rule.terms}))
    keywords = listed(tmp_path / "names.txt", terms, risk="A1h", action="drop")
    out = stage("compliance", keywords=[keywords])(docs_of(UNSEEN))
    dropped = out.filter(pl.col("dropped_by").is_not_null())
    assert out["compliance_hits"].list.len().sum() > len(UNSEEN) / 2
    assert dropped.height <= len(UNSEEN) / 100, dropped["drop_evidence"].to_list()


@pytest.mark.parametrize(
    ("name", "text", "risk"),
    [
        ("own.txt", TERMS, "A3b"),
        ("own.csv", "关键词,二级分类\n蓝色风铃,A.3 b)\n北山银杏,A3-b\n", None),
        ("own.yaml", "A3b: [蓝色风铃, 北山银杏]\n", None),
    ],
)
def test_a_keyword_list_marks_and_drops_where_it_is_asked_to(tmp_path, name, text, risk):
    """Each form gives hits of its risk; two different terms on offer drop, one never does."""
    keywords = listed(tmp_path / name, text, risk=risk)
    texts = [
        "出售蓝*色*风*铃，北山银杏，有售",
        "出售蓝色风铃，又一只蓝色风铃，有售",
        "没有",
        "春天我们在院子里看蓝色风铃，到了秋天再一起上山去看北山银杏",
    ]
    marked = stage("compliance", keywords=[keywords])(docs_of(texts))
    dropping = stage("compliance", keywords=[{**keywords, "action": "drop"}])(docs_of(texts))
    by_itself = {**keywords, "action": "drop", "alone": True}
    alone = stage("compliance", keywords=[by_itself])(docs_of(texts))

    hits = marked["compliance_hits"].to_list()
    assert [[hit["risk"] for hit in row] for row in hits] == [*[["A3b"] * 2] * 2, [], ["A3b"] * 2]
    assert hits[0][0]["rule"] == "keywords_own"
    assert marked["drop_rule"].to_list() == [None] * 4
    assert dropping["drop_rule"].to_list() == ["keywords_own", None, None, None]
    assert alone["drop_rule"].to_list() == ["keywords_own", None, None, "keywords_own"]
    assert "own@2026-11-29" in marked["compliance_checked"][0]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("own.txt", "词语\n", "no risk, and the option `risk` gives none"),
        ("own.csv", "term,risk\n词语,A9z\n", "line 2: there is no risk 'A9z'"),
        ("own.csv", "word\n词语\n", "has no column term"),
        ("own.yaml", "- 词语\n", "is no mapping"),
        ("own.yaml", "A1a: [3]\n", "3 is no text"),
        ("own.txt", "# nothing\n", "holds no term"),
        ("own.txt", "长" * 101, "a term has 101 characters"),
    ],
)
def test_a_faulty_list_is_one_line(tmp_path, name, text, said):
    """The line names the file, and where it can the line in it."""
    risk = "A1a" if "长" in text else None
    with pytest.raises(PipelineError) as caught:
        stage("compliance", keywords=[listed(tmp_path / name, text, risk=risk)])
    assert said in str(caught.value)
    assert name in str(caught.value)


def test_a_list_without_licence_or_date_is_refused(tmp_path):
    """What states neither is no list that an audit could stand on."""
    for missing in STATED:
        keywords = listed(tmp_path / "own.txt", risk="A1a")
        keywords.pop(missing)
        with pytest.raises(ValueError, match=missing):
            ComplianceOptions(keywords=[keywords])


def test_lists_have_names_of_their_own(tmp_path):
    """Two lists whose files have no name in Latin letters need one; with one they are two rules."""
    one = listed(tmp_path / "甲.txt", "蓝色风铃", risk="A1a")
    other = listed(tmp_path / "乙.txt", "北山银杏", risk="A1b")
    with pytest.raises(PipelineError, match="two lists are named 'list'"):
        stage("compliance", keywords=[one, other])
    out = stage("compliance", keywords=[one, {**other, "name": "second"}])(
        docs_of(["看蓝色风铃，看北山银杏"])
    )
    rules = [hit["rule"] for hit in out["compliance_hits"].to_list()[0]]
    assert rules == ["keywords_list", "keywords_second"]


def test_sites_are_found_with_their_subdomains(tmp_path):
    """A host, what is below it, and the beginning of an address; another host is none."""
    text = "0.0.0.0 bad.example\n# comment\nhttps://mixed.example/videos/\n"
    sites = listed(tmp_path / "hosts.txt", text, risk="A1f", action="drop")
    urls = [
        "https://bad.example/a",
        "http://www.BAD.example:8080",
        "https://deep.bad.example/",
        "https://mixed.example/videos/1",
        "https://mixed.example/news/1",
        "https://notbad.example/",
        "no address",
        None,
    ]
    out = stage("compliance", sites=[sites])(docs_of(["正文"] * len(urls), url=urls))
    assert out["drop_rule"].to_list() == ["listed_site"] * 4 + [None] * 4
    assert out["compliance_hits"].to_list()[0][0]["risk"] == "A1f"
    assert "hosts@2026-11-29" in out["compliance_checked"][0]
    with pytest.raises(PipelineError, match=r"hosts\.txt, line 1: 'a b' is no host"):
        stage("compliance", sites=[listed(tmp_path / "hosts.txt", "a b\n")])


def test_every_text_says_by_what_it_was_checked():
    """A kept text without a hit is checked too; what has no text is not."""
    out = stage("compliance")(docs_of(["春天来了", None]))
    checked = out["compliance_checked"].to_list()
    version = stage("compliance").version
    assert checked[0].startswith(f"compliance {version}; compliance@")
    assert "porn@" in checked[0]
    assert checked[1] is None


def test_the_pack_of_the_docs_loads_and_judges(tmp_path):
    """The example in docs/compliance-rules.md is a pack, and does what it says."""
    page = (Path(__file__).parents[2] / "docs" / "compliance-rules.md").read_text("utf-8")
    path = tmp_path / "mine.yaml"
    path.write_text(page.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    judge = stage("compliance", packs=[str(path)])
    out = judge(docs_of(["出售窖藏银锭，生坑铜镜到代，私聊", "博物馆展出窖藏银锭与铜镜"]))
    assert out["drop_rule"].to_list() == ["relic_trade", None]
    assert judge.checked.endswith(", mine@1")
    assert judge.checked.removesuffix(", mine@1") in page


def test_registers_of_reports_weigh_hits_less():
    """The packaged registers are those that `heuristics` writes; a score sinks in one of them."""
    judge = stage("compliance")
    names = load_registers(asset(REGISTERS), asset(KEY_TABLE)).names
    assert set(judge.book.registers) <= set(names)
    text = "亚博体育注册送彩金"
    register = ["social", "news"]
    out = judge(docs_of([text] * 2, heuristics_register=register))
    scores = out["compliance_score"].to_list()
    assert scores[1] == pytest.approx(scores[0] * judge.book.registers["news"])


def test_what_spam_marked_is_a_hit():
    """A kind that `spam` marked and kept is a risk over the whole text, and drops nothing here."""
    columns = {"spam_kind": ["porn", "promotion", None], "spam_score": [1.5, 1.5, 0.0]}
    out = stage("compliance")(docs_of(["短文"] * 3, **columns))
    hits = out["compliance_hits"].to_list()
    assert [(hit["risk"], hit["rule"], hit["end"]) for hit in hits[0]] == [("A1f", "spam_porn", 2)]
    assert hits[1:] == [[], []]
    assert out["drop_rule"].null_count() == 3


def test_coverage_counts_terms_and_says_what_lacks(tmp_path):
    """The packs hold no political speech, and the count says so; a list fills its risk."""
    keywords = listed(tmp_path / "own.txt", "\n".join(f"词语{n}" for n in range(250)), risk="A1a")
    judge = stage("compliance", keywords=[keywords])
    refs = judge.asset_refs(judge.options)
    found = covered(judge.options, {key: asset(ref) for key, ref in refs.items()})
    by_risk = {risk.risk: risk for risk in found.risks}

    assert (by_risk["A1a"].terms, by_risk["A1a"].met) == (250, True)
    assert (by_risk["A1c"].terms, by_risk["A1c"].met) == (0, False)
    assert not found.enough
    assert found.total < found.least == 10_000
    assert found.stale(date(2027, 1, 1)) == found.packs
