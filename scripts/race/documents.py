"""The documents of a race: real ones, near-duplicates planted among them, twins in both scripts.

Enters: `bulk.jsonl.zst` and a size.  Leaves: documents in a fixed, mixed order.  The same input and
size give the same documents anywhere.  Refuses: to invent text; what is planted is a real document
with some of its characters replaced, dropped or doubled, or its other script.
"""

import io
import json
import random
import re
from collections import defaultdict
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import opencc
import zstandard

#: Dated versions of statutes, nature's own near-duplicates: at most so much of all text.
VERSIONS_SHARE = 0.3
DATED = re.compile(r"\(\d{4}-\d{2}-\d{2}\)\.md$")
#: Shares of edited characters; J = (1 - r)^5 / (2 - (1 - r)^5) is .98 for the first, .72 for the
#: last where no edit meets another.
RATES = (0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.035)
#: Planted near-duplicates and twins for each MB of text.
PLANTED, TWINS = 20, 6
#: Characters of a document that is planted: an edit of a shorter one is too large a step.
LENGTHS = range(150, 5000)


@dataclass(frozen=True, slots=True)
class Document:
    """A document; `of` names the one that it was made of, `edits` the share of edited characters.

    `edits` is null for a twin in the other script.
    """

    id: str
    text: str
    source: str
    of: str | None = None
    edits: float | None = None


def documents(bulk: Path, megabytes: float) -> list[Document]:
    """So many MB of UTF-8 text in a fixed order."""
    rng = random.Random(1)
    found = rows(bulk)
    total = sum(len(row["text"].encode()) for row in found)
    originals = _chosen(found, min(megabytes * 1e6 * 0.95, total))
    planted = _edited(originals, int(PLANTED * megabytes), rng)
    taken = {document.of for document in planted}
    free = [document for document in originals if document.id not in taken]
    planted += _twins(free, int(TWINS * megabytes))
    return sorted(originals + planted, key=lambda document: _order(document.id))


def rows(bulk: Path) -> list[dict[str, str]]:
    """Its documents with a text, in an order that no source and no size decides."""
    with bulk.open("rb") as raw:
        stream = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        found = [json.loads(line) for line in io.TextIOWrapper(stream, encoding="utf-8")]
    return sorted((row for row in found if row["text"].strip()), key=lambda row: _order(row["id"]))


def _order(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=8).digest()


def _chosen(rows: list[dict[str, str]], size: float) -> list[Document]:
    """Families of dated versions first, then of each source the same share of its bytes."""
    families = defaultdict(list)
    for row in rows:
        if DATED.search(row["path"]):
            families[DATED.sub("", row["path"])].append(row)
    chosen: dict[str, dict[str, str]] = {}
    held = 0
    for family in families.values():
        if len({row["path"] for row in family}) > 1 and held < size * VERSIONS_SHARE:
            chosen |= {row["id"]: row for row in family}
            held += sum(len(row["text"].encode()) for row in family)
    strata = defaultdict(list)
    for row in rows:
        if row["id"] not in chosen:
            strata[row["source"]].append(row)
    sizes = {name: sum(len(r["text"].encode()) for r in group) for name, group in strata.items()}
    share = (size - held) / max(sum(sizes.values()), 1)
    for name, group in strata.items():
        taken = 0.0
        for row in group:
            length = len(row["text"].encode())
            if taken + length / 2 > sizes[name] * share:
                continue
            chosen[row["id"]] = row
            taken += length
    return [Document(row["id"], row["text"], row["source"]) for row in chosen.values()]


def _edited(originals: list[Document], count: int, rng: random.Random) -> list[Document]:
    """Copies of documents of every source in turn, each with a known share of edits."""
    queues = defaultdict(list)
    for document in originals:
        if len(document.text) in LENGTHS:
            queues[document.source].append(document)
    made: list[Document] = []
    while len(made) < count and any(queues.values()):
        for queue in queues.values():
            if queue and len(made) < count:
                of, rate = queue.pop(), RATES[len(made) % len(RATES)]
                text = _edit(of.text, rate, rng)
                made.append(Document(f"{of.id}~{rate}", text, of.source, of.id, rate))
    return made


def _edit(text: str, rate: float, rng: random.Random) -> str:
    """Replace three of five places, drop one, double one; new characters are the text's own."""
    out = list(text)
    for nth, place in enumerate(rng.sample(range(len(text)), max(1, round(rate * len(text))))):
        other = rng.choice(text)
        out[place] = (other, other, other, "", out[place] + other)[nth % 5]
    return "".join(out)


def _twins(originals: list[Document], count: int) -> list[Document]:
    """Documents in the script that they were not written in, by OpenCC."""
    converters = [opencc.OpenCC("s2t"), opencc.OpenCC("t2s")]
    made: list[Document] = []
    for document in sorted(originals, key=lambda one: _order(one.id)):
        if len(made) == count:
            break
        if len(document.text) not in LENGTHS:
            continue
        for converter in converters:
            text = converter.convert(document.text)
            changed = sum(a != b for a, b in zip(text, document.text, strict=False))
            # Fewer changes leave a near-duplicate in the same characters.
            if changed > 0.1 * len(text):
                made.append(Document(f"{document.id}~twin", text, document.source, document.id))
                break
    return made
