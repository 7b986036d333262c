"""data-juicer with `DATA_JUICER_JSONL_LENIENT=1`, which passes over bad lines of JSON lines."""

import os
from pathlib import Path
from typing import Any

from scripts.faults.runners import data_juicer


def read(folder: Path, case: dict[str, Any]) -> dict[str, Any]:
    """What comes out of the folder; of other formats nothing differs."""
    if case["kind"] != "jsonl":
        return {"how": "no reader"}
    os.environ["DATA_JUICER_JSONL_LENIENT"] = "1"
    return data_juicer.read(folder, case)
