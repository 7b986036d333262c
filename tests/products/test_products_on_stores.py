"""What is made of a finished run is the same where the run lies on a store."""

import pytest
from engine_runs import digests

from corpus_pipeline.app.config import load
from corpus_pipeline.app.erase import Asked, erase
from corpus_pipeline.app.execute import export_run
from corpus_pipeline.app.how import How
from corpus_pipeline.app.masking import masked
from corpus_pipeline.app.releases import diff
from corpus_pipeline.app.results import open_run
from corpus_pipeline.io.fs import place
from corpus_pipeline.products.ledger.folder import write_ledger
from corpus_pipeline.products.ledger.rule import rule_of
from corpus_pipeline.products.report.page import page


@pytest.fixture
def runs(s3, full_run, monkeypatch):
    """The same finished run on a store and on this machine."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    there = place(f"s3://{s3.new_bucket()}/RUN")
    for path in full_run.rglob("*"):
        if path.is_file():
            (there / path.relative_to(full_run).as_posix()).write_bytes(path.read_bytes())
    return there, full_run


def test_a_run_on_a_store_opens_as_one_on_this_machine(runs):
    """Rows, findings, verdict of the audit, story of a document and the report are the same."""
    seen = []
    for root in runs:
        opened = open_run(root)
        rows = opened.kept().collect()
        key = rows.get_column("id")[0]
        audit = opened.audit("house")
        statuses = [(entry.clause.id, entry.status) for entry in audit.clauses]
        story = opened.explain(key, text=True)
        report, _facts = page(root, masked)
        seen.append((rows.to_dicts(), opened.verify(), statuses, story, report))

    assert seen[0] == seen[1]
    assert seen[0][1] == []


def test_a_change_on_a_store_is_found(runs):
    """One byte of an object, an object too many and one too few are each a finding."""
    there, _ = runs
    run = open_run(there)
    part = there / run.parts("kept")[0]
    part.write_bytes(part.read_bytes() + b"x")
    (there / "stranger.txt").write_bytes(b"")
    (there / run.parts("dropped")[0]).unlink()

    found = {finding.path for finding in run.verify()}

    assert {run.parts("kept")[0], "stranger.txt", run.parts("dropped")[0]} <= found


def test_what_is_written_of_a_run_has_the_same_bytes_on_a_store(runs):
    """Dataset, ledger, and the release without a document, its tombstones and receipt."""
    outputs = []
    for root in runs:
        other = root.with_name("OTHER")
        export_run(load(None, ()), root, other / "export", How(engine="local"))
        write_ledger([root], rule_of(None), other / "ledger")
        key = open_run(root).kept().collect().get_column("id")[0]
        asked = Asked("R-1", "2026-01-31", "test", ids=(key,))
        erase([root], other / "erased", asked, agreed=lambda _shares: True)
        assert open_run(other / "erased" / "RUN").verify() == []
        assert sum(diff(root, other / "erased" / "RUN").documents.values()) > 0
        outputs.append(digests(other))

    assert outputs[0] == outputs[1]
