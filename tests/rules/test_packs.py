"""A typo in any of the seventeen packs is one line and exit code 2; nothing is quarantined."""

import re
import sys

import pytest
import yaml
from frames import PACKAGE, asset

from corpus_pipeline.cli import main
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.profile import packaged
from corpus_pipeline.rules.wiki import load_templates

PACKS = PACKAGE / "rules" / "packs"

#: Pack → the command that reads it, and the option that names another file.
READ_BY = {
    "aigc": ("aigc", "pack"),
    "ip": ("ip", "pack"),
    "compliance": ("compliance", "seed"),
    "compliance_risks": ("compliance", "taxonomy"),
    "decode": ("decode", "pack"),
    "decontaminate": ("decontaminate", "pack"),
    "extract": ("extract", "pack"),
    "extract_meta": ("extract", "words"),
    "heuristics": ("heuristics", "pack"),
    "heuristics_bounds": ("heuristics", "register_bounds"),
    "heuristics_registers": ("heuristics", "registers"),
    "langid": ("langid", "table"),
    "line_dedup": ("line-dedup", "pack"),
    "normalize": ("normalize", "table"),
    "normalize_senses": ("normalize", "senses"),
    "pii": ("pii", "pack"),
    "quality": ("quality", "scale"),
    "source_admission": ("source-admission", "pack"),
    "spam": ("spam", "pack"),
    "domain": ("domain", "pack"),
    "wiki": ("", ""),  # no option names another: the reader of dumps has its own
    **dict.fromkeys(packaged(), ("audit", "")),
}

#: Keys to misspell, by their way from the top: there, inside a section, in a rule.
KEYS = {
    "aigc": ["models", "statements.0.label", "statements.0.why"],
    "ip": ["anchor", "signs.0.where", "signs.0.risk"],
    "compliance": ["verdicts", "score.topic_cap", "verdicts.contact_spam.spam", "rules.0.terms"],
    "compliance_risks": ["risks", "risks.A1a.zh", "classes.A1.en", "library.total"],
    "decode": ["mojibake", "mojibake.run_bits", "lost.told_share.reason", "rules.0.begins"],
    "decontaminate": ["bounds", "bounds.gram", "bounds.gram.value", "rules.0.script"],
    "extract": ["skipped_tags", "bounds.posts_alike", "main.min_characters", "rules.0.pattern"],
    "extract_meta": ["source", "rules.1.why", "rules.2.pattern"],
    "heuristics": ["shapes", "shapes.0.when", "rules.0.limits", "rules.0.misses"],
    "heuristics_bounds": ["registers", "registers.0.texts", "registers.0.limits"],
    "heuristics_registers": ["cues", "cues.0.full", "features.0.low", "registers.0.offset"],
    "langid": [
        "calibration",
        "markers.vernacular",
        "markers.wu.characters",
        "bounds.language_probability",
        "bounds.mixed_han.value",
        "examples.0.label",
    ],
    "line_dedup": ["bounds", "bounds.window", "bounds.window.reason", "rules.3.kind"],
    "normalize": ["script", "width.fold", "script.bounds.least", "script.examples.0.hits"],
    "normalize_senses": ["signature", "variants.pairs", "senses.著.otherwise", "senses.乾.hits"],
    "pii": ["cue_left", "types.email.policy", "anchors.{first}.pattern", "rules.0.spec"],
    "quality": ["cuts", "offset.value", "cuts.points", "examples.0.least"],
    "domain": ["domains", "domains.0.strong", "bounds.least"],
    "source_admission": ["bounds", "bounds.limit", "bounds.least.reason", "rules.0.finding"],
    "spam": ["kinds", "kinds.0.strong", "names.bounds.title", "bounds.width"],
    "wiki": ["editions", "bounds.longest", "bounds.longest.reason", "rules.0.names"],
    **{name: ["reading.zh", "clauses.0.level"] for name in packaged()},
    "house": ["clauses", "title.zh", "clauses.0.check", "clauses.0.reference.clause"],
}

