"""Proofs that were passed before: remembered for what was proved, and for nothing else."""

import hashlib

import pytest

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules import pack, proofs
from corpus_pipeline.rules.aigc import load_statements
from corpus_pipeline.text import kernel_cache

PACK = (
    "pack: aigc\nversion: 1\nsource: own\nmodels: [甲]\nstatements:\n"
    "  - {id: yes_word, label: '1', pattern: '^yes$', why: own, hits: ['HIT'], misses: [z]}\n"
)


@pytest.fixture(autouse=True)
def memory(tmp_path, monkeypatch):
    """An empty cache folder of its own."""
    monkeypatch.setenv(kernel_cache.VARIABLE, str(tmp_path / "cache"))
    proofs._home.cache_clear()
    yield tmp_path / "cache"
    proofs._home.cache_clear()


def known(content, maker):
    """Whether this was built before; it is built now."""
    with proofs.remembered(content, maker=maker):
        return proofs.known()


def loaded(tmp_path, hit, monkeypatch):
    """Load a pack as a fresh process does: it finds nothing that was loaded before."""
    path = tmp_path / "aigc.yaml"
    path.write_text(PACK.replace("HIT", hit), "utf-8")
    monkeypatch.setattr(pack, "_LOADED", {})
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return load_statements(Asset(str(path), path, sha256))


def test_a_proof_is_remembered_for_its_content_and_its_maker():
    """Other content and another maker are proved; a maker of somebody else is proved each time."""
    assert not known("a", load_statements)
    assert known("a", load_statements)
    assert not known("b", load_statements)
    assert not known("a", Asset)
    assert not any(
        known("a", test_a_proof_is_remembered_for_its_content_and_its_maker) for _ in "12"
    )


def test_a_proof_that_failed_is_not_remembered():
    """What raised is proved again the next time, and not known behind the error."""
    with pytest.raises(ValueError, match="no"), proofs.remembered("a", maker=load_statements):
        raise ValueError("no")
    assert not proofs.known()
    assert not known("a", load_statements)


def test_a_pack_that_was_changed_is_refused_though_it_had_passed(tmp_path, monkeypatch):
    """The memory is of content, not of files; the fault is found each time."""
    loaded(tmp_path, "yes", monkeypatch)
    for _ in "12":
        with pytest.raises(PipelineError, match="yes_word: does not find 'nay'"):
            loaded(tmp_path, "nay", monkeypatch)
    loaded(tmp_path, "yes", monkeypatch)


def test_changed_code_proves_anew(memory, monkeypatch):
    """Another state of code or libraries has a folder of its own."""
    known("a", load_statements)
    monkeypatch.setattr(proofs, "version", lambda _name: "0")
    proofs._home.cache_clear()
    assert not known("a", load_statements)
    assert len(list(memory.glob("proofs-*"))) == 2


def test_without_a_folder_everything_is_proved(memory):
    """A cache that cannot be written to is no error."""
    memory.write_bytes(b"")
    assert not known("a", load_statements)
    assert not known("a", load_statements)
