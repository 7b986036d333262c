"""The recipe "Add a rule" of CONTRIBUTING.md does what it says, on a copy of the pack."""

import re
import textwrap
from pathlib import Path

import pytest
import yaml
from frames import PACKAGE, docs_of, stage

from corpus_pipeline.model import PAYLOAD, PipelineError

RECIPE = Path(__file__).parents[2] / "CONTRIBUTING.md"
PACK = PACKAGE / "rules/packs/decode.yaml"


def entry_of_the_recipe():
    """The YAML that the recipe shows, as somebody would paste it."""
    section = RECIPE.read_text("utf-8").split("## Add a rule")[1].split("\n## ")[0]
    [block] = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    return textwrap.dedent(block)


def pack_with(folder, entry):
    """A copy of the packaged pack with the entry below its rules."""
    own = folder / "my_decode.yaml"
    own.write_text(PACK.read_text("utf-8") + textwrap.indent(entry, "  "), "utf-8")
    return own


def decoded(payload, **options):
    docs = docs_of([None], payload=[payload], declared_charset=[None])
    row = stage("decode", **options)(docs.cast({"payload": PAYLOAD["payload"]}))
    return row.select("drop_rule", "drop_evidence").row(0)


def test_the_stage_finds_what_the_new_rule_describes(tmp_path):
    """Under the copy a document of the new kind is dropped by the new rule, and no other one."""
    entry = entry_of_the_recipe()
    [rule] = yaml.safe_load(entry)
    own = str(pack_with(tmp_path, entry))
    hit, miss = rule["hits"][0].encode("latin-1"), rule["misses"][1].encode("utf-8")

    assert decoded(hit, pack=own) == ("undecodable", f"signature={rule['id']}")
    assert decoded(hit)[1] != f"signature={rule['id']}"
    assert decoded(miss, pack=own) == (None, None)


@pytest.mark.parametrize(
    ("key", "examples", "said"),
    [
        ("hits", ["PK"], "rule bzip2: does not find 'PK'"),
        ("misses", ["BZh9关于"], "rule bzip2: must not find 'BZh9关于'"),
        ("misses", [], "rule bzip2: needs at least one hit and one miss"),
    ],
)
def test_a_rule_that_disagrees_is_refused(tmp_path, key, examples, said):
    """The new rule with a wrong example is refused, and the line names the copy and the rule."""
    [rule] = yaml.safe_load(entry_of_the_recipe())
    entry = yaml.safe_dump([rule | {key: examples}], allow_unicode=True)

    with pytest.raises(PipelineError) as caught:
        decoded(b"", pack=str(pack_with(tmp_path, entry)))

    assert str(caught.value) == f"rule pack my_decode.yaml, {said}"
