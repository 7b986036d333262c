"""One run of one chain, in a process and an environment of its own.

    python -m scripts.race.chain.child RUNNER SOURCE WORK RESULT [--core N] [--prepare]

Enters: JSON lines (`id`, `text` …).  Leaves: RESULT, with the seconds of the whole process from its
start to the last file written, the imports and the loading of models included; the counting of what
was written is not.  Refuses: to import anything of ours or of a peer; only a runner does.
"""

import argparse
import importlib
import json
import os
import resource
import time
from pathlib import Path

from scripts.race.child import peak_mb

WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def measured() -> dict[str, float]:
    """Seconds and memory of this process and of its ended children, so far."""
    used = [resource.getrusage(who) for who in WHO]
    return {
        "user_s": sum(usage.ru_utime for usage in used),
        "system_s": sum(usage.ru_stime for usage in used),
        # The parent says when it sent us off: what Python needs to start counts.
        "wall_s": time.time() - float(os.environ["RACE_STARTED"]),
        "peak_mb": peak_mb(),
    }


def main() -> None:
    """Run on one core and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runner")
    parser.add_argument("source", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--core", type=int)
    parser.add_argument("--prepare", action="store_true")
    chosen = parser.parse_args()
    if chosen.core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {chosen.core})
    module = importlib.import_module(f"scripts.race.chain.runners.{chosen.runner}")
    if chosen.prepare:
        if hasattr(module, "prepare"):
            module.prepare(chosen.work, chosen.source)
        chosen.result.write_text("{}", "utf-8")
        return
    module.clean(chosen.source, chosen.work)
    result = measured() | module.outcome(chosen.work)
    result |= {"kinds": module.KINDS, "clock": module.CLOCK}
    chosen.result.write_text(json.dumps(result), "utf-8")


if __name__ == "__main__":
    main()
