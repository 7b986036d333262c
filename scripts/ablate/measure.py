"""The measures of the comparison, the same for every rule set and for us.

Enters: documents, the mixture, bad words.  Leaves: figures by rule set, as the JSON file has them.

`raw` drops nothing and `labels` drops what is bad by its label: the two ends between which every
filter lies.  Before the language models and the vocabularies all outputs, and the texts that are
predicted, are folded to Simplified script and half-width marks, so that they measure which
documents and lines a rule set keeps, not how it writes them.
"""

import random
import re
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.ablate import language_model, tokens
from scripts.ablate.documents import Document
from scripts.ablate.ours import ours
from scripts.ablate.rulesets import RULESETS, judged
from scripts.ablate.rulesets.base import Judged
from scripts.ablate.rulesets.evalweb import converter
from scripts.ablate.rulesets.map_cc import HALF_WIDTH

#: Samples of each output.  A seed is an order of the mixture, the same for all.
SEEDS = 5
#: Characters that each model learns from, if every output has as many.
CHARACTERS = 600_000
#: A register with fewer characters held out says too little.
ENOUGH = 5_000
#: Rules named for a kind of text.
NAMED = 3
#: The texts of the mixture in their order; None where one is dropped.
Output = Sequence[str | None]
#: The rule sets, the two ends and us.
ENDS = {"raw": "nothing dropped", "labels": "good and plain by label"}
NAMES = ("raw", "ours", *RULESETS, "labels")


def verdicts(name: str, documents: Sequence[Document], words: Sequence[str]) -> list[Judged]:
    """What one of `NAMES` says of all documents."""
    if name == "ours":
        return ours(documents)
    if name == "raw":
        return [Judged(None, one.text) for one in documents]
    if name == "labels":
        wanted = {"prose", "manuals", "plain"}
        return [Judged(None if one.stratum in wanted else "label", one.text) for one in documents]
    counted = words if RULESETS[name].counts_words_of_c4 else ()
    return judged(name, [one.text for one in documents], counted)


def stays(document: Document, verdict: Judged) -> bool:
    """Whether a document is kept; one with a name put in counts only while the name is there."""
    return verdict.rule is None and document.name in verdict.text


def by_kind(documents: Sequence[Document], said: Sequence[Judged]) -> dict[str, Any]:
    """For each kind the share of documents and of characters that is kept, and what drops most."""
    kinds: dict[str, list[tuple[Document, Judged]]] = defaultdict(list)
    for pair in zip(documents, said, strict=True):
        kinds[pair[0].kind].append(pair)
    result = {}
    for kind, pairs in sorted(kinds.items()):
        kept = [len(one.text) for one, verdict in pairs if stays(one, verdict)]
        rules = Counter(verdict.rule for _, verdict in pairs if verdict.rule)
        result[kind] = {
            "kept": len(kept) / len(pairs),
            "kept_characters": sum(kept) / max(sum(len(one.text) for one, _ in pairs), 1),
            "rules": dict(rules.most_common(NAMED)),
        }
    return result


def folded(text: str) -> str:
    """A text in Simplified script with half-width marks and single blanks."""
    text = converter().convert(unicodedata.normalize("NFKC", text)).translate(HALF_WIDTH)
    return re.sub(r"\s*\n\s*|\s+", lambda gap: "\n" if "\n" in gap[0] else " ", text.strip())


def output(documents: Sequence[Document], said: Sequence[Judged]) -> dict[str, Any]:
    """The size of an output, the good text in it of all good text, the bad text of all in it."""
    sizes: dict[str, int] = defaultdict(int)
    before: dict[str, int] = defaultdict(int)
    for one, verdict in zip(documents, said, strict=True):
        group = "good" if one.good else "bad" if one.bad else "other"
        before[group] += len(one.text)
        if verdict.rule is None:
            spoilt = group == "bad" and one.name in verdict.text
            sizes["bad" if spoilt else "good" if one.name else group] += len(verdict.text)
    whole = sum(sizes.values())
    return {
        "documents": sum(verdict.rule is None for verdict in said),
        "characters": whole,
        "good_kept": sizes["good"] / max(before["good"], 1),
        "bad_inside": sizes["bad"] / max(whole, 1),
    }


