"""Train the language model of the langid stage, and measure it on sources it has not seen.

Usage: python scripts/train_langid.py DATA_DIR [--output corpus_pipeline/assets/langid.ftz]

DATA_DIR holds `lid/lid_dev.jsonl.zst` and `text/{bulk,sample}.jsonl.zst`.  Rows whose licence is
unclear are skipped; documents of the sample are never trained on.  One thread and a fixed seed:
the same data give the same bytes.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from pathlib import Path

import fasttext
import fasttext.FastText
import opencc
import polars as pl

from corpus_pipeline.text.han import model_line

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
#: Sources that only measure.
HELD_OUT = (
    "UniversalDependencies/UD_Cantonese-HK",
    "UniversalDependencies/UD_Chinese-HK",
    "UniversalDependencies/UD_Chinese-PUD",
    "UniversalDependencies/UD_Chinese-CFL",
    "UniversalDependencies/UD_Chinese-GSD",
    "UniversalDependencies/UD_Chinese-GSDSimp",
    "UniversalDependencies/UD_Japanese-GSD",
    "UniversalDependencies/UD_Korean-GSD",
    "UniversalDependencies/UD_Vietnamese-VTB",
    "wooorm/udhr",
)
#: Chinese documents: source → (label, lines taken).
DOCUMENTS = {
    "Werneror/Poetry": ("lzh", 6000),
    "NiuTrans/Classical-Modern": (None, 6000),
    "thu-coai/COLDataset": ("zh", 3000),
    "DRCKnowledgeTeam/DRCD": ("zh", 2000),
    "ymcui/cmrc2018": ("zh", 2000),
    "kong0107/mojLawSplitJSON": ("zh", 2000),
    "LawRefBook/Laws": ("zh", 2000),
    "pingcap/docs-cn": ("zh", 1000),
    "yowko/Docs.zh-tw": ("zh", 1000),
}
PINYIN = (
    "wo ni ta men de shi zai you bu le zhe na ge ren shang da lai dao shuo yao qu jiu hui ye ke "
    "hao kan guo xue sheng tian nian yue ri zhong guo jia jin ming shi jian xian hou li mian "
    "dong xi nan bei jing hai chang cheng wen hua jing ji fa zhan she hui zheng zhi gong si qi "
    "ye xin wang luo dian shi ji suan shu ju ku yuan ma peng you xie xie zai jian qing wen duo "
    "shao qian mai chi fan he shui cha che zhan lu kou zuo you bian fang jian chuang men shou"
)
#: Words of Korean administration and press in Hanja; written for this script.
HANJA = (
    "大韓民國 國會 國務總理 大統領 憲法裁判所 地方自治團體 國家保安法 公職選擧法 行政安全部 "
    "企劃財政部 敎育部 文化體育觀光部 慶尙北道 全羅南道 忠淸北道 江原道 濟州道 京畿道 "
    "서울特別市 釜山廣域市 大邱 仁川 東亞日報 朝鮮日報 韓國經濟 每日新聞 社說 記者 取材 "
    "株式會社 三星電子 現代自動車 勞動組合 賃金協商 國民年金 健康保險 不動産 投機過熱地區 "
    "分讓價上限制 候補者 選擧運動 政黨公薦 與野 國政監査 聽聞會 檢察總長 搜査 拘束令狀 "
    "裁判部 判決宣告 控訴審 大法院 辯護士 敎授 學生 大學修學能力試驗 小學校 中學校 高等學校 "
    "民主主義 共和國 南北關係 統一部 離散家族 休戰線 非武裝地帶 獨立運動 臨時政府 三一節 "
    "光復節 檀君 李舜臣 世宗大王 訓民正音 朝鮮王朝實錄 兩班 科擧 成均館 景福宮 慶州 佛國寺 "
    "石窟庵 高麗 百濟 新羅 會社員 食堂 便紙 冊床 親舊 男便 工夫 未安 感氣 藥局 病院 地下鐵 "
    "停留場 空港 飛行機 汽車驛 第一條 第二條 第三項 規定 施行令 附則 改正 制定 公布 施行 "
    "目的 定義 適用範圍 義務 權利 責任"
)


def lid_rows(data: Path) -> pl.DataFrame:
    """Labelled sentences with clear licences, labels mapped; `held` marks what only measures."""
    rows = pl.read_ndjson(data / "lid" / "lid_dev.jsonl.zst")
    rows = rows.filter(~pl.col("license").is_in(UNCLEAR))
    rows = rows.with_columns(label=pl.col("lang").replace_strict(LABELS, default=None))
    # Tatoeba, Kyoto and the words are split by a hash; every other source is on one side.
    fifth = (pl.col("id").str.tail(4).str.to_integer() % 5) == 0
    shared = pl.col("source").str.contains("LASER|Kyoto")
    held = pl.col("source").is_in(HELD_OUT) | (shared & fifth)
    return rows.drop_nulls("label").select("text", "label", "source", held=held)


def document_rows(data: Path, rng: random.Random) -> list[tuple[str, str]]:
    """Lines of Chinese documents that are not in the sample."""
    bulk = pl.read_ndjson(data / "text" / "bulk.jsonl.zst", infer_schema_length=None)
    sample = pl.read_ndjson(data / "text" / "sample.jsonl.zst", infer_schema_length=None)
    bulk = bulk.join(sample.select("text").unique(), on="text", how="anti", maintain_order="left")
    out = []
    for source, (label, wanted) in DOCUMENTS.items():
        part = bulk.filter(pl.col("source") == source)
        lines = []
        for text, path in part.select("text", "path").iter_rows():
            # Pairs hold the modern translation; novels (第五回) are neither classical nor modern.
            name = label or ("zh" if path.endswith("target.txt") else "lzh")
            if label is None and "回/" in path:
                continue
            pieces = [text] if name == "lzh" and len(text) < 300 else text.split("\n")
            lines += [(piece[:300], name) for piece in pieces if len(piece) >= 8]
        rng.shuffle(lines)
        out += lines[:wanted]
    return out


def synthetic(japanese: list[str], rng: random.Random) -> list[tuple[str, str]]:
    """Hard negatives: Japanese without kana, Korean in Hanja, romanised Chinese."""
    kanji = re.compile(r"[\u4e00-\u9fff々]{2,}")
    found = [kanji.findall(text) for text in japanese]
    runs = [run for sentence in found for run in sentence]
    # A sentence without its kana reads like a headline: the words belong together.
    out = [("".join(sentence), "ja") for sentence in found if len("".join(sentence)) >= 4]
    for _ in range(3000):
        count = rng.randint(2, 10)
        out.append(("".join(rng.choices(runs, k=count)), "ja"))
        out.append(("".join(rng.choices(runs, k=count)), "ja"))
        out.append((" ".join(rng.choices(PINYIN.split(), k=3 * count)), "zh-Latn"))
        if rng.random() < 0.4:
            out.append((" ".join(rng.choices(HANJA.split(), k=count)), "ko"))
    return out


def training_lines(rows: pl.DataFrame, data: Path) -> list[str]:
    """Everything trained on, both scripts of each Chinese line, in a fixed random order."""
    rng = random.Random(SEED)
    train = rows.filter(~pl.col("held"))
    pairs = list(train.select("text", "label").iter_rows())
    japanese = [text for text, label in pairs if label == "ja"]
    weight = {"wuu": 6, "yue": 1}
    pairs = [pair for pair in pairs for _ in range(weight.get(pair[1], 1))]
    # Longer lines too: a document is more than a sentence.
    by_label: dict[str, list[str]] = {}
    for text, label in pairs:
        by_label.setdefault(label, []).append(text)
    for label, texts in sorted(by_label.items()):
        for _ in range(len(texts) // 4):
            start = rng.randrange(len(texts))
            pairs.append((" ".join(texts[start : start + rng.randint(2, 6)]), label))
    pairs += document_rows(data, rng) + synthetic(japanese, rng)
    to_simplified = opencc.OpenCC("t2s", include_tofu_risk_dictionaries=False).convert
    to_traditional = opencc.OpenCC("s2t", include_tofu_risk_dictionaries=False).convert
    lines = []
    for text, label in pairs:
        variants = {text}
        if label in {"zh", "yue", "wuu", "lzh"}:
            variants |= {to_simplified(text), to_traditional(text)}
        for variant in sorted(variants):
            tokens = model_line(variant)
            if tokens:
                lines.append(f"__label__{label} {tokens}")
    rng.shuffle(lines)
    return lines


def main() -> None:
    """Train, quantise, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--output", type=Path, default=Path("corpus_pipeline/assets/langid.ftz"))
    options = parser.parse_args()
    started = time.monotonic()
    rows = lid_rows(options.data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        lines = training_lines(rows, options.data)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{len(lines)} lines in {time.monotonic() - started:.0f} s")
        fasttext.FastText.eprint = lambda *_: None
        model = fasttext.train_supervised(
            str(path),
            dim=16,
            lr=0.5,
            epoch=8,
            wordNgrams=2,
            minCount=2,
            bucket=200_000,
            thread=1,
            seed=SEED,
            verbose=0,
        )
        model.quantize(
            str(path),
            cutoff=70_000,
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
    measure(model, rows.filter("held"))


def measure(model: object, held: pl.DataFrame) -> None:
    """The model alone: accuracy per label on the held-out part."""
    found = [
        (model.predict([model_line(text) or "x"])[0][0][0]).removeprefix("__label__")
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
