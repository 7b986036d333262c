"""Byte-pair vocabularies, learnt in an environment of their own: `python bpe.py ASKED SAID`.

Enters: a JSON file with `size` and `samples`, lists of texts.  Leaves: a JSON file with the tokens
learnt from each sample.  Runs of Han are cut at every other sign, as tokenizers of large models do.
Refuses: to import anything of ours.
"""

import json
import sys
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers


def learnt(texts: list[str], size: int) -> list[str]:
    """The tokens of one vocabulary."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"\p{Han}+|[\p{L}\p{N}]+"), "isolated")
    trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return sorted(tokenizer.get_vocab())


def main() -> None:
    """Learn from every sample."""
    asked, said = map(Path, sys.argv[1:])
    content = json.loads(asked.read_text("utf-8"))
    found = [learnt(texts, content["size"]) for texts in content["samples"]]
    said.write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main()
