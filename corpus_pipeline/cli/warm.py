"""`warm`: compile every kernel ahead, for an image, a node or a fresh checkout.

Enters: the folder for the machine code; without one, that of the user's cache.  Leaves: that
folder, with every kernel compiled for this machine's processor.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(warm)


def warm(
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache",
            help="The folder to fill; runs find it in CORPUS_PIPELINE_CACHE.",
            metavar="FOLDER",
        ),
    ] = None,
) -> int:
    """Compile all kernels ahead of the first run."""
    from corpus_pipeline.cli.report import say
    from corpus_pipeline.model import PipelineError
    from corpus_pipeline.text import kernel_cache

    if cache is not None:
        os.environ[kernel_cache.VARIABLE] = str(cache.absolute())
    home = kernel_cache.folder()
    if home is None or not kernel_cache.prepared(home):
        where = home or "the user's cache folder"
        raise PipelineError(f"{where} cannot be written; --cache names another folder")
    if kernel_cache.is_empty(home):
        kernel_cache.tell_compiling(home, advice="")
    from corpus_pipeline.text.compiled import compile_all

    kernels = compile_all()
    say(f"{len(kernels)} kernels are compiled in {home}")
    return 0
