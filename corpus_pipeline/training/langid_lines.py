"""Lines that the language model is trained on beside labelled sentences.

Enters: documents, dictionaries of Japanese and Korean, installed packages, a seeded generator.
Leaves: (text, label) pairs: Chinese documents cut to all lengths, Japanese without kana, Korean in
Hanja, romanised Chinese; and windows of source code.
"""

from __future__ import annotations

import ast
import json
import random
import re
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

import jieba
import polars as pl
import yaml

from corpus_pipeline.model import PipelineError
from corpus_pipeline.training.documents import read_documents

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
#: The word classes of a heading: names, places, organisations, compounds.
HEADINGS = ("nr", "ns", "nt", "ns n", "n v", "n n", "v n", "ns n v", "nz n", "a n")
#: Endings of installed files that are code or data → files read, evenly from all there are.
INSTALLED = {
    "js": 60,
    "css": 40,
    "html": 40,
    "h": 80,
    "json": 60,
    "yaml": 40,
    "c": 40,
    "cpp": 30,
    "sh": 30,
}
#: Modules of the standard library that are read.
MODULES = 180
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
#: Languages of fenced blocks that are no code: output of programs, text.
NO_CODE = {"output", "text", "console", "log", "input", "md", "markdown", "plain", "plaintext"}
NO_CODE |= {"toc", "ebnf", "ebnf+diagram", "none", "playercontext", "txt", "sh-session"}


def part_of(count: int, share: float) -> int:
    """`share` of the count that the shipped model is trained on; at least one."""
    return max(1, round(count * share))


def bulk(data: Path) -> pl.DataFrame:
    """The bulk documents (`text`, `source`, `path`, …) that are not in the sample."""
    docs = read_documents(data / "text" / "bulk.jsonl.zst", ("text", "source", "path"))
    sample = read_documents(data / "text" / "sample.jsonl.zst", ("text",))
    return docs.join(sample.select("text").unique(), on="text", how="anti", maintain_order="left")


def _lines_of(docs: pl.DataFrame, label: str | None) -> Pairs:
    """The lines of eight characters or more; with label None the path tells zh from lzh."""
    lines: Pairs = []
    for text, path in docs.select("text", "path").iter_rows():
        # Pairs hold the modern translation; novels (第五回) are neither classical nor modern.
        if label is None and "回/" in path:
            continue
        name = label or ("zh" if path.endswith("target.txt") else "lzh")
        prose = FENCED.sub("", text)  # code is not Chinese
        pieces = [prose] if name == "lzh" and len(prose) < 300 else prose.split("\n")
        lines += [(piece[:300], name) for piece in pieces if len(piece) >= 8]
    return lines


def document_lines(
    docs: pl.DataFrame, without: set[str], rng: random.Random, share: float
) -> Pairs:
    """Lines of Chinese documents, and clauses of other lines as short texts."""
    out: Pairs = []
    for source, (label, whole) in DOCUMENTS.items():
        wanted = part_of(whole, share)
        part = docs.filter(pl.col("source") == source)
        lines = [] if source in without else _lines_of(part, label)
        rng.shuffle(lines)
        out += lines[:wanted]
        # Headings in kanji alone resemble verse most.
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
        tag: rng.choices([w for w, _ in listed], [f for _, f in listed], k=6 * count)
        for tag, listed in words.items()
    }
    out: Pairs = []
    for _ in range(count):
        tags = rng.choice(HEADINGS).split()
        chosen = [drawn[tag].pop() for tag in tags * rng.randint(1, 2)]
        out.append((rng.choice(["", "", "", " ", "、", "　"]).join(chosen), "zh"))
    return out


def number(rng: random.Random, *, arabic: bool) -> str:
    """A small number in one of the kinds of digits that Japanese texts mix."""
    value = str(rng.choice([rng.randint(1, 40), rng.randint(1, 3000)]))
    kind = rng.random()
    if kind < 0.6:
        return value
    digits = "０１２３４５６７８９" if arabic or kind < 0.85 else "〇一二三四五六七八九"
    return value.translate(dict(zip(range(48, 58), digits, strict=True)))


@cache
def ipadic(folder: Path) -> dict[str, list[str]]:
    """Kind → words of the dictionary in kanji alone, frequent ones (of low cost) repeated."""
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


def filled(rules: dict[str, Any], words: dict[str, list[str]], rng: random.Random) -> str:
    """One of the patterns (`langid_hard.yaml`) with words drawn for its slots."""
    pattern = rng.choice(rules["patterns"])
    draw = {**words, **rules["lists"]}

    def word(match: re.Match[str]) -> str:
        if match[1] in "nd":
            return number(rng, arabic=match[1] == "d")
        return str(rng.choice(draw[match[1]]))

    return re.sub(r"\{(\w+)\}", word, pattern)


