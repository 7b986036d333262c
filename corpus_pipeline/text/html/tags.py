"""The tags that the walk over a page tells apart, as tables for its kernels.

Enters: the names of elements that a pack calls no part of the text.
Leaves: a `Tags`: a number for each name, what each number does, and a table of hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from corpus_pipeline.text.arrays import I64, U32
from corpus_pipeline.text.html import markup_kernel as markup


def _tags(words: str) -> frozenset[str]:
    return frozenset(words.split())


_HEADINGS = _tags("h1 h2 h3 h4 h5 h6")
_BLOCKS = _HEADINGS | _tags(
    "address article aside blockquote body dd details dir div dl dt fieldset figcaption figure"
    " footer form header hgroup html li main menu nav ol p pre section summary table tbody td"
    " tfoot th thead tr ul caption"
)
#: Elements without text for a reader, and those of them that end at the first end tag.
_RAW = _tags("script style xmp iframe noembed noframes")
_NO_TEXT = _RAW | _tags("textarea svg template select rp rt math")
_VOID = _tags(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source"
    " track wbr"
)
#: Elements that the parser opens again in each paragraph after they were left open.
FORMAT_TAGS = _tags("b big code em font i nobr s small strike strong tt u")
#: Elements that their neighbours close, or that have no content: left open, they do not nest.
SHALLOW_TAGS = _tags(
    "p li dt dd td th tr option thead tbody tfoot colgroup rt rp area base br col embed hr img"
    " input link meta param source track wbr"
)
_ROLES = {
    markup.FORMAT: FORMAT_TAGS,
    markup.SHALLOW: SHALLOW_TAGS,
    markup.LITERAL: _RAW | _tags("title textarea plaintext"),
    markup.VOID: _VOID,
    markup.RAW: _RAW,
    markup.ROOT: _tags("html body"),
    markup.LAST: _tags("plaintext"),
    markup.MATH: _tags("math"),
    markup.SCRIPT: _tags("script"),
    markup.IMAGE: _tags("img"),
    markup.BLOCK: _BLOCKS,
    markup.BREAK: _tags("br hr"),
    markup.LINK: _tags("a"),
    markup.WITHIN: _tags("img span i b em strong font"),
    markup.ITEM: _tags("li div dd dt p"),
    markup.PRE: _tags("pre"),
    markup.HEADING: _HEADINGS,
    markup.NAMELESS: _tags("body"),
}


@dataclass(frozen=True, slots=True)
class Tags:
    """Tags by number; 0 is any other tag."""

    names: tuple[str, ...]
    roles: U32  # bits of `markup_kernel`
    keys: I64  # hashes of the names
    slots: I64  # numbers of the tags by the slots of their hashes


@cache
def tags(skipped: frozenset[str]) -> Tags:
    """The table in which elements with the names `skipped` are no part of the text."""
    roles = {markup.SKIPPED: _NO_TEXT | skipped, **_ROLES}
    known = sorted(frozenset().union(*roles.values()))
    bits = [sum(bit for bit, those in roles.items() if name in those) for name in known]
    offsets = np.cumsum([0, *(len(name.encode()) for name in known)])
    keys = np.zeros(len(known) + 1, dtype=np.int64)
    markup.enlist(np.frombuffer("".join(known).encode(), dtype=np.uint8), offsets, keys[1:])
    slots = np.zeros(markup.SLOTS, dtype=np.int64)
    for number, key in enumerate(keys[1:].tolist(), start=1):
        slot = key % markup.SLOTS
        while slots[slot]:
            slot = (slot + 1) % markup.SLOTS
        slots[slot] = number
    return Tags(("", *known), np.array([0, *bits], dtype=np.uint32), keys, slots)
