"""The second engine finds by itself what the first must have masked."""

import ast
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import polars as pl
import pytest
import yaml
from clock import linear
from frames import docs_of, stage

from corpus_pipeline.products.audit import second_engine
from corpus_pipeline.products.audit.second_engine import (
    BLIND,
    RECORDED,
    candidates,
    residues,
    second_pass,
    spared,
)


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("电话13800000000联系", [("mobile", 2, 13)]),
        ("１３８００００００００", [("mobile", 0, 11)]),
        ("身份证号110101190001010014，", [("resident_id", 4, 22)]),
        ("卡号6222 0000 0000 0000 004", [("bank_card", 2, 25)]),
        ("邮箱a.b@example.com", [("email", 2, 17)]),
        ("电话<手机号>，卡号<银行卡号>", []),
        ("同比增长13800000000元", []),
        ("订单号6222000000000000004", []),
        ("logo@2x.png", []),
        ("https://example.com/13800000000", []),
        ("0.13800000000", []),
        ("用电13800000000度，发电13800000000千瓦时", []),
        ('replace("+1 923 456 4971", "x") = "19234564971";', []),
        ("[19234564971, 2, 3]", []),
        ("1970 1 1 0 45 0 0", []),
        ("1 1 2 2 1 1 3 3 1 1 2 2 1 1 4 4", []),
        ("user@1000.service和<p>Age@joe.Age</p>", []),
        ("<手机号>,13900000000次", []),
        ("john.doe@contoso.con", [("email", 0, 20)]),
        ("卡号4111-1111-1111-1111", [("bank_card", 2, 21)]),
        ('["13800000000", "13900000000"]', [("mobile", 2, 13), ("mobile", 17, 28)]),
        ("+86 138 000 00000", [("mobile", 1, 17)]),
        ("(13800000000)", [("mobile", 1, 12)]),
        ("幺三八 零零零零 零零零零", [("mobile", 0, 13)]),
        ("①③⑧⓪⓪⓪⓪⓪⓪⓪⓪", [("mobile", 0, 11)]),
        ("138OOOOOOOO", [("mobile", 0, 11)]),
        ("138\u200b0000\u200b0000", [("mobile", 0, 13)]),
        ("110101 19000101 0014", [("resident_id", 0, 20)]),
        ("居住证810000190001010018", [("resident_id", 3, 21)]),
        ("电话(0755) 26000000", [("landline", 3, 17)]),
        ("+86 10 6200 0000", [("landline", 1, 16)]),
        ("A123456(3)", [("hk_id", 0, 10)]),
        ("A100000001", [("tw_id", 0, 10)]),
        ("LSVAA0000A0000001", [("vin", 0, 17)]),
        ("京A·0000挂", [("plate", 0, 8)]),
        ("军字第0000001号", [("military_id", 0, 11)]),
        ("持军官证南字第0000001号，", [("military_id", 4, 15)]),
        ("来自8.8.4.44的", [("ip", 2, 10)]),
        ("2001:4860:4860::8844", [("ip", 0, 20)]),
        ("02:00:5e:00:53:01", [("mac", 0, 17)]),
        ("zhang_san[at]example[dot]com", [("email", 0, 28)]),
        ("-----BEGIN RSA PRIVATE KEY-----", [("secret", 0, 31)]),
        ("91110000MA00000077", [("org_id", 0, 18)]),
        ("39.90420, 116.40740", [("location", 0, 19)]),
        ("A123456(5)、A100000002、LSVAA0001A0000001", []),
        ("教育部（90）台参字第 00131303 号令订定，审计部台审部参字第 032420 号", []),
        ("参字第 032420 号\n令修正发布", []),
        ("鲁GDP2023年，云AI大会，京政发〔2023〕15号，军字营第一号", []),
        ("第1.2.3.44节，版本14.1.2.33，Version=14.0.0.0，12:30:00:11", []),
        ("版本 1612 (8.2.1.207)，草案 N0000 的 13.3.1.7，部分 4.2.1.12（7.23.2.1）", []),
        ("版本从 **11.2.2.2** 重新编号为 **32.6.7.2**，The time is @DateTime.Now", []),
        ("29F43A772CB0A1946，ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", []),
        ("::ffff:8.8.4.44 与 ::ffff:10.0.0.77", [("ip", 7, 15), ("ip_reserved", 25, 34)]),
        ("服务器 13.3.1.7 和 47.95.1.7", [("ip", 4, 12), ("ip", 15, 24)]),
        ("二〇二三年十二月三十一日，2023-12-31 10:20:30", []),
        ("ISBN 978-7-301-00000-0，(2020)京0105民初12345号", []),
        ("+9 999 138 000 00000，138 000 00000-1", []),
    ],
)
def test_residue_is_found_where_it_stands(text, expect):
    """Types and offsets of unmasked data; nothing for what only looks like it."""
    assert second_pass(text) == expect
    assert candidates(pl.Series([text])).to_list() == [True] or expect == []


