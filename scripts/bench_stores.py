"""Three libraries on one S3 server: throughput, small objects, conditional put, size on disk.

    python -m scripts.bench_stores [--json]

Starts the server of the tests (SeaweedFS on loopback) and runs each library that is installed:
obstore and pyarrow come with the project; `pip install s3fs` adds the third.  Best of three.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import obstore
import s3 as server_of_tests
from pyarrow import fs

BIG, SMALL, COUNT = os.urandom(64 << 20), b"x" * 2000, 200


class Obstore:
    """obstore, a Rust client."""

    name, packages = "obstore", ("obstore",)

    def __init__(self, server: Any, bucket: str) -> None:
        """A client of the server."""
        self.store = server.store(bucket)

    def put(self, key: str, data: bytes) -> None:
        """Put an object."""
        obstore.put(self.store, key, data, chunk_size=8 << 20)

    def get(self, key: str) -> int:
        """Get an object; its size."""
        return len(obstore.get(self.store, key).bytes())

    def create_twice(self) -> bool:
        """Whether a second creation of one key is refused; None where there is no such option."""
        obstore.put(self.store, "once", b"1", mode="create")
        try:
            obstore.put(self.store, "once", b"2", mode="create")
        except obstore.exceptions.AlreadyExistsError:
            return True
        return False


class Arrow:
    """pyarrow.fs, the AWS client in C++."""

    name, packages = "pyarrow.fs", ("pyarrow",)

    def __init__(self, server: Any, bucket: str) -> None:
        """A client of the server."""
        self.bucket = bucket
        self.store = fs.S3FileSystem(
            access_key=server.key,
            secret_key=server.secret,
            endpoint_override=server.endpoint.removeprefix("http://"),
            scheme="http",
            region=server_of_tests.REGION,
        )

    def put(self, key: str, data: bytes) -> None:
        """Put an object."""
        with self.store.open_output_stream(f"{self.bucket}/{key}") as file:
            file.write(data)

    def get(self, key: str) -> int:
        """Get an object; its size."""
        with self.store.open_input_file(f"{self.bucket}/{key}") as file:
            return len(file.read())

    def create_twice(self) -> bool | None:
        """Whether a second creation of one key is refused; None where there is no such option."""
        return None  # no option of `open_output_stream`


class S3fs:
    """s3fs, over aiobotocore, behind fsspec."""

    name, packages = "s3fs", ("s3fs", "fsspec", "aiobotocore", "botocore", "aiohttp")

    def __init__(self, server: Any, bucket: str) -> None:
        """A client of the server."""
        import s3fs  # noqa: PLC0415 – not installed with the project

        self.bucket = bucket
        self.store = s3fs.S3FileSystem(
            key=server.key, secret=server.secret, endpoint_url=server.endpoint
        )

    def put(self, key: str, data: bytes) -> None:
        """Put an object."""
        self.store.pipe_file(f"{self.bucket}/{key}", data)

    def get(self, key: str) -> int:
        """Get an object; its size."""
        return len(self.store.cat_file(f"{self.bucket}/{key}"))

    def create_twice(self) -> bool:
        """Whether a second creation of one key is refused; None where there is no such option."""
        self.store.pipe_file(f"{self.bucket}/once", b"1", mode="create")
        try:
            self.store.pipe_file(f"{self.bucket}/once", b"2", mode="create")
        except OSError:  # errno EINVAL
            return True
        return False


def best(act: Callable[[], object]) -> float:
    """The least of three times."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return min(times)


def megabytes(packages: tuple[str, ...]) -> float:
    """What the files of these distributions take on disk."""
    found = [part for name in packages for part in importlib.metadata.files(name) or []]
    sizes = [Path(part.locate()).stat().st_size for part in found if Path(part.locate()).exists()]
    return round(sum(sizes) / 1e6, 1)


def measured(library: Any, server: Any) -> dict[str, Any]:
    """The figures of one library, in a bucket of its own."""
    client = library(server, server.new_bucket())
    client.put("warm", SMALL)

    def puts() -> None:
        for number in range(COUNT):
            client.put(f"small/{number}", SMALL)

    def gets() -> None:
        for number in range(COUNT):
            client.get(f"small/{number}")

    cpu = time.process_time()
    write = best(lambda: client.put("big", BIG))
    read = best(lambda: client.get("big"))
    large = time.process_time() - cpu
    return {
        "library": client.name,
        "version": importlib.metadata.version(client.packages[0]),
        "put_mb_s": round(len(BIG) / 1e6 / write),
        "get_mb_s": round(len(BIG) / 1e6 / read),
        "cpu_s_of_6_x_64_mib": round(large, 2),
        "small_puts_s": round(COUNT / best(puts)),
        "small_gets_s": round(COUNT / best(gets)),
        "create_only": client.create_twice(),
        "installed_mb": megabytes(client.packages),
    }


def main() -> None:
    """Print one line a library, or JSON."""
    with (
        tempfile.TemporaryDirectory() as folder,
        server_of_tests.served(Path(folder)) as server,
    ):
        libraries = (Obstore, Arrow, S3fs)
        there = [one for one in libraries if importlib.util.find_spec(one.packages[0])]
        rows = [measured(library, server) for library in there]
    if "--json" in sys.argv:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