#: A value to put somewhere, and what the line says of it.
VALUES = {
    "aigc": ("statements.0.label", "4", "statement denied: label is wrong"),
    "ip": ("signs.0.risk", "huge", "sign tdm_reserved: risk is wrong"),
    "compliance": ("verdicts.contact_spam.threshold", "high", "contact_spam.threshold is wrong"),
    "compliance_risks": ("risks.A1a", "text", "risks.A1a is wrong"),
    "decode": ("mojibake.rounds.value", 2.5, "mojibake.rounds.value is wrong"),
    "decontaminate": ("rules.0.pattern", "(一", "rule interrogative: pattern is no pattern"),
    "extract": ("rules.0.kind", "skiped", "rule skipped_names: kind is wrong"),
    "extract_meta": ("rules.0.pattern", "本文", "needs a group"),
    "heuristics_bounds": ("registers.0.id", "sociable", "no register sociable; did you mean"),
    "heuristics_registers": ("registers.0.weights", {"statut": 1.0}, "no feature statut; did you"),
    "heuristics": ("rules.0.when", {"lenght": {"min": 1}}, "no measure lenght; did you mean"),
    "langid": ("labels", {"zh": ["zh"]}, "labels lack yue"),
    "line_dedup": ("bounds.window.value", "nine", "bounds.window.value is wrong"),
    "normalize": ("width.radicals.pairs", "⻓长 ⻔", "width.radicals.pairs '⻔' is no pair"),
    "normalize_senses": ("senses.著.otherwise", "着着", "senses.著.otherwise is wrong"),
    "pii": ("rules.0.check", "no_check", "there is no check 'no_check'"),
    "quality": ("cuts.points", [0.5, 0.4], "cuts.points are 2; 20 buckets have 19"),
    "domain": ("domains.0.factor.value", "high", "domain gov_services: factor.value is wrong"),
    "source_admission": ("rules.0.finding", "bad", "rule compliance_verdicts: finding is wrong"),
    "spam": ("kinds.0.threshold.value", "high", "kind gambling: threshold.value is wrong"),
    "wiki": ("rules.1.forms", ["{1}{1}"], "stands twice"),
    **dict.fromkeys(packaged(), ("clauses.0.basis", "read", "basis is wrong")),
    "house": ("clauses.2.settings", {"no_anser": []}, "settings.no_anser is unknown"),
    "gbt45652": ("clauses.14.risks", ["A9z"], "clause ip_recorded: risk 'A9z' is unknown"),
}

#: An entry whose examples are turned round: what must be found must not, and the other way.
EXAMPLES = {
    "aigc": ("statements.0", "statement denied"),
    "ip": ("signs.0", "sign tdm_reserved"),
    "compliance": ("rules.0", "rule "),
    "decode": ("rules.0", "rule pdf"),
    "decontaminate": ("rules.0", "rule interrogative"),
    "extract": ("rules.0", "rule skipped_names"),
    "extract_meta": ("rules.0", "rule notice_of_its_own_text"),
    "heuristics": ("rules.0", "rule "),
    "heuristics_registers": ("registers.0", "register law"),
    "langid": ("examples.0", "example simplified"),
    "line_dedup": ("rules.0", "rule counters"),
    "normalize": ("script.examples.0", "example traditional"),
    "normalize_senses": ("senses.乾", "sense 乾"),
    "pii": ("rules.0", "rule "),
    "quality": ("examples.0", "example clean_prose"),
    "source_admission": ("rules.0", "rule compliance_verdicts"),
    "spam": ("kinds.0", "kind gambling"),
    "domain": ("domains.0", "domain gov_services"),
    "wiki": ("rules.1", "rule links"),
}


def packaged_file(name):
    folder = PACKAGE / "products/audit/profiles" if name in packaged() else PACKS
    return folder / f"{name}.yaml"


def content_of(name):
    return yaml.safe_load(packaged_file(name).read_text("utf-8"))


def place(data, way):
    """The container of the last key of a way such as `rules.0.why`, and that key."""
    *parents, last = way.split(".")
    for part in parents:
        key = next(iter(data)) if part == "{first}" else part
        data = data[int(key) if key.isdigit() else key]
    return data, (int(last) if last.isdigit() else last)


