"""Signatures: ed25519 over the exact bytes of a sealed file, in a small sealed file beside it.

Enters: a sealed file (or the folder of one) and a private key; later the public key.  Leaves:
`manifest.json.sig`, and for an in-toto statement the envelope (DSSE) that its readers expect.  The
same key and bytes give the same signature: there is no clock and no chance in it.
Refuses: any other type of key, and whatever is not whole (`PipelineError`, one line; nothing of a
key is ever in it).  Needs the package `cryptography`, the extra `sign`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus_pipeline.io import manifest, storage
from corpus_pipeline.model import PipelineError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ed25519

#: What a signature's name adds to that of the signed file, and what the file says it is.
SUFFIX, KIND, ALGORITHM = ".sig", "signature", "ed25519"
#: The environment variable with the passphrase of a private key.
PASSPHRASE = "CORPUS_PIPELINE_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable
#: What an in-toto statement says it is, and how an envelope of one is named.
STATEMENT, ENVELOPE = "https://in-toto.io/Statement/v1", ".intoto.jsonl"
_PAYLOAD = "application/vnd.in-toto+json"
_SEALED = "manifest.json"

PublicKeys = Mapping[str, "ed25519.Ed25519PublicKey"]


def private_key(path: Path) -> ed25519.Ed25519PrivateKey:
    """The private key in this PEM file, opened by the passphrase in the environment if need be."""
    types, serialization = _library()
    data = _key_bytes(path)
    if b"PRIVATE KEY-----" not in data or b"OPENSSH" in data:
        raise PipelineError(f"{path} is no private key in PEM (PKCS8): see docs/standards.md")
    phrase = os.environ.get(PASSPHRASE, "").encode() or None
    encrypted = b"ENCRYPTED" in data
    if encrypted and phrase is None:
        raise PipelineError(f"{path} is encrypted: put its passphrase into ${PASSPHRASE}")
    key: ed25519.Ed25519PrivateKey
    try:
        key = serialization.load_pem_private_key(data, phrase if encrypted else None)
    except Exception:  # noqa: BLE001 - whatever the library says of a key stays out of messages
        why = f"the passphrase in ${PASSPHRASE} does not open it" if encrypted else "it is damaged"
        raise PipelineError(f"cannot read the key {path}: {why}") from None
    _of_type(key, types.Ed25519PrivateKey, path)
    return key


def readable_by_others(path: Path) -> bool:
    """Whether others than its owner may read the file."""
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def public_keys(paths: Iterable[Path]) -> PublicKeys:
    """The public keys in these files, by their ids: PEM, a line of OpenSSH, or the raw 32 bytes."""
    keys = [_public_key(path) for path in paths]
    return {key_id(key): key for key in keys}


def _public_key(path: Path) -> ed25519.Ed25519PublicKey:
    types, serialization = _library()
    data = _key_bytes(path)
    if b"PRIVATE KEY" in data:
        raise PipelineError(f"{path} is a private key: give the public one (docs/standards.md)")
    key: ed25519.Ed25519PublicKey
    try:
        if data.startswith(b"-----BEGIN"):
            key = serialization.load_pem_public_key(data)
        elif data.startswith(b"ssh-"):
            key = serialization.load_ssh_public_key(data)
        else:
            key = types.Ed25519PublicKey.from_public_bytes(data)
    except Exception:  # noqa: BLE001 - as above
        raise PipelineError(f"{path} is no public key (PEM, OpenSSH or 32 raw bytes)") from None
    _of_type(key, types.Ed25519PublicKey, path)
    return key


def key_id(key: ed25519.Ed25519PublicKey) -> str:
    """The sha256 of the 32 bytes of a public key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def sign(path: Path, key: ed25519.Ed25519PrivateKey) -> list[Path]:
    """Sign a sealed file, a statement, or a folder with what it holds of both; what was written."""
    if path.is_dir():
        written = [_signed(one, key) for one in _sealed_in(path)]
        return written + [_enveloped(one, key) for one in _statements_in(path)]
    if not path.is_file():
        raise PipelineError(f"nothing to sign: {path} does not exist")
    return [_enveloped(path, key) if _is_statement(path) else _signed(path, key)]


def _sealed_in(folder: Path) -> list[Path]:
    """The manifest of a folder, and that of the dataset in it, which the run's does not name."""
    if not (folder / _SEALED).exists():
        why = "the run did not finish" if (folder / "run.json").exists() else "it has no manifest"
        raise PipelineError(f"nothing to sign in {folder}: {why}")
    inner = folder / "dataset" / _SEALED
    return [folder / _SEALED, *([inner] if inner.exists() else [])]


def _statements_in(folder: Path) -> list[Path]:
    listed = manifest.read(folder / _SEALED).get("files", [])
    names = [str(entry["path"]) for entry in listed if str(entry["path"]).endswith(".json")]
    return [folder / name for name in sorted(names) if _is_statement(folder / name)]


