"""`python -m scripts.ablate DATA`: our output beside that of published rule sets.

Enters: the folder of real data.  Leaves: tables on standard output; on demand the figures as JSON,
the page of documentation, and a picture beside the page.
Exit codes: 0 done; 1 a figure of ours is below its floor in `floors.yaml`; 2 the command line is
wrong, the data are not there, or the floors were tampered with.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FLOORS = Path(__file__).with_name("floors.yaml")


def described(documents: Sequence[Any]) -> dict[str, dict[str, int]]:
    """Documents and characters by stratum."""
    texts, characters = Counter[str](), Counter[str]()
    for one in documents:
        texts[one.stratum] += 1
        characters[one.stratum] += len(one.text)
    return {
        name: {"documents": count, "characters": characters[name]}
        for name, count in sorted(texts.items())
    }


def kinds(documents: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """Stratum, documents and characters of each kind."""
    found: dict[str, dict[str, Any]] = {}
    for one in documents:
        entry = found.setdefault(
            one.kind, {"stratum": one.stratum, "documents": 0, "characters": 0}
        )
        entry["documents"] += 1
        entry["characters"] += len(one.text)
    return dict(sorted(found.items()))


def figures_of(
    found: Sequence[Any], mixtures: dict[str, Sequence[Any]], words: Sequence[str], *, bpe: bool
) -> dict[str, Any]:
    """The figures over some documents and mixtures of them, of which `raw` is the first."""
    from scripts.ablate.measure import ENDS, compared  # noqa: PLC0415 – after the settings
    from scripts.ablate.ours import CHAIN  # noqa: PLC0415
    from scripts.ablate.rulesets import RULESETS  # noqa: PLC0415

    started = time.perf_counter()
    figures = compared(found, mixtures, words, bpe=bpe)
    about = {
        name: {"title": one.title, "source": one.source, "left_out": one.left_out}
        for name, one in RULESETS.items()
    }
    about |= {name: {"title": title, "source": "", "left_out": ""} for name, title in ENDS.items()}
    about["ours"] = {"title": "corpus-pipeline", "source": " → ".join(CHAIN), "left_out": ""}
    return {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "about": about,
        "bad_words": len(words),
        "kinds": kinds(found),
        "mixture": described(mixtures["raw"]),
        "other_mixtures": {name: described(mixtures[name]) for name in figures["others"]},
        "wall_s": time.perf_counter() - started,
        **figures,
    }


def measured(data: Path, *, bpe: bool) -> dict[str, Any]:
    """The figures of a run on the folder of real data."""
    from scripts.ablate.documents import OTHER_SHARES, documents, mixture  # noqa: PLC0415

    listed = (data / "toxic" / "ldnoobw_zh.txt").read_text("utf-8").splitlines()
    words = [word.strip() for word in listed if word.strip()]
    found = documents(data)
    mixtures: dict[str, Sequence[Any]] = {"raw": mixture(found)}
    for name, shares in OTHER_SHARES.items():
        mixtures[name] = mixture(found, shares=shares)
    return figures_of(found, mixtures, words, bpe=bpe)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.ablate", description="Our output beside that of published rules."
    )
    parser.add_argument("data", type=Path, help="the folder of real data")
    parser.add_argument("--no-bpe", action="store_true", help="no vocabularies, no environment")
    parser.add_argument("--json", type=Path, help="write the figures")
    parser.add_argument("--markdown", type=Path, help="write the page, and its picture beside it")
    options = parser.parse_args(arguments)
    from scripts.ablate import report, summary  # noqa: PLC0415
    from scripts.eval import floors  # noqa: PLC0415

    try:
        bounds = floors.load(FLOORS)
        figures = measured(options.data, bpe=not options.no_bpe)
    except FileNotFoundError as error:
        print(f"no data: {error.filename}", file=sys.stderr)
        return 2
    except floors.FloorError as error:
        print(f"floors: {error}", file=sys.stderr)
        return 2
    verdicts = floors.judge(bounds, summary.metrics(figures), [] if options.no_bpe else ["ablate"])
    print(report.overview(figures))
    print("\n".join(f"{one.metric}: {one.value} (floor {one.floor})" for one in verdicts))
    if options.json:
        content = json.dumps(figures, indent=1, ensure_ascii=False)
        options.json.write_text(f"{content}\n", "utf-8")
    if options.markdown:
        options.markdown.write_text(report.page(figures), "utf-8")
        options.markdown.with_suffix(".svg").write_text(report.picture(figures), "utf-8")
    return int(any(one.failed for one in verdicts))


if __name__ == "__main__":
    os.environ.setdefault("POLARS_MAX_THREADS", "2")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    sys.exit(main())
