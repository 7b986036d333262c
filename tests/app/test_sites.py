"""Several sites, one corpus: as one run would make it, and no word of a text leaves its site."""

import json
import os
import random
import re
import shutil
from itertools import chain, combinations
from pathlib import Path

import clones
import polars as pl
import pytest

from corpus_pipeline.app import execute
from corpus_pipeline.app.config import load
from corpus_pipeline.app.how import How
from corpus_pipeline.app.sites import plan
from corpus_pipeline.app.sites.account import billed
from corpus_pipeline.app.sites.file import KEY, sites_file
from corpus_pipeline.app.sites.work import across, decide, finish, package, seal, settle, sum_up
from corpus_pipeline.engine.shuffle.packages import proof
from corpus_pipeline.io import fs, manifest
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.explain.story import explain
from corpus_pipeline.products.verify.chain import verify
from corpus_pipeline.text.dedup.blind import deviation

ROOT = Path(__file__).parents[2]
NAMES = ("north", "south", "west")
THE_KEY = "00112233445566778899aabbccddeeff" * 2
HAN = [chr(code) for code in range(0x4E00, 0x9000)]
COUNTS = ["line_dedup", "spam_names", "source_admission", "quality_rank"]
STAGES = ["normalize", "quality", "exact_dedup", "near_dedup", *COUNTS]
PAGE = (
    "首页 > 新闻 > 正文\n{title}\n\n{body}。{shared}\n\n【返回顶部】\n关于我们 | 联系我们\n版权所有"
)
#: Four characters of Chinese in UTF-8, at every place where they begin.
FOUR = re.compile(rb"(?=((?:[\xe3-\xef][\x80-\xbf]{2}){4}))")
LOCAL = How("local")
#: Clusters and buckets for each site take a minute: make them where somebody asks.
FULL = pytest.mark.skipif(
    "CORPUS_PIPELINE_SITES_FULL" not in os.environ,
    reason="clusters and buckets of three sites: set CORPUS_PIPELINE_SITES_FULL=1",
)


def families(rng):
    """Texts and edits of up to one character in fifteen; equal texts too."""
    for number in range(40):
        text = rng.choices(HAN, k=300)
        for _ in range(1 + number % 5):
            copy = list(text)
            for at in rng.sample(range(300), number % 20):
                copy[at] = rng.choice(HAN)
            yield "".join(copy)
            if number % 7 == 0:
                yield "".join(copy)


def pages(rng):
    """Of each site too few that share a host's lines, a name or a passage; of all sites enough."""
    shared = "".join(rng.choices(HAN, k=80))
    for number in range(24):
        title, body = ("".join(rng.choices(HAN, k=size)) for size in (9, 400))
        page = {"title": title, "url": f"https://www.example.cn/{number}.html"}
        page["text"] = PAGE.format(title=title, body=body, shared=shared * (number < 3))
        if number >= 12:
            name = "鼎沄阁官网登录" if number % 2 else "鼎沄阁"
            page = {"title": f"{title}_{name}", "url": f"https://host{number}.example.cn/"}
            page["text"] = body
        yield json.dumps(page)


