"""data-juicer: `load_dataset` of its formatter for the format, over the folder."""

from pathlib import Path
from typing import Any

import datasets

datasets.disable_caching()
datasets.disable_progress_bars()

KINDS = {
    "jsonl": (".jsonl", ".jsonl.gz", ".jsonl.zst"),
    "json": (".json",),
    "csv": (".csv",),
    "csv, quoted": (".csv",),
    "tsv": (".tsv",),
    "parquet": (".parquet",),
    "text": (".txt",),
    "text, lines": (".txt",),
}


def read(folder: Path, case: dict[str, Any]) -> dict[str, Any]:
    """What comes out of the folder."""
    from data_juicer.format.load import load_formatter  # noqa: PLC0415 – timed with the first case

    if case["kind"] not in KINDS:
        return {"how": "no reader"}
    loaded = load_formatter(str(folder)).load_dataset(1)
    return {"how": "result", "texts": [str(text) for text in loaded["text"] if text]}
