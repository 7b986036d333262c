"""The comparison with published rule sets: each threshold from both sides, and the harness."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


#: Seven lines of prose that every rule set keeps.
LINES = (
    "清晨的河边起了薄雾，渔夫把船推离岸边，桨声很轻，水鸟从芦苇里飞起来，在远处的沙洲落下。",
    "镇上的面包店六点开门，老板娘把第一炉吐司放在窗台，行人经过时都会慢下脚步看一看价钱。",
    "小学的操场边种着两排槐树，五月开花的时候，孩子们捡了花瓣夹在课本里，整个教室都有香味。",
    "邮局的老周退休以后学会了修表，他说机器和人一样，停下来不一定是坏了，有时只是该上油了。",
    "图书馆新到了一批地方志，馆员按年代排好，又为每一卷写了提要，方便外地来的学者查找资料。",
    "傍晚下过一场雨，石板路反着光，卖豆腐的担子从巷口经过，声音拖得很长，像在叫一个熟人。",
    "夜里十点以后，只剩医院和车站还亮着灯，值班的人泡一杯浓茶，等天亮，也等下一班回家的车。",
)
PROSE = "\n".join(LINES)


def rules(name: str, *texts: str, words=()) -> list[str | None]:
    from scripts.ablate.rulesets import verdicts

    return verdicts(name, texts, words)


def test_prose_is_kept_by_all():
    """Prose of seven lines passes every rule set."""
    from scripts.ablate.rulesets import RULESETS

    assert {name: rules(name, PROSE) for name in RULESETS} == {name: [None] for name in RULESETS}


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "。", "a", "甲", "甲" * 300, "\n" * 300, "1,2\n" * 90]
)
def test_nothing_breaks_them(text):
    """Empty, short and endless texts get a rule, but from the one of lengths alone."""
    from scripts.ablate.rulesets import RULESETS

    found = {name: rules(name, text)[0] for name in RULESETS}

    assert {name for name, rule in found.items() if rule is None} <= {"hplt"}


CLAUSES = tuple(part for line in LINES for part in line.rstrip("。").split("，"))
HEAD, TAIL = LINES[0], LINES[1]
WORDY = PROSE + PROSE.replace("。", "？").replace("的", "之")
DOTTED = PROSE.replace("，", "……")
#: Between clauses stand three numbers, no two alike.
NUMBERED = "".join(f"{c}，{at}1 {at}2 {at}3。" for at, c in enumerate(CLAUSES))
#: No stop word of FineWeb2's is left.
BARE = "".join(sign for sign in PROSE if sign not in "的年在月是和日了有人中为他也")


def ending(good: int, other: int) -> list[str]:
    """So many lines that end in a full stop, and so many that end in a comma."""
    lines = [f"{CLAUSES[2 * at]}，{CLAUSES[2 * at + 1]}" for at in range(good + other)]
    return [line + ("。" if at < good else "，") for at, line in enumerate(lines)]


#: Rule set, rule, a text just beyond its threshold, a text just within it.
PAIRS = [
    # 3 of 10 lines stood before, and 2 of 9; .287
    ("fineweb2", "dup_line_frac", [*LINES, *["甲。"] * 5], [*LINES, *["甲。"] * 4]),
    ("fineweb2", "top_2_gram", [*LINES[:2], "东西南北" * 9], [*LINES, "东西南北" * 9]),
    ("fineweb2", "duplicated_5_n_grams", [PROSE, "".join(LINES[:3])], [PROSE, HEAD]),
    # 1 of 10 lines ends well, and 1 of 9; .106
    ("fineweb2", "line_punct_ratio", ending(1, 9), ending(1, 8)),
    ("fineweb2", "list_ratio", [c[:5] + "。" for c in CLAUSES], PROSE.replace("，", "。\n")),
    ("fineweb2", "gopher_short_doc", LINES[:2], LINES[:3]),
    (
        "fineweb2",
        "gopher_too_many_ellipsis",
        PROSE.replace("，", "……"),
        PROSE.replace("，", "……", 8),
    ),
    ("fineweb2", "gopher_enough_stop_words", BARE + "我的。", BARE + "我的，他的。"),
    ("fineweb2", "gopher_below_alpha_threshold", NUMBERED, PROSE),
    ("map_cc", "brackets", [*LINES, f"【{TAIL}】"], [*LINES, f"【{TAIL[:20]}】"]),
    ("map_cc", "sentences", PROSE.replace("。", "，"), [*LINES[:2]]),
    ("map_cc", "characters", HEAD + "好。", LINES[:2]),
    ("map_cc", "digits", [*LINES, "1234567890" * 12], [*LINES, "1234567890" * 9]),
    ("map_cc", "read_more", [*LINES, *["更多"] * 4], [*LINES, *["更多"] * 3]),
    ("map_cc", "different_characters", PROSE * 7, PROSE * 6),
    ("map_cc", "top_2_gram", [*LINES, "嗯。" * 55], [*LINES, "嗯。" * 35]),
    ("map_cc", "duplicate_5_grams", [PROSE, *LINES[:4]], [PROSE, *LINES[:2]]),
    ("evalweb", "length", PROSE[:200], PROSE[:201]),
    ("evalweb", "han", [PROSE, "latin " * 110], [PROSE, "latin " * 90]),
    ("evalweb", "traditional", PROSE + "後來", PROSE + "后来"),
    ("evalweb", "traditional", PROSE.replace("，", "「", 1), PROSE),
    ("evalweb", "repetition", [PROSE, *LINES[:4]], [PROSE, *LINES[:2]]),
    ("chinese_c4", "few_sentences", LINES[:5], LINES[:6]),
    ("chinese_c4", "few_sentences", [*LINES[:5], "一，二，三；"], [*LINES[:5], "一，二，三："]),
    (
        "chinese_c4",
        "duplicate_lines",
        [*LINES[:5], *["好的，好的。"] * 4],
        [*LINES, "好的，好的。"],
    ),
    ("hplt", "too_short", PROSE[:200], PROSE[:201]),
    ("hplt", "short_lines", "一二三四五六七八九\n" * 30, "一二三四五六七八九十\n" * 30),
    ("data_juicer", "alphanumeric", PROSE.replace("，", "")[:-1] + "好" * 90, PROSE),
    ("data_juicer", "average_line_length", [c[:8] for c in CLAUSES], PROSE.replace("，", "\n")),
    ("data_juicer", "text_length", WORDY * 17, WORDY),
]


@pytest.mark.parametrize(("name", "rule", "beyond", "within"), PAIRS)
def test_thresholds(name, rule, beyond, within):
    """A text beyond a threshold falls by that rule, and one within it does not."""
    texts = [text if isinstance(text, str) else "\n".join(text) for text in (beyond, within)]

    dropped, kept = rules(name, *texts)

    assert dropped == rule
    assert kept != rule


@pytest.mark.parametrize(
    ("name", "rule", "text"),
    [
        ("chinese_c4", "bad_words", PROSE + "坏词" * 10),  # 5 % of the characters
        ("evalweb", "sensitive_words", PROSE.replace("\n", "") + "坏词。"),  # half a word a line
        ("data_juicer", "flagged_words", PROSE + "坏词。"),  # .0045 of the words
    ],
)
def test_words(name, rule, text):
    """The rule sets that count bad words do so where they are given a list."""
    assert rules(name, text, words=["坏词", "别的"]) == [rule]
    assert rules(name, text) != [rule]


def test_repetition_of_map_cc_is_enforced_as_meant_only():
    """A page of one sentence over and over falls by what the code means, and passes as it runs."""
    text = "\n".join([*LINES, *LINES[:4]])

    assert rules("map_cc", text) == ["duplicate_5_grams"]
    assert rules("map_cc_as_run", text) == [None]


def test_what_they_write():
    """Chinese C4 leaves whole sentences, MAP-CC half-width marks without addresses."""
    from scripts.ablate.rulesets import judged

    (c4,) = judged("chinese_c4", ["\n".join(["首页", *LINES, "联系我们"])])
    (map_cc,) = judged("map_cc", [f"{PROSE}见https://example.cn/a"])

    assert c4 == (None, PROSE)
    assert map_cc.text == PROSE.replace("。", ".").replace("，", ",") + "见"


def test_every_rule_set_names_its_source():
    """Each says where it was read and what of it is left out."""
    from scripts.ablate.rulesets import RULESETS

    assert all("github.com/" in one.source and one.left_out for one in RULESETS.values())


def test_a_model_gives_all_characters_their_share():
    """The chances of all characters after one context add up to one, seen or not."""
    from scripts.ablate.language_model import probabilities

    signs = "天地玄黄宇宙洪荒日月盈昃"
    texts = [signs, signs[::2] * 3, "天地日月" * 4, "宇宙天地玄黄" * 2, "日月天"]
    for context in ("", "天地", "宇宙洪荒", "荒天昃"):
        asked = [context + sign for sign in signs]
        found = probabilities(texts, asked, len(signs)).reshape(len(signs), -1)

        assert found[:, -1].sum() == pytest.approx(1)


def test_a_model_knows_what_it_has_read():
    """Text like the training text takes fewer bits than the same signs in another order."""
    from scripts.ablate.language_model import bits

    found = bits(
        [PROSE], {"same": [LINES[2], LINES[3]], "turned": [LINES[2][::-1], LINES[3][::-1]]}, 300
    )

    assert found["same"] < 2
    assert found["turned"] > 5


def test_an_empty_output_leaves_every_sign_the_same_chance():
    """Nothing learnt means log2 of the vocabulary a character."""
    from scripts.ablate.language_model import bits

    assert bits([], {"all": [PROSE]}, 256) == {"all": pytest.approx(8)}


@pytest.fixture(scope="module")
def sample():
    """Posts of the embedded sample as good text, with spam, names put in and lists made of them."""
    import random

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        from scripts.ablate.documents import Document
        from scripts.ablate.parasites import injected

    folder = ROOT / "corpus_pipeline" / "assets" / "sample"
    truth = [json.loads(line) for line in (folder / "truth.jsonl").read_text("utf-8").splitlines()]
    faults = {one["find"]["source_id"]: one["fault"] for one in truth if "source_id" in one["find"]}
    lines = (folder / "raw" / "forum.jsonl").read_bytes().splitlines()
    posts = []
    for line in lines:
        try:
            row = json.loads(line)
            posts.append((row["id"], row["text"], faults.get(row["id"])))
        except (ValueError, TypeError, KeyError):
            continue  # the sample's broken lines
    good = [(name, text) for name, text, fault in posts if fault == "good_post"]
    spam = [(name, text) for name, text, fault in posts if fault and fault.startswith("gambling")]
    found = [
        Document(name, "post", "prose", text, held_out=at % 2 == 0)
        for at, (name, text) in enumerate(good)
    ]
    found += [Document(name, "gambling", "spam", text) for name, text in spam]
    found += [Document(name, "sms", "messages", text[:40]) for name, text in spam]
    made = injected([text for _, text in good][:8], random.Random(1))
    found += [
        Document(f"i{at}", one.shape, "injected", one.text, one.title, name=one.name)
        for at, one in enumerate(made)
    ]
    links = [text[:12] for _, text in good]
    return [*found, Document("links", "links", "junk", "\n".join(links))]


@pytest.fixture(scope="module")
def figures(sample):
    """The figures of the comparison over the embedded sample."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        patch.setattr("scripts.ablate.measure.SEEDS", 2)
        from scripts.ablate.__main__ import described, figures_of

        mixed = [one for one in sample if not one.held_out]
        mixtures = {"raw": mixed, "half": mixed[::2]}
        found = figures_of(sample, mixtures, ["博彩"], bpe=False)
        assert sum(one["documents"] for one in described(mixed).values()) == len(mixed)
    return json.loads(json.dumps(found, ensure_ascii=False))


