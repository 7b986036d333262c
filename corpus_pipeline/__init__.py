"""A Chinese pre-training corpus cleaning pipeline: raw data in, an auditable dataset out.

Enters: `import corpus_pipeline as cp`.  Leaves: `cp.run`, `cp.plan`, `cp.index`, `cp.open_run`,
`cp.verify`, `cp.audit`, `cp.stage` and `cp.PipelineError`, each imported when it is first used:
the package itself imports nothing heavy.

>>> import corpus_pipeline as cp
>>> list(cp.stage("pii").columns)
['pii_spans', 'pii_sensitive_35273', 'pii_sensitive_45574']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corpus_pipeline.app.api import audit, index, open_run, plan, run, stage, verify
    from corpus_pipeline.model import PipelineError

__version__ = "0.1.0"

__all__ = [
    "PipelineError",
    "__version__",
    "audit",
    "index",
    "open_run",
    "plan",
    "run",
    "stage",
    "verify",
]


def __getattr__(name: str) -> Any:
    """One of the public names; the module that defines it is imported here."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "model" if name == "PipelineError" else "app.api"
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
