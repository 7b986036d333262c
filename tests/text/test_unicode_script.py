"""Simplified or traditional, by the characters only one side uses."""

import opencc

from corpus_pipeline.text.unicode.script import JAPANESE_ONLY, SIMPLIFIED_ONLY, TRADITIONAL_ONLY

T2S = opencc.OpenCC("t2s", include_tofu_risk_dictionaries=False).convert
S2T = opencc.OpenCC("s2t", include_tofu_risk_dictionaries=False).convert


def test_the_sets_are_disjoint():
    """No character belongs to two sides, and none is listed twice."""
    simplified, traditional = set(SIMPLIFIED_ONLY), set(TRADITIONAL_ONLY)
    assert not simplified & traditional
    assert not set(JAPANESE_ONLY) & (simplified | traditional)
    assert len(simplified) == len(SIMPLIFIED_ONLY)
    assert len(traditional) == len(TRADITIONAL_ONLY)


def test_the_sets_agree_with_the_converter():
    """Conversion changes each traditional-only character and no simplified-only one.

    So a converted text has no traditional-only character left and is never converted again.
    """
    assert [c for c in TRADITIONAL_ONLY if T2S(c) == c or T2S(c) in TRADITIONAL_ONLY] == []
    assert [c for c in SIMPLIFIED_ONLY if T2S(c) != c or S2T(c) == c] == []


def test_shared_characters_belong_to_neither_side():
    """后 干 里 面 台 云 乾 著 are written on both sides."""
    assert not set("后干里面台云乾著群秘床峰并内谷丑斗") & {*SIMPLIFIED_ONLY, *TRADITIONAL_ONLY}
