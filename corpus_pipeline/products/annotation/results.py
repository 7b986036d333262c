"""`annotate import`: answers of people read back into an annotation project.

Enters: a project, files of results and of reviews, a method, a rate card.
Leaves: a folder of answers, agreement, everybody's standing, what does not count, payouts, and what
`audit` and `train` take; its sealed `manifest.json` is written last.  Nothing is written where a
file is of another project.  The same files give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpus_pipeline.io import manifest
from corpus_pipeline.io.storage import commit_bytes, disk_errors
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.annotation.imported import Options, read_results
from corpus_pipeline.products.annotation.project import PROJECT
from corpus_pipeline.products.annotation.result_files import FILES, files_of

MANIFEST = "manifest.json"
KIND = "annotation_results"


def import_results(
    folder: Path, results: Sequence[Path], output: Path, options: Options
) -> dict[str, Any]:
    """Read results and write the folder; what its manifest says, and `told`: lines of remarks."""
    if (output / PROJECT).exists():
        raise PipelineError(f"--output {output} is an annotation project: choose another folder")
    _refuse_others(output)
    imported = read_results(folder, results, options)
    files, summary = files_of(imported)
    with disk_errors(output):
        for name in (MANIFEST, *FILES):
            (output / name).unlink(missing_ok=True)
    for name, data in files.items():
        commit_bytes(output / name, data)
    entries = [manifest.file_entry(output, output / name) for name in sorted(files)]
    content = {"kind": KIND, **summary, "files": entries}
    manifest.write(output / MANIFEST, content)
    return {**manifest.read(output / MANIFEST), "told": imported.ballot.told()}


def _refuse_others(output: Path) -> None:
    """`PipelineError` where the folder holds something else, such as a run."""
    if output.exists() and not output.is_dir():
        raise PipelineError(f"--output {output} is a file")
    if (output / MANIFEST).exists() and manifest.read(output / MANIFEST).get("kind") != KIND:
        raise PipelineError(f"--output {output} holds something else: choose another folder")
