"""The command line: one thin command per stage and product.

Enters: arguments.  Leaves: results on standard output, progress on standard error, an exit code:
0 done; 1 an audit or verification found something; 2 usage, config or missing input (one line);
3 finished, but more was quarantined than the config allows, or an audit could not check a clause;
70 a fault of ours; 130 interrupted.
A user sees no traceback (`CORPUS_PIPELINE_DEBUG=1` shows it), and heavy modules are imported only
by the commands that need them.
"""

from __future__ import annotations

import errno
import gc
import logging
import os
import signal
import sys
from typing import Annotated, NoReturn

import typer

from corpus_pipeline import __version__
from corpus_pipeline.cli import (
    annotate,
    diff,
    doctor,
    erase,
    ledger,
    products,
    sites,
    sources,
    stages,
    standards,
    supervision,
    train,
    warm,
)
from corpus_pipeline.cli.unheard import guard
from corpus_pipeline.text.pii.suspect import is_suspect
from corpus_pipeline.text.unicode.escape import escaped

USAGE, FAULT, INTERRUPTED = 2, 70, 130

app = typer.Typer(
    name="corpus-pipeline",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog=(
        "Exit codes: 0 done; 1 an audit or a verification found something; 2 usage, config or "
        "missing input; 3 finished, but more was quarantined than the config allows, or an audit "
        "could not check a clause; 70 a fault of ours; 130 interrupted."
    ),
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"corpus-pipeline {__version__}\n")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", callback=_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Clean Chinese pre-training corpora: raw data in, an auditable dataset out."""


stages.register(app)
products.register(app)
diff.register(app)
sources.register(app)
sites.register(app)
ledger.register(app)
supervision.register(app)
annotate.register(app)
standards.register(app)
erase.register(app)
train.register(app)
warm.register(app)
doctor.register(app)


class _Escaping(logging.Formatter):
    """The bare message, its control characters written out and personal data hidden."""

    def format(self, record: logging.LogRecord) -> str:
        return _hidden(escaped(record.getMessage()))


def _hidden(line: str) -> str:
    """The line with placeholders for what a path or the message of an error may hold."""
    if not is_suspect(line):
        return line
    from corpus_pipeline.io.concealed import concealed

    return concealed(line)


def _stop(_signal: int, _frame: object) -> NoReturn:
    if hasattr(signal, "alarm"):
        signal.alarm(0)  # while Ray starts, its own handler comes first and sets one
    raise KeyboardInterrupt


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    # One core a process, as in the workers: parallelism comes from splits.
    for name in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    gc.set_threshold(100_000)  # as in workers, see tasks/memory.py
    guard()
    _listen()
    if logging.lastResort is not None:  # warnings of the library: names of files, above all
        logging.lastResort.setFormatter(_Escaping())
    try:
        code = app(standalone_mode=False)
    except Exception as error:  # noqa: BLE001 – no user sees a traceback, whatever went wrong
        code = _explain(error)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as leaving:  # typer turns an interrupt under way into one
        code = leaving.code
    if code == INTERRUPTED:
        _say("interrupted; the same command continues where it stopped")
    code = code if isinstance(code, int) else 0
    sys.exit(_flush() or code)


def _listen() -> None:
    """SIGTERM and SIGHUP interrupt as Ctrl-C does; under `nohup` SIGHUP does nothing."""
    signal.signal(signal.SIGTERM, _stop)
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        signal.signal(hangup, _stop)


def _flush() -> int:
    """Write what is left of standard output; the exit code of a fault in doing so."""
    code = 0
    try:
        if sys.stdout is not None:  # closed, as `>&-` does
            sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # its reader has gone, as `| head` does
            code = _explain(error)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _say(line: str) -> None:
    sys.stderr.write(f"corpus-pipeline: {_hidden(escaped(line))}\n")


#: Errors of disks, permissions and limits: the user can mend them, wherever in a run they occur.
_DISK = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO),
    *(errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
)


def _explain(error: Exception) -> int:
    from corpus_pipeline.model import ClusterLost, PipelineError

    if os.environ.get("CORPUS_PIPELINE_DEBUG"):
        raise error
    kind = type(error).__name__
    if isinstance(error, PipelineError):
        for line in getattr(error, "lines", (str(error),)):
            _say(line)
        if isinstance(error, ClusterLost):
            sys.stderr.flush()
            os._exit(USAGE)
        return USAGE
    if isinstance(error, OSError) and error.errno in _DISK:
        where = f": {error.filename}" if error.filename else ""
        _say(f"{(error.strerror or kind).lower()}{where}")
        return USAGE
    if kind == "Abort":
        return INTERRUPTED
    if hasattr(error, "format_message"):  # click's usage errors
        if kind == "NoArgsIsHelpError":
            sys.stderr.write(f"{error.format_message()}\n")
        else:
            _say(error.format_message().replace("\n", " "))
        return USAGE
    if isinstance(error, BrokenPipeError):
        return 0
    line = (str(error).splitlines() or [""])[0]
    _say(f"a fault of ours: {kind}: {line[:200]} (CORPUS_PIPELINE_DEBUG=1 shows where)")
    return FAULT
