"""rensa: `RMinHash` of character 5-grams in bulk, `RMinHashLSH` of 16 bands, transitive closure."""

from collections.abc import Iterator
from pathlib import Path

from rensa import RMinHash, RMinHashLSH

from scripts.race.runners.closure import all_but_first, read


def sketches(texts: list[str]) -> list[RMinHash]:
    """128 permutations for each text, in one call."""
    grams = ([text[i : i + 5] for i in range(max(len(text) - 4, 1))] for text in texts)
    made: list[RMinHash] = RMinHash.from_token_sets(grams, 128, 1)
    return made


def decide(path: Path, _work: Path) -> list[str]:
    """Add all, then ask for each one's candidates."""
    ids, texts = read(path)
    index = RMinHashLSH(0.7, 128, 16)
    made = sketches(texts)
    index.insert_many(made)
    return all_but_first(_edges(index.query_all(made)), ids)


def _edges(found: list[list[int]]) -> Iterator[tuple[int, int]]:
    for number, others in enumerate(found):
        yield from ((number, other) for other in others if other != number)


def signatures(texts: list[str]) -> None:
    """Sketches alone."""
    sketches(texts)
