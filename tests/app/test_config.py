"""Configs: unknown keys name the nearest, wrong types name the key, defaults are spelled out."""

import logging
import re
from pathlib import Path

import jsonschema
import pytest
import yaml as yaml_library

from corpus_pipeline.app.config import (
    Config,
    config_model,
    for_section,
    json_schema,
    load,
    stage_class,
)
from corpus_pipeline.app.config_errors import ConfigError
from corpus_pipeline.cli.products import config as checked
from corpus_pipeline.model import PipelineError
from corpus_pipeline.stages import STAGES

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
WEB = Path(__file__).parents[2] / "configs" / "web.yaml"


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("langidd: {}", ["langidd", "langid"]),
        ("near_dedup: {treshold: 0.7}", ["near_dedup.treshold", "threshold"]),
        ("near_dedup: {threshold: high}", ["near_dedup.threshold"]),
        ("near_dedup: 3", ["near_dedup", "a mapping of options, not a number"]),
        ("near_dedup: {alarm_cluster: true}", ["near_dedup.alarm_cluster"]),
        ("langid: {keep: zh-Hans}", ["langid.keep: should be a list, not text"]),
        ("sources: [{name: a, match: b}]", ["sources.0.match: should be a list, not text"]),
        ("sources: [{name: a}, {name: a}]", ["two sources are called 'a'"]),
        ("sources: []", ["sources", "at least one"]),
        ("sources: [7]", ["sources.0", "mapping"]),
        ("ingest: {fields: {txt: [a]}}", ["ingest.fields.txt", "text"]),
        ("stages: []", ["stages", "at least one"]),
        ("stages: decode", ["stages: should be a list, not text"]),
        ("name: 3", ["name: should be text, not a number"]),
        ("1: a", ["1"]),
        ("stages: [decode, near_dedup, pii]", ["pii"]),
        ("stages: [decode, langid, langid]", ["twice"]),
        ("stages: [decod]", ["decod", "decode"]),
        ("sources: [{name: a, licence: MIT}]", ["licence", "license"]),
        ("sources: [{name: a, kind: stolen}]", ["kind"]),
        ("sources: [{name: a, robots_reviw: x}]", ["robots_reviw", "robots_review"]),
        ("sources: [{name: a, registered_until: never}]", ["sources.0.registered_until"]),
        (
            "sources: [{name: a, pre_assessment: {sampled: 9, bad: 10, date: 2026-01-02}}]",
            ["sources.0.pre_assessment", "bad is 10, more than the 9 sampled"],
        ),
        ("limits: {quarantine_share: 2}", ["limits.quarantine_share"]),
        ("ingest: {split_mb: 0}", ["ingest.split_mb"]),
        ("[1, 2]", ["list"]),
        ("a: [", ["config.yaml:1:5: not valid YAML"]),
        ("stages: [pii]\n\tname: x", ["config.yaml:2:1: not valid YAML"]),
        ("decontaminate: {benchmarks: [nowhere.jsonl]}", ["nowhere.jsonl"]),
    ],
)
def test_a_wrong_config_names_the_key(tmp_path, yaml, words):
    """An unknown key names the nearest known one; a wrong type names the key; all in one line."""
    path = tmp_path / "config.yaml"
    path.write_text(yaml)

    with pytest.raises(PipelineError) as caught:
        load(path).specs()

    said = str(caught.value)
    assert "\n" not in said
    assert [word for word in words if word not in said] == []


def test_settings_reach_deep_keys():
    """`--set a.b=value` sets an option, parsed as YAML."""
    config = load(None, ["near_dedup.threshold=0.8", "langid.keep=[zh-Hans]"])

    assert config.option("near_dedup").threshold == 0.8
    assert config.option("langid").keep == ("zh-Hans",)


def test_the_record_is_a_config(tmp_path):
    """A resolved config, saved and loaded, resolves to itself."""
    record = load(None, ["name=again"]).record()
    path = tmp_path / "config.yaml"
    path.write_text(yaml_library.safe_dump(record, allow_unicode=True))

    assert load(path).record() == record


def test_the_first_matching_source_wins():
    """Sources claim inputs by globs on the locator, in order."""
    sources = "[{name: forum, match: ['forum*']}, {name: rest}]"
    config = load(None, [f"sources={sources}"])

    assert config.source_of("forum.jsonl").name == "forum"
    assert config.source_of("web/a.warc.gz").name == "rest"
    with pytest.raises(PipelineError, match="no source"):
        load(None, ["sources=[{name: a, match: ['x*']}]"]).source_of("y")


def test_every_fault_has_its_line():
    """A config with several faults is refused once, with a line for each of them."""
    bad = {"nam": 1, "near_dedup": {"threshold": 3, "ngrm": 5}, "limits": {"quarantine_share": "x"}}

    with pytest.raises(ConfigError) as caught:
        load(bad)

    assert sorted(line.split()[0].rstrip(":") for line in caught.value.lines) == [
        "limits.quarantine_share",
        "near_dedup.threshold",
        "unknown",
        "unknown",
    ]


