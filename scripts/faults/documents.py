"""Good documents with a number each, of the sentences of the embedded sample.

Enters: a number to begin with and a seed.  Leaves: texts of one line, of Han and full-width
punctuation, that begin and end with their number: what comes out of a reader can be told to be
whole, altered or absent.
"""

import json
import random
import re
from functools import cache
from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "corpus_pipeline" / "assets" / "sample" / "raw"
CHARACTERS = range(120, 400)
_SENTENCE = re.compile(r"[\u4e00-\u9fff、，；：]{12,60}。")
_NUMBER = re.compile(r"(?:编号|完)(\d{6})。")


@cache
def sentences() -> tuple[str, ...]:
    """The sentences of the sample's laws and posts, each once, sorted."""
    texts = [path.read_bytes().decode("gb18030", "ignore") for path in SAMPLE.glob("laws/*.txt")]
    lines = (SAMPLE / "forum.jsonl").read_text("utf-8", "ignore").splitlines()
    for line in lines:
        try:
            texts.append(str(json.loads(line).get("text", "")))
        except (ValueError, AttributeError):
            continue  # the sample has broken lines of its own
    found = {sentence for text in texts for sentence in _SENTENCE.findall(text)}
    # The sample has damaged text of its own, which `decode` mends: that would look like a loss.
    return tuple(sorted(sentence for sentence in found if "锟" not in sentence))


def texts(first: int, count: int) -> dict[int, str]:
    """So many documents from this number on; the same number always has the same text."""
    made = {}
    for serial in range(first, first + count):
        rng = random.Random(serial)
        body, wanted = "", rng.choice(CHARACTERS)
        while len(body) < wanted:
            body += rng.choice(sentences())
        made[serial] = f"编号{serial:06d}。{body}完{serial:06d}。"
    return made


def numbers(text: str) -> list[int]:
    """The numbers of the documents that begin or end in a text."""
    return [int(number) for number in _NUMBER.findall(text)]
