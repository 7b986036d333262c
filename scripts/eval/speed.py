"""How fast the front end is on one core: CPU time, the best of three, of whole batches.

Enters: the real pages and a sample of real text documents, as jobs.  Leaves: CPU seconds per job.
Refuses: to compare wall clocks on a shared machine; the peers time themselves in the same run.
"""

# ruff: noqa: PLC0415 – each library is imported where it is timed: no environment has them all

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.eval.reading import members, rows

ROOM = "speed"
#: A timing of another day says nothing; the peers are asked anew in every run.
FRESH = True
ROUNDS = 3
#: After so many seconds no further round: a slow peer is not made faster by a warm cache.
LONG_S = 6.0
#: Bytes of text per job: most of a second at the slowest target.
ENOUGH = 12_000_000
#: Sources that publish in one script only, for `normalize` by script.
TRADITIONAL = ("zh-tw", "zh-TW", "kong0107", "zh-hant", "DRCD")
SIMPLIFIED = ("zh-cn", "zh-CN", "LawRefBook", "zh-hans", "docs-cn", "OI-wiki", "COLDataset")


def items(data: Path) -> list[dict[str, Any]]:
    """The jobs: what is done, to which texts or bytes, and how much that is."""
    pages, truth = page_jobs(data)
    texts = [(row["source"], row["text"]) for row in rows(data / "text" / "sample.jsonl.zst")]
    some = cut([text for _, text in texts])
    hans = cut([text for source, text in texts if any(s in source for s in SIMPLIFIED)])
    hant = cut([text for source, text in texts if any(s in source for s in TRADITIONAL)])
    gbk = [text.encode("gb18030", "replace") for text in hans]
    return [
        {"job": "extract", "unit": "pages", "amount": len(pages), "texts": pages},
        {"job": "extract_truth", "unit": "pages", "amount": len(truth), "texts": truth},
        text_job("front_end", some),
        text_job("decode_text", some),
        bytes_job("decode_utf8", [text.encode() for text in some]),
        bytes_job("decode_gbk", gbk),
        text_job("langid", some),
        text_job("normalize_hans", hans),
        text_job("normalize_hant", hant),
    ]


def page_jobs(data: Path) -> tuple[list[str], list[str]]:
    """All real pages, and those with a truth, decoded as the index says."""
    files = dict(members(data / "html" / "html_dev.tar.zst"))
    root = next(name for name in files if name.endswith("index.jsonl")).removesuffix("index.jsonl")
    index = [json.loads(line) for line in files[root + "index.jsonl"].decode().splitlines()]
    known = {json.loads(x)["file"] for x in files[root + "truth.jsonl"].decode().splitlines()}
    pages = {
        row["file"]: files[root + row["file"]].decode(python_name(row["decodes_as"]), "replace")
        for row in index
    }
    return list(pages.values()), [page for name, page in pages.items() if name in known]


def python_name(charset: str) -> str:
    """The codec for a charset of the index; `?` there means that the index is not sure."""
    name = charset.rstrip("?").lower()
    return "gb18030" if name in {"gb2312", "gbk"} else name


def cut(texts: list[str]) -> list[str]:
    """The first texts that are enough to time, the longest ones not first."""
    chosen, size = [], 0
    for text in texts:
        chosen.append(text)
        size += len(text.encode())
        if size >= ENOUGH:
            break
    return chosen


def text_job(job: str, texts: list[str]) -> dict[str, Any]:
    """A job on texts; the amount is MB of UTF-8."""
    amount = sum(len(text.encode()) for text in texts) / 1e6
    return {"job": job, "unit": "mb", "amount": amount, "texts": texts}


def bytes_job(job: str, payloads: list[bytes]) -> dict[str, Any]:
    """A job on bytes; the amount is MB of them."""
    return {"job": job, "unit": "mb", "amount": sum(map(len, payloads)) / 1e6, "payloads": payloads}


def best(work: Callable[[], Any], least: int = 1) -> float:
    """CPU seconds of the fastest of some rounds, at least so many; the first one warms up."""
    seconds: list[float] = []
    while len(seconds) < least or (len(seconds) < ROUNDS and sum(seconds) < LONG_S):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return max(min(seconds), 1e-9)


def ours(items: list[dict[str, Any]]) -> list[Any]:
    """CPU seconds of each job."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
    from frames import docs_of, stage

    built = {name: stage(name) for name in ("decode", "extract", "langid", "normalize")}

    def batch(job: dict[str, Any]) -> Any:
        if "payloads" in job:
            return docs_of([None] * len(job["payloads"]), payload=job["payloads"])
        kind = "text/html" if job["unit"] == "pages" else None
        return docs_of(job["texts"], media_type=[kind] * len(job["texts"]))

    def seconds(job: dict[str, Any]) -> float:
        docs, name = batch(job), job["job"].split("_")[0]
        if name == "front":

            def work() -> None:
                out = docs
                for each in built.values():
                    out = each(out)
        else:
            if name == "normalize":
                docs = built["langid"](built["decode"](docs))

            def work() -> None:
                built[name](docs)

        return best(work, least=2)  # the first round may compile kernels

    return [seconds(job) for job in items]


def per_page(extract: Callable[[str], Any]) -> Callable[[list[dict[str, Any]]], list[Any]]:
    """A peer that only extracts: CPU seconds of the jobs on pages, nothing of the others."""

    def answers(items: list[dict[str, Any]]) -> list[Any]:
        return [
            best(lambda job=job: [extract(page) for page in job["texts"]])
            if job["unit"] == "pages"
            else None
            for job in items
        ]

    return answers


def trafilatura(items: list[dict[str, Any]]) -> list[Any]:
    """The extractor that most pipelines use, as they call it."""
    from trafilatura import extract

    return per_page(lambda page: extract(page, include_comments=False))(items)


def resiliparse(items: list[dict[str, Any]]) -> list[Any]:
    """The fast one, in C++."""
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    return per_page(lambda page: extract_plain_text(HTMLTree.parse(page), main_content=True))(items)


BASELINES: dict[str, Callable[[list[dict[str, Any]]], list[Any]]] = {
    "trafilatura": trafilatura,
    "resiliparse": resiliparse,
}


def score(items: list[dict[str, Any]], answers: list[Any]) -> dict[str, float]:
    """Pages or MB per CPU second of each job: `<job>_pages_s`, `<job>_mb_s`."""
    return {
        f"{job['job']}_{job['unit']}_s": job["amount"] / seconds
        for job, seconds in zip(items, answers, strict=True)
        if seconds is not None
    }


def mistakes(_items: list[dict[str, Any]], _answers: list[Any]) -> list[str]:
    """A speed is never wrong."""
    return []
