"""The evidence folder: complete, readable, harmless, the same each time, and nobody's loss."""

import csv
import hashlib
import io
import shutil
import zipfile
from datetime import date
from html.parser import HTMLParser

import openpyxl
import pytest
import yaml

from corpus_pipeline.app.masking import masked
from corpus_pipeline.io import manifest
from corpus_pipeline.io.assets import PACKAGE
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.run import AuditOptions, audit
from corpus_pipeline.products.evidence.folder import Evidence, write_evidence
from corpus_pipeline.products.evidence.sources import FACTS
from corpus_pipeline.products.evidence.table import harmless
from corpus_pipeline.products.report.names import name_of
from corpus_pipeline.products.runs import open_run
from corpus_pipeline.products.verify.chain import verify
from corpus_pipeline.sources.record import Source
from corpus_pipeline.stages import STAGES

PHONE, EMAIL, CARD = "13800138000", "zhang.wei@example.com", "110101190001010014"
PACKS = (
    "compliance_risks.yaml",
    "compliance.yaml",
    "compliance/fraud.yaml",
    "compliance/weapons.yaml",
)
PROFILE = "gbt45654"


def assets(*refs):
    """The assets of a stage, as a manifest pins them."""
    return {
        f"pack{at}": {"ref": ref, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for at, (ref, path) in enumerate(refs)
    }


def ours(*names):
    packs = PACKAGE / "rules" / "packs"
    return [(f"package:rules/packs/{name}", packs / name) for name in names]


def with_stage(builder, name, **more):
    for stage in builder.content["stages"]:
        if stage["name"] == name:
            stage.update(more)


def planted(builder):
    """A run with personal data and formulas wherever people or pages put text."""
    with_stage(builder, "compliance", assets=assets(*ours(*PACKS[1:])))
    pinned = {"pack": assets(*ours("pii.yaml"))["pack0"]}
    with_stage(builder, "pii", assets=pinned, options={"policy": {"qq": "tag"}})
    news, forum = builder.content["sources"]
    news |= {"organisation": f"联系人{PHONE}", "contract": '=HYPERLINK("http://x.invalid","合同")'}
    forum |= {"license": None, "evidence": "+1+1", "dataset": "<script>alert(1)</script>"}
    sampled = {"sampled": 100, "bad": 7, "date": "2026-10-01", "assessor": f"陈{PHONE}"}
    forum["pre_assessment"] = sampled
    builder.content["name"] = f"运行{PHONE}"
    for split in builder.splits:
        split[0] |= {"text": f"电话{PHONE}，\n邮箱{EMAIL}", "title": f"=cmd|'{CARD}'"}
        split[1] |= {"url": f"https://example.org/?mail={EMAIL}", "text": "-2+3 减法"}
        hit = {"risk": "A2d", "rule": "slur", "start": 0, "end": 2, "weight": 1.0}
        split[3]["compliance_hits"] = [hit, hit]
        split[2]["url"] = f"https://{PHONE}@example.org/"
    builder.splits[1][4]["compliance_hits"] = [hit | {"risk": "A1f"}]
    builder.splits[1][4]["compliance_checked"] = "compliance 5; porn@1"
    builder.splits[1][5]["compliance_checked"] = None
    return builder.write()


def write(root, folder, profile=PROFILE, **papers):
    result = audit(root, profile, AuditOptions(day=date(2026, 11, 29), **papers))
    made_of = Evidence(root, result, papers.get("results", ()), papers.get("documents"))
    return result, write_evidence(made_of, folder, masked)


def papers(place):
    """What people hand in, with numbers of theirs in file names, reasons and plans."""
    (place / f"方案{PHONE}.txt").write_text("已批准")
    documents, waivers = place / "documents.yaml", place / "waivers.yaml"
    entry = {"name": "ip_policy", "path": f"方案{PHONE}.txt", "owner": f"王工{EMAIL}"}
    documents.write_text(yaml.safe_dump({"documents": [entry]}, allow_unicode=True))
    waiver = {"control_id": f"{PROFILE}/collection_records", "expires": "2026-12-31"}
    waiver |= {"justification": f"已电话{PHONE}确认", "approver": EMAIL}
    plan = {"control_id": f"{PROFILE}/filtered", "plan": f"由{PHONE}跟进"}
    content = {"waivers": [waiver], "statements": [plan]}
    waivers.write_text(yaml.safe_dump(content, allow_unicode=True))
    return {"documents": documents, "waivers": waivers}


@pytest.fixture(scope="module")
def made(make_builder, tmp_path_factory):
    """Root, folder, audit and paths of one folder that tests only read."""
    base = tmp_path_factory.mktemp("evidence")
    root = planted(make_builder(base / "RUN"))
    result, paths = write(root, base / "filing", **papers(base))
    return root, base / "filing", result, paths


def rows(path):
    """The rows of a CSV by their Chinese headings."""
    text = path.read_text("utf-8-sig")
    head, *body = list(csv.reader(io.StringIO(text, newline="")))
    names = [name.partition(" / ")[0] for name in head]
    return [dict(zip(names, row, strict=True)) for row in body]


def contents(folder):
    """Every byte of the folder, workbooks unpacked."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                yield from ((f"{path.name}:{name}", book.read(name)) for name in book.namelist())
        elif path.is_file():
            yield path.name, path.read_bytes()


def test_every_file_is_in_the_sealed_list(made):
    """The list names every file of the folder with its digest, and the run and profile it is of."""
    root, folder, result, paths = made
    content = manifest.read(folder / "manifest.json")
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    assert on_disk == {*paths, "manifest.json"}
    assert [entry["path"] for entry in content["files"]] == paths
    for entry in content["files"]:
        assert hashlib.sha256((folder / entry["path"]).read_bytes()).hexdigest() == entry["sha256"]
    assert (content["run"], content["profile"]) == (open_run(root).manifest["seal"], PROFILE)
    assert verify(root) == []
    assert result.exit_code == 1


def test_the_sources_are_listed_with_their_scale(made):
    """语料来源清单: kind, documents, characters, licence and proof of each source, gaps said."""
    root, folder, _, _ = made
    counts = open_run(root).counts
    listed = {row["来源"]: row for row in rows(folder / "tables/sources.csv")}

    assert set(listed) == {"news", "forum"}
    assert {n: int(row["保留条数"]) for n, row in listed.items()} == {
        name: states["kept"] for name, states in counts["by_source"].items()
    }
    assert sum(int(row["保留字数"]) for row in listed.values()) == counts["characters_kept"]
    sites = rows(folder / "tables/hosts.csv")
    assert {(row["来源"], row["网站"]) for row in sites} == {(n, "example.org") for n in listed}
    assert sum(int(row["条数"]) for row in sites) == counts["kept"]
    kinds = {row["来源类型"]: row for row in rows(folder / "tables/composition.csv")}
    assert int(kinds["合计 / all"]["保留条数"]) == counts["kept"]
    assert int(kinds["开源语料 / open source"]["字数"]) == int(listed["news"]["保留字数"])
    assert [listed[name]["类型"] for name in ("news", "forum")] == [
        "开源语料 / open source",
        "自采语料 / self-collected",
    ]
    assert listed["forum"]["许可"] == "未写明 / not stated"
    assert "许可" not in listed["news"]["按本依据尚缺"]
    assert "采集记录（collection_records）" in listed["forum"]["按本依据尚缺"]
    assert "robots 审查（robots_review）" in listed["forum"]["按本依据尚缺"]
    assert set(Source.model_fields) - {"name", "match", "excludes", "kind", "language"} == {
        *FACTS,
        "pre_assessment",
        "post_verification",
    }


def test_every_clause_has_its_row_in_both_languages(made):
    """条款符合性表: result, reason and measured value of each clause, as the audit says them."""
    _, folder, result, _ = made
    listed = rows(folder / "tables/clauses.csv")
    words = {"pass": "符合", "fail": "不符合", "not_applicable": "不适用", "not_checked": "未检查"}

    assert [row["条款编号"] for row in listed] == [entry.clause.id for entry in result.clauses]
    for row, entry in zip(listed, result.clauses, strict=True):
        assert row["结果"] == words[entry.status]
        assert [row["测量值"]] == masked([harmless(entry.measured.zh)])
        assert [row["measured"]] == masked([harmless(entry.measured.en)])
        assert bool(row["证据"]) == bool(entry.evidence)
    assert {"符合", "不符合", "不适用", "未检查"} == {row["结果"] for row in listed}


def test_what_nobody_looked_for_is_not_called_clean(made):
    """Of types that the second engine does not see the table says so; it gives no 0."""
    _, folder, _, _ = made
    left = {row["类型标识"]: row["复检残留"] for row in rows(folder / "tables/personal_data.csv")}

    assert {left[kind].partition(" ")[0] for kind in ("qq", "wechat", "passport")} == {
        "该引擎不识别"
    }
    assert left["org_id"].startswith("按处理方式保留")
    assert int(left["mobile"]) == int(left["email"]) == int(left["resident_id"]) == 2
    assert left["bank_card"] == "0"


def test_what_is_left_to_do_is_listed(made):
    """待办清单: every open clause, those that fail first, and the texts that nobody has read."""
    _, folder, result, _ = made
    listed = rows(folder / "tables/left_to_do.csv")
    required = [one for one in result.clauses if one.clause.level == "required"]
    failing = {one.clause.id for one in required if one.status == "fail"}
    still = {one.clause.id for one in result.clauses if one.status in {"fail", "not_checked"}}

    assert {row["条款编号"] for row in listed[:-1]} == still
    assert {row["条款编号"] for row in listed[: len(failing)]} == failing
    assert listed[-1]["要求"] == "与正式文本核对"
    assert all(row["办理事项"] for row in listed)


def test_the_ledger_adds_up(made):
    """What was read is what was kept, dropped and quarantined, line by line."""
    root, folder, _, _ = made
    counts = open_run(root).counts
    by_kind = {}
    for row in rows(folder / "tables/ledger.csv"):
        kind = row["处理"].partition(" ")[0]
        by_kind[kind] = by_kind.get(kind, 0) + int(row["条数"])

    assert by_kind["读入"] == counts["read"]
    assert by_kind["读入"] == by_kind["保留"] + by_kind["剔除"] + by_kind["隔离"]


def test_risks_are_counted_and_gaps_said(made):
    """内容风险识别结果: documents by risk, kept and dropped, and what has no record of a check."""
    root, folder, _, _ = made
    found = {row["风险编号"]: row for row in rows(folder / "tables/risks_found.csv")}
    counted = {key: [int(row["保留文档"]), int(row["剔除文档"])] for key, row in found.items()}
    checked = {
        row["检查记录"]: int(row["条数"]) for row in rows(folder / "tables/risks_checked.csv")
    }

    assert len(found) == 31
    assert {key: pair for key, pair in counted.items() if any(pair)} == {
        "A1f": [1, 0],
        "A2d": [2, 0],
    }
    assert sum(checked.values()) == open_run(root).counts["kept"]
    assert (checked["compliance 5; porn@1"], checked["无记录 / no record"]) == (1, 1)


def test_every_stage_has_a_name_and_says_what_it_does(made):
    """方法: each stage of the run with a sentence about it; no stage of the package lacks one."""
    root, folder, _, _ = made
    listed = rows(folder / "tables/methods.csv")
    said = {row["阶段"].partition("（")[0]: row["作用"] for row in listed}

    assert all(said[name] for name in open_run(root).stages)
    assert [
        name for name in STAGES if not (name_of("does", name) and name_of("stages", name))
    ] == []


def test_nothing_raw_is_in_it(made):
    """Planted numbers and addresses, of texts and of people, stand in no byte of the folder."""
    _, folder, _, _ = made
    listed = rows(folder / "tables/clauses.csv")
    assert any("确认" in row["豁免"] for row in listed)
    assert any("跟进" in row["整改计划"] for row in listed)
    for name, data in contents(folder):
        for secret in (PHONE, EMAIL, CARD):
            assert secret.encode() not in data, name


def test_no_cell_is_a_formula(made):
    """Text that begins like a formula is text, with an apostrophe, in workbooks and in CSV."""
    _, folder, _, paths = made
    cells = 0
    for path in paths:
        if path.endswith(".xlsx"):
            book = openpyxl.load_workbook(folder / path)
            for cell in (cell for sheet in book for row in sheet.iter_rows() for cell in row):
                assert cell.data_type in "sn"
                cells += 1
        elif path.endswith(".csv"):
            for row in csv.reader(io.StringIO((folder / path).read_text("utf-8-sig"), newline="")):
                assert not [value for value in row if value.startswith(("=", "+", "-", "@"))]
    listed = {row["来源"]: row for row in rows(folder / "tables/sources.csv")}

    assert cells > 1000
    assert listed["news"]["合同"].startswith("'=HYPERLINK")
    assert listed["forum"]["佐证"] == "'+1+1"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("＝1", "'＝1"), ("  @x", "'  @x"), ("\t=1", "\\t=1"), ("a\x1b[0m", "a\\x1b[0m")],
)
def test_a_harmless_cell(value, shown):
    """Full-width and indented formulas, tabs and escapes do no harm."""
    assert harmless(value) == shown


def test_the_workbook_is_that_of_the_tables(made):
    """The workbook opens, has a sheet a table, and the same rows as the CSV."""
    _, folder, _, paths = made
    book = openpyxl.load_workbook(folder / "evidence.xlsx", read_only=True)
    tables = [path for path in paths if path.startswith("tables/")]

    assert len(book.sheetnames) == len(
        tables
    )  # the annex is a workbook of its own; a cover comes first
    assert "不是认证" in "".join(str(c.value) for row in book["说明"].iter_rows() for c in row)
    assert {"语料来源清单", "条款符合性表", "处理台账"} <= set(book.sheetnames)
    sheet = [[cell.value for cell in row] for row in book["语料来源清单"].iter_rows()]
    assert [row[0] for row in sheet[1:]] == ["forum", "news"]
    assert [int(row[4]) for row in sheet[1:]] == [
        int(row["保留条数"]) for row in rows(folder / "tables/sources.csv")
    ]
    annex = openpyxl.load_workbook(folder / "annex4_keywords.xlsx").worksheets[0]
    assert [cell.value for cell in annex[1]] == ["关键词", "一级分类", "二级分类"]


class Page(HTMLParser):
    """The elements, links and words of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.words = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_is_offline_and_whole(made):
    """No script, no request; every clause and file is on the page, links lead to files."""
    _, folder, result, paths = made
    page = Page((folder / "index.html").read_text("utf-8"))
    text = "".join(page.words)

    assert not page.tags & {"script", "link", "img", "iframe", "object", "form"}
    assert [link for link in page.links if not link.startswith("#")] == paths
    assert all(entry.clause.id in text for entry in result.clauses)
    assert "不是认证" in text
    assert "no certificate" in " ".join(text.split())


def test_nobody_loses_a_file(made, tmp_path):
    """Ours is replaced, byte for byte the same; what others wrote or filled in is not."""
    root, folder, result, paths = made
    mine = tmp_path / "filing"
    shutil.copytree(folder, mine)
    (mine / "letter.txt").write_text("ours")
    write_evidence(Evidence(root, result, (), folder.parent / "documents.yaml"), mine, masked)
    assert (mine / "letter.txt").read_text() == "ours"
    assert [p for p in paths if (folder / p).read_bytes() != (mine / p).read_bytes()] == []

    (mine / "samples/content.csv").write_text("编号,结论\n")
    with pytest.raises(PipelineError, match=r"samples/content\.csv was changed"):
        write_evidence(Evidence(root, result), mine, masked)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.doc").write_text("x")
    with pytest.raises(PipelineError, match="is no evidence folder"):
        write_evidence(Evidence(root, result), tmp_path / "other", masked)
    with pytest.raises(PipelineError, match="lies inside the run"):
        write_evidence(Evidence(root, result), root / "filing", masked)
    with pytest.raises(PipelineError, match="is no evidence folder"):
        write_evidence(Evidence(root, result), tmp_path / "other/thesis.doc", masked)
    with pytest.raises(PipelineError, match="cannot write"):
        write_evidence(Evidence(root, result), tmp_path / "other/thesis.doc/filing", masked)


def save(path, filled):
    """A form as Excel saves it as CSV in China: GBK, with its days as its users write them."""
    with path.open("w", newline="", encoding="gbk", errors="replace") as file:
        writer = csv.DictWriter(file, list(filled[0]))
        writer.writeheader()
        writer.writerows(filled)


def test_filled_in_samples_are_results(made, tmp_path):
    """A sample filled in and saved by a spreadsheet settles the clause that asked for it."""
    root, folder, result, _ = made
    before = next(entry for entry in result.clauses if entry.clause.check == "manual_sample")
    sheet = rows(folder / "samples/content.csv")
    assert before.status == "not_checked"
    assert len(sheet) == open_run(root).counts["kept"]

    filled = tmp_path / "content.csv"
    signed = {"结论": "合格", "审核人": "李", "日期": "2026/11/8"}
    save(filled, [row | signed for row in sheet[1:]] + sheet[:1])
    partly = audit(root, PROFILE, AuditOptions(day=date(2026, 11, 29), results=[filled]))
    book = openpyxl.load_workbook(folder / "samples/content.xlsx")
    heads = {cell.value: cell.column for cell in book.worksheets[0][1]}
    for row in range(2, len(sheet) + 2):
        for name, value in (signed | {"日期": date(2026, 11, 8)}).items():
            book.worksheets[0].cell(row, heads[name]).value = value
    book.save(tmp_path / "content.xlsx")
    again, _ = write(root, tmp_path / "filing", results=[tmp_path / "content.xlsx"])

    short, after = (
        next(entry for entry in result.clauses if entry.clause.id == before.clause.id)
        for result in (partly, again)
    )
    assert (short.status, short.facts["all"]["sampled"]) == ("not_checked", len(sheet) - 1)
    assert after.status == "pass"
    assert rows(tmp_path / "filing/tables/handed_in.csv")[0]["文件"] == "content.xlsx"


def test_samples_are_as_large_as_the_profile_asks(make_builder, tmp_path):
    """A clause's own number of documents, of each kind of source, is what is drawn."""
    root = make_builder(tmp_path / "RUN").write()
    data = yaml.safe_load((PACKAGE / "products/audit/profiles/gbt45652.yaml").read_text("utf-8"))
    for clause in data["clauses"]:
        if clause["check"] == "manual_sample":
            clause["settings"]["least"] = 3
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    write(root, tmp_path / "filing", own)

    kinds = [row["来源类型"] for row in rows(tmp_path / "filing/samples/metadata_by_kind.csv")]
    assert sorted(kinds) == ["开源语料"] * 3 + ["自采语料"] * 3
    assert len(rows(tmp_path / "filing/samples/content.csv")) == 3


def test_keywords_of_others_are_counted_and_not_quoted(make_builder, tmp_path):
    """Coverage counts every list of the run; the annex quotes only ours; a changed list is said."""
    own, gone = tmp_path / "theirs.yaml", tmp_path / "gone.txt"
    own.write_text(yaml.safe_dump({"A2d": ["别人的词甲", "别人的词乙"]}, allow_unicode=True))
    gone.write_text("旧词")
    said = {"licence": "contract 7", "updated": "2026-11-01", "risk": "A2d"}
    lists = {
        f"keywords_{at}": next(iter(assets((str(p), p)).values()))
        for at, p in enumerate((own, gone))
    }
    builder = make_builder(tmp_path / "RUN")
    with_stage(
        builder,
        "compliance",
        assets=assets(*ours(*PACKS[1:])) | lists,
        options={"keywords": [said, said]},
    )
    root = builder.write()
    gone.write_text("新词")
    write(root, tmp_path / "filing")

    packs = [yaml.safe_load((PACKAGE / "rules/packs" / name).read_text("utf-8")) for name in PACKS]
    terms = {
        (rule["risk"], term.lower())
        for pack in packs
        for rule in pack.get("rules", ())
        for term in rule.get("terms", ())
    }
    tables = tmp_path / "filing/tables"
    covered = {row["风险编号"]: row for row in rows(tables / "keyword_coverage.csv")}
    quoted = [row["关键词"] for row in rows(tables / "annex4_keywords.csv")]
    theirs, changed = rows(tables / "keyword_lists.csv")[-2:]

    assert set(covered) == {*packs[0]["risks"], ""}
    for risk in packs[0]["risks"]:
        more = 2 if risk == "A2d" else 0
        assert int(covered[risk]["关键词数"]) == sum(r == risk for r, _ in terms) + more
    assert sorted(word.lstrip("'") for word in quoted) == sorted(term for _, term in terms)
    assert (theirs["关键词数"], theirs["距审计日天数"], theirs["许可"]) == ("2", "28", "contract 7")
    assert (changed["关键词数"], changed["是否列出"]) == ("", "否 / no")
    assert all("别人的词".encode() not in data for _, data in contents(tmp_path / "filing"))


def test_a_list_that_names_files_elsewhere_is_refused(run, tmp_path):
    """Whoever seals a list with a path out of the folder does not have that file removed."""
    folder, other = tmp_path / "filing", tmp_path / "precious.txt"
    other.write_text("kept")
    digest = hashlib.sha256(b"kept").hexdigest()
    folder.mkdir()
    entry = {"path": "../precious.txt", "bytes": 4, "sha256": digest}
    manifest.write(folder / "manifest.json", {"kind": "evidence", "files": [entry]})
    with pytest.raises(PipelineError, match="which lies outside"):
        write(run, folder)

    assert other.read_text() == "kept"
