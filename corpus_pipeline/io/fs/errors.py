"""What a store refuses, in one line.

Enters: exceptions of the client, whose text has many lines and may hold what is secret.
Leaves: `FileNotFoundError`, or a `PipelineError` that names the URL.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError

from corpus_pipeline.model import PipelineError

Kinds = tuple[type[BaseException], ...]


@contextmanager
def store_errors(path: object, *, suppress: Kinds = (), let: Kinds = ()) -> Iterator[None]:
    """Turn the client's errors into ours; `suppress` some, `let` others through."""
    try:
        yield
    except suppress:
        pass
    except let:
        raise
    except FileNotFoundError:
        raise FileNotFoundError(2, "no such object", str(path)) from None
    except (BaseError, ValueError) as error:
        raise PipelineError(f"{path}: {str(error).splitlines()[0]}") from None
