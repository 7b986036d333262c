"""Load a word segmenter: jieba with a user dictionary, or rjieba without one.

Enters: a dictionary in jieba's format as an asset: one word a line, `word`, `word frequency` or
`word frequency tag`.  Leaves: a function from a sentence to its words.
Raises `PipelineError` with file and line for anything else.
"""

from __future__ import annotations

import re
from pathlib import Path

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.pack import once
from corpus_pipeline.text.tokens.words import Cutter, rust_words

_LINE = re.compile(r"(\S+)(?: ([0-9]+))?(?: ([a-z]+))?")


def load_cutter(dictionary: Asset | None) -> Cutter:
    """A function from a sentence to its words: jieba for a user dictionary, else rjieba.

    Without a dictionary both give the same words.
    """
    return rust_words if dictionary is None else once(dictionary, _jieba_with)


def _jieba_with(path: Path) -> Cutter:
    import jieba  # noqa: PLC0415 – 0.5 s and 55 MB, needed only with a dictionary

    tokenizer = jieba.Tokenizer()
    # Not `initialize`: it prints to standard error and caches its table in the folder for temporary
    # files, where it would also read a file that another user left under that name.
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        fields = _LINE.fullmatch(line.rstrip())
        if fields is None:
            message = f"line {number}: {line[:40]!r} is not `word`, `word frequency` or"
            raise PipelineError(f"dictionary {path.name}, {message} `word frequency tag`")
        word, frequency, tag = fields.groups()
        # Texts are in lower case when they are segmented.
        tokenizer.add_word(word.lower(), frequency and int(frequency), tag)

    def cut(sentence: str) -> list[str]:
        words: list[str] = tokenizer.lcut(sentence)
        return words

    return cut


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise PipelineError(f"dictionary {path.name} is not UTF-8") from None
