"""Batches and stages for tests, built as the pipeline builds them."""

from pathlib import Path
from typing import Any

import polars as pl

from corpus_pipeline import stages
from corpus_pipeline.io.assets import PACKAGE, resolve  # noqa: F401 – tests ask here for the package
from corpus_pipeline.model import DOCUMENT, VERDICT, Asset, document_id


def docs_of(texts: list[str | None], **columns: Any) -> pl.DataFrame:
    """A batch with these texts; other columns are null unless given as lists."""
    rows = len(texts)
    data: dict[str, Any] = {name: [None] * rows for name in (*DOCUMENT, *VERDICT)}
    data["text"] = texts
    data["source"] = ["test"] * rows
    data["locator"] = [f"test.jsonl@{i}" for i in range(rows)]
    data["id"] = [document_id("test", locator) for locator in data["locator"]]
    schema = {**DOCUMENT, **VERDICT}
    extra = {k: v for k, v in columns.items() if k not in schema}
    data.update({k: v for k, v in columns.items() if k in schema})
    frame = pl.DataFrame(data, schema=dict(schema))
    return frame.with_columns(pl.Series(k, v) for k, v in extra.items())


def asset(ref: str) -> Asset:
    return resolve(ref, Path.cwd())


def stage(name: str, **options: Any) -> Any:
    """The stage of this name, built with its packaged assets."""
    cls = stages.STAGES[name].load()
    chosen = cls.OptionsModel(**options)
    return cls(chosen, {key: asset(ref) for key, ref in cls.asset_refs(chosen).items()})
