"""The figures of `make faults` as a page.

Enters: the figures as the JSON file has them.  Leaves: Markdown: our readers × damages, other
toolkits on the same files, engine faults, kills.  Refuses: to leave out a cell that is wrong.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
#: What a cell says, the worst first.
ORDER = ("hang", "died", "crash", "lost", "silent", "refusal", "result")
BAD = ORDER[:5]

HEAD = """# Faults

What happens to good documents when files are damaged, and to a run when its machine is disturbed.

```
make faults                                        # all of it: an hour or two on two cores
python -m scripts.faults --part readers --only corpus-pipeline
python -m scripts.faults --part engine --fault "disk full"
python -m scripts.faults --part kills --kills 20
```

Everything is made from the embedded sample with fixed seeds; `docs/faults.json` has every cell.
Parts of it run with every test (`tests/test_faults_table.py`).
"""

READERS = """
## Readers × damages

Each case is a folder: damaged files (four, each damaged at another place; one where the damage
leaves no choice) and two good files of the same format beside them.
Compressed files consist of four members, as `cat a.gz b.gz` makes them.
A document **must survive** if it lies outside the damage and the format's own means reach it: in a
member that is damaged, what the standard decompressor gives before it stops; in a Parquet file, the
row groups that are whole, if the footer is.
Of a table or of lines the first row behind a hole in a compressed file is let go: nothing tells a
whole row from a torn one.
Of a tar archive nothing is asked for behind bytes that were lost or put in, unless they are a
multiple of its blocks of 512.
A cell is `survived / must`, and why the rest went to quarantine or is no input; ✗ marks a loss, a
crash, a hang, or documents that went without a word.
"""

PEERS = """
## The same files, other toolkits

Documents that must survive, over all cases that a toolkit has a reader for.
`datatrove` is given a file at a time, so that a file that raises costs no other, and what it gave
before it raised counts.
`data-juicer` reads the folder, as its configs do: one file that raises costs all.
"""

ENGINE = """
## Engine faults

A small run of the command line (four input formats, many splits, global stages, export) is
disturbed once some splits are committed; then the same command is given again.
**same**: it finished with the bytes of the undisturbed run.  **refused**: one line, exit code 2.
**interrupted**: exit code 130.  **killed**: the signal ended it.  After each of these but the first
the rerun finished with the same bytes; anything else, a traceback or a hang would be WRONG.
Two things are not in the table, as Ray and not this project decides them.
Where the clock runs ahead again and again (an hour every three seconds) a run on Ray hung until it
was killed (300 s), and where it leapt by ten years Ray's native code ended the driver (exit 1, no
line of ours), as it did once where the cluster was killed while it started.
Each time the same command then finished with the same bytes.
Nodes of a shared cluster that are lost: `tests/engine/test_ray_cluster.py`.
"""

KILLS = """
## Kills

