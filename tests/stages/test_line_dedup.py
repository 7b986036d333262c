"""Lines and long repeats: what recurs as boilerplate goes, what recurs as text stays."""

import json
import random
from pathlib import Path

import polars as pl
import pytest
from clock import linear
from frames import asset, docs_of
from hypothesis import given, settings
from hypothesis import strategies as st
from shuffled import after as run

from corpus_pipeline.model import PipelineError
from corpus_pipeline.stages.line_dedup import LineDedup
from corpus_pipeline.stages.line_dedup.boilerplate import hosts
from corpus_pipeline.training import halves as split

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "line_dedup.jsonl").read_text().splitlines()
]
HAN = [chr(code) for code in range(0x4E00, 0x9000)]
PAGE = (
    "首页 > 新闻 > 正文\n{title}\n发布时间：2026-01-{day:02}\n\n{body}。\n\n上一篇：{other}\n"
    "下一篇：{other}\n阅读({day})\n【返回顶部】\n关于我们 | 联系我们\n京ICP备{day:08}号-1"
)


def line_dedup(**options):
    chosen = LineDedup.OptionsModel(**options)
    return LineDedup(chosen, {k: asset(ref) for k, ref in LineDedup.asset_refs(chosen).items()})


def prose(rng, size):
    return "".join(rng.choices(HAN, k=size))


def pages(count, rng, body=prose):
    return [
        PAGE.format(title=prose(rng, 9), day=i % 28 + 1, body=body(rng, 90), other=prose(rng, 7))
        for i in range(count)
    ]


def urls(count, host="www.example.cn"):
    return [f"https://{host}/{i}.html" for i in range(count)]


def test_boilerplate_goes_and_text_stays():
    """Of pages from one template only title, text and what is between them stay."""
    texts = pages(12, random.Random(1))

    out = run(line_dedup(), docs_of(texts, url=urls(12)))

    for old, new in zip(texts, out["text"].to_list(), strict=True):
        lines = old.split("\n")
        assert new == "\n".join([lines[1], "", lines[4]])
    assert out["line_dedup_lines"].to_list() == [8] * 12
    assert out["dropped_by"].null_count() == 12


def test_what_was_cut_is_told():
    """The evidence names the characters of the text before the cuts, and the count adds up."""
    texts = pages(12, random.Random(2))

    out = run(line_dedup(), docs_of(texts, url=urls(12)))

    for old, row in zip(texts, out.iter_rows(named=True), strict=True):
        cut = [old[e["start"] : e["end"]] for e in row["line_dedup_evidence"]]
        assert cut[0] == "首页 > 新闻 > 正文\n"
        assert "".join(cut).count("\n") == 7
        assert {(e["rule"], e["documents"]) for e in row["line_dedup_evidence"]} == {
            ("host_line", 12)
        }
        assert row["line_dedup_cut"] == len(old) - len(row["text"])


@pytest.mark.parametrize(("count", "host", "cut"), [(9, True, 0), (10, True, 8), (49, False, 0)])
def test_how_often(count, host, cut):
    """Nothing happens below ten documents of a host, nor below fifty that name none."""
    texts = pages(count, random.Random(3))

    out = run(line_dedup(), docs_of(texts, url=urls(count) if host else None or [None] * count))

    assert out["line_dedup_lines"].unique().to_list() == [cut]


def test_counted_in_documents():
    """A line that one document repeats is one document's line."""
    rng = random.Random(4)
    texts = [f"{prose(rng, 60)}。\n" + "关于我们\n" * 40 for _ in range(9)]

    out = run(line_dedup(), docs_of(texts, url=urls(9)))

    assert out["text"].to_list() == texts


def test_corpus_wide():
    """A line of fifty hosts goes, short words that recur by chance do not."""
    rng = random.Random(5)
    note = "本页内容由用户自行发布并承担全部责任"
    texts = [f"摘录\n{prose(rng, 60)}。\n{note}" for _ in range(50)]
    hosts = [f"https://h{i}.example.cn/" for i in range(50)]

    out = run(line_dedup(), docs_of(texts, url=hosts))

    assert out["text"].to_list() == [text.removesuffix(f"\n{note}") for text in texts]
    assert out["line_dedup_evidence"][0][0]["rule"] == "corpus_line"


