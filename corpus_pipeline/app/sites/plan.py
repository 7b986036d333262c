"""`plan --sites`: a job over several sites by where its data lies, cores, price and queue.

Enters: a sites file.  Leaves: for each site its inputs, MB, core-hours, wall time and cost, named
`expected_…`; the inputs that may run anywhere (`shared`) are given to sites, one by one.  Nothing
is run, and no text is read beyond the scan of the inputs that can be seen from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from corpus_pipeline.app.config import Config, load
from corpus_pipeline.app.jobs import pipeline_job
from corpus_pipeline.app.plan import RATE_MB_S
from corpus_pipeline.app.sites.file import SiteEntry, SitesFile
from corpus_pipeline.io.inputs import Input, survey
from corpus_pipeline.io.scan import scan
from corpus_pipeline.io.storage import commit_bytes
from corpus_pipeline.model import PipelineError
from corpus_pipeline.text.unicode.escape import escaped

HOUR: Final = 3600.0
#: Bytes of a package for a document beside the signature, and of input for a document; bytes of the
#: lines of `line_dedup` for a byte of input: measured on 38,133 real documents of 80 MB
#: (docs/sites.md).
ROW_BYTES, DOCUMENT_BYTES, LINES = 440, 2_100, 0.72


@dataclass(slots=True)
class Load:
    """What a site has to do."""

    site: SiteEntry
    mb: float = 0.0
    moved: list[str] = field(default_factory=list)  # shared inputs that it is given
    moved_mb: float = 0.0

    @property
    def core_hours(self) -> float:
        """Core-hours at the site's own rate, or at that of `plan`."""
        return self.mb / (self.site.mb_s or RATE_MB_S) / HOUR

    @property
    def transfer_hours(self) -> float:
        """Hours until the shared inputs have arrived."""
        return self.moved_mb / self.site.link_mb_s / HOUR if self.site.link_mb_s else 0.0

    @property
    def wall_hours(self) -> float:
        """Queue, transfer, work on all cores; nothing where there is nothing to do."""
        if not self.mb:
            return 0.0
        cores = self.site.workers or self.site.cores
        return self.site.queue_hours + self.transfer_hours + self.core_hours / cores

    @property
    def cost(self) -> float:
        """The price of the core-hours."""
        return self.core_hours * self.site.price

    def given(self, name: str, mb: float) -> Load:
        """The same with one input more."""
        return Load(self.site, self.mb + mb, [*self.moved, name], self.moved_mb + mb)


def preview(sites: SitesFile) -> dict[str, Any]:
    """The figures of a job over all sites that is not made."""
    config = load(sites.path(sites.config))
    loads = {site.name: Load(site, _size(sites, site, config)) for site in sites.sites}
    for name, mb in sorted(_shared(sites, config), key=lambda item: (-item[1], item[0])):
        site = _choice(sites, loads, name, mb)
        loads[site] = loads[site].given(name, mb)
    lines = LINES * ("line_dedup" in config.stages and "line_dedup" not in sites.within)
    rows = [_row(sites, load_, lines) for load_ in loads.values()]
    totals = ("expected_core_hours", "expected_cost", "expected_package_mb")
    wall = max(load_.wall_hours for load_ in loads.values())
    total = {name: round(sum(row[name] for row in rows), 3) for name in totals}
    return {
        "name": sites.name,
        "currency": sites.currency,
        "prefer": sites.prefer,
        "sites": rows,
        "total": {**total, "expected_wall_hours": round(wall, 4)},
    }


def _row(sites: SitesFile, load_: Load, lines: float) -> dict[str, Any]:
    documents = load_.mb * 1e6 / DOCUMENT_BYTES
    package = documents * (ROW_BYTES + sites.signature) / 1e6 + lines * load_.mb
    return {
        "site": load_.site.name,
        "inputs": list(load_.site.inputs),
        "shared": load_.moved,
        "mb": round(load_.mb, 1),
        "expected_core_hours": round(load_.core_hours, 4),
        "expected_wall_hours": round(load_.wall_hours, 4),
        "expected_cost": round(load_.cost, 4),
        "expected_package_mb": round(package, 1),
    }


def _size(sites: SitesFile, site: SiteEntry, config: Config) -> float:
    """MB of decompressed input that lie at a site: seen from here, or as the file states."""
    if site.size_mb is not None:
        return site.size_mb
    if not site.inputs:
        return 0.0
    try:
        job = pipeline_job(config, sites.inputs(site), Path("/nonexistent"))
    except PipelineError as error:
        raise PipelineError(
            f"site {site.name}: {error}; where its inputs cannot be seen from here, state size_mb"
        ) from None
    return _mb(job.inputs, config)


def _mb(inputs: Sequence[Input], config: Config) -> float:
    options = config.ingest.for_readers
    found = (scan(item, options.limits, options.text_mode).decompressed for item in inputs)
    return sum(found) / 1e6


def _shared(sites: SitesFile, config: Config) -> list[tuple[str, float]]:
    """The inputs that may run anywhere, and the MB of each."""
    return [(given, _mb(survey([str(sites.path(given))]).inputs, config)) for given in sites.shared]


def _choice(sites: SitesFile, loads: Mapping[str, Load], name: str, mb: float) -> str:
    """The site for an input: the earliest end, or the lowest price within the deadline."""
    tried = {site: load_.given(name, mb) for site, load_ in loads.items()}
    if sites.prefer == "time":
        return min(tried, key=lambda site: (tried[site].wall_hours, tried[site].cost, site))
    limit = sites.deadline_hours or float("inf")
    in_time = [site for site in tried if tried[site].wall_hours <= limit]
    if not in_time:
        raise PipelineError(f"no site can take {name} within deadline_hours={limit:g}")

    def price(site: str) -> tuple[float, float, str]:
        return tried[site].cost - loads[site].cost, tried[site].wall_hours, site

    return min(in_time, key=price)


def write_assigned(figures: Mapping[str, Any], source: Path, target: Path) -> None:
    """Write the sites file again with each shared input at the site that was chosen for it."""
    if source.resolve().parent != target.resolve().parent:
        raise PipelineError(f"write it beside {source.name}: its paths are relative to its folder")
    content = yaml.safe_load(source.read_text("utf-8"))
    content.pop("shared", None)
    by_name = {row["site"]: row for row in figures["sites"]}
    for entry in content["sites"]:
        entry["inputs"] = [*entry.get("inputs", []), *by_name[entry["name"]]["shared"]]
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    commit_bytes(target, text.encode())


def render(figures: Mapping[str, Any]) -> str:
    """A table for a terminal."""
    head = ("site", "MB", "core-hours", "wall hours", f"cost ({figures['currency']})", "package MB")
    names = (
        *("mb", "expected_core_hours", "expected_wall_hours"),
        *("expected_cost", "expected_package_mb"),
    )
    rows = [(row["site"], *(f"{row[name]:,}" for name in names)) for row in figures["sites"]]
    total = figures["total"]
    mb = sum(row["mb"] for row in figures["sites"])
    rows.append(("total", f"{mb:,.1f}", *(f"{total[name]:,}" for name in names[1:])))
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in (head, *rows)
    ]
    given = [row for row in figures["sites"] if row["shared"]]
    lines += [f"{row['site']} takes {', '.join(row['shared'])}" for row in given]
    return "\n".join(map(escaped, lines))
