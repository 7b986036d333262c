"""The ledger adds up, credits who delivered first, and divides to the last unit."""

import json
from fractions import Fraction
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.app.erase import Asked, erase
from corpus_pipeline.cli import app
from corpus_pipeline.io import manifest
from corpus_pipeline.io.shards import write_shard
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.ledger import folder
from corpus_pipeline.products.ledger.account import balance, ledger
from corpus_pipeline.products.ledger.chain import Chain
from corpus_pipeline.products.ledger.compute import compute
from corpus_pipeline.products.ledger.division import divided
from corpus_pipeline.products.ledger.figures import figures
from corpus_pipeline.products.ledger.formula import formula
from corpus_pipeline.products.ledger.release import BREAK, ROW, Book, Release, verdict_of
from corpus_pipeline.products.ledger.rule import Rule, rule_of
from corpus_pipeline.products.runs import Run, open_run

# --- the laws, on small frames ----------------------------------------------------------------


@st.composite
def corpora(draw):
    """Documents: source, state, characters, score, and for whom they were dropped, if at all."""
    size = draw(st.integers(1, 12))
    docs = []
    for number in range(size):
        twin = draw(st.one_of(st.none(), st.integers(0, size + 1)))
        other = st.sampled_from(["kept", "kept", "dropped", "quarantined", "erased"])
        state = "dropped" if twin is not None else draw(other)
        docs.append(
            {
                "number": number,
                "source": draw(st.sampled_from("abc")),
                "state": state,
                "characters": draw(st.integers(0, 50)) if state in {"kept", "dropped"} else 0,
                "score": draw(st.integers(0, 1_000_000)),
                "to": twin,
            }
        )
    return docs


def counted(docs, owners=None):
    """The figures of documents, by the functions under test."""
    book = Book()
    rows = [
        {
            **dict.fromkeys(ROW),
            "high": doc["number"],
            "low": 7,
            "source": book.sources.code(doc["source"]),
            "verdict": book.verdicts.code(BREAK.join((doc["state"], "stage", "rule"))),
            "characters": doc["characters"],
            "bytes": doc["characters"] * 3,
            "tokens": doc["characters"],
            "score": doc["score"] if doc["state"] == "kept" else None,
            "to_high": doc["to"],
            "to_low": None if doc["to"] is None else 7,
        }
        for doc in docs
    ]
    frame = pl.DataFrame(rows, schema=dict(ROW))
    states = [doc["state"] for doc in docs]
    counts = {"read": len(docs), **{state: states.count(state) for state in set(states)}}
    registry = [{"name": name, "contributor": who} for name, who in (owners or {}).items()]
    content = {"name": "t", "seal": "s", "counts": counts, "inputs": [], "sources": registry}
    release = Release(
        Run(Path(), content),
        frame,
        pl.DataFrame(),
        ("exact_dedup",),
        scores=True,
        names_domains=True,
    )
    rows_of_all = frame.with_columns(release=pl.lit(0, dtype=pl.UInt16))
    return figures(Chain((release,), rows_of_all, None), book)


def had(docs):
    """Who had each kept document: an oracle that follows one document at a time."""
    here = {doc["number"]: doc for doc in docs if doc["state"] != "erased"}

    def root(doc):
        seen = set()
        while doc["to"] is not None:
            if doc["number"] in seen or doc["to"] not in here:
                return None
            seen.add(doc["number"])
            doc = here[doc["to"]]
        return doc["number"]

    owners = {}
    for doc in here.values():
        owners.setdefault(root(doc), set()).add(doc["source"])
    return {doc["number"]: owners[doc["number"]] for doc in docs if doc["state"] == "kept"}