def test_twins_in_other_spelling():
    """A footer in traditional script, full width or other brackets is the same footer."""
    rng = random.Random(6)
    footers = ["【联系我们】ABC服务", "聯繫我們　ＡＢＣ服務", "联系我们-abc服务"]
    texts = [f"{prose(rng, 60)}。\n{footers[i % 3]}" for i in range(12)]

    out = run(line_dedup(), docs_of(texts, url=urls(12)))

    assert out["line_dedup_lines"].to_list() == [1] * 12


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_cases(case):
    """A line on twelve pages of a host goes or stays as the case says."""
    rng = random.Random(7)
    texts = [
        case["text"].format(prose=prose(rng, 60) + "。", word=prose(rng, 6), n=rng.randrange(10**6))
        for _ in range(12)
    ]

    out = run(line_dedup(), docs_of(texts, url=urls(12)))

    # One document keeps its copy of a sentence.
    cut = sorted(out["line_dedup_lines"].to_list())
    assert cut[1:] == [case["expect"]] * 11
    assert cut[0] == (0 if case.get("keeps_one") else case["expect"])


def test_only_boilerplate():
    """A page of which next to nothing stays is dropped, with the numbers that say so."""
    rng = random.Random(8)
    menu = "首页\n新闻中心\n产品展示\n关于我们\n联系我们\n版权所有 某某网"
    texts = [f"{menu}\n{prose(rng, 60)}。" for _ in range(12)] + [menu]

    out = run(line_dedup(), docs_of(texts, url=urls(13)))

    assert out["drop_rule"].to_list() == [None] * 12 + ["only_boilerplate"]
    assert out["drop_evidence"][-1] == f"left=0 < 25 cut={len(menu)}"


def test_repeats_are_counted():
    """A shared paragraph is counted where it stands, and nothing is cut."""
    rng = random.Random(9)
    shared = prose(rng, 80)
    texts = [f"{prose(rng, 70)}。{shared}。{prose(rng, 70)}" for _ in range(3)] + [prose(rng, 200)]

    out = run(line_dedup(), docs_of(texts))

    assert out["text"].to_list() == texts
    assert out["line_dedup_repeated"].to_list()[3] == 0
    assert all(80 - 16 <= n <= 80 for n in out["line_dedup_repeated"].to_list()[:3])


def test_repeats_are_cut_but_for_one():
    """With `cut` the best document keeps a paragraph, the others lose it with its full stop."""
    rng = random.Random(10)
    shared = prose(rng, 90)
    texts = [f"{prose(rng, 70)}。\n{shared}。\n{prose(rng, 70)}" for _ in range(4)]
    docs = docs_of(texts, quality_score=[0.1, 0.9, 0.5, 0.2])

    out = run(line_dedup(repeats="cut"), docs)

    assert out["text"][1] == texts[1]
    for i in (0, 2, 3):
        first, _, last = texts[i].split("\n")
        left = out["text"][i].split("\n")
        assert left[0] == first
        assert left[-1] == last
        assert len(out["text"][i]) <= len(first) + len(last) + 2 + 17
        assert out["line_dedup_evidence"][i][0]["rule"] == "repeat"


@pytest.mark.parametrize(("size", "seen"), [(41, False), (50, True), (51, True), (300, True)])
def test_every_repeat_of_fifty(size, seen):
    """No shared run of fifty key characters is missed, and none of under 42 is called one."""
    rng = random.Random(size)
    texts = []
    for _ in range(200):
        shared = prose(rng, size)
        texts += [prose(rng, rng.randrange(200)) + shared + prose(rng, 60) for _ in range(2)]

    out = run(line_dedup(), docs_of(texts))

    assert (out["line_dedup_repeated"] > 0).to_list() == [seen] * 400


def test_verse_and_quotations_are_no_repeats_to_cut():
    """A poem or a quotation that documents share stays in all of them."""
    rng = random.Random(11)
    poem = "\n".join(f"{prose(rng, 7)}，{prose(rng, 7)}。" for _ in range(6))
    said = f"他说：“{prose(rng, 90)}。”"
    texts = [f"{prose(rng, 60)}。\n{poem}\n{prose(rng, 60)}。{said}" for _ in range(3)]

    out = run(line_dedup(repeats="cut"), docs_of(texts))

    assert out["text"].to_list() == texts
    assert min(out["line_dedup_repeated"].to_list()) > 150


@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_cuts_of_batches_and_ranges_do_not_show(data):
    """Any batches and any key ranges give the same documents, columns and verdicts."""
    rng = random.Random(data.draw(st.integers(0, 99)))
    shared = [prose(rng, rng.randrange(30, 120)) for _ in range(3)]
    texts = pages(14, rng, lambda rng, size: prose(rng, size) + rng.choice(shared))
    texts += ["", None, "㎡½\n关于我们\nＡ", "\n\n", "关于我们", *pages(3, rng)]
    docs = docs_of(texts, url=[*urls(14), *urls(4), *[None] * 4])
    stage = line_dedup(repeats=data.draw(st.sampled_from(["off", "count", "cut"])))
    whole = run(stage, docs)

    cut = run(stage, docs, batch=data.draw(st.integers(4, 22)), ranges=data.draw(st.integers(1, 5)))

    assert cut.equals(whole)
    assert whole["id"].to_list() == docs["id"].to_list()
    assert {c: whole.schema[c] for c in stage.columns} == dict(stage.columns)


