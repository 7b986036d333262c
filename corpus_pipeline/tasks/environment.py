"""The environment that Ray, its workers and a cluster of our own are started with.

Enters: the environment of this process.  Leaves: the variables of a worker of a cluster of others,
of a cluster of our own, and of a driver while it joins either.  Ray reads its settings from the
environment, once, when it is imported.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from corpus_pipeline.tasks.passed_on import passed_on

#: Set before the import: Ray reads them once.  No usage statistics; an out-of-memory task is
#: retried once, not for ever.
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_task_oom_retries": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_NUM_REDIS_GET_RETRIES": "3",  # a wrong token fails in seconds; Ray: 20
}

#: One task, one core: a thread pool in each library would compete with the other workers.
THREADS = dict.fromkeys(
    (
        "POLARS_MAX_THREADS",
        "OMP_NUM_THREADS",
        "ARROW_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "RAYON_NUM_THREADS",
    ),
    "1",
)

#: Where kernels are kept (`text/kernel_cache.py`).
CACHE = "CORPUS_PIPELINE_CACHE"

#: What a cluster of our own must have, whatever the environment says.
OWN = {
    "RAY_AUTH_MODE": "token",
    # Without it Ray replaces 127.0.0.1 by an address that other machines reach.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    # Ray's agents notice by a closed pipe that their raylet is gone.
    "RAY_enable_pipe_based_agent_to_parent_health_check": "1",
}

#: Variables that would lead a cluster of our own, or its driver, to another token or cluster.
FOREIGN = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_ADDRESS")


def of_workers() -> dict[str, str]:
    """Environment variables for the workers of a shared cluster."""
    return THREADS | passed_on(os.environ)


def of_own_cluster() -> dict[str, str]:
    """The environment of a cluster of our own."""
    inherited = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return QUIET | inherited | THREADS | OWN


def token_mode() -> dict[str, str | None]:
    """The mode of authentication: as it is set, or `token` where there is a token.

    Ray looks for one by itself only where it finds the cluster by itself.
    """
    mode = os.environ.get("RAY_AUTH_MODE")
    given = any(os.environ.get(name) for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"))
    if mode is None and (given or Path("~/.ray/auth_token").expanduser().is_file()):
        mode = "token"
    return {"RAY_AUTH_MODE": mode}


@contextmanager
def variables(values: Mapping[str, str | None]) -> Iterator[None]:
    """Environment variables set (None: removed) for a while."""
    before = {name: os.environ.get(name) for name in values}
    _set(values)
    try:
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def place_cache() -> None:
    """Make the folder of the kernels one that workers find: they have another working directory."""
    if os.environ.get(CACHE):
        os.environ[CACHE] = os.path.abspath(os.environ[CACHE])  # noqa: PTH100 – a string