@settings(max_examples=40, deadline=None)
@given(corpora())
def test_figures_are_those_of_an_oracle_and_add_up(docs):
    """Unique, shared and fair counts are what following each document by hand gives."""
    found = counted(docs)
    balance(found)
    owners = had(docs)

    for one in found.sources:
        own = [doc for doc in docs if doc["source"] == one.name]
        kept = [doc for doc in own if doc["state"] == "kept"]
        assert one.counts["documents"] == len(own)
        assert one.counts["unique"] == sum(len(owners[doc["number"]]) == 1 for doc in kept)
        assert one.counts["characters"] == sum(doc["characters"] for doc in kept)
        fair = sum(Fraction(1, len(who)) for who in owners.values() if one.name in who)
        assert one.figures()["fair"] == fair
        twins = sum(doc["to"] is not None for doc in own)
        kinds = ("within", "across", "elsewhere")
        assert sum(one.counts[f"duplicates_{kind}"] for kind in kinds) == twins
    assert sum(one.figures()["fair"] for one in found.sources) == len(owners)


def test_documents_dropped_for_each_other_stand_for_nobody():
    """Where two releases dropped two documents for each other, no source has the credit."""
    plain = {"source": "a", "state": "dropped", "characters": 1, "score": 0}
    ring = [{**plain, "number": n, "to": (n + 1) % 3, "source": "abc"[n]} for n in range(3)]
    found = counted(ring)

    assert [one.counts["duplicates_elsewhere"] for one in found.sources] == [1, 1, 1]


@settings(max_examples=15, deadline=None)
@given(corpora(), st.permutations("abc"))
def test_names_of_sources_do_not_matter(docs, names):
    """Renaming sources renames the figures and changes none."""
    renamed = dict(zip("abc", names, strict=True))
    before = {renamed[one.name]: one.figures() for one in counted(docs).sources}
    after = counted([{**doc, "source": renamed[doc["source"]]} for doc in docs]).sources

    assert {one.name: one.figures() for one in after} == before


@settings(max_examples=15, deadline=None)
@given(corpora())
def test_a_source_in_two_leaves_the_others_their_value(docs):
    """Splitting a source changes no value of another, and nothing for one contributor of both."""
    halves = [
        {**doc, "source": f"a{doc['number'] % 2}" if doc["source"] == "a" else doc["source"]}
        for doc in docs
    ]
    whole, split = counted(docs), counted(halves, {"a0": "a", "a1": "a"})
    rule = formula(Rule().rule, whole.sources[0].figures())
    others = {one.name: one for one in whole.sources if one.name != "a"}
    parts = {one.name: one for one in split.sources}

    for name, one in others.items():
        assert rule.value(parts[name].figures()) == rule.value(one.figures())
        assert parts[name].counts["kept"] == one.counts["kept"]
    assert {one.name: one.figures() for one in split.contributors} == {
        one.name: one.figures() for one in whole.contributors
    }


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.text("xyz", min_size=1), st.fractions(0, 100), min_size=1, max_size=6),
    st.integers(1, 10**9),
)
def test_parts_add_up_and_are_as_near_as_can_be(values, whole):
    """Parts are whole numbers that add up, each less than one away from its exact quota."""
    if not any(values.values()):
        with pytest.raises(PipelineError, match="0 for everyone"):
            divided(values, whole)
        return
    parts, total = divided(values, whole), sum(values.values())

    assert sum(parts.values()) == whole
    assert all(abs(parts[name] - value * whole / total) < 1 for name, value in values.items())
    assert divided(dict(reversed(values.items())), whole) == parts


# --- the language -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("kept * quality * uniqueness", Fraction(3, 2)),
        ("kept ^ 2 - 0.5 * (kept + 2) / 3", 16 - Fraction(1)),
        ("min(kept, 3) + max(quality, 1, 0)", Fraction(4)),
        ("-kept + kept + 2 * -1 + 3", Fraction(1)),
    ],
)
def test_rules_compute_exactly(text, value):
    """Powers before products before sums, decimals as fractions."""
    numbers = {"kept": 4, "quality": Fraction(3, 4), "uniqueness": Fraction(1, 2)}

    assert formula(text, numbers).value(numbers) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kept * qualty", "qualty is no figure; did you mean 'quality'?"),
        ("__import__('os')", "cannot read"),
        ("kept ** 2", "is missing before '*'"),
        ("kept *", "is missing at the end"),
        ("(kept", "not closed"),
        ("kept kept", "one too many"),
        ("kept ^ quality", "a power is a whole number"),
        ("kept ^ 99", "a power is a whole number"),
        ("(" * 40 + "kept" + ")" * 40, "parentheses in each other"),
        ("kept + " * 100 + "kept", "characters, more than 500"),
        ("kept\n; \x1b[31m", "cannot read"),
    ],
)
def test_what_is_no_rule_is_refused(text, says):
    """One line says what is wrong; nothing is run."""
    with pytest.raises(PipelineError) as error:
        formula(text, ["kept", "quality"])

    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert "\x1b" not in str(error.value)


