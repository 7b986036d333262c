"""Halves of the development sets: rules are fitted on one, tests assert on the other.

Enters: a row's source and its name within the source.  Leaves: `fit` or `test`, the same for ever:
the first bit of a sha256, so that neither order nor size of a set decides.
Refuses: to look at the text.

Sources are split where a kind of text has many; a kind of one to three sources is split within
them, by the name of each document, which leaves twins of one source on both sides.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

Half = Literal["fit", "test"]

#: Kinds of text in `text/sample.jsonl.zst`, by patterns of their sources.
KINDS = {
    "statutes": "LawRefBook/Laws",
    "statutes_tw": "kong0107/mojLawSplitJSON",
    "poems": "Werneror/Poetry|chinese-poetry/chinese-poetry",
    "classical": "NiuTrans/Classical-Modern",
    "wikipedia": "DRCKnowledgeTeam/DRCD|google-deepmind/xquad|ymcui/cmrc2018",
    "speeches": "aldohemsn/chinese-political-corpora",
    "comments": "thu-coai/COLDataset",
    "documentation": "",  # the rest: sixteen repositories of manuals
}
#: The only kind with enough sources to split by source.
BY_SOURCE = ("documentation",)
#: Registers of `web/web_dev.jsonl.zst` that are good prose by provenance.  No bound was fitted on
#: that set; the models of `quality` saw the fit half of its sources with an open licence.
GOOD_REGISTERS = (
    "news_article",
    "news_or_web_article",
    "paper_abstract",
    "news_brief",
    "medical_qa",
    "citizen_message",
    "recipe",
    "blog",
    "study_notes",
    "dialogue",
    "machine_translated_article",
    "classic_novel",
)


def half(name: str) -> Half:
    """The half of a name.

    >>> half("OI-wiki/OI-wiki"), half("d2l-ai/d2l-zh")
    ('test', 'fit')
    """
    return "test" if hashlib.sha256(name.encode()).digest()[0] & 1 else "fit"


def kind(source: str) -> str:
    """The kind of text of a source of the sample."""
    return next(name for name, pattern in KINDS.items() if re.search(pattern, source))


def half_of(row: Mapping[str, Any]) -> Half:
    """The half of a document of the sample: by its source, or by its id where sources are few."""
    return half(row["source"] if kind(row["source"]) in BY_SOURCE else row["id"])


def held_out(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The documents that tests assert on."""
    return [row for row in rows if half_of(row) == "test"]
