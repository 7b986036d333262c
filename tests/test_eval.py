"""The eval that gates: floors cannot be lowered in silence, and a figure below its floor fails."""

import json
import subprocess
import sys
import types
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from scripts.eval import __main__ as runner  # noqa: E402 – the line above finds it
from scripts.eval import floors, peers, table  # noqa: E402 – the same

DAY = "2026-01-02"
RISING = "toy.right"
FALLING = "toy.clean_touched"


def metric(name: str, *steps: float | None, target: float | None = None) -> floors.Floor:
    """A metric whose floors were these, with a reason for each step."""
    return floors.Floor(
        name, target, "", tuple(floors.Step(s, DAY, "because a test says so") for s in steps)
    )


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "floors.yaml"
    floors.save({m.metric: m for m in (metric(RISING, 0.5, 0.9), metric(FALLING, 3, 1))}, path)
    return path


def command(file: Path, *arguments: str) -> int:
    return floors.main([*arguments, "--file", str(file)])


# --- the file ------------------------------------------------------------------------------------


def test_the_packaged_floors_load():
    """The floors of the repository are sealed, and each step down has its reason."""
    assert floors.load()


def test_a_file_comes_back_as_it_was_saved(file):
    """Saving and loading lose nothing."""
    assert floors.load(file)[RISING] == metric(RISING, 0.5, 0.9)


