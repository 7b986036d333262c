"""`compliance` drops what sells, keeps what reports, and says which risk it found where."""

import json
from pathlib import Path

import polars as pl
import pytest
import yaml
from clock import linear
from frames import PACKAGE, docs_of, stage

from corpus_pipeline.model import PipelineError
from corpus_pipeline.stages.compliance import HIT
from corpus_pipeline.training import halves as split

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "compliance.jsonl")
    .read_text("utf-8")
    .splitlines()
]
COMPLIANCE = stage("compliance")
WITH_WORDS = stage("compliance", dictionary="package:assets/compliance_words.txt")

OWN = """
pack: own
version: 1
source: a test
licence: CC0-1.0
verdicts:
  own_spam: {threshold: 1.0, distinct: 1, why: a test, spam: ['卖测试词'], clean: ['没有']}
rules:
  - {id: own_term, risk: A3b, verdict: own_spam, role: lure, weight: 1.0, why: a test,
     terms: [测试词], hits: ['卖测试词'], misses: ['测试']}
"""


@pytest.mark.parametrize("case", CASES, ids=[case["label"] for case in CASES])
def test_case_is_judged_as_the_file_says(case):
    """Each case gets its drop rule, or none, with the packaged dictionary; most without it too."""
    for judge in [WITH_WORDS] if case.get("words") else [COMPLIANCE, WITH_WORDS]:
        out = judge(docs_of([case["text"]]))
        assert out["drop_rule"].to_list() == [case["expect"]]


def test_a_dictionary_moves_the_edges_of_words():
    """A term that the general dictionary glues to its neighbour is a hit with the packaged one."""
    texts = ["出售催情水微信同号", "全国催情水平台", "班里孩子的听话水平不一"]
    without, with_words = (judge(docs_of(texts)) for judge in (COMPLIANCE, WITH_WORDS))

    assert without["compliance_hits"].list.len().to_list() == [0, 0, 0]
    assert with_words["compliance_hits"].list.len().to_list() == [1, 1, 0]


def test_a_dictionary_may_not_contradict_the_packs(tmp_path):
    """Words under which a pack finds one of its near misses are refused, and the file is named."""
    path = tmp_path / "words.txt"
    path.write_text("三中三 1000 n\n", encoding="utf-8")
    with pytest.raises(PipelineError, match=r"must not find '中三中三班' .*words\.txt"):
        stage("compliance", dictionary=str(path))


def test_all_cases_in_one_batch_give_what_each_gives_alone():
    """A document's neighbours in the batch do not change its verdict, score or hits."""
    texts = [case["text"] for case in CASES]
    together = COMPLIANCE(docs_of(texts))
    alone = pl.concat([COMPLIANCE(docs_of([text])) for text in texts])
    for column in ("drop_rule", "drop_evidence", "compliance_score", "compliance_hits"):
        assert together[column].to_list() == alone[column].to_list()


def test_evidence_names_risk_score_bound_and_hits():
    """The verdict shows the numbers it rests on."""
    out = COMPLIANCE(docs_of(["亚博体育注册送彩金，首存送好礼"]))
    assert out["dropped_by"][0] == "compliance"
    assert out["drop_evidence"][0] == "risk=A1h score=2.80 >= 2.00 hits=3"
    assert out["compliance_score"][0] == pytest.approx(2.8)


def test_one_brand_in_the_title_with_company_in_the_keywords_is_enough():
    """A hijacked page names its brand in the title and the trade in its keyword line."""
    host = "夏天的一个下午，石泉下着不大不小的雨，陆姐坐在窗边说话。\n"
    line = "关键词：万彩通，时时彩投注，北京赛车计划，六合彩特码，博彩代理"
    texts = [host * 8 + line, host * 8]
    out = COMPLIANCE(docs_of(texts, title=["万彩通彩票官网"] * 2))
    assert out["drop_rule"].to_list() == ["gambling_spam", None]


def test_a_term_that_lies_across_words_is_no_hit():
    """现代|开发|票务 holds no 代开发票, in whatever sentence."""
    out = COMPLIANCE(docs_of(["园区用现代开发票务系统的办法改造了售票处。", "专业代开发票"]))
    assert [len(hits) for hits in out["compliance_hits"].to_list()] == [0, 1]


def test_hits_are_code_points_of_the_text():
    """A hit cuts exactly what was matched out of the text."""
    text = "𠮷：华*体*会，办公"
    out = COMPLIANCE(docs_of([text]))
    hit = out["compliance_hits"].to_list()[0][0]
    assert out.schema["compliance_hits"] == pl.List(HIT)
    assert text[hit["start"] : hit["end"]] == "华*体*会"
    assert (hit["risk"], hit["rule"]) == ("A1h", "gambling_brand")


def test_a_title_counts_and_has_no_hits_of_its_own():
    """Brand and action word in the title drop an innocent text; the hits list stays empty."""
    docs = docs_of(["春耕时节，各地农户抢抓农时。"], title=["农业网_华体会体育app官网"])
    out = COMPLIANCE(docs)
    assert out["drop_rule"].to_list() == ["gambling_spam"]
    assert out["compliance_hits"].to_list() == [[]]


