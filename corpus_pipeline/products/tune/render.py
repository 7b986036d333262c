"""The effect of a bound as lines for a terminal.

Enters: an `Effect`.  Leaves: text, whose texts of documents are escaped.
"""

from __future__ import annotations

from collections.abc import Iterator

from corpus_pipeline.products.tune.effect import Effect
from corpus_pipeline.text.unicode.escape import escaped

_WIDTH = 40


def render(effect: Effect) -> str:
    """Bounds, registers, histogram and the documents at the border."""
    return "\n".join(_lines(effect))


def _lines(effect: Effect) -> Iterator[str]:
    sign = "<" if effect.side == "min" else ">"
    yield f"{effect.rule}: drops where {effect.measure} {sign} bound ({effect.option})"
    yield f"asked of {effect.asked:,} documents, {effect.characters:,} characters"
    yield ""
    yield f"  {'bound':>10} {'documents':>10} {'share':>7} {'characters':>12} {'share':>7}"
    for choice in effect.choices:
        mark = "  <- now" if choice.present else ""
        yield (
            f"  {choice.bound:>10.4g} {choice.documents:>10,} {choice.document_share:>7.2%} "
            f"{choice.characters:>12,} {choice.character_share:>7.2%}{mark}"
        )
    yield ""
    yield f"  {'register':<14} {'documents':>10} {'bound':>10} {'dropped':>8}"
    for name, facts in effect.registers.items():
        bound = "none" if facts["bound"] is None else f"{facts['bound']:.4g}"
        yield f"  {name:<14} {facts['documents']:>10,} {bound:>10} {facts['dropped']:>8,}"
    yield ""
    most = max((kept + dropped for _, kept, dropped in effect.histogram), default=0)
    for edge, kept, dropped in effect.histogram:
        full, gone = (round(_WIDTH * n / max(most, 1)) for n in (kept, dropped))
        yield f"  {edge:>10.4g} {'█' * full}{'░' * gone} {kept:,} + {dropped:,}"
    if effect.histogram:
        yield f"  {'':>10} █ kept  ░ dropped, by whatever rule"
    yield ""
    for one in effect.border:
        yield f"  {one.value:>10.4g} {one.state:<7} {one.register:<12} {one.id}"
        yield f"             {escaped(one.text)}"