EDITS = {
    "another floor": lambda c: c["metrics"][RISING]["steps"][-1].update(floor=0.1),
    "a floor rewritten in the past": lambda c: c["metrics"][RISING]["steps"][0].update(floor=0.1),
    "a step taken away": lambda c: c["metrics"][RISING]["steps"].pop(),
    "a step added": lambda c: c["metrics"][RISING]["steps"].append(
        {"floor": 0.1, "since": DAY, "reason": "by hand, past the tool"}
    ),
    "another target": lambda c: c["metrics"][RISING].update(target=0.1),
    "a metric taken away": lambda c: c["metrics"].pop(RISING),
    "all metrics taken away": lambda c: c.update(metrics={}),
    "another seal": lambda c: c.update(seal="0" * 64),
    "no seal": lambda c: c.pop("seal"),
    "an empty seal": lambda c: c.update(seal=None),
    "a raised ceiling": lambda c: c["metrics"][FALLING]["steps"][-1].update(floor=9),
    "a floor that is no number": lambda c: c["metrics"][RISING]["steps"][-1].update(floor="0"),
    "a floor that nothing is below": lambda c: c["metrics"][RISING]["steps"][-1].update(
        floor=float("nan")
    ),
    "another day": lambda c: c["metrics"][RISING]["steps"][-1].update(since="2020-01-01"),
    "a table that is none": lambda c: c.update(metrics=[]),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_by_hand_is_refused(file, edit, capsys):
    """Whatever is edited in the file, it does not load, and the eval ends with 2."""
    content = yaml.safe_load(file.read_text("utf-8"))
    edit(content)
    file.write_text(yaml.safe_dump(content), "utf-8")

    with pytest.raises(floors.FloorError):
        floors.load(file)
    assert command(file) == 2
    assert capsys.readouterr().err.count("\n") == 1


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_single_character_can_be_changed_unnoticed(file, data):
    """A changed character breaks the file or leaves every floor where it was."""
    text = file.read_text("utf-8")
    before = floors.load(file)
    at = data.draw(st.integers(0, len(text) - 1))
    char = data.draw(st.sampled_from("0123456789.-x\n {}#:'"))
    other = file.with_name("edited.yaml")
    other.write_text(text[:at] + char + text[at + 1 :], "utf-8")
    try:
        after = floors.load(other)
    except floors.FloorError:
        return

    assert after == before


NUMBERS = st.one_of(st.none(), st.floats(0, 1, allow_nan=False))


@given(values=st.lists(NUMBERS, min_size=1, max_size=6), name=st.sampled_from([RISING, FALLING]))
def test_a_history_without_reasons_only_gets_stricter(values, name):
    """A row of steps without a reason loads only if no step asks for less than the one before."""
    steps = [{"floor": value, "since": DAY} for value in values]
    try:
        floor = floors.parsed({name: {"target": None, "what": "", "steps": steps}})[name]
    except floors.FloorError:
        assert None in values or values != sorted(values, reverse=name == FALLING)
    else:
        assert floor.now is not None
        assert values == sorted(values, reverse=name == FALLING)


@pytest.mark.parametrize("reason", ["", "   ", "because"])
@pytest.mark.parametrize(
    "change", [("--set", RISING, "0.89"), ("--set", FALLING, "2"), ("--retire", RISING)]
)
def test_the_tool_lowers_nothing_without_a_reason(file, change, reason, capsys):
    """A step down, a ceiling up and a retirement are refused without a reason of some length."""
    before = file.read_bytes()

    assert command(file, *change, "--reason", reason) == 2
    assert command(file, *change) == 2
    assert "reason" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_a_target_is_not_lowered_without_a_reason(file):
    """An easier target needs a reason as an easier floor does."""
    assert command(file, "--target", RISING, "0.95") == 0
    assert command(file, "--target", RISING, "0.94") == 2
    assert command(file, "--target", RISING, "0.94", "--reason", "the metric was redefined") == 0
    assert floors.load(file)[RISING].target_reason == "the metric was redefined"


def test_the_tool_lowers_with_a_reason_and_keeps_the_past(file):
    """A step down stands beside its reason and after all earlier steps."""
    assert command(file, "--set", RISING, "0.8", "--reason", "ten harder cases were added") == 0
    floor = floors.load(file)[RISING]

    assert [step.floor for step in floor.steps] == [0.5, 0.9, 0.8]
    assert floor.steps[-1].reason == "ten harder cases were added"


def test_tightening_never_lowers(file, tmp_path):
    """`--tighten` raises floors to the figures of a run less the slack, and lowers none."""
    report = {"rooms": {"toy": {"metrics": {"right": 0.95, "clean_touched": 5, "fresh": 0.5}}}}
    (tmp_path / "report.json").write_text(json.dumps(report))

    assert command(file, "--tighten", str(tmp_path / "report.json"), "--slack", "0.01") == 0
    now = {name: floor.now for name, floor in floors.load(file).items()}

    assert now == {RISING: 0.94, FALLING: 1, "toy.fresh": 0.49}


def test_the_days_of_the_steps_are_in_order():
    """A step cannot be dated before the one it follows."""
    early = (date.fromisoformat(DAY) - timedelta(days=1)).isoformat()
    steps = [{"floor": 0.1, "since": DAY}, {"floor": 0.2, "since": early}]

    with pytest.raises(floors.FloorError, match="order"):
        floors.parsed({RISING: {"target": None, "what": "", "steps": steps}})


# --- the verdict ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "state"),
    [
        (RISING, 0.9, "ok"),
        (RISING, 0.8999, "below"),
        (RISING, float("nan"), "below"),
        (FALLING, 1, "ok"),
        (FALLING, 2, "below"),
        ("toy.unheard_of", 0.1, "no floor"),
    ],
)
def test_a_figure_is_judged_by_the_floor_in_force(file, name, value, state):
    """A floor is the least and a ceiling the most; what has neither is named."""
    whole = {RISING: 1.0, FALLING: 0.0} | {name: value}
    verdicts = {v.metric: v for v in floors.judge(floors.load(file), whole, ["toy"])}

    assert verdicts[name].state == state
    assert verdicts[name].failed == (state == "below")


def test_a_metric_that_vanished_fails(file):
    """A metric with a floor that nobody measured any more is a failure, unless it was retired."""
    verdicts = floors.judge(floors.load(file), {RISING: 1.0}, ["toy"])
    assert [v.metric for v in verdicts if v.failed] == [FALLING]

    command(file, "--retire", FALLING, "--reason", "the repair counts it by kind now")
    assert not any(v.failed for v in floors.judge(floors.load(file), {RISING: 1.0}, ["toy"]))


def test_other_rooms_are_left_alone(file):
    """A run of one room does not miss the metrics of the others."""
    assert floors.judge(floors.load(file), {}, ["elsewhere"]) == []


# --- the runner ----------------------------------------------------------------------------------


