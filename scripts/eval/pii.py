"""Personal data: how much of each type is found in any format and disguise, and what is touched.

Enters: sentences of real text (test halves of `web/web_dev.jsonl.zst` and `text/sample.jsonl.zst`),
between which made-up values stand, or what looks like one, or nothing.
Leaves: recall by kind, their mean, the mean of the kinds with a check digit, the precision of
spans, and the share of look-alikes and of ordinary texts that are touched.
Refuses: to print a value of real text; what is touched there is told by type and rule alone.
"""

import random
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from scripts.eval.reading import rows

ROOM = "pii"
BASELINES: dict[str, Any] = {}
SEED = 31
#: Texts of each kind, and ordinary sentences, so many of one text at most.
EACH, ORDINARY, OF_ONE = 120, 40_000, 12
#: Kinds whose value has a check digit or a form of its own: tier 1.
CHECKED = (
    "resident_id", "credit_code", "hong_kong_id", "vehicle_number", "bank_card", "mobile", "email",
    "taiwan_id",
)  # fmt: skip
REGISTERS = ("news_article", "news_or_web_article", "news_brief", "blog", "recipe", "medical_qa")
#: Sentences that mean to give a way to reach somebody are not ordinary.
_CONTACT = re.compile(
    "[电電][话話]|手机号|热线|[传傳]真|邮箱|信箱|[@＠]|QQ|Q群|群号|微信[:：号 A-Za-z]|客服|拨打"
    "|致电|咨询[:：]|车牌号|[东北][经纬]|°"
)
_SENTENCE = re.compile("[^。！？\n]{8,60}[。！？]")
_ANY_SENTENCE = re.compile("[^。！？\n]{6,200}[。！？]?")


def items(data: Path) -> list[dict[str, Any]]:
    """Values in sentences, lists, linked names and addresses, look-alikes, ordinary texts."""
    from corpus_pipeline.training.halves import half, half_of  # noqa: PLC0415 – as above
    from scripts.eval import pii_forms, pii_lookalikes  # noqa: PLC0415 – need the package

    every = [row for row in rows(data / "web" / "web_dev.jsonl.zst") if half(row["id"]) == "test"]
    web = [row["text"] for row in every if row["register"] in REGISTERS]
    prose = [
        row["text"] for row in rows(data / "text" / "sample.jsonl.zst") if half_of(row) == "test"
    ]
    rng = random.Random(SEED)
    sentences = [s for text in web[:4000] for s in _SENTENCE.findall(text)[:3]]
    # A sentence that holds five digits or a sign of mail may hold a number of its own.
    calm = [s for s in sentences if not re.search(r"[0-9０-９]{5}|[@＠]|QQ|微信|车牌", s)]
    ordinary = [
        {"group": "ordinary", "kind": kind, "text": sentence}
        for kind, texts in (("web", [row["text"] for row in every]), ("prose", prose))
        for text in texts
        for sentence in _ANY_SENTENCE.findall(text)[:OF_ONE]
        if not _CONTACT.search(sentence)
    ]
    rng.shuffle(ordinary)
    return [
        *pii_forms.positives(calm, rng, EACH),
        *pii_forms.listed(calm, rng, EACH),
        *pii_forms.linked(calm, rng, EACH),
        *pii_lookalikes.negatives(calm, rng, EACH),
        *ordinary[:ORDINARY],
    ]


def ours(items: list[dict[str, Any]]) -> list[Any]:
    """The spans of each text as (start, end, type), all types on."""
    import polars as pl  # noqa: PLC0415 – not in the baselines' environment
    import yaml  # noqa: PLC0415 – as above

    import corpus_pipeline as cp  # noqa: PLC0415 – as above

    texts = [one["text"] for one in items]
    docs = pl.DataFrame({"id": [str(at) for at in range(len(texts))], "text": texts})
    pack = Path(cp.__file__).parent / "rules" / "packs" / "pii.yaml"
    every = dict.fromkeys(yaml.safe_load(pack.read_text("utf-8"))["types"], "tag")
    spans = cp.stage("pii", policy=every)(docs)["pii_spans"].to_list()
    return [[(s["start"], s["end"], s["type"]) for s in found] for found in spans]


def covered(one: dict[str, Any], found: list[Any]) -> bool:
    """Whether a finding of the right type covers the value, but for a fifth of it at most."""
    size = one["end"] - one["start"]
    return any(
        kind in one["types"] and min(end, one["end"]) - max(start, one["start"]) >= 0.8 * size
        for start, end, kind in found
    )


def score(items: list[dict[str, Any]], answers: list[Any]) -> dict[str, float]:
    """The figures; kept types (companies, reserved addresses) touch nothing."""
    hits: dict[str, list[bool]] = defaultdict(list)
    touched: dict[str, list[bool]] = defaultdict(list)
    right = wrong = 0
    for one, found in zip(items, answers, strict=True):
        if "start" in one:
            hits[one["kind"]].append(covered(one, found))
        else:
            counted = [s for s in found if s[2] not in {"org_id", "ip_reserved", "location"}]
            touched[one["group"]].append(bool(counted))
        if one["group"] == "found" and one["kind"] != "mobile_list":
            inside = [min(e, one["end"]) > max(s, one["start"]) for s, e, _ in found]
            right, wrong = right + sum(inside), wrong + len(inside) - sum(inside)
    shares = {kind: sum(values) / len(values) for kind, values in hits.items()}
    main = [share for kind, share in shares.items() if kind not in {"name", "address"}]
    return {
        "recall": sum(main) / len(main),
        "recall_checked": sum(shares[kind] for kind in CHECKED) / len(CHECKED),
        "span_precision": right / (right + wrong),
        "lookalikes_touched": sum(touched["lookalike"]) / len(touched["lookalike"]),
        "ordinary_touched": sum(touched["ordinary"]) / len(touched["ordinary"]),
        **{f"found_{kind}": share for kind, share in sorted(shares.items())},
    }


def mistakes(items: list[dict[str, Any]], answers: list[Any]) -> list[str]:
    """Made-up values that were missed; other texts that were touched, by type."""
    told = []
    for one, found in zip(items, answers, strict=True):
        if "start" in one:
            if not covered(one, found):
                value = one["text"][one["start"] : one["end"]]
                told.append(f"missed {one['kind']}: {one['cue']!r} {value!r}")
        elif found:
            told.append(f"touched {one['group']} {one['kind']}: {sorted({s[2] for s in found})}")
    return told[:200]
