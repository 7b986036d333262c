"""The race of whole chains: its figures, its table and picture, who fails, what is pinned."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


def run(cpu: float, **changed) -> dict:
    """One run as `child.py` writes it: a tenth of its time is the system's."""
    return {
        "user_s": 0.9 * cpu,
        "system_s": 0.1 * cpu,
        "wall_s": 2 * cpu,
        "peak_mb": 100.0 * cpu,
        "kept": 30,
        "kept_mb": 3.0,
        "dropped": {"heuristics/too_short": 10},
        "steps": {"near_dedup": 1.0, "near_dedup-match": 0.5, "langid": 2.0, "unheard of": 0.25},
        "kinds": {"near_dedup": "duplicates", "langid": "language"},
        "clock": "cpu",
    } | changed


def raced(**entries: float) -> dict:
    """The figures of a race of 40 documents: name → CPU seconds, over a start-up of one second."""
    from scripts.race.chain.entrants import CHAINS, about
    from scripts.race.chain.figures import figures

    chains = []
    for chain in CHAINS:
        cpu = entries.get(chain.runner)
        told = {"failed": "does not install: no space left"}
        if cpu is not None:
            told = figures([run(1.0)] * 3, [run(cpu), run(9 * cpu), run(cpu)], 4.0, 0.0)
        chains.append(about(chain) | {"version": "1"} | told)
    return {
        "date": "2026-01-01",
        "machine": "one",
        "load": [0.1],
        "documents": {"documents": 40, "mb": 4.0},
        "chains": chains,
    }


def test_start_up_stands_apart_from_throughput():
    """What a run of few documents costs is taken from that of all; medians ignore a busy minute."""
    ours = raced(ours=3.0)["chains"][0]

    assert (ours["mb_s"], ours["mb_s_with_start"]) == pytest.approx((4 / 2, 4 / 3))
    assert (ours["start_cpu_s"], ours["cpu_s"], ours["wall_s"]) == pytest.approx((1, 3, 6))
    assert (ours["kept"], ours["peak_mb"]) == (30, 2700)


def test_the_time_of_steps_adds_up():
    """Each step counts once, by its kind; the rest is CPU time that no step accounts for."""
    from scripts.race.chain.figures import REST, kinds, spent

    named = kinds(run(5.0))

    assert (named["duplicates"], named["language"]) == (1.5, 2.0)
    assert named[REST] == pytest.approx(1.5)
    assert sum(named.values()) == pytest.approx(spent(run(5.0)))


def test_a_wall_clock_counts_as_much_as_the_process_had_of_it():
    """Steps that are timed by the wall are scaled to the share of it that was the process's own."""
    from scripts.race.chain.figures import kinds

    assert kinds(run(5.0, clock="wall"))["language"] == pytest.approx(1.0)


@pytest.mark.parametrize("runner", ["ours", "datatrove", "data_juicer", "dolma"])
def test_every_kind_of_a_runner_has_a_place(runner):
    """No runner names a kind of work without a colour, or a clock that nobody knows."""
    import importlib

    from scripts.race.chain.report import COLOURS

    module = importlib.import_module(f"scripts.race.chain.runners.{runner}")

    assert set(module.KINDS.values()) <= set(COLOURS)
    assert module.CLOCK in {"cpu", "wall"}


def test_all_steps_of_ours_have_a_kind():
    """The picture leaves none of our stages in the rest."""
    from corpus_pipeline.stages import STAGES
    from scripts.race.chain.figures import REST, kind
    from scripts.race.chain.runners import ours

    assert [name for name in STAGES if kind(name, ours.KINDS) == REST] == []


def test_table_and_picture_show_everybody():
    """Speeds with what was kept, how many times faster ours is, and who failed with the reason."""
    from scripts.race.chain.report import picture, table

    figures = raced(ours=3.0, datatrove=21.0, dolma=5.0)
    rows = table(figures).splitlines()
    drawn = picture(figures)

    assert [row.split(" | ")[0].strip("| ") for row in rows[2:6]] == [
        "corpus-pipeline",
        "dolma",
        "datatrove",
        "data-juicer",
    ]
    assert "| 0.20 |" in rows[4]
    assert "| 10.0 × |" in rows[4]
    assert "30 (75 %)" in rows[4]
    assert "no space left" in rows[5]
    assert "no space left" in drawn
    assert "ours is 10.0 × as fast" in drawn
    assert json.loads(json.dumps(figures)) == figures


def test_a_page_is_written_anew_between_its_marks():
    """What stands around the passage stays; two workers are in it; no marks, no page."""
    from scripts.race.chain.report import CLOSED, OPENED, page

    run = {"run_s": 30.0, "command_s": 36.0, "cpu_s": 29.0}
    figures = raced(ours=3.0) | {
        "workers": {
            "mb": 160.0,
            "runs": {"one worker": run, "two workers": run},
            "factor": 1.8,
            "factor_command": 1.7,
            "factor_against_one_process": 1.75,
        }
    }
    first = page(f"above\n{OPENED}\nold\n{CLOSED}\nbelow\n", figures)

    assert page(first, figures) == first
    assert first.startswith("above\n")
    assert first.endswith("\nbelow\n")
    assert "old" not in first
    assert "| two workers | 30.0 | 36.0 | 29.0 |" in first
    assert "1.80 ×" in first
    with pytest.raises(ValueError, match="race of chains"):
        page("no marks", figures)


def test_a_chain_that_fails_is_reported(tmp_path, monkeypatch):
    """A crash on the way, and an environment that cannot be made, are entries with the reason."""
    from scripts.race import entrants as environments
    from scripts.race.chain import __main__ as chain_race
    from scripts.race.chain.entrants import Chain

    monkeypatch.setattr(environments, "HOME", tmp_path / "home")
    monkeypatch.setattr(environments, "REQUIREMENTS", tmp_path)
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    monkeypatch.setattr(environments.venv, "EnvBuilder", _no_disk)
    (tmp_path / "broken.txt").write_text("")
    chains = [
        Chain("gone", "no_such_runner", None, "numpy", "–", ()),
        Chain("broken", "dolma", "broken", "dolma", "–", ()),
    ]
    figures = chain_race.race([], tmp_path / "others.txt", chains, tmp_path, None)
    failed = [entry["failed"] for entry in figures["chains"]]

    assert failed[0].startswith("crashed: ModuleNotFoundError")
    assert failed[1] == "does not install: no space left"


def _no_disk(**_options):
    raise OSError("no space left")


def test_every_chain_says_what_it_does_and_is_pinned():
    """Each names what it does and the recipe it follows; its environment has exact versions."""
    from scripts.race.chain.entrants import CHAINS
    from scripts.race.entrants import REQUIREMENTS

    for chain in CHAINS:
        assert chain.settings
        assert chain.does
        if chain.environment:
            lines = (REQUIREMENTS / f"{chain.environment}.txt").read_text().splitlines()
            assert [line for line in lines if "==" not in line] == []
            assert any(line.startswith(f"{chain.package}==") for line in lines)


def test_published_figures_are_drawn_from_the_same_file():
    """Picture and page of `docs/race_chain.json` say what it says, of all four chains."""
    from scripts.race.chain.report import page, picture

    figures = json.loads((ROOT / "docs" / "race_chain.json").read_text("utf-8"))

    assert (ROOT / "docs" / "race_chain.svg").read_text("utf-8") == picture(figures)
    written = (ROOT / "docs" / "bench.md").read_text("utf-8")
    assert page(written, figures) == written
    assert len(figures["chains"]) == 4
