"""A release in the words of the standards: valid by their validators, and nothing invented."""

import hashlib
import json
import logging
import re
import shutil
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft4Validator, Draft202012Validator
from pydantic import BaseModel

from corpus_pipeline.app.erase import Asked, erase
from corpus_pipeline.cli import app
from corpus_pipeline.io import manifest
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.export.shards import ExportOptions, export
from corpus_pipeline.products.standards.folder import STANDARDS, write_standards
from corpus_pipeline.products.standards.publisher import Publisher
from corpus_pipeline.products.verify.chain import Finding, verify

SCHEMAS = Path(__file__).parents[1] / "schemas"
PUBLISHER = """
publisher: {name: 示例数据中心, url: "https://data.example.org", country: CN}
contact: {name: Data office, email: office@example.org}
title: 样例语料
dataset_version: 1.1.0
published: 2026-11-29
url: https://data.example.org/corpus
keywords: [Chinese, corpus]
access: public
intended_use: [pre-training of language models]
limitations: [synthetic]
maintenance: erasures on request
confidentiality: clear
processing_countries: [CN]
eu_summary: {provider: 示例数据中心, models: [example-1], code_of_practice: false}
"""
SOURCES = [
    {
        "name": "news",
        "kind": "open",
        "license": "CC BY 4.0",
        "spdx": "CC-BY-4.0",
        "contributor": "news",
        "collected_at": "2026-10-01",
        "url": "https://news.example.org",
        "origin": "cn",
    },
    {
        "name": "forum",
        "kind": "commercial",
        "license": "contract 0000",
        "organisation": "论坛有限公司",
        "collected_at": "autumn",
        "region": "SG",
        "dataset": None,
    },
]
ASSETS = {
    "langid": {"model": {"ref": "package:assets/langid.ftz", "sha256": "1" * 64}},
    "pii": {"pack": {"ref": "package:rules/packs/pii.yaml", "sha256": "2" * 64}},
}
EARLIER = f"urn:sha256:{'e' * 64}"
ERASURE = {"request": "r-0001", "date": "2026-11-20", "reason": "a person's request"}


def built(builder) -> Path:
    """A release whose sources, models and history are all of some kind, exported."""
    builder.content["sources"] = [dict(source) for source in SOURCES]
    for stage in builder.content["stages"]:
        stage["assets"] = ASSETS.get(stage["name"], {})
    builder.content["code"] = {"corpus-pipeline": "0.1.0", "python": "3.11", "polars": "2.1.0"}
    builder.content["parents"] = [{"manifest": "../OLD/manifest.json", "seal": "e" * 64}]
    builder.content["erasures"] = [{**ERASURE, "documents": 3, "near_duplicates": 1, "shards": 1}]
    builder.content["admission"] = [
        {"source": "news", "verdict": "admitted"},
        {"source": "spam.example", "verdict": "refused"},
    ]
    for split in builder.splits:
        for row in split:
            row["license"] = {"news": "CC BY 4.0", "forum": "contract 0000"}[row["source"]]
            row["locator"] = row["locator"].replace("forum/", "论坛 a:b/")
    root = builder.write()
    export(root, root, ExportOptions(shard_mb=0.001))
    return root


@pytest.fixture(scope="module")
def root(make_builder, tmp_path_factory):
    return built(make_builder(tmp_path_factory.mktemp("standards") / "RUN"))


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("publisher") / "publisher.yaml"
    path.write_text(PUBLISHER, "utf-8")
    return path


@pytest.fixture(scope="module")
def out(root, config, tmp_path_factory):
    """All standards of the release, with what its publisher says."""
    folder = tmp_path_factory.mktemp("out") / "standards"
    assert write_standards(root, folder, config=config).left_out == {}
    return folder


@pytest.fixture(scope="module")
def bare(root, tmp_path_factory):
    """The same by the manifest alone."""
    folder = tmp_path_factory.mktemp("bare") / "standards"
    return folder, write_standards(root, folder)


