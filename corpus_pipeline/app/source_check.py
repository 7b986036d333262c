"""`sources check`: the registry of a config or a folder, before any run.

Enters: a config, or a folder with one YAML file for each source, paths of inputs, a day.  Leaves:
what `products.sources.check` says of it.  Refuses: what is no config (`ConfigError`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from corpus_pipeline.app.config import load
from corpus_pipeline.io.fs import place
from corpus_pipeline.io.inputs import survey
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.sources.check import Checked, check


def checked_sources(given: str, inputs: Sequence[str] = (), day: str | None = None) -> Checked:
    """Check the sources of a config or a folder; `day`: ISO 8601, today where it is None."""
    path = place(given)
    # The one stage is read and never run: the registry is all that matters here.
    config = load({"sources": str(path)} if path.is_dir() else path, only="ingest")
    locators = [item.locator for item in survey(inputs).inputs] if inputs else None
    return check(config.sources, config.base, _day(day), locators)


def _day(day: str | None) -> date:
    if day is None:
        return datetime.now(tz=UTC).date()
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise PipelineError(f"--today {day}: not a day such as 2026-01-31") from None