def lay_out(root):
    """Pages, the demo's forum posts and families of edits, dealt out to three sites."""
    rng = random.Random(13)
    posts = (
        (ROOT / "corpus_pipeline/assets/sample/raw/forum.jsonl")
        .read_text("utf-8", "ignore")
        .splitlines()
    )
    lines = [line for line in posts if line.startswith("{")]
    for number, text in enumerate(families(rng)):
        name = f"https://example.cn/{number}"
        lines.append(json.dumps({"id": f"f{number}", "url": name, "title": "标题", "text": text}))
    rng.shuffle(lines)
    web = list(pages(rng))
    for at, site in enumerate(NAMES):
        home = root / "in" / site
        home.mkdir(parents=True)
        (home / f"{site}-posts.jsonl").write_text("\n".join(lines[at::3]) + "\n", "utf-8")
        (home / f"{site}-pages.jsonl").write_text("\n".join(web[at::3]) + "\n", "utf-8")
    config = {"name": "three", "stages": STAGES, "limits": {"quarantine_share": 1}}
    sources = ("pages", "posts")
    config["sources"] = [{"name": name, "match": [f"*-{name}.jsonl"]} for name in sources]
    # What the model thinks of a text without sense is not the subject here.
    config |= {"quality": {"min_score": 0}, "source_admission": {"least": 10}}
    (root / "config.yaml").write_text(json.dumps(config), "utf-8")
    entries = [
        {"name": site, "inputs": [f"in/{site}"], "output": f"out/{site}", "price": 0.5}
        for site in NAMES
    ]
    content = {"name": "three", "config": "config.yaml", "output": "out/all", "sites": entries}
    (root / "sites.yaml").write_text(json.dumps(content), "utf-8")
    return sites_file(root / "sites.yaml")


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv(KEY, THE_KEY)


def all_steps(sites, how=LOCAL):
    """Let every site and the coordinator do what is theirs."""
    for name in NAMES:
        package(sites, name, how)
    decide(sites, how)
    for name in NAMES:
        sum_up(sites, name, how)
    settle(sites, how)
    for name in NAMES:
        finish(sites, name, how)
    seal(sites)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """All steps of three sites, and one run over the union of their inputs."""
    root = tmp_path_factory.mktemp("sites")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY, THE_KEY)
        all_steps(lay_out(root))
    inputs = [str(root / "in" / name) for name in NAMES]
    execute.run_pipeline(load(root / "config.yaml"), inputs, root / "ONE", LOCAL, exports=False)
    return root


@pytest.fixture
def copied(made, tmp_path):
    """A copy that a test may damage."""
    shutil.copytree(made, tmp_path / "sites")
    return sites_file(tmp_path / "sites" / "sites.yaml")


def rows(*roots):
    files = [f for root in roots for d in ("kept", "dropped") for f in sorted((root / d).iterdir())]
    return pl.concat([pl.read_parquet(path) for path in files]).sort("id")


def test_three_sites_give_what_one_run_would(made):
    """All stages exactly; similar documents of two sites but for pairs within the stated bound."""
    one = rows(made / "ONE")
    three = rows(*(made / "out" / name / "run" for name in NAMES))
    exact = [name for name in one.columns if name.startswith(("text", "exact_dedup", *COUNTS))]
    estimated = three.filter(pl.col("drop_evidence").str.contains("estimated"))
    both = one.join(three, on="id", suffix="_three")
    spread = 4 * deviation(0.7, 1024)
    clear = pl.lit(value=True)
    for column in ("near_dedup_jaccard", "near_dedup_jaccard_three"):
        clear &= (pl.col(column) == 1) | ((pl.col(column) - 0.7).abs() > spread)
    told = both.filter(clear.fill_null(value=True))

    assert one.get_column("id").equals(three.get_column("id"))
    assert one.select(exact).equals(three.select(exact))
    assert estimated.height >= 10
    assert told.height > 0.9 * both.height
    for column in ("dropped_by", "drop_rule"):
        assert told.get_column(column).equals(told.get_column(f"{column}_three"))
    error = (both["near_dedup_jaccard"] - both["near_dedup_jaccard_three"]).abs()
    same = both["near_dedup_cluster"] == both["near_dedup_cluster_three"]
    assert error.filter(same).max() < 5 * deviation(0.7, 1024)


