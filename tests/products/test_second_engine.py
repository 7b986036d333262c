"""The second engine finds by itself what the first must have masked."""

from itertools import product

import polars as pl
import pytest
from frames import docs_of, stage

from corpus_pipeline.products.audit.second_engine import candidates, second_pass


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
    assert [(t, m) for t, m in zip(texts, masked, strict=True) if second_pass(m)] == []
    assert sum(bool(second_pass(text)) for text in texts) > len(texts) / 2
