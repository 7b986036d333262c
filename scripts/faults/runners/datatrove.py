"""datatrove: the reader of the format, a file at a time, so that one file costs no other.

An executor of its own stops at the first file that raises; here what was read before, and all
other files, count for it.
"""

import logging
from pathlib import Path
from typing import Any

from datatrove.pipeline.readers import CSVReader, JsonlReader, ParquetReader, WarcReader
from loguru import logger

logger.remove()
logging.disable(logging.WARNING)
READERS = {"jsonl": JsonlReader, "csv": CSVReader, "parquet": ParquetReader, "warc": WarcReader}
KINDS = ("jsonl", "csv", "csv, quoted", "parquet", "warc", "wet")


def read(folder: Path, case: dict[str, Any]) -> dict[str, Any]:
    """What the reader gives of each file."""
    if case["kind"] not in KINDS:
        return {"how": "no reader"}
    texts: list[str] = []
    said: list[str] = []
    for path in sorted(folder.iterdir()):
        reader = READERS[case["format"]](str(folder), glob_pattern=path.name)
        try:
            for document in reader.run(None, 0, 1):
                texts.append(document.text)  # noqa: PERF401 – what came before an error counts
        except Exception as error:  # noqa: BLE001 – counted, with what it says
            said.append(f"{type(error).__name__}: {error}"[:200])
    how = "crash" if said else "result"
    return {"how": how, "texts": texts, "said": (said or [""])[0], "crashed": len(said)}