def read(folder: Path, name: str):
    return json.loads((folder / name).read_text("utf-8"))


@cache
def schema(name: str):
    return json.loads((SCHEMAS / name).read_text("utf-8"))


def prov_faults(content):
    text = (files("prov") / "tests/schemas/prov-json.schema.json").read_text("utf-8")
    return [error.message for error in Draft4Validator(json.loads(text)).iter_errors(content)]


def slsa_faults(content):
    """What the bindings of the in-toto project say of a statement with SLSA provenance."""
    from google.protobuf.json_format import ParseDict, ParseError
    from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    try:
        Statement.copy_from_pb(ParseDict(content, statement_pb2.Statement())).validate()
        ParseDict(content["predicate"], provenance_pb2.Provenance())
    except (ParseError, ValueError) as error:
        return [str(error)]
    return []


def spdx_faults(content):
    """What the bindings that SPDX generates from its SHACL model say, references included."""
    from spdx_python_model import v3_0_1 as spdx

    objects = spdx.SHACLObjectSet()
    try:
        spdx.JSONLDDeserializer().deserialize_data(content, objects)
        again = spdx.JSONLDSerializer().serialize_data(
            objects
        )  # counts the values of each property
    except (TypeError, ValueError, KeyError) as error:
        return [f"{type(error).__name__}: {error}"]
    if len(again["@graph"]) != len(content["@graph"]):
        return [f"{len(again['@graph'])} of {len(content['@graph'])} elements are read"]
    return sorted(str(name) for name in objects.link() - {EARLIER})


def cyclonedx_faults(content):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(content))
    return [] if found is None else [str(found)]


def data_json_faults(content):
    validator = Draft4Validator(schema("project-open-data-1.1-dataset.json"))
    return [e.message for dataset in content["dataset"] for e in validator.iter_errors(dataset)]


def provenance_faults(content):
    validator = Draft202012Validator(schema("data-provenance-1.0.0.json"))
    return [error.message for error in validator.iter_errors(content)]


VALIDATORS = {
    "prov.json": prov_faults,
    "slsa.json": slsa_faults,
    "spdx.json": spdx_faults,
    "bom.cdx.json": cyclonedx_faults,
    "data.json": data_json_faults,
    "data-provenance.json": provenance_faults,
}


@pytest.mark.parametrize("name", VALIDATORS)
def test_valid_by_its_validator(out, name):
    """Each file is valid by the bindings, the schema or the field list of its standard."""
    assert VALIDATORS[name](read(out, name)) == []


def without(content, *path):
    """The content without what lies at a path."""
    *above, last = path
    part = content
    for key in above:
        part = part[key]
    del part[last]
    return content


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("slsa.json", ("predicateType",)),
        ("slsa.json", ("subject", 0, "digest")),
        ("spdx.json", ("@graph", 0, "created")),
        ("spdx.json", ("@graph", 4, "dataset_datasetType")),
        ("bom.cdx.json", ("bomFormat",)),
        ("bom.cdx.json", ("metadata", "component", "name")),
        ("data.json", ("dataset", 0, "contactPoint", "fn")),
        ("data-provenance.json", ("use", "intended-purpose")),
        ("data-provenance.json", ("source", "issuer", 0, "name")),
    ],
)
def test_validators_find_what_is_missing(out, name, path):
    """A file without one of the things that its standard requires is not valid."""
    assert VALIDATORS[name](without(read(out, name), *path))


def test_validators_find_what_is_wrong(out):
    """A relation that PROV does not have, and an algorithm that neither bill knows, are found."""
    assert prov_faults({**read(out, "prov.json"), "wasBought": {}})
    bill = read(out, "bom.cdx.json")
    bill["metadata"]["component"]["hashes"][0]["alg"] = "sha256"
    assert cyclonedx_faults(bill)
    spdx = read(out, "spdx.json")
    spdx["@graph"][4]["verifiedUsing"][0]["algorithm"] = "SHA-256"
    assert spdx_faults(spdx)