def test_powers_of_powers_end():
    """A rule that would take for ever is refused while it computes."""
    with pytest.raises(PipelineError, match="too many digits"):
        formula("((((kept^8)^8)^8)^8)^8", ["kept"]).value({"kept": 12_345})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("total: 2500.10", "write it in quotes"),
        ("total: -5", "a number above 0"),
        ("total: 0", "nothing to divide"),
        ("rule: kept *", "is missing at the end"),
        ("off_: sources", "off_ is unknown; did you mean 'of'?"),
        ("users: key.txt", "users: cannot read the key key.txt"),
        ("[1]", "is not a mapping"),
    ],
)
def test_a_wrong_config_is_one_line(tmp_path, text, says):
    """A misspelt key, a number that is not exact, a rule that cannot be read."""
    path = tmp_path / "rule.yaml"
    path.write_text(text)
    with pytest.raises(PipelineError) as error:
        rule_of(path)

    assert says in str(error.value)


# --- on finished runs ---------------------------------------------------------------------------


def by_name(content, level="sources"):
    return {one["name"]: one for one in content[level]}


def taken(root, output, **what):
    """The release without some documents, as `erase` leaves it."""
    asked = Asked("R-1", "2026-11-29", near=False, **what)
    erase([root], output, asked, agreed=lambda _shares: True)
    return output / root.name


def test_a_ledger_is_the_manifest_to_the_unit(run):
    """Documents, characters and bytes of all sources are the counts of the run."""
    content, counts = ledger([run], Rule()).content, open_run(run).counts
    totals = content["totals"]

    for state in ("kept", "dropped", "quarantined"):
        assert totals[state] == counts[state]
        for name, one in by_name(content).items():
            assert one[state] == counts["by_source"][name][state]
    assert totals["documents"] == counts["read"]
    assert totals["characters"] == counts["characters_kept"]
    assert totals["characters_dropped"] == counts["characters_dropped"]
    assert totals["bytes"] == counts["text_bytes_kept"]
    inputs = open_run(run).manifest["inputs"]
    assert totals["input_bytes"] == sum(entry["bytes"] for entry in inputs)
    rules = {
        f"{row['stage']}/{row['rule']}": row["documents"]
        for row in content["reasons"]
        if row["state"] == "dropped"
    }
    assert rules == counts["by_rule"]
    assert sum(int(share["amount"]) for share in content["shares"]) == 1_000_000


def test_rows_that_do_not_add_up_are_refused(run, reseal):
    """Where the manifest says another number than its rows, nothing is written."""
    reseal(run / "manifest.json", lambda content: content["counts"].update(kept=17))
    with pytest.raises(PipelineError, match="does not add up: kept is 17 in the manifest, 16"):
        folder.write_ledger([run], Rule(), run.parent / "L")

    assert not (run.parent / "L").exists()


def test_tokens_are_counted_as_they_say(builder):
    """Each Han sign, each begun four letters or digits, each other sign that is no space."""
    for docs in builder.splits:
        for doc in docs:
            doc["text"] = "天气 abcde12345，かな3!"  # 天 气 abcd e123 45 ， か な 3 !
    content = ledger([builder.write()], Rule()).content

    assert content["totals"]["tokens"] == content["totals"]["kept"] * 10


def test_an_id_that_stands_twice_is_refused(builder):
    """A run with two documents of one id has no ledger."""
    builder.splits[0][1]["id"] = builder.splits[0][0]["id"]
    with pytest.raises(PipelineError, match="two documents of one id"):
        ledger([builder.write()], Rule())


