"""`sites`: one corpus of several sites, of which only sketches, facts and ids leave their site.

Enters: a sites file, a step.  Leaves: what the step leaves; a line for each site.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corpus_pipeline.cli.engine_options import on_engine
from corpus_pipeline.cli.options import Json

if TYPE_CHECKING:
    from corpus_pipeline.app.how import How
    from corpus_pipeline.app.sites.file import SitesFile

File = Annotated[Path, typer.Argument(help="The YAML file of the sites.", metavar="SITES")]
Name = Annotated[str, typer.Option("--site", help="The site where this runs.", metavar="NAME")]

sites = typer.Typer(
    name="sites",
    help="Several sites, one de-duplicated corpus; no text leaves its site.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Add the group of commands to the app."""
    app.add_typer(sites)


@sites.callback()
def group() -> None:
    """Several sites, one de-duplicated corpus; no text leaves its site."""


def _done(file: Path, step: Callable[..., Any], *given: object) -> tuple[SitesFile, Any]:
    """What the file says of the sites, and what the step leaves; its progress is shown."""
    from corpus_pipeline.app.sites.file import sites_file
    from corpus_pipeline.cli.progress import Progress

    content = sites_file(file)
    with Progress() as progress:
        return content, step(content, *given, progress.on_done)


def run(file: File, site: Name, how: How, as_json: Json = False) -> int:
    """At a site: run its inputs up to where other sites matter, and leave its package."""
    from corpus_pipeline.app.sites import work

    return _left("package", work.package, file, site, how, as_json)


def sum_(file: File, site: Name, how: How, as_json: Json = False) -> int:
    """At a site: apply what was decided so far, and leave the sums of its groups."""
    from corpus_pipeline.app.sites import work

    return _left("sums", work.sum_up, file, site, how, as_json)


def _left(
    what: str, step: Callable[..., Any], file: Path, site: str, how: How, as_json: bool
) -> int:
    """Do a step after which something leaves the site, and say what and where it is."""
    from corpus_pipeline.cli.report import print_json, say

    content, made = _done(file, step, site, how)
    place = content.exchange(content.site(site)) / what
    size = sum(entry["bytes"] for entry in made["files"])
    rows = sum(made["rows"] if what == "package" else (one["rows"] for one in made["files"]))
    unit = "documents" if what == "package" else "groups"
    if as_json:
        told = {"site": site, what: str(place), "seal": made["seal"], "bytes": size}
        print_json({**told, unit: rows})
    state = f"finished before; its {what} stand" if "finished" in made else "packed"
    say(f"{site}: {rows:,} {unit} {state}: {size / 1e6:,.1f} MB in {place}")
    return 0


def decide(file: File, how: How, as_json: Json = False) -> int:
    """At the coordinator: judge all documents by the packages, and hand the decisions back."""
    from corpus_pipeline.app.sites import work

    return _decided(work.decide, file, how, as_json)


def settle(file: File, how: How, as_json: Json = False) -> int:
    """At the coordinator: judge all groups by the sums of the sites, and hand the totals back."""
    from corpus_pipeline.app.sites import work

    return _decided(work.settle, file, how, as_json)


def _decided(step: Callable[..., Any], file: Path, how: How, as_json: bool) -> int:
    """Do a step of the coordinator, and say what was decided for each site."""
    from corpus_pipeline.cli.report import print_json, say

    _, decided = _done(file, step, how)
    if as_json:
        print_json({name: decided[name] for name in ("seal", "sites", "totals")})
    for one in decided["sites"]:
        stages = "; ".join(
            f"{name} " + ", ".join(f"{count:,} {unit}" for unit, count in told.items())
            for name, told in one["stages"].items()
        )
        say(f"{one['site']}: {stages}")
    return 0


def finish(file: File, site: Name, how: How, as_json: Json = False) -> int:
    """At a site: apply what was decided, write its shards and its account."""
    from corpus_pipeline.app.results import open_run
    from corpus_pipeline.app.sites import work
    from corpus_pipeline.cli.report import report

    content, _ = _done(file, work.finish, site, how)
    return report(open_run(content.run(content.site(site))), as_json=as_json)


@sites.command()
def seal(file: File, as_json: Json = False) -> int:
    """At the coordinator: one manifest over all sites, and what each of them cost."""
    from corpus_pipeline.app.sites.account import billed, render
    from corpus_pipeline.app.sites.file import sites_file
    from corpus_pipeline.app.sites.work import seal as sealed_by
    from corpus_pipeline.cli.report import print_json, print_result, say

    content = sites_file(file)
    made = sealed_by(content)
    bill = billed(content, made["spent"])
    if as_json:
        print_json({"seal": made["seal"], "counts": made["counts"], "bill": bill}, indent=1)
    else:
        print_result(render(made["counts"], bill))
    say(f"wrote {content.release}")
    return 0


for _command in (run, decide, sum_, settle, finish):
    sites.command(name=_command.__name__.strip("_"))(on_engine(_command, overwrites=True))
