"""`python -m scripts.faults`: damaged files, a disturbed engine, kills.

Enters: which parts.  Leaves: figures as JSON and a page; parts that are not run keep their figures.
Exit code 1 where something is wrong that is ours.
"""

import argparse
import json
import math
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

from scripts.faults.report import BAD, page

PARTS = ("readers", "engine", "kills")
#: Of a hundred kills so many strike a run of the local engine; the others one on Ray.
LOCAL_SHARE = 0.4


def readers(figures: dict[str, Any], home: Path, only: list[str] | None) -> None:
    """The first table."""
    from scripts.faults.readers import table, verdict  # noqa: PLC0415 – only this part needs it

    rows, versions = table(home, only or ())
    kept = [row for row in figures.get("readers", []) if row["entrant"] not in versions]
    for row in rows:
        row["verdict"] = verdict(row)
        row["said"] = str(row.get("said", "")).replace(str(home), "…")[:200]
        row["seconds"] = round(row.get("seconds", 0), 2)
        row["peak_mb"] = round(row.get("peak_mb", 0))
    figures["readers"] = sorted(rows + kept, key=lambda row: row["entrant"] != "corpus-pipeline")
    figures["versions"] = figures.get("versions", {}) | versions


def engine(figures: dict[str, Any], home: Path, faults: list[str], engines: list[str]) -> None:
    """The second table."""
    from scripts.faults.engine import FAULTS, table  # noqa: PLC0415 – only this part needs it
    from scripts.faults.runs import scene  # noqa: PLC0415 – same

    rows = {(row["fault"], row["engine"]): row for row in figures.get("engine", [])}
    found = table(scene(home / "scene"), faults, engines)
    rows |= {(row["fault"], row["engine"]): row for row in found}
    order = [(name, one) for name in FAULTS for one in ("local", "ray")]
    figures["engine"] = [rows[key] for key in order if key in rows]


def kills(figures: dict[str, Any], home: Path, chosen: argparse.Namespace) -> None:
    """The third."""
    from scripts.faults.kills import killed  # noqa: PLC0415 – only this part needs it
    from scripts.faults.runs import scene  # noqa: PLC0415 – same

    made = scene(home / "kills")
    engines = chosen.engine or ["local", "ray"]
    share = {"local": LOCAL_SHARE, "ray": 1 - LOCAL_SHARE} if len(engines) > 1 else {}
    rows = {row["engine"]: row for row in figures.get("kills", [])}
    for one in engines:
        count = round(chosen.kills * share.get(one, 1))
        rows[one] = killed(made, one, count, chosen.seed, chosen.minutes)
    figures["kills"] = [rows[key] for key in ("local", "ray") if key in rows]


def wrong(figures: dict[str, Any]) -> list[str]:
    """What is not as it should be."""
    rows = [row for row in figures.get("readers", []) if row["entrant"] == "corpus-pipeline"]
    found = [f"{r['kind']} {r['compression']} {r['damage']}" for r in rows if r["verdict"] in BAD]
    found += [
        f"{r['fault']}, {r['engine']}" for r in figures.get("engine", []) if r["verdict"] == "WRONG"
    ]
    return found + [line for row in figures.get("kills", []) for line in row["wrong"]]


def main() -> None:
    """Strike, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", action="append", choices=PARTS, help="repeatable; all")
    parser.add_argument("--only", action="append", help="an entrant of the readers; repeatable")
    parser.add_argument("--fault", action="append", default=[], help="a fault's name; repeatable")
    parser.add_argument("--engine", action="append", choices=("local", "ray"))
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=math.inf, help="for the kills, an engine")
    parser.add_argument("--json", type=Path, help="figures; those of other parts are kept")
    parser.add_argument("--markdown", type=Path)
    chosen = parser.parse_args()
    figures: dict[str, Any] = {}
    if chosen.json and chosen.json.exists():
        figures = json.loads(chosen.json.read_text("utf-8"))
    figures["machine"] = f"{platform.machine()}, Python {platform.python_version()}"
    engines = chosen.engine or ["local", "ray"]
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        home = Path(folder)
        if not chosen.part or "readers" in chosen.part:
            readers(figures, home / "readers", chosen.only)
        if not chosen.part or "engine" in chosen.part:
            engine(figures, home, chosen.fault, engines)
        if not chosen.part or "kills" in chosen.part:
            kills(figures, home, chosen)
    if chosen.json:
        lines = [f"{json.dumps(key)}: {_listed(value)}" for key, value in figures.items()]
        chosen.json.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    if chosen.markdown:
        chosen.markdown.write_text(page(figures), "utf-8")
    for line in (found := wrong(figures)):
        print(f"wrong: {line}", file=sys.stderr)
    sys.exit(1 if found else 0)


def _listed(value: Any) -> str:
    """A list with an item a line."""
    if not isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return "[\n" + ",\n".join(json.dumps(item, ensure_ascii=False) for item in value) + "\n]"


if __name__ == "__main__":
    main()