def test_the_harness_on_the_embedded_sample(figures, sample):
    """Every rule set gets all figures; the ends are what they are called; ours loses no post."""
    sets = figures["sets"]
    posts = sum(one.kind == "post" for one in sample)

    assert figures["kinds"]["post"]["documents"] == posts > 80
    assert all(one["kept"] == 1 for one in sets["raw"]["kinds"].values())
    assert {kind for kind, one in sets["labels"]["kinds"].items() if one["kept"]} == {"post"}
    assert sets["labels"]["output"]["bad_inside"] == 0 < sets["raw"]["output"]["bad_inside"]
    assert sets["ours"]["kinds"]["post"]["kept"] == 1
    assert sets["ours"]["kinds"]["gambling"]["kept"] < 1
    for name in sets:
        runs = figures["models"]["sets"][name]["equal"]
        assert len(runs) == 2
        assert all(0 < run["post"] < 20 for run in runs)


def test_the_page_and_the_picture(figures):
    """The page names every rule set and where others are better; the picture is one drawing."""
    from xml.etree import ElementTree as ET

    from scripts.ablate import report, summary

    page, picture = report.page(figures), report.picture(figures)

    titles = [figures["about"][name]["title"] for name in figures["sets"]]
    assert all(f"| {title} |" in page or f"| **{title}** |" in page for title in titles)
    assert "## Where we do not win" in page
    assert "half, " in page
    shown = "".join(ET.fromstring(picture).itertext())
    assert all(figures["about"][name]["title"] in shown for name in summary.rivals(figures))


