"""The card says what the manifest says, in a form that hub and people can read."""

import json

import yaml

from corpus_pipeline.io import manifest
from corpus_pipeline.products.export import card
from corpus_pipeline.products.export.shards import ExportOptions, export


def front(text):
    return yaml.safe_load(text.split("---\n")[1])


def test_front_matter(full_run):
    """Language, size, configs and, as the licences differ, `other` stand in the front matter."""
    text = (full_run / "dataset" / "README.md").read_text()
    said = front(text)
    assert said["language"] == ["zh"]
    assert said["size_categories"] == ["n<1K"]
    assert said["license"] == "other"
    assert said["configs"][0]["data_files"][0]["path"] == "data/train-*.parquet"


def test_body(full_run):
    """Sources with licence and legal basis, counts per rule, the seal, both languages."""
    text = (full_run / "dataset" / "README.md").read_text()
    assert "| news | open | CC-BY-4.0 | open licence | 2026-10-01 | 12 |" in text
    assert "| near_dedup/near_duplicate | 2 |" in text
    assert "| ingest/bad_json | 1 |" in text
    assert manifest.read(full_run / "manifest.json")["seal"] in text
    assert "## 中文" in text
    assert "保留 16 条" in text
    for code in ("pl.scan_parquet", "duckdb.sql", "load_dataset"):
        assert code in text


def test_one_licence_is_named(builder):
    """A dataset of one licence that the hub knows says so."""
    for rows in builder.splits:
        rows[:] = [row for row in rows if row["source"] == "news"]
    root = builder.write()
    export(root, root, ExportOptions())
    assert front((root / "dataset" / "README.md").read_text())["license"] == "cc-by-4.0"


def test_a_source_cannot_break_the_table(builder):
    """A pipe or a line break in a registry entry stays inside its cell."""
    builder.content["sources"][0]["legal_basis"] = "甲|乙\n<script>"
    root = builder.write()
    export(root, root, ExportOptions())
    assert r"甲\|乙 &lt;script>" in (root / "dataset" / "README.md").read_text()


def test_many_licences(builder):
    """Licences in many words are ranked and cut in the card, and still one entry each below."""
    for number, row in enumerate(row for rows in builder.splits for row in rows):
        row["license"] = f"licence {number % 11:02d}"
    builder.splits[0] += [
        {**builder.splits[0][0], "id": f"{n:032x}", "license": f"own words {n:02d}"}
        for n in range(20)
    ]
    root = builder.write()
    export(root, root, ExportOptions())
    text = (root / "dataset" / "README.md").read_text()
    said = json.loads((root / "dataset" / "croissant.json").read_text())["license"]
    assert len(said) == 21
    assert said[-1] == "see the license column"
    assert "others |" in text
    assert front(text)["license_name"] == "see-license-column"


def test_sizes_in_words():
    """Sizes round to one decimal."""
    assert card.megabytes(2_500_000_000) == "2.5 GB"
