"""What is taken back is gone from every byte; what stays is untouched; it does not come back."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from engine_runs import digests

from corpus_pipeline import PipelineError, index, open_run, run
from corpus_pipeline.app.erase import Asked, erase
from corpus_pipeline.cli.erase import erase as command
from corpus_pipeline.io import manifest
from corpus_pipeline.products.export.recipe import Recipe
from corpus_pipeline.products.export.shards import ExportOptions, export
from corpus_pipeline.products.runs import TOMBSTONES
from corpus_pipeline.products.verify.chain import verify

HAN = [chr(code) for code in range(0x4E00, 0x8000)]
NAME, PHONE = "赵示例", "13800000000"


def text_of(seed: int, size: int = 240) -> str:
    """A text like no other."""
    return "".join(random.Random(seed).choices(HAN, k=size))


def edited(text: str, share: float, seed: int = 0) -> str:
    """The text with a share of its characters replaced."""
    rng, copy = random.Random(seed), list(text)
    for at in rng.sample(range(len(copy)), round(len(copy) * share)):
        copy[at] = rng.choice(HAN)
    return "".join(copy)


def page(make_doc, source, number, text, host="news.example.org", **more):
    locator, url = f"{source}/a.jsonl@{number}", f"https://{host}/p/{number}"
    return make_doc(source, locator, text, url=url, **more)


@pytest.fixture(scope="module")
def chain(make_builder, make_doc, tmp_path_factory):
    """Two releases: the second has a copy of a text of the first under another address."""
    home = tmp_path_factory.mktemp("chain")
    for name in ("ONE", "TWO"):
        builder = make_builder(home / name)
        offset = 0 if name == "ONE" else 100
        docs = [page(make_doc, "news", n + offset, text_of(n + offset)) for n in range(70)]
        docs += [
            page(
                make_doc, "forum", n + offset, text_of(n + offset + 80), host="a.forum.example.com"
            )
            for n in range(4)
        ]
        gone = {"dropped_by": "near_dedup", "drop_rule": "near_duplicate"}
        twin = {**gone, "drop_evidence": f"of={docs[3]['id']} jaccard=0.9"}
        twin["near_dedup_cluster"] = docs[3]["id"]
        docs.append(page(make_doc, "news", 90 + offset, edited(docs[3]["text"], 0.03), **twin))
        docs[9]["text"] = edited(docs[3]["text"], 0.02, 5) if name == "ONE" else text_of(3)
        docs[11]["title"] = f"记 {NAME[0]} {NAME[1:]} 二三事"
        docs[13]["text"] += "，电话１３８-0000 0000。"
        builder.splits = [docs[:12], docs[12:]]
        export(builder.write(), home / name, ExportOptions(shard_mb=0.02, published="2026-11-21"))
    return home


def ids(root: Path) -> set[str]:
    """The ids of the documents of a release."""
    opened = open_run(root)
    frames = [opened.kept().select("id"), opened.dropped().select("id")]
    return set(pl.concat(frames).collect()["id"])


def asked(**more) -> Asked:
    return Asked(**{"request": "R-1", "date": "2026-11-29", "reason": "asked by the author"} | more)


def holds(root: Path, text: str) -> list[str]:
    """The files below a folder in whose rows or bytes the text stands."""
    found = []
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        if path.suffix == ".parquet":
            rows = pl.read_parquet(path)
            words = "\n".join(str(value) for row in rows.iter_rows() for value in row)
        else:
            words = path.read_bytes().decode("utf-8", "replace")
        if text in words or text.encode() in path.read_bytes():
            found.append(path.name)
    return found


def test_one_page_goes_from_the_whole_chain(chain, tmp_path):
    """A URL takes its document, its twin by cluster, and the copies that only their texts betray.

    Old and new releases verify; the dataset has lost the same documents; the counts say so.
    """
    done = erase(
        [chain / "ONE", chain / "TWO"],
        tmp_path / "OUT",
        asked(urls=("HTTP://NEWS.example.org:80/%70/3/#top",)),
    )
    reasons = [one["by"] for one in done.receipt["releases"]]
    assert reasons == [{"near_duplicate": 2, "url": 1}, {"near_duplicate": 1}]
    for name, number in (("ONE", 3), ("TWO", 1)):
        old, new = chain / name, tmp_path / "OUT" / name
        assert verify(old) == []
        assert verify(new) == []
        counts = open_run(new).counts
        assert counts["erased"] == number
        assert counts["read"] == sum(
            counts[one] for one in ("kept", "dropped", "quarantined", "erased")
        )
        buried = pl.read_parquet(new / TOMBSTONES / "*.parquet")
        assert set(buried["id"]) == ids(old) - ids(new)
        assert buried.columns == ["id", "source", "was", "request", "by", "of"]
        left = set(open_run(new).dataset().collect()["id"])
        assert left == set(open_run(new).kept().collect()["id"])
        assert holds(new, text_of(3)[:30]) == []
        assert "erased" in (new / "dataset" / "README.md").read_text("utf-8")
    assert holds(chain / "ONE", text_of(3)[:30])


@pytest.mark.parametrize(
    ("more", "numbers"),
    [
        ({"hosts": ("forum.example.com",)}, [70, 71, 72, 73]),
        ({"sources": ("forum",)}, [70, 71, 72, 73]),
        ({"ids": None}, [5]),
        ({"text_files": text_of(7)}, [7]),
        ({"text_files": edited(text_of(7), 0.02)}, [7]),
        ({"subject": f"{NAME}\n"}, [11]),
        ({"subject": f"# 电话\n{PHONE}\n"}, [13]),
        ({"urls": ("news.example.org/p/3",), "near": False}, [3]),
    ],
    ids=["host", "source", "id", "text", "edited", "name", "phone", "no-near"],
)
def test_each_selector(chain, tmp_path, more, numbers):
    """Each way of asking finds its documents and no other; nothing asked for is repeated."""
    kept = open_run(chain / "ONE").kept().collect()
    order = pl.concat([kept.filter(source="news"), kept.filter(source="forum")])
    if "ids" in more:
        more = {"ids": (order["id"][5][:9],)}
    secret = more.get("subject") or more.get("text_files")
    for name in ("subject", "text_files"):
        if name in more:
            path = tmp_path / "words.txt"
            path.write_text(str(more[name]), "utf-8")
            more = {name: path if name == "subject" else (path,)}
    done = erase([chain / "ONE"], tmp_path / "OUT", asked(**more), agreed=lambda _: True)
    new = tmp_path / "OUT" / "ONE"
    assert ids(chain / "ONE") - ids(new) == set(order["id"].gather(numbers))
    assert verify(new) == []
    if secret:
        word = secret.splitlines()[-1][:40]
        assert [holds(path, word) for path in (new, tmp_path / "OUT")] == [[], []]
        assert word not in json.dumps(done.receipt, ensure_ascii=False)


def test_untouched_files_are_links(chain, tmp_path):
    """Only the touched split and shards are written; all other files are the old ones."""
    erase([chain / "ONE"], tmp_path / "OUT", asked(urls=("news.example.org/p/20",)))
    new = tmp_path / "OUT" / "ONE"
    written = {
        path.relative_to(new).as_posix()
        for path in new.rglob("*.parquet")
        if path.stat().st_nlink == 1
    }
    assert {name.partition("-")[0] for name in written} == {
        "dataset/data/train",
        "kept/part",
        "tombstones/part",
    }
    assert len(written) == 3
    assert open_run(new).manifest["erasures"][0]["shards"] == 2
    old = open_run(chain / "ONE").kept().collect()
    gone = pl.col("id") != pl.read_parquet(new / TOMBSTONES / "*.parquet")["id"].item()
    assert open_run(new).kept().collect().equals(old.filter(gone))


def test_a_second_request_stands_on_the_first(chain, tmp_path):
    """Erasures add up, the tombstones of both stay, and the seals lead to the first release."""
    first = asked(urls=("news.example.org/p/20",))
    erase([chain / "ONE"], tmp_path / "A", first)
    second = asked(request="R-2", urls=("news.example.org/p/21",))
    erase([tmp_path / "A" / "ONE"], tmp_path / "B", second)
    new = tmp_path / "B" / "ONE"
    assert verify(new) == []
    assert open_run(new).counts["erased"] == 2
    assert [one["request"] for one in open_run(new).manifest["erasures"]] == ["R-1", "R-2"]
    third = erase(
        [new],
        tmp_path / "C",
        asked(ids=(pl.read_parquet(new / TOMBSTONES / "*.parquet")["id"][0],)),
    )
    assert (third.found, third.earlier) in ((False, ("R-1",)), (False, ("R-2",)))
    assert third.receipt["documents"] == 0
    assert not (tmp_path / "C" / "ONE").exists()


def test_the_same_request_twice(chain, tmp_path):
    """A second time nothing is written; another folder gets the same bytes; no other request."""
    wanted = asked(urls=("news.example.org/p/3",))
    first = erase([chain / "ONE"], tmp_path / "A", wanted)
    before = digests(tmp_path / "A")
    again = erase([chain / "ONE"], tmp_path / "A", wanted)
    assert (first.again, again.again) == (False, True)
    assert digests(tmp_path / "A") == before
    erase([chain / "ONE"], tmp_path / "B", wanted)
    other = {
        name for name in digests(tmp_path / "B") if digests(tmp_path / "B")[name] != before[name]
    }
    assert other == set()
    with pytest.raises(PipelineError, match="holds another release"):
        erase([chain / "ONE"], tmp_path / "A", asked(urls=("news.example.org/p/4",)))


def test_a_flipped_byte_of_an_erased_release_is_found(chain, tmp_path):
    """Every kind of file of the new release is covered by its seals, tombstones too."""
    erase([chain / "ONE"], tmp_path / "OUT", asked(urls=("news.example.org/p/3",)))
    new = tmp_path / "OUT" / "ONE"
    kinds = {(path.parent, path.suffix): path for path in new.rglob("*") if path.is_file()}
    assert len(kinds) > 7
    for path in sorted(kinds.values()):
        data = path.read_bytes()
        at = len(data) // 2
        path.unlink()  # a link: the old release has to stay whole
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert path.relative_to(new).as_posix() in {found.path for found in verify(new)}
        path.write_bytes(data)
    assert verify(new) == []


def test_a_forged_tombstone_is_found(chain, tmp_path, reseal):
    """A count, a column or an id that does not fit is named, however well it is sealed."""
    erase([chain / "ONE"], tmp_path / "OUT", asked(urls=("news.example.org/p/3",)))
    new = tmp_path / "OUT" / "ONE"
    reseal(new / "manifest.json", lambda content: content["erasures"][0].update(documents=7))
    assert any("list of erasures says 7" in found.problem for found in verify(new))


def test_large_requests_want_a_yes(chain, tmp_path):
    """Over a twentieth of the documents, or all of a source: nothing happens without a yes."""
    for more in ({"sources": ("forum",)}, {"hosts": ("news.example.org",)}):
        with pytest.raises(PipelineError, match="--yes; nothing changed"):
            erase([chain / "ONE"], tmp_path / "OUT", asked(**more))
    assert not (tmp_path / "OUT").exists()
    done = erase([chain / "ONE"], tmp_path / "OUT", asked(hosts=("example.org",)), dry_run=True)
    assert done.receipt["documents"] == 71
    assert not (tmp_path / "OUT").exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"sources": ("forun",)}, "no release has the source 'forun'; did you mean forum"),
        ({"ids": ("xyz",)}, "'xyz' is no id"),
        ({"urls": ("https://",)}, "has no host"),
        ({"hosts": ("a b",)}, "is no name"),
        ({}, "nothing to erase"),
        ({"date": "29.11.2026", "ids": ("0123456",)}, "is no date"),
        ({"request": " ", "ids": ("0123456",)}, "a reference"),
    ],
)
def test_bad_requests_are_one_line(chain, tmp_path, more, words):
    """A wrong key is told in one line, with the nearest names, and nothing is written."""
    with pytest.raises(PipelineError, match=words) as caught:
        erase([chain / "ONE"], tmp_path / "OUT", asked(**more))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "OUT").exists()


def test_a_subject_is_never_quoted(chain, tmp_path):
    """No message repeats a value, and a reason that does is refused."""
    path = tmp_path / "subject.txt"
    path.write_text("赵\n", "utf-8")
    with pytest.raises(PipelineError, match="line 1 is too short") as caught:
        erase([chain / "ONE"], tmp_path / "OUT", asked(subject=path))
    assert "赵" not in str(caught.value)
    path.write_text(f"{NAME}\n", "utf-8")
    with pytest.raises(PipelineError, match="repeats a value") as caught:
        erase([chain / "ONE"], tmp_path / "OUT", asked(subject=path, reason=f"{NAME}的请求"))
    assert NAME not in str(caught.value)


def test_nothing_found_has_a_receipt(chain, tmp_path):
    """The requester gets an answer where there is nothing; no release is written."""
    done = erase([chain / "ONE"], tmp_path / "OUT", asked(urls=("https://example.net/x",)))
    assert not done.found
    assert {path.name for path in (tmp_path / "OUT").iterdir()} == {"receipt.json", "receipt.md"}
    assert manifest.read(tmp_path / "OUT" / "receipt.json")["kind"] == "receipt"


def test_a_mixture_loses_every_copy(chain, tmp_path):
    """Where a recipe repeats documents, all copies go, and the mixture says so."""
    options = ExportOptions(
        shard_mb=0.004,
        published="2026-11-21",
        recipe=Recipe.model_validate(
            {
                "weights": [{"column": "source", "values": {"news": 3.0}}],
                "target_characters": 25_000,
            }
        ),
    )
    root = tmp_path / "RUN"
    subprocess.run(["cp", "-r", str(chain / "ONE"), str(root)], check=True)
    export(root, root, options)
    before = open_run(root).dataset().collect()
    erase([root], tmp_path / "OUT", asked(urls=("news.example.org/p/3",)))
    new = tmp_path / "OUT" / "RUN"
    assert verify(new) == []
    gone = pl.read_parquet(new / TOMBSTONES / "*.parquet")["id"].implode()
    after = open_run(new).dataset().collect()
    assert before.filter(pl.col("id").is_in(gone)).height > 3
    assert after.equals(before.filter(~pl.col("id").is_in(gone)))
    facts = manifest.read(new / "dataset" / "manifest.json")["mixture"]
    assert facts["splits"]["train"]["rows"] == after.height
    assert facts["splits"]["train"]["characters"] == after["text"].str.len_chars().sum()


CONFIG = {"stages": ["exact_dedup", "near_dedup"], "sources": [{"name": "web", "match": ["*"]}]}


def deliver(path: Path, texts: list[str]) -> Path:
    rows = [{"text": text, "url": f"https://new.example.org/{n}"} for n, text in enumerate(texts)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture(scope="module")
def refusing(tmp_path_factory):
    """A run, its index, and both after one text was taken back."""
    home = tmp_path_factory.mktemp("refusing")
    texts = [text_of(n) for n in range(40)]
    run(CONFIG, inputs=deliver(home / "a.jsonl", texts), output=home / "RUN", engine="local")
    index([home / "RUN"], output=home / "INDEX", config=CONFIG)
    wanted = asked(urls=("https://new.example.org/7",))
    done = erase([home / "RUN"], home / "OUT", wanted, indexes=[home / "INDEX"])
    return home, done


def test_an_index_refuses_what_was_erased(refusing, tmp_path):
    """Equal and edited texts do not come back, and leave no word; others do as before."""
    home, done = refusing
    texts = [text_of(7), *(edited(text_of(7), share, 3) for share in (0.01, 0.05, 0.08))]
    texts += [text_of(900), text_of(8)]
    again = run(
        CONFIG,
        inputs=deliver(tmp_path / "b.jsonl", texts),
        output=tmp_path / "NEW",
        engine="local",
        against=[home / "OUT" / "INDEX"],
    )
    dropped = again.dropped().collect()
    stone = pl.read_parquet(home / "OUT" / "RUN" / TOMBSTONES / "*.parquet")["id"].item()
    refused = dropped.filter(drop_rule="erased_before")
    assert refused.height == 4
    assert set(refused["drop_evidence"]) == {f"of={stone}"}
    assert refused.select("text", "url").unique().rows() == [("", None)]
    assert dropped.filter(drop_rule="exact_duplicate").height == 1
    assert again.kept().collect()["text"].to_list() == [text_of(900)]
    assert holds(tmp_path / "NEW", text_of(7)[:10]) == []
    assert again.verify() == []
    assert done.receipt["indexes"][0]["documents"] == 1


def test_an_erased_index_holds_no_text(refusing):
    """The text is gone from the index and its sketches; both verify, and a flip is found."""
    home, _ = refusing
    old, new = home / "INDEX", home / "OUT" / "INDEX"
    assert verify(old) == verify(new) == []
    assert holds(old, text_of(7)[:10])
    assert holds(new, text_of(7)[:10]) == []
    for name in ("exact_dedup", "near_dedup"):
        sizes = [
            pl.read_parquet(root / "sketch" / name / "*.parquet")["doc"].n_unique()
            for root in (old, new)
        ]
        assert sizes == [40, 39]
    path = new / "erased.parquet"
    data = path.read_bytes()
    path.write_bytes(data[:60] + bytes([data[60] ^ 1]) + data[61:])
    assert "erased.parquet" in {found.path for found in verify(new)}
    path.write_bytes(data)


#: In one process a child for each place: it is killed as soon as a file of that name is there.
KILLED = """
import os, signal, sys
from pathlib import Path
from corpus_pipeline.app.erase import Asked, erase
from corpus_pipeline.io import storage
from corpus_pipeline.products.release import dataset, parts, rewrite

