"""How well `normalize` turns traditional Chinese into simplified, and leaves simplified alone.

Enters: DATA (a Chinese treebank that exists in both scripts, and simplified sentences) and the
cases of this repository.  Leaves: shares of sentences that come out exactly right, and of
simplified ones that come out as they were.
Refuses: to compare anything but Han characters in DATA: widths and quotation marks are another
room's matter, and the two sides of the treebank differ in them.
"""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.eval.reading import rows

ROOM = "script"

_ROOT = Path(__file__).parents[2]
_CASES = _ROOT / "tests" / "cases" / "t2s.jsonl"
_TREEBANKS = ("UniversalDependencies/UD_Chinese-GSD", "UniversalDependencies/UD_Chinese-GSDSimp")
_SIMPLIFIED = ("zh-Hans", "zho-CN", "zh-Hans-learner")
_STATUTES = "LawRefBook/Laws"
#: Aligned sentences have the same length, and so many of their characters in both scripts are the
#: same ones that no other sentence comes near.
_ALIKE = 0.5
_NOT_HAN = re.compile(r"[^\u3400-\u9fff\U00020000-\U000323af]")


def items(data: Path) -> list[dict[str, Any]]:
    """Sentences with their simplified form: from the treebank, from DATA's simplified, our own."""
    found = [
        {"set": "kept" if case["label"].startswith("keep") else "cases", **case}
        for case in map(json.loads, _CASES.read_text(encoding="utf-8").splitlines())
    ]
    sentences = data / "lid" / "lid_dev.jsonl.zst"
    if sentences.exists():
        listed = list(rows(sentences))
        found += [{"set": "pairs", "text": a, "expect": b} for a, b in pairs(listed)]
        found += [
            {"set": "simplified", "text": row["text"], "expect": row["text"]}
            for row in listed
            if row["lang"] in _SIMPLIFIED and not _TRADITIONAL.search(row["text"])
        ]
    sample = data / "text" / "sample.jsonl.zst"
    if sample.exists():
        found += [
            {"set": "simplified", "text": line, "expect": line}
            for row in rows(sample)
            if row["source"] == _STATUTES
            for line in row["text"].split("\n")[:40]
            if 6 < len(line) < 200
        ]
    return found


#: A learner's sentence or a word list in traditional script is no simplified text.
_TRADITIONAL = re.compile("[們個這說對時國來會為爲學開問還過沒從後見麼點電話買車長東門係餵]")


def pairs(listed: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The sentences of the treebank that DATA has in both scripts."""
    traditional, simplified = (
        [row["text"] for row in listed if row["source"] == source] for source in _TREEBANKS
    )
    lengths = defaultdict(list)
    for text in simplified:
        lengths[len(text)].append(text)
    found = []
    for text in traditional:
        same = [(alike(text, other), other) for other in lengths[len(text)]]
        best, other = max(same, default=(0.0, ""))
        if best >= _ALIKE:
            found.append((text, other))
    return found


def alike(one: str, other: str) -> float:
    """The share of places with the same character."""
    return sum(a == b for a, b in zip(one, other, strict=True)) / max(len(one), 1)


def ours(items: list[dict[str, Any]]) -> list[Any]:
    """The texts after `normalize`; what a case is labelled by langid does not matter."""
    sys.path.insert(0, str(_ROOT / "tests"))
    from frames import docs_of, stage  # noqa: PLC0415 – the baselines' environment has neither

    done = stage("normalize")(docs_of([item["text"] for item in items]))
    return list(done.get_column("text").to_list())


def _opencc(config: str) -> Callable[[list[dict[str, Any]]], list[Any]]:
    def convert(items: list[dict[str, Any]]) -> list[Any]:
        import opencc  # noqa: PLC0415 – only where it is asked for

        converter = opencc.OpenCC(config)
        return [converter.convert(item["text"]) for item in items]

    return convert


def _zhconv(locale: str) -> Callable[[list[dict[str, Any]]], list[Any]]:
    def convert(items: list[dict[str, Any]]) -> list[Any]:
        import zhconv  # noqa: PLC0415 – only where it is asked for

        return [zhconv.convert(item["text"], locale) for item in items]

    return convert


BASELINES: dict[str, Callable[[list[dict[str, Any]]], list[Any]]] = {
    "opencc t2s": _opencc("t2s"),
    "opencc tw2s": _opencc("tw2s"),
    "zhconv zh-cn": _zhconv("zh-cn"),
    "zhconv zh-hans": _zhconv("zh-hans"),
}


def _right(item: dict[str, Any], answer: str) -> bool:
    """Whether the Han characters are the expected ones."""
    return _NOT_HAN.sub("", answer) == _NOT_HAN.sub("", item["expect"])


def score(items: list[dict[str, Any]], answers: list[Any]) -> dict[str, float]:
    """Shares of each set: pairs and cases right, simplified sentences untouched."""
    names = {
        "pairs": "pairs_right",
        "cases": "cases_right",
        "simplified": "simplified_untouched",
        "kept": "cases_untouched",
    }
    right: dict[str, list[bool]] = defaultdict(list)
    for item, answer in zip(items, answers, strict=True):
        right[item["set"]].append(_right(item, answer))
    return {
        name: sum(right[group]) / len(right[group]) for group, name in names.items() if right[group]
    }


def mistakes(items: list[dict[str, Any]], answers: list[Any]) -> list[str]:
    """Each wrong sentence: the set, what came out, and what was expected."""
    return [
        f"{item['set']}: {answer} | {item['expect']}"
        for item, answer in zip(items, answers, strict=True)
        if not _right(item, answer)
    ]