def test_twins_of_two_sources_are_nobodys_own(builder):
    """A kept document whose dropped twin came from another source is shared, and halved."""
    builder.splits[0][9]["source"] = "forum"  # the twin of the first of news
    root = builder.write()
    sources = by_name(ledger([root], Rule()).content)

    assert (sources["news"]["kept"], sources["news"]["unique"]) == (12, 11)
    assert sources["news"]["fair"] == "23/2"
    assert sources["forum"]["fair"] == "9/2"
    assert sources["forum"]["duplicates_across"] == 1
    assert sources["news"]["duplicates_within"] == 1


def test_one_contributor_of_two_sources_has_its_own_twice(builder):
    """Twins of two sources of one contributor are shared by sources, unique to the contributor."""
    builder.splits[0][9]["source"] = "forum"
    for entry in builder.content["sources"]:
        entry["organisation"] = "联合体"
    content = ledger([builder.write()], Rule()).content
    (one,) = content["contributors"]

    assert one["name"] == "联合体"
    assert one["sources"] == ["forum", "news"]
    assert (one["kept"], one["unique"], one["duplicates_across"]) == (16, 16, 0)
    assert sum(source["unique"] for source in content["sources"]) == 15


def test_an_erased_release_counts_what_was_taken_off(run, tmp_path):
    """Old and new release together, or the new one alone: the same figures of each source."""
    ids = pl.read_parquet(run / "kept/part-00000.parquet")["id"][:3].to_list()
    new = taken(run, tmp_path / "E", ids=tuple(ids))
    content, alone = ledger([run, new], Rule()).content, ledger([new], Rule()).content

    assert content["sources"] == alone["sources"]
    assert content["totals"]["documents"] == open_run(run).counts["read"]
    assert content["totals"]["erased"] == 3
    assert content["totals"]["kept"] == 13
    assert content["runs"][0]["stands"] == dict.fromkeys(content["runs"][0]["stands"], 0)
    hours = [one["core_hours"] for one in compute(ledger([run, new], Rule()))["runs"]]
    assert hours == [pytest.approx(3.5 / 3600), None]  # the new release has the times of the old
    # Its first document was erased: what had been dropped for it has nobody to stand for it.
    assert content["totals"]["duplicates_elsewhere"] == 1


def test_records_of_one_place_are_each_taken_off(builder, tmp_path):
    """Damaged records that share a place, with each other or with a document, stay so many."""
    lost = builder.quarantine[0][0]
    builder.quarantine[0] += [lost, {**lost, "locator": "news/0.jsonl@0"}]
    root = builder.write()
    new = taken(root, tmp_path / "E", sources=("news",))
    chain, alone = ledger([root, new], Rule()).content, ledger([new], Rule()).content

    assert ledger([root], Rule()).content["totals"]["quarantined"] == 3
    assert by_name(chain)["news"]["erased"] == by_name(chain)["news"]["documents"] == 19
    assert chain["sources"] == alone["sources"]
    assert chain["shares"][1]["amount"] == "0"


def later(make_builder, root, old, doc_of, **content):
    """A second delivery: a new document, a twin of an old one, and that one under its own id."""
    builder = make_builder(root)
    first = pl.read_parquet(old / "kept/part-00000.parquet").row(0, named=True)
    twin = {"dropped_by": "near_dedup", "drop_rule": "near_duplicate", "near_dedup_jaccard": 0.9}
    twin |= {"near_dedup_cluster": first["id"], "drop_evidence": f"of={first['id']}"}
    builder.splits = [
        [
            doc_of("books", "books/1.txt", "新书第一章。"),
            doc_of("books", "books/2.txt", first["text"], **twin),
            {**first, **twin},
        ]
    ]
    builder.quarantine = [[]]
    builder.content |= {"name": "二期", **content}
    return builder.write()


