"""text-dedup: its `minhash` program as it is shipped (5-grams of words, split at symbols)."""

from pathlib import Path

import datasets
from text_dedup import minhash

datasets.disable_caching()
datasets.disable_progress_bars()


def decide(path: Path, work: Path, *more: str) -> list[str]:
    """The command line's entry, in process; what is not in the saved result is removed."""
    out = work / "out"
    arguments = ["--path", "json", "--data_files", str(path), "--split", "train"]
    arguments += ["--cache_dir", str(work / "cache"), "--output", str(out)]
    arguments += ["--column", "text", "--num_proc", "1", *more]
    minhash.main(arguments, standalone_mode=False)
    every = datasets.load_dataset(
        "json", data_files=str(path), split="train", cache_dir=str(work / "cache")
    )
    return sorted(set(every["id"]) - set(datasets.load_from_disk(str(out))["id"]))
