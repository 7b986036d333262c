"""Write `corpus_pipeline/assets/dedup_signs.tsv`: which characters are signs for `exact_dedup`.

Enters: Python's Unicode data.  Leaves: the table that `parse_sign_table` reads.
Refuses: to run in production; the table is frozen, so that a key never changes with the Python
version that happens to be installed.
"""

import unicodedata
from pathlib import Path

TARGET = Path(__file__).parents[1] / "corpus_pipeline" / "assets" / "dedup_signs.tsv"
LIMIT = 0x34000

#: ASCII signs by what decides whether they count; `text.dedup.signed_key` says how.
ASCII = {
    "+<=>": "math",
    "%": "percent",
    "$": "money",
    "-": "dash",
    "*": "star",
    "/": "slash",
    "#": "hash",
    "&^@|": "join",
    "~": "tilde",
    ".": "dot",
    ":": "colon",
    ",": "comma",
    "!": "bang",
    "(": "open",
    ")": "close",
}
KINDS = {char: kind for chars, kind in ASCII.items() for char in chars}
#: Other spellings of a sign, beside those that NFKC knows (＋, ﹣, ％).
SPELLINGS = {
    "−": "-", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "⁄": "/", "∕": "/",
    "∗": "*", "∶": ":", "、": ",", "〜": "~", "∼": "~",
}  # fmt: skip
RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"


def kind(char: str) -> str | None:
    """The kind of one character that NFKC leaves as it is."""
    char = SPELLINGS.get(char, char)
    if char in KINDS:
        return KINDS[char]
    if char == "\n" or char in "\r\x0b\x0c\x85\u2028\u2029":
        return "line"
    category = unicodedata.category(char)
    if char == "\t" or category == "Zs":
        return "blank"
    if char in "‰‱":
        return "percent"
    return {"Sm": "math", "Sc": "money", "Cf": "unseen", "Cc": "unseen"}.get(category)


def entry(char: str) -> tuple[str, str] | None:
    """Kind and image of a character; kind `slow` where NFKC makes several, a sign among them."""
    if char in RAISED:
        return "raised", unicodedata.normalize("NFKC", char)
    if 0xFE00 <= ord(char) <= 0xFE0F:
        return "unseen", char
    plain = unicodedata.normalize("NFKC", char)
    if len(plain) > 1:
        # Full stops in a row are no decimal points: … and ‥ need no second look.
        signs = [kind(part) for part in plain if part != "."]
        return ("slow", char) if any(part not in (None, "blank") for part in signs) else None
    found = kind(plain)
    return None if found is None else (found, SPELLINGS.get(plain, plain))


def main() -> None:
    """Write the table."""
    rows = [
        f"{found[0]}\t{code:x}\t{ord(found[1]):x}"
        for code in range(LIMIT)
        if not 0xD800 <= code < 0xE000 and (found := entry(chr(code)))
    ]
    head = [
        f"# Unicode {unicodedata.unidata_version}; written by scripts/make_dedup_sign_table.py",
        "# kind, code point, image (hex); slow: a text with one goes through NFKC first",
    ]
    TARGET.write_text("\n".join(head + rows) + "\n", encoding="utf-8")
    print(f"{TARGET.name}: {len(rows)} signs, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
