"""The registry of sources: typed records, licences, a folder of them, who claims which file."""

import json
from typing import get_args

import pytest
import yaml

from corpus_pipeline.app.config import load
from corpus_pipeline.app.config_errors import ConfigError
from corpus_pipeline.app.jobs import pipeline_job
from corpus_pipeline.model import PipelineError
from corpus_pipeline.sources.claims import claims
from corpus_pipeline.sources.record import CONSENT, ConsentBasis, Source

FORUM = {
    "match": ["forum/**"],
    "kind": "self_collected",
    "license": "cc-by-4.0",
    "consent_basis": "public_information",
    "evidence": "records/forum.txt",
    "robots": {"verdict": "partly", "date": "2026-01-15", "record": "records/robots.csv"},
    "collected_from": "2026-01-01",
    "collected_until": "2026-01-31",
}
LAWS = {
    "match": ["laws/*"],
    "kind": "public_data",
    "organisation": "某市数据局",
    "security_assessment_ref": "SA-0000-00",
    "license": "无版权（著作权法第五条）",
}


@pytest.fixture
def home(tmp_path):
    """`raw/` with inputs of two sources, `sources/` with a file for each and their records."""
    for name in ("raw/forum/a/1.txt", "raw/laws/1.txt", "sources/records/forum.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("路灯照着小巷。\n", "utf-8")
    (tmp_path / "sources/records/robots.csv").write_text("host,verdict\n")
    for name, record in {"forum": FORUM, "laws": LAWS}.items():
        text = yaml.safe_dump(record, allow_unicode=True)
        (tmp_path / "sources" / f"{name}.yaml").write_text(text, "utf-8")
    return tmp_path


def job(home, sources):
    """The job of a config with these sources over `raw/`."""
    text = yaml.safe_dump({"sources": sources, "stages": ["decode"]}, allow_unicode=True)
    (home / "config.yaml").write_text(text, "utf-8")
    return pipeline_job(load(home / "config.yaml"), [str(home / "raw")], home / "out")


def below(record):
    """The record as a config beside the folder writes it: files are relative to the config."""
    moved = {**record, "evidence": f"sources/{record['evidence']}"}
    return moved | {"robots": {**record["robots"], "record": "sources/records/robots.csv"}}


def test_a_folder_of_sources_is_the_same_as_a_list(home):
    """One YAML file a source, named by its file, gives the record that a list gives."""
    inline = [{"name": "forum", **below(FORUM)}, {"name": "laws", **LAWS}]
    one, other = job(home, "sources/"), job(home, inline)

    assert json.dumps(one.sources) == json.dumps(other.sources)
    assert json.dumps(one.config) == json.dumps(other.config)
    assert [item.source for item in one.inputs] == ["forum", "laws"]


def test_a_record_says_what_follows_from_it(home):
    """Who is credited, the SPDX licence, the article of the law and the digests of files."""
    forum, laws = job(home, "sources").sources

    assert (forum["contributor"], laws["contributor"]) == ("forum", "某市数据局")
    assert (forum["license"], forum["spdx"], laws["spdx"]) == ("cc-by-4.0", "CC-BY-4.0", None)
    assert forum["consent_article"] == "PIPL art. 13 (6), art. 27"
    assert forum["evidence"] == "sources/records/forum.txt"
    assert len(forum["evidence_sha256"]) == len(forum["robots"]["record_sha256"]) == 64
    assert laws["security_assessment"] == "SA-0000-00"


def test_a_digest_follows_its_file(home):
    """Another content of the evidence is another record, wherever the file lies."""
    before = job(home, "sources").sources[0]
    (home / "sources/records/forum.txt").write_text("另一份证明。\n", "utf-8")
    after = job(home, "sources").sources[0]
    absolute = {**FORUM, "evidence": str(home / "sources/records/forum.txt"), "robots": None}

    assert before["evidence_sha256"] != after["evidence_sha256"]
    moved = job(home, [{"name": "forum", **absolute}, {"name": "laws", **LAWS}]).sources[0]
    assert (moved["evidence"], moved["evidence_sha256"]) == (
        "forum.txt",
        after["evidence_sha256"],
    )


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"spdx": "CC-BY-4"}, ["spdx", "'CC-BY-4' is no SPDX licence", "'CC-BY-4.0'"]),
        ({"spdx": "MIT OR Apache2"}, ["'Apache2'", "'Apache-2.0'", "LicenseRef-"]),
        ({"license": "CC-BY-SA-4"}, ["'CC-BY-SA-4' is no SPDX licence", "'CC-BY-SA-4.0'"]),
        ({"consent_basis": "consnt"}, ["consent_basis", "'consent'"]),
        ({"robots": {"verdict": "yes", "date": "2026-01-01"}}, ["robots.verdict", "'allowed'"]),
        ({"opt_out": {"verdict": "allowed"}}, ["opt_out.date"]),
        (
            {"collected_from": "2026-02-01", "collected_until": "2026-01-01"},
            ["collected_until 2026-01-01 lies before collected_from 2026-02-01"],
        ),
        ({"security_assesment_ref": "x"}, ["security_assesment_ref", "'security_assessment'"]),
    ],
)
def test_a_wrong_record_is_one_line(record, words):
    """What a record says wrongly is refused by key, with the nearest that is right."""
    with pytest.raises(ConfigError) as caught:
        load({"sources": [{"name": "a", **record}], "stages": ["decode"]})

    (line,) = caught.value.lines
    assert [word for word in words if word not in line] == []


