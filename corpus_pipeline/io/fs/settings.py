"""Connections to stores: where a bucket is reached, and with which rights.

Enters: a scheme and a bucket; the variables `AWS_*` of the environment.  Leaves: a client.
Credentials come from the environment or the chain of the SDK; none is kept or written anywhere.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any, Final

from obstore.exceptions import BaseError
from obstore.store import GCSStore, S3Store

from corpus_pipeline.model import PipelineError

#: The schemes that `place` knows.
SCHEMES: Final = ("s3", "gs")


@cache
def client(scheme: str, bucket: str) -> Any:
    """The connection to a bucket, one a process."""
    try:
        if scheme == "gs":
            return GCSStore(bucket)
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        if endpoint is None:
            return S3Store(bucket)
        plain = endpoint.startswith("http://")
        return S3Store(bucket, endpoint=endpoint, client_options={"allow_http": plain})
    except (BaseError, ValueError) as error:
        raise PipelineError(f"cannot reach {scheme}://{bucket}: {error}") from None
