"""One manifest over all sites of a corpus, from what each site says of its finished run.

Enters: a finished run of a site, or the folders that the sites share with the coordinator.  Leaves:
a site's account (sealed: seals and counts; no text, no name of a source or file) and what it cost;
a release's folder with all accounts under one sealed manifest, and `metrics.json` with core-hours.
Refuses: a site without an account, and accounts of different rounds of decisions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from corpus_pipeline.io import manifest
from corpus_pipeline.io.storage import commit_bytes
from corpus_pipeline.model import PipelineError

ACCOUNT, SPENT = "account.json", "spent.json"
#: Counts that are added over sites, and those that are added by name.
NUMBERS: Final = ("read", "kept", "dropped", "quarantined", "input_bytes", "text_bytes_kept")
TALLIES: Final = ("by_rule", "by_quarantine")
#: The seals of what a site left and got back, and the key of the round of decisions.
SEALS: Final = ("package", "decisions", "sums", "totals", "round")
HOUR = 3600.0


def seal_account(run: Path, name: str, exchange: Path) -> dict[str, Any]:
    """Write a site's account and what its run cost; the account's content."""
    content = manifest.read(run / "manifest.json")
    spent = manifest.read(run / "metrics.json")
    counts = content["counts"]
    account = {
        "kind": "site_account",
        "site": name,
        "run": content["seal"],
        "dataset": _dataset(run),
        **{key: content["site"][key] for key in SEALS if key in content["site"]},
        "counts": {key: counts[key] for key in (*NUMBERS, *TALLIES)},
    }
    names = ("cpu_s", "wall_s", "workers", "nodes", "engine", "peak_kb")
    manifest.write(exchange / ACCOUNT, account)
    manifest.write(exchange / SPENT, {"kind": "spent", **{key: spent[key] for key in names}})
    return manifest.read(exchange / ACCOUNT)


def _dataset(run: Path) -> str | None:
    dataset = manifest.read_if_sound(run / "dataset" / "manifest.json")
    return None if dataset is None else str(dataset["seal"])


def seal_release(
    name: str, exchanges: Mapping[str, Path], decided_in: Sequence[Path], target: Path
) -> dict[str, Any]:
    """Write the manifest over all sites; its content, with `spent` of each site.

    `decided_in`: the coordinator's folders, of decisions and where groups are summed of totals.
    """
    decided = [manifest.read(folder / "manifest.json") for folder in decided_in]
    accounts, spent = {}, {}
    for site, exchange in exchanges.items():
        if not (exchange / ACCOUNT).exists():
            raise PipelineError(f"site {site} is not finished: `sites finish --site {site}`")
        accounts[site] = manifest.read(exchange / ACCOUNT)
        spent[site] = cost(manifest.read(exchange / SPENT))
    for problem in differences(decided, list(accounts.values())):
        raise PipelineError(problem)
    files = []
    for site, exchange in exchanges.items():
        path = target / "accounts" / f"{site}.json"
        commit_bytes(path, (exchange / ACCOUNT).read_bytes())
        files.append(manifest.file_entry(target, path))
    for folder, content in zip(decided_in, decided, strict=True):
        path = target / f"{content['kind']}.json"
        commit_bytes(path, (folder / "manifest.json").read_bytes())
        files.append(manifest.file_entry(target, path))
    named = ("site", "run", "dataset", *SEALS[:-1])
    content = {
        "kind": "sites",
        "name": name,
        "round": decided[0]["key"],
        **{one["kind"]: one["seal"] for one in decided},
        "sites": [
            {key: account[key] for key in named if key in account} for account in accounts.values()
        ],
        "counts": added(account["counts"] for account in accounts.values()),
        "files": files,
    }
    manifest.write(target / "metrics.json", {"kind": "metrics", "sites": spent})
    manifest.write(target / "manifest.json", content)
    return {**manifest.read(target / "manifest.json"), "spent": spent}


def cost(spent: Mapping[str, Any]) -> dict[str, Any]:
    """Core-hours that a site's run used, and held: all workers for as long as it took."""
    return {
        "core_hours": round(spent["cpu_s"] / HOUR, 6),
        "held_core_hours": round(spent["wall_s"] * spent["workers"] / HOUR, 6),
        "wall_s": spent["wall_s"],
        "workers": spent["workers"],
        "engine": spent["engine"],
    }


def added(counts: Any) -> dict[str, Any]:
    """The sum of the counts of several sites."""
    every = list(counts)
    totals: dict[str, Any] = {name: sum(one[name] for one in every) for name in NUMBERS}
    for name in TALLIES:
        tally: Counter[str] = Counter()
        for one in every:
            tally.update(one[name])
        totals[name] = dict(sorted(tally.items()))
    return totals


def differences(decided: Sequence[Mapping[str, Any]], accounts: list[dict[str, Any]]) -> list[str]:
    """Where the sites' accounts do not fit the decisions: other sites, packages, seals, counts.

    `decided`: the manifest of the decisions, and where there is one that of the totals.
    """
    first, *rest = decided
    entries = {entry["site"]: entry for entry in first["sites"]}
    found = []
    names = [account["site"] for account in accounts]
    if sorted(names) != sorted(entries):
        found.append(
            f"the decisions are about {', '.join(entries)}, the accounts of {', '.join(names)}"
        )
        return found
    for account in accounts:
        site, entry = account["site"], entries[account["site"]]
        found += [
            f"site {site} was finished with another state of its {key}"
            for key in ("package", "decisions")
            if account[key] != entry[key]
        ]
        found += [
            f"site {site} was finished with other totals"
            for totals in rest
            for one in totals["sites"]
            if one["site"] == site and account.get("totals") != one["totals"]
        ]
        if account["round"] != first["key"]:
            found.append(f"site {site} was finished with another round of decisions")
        found += _uncounted(site, account["counts"], entry)
    return found


def _uncounted(site: str, counts: Mapping[str, Any], entry: Mapping[str, Any]) -> list[str]:
    """Where a site's counts break the law, or do not show what was decided about it."""
    parts = counts["kept"] + counts["dropped"] + counts["quarantined"]
    found = []
    if counts["read"] != parts:
        found.append(f"site {site}: {counts['read']} read, but {parts} kept, dropped, quarantined")
    if counts["read"] != entry["counts"]["read"]:
        found.append(
            f"site {site}: {counts['read']} read, its package had {entry['counts']['read']}"
        )
    for stage, told in entry["stages"].items():
        if "dropped" not in told:
            continue  # what it finds is judged at the site
        done = sum(n for rule, n in counts["by_rule"].items() if rule.startswith(f"{stage}/"))
        if done != told["dropped"]:
            found.append(f"site {site}: {stage} dropped {done}, {told['dropped']} were decided")
    return found
