"""A pipeline from raw text to exit code: what is planted fails its clauses alone, mended it passes.

The runs are real ones: every column that an audit looks at was written by its stage.
"""

import json
from datetime import date

import polars as pl
import pytest
import yaml

import corpus_pipeline as cp
from corpus_pipeline.cli import app
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.formats import FILES, FORMATS
from corpus_pipeline.products.audit.profile import document_names, load_profile
from corpus_pipeline.products.audit.run import AuditOptions, audit

DAY = date(2026, 11, 29)
STAGES = ["langid", "pii", "compliance", "aigc", "ip"]
SUBJECTS = ["路灯", "公园", "图书馆", "菜市场", "学校", "车站", "河道", "桥梁", "医院", "剧场"]
PLAIN = "今天的报道说，{}要靠数据来管理，也要靠常识。第{}次检查的结果已经公布，居民可以在网上查看。"
ADVERT = (
    "澳门新葡京娱乐场官网开户第{}期，真人百家乐、时时彩、六合彩应有尽有，"
    "注册送彩金，提款秒到账，诚招代理。"
)
PHONE = "如有问题，请拨打手机13800138000与王先生联系。"
STATED = {
    "license": "CC0-1.0",
    "legal_basis": "written for a test",
    "collected_at": "2026-10",
    "origin": "cn",
    "pre_assessment": {"sampled": 200, "bad": 2, "date": "2026-09-01"},
}
REGISTRY = {
    "news": {"kind": "open", "license_url": "https://example.org/cc0"},
    "laws": {
        "kind": "public_data",
        "implementing_body": "a bureau",
        "operator": "a company",
        "agreement_ref": "2026-1",
        "scope": "research",
        "registration_code": "0000",
        "registered_until": "2027-12-31",
        "security_assessment": "2026-2",
    },
    "made": {"kind": "synthetic", "aigc_model": "a model 1.0", "aigc_at": "2026-10"},
    "forum": {"kind": "self_collected", "collection_records": "x", "robots_review": "x"},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory, library):
    """Makes a run of files of these names with this registry and these options."""
    listed = {"path": str(library), "licence": "CC0-1.0", "updated": "2026-11-27"}

    def finished(name, files, registry=None, options=None):
        folder = tmp_path_factory.mktemp(name)
        for source, texts in files.items():
            lines = (json.dumps({"text": text}, ensure_ascii=False) for text in texts)
            (folder / f"{source}.jsonl").write_text("\n".join(lines), "utf-8")
        sources = [
            {"name": source, "match": [f"{source}.jsonl"], **STATED, **REGISTRY[source]}
            | (registry or {}).get(source, {})
            for source in files
        ]
        config = {"name": "planted", "stages": STAGES, "sources": sources, **(options or {})}
        config["compliance"] = config.get("compliance", {}) | {"keywords": [listed]}
        config["export"] = {"columns": ["aigc_label"]}
        return cp.run(config, inputs=[folder], output=folder / "out", engine="local").root

    return finished


def texts(source, number=30):
    """Plain documents, each once."""
    return [
        PLAIN.format(SUBJECTS[n % 10], f"{source}第{n}").replace("news", "甲").replace("laws", "乙")
        for n in range(number)
    ]


@pytest.fixture(scope="module")
def planted(made):
    """Personal data left by a policy, a source of adverts, a licence and a model not stated."""
    files = {source: texts(source) for source in ("news", "laws", "made")}
    files["news"][3] += PHONE
    # Over five in a hundred of the source and over two of the whole; a run that marks keeps them.
    files["forum"] = texts("forum", 27) + [ADVERT.format(n) for n in range(3)]
    unstated = {"news": {"license": None}, "made": {"aigc_model": None}}
    options = {"pii": {"policy": {"mobile": "review"}}, "compliance": {"drop": False}}
    return made("planted", files, unstated, options)


@pytest.fixture(scope="module")
def mended(made):
    """The same without the bad source, with both records, and by the policies as they come."""
    files = {source: texts(source) for source in ("news", "laws", "made")}
    files["news"][3] += PHONE
    return made("mended", files)


@pytest.fixture(scope="module")
def options(tmp_path_factory, planted, mended):
    """Every document that any profile asks for, and what people found in each row: all is well."""
    folder = tmp_path_factory.mktemp("papers")
    rows = pl.concat([cp.open_run(run).kept().select("id").collect() for run in (planted, mended)])
    said = [f"{key},pass,reviewer 1,2026-11-20" for key in rows["id"].unique().sort()]
    (folder / "read.csv").write_text("\n".join(["id,verdict,reviewer,date", *said]))
    (folder / "paper.txt").write_text("a policy")
    names = sorted(document_names(load_profile("house")))
    index = folder / "documents.yaml"
    index.write_text(
        yaml.safe_dump({"documents": [{"name": name, "path": "paper.txt"} for name in names]})
    )
    return AuditOptions(results=[folder / "read.csv"], documents=index, day=DAY)


BROKEN = {
    "house": {"source_rights", "document_license", "personal_data", "violating_share"},
    "gbt45654": {"post_verification", "open_licence", "personal_data_masked", "technical_sample"},
    "gb45438": {"producer_recorded"},
    "public-data": {"personal_data_masked"},
}


@pytest.mark.parametrize("profile", BROKEN)
def test_what_is_planted_fails_and_mended_passes(planted, mended, options, profile):
    """Each planted fault fails the clauses about it, and no other; once mended, exit code 0."""
    bad, good = audit(planted, profile, options), audit(mended, profile, options)

    assert {entry.clause.id for entry in bad.clauses if entry.status == "fail"} == BROKEN[profile]
    assert {entry.status for entry in good.clauses} <= {"pass", "not_applicable"}
    assert (bad.exit_code, good.exit_code) == (1, 0)


def test_a_ci_job(planted, mended, tmp_path, capsys):
    """Exit codes 1, 0 and 3, files of every format, and a baseline that lets old findings be."""

    def job(run, *arguments):
        return app(["audit", str(run), *map(str, arguments)], standalone_mode=False)

    formats = [word for form in FORMATS for word in ("--format", form)]
    first = job(planted, "-p", "house", *formats, "--output", tmp_path / "audit")
    known = job(planted, "--baseline", tmp_path / "audit" / FILES["sarif"])
    shown = capsys.readouterr().out

    assert sorted(path.name for path in (tmp_path / "audit").iterdir()) == sorted(FILES.values())
    assert (first, known, job(mended), job(mended, "-p", "gbt45674")) == (1, 0, 0, 3)
    assert "FAIL  violating_share" in shown
    assert "source 'forum': 3 of 30 documents violate (10 % > 5 %) (unchanged)" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-p", "hause"], "did you mean 'house'"),
        (["--output", "{run}/audit.txt"], "`verify` would find a file more in the run"),
        (["--output", "/dev/null/audit.txt"], "cannot write /dev/null/audit.txt: "),
        (["--format", "json", "--format", "sarif"], "several formats need a folder"),
        (["--fail-on", "must"], "no level 'must'"),
    ],
)
def test_wrong_use(planted, arguments, said):
    """What a user can mend is said in one line, and nothing is written."""
    given = [argument.format(run=planted) for argument in arguments]
    with pytest.raises(PipelineError) as error:
        app(["audit", str(planted), *given], standalone_mode=False)

    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert cp.verify(planted) == []
