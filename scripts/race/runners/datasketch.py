"""datasketch: `MinHash.update_batch` of character 5-grams, `MinHashLSH`, transitive closure."""

from collections.abc import Iterator
from pathlib import Path

from datasketch import MinHash, MinHashLSH

from scripts.race.runners.closure import all_but_first, read


def sketch(text: str) -> MinHash:
    """128 permutations of the 5-grams, hashed as the library does by default (sha1)."""
    made = MinHash(num_perm=128)
    made.update_batch([text[i : i + 5].encode() for i in range(max(len(text) - 4, 1))])
    return made


def decide(path: Path, _work: Path) -> list[str]:
    """Ask for what came before, then add."""
    ids, texts = read(path)
    return all_but_first(_edges(texts), ids)


def _edges(texts: list[str]) -> Iterator[tuple[int, int]]:
    index = MinHashLSH(threshold=0.7, num_perm=128)
    for number, text in enumerate(texts):
        made = sketch(text)
        for other in index.query(made):
            yield other, number
        index.insert(number, made, check_duplication=False)


def signatures(texts: list[str]) -> None:
    """Sketches alone."""
    for text in texts:
        sketch(text)
