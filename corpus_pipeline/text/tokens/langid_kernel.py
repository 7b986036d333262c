"""The loop of `langid`: bounded samples of documents as lines of tokens.

Enters: UTF-8 with offsets, the kind and the lower case of each code point.  Leaves: the lines as
UTF-8, each with a line feed.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, Int, OutBool, OutU8
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.unicode.utf8_kernel import decoded, encoded

# The kinds of characters: no token, part of a word, a token by itself, a mark or digit (a run of
# equal ones is one token), and those that only `langid.token_line` converts.
BREAK, WORD, LETTER, MARK, ASK = range(5)
#: Characters of each of three pieces, taken as `classes.sample` does; letters of the longest word.
PIECE, LONGEST = 60, 24


@compiled_uncounted
def write_lines(
    data: U8,
    offsets: I64,
    kinds: U8,
    lower: U32,
    out: OutU8,
    odd: OutBool,
) -> int:
    """Write a line for each document, empty for an `odd` one; returns the bytes written."""
    size = 0
    for doc in range(len(odd)):
        begin, end, first = offsets[doc], offsets[doc + 1], size
        length = 0
        for place in range(begin, end):
            length += data[place] & 0xC0 != 0x80
        pieces, step = 1, 0
        if length > 3 * PIECE:
            pieces, rest = 3, length - PIECE
            # A half is rounded to the even number, as Python does.
            step = rest // 2 + (rest & rest >> 1 & 1)
        at: Int = begin
        position = 0
        for piece in range(pieces):
            start = step if piece == 1 else (length - PIECE if piece == 2 else 0)
            stop = start + PIECE if pieces == 3 else length
            while position < start:
                at += 1
                while data[at] & 0xC0 == 0x80:
                    at += 1
                position += 1
            run, mark = 0, np.uint32(0)
            while position < stop and not odd[doc]:
                code, at = decoded(data, at)
                position += 1
                kind, image = kinds[code], lower[code]
                if kind == BREAK or (kind == MARK and image == mark):
                    run, mark = 0, (image if kind == MARK else np.uint32(0))
                    continue
                if kind == ASK:
                    odd[doc] = True
                    continue
                if size > first and (kind != WORD or run == 0 or run == LONGEST):
                    out[size] = 0x20
                    size += 1
                run = run % LONGEST + 1 if kind == WORD else 0
                mark = image if kind == MARK else np.uint32(0)
                size = encoded(np.int64(image), out, size)
            if odd[doc]:
                size = first
                break
        out[size] = 0x0A
        size += 1
    return size
