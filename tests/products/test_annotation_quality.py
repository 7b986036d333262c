"""Careless annotators are found, attentive ones are not; what is measured is what is said."""

from dataclasses import replace

import numpy as np
import pytest

from corpus_pipeline.products.annotation.panel import panel_of
from corpus_pipeline.products.annotation.quality import Asked, fast_items, numbers, standings
from corpus_pipeline.products.annotation.standing import Share
from scripts.annotation_alarms import Setting, measured, project

#: Seeds that neither the sweep nor the table in docs/annotation.md has seen.
FRESH = range(100_001, 100_041, 2)


@pytest.mark.parametrize(
    ("kind", "least"),
    [("random", 18), ("fast", 18), ("fast_random", 18), ("one_label", 12), ("shuffled", 10)],
)
def test_a_careless_annotator_is_found(kind, least):
    """Of 20 projects with 100 answers a person, so many careless people are flagged at least.

    In a third of the projects nearly all documents are of one label: to say it always is right.
    """
    setting = Setting(answers=100)
    found = [bool(project(seed, kind, numbers(), setting)[0].flags) for seed in FRESH]

    assert sum(found) >= least


def test_random_clicks_are_found_where_nearly_all_is_of_one_label():
    """Every document is safe: kappa says nothing of anybody, and still one person stands out."""
    rng = np.random.default_rng(5)
    labels = ("safe", "unsafe", "unsure")
    votes = [
        (f"t{n:03}", person, labels[int(rng.integers(2))] if person == "a" else "safe")
        for n in range(80)
        for person in "abcd"
    ]
    people = standings("abcd", [Asked(panel_of(votes, labels), {})], {}, numbers())

    assert [[flag.name for flag in one.flags] for one in people] == [["careless"], [], [], []]


def test_attentive_people_are_left_alone():
    """In 20 projects with one careless person, and 20 with none, nobody else is flagged."""
    *_, shares = measured(FRESH, numbers()).values()

    assert shares["any"] < 0.01


def test_a_flag_says_what_was_measured():
    """The careless person's own figure, its bound and that of the others stand in the flag."""
    [flag] = project(100_003, "random", numbers(), Setting(answers=100))[0].flags

    assert flag.name == "careless"
    assert flag.said.startswith(("kappa ", "S "))
    assert "the others' median is" in flag.said


def test_gold_counts_more_than_the_crowd():
    """Where the answer is known, it decides: the others' answer is no measure there."""
    votes = [(f"t{n:02}", person, "坏") for n in range(20) for person in ("a", "b")]
    votes += [(f"t{n:02}", "c", "好") for n in range(20)]
    known = {f"t{n:02}": "好" for n in range(20)}
    people = standings("abc", [Asked(panel_of(votes, ("坏", "好")), known)], {}, numbers())

    assert [one.gold for one in people] == [Share(0, 20), Share(0, 20), Share(20, 20)]
    assert people[2].agreed == Share(0, 20)
    assert Share(20, 20).to_dict()["low"] == pytest.approx(0.838875, abs=1e-6)


def test_speed_is_held_against_the_others():
    """Two seconds among medians of twenty is too fast; an item of a second is a fast one."""
    rng = np.random.default_rng(0)
    times = {
        (person, f"t{n}"): float(np.exp(np.log(middle) + 0.4 * rng.normal()))
        for person, middle in (("a", 2), ("b", 20), ("c", 18), ("d", 25))
        for n in range(40)
    }
    votes = [(task, person, "好") for person, task in times]
    people = standings("abcd", [Asked(panel_of(votes), {})], times, numbers())

    assert [[flag.name for flag in one.flags] for one in people] == [["too_fast"], [], [], []]
    assert people[0].fast > 30
    assert ("a", "t0") in fast_items(times, replace(numbers(), item=2.0))
    assert fast_items({("a", "t"): 3.0}, numbers()) == frozenset()


def test_nobody_is_judged_by_nothing():
    """No votes, one person, one vote: figures that are not there, and no flag."""
    alone = standings("a", [Asked(panel_of([("t", "a", "好")]), {})], {("a", "t"): 3.0}, numbers())
    nothing = standings("a", [Asked(panel_of([]), {})], {}, numbers())

    assert [one.flags for one in (*alone, *nothing)] == [[], []]
    assert (nothing[0].kappa, nothing[0].seconds, alone[0].speed) == (None, None, None)


def test_who_is_unsure_is_neither_right_nor_wrong():
    """An unsure answer costs no gold accuracy; to be unsure of everything is a favourite label."""
    labels = ("safe", "unsafe", "unsure")
    votes = []
    for n in range(120):
        truth = labels[n % 2]
        votes += [(f"t{n:03}", person, truth) for person in "abc"]
        votes.append((f"t{n:03}", "d", "unsure"))
        votes.append((f"t{n:03}", "e", "unsure" if n < 30 else truth))
    known = {f"t{n:03}": labels[n % 2] for n in range(40)}
    people = standings("abcde", [Asked(panel_of(votes, labels), known)], {}, numbers())

    assert (people[4].gold, people[4].unsure) == (Share(10, 10), 30)
    assert [[flag.name for flag in one.flags] for one in people] == [[], [], [], ["one_label"], []]