def test_own_licences_and_words_are_no_slips():
    """`LicenseRef-…` is SPDX; sentences and words like `proprietary` are licences without an id."""
    spdx = {
        licence: Source(name="a", license=licence).record()["spdx"]
        for licence in ("LicenseRef-Own", "proprietary", "PRC law, art. 5", "mit or cc0-1.0", "")
    }

    assert spdx == {
        "LicenseRef-Own": "LicenseRef-Own",
        "proprietary": None,
        "PRC law, art. 5": None,
        "mit or cc0-1.0": "MIT OR CC0-1.0",
        "": None,
    }


def test_every_basis_has_its_article():
    """The cases of art. 13 that may be chosen are those that have an article."""
    assert list(CONSENT) == list(get_args(ConsentBasis))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("bad.yaml", "match: [a", ["sources/bad.yaml:", "not valid YAML"]),
        ("bad.yaml", "- a\n- b\n", ["sources/bad.yaml", "a mapping of keys, not a list"]),
        ("bad.yaml", "kind: stolen\n", ["sources/bad.yaml: kind"]),
        ("bad.yaml", "robts: {}\n", ["sources/bad.yaml", "'robts'", "'robots'"]),
        ("bad.yaml", "name: forum\n", ["two sources are called 'forum'"]),
        ("forum.yaml", "match: ['forum/**']\nevidence: gone.pdf\n", ["'forum'", "gone.pdf"]),
        ("forum.yaml", "match: ['**/*']\n", ["two sources claim", "'forum' and 'laws'"]),
        ("forum.yaml", "match: ['f/*']\n", ["no source of the config matches", "forum/a/1.txt"]),
    ],
)
def test_a_bad_folder_is_one_line(home, name, content, words):
    """YAML that breaks, unknown keys, a name twice, a lost file: one line that names the file."""
    (home / "sources" / name).write_text(content, "utf-8")
    with pytest.raises(PipelineError) as caught:
        job(home, "sources")

    assert "\n" not in str(caught.value)
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("folder", "words"), [("nowhere", "no such folder"), ("raw", "holds no YAML file")]
)
def test_no_folder_of_sources_is_one_line(home, folder, words):
    """A folder that is not there, or holds no source, is refused."""
    with pytest.raises(PipelineError, match=words):
        job(home, folder)


def test_a_source_without_inputs_raises_an_alarm(home):
    """A source that matches nothing stops no run and stands among its alarms."""
    idle = {"name": "blog", "match": ["blog/*"]}
    alarms = job(home, [{"name": "forum", "match": ["forum/**"]}, {"name": "rest"}, idle]).alarms

    assert [(one["alarm"], one["subject"]) for one in alarms] == [("no_input", "blog")]


def test_each_file_has_one_source():
    """Patterns claim, `excludes` leaves to others, `**` takes the rest wherever it stands."""
    sources = [
        Source(name="rest"),
        Source(name="forum", match=("forum/**",), excludes=("forum/old/*",)),
        Source(name="old", match=("forum/old/*", "x/*")),
        Source(name="twin", match=("x/*",)),
        Source(name="idle", match=("nowhere/*",)),
    ]
    found = claims(sources, ["forum/1", "forum/old/1", "web/1", "x/1"])

    assert {file: source.name for file, source in found.of.items()} == {
        "forum/1": "forum",
        "forum/old/1": "old",
        "web/1": "rest",
    }
    assert (found.contested, found.unclaimed, found.idle) == (
        {"x/1": ("old", "twin")},
        (),
        ("idle",),
    )
    assert claims(sources[1:2], ["web/1"]).unclaimed == ("web/1",)
