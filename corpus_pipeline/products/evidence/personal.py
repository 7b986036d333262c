"""Personal data by type: what was found, what was done with it, and what is left.

Enters: a finished run, its scale and the audit's result.  Leaves: a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.result import AuditResult
from corpus_pipeline.products.audit.words import both
from corpus_pipeline.products.evidence.scale import Scale
from corpus_pipeline.products.evidence.table import Cell, Column, Table
from corpus_pipeline.products.runs import DROPPED, KEPT, Run
from corpus_pipeline.rules.pack import load
from corpus_pipeline.rules.pii.pack import PiiPack

#: Type of personal data in Chinese; others are shown by their identifier.
NAMES = {
    "email": "电子邮箱",
    "secret": "口令与密钥",
    "resident_id": "居民身份证号",
    "org_id": "统一社会信用代码",
    "permit": "通行证与社保卡号",
    "passport": "护照号",
    "hk_id": "香港身份证号",
    "mo_id": "澳门身份证号",
    "tw_id": "台湾身份证号",
    "vin": "车辆识别代号",
    "bank_card": "银行卡号",
    "mobile": "手机号",
    "landline": "固定电话",
    "device_id": "设备号",
    "qq": "QQ 号",
    "wechat": "微信号",
    "plate": "车牌号",
    "military_id": "军官证号",
    "ip": "IP 地址",
    "ip_reserved": "保留 IP 地址",
    "mac": "MAC 地址",
    "location": "精确位置",
    "address": "住址",
    "name": "姓名",
}


def personal(run: Run, size: Scale, result: AuditResult) -> Table:
    """A row for each type that the pack knows or that was found."""
    options, pinned = _stage(run)
    types = _types(pinned)
    left = _left(result)
    found = {kind for _, kind in size.personal}
    rows = []
    for kind in sorted({*types, *found, *left}):
        known = types.get(kind, {})
        policy = options.get("policy", {}).get(kind) or known.get("policy")
        rows.append(
            (
                kind,
                NAMES.get(kind, kind),
                size.personal[KEPT, kind],
                size.personal[DROPPED, kind],
                policy,
                known.get("placeholder"),
                _yes(known.get("gbt35273_sensitive")),
                _yes(known.get("gbt45574_sensitive")),
                left.get(kind, 0),
            )
        )
    return Table(
        "personal_data",
        both("Personal data by type", "个人信息类型与处理方式"),
        both(
            "Spans that the pii stage found, what it did with the type, whether two standards call "
            "it sensitive, and texts in which the second engine still found some.",
            "pii 阶段发现的处数、该类型的处理方式、两项标准下是否敏感，以及第二引擎复检残留。",
        ),
        (
            Column(both("type", "类型标识")),
            Column(both("name", "类型")),
            Column(both("found in kept", "保留文档中发现")),
            Column(both("found in dropped", "剔除文档中发现")),
            Column(both("policy", "处理方式")),
            Column(both("placeholder", "占位符")),
            Column(both("sensitive, GB/T 35273", "GB/T 35273 敏感")),
            Column(both("sensitive, GB/T 45574", "GB/T 45574 敏感")),
            Column(both("left over", "复检残留")),
        ),
        tuple(rows),
    )


def _stage(run: Run) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Options and assets of the stage `pii` in a run; nothing where it did not run."""
    for stage in run.manifest["stages"]:
        if stage["name"] == "pii":
            return stage.get("options", {}), stage.get("assets", {})
    return {}, {}


def _types(assets: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the pack of the run says of its types, where that very pack can still be read."""
    pinned = assets.get("pack")
    if pinned is None:
        return {}
    try:
        asset = resolve(str(pinned["ref"]), Path.cwd())
        if asset.sha256 != pinned["sha256"]:
            return {}
        return {name: kind.model_dump() for name, kind in load(asset, PiiPack).types.items()}
    except PipelineError:
        return {}


def _left(result: AuditResult) -> dict[str, int]:
    """What the second engine found, by type."""
    left: dict[str, int] = {}
    for entry in result.clauses:
        if entry.clause.check == "personal_data":
            left = {str(kind): int(count) for kind, count in entry.facts.get("by_type", {}).items()}
    return left


def _yes(value: object) -> Cell:
    if value is None:
        return ""
    return "是 / yes" if value else "否 / no"
