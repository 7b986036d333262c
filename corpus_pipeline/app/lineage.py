"""OpenLineage events of a run: that it started, and that it completed, failed or was interrupted.

Enters: what is run over which places, and how it ended.  Leaves: run events of OpenLineage 2-0-2,
appended to a file as JSON lines or posted to a URL.  A receiver that is down is a warning: no run
fails for it.
Not in them: texts, names of documents and of files below a given place; personal data in places and
messages is hidden, and a URL with a password is refused.
"""

from __future__ import annotations

import json
import logging
import os
import re
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from corpus_pipeline import __version__
from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.fs import StorePath, place
from corpus_pipeline.io.storage import disk_errors
from corpus_pipeline.model import PipelineError

log = logging.getLogger(__name__)

SPEC = "https://openlineage.io/spec"
SCHEMA = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
PRODUCER = f"urn:corpus-pipeline:{__version__}"
#: The variables that OpenLineage's own clients read.
NAMESPACE, API_KEY = "OPENLINEAGE_NAMESPACE", "OPENLINEAGE_API_KEY"

#: Seconds to wait for the receiver.
PATIENCE_S = 5

_URL = re.compile(r"https?://", re.IGNORECASE)
_PLACE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://?([^/]+)/*(.*)")


class Lineage:
    """The events of one run; `target` is a file or an `http(s)://` address."""

    def __init__(self, target: str, job: str, inputs: Sequence[str], output: str) -> None:
        """Take note of what is run; nothing is sent yet."""
        self._url = target if _URL.match(target) else None
        if self._url and "@" in target.split("/")[2]:
            raise PipelineError(f"--lineage: no user or password in the address; set {API_KEY}")
        self._file = None if self._url else place(target)
        if isinstance(self._file, StorePath):
            raise PipelineError(f"--lineage: no store can be appended to: {target}")
        self._job = {
            "namespace": os.environ.get(NAMESPACE) or "corpus-pipeline",
            "name": concealed(job),
            "facets": {
                "jobType": _facet(
                    "2-0-3/JobTypeJobFacet",
                    processingType="BATCH",
                    integration="CORPUS_PIPELINE",
                    jobType="JOB",
                )
            },
        }
        self._run = str(uuid.uuid4())
        self._inputs = [dataset(one) for one in dict.fromkeys(inputs)]
        self._output = dataset(output)

    def start(self) -> None:
        """The run starts; a file that cannot be written is refused now."""
        self._send("START", {}, {})

    def complete(self, counts: Mapping[str, Any]) -> None:
        """The run is finished with these counts."""
        written = {}
        if "kept" in counts:
            size = counts.get("text_bytes_kept", 0)
            facet = _facet(
                "1-0-2/OutputStatisticsOutputDatasetFacet", rowCount=counts["kept"], size=size
            )
            written = {"outputStatistics": facet}
        self._send("COMPLETE", {}, written)

    def fail(self, error: BaseException) -> None:
        """The run ended with this error, or was interrupted."""
        if isinstance(error, KeyboardInterrupt):
            self._send("ABORT", {}, {})
            return
        # The message of a fault of ours may quote anything.
        mendable = isinstance(error, PipelineError)
        words = concealed(str(error)) if mendable else type(error).__name__
        facet = _facet("1-0-1/ErrorMessageRunFacet", message=words, programmingLanguage="PYTHON")
        self._send("FAIL", {"errorMessage": facet}, {})

    def _send(self, kind: str, run: Mapping[str, Any], written: Mapping[str, Any]) -> None:
        engine = _facet(
            "1-1-1/ProcessingEngineRunFacet",
            name="corpus-pipeline",
            version=__version__,
            openlineageAdapterVersion=__version__,
        )
        event = {
            "eventType": kind,
            "eventTime": datetime.now(UTC).isoformat(),
            "producer": PRODUCER,
            "schemaURL": SCHEMA,
            "run": {"runId": self._run, "facets": {"processing_engine": engine, **run}},
            "job": self._job,
            "inputs": self._inputs,
            "outputs": [{**self._output, "outputFacets": dict(written)}],
        }
        line = json.dumps(event, ensure_ascii=False)
        if self._file is None:
            _post(str(self._url), line.encode())
        else:
            _append(self._file, line)


def _append(file: Path, line: str) -> None:
    with disk_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as handle:
            handle.write(f"{line}\n")


def _post(url: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    if key := os.environ.get(API_KEY):
        headers["Authorization"] = f"Bearer {key}"
    request = urllib.request.Request(url, body, headers)  # noqa: S310 – http(s), see `_URL`
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S):  # noqa: S310 – same
            pass
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or error
        log.warning("--lineage: %s took no event: %s", url, why)


def dataset(given: str) -> dict[str, Any]:
    """A place as a dataset, by OpenLineage's rules of names.

    >>> dataset("s3://corpus/raw/2026")
    {'namespace': 's3://corpus', 'name': 'raw/2026'}
    >>> dataset("/data/13800000000.jsonl")
    {'namespace': 'file', 'name': '/data/<手机号>.jsonl'}
    """
    store = _PLACE.fullmatch(given)
    if store is not None and store[1].lower() != "file":
        return {"namespace": f"{store[1]}://{store[2]}", "name": concealed(store[3]) or "/"}
    path = given if given == "-" else os.path.abspath(place(given.removeprefix("@")))  # noqa: PTH100 – a glob
    return {"namespace": "file", "name": concealed(path)}


def _facet(schema: str, **fields: Any) -> dict[str, Any]:
    name = schema.rpartition("/")[2]
    url = f"{SPEC}/facets/{schema}.json#/$defs/{name}"
    return {"_producer": PRODUCER, "_schemaURL": url, **fields}