def test_defeats_are_said():
    """A rival that keeps less spam, or drops less good text, is named with both figures."""
    from scripts.ablate import summary

    def one(good: float, spam: float) -> dict[str, object]:
        return {"kinds": {"news": {"kept": good}, "sms": {"kept": spam}}}

    runs = {"equal": [{"news": 6.0}], "whole": {"news": 6.0}}
    made = {
        "kinds": {"news": {"stratum": "prose"}, "sms": {"stratum": "messages"}},
        "about": {name: {"title": name.upper()} for name in ("ours", "one", "two")},
        "sets": {"ours": one(0.98, 0.3), "one": one(0.5, 0.1), "two": one(0.99, 0.6)},
        "models": {"sets": dict.fromkeys(("ours", "one", "two"), runs)},
        "vocabularies": {"failed": "not asked for"},
    }

    said = summary.defeats(made)

    assert said["Good text dropped"] == ["`news`: 2.0%; TWO 1.0%"]
    assert said["Bad text kept"] == ["`sms`: 30.0%; ONE 10.0%"]
    assert said["Bits a character, equal amounts"] == said["Junk of 1,000 long tokens"] == []


def test_the_published_figures_hold_the_floors():
    """The figures in `docs/` are not below the floors, and each of them has one."""
    from scripts.ablate import summary
    from scripts.ablate.__main__ import FLOORS
    from scripts.eval import floors

    published = json.loads((ROOT / "docs" / "ablate.json").read_text("utf-8"))
    verdicts = floors.judge(floors.load(FLOORS), summary.metrics(published), ["ablate"])

    assert len(verdicts) >= 9
    assert {one.metric: one.state for one in verdicts if one.state != "ok"} == {}