LEFT = ["", "电话", "手机：", "张三", "Amy ", "SKU:", "x = ", "id=", '["', '("', "(", "[1, "]
LEFT += ["3,4,5,6,7,", "￥", "编号", "+86 ", "+9 999 ", "**", "卡号", ".", "-", "_", "KFC "]
LEFT += ["http://a.com/", "<手机号>,"]
VALUES = ["13800000000", "138 0000 0000", "1 3 8 0 0 0 0 0 0 0 0", "138 000 00000", "138000 00000"]
VALUES += ["13800000000,13900000000", "１３８００００００００", "8613800000000"]
VALUES += ["110101190001010014", "4111-1111-1111-1111", "6222000000000000004"]
VALUES += ["a.b@example.com", "a@b.con", "a@b.c@d.com"]
RIGHT = ["", "万元", "千瓦时", "度假", "人", '"', '"]', '", "x"', '", "13900000000"', "]", ", 2]"]
RIGHT += [",", ".5", "-1", "_x", " x", "（手机）", "/a", ":x", "@", "**"]


def test_the_second_pass_finds_nothing_behind_the_first_and_is_not_blind():
    """What the stage leaves in any of these surroundings the audit does not hold against it."""
    texts = ["".join(parts) for parts in product(LEFT, VALUES, RIGHT)]
    masked = stage("pii")(docs_of(texts))["text"].to_list()
    behind = [(texts[row], masked[row]) for row, _ in residues(pl.Series(masked))]
    assert behind == []
    assert sum(1 for _ in residues(pl.Series(texts))) > len(texts) / 2


def test_it_says_what_it_does_not_see():
    """What the engine is blind to it lists; what a policy leaves counts, a keyed code is none."""
    types = {"qq": "QQ100000000", "passport": "护照E00000001", "device": "IMEI:860000000000017"}

    assert [second_pass(text) for text in types.values()] == [[], [], []]
    assert all(word in " ".join(BLIND) for word in ("QQ", "passport", "IMEI"))
    assert spared([]) == RECORDED
    policy = {"mobile": "pseudonym", "plate": "tag", "location": "mask", "org_id": "tag"}
    assert spared([{"name": "pii", "options": {"policy": policy}}]) == RECORDED - {"location"}
    assert second_pass("联系<手机号:kqzvmbtwxr>或<邮箱:bcdfghjkmn>。") == []


@pytest.mark.parametrize("bait", ["1-", "1.1", "六二", "13800000000,"])
def test_hostile_text_costs_no_more_than_its_length(bait):
    """Twice the text takes about twice as long, whatever it repeats."""
    linear(second_pass, lambda size: bait * (size // len(bait)), 4_000, 0.5)


PARTS = ("second_engine", "second_view", "second_numbers", "second_codes")
PACKAGE = Path(second_engine.__file__).parents[2]
FIRST = [PACKAGE / "stages" / "pii.py"]
FIRST += [path for floor in ("rules", "text") for path in (PACKAGE / floor / "pii").glob("*.py")]


def test_it_imports_nothing_of_the_first_engine():
    """A fresh interpreter that reads with the second engine loads no other module of ours."""
    code = (
        "import sys; from corpus_pipeline.products.audit.second_engine import second_pass;"
        "second_pass('电话13800000000，zhang@example.com');"
        "print(*(name for name in sys.modules if name.startswith('corpus_pipeline')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    own = {f"corpus_pipeline.products.audit.{part}" for part in PARTS}
    packages = {"corpus_pipeline", "corpus_pipeline.products", "corpus_pipeline.products.audit"}

    assert set(done.stdout.split()) == own | packages


def syntax(paths):
    """The patterns and the bodies of functions in these files, docstrings aside."""
    patterns, bodies = set(), set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                patterns |= {node.value} if is_pattern(node.value) else set()
            elif isinstance(node, ast.FunctionDef):
                body = [line for line in node.body if not is_text(line)]
                bodies.add("\n".join(map(ast.dump, body)))
    return patterns, bodies


def is_pattern(text):
    """Whether a text may be a regular expression: one mark alone is none."""
    return len(text) > 2 and re.search(r"[\[\]{}|\\^$]", text) is not None


def is_text(line):
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)


def strings(value):
    """Every string in a value of YAML."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from strings(one)
    elif isinstance(value, str):
        yield value


def test_it_shares_no_pattern_and_no_function_with_the_first_engine():
    """No regular expression and no body of a function stands in both, packs of rules included."""
    rules = yaml.safe_load((PACKAGE / "rules" / "packs" / "pii.yaml").read_text("utf-8"))
    patterns, bodies = syntax(FIRST)
    patterns |= set(filter(is_pattern, strings(rules)))
    own, functions = syntax(PACKAGE / "products" / "audit" / f"{part}.py" for part in PARTS)

    assert len(own) > 20
    assert len(patterns) > 20
    assert own & patterns == set()
    assert functions & bodies == set()