def test_options_of_an_absent_stage_are_named(caplog):
    """Options of a stage that does not run are allowed, and said; a stage command is silent."""
    data = {"stages": ["pii"], "near_dedup": {"threshold": 0.8}}
    with caplog.at_level(logging.WARNING):
        assert "near_dedup" not in load(data).record()
        assert "near_dedup" in caplog.text
        caplog.clear()
        load(data, only="langid")
        assert caplog.text == ""


def test_only_the_stages_spoken_of_are_fields():
    """The options of a stage are a field of the model of a config that names the stage."""
    config = load({"stages": ["pii"]})

    assert set(type(config).model_fields) - set(Config.model_fields) == {"pii"}
    assert config.option("langid") == config_model(("langid",))().langid


def test_empty_sections_are_defaults(tmp_path):
    """A section without a value is a section of defaults."""
    path = tmp_path / "config.yaml"
    path.write_text("stages: [pii]\npii:\ningest:\nlimits:\n")

    assert load(path).record() == load({"stages": ["pii"]}).record()


def test_settings_of_a_section():
    """Short keys belong to the section of the command, whole ones stay."""
    short = ["text_mode=lines", "fields.text=[a]", "limits.quarantine_share=1", "ingest.split_mb=2"]

    assert for_section("ingest", short) == [
        "ingest.text_mode=lines",
        "ingest.fields.text=[a]",
        "limits.quarantine_share=1",
        "ingest.split_mb=2",
    ]
    assert for_section("export", ["name=x"]) == ["export.name=x"]


def test_readers_do_not_know_the_cut():
    """`split_mb` is an option of `ingest` that no reader sees."""
    config = load({"stages": ["pii"], "ingest": {"split_mb": 2, "text_mode": "lines"}})

    assert config.ingest.split_bytes == 2 << 20
    assert config.ingest.for_readers.text_mode == "lines"
    assert "split_mb" not in config.ingest.for_readers.model_dump()
    assert config.record()["ingest"]["split_mb"] == 2


@pytest.fixture(scope="module")
def schema():
    return json_schema()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_the_schema_accepts_our_configs(schema, path):
    """The JSON Schema is valid itself and accepts every config that comes with the project."""
    jsonschema.Draft202012Validator.check_schema(schema)

    jsonschema.validate(yaml_library.safe_load(path.read_text("utf-8")), schema)


def test_the_schema_accepts_a_resolved_config(schema):
    """What `config` prints is a config that an editor finds nothing wrong with."""
    jsonschema.validate(load({}).record(), schema)


@pytest.mark.parametrize(
    "data",
    [
        {"near_dedup": {"treshold": 0.7}},
        {"langidd": {}},
        {"stages": ["decod"]},
        {"sources": [{"name": "a", "kind": "stolen"}]},
        {"limits": {"quarantine_share": 2}},
    ],
)
def test_the_schema_refuses_a_typo(schema, data):
    """Unknown keys, stages and values are marked in an editor as they are refused by a run."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema)
    with pytest.raises(PipelineError):
        load(data)


def test_the_schema_explains(schema):
    """Every stage and every option of the sections that belong to no stage has a description."""
    described = {name for name, field in schema["properties"].items() if "description" in field}
    assert described >= {*STAGES, *Config.model_fields}
    for section in ("Source", "Ingest", "Fields", "Limits", "ExportOptions"):
        options = schema["$defs"][section]["properties"]
        assert [name for name, field in options.items() if "description" not in field] == []


@pytest.mark.parametrize("name", STAGES)
def test_the_schema_explains_every_option_of_a_stage(schema, name):
    """Every option of a stage has a description in the JSON Schema of configs."""
    options = stage_class(name).OptionsModel
    fields = schema["$defs"][options.__name__]["properties"]

    assert set(fields) == set(options.model_fields)
    assert [option for option, field in fields.items() if "description" not in field] == []


def test_the_web_config_says_which_values_are_defaults():
    """Each option in web.yaml is marked `default` and is it, or `choice` and names the default."""
    marks = {}
    section = ""
    for line in WEB.read_text("utf-8").splitlines():
        if opened := re.fullmatch(r"(\w+):", line):
            section = opened[1]
        elif option := re.fullmatch(
            r"  (\w+): \S.*?(?:  # (default|choice; default: (.+)))?", line
        ):
            marks[section, option[1]] = option[2], option[3]
    chosen = yaml_library.safe_load(WEB.read_text("utf-8"))
    defaults = load(None).record()

    assert marks
    for (section, name), (mark, named) in marks.items():
        default = defaults[section][name]
        if mark == "default":
            assert chosen[section][name] == default, (section, name)
        else:
            assert named is not None, (section, name)
            assert yaml_library.safe_load(named) == default != chosen[section][name], (
                section,
                name,
            )


def test_the_command_refuses_files_that_are_not_there(tmp_path):
    """`config` refuses what a run would: a missing model, a folder of benchmarks that is empty."""
    (tmp_path / "empty").mkdir()
    path = tmp_path / "config.yaml"
    for text, said in (
        ("stages: [langid]\nlangid: {model: no.bin}", "no.bin"),
        ("stages: [decontaminate]\ndecontaminate: {benchmarks: [empty]}", "an empty folder"),
    ):
        path.write_text(text)
        with pytest.raises(PipelineError, match=said):
            checked(path)