home, outs = Path(sys.argv[1]), Path(sys.argv[2])

def dying(real, out, after):
    def done(*given, **more):
        real(*given, **more)
        names = (path for path in out.rglob("*") if ".tmp-" not in path.name)
        if any(after in str(path.relative_to(out)) for path in names):
            os.kill(os.getpid(), signal.SIGKILL)
    return done

for number, after in enumerate(sys.argv[3:]):
    child = os.fork()
    if not child:
        out = outs / str(number)
        storage.commit = dying(storage.commit, out, after)
        rewrite.link = dataset.link = dying(parts.link, out, after)
        erase([home / "ONE"], out, Asked("R-1", "2026-11-29", urls=("news.example.org/p/3",)))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL, after
"""
PLACES = ("dataset/data",)
if os.environ.get("CORPUS_KILLS"):  # seconds more: each place is a process and a second attempt
    PLACES += ("kept/part-00000", "tombstones", "split-00001", "dataset/manifest", "metrics")


def test_a_kill_leaves_the_old_release_and_a_rerun_ends(chain, tmp_path):
    """Killed anywhere, the old release is whole, the new one is none, and the same command ends."""
    subprocess.run([sys.executable, "-c", KILLED, str(chain), str(tmp_path), *PLACES], check=True)
    wanted = asked(reason="", urls=("news.example.org/p/3",))
    erase([chain / "ONE"], tmp_path / "CLEAN", wanted)
    assert verify(chain / "ONE") == []
    for number in range(len(PLACES)):
        new = tmp_path / str(number) / "ONE"
        assert new.is_dir()
        assert not (new / "manifest.json").exists()
        erase([chain / "ONE"], new.parent, wanted)
        assert digests(new) == digests(tmp_path / "CLEAN" / "ONE")
    assert verify(tmp_path / "0" / "ONE") == []


def test_the_command_tells_what_it_did(chain, tmp_path, capsys, monkeypatch):
    """Exit code 1 and a line where nothing was found; figures as JSON; a terminal is asked."""
    given = {"releases": [chain / "ONE"], "request": "R-1", "date": "2026-11-29"}
    out = tmp_path / "OUT"
    assert command(**given, output=out, urls=["https://example.net/"], as_json=True) == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["documents"] == 0
    assert "nothing found" in told.err.splitlines()[-1]
    with pytest.raises(PipelineError, match="receipt of another request"):
        command(**given | {"request": "R-2"}, output=out, urls=["news.example.org/p/3"])
    asked_for = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda words, **_: asked_for.append(words))
    with pytest.raises(PipelineError, match="say --yes"):
        command(**given, output=tmp_path / "B", sources=["forum"])
    assert [
        "all 4 documents of the source forum of ONE. Go on?" in words for words in asked_for
    ] == [True]
