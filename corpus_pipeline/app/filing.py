"""An audit together with the folder of evidence that a filing needs.

Enters: what `api.audit` takes, a folder and a seed.  Leaves: the audit's result, and the folder.
Errors: those of the audit; `PipelineError` for a folder that is somebody else's, before anything is
looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpus_pipeline.app import api
from corpus_pipeline.app.masking import masked
from corpus_pipeline.engine.folder import lock
from corpus_pipeline.io.fs import place
from corpus_pipeline.products.audit.result import AuditResult
from corpus_pipeline.products.evidence.folder import Evidence, replaceable, write_evidence


def audit_with_evidence(
    path: str | Path,
    profile: str | Path,
    folder: str | Path,
    seed: int = 0,
    *,
    results: Sequence[str | Path] = (),
    documents: str | Path | None = None,
    **more: Any,
) -> AuditResult:
    """Audit a run and write the folder, with samples drawn by `seed`; `more`: as `api.audit`."""
    root, target = place(path), place(folder)
    with lock(target):
        replaceable(target, root)
        result = api.audit(root, profile, results=results, documents=documents, **more)
        handed = [place(file) for file in results]
        index = None if documents is None else place(documents)
        write_evidence(Evidence(root, result, handed, index, seed), target, masked)
    return result