def japanese_without_kana(
    sentences: list[str], folder: Path, rng: random.Random, count: int
) -> Pairs:
    """Sentences without kana, their runs of kanji, and patterns filled from the dictionary."""
    out: Pairs = []
    runs: list[str] = []
    for text in sentences:
        of_text = KANJI.findall(text)
        runs += of_text
        # A sentence without its kana reads like a headline.
        headline = "".join(of_text)
        out += [(headline, "ja")] if len(headline) >= 4 else []
        out += [(run, "ja") for run in of_text if len(run) >= 4]
    if not runs:
        raise PipelineError("the Japanese sentences hold no run of two kanji")
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
    """The Sino-Korean words of Korean sentences in Hanja, by sentence and in patterns."""
    table = hanja(path)
    words: list[str] = []
    out: Pairs = []
    for text in sentences:
        spellings, at = [], 0
        while at < len(text):
            size = next((n for n in (6, 5, 4, 3, 2) if text[at : at + n] in table), 0)
            if size:
                spellings.append(table[text[at : at + size]])
            at += size or 1
        words += spellings
        if len(spellings) >= 3:
            out.append((rng.choice([" ", " ", ""]).join(spellings), "ko"))
    if not words:
        raise PipelineError(f"no word of the Korean sentences stands in {path}")
    out += [(filled(HARD["korean"], {"word": words}, rng), "ko") for _ in range(count)]
    return out


def romanised(rng: random.Random, count: int) -> Pairs:
    """Lines of pinyin syllables without tones."""
    syllables = HARD["romanised"].split()
    drawn = (rng.choices(syllables, k=rng.randint(3, 30)) for _ in range(count))
    return [(" ".join(line), "zh-Latn") for line in drawn]


def fenced(docs: pl.DataFrame, sources: tuple[str, ...]) -> list[str]:
    """The distinct fenced blocks of code of the documents of these sources."""
    part = docs.filter(pl.col("source").is_in(sources))
    found = (m for text in part.get_column("text") for m in FENCED.finditer(text))
    return list(dict.fromkeys(m[2] for m in found if m[1].lower() not in NO_CODE and m[2].strip()))


def windows(text: str, rng: random.Random, count: int) -> list[str]:
    """Up to `count` random pieces of the text, of 2 to 25 lines and more than one word."""
    lines = text.splitlines()
    out = []
    for _ in range(count):
        start = rng.randrange(max(1, len(lines)))
        piece = "\n".join(lines[start : start + rng.choice([2, 4, 8, 15, 25])])
        out += [piece] if len(piece.split()) > 1 else []
    return out


def installed_code(rng: random.Random, share: float) -> tuple[list[str], list[str]]:
    """Windows of the standard library and of installed packages, and paragraphs of docstrings."""
    code, prose = [], []
    library, packages = (Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib"))
    for path in sorted(library.glob("*.py"))[: part_of(MODULES, share)]:
        text = path.read_text("utf-8", errors="replace")
        code += windows(text, rng, 12)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                prose += [p for p in (ast.get_docstring(node) or "").split("\n\n") if len(p) > 30]
    files: dict[str, list[Path]] = {ending: [] for ending in INSTALLED}
    for path in packages.rglob("*.*"):
        ending = path.suffix[1:]
        if ending in files and path.stat().st_size < 400_000:
            files[ending].append(path)
    for ending, whole in INSTALLED.items():
        paths = sorted(files[ending])
        for path in paths[:: max(1, len(paths) // part_of(whole, share))]:
            code += windows(path.read_text("utf-8", errors="replace"), rng, 8)
    return code, prose


def structured(rng: random.Random, texts: list[str], count: int) -> list[str]:
    """Rows of JSON, SQL and YAML with Chinese values, `count` of each."""
    out = []
    names = ["id", "name", "title", "type", "status", "content", "date", "user_id", "label"]
    for _ in range(count):
        keys = rng.sample(names, rng.randint(3, 6))
        row = {k: rng.choice([rng.randint(0, 9999), rng.choice(texts)[:12]]) for k in keys}
        out += [
            json.dumps(row, ensure_ascii=False, indent=rng.choice([None, 2])),
            # Training text; it is never executed.
            f"INSERT INTO {rng.choice(names)} ({', '.join(keys)}) VALUES {tuple(row.values())};",  # noqa: S608 – see above
            "\n".join(f"{k}: {v}" for k, v in row.items()),
        ]
    return out