def test_a_later_delivery_credits_the_older_release(run, make_builder, make_doc, tmp_path):
    """What came again is counted once; a twin of an old document makes that one shared."""
    index = [{"name": "INDEX", "seal": "ab"}]
    new = later(make_builder, tmp_path / "NEW", run, make_doc, against=index)
    content = ledger([run, new], Rule()).content
    sources = by_name(content)

    assert content["unknown"] == {}
    with pytest.raises(PipelineError, match=f"oldest first: {new} was compared"):
        ledger([new, run], Rule())
    assert content["totals"]["documents"] == open_run(run).counts["read"] + 2
    assert content["totals"]["kept"] == 17
    assert content["runs"][1]["stands"] == {"kept": 1, "dropped": 1, "quarantined": 0, "erased": 0}
    assert sources["books"]["duplicates_across"] == 1
    assert sources["news"]["shared"] == 1
    assert [row["other"] for row in content["duplicates"] if row["source"] == "books"] == ["news"]


def test_the_newest_word_stands(run, make_builder, tmp_path):
    """What both drop is dropped as the newer says; a source belongs to whom the newer names."""
    gone = pl.read_parquet(run / "dropped/part-00000.parquet").row(0, named=True)
    builder = make_builder(tmp_path / "NEW")
    builder.splits = [[{**gone, "drop_rule": "not_chinese_either"}]]
    builder.quarantine = [[]]
    builder.content["sources"][0]["contributor"] = "新社"
    builder.content["against"] = [{"name": "INDEX", "seal": "ab"}]
    content = ledger([run, builder.write()], Rule()).content

    assert content["totals"]["dropped"] == open_run(run).counts["dropped"]
    rules = {row["rule"]: row["documents"] for row in content["reasons"]}
    assert (rules["not_chinese"], rules["not_chinese_either"]) == (1, 1)
    assert by_name(content)["news"]["contributor"] == "新社"


def test_a_delivery_that_was_not_compared_says_so(run, make_builder, make_doc, tmp_path):
    """Without an index duplicates across releases are not known, and no shares rest on them."""
    new = later(make_builder, tmp_path / "NEW", run, make_doc)
    content = ledger([run, new], Rule()).content

    assert "not compared" in content["unknown"]["unique"]["en"]
    assert content["totals"]["unique"] is None
    assert content["shares"] is None
    assert "uniqueness" in content["no_shares"]["en"]
    assert ledger([run, new], Rule(rule="kept")).content["shares"]


def test_another_file_of_the_same_name_is_remarked(run, make_builder, make_doc, tmp_path, reseal):
    """Ids are made of places in files, so an input that changed under its name gets a note."""
    new = later(
        make_builder, tmp_path / "NEW", run, make_doc, against=[{"name": "I", "seal": "ab"}]
    )
    entry = {**open_run(run).manifest["inputs"][0], "sha256": "cd" * 32}
    reseal(new / "manifest.json", lambda content: content.update(inputs=[entry]))
    (note,) = ledger([run, new], Rule()).content["notes"][2:]

    assert note["en"].startswith("二期 has 1 input file of a name that an older release has")


def without(run, columns):
    """The run as if some columns had never been."""
    content = manifest.read(run / "manifest.json")
    for entry in content["files"]:
        path = run / entry["path"]
        write_shard(path, [pl.read_parquet(path).drop(columns, strict=False)])
    return run


@pytest.mark.parametrize(
    ("columns", "figure", "says"),
    [
        (["quality_score"], "quality", "16 of 16 kept documents have no score"),
        (
            ["exact_dedup_cluster", "near_dedup_cluster"],
            "unique",
            "was not searched for duplicates",
        ),
    ],
)
def test_what_a_run_cannot_say_is_not_assumed(run, columns, figure, says):
    """Without scores or clusters the figure is null, with the reason, and there are no shares."""
    content = ledger([without(run, columns)], Rule()).content

    assert says in content["unknown"][figure]["en"]
    assert {one[figure] for one in content["sources"]} == {None}
    assert content["shares"] is None


