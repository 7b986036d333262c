"""The register of a text is told by words, measures and weights, or it is unknown."""

import numpy as np
import polars as pl
import pytest
from clock import linear
from frames import asset

from corpus_pipeline.rules.dedup_key import KEY_TABLE
from corpus_pipeline.rules.registers import REGISTERS, UNKNOWN, load_registers
from corpus_pipeline.text.measures.measures import measure

#: Texts that nobody wrote to be read.
ODD = ["", "一", " \n\t", "😀" * 50, "7" * 200, "שלום עולם", "asdf qwer zxcv", "\u200b" * 9, None]


@pytest.fixture(scope="module")
def detector():
    return load_registers(asset(REGISTERS), asset(KEY_TABLE))


def tell(detector, texts):
    column = pl.Series(texts, dtype=pl.String)
    told = detector.tell(column, measure(column))
    return [detector.names[number] for number in told.register.tolist()], told


def test_odd_texts_have_a_label_and_a_number(detector):
    """Nothing, one character, emoji, digits, other scripts: a label, a confidence, no crash."""
    labels, told = tell(detector, ODD)

    assert set(labels) <= set(detector.names)
    assert {labels[0], labels[2], labels[-1]} == {UNKNOWN}
    assert np.isfinite(told.confidence).all()
    assert ((told.confidence > 0) & (told.confidence <= 1)).all()


def test_no_texts_have_no_labels(detector):
    """An empty column gives empty answers of the right shapes."""
    labels, told = tell(detector, [])

    assert labels == []
    assert told.plausible.shape == (0, len(detector.names) - 1)


def test_both_scripts_are_read_alike(detector):
    """A text in traditional characters has the cues of the same text in simplified ones."""
    pair = ["主管機關應依本法規定辦理核准", "主管机关应依本法规定办理核准"]

    cues = detector.cues(pl.Series(pair))

    assert (cues[0] == cues[1]).all()
    assert cues[0].any()


def test_a_long_word_hides_the_short_one_in_it(detector):
    """我国 holds no 我, 酒吧 no 吧: such words are read over."""
    texts = ["我国的酒吧", "我的家吧"]

    _, told = tell(detector, texts)

    assert told.speech[0] == 0
    assert told.speech[1] > 0


def test_what_a_text_is_does_not_depend_on_its_batch(detector):
    """Each text alone has the label and the confidence that it has among others."""
    texts = [*ODD, "本报讯（记者 某某）昨日，市交通局发言人表示，新的公交线路将于下月开通。" * 3]

    _, together = tell(detector, texts)
    alone = [tell(detector, [text])[1] for text in texts]

    assert together.register.tolist() == [one.register[0] for one in alone]
    assert together.confidence.tolist() == [one.confidence[0] for one in alone]


def test_a_text_that_looks_like_nothing_is_unknown(detector):
    """Sentences of another language are of no register."""
    texts = [
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit. Sed do eiusmod tempor.",
        "Привет, как дела? Это просто текст на русском языке. Он ничего не говорит о жанре.",
    ]

    assert tell(detector, texts)[0] == [UNKNOWN, UNKNOWN]


def test_a_book_costs_no_more_than_its_length(detector):
    """Words are looked for in stretches, so that time does not grow with the square of a text."""
    linear(lambda text: tell(detector, [text]), lambda size: "我们看着他笑" * size, 300_000, 6.0)