def room(right: int = 9, crash: bool = False) -> types.ModuleType:
    """A tiny room: ten items, of which ours gets some right, one peer none, one peer crashes."""
    made = types.ModuleType("scripts.eval.toy")
    made.__file__ = __file__
    made.ROOM = "toy"
    made.items = lambda _data: [{"n": n, "bytes": b"\xff"} for n in range(10)]

    def ours(items):
        if crash:
            raise RuntimeError("the stage is gone")
        return [(item["n"], item["n"] < right) for item in items]

    made.ours = ours
    made.score = lambda items, answers: {
        "right": sum(a == [i["n"], True] for i, a in zip(items, answers, strict=True)) / 10
    }
    made.mistakes = lambda _items, answers: [f"{n} is wrong" for n, right in answers if not right]
    made.BASELINES = {}
    return made


@pytest.fixture
def toy(monkeypatch, tmp_path):
    """Puts a room in the runner's house and gives it a floor of .9; returns a runner."""
    path = tmp_path / "floors.yaml"
    floors.save({RISING: metric(RISING, 0.9, target=0.95)}, path)
    load = floors.load
    monkeypatch.setattr(runner, "ROOMS", ("toy",))
    monkeypatch.setattr(floors, "load", lambda: load(path))

    def run(made, *arguments):
        monkeypatch.setitem(sys.modules, "scripts.eval.toy", made)
        return runner.main([str(tmp_path), "--no-baselines", *arguments])

    return run


def test_a_room_at_its_floor_passes(toy, capsys):
    """All floors hold: exit code 0, a table, and the mistakes on demand."""
    assert toy(room(9), "--detail") == 0
    said = capsys.readouterr().out

    assert "right   0.9000  0.9000  ≥ 0.9500 missed" in said
    assert "9 is wrong" in said
    assert "targets met: 0 of 1; missed: toy.right" in said


def test_a_room_below_its_floor_fails(toy, tmp_path, capsys):
    """One figure below its floor: exit code 1, the metric named, JSON written all the same."""
    assert toy(room(8), "--json", str(tmp_path / "out.json")) == 1
    report = json.loads((tmp_path / "out.json").read_text("utf-8"))

    assert "below its floor: toy.right" in capsys.readouterr().out
    assert report["rooms"]["toy"]["metrics"] == {"right": 0.8}
    assert report["verdicts"][0]["state"] == "below"


def test_a_room_that_crashes_fails(toy, capsys):
    """A crash is reported, counts as not measured, and ends with 1."""
    assert toy(room(crash=True)) == 1
    said = capsys.readouterr().out

    assert "ours failed: RuntimeError: the stage is gone" in said
    assert "not measured: toy.right" in said


def test_floors_that_were_tampered_with_end_with_2(toy, tmp_path, capsys):
    """The eval does not even start when the seal is broken."""
    path = tmp_path / "floors.yaml"
    path.write_text(path.read_text("utf-8").replace("0.9\n", "0.1\n", 1), "utf-8")

    assert toy(room(9)) == 2
    assert "seal" in capsys.readouterr().err


def test_thinning_keeps_a_share_and_small_rooms_whole():
    """One in N by a fixed seed, in order; a small room is measured whole."""
    many = [{"n": n} for n in range(4000)]
    some = runner.thinned(many, 4)

    assert some == runner.thinned(many, 4)
    assert len(some) == 1000
    assert some == sorted(some, key=lambda item: item["n"])
    assert {item["n"] % 4 for item in some} == {0, 1, 2, 3}
    assert runner.thinned(many[:999], 4) == many[:999]


# --- the baselines -------------------------------------------------------------------------------

PEER = """
ROOM = "toy"
def items(data): return [{"n": 1}, {"n": 2}]
def crash(items): raise ValueError("no such model")
def short(items): return [1]
def twice(items): return [2 * item["n"] for item in items]
BASELINES = {"twice": twice, "crash": crash, "short": short}
"""


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """The baselines' side on this Python, with a room of its own and an empty cache."""
    home = tmp_path / "scripts" / "eval"
    home.mkdir(parents=True)
    for name in ("__init__", "peers", "reading"):
        (home / f"{name}.py").write_text((ROOT / f"scripts/eval/{name}.py").read_text("utf-8"))
    (home / "toy.py").write_text(PEER)
    monkeypatch.setattr(peers, "ROOT", tmp_path)
    monkeypatch.setattr(peers, "CACHE", tmp_path / "cache")
    return peers.Environment(Path(sys.executable), {"toy": "1.0"})


