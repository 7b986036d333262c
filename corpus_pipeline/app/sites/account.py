"""What the sites of a corpus cost: core-hours from their metrics, and the price of the sites file.

Enters: a sites file and what each run spent.  Leaves: the bill of each site, and lines to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corpus_pipeline.app.sites.file import SitesFile


def billed(sites: SitesFile, spent: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The bill: of each site core-hours used and held, and their price; `total` of all.

    A cluster is paid for while it is held: all workers from the start to the end.
    """
    rows = [
        {
            "site": site.name,
            **{key: spent[site.name][key] for key in ("core_hours", "held_core_hours", "wall_s")},
            "cost": round(spent[site.name]["held_core_hours"] * site.price, 6),
        }
        for site in sites.sites
    ]
    keys = ("core_hours", "held_core_hours", "cost")
    total = {key: round(sum(row[key] for row in rows), 6) for key in keys}
    return {"currency": sites.currency, "sites": rows, "total": total}


def render(counts: Mapping[str, Any], bill: Mapping[str, Any]) -> str:
    """Lines for a terminal."""
    states = ", ".join(f"{counts[name]:,} {name}" for name in ("kept", "dropped", "quarantined"))
    lines = [f"all sites: {counts['read']:,} read: {states}"]
    for row in (*bill["sites"], {"site": "total", **bill["total"]}):
        hours = f"{row['core_hours']:.4f} core-hours used, {row['held_core_hours']:.4f} held"
        wall = f" in {row['wall_s']:.1f} s" if "wall_s" in row else ""
        lines.append(f"{row['site']}: {hours}{wall}, {row['cost']:.4f} {bill['currency']}")
    return "\n".join(lines)
