"""Why a record is in quarantine: all that readers and the engine may say.

`Reason` is the type, so that the type checker refuses another word; `REASONS` are the same words.
What they are called in English and Chinese is in `products/report/words.yaml`, which lacks none.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

Reason = Literal[
    "bad_encoding",
    "bad_json",
    "bad_record",
    "bad_utf8",
    "bad_xml",
    "content_encoding",
    "corrupt_bz2",
    "corrupt_gzip",
    "corrupt_lz4",
    "corrupt_parquet",
    "corrupt_row_group",
    "corrupt_tar",
    "corrupt_xz",
    "corrupt_zip",
    "corrupt_zstd",
    "decompression_bomb",
    "document_too_large",
    "encrypted",
    "http_status",
    "left_out",
    "media_type",
    "nested_archive",
    "no_documents",
    "no_text",
    "not_an_object",
    "ragged_row",
    "stage_error",
    "too_slow",
    "truncated_bz2",
    "truncated_gzip",
    "truncated_lz4",
    "truncated_tar",
    "truncated_warc",
    "truncated_xml",
    "truncated_xz",
    "truncated_zip",
    "truncated_zstd",
    "unclosed_quote",
    "unknown_packing",
    "unreadable",
    "unsafe_name",
    "worker_died",
]
REASONS: Final[frozenset[Reason]] = frozenset(get_args(Reason))
