"""What a command prints: results on standard output, remarks on standard error, all of it escaped.

Enters: finished runs, text, plain values.  Leaves: lines, and the exit code of a run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from corpus_pipeline.text.unicode.escape import escaped

if TYPE_CHECKING:
    from corpus_pipeline.app.results import Run

#: What mends a reason of quarantine, where an option does.
_MENDS = {
    "ingest/no_text": "ingest.fields.text names the field of the text",
    "ingest/document_too_large": "ingest.max_document_bytes is the limit",
}
#: The exit code of a run that quarantined more than its config allows.
QUARANTINED = 3


def say(line: str) -> None:
    """One line on standard error, personal data of a path hidden."""
    from corpus_pipeline.io.concealed import concealed

    sys.stderr.write(f"{concealed(escaped(line))}\n")


def print_result(text: str) -> None:
    """Lines on standard output; the caller has escaped what comes from documents and files."""
    sys.stdout.write(f"{text}\n")


def print_json(value: Any, indent: int | None = None) -> None:
    """A value as JSON on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=indent) + "\n")


def report(run: Run, *, as_json: bool) -> int:
    """Print the summary, or the counts as JSON, and remarks; the exit code."""
    if as_json:
        counts = run.manifest["counts"]
        print_json({"output": str(run.root), "seal": run.manifest["seal"], "counts": counts})
    else:
        from rich.console import Console

        from corpus_pipeline.products.report.summary import print_summary

        print_summary(run.root, Console(stderr=True, highlight=False))
    if run.reused:
        say(f"{run.root} was finished before by the very same run: nothing was done")
    for line in remarks(run.counts, len(run.manifest["inputs"])):
        say(f"corpus-pipeline: {line}")
    for share, limit, what, tally in (
        (run.damaged_share, run.damage_limit, "records could not be read", "by_quarantine"),
        (run.unread_share, run.unread_limit, "bytes were not read", "bytes_by_quarantine"),
    ):
        if share > limit:
            option = "quarantine_share" if tally == "by_quarantine" else "unread_share"
            say(
                f"corpus-pipeline: finished, but {share:.1%} of the {what} (limits.{option}="
                f"{limit:g}), {_most(run.counts[tally])}: see {run.root / 'quarantine'}"
            )
            return QUARANTINED
    return 0


def _most(tally: Mapping[str, int]) -> str:
    """What most of the quarantine is there for, and the option that mends it.

    >>> _most({"ingest/no_text": 3, "ingest/bad_json": 1, "ingest/http_status": 9})
    'most for no_text (ingest.fields.text names the field of the text)'
    """
    from corpus_pipeline.model import NO_DAMAGE

    name = max(sorted({*tally} - NO_DAMAGE), key=tally.__getitem__)
    mend = f" ({_MENDS[name]})" if name in _MENDS else ""
    return f"most for {name.partition('/')[2]}{mend}"


def remarks(counts: Mapping[str, Any], inputs: int) -> list[str]:
    """The remark about a run that read or kept nothing; `inputs`: how many there were.

    >>> remarks({"read": 0, "kept": 0, "dropped": 0, "by_rule": {}}, 2)
    ['0 documents in 2 inputs']
    >>> rules = {"langid/not_chinese": 3, "pii/x": 1}
    >>> remarks({"read": 4, "kept": 0, "dropped": 4, "by_rule": rules}, 1)
    ['nothing was kept: 4 of 4 records were dropped, 3 of them by langid/not_chinese']
    """
    if counts["read"] == 0:
        return [f"0 documents in {inputs} input{'s' if inputs != 1 else ''}"]
    if counts["kept"] or not counts["dropped"]:
        return []
    rule, rows = max(counts["by_rule"].items(), key=lambda item: (item[1], item[0]))
    gone = f"{counts['dropped']:,} of {counts['read']:,} records were dropped"
    return [f"nothing was kept: {gone}, {rows:,} of them by {rule}"]
