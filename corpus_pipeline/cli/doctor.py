"""`doctor`: whether a store can hold a run, step by step, and what to do where it cannot.

Enters: URLs of stores, below which the keys of the environment may write.
Leaves: one line a step on standard output, or JSON; the exit code 1 where a step failed.
"""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(doctor)


def doctor(
    store: Annotated[
        list[str],
        typer.Option("--store", help="A bucket or a folder in it, such as s3://bucket/try."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
) -> int:
    """Try out what a run needs of a store: put, parts, list, conditional put, delete."""
    from corpus_pipeline.cli.report import print_json, print_result
    from corpus_pipeline.io.fs import StorePath, place
    from corpus_pipeline.io.fs.doctor import FAILED, examine
    from corpus_pipeline.model import PipelineError
    from corpus_pipeline.text.unicode.escape import escaped

    places = [place(url) for url in store]
    for path in places:
        if not isinstance(path, StorePath):
            raise PipelineError(f"{path} is no store: give a URL such as s3://bucket/folder")
    found = {str(path): examine(path) for path in places if isinstance(path, StorePath)}
    if as_json:
        print_json({url: [one.to_dict() for one in findings] for url, findings in found.items()}, 2)
    else:
        for url, findings in found.items():
            print_result(escaped(url))
            for one in findings:
                print_result(escaped(f"  {one.line()}"))
    failed = any(one.state == FAILED for findings in found.values() for one in findings)
    return 1 if failed else 0
