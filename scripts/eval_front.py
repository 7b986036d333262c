"""How well `decode` and `extract` do on real files, and how fast.

    python scripts/eval_front.py DATA [--json]

DATA is the data folder (its `charset/` and `html/` archives).  Charsets: the share of files whose
text comes out as it is in the file's true encoding.  Main text: F1 over the multisets of 4-grams
of characters, white space removed, against the page's main text; the mean over pages.
"""

import argparse
import gzip
import io
import json
import random
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import zstandard
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from frames import docs_of, stage

#: A folder of charset_dev → the names that are right.
TRUE = {
    "big5": "big5",
    "cp932": "shift_jis",
    "euc_jp": "euc-jp",
    "euc_kr": "euc-kr",
    "gb18030": "gb18030",
    "gb2312": "gb18030",
    "johab": "johab",
    "shift_jis": "shift_jis",
    "utf_16": "utf-16",
    "utf_16_be": "utf-16be",
    "utf_32": "utf-32",
    "utf_8": "utf-8",
    "10.txt": "gb18030",
    "test4.txt": "gb18030",
    "test_sample_euc-jp.txt": "euc-jp",
    "test_sample_big5.txt": "",  # every high byte was replaced by `?` before: no charset is right
}
CHINESE = ("gb18030", "big5", "hz")


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a `.tar.zst`."""
    body = zstandard.ZstdDecompressor().stream_reader(archive.read_bytes()).read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        for member in tar:
            if member.isfile():
                content = tar.extractfile(member).read()
                packed = member.name.endswith(".gz")
                yield member.name, gzip.decompress(content) if packed else content


def charset_files(data: Path) -> dict[str, Any]:
    """Right answers on the real files, declared and with the declaration falsified."""
    decode = stage("decode")
    seen: Counter[str] = Counter()
    wrong = []
    for name, payload in members(data / "charset" / "charset_dev.tar.zst"):
        parts = name.split("/")
        true = TRUE.get(parts[-1], TRUE.get(parts[-2], "utf-8"))
        if not true:
            continue
        chinese = true in CHINESE
        for declared in (None, "big5" if true == "gb18030" else "gb2312"):
            found = decode.decoded(payload, declared)[1] or "binary"
            right = found.startswith(true)
            kind = "chinese" if chinese else "other"
            case = "lied" if declared else "plain"
            seen[f"{kind}_{case}"] += 1
            seen[f"{kind}_{case}_right"] += right
            seen["foreign_as_chinese"] += not chinese and found.startswith(CHINESE)
            if not right:
                wrong.append(f"{name} ({declared}): {found}")
    return {**seen, "wrong": wrong}


def charset_pages(data: Path) -> dict[str, Any]:
    """Right answers on the real pages, most of which declare themselves."""
    decode = stage("decode")
    files = dict(members(data / "html" / "html_dev.tar.zst"))
    index = next(body for name, body in files.items() if name.endswith("index.jsonl"))
    root = next(name for name in files if name.endswith("index.jsonl")).removesuffix("index.jsonl")
    seen: Counter[str] = Counter()
    wrong = []
    start = time.process_time()
    for line in index.decode().splitlines():
        row = json.loads(line)
        payload = files[root + row["file"]]
        for declared in (None, "big5"):
            found = decode.decoded(payload, declared)[1] or "binary"
            # The index takes this page for GB2312; its title and its text say Korean.
            if row["id"] == "f461a4196748":
                row["decodes_as"] = "euc-kr"
            true = (
                row["decodes_as"].rstrip("?").replace("gb2312", "gb18030").replace("gbk", "gb18030")
            )
            seen["pages"] += 1
            seen["right"] += found == true
            if found != true:
                wrong.append(f"{row['file']} ({declared}): {found}, true {true}")
    size = 2 * sum(len(files[root + json.loads(x)["file"]]) for x in index.splitlines())
    seen["mb_per_s"] = round(size / (time.process_time() - start) / 1e6)
    return {**seen, "wrong": wrong}


def charset_snippets(data: Path) -> list[dict[str, Any]]:
    """Short texts in each Chinese encoding, with a false declaration or none."""
    decode = stage("decode")
    texts: dict[str, list[str]] = {"gb18030": [], "big5": [], "euc-jp": [], "euc-kr": []}
    langs = {"zho-CN": "gb18030", "zho-TW": "big5", "jpn": "euc-jp", "kor": "euc-kr"}
    with (data / "lid" / "lid_dev.jsonl.zst").open("rb") as raw:
        stream = zstandard.ZstdDecompressor().stream_reader(raw)
        for line in io.TextIOWrapper(stream, encoding="utf-8"):
            row = json.loads(line)
            if row["lang"] in langs:
                texts[langs[row["lang"]]].append(row["text"])
    rng = random.Random(20)
    table = []
    for size in (6, 12, 25, 50):
        row: dict[str, Any] = {"characters": size}
        for true, pool in texts.items():
            right = tried = chinese = 0
            for text in rng.sample(pool, 200):
                payload = text[:size].encode(true, "ignore")
                if len(payload) < size * 1.4:
                    continue
                lie = rng.choice(["utf-8", "big5" if true == "gb18030" else "gb2312", None])
                found = decode.decoded(payload, lie)[1]
                tried += 1
                right += found.startswith(true)
                chinese += found.startswith(CHINESE)
            row[true] = round(right / tried, 3)
            if true.startswith("euc"):
                row[f"{true}_as_chinese"] = round(chinese / tried, 3)
        table.append(row)
    return table


def grams(text: str) -> Counter[str]:
    """The multiset of 4-grams without white space; a shorter text is one gram."""
    text = "".join(text.split())
    return Counter(text[i : i + 4] for i in range(max(len(text) - 3, 1))) if text else Counter()


def f1(found: str, true: str) -> tuple[float, float, float]:
    """F1, precision and recall over 4-grams."""
    a, b = grams(found), grams(true)
    same = (a & b).total()
    precision, recall = same / max(a.total(), 1), same / max(b.total(), 1)
    return 2 * same / max(a.total() + b.total(), 1), precision, recall


def resiliparse(html: str) -> str:
    """The peer's main content."""
    tree = HTMLTree.parse(html)
    return extract_plain_text(tree, main_content=True, alt_texts=False, preserve_formatting=True)


