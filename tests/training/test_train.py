"""`corpus-pipeline train` makes models that stages use, and refuses sets that teach nothing."""

import json
import random
from functools import partial

import numpy as np
import pytest
import yaml
from frames import docs_of, stage
from hypothesis import given
from hypothesis import strategies as st

from corpus_pipeline.cli import main
from corpus_pipeline.model import PipelineError
from corpus_pipeline.training import measures
from corpus_pipeline.training.labelled import held_out

WHO = (
    "村里的老人",
    "县医院的护士",
    "放学的孩子",
    "修路的工人",
    "卖菜的大姐",
    "图书馆的馆员",
    "跑船的水手",
)
WHEN = ("今年入冬以来", "上个星期天", "天刚亮的时候", "雨停了以后", "收完麦子", "开学前几天")
DID = (
    "在河边修补旧船",
    "给邻居送去热汤",
    "把院子扫得干干净净",
    "坐在门口讲从前的事",
    "赶了二十里山路去看戏",
)
SAID = (
    "，大家听了都很高兴。",
    "，没有人抱怨一句。",
    "，这件事后来传遍了全镇。",
    "，谁也没想到会下雪。",
)
OFFER = (
    "加微信领红包",
    "首存送彩金",
    "代开发票点位低",
    "贷款当天放款",
    "无需抵押秒到账",
    "官网登录注册",
)
SIGN = ("！！！", "★★", "，详询客服", "，名额有限", "→→点击", "，扫码进群")


def prose(rng):
    parts = (WHEN, WHO, DID, SAID)
    return "".join(rng.choice(part) for _ in range(rng.randint(2, 4)) for part in parts)


def offer(rng):
    return "".join(
        rng.choice(OFFER) + str(rng.randint(1, 9999)) + rng.choice(SIGN) for _ in range(6)
    )


def echo(_rng):
    return prose(random.Random(4)) * 3


