r"""Formulas of a page become text: TeX between dollar signs.

Enters: lexbor's tree, which is changed.
Leaves: text nodes in place of MathML, of scripts of type `math/tex` and of pictures of formulas;
`\(…\)` and `$…$` in the text are TeX already and stay.
Refuses: TeX is not checked, and other pictures are not described.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from corpus_pipeline.text.unicode.small_figures import small_figures

#: What MathJax and KaTeX draw from a formula; its source is beside it.
_DRAWN_FROM_SCRIPT = ".MathJax, .MathJax_Display, .MathJax_Preview, .MathJax_SVG, mjx-container"
_DRAWN_FROM_MATHML = ".katex-html, mjx-math"
_SCRIPTS = 'script[type^="math/tex"]'
_NAME = re.compile(r"math|latex|(?:^|[\s_-])tex(?:$|[\s_-])|equation|formula", re.IGNORECASE)
_ADDRESS = re.compile(r"[?&/]tex=|latex|mathtex|math/render|equation", re.IGNORECASE)
_STYLE = re.compile(r"^\{\\(?:display|text)style\s*(.*)\}$", re.DOTALL)
_DEEPEST: Final = 30
#: The elements that `may_be_formula` judges.
FORMULAS: Final = frozenset(("math", "script", "img"))
_AROUND: Final = {
    "msup": ("", "^{", "}"),
    "msub": ("", "_{", "}"),
    "mfrac": (r"\frac{", "}{", "}"),
    "mover": (r"\overset{", "}{", "}"),
    "munder": (r"\underset{", "}{", "}"),
}


def may_be_formula(node: LexborNode) -> bool:
    """Whether an element of `FORMULAS` is a formula or its script or picture."""
    if node.tag == "math":
        return True
    attributes = node.attributes
    if node.tag == "script":
        return "math" in (attributes.get("type") or "").lower()
    return bool(attributes.get("alt")) and _is_picture(attributes)


def _is_picture(attributes: Mapping[str, str | None]) -> bool:
    named = _NAME.search(attributes.get("class") or "")
    return (named or _ADDRESS.search((attributes.get("src") or "")[:500])) is not None


def formulas_as_text(tree: LexborHTMLParser) -> None:
    r"""Put TeX in the place of every formula.

    >>> tree = LexborHTMLParser(
    ...     "<p>设<math><msup><mi>x</mi><mn>2</mn></msup><mo>=</mo><mn>1</mn></math>，"
    ...     '则<img class="latex" alt="\\alpha &lt; 1">。<script type="math/tex">a_1</script>'
    ... )
    >>> formulas_as_text(tree)
    >>> tree.body.text()
    '设$x^{2}=1$，则$\\alpha < 1$。$a_1$'
    """
    scripts = tree.css(_SCRIPTS)
    if scripts:
        _remove(tree, _DRAWN_FROM_SCRIPT)
        for node in scripts:
            node.replace_with(_dollars(node.text()))
    formulas = tree.css("math")
    if formulas:
        _remove(tree, _DRAWN_FROM_MATHML)
        for node in formulas:
            node.replace_with(_dollars(_source(node)))
    for node in tree.css("img[alt]"):
        attributes = node.attributes
        tex = attributes.get("alt") or ""
        if tex and _is_picture(attributes):
            node.replace_with(_dollars(tex))


#: A source without these has no raised or lowered figures.
CLUES = (
    "<su",
    "<SU",
    "vertical-align:su",
    "vertical-align: su",
    "superscript",
    "subscript",
)
_RAISED = (
    'sup, sub, [style*="vertical-align:su"], [style*="vertical-align: su"],'
    " .superscript, .subscript"
)
#: Longer ones are sentences that a page sets small.
_LONGEST_SMALL: Final = 40
_NOTE = re.compile(r"\d{1,3}(?:[,，、–-]\s?\d{1,3})*")
_ABOVE_THE_LINE = re.compile(r"vertical-align:\s?super")


def figures_as_text(tree: LexborHTMLParser) -> None:
    """Write raised and lowered figures so that 10 to the 8th does not read 108.

    Notes keep their brackets, and numbers of notes that are links get them.

    >>> tree = LexborHTMLParser(
    ...     "<p>3×10<sup>8</sup>，SO<sub>4</sub><sup>2-</sup>，1998<sup><a href=#n>3</a></sup></p>"
    ... )
    >>> figures_as_text(tree)
    >>> tree.body.text()
    '3×10⁸，SO₄²⁻，1998[3]'
    """
    # Inner ones first: what stands around them takes their text as it then is.
    for node in reversed(tree.css(_RAISED)):
        text = node.text()
        if len(text) > _LONGEST_SMALL:
            continue
        linked = node.css_first("a") is not None or _is_link(node)
        if linked and _NOTE.fullmatch(text.strip()):
            node.replace_with(f"[{text.strip()}]")
        elif not linked:
            written = small_figures(text, above=_is_above(node))
            if written != text:
                node.replace_with(written)


def _is_link(node: LexborNode) -> bool:
    """Whether the element is all that a link around it holds."""
    parent = node.parent
    alone = node.prev is None and node.next is None
    return alone and parent is not None and parent.tag == "a"


def _is_above(node: LexborNode) -> bool:
    if node.tag in {"sup", "sub"}:
        return node.tag == "sup"
    attributes = node.attributes
    style, names = attributes.get("style") or "", attributes.get("class") or ""
    return "superscript" in names or _ABOVE_THE_LINE.search(style) is not None


def _remove(tree: LexborHTMLParser, selector: str) -> None:
    for node in tree.css(selector):
        node.decompose()


def _dollars(tex: str) -> str:
    tex = " ".join(tex.split())
    styled = _STYLE.match(tex)
    tex = (styled[1] if styled else tex).strip(" $")
    return f"${tex}$" if tex else ""


def _source(formula: LexborNode) -> str:
    """The TeX in the annotation of a `math` element, or else TeX made from its elements."""
    for node in formula.css("annotation")[:1]:
        if "tex" in (node.attributes.get("encoding") or "").lower():
            return node.text()
    stated = formula.attributes.get("alttext")
    return stated or _tex(formula, 0)


def _tex(node: LexborNode, depth: int) -> str:
    tag = node.tag
    if tag in {"annotation", "annotation-xml"}:
        return ""
    if tag == "-text" or depth > _DEEPEST:
        return " ".join(node.text().split())
    parts = [tex for child in node.iter(include_text=True) if (tex := _tex(child, depth + 1))]
    if tag in _AROUND and len(parts) == 2:
        before, between, after = _AROUND[tag]
        return f"{before}{parts[0]}{between}{parts[1]}{after}"
    if tag in {"msubsup", "munderover"} and len(parts) == 3:
        return f"{parts[0]}_{{{parts[1]}}}^{{{parts[2]}}}"
    whole = (" & " if tag == "mtr" else "").join(parts)
    if tag == "msqrt":
        return rf"\sqrt{{{whole}}}"
    return whole + r" \\ " * (tag == "mtr")
