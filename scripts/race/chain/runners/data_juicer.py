"""data-juicer: `dj-process` with a recipe that is put together from its published Chinese ones."""

import gzip
import json
import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from scripts.race.chain.runners.models import language_model

RECIPE = Path(__file__).parents[1] / "recipes" / "data_juicer.yaml"
#: Where its models lie: what `prepare` makes.
MODELS = "DATA_JUICER_EXTERNAL_MODELS_HOME"
DONE = re.compile(r"OP \[(\w+)\] Done in ([0-9.]+)s\. Left (\d+) samples")
LOG = re.compile(r"_time_\d+\.txt(\.gz)?$")
KINDS = {
    "document_": "duplicates",
    "clean_": "personal data",
    "fix_unicode": "text",
    "punctuation_": "text",
    "whitespace_": "text",
    "language_": "language",
    "alphanumeric": "rules",
    "average_": "rules",
    "character_": "rules",
    "maximum_": "rules",
    "special_": "rules",
    "text_length": "rules",
    "word": "rules",
}
CLOCK = "wall"
#: Its tokenizer is a unigram model of Wikipedia that cannot be had offline; one of the same kind is
#: made of other documents, with so many pieces.
PIECES = 32_000


def prepare(home: Path, texts: Path) -> None:
    """A folder with the language model under its name and a tokenizer made of other documents."""
    import sentencepiece  # noqa: PLC0415 – only where the tokenizer is made

    home.mkdir(parents=True, exist_ok=True)
    target = home / "lid.176.bin"
    target.unlink(missing_ok=True)
    target.symlink_to(language_model())
    if not (home / "zh.sp.model").exists():
        sentencepiece.SentencePieceTrainer.train(
            input=str(texts),
            model_prefix=str(home / "zh.sp"),
            vocab_size=PIECES,
            hard_vocab_limit=False,
            character_coverage=0.9995,
            input_sentence_size=60_000,
            shuffle_input_sentence=True,
            num_threads=1,
            minloglevel=2,
        )


def clean(source: Path, work: Path) -> None:
    """`dj-process --config RECIPE`, with the paths of this run."""
    os.environ["DATA_JUICER_CACHE_HOME"] = str(work / "cache")
    os.environ["HF_DATASETS_CACHE"] = str(work / "datasets")
    work.mkdir(parents=True)
    recipe = yaml.safe_load(RECIPE.read_text("utf-8"))
    recipe |= {
        "dataset_path": str(source),
        "export_path": str(work / "kept.jsonl"),
        "work_dir": str(work),
    }
    (work / "recipe.yaml").write_text(yaml.safe_dump(recipe, allow_unicode=True), "utf-8")
    from data_juicer.config import init_configs  # noqa: PLC0415 – on the clock
    from data_juicer.core import DefaultExecutor  # noqa: PLC0415
    from data_juicer.utils import model_utils  # noqa: PLC0415

    # After each deduplicator it empties a GPU's cache, for which it would install PyTorch, 6 GB.
    model_utils.torch = SimpleNamespace(cuda=SimpleNamespace(empty_cache=lambda: None))
    DefaultExecutor(init_configs(["--config", str(work / "recipe.yaml")])).run()


def outcome(work: Path) -> dict[str, Any]:
    """The last file, and what its log says of each operator."""
    lines = (work / "kept.jsonl").read_text("utf-8").split("\n")
    texts = [json.loads(line)["text"] for line in lines if line]
    logs = [file.read_bytes() for file in work.rglob("*_time_*") if LOG.search(file.name)]
    said = "".join(
        (gzip.decompress(log) if log.startswith(b"\x1f\x8b") else log).decode() for log in logs
    )
    steps, dropped = {}, {}
    before = None
    for name, seconds, left in DONE.findall(said):
        steps[name] = float(seconds)
        if before is not None and before > int(left):
            dropped[name] = before - int(left)
        before = int(left)
    return {
        "kept": len(texts),
        "kept_mb": sum(len(text.encode()) for text in texts) / 1e6,
        "dropped": dropped,
        "steps": steps,
    }
