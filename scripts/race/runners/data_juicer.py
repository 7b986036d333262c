"""data-juicer: `document_minhash_deduplicator` with `character` tokens, else as it is shipped.

What its `run` does, called in the same order: `map(compute_hash)`, then `process`.  `run` itself
would install PyTorch at the first call, to ask it whether there is a GPU.
"""

from pathlib import Path

import datasets
from data_juicer.ops.deduplicator.document_minhash_deduplicator import (
    DocumentMinhashDeduplicator,
)

datasets.disable_caching()
datasets.disable_progress_bars()
OPERATOR = DocumentMinhashDeduplicator(tokenization="character")


def decide(path: Path, work: Path) -> list[str]:
    """Read, hash, process; what is not in the result is removed."""
    loaded = datasets.load_dataset(
        "json", data_files=str(path), split="train", cache_dir=str(work), keep_in_memory=True
    )
    kept, _ = OPERATOR.process(loaded.map(OPERATOR.compute_hash))
    gone = set(loaded["id"]) - set(kept["id"])
    return sorted(gone)


def signatures(texts: list[str]) -> None:
    """256 permutations of character 5-grams."""
    for text in texts:
        OPERATOR.compute_hash({"text": text})
