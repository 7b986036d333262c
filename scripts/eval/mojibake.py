"""Mojibake: real texts garbled in every way, and clean ones that must stay as they are.

Enters: `parallel/`, `lid/` and `text/` of the data folder, and tests/cases.  Leaves: items (a text
as a pipeline gets it, and the true one) and scores.  Where bytes were lost, U+FFFD in place of the
character that lost them is right; a wrong character is not.
Refuses: to count a text as garbled that its wrong charset leaves as it was.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from scripts.eval.reading import rows

ROOM = "mojibake"
ROOT = Path(__file__).parents[2]
SENTENCES, DOCUMENTS, CLEAN = 150, 40, 20_000


def latin(data: bytes) -> str:
    """Bytes read as the web reads ISO 8859-1: cp1252 with the controls in its holes."""
    return "".join(
        bytes((b,)).decode("cp1252") if b not in b"\x81\x8d\x8f\x90\x9d" else chr(b) for b in data
    )


#: Name → script, and what happens to a text; those with `~` lose bytes.
KINDS: dict[str, tuple[str, Callable[[str], str]]] = {
    "utf8-as-gbk": ("hans", lambda t: t.encode().decode("gb18030")),
    "utf8-as-gbk hant": ("hant", lambda t: t.encode().decode("gb18030")),
    "utf8-as-gbk~": ("hans", lambda t: t.encode().decode("gb18030", "replace")),
    "utf8-as-gbk~ strict": ("hans", lambda t: t.encode().decode("gbk", "replace")),
    "utf8-as-gbk~ ?": (
        "hans",
        lambda t: t.encode().decode("gb18030", "replace").replace("\ufffd", "?"),
    ),
    "utf8-as-latin1": ("hans", lambda t: latin(t.encode())),
    "utf8-as-latin1 hant": ("hant", lambda t: t.encode().decode("latin-1")),
    "utf8-as-macroman": ("hans", lambda t: t.encode().decode("mac_roman")),
    "gbk-as-latin1": ("hans", lambda t: latin(t.encode("gbk"))),
    "gbk-as-latin1 hant": ("hant", lambda t: t.encode("gbk").decode("latin-1")),
    "gbk-as-macroman": ("hans", lambda t: t.encode("gbk").decode("mac_roman")),
    "big5-as-latin1": ("hant", lambda t: latin(t.encode("big5"))),
    "big5-as-gbk": ("hant", lambda t: t.encode("big5").decode("gb18030")),
    "gbk-as-big5": ("hans", lambda t: t.encode("gbk").decode("big5hkscs")),
}


def items(data: Path) -> list[dict[str, Any]]:
    """Garbled sentences, documents and paragraphs; clean texts; the cases of tests/cases."""
    found = [*cases()]
    if data.exists():
        lines, texts = prose(data)
        rng = random.Random(11)
        for kind, (script, garble) in KINDS.items():
            found += garbled(kind, garble, lines[script], texts[script], rng)
        found += clean(data)
    return found


def cases() -> Iterator[dict[str, Any]]:
    """What tests/cases/mojibake.jsonl holds."""
    path = ROOT / "tests" / "cases" / "mojibake.jsonl"
    for case in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        if "xfail" not in case:
            same = case["text"] == case["expect"]["text"]
            yield {
                "group": "clean case" if same else "case",
                "text": case["text"],
                "truth": case["expect"]["text"],
                "lossy": False,
            }


def prose(data: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Lines with at least eight Han characters, and documents, per script."""
    lines: dict[str, list[str]] = {"hans": [], "hant": []}
    texts: dict[str, list[str]] = {"hans": [], "hant": []}
    for row in rows(data / "parallel" / "hans_hant_docs.jsonl.zst"):
        for script in lines:
            if len(row[script]) > 400:
                texts[script].append(row[script][:3000])
            lines[script] += [x for x in row[script].split("\n") if han(x) >= max(8, len(x) / 2)]
    rng = random.Random(10)
    for pool in (*lines.values(), *texts.values()):
        rng.shuffle(pool)
    return lines, texts


def han(text: str) -> int:
    """How many Han characters of the basic block."""
    return sum("\u4e00" <= c <= "\u9fff" for c in text)