def test_what_is_counted_over_sites_is_found(made):
    """Lines of a host, a name, a source and a passage that no site would have found by itself."""
    pages = rows(*(made / "out" / name / "run" for name in NAMES)).filter(
        pl.col("source") == "pages"
    )
    cut = pages.filter(pl.col("line_dedup_lines") == 4)
    sold = pages.filter(pl.col("drop_rule") == "shared_name_spam")
    admitted = [row for name in NAMES for row in run_of(made, name)["admission"]]
    whole = {row["source"]: row for row in manifest.read(made / "ONE/manifest.json")["admission"]}

    assert cut["line_dedup_evidence"].list.first().struct["documents"].to_list() == [12] * 12
    assert (cut["line_dedup_repeated"] >= 80).sum() == 3
    assert sold["spam_names_shared"].list.first().struct["hosts"].to_list() == [12] * 12
    assert pages["drop_rule"].drop_nulls().value_counts(sort=True).rows() == [
        ("source_refused", 12),
        ("shared_name_spam", 12),
    ]
    assert len(admitted) == 6
    assert all(row == whole[row["source"]] for row in admitted)


def run_of(made, name):
    return manifest.read(made / "out" / name / "run" / "manifest.json")


def test_one_site_decides_by_texts_alone(made):
    """A pair of one site has the exact similarity that one run gives it, and no estimate."""
    one = rows(made / "ONE").select("id", "near_dedup_jaccard", "near_dedup_cluster")
    for name in NAMES:
        own = rows(made / "out" / name / "run")
        inside = own.filter(
            pl.col("near_dedup_cluster").is_in(own["id"].implode())
            & (pl.col("dropped_by") == "near_dedup")
        ).join(one, on=["id", "near_dedup_cluster"], suffix="_one")
        assert inside.height
        assert not inside["drop_evidence"].str.contains("estimated").any()
        assert inside["near_dedup_jaccard"].equals(inside["near_dedup_jaccard_one"])


