"""An audit for people and for CI: text, JSON, JUnit XML, SARIF 2.1.0, OSCAL.

Enters: an `AuditResult`.  Leaves: a string without times, machine names, or values from a text:
evidence is a file, a document's id, a type and offsets.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import get_args
from xml.etree import ElementTree as ET

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.oscal import oscal
from corpus_pipeline.products.audit.profile import Basis, Level, Method
from corpus_pipeline.products.audit.result import (
    MET,
    NOT_CHECKED,
    NOT_MET,
    STATUS_WORDS,
    AuditResult,
    ClauseResult,
    Status,
)
from corpus_pipeline.products.audit.sarif import sarif
from corpus_pipeline.products.audit.words import Language, Words, both
from corpus_pipeline.text.unicode.escape import escaped

_MARKS: Mapping[Status, Words] = {
    "pass": both("PASS", "符合　"),
    "fail": both("FAIL", "不符合"),
    "not_applicable": both("N/A ", "不适用"),
    "not_checked": both("OPEN", "未检查"),
}
#: The word of a status in the totals of the text.
_TOTALS: Mapping[Status, Words] = {
    **STATUS_WORDS,
    "pass": both("passed", "符合"),
    "fail": both("failed", "不符合"),
}
LEVEL_WORDS: Mapping[Level, Words] = {
    "required": both("required", "应"),
    "should": both("should", "宜"),
    "practice": both("practice", "实践做法"),
}
BASIS_WORDS: Mapping[Basis, Words] = {
    "final": both("final text read", "已读正式文本"),
    "draft": both("draft read", "已读征求意见稿"),
    "secondary": both("secondary source", "二手资料"),
    "house": both("own promise", "自身承诺"),
}
METHOD_WORDS: Mapping[Method, Words] = {
    "automatic": both("automatic", "自动检查"),
    "technical_sample": both("technical sample", "技术抽检"),
    "manual_sample": both("sample by hand", "人工抽检"),
    "document": both("documents", "文件审阅"),
}
UNCONFIRMED = both("not confirmed", "未经核实")
_VERDICTS: Mapping[int, Words] = {
    MET: both("PASSED", "通过"),
    NOT_MET: both("FAILED", "未通过"),
    NOT_CHECKED: both("INCOMPLETE", "未完成"),
}

#: What stands before a decision: whether it is the plan of a pilot, and whether it is over.
_DECIDED: Mapping[tuple[bool, bool], Words] = {
    (False, False): both("waived until {}: ", "豁免至 {}："),
    (False, True): both("waiver expired on {}: ", "豁免已于 {} 到期："),
    (True, False): both("open until {}, as planned: ", "按计划整改，截至 {}："),
    (True, True): both("the plan ended on {}: ", "整改计划已于 {} 到期："),
}
#: Pieces of evidence that the text shows under a clause.
_SHOWN = 5

#: What XML 1.0 cannot hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(result: AuditResult, form: str = "text", language: Language = "en") -> str:
    """The audit in one of the formats (`FORMATS`); the others than `text` hold both languages."""
    checked_formats([form])
    return text(result, language) if form == "text" else FORMATS[form](result)


def checked_formats(forms: Sequence[str], *, alone: bool = False) -> Sequence[str]:
    """The names of formats; `PipelineError` for an unknown one, and for several where `alone`."""
    for form in forms:
        if form not in FORMATS:
            raise PipelineError(f"no audit format {form!r}; known: {', '.join(FORMATS)}")
    if alone and len(forms) > 1:
        raise PipelineError("several formats need a folder: give --output")
    return forms


def spoken(language: str) -> Language:
    """The language of this name, or `PipelineError`."""
    for known in get_args(Language):
        if known == language:
            tongue: Language = known
            return tongue
    raise PipelineError(f"no language {language!r}; known: {', '.join(get_args(Language))}")


def text(result: AuditResult, language: Language = "en") -> str:
    """A line per clause, evidence below those that are not met."""
    title = both(
        f"audit of {result.run}, profile {result.profile.profile}",
        f"对 {result.run} 的检查，规则集 {result.profile.profile}：{result.profile.title.zh}",
    )
    lines = [title.of(language), *_about(result, language), *_supervision(result, language), ""]
    width = max(len(entry.clause.id) for entry in result.clauses)
    for entry in result.clauses:
        mark, clause = _MARKS[entry.status].of(language), entry.clause
        lines.append(f"{mark}  {clause.id:<{width}}  {clause.title.of(language)}")
        lines += [f"{'':{width + 8}}{line}" for line in _below(entry, language)]
    lines += ["", _totals(result, language)]
    return "\n".join(map(escaped, lines)) + "\n"


def _about(result: AuditResult, language: Language) -> Iterator[str]:
    """What the clauses rest on, and what an audit is worth."""
    profile = result.profile
    yield profile.reading.of(language)
    day, checked = result.day.isoformat(), profile.checked_on.isoformat()
    start = profile.effective_from
    if start is not None:
        still = both("", "") if start <= result.day else both(", not yet", "，尚未施行")
        yield both(f"In force from {start}{still.en}.", f"自 {start} 起施行{still.zh}。").of(
            language
        )
    worth = both(
        f"Held against it on {day}, clauses as they were known on {checked}. This is evidence for "
        "an assessment, never a certificate.",
        f"检查日期 {day}，条款核对截至 {checked}。本结果是供评估使用的证据，不是合格证明。",
    )
    yield worth.of(language)


def _supervision(result: AuditResult, language: Language) -> Iterator[str]:
    """The pilot or the release that the audit is for, and what was closed since the one before."""
    supervision = result.supervision
    if supervision is None:
        return
    pilot = supervision.pilot
    if pilot is None:
        yield both("For release: every finding blocks.", "面向发布：发现问题即不予发布。").of(
            language
        )
    else:
        number, ends = f"{pilot.documents:,}", pilot.ends.isoformat()
        said = both(
            f"Pilot {pilot.name} until {ends}, limit {number} kept: ",
            f"试点 {pilot.name}，截至 {ends}，不超过 {number} 篇：",
        )
        yield f"{said.of(language)}{pilot.scope}"
    for broken in supervision.broken:
        yield f"{_MARKS['fail'].of(language)}  {broken.of(language)}"
    if supervision.since is not None:
        closed = ", ".join(f"{one['clause']} ({one['findings']})" for one in supervision.closed)
        since = both(
            f"Closed since entry {supervision.since} of the register: {closed or 'nothing'}",
            f"自登记第 {supervision.since} 条以来已整改：{closed or '无'}",
        )
        yield since.of(language)


def _below(entry: ClauseResult, language: Language) -> Iterator[str]:
    """What stands under a clause: the measurement, the evidence, what was said and decided."""
    clause = entry.clause
    about = [str(clause.reference), LEVEL_WORDS[clause.level].of(language)]
    about.append(METHOD_WORDS[clause.method].of(language))
    if clause.basis != "house":
        about.append(BASIS_WORDS[clause.basis].of(language))
    if not clause.confirmed:
        about.append(UNCONFIRMED.of(language))
    if clause.effective_from is not None:
        day = clause.effective_from.isoformat()
        about.append(both(f"in force from {day}", f"自 {day} 起施行").of(language))
    yield f"{entry.measured.of(language)} [{' · '.join(about)}]"
    if entry.reason is not None and entry.reason != entry.measured:
        yield entry.reason.of(language)
    if entry.status == "fail":
        states = entry.states or (None,) * len(entry.evidence)
        for found, state in list(zip(entry.evidence, states, strict=True))[:_SHOWN]:
            yield f"- {found.of(language)}{f' ({state})' if state else ''}"
        if more := entry.findings - min(len(entry.evidence), _SHOWN):
            rest = both(f"… and {more} more (see --format json)", f"……另有 {more} 处（见 JSON）")
            yield f"- {rest.of(language)}"
    yield from _said(entry, language)


def _said(entry: ClauseResult, language: Language) -> Iterator[str]:
    """What people said of a clause and decided about it."""
    for words, value in (
        (both("equivalent measure: ", "等效措施："), entry.equivalent_measure),
        (both("plan: ", "整改计划："), entry.plan),
    ):
        if value:
            yield f"{words.of(language)}{value}"
    for waiver, is_over in ((entry.waiver, False), (entry.expired, True)):
        if waiver is not None:
            until = _DECIDED[waiver.is_plan, is_over].of(language)
            why = f"{waiver.justification} ({waiver.approver})"
            yield f"{until.format(waiver.expires.isoformat())}{why}"
    if entry.never is not None:
        never = both("no pilot may leave it open: ", "试点不得搁置：").of(language)
        yield f"{never}{entry.never.of(language)}"
    if entry.status in {"fail", "not_checked"} and entry.clause.mend is not None:
        yield f"→ {entry.clause.mend.of(language)}"


def _totals(result: AuditResult, language: Language) -> str:
    tally = Counter[Status](entry.status for entry in result.clauses)
    let_be = tally["fail"] - sum(entry.stands for entry in result.clauses)
    of_them = both(f" ({let_be} waived or known)", f"（其中豁免或已知 {let_be}）")
    if result.supervision is not None:
        of_them = both(f" ({let_be} with a plan)", f"（其中已有整改计划 {let_be}）")
    more = {"fail": of_them} if let_be else {}
    nothing = both("", "")
    numbers = {
        "en": ", ".join(
            f"{tally[status]} {word.en}{more.get(status, nothing).en}"
            for status, word in _TOTALS.items()
        ),
        "zh": "，".join(
            f"{word.zh} {tally[status]}{more.get(status, nothing).zh}"
            for status, word in _TOTALS.items()
        ),
    }
    verdict = _VERDICTS[result.exit_code].of(language)
    return f"{verdict}{'：' if language == 'zh' else ': '}{numbers[language]}"


def as_json(result: AuditResult) -> str:
    """All clauses with all listed evidence, as JSON."""
    return json.dumps(result.to_dict(), ensure_ascii=False, indent=1) + "\n"


def junit(result: AuditResult) -> str:
    """One test case per clause: a failure, an error where nothing was looked into, or skipped."""
    skipped = [entry for entry in result.clauses if _skipped(entry)]
    numbers = {
        "tests": str(len(result.clauses)),
        "failures": str(sum(entry.stands for entry in result.clauses)),
        "errors": str(sum(entry.status == "not_checked" for entry in result.clauses)),
        "skipped": str(len(skipped)),
    }
    root = ET.Element("testsuites", {"name": "corpus-pipeline audit", **numbers})
    suite = ET.SubElement(root, "testsuite", {"name": result.profile.profile, **numbers})
    for entry in result.clauses:
        place = {"classname": f"audit.{result.profile.profile}", "name": entry.clause.id}
        _case(ET.SubElement(suite, "testcase", place), entry)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _skipped(entry: ClauseResult) -> bool:
    """Whether a clause does not apply, or fails and is waived or known."""
    return entry.status == "not_applicable" or (entry.status == "fail" and not entry.stands)


def _case(case: ET.Element, entry: ClauseResult) -> None:
    reference, measured = str(entry.clause.reference), _xml(entry.measured.en)
    if _skipped(entry):
        said = [measured, *(_xml(line) for line in _said(entry, "en"))]
        ET.SubElement(case, "skipped", {"message": "; ".join(said)})
    elif entry.status == "pass":
        ET.SubElement(case, "system-out").text = measured
    else:
        tag = "failure" if entry.status == "fail" else "error"
        fault = ET.SubElement(case, tag, {"message": measured, "type": reference})
        said = [str(found) for found in entry.evidence] or [entry.clause.what.en]
        fault.text = _xml("\n".join(said))


def _xml(value: str) -> str:
    return _NO_XML.sub("\ufffd", value)


FORMATS: Mapping[str, Callable[[AuditResult], str]] = {
    "text": text,
    "json": as_json,
    "sarif": sarif,
    "junit": junit,
    "oscal": oscal,
}

#: What the file of a format is called, where several are written into one folder.
FILES: Mapping[str, str] = {
    "text": "audit.txt",
    "json": "audit.json",
    "sarif": "audit.sarif",
    "junit": "audit.junit.xml",
    "oscal": "audit.oscal.json",
}
