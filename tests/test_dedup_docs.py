"""The hash scheme as the documentation spells it is the one that runs."""

import re
from pathlib import Path

from frames import docs_of, stage

from corpus_pipeline.text.dedup.key import key_text

PAGE = Path(__file__).parents[1] / "docs" / "dedup.md"


def test_the_documented_scheme_is_the_scheme():
    """The code in docs/dedup.md recomputes the band keys of two texts."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    spelled: dict = {}
    exec(compile(code, "docs/dedup.md", "exec"), spelled)
    near = stage("near_dedup")
    texts = ["臺灣的電腦，第１２條：ＡＢＣ", "永和九年，岁在癸丑，暮春之初，会于会稽山阴之兰亭。"]
    found = near.sketch(docs_of(texts)).sort("row", maintain_order=True)["key"].to_list()
    expected = [key for text in texts for key in spelled["band_keys"](key_text(text, near.table))]
    assert found == expected