def test_one_mention_in_a_long_article_is_no_spam():
    """A thousand characters with one brand in them stay."""
    article = "球队在主场进行了赛前训练，主教练对队员的状态表示满意。" * 20
    out = COMPLIANCE(docs_of([article + "胸前广告商为乐鱼体育。" + article]))
    assert out["drop_rule"].to_list() == [None]
    assert out["compliance_score"][0] < 2.0


def test_documents_without_hits_score_zero():
    """No hit, no text and a null text score 0 and are kept."""
    out = COMPLIANCE(docs_of(["春天来了", "", None]))
    assert out["compliance_score"].to_list() == [0.0, 0.0, 0.0]
    assert out["compliance_hits"].to_list() == [[], [], []]
    assert COMPLIANCE(docs_of([])).height == 0


def test_drop_can_be_switched_off_and_thresholds_moved():
    """With `drop: false` a document is only marked; a threshold is an option."""
    text = "亚博体育注册送彩金，首存送好礼"
    marked = stage("compliance", drop=False)(docs_of([text]))
    assert marked["drop_rule"].to_list() == [None]
    assert marked["compliance_score"][0] > 2.0
    with pytest.raises(PipelineError, match="no verdict is named 'spam'"):
        stage("compliance", thresholds={"spam": 1.0})
    with pytest.raises(PipelineError, match="gambling_spam does not drop"):
        stage("compliance", thresholds={"gambling_spam": 9.0})


def test_a_users_pack_adds_terms_and_verdicts(tmp_path):
    """A pack named by the config is matched beside the seed."""
    path = tmp_path / "own.yaml"
    path.write_text(OWN, encoding="utf-8")
    out = stage("compliance", packs=[str(path)])(docs_of(["这里卖测试词", "同城约炮，学生妹包夜"]))
    assert out["drop_rule"].to_list() == ["own_spam", "porn_spam"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("risk: A3b", "risk: A9z", "there is no risk 'A9z'"),
        ("licence: CC0-1.0\n", "", "licence is missing"),
        ("verdict: own_spam", "verdict: none", "there is no verdict 'none'"),
        ("terms: [测试词]", "terms: [一二三四五六七八九十一]", "has not 1 to 10 characters"),
        ("hits: ['卖测试词']", "hits: ['别的']", "does not find '别的'"),
        ("id: own_term", "id: gambling_brand", "gambling.yaml has that id"),
        ("clean: ['没有']", "clean: ['测试词']", "must not drop '测试词'"),
    ],
)
def test_a_faulty_pack_is_refused(tmp_path, old, new, said):
    """Each fault of a user's pack is one line that names it."""
    path = tmp_path / "own.yaml"
    path.write_text(OWN.replace(old, new), encoding="utf-8")
    with pytest.raises(PipelineError) as caught:
        stage("compliance", packs=[str(path)])
    assert said in str(caught.value)


def test_the_taxonomy_has_the_31_risks():
    """8 + 9 + 5 + 7 + 2 risks in five classes, each with both names."""
    data = yaml.safe_load((PACKAGE / "rules/packs/compliance_risks.yaml").read_text("utf-8"))
    counts = [sum(risk.startswith(name) for risk in data["risks"]) for name in data["classes"]]
    assert counts == [8, 9, 5, 7, 2]
    assert all(set(entry) == {"zh", "en"} for entry in data["risks"].values())


def test_no_legitimate_document_is_dropped(sample):
    """Statutes, documentation, classics, encyclopedia: nothing falls outside the comments.

    The half that nothing was fitted on.
    """
    rows = [row for row in sample if split.kind(row["source"]) != "comments"]
    out = COMPLIANCE(docs_of([row["text"] for row in rows]))
    dropped = out.filter(pl.col("dropped_by").is_not_null())
    assert dropped.select("text", "drop_rule", "drop_evidence").rows() == []


def test_legitimate_web_text_stays(web):
    """Of news, abstracts, answers and posts that no pack was tuned on at most 1 in 1,000 falls."""
    rows = [row for row in web if row.get("register") in split.GOOD_REGISTERS]
    out = COMPLIANCE(docs_of([row["text"] for row in rows]))
    dropped = out.filter(pl.col("dropped_by").is_not_null())
    assert len(rows) > 10_000
    assert dropped.height <= len(rows) / 1000, dropped["drop_evidence"].to_list()


@pytest.mark.parametrize(
    "piece",
    [
        "永利皇宫，",
        "新葡京官网，警方，",
        "加微信abcde12345 ",
        "自慰，医生，高清，",
        "【亚博体育】\n",
    ],
)
def test_time_grows_with_the_length_alone(piece):
    """A text of nothing but terms, signs and words of information takes linear time."""
    linear(lambda text: COMPLIANCE.judge(None, text), lambda size: piece * size, 10_000, 4.0)
