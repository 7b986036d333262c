"""Junk in the vocabulary that a tokenizer learns from a text.

Enters: texts.  Leaves: how many of the long tokens (three Han and more) of a byte-pair vocabulary
trained on them hold a word of `spam_words.yaml`.

The vocabulary comes from `tokenizers` in an environment of its own (`bpe.py` there).
"""

import json
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from scripts.race.entrants import ROOT, environment, last_line

WORDS = Path(__file__).with_name("spam_words.yaml")
REQUIREMENTS, HOME = Path(__file__).parent, ROOT / ".venv-ablate"
VOCABULARY, LONG = 16_000, 3
HAN = re.compile("[\u3400-\u9fff]")


def spam_words() -> dict[str, list[str]]:
    """The words, by kind."""
    loaded: dict[str, list[str]] = yaml.safe_load(WORDS.read_text("utf-8"))
    return loaded


def junk(vocabulary: Iterable[str], words: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Long tokens, those that hold a spam word, and these by kind.

    >>> junk(["我们的", "时时彩", "时时彩平台", "彩票", "的"], {"gambling": ["时时彩"]})
    {'long': 3, 'junk': 2, 'gambling': 2}
    """
    long = [token for token in vocabulary if len(HAN.findall(token)) >= LONG]
    kinds: Counter[str] = Counter(dict.fromkeys(words, 0))
    for token in long:
        kind = next(
            (kind for kind, some in words.items() if any(word in token for word in some)), ""
        )
        kinds[kind] += 1
    spoilt = {kind: kinds[kind] for kind in words}
    return {"long": len(long), "junk": sum(spoilt.values()), **spoilt}


def vocabularies(samples: Sequence[Sequence[str]]) -> tuple[list[list[str]], str]:
    """A vocabulary for each sample of texts; and why there is none, or nothing."""
    python, failed = environment("tokenizers", REQUIREMENTS, HOME)
    if failed:
        return [], f"tokenizers does not install: {failed}"
    with tempfile.TemporaryDirectory() as folder:
        asked, said = Path(folder) / "texts.json", Path(folder) / "vocabularies.json"
        asked.write_text(json.dumps({"size": VOCABULARY, "samples": samples}), "utf-8")
        child = Path(__file__).with_name("bpe.py")
        command = [str(python), str(child), str(asked), str(said)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return [], f"tokenizers failed: {last_line(done.stderr, done.returncode)}"
        found: list[list[str]] = json.loads(said.read_text("utf-8"))
    return found, ""
