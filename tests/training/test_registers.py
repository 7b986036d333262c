"""Weights are fitted so that each register stands apart, and only they change in the pack."""

import json
import random

import numpy as np
import pytest
import yaml

from corpus_pipeline.model import PipelineError
from corpus_pipeline.training.registers import PACK, WRECK, fitted, main, read, stretches, write


def test_each_register_gets_its_own_sign():
    """A cue that only one register has raises it and lowers the others."""
    rng = np.random.default_rng(1)
    kinds = ["law", "verse", WRECK] * 60
    columns = np.stack([[k == "law", k == "verse"] for k in kinds]).astype(float)
    columns = np.clip(columns + rng.normal(0, 0.1, columns.shape), 0, 1)

    weights = fitted(("articles", "rhyme"), columns, kinds)

    assert set(weights) == {"law", "verse"}
    assert weights["law"][1]["articles"] > 2
    assert weights["law"][1]["rhyme"] < 0
    assert weights["verse"][1]["rhyme"] > 2


def test_only_the_weights_of_a_pack_change(tmp_path):
    """Words, features, examples and the other registers stay as they were written."""
    pack = tmp_path / "pack.yaml"
    pack.write_bytes(PACK.read_bytes())

    write(pack, {"law": (-1.5, {"statute": 9.0})})

    before, after = (yaml.safe_load(path.read_text("utf-8")) for path in (PACK, pack))
    changed = after["registers"][0]
    assert (changed["offset"], changed["weights"]) == (-1.5, {"statute": 9.0})
    for key in ("offset", "weights"):
        changed[key] = before["registers"][0][key]
    assert after == before


def test_stretches_begin_at_sentences():
    """What is cut out of a text for training begins where a sentence or line does."""
    text = "".join(f"这是第{number}句话，它说了一些事情。" for number in range(900))

    parts = [part for seed in range(9) for part in stretches(text, random.Random(seed))]

    assert parts
    assert all(part.startswith("这是第") for part in parts)


def test_a_source_that_is_missing_is_named(tmp_path, capsys):
    """Documents without one of the sources are refused in one line, exit code 2."""
    path = tmp_path / "docs.jsonl"
    row = {"id": "1", "source": "elsewhere", "text": "一"}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")

    with pytest.raises(PipelineError, match="needs documents of LawRefBook/Laws"):
        read([path])
    assert main([str(path)]) == 2
    assert capsys.readouterr().err.startswith("error: ")
