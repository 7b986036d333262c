"""Character classes and their counts."""

import random

from corpus_pipeline.text.unicode import classes as han


def test_counts_agree_with_counting_by_hand():
    """The table counts what a loop over the characters counts, for any split into documents."""
    rng = random.Random(7)
    alphabet = "汉字漢字かなカ가a中ＡZ9，。 𠮷\n"
    texts = ["".join(rng.choices(alphabet, k=rng.randint(0, 50))) for _ in range(200)]
    texts.append("漢" * 200_000 + "a")
    classes = {"han": han.mask(han.HAN), "kana": han.mask(han.KANA), "a": han.mask("aA")}
    frame = han.CharTable(classes).count(texts)
    for name, members in classes.items():
        assert frame.get_column(name).to_list() == [
            sum(bool(members[ord(c)]) for c in text) for text in texts
        ]


def test_no_documents_give_no_rows():
    """An empty batch has the columns and no row."""
    frame = han.CharTable({"han": han.mask(han.HAN)}).count([])
    assert (frame.columns, frame.height) == (["han"], 0)


def test_ideographs_of_every_plane_are_han():
    """Extensions, compatibility ideographs and 〇 々 count as Han; 、 and ー do not."""
    members = han.mask(han.HAN)
    assert all(members[ord(c)] for c in "一龥㐀𠮷豈〇々")
    assert not any(members[ord(c)] for c in "、ーＡ가")
    assert not han.mask(han.KANA)[ord("ー")]


def test_a_long_text_is_sampled_from_three_places():
    """A sample holds three pieces of a hundred characters, from begin, middle and end."""
    pieces = han.sample("甲" * 1000 + "乙" * 1000 + "丙" * 1000).split(" ")

    assert pieces == ["甲" * 100, "乙" * 100, "丙" * 100]
