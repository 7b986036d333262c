"""One seam to every file system: this machine's, and object stores by URL.

Enters: what a user typed as a place.  Leaves: a `Path`; of an object store a `StorePath`, which is
a `Path` whose reading, writing and listing go to the store.  Code that works with paths works with
both; what hands a path to a library that opens files itself asks for a `local_copy` first.
Refuses: a scheme that is not supported, by name, before anything is written (`PipelineError`).
"""

from corpus_pipeline.io.fs.path import (
    StorePath,
    create,
    place,
    relative,
    replace_if,
    replaces,
    upload,
)
from corpus_pipeline.io.fs.scratch import forget_copies, local_copy, scratch

__all__ = [
    "StorePath",
    "create",
    "forget_copies",
    "local_copy",
    "place",
    "relative",
    "replace_if",
    "replaces",
    "scratch",
    "upload",
]
