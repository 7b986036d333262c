"""Figures of a run under way for Prometheus, as a file or on a port of this machine.

Enters: results of finished tasks.  Leaves: the text format of Prometheus: documents and bytes,
verdicts by stage and rule, tasks done and to do, whether the last run succeeded and when.  A file
is for the textfile collector of the node exporter (its name ends in `.prom`); it is replaced in one
step.  No name of a file, a document or a person is in it.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.fs import place
from corpus_pipeline.io.storage import commit_bytes
from corpus_pipeline.model import PipelineError

#: Seconds between two files: Prometheus asks every fifteen.
EVERY_S = 5.0
LOOPBACK = "127.0.0.1"
_PORT = re.compile(r"(?:(?P<host>[A-Za-z0-9.\-]+|\[[0-9a-fA-F:]+\]):)?(?P<port>\d{1,5})")

_HELP = {
    "documents": "Documents after a phase, by what became of them.",
    "verdicts": "Documents dropped or quarantined in a phase, by stage and rule.",
    "input_bytes": "Bytes of input read.",
    "tasks": "Tasks of a phase.",
    "tasks_done": "Tasks of a phase that are done.",
    "running": "1 while the run is under way.",
    "success": "1 where the run finished, 0 where it failed.",
    "end_timestamp_seconds": "When the run ended.",
}
#: What only grows while a run is under way is a counter.
_COUNTERS = ("documents", "verdicts", "input_bytes", "tasks_done")
_STATES = ("read", "kept", "dropped", "quarantined")


class Figures:
    """The figures, and where they go: `target` is a file, a port, or `host:port`."""

    def __init__(self, target: str, name: str, clock: Callable[[], float] = time.time) -> None:
        """Begin with nothing; a file or a port that cannot be had is refused now."""
        self._name, self._clock = concealed(name), clock
        self._counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
        self._values: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {("running", ()): 1}
        self._lock, self._written = threading.Lock(), 0.0
        self._file: Path | None = None
        self._server: ThreadingHTTPServer | None = None
        if port := _PORT.fullmatch(target):
            self._server = _served(port["host"] or LOOPBACK, int(port["port"]), self.text)
        elif not target.endswith(".prom"):
            raise PipelineError(
                f"--metrics: {target} is no port, and its name does not end in .prom"
            )
        else:
            self._file = place(target)
            self._write()

    def on_done(self, phase: str, done: int, total: int, result: Mapping[str, Any]) -> None:
        """A task of a phase is done."""
        at = ("phase", phase)
        with self._lock:
            self._values["tasks", (at,)] = total
            self._values["tasks_done", (at,)] = done
            counts = result.get("counts", {})
            for state in _STATES:
                if state in counts:
                    self._counts["documents", (at, ("state", state))] += counts[state]
            if phase == "local" and counts:
                self._counts["input_bytes", ()] += counts["input_bytes"]
            for kind in ("by_rule", "by_quarantine"):
                for rule, number in counts.get(kind, {}).items():
                    stage, _, name = rule.partition("/")
                    self._counts["verdicts", (at, ("stage", stage), ("rule", name))] += number
        if self._file is not None and self._clock() - self._written >= EVERY_S:
            self._write()

    def end(self, *, success: bool) -> None:
        """The run is over: the last figures."""
        with self._lock:
            now = self._clock()
            self._values |= {("running", ()): 0, ("success", ()): int(success)}
            self._values["end_timestamp_seconds", ()] = now
        if self._file is not None:
            self._write()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def text(self) -> str:
        """All figures in the text format."""
        with self._lock:
            return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        every = {**self._values, **self._counts}
        for figure, words in _HELP.items():
            counter = figure in _COUNTERS
            full = f"corpus_pipeline_{figure}{'_total' if counter else ''}"
            rows = sorted(
                (labels, value) for (name, labels), value in every.items() if name == figure
            )
            if rows:
                yield f"# HELP {full} {words}"
                yield f"# TYPE {full} {'counter' if counter else 'gauge'}"
            for labels, value in rows:
                named = ",".join(
                    f'{key}="{_escaped(text)}"' for key, text in (("corpus", self._name), *labels)
                )
                yield (
                    f"{full}{{{named}}} {value:.3f}"
                    if value % 1
                    else f"{full}{{{named}}} {value:.0f}"
                )

    def _write(self) -> None:
        assert self._file is not None
        self._written = self._clock()
        commit_bytes(self._file, self.text().encode())


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _served(host: str, port: int, text: Callable[[], str]) -> ThreadingHTTPServer:
    """A server that answers `GET /metrics`, in a thread of its own."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path.partition("?")[0] in {"/", "/metrics"}
            body = text().encode() if found else b"not found\n"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Say nothing: standard error is for the run."""

    try:
        server = ThreadingHTTPServer((host.strip("[]"), port), Answer)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise PipelineError(f"--metrics: cannot answer on {host}:{port}: {why}") from None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
