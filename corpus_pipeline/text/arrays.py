"""Arrays; their types are named by what they hold: `U8` is unsigned, 8 bits; `F32` a 32-bit float.

The shape stands in the docstring of whoever takes the array.  For a compiled kernel (`compiled`)
the name of a parameter's type is its machine type too, so it says a little more there:

- `U32` is read, `OutU32` is written (or both); only the latter refuses a read-only array;
- `U32Grid` has two dimensions, everything else one; rows lie end to end (C order).

What a name usually stands for: `U8` UTF-8 or a table of classes, `U32` code points, `U64` hashes,
`I64` offsets (one more entry than there are things, in bytes or characters), positions and counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
#: Integers of any width and sign; numbers of any type.
Integers = npt.NDArray[Any]
Numbers = npt.NDArray[Any]

OutU8 = U8
OutU32 = U32
OutU64 = U64
OutI64 = I64
OutF32 = F32
OutF64 = F64
OutBool = Bool

U8Grid = U8
U32Grid = U32
I64Grid = I64
F32Grid = F32
OutU32Grid = U32
OutU64Grid = U64
OutI64Grid = I64

#: A number that a kernel counts or indexes with: 64 bits, signed.
Int = int | np.int64


def as_arrow(numbers: I64) -> pa.Array:
    """The numbers for Arrow, not copied.

    `pa.array` would ask whether they are Pandas', and import that for the answer: a sixth of a
    second and 30 MB of every process.

    >>> as_arrow(np.array([3, 1])).to_pylist()
    [3, 1]
    """
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])
