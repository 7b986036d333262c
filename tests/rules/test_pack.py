"""A pack that is wrong does not load, and the error names the file, the key and the rule."""

from dataclasses import dataclass
from typing import Annotated

import pytest
from frames import asset

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.pack import Pack, Pattern, Rule, Rules, RustPattern, load, prove
from corpus_pipeline.rules.settings import Settings

GOOD = """
pack: p
version: 1
source: own
bounds:
  longest: {value: 9, reason: longer ones were not seen}
rules:
  - {id: digits, why: because, pattern: '[0-9]', rust: '[0-9]', hits: ['1'], misses: ['a']}
"""
TWICE = """misses: ['a']}
  - {id: digits, why: because, pattern: '12', rust: '12', hits: ['12'], misses: ['a']}"""


@dataclass(frozen=True)
class Bounds:
    longest: int


class Digits(Rule):
    pattern: Pattern
    rust: RustPattern


class Small(Pack):
    bounds: Annotated[Bounds, Settings()]
    rules: Rules[Digits]


def proved(pack):
    prove(pack.rules, lambda _rule, text: text.isdigit())
    return [pack.bounds.longest, pack.rules[0].id]


def written(folder, text):
    path = folder / "p.yaml"
    path.write_text(text, encoding="utf-8")
    return asset(str(path))


def test_a_sound_pack_loads(tmp_path):
    """Settings become plain numbers of their dataclass; without a builder the pack comes back."""
    found = written(tmp_path, GOOD)

    assert load(found, Small, proved) == [9, "digits"]
    assert load(found, Small).bounds == Bounds(9)


def test_a_pack_is_read_once_for_each_content(tmp_path):
    """The same content gives the same object; an edited file is read anew in the same process."""
    first = written(tmp_path, GOOD)
    before = load(first, Small)
    again = load(first, Small)
    after = load(written(tmp_path, GOOD.replace("value: 9", "value: 8")), Small)

    assert before is again
    assert (before.bounds.longest, after.bounds.longest) == (9, 8)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("why: because, ", "", ", rule digits: why is missing"),
        ("why: because", "whi: because", ", rule digits: whi is unknown; did you mean 'why'?"),
        ("hits: ['1']", "hits: []", ", rule digits: needs at least one hit and one miss"),
        ("misses: ['a']", "misses: []", ", rule digits: needs at least one hit and one miss"),
        ("misses: ['a']", "misses: [[a]]", ", rule digits: misses.0 is wrong"),
        ("id: digits", "id: Digits!", ", rule Digits!: id is wrong"),
        ("id: digits", "idd: digits", ", rule number 1: idd is unknown; did you mean 'id'?"),
        ("source: own\n", "", ": source is missing"),
        ("version: 1", "version: one", ": version is wrong"),
        ("rules:", "rulez:", ": rulez is unknown; did you mean 'rules'?"),
        ("rules:", "rules: []\nnothing:", ": nothing is unknown; known: pack, version, source"),
        ("longest", "longst", ": bounds.longst is unknown; did you mean 'longest'?"),
        ("value: 9", "valu: 9", ": bounds.longest.valu is unknown; did you mean 'value'?"),
        ("value: 9", "value: 9.5", ": bounds.longest.value is wrong"),
        ("longer ones were not seen", "why", ": bounds.longest.reason is wrong"),
        ("pattern: '[0-9]'", "pattern: '[0-9'", ", rule digits: pattern is no pattern"),
        ("rust: '[0-9]'", "rust: '1(?=2)'", ", rule digits: rust is no pattern"),
        ("hits: ['1']", "hits: ['b']", ", rule digits: does not find 'b'"),
        ("misses: ['a']", "misses: ['2']", ", rule digits: must not find '2'"),
        ("version: 1", "version: [", " is not YAML"),
        (
            "source: own",
            "source: own\nsource: other",
            " is not YAML: the key 'source' stands twice",
        ),
        (GOOD, "- 1", " is not a mapping"),
        ("misses: ['a']}", TWICE, ", rule digits: the id is used twice"),
    ],
)
def test_a_faulty_pack_is_refused_in_one_line(tmp_path, old, new, said):
    """Each fault is one `PipelineError` that names file, rule and key."""
    assert old in GOOD
    found = written(tmp_path, GOOD.replace(old, new, 1))

    with pytest.raises(PipelineError) as caught:
        load(found, Small, proved)

    assert f"rule pack p.yaml{said}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    """A pack that is not there is one line, too."""
    with pytest.raises(PipelineError, match=r"absent\.yaml cannot be read"):
        load(Asset("absent", tmp_path / "absent.yaml", ""), Small)


def test_a_pack_that_changed_after_it_was_pinned_is_refused(tmp_path):
    """What a manifest says of a pack is what was read, or nothing is."""
    pinned = written(tmp_path, GOOD)
    pinned.path.write_text(GOOD.replace("value: 9", "value: 8"), encoding="utf-8")

    with pytest.raises(PipelineError, match="was changed after the run had begun"):
        load(pinned, Small)
