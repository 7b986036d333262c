"""Derive `assets/char_costs.tsv`: how many bits a character costs, per writing.

Enters: the data folder (openly licensed documents and sentences).  Leaves: a table of aggregate
character frequencies, `model TAB bits TAB characters`, bits = -log2 of the frequency, rounded.
Refuses: to write anything from which a text could be restored.

    python scripts/make_char_table.py DATA corpus_pipeline/assets/char_costs.tsv
"""

import io
import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import opencc
import zstandard

#: Public domain, CC-BY, CC-BY-SA, Apache-2.0 and MIT sources; one group = one register.
DOCUMENTS = {
    "LawRefBook/Laws": ("hans", "law"),
    "kong0107/mojLawSplitJSON": ("hant", "law"),
    "yowko/Docs.zh-tw": ("hant", "documentation"),
    "yuanzhoucq/cpp-docs.zh-cn": ("hans", "documentation"),
    "pingcap/docs-cn": ("hans", "documentation"),
    "aldohemsn/chinese-political-corpora": ("hans", "politics"),
    "DRCKnowledgeTeam/DRCD": ("hant", "encyclopedia"),
    "ymcui/cmrc2018": ("hans", "encyclopedia"),
    "thu-coai/COLDataset": ("hans", "comments"),
    "Werneror/Poetry": ("hans", "poetry"),
}
SENTENCES = {
    "zho-CN": ("hans", "news"),
    "zh": ("hans", "sentences"),
    "cmn": ("hans", "sentences"),
    "zho-TW": ("hant", "news"),
    "zh-Hant": ("hant", "encyclopedia"),
    "jpn": ("ja", "news"),
    "ja": ("ja", "sentences"),
    "kor": ("ko", "news"),
    "ko": ("ko", "sentences"),
}
#: Rarer characters cost what `charset` charges for an unlisted one; a longer list won nothing.
RAREST_BITS = 17
SIBLING = {"hans": ("hant", "s2t"), "hant": ("hans", "t2s")}


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The JSON lines of a zstandard file."""
    with path.open("rb") as raw:
        stream = zstandard.ZstdDecompressor().stream_reader(raw)
        for line in io.TextIOWrapper(stream, encoding="utf-8"):
            yield json.loads(line)


def counted(data: Path) -> dict[str, dict[str, Counter[str]]]:
    """Model → register → counts; each Chinese register is counted in both scripts."""
    counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    converters = {name: opencc.OpenCC(name) for _, name in SIBLING.values()}

    def add(model: str, register: str, text: str) -> None:
        counts[model][register].update(text)
        if model in SIBLING:
            other, name = SIBLING[model]
            counts[other][register].update(converters[name].convert(text))

    for row in rows(data / "text" / "sample.jsonl.zst"):
        if row["source"] in DOCUMENTS:
            add(*DOCUMENTS[row["source"]], row["text"])
    for row in rows(data / "lid" / "lid_dev.jsonl.zst"):
        if row["lang"] in SENTENCES:
            add(*SENTENCES[row["lang"]], row["text"])
    return counts


def main() -> None:
    """Write the table."""
    data, target = Path(sys.argv[1]), Path(sys.argv[2])
    lines = ["# model\tbits (-log2 of the frequency)\tcharacters; made by make_char_table.py"]
    for model, registers in sorted(counted(data).items()):
        mixed: Counter[str] = Counter()
        for counts in registers.values():
            for character in [c for c in counts if c.isascii()]:
                del counts[character]
            total = counts.total()
            for character, n in counts.items():
                mixed[character] += n / total / len(registers)
        levels: dict[int, list[str]] = defaultdict(list)
        for character, share in mixed.items():
            bits = round(-math.log2(share))
            if bits <= RAREST_BITS and character.isprintable() and ord(character) < 0x10000:
                levels[bits].append(character)
        lines += [f"{model}\t{b}\t{''.join(sorted(cs))}" for b, cs in sorted(levels.items())]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{target}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
