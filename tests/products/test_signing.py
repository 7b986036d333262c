"""Signatures: the right key passes, whatever else is one clear line, and no key is ever told."""

import base64
import hashlib
import json
import logging
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from corpus_pipeline.cli import app
from corpus_pipeline.io import manifest
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products import signing
from corpus_pipeline.products.export.shards import ExportOptions, export
from corpus_pipeline.products.standards.folder import write_standards
from corpus_pipeline.products.verify.chain import Finding, verify

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
OPEN = serialization.NoEncryption()
BROKEN = b"-----BEGIN %s KEY-----\nAAAA\n-----END %s KEY-----\n"


def made(folder, name, key=None, phrase=None):
    """A key pair in files: the private one (encrypted by a passphrase, if any), the public one."""
    key = key or Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    closed = serialization.BestAvailableEncryption(phrase) if phrase else OPEN
    secret, public = folder / f"{name}.pem", folder / f"{name}.pub"
    secret.write_bytes(key.private_bytes(PEM, PKCS8, closed))
    secret.chmod(0o600)
    public.write_bytes(key.public_key().public_bytes(PEM, SPKI))
    return secret, public


@pytest.fixture
def pair(tmp_path):
    return made(tmp_path, "ours")


@pytest.fixture
def signed(full_run, pair):
    """A run with its dataset, both signed."""
    written = signing.sign(full_run, signing.private_key(pair[0]))
    names = [path.relative_to(full_run).as_posix() for path in written]
    assert names == ["manifest.json.sig", "dataset/manifest.json.sig"]
    return full_run


def test_the_right_key_passes(signed, pair, tmp_path):
    """A signed run stays what it is, and verifies with its key among others, in every writing."""
    _, other = made(tmp_path, "other")
    assert verify(signed) == []
    assert verify(signed, keys=[pair[1]]) == []
    assert verify(signed, keys=[other, pair[1]]) == []
    assert verify(signed / "dataset", keys=[pair[1]]) == []
    assert verify(signed / "manifest.json", keys=[pair[1]]) == []
    key = serialization.load_pem_public_key(pair[1].read_bytes())
    raw, ssh = tmp_path / "raw", tmp_path / "ssh"
    raw.write_bytes(key.public_bytes_raw())
    ssh.write_bytes(
        key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    )
    assert verify(signed, keys=[raw]) == verify(signed, keys=[ssh]) == []


def test_signing_twice_gives_the_same_bytes(signed, pair):
    """There is no clock and no chance in a signature."""
    first = (signed / "manifest.json.sig").read_bytes()
    signing.sign(signed, signing.private_key(pair[0]))
    assert (signed / "manifest.json.sig").read_bytes() == first
    said = json.loads(first)
    key = serialization.load_pem_public_key(pair[1].read_bytes())
    assert said["key"] == hashlib.sha256(key.public_bytes_raw()).hexdigest()
    key.verify(base64.b64decode(said["signature"]), (signed / "manifest.json").read_bytes())


def test_another_key_fails(signed, tmp_path):
    """A run that somebody else signed fails, in one line for each signature."""
    _, other = made(tmp_path, "other")
    found = verify(signed, keys=[other])
    assert [finding.path for finding in found] == ["manifest.json.sig", "dataset/manifest.json.sig"]
    assert all("signed by another key" in finding.problem for finding in found)


def test_no_signature_fails_where_one_is_asked_for(full_run, pair):
    """An unsigned run is clean, but not with a key."""
    assert verify(full_run) == []
    assert verify(full_run, keys=[pair[1]]) == [
        Finding("manifest.json.sig", "missing: nobody signed this"),
        Finding("dataset/manifest.json.sig", "missing: nobody signed this"),
    ]


def test_resealed_content_fails(signed, pair, reseal):
    """Whoever changes a manifest and seals it again has no signature for it, key given or not."""
    reseal(signed / "manifest.json", lambda content: content.update(name="别的"))
    for keys in ([], [pair[1]]):
        problems = {finding.path: finding.problem for finding in verify(signed, keys=keys)}
        assert "changed after it was signed" in problems["manifest.json.sig"]


