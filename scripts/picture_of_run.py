"""A run's summary as a picture: `python scripts/picture_of_run.py RUN docs/run.svg`."""

import os
import re
import sys
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from corpus_pipeline.products.report.summary import print_summary


def main() -> None:
    """Render and write."""
    run, target = map(Path, sys.argv[1:])
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=80, file=nowhere, force_terminal=True)
        print_summary(run, console)
        # The picture loads no font from anywhere.
        form = re.sub(r"<!-- .*? -->", "", CONSOLE_SVG_FORMAT)
        form = re.sub(r"@font-face \{\{.*?\}\}", "", form, flags=re.DOTALL)
        svg = console.export_svg(title="corpus-pipeline run", code_format=form, unique_id="run")
    target.write_text(svg)


if __name__ == "__main__":
    main()
