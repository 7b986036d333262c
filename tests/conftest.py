"""What every test may ask for: the folder of real data, the demo run; and who runs beside whom."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import clones
import pytest

from corpus_pipeline.training import halves as split
from scripts.eval.reading import rows

DATA = Path(os.environ.get("CORPUS_DATA", Path(__file__).parents[2] / "shared" / "data"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first: Ray, then training."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        import groups

        items.sort(key=lambda item: groups.place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests go to workers by groups."""
    import groups

    return groups.Groups(config, log)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    if not (DATA / "CATALOG.md").exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"in CI the real data must be present at {DATA}")
        pytest.skip(f"real data is absent: {DATA} (set CORPUS_DATA)")
    return DATA


@pytest.fixture(scope="session")
def sample(data_dir: Path) -> list[Mapping[str, Any]]:
    """Real documents of eight kinds, of the half that nothing was fitted on."""
    return split.held_out(rows(data_dir / "text" / "sample.jsonl.zst"))


@pytest.fixture(scope="session")
def web(data_dir: Path) -> list[Mapping[str, Any]]:
    """Real web text by register, of sources that nothing was fitted on."""
    return list(rows(data_dir / "web" / "web_dev.jsonl.zst"))


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> clones.Clone:
    """The commands of `make demo` have run here; `demo/` is a finished run."""
    clone = clones.made(tmp_path_factory.mktemp("clone"))
    for line in clones.recipe("demo"):
        clone.shell(line)
    return clone


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A real S3 server of this test process (tests/s3.py, where `fault_proxy` is, too)."""
    import s3 as s3_server

    with s3_server.served(tmp_path_factory.mktemp("s3")) as server:
        yield server
