"""The options of every command that works on documents: which engine, and who is told of it.

Enters: a command with a parameter `how`.  Leaves: the same command as typer reads it, with the
options of the engine in the place of that parameter.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated

import typer

Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", "-w", min=1, help="Ray tasks at once; one a core by default.", metavar="N"
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        help="A running Ray cluster; auto: the one of this node or of RAY_ADDRESS.",
        metavar="HOST:PORT",
    ),
]
Metrics = Annotated[
    str | None,
    typer.Option(
        "--metrics",
        help="Figures for Prometheus: a file to write (.prom), or a port to answer on.",
        metavar="FILE|PORT",
    ),
]
Lineage = Annotated[
    str | None,
    typer.Option(
        "--lineage", help="OpenLineage events: a file to append to, or a URL.", metavar="FILE|URL"
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier, other run.")]

#: The options by the name of the field of `How` that each fills.
GROUP = {
    "engine": None,
    "workers": Workers,
    "address": Address,
    "metrics": Metrics,
    "lineage": Lineage,
}
#: Where nobody names an engine.
WHEN_ASKED = "local unless workers or an address are given"


def on_engine(
    command: Callable[..., int], default: str | None = None, *, overwrites: bool = False
) -> Callable[..., int]:
    """The command with the options of the engine for its parameter `how`.

    `default`: the engine where none is named; `overwrites`: whether it takes `--overwrite` too.
    """
    signature = inspect.signature(command, locals={"How": object}, eval_str=True)
    names = [*GROUP, *(["overwrite"] if overwrites else [])]

    def typed(**values: object) -> int:
        from corpus_pipeline.app.how import How, begun

        how = How(**{name: values.pop(name) for name in names})  # type: ignore[arg-type]  # typer has checked them
        with begun(how):
            return command(how=how, **values)

    kinds = {**GROUP, "engine": _engine(default), "overwrite": Overwrite}
    defaults = {**dict.fromkeys(GROUP), "engine": default, "overwrite": False}
    options = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=kinds[name]
        )
        for name in names
    ]
    own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in signature.parameters.values()]
    place = [p.name for p in own].index("how")
    parameters = [*own[:place], *options, *own[place + 1 :]]
    typed.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # PEP 362
    typed.__doc__, typed.__name__ = command.__doc__, command.__name__
    return typed


def _engine(default: str | None) -> object:
    """The option `--engine` with what its help says of the default."""
    words = f"ray or local; {WHEN_ASKED if default is None else f'{default} by default'}."
    return Annotated[str | None, typer.Option("--engine", help=words, metavar="ENGINE")]