@pytest.fixture
def refusal(tmp_path, monkeypatch, capsys):
    """The line with which the command refuses a pack, its exit code 2 checked."""

    def refused(name, data):
        own = tmp_path / f"{name}.yaml"
        own.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")
        text = tmp_path / "one.txt"
        text.write_text("我们昨天去了图书馆，借了三本书。", "utf-8")
        command, option = READ_BY[name]
        if not command:
            with pytest.raises(PipelineError) as error:
                load_templates(asset(str(own)))
            assert f"{name}.yaml" in str(error.value)
            return str(error.value)
        out = tmp_path / "out"
        words = ["audit", str(out), "--profile", str(own)]
        if command != "audit":
            words = [command, str(text), "--output", str(out), "--set", f"{option}={own}"]
        monkeypatch.setattr(sys, "argv", ["corpus-pipeline", *words])
        monkeypatch.setenv("CORPUS_PIPELINE_DEBUG", "")
        with pytest.raises(SystemExit) as leaving:
            main()
        said = capsys.readouterr().err.strip().splitlines()
        lines = [line for line in said if line.startswith("corpus-pipeline: ")]
        assert (leaving.value.code, len(lines)) == (2, 1), said
        assert not list(out.rglob("*.parquet"))
        assert f"{name}.yaml" in lines[0]
        return lines[0]

    return refused


def test_every_pack_is_here():
    """Each YAML file of rules that the package has is tested below."""
    names = {path.stem for path in PACKS.glob("*.yaml")} | set(packaged())

    assert names == set(READ_BY) == set(KEYS) == set(VALUES)
    judging_no_text = {"compliance_risks", "heuristics_bounds", *packaged()}
    assert names - set(EXAMPLES) == judging_no_text


@pytest.mark.parametrize("name", READ_BY)
def test_the_paths_that_a_pack_names_exist(name):
    """A path in a comment or a source is one of the repository, or of the package."""
    comments = re.findall(r"^\s*#.*", packaged_file(name).read_text("utf-8"), re.MULTILINE)
    text = "\n".join([*comments, content_of(name)["source"]])
    roots = (PACKAGE.parent, PACKAGE, PACKS)
    paths = re.findall(r"\b(?:[a-z_]+/)*[a-z_]+\.(?:py|yaml|md|ftz|bin|tsv)\b", text)
    paths += re.findall(r"\bcorpus_pipeline(?:/[a-z_]+)+\b(?!\.)", text)

    assert [path for path in paths if not any((root / path).exists() for root in roots)] == []


@pytest.mark.parametrize(
    ("name", "way"), [(name, way) for name, ways in KEYS.items() for way in ways]
)
def test_a_misspelt_key_is_named(refusal, name, way):
    """Exit 2, one line with the file, the key as written and the key as meant."""
    data = content_of(name)
    holder, key = place(data, way)
    holder[f"{key}x"] = holder.pop(key)

    line = refusal(name, data)

    assert f"{key}x is unknown; did you mean {key!r}?" in line


@pytest.mark.parametrize("name", VALUES)
def test_a_wrong_value_is_named(refusal, name):
    """A value of another type, or one that contradicts the rest, is one line with its key."""
    way, value, said = VALUES[name]
    data = content_of(name)
    holder, key = place(data, way)
    holder[key] = value

    assert said in refusal(name, data)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_rule_that_disagrees_with_its_examples_is_named(refusal, name):
    """Hits and misses exchanged: the pack is refused, and the line names the rule."""
    way, said = EXAMPLES[name]
    data = content_of(name)
    holder, key = place(data, way)
    rule = holder[key]
    rule["hits"], rule["misses"] = rule["misses"], rule["hits"]

    line = refusal(name, data)

    assert said in line
    assert "does not find" in line or "must not find" in line


@pytest.mark.parametrize(
    ("name", "table", "said"),
    [
        ("pii", "types", "there is no type"),
        ("pii", "cues", "there is no cue"),
        ("pii", "anchors", "there is no anchor"),
        ("pii", "classes", "there is no class"),
        ("pii", "parts", "there is no part"),
        ("compliance", "verdicts", "there is no verdict"),
        ("compliance_risks", "classes", "is of no class"),
    ],
)
def test_a_misspelt_name_in_a_table_is_named(refusal, name, table, said):
    """A name that rules refer to is missed by the rule that refers to it."""
    data = content_of(name)
    first = next(iter(data[table]))
    data[table] = {
        (key if key != first else f"{key}x"): value for key, value in data[table].items()
    }

    line = refusal(name, data)

    assert said in line
    assert first in line
