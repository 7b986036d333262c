"""The `code` of a run: what, besides inputs and config, decides its output.

Leaves: the version of each library that can, Python and its Unicode tables, and a digest of the
package's own sources.  Two runs with equal inputs, config, assets and `code` have the same bytes.
"""

from __future__ import annotations

import hashlib
import sys
import unicodedata
from functools import cache
from importlib.metadata import version
from pathlib import Path

from corpus_pipeline import __version__
from corpus_pipeline.io.charsets import TABLE

PACKAGE = Path(__file__).parents[1]
#: The packages of this package that make documents; the others show, check and start.
MAKERS = ("model", "text", "rules", "stages", "io", "tasks", "engine", "products/export")
#: Packs that no option of a stage names.
READERS_PACKS = ("rules/packs/wiki.yaml",)
#: Distributions imported there whose version may show in the output.
LIBRARIES = (
    "ahocorasick-rs",  # which clue of overlapping ones is found
    "fasttext-community",  # probabilities of the models
    "jieba",  # its dictionary, with words of the user
    "numba",  # the machine code of kernels, floats of mojibake repair among it
    "numpy",  # sums and logarithms
    "opencc",  # its dictionaries
    "orjson",  # JSON columns
    "phonenumbers",  # number plans of other countries
    "polars",  # regular expressions with their Unicode tables, sorting, Parquet bytes
    "pyarrow",  # CSV and Parquet as they are read
    "rjieba",  # its dictionary
    "selectolax",  # the tree of a page
    "tldextract",  # its list of public suffixes
    "xxhash",  # ids
    "zstandard",  # the measure `compress_ratio`
)
#: Distributions imported there that cannot decide what a document becomes, with the reason.
NO_MATTER = {
    "jinja2": "writes the card beside the documents",
    "lz4": "decompresses without loss, or fails",
    "obstore": "moves bytes and listings",
    "pydantic": "checks options; the checked ones are recorded in the config",
    "pyyaml": "reads packs into schemas that refuse what they do not know; packs are pinned",
    "ray": "moves paths and counts",
}


@cache
def code() -> dict[str, str]:
    """Name and version of everything that decides, sources as a digest."""
    return {
        "corpus-pipeline": __version__,
        "sources": sources(),
        # By it readers find the charset of records; stages pin their own assets.
        TABLE.name: hashlib.sha256(TABLE.read_bytes()).hexdigest()[:16],
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "unicode": unicodedata.unidata_version,
        **{name: version(name) for name in LIBRARIES},
    }


def sources(package: Path = PACKAGE) -> str:
    """16 hexadecimal digits that stand for every `.py` file of the package, and packs of readers.

    Assets and other rule packs are pinned one by one where a stage uses them.
    """
    total = hashlib.sha256()
    for path in sorted([*package.rglob("*.py"), *(package / pack for pack in READERS_PACKS)]):
        data = path.read_bytes()
        total.update(f"{path.relative_to(package).as_posix()} {len(data)}\n".encode())
        total.update(data)
    return total.hexdigest()[:16]
