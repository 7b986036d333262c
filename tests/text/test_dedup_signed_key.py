"""The key with signs: nothing but signs is added, and spelling still does not show."""

import unicodedata

from frames import asset
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.rules.dedup_key import (
    KEY_TABLE,
    SIGN_TABLE,
    load_key_table,
    load_sign_table,
)
from corpus_pipeline.text.dedup.key import key_text
from corpus_pipeline.text.dedup.signed_key import fold_signed, signed_key_text

KEY = load_key_table(asset(KEY_TABLE))
TABLE = load_sign_table(asset(SIGN_TABLE), KEY)
SIGNS = st.text(
    st.sampled_from("12aC甲乙臺ｂ９+-*/=<>≥×%￥$.．:：，、!！#&~～(（)) \n\t½⑴Ⅱ㎡…\u200b")
)


@given(SIGNS)
@settings(max_examples=400, deadline=None)
def test_width_of_signs_does_not_show(text):
    """The one-look-up path and the path through NFKC give the same key."""
    assert signed_key_text(text, TABLE) == signed_key_text(
        unicodedata.normalize("NFKC", text), TABLE
    )


@given(SIGNS)
@settings(max_examples=400, deadline=None)
def test_without_its_signs_it_is_the_key(text):
    """The signed key holds the characters of the key in their order, and no sign alone."""
    signed = signed_key_text(text, TABLE)
    assert key_text(signed, KEY) == key_text(text, KEY)
    assert bool(signed) == bool(key_text(text, KEY))


@given(st.lists(SIGNS, max_size=6), st.integers(1, 30))
@settings(max_examples=100, deadline=None)
def test_neighbours_do_not_matter(texts, chunk):
    """A text's key is the same alone and in any batch, in chunks of any size."""
    together = []
    for keys in fold_signed(texts, TABLE, chunk):
        for i in range(len(keys)):
            codes = keys.codes[keys.offsets[i] : keys.offsets[i + 1]]
            together.append("".join(map(chr, codes.tolist())))
    assert together == [signed_key_text(text, TABLE) for text in texts]


def test_raised_digits_behind_digits_show():
    """10² is not 102, in a text that goes through NFKC too; m² is m2."""
    for more in ("", "½", "㎡"):
        assert signed_key_text("10²" + more, TABLE) != signed_key_text("102" + more, TABLE)
        assert signed_key_text("x²" + more, TABLE) == signed_key_text("x2" + more, TABLE)
