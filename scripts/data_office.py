"""The story of docs/data-office.md on real documents: four sources, three releases.

    python -m scripts.data_office DATA --output FOLDER [--documents 1200] [--json FILE]

DATA is the data folder.  Statutes (public data), documentation (open), news (collected) and text
messages of false base stations (bought) come in two deliveries.  The messages are refused, the
others credited; a sample is judged by simulated people, one of them careless; one URL is taken back
with its near-duplicates from both releases and their indexes; a third delivery that brings it again
is refused; releases are compared, verified, audited and described.  Every command is that of a
shell; what each said is in FOLDER/log.txt.  Leaves: the figures, as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import yaml

from scripts.eval.reading import rows

DAY = "2026-11-01"
#: Source → what its record says beside name, pattern and origin.
RECORDS: Mapping[str, Mapping[str, Any]] = {
    "statutes": {
        "kind": "public_data",
        "contributor": "Example Law Data Centre",
        "dataset": "Statutes and local regulations",
        "license": "LicenseRef-PRC-Copyright-Law-Article-5",
        "implementing_body": "Example Data Bureau",
        "operator": "Example Law Data Centre",
        "agreement_ref": "OP-0000-01",
        "registration_code": "REG-0000-01",
        "registered_until": "2027-12-31",
        "scope": "pre-training of language models",
        "security_assessment_ref": "SA-0000-01",
        "consent_basis": "public_information",
    },
    "manuals": {
        "kind": "open",
        "contributor": "Example Documentation Project",
        "dataset": "Translated manuals",
        "organisation": "Example Documentation Project",
        "license": "CC-BY-4.0",
        "license_url": "https://creativecommons.org/licenses/by/4.0/",
        "evidence": "licence.txt",
        "url": "https://manuals.example",
        "consent_basis": "no_personal_data",
    },
    "news": {
        "kind": "self_collected",
        "contributor": "Example News Desk",
        "license": "LicenseRef-Evaluation-Only",
        "collected_from": "2020-03-01",
        "collected_until": "2020-04-30",
        "collection_tool": "example-bot 1.0",
        "collection_records": "crawl log 2020-04",
        "consent_basis": "news",
        "robots": {"verdict": "allowed", "date": "2020-03-01", "checked": "robots.txt"},
        "opt_out": {"verdict": "nothing_stated", "date": "2020-03-01"},
    },
    "messages": {
        "kind": "commercial",
        "contributor": "Example Message Trader",
        "dataset": "Text messages",
        "organisation": "Example Message Trader",
        "license": "LicenseRef-Contract",
        "contract": "C-0000-01",
        "commitments": "annex 1 of C-0000-01",
        "consent_basis": "contract",
    },
}
GENERAL = {
    "origin": "cn",
    "region": "CN",
    "grade": "general",
    "language": ["zh"],
    "legal_basis": "as the record says",
    "pre_assessment": {"sampled": 200, "bad": 0, "date": "2026-10-01", "method": "random"},
}


def documents(data: Path, most: int) -> dict[str, list[dict[str, Any]]]:
    """Up to `most` rows of each source: `id`, `title`, `url`, `text`."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in RECORDS}
    for row in (*rows(data / "text/bulk.jsonl.zst"), *rows(data / "web/web_dev.jsonl.zst")):
        name = _source_of(row)
        if name is not None and len(found[name]) < most:
            found[name].append(_document(name, row))
    return found


def _source_of(row: Mapping[str, Any]) -> str | None:
    source = row["source"]
    if source == "LawRefBook/Laws":
        return "statutes"
    if source in {"pingcap/docs-cn", "xreader-cn/AspNetCore.Docs.zh-cn", "d2l-ai/d2l-zh"}:
        return "manuals"
    if source.startswith("01joy/news_search_engine"):
        return "news"
    return "messages" if source == "Cypher-Z/FBS_SMS_Dataset" else None