def test_order_does_not_show():
    """Shuffled documents are edited as they were."""
    rng = random.Random(12)
    shared = prose(rng, 100)
    texts = pages(15, rng, lambda rng, size: prose(rng, size) + rng.choice([shared, "。"]))
    docs = docs_of(texts, url=urls(15))
    stage = line_dedup(repeats="cut")

    mixed = run(stage, docs.sample(fraction=1, shuffle=True, seed=3))

    assert mixed.sort("id").equals(run(stage, docs).sort("id"))


@pytest.mark.parametrize("repeats", ["count", "cut"])
def test_twice_is_once(repeats):
    """What one pass left, a second pass leaves: neighbours may change, these pages' do not."""
    rng = random.Random(13)
    shared = prose(rng, 100)
    texts = pages(15, rng, lambda rng, size: f"{prose(rng, size)}。{shared}")
    stage = line_dedup(repeats=repeats)
    once = run(stage, docs_of(texts, url=urls(15)))["text"].to_list()

    again = run(stage, docs_of(once, url=urls(15)))["text"].to_list()

    assert again == once


def test_odd_texts():
    """Empty, endless, one-line and combining texts pass without harm."""
    rng = random.Random(14)
    texts = [
        "",
        None,
        "\n" * 1000,
        "哈" * 1_000_000,
        prose(rng, 300_000),
        "e\u0301㎡½ﬁ" * 200 + "\n" + "\u0301\n" * 20,
        "\x00\n\u2028\n😀\n𠀀\n" * 50,
        "e\u0301㎡½ﬁ" * 200,
        "哈" * 1_000_000 + "\n完",
    ]

    out = run(line_dedup(repeats="cut"), docs_of(texts), batch=4)

    assert out.height == len(texts)
    assert out["text"][0] == ""
    assert out["line_dedup_repeated"][4] == 0
    assert out["line_dedup_repeated"][3] > 999_000


def test_hosts():
    """The host is the name in the URL, whatever its case, port, user or www; without one, none."""
    same = [
        "https://www.Example.cn/a",
        "http://u@example.cn:80",
        "//EXAMPLE.cn?x",
        "ftp://example.cn.",
    ]
    other = ["https://bbs.example.cn/", "example.cn/a", "mailto:a@example.cn", "", None]

    numbers = hosts(pl.Series([*same, *other])).tolist()

    assert len(set(numbers[:4])) == 1
    assert numbers[4] not in {0, numbers[0]}
    assert numbers[5:] == [0, 0, 0, 0]


def test_a_pack_that_contradicts_itself(tmp_path):
    """A pack whose pattern misses its own example is refused in one line."""
    found = asset(LineDedup.OptionsModel().pack)
    text = found.path.read_text().replace('hits: ["路灯坏了要有人管。", ', 'hits: ["路灯", ')
    (tmp_path / "pack.yaml").write_text(text)
    from corpus_pipeline.rules.line_dedup import load_line_rules

    with pytest.raises(PipelineError, match="sentences: does not find '路灯'"):
        load_line_rules(asset(str(tmp_path / "pack.yaml")))


def test_a_family_from_one_template():
    """Pages of one template: rows and CPU time grow with the pages, 5,000 take under 5 s."""
    rng = random.Random(15)
    stem = pages(1, rng)[0]
    stage = line_dedup(repeats="cut")

    def family(count):
        days = (f"2026-01-{i % 28 + 1:02}" for i in range(count))
        texts = [stem.replace("2026-01-01", day) + str(i) for i, day in enumerate(days)]
        return docs_of(texts, url=urls(count))

    docs = family(2_500)
    assert stage.sketch(docs).height < 40 * docs.height
    out = run(stage, docs, batch=2000)
    assert out.filter(pl.col("dropped_by").is_null()).height >= 1
    # Measured: 0.3 s.
    linear(lambda docs: run(stage, docs, batch=2000), family, 5_000, most=5)


def test_statutes_and_poems_stay(sample):
    """As if from one host each, no statute loses a heading and hardly a poem loses a line.

    The half that nothing was fitted on.
    """
    kinds = ("statutes", "statutes_tw", "poems", "classical")
    rows = [row for row in sample if split.kind(row["source"]) in kinds]
    assert len(rows) > 1000
    docs = docs_of([row["text"] for row in rows], url=[f"https://{row['source']}/" for row in rows])

    out = run(line_dedup(repeats="off"), docs, batch=1000)

    assert out["line_dedup_lines"].sum() <= len(rows) // 500
