"""The loops of the scorer: what lines are, and what blocks are worth.

Enters: the rows of lines and blocks that `walk` leaves.  Leaves: whether lines are boilerplate or
prose, their scores, and sums over blocks.  Sums are taken in the order of the source.
"""

from __future__ import annotations

from corpus_pipeline.text.arrays import (
    F64,
    I64,
    U32,
    Bool,
    I64Grid,
    Int,
    OutBool,
    OutF64,
    OutI64,
    OutI64Grid,
)
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.html.markup_kernel import HEADING
from corpus_pipeline.text.html.walk_kernel import (
    CODE,
    LINKS,
    MARKED,
    OWNER,
    PARENT,
    SIZE,
    TAG,
)

#: The scorer's bounds, as they stand in an array.
(
    LINK_LINE,
    SHORT_LINE,
    SHORT_WEIGHT,
    LINK_PRICE,
    ITEM_PRICE,
    VERSE,
    OVERRULING,
    FURNITURE,
) = range(8)
#: Columns of the sums over a block.
PROSE, PLAIN, LINKED = range(3)


@compiled_uncounted
def questionable(
    lines: I64Grid,
    blocks: I64Grid,
    roles: U32,
    longest: Int,
    bounds: F64,
    noise: OutBool,
    open_lines: OutBool,
) -> None:
    """Set `noise` for lines of links; `open_lines` are those whose words decide."""
    for i in range(len(lines)):
        size = lines[i, SIZE]
        heading = roles[blocks[lines[i, OWNER], TAG]] & HEADING != 0
        code = lines[i, CODE] != 0
        noise[i] = not code and lines[i, LINKS] > bounds[LINK_LINE] * size and not heading
        open_lines[i] = not code and not noise[i] and size <= longest


@compiled_uncounted
def furnish(lines: I64Grid, blocks: I64Grid, weights: F64, inside: OutBool, apart: OutBool) -> None:
    """Set `apart` for lines in a block, or in one within a block, whose weight is below 1.

    `inside` is the same of the blocks.
    """
    for at in range(len(blocks)):
        parent = blocks[at, PARENT]
        inside[at] = weights[at] < 1 or (parent >= 0 and inside[parent])
    for i in range(len(lines)):
        apart[i] = inside[lines[i, OWNER]]


@compiled_uncounted
def score_lines(
    lines: I64Grid, bounds: F64, noise: Bool, apart: OutBool, prose: OutBool, scores: OutF64
) -> None:
    """Set `prose` and `scores` of all lines.

    On a page without sentences, such as lyrics, a line outside of links counts as prose.  A few
    sentences in lines that are `apart`, as in the foot of a page, do not count for that.
    """
    prose_size: Int = 0
    plain: Int = 0
    apart_prose: Int = 0
    apart_plain: Int = 0
    for i in range(len(lines)):
        size, links = lines[i, SIZE], lines[i, LINKS]
        own = size - links
        says = lines[i, MARKED] != 0 or (lines[i, CODE] != 0 and size > 0)
        prose[i] = says and own > links and not noise[i] and size >= bounds[SHORT_LINE]
        if prose[i]:
            scores[i] = size
            prose_size += size
            apart_prose += size * apart[i]
        else:
            score = bounds[SHORT_WEIGHT] * own * (not noise[i])
            scores[i] = score - (bounds[LINK_PRICE] * links + bounds[ITEM_PRICE] * noise[i])
        plain += own * (not noise[i])
        apart_plain += own * (not noise[i] and apart[i])
    if apart_prose <= bounds[FURNITURE]:
        prose_size -= apart_prose
        plain -= apart_plain
    else:
        apart[:] = False  # it may be the text, whatever the names are
    if prose_size < bounds[VERSE] * plain:
        for i in range(len(lines)):
            if not (noise[i] or apart[i]) and lines[i, LINKS] == 0 and lines[i, SIZE] > 1:
                prose[i] = True
                scores[i] = lines[i, SIZE]


@compiled_uncounted
def grouped(members: I64, starts: OutI64, order: OutI64) -> None:
    """Sort positions by the group that `members` names, stably; negative groups are left out.

    Group `i` stands in `order` from `starts[i]` to `starts[i + 1]`.
    """
    starts[:] = 0
    for i in range(len(members)):
        if members[i] >= 0:
            starts[members[i] + 1] += 1
    for i in range(len(starts) - 1):
        starts[i + 1] += starts[i]
    for i in range(len(members)):
        if members[i] >= 0:
            order[starts[members[i]]] = i
            starts[members[i]] += 1
    for i in range(len(starts) - 1, 0, -1):
        starts[i] = starts[i - 1]
    starts[0] = 0


@compiled_uncounted
def score_blocks(
    lines: I64Grid,
    noise: Bool,
    prose: Bool,
    scores: F64,
    line_starts: I64,
    line_order: I64,
    starts: I64,
    order: I64,
    bounds: F64,
    weights: OutF64,
    sums: OutI64Grid,
    worths: OutF64,
    prose_worths: OutF64,
) -> None:
    """Set `sums`, `worths` and `prose_worths` of all blocks, and lift the weight of some.

    The children of block `i` stand in `order` from `starts[i]` on, its lines in `line_order`.
    """
    count = len(weights)
    sums[:] = 0
    for at in range(count - 1, -1, -1):
        for place in range(line_starts[at], line_starts[at + 1]):
            i = line_order[place]
            sums[at, PROSE] += lines[i, SIZE] * prose[i]
            sums[at, PLAIN] += (lines[i, SIZE] - lines[i, LINKS]) * (not noise[i])
            sums[at, LINKED] += lines[i, LINKS]
        for place in range(starts[at], starts[at + 1]):
            for column in range(3):
                sums[at, column] += sums[order[place], column]
    most = bounds[OVERRULING] * sums[0, PROSE]
    most_plain = bounds[OVERRULING] * sums[0, PLAIN]
    for at in range(count - 1, -1, -1):
        if weights[at] < 1 and sums[at, PROSE] > most and sums[at, PLAIN] > most_plain:
            weights[at] = 1.0  # most of what a page says is main content, whatever its names
        worth = prose_worth = 0.0
        for place in range(line_starts[at], line_starts[at + 1]):
            i = line_order[place]
            worth += scores[i]
            prose_worth += scores[i] * prose[i]
        for place in range(starts[at], starts[at + 1]):
            child = order[place]
            if worths[child] > 0:
                weight = weights[child]
                worth += worths[child] * weight if weight < 1 else worths[child]
                prose_worth += prose_worths[child] * weight
        worths[at], prose_worths[at] = worth, prose_worth


@compiled_uncounted
def kinds_of(blocks: I64Grid, names: I64, slots: OutI64, kinds: OutI64) -> None:
    """Set the kind of all blocks: equal if tag and names agree from the root on; the root's is 0.

    `names` are numbers; `slots` is a table of a power of two, at least twice as long as `blocks`.
    """
    slots[:] = 0  # the first block of a kind
    mask = len(slots) - 1
    last = 0
    kinds[0] = 0
    for i in range(1, len(blocks)):
        tag, above, name = blocks[i, TAG], kinds[blocks[i, PARENT]], names[i]
        slot = ((above * 1_000_003 + name) * 1_000_003 + tag) & mask
        while True:
            first = slots[slot]
            if first == 0:
                slots[slot] = i
                last += 1
                kinds[i] = last
                break
            same = blocks[first, TAG] == tag and names[first] == name
            if same and kinds[blocks[first, PARENT]] == above:
                kinds[i] = kinds[first]
                break
            slot = (slot + 1) & mask
