"""Which chains race, in which environment, with which configuration, and what each leaves out.

Enters: the name of a chain and documents.  Leaves: the figures of one run of it, or in a sentence
why there are none.  Refuses: to leave out a chain that does not install, crashes or never ends.
"""

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.race.entrants import HOME, SETTINGS, environment, outcome_of, version


@dataclass(frozen=True, slots=True)
class Chain:
    """A runner and its environment (null: the project's own), and what is to be said of it.

    `instead` is what stands in for a model or list that would be fetched from a server, or what was
    changed at all; `left_out` is what nothing stands in for.
    """

    name: str
    runner: str
    environment: str | None
    package: str
    settings: str
    does: tuple[str, ...]
    instead: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


CHAINS = (
    Chain(
        "corpus-pipeline",
        "ours",
        None,
        "corpus-pipeline",
        "`run configs/web.yaml --engine local`: all its stages, as shipped",
        (
            "charset and mojibake",
            "language and script (20 labels)",
            "normalisation to simplified script",
            "rules by register",
            "personal data of China",
            "spam",
            "risks of GB/T 45654",
            "labels of generated text",
            "rights",
            "quality model",
            "domain",
            "exact, near (each pair verified) and line duplicates, across both scripts",
            "sold names",
            "admission of sources",
            "what was dropped and why, a manifest with digests, a dataset of Parquet",
        ),
        left_out=("decontamination: on, with no benchmark given",),
    ),
    Chain(
        "datatrove",
        "datatrove",
        "datatrove",
        "datatrove",
        "FineWeb-2's own script and its `cmn_Hani.yml`, values as published",
        (
            "language",
            "MinHash of 5 words, 14 × 8, unverified",
            "rules: Gopher's repetition, FineWeb's quality, Gopher's quality",
            "mojibake (ftfy)",
            "e-mail and IP addresses",
            "lines of symbols",
            "what each filter dropped, JSON lines",
        ),
        (
            "lid.176 (quantised) at .65 for GlotLID at .692",
            "files between its steps are not compressed: to its favour",
        ),
        ("C4's filters: FineWeb-2 has none", "URLs and HTML: the input is text"),
    ),
    Chain(
        "data-juicer",
        "data_juicer",
        "data-juicer",
        "py-data-juicer",
        "mappers of `redpajama-cc-2023-06-refine`, filters of `demo_zh`, deduplicators of "
        "`alpaca-cot-zh-refine`, values as published",
        (
            "exact duplicates",
            "e-mail addresses and links",
            "mojibake (ftfy)",
            "punctuation and white space",
            "language",
            "rules: 8 filters of characters, lines, words",
            "SimHash, unverified",
            "JSON lines",
        ),
        (
            "lid.176 quantised",
            "a tokenizer of 32,000 pieces made here of other documents, for its zh.sp.model",
            "`auto_op_parallelism` and the tracer are off; it is not let install PyTorch",
        ),
        (
            "flagged_words_filter and stopwords_filter: their lists cannot be had offline",
            "perplexity_filter: its KenLM model cannot be had offline",
        ),
    ),
    Chain(
        "dolma",
        "dolma",
        "dolma",
        "dolma",
        "Dolma 1.5's web chain: `tag`, `dedupe` of documents and paragraphs, `mix`; the rules of "
        "its `cc-head.yaml`, for Chinese instead of English",
        (
            "language",
            "rules: Gopher's and C4's, of words between spaces",
            "e-mail and IP addresses, US phone numbers",
            "exact duplicates of documents and paragraphs by a Bloom filter",
            "JSON lines",
        ),
        (
            "lid.176 quantised",
            "a Bloom filter for 6 million entries instead of 30 billion",
            "taggers run in one process without its pool",
        ),
        (
            "hate speech and NSFW: its models cannot be had offline",
            "near-duplicates: it has none",
            "decontamination",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A chain that is ready to run: its Python, the folder of its models, the core of all."""

    python: Path
    models: Path
    core: int | None


def about(chain: Chain) -> dict[str, Any]:
    """What stands in the JSON of a chain whatever happens to it."""
    lists = {key: list(getattr(chain, key)) for key in ("does", "instead", "left_out")}
    return {"name": chain.name, "settings": chain.settings} | lists


def ready(chain: Chain, texts: Path, core: int | None) -> tuple[Place, str, str]:
    """The environment with its models, the version, and what went wrong, or nothing."""
    python, failed = environment(chain.environment)
    place = Place(python, HOME / f"{chain.environment}-models", core)
    if failed:
        return place, "", f"does not install: {failed}"
    known = version(python, chain.package)
    if chain.environment is None:
        return place, known, ""
    made = send(chain, place, texts, place.models, "--prepare")
    return place, known, made.get("failed", "")


def send(chain: Chain, place: Place, source: Path, work: Path, *options: str) -> dict[str, Any]:
    """One run in a process of its own: its figures, or `failed`, and why."""
    result = work.with_name(f"{work.name}.json")
    result.parent.mkdir(parents=True, exist_ok=True)
    result.unlink(missing_ok=True)
    command = [str(place.python), "-m", "scripts.race.chain.child", chain.runner]
    command += [str(source), str(work), str(result), *options]
    command += [] if place.core is None else ["--core", str(place.core)]
    settings = {
        **os.environ,
        **SETTINGS,
        "DATA_JUICER_EXTERNAL_MODELS_HOME": str(place.models),
        "HF_HOME": str(work.parent / "hf"),
        "RACE_STARTED": str(time.time()),
    }
    found = outcome_of(command, settings, result)
    if "failed" in found:
        return found
    result.unlink()
    if "--prepare" not in options:
        shutil.rmtree(work, ignore_errors=True)
    return found
