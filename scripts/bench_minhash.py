"""MinHash signatures a second: ours against `datasketch`, same documents, same process.

Enters: nothing (documents are drawn here: 1,000 Han characters each), or a text file to cut into
documents.  Leaves: documents per second of CPU time (medians) and their ratio, as text or `--json`.
Refuses: to compare different work: both make 128 permutations of the character 5-grams of the same
strings; ours also makes the key text, as the stage does.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from datasketch import MinHash

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.rules.dedup_key import KEY_TABLE, load_key_table
from corpus_pipeline.text.dedup.key import fold
from corpus_pipeline.text.dedup.minhash import signatures
from corpus_pipeline.text.dedup.ngrams import shingles

SIZE, NGRAM, PERMUTATIONS = 1000, 5, 128


def drawn(count: int) -> list[str]:
    """Documents of random Han characters: no n-gram repeats, the most work there can be."""
    rng = random.Random(1)
    han = [chr(code) for code in range(0x4E00, 0x9000)]
    return ["".join(rng.choices(han, k=SIZE)) for _ in range(count)]


def cut(path: Path, count: int) -> list[str]:
    """Documents cut from a text."""
    text = path.read_text(encoding="utf-8")
    return [text[i : i + SIZE] for i in range(0, len(text) - SIZE, SIZE)][:count]


def ours(texts: list[str]) -> None:
    """Key text, n-grams, signatures."""
    table = load_key_table(resolve(KEY_TABLE, Path()))
    for keys in fold(texts, table):
        hashes, starts = shingles(keys.codes, keys.offsets, NGRAM)
        alive = np.flatnonzero(np.diff(starts))
        signatures(hashes, np.append(starts[alive], len(hashes)), PERMUTATIONS)


def theirs(texts: list[str]) -> None:
    """n-grams and `MinHash.update_batch` with its default hash (sha1)."""
    for text in texts:
        grams = {text[i : i + NGRAM].encode() for i in range(len(text) - NGRAM + 1)}
        MinHash(num_perm=PERMUTATIONS).update_batch(list(grams))


def rate(function: Callable[[list[str]], None], texts: list[str], repeats: int) -> float:
    """Documents per second of CPU time, the median of the repeats after one to warm up."""
    function(texts[: len(texts) // 10 + 1])
    spent = []
    for _ in range(repeats):
        started = time.process_time()
        function(texts)
        spent.append(time.process_time() - started)
    return len(texts) / statistics.median(spent)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, help="a UTF-8 text to cut documents from")
    parser.add_argument("--documents", type=int, default=4000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    texts = cut(args.text, args.documents) if args.text else drawn(args.documents)
    # datasketch is slow: a tenth of the documents says the same.
    result = {
        "documents": len(texts),
        "characters": SIZE,
        "ours_docs_per_s": round(rate(ours, texts, args.repeats)),
        "datasketch_docs_per_s": round(rate(theirs, texts[: len(texts) // 10 + 1], args.repeats)),
    }
    result["ratio"] = round(result["ours_docs_per_s"] / result["datasketch_docs_per_s"], 1)
    if args.json:
        print(json.dumps(result))
        return
    print("\n".join(f"{name:24}{value:>10,}" for name, value in result.items()))


if __name__ == "__main__":
    main()
