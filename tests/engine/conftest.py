"""One Ray cluster of our own for all tests that do not end it; importable stages of the tests."""

import os
from pathlib import Path

import pytest

from corpus_pipeline.tasks.base import Engine


@pytest.fixture(scope="session")
def ray_engine() -> Engine:
    """Two workers that can import `engine_stages`; kept until the session ends."""
    from corpus_pipeline.tasks.ray import RayEngine

    with pytest.MonkeyPatch.context() as patch:
        ours = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, ours)))
        engine = RayEngine(workers=2)  # the environment of its processes is that of this moment
    yield engine
    engine.close()