@pytest.mark.filterwarnings("ignore")  # rdflib and pandas warn of their own future
def test_croissant_loads(root, out, bare, tmp_path):
    """The validator has no remark, and mlcroissant reads every document from beside the shards."""
    logging.getLogger("absl").setLevel(logging.ERROR)
    import mlcroissant

    whole = mlcroissant.Dataset(jsonld=str(out / "croissant.json"))
    assert not whole.metadata.ctx.issues.errors
    assert not whole.metadata.ctx.issues.warnings
    shutil.copytree(root / "dataset" / "data", tmp_path / "data")
    shutil.copy(bare[0] / "croissant.json", tmp_path)
    records = list(
        mlcroissant.Dataset(jsonld=str(tmp_path / "croissant.json")).records("documents")
    )
    assert len(records) == 16
    assert {record["documents/source"] for record in records} == {b"news", b"forum"}


def test_prov_leads_from_the_release_to_every_input(root, out):
    """Read with the package `prov`, the graph leads from the release back to each input file."""
    from prov.graph import prov_to_graph
    from prov.model import ProvDocument

    graph = prov_to_graph(ProvDocument.deserialize(out / "prov.json"))
    names = {str(node.identifier): node for node in graph.nodes}
    seal = manifest.read(root / "manifest.json")["seal"]
    reached, waiting = set(), [names[f"sha256:{seal}"]]
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting += graph.successors(node)
    inputs = {name for name in names if name.startswith("input:")}

    assert len(inputs) == len(manifest.read(root / "manifest.json")["inputs"]) == 4
    assert inputs <= {str(node.identifier) for node in reached}
    assert "erasure:r-0001" in names
    assert "agent:corpus-pipeline" in {str(node.identifier) for node in reached}


@pytest.mark.filterwarnings("ignore")  # rdflib warns of its own future
def test_dcat_is_linked_data(out):
    """As linked data the record is a dataset with a distribution and a checksum a shard."""
    import rdflib

    graph = rdflib.Graph().parse(out / "dcat.jsonld", format="json-ld")
    dcat = rdflib.Namespace("http://www.w3.org/ns/dcat#")
    (dataset,) = graph.subjects(rdflib.RDF.type, dcat.Dataset)

    shards = list(graph.objects(dataset, dcat.distribution))
    assert len(shards) == 3
    checksum = rdflib.URIRef("http://spdx.org/rdf/terms#checksum")
    assert all(graph.value(shard, checksum) is not None for shard in shards)


def test_each_shard_has_its_digest_everywhere(root, bare):
    """The sha256 of each shard, computed from its bytes, stands in every list of files."""
    shards = sorted((root / "dataset/data").iterdir())
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in shards]

    assert len(digests) == 3
    for name in ("croissant.json", "prov.json", "slsa.json", "bom.cdx.json", "dcat.jsonld"):
        text = (bare[0] / name).read_text("utf-8")
        assert [digest for digest in digests if digest not in text] == [], name


def test_licences_in_the_words_of_spdx(out):
    """A listed licence is its identifier; words that are none stay words, and are not concluded."""
    bill = read(out, "bom.cdx.json")
    stated = {one["name"]: one.get("licenses") for one in bill["components"] if "licenses" in one}
    assert stated == {
        "forum": [{"license": {"name": "contract 0000"}}],
        "news": [{"license": {"id": "CC-BY-4.0"}}],
    }
    assert "licenses" not in bill["metadata"]["component"]
    graph = read(out, "spdx.json")["@graph"]
    declared = [one for one in graph if one.get("relationshipType") == "hasDeclaredLicense"]
    assert [one["to"] for one in declared].count(["expandedlicensing_NoAssertionLicense"]) == 2
    assert [one["comment"] for one in declared if "comment" in one] == ["contract 0000"]