def _is_statement(path: Path) -> bool:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("_type") == STATEMENT


def _signed(path: Path, key: ed25519.Ed25519PrivateKey) -> Path:
    """Write the signature of one sealed file."""
    content = manifest.read(path)
    if content.get("kind") == KIND:
        raise PipelineError(f"{path} is a signature itself")
    data = path.read_bytes()
    target = signature_of(path)
    said = {"kind": KIND, "file": path.name, "algorithm": ALGORITHM}
    said |= {"key": key_id(key.public_key()), "sha256": hashlib.sha256(data).hexdigest()}
    manifest.write(target, {**said, "signature": _text(key.sign(data))})
    return target


def signature_of(path: Path) -> Path:
    """Where the signature of a sealed file lies.

    >>> signature_of(Path("run/manifest.json")).name
    'manifest.json.sig'
    """
    return path.with_name(path.name + SUFFIX)


def envelope_of(path: Path) -> Path:
    """Where the envelope of a statement lies.

    >>> envelope_of(Path("out/slsa.json")).name
    'slsa.intoto.jsonl'
    """
    return path.with_name(path.name.removesuffix(".json") + ENVELOPE)


def _enveloped(path: Path, key: ed25519.Ed25519PrivateKey) -> Path:
    """Write the envelope of one statement: DSSE 1.0, one line."""
    data = path.read_bytes()
    signed = {"keyid": key_id(key.public_key()), "sig": _text(key.sign(_encoded(data)))}
    envelope = {"payload": _text(data), "payloadType": _PAYLOAD, "signatures": [signed]}
    storage.commit_bytes(envelope_of(path), (json.dumps(envelope, sort_keys=True) + "\n").encode())
    return envelope_of(path)


def _encoded(payload: bytes) -> bytes:
    """What is signed of an envelope, so that no other kind of document can be taken for it."""
    return b"DSSEv1 %d %s %d %s" % (len(_PAYLOAD), _PAYLOAD.encode(), len(payload), payload)


def problem(path: Path, keys: PublicKeys) -> str | None:
    """What is wrong with the signature of a sealed file, or None.

    Without keys only what needs none is looked at: whether it is whole, and of these bytes.
    """
    try:
        said = manifest.read(signature_of(path))
    except PipelineError as error:
        return "missing: nobody signed this" if str(error).startswith("no manifest") else _ALTERED
    data = path.read_bytes()
    if said.get("kind") != KIND or said.get("file") != path.name:
        return "not a signature of this file"
    if said.get("sha256") != hashlib.sha256(data).hexdigest():
        return "the signature is of other content: the file was changed after it was signed"
    return _mismatch(str(said.get("key")), str(said.get("signature")), data, keys) if keys else None


def envelope_problem(path: Path, keys: PublicKeys) -> str | None:
    """The same of the envelope of a statement."""
    data = path.read_bytes()
    try:
        said: dict[str, Any] = json.loads(envelope_of(path).read_bytes())
        signed = said["signatures"][0]
        payload = base64.b64decode(said["payload"], validate=True)
        key, signature = str(signed["keyid"]), str(signed["sig"])
    except (OSError, ValueError, LookupError, TypeError):
        return _ALTERED
    if payload != data or said.get("payloadType") != _PAYLOAD:
        return "the envelope holds another statement"
    return _mismatch(key, signature, _encoded(data), keys) if keys else None


_ALTERED = "tampered with: it is not as it was written"


def _mismatch(key: str, signature: str, data: bytes, keys: PublicKeys) -> str | None:
    known = keys.get(key)
    if known is None:
        return f"signed by another key ({key[:16]}…), none of those given"
    try:
        known.verify(base64.b64decode(signature, validate=True), data)
    except Exception:  # noqa: BLE001 - InvalidSignature, or no base64: wrong either way
        return "wrong signature: it was not made by this key over these bytes"
    return None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _key_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PipelineError(f"cannot read the key {path}: {error.strerror}") from None


def _of_type(key: object, wanted: Any, path: Path) -> None:
    if not isinstance(key, wanted):
        raise PipelineError(f"{path} is a key of another type ({_kind(key)}): ed25519 is needed")


def _kind(key: object) -> str:
    """The type of a key, in a word.

    >>> _kind(type("_RSAPublicKey", (), {})())
    'RSA'
    """
    return type(key).__name__.strip("_").removesuffix("PublicKey").removesuffix("PrivateKey")


def _library() -> tuple[Any, Any]:
    """The modules of `cryptography`, which only who signs or checks has to install."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise PipelineError(
            "signatures need the package cryptography: pip install 'corpus-pipeline[sign]'"
        ) from None
    return ed25519, serialization
