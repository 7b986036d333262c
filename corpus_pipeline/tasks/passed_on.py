"""Which variables of the driver go to the workers of a cluster that others use too.

Enters: the environment.  Leaves: names and values without secrets: what is sent with a job is seen
in the cluster's dashboard and logs.  Keys and tokens are each node's own.
Errors: `PipelineError` for an address of a store with a password in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from corpus_pipeline.model import PipelineError

#: The settings of stores: a YAML file, or the YAML itself.
STORES = "CORPUS_PIPELINE_STORES"

#: Names that are sent along; a star stands for any ending.
NAMES = (
    "PYTHONPATH",
    "CORPUS_PIPELINE_CACHE",
    "AWS_ENDPOINT_URL*",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ALLOW_HTTP",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
    "AWS_REQUEST_CHECKSUM_CALCULATION",
    "AWS_RESPONSE_CHECKSUM_VALIDATION",
    "AWS_CA_BUNDLE",
)
#: A name with one of these words is a secret's, whatever the list says.
_SECRET = re.compile(r"KEY|SECRET|TOKEN|PASSW|CREDENTIAL", re.IGNORECASE)
#: A user and a password before the host of a URL.
_PASSWORD = re.compile(r"://[^/\s@]*:[^/\s@]*@")


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables to send; the file of the stores' settings goes as its content.

    >>> passed_on({"AWS_REGION": "cn-north-1", "AWS_SECRET_ACCESS_KEY": "0", "HOME": "/h"})
    {'AWS_REGION': 'cn-north-1'}
    """
    found = {name: value for name, value in environment.items() if value and _is_ours(name)}
    if stores := environment.get(STORES):
        found[STORES] = _content(stores)
    for name, value in found.items():
        if _PASSWORD.search(value):
            raise PipelineError(
                f"{name} holds a password: a cluster would show it; give each node its own keys"
            )
    return found


def _is_ours(name: str) -> bool:
    fits = any(name.startswith(one[:-1]) if one[-1] == "*" else name == one for one in NAMES)
    return fits and not _SECRET.search(name)


def _content(stores: str) -> str:
    """The YAML: nodes need not have a file of the driver's."""
    if "\n" in stores or ":" in stores.removeprefix("file:") or "[" in stores:
        return stores
    try:
        return Path(stores).read_text("utf-8")
    except OSError as error:
        raise PipelineError(f"{STORES}: cannot read {stores}: {error.strerror}") from None