def test_a_baseline_answers_in_a_process_of_its_own_and_once(environment, tmp_path):
    """The first run asks, the second reads the kept answers; other items are asked anew."""
    source = tmp_path / "scripts/eval/toy.py"
    items = [{"n": 1, "payload": b"\xff"}, {"n": 2, "payload": b""}]
    first = environment.ask("toy", "twice", items, source)
    again = environment.ask("toy", "twice", items, source)
    other = environment.ask("toy", "twice", items[:1], source)

    assert (first.answers, first.cached) == ([2, 4], False)
    assert (again.answers, again.cached) == ([2, 4], True)
    assert (other.answers, other.cached) == ([2], False)


def test_the_kept_answers_are_ignored_by_git(environment, tmp_path):
    """The folder of kept answers tells version control to leave it alone."""
    environment.ask("toy", "twice", [{"n": 1}], tmp_path / "scripts/eval/toy.py")

    assert (tmp_path / "cache" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    ("baseline", "reason"),
    [("crash", "ValueError: no such model"), ("short", "1 answers to 2 items")],
)
def test_a_baseline_that_fails_says_so_and_is_asked_again(environment, tmp_path, baseline, reason):
    """A crash or too few answers are reported with their reason and never kept."""
    source = tmp_path / "scripts/eval/toy.py"
    for _ in range(2):
        found = environment.ask("toy", baseline, [{"n": 1}, {"n": 2}], source)

        assert found.answers is None
        assert found.failed == reason
        assert not found.cached


@pytest.mark.usefixtures("environment")
def test_a_baseline_without_its_environment_says_so(tmp_path):
    """An environment that could not be made is a reason, not a crash."""
    nowhere = peers.Environment(tmp_path / "no" / "python")

    assert "no environment" in nowhere.ask("toy", "twice", [{"n": 1}], Path(__file__)).failed


def test_a_failed_baseline_stands_in_the_table():
    """A baseline that failed is named in the table of its room."""
    entry = {"items": 1, "items_whole": 1, "cpu_s": 0.1, "wall_s": 0.1}
    entry |= {"metrics": {"right": 1.0}, "baselines": {"gone": {"failed": "no wheel for it"}}}
    verdicts = floors.judge({}, {"toy.right": 1.0}, ["toy"])

    assert "gone failed: no wheel for it" in table.of_room(
        "toy", {"rooms": {"toy": entry}}, verdicts
    )


def written() -> list[str]:
    """The rooms that exist."""
    return [name for name in runner.ROOMS if (ROOT / f"scripts/eval/{name}.py").exists()]


@pytest.mark.parametrize("name", written())
def test_a_room_needs_nothing_of_ours_to_be_imported(name):
    """Every room imports where only the standard library and zstandard are, as the peers run it."""
    code = (
        "import sys\n"
        f"import scripts.eval.{name} as room\n"
        "heavy = {'corpus_pipeline', 'polars', 'numpy', 'frames'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        f"assert room.ROOM == {name!r}\n"
        "assert callable(room.items) and callable(room.ours) and callable(room.score)\n"
        "assert callable(room.mistakes) and all(map(callable, room.BASELINES.values()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


#: Rooms that are thinned here, so that the tests stay quick: one item in so many.
STRIDES = {"mojibake": 3}
#: What a share may lie below its floor on a sample of the items.
NOISE = 0.01


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in written() if name != "speed"])
def test_the_floors_hold_on_real_data(data_dir, name):
    """What `make eval` gates on holds here too, on a sample where a room is large (no speeds)."""
    stride = STRIDES.get(name, 1)
    entry = runner.measure(name, data_dir, stride, None)
    figures = runner.measured({"rooms": {name: entry}})
    if stride > 1:  # a kind with few items is no sample any more, a total is
        headlines = {m: floor for m, floor in floors.load().items() if floor.target is not None}
        figures = {m: v if floors.lower_is_better(m) else v + NOISE for m, v in figures.items()}
    else:
        headlines = floors.load()
    failed = [v for v in floors.judge(headlines, figures, [name]) if v.failed]

    assert "error" not in entry
    assert failed == []


def test_every_room_is_there():
    """No room of the eval is missing."""
    assert written() == list(runner.ROOMS)