def sample(texts: Output, characters: int, seed: int) -> list[str]:
    """Texts in an order of the mixture, as many characters as asked for."""
    chosen = []
    for place in random.Random(seed).sample(range(len(texts)), len(texts)):
        text = texts[place]
        if characters > 0 and text is not None:
            chosen.append(text[:characters])
            characters -= len(text)
    return chosen


def whole(texts: Output) -> list[str]:
    """The texts that are left."""
    return [text for text in texts if text is not None]


def held_out(documents: Sequence[Document]) -> dict[str, list[str]]:
    """The texts that are predicted, folded, by register."""
    groups: dict[str, list[str]] = defaultdict(list)
    for one in documents:
        if one.held_out:
            groups[one.kind].append(folded(one.text))
    return {name: texts for name, texts in sorted(groups.items()) if sum(map(len, texts)) >= ENOUGH}


def models(outputs: Mapping[str, Output], tests: dict[str, list[str]]) -> dict[str, Any]:
    """Bits a character by rule set: from equal amounts, for each seed, and from whole outputs."""
    known: set[str] = set()
    for texts in (*outputs.values(), *tests.values()):
        known.update(*whole(texts))
    amount = equal(outputs)
    result: dict[str, Any] = {"characters": amount, "vocabulary": len(known), "sets": {}}
    for name, texts in outputs.items():
        equal_bits = [
            language_model.bits(sample(texts, amount, seed), tests, len(known))
            for seed in range(SEEDS)
        ]
        all_bits = language_model.bits(whole(texts), tests, len(known))
        result["sets"][name] = {"equal": equal_bits, "whole": all_bits}
    return result


def equal(outputs: Mapping[str, Output]) -> int:
    """Four fifths of the smallest output, so that its samples differ too.

    An output of less than a tenth of the largest is no measure for the others: it is taken whole.
    """
    sizes = [sum(map(len, whole(texts))) for texts in outputs.values()]
    smallest = min(size for size in sizes if 10 * size >= max(sizes))
    return min(CHARACTERS, smallest * 4 // 5)


def vocabularies(outputs: Mapping[str, Output]) -> dict[str, Any]:
    """Junk in the vocabularies learnt from equal amounts, for each seed; or why there is none."""
    amount = equal(outputs)
    samples = [sample(texts, amount, seed) for texts in outputs.values() for seed in range(SEEDS)]
    found, failed = tokens.vocabularies(samples)
    if failed:
        return {"failed": failed}
    words = tokens.spam_words()
    counted = iter([tokens.junk(vocabulary, words) for vocabulary in found])
    sets = {name: [next(counted) for _ in range(SEEDS)] for name in outputs}
    return {"characters": amount, "size": tokens.VOCABULARY, "sets": sets}


def compared(
    documents: Sequence[Document],
    mixtures: Mapping[str, Sequence[Document]],
    words: Sequence[str],
    *,
    bpe: bool,
) -> dict[str, Any]:
    """All figures over the mixture `raw`, and the models over the others too."""
    place = {one.key: at for at, one in enumerate(documents)}
    sets: dict[str, Any] = {}
    outputs: dict[str, dict[str, list[str | None]]] = {mixed: {} for mixed in mixtures}
    for name in NAMES:
        started = time.process_time()
        said = verdicts(name, documents, words)
        sets[name] = {"cpu_s": time.process_time() - started, "kinds": by_kind(documents, said)}
        for title, mixed in mixtures.items():
            inside = [said[place[one.key]] for one in mixed]
            left = [None if verdict.rule else folded(verdict.text) for verdict in inside]
            outputs[title][name] = left
            if title == "raw":
                sets[name]["output"] = output(mixed, inside)
    tests = held_out(documents)
    return {
        "sets": sets,
        "models": models(outputs["raw"], tests),
        "others": {name: models(outputs[name], tests) for name in mixtures if name != "raw"},
        "vocabularies": vocabularies(outputs["raw"]) if bpe else {"failed": "not asked for"},
    }