Processes chosen at random, at random moments, one to four before a run may finish; then every file
is compared with that of the undisturbed run.
`--kills` says how many; the table has those that fitted into `--minutes` on a busy machine.
"""


def page(figures: Mapping[str, Any]) -> str:
    """The whole page."""
    parts = [HEAD]
    if rows := figures.get("readers"):
        ours = [row for row in rows if row["entrant"] == "corpus-pipeline"]
        parts += [READERS, _summary(ours), *_matrices(ours), PEERS, _peers(rows, figures)]
    if rows := figures.get("engine"):
        parts += [ENGINE, _engine(rows)]
    if rows := figures.get("kills"):
        parts += [KILLS, _kills(rows)]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(str(cell).replace("|", "¦") for cell in row) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *lines])


def _summary(rows: Sequence[Row]) -> str:
    words = Counter(row["verdict"] for row in rows)
    survived, must = (sum(row.get(key, 0) for row in rows) for key in ("survived", "must"))
    files = ", ".join(f"{words[word]:,} {word}" for word in ORDER if words[word])
    return f"{len(rows):,} cases: {files}; {survived:,} of {must:,} documents survived.\n"


def _matrices(rows: Sequence[Row]) -> Iterable[str]:
    """A table for uncompressed files, and one over the compressions."""
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    damages = list(dict.fromkeys(row["damage"] for row in rows))
    packed = ", ".join(dict.fromkeys(r["compression"] for r in rows if r["compression"] != "none"))
    for title, chosen in (
        ("Uncompressed", [row for row in rows if row["compression"] == "none"]),
        (f"Compressed ({packed})", [row for row in rows if row["compression"] != "none"]),
    ):
        cells = {(d, k): [] for d in damages for k in kinds}
        for row in chosen:
            cells[row["damage"], row["kind"]].append(row)
        body = [
            [damage, *(_cell(cells[damage, kind]) for kind in kinds)]
            for damage in damages
            if any(cells[damage, kind] for kind in kinds)
        ]
        yield f"### {title}\n\n" + _table(["damage", *kinds], body)


def _cell(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    survived, must = (sum(row.get(key, 0) for row in rows) for key in ("survived", "must"))
    reasons = Counter[str]()
    for row in rows:
        reasons.update(row.get("reasons", {}))
    why = ", ".join(name for name, _ in reasons.most_common(3))
    bad = sorted({row["verdict"] for row in rows if row["verdict"] in BAD})
    mark = f" ✗ {', '.join(bad)}" if bad else ""
    return f"{survived}/{must}{mark}" + (f" {why}" if why else "")


def _peers(rows: Sequence[Row], figures: Mapping[str, Any]) -> str:
    names = list(dict.fromkeys(row["entrant"] for row in rows))
    common = {name: {_key(row) for row in rows if row["entrant"] == name} for name in names}
    body = []
    for name in names:
        every = [row for row in rows if row["entrant"] == name]
        body.append([name, figures["versions"].get(name, ""), *_shares(every)])
    out = [_table(PEER_HEAD, body)]
    for name in names[1:]:
        body = []
        for one in (names[0], name):
            chosen = [r for r in rows if r["entrant"] == one and _key(r) in common[name]]
            body += [
                [one, kind, *_shares(r for r in chosen if r["kind"] == kind)]
                for kind in dict.fromkeys(row["kind"] for row in chosen)
            ]
        body.sort(key=lambda row: (row[1], row[0] != names[0]))
        out.append(
            f"\n### On the cases of {name}\n\n" + _table(["", "format", *PEER_HEAD[2:]], body)
        )
    return "\n".join(out)


PEER_HEAD = (
    "",
    "version",
    "cases",
    "survived / must",
    "%",
    "cases without a loss",
    "good files beside lost",
    "crashed",
    "hung or died",
    "lost without a word",
)


def _key(row: Row) -> tuple[str, str, str]:
    return row["kind"], row["compression"], row["damage"]


def _shares(rows: Iterable[Row]) -> list[object]:
    rows = list(rows)
    survived, must = (sum(row.get(key, 0) for row in rows) for key in ("survived", "must"))
    words = Counter(row["verdict"] for row in rows)
    whole = sum(row.get("survived") == row.get("must") for row in rows)
    return [
        len(rows),
        f"{survived:,} / {must:,}",
        f"{int(1000 * survived / max(must, 1)) / 10:g}",
        whole,
        sum(row.get("beside_lost", 0) > 0 for row in rows),
        words["crash"],
        words["hang"] + words["died"],
        words["silent"],
    ]


def _engine(rows: Sequence[Row]) -> str:
    body = []
    for row in rows:
        again = row.get("again")
        then = "" if again is None else f"exit {again}, {'same' if row['same'] else 'OTHER'} bytes"
        said = row.get("said", "").removeprefix("corpus-pipeline: ")
        body.append(
            [
                row["fault"],
                row["what"],
                row["engine"],
                row["verdict"],
                row.get("code", ""),
                row.get("seconds", ""),
                said,
                then,
            ]
        )
    words = Counter(row["verdict"] for row in rows)
    counts = ", ".join(f"{count} {word}" for word, count in words.most_common())
    head = ("fault", "what", "engine", "", "exit", "s", "what it said", "the same command again")
    return f"{len(rows)} faults: {counts}.\n\n" + _table(head, body)


def _kills(rows: Sequence[Row]) -> str:
    head = (
        "engine",
        "seed",
        "kills",
        "victims",
        "runs finished",
        "other bytes",
        "tracebacks",
        "hangs",
        "undisturbed s",
        "minutes",
    )
    body = [
        [
            row["engine"],
            row["seed"],
            row["kills"],
            ", ".join(f"{name} {count}" for name, count in row["victims"].items()),
            row["finished"],
            len(row["wrong"]),
            row["tracebacks"],
            row["hangs"],
            row["undisturbed_s"],
            row["minutes"],
        ]
        for row in rows
    ]
    return _table(head, body)
