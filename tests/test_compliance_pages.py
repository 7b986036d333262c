"""docs/compliance.md and docs/compliance.zh.md say of the profiles what the profiles say."""

import pytest

from corpus_pipeline.products.audit.profile import load_profile, packaged
from scripts.compliance_pages import BLOCKS, PAGES, page


@pytest.mark.parametrize("language", PAGES)
def test_the_page_is_what_the_profiles_say(language):
    """`python -m scripts.compliance_pages` would change nothing, and every table is on the page."""
    text = PAGES[language].read_text("utf-8")

    assert text == page(language)
    assert all(text.count(f"<!-- {name}: ") == 1 for name in BLOCKS)
    for name in packaged():
        for clause in load_profile(name).clauses:
            assert f"| `{clause.id}` | {clause.reference}" in text


def test_it_is_called_evidence_and_never_a_certificate():
    """Both pages say what the result is before anything else."""
    first = {language: path.read_text("utf-8")[:700] for language, path in PAGES.items()}

    assert "**evidence for an audit**" in first["en"]
    assert "no certificate" in first["en"]
    assert "审计证据" in first["zh"]
    assert "不是认证" in first["zh"]


def test_both_pages_have_the_same_parts():
    """Chinese and English have as many sections, tables and code."""
    counts = [
        [
            sum(line.startswith(mark) for line in page(one).splitlines())
            for mark in ("#", "|", "```")
        ]
        for one in PAGES
    ]

    assert counts[0] == counts[1]
