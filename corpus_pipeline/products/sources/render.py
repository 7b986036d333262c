"""What `sources check` prints.

Enters: a `Checked`.  Leaves: lines: a source with its gaps below it, then the problems.
"""

from __future__ import annotations

from corpus_pipeline.products.audit.words import many
from corpus_pipeline.products.sources.check import Checked, Entry
from corpus_pipeline.text.unicode.escape import escaped


def render(checked: Checked) -> str:
    """The lines, escaped: names and licences are the operator's words."""
    lines = [line for entry in checked.sources for line in _source(entry)]
    lines += [f"problem: {line}" for line in checked.problems]
    known = many(len(checked.sources), "source")
    gaps = sum(len(entry.gaps) for entry in checked.sources)
    found = f"{many(len(checked.problems), 'problem')}, {many(gaps, 'missing record')}"
    lines.append(f"{known} on {checked.day}: {found}")
    return "\n".join(map(escaped, lines))


def _source(entry: Entry) -> list[str]:
    licence = entry.spdx or entry.license or "no licence"
    facts = [entry.kind, licence, entry.origin or "no origin", f"credited to {entry.contributor}"]
    if entry.inputs is not None:
        facts.append(many(entry.inputs, "input"))
    gaps = [
        f"  lacks {gap.keys.replace('|', ' or ')} ({gap.level}): {', '.join(gap.clauses)}"
        for gap in entry.gaps
    ]
    return [f"{entry.name}: {'; '.join(facts)}", *gaps]
