"""What every test may ask for: the folder of real data, where it is present."""

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("CORPUS_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    if not (DATA / "CATALOG.md").exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"in CI the real data must be present at {DATA}")
        pytest.skip(f"real data is absent: {DATA} (set CORPUS_DATA)")
    return DATA