def file_of(path, make, seed, count=60, **columns):
    """A file of texts of three sources, unless `columns` says otherwise."""
    rng = random.Random(seed)
    rows = [
        {"text": f"{make(rng)}第{seed}之{n}", "source": f"{path.stem}{n % 3}", "license": "CC0-1.0"}
        | columns
        for n in range(count)
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture
def train(monkeypatch, capsys):
    """Run the command: exit code, standard output, standard error."""

    def run(*words):
        monkeypatch.setattr("sys.argv", ["corpus-pipeline", "train", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr()
        return left.value.code, told.out, told.err

    return run


@pytest.fixture
def pair(tmp_path):
    good = file_of(tmp_path / "good.jsonl", prose, 1)
    return "--good", good, "--bad", file_of(tmp_path / "bad.jsonl", offer, 2), "--output"


def test_a_quality_score_comes_out(train, pair, tmp_path):
    """The options that are printed make the stage use the files; unseen prose is above an offer."""
    code, out, _ = train("quality", *pair, tmp_path / "out")
    options = yaml.safe_load(out)["quality"]
    rng = random.Random(99)
    texts = [prose(rng), offer(rng)]
    scores = stage("quality", **options, min_score=0)(docs_of(texts))["quality_score"].to_list()
    card = (tmp_path / "out" / "card.md").read_text("utf-8")

    assert code == 0
    assert scores[0] > 0.5 > scores[1]
    assert "| good0 |" in card
    assert "CC0-1.0" in card
    assert "A score that knows only the source has AUC" in card


def test_a_spam_model_comes_out_twice_the_same(train, pair, tmp_path):
    """Two trainings give the same bytes; with the model the stage finds what its pack does not."""
    for name in ("one", "two"):
        code, out, _ = train("spam", *pair, tmp_path / name, "--seed", 3)
        assert code == 0
    rng = random.Random(7)
    texts = [
        prose(rng),
        "，名额有限官网登录注册31，扫码进群" + "官网登录注册★★无需抵押秒到账77，名额有限" * 2,
    ]
    options = yaml.safe_load(out)["spam"]
    found = stage("spam", **options, model_least=0.6)(docs_of(texts))

    assert (tmp_path / "one/spam.bin").read_bytes() == (tmp_path / "two/spam.bin").read_bytes()
    assert found["drop_rule"].to_list()[0] is None
    assert found["spam_kind"].to_list()[1] is not None
    cards = [(tmp_path / name / "card.md").read_text("utf-8") for name in ("one", "two")]
    assert cards[0].replace("/one/", "/two/") == cards[1]


def test_a_classifier_of_a_risk_comes_out(train, pair, tmp_path):
    """The options that are printed make `compliance` find what no pack knows; the card has cuts."""
    code, out, err = train("compliance", *pair, tmp_path / "out", "--risk", "A3e")
    options = yaml.safe_load(out)["compliance"]
    options["classifiers"]["A3e"] |= {"action": "drop", "least": 0.6}
    rng = random.Random(7)
    texts = [prose(rng), offer(rng)]
    found = stage("compliance", **options)(docs_of(texts))
    card = (tmp_path / "out" / "card.md").read_text("utf-8")

    assert code == 0
    assert "are found at a precision of 98%" in err
    assert "| `least` | precision |" in card
    assert found["drop_rule"].to_list() == [None, "model_a3e"]
    hit = found["compliance_hits"].to_list()[1][-1]
    assert (hit["risk"], hit["rule"], hit["end"]) == ("A3e", "model_a3e", len(texts[1]))
    assert "model_A3e@" in found["compliance_checked"][0]


def test_domains_of_ones_own_come_out(train, tmp_path):
    """Labels of a column become those of the stage; an empty text has none."""
    files = [
        file_of(tmp_path / f"{label}.jsonl", make, at, label=label)
        for at, (label, make) in enumerate({"village": prose, "trade": offer}.items())
    ]
    data = [word for path in files for word in ("--data", path)]
    code, out, err = train("domain", *data, "--label", "label", "--output", tmp_path / "out")
    rng = random.Random(5)
    labelled = stage("domain", **yaml.safe_load(out)["domain"])(
        docs_of([prose(rng), offer(rng), ""])
    )

    assert code == 0
    assert "macro F1" in err
    assert labelled["domain_label"].to_list() == ["village", "trade", "none"]
    assert labelled["domain_labels"].list.first().to_list() == ["village", "trade", None]


WORDS = {
    "en": "the library opens at nine this morning and we walked with our friends to see a play",
    "fr": "la bibliothèque ouvre à neuf heures et nous avons marché avec nos amis pour voir une",
}


def spoken(rng, label):
    return " ".join(rng.choice(WORDS[label].split()) for _ in range(14))


def test_languages_of_ones_own_come_out(train, tmp_path):
    """The stage `langid` asks the new model about texts that their letters do not settle."""
    files = [
        file_of(tmp_path / f"{label}.jsonl", partial(spoken, label=label), at, lang=label)
        for at, label in enumerate(WORDS)
    ]
    words = [word for path in files for word in ("--data", path)]
    code, out, _ = train("langid", *words, "--label", "lang", "--output", tmp_path / "out")
    rng = random.Random(8)
    texts = [spoken(rng, label) for label in WORDS]
    labelled = stage("langid", **yaml.safe_load(out)["langid"])(docs_of(texts))

    assert code == 0
    assert labelled["langid_label"].to_list() == list(WORDS)


def test_a_model_without_the_label_is_refused(train, pair, tmp_path):
    """The stage `spam` takes no model that never says spam."""
    train("quality", *pair, tmp_path / "out")

    with pytest.raises(PipelineError, match="no label 'spam'"):
        stage("spam", model=str(tmp_path / "out" / "quality.bin"))


REFUSED = {
    "one class": ({"good": [(prose, {})], "bad": []}, "two classes or more; there is only good"),
    "one source": (
        {"good": [(prose, {"source": "a"})], "bad": [(offer, {})]},
        "all texts of good are of one source",
    ),
    "too few": ({"good": [(prose, {}, 20)], "bad": [(offer, {})]}, "too few: good (20)"),
    "empty texts": ({"good": [(prose, {"text": " "})], "bad": [(offer, {})]}, "60 texts are empty"),
    "one text, two labels": (
        {
            "good": [(prose, {}), (prose, {"text": "同一句话"})],
            "bad": [(offer, {"text": "同一句话"})],
        },
        "under two labels",
    ),
    "copies on both sides": (
        {"good": [(prose, {}), (echo, {})], "bad": [(offer, {})]},
        "are copies (Jaccard",
    ),
}


@pytest.mark.parametrize(("given", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_teaches_nothing_is_refused(train, tmp_path, given, reason):
    """One line names the reason, and the exit code is 2."""
    words = []
    for side, files in given.items():
        for at, (make, columns, *count) in enumerate(files):
            path = file_of(tmp_path / f"{side}{at}.jsonl", make, at, *count, **columns)
            words += [f"--{side}", path]
    code, _, err = train("quality", *words, "--output", tmp_path / "out")

    assert code == 2
    assert reason in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["speed"], "nothing to train called speed"),
        (["domain", "--good", "a.jsonl"], "has many classes"),
        (["quality"], "give --good and --bad"),
        (["spam", "--data", "a.jsonl"], "--data and --label"),
        (["compliance", "--data", "a.jsonl"], "is trained for a --risk"),
        (["spam", "--risk", "A2"], "is trained for a --risk"),
        (["compliance", "--risk", "A2z"], "there is no risk 'A2z'"),
        (["spam", "--good", "nowhere.jsonl", "--bad", "b.jsonl"], "cannot read nowhere.jsonl"),
    ],
)
def test_wrong_words_are_refused(train, tmp_path, words, reason):
    """So are options that do not belong together, and files that are not there."""
    code, _, err = train(*words, "--output", tmp_path)

    assert code == 2
    assert reason in err


@given(
    sources=st.dictionaries(
        st.text("abcdef", min_size=1, max_size=3),
        st.dictionaries(st.sampled_from("xyz"), st.integers(1, 30), min_size=1),
        min_size=2,
        max_size=12,
    ),
    seed=st.integers(0, 9),
)
def test_no_class_loses_all_its_sources(sources, seed):
    """Whatever is held out, each class has a source left to learn from."""
    totals = {}
    for own in sources.values():
        for label, n in own.items():
            totals[label] = totals.get(label, 0) + n
    out = held_out(sources, totals, seed)

    for label in totals:
        assert any(label in own for name, own in sources.items() if name not in out)


@given(
    high=st.lists(st.integers(0, 5), min_size=1, max_size=12),
    low=st.lists(st.integers(0, 5), min_size=1, max_size=12),
)
def test_the_area_is_that_of_all_pairs(high, low):
    """The AUC counts pairs with the good text above, ties one half; its interval holds it."""
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in high for b in low]
    scores = np.array([*high, *low], dtype=float)
    good = np.array([True] * len(high) + [False] * len(low))
    found = measures.area(scores, good)

    assert found.value == pytest.approx(sum(pairs) / len(pairs))
    assert found.low <= found.value <= found.high
