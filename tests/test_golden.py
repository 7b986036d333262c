"""A stage's output over fixed texts changes only when its version does."""

import pytest

from corpus_pipeline.stages import STAGES
from scripts import golden


@pytest.mark.parametrize("name", STAGES)
def test_the_output_belongs_to_the_version(name):
    """The digest of the output and the version are the recorded ones, both or neither changed."""
    recorded, measured = golden.recorded(name), golden.measured(name)

    assert recorded is not None, f"no golden digest of {name}: python -m scripts.golden {name}"
    if measured["version"] == recorded["version"]:
        assert measured["digest"] == recorded["digest"], f"raise the version of {name}"
    assert measured == recorded, f"python -m scripts.golden {name}"
