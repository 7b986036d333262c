"""The budget of processor time: slow documents go alone, honest ones never."""

import os
import threading
import time

import pytest
from engine_runs import digests, frame, job, write_lines
from engine_stages import Loop, Measure

from corpus_pipeline.engine.budget import Budget, TooSlow, within
from corpus_pipeline.engine.run import run
from corpus_pipeline.tasks.local import LocalEngine

#: Small, so that the tests are quick; the stage that never ends exceeds any.
SMALL = Budget(s_per_mb=0.5, floor_s=0.5, first_s=0.5)
TEXTS = [f"第{i}篇文章，讲的是城市治理与数据。" for i in range(60)]


def spin(seconds: float) -> str:
    """Spend user time, which is what a budget counts; asking for it alone would be the system's."""
    end = os.times().user + seconds
    while os.times().user < end:
        sum(range(10_000))
    return "done"


def test_a_call_within_its_budget_gives_its_result():
    """The result comes back, and no alarm rings afterwards."""
    assert within(0.3, spin, 0.1) == "done"
    assert spin(0.4) == "done"


def test_sleep_is_no_processor_time():
    """A busy machine makes nobody slow: only the process's own time counts."""
    assert within(0.05, time.sleep, 0.2) is None


@pytest.mark.parametrize("swallowed", [Exception, BaseException])
def test_a_swallowed_interruption_is_too_slow(swallowed):
    """A call that catches the interruption and returns a value is too slow all the same."""

    def deaf() -> str:
        try:
            spin(0.3)
        except swallowed:
            return "half a result"
        return "done"

    with pytest.raises(TooSlow):
        within(0.1, deaf)


def test_an_error_of_the_call_is_its_own():
    """An exception within the budget passes unchanged."""
    with pytest.raises(ZeroDivisionError):
        within(1.0, lambda: 1 // 0)


def test_elsewhere_than_in_the_main_thread_there_is_no_budget():
    """Python handles signals in the main thread only; elsewhere the call runs to its end."""
    results: list[str] = []
    thread = threading.Thread(target=lambda: results.append(within(0.05, spin, 0.2)))
    thread.start()
    thread.join()
    assert results == ["done"]


def test_the_budget_grows_with_the_size():
    """A batch of many documents has the sum of their times and more; a first call compiles."""
    budget = Budget(s_per_mb=10, floor_s=10, first_s=300)
    assert budget.seconds(0) == 10
    assert budget.seconds(8_000_000) == 90
    assert budget.seconds(8_000_000, first=True) == 300
    assert budget.seconds(80_000_000, first=True) == 810


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Ray's own start-up warns
def test_a_slow_document_costs_itself_alone_local_and_ray(tmp_path, ray_engine):
    """The document is quarantined as too slow with the limit; local and Ray agree on every byte."""
    texts = [*TEXTS[:41], "这一篇很慢", *TEXTS[41:]]
    source = write_lines(tmp_path / "in.jsonl", texts)

    for name, engine in (("local", LocalEngine()), ("ray", ray_engine)):
        run(job(source, tmp_path / name, Measure, Loop, budget=SMALL), engine)

    lost = frame(tmp_path / "local", "quarantine")
    assert lost.select("stage", "reason", "detail").rows() == [
        ("loop", "too_slow", "more than 0.5 s of processor time")
    ]
    assert frame(tmp_path / "local", "kept").get_column("text").to_list() == TEXTS
    assert digests(tmp_path / "ray") == digests(tmp_path / "local")
