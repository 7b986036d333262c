"""Write many synthetic documents with known families of near-duplicates, from real characters.

    python scripts/make_mutations.py DATA/text/bulk.jsonl.zst OUT --documents 1000000 [--length 200]

A document is ten pieces of real text put together at random, so that strangers share next to no
5-gram; one in five has up to four copies, each with one character in a hundred replaced.  JSON
lines of the same size, 100,000 a file; the same arguments give the same bytes.
"""

import argparse
import io
import json
from pathlib import Path

import numpy as np
import zstandard

PIECES, FILE = 10, 100_000
#: Of the documents, how many begin a family, and of how many copies at most.
FAMILIES, COPIES = 0.2, 4
SEED = 20261121


def characters(path: Path, wanted: int = 8_000_000) -> np.ndarray:
    """Real text as code points that have three bytes in UTF-8 (Han and Chinese punctuation)."""
    found, size = [], 0
    with path.open("rb") as raw:
        stream = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        for line in io.TextIOWrapper(stream, encoding="utf-8"):
            text = json.loads(line)["text"]
            codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
            codes = codes[(codes >= 0x3000) & (codes < 0xFE00)]
            found.append(codes)
            size += len(codes)
            if size > wanted:
                break
    return np.concatenate(found)


def batch(pool: np.ndarray, rng: np.random.Generator, length: int) -> np.ndarray:
    """`FILE` documents as rows of code points, families beside each other, then shuffled."""
    each = length // PIECES
    starts = rng.integers(0, len(pool) - each, (FILE, PIECES))
    docs = pool[starts[:, :, None] + np.arange(each)].reshape(FILE, length)
    heads = np.flatnonzero(rng.random(FILE) < FAMILIES / (1 + COPIES / 2))
    for copy in range(1, COPIES + 1):
        mine = heads[(heads + COPIES < FILE) & (rng.integers(1, COPIES + 1, len(heads)) >= copy)]
        docs[mine + copy] = docs[mine]
        for _ in range(length // 100):
            places = rng.integers(0, length, len(mine))
            docs[mine + copy, places] = rng.integers(0x4E00, 0x9FA0, len(mine))
    return docs[rng.permutation(FILE)]


def lines(docs: np.ndarray, first: int) -> bytes:
    """The rows as JSON lines."""
    rows, length = docs.shape
    head, middle, tail = b'{"id":"', b'","text":"', b'"}\n'
    width = 10
    size = len(head) + width + len(middle) + 3 * length + len(tail)
    out = np.empty((rows, size), dtype=np.uint8)
    at = 0
    for part in (head, None, middle, docs, tail):
        if part is None:
            numbers = np.arange(first, first + rows)
            digits = numbers[:, None] // 10 ** np.arange(width - 1, -1, -1) % 10
            out[:, at : at + width] = digits + ord("0")
            at += width
        elif part is docs:
            text = out[:, at : at + 3 * length].reshape(rows, length, 3)
            text[:, :, 0] = 0xE0 | docs >> 12
            text[:, :, 1] = 0x80 | docs >> 6 & 0x3F
            text[:, :, 2] = 0x80 | docs & 0x3F
            at += 3 * length
        else:
            out[:, at : at + len(part)] = np.frombuffer(part, dtype=np.uint8)
            at += len(part)
    return out.tobytes()


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bulk", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--length", type=int, default=200, help="characters of a document")
    args = parser.parse_args()
    pool = characters(args.bulk)
    args.out.mkdir(parents=True)
    for number in range(-(-args.documents // FILE)):
        rng = np.random.default_rng([SEED, number])
        rows = min(FILE, args.documents - number * FILE)
        docs = batch(pool, rng, args.length)[:rows]
        (args.out / f"{number:04d}.jsonl").write_bytes(lines(docs, number * FILE))


if __name__ == "__main__":
    main()