def _document(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    path = row.get("url") or f"https://{name}.example/{quote(row.get('path') or row['id'])}"
    return {"id": row["id"], "title": row.get("title"), "url": path, "text": row["text"]}


def delivered(folder: Path, documents: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Write a delivery: a folder a source, JSON lines in it."""
    for name, given in documents.items():
        path = folder / name / f"{folder.name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(row, ensure_ascii=False) for row in given)
        path.write_text("\n".join(lines) + "\n", "utf-8")


def settled(folder: Path, **expired: str) -> None:
    """Write the folder of sources and the config that names it."""
    (folder / "sources").mkdir(parents=True, exist_ok=True)
    (folder / "sources/licence.txt").write_text("Creative Commons Attribution 4.0\n", "utf-8")
    for name, record in RECORDS.items():
        content = {"match": [f"{name}/*"], **GENERAL, **record}
        if name in expired:
            content["registered_until"] = expired[name]
        path = folder / "sources" / f"{name}.yaml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")
    config = {
        "name": "office",
        "sources": "sources/",
        "export": {"shard_mb": 1},
        "ingest": {"split_mb": 1},
    }
    (folder / "office.yaml").write_text(yaml.safe_dump(config), "utf-8")


#: A text that is in no delivery.
_NEW = (
    "春天来了，河边的柳树发了芽。孩子们在草地上放风筝，老人坐在长椅上晒太阳，聊着往年的收成。"
    "镇上的集市又热闹起来，卖豆腐的、修鞋的、编竹筐的，各占一个角落。傍晚，渡船靠岸，"
    "船工把缆绳系在石桩上，提着一篮小鱼回家，路过桥头时总要停下来和茶馆的掌柜说几句话。"
)
RELEASES = ("release-1", "release-2")
_ROOT = Path(__file__).parents[1]
_CONFIGS = _ROOT / "configs"
_ENV = {**os.environ, "PYTHONPATH": str(_ROOT)}


class Shell:
    """Commands of the tool in a folder; what they say goes to a log, how long they take is kept."""

    def __init__(self, folder: Path) -> None:
        """Begin a log in the folder."""
        self.folder, self.seconds = folder, {}
        self.log = (folder / "log.txt").open("w", encoding="utf-8")

    def __call__(self, line: str, expect: int | None = 0) -> str:
        """Run one command, split at blanks; `SystemExit` where its exit code is not `expect`."""
        start = time.perf_counter()
        arguments = [sys.executable, "-m", "corpus_pipeline", *line.split()]
        done = subprocess.run(
            arguments, cwd=self.folder, env=_ENV, capture_output=True, check=False
        )
        took = time.perf_counter() - start
        name = line.split(maxsplit=1)[0]
        self.seconds[name] = round(self.seconds.get(name, 0) + took, 1)
        said = done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
        self.log.write(f"$ corpus-pipeline {line}\n{said}\n[{done.returncode}, {took:.1f} s]\n\n")
        self.log.flush()
        if expect is not None and done.returncode != expect:
            raise SystemExit(f"corpus-pipeline {line}: exit code {done.returncode}\n{said}")
        return done.stdout.decode()


def told(folder: Path, documents: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Tell the whole story in a folder; its figures."""
    shell = Shell(folder)
    first = {name: given[::2] for name, given in documents.items()}
    second = {name: given[1::2] for name, given in documents.items() if name != "messages"}
    delivered(folder / "delivery-1", first)
    delivered(folder / "delivery-2", second)
    figures = {
        "sources": _sources(folder, shell),
        "releases": _releases(folder, shell),
        "people": _people(folder, shell),
        "request": _request(folder, shell),
        "papers": _papers(shell),
    }
    return {**figures, "seconds": shell.seconds}


def _sources(folder: Path, shell: Shell) -> dict[str, Any]:
    """The registry is checked: once with a registration that is over, once mended."""
    check = f"sources check office.yaml --input delivery-1 --today {DAY} --json"
    settled(folder, statutes="2026-06-30")
    expired = json.loads(shell(check, expect=1))["problems"]
    settled(folder)
    return {"expired": expired, "mended": json.loads(shell(check))["problems"]}


def _releases(folder: Path, shell: Shell) -> dict[str, Any]:
    """Two releases, the second compared with the first; what is refused, who is credited."""
    shell("run office.yaml --input delivery-1 --output release-1 --engine local")
    shell("index release-1 --output index-1 --config office.yaml")
    shell("run office.yaml --input delivery-2 --output release-2 --engine local --against index-1")
    shell("index release-2 --output index-2 --config office.yaml")
    ledger = json.loads(shell("ledger release-1 release-2 --output ledger --json"))
    shell("ledger release-1 release-2 --check ledger")
    return {
        "admission": {
            row["source"]: f"{row['verdict']}: {row['why']}"
            for row in _manifest(folder / "release-1")["admission"]
        },
        "kept": {name: _manifest(folder / name)["counts"]["kept"] for name in RELEASES},
        "kept_by_ledger": ledger["totals"]["kept"],
        "points": {share["name"]: share["amount"] for share in ledger["shares"]},
    }


def _people(folder: Path, shell: Shell) -> dict[str, Any]:
    """A sample is judged by simulated people; who is flagged, what is paid, what the audit says."""
    shell(
        "annotate export release-1 --questions content_safety --kept --size 300 --overlap 5"
        " --output people"
    )
    votes = "--careless random --output votes.json --reviews reviews.json"
    module = [sys.executable, "-m", "scripts.annotation_votes", str(folder / "people")]
    subprocess.run([*module, *votes.split()], cwd=folder, env=_ENV, check=True)
    said = json.loads(
        shell(
            "annotate import people votes.json --reviews reviews.json --method dawid-skene"
            f" --rates {_CONFIGS / 'rates/example.yaml'} --output answers --json"
        )
    )
    audit = json.loads(
        shell(
            "audit release-1 --profile gbt45654 --results answers/hand_samples.csv --format json",
            expect=None,
        )
    )
    sample = {one["id"]: one["status"] for one in audit["clauses"]}["manual_sample"]
    return {key: said[key] for key in ("agreement", "flagged", "payout")} | {"audit": sample}


def _manifest(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    return content


def _rows(folder: Path, release: str) -> pl.DataFrame:
    """Documents of a release, kept and dropped."""
    paths = sorted((folder / release).glob("kept/*.parquet"))
    paths += sorted((folder / release).glob("dropped/*.parquet"))
    return pl.concat([pl.read_parquet(path) for path in paths], how="diagonal_relaxed")


def _shared(folder: Path) -> tuple[str, str]:
    """URL and text of a document of release 1 that another page of release 2 was dropped for."""
    first = _rows(folder, "release-1").filter(pl.col("dropped_by").is_null())
    later = _rows(folder, "release-2").filter(pl.col("drop_rule") == "near_duplicate")
    pairs = later.select("near_dedup_cluster", copy="url").join(
        first.select("id", "url", "text"), left_on="near_dedup_cluster", right_on="id"
    )
    url, text = pairs.filter(pl.col("copy") != pl.col("url")).sort("url")["url", "text"].row(0)
    return str(url), str(text)


def _request(folder: Path, shell: Shell) -> dict[str, Any]:
    """One URL is taken back everywhere; a delivery that brings it again is refused."""
    url, text = _shared(folder)
    erased = json.loads(
        shell(
            f"erase release-1 release-2 --index index-1 --index index-2 --url {url} --output taken"
            f" --request R-2026-1 --date {DAY} --json"
        )
    )
    places = [
        *RELEASES,
        *(
            f"taken/{path.parent.name}"
            for path in sorted((folder / "taken").glob("*/manifest.json"))
        ),
    ]
    for place in places:
        shell(f"verify {place}")
    again = {"again": text, "edited": text.replace("。", "；", 3), "new": _NEW}
    rows = [
        {"id": key, "url": f"https://mirror.example/{key}", "text": given}
        for key, given in again.items()
    ]
    delivered(folder / "delivery-3", {"news": rows})
    shell(
        "run office.yaml --input delivery-3 --output release-3 --engine local"
        " --against taken/index-1 --against taken/index-2"
    )
    third = _rows(folder, "release-3")
    verdicts = third["drop_rule"].fill_null("kept").value_counts(sort=True).rows()
    return {
        "url": url,
        "erased": erased,
        "verified": places,
        "next_delivery": dict(sorted(verdicts)),
    }


def _papers(shell: Shell) -> dict[str, Any]:
    """Releases compared, described in other standards, signed, audited."""
    compared = json.loads(shell("diff release-1 taken/release-1 --json"))
    shell("ledger taken/release-1 taken/release-2 release-3 --output ledger-3")
    audit = json.loads(
        shell(
            "audit taken/release-1 --profile house --format json"
            f" --supervision release --register register.jsonl --date {DAY}"
        )
    )
    shell(
        "standards taken/release-1 --output standards"
        f" --config {_CONFIGS / 'publishers/example.yaml'}"
    )
    return {
        "diff": compared["why"],
        "audit": dict(Counter(clause["status"] for clause in audit["clauses"])),
        "standards": sorted(path.name for path in (shell.folder / "standards").iterdir()),
    }


def main() -> int:
    """Tell the story and print its figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=1200)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=False)
    figures = told(given.output, documents(given.data, given.documents))
    content = json.dumps(figures, ensure_ascii=False, indent=1)
    if given.json:
        given.json.write_text(content + "\n", "utf-8")
    print(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
