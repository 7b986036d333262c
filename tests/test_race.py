"""The race of near-dedup: its truth, its planted documents, its entrants."""

import itertools
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


def grams(text: str) -> set[str]:
    bare = "".join(text.split())
    return {bare[i : i + 5] for i in range(max(len(bare) - 4, 1))}


def texts(count: int) -> list[str]:
    """Small documents that are alike by chance: few characters, copies, pieces, white space."""
    import random

    rng = random.Random(3)
    made = ["", "春", "春 眠", "春眠"]
    while len(made) < count:
        text = "".join(rng.choices("天地玄黄，\n 宇宙洪荒𠀀", k=rng.randint(1, 60)))
        made += [text, text[: rng.randint(1, len(text))], text[:9] + "日" + text[9:]]
    return made[:count]


def test_truth_is_brute_force():
    """The sparse product finds the pairs, and the numbers, that comparing all sets finds."""
    from scripts.race.truth import pairs

    found = pairs(texts(60), 0.5, 0.8)
    listed = zip(*(column.tolist() for column in (found.a, found.b)), strict=True)
    numbers = zip(found.jaccard, found.a_in_b, found.b_in_a, strict=True)
    expected = {}
    for (i, a), (j, b) in itertools.combinations(enumerate(map(grams, texts(60))), 2):
        both = len(a & b)
        if both / len(a | b) >= 0.5 or both / min(len(a), len(b)) >= 0.8:
            expected[i, j] = pytest.approx((both / len(a | b), both / len(a), both / len(b)))

    assert len(expected) > 30
    assert dict(zip(listed, numbers, strict=True)) == expected


def documents(count: int):
    """Documents of real words: every tenth one a copy with one edit, every tenth one a twin."""
    import random

    from scripts.race.documents import Document

    rng = random.Random(4)
    words = (
        "中华人民共和国 国务院 规定 条例 办法 应当 依照 处罚 罚款 行政机关 申请 审查 决定 复议 诉讼"
    )
    made: list[Document] = []
    for number in range(count):
        text = "，".join(rng.choices(words.split(), k=60)) + f"。第{number}号"
        if number % 10 == 1:
            of = made[-1]
            made.append(Document(f"{number}", of.text[:99] + "甲" + of.text[100:], "", of.id, 0.01))
        elif number % 10 == 3:
            import opencc

            of = made[-1]
            twin = opencc.OpenCC("s2t").convert(of.text)
            made.append(Document(f"{number}", twin, "", of.id))
        else:
            made.append(Document(f"{number}", text, ""))
    return made


def test_our_entrant_finds_what_was_planted(tmp_path):
    """In process, on 200 documents: all copies and twins, nothing wrong."""
    from scripts.race.__main__ import prepare
    from scripts.race.runners import ours
    from scripts.race.score import Truth

    found = documents(200)
    prepare(found, tmp_path / "race")
    truth = Truth.of(found)
    got = truth.judge(ours.decide(tmp_path / "race" / "documents.jsonl", tmp_path / "run"))

    assert truth.counts()["planted_08"] == got["planted_08"] == 20
    assert truth.counts()["twins"] == got["twins"] == 20
    assert (got["wrong"], got["other_script"], got["removed"]) == (0, 20, 40)


def test_a_removal_without_reason_is_wrong():
    """Whoever removes a document that nothing kept resembles is told so, and so is a chain."""
    from scripts.race.score import Truth

    found = documents(20)
    truth = Truth.of(found)

    assert truth.judge(["5"])["wrong"] == 1
    assert truth.judge(["0", "1"])["wrong"] == 2
    assert truth.judge(["1"])["wrong"] == 0


def test_an_entrant_that_crashes_is_reported(tmp_path, monkeypatch):
    """A crash, and an environment that cannot be made, are rows with the reason."""
    from scripts.race import entrants
    from scripts.race.__main__ import race
    from scripts.race.report import picture, table

    monkeypatch.setattr(entrants, "HOME", tmp_path / "home")
    monkeypatch.setattr(entrants, "REQUIREMENTS", tmp_path)
    monkeypatch.setattr(entrants, "ROOT", tmp_path)
    monkeypatch.setitem(entrants.SETTINGS, "PYTHONPATH", str(ROOT))
    ready = tmp_path / "home" / "there"
    ready.mkdir(parents=True)
    (tmp_path / "there.txt").write_text("")
    (tmp_path / "broken.txt").write_text("")
    monkeypatch.setattr(entrants.venv, "EnvBuilder", _no_disk)
    field = [
        entrants.Entrant("a", "no_such_runner", None, "numpy", "–"),
        entrants.Entrant("b", "rensa", "broken", "rensa", "–"),
    ]
    figures = race(documents(20), field, tmp_path / "races")
    failed = [entry["failed"] for entry in figures["entrants"]]

    assert failed[0].startswith("crashed: ModuleNotFoundError")
    assert failed[1] == "does not install: no space left"
    assert all(reason in table(figures) for reason in failed)
    assert all(reason[:20] in picture(figures) for reason in failed)
    assert json.loads(json.dumps(figures)) == figures


def _no_disk(**_options):
    raise OSError("no space left")


def test_requirements_pin_everything():
    """Every environment is a file of exact versions, so that a race can be run again."""
    from scripts.race.entrants import ENTRANTS, REQUIREMENTS

    names = {entrant.environment for entrant in ENTRANTS} - {None}
    lines = {name: (REQUIREMENTS / f"{name}.txt").read_text().splitlines() for name in names}

    assert [line for listed in lines.values() for line in listed if "==" not in line] == []
    assert {entrant.name for entrant in ENTRANTS if entrant.runner == "ours"} == {"corpus-pipeline"}


def test_documents_are_the_same_every_time(data_dir):
    """The same size gives the same documents, of every kind, with edits near their rates."""
    from scripts.race.documents import documents as real

    first, second = (real(data_dir / "text" / "sample.jsonl.zst", 1) for _ in range(2))

    assert first == second
    assert len({row.id for row in first}) == len(first)
    assert len({row.source for row in first}) > 10
    assert {row.edits for row in first if row.of} >= {None, 0.002, 0.035}
