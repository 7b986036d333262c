"""Write `corpus_pipeline/assets/dedup_key.tsv`: how the hash key treats every code point.

Enters: Python's Unicode data and OpenCC's character dictionaries (t2s, and the Taiwan and Hong
Kong variants, single characters only: phrases would make the key depend on segmentation).
Leaves: the table that `corpus_pipeline.text.dedup.key.parse_key_table` reads.
Refuses: to run in production; the table is frozen so that a key never changes with the Python
or OpenCC version that happens to be installed.
"""

import unicodedata
from importlib.metadata import version
from pathlib import Path

import opencc

TARGET = Path(__file__).parents[1] / "corpus_pipeline" / "assets" / "dedup_key.tsv"
LIMIT = 0x34000  # beyond lie only tags, variation selectors and private use: not in a key
HAN = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0x20000, 0x2FA20), (0x30000, 0x33480))
SLOW = -1

PER_LINE = 40
#: 看著/看着 and 顯著/显著: OpenCC needs phrases to tell the particle from the word; a key need not.
PARTICLE = {"著": "着"}

STANDARD, TAIWAN, HONG_KONG = (
    opencc.OpenCC(name, include_tofu_risk_dictionaries=False).convert
    for name in ("t2s", "tw2t", "hk2t")
)
#: What simplified text is written in: no regional table may touch these (么 is not 幺).
SIMPLIFIED = {
    STANDARD(char)
    for first, end in HAN
    for char in map(chr, range(first, end))
    if STANDARD(char) != char
}


def is_variation_selector(char: str) -> bool:
    """Whether the character only picks a glyph."""
    return 0xFE00 <= ord(char) <= 0xFE0F or 0x180B <= ord(char) <= 0x180F


def is_kept(char: str) -> bool:
    """Letters, marks (Thai and Devanagari need them), numbers and every Han character."""
    if any(first <= ord(char) < end for first, end in HAN):
        return True
    return unicodedata.category(char)[0] in "LMN" and not is_variation_selector(char)


def simplified(char: str) -> str:
    """One simplified character for a Han character of any region."""
    if char in PARTICLE:
        return PARTICLE[char]
    out = STANDARD(char)
    if out == char and char not in SIMPLIFIED:
        out = STANDARD(HONG_KONG(TAIWAN(char)))
    return simplified(out) if out != char and len(out) == 1 else char


def final(char: str) -> str:
    """What an NFKC character becomes: lower case, simplified, or nothing."""
    if not is_kept(char):
        return ""
    lower = char.lower()
    char = lower if len(lower) == 1 else lower[0]
    return simplified(char) if any(a <= ord(char) < b for a, b in HAN) else char


def composing() -> set[str]:
    """Characters that NFKC may merge with, or move past, the one before."""
    found: set[str] = set()
    for code in range(0x110000):
        char = chr(code)
        if unicodedata.combining(char):
            found.add(char)
        if unicodedata.decomposition(char)[:1] not in ("", "<") or 0xAC00 <= code < 0xD7A4:
            found.update(unicodedata.normalize("NFD", char)[1:])
    return found


def entry(code: int, second: set[str]) -> int:
    """The code point's image: 0 = dropped, SLOW = the whole text must go through NFKC."""
    if 0xD800 <= code < 0xE000:
        return 0
    expanded = unicodedata.normalize("NFKC", chr(code))
    if any(char in second for char in expanded):
        return SLOW
    images = "".join(map(final, expanded))
    return SLOW if len(images) > 1 else ord(images) if images else 0


def runs(images: dict[int, int]) -> list[str]:
    """Neighbours with one offset as `first  last  image of the first`, in hex."""
    found: list[list[int]] = []
    for code, image in sorted(images.items()):
        if found and found[-1][1] == code - 1:
            first, _, start = found[-1]
            together = image == start if SLOW in (image, start) else image - start == code - first
            if together:
                found[-1][1] = code
                continue
        found.append([code, code, image])
    return [
        f"{first:x}\t{last:x}" + ("" if image == SLOW else f"\t{image:x}")
        for first, last, image in found
    ]


def pairs(images: dict[int, int]) -> list[str]:
    """Han characters and their images, as characters, many a line."""
    rows = sorted(images.items())
    cuts = [rows[i : i + PER_LINE] for i in range(0, len(rows), PER_LINE)]
    return ["\t".join("".join(chr(pair[side]) for pair in cut) for side in (0, 1)) for cut in cuts]


def main() -> None:
    """Write the table."""
    second = composing()
    fast = {code: image for code in range(LIMIT) if (image := entry(code, second))}
    slow = [code for code in fast if fast[code] == SLOW]
    unified = ((0x3400, 0x4DC0), (0x4E00, 0xA000))
    han = {
        code: image
        for code, image in fast.items()
        if image not in (code, SLOW) and any(a <= code < b for a, b in unified)
    }
    moved = {c: i for c, i in fast.items() if i not in (c, SLOW) and c not in han}
    # Identity over the Han pairs too: they are laid over it, and the ranges stay long.
    kept = {c: c for c, i in fast.items() if i == c or c in han}
    after = {code: ord(image) for code in slow if (image := final(chr(code)))}
    sections = (
        ("keep", runs(kept)),
        ("move", runs(moved)),
        ("slow", runs(dict.fromkeys(slow, SLOW))),
        ("after", runs(after)),
        ("han", pairs(han)),
    )
    lines = [
        f"# Unicode {unicodedata.unidata_version}, OpenCC {version('opencc')} (Apache-2.0)",
        "# characters of t2s, tw2t and hk2t; written by scripts/make_dedup_key_table.py",
        "# keep, move: first, last, image of first (hex). slow: a text with one goes through NFKC",
        "# first; after: the image of a slow one that NFKC leaves standing. han: from, to",
        *(f"{kind}\t{row}" for kind, rows in sections for row in rows),
    ]
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{TARGET.name}: {len(lines)} lines, {TARGET.stat().st_size} bytes, {len(han)} Han pairs")


if __name__ == "__main__":
    main()
