"""`erase`: what is done to a release after it went out.

Enters: folders of finished runs and indexes, a request.  Leaves: their successors and a receipt;
exit code 1 where nothing was found.  What was given is never changed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from corpus_pipeline.cli.options import Json, Output


def _many(name: str, text: str, metavar: str) -> object:
    return typer.Option(name, help=f"{text}; repeatable.", metavar=metavar)


Releases = Annotated[
    list[Path], typer.Argument(help="Finished runs, the oldest first.", metavar="RELEASE")
]
Reference = Annotated[
    str, typer.Option("--request", help="The request's reference.", metavar="REF")
]
Day = Annotated[str, typer.Option("--date", help="Its day, as 2026-01-31.", metavar="DATE")]
Ids = Annotated[list[str] | None, _many("--id", "An id or its beginning", "ID")]
Urls = Annotated[list[str] | None, _many("--url", "A URL, in any spelling", "URL")]
Hosts = Annotated[list[str] | None, _many("--host", "A host and those below it", "HOST")]
Sources = Annotated[list[str] | None, _many("--source", "A whole source", "NAME")]
TextFiles = Annotated[list[Path] | None, _many("--text-file", "A file with the text", "FILE")]
SubjectFile = Annotated[
    Path | None,
    typer.Option("--subject", help="A file of a person's values, one a line.", metavar="FILE"),
]
Indexes = Annotated[
    list[Path] | None, _many("--index", "An index that refuses it from now on", "INDEX")
]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the receipt.", metavar="TEXT")]
NoNear = Annotated[bool, typer.Option("--no-near", help="Leave near-duplicates where they are.")]
Yes = Annotated[bool, typer.Option("--yes", help="Erase large shares without asking.")]
ReceiptFile = Annotated[
    Path | None, typer.Option("--receipt", help="Where the receipt goes (.json).", metavar="FILE")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell, and change nothing.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command()(erase)


def erase(
    releases: Releases,
    output: Output,
    request: Reference,
    date: Day,
    ids: Ids = None,
    urls: Urls = None,
    hosts: Hosts = None,
    sources: Sources = None,
    text_files: TextFiles = None,
    subject: SubjectFile = None,
    indexes: Indexes = None,
    reason: Reason = "",
    no_near: NoNear = False,
    yes: Yes = False,
    receipt: ReceiptFile = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> int:
    """Take documents back from releases and indexes; leave successors and a receipt.

    Each release and index gets a successor in FOLDER, under its own name.  Exit code 1 where
    nothing was found.
    """
    from corpus_pipeline.app.erase import Asked
    from corpus_pipeline.app.erase import erase as erased
    from corpus_pipeline.cli.report import say

    named: dict[str, Any] = {"ids": ids, "urls": urls, "hosts": hosts, "sources": sources}
    many = {name: tuple(given or ()) for name, given in {**named, "text_files": text_files}.items()}
    asked = Asked(request, date, reason, subject=subject, near=not no_near, **many)
    done = erased(
        releases,
        output,
        asked,
        indexes=indexes or (),
        receipt_file=receipt,
        agreed=lambda shares: yes or _agreed(shares),
        dry_run=dry_run,
        on_step=lambda what, name: say(f"{what} {name}"),
    )
    return _told(done, output, as_json=as_json)


def _agreed(shares: Sequence[str]) -> bool:
    """Ask on a terminal; elsewhere nobody says yes."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return typer.confirm(f"This erases {'; '.join(shares)}. Go on?", err=True)


def _told(done: Any, output: Path, *, as_json: bool) -> int:
    """Print what was done; the exit code."""
    from corpus_pipeline.cli.report import print_json, print_result, say
    from corpus_pipeline.text.unicode.escape import escaped

    told = done.receipt
    if as_json:
        print_json(dict(told))
    else:
        rows = [
            f"{one['release']}: {one['documents']:,} documents, "
            f"{one['near_duplicates']:,} of them near-duplicates, {len(one['files']):,} files"
            for one in told["releases"]
        ]
        rows += [
            f"{one['index']}: {one['documents']:,} texts out, {one['known']:,} refused from now on"
            for one in told["indexes"]
        ]
        print_result("\n".join(map(escaped, rows)))
    if not done.found:
        before = f" (erased before, by {', '.join(done.earlier)})" if done.earlier else ""
        say(f"corpus-pipeline: nothing found{before}; no release was written")
        return 1
    if done.path is None:
        say("a dry run: nothing was written")
    else:
        say(f"{'already erased' if done.again else 'wrote'}: {output}, receipt {done.path}")
    return 0
