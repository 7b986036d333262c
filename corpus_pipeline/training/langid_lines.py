"""Where the lines come from that the language model is trained on, beside labelled sentences.

Enters: the data folder, two dictionaries and what is installed beside this script.  Leaves:
(text, label) pairs: Chinese documents cut to every length, Japanese without kana, Korean in Hanja,
romanised Chinese, source code.
Refuses: anything random without a seed.
"""

from __future__ import annotations

import ast
import json
import random
import re
import sysconfig
from functools import cache
from pathlib import Path

import jieba
import polars as pl
import yaml

Pairs = list[tuple[str, str]]

HARD = yaml.safe_load((Path(__file__).parent / "langid_hard.yaml").read_text(encoding="utf-8"))
KANJI = re.compile(r"[\u4e00-\u9fff々]{2,}")
CLAUSE_ENDS = re.compile(r"[，。、；：？！“”「」《》（）\s]")
HAN = re.compile(r"[\u4e00-\u9fff]+")
#: Chinese documents: source → (label, lines taken).
DOCUMENTS = {
    "Werneror/Poetry": ("lzh", 6000),
    "NiuTrans/Classical-Modern": (None, 8000),
    "thu-coai/COLDataset": ("zh", 4000),
    "DRCKnowledgeTeam/DRCD": ("zh", 2500),
    "ymcui/cmrc2018": ("zh", 2500),
    "kong0107/mojLawSplitJSON": ("zh", 2500),
    "LawRefBook/Laws": ("zh", 2500),
    "pingcap/docs-cn": ("zh", 1500),
    "MicrosoftDocs/visualstudio-docs.zh-tw": ("zh", 1500),
}
#: Documentation whose fenced blocks train; every other source's blocks only measure.
CODE_SOURCES = (
    "yuanzhoucq/cpp-docs.zh-cn",
    "wjcx-zh/cpp-docs.zh-tw",
    "pingcap/docs-cn",
    "xreader-cn/AspNetCore.Docs.zh-cn",
    "MicrosoftDocs/visualstudio-docs.zh-tw",
    "MicrosoftDocs/Dynamics-365-Operations.zh-cn",
)
FENCED = re.compile(r"^```[ \t]*([\w+#.-]+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: Blocks that hold what a program says, or text.
NO_CODE = {"output", "text", "console", "log", "input", "md", "markdown", "plain", "plaintext"}
NO_CODE |= {"toc", "ebnf", "ebnf+diagram", "none", "playercontext", "txt", "sh-session"}


def bulk(data: Path) -> pl.DataFrame:
    """The bulk documents that are not in the sample."""
    read = [pl.read_ndjson(data / "text" / f"{name}.jsonl.zst", infer_schema_length=None)
            for name in ("bulk", "sample")]  # fmt: skip
    return read[0].join(
        read[1].select("text").unique(), on="text", how="anti", maintain_order="left"
    )


def document_lines(docs: pl.DataFrame, without: set[str], rng: random.Random) -> Pairs:
    """Lines of Chinese documents, then clauses of others: short text must be known too."""
    out: Pairs = []
    for source, (label, wanted) in DOCUMENTS.items():
        part = docs.filter(pl.col("source") == source)
        lines: Pairs = []
        for text, path in part.select("text", "path").iter_rows():
            # Pairs hold the modern translation; novels (第五回) are neither classical nor modern.
            name = label or ("zh" if path.endswith("target.txt") else "lzh")
            if source in without or (label is None and "回/" in path):
                continue
            text = FENCED.sub("", text)  # noqa: PLW2901 – listings are no Chinese
            pieces = [text] if name == "lzh" and len(text) < 300 else text.split("\n")
            lines += [(piece[:300], name) for piece in pieces if len(piece) >= 8]
        rng.shuffle(lines)
        out += lines[:wanted]
        # Verses are what a kanji-only heading looks like most.
        more = 2 * wanted if label in {"lzh", None} else wanted
        for text, name in lines[wanted : wanted + more] or lines[-more:]:
            clauses = [c for c in CLAUSE_ENDS.split(text) if len(c) >= 2]
            if clauses:
                start = rng.randrange(len(clauses))
                cut = clauses[start : start + rng.choice([1, 1, 2])]
                out.append((rng.choice(["，", "，", "。", "", ""]).join(cut)[:30], name))
    return out


def chinese_words(rng: random.Random, count: int) -> Pairs:
    """Names, places and headings of one to five words of jieba's dictionary, by frequency."""
    words: dict[str, list[tuple[str, int]]] = {}
    for line in (Path(jieba.__file__).parent / "dict.txt").read_text("utf-8").splitlines():
        word, frequency, tag = line.split()
        if HAN.fullmatch(word) and len(word) >= 2:
            words.setdefault(tag[:2] if tag[:1] == "n" else tag[:1], []).append(
                (word, int(frequency))
            )
    drawn = {
        tag: rng.choices([w for w, _ in held], [f for _, f in held], k=6 * count)
        for tag, held in words.items()
    }
    out: Pairs = []
    for _ in range(count):
        tags = rng.choice([["nr"], ["ns"], ["nt"], ["ns", "n"], ["n", "v"], ["n", "n"],
                           ["v", "n"], ["ns", "n", "v"], ["nz", "n"], ["a", "n"]])  # fmt: skip
        chosen = [drawn[tag].pop() for tag in tags * rng.randint(1, 2)]
        out.append((rng.choice(["", "", "", " ", "、", "　"]).join(chosen), "zh"))
    return out


def number(rng: random.Random, *, arabic: bool) -> str:
    """A small number in one of the kinds of digits that Japanese mixes."""
    value = str(rng.choice([rng.randint(1, 40), rng.randint(1, 3000)]))
    kind = rng.random()
    if kind < 0.6:
        return value
    digits = "０１２３４５６７８９" if arabic or kind < 0.85 else "〇一二三四五六七八九"
    return value.translate(dict(zip(range(48, 58), digits, strict=True)))


@cache
def ipadic(folder: Path) -> dict[str, list[str]]:
    """Kanji-only words of the dictionary, by what they are; frequent ones (cheap) more often."""
    kinds = {
        "Noun.csv": "noun",
        "Noun.verbal.csv": "verbal",
        "Noun.adverbal.csv": "adverb",
        "Noun.place.csv": "place",
        "Noun.org.csv": "organisation",
        "Noun.name.csv": "",
    }
    parts = {"姓": "surname", "名": "given"}
    out: dict[str, list[str]] = {}
    for name, kind in kinds.items():
        for line in (folder / name).read_text("euc-jp").splitlines():
            fields = line.split(",")
            chosen = kind or parts.get(fields[7], "")
            if chosen and KANJI.fullmatch(fields[0]):
                times = 1 + max(0, 6000 - int(fields[3])) // 500
                out.setdefault(chosen, []).extend([fields[0]] * times)
    return out


def filled(rules: dict, words: dict[str, list[str]], rng: random.Random) -> str:
    """One of the patterns with its words drawn."""
    pattern = rng.choice(rules["patterns"])
    draw = {**words, **rules["lists"]}

    def word(match: re.Match[str]) -> str:
        if match[1] in "nd":
            return number(rng, arabic=match[1] == "d")
        return rng.choice(draw[match[1]])

    return re.sub(r"\{(\w+)\}", word, pattern)


def japanese_without_kana(
    sentences: list[str], folder: Path, rng: random.Random, count: int
) -> Pairs:
    """Sentences without their kana, runs of kanji as they stand, and patterns of the dictionary."""
    out: Pairs = []
    runs: list[str] = []
    for text in sentences:
        found = KANJI.findall(text)
        runs += found
        # A sentence without its kana reads like a headline: the words belong together.
        out += [("".join(found), "ja")] if len("".join(found)) >= 4 else []
        out += [(run, "ja") for run in found if len(run) >= 4]
    words = ipadic(folder)
    for _ in range(count // 4):
        out.append(("".join(rng.choices(runs, k=rng.randint(2, 6))), "ja"))
    out += [(filled(HARD["japanese"], words, rng), "ja") for _ in range(count)]
    return out


@cache
def hanja(path: Path) -> dict[str, str]:
    """Hangul word → the first of its spellings in Hanja."""
    out: dict[str, str] = {}
    for line in path.read_text("utf-8").splitlines():
        hangul, _, rest = line.partition(":")
        spelling = rest.split(":")[0]
        if len(hangul) >= 2 and not line.startswith("#") and HAN.fullmatch(spelling):
            out.setdefault(hangul, spelling)
    return out


def korean_in_hanja(sentences: list[str], path: Path, rng: random.Random, count: int) -> Pairs:
    """The Sino-Korean words of Korean sentences as Hanja, alone and in patterns."""
    table = hanja(path)
    words: list[str] = []
    out: Pairs = []
    for text in sentences:
        found, at = [], 0
        while at < len(text):
            size = next((n for n in (6, 5, 4, 3, 2) if text[at : at + n] in table), 0)
            if size:
                found.append(table[text[at : at + size]])
            at += size or 1
        words += found
        if len(found) >= 3:
            out.append((rng.choice([" ", " ", ""]).join(found), "ko"))
    out += [(filled(HARD["korean"], {"word": words}, rng), "ko") for _ in range(count)]
    return out


def romanised(rng: random.Random, count: int) -> Pairs:
    """Pinyin without tones."""
    syllables = HARD["romanised"].split()
    return [(" ".join(rng.choices(syllables, k=rng.randint(3, 30))), "zh-Latn")
            for _ in range(count)]  # fmt: skip


def fenced(docs: pl.DataFrame, sources: tuple[str, ...]) -> list[str]:
    """The fenced blocks of code of some documentation, without repeats."""
    part = docs.filter(pl.col("source").is_in(sources))
    found = (m for text in part.get_column("text") for m in FENCED.finditer(text))
    return list(dict.fromkeys(m[2] for m in found if m[1].lower() not in NO_CODE and m[2].strip()))


def windows(text: str, rng: random.Random, count: int) -> list[str]:
    """Pieces of one to twenty-five lines."""
    lines = text.splitlines()
    out = []
    for _ in range(count):
        start = rng.randrange(max(1, len(lines)))
        piece = "\n".join(lines[start : start + rng.choice([2, 4, 8, 15, 25])])
        out += [piece] if len(piece.split()) > 1 else []
    return out


def installed_code(rng: random.Random) -> tuple[list[str], list[str]]:
    """Windows of the standard library and of installed packages, and prose of its docstrings."""
    code, prose = [], []
    library, packages = (Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib"))
    for path in sorted(library.glob("*.py"))[:180]:
        text = path.read_text("utf-8", errors="replace")
        code += windows(text, rng, 12)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                prose += [p for p in (ast.get_docstring(node) or "").split("\n\n") if len(p) > 30]
    for ending, most in (("js", 60), ("css", 40), ("html", 40), ("h", 80), ("json", 60),
                         ("yaml", 40), ("c", 40), ("cpp", 30), ("sh", 30)):  # fmt: skip
        found = sorted(p for p in packages.rglob(f"*.{ending}") if p.stat().st_size < 400_000)
        for path in found[:: max(1, len(found) // most)]:
            code += windows(path.read_text("utf-8", errors="replace"), rng, 8)
    return code, prose


def structured(rng: random.Random, texts: list[str], count: int) -> list[str]:
    """JSON, YAML and SQL rows that hold Chinese: data, not prose."""
    out = []
    names = ["id", "name", "title", "type", "status", "content", "date", "user_id", "label"]
    for _ in range(count):
        keys = rng.sample(names, rng.randint(3, 6))
        row = {k: rng.choice([rng.randint(0, 9999), rng.choice(texts)[:12]]) for k in keys}
        out += [
            json.dumps(row, ensure_ascii=False, indent=rng.choice([None, 2])),
            f"INSERT INTO {rng.choice(names)} ({', '.join(keys)}) VALUES {tuple(row.values())};",
            "\n".join(f"{k}: {v}" for k, v in row.items()),
        ]
    return out
