"""`standards` and `sign`: a release in the words of standards, and signatures of sealed files.

Enters: the folder of a finished run, or a sealed file and a key.  Leaves: a folder of standards, or
signatures beside the files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corpus_pipeline.cli.options import Json, Output, Run


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    for command in (standards, sign):
        app.command()(command)


def standards(
    run: Run,
    output: Output,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Some of them, joined by commas.", metavar="NAME,…"),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", help="Who publishes, when, for what (YAML).", metavar="PUBLISHER"
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Describe a release in the words of standards.

    Croissant, PROV, SLSA, SPDX, CycloneDX, Data Provenance, the EU summary, data.json, DCAT.
    """
    from corpus_pipeline.cli.report import print_json, print_result, say
    from corpus_pipeline.engine import folder
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.products.standards.folder import write_standards

    target = place(output)
    given = None if config is None else place(config)
    with folder.lock(target):
        written = write_standards(place(run), target, only or (), given)
    if as_json:
        print_json({"output": str(target), **written._asdict()})
    else:
        print_result(
            "\n".join(str(target / path) for one in written.files.values() for path in one)
        )
    for name, keys in written.left_out.items():
        say(f"corpus-pipeline: left out {name}: it needs {', '.join(keys)} (--config)")
    for name, keys in written.lacking.items():
        say(f"corpus-pipeline: {name} lacks {', '.join(keys)}, which it asks for (--config)")
    return 0


def sign(
    path: Annotated[
        Path, typer.Argument(help="A folder with manifest.json, or a sealed file.", metavar="PATH")
    ],
    key: Annotated[
        Path, typer.Option("--key", "-k", help="An ed25519 private key (PEM).", metavar="FILE")
    ],
) -> int:
    """Sign the manifest of a folder, or a sealed file, with an ed25519 key.

    The signature lies beside it, as manifest.json.sig; `verify --key` checks it.  The passphrase of
    an encrypted key comes from CORPUS_PIPELINE_KEY_PASSPHRASE.
    """
    from corpus_pipeline.cli.report import print_result, say
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.products import signing

    file = place(key)
    secret = signing.private_key(file)
    if signing.readable_by_others(file):
        say(f"corpus-pipeline: others can read the key {key}: chmod 600 {key}")
    written = signing.sign(place(path), secret)
    print_result("\n".join(map(str, written)))
    return 0
