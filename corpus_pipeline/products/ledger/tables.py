"""The tables of a ledger, in two languages, for CSV files and a workbook.

Enters: a ledger.  Leaves: tables whose cells are numbers, or text that no spreadsheet computes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from corpus_pipeline.products.audit.words import KIND_WORDS, Words, both
from corpus_pipeline.products.evidence.table import Cell, Column, Table, finished
from corpus_pipeline.products.ledger.account import COLUMNS, Ledger, shown
from corpus_pipeline.products.ledger.release import STATES
from corpus_pipeline.products.ledger.words import COUNTS, FIGURES

_CONTRIBUTOR = Column(both("contributor", "贡献方"))
_SOURCE = Column(both("source", "来源"))
_DOCUMENTS = Column(both("documents", "文档"))
_CHARACTERS = Column(both("characters", "字符"))
_RELEASE, _STAGE = both("release", "发布版本"), both("stage", "步骤")
_SIZES = (_DOCUMENTS, _CHARACTERS, Column(both("bytes", "字节")), Column(both("tokens", "词元")))
#: Digits that a number of a spreadsheet has.
_DIGITS = 15
_STATES: Mapping[str, Words] = {
    "kept": COUNTS["kept"],
    "dropped": both("dropped", "去除"),
    "quarantined": both("quarantined", "隔离"),
    "erased": both("erased", "撤回"),
}


def tables(ledger: Ledger) -> list[Table]:
    """All tables, in the order of the workbook."""
    content = ledger.content
    made = [
        _shares(content),
        _contributors(content),
        _sources(ledger),
        _reasons(ledger),
        _quality(ledger),
        _domains(ledger),
        _duplicates(ledger),
        _releases(content),
        _remarks(content),
    ]
    return finished(made, list)


def _figures() -> tuple[Column, ...]:
    return tuple(Column(FIGURES[name]) for name in COLUMNS)


def _values(record: Mapping[str, Any]) -> tuple[Cell, ...]:
    return tuple(shown(record[name]) for name in COLUMNS)


def _contributors(content: Mapping[str, Any]) -> Table:
    rows = [
        (one["name"], ", ".join(one["sources"]), *_values(one)) for one in content["contributors"]
    ]
    return Table(
        "contributors",
        both("Contributors", "贡献方"),
        both(
            "What each contributor delivered and what survived; unique: no source of another "
            "contributor had it. Tokens: " + content["tokens"]["en"],
            "各贡献方交付与保留情况；独有：其他贡献方均无。词元：" + content["tokens"]["zh"],
        ),
        (_CONTRIBUTOR, Column(both("sources", "来源")), *_figures()),
        (
            *rows,
            (both("all", "合计"), None, *_values({**dict.fromkeys(COLUMNS), **content["totals"]})),
        ),
    )


def _sources(ledger: Ledger) -> Table:
    registry: dict[str, Any] = {}
    verdicts: dict[str, str] = {}
    for release in ledger.chain.releases:
        registry |= release.run.sources
        rows = release.run.manifest.get("admission") or []
        verdicts |= {str(row["source"]): str(row["verdict"]) for row in rows}
    listed = []
    for one in ledger.content["sources"]:
        entry = registry.get(one["name"], {})
        kind = str(entry.get("kind") or "")
        licence = entry.get("license")
        about = (KIND_WORDS.get(kind) or kind, licence, verdicts.get(one["name"]))
        listed.append((one["name"], one["contributor"], *about, *_values(one)))
    about_columns = (
        Column(both("kind", "类型")),
        Column(both("licence", "许可")),
        Column(both("admission", "准入结论")),
    )
    return Table(
        "sources",
        both("Sources", "来源"),
        both(
            "The same of each source; unique: no other source had it, of the same contributor or "
            "not.",
            "各来源交付与保留情况；独有：其他来源均无，包括同一贡献方的来源。",
        ),
        (_SOURCE, _CONTRIBUTOR, *about_columns, *_figures()),
        tuple(listed),
    )


def _shares(content: Mapping[str, Any]) -> Table:
    rule, shares = content["rule"], content["shares"] or []
    names = list(shares[0]["figures"]) if shares else []
    rows: list[tuple[Cell, ...]] = [
        (
            one["name"],
            *(shown(one["figures"][name]) for name in names),
            shown(one["value"]),
            one["share"],
            shown(one["share"]),
            _amount(one["amount"]),
        )
        for one in shares
    ]
    if shares:
        rows.append(
            (both("all", "合计"), *[None] * len(names), None, None, None, _amount(rule["total"]))
        )
    why = content["no_shares"] or {"en": "", "zh": ""}
    return Table(
        "shares",
        both("Shares", "份额"),
        both(
            f"{rule['rule']}, of {rule['of']}: {rule['total']} {rule['unit']}. {why['en']}",
            f"规则 {rule['rule']}，总额 {rule['total']} {rule['unit']}。{why['zh']}",
        ),
        (
            _CONTRIBUTOR if rule["of"] == "contributors" else _SOURCE,
            *(Column(FIGURES[name]) for name in names),
            Column(both("value", "规则值")),
            Column(both("share, exact", "精确份额")),
            Column(both("share", "份额")),
            Column(both("amount", "分得")),
        ),
        tuple(rows),
    )


def _amount(value: str) -> Cell:
    """An amount as a number, where a spreadsheet holds all of its digits; exact in the ledger."""
    digits = value.replace(".", "").lstrip("0")
    if len(digits) > _DIGITS:
        return value
    return float(value) if "." in value else int(value)


def _owned(ledger: Ledger, source: str) -> tuple[Cell, Cell]:
    return source, ledger.figures.owners[source]


def _reasons(ledger: Ledger) -> Table:
    rows = [
        (
            *_owned(ledger, row["source"]),
            _STATES[row["state"]],
            row["stage"],
            row["rule"],
            row["documents"],
            row["characters"],
            row["bytes"],
            row["tokens"],
        )
        for row in ledger.content["reasons"]
    ]
    heads = (both("state", "状态"), _STAGE, both("rule", "规则"))
    return Table(
        "reasons",
        both("Reasons", "未保留原因"),
        both(
            "What did not survive, by stage and rule. Records in quarantine and erased documents "
            "have no text.",
            "未保留的文档及其步骤与规则；隔离记录与撤回文档没有文本。",
        ),
        (_SOURCE, _CONTRIBUTOR, *map(Column, heads), *_SIZES),
        tuple(rows),
    )


def _by_source(ledger: Ledger, name: str, key: str, title: Words, about: Words) -> Table:
    rows = [
        (
            *_owned(ledger, row["source"]),
            row[key],
            row["documents"],
            row["characters"],
            row["bytes"],
            row["tokens"],
        )
        for row in ledger.content[name]
    ]
    heading = Column({"bucket": both("bucket", "质量档"), "domain": both("domain", "领域")}[key])
    return Table(name, title, about, (_SOURCE, _CONTRIBUTOR, heading, *_SIZES), tuple(rows))


def _quality(ledger: Ledger) -> Table:
    title = both("Quality", "质量分布")
    about = both(
        "Kept documents by bucket of quality, 0 to 19.", "保留文档按质量档（0 至 19）分布。"
    )
    return _by_source(ledger, "quality", "bucket", title, about)


def _domains(ledger: Ledger) -> Table:
    title = both("Domains", "领域分布")
    about = both("Kept documents by domain; empty: none.", "保留文档按领域分布；空：未判定。")
    return _by_source(ledger, "domains", "domain", title, about)


def _duplicates(ledger: Ledger) -> Table:
    rows = [
        (*_owned(ledger, row["source"]), row["other"], row["documents"], row["characters"])
        for row in ledger.content["duplicates"]
    ]
    return Table(
        "duplicates",
        both("Duplicates", "重复"),
        both(
            "Documents dropped as duplicates, by the source whose document stands for them; empty: "
            "that document is in none of these releases, or was erased.",
            "因重复去除的文档及代表文档所属来源；空：代表文档不在账内或已撤回。",
        ),
        (_SOURCE, _CONTRIBUTOR, Column(both("stands", "代表来源")), _DOCUMENTS, _CHARACTERS),
        tuple(rows),
    )


def _releases(content: Mapping[str, Any]) -> Table:
    rows = [
        (
            one["name"],
            one["seal"],
            one["read"],
            *(one[state] for state in STATES),
            *(one["stands"][state] for state in STATES),
            sum(one["stands"].values()),
        )
        for one in content["runs"]
    ]
    heads = [_RELEASE, both("seal", "封签"), both("read", "读入")]
    heads += [_STATES[state] for state in STATES]
    heads += [both(f"{state}, counted", f"计入{_STATES[state].zh}") for state in STATES]
    heads += [both("counted", "计入合计")]
    return Table(
        "releases",
        both("Releases", "发布版本"),
        both(
            "The counts of each release, and how many of them are counted: a document that stands "
            "in several releases is counted in one.",
            "各发布版本的数目与计入数目；出现在多个版本中的文档只计一次。",
        ),
        tuple(map(Column, heads)),
        tuple(rows),
    )


def _remarks(content: Mapping[str, Any]) -> Table:
    rows: Sequence[tuple[Cell, ...]] = [
        (FIGURES[name], both(why["en"], why["zh"])) for name, why in content["unknown"].items()
    ]
    notes = [(None, both(note["en"], note["zh"])) for note in content["notes"]]
    return Table(
        "remarks",
        both("Not known", "未知事项"),
        both("Figures that the releases do not tell, and why.", "发布版本未能说明的数目及原因。"),
        (Column(both("figure", "数目")), Column(both("why", "原因"))),
        (*rows, *notes),
    )


def cost_table(content: Mapping[str, Any]) -> Table:
    """Core-hours as a table; not under the seal of a ledger."""
    rows: list[tuple[Cell, ...]] = [
        (
            _RELEASE,
            one["name"],
            one.get("engine"),
            one["core_hours"],
            one.get("reserved_core_hours"),
        )
        for one in content["runs"]
    ]
    rows += [
        (_STAGE, one["stage"], one["engine"], one["core_hours"], None) for one in content["stages"]
    ]
    rows += [
        (_SOURCE.heading, one["source"], None, one["core_hours"], None)
        for one in content["sources"]
    ]
    heads = (
        both("of", "对象"),
        both("name", "名称"),
        both("engine", "引擎"),
        both("core-hours", "核时"),
        both("reserved core-hours", "占用核时"),
    )
    title, about = both("Compute", "算力"), both("Core-hours.", "核时。")
    table = Table("compute", title, about, tuple(map(Column, heads)), tuple(rows))
    return finished([table], list)[0]