def test_an_altered_signature_fails(signed, pair, reseal):
    """A flipped byte, another key's name on it, a signature of something else: each is found."""
    path = signed / "manifest.json.sig"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"key": "', b'"key": "0', 1))
    assert [f.problem for f in verify(signed)] == ["tampered with: it is not as it was written"]
    path.write_bytes(whole)
    forged = base64.b64encode(bytes(64)).decode()
    reseal(path, lambda content: content.update(signature=forged))
    (found,) = verify(signed, keys=[pair[1]])
    assert found.problem == "wrong signature: it was not made by this key over these bytes"
    path.write_bytes((signed / "dataset" / "manifest.json.sig").read_bytes())
    assert "other content" in verify(signed)[0].problem


def test_parents_are_checked_where_they_are_signed(make_builder, pair, tmp_path):
    """An unsigned parent passes, its seal being signed; one that somebody else signed does not."""
    parent = make_builder(tmp_path / "parent").write()
    builder = make_builder(tmp_path / "child")
    seal = manifest.read(parent / "manifest.json")["seal"]
    builder.content["parents"] = [{"manifest": "../parent/manifest.json", "seal": seal}]
    child = builder.write()
    signing.sign(child, signing.private_key(pair[0]))
    assert verify(child, keys=[pair[1]]) == []
    signing.sign(parent, signing.private_key(pair[0]))
    assert verify(child, keys=[pair[1]]) == []
    signing.sign(parent, signing.private_key(made(tmp_path, "other")[0]))
    (found,) = verify(child, keys=[pair[1]])
    assert found.path.endswith("parent/manifest.json.sig")


def test_a_dataset_made_again_is_unsigned(signed):
    """Exporting again replaces the dataset, and its old signature goes with the old manifest."""
    export(signed, signed, ExportOptions(shard_mb=0.002))
    assert not (signed / "dataset" / "manifest.json.sig").exists()
    assert verify(signed) == []