def test_references_of_the_bill_are_unique(out):
    """Each reference of the CycloneDX bill names one component, and every dependency has one."""
    bill = read(out, "bom.cdx.json")
    refs = re.findall(r'"bom-ref": "([^"]+)"', json.dumps(bill, ensure_ascii=False))

    assert len(refs) == len(set(refs))
    assert {one["ref"] for one in bill["dependencies"]} <= set(refs)
    kinds = {one["bom-ref"]: one["type"] for one in bill["components"]}
    assert kinds[f"asset:{'1' * 64}"] == "machine-learning-model"
    assert kinds[f"asset:{'2' * 64}"] == "data"


def test_erasures_and_parents_are_told(out):
    """What was taken out later, and what it was made from, stand in each that can say so."""
    croissant = read(out, "croissant.json")
    assert "r-0001" in croissant["rai:dataManipulationProtocol"][0]
    assert EARLIER in {one["@id"] for one in croissant["prov:wasDerivedFrom"]}
    for name in ("slsa.json", "spdx.json", "dcat.jsonld"):
        assert EARLIER in (out / name).read_text("utf-8")
    assert "2026-11-20: 3 documents" in (out / "eu-summary.html").read_text("utf-8")


def test_a_release_after_an_erasure(full_run, config, tmp_path):
    """What `erase` leaves is described in all standards: fewer documents, and what it came from."""
    seal = manifest.read(full_run / "manifest.json")["seal"]
    asked = Asked("R-0001", "2026-11-29", sources=("forum",))
    erase([full_run], tmp_path / "later", asked, agreed=lambda _: True)
    write_standards(tmp_path / "later" / "RUN", tmp_path / "out", ["prov,cyclonedx,slsa"], config)
    bill = read(tmp_path / "out", "bom.cdx.json")["metadata"]["component"]
    told = {one["name"].rpartition(":")[2]: one["value"] for one in bill["properties"]}

    assert (told["documents"], told["erased"]) == ("12", "4")
    graph = read(tmp_path / "out", "prov.json")
    assert graph["activity"]["erasure:R-0001"]["cp:documents"] == 4
    assert f"sha256:{seal}" in {one["prov:usedEntity"] for one in graph["wasDerivedFrom"].values()}
    assert "source:forum" not in graph["entity"]
    for name in ("prov.json", "bom.cdx.json", "slsa.json"):
        assert VALIDATORS[name](read(tmp_path / "out", name)) == []


@pytest.mark.parametrize("words", ['源 一:二%#?"<b>&', "x\u202e\u0000\n𠀀😀", " "])
def test_any_words_in_a_record(builder, config, tmp_path, words):
    """Whatever text a record holds, all standards are valid, and no words become an address."""
    keys = ("license", "url", "organisation", "collected_at", "collection_tool", "consent")
    builder.content["sources"] = [
        {"name": "news", "kind": "open", "region": "CN", **dict.fromkeys(keys, words)},
        {"name": "forum", "dataset": words, "legal_basis": words},
    ]
    builder.content["inputs"] = [
        {"locator": words, "bytes": 1, "sha256": "a" * 64, "format": "text", "source": source}
        for source in ("news", "nobody")
    ]
    builder.content["stages"][0]["assets"] = {"model": {"ref": words, "sha256": "b" * 64}}
    write_standards(builder.write(), tmp_path / "out", config=config)

    for name, faults in VALIDATORS.items():
        assert faults(read(tmp_path / "out", name)) == [], name
    bill = read(tmp_path / "out", "bom.cdx.json")
    assert "contents" not in next(c for c in bill["components"] if c["name"] == "news")["data"][0]
    page = (tmp_path / "out" / "eu-summary.html").read_text("utf-8")
    assert "<b>" not in page


