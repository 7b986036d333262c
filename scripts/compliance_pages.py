"""The tables of docs/compliance.md and docs/compliance.zh.md, from the profiles that `audit` reads.

`python -m scripts.compliance_pages` writes what stands between the marks of each page; a test holds
the pages against the profiles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from corpus_pipeline.products.audit.formats import (
    BASIS_WORDS,
    LEVEL_WORDS,
    METHOD_WORDS,
    UNCONFIRMED,
)
from corpus_pipeline.products.audit.profile import Clause, Profile, load_profile, packaged
from corpus_pipeline.products.audit.second_engine import BLIND
from corpus_pipeline.products.audit.words import Language, Words, both

DOCS = Path(__file__).parents[1] / "docs"
PAGES: Mapping[Language, Path] = {"en": DOCS / "compliance.md", "zh": DOCS / "compliance.zh.md"}
#: A block of a page that is written here; its name is that of the function in `BLOCKS`.
_BLOCK = re.compile(r"(<!-- (\w+): [^>]*-->\n)(.*?)(<!-- end -->)", re.DOTALL)


def page(language: Language) -> str:
    """The page as it has to be: its own text, with the blocks written again."""
    text = PAGES[language].read_text("utf-8")
    return _BLOCK.sub(lambda block: f"{block[1]}\n{BLOCKS[block[2]](language)}\n{block[4]}", text)


def _profiles() -> list[Profile]:
    """The profiles, the promises of this project last."""
    return [load_profile(name) for name in sorted(packaged(), key=lambda name: name == "house")]


def _table(headings: Sequence[Words], rows: Sequence[Sequence[str]], language: Language) -> str:
    lines = [[word.of(language) for word in headings], ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def by_whom(language: Language) -> str:
    """How many clauses of each profile are looked into by whom, and what they rest on."""
    methods = list(METHOD_WORDS)
    headings = (
        both("profile", "规则集"),
        *(METHOD_WORDS[method] for method in methods),
        both("basis", "依据"),
        both("not confirmed", "未经核实"),
    )
    rows = []
    for profile in _profiles():
        clauses = profile.clauses
        counts = [str(sum(one.method == method for one in clauses)) for method in methods]
        found = {one.basis: None for one in clauses}
        rest = ", ".join(BASIS_WORDS[basis].of(language) for basis in found)
        unsure = str(sum(not one.confirmed for one in clauses))
        rows.append([f"`{profile.profile}`", *counts, rest, unsure])
    return _table(headings, rows, language)


def unread(language: Language) -> str:
    """What of each document was read."""
    headings = (
        both("document", "文件"),
        both("in force from", "生效日期"),
        both("what of it was read", "所读文本"),
    )
    rows = [
        [
            profile.title.of(language),
            "–" if profile.effective_from is None else profile.effective_from.isoformat(),
            profile.reading.of(language),
        ]
        for profile in _profiles()
    ]
    return _table(headings, rows, language)


def blind(language: Language) -> str:
    """What the second engine does not look for."""
    return "\n".join(f"- {line}" for line in (BLIND if language == "en" else BLIND.values())) + "\n"


def clauses(language: Language) -> str:
    """The clauses of each profile."""
    return "\n".join(_section(profile, language) for profile in _profiles())


def _section(profile: Profile, language: Language) -> str:
    headings = (
        both("clause", "条款"),
        both("reference", "出处"),
        both("requirement, in our words", "要求（本项目表述）"),
        both("level", "约束程度"),
        both("looked into by", "检查方式"),
        both("basis", "依据"),
    )
    rows = [_row(clause, language) for clause in profile.clauses]
    checked = both("last compared on", "最近核对日期").of(language)
    lines = [f"### `{profile.profile}`: {profile.title.of(language)}", ""]
    lines += [f"{checked} {profile.checked_on.isoformat()}", ""]
    return "\n".join(lines) + "\n" + _table(headings, rows, language)


def _row(clause: Clause, language: Language) -> list[str]:
    basis = BASIS_WORDS[clause.basis].of(language)
    if not clause.confirmed:
        basis += both(", ", "，").of(language) + UNCONFIRMED.of(language)
    words = (clause.title, clause.what)
    asked = both(": ", "：").of(language).join(word.of(language) for word in words)
    cells = [
        f"`{clause.id}`",
        str(clause.reference),
        asked,
        LEVEL_WORDS[clause.level].of(language),
        METHOD_WORDS[clause.method].of(language),
        basis,
    ]
    return [" ".join(cell.split()).replace("|", "\\|") for cell in cells]


BLOCKS: Mapping[str, Callable[[Language], str]] = {
    "by_whom": by_whom,
    "unread": unread,
    "blind": blind,
    "clauses": clauses,
}


def main() -> None:
    """Write both pages."""
    for language, path in PAGES.items():
        path.write_text(page(language), "utf-8")


if __name__ == "__main__":
    main()
