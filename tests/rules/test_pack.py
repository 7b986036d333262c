"""A pack that is wrong does not load, and the error names the pack and the rule."""

import pytest

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.pack import Head, Rule, prove, read_pack

GOOD = """
pack: p
version: 1
source: own
rules:
  - {id: digits, why: because, hits: ['1'], misses: ['a']}
"""


def written(tmp_path, text):
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sound_pack_loads(tmp_path):
    """Head and rules come back in file order."""
    pack = read_pack(written(tmp_path, GOOD), Head, Rule)
    assert [rule.id for rule in pack.rules] == ["digits"]
    assert pack.head.version == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("why: because, ", "", "rule digits: why is missing"),
        ("why: because", "whi: because", "rule digits: "),
        ("hits: ['1']", "hits: []", "rule digits: needs at least one hit and one miss"),
        ("misses: ['a']", "misses: []", "rule digits: needs at least one hit and one miss"),
        ("id: digits", "id: Digits!", "id is wrong"),
        ("source: own\n", "", "rule pack p.yaml: source is missing"),
        ("rules:", "rulez:", "rule pack p.yaml has no rules"),
        ("version: 1", "version: [", "is not YAML"),
        (GOOD, "- 1", "is not a mapping"),
        (
            "misses: ['a']}",
            "misses: ['a']}\n  - {id: digits, why: w, hits: ['1'], misses: ['a']}",
            "rule digits: the id is used twice",
        ),
    ],
)
def test_a_faulty_pack_is_refused_in_one_line(tmp_path, old, new, said):
    """Each fault is one `PipelineError` that names file and rule."""
    with pytest.raises(PipelineError) as caught:
        read_pack(written(tmp_path, GOOD.replace(old, new)), Head, Rule)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    """A pack that is not there is one line, too."""
    with pytest.raises(PipelineError, match=r"absent\.yaml cannot be read"):
        read_pack(tmp_path / "absent.yaml", Head, Rule)


@pytest.mark.parametrize(
    ("judges", "said"),
    [
        (lambda _rule, _text: False, "rule digits: does not find '1'"),
        (lambda _rule, _text: True, "rule digits: must not find 'a'"),
    ],
)
def test_a_rule_that_contradicts_its_examples_is_refused(tmp_path, judges, said):
    """Hits must be found and misses must not."""
    pack = read_pack(written(tmp_path, GOOD), Head, Rule)
    with pytest.raises(PipelineError) as caught:
        prove(pack.name, pack.rules, judges)
    assert said in str(caught.value)