def test_a_run_without_one_kind_of_search_says_which(run):
    """Without near_dedup the ledger rests on exact duplicates, and a note says so."""
    dropped = run / "dropped/part-00000.parquet"
    assert pl.read_parquet(dropped)["dropped_by"].to_list() == ["langid", "near_dedup"]
    content = ledger([without(run, ["near_dedup_cluster"])], Rule()).content

    (note,) = content["notes"][:1]
    assert note["en"].startswith("样例 ran without near_dedup")


def test_bad_chains_are_refused(run, make_builder, tmp_path):
    """The same release twice, a child before its parent, releases of nothing in common, no run."""
    first = pl.read_parquet(run / "kept/part-00000.parquet")["id"][0]
    child = taken(run, tmp_path / "E", ids=(first,))
    other = make_builder(tmp_path / "OTHER")
    for split in other.splits:
        for doc in split:
            doc["id"] = doc["id"][::-1]
            doc["near_dedup_cluster"] = None
    other.quarantine = [[], []]
    other.content["name"] = "别家"
    other = other.write()
    refused = {
        "the same release twice": [run, run],
        "oldest first": [child, run],
        "releases of different chains": [run, other],
        "no such run": [tmp_path / "none"],
    }
    for says, chain in refused.items():
        with pytest.raises(PipelineError) as error:
            ledger(chain, Rule())
        assert str(error.value).startswith(says)

    assert ledger([run, other], Rule(chain="any", rule="kept")).content["shares"]


def test_users_are_credited_by_a_key_and_not_named(builder, tmp_path):
    """Users of a service are contributors under keyed hashes; their ids stand nowhere."""
    builder.content["sources"][1] |= {"kind": "user_input"}
    for number, doc in enumerate(builder.splits[0]):
        doc["source_id"] = f"zhang{number % 2}" if doc["source"] == "forum" else None
    config = tmp_path / "rule.yaml"
    config.write_text("users: key.txt\nrule: kept\ntotal: '99.99'\nunit: CNY\n")
    (tmp_path / "key.txt").write_text("0123456789abcdef0123\n")
    root = builder.write()
    made, _ = folder.write_ledger([root], rule_of(config), tmp_path / "L")
    people = by_name(made.content, "contributors")
    text = (tmp_path / "L/ledger.json").read_text()

    users = {name: one for name, one in people.items() if name.startswith("user:")}
    assert sorted(one["kept"] for one in users.values()) == [1, 1]
    assert people["forum"]["kept"] == 2
    assert "zhang" not in text
    assert "0123456789" not in text
    assert sum(Fraction(share["amount"]) for share in made.content["shares"]) == Fraction("99.99")
    assert folder.check(tmp_path / "L", [root], config) == []
    with pytest.raises(PipelineError, match="give its --config"):
        folder.check(tmp_path / "L", [root], None)


def test_a_spreadsheet_computes_nothing(builder, tmp_path):
    """Names with formulas and newlines are text in every cell; headings are in two languages."""
    builder.content["sources"][0]["contributor"] = '=HYPERLINK("http://example.org")\n=1+1'
    folder.write_ledger([builder.write()], Rule(), tmp_path / "L")
    book = openpyxl.load_workbook(tmp_path / "L/ledger.xlsx")
    cells = [cell for sheet in book for row in sheet for cell in row]

    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
    assert book["份额"]["A2"].value == '\'=HYPERLINK("http://example.org")\\n=1+1'
    assert book["贡献方"]["A1"].value == "贡献方 / contributor"
    assert sum(row[-1].value for row in list(book["份额"])[1:-1]) == 1_000_000
    assert "\n=1+1" not in (tmp_path / "L/contributors.csv").read_text("utf-8-sig")