def garbled(
    kind: str, garble: Callable[[str], str], lines: list[str], texts: list[str], rng: random.Random
) -> Iterator[dict[str, Any]]:
    """Sentences of 8 to 200 characters, whole documents, documents with one broken paragraph."""
    lossy = "~" in kind

    def made(group: str, before: str, text: str, after: str) -> dict[str, Any] | None:
        try:
            bad = garble(text)
        except UnicodeError:
            return None
        if not lossy and "\ufffd" in bad:
            return None
        whole = {"text": before + bad + after, "truth": before + text + after}
        return {"group": f"{kind} {group}", "lossy": lossy} | whole

    yield from islice(sentences(made, lines, rng), SENTENCES)
    count = Counter[str]()
    for text in texts:
        for group, one in documents(made, text):
            if one and count[group] < DOCUMENTS:
                count[group] += 1
                yield one
        if count["document"] == count["paragraph"] == DOCUMENTS:
            break


Made = Callable[[str, str, str, str], dict[str, Any] | None]


def sentences(made: Made, lines: list[str], rng: random.Random) -> Iterator[dict[str, Any]]:
    """Beginnings of lines that have enough Han."""
    for line in lines:
        short = line[: rng.choice((8, 12, 20, 40, 80, 200))]
        one = made("sentence", "", short, "") if han(short) >= 6 else None
        if one:
            yield one


def documents(made: Made, text: str) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """A document garbled as a whole, and with a paragraph of its middle garbled."""
    yield "document", made("document", "", text, "")
    parts = text.split("\n")
    middle = next((i for i in range(len(parts) // 2, len(parts)) if han(parts[i]) >= 8), None)
    if middle is not None:
        before = "".join(part + "\n" for part in parts[:middle])
        after = "".join("\n" + part for part in parts[middle + 1 :])
        yield "paragraph", made("paragraph", before, parts[middle], after)


def clean(data: Path) -> Iterator[dict[str, Any]]:
    """Texts in 75 languages, verse, classics, statutes, documentation, comments."""
    pool = [row["text"] for row in rows(data / "lid" / "lid_dev.jsonl.zst")]
    pool = random.Random(12).sample(pool, CLEAN - 6000)
    pool += [row["text"] for row in rows(data / "text" / "sample.jsonl.zst")]
    for text in pool:
        yield {"group": "clean", "text": text, "truth": text, "lossy": False}


def ours(found: list[dict[str, Any]]) -> list[Any]:
    """What the stage makes of texts that a reader hands over."""
    sys.path.insert(0, str(ROOT / "tests"))
    from frames import docs_of, stage  # noqa: PLC0415 – only where it is asked for

    return stage("decode")(docs_of([one["text"] for one in found]))["text"].to_list()


def ftfy(found: list[dict[str, Any]]) -> list[Any]:
    """The repair of ftfy: encodings alone."""
    import ftfy as library  # noqa: PLC0415 – only where it is asked for

    return [library.fix_encoding(one["text"]) for one in found]


BASELINES: dict[str, Callable[[list[dict[str, Any]]], list[Any]]] = {"ftfy": ftfy}


def right(one: dict[str, Any], text: str) -> bool:
    """Exactly the truth; where bytes were lost, U+FFFD may stand for a third of its characters."""
    if text == one["truth"] or not one["lossy"]:
        return text == one["truth"]
    few = 3 * text.count("\ufffd") <= len(text)
    return (
        few
        and len(text) == len(one["truth"])
        and all(a in (b, "\ufffd") for a, b in zip(text, one["truth"], strict=True))
    )


def score(found: list[dict[str, Any]], answers: list[Any]) -> dict[str, float]:
    """Shares of repaired texts by kind and form, all kinds together, and clean texts touched."""
    seen: Counter[str] = Counter()
    good: Counter[str] = Counter()
    touched = Counter({"clean": 0, "clean_case": 0})
    for one, text in zip(found, answers, strict=True):
        group = one["group"].replace(" ", "_")
        if group in touched:
            touched[group] += text != one["truth"]
            continue
        for key in (group, "lossy" if one["lossy"] else "all"):
            seen[key] += 1
            good[key] += right(one, text)
    metrics = {f"{key}_repaired": good[key] / seen[key] for key in sorted(seen)}
    return metrics | {f"{key}_touched": float(touched[key]) for key in sorted(touched)}


def mistakes(found: list[dict[str, Any]], answers: list[Any]) -> list[str]:
    """One line per wrong answer."""
    lines = []
    for one, text in zip(found, answers, strict=True):
        if not right(one, text):
            pairs = enumerate(zip(text, one["truth"], strict=False))
            at = max(next((i for i, (a, b) in pairs if a != b), 0) - 10, 0)
            cut = [x[at : at + 40].replace("\n", "⏎") for x in (text, one["truth"])]
            lines.append(f"{one['group']}: {cut[0]} | true: {cut[1]}")
    return lines