def values(folder):
    """All that the files of a folder say, as bytes: tables column by column, and the rest."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path)
            yield json.dumps(frame.columns).encode()
            for series in frame.iter_columns():
                if series.dtype == pl.Binary:
                    yield b"\n".join(value or b"" for value in series)
                else:
                    yield "\n".join(map(str, series)).encode()
        elif path.is_file():
            yield path.read_bytes()


def test_no_word_leaves_a_site(made):
    """In what a site shares stands no part of a text, no title, URL, file name or source."""
    for name in NAMES:
        shared = b"\n".join(values(made / "out" / name / "exchange"))
        run = manifest.read(made / "out" / name / "run" / "manifest.json")
        texts = rows(made / "out" / name / "run").select("title", "text")
        grams = {gram for text in chain(*texts) if text for gram in FOUR.findall(text.encode())}

        assert len(grams) > 10_000
        assert not grams & set(FOUR.findall(shared))
        assert [i["locator"] for i in run["inputs"] if i["locator"].encode() in shared] == []
        for word in ("example.cn", "标题", "posts", "pages", "jsonl", "forum"):
            assert word.encode() not in shared


def test_numbers_of_a_package_are_keyed(made, tmp_path, monkeypatch):
    """Under another key every digest and signature is another one; without a key, too."""
    sites = lay_out(tmp_path)
    monkeypatch.setenv(KEY, THE_KEY[::-1])
    package(sites, "north", LOCAL)
    for folder, columns in (
        ("sketch/exact_dedup", ["key", "high"]),
        ("sketch/near_dedup", ["key"]),
        ("sketch/line_dedup", ["key", "host", "before", "after"]),
        ("sketch/spam_names", ["key", "host", "topic"]),
        ("signatures", ["signature"]),
    ):
        of = Path("out/north") / "exchange/package" / folder / "part-00000.parquet"
        frames = [pl.read_parquet(root / of) for root in (made, tmp_path)]
        if folder != "signatures":  # texts do not stand where numbers of them do
            frames.append(pl.read_parquet(sites.run(sites.site("north")) / "work" / folder))
        for column in columns:
            sets = [set(frame[column].drop_nulls()) - {0, 1, 2} for frame in frames]
            assert len(sets[0]) == len(sets[1]) > 0
            assert all(not one & other for one, other in combinations(sets, 2))


def test_everything_that_is_left_can_be_verified(copied):
    """Packages, decisions, runs and the release are clean; a changed byte or count is named."""
    sites = copied
    places = [sites.decisions, sites.totals, sites.release]
    for site in sites.sites:
        exchange = sites.exchange(site)
        left = ("package", "decisions", "sums", "totals")
        places += [sites.run(site), *(exchange / name for name in left)]
    release = manifest.read(sites.release / "manifest.json")
    counts = release["counts"]
    assert [finding for place in places for finding in verify(place)] == []
    assert counts["read"] == counts["kept"] + counts["dropped"] + counts["quarantined"]
    assert [one["site"] for one in release["sites"]] == list(NAMES)

    account = sites.release / "accounts" / "south.json"
    told = manifest.read(account)
    told["counts"]["kept"] += 1
    manifest.write(account, told)
    release["files"] = entries(sites.release)
    manifest.write(sites.release / "manifest.json", release)
    assert any("site south" in finding.problem for finding in verify(sites.release))


def entries(root):
    """What the manifest in a folder should say of its files, as they are now."""
    listed = manifest.read(root / "manifest.json")["files"]
    return [manifest.file_entry(root, root / one["path"], one.get("rows")) for one in listed]


def test_a_package_with_a_column_more_is_found(copied):
    """Who puts texts into a package and seals it again is named by `verify` and by `decide`."""
    sites = copied
    root = sites.exchange(sites.site("west")) / "package"
    path = root / "facts" / "part-00000.parquet"
    pl.read_parquet(path).with_columns(text=pl.lit("全文")).write_parquet(path)
    content = manifest.read(root / "manifest.json")
    content["files"] = entries(root)
    content["proof"] = proof(content, bytes.fromhex(THE_KEY))
    manifest.write(root / "manifest.json", content)
    assert "a column text" in str(verify(root)[0])
    with pytest.raises(PipelineError, match=r"west is not ours: facts.*a column text"):
        decide(sites, How("local", overwrite=True))


def test_sums_that_are_not_ours_are_refused(copied):
    """A source by its name among the sums, and sums after other decisions, are named."""
    sites = copied
    root = sites.exchange(sites.site("west")) / "sums"
    path = root / "sums/source_admission/part-00000.parquet"
    rows = pl.read_parquet(path)
    resealed(root / "manifest.json", round="other")
    with pytest.raises(PipelineError, match=r"north and west cannot be compared.*other decisions"):
        settle(sites, How("local", overwrite=True))
    rows.with_columns(key=pl.lit("posts")).write_parquet(path)
    content = manifest.read(root / "manifest.json") | {"files": entries(root)}
    content["round"] = manifest.read(sites.decisions / "manifest.json")["key"]
    content["proof"] = proof(content, bytes.fromhex(THE_KEY))
    manifest.write(root / "manifest.json", content)
    assert "in key that is no digest" in str(verify(root)[0])
    with pytest.raises(PipelineError, match=r"west is not ours: sums/.*in key that is no digest"):
        settle(sites, How("local", overwrite=True))
    shutil.rmtree(root)
    with pytest.raises(PipelineError, match=r"site west has left no sums.*sites sum --site west"):
        settle(sites, LOCAL)
    with pytest.raises(PipelineError, match=r"west has no sums yet.*sites sum --site west"):
        finish(sites, "west", LOCAL)


@pytest.mark.parametrize(
    ("within", "stages", "left"),
    [
        ([], STAGES, STAGES[2:]),
        (["line_dedup"], STAGES, [name for name in STAGES[2:] if name != "line_dedup"]),
        ([], ["normalize", "quality_rank"], ["quality_rank"]),
        ([], ["quality_rank", "source_admission"], None),
        ([], ["quality_rank", "line_dedup"], None),
    ],
)
def test_the_stages_that_see_all_sites(made, tmp_path, within, stages, left):
    """All that can, less those named in `within`; stages that sum groups must come last."""
    content = json.loads((made / "sites.yaml").read_text()) | {"within": within}
    (tmp_path / "sites.yaml").write_text(json.dumps(content))
    (tmp_path / "config.yaml").write_text(json.dumps({"stages": stages}))
    sites = sites_file(tmp_path / "sites.yaml")
    if left is None:
        with pytest.raises(PipelineError, match="come behind all others, in this order"):
            across(sites)
    else:
        assert [spec.name for spec in across(sites)] == left


def resealed(path, **changes):
    manifest.write(path, manifest.read(path) | changes)


def other_stage(root, **changes):
    stages = manifest.read(root / "manifest.json")["stages"]
    stages[1] |= changes
    resealed(root / "manifest.json", stages=stages)


def north_instead(root):
    shutil.rmtree(root)
    shutil.copytree(root.parents[2] / "north/exchange/package", root)


def north_renamed(root):
    north_instead(root)
    for part in (root / "facts").iterdir():
        pl.read_parquet(part).with_columns(source=pl.lit("west")).write_parquet(part)
    resealed(root / "manifest.json", site="west", files=entries(root))


def flipped(root):
    part = root / "facts/part-00000.parquet"
    data = part.read_bytes()
    part.write_bytes(data[:90] + bytes([data[90] ^ 1]) + data[91:])


DAMAGES = {
    "missing": (shutil.rmtree, r"site west has left no package.*sites run --site west"),
    "layout": (
        lambda root: resealed(root / "manifest.json", package_version=0),
        "the package of west has layout 0, this version reads 2",
    ),
    "version": (
        lambda root: other_stage(root, version=0),
        r"package of west cannot be compared: near_dedup: it was built by version 0",
    ),
    "options": (
        lambda root: other_stage(root, options={"ngram": 7}),
        r"package of west cannot be compared: near_dedup: it was built with",
    ),
    "key": (
        lambda root: resealed(root / "manifest.json", key_check="0" * 16),
        "north and west cannot be compared: made under another key",
    ),
    "values": (
        lambda root: resealed(root / "manifest.json", values=512),
        "north and west cannot be compared: made with signatures of another size",
    ),
    "twice": (north_instead, "is of site north, not of west"),
    "renamed": (north_renamed, "sites north and west both have the document"),
    "forged": (
        lambda root: resealed(root / "manifest.json", counts={}),
        "forged package: that of west was not made with the sites' key",
    ),
    "flipped": (flipped, r"damaged .*part-00000\.parquet does not match its digest"),
    "kind": (lambda root: resealed(root / "manifest.json", kind="index"), "not a package"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_package_that_does_not_fit_is_refused(copied, monkeypatch, damage):
    """Each fault of a package is one line that names the site and the fault."""
    wreck, message = DAMAGES[damage]
    wreck(copied.exchange(copied.site("west")) / "package")
    if damage == "renamed":  # seen by a coordinator without the key, too
        monkeypatch.delenv(KEY)
    with pytest.raises(PipelineError, match=message) as caught:
        decide(copied, How("local", overwrite=True))
    assert "\n" not in str(caught.value)


def test_steps_twice_and_out_of_order(copied):
    """A step done twice changes nothing; one that comes too early or too late says what to do."""
    sites = copied
    exchange = sites.exchange(sites.site("west"))
    first = manifest.read(sites.run(sites.site("west")) / "manifest.json")
    assert "finished" in package(sites, "west", LOCAL)
    assert "finished" in sum_up(sites, "west", LOCAL)
    assert decide(sites, LOCAL) == manifest.read(sites.decisions / "manifest.json")
    assert finish(sites, "west", LOCAL) == first
    with pytest.raises(PipelineError, match=r"no site 'east'.*north, south, west"):
        package(sites, "east", LOCAL)
    resealed(exchange / "decisions" / "manifest.json", round="other")
    with pytest.raises(PipelineError, match="west was finished with other decisions"):
        sum_up(sites, "west", LOCAL)
    with pytest.raises(PipelineError, match=r"stale sums: those of west.*`sites sum` again"):
        finish(sites, "west", LOCAL)
    resealed(exchange / "package" / "manifest.json", sketch_rows={})
    with pytest.raises(PipelineError, match="stale decisions: the package of west is another one"):
        finish(sites, "west", LOCAL)
    shutil.rmtree(exchange / "decisions")
    with pytest.raises(PipelineError, match=r"west has no decisions yet.*sites decide"):
        finish(sites, "west", LOCAL)
    shutil.rmtree(exchange / "package")
    with pytest.raises(PipelineError, match=r"west has no package yet.*sites run --site west"):
        finish(sites, "west", LOCAL)
    (exchange / "account.json").unlink()
    with pytest.raises(PipelineError, match=r"west is not finished.*sites finish --site west"):
        seal(sites)


@pytest.mark.parametrize("given", ["", "secret", "0" * 64, THE_KEY[:-1]])
def test_a_key_that_could_be_guessed_is_refused(copied, monkeypatch, given):
    """The key is 32 random bytes or nothing is packaged."""
    monkeypatch.setenv(KEY, given)
    with pytest.raises(PipelineError, match=f"{KEY}.*64 hexadecimal digits"):
        package(copied, "west", LOCAL)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sites": []}, "sites is wrong"),
        ({"colour": 1}, "colour is unknown"),
        ({"config": None}, "config is wrong"),
        ({"sites": [{"name": "a", "output": "o", "inputs": ["i"], "core": 2}]}, "mean 'cores'"),
        ({"sites": [{"name": "../a", "output": "o"}]}, "name is wrong"),
        ({"sites": [{"name": "a", "output": "o"}] * 2}, "two sites are called 'a'"),
        ({"within": ["near_dedup"]}, "within.0 is wrong"),
    ],
)
def test_a_faulty_sites_file_is_one_line(made, tmp_path, change, message):
    """An unknown key, a wrong value and a doubled name are named."""
    content = json.loads((made / "sites.yaml").read_text()) | change
    (tmp_path / "sites.yaml").write_text(json.dumps(content))
    with pytest.raises(PipelineError, match=message) as caught:
        sites_file(tmp_path / "sites.yaml")
    assert "\n" not in str(caught.value)


def test_a_plan_gives_shared_inputs_to_sites(tmp_path):
    """By time: who ends first; by cost: the cheapest within the deadline; the queue counts."""
    sites = lay_out(tmp_path)
    for number in range(4):
        (tmp_path / f"s{number}.jsonl").write_text('{"text": "一段文字"}\n' * 50_000)
    content = json.loads((tmp_path / "sites.yaml").read_text())
    content["shared"] = [f"s{number}.jsonl" for number in range(4)]
    extra = [
        {"cores": 1, "price": 1.0},
        {"cores": 2, "price": 3.0},
        {"cores": 64, "price": 0.1, "queue_hours": 5.0, "inputs": [], "size_mb": 0.0},
    ]
    pairs = zip(content["sites"], extra, strict=True)
    content["sites"] = [site | more for site, more in pairs]
    moved = {}
    for wish in ("time", "cost"):
        content["prefer"] = wish
        (tmp_path / f"{wish}.yaml").write_text(json.dumps(content))
        figures = plan.preview(sites_file(tmp_path / f"{wish}.yaml"))
        moved[wish] = [len(row["shared"]) for row in figures["sites"]]
        plan.write_assigned(figures, tmp_path / f"{wish}.yaml", tmp_path / f"{wish}2.yaml")
        again = sites_file(tmp_path / f"{wish}2.yaml")
        assert sum(len(site.inputs) for site in again.sites) == 2 + 4
    content["deadline_hours"] = 0.5
    (tmp_path / "late.yaml").write_text(json.dumps(content))
    late = plan.preview(sites_file(tmp_path / "late.yaml"))
    shown = plan.render(late)

    assert moved["time"] == [1, 3, 0]
    assert moved["cost"] == [0, 0, 4]
    assert [len(row["shared"]) for row in late["sites"]] == [4, 0, 0]
    assert "north takes s0.jsonl" in shown
    assert len(sites.sites) == 3


def test_explain_says_that_a_survivor_is_at_another_site(made):
    """The story of a document that went for one elsewhere names that one and says where it is."""
    told = rows(made / "out/north/run").filter(pl.col("drop_evidence").str.contains("estimated"))
    story = explain(made / "out/north/run", told["id"][0])
    assert story.survivor.id == told["near_dedup_cluster"][0]
    assert (story.survivor.state, story.survivor.place) == ("elsewhere", "at another site")


def test_the_bill_is_made_of_metrics(made):
    """Core-hours of each site are those of its run's metrics; held ones have the price."""
    sites = sites_file(made / "sites.yaml")
    spent = manifest.read(sites.release / "metrics.json")["sites"]
    bill = billed(sites, spent)
    for row in bill["sites"]:
        own = manifest.read(made / "out" / row["site"] / "run" / "metrics.json")
        assert row["core_hours"] == pytest.approx(own["cpu_s"] / 3600, abs=1e-6)
        assert row["wall_s"] == own["wall_s"] > 0
        assert row["cost"] == pytest.approx(row["held_core_hours"] * 0.5, abs=1e-6)
    assert bill["total"]["cost"] == pytest.approx(sum(row["cost"] for row in bill["sites"]))


