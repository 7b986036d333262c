"""One entrant reads damaged files, in a process and an environment of its own.

    python -m scripts.faults.child RUNNER CASES RESULTS

Enters: a list of cases, a line of JSON each, with a folder of files.  Leaves: a line of JSON when a
case begins and one when it has ended: how it ended, seconds, peak memory, and the documents in a
file beside.  A process that dies or hangs leaves the first line without the second.
Refuses: to import anything of ours; only a runner does.
"""

import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path

#: Of the memory of the process; a bomb must not take the machine with it.
MEMORY = 12 << 30
#: Characters of the longest document that is handed on whole.
LONGEST = 1_000_000


def _forget_peak() -> None:
    """Begin to measure the peak of memory anew (Linux; elsewhere it is that of all cases)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", "utf-8")
    except OSError:
        return


def _peak_mb() -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in status.read_text("utf-8").splitlines() if line[:5] == "VmHWM")
    return int(line.split()[1]) / 1024


def main() -> None:
    """All cases, one after the other."""
    runner, cases, results = sys.argv[1:4]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    module = importlib.import_module(f"scripts.faults.runners.{runner}")
    out = Path(results)
    with out.open("a", encoding="utf-8") as lines:
        for line in Path(cases).read_text("utf-8").splitlines():
            case = json.loads(line)
            lines.write(json.dumps({"case": case["case"], "begins": time.time()}) + "\n")
            lines.flush()
            _forget_peak()
            started = time.perf_counter()
            try:
                found = module.read(Path(case["folder"]), case)
            except Exception as error:  # noqa: BLE001 – whatever it is, it is this case's result
                found = {"how": "crash", "said": f"{type(error).__name__}: {error}"[:300]}
            texts = [text[:LONGEST] for text in found.pop("texts", [])]
            found |= {"seconds": time.perf_counter() - started, "peak_mb": _peak_mb()}
            (out.parent / f"{case['case']}.json").write_text(
                json.dumps(texts, ensure_ascii=False), "utf-8", "surrogatepass"
            )
            lines.write(json.dumps({"case": case["case"], **found}) + "\n")
            lines.flush()


if __name__ == "__main__":
    main()
