"""The second engine finds by itself what the first must have masked."""

import polars as pl
import pytest

from corpus_pipeline.rules.residual import candidates, second_pass


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
    ],
)
def test_residue_is_found_where_it_stands(text, expect):
    """Types and offsets of unmasked data; nothing for what only looks like it."""
    assert second_pass(text) == expect
    assert candidates(pl.Series([text])).to_list() == [True] or expect == []
