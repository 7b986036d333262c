"""How the eval reads its data: archives of files and lines of JSON, both under zstd.

Enters: a path below the data folder.  Leaves: names with bytes, or rows.
Refuses: to import the package; the baselines' environment does not have it.
"""

import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a `.tar.zst`, those that are gzip inflated."""
    body = zstandard.ZstdDecompressor().stream_reader(archive.read_bytes()).read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None:
                data = content.read()
                yield member.name, gzip.decompress(data) if member.name.endswith(".gz") else data


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a `.jsonl.zst`."""
    with path.open("rb") as raw:
        stream = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        yield from map(json.loads, io.TextIOWrapper(stream, encoding="utf-8"))