def main_text(data: Path, detail: bool) -> dict[str, Any]:
    """F1, precision, recall and pages per second beside resiliparse's."""
    decode, extract = stage("decode"), stage("extract")
    files = dict(members(data / "html" / "html_dev.tar.zst"))
    root = next(name for name in files if name.endswith("truth.jsonl")).removesuffix("truth.jsonl")
    rows = [json.loads(x) for x in files[root + "truth.jsonl"].decode().splitlines()]
    pages = [decode.decoded(files[root + row["file"]], None)[0] for row in rows]
    urls = [row["url"] for row in rows]
    docs = docs_of(pages, media_type=["text/html"] * len(pages), url=urls)
    start = time.process_time()
    out = pl.concat([extract(docs[i]) for i in range(docs.height)])
    ours_s = time.process_time() - start
    start = time.process_time()
    peers = [resiliparse(page) for page in pages]
    peers_s = time.process_time() - start
    result: dict[str, Any] = {
        "pages_per_s": {
            "ours": round(len(pages) / ours_s),
            "resiliparse": round(len(pages) / peers_s),
            "mb_per_s_ours": round(sum(map(len, pages)) / ours_s / 1e6, 1),
        }
    }
    groups = {"human_gold": "magic-html", "machine": "cx-extractor"}
    for group, repository in groups.items():
        chosen = [i for i, row in enumerate(rows) if repository in row["file"]]
        for name, texts in (("ours", out.get_column("text").to_list()), ("resiliparse", peers)):
            scores = [f1(texts[i], rows[i]["text"]) for i in chosen]
            means = [round(100 * sum(s) / len(scores), 1) for s in zip(*scores, strict=True)]
            result[f"{group}_{name}"] = dict(zip(("f1", "precision", "recall"), means, strict=True))
            if detail and name == "ours":
                for i, score in zip(chosen, scores, strict=True):
                    theirs = f1(peers[i], rows[i]["text"])[0]
                    title = (out.get_column("extract_title")[i] or "")[:30]
                    shown = " ".join(f"{100 * s:5.1f}" for s in score)
                    print(f"{shown} | {100 * theirs:5.1f} {rows[i]['file'][4:]} {title}")
    return result


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", choices=["charset", "html"])
    parser.add_argument("--detail", action="store_true", help="one line per page")
    args = parser.parse_args()
    tables: dict[str, Any] = {}
    if args.only != "html":
        tables["charset_files"] = charset_files(args.data)
        tables["charset_pages"] = charset_pages(args.data)
        tables["charset_snippets"] = charset_snippets(args.data)
    if args.only != "charset":
        tables["main_text"] = main_text(args.data, args.detail)
    print(json.dumps(tables, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