@pytest.mark.slow
@FULL
def test_three_ray_clusters_give_the_same_bytes(made, tmp_path):
    """Each site on a cluster of its own leaves the package and the shards of the local engine."""
    all_steps(lay_out(tmp_path), How("ray", 2))
    for place in ("out/all/release", *(f"out/{name}/run" for name in NAMES)):
        one, other = (manifest.read(r / place / "manifest.json") for r in (made, tmp_path))
        assert one["seal"] == other["seal"]


@pytest.mark.slow
@FULL
def test_three_buckets_give_the_same_bytes(made, tmp_path, s3, monkeypatch):
    """Inputs, runs and packages in a bucket of each site: the shards of the local run."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    lay_out(tmp_path)
    content = json.loads((tmp_path / "sites.yaml").read_text())
    buckets = {name: s3.new_bucket() for name in (*NAMES, "all")}
    for entry in content["sites"]:
        name = entry["name"]
        place = f"s3://{buckets[name]}"
        for path in (tmp_path / "in" / name).iterdir():
            (fs.place(place) / "in" / path.name).write_bytes(path.read_bytes())
        entry["inputs"], entry["output"] = [f"{place}/in"], f"{place}/out"
    content["output"] = f"s3://{buckets['all']}/all"
    (tmp_path / "sites.yaml").write_text(json.dumps(content))
    sites = sites_file(tmp_path / "sites.yaml")
    all_steps(sites)
    pairs = [(sites.release, made / "out/all/release")]
    pairs += [(sites.run(sites.site(name)), made / "out" / name / "run") for name in NAMES]
    for place, local in pairs:
        assert verify(place) == []
        one, other = (manifest.read(root / "manifest.json") for root in (place, local))
        assert one["seal"] == other["seal"]


@pytest.mark.slow
@FULL
def test_the_commands_of_the_page_work(tmp_path):
    """The shell block of docs/sites.md, in a copy of what a checkout has."""
    made = clones.made(tmp_path)
    (tmp_path / "configs").unlink()
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    (block,) = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/sites.md").read_text(), re.DOTALL)
    made.shell(f"set -e\n{block}")
    release = manifest.read(tmp_path / "out/sites/all/release/manifest.json")
    assert [one["site"] for one in release["sites"]] == list(NAMES)
    assert release["counts"]["kept"] > 200