def test_the_eval_shows_a_rule_set_beside_us():
    """In the rooms of texts a rule set is scored like ours: dropped is a score of 0."""
    from scripts.eval import __main__ as runner
    from scripts.eval import quality, spam

    texts = [("prose", PROSE, True), ("short", "一句话。", True), ("menu", "首页\n" * 99, False)]
    items = [{"kind": kind, "text": text, "good": good} for kind, text, good in texts]
    found = runner.by_rules(quality, "hplt", items)["metrics"]

    assert found["register_lost"] == 1
    assert found["auc_menu"] == pytest.approx(0.75)

    groups = [("good", "prose", PROSE), ("spam", "home_parasite", "买"), ("injected", "x", PROSE)]
    items = [{"group": group, "kind": kind, "text": text} for group, kind, text in groups]
    found = runner.by_rules(spam, "hplt", items)["metrics"]

    assert (found["good_lost"], found["parasites"], found["injected"]) == (0, 1, 0)


def test_names_are_put_in_by_four_shapes():
    """Each shape puts the name into the text; keyword lines, brackets and swapped words occur."""
    import random

    from scripts.ablate.parasites import SHAPES, injected

    made = injected([PROSE.replace("图书馆", "公司")] * 8, random.Random(1))

    assert [one.shape for one in made[:4]] == [shape.__name__ for shape in SHAPES]
    assert all(one.name in one.text and one.name in one.title for one in made)
    assert "本文关键词" in made[0].text
    assert f"【{made[1].name}" in made[1].text
    assert "公司" not in made[2].text


def test_a_mixture_has_its_shares():
    """Strata have their shares of the characters, and nothing held out is mixed in."""
    from scripts.ablate.documents import SHARES, Document, mixture

    found = [
        Document(f"{name} {at}", name, name, "字" * 50, held_out=name == "prose" and at < 9)
        for name in SHARES
        for at in range(400)
    ]

    mixed = mixture(found, 20_000)

    for name, share in SHARES.items():
        size = sum(len(one.text) for one in mixed if one.stratum == name)
        assert size == pytest.approx(20_000 * share, abs=50)
    assert not any(one.held_out for one in mixed)


def test_no_data_is_one_line(tmp_path, capsys):
    """A folder without the data ends with exit code 2 and one line."""
    from scripts.ablate.__main__ import main

    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_published_page_is_that_of_its_figures():
    """`docs/ablate.md` and its picture are what `docs/ablate.json` comes to."""
    from scripts.ablate import report

    docs = ROOT / "docs"
    published = json.loads((docs / "ablate.json").read_text("utf-8"))

    assert report.page(published) == (docs / "ablate.md").read_text("utf-8")
    assert report.picture(published) == (docs / "ablate.svg").read_text("utf-8")


@pytest.mark.parametrize(
    "name",
    ["documents", "tokens", "rulesets", "rulesets.base", "rulesets.map_cc"],
)
def test_examples(name):
    """The examples in the docstrings are true."""
    import doctest
    import importlib

    done = doctest.testmod(importlib.import_module(f"scripts.ablate.{name}"))

    assert done.attempted
    assert not done.failed