def test_statements_go_into_envelopes(run, pair, tmp_path):
    """A folder of standards is signed with its statement: DSSE over the bytes of `slsa.json`."""
    folder = tmp_path / "standards"
    write_standards(run, folder, ["slsa", "prov"])
    signing.sign(folder, signing.private_key(pair[0]))
    envelope = json.loads((folder / "slsa.intoto.jsonl").read_text())
    payload = (folder / "slsa.json").read_bytes()

    assert base64.b64decode(envelope["payload"]) == payload
    kind = envelope["payloadType"]
    encoded = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    key = serialization.load_pem_public_key(pair[1].read_bytes())
    key.verify(base64.b64decode(envelope["signatures"][0]["sig"]), encoded)
    assert verify(folder) == verify(folder, keys=[pair[1]]) == []
    envelope["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    (folder / "slsa.intoto.jsonl").write_text(json.dumps(envelope))
    assert [f.path for f in verify(folder, keys=[pair[1]])] == ["slsa.intoto.jsonl"]
    (folder / "slsa.intoto.jsonl").write_text("{}")
    assert [f.path for f in verify(folder)] == ["slsa.intoto.jsonl"]


def test_any_sealed_file(pair, tmp_path):
    """A ledger or a receipt is signed by itself; what is not sealed, and a signature, are not."""
    ledger, notes = tmp_path / "ledger.json", tmp_path / "notes.json"
    manifest.write(ledger, {"kind": "ledger"})
    notes.write_text("{}")
    key = signing.private_key(pair[0])
    assert signing.sign(ledger, key) == [tmp_path / "ledger.json.sig"]
    assert verify(ledger, keys=[pair[1]]) == []
    with pytest.raises(PipelineError, match="not a manifest"):
        signing.sign(notes, key)
    with pytest.raises(PipelineError, match="is a signature itself"):
        signing.sign(tmp_path / "ledger.json.sig", key)
    with pytest.raises(PipelineError, match="does not exist"):
        signing.sign(tmp_path / "none.json", key)
    with pytest.raises(PipelineError, match="it has no manifest"):
        signing.sign(tmp_path, key)


def test_an_unfinished_or_damaged_run_is_not_signed(run, pair):
    """Only what is whole is signed."""
    key = signing.private_key(pair[0])
    data = (run / "manifest.json").read_bytes()
    (run / "manifest.json").write_bytes(data.replace("样例".encode(), "別例".encode(), 1))
    with pytest.raises(PipelineError, match="tampered manifest"):
        signing.sign(run, key)
    (run / "manifest.json").unlink()
    with pytest.raises(PipelineError, match="the run did not finish"):
        signing.sign(run, key)
    assert not (run / "manifest.json.sig").exists()


def test_encrypted_keys(tmp_path, monkeypatch):
    """The passphrase comes from the environment; without it, or with another, one clear line."""
    secret, public = made(tmp_path, "closed", phrase=b"open sesame")
    monkeypatch.delenv(signing.PASSPHRASE, raising=False)
    with pytest.raises(PipelineError, match="is encrypted: put its passphrase into"):
        signing.private_key(secret)
    monkeypatch.setenv(signing.PASSPHRASE, "wrong words")
    with pytest.raises(PipelineError, match="does not open it") as error:
        signing.private_key(secret)
    assert "wrong words" not in str(error.value)
    monkeypatch.setenv(signing.PASSPHRASE, "open sesame")
    (only,) = signing.public_keys([public])
    assert signing.key_id(signing.private_key(secret).public_key()) == only


def test_keys_of_another_type(tmp_path):
    """RSA and P-256 keys are named, in private and in public files."""
    kinds = {
        "RSA": rsa.generate_private_key(public_exponent=65537, key_size=1024),
        "EC": ec.generate_private_key(ec.SECP256R1()),
    }
    for name, key in kinds.items():
        secret, public = made(tmp_path, name, key)
        message = rf"another type \({name}\): ed25519 is needed"
        with pytest.raises(PipelineError, match=message):
            signing.private_key(secret)
        with pytest.raises(PipelineError, match=message):
            signing.public_keys([public])


@pytest.mark.parametrize(
    ("data", "private", "public"),
    [
        (b"", "is no private key", "is no public key"),
        (b"x" * 31, "is no private key", "is no public key"),
        (BROKEN % (b"PRIVATE", b"PRIVATE"), "it is damaged", "is a private key"),
        (BROKEN % (b"PUBLIC", b"PUBLIC"), "is no private key", "is no public key"),
        (b"ssh-ed25519 AAAA", "is no private key", "is no public key"),
    ],
)
def test_what_is_no_key(tmp_path, data, private, public):
    """Any other bytes are refused in one line, which has nothing of them."""
    path = tmp_path / "key"
    path.write_bytes(data)
    with pytest.raises(PipelineError, match=private) as first:
        signing.private_key(path)
    with pytest.raises(PipelineError, match=public) as second:
        signing.public_keys([path])
    for error in (first, second):
        assert "AAAA" not in str(error.value)
        assert "\n" not in str(error.value)
    with pytest.raises(PipelineError, match="cannot read the key"):
        signing.private_key(tmp_path / "none")


def test_a_key_that_others_can_read_is_told(pair):
    """Only the owner's permissions are in order."""
    assert not signing.readable_by_others(pair[0])
    pair[0].chmod(0o640)
    assert signing.readable_by_others(pair[0])


def test_the_commands(run, pair, tmp_path, capsys):
    """`sign` lists what it wrote and warns of an open key; `verify` says what of it was checked."""

    def told(*words):
        code = app([*map(str, words)], standalone_mode=False)
        shown = capsys.readouterr()
        return code, shown.out.strip().splitlines()[-1], shown.err

    pair[0].chmod(0o644)
    code, last, remark = told("sign", run, "--key", pair[0])
    assert (code, last) == (0, str(run / "manifest.json.sig"))
    assert "others can read the key" in remark
    assert told("verify", run, "--key", pair[1])[:2] == (0, f"verified: {run} (signatures checked)")
    assert told("verify", run)[1] == f"verified: {run} (its signature was not checked: --key)"
    other = made(tmp_path, "other")[1]
    assert told("verify", run, "--key", other)[:2] == (1, f"FAILED: {run}")


def test_without_the_package(pair, monkeypatch):
    """Where `cryptography` is not installed, one line says what to install."""
    for name in ("cryptography", "cryptography.hazmat.primitives"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(PipelineError, match=r"pip install 'corpus-pipeline\[sign\]'"):
        signing.private_key(pair[0])


def test_no_message_and_no_file_tells_the_key(signed, pair, caplog):
    """Nothing of the private key is in what is written or logged."""
    caplog.set_level(logging.DEBUG)
    secret = signing.private_key(pair[0]).private_bytes_raw()
    told = [path.read_bytes() for path in signed.rglob("*.sig")] + [caplog.text.encode()]
    for form in (secret, secret.hex().encode(), base64.b64encode(secret)):
        assert not any(form in text for text in told)
