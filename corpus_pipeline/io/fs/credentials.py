"""Keys of stores, read when a client first needs them.

Enters: the preset of a store and the prefix of its variables.  Leaves: a function that reads the
keys from the environment, or the provider of the SDK; nothing where the client's own chain (web
identity, container, machine) is to find them.
Raises `PipelineError` where there can be none.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from corpus_pipeline.io.fs.presets import Preset
from corpus_pipeline.model import PipelineError

_AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
#: Variables that tell the client's own chain where to ask.
_CHAIN = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
)


def provider(url: str, preset: Preset, prefix: str) -> Callable[[], Any] | None:
    """What gives the keys for a store; None where the client is to look for them itself."""
    if prefix:
        sets = [
            (f"{prefix}_ACCESS_KEY_ID", f"{prefix}_SECRET_ACCESS_KEY", f"{prefix}_SESSION_TOKEN")
        ]
    else:
        sets = [preset.keys, _AWS]
    for names in sets:
        if all(os.environ.get(name) for name in names[:2]):
            return _FromEnvironment(*names)
    if prefix:
        raise PipelineError(f"{url}: the variables {sets[0][0]} and {sets[0][1]} are not set")
    if any(os.environ.get(name) for name in _CHAIN):
        return None
    profile = Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials")
    if profile.expanduser().exists() or os.environ.get("AWS_PROFILE"):
        return _from_profile(url)
    if preset.name.startswith("aws"):
        return None
    raise PipelineError(f"{url}: no keys; set {preset.keys[0]} and {preset.keys[1]}")


class _FromEnvironment:
    """Reads three variables when it is asked, and keeps nothing."""

    def __init__(self, key: str, secret: str, token: str) -> None:
        self.names = key, secret, token

    def __call__(self) -> dict[str, Any]:
        key, secret, token = (os.environ.get(name, "").strip() for name in self.names)
        return {
            "access_key_id": key,
            "secret_access_key": secret,
            "token": token or None,
            "expires_at": None,
        }


def _from_profile(url: str) -> Callable[[], Any]:
    """The provider of boto3, which reads profiles, single sign-on and what else it knows."""
    if importlib.util.find_spec("boto3") is None:
        raise PipelineError(
            f"{url}: keys in a profile need boto3 (pip install boto3); or set AWS_ACCESS_KEY_ID "
            "and AWS_SECRET_ACCESS_KEY"
        )
    from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415 – boto3 may be absent

    try:
        return Boto3CredentialProvider()
    except Exception as error:  # noqa: BLE001 – botocore has no common class, and texts of its own
        raise PipelineError(f"{url}: boto3 finds no keys ({type(error).__name__})") from None