def test_the_command_says_what_it_leaves_out(root, tmp_path, capsys):
    """Files on standard output, what is left out and why on standard error; JSON for machines."""
    out = tmp_path / "out"
    assert app(["standards", str(root), "-o", str(out)], standalone_mode=False) == 0
    told = capsys.readouterr()
    assert set(told.out.split()) == {str(p) for p in out.iterdir() if p.name != "manifest.json"}
    assert "left out spdx: it needs published (--config)" in told.err
    words = ["standards", str(root), "-o", str(out), "--only", "prov", "--json"]
    assert app(words, standalone_mode=False) == 0
    assert json.loads(capsys.readouterr().out)["files"] == {"prov": ["prov.json"]}


def answers(folder):
    sections = read(folder, "eu-summary.json")["sections"]
    return {one["question"]: one["answer"] for part in sections for one in part["answers"]}


def test_the_summary_says_what_is_known(out, bare):
    """Yes and no come from the kinds of all sources; what nobody stated is null, and said so."""
    said = answers(out)
    assert said["Were publicly available datasets used?"] == "yes"
    assert said["Was data from user interactions used?"] == "no"
    assert said["Signatory of the Code of Practice"] == "no"
    assert said["Most relevant domain names (top 10 % by size)"] is None
    assert said["Latest date of data acquisition"] == "2026-10-01"
    assert said["Sources refused for their share of it"] == ["spam.example"]
    alone = answers(bare[0])
    assert alone["Versioned model names"] is None
    assert (bare[0] / "eu-summary.html").read_text("utf-8").count("not stated") == sum(
        answer is None for answer in alone.values()
    )


def test_a_source_of_unknown_kind_leaves_no_as_an_answer_open(builder, tmp_path):
    """Where the kind of one source is not recorded, no kind can be said to be absent."""
    builder.content["sources"] = [{"name": "news", "kind": "open"}, {"name": "forum"}]
    write_standards(builder.write(), tmp_path / "out", ["eu-summary"])
    said = answers(tmp_path / "out")

    assert said["Were publicly available datasets used?"] == "yes"
    assert said["Was data from user interactions used?"] is None


def test_nothing_is_invented(bare):
    """Without a publisher config there is no day, no publisher, no address, no empty value."""
    folder, written = bare
    assert set(written.left_out) == {"spdx", "data-provenance", "data-json"}
    assert written.left_out["spdx"] == ["published"]
    assert written.lacking == {"croissant": ["creators", "published"]}
    listed = manifest.read(folder / "manifest.json")
    assert listed["left_out"] == written.left_out
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["manifest.json", *(entry["path"] for entry in listed["files"])]
    )
    for name in ("croissant.json", "prov.json", "bom.cdx.json", "dcat.jsonld"):
        text = (folder / name).read_text("utf-8")
        assert (
            re.findall(r'null|"None"|""|: (?:\[\]|\{\})|publish|datePub|timestamp', text) == []
        ), name


def test_a_run_without_its_dataset(builder, config, tmp_path):
    """A run that was not exported is described by its kept parts, in all standards."""
    builder.content["sources"][0]["region"] = "CN"
    root = builder.write()
    assert write_standards(root, tmp_path / "out", config=config).left_out == {}
    croissant = read(tmp_path / "out", "croissant.json")

    assert croissant["distribution"][-1]["includes"] == "kept/part-*.parquet"
    for name, faults in VALIDATORS.items():
        assert faults(read(tmp_path / "out", name)) == []