def test_who_disputes_a_ledger_makes_it_again(run, tmp_path):
    """Equal releases give equal bytes; a changed figure is named, sealed again or not."""
    for name in ("L", "M"):
        folder.write_ledger([run], Rule(), tmp_path / name)
    times = {folder.COST, folder.COST_TABLE}
    files = {path.name for path in (tmp_path / "L").iterdir()} - times

    assert len(files) >= 10
    for name in files:
        assert (tmp_path / "L" / name).read_bytes() == (tmp_path / "M" / name).read_bytes()
    assert folder.check(tmp_path / "L", [run], None) == []
    path = tmp_path / "L/ledger.json"
    path.write_text(path.read_text().replace('"kept": 12', '"kept": 13', 1))
    assert folder.check(tmp_path / "L", [run], None)[0].endswith("does not match its seal")
    manifest.write(path, json.loads(path.read_text()))
    found = folder.check(tmp_path / "L", [run], None)
    assert found == ["ledger.json: contributors news kept is 13, made again it is 12"]
    (tmp_path / "M/shares.csv").write_text("mine")
    assert folder.check(tmp_path / "M", [run], None) == [
        "shares.csv: it is not what the releases give"
    ]


def test_time_is_of_stages_and_of_sources(run, tmp_path):
    """Core-hours of stages and of sources each add up to those of the run; no seal covers them."""
    made, cost = folder.write_ledger([run], Rule(), tmp_path / "L")
    hours = cost["runs"][0]["core_hours"]

    assert hours == pytest.approx(3.5 / 3600)
    assert sum(one["core_hours"] for one in cost["stages"]) == pytest.approx(hours)
    assert sum(one["core_hours"] for one in cost["sources"]) == pytest.approx(hours)
    assert "core_hours" not in json.dumps(made.content)
    sizes = {}
    for path in [*run.glob("kept/*"), *run.glob("dropped/*")]:
        for source, by, text in pl.read_parquet(path)["source", "dropped_by", "text"].iter_rows():
            key = source, by == "langid"
            sizes[key] = sizes.get(key, 0) + len(text.encode())
    # Nine stages of a quarter second: two see all, seven what `langid` let pass; then the rest.
    forum, passed = sizes["forum", False], sizes["news", False] + sizes["forum", False]
    whole = passed + sizes["news", True]
    rest = 3.5 - 9 * 0.25
    owed = (2 * 0.25 + rest) * forum / whole + 7 * 0.25 * forum / passed
    hours_of = {one["source"]: one["core_hours"] for one in cost["sources"]}
    assert hours_of["forum"] == pytest.approx(owed / 3600)
    (run / "metrics.json").unlink()
    _, cost = folder.write_ledger([run], Rule(), tmp_path / "L")
    assert cost["runs"][0]["core_hours"] is None


def test_a_foreign_folder_is_left_alone(run, tmp_path):
    """A folder of something else and a place inside a release are refused."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/note.txt").write_text("x")
    for output, says in ((tmp_path / "mine", "is no ledger"), (run / "L", "lies inside")):
        with pytest.raises(PipelineError, match=says):
            folder.write_ledger([run], Rule(), output)


def test_a_reason_has_stage_and_rule():
    """A verdict is taken apart as it was put together."""
    assert verdict_of(BREAK.join(("dropped", "langid", "a/b"))) == ("dropped", "langid", "a/b")


def test_the_command_writes_checks_and_finds(run, tmp_path, capsys):
    """`ledger` prints aligned columns; `--check` returns 0 where it agrees, 1 where it does not."""
    output = str(tmp_path / "L")
    assert app(["ledger", str(run), "-o", output], standalone_mode=False) == 0
    said = capsys.readouterr()
    table = [line for line in said.out.splitlines() if line.startswith(("contrib", "news", "for"))]

    assert len({len(line) for line in table}) == 1
    assert "1,000,000 points by kept * quality * uniqueness" in said.out
    assert said.err == f"wrote {output}\n"
    assert app(["ledger", str(run), "--check", output], standalone_mode=False) == 0
    assert capsys.readouterr().out == f"agrees: {output}\n"
    (tmp_path / "L/reasons.csv").unlink()
    assert app(["ledger", str(run), "--check", output, "--json"], standalone_mode=False) == 1
    assert not json.loads(capsys.readouterr().out)["agrees"]
    with pytest.raises(PipelineError, match="wants --output FOLDER, or --check"):
        app(["ledger", str(run)], standalone_mode=False)
