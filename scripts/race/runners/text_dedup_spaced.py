"""text-dedup with a space between all characters, so that its 5-grams are of characters.

Spacing is part of the time: whoever uses it for Chinese has to do it.
"""

import json
from pathlib import Path

from scripts.race.runners import text_dedup


def decide(path: Path, work: Path) -> list[str]:
    """Space out, then the program; the shortest documents are not filtered away."""
    work.mkdir(parents=True, exist_ok=True)
    spaced = work / "spaced.jsonl"
    with path.open(encoding="utf-8") as lines, spaced.open("w", encoding="utf-8") as out:
        for line in lines:
            row = json.loads(line)
            row["text"] = " ".join("".join(row["text"].split()))
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return text_dedup.decide(spaced, work, "--min_length", "1")