def test_the_same_bytes_anywhere(root, out, config, tmp_path):
    """A second folder, and the first one written again, have the same bytes."""
    write_standards(root, tmp_path / "other" / "place", config=config)
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    write_standards(root, out, config=config)

    assert len(first) == 11
    for folder in (out, tmp_path / "other" / "place"):
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_some_of_them_replace_all(root, config, tmp_path):
    """Written again with other names, the folder holds those and nothing else, and verifies."""
    folder = tmp_path / "out"
    write_standards(root, folder, config=config)
    written = write_standards(root, folder, ["prov,slsa"], config)

    assert dict(written.files) == {"prov": ["prov.json"], "slsa": ["slsa.json"]}
    assert {path.name for path in folder.iterdir()} == {"manifest.json", "prov.json", "slsa.json"}
    assert verify(folder) == []
    (folder / "prov.json").write_text("{}")
    (folder / "notes.txt").write_text("笔记")
    assert set(verify(folder)) >= {
        Finding("prov.json", f"2 bytes, the manifest says {file_bytes(folder, 'prov.json')}"),
        Finding("notes.txt", "not listed in any manifest"),
    }
    with pytest.raises(PipelineError, match="was changed since"):
        write_standards(root, folder)


def file_bytes(folder, name):
    return next(
        e["bytes"] for e in manifest.read(folder / "manifest.json")["files"] if e["path"] == name
    )


def test_refusals(root, run, tmp_path):
    """Unknown names, missing facts, foreign folders, unfinished runs: one line, nothing written."""
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "notes.txt").write_text("笔记")
    unfinished = shutil.copytree(run, tmp_path / "unfinished")
    (unfinished / "manifest.json").unlink()
    cases = [
        (root, tmp_path / "a", ["spdxx"], r"unknown standard 'spdxx'; did you mean 'spdx'\?"),
        (root, tmp_path / "a", ["spdx"], "spdx needs published: state it in --config"),
        (root, tmp_path / "a", [","], "--only: no name; known: croissant"),
        (root, root / "standards", [], "lies inside the release"),
        (root, taken, [], "holds no standards"),
        (tmp_path, tmp_path / "a", [], "not a finished run: .*there is no manifest.json"),
        (unfinished, tmp_path / "a", [], "the run did not finish"),
        (tmp_path / "none", tmp_path / "a", [], "no such run"),
    ]
    for folder, target, names, message in cases:
        with pytest.raises(PipelineError, match=message) as error:
            write_standards(folder, target, names)
        assert "\n" not in str(error.value)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("publishr: {name: a}", "publishr is unknown; did you mean 'publisher'"),
        ("published: soon", "published is wrong"),
        ("contact: {name: a, email: b}", "contact.email is wrong"),
        ("access: open", "access is wrong"),
        ("url: nowhere", "url is wrong"),
    ],
)
def test_a_wrong_config_is_refused(root, tmp_path, text, message):
    """A key that is unknown or a value that is none: one line with the file and the key."""
    path = tmp_path / "publisher.yaml"
    path.write_text(text)
    with pytest.raises(PipelineError, match=f"publisher config publisher.yaml.*{message}"):
        write_standards(root, tmp_path / "out", config=path)


def keys_of(model):
    """The keys of a model, with those of its sections."""
    for name, field in model.model_fields.items():
        yield name
        kinds = [field.annotation, *get_args(field.annotation)]
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from keys_of(kind)


def test_the_example_has_every_key(root, tmp_path):
    """The packaged publisher config has every key, and no standard is left out with it."""
    example = SCHEMAS.parents[1] / "configs" / "publishers" / "example.yaml"
    text = example.read_text("utf-8")
    missing = [name for name in keys_of(Publisher) if not re.search(rf"\b{name}: ", text)]

    assert missing == ["pack", "version", "source", "eu_summary"]  # of every pack; a section
    assert write_standards(root, tmp_path / "out", config=example).left_out == {}
    spdx = read(tmp_path / "out", "spdx.json")
    assert "dataset" in spdx["@graph"][1]["profileConformance"]
    for name, faults in VALIDATORS.items():
        assert faults(read(tmp_path / "out", name)) == []


def test_every_standard_is_on_its_page():
    """docs/standards.md names each standard and each of its files."""
    page = (SCHEMAS.parents[1] / "docs" / "standards.md").read_text("utf-8")
    for name, standard in STANDARDS.items():
        assert f"`{name}`" in page
        assert [path for path in standard.files if f"`{path}`" not in page] == []
