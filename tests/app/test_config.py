"""Configs: unknown keys name the nearest, wrong types name the key, defaults are spelled out."""

import pytest
import yaml as yaml_library

from corpus_pipeline.app.config import load
from corpus_pipeline.model import PipelineError


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("langidd: {}", ["langidd", "langid"]),
        ("near_dedup: {treshold: 0.7}", ["near_dedup.treshold", "threshold"]),
        ("near_dedup: {threshold: high}", ["near_dedup.threshold"]),
        ("near_dedup: 3", ["near_dedup", "mapping"]),
        ("stages: [decode, near_dedup, pii]", ["pii"]),
        ("stages: [decode, langid, langid]", ["twice"]),
        ("stages: [decod]", ["decod", "decode"]),
        ("sources: [{name: a, licence: MIT}]", ["licence", "license"]),
        ("sources: [{name: a, kind: stolen}]", ["kind"]),
        ("limits: {quarantine_share: 2}", ["limits.quarantine_share"]),
        ("ingest: {split_mb: 0}", ["ingest.split_mb"]),
        ("[1, 2]", ["list"]),
        ("a: [", ["YAML"]),
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
