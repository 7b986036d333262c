"""The loop behind `width`: one pass over the code points of each document.

Enters: UTF-8 with offsets, and the tables of `width.Width`.  Leaves: the UTF-8 that the rules make
of it, with offsets.
Refuses: a document with a character that canonical composition (NFC) could change; it is flagged
and left empty, and the caller composes it first.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, Bool, Int, OutBool, OutI64, OutU8, OutU32
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.unicode.utf8_kernel import UNICODE_END, decoded, encoded

# The kind of a character, one byte.
# The order matters: spaces are 1 to 3, what ends a search for the other parenthesis is 4 to 8, and
# what no rule changes is 9 to 13.
SPACE, WIDE_SPACE, TAB, LINE, MARK, OPEN, CLOSE, FULL_PARENTHESIS = range(1, 9)
IDEOGRAPH, FULL, ASCII, PICTURE, OTHER = range(9, 14)
HALF, WIDE, SELECTOR, JOINER, LOST = range(14, 19)
#: A mark that became full-width here: a single blank behind it goes, whatever follows.
WIDENED = 19

#: Bits beside the kind: the character becomes another one; composition may change it.
MOVES, UNSAFE = 32, 64

#: Bits of a line: it is Chinese; it has a 。; it ends with a dot or with one of ?!.
CHINESE, STOPPED, DOTTED = 1, 2, 4
#: How far a run of ?! and a clause are looked at, and what a sentence has at least.
_LONGEST_RUN, _CLAUSE, _SENTENCE = 16, 12, 10


def _codes(characters: str) -> I64:
    return np.array([ord(character) for character in characters], dtype=np.int64)


#: 一. 甲. 第一. 第三章. number what follows.
_NUMBERS = _codes("一二三四五六七八九十百〇零甲乙丙丁戊己庚辛壬癸第章节節条條编編篇卷上中下附")
#: Characters that write the sounds of foreign names.
_SOUNDS = _codes(
    "阿埃艾安昂奥奧巴班邦鲍鮑贝貝本比彼宾賓波伯勃博布查茨达達戴丹德登迪丁杜多恩尔爾法凡菲费費芬夫弗福盖蓋冈岡高戈哥格古哈海汉漢"
    "豪赫亨胡华華提木江依孜丽麗买買都霍基吉加贾賈杰金卡凯凱坎康考科克肯库庫拉莱萊兰蘭朗劳勞勒雷里利莉林琳卢盧鲁魯伦倫罗羅洛马馬玛瑪迈邁曼梅门門蒙米密明莫默姆穆"
    "纳納娜内內尼诺諾努欧歐帕潘佩蓬皮普奇乔喬切琼瓊让讓热熱日荣榮瑞若萨薩塞森沙莎绍紹圣聖史舒斯丝絲苏蘇索塔泰坦汤湯特提图圖托瓦万萬威"
    "韦韋维維翁沃乌烏吾西希夏香肖谢謝辛休许許雅亚亞扬揚耶叶葉伊易因英尤约約翰泽澤扎詹珍芝朱兹茲佐吐翠柴托列哲"
)
#: Sentences end with these, and begin with those.
_FINAL = _codes("了吗嗎吧呢啊呀嘛哦喔啦哪罢罷囉咯哩")
_FIRST = _codes("我你您他她它这這那但因所于於如虽雖不可而也就却卻还還只又")
_CHAPTERS = tuple(ord(character) for character in "章节節编編篇条條款卷回部讲講课課")


@compiled_uncounted
def rewrite(
    data: U8,
    offsets: I64,
    traits: U8,
    becomes: U32,
    picture: Bool,
    full: U32,
    narrow: U32,
    cps: OutU32,
    kind: OutU8,
    marks: OutU32,
    out: OutU8,
    ends: OutI64,
    skipped: OutBool,
) -> None:
    """Write each document into `out`; one that NFC could change is flagged in `skipped`.

    `traits`, `becomes`, `picture`, `full` and `narrow` are `width.Tables`.  `cps`, `kind` and
    `marks` have room for the longest document and two more.
    """
    size = 0
    for doc in range(len(offsets) - 1):
        begin, end = offsets[doc], offsets[doc + 1]
        length, count, special = _read(data, begin, end, traits, becomes, cps, kind, marks)
        if length:
            if special:
                length, count = _sequences(cps, kind, marks, length, picture)
            _between(cps, kind, marks, count, full, narrow)
            size = _write(cps, kind, marks, count, out, size)
        else:
            skipped[doc] = True
        ends[doc + 1] = size


@compiled_uncounted
def _read(
    data: U8, at: Int, end: Int, traits: U8, becomes: U32, cps: OutU32, kind: OutU8, marks: OutU32
) -> tuple[int, int, bool]:
    """Characters and kinds between two `MARK`s, CR LF as LF; length 0 where NFC has to come first.

    Blanks that end a line are left out, and a run of them with a wide one is one wide one, so that
    no rule sees what the next pass would not.  `marks` gets the positions that a rule may concern,
    that of the last `MARK` among them.  Returns the length, how many positions there are, and
    whether a selector or joiner is among them.
    """
    cps[0], kind[0] = UNICODE_END, MARK
    size, count, special, carriage = 1, 0, False, False
    while at < end:
        code, at = decoded(data, at)
        trait = traits[code]
        cps[size], kind[size] = code, trait
        if IDEOGRAPH <= trait <= OTHER:
            size += 1
            carriage = False
            continue
        if trait & UNSAFE:
            return 0, 0, False
        if trait & MOVES:
            cps[size] = becomes[code]
            trait &= MOVES - 1
            kind[size] = trait
        if trait == LINE:
            if code == 0x0A and carriage:
                carriage = False
                continue
            carriage = code == 0x0D
            size, count = _without_blanks(kind, size, count)
            cps[size], kind[size] = 0x0A, LINE
        elif trait == LOST:
            # U+0000 alone may stand between CR and LF.
            carriage = carriage and code == 0
            continue
        else:
            carriage = False
            special |= SELECTOR <= trait <= JOINER
            if trait <= TAB and (trait == WIDE_SPACE or kind[size - 1] == WIDE_SPACE):
                size, count = _without_blanks(kind, size, count)
                cps[size], kind[size] = 0x3000, WIDE_SPACE
        marks[count] = size
        count += 1
        size += 1
    size, count = _without_blanks(kind, size, count)
    cps[size], kind[size], marks[count] = UNICODE_END, MARK, size
    return size + 1, count + 1, special


@compiled_uncounted
def _without_blanks(kind: U8, size: int, count: int) -> tuple[int, int]:
    """The number of characters and of positions without the blanks that end them."""
    while kind[size - 1] <= TAB:
        size -= 1
        count -= 1
    return size, count


@compiled_uncounted
def _sequences(
    cps: OutU32, kind: OutU8, marks: OutU32, length: int, picture: Bool
) -> tuple[int, int]:
    """Variation selectors and joiners stay inside emoji only; the new lengths."""
    size, before = 0, False
    for at in range(length):
        stays = kind[at] != SELECTOR or before
        before = picture[cps[at]]
        if stays:
            cps[size], kind[size] = cps[at], kind[at]
            size += 1
    length, size, count, before = size, 0, 0, False
    for at in range(length):
        own_kind = kind[at]
        stays = own_kind != JOINER or (before and kind[at + 1] == PICTURE)
        before = picture[cps[at]] or own_kind == SELECTOR
        if stays:
            if at and not IDEOGRAPH <= own_kind <= OTHER:
                marks[count] = size
                count += 1
            cps[size], kind[size] = cps[at], own_kind
            size += 1
    return size, count


@compiled_uncounted
def _between(cps: OutU32, kind: OutU8, marks: U32, count: int, full: U32, narrow: U32) -> None:
    """Give marks the width that the text around them has; changed in place."""
    opened = np.int64(0)
    # What a line is, is asked once, and only where a mark depends on it.
    line, judged, state = np.int64(1), np.int64(0), 0
    for mark in range(count - 1):
        at = np.int64(marks[mark])
        own_kind = kind[at]
        if own_kind == HALF:
            dot = cps[at] == 0x2E
            if not dot and kind[at - 1] == IDEOGRAPH and kind[at + 1] == IDEOGRAPH:
                cps[at], kind[at] = full[cps[at]], FULL
            elif _beside_chinese(cps, kind, at):
                if judged != line:
                    judged, state = line, _state_of_line(cps, kind, line)
                if _is_chinese(cps, kind, at, state):
                    cps[at], kind[at] = full[cps[at]], WIDENED
        elif own_kind == WIDE:
            if kind[at - 1] == ASCII and kind[at + 1] == ASCII:
                cps[at] = narrow[cps[at]]
        elif own_kind == OPEN:
            opened = at
        elif LINE <= own_kind <= FULL_PARENTHESIS:
            if own_kind == CLOSE and opened:
                wide = _around_han(kind, opened, at)
                if not wide and _encloses(cps, kind, opened, at):
                    if judged != line:
                        judged, state = line, _state_of_line(cps, kind, line)
                    wide = state & CHINESE != 0
                if wide:
                    cps[opened], kind[opened] = full[cps[opened]], FULL_PARENTHESIS
                    cps[at], kind[at] = full[cps[at]], FULL_PARENTHESIS
                    # A mark before an ASCII parenthesis may be a face; before this one it is none.
                    if kind[at - 1] == HALF and _is_chinese(cps, kind, at - 1, state):
                        cps[at - 1], kind[at - 1] = full[cps[at - 1]], WIDENED
            opened = np.int64(0)
            if own_kind == LINE:
                line = at + 1


@compiled_uncounted
def _is_chinese(cps: U32, kind: U8, at: Int, state: int) -> bool:
    """Whether a half-width mark is one of Chinese text, on a line of this state."""
    if not state & CHINESE or not _beside_chinese(cps, kind, at):
        return False
    if cps[at] == 0x2E:
        return _ends_sentence(cps, kind, at, state)
    return _pauses(cps, kind, at)


@compiled_uncounted
def _state_of_line(cps: U32, kind: U8, start: Int) -> int:
    """What the line that begins at `start` is: bits `CHINESE`, `STOPPED` and `DOTTED`.

    Chinese is a line with at least two Han to each Latin word and without signs of code.
    """
    han, words, at, last, code = 0, 0, start, np.int64(0), False
    stopped = False
    while not LINE <= kind[at] <= MARK:
        own_kind, own = kind[at], np.int64(cps[at])
        if own_kind == IDEOGRAPH:
            han += 1
        elif own_kind == ASCII:
            words += int(own > 0x39 and kind[at - 1] != ASCII)
        elif own_kind == OPEN:
            # A call without arguments, or with a string as its first.
            following = cps[at + 1]
            code |= following == 0x29 or following == 0x22 or following == 0x27
        elif own < 0x80:
            code |= _of_code(cps, at)
        else:
            stopped |= own == 0x3002
        if own_kind != SPACE:
            last = own
        at += 1
    chinese = han >= 2 * words and not code
    dotted = last == 0x2E or _asks(last)
    return CHINESE * chinese + STOPPED * stopped + DOTTED * dotted


@compiled_uncounted
def _of_code(cps: U32, at: Int) -> bool:
    r"""One of `{}=\|<>` and the backtick, or the [J] of a bibliography."""
    code = np.int64(cps[at])
    if code == 0x5B:
        return bool(0x41 <= cps[at + 1] <= 0x5A and (cps[at + 2] == 0x5D or cps[at + 2] == 0x2F))
    return bool(code == 0x5C or code == 0x60 or 0x7B <= code <= 0x7D or 0x3C <= code <= 0x3E)


@compiled_uncounted
def _beside_chinese(cps: U32, kind: U8, at: Int) -> bool:
    """Whether Han, what closes a quotation, or a number with Han behind it, is left of a mark."""
    before = at - 1
    if kind[before] <= WIDE_SPACE:
        before -= 1
    if kind[before] == IDEOGRAPH or _closes(np.int64(cps[before])):
        return True
    if before < at - 1:
        return False
    code = np.int64(cps[before])
    run = (code == 0xFF1F or code == 0xFF01) and _asks(np.int64(cps[at]))
    return bool(0x30 <= code <= 0x39 or code == 0x25 or run)


@compiled_uncounted
def _pauses(cps: U32, kind: U8, at: Int) -> bool:
    """Whether a half-width mark behind Han, a bracket or a number is one of Chinese text.

    天色不早了 , 我们 and 好!, never 1,000 or 5!=120; a run ?!! is one mark.
    """
    own, code = np.int64(cps[at]), np.int64(cps[at - 1])
    behind, ahead = kind[at - 1] <= WIDE_SPACE, at + 1
    if _asks(own):
        while ahead <= at + _LONGEST_RUN and _asks(np.int64(cps[ahead])):
            ahead += 1
        if ahead > at + _LONGEST_RUN:
            return not behind
        if behind and ahead > at + 2:
            # ????? behind a blank stands for what another charset lost.
            return False
    blank = kind[ahead] <= WIDE_SPACE
    while kind[ahead] <= WIDE_SPACE:
        ahead += 1
    following, next_kind = np.int64(cps[ahead]), kind[ahead]
    joins = next_kind == IDEOGRAPH or _opens(cps, kind, ahead)
    if 0x30 <= code <= 0x39 or code == 0x25:
        # 15%,高于; 5! is a factorial, &#183; an entity.
        return joins and own != 0x21 and not (own == 0x3B and _in_entity(cps, at))
    if joins or LINE <= next_kind <= MARK:
        return True
    if _shuts(following) and not blank:
        return following != 0x29 or _asks(own)
    digit = 0x30 <= following <= 0x39
    return (digit and not behind) or (blank and next_kind == ASCII)


@compiled_uncounted
def _in_entity(cps: U32, at: Int) -> bool:
    """Whether the semicolon ends an entity such as &#183; or &sup2;."""
    start = at - 1
    while at - start < 8 and (0x30 <= cps[start] <= 0x39 or 0x41 <= cps[start] <= 0x7A):
        start -= 1
    return bool(cps[start] == 0x23 or cps[start] == 0x26)


@compiled_uncounted
def _ends_sentence(cps: U32, kind: U8, at: Int, state: int) -> bool:
    """Whether a dot behind Han or a bracket is a full stop by every sign.

    今天到此为止. ending a line is one; 马克.吐温, 第一.二节, 一. 总则 and 报告.终稿 are not.
    """
    before, ahead = at - 1, at + 1
    if kind[before] <= WIDE_SPACE:
        before -= 1
    blank = kind[ahead] <= WIDE_SPACE
    while kind[ahead] <= WIDE_SPACE:
        ahead += 1
    if kind[before] == ASCII or cps[before] == 0x25 or cps[before] == 0x2E or cps[ahead] == 0x2E:
        return False
    length, start, counts = 0, before, True
    while length < _CLAUSE and kind[start] == IDEOGRAPH:
        counts &= _numbers(np.int64(cps[start]))
        start -= 1
        length += 1
    if length and counts:
        return False
    if LINE <= kind[ahead] <= MARK:
        return True
    if _shuts(np.int64(cps[ahead])) and cps[ahead] != 0x29:
        return not blank and length >= 2
    if state & STOPPED or kind[before] != IDEOGRAPH:
        return False
    dotted = state & DOTTED != 0
    return _sentence_within(cps, kind, at, before, ahead, start, length, blank, dotted)


@compiled_uncounted
def _sentence_within(
    cps: U32,
    kind: U8,
    at: Int,
    before: Int,
    ahead: Int,
    start: Int,
    length: int,
    blank: bool,
    dotted: bool,
) -> bool:
    """Whether a dot within a line, between `before` and `ahead`, ends a sentence.

    `length` Han stand left of it, behind `start`; `dotted`: the line ends with such a mark.
    """
    last, first = np.int64(cps[before]), np.int64(cps[ahead])
    if blank:
        foreign = _sounds(last) and _sounds(first)
        goes_on = kind[ahead] == IDEOGRAPH or kind[ahead] == ASCII or _opens(cps, kind, ahead)
        return length >= 3 and goes_on and not foreign and not _numbers(last)
    if before < at - 1 or kind[ahead] != IDEOGRAPH or kind[ahead + 1] != IDEOGRAPH:
        return False
    if not dotted or cps[start] == 0x300A or cps[start] == 0x3008:
        return False
    if length >= 4 and (_final(last) or _begins(first)):
        return True
    # Abstracts write all their stops as dots: sentences on both sides, each with room for one.
    return length >= 2 and not (_sounds(last) and _sounds(first)) and _two_sentences(cps, kind, at)


@compiled_uncounted
def _two_sentences(cps: U32, kind: U8, at: Int) -> bool:
    """Whether no other stop, title or line end is near the dot on either side."""
    for place in range(at - 1, at - _SENTENCE - 1, -1):
        if _stops(cps, kind, place):
            return False
    for place in range(at + 1, at + _SENTENCE + 1):
        if _stops(cps, kind, place):
            return False
    return True


@compiled_uncounted
def _stops(cps: U32, kind: U8, at: Int) -> bool:
    """A dot or another mark that ends a sentence, a title, a line end."""
    code = np.int64(cps[at])
    if LINE <= kind[at] <= MARK or code == 0x3002 or code == 0x3B:
        return True
    if code == 0x2E:
        return bool(kind[at - 1] != ASCII or kind[at + 1] != ASCII)
    return bool(_asks(code) or 0x3008 <= code <= 0x300F or code == 0xFF1B or code == 0x3000)


@compiled_uncounted
def _around_han(kind: U8, opened: Int, at: Int) -> bool:
    """A pair of parentheses around Han, next to Han: 中国(上海)自由贸易; never f(参数)."""
    inside = kind[opened + 1] == IDEOGRAPH and kind[at - 1] == IDEOGRAPH
    return bool(inside and (kind[opened - 1] == IDEOGRAPH or kind[at + 1] == IDEOGRAPH))


@compiled_uncounted
def _encloses(cps: U32, kind: U8, opened: Int, at: Int) -> bool:
    """Whether parentheses hold Chinese and stand in it: (1949年成立), 北京 (首都) 是, (完)."""
    first, last, before, after = opened + 1, at - 1, opened - 1, at + 1
    while kind[first] <= WIDE_SPACE:
        first += 1
    while kind[last] <= WIDE_SPACE:
        last -= 1
    if first > last or not (kind[first] == IDEOGRAPH or kind[last] == IDEOGRAPH):
        return False
    if not (_plain(cps, kind, first) and _plain(cps, kind, last)):
        return False
    while kind[before] <= WIDE_SPACE:
        before -= 1
    while kind[after] <= WIDE_SPACE:
        after += 1
    left, right = kind[before], kind[after]
    if not (_chinese(left) or LINE <= left <= MARK or cps[before] == 0x201D):
        return False
    # A digit behind a blank is a number of its own, one behind the bracket is not.
    apart = after > at + 1 and right == ASCII
    return bool(_chinese(right) or LINE <= right <= OPEN or right == HALF or apart)


@compiled_uncounted
def _plain(cps: U32, kind: U8, at: Int) -> bool:
    """Han, a digit, a mark or a quotation mark."""
    code = np.int64(cps[at])
    if kind[at] == ASCII:
        return bool(0x30 <= code <= 0x39)
    return bool(_chinese(kind[at]) or kind[at] == HALF or code == 0x25 or 0x201C <= code <= 0x201D)


# Comparisons one by one: `in` takes ten times as long to compile.


@compiled_uncounted
def _asks(code: Int) -> bool:
    """? and ! of either width."""
    return code == 0x3F or code == 0x21 or code == 0xFF1F or code == 0xFF01


@compiled_uncounted
def _closes(code: Int) -> bool:
    """What closes a quotation, a title or a pair of full-width parentheses."""
    if code == 0x300B or code == 0x3009 or code == 0x300D or code == 0x300F:
        return True
    return code == 0x3011 or code == 0x3015 or code == 0xFF09 or code == 0x201D


@compiled_uncounted
def _shuts(code: Int) -> bool:
    """What closes a quotation, ASCII too."""
    return _closes(code) or code == 0x22 or code == 0x29


@compiled_uncounted
def _opens(cps: U32, kind: U8, at: Int) -> bool:
    """What opens a quotation, a title, or parentheses that begin with Han or a digit."""
    code = np.int64(cps[at])
    if code == 0x28 or code == 0xFF08:
        following = np.int64(cps[at + 1])
        return bool(kind[at + 1] == IDEOGRAPH or 0x30 <= following <= 0x39)
    if code == 0x300A or code == 0x3008 or code == 0x300C or code == 0x300E:
        return True
    return bool(code == 0x3010 or code == 0x3014 or code == 0x201C or code == 0x22)


@compiled_uncounted
def _numbers(code: Int) -> bool:
    """Whether the character numbers an item."""
    return _among(code, _NUMBERS)


@compiled_uncounted
def _sounds(code: Int) -> bool:
    """Whether the character is usual in foreign names."""
    return _among(code, _SOUNDS)


@compiled_uncounted
def _final(code: Int) -> bool:
    """Whether sentences end with the character."""
    return _among(code, _FINAL)


@compiled_uncounted
def _begins(code: Int) -> bool:
    """Whether sentences begin with the character, and names and titles do not."""
    return _among(code, _FIRST)


@compiled_uncounted
def _among(code: Int, codes: I64) -> bool:
    for other in codes:
        if code == other:
            return True
    return False


@compiled_uncounted
def _chinese(kind: int) -> bool:
    return kind == IDEOGRAPH or kind == FULL or kind == FULL_PARENTHESIS or kind == WIDENED


@compiled_uncounted
def _write(cps: OutU32, kind: U8, marks: U32, count: int, out: OutU8, size: int) -> int:
    """Write the document without spaces at line ends and between Han, and without empty lines.

    One empty line in a row stays between other lines.  Returns the end of what was written.
    """
    # From `start` on characters wait to be written, before them `lines` line ends.
    start, lines, first = np.int64(1), 0, size
    skip = np.int64(0)
    # Whether a line is letter-spaced is asked once, and only where it has single spaces.
    line, judged, spaced = np.int64(1), np.int64(0), False
    for mark in range(count):
        at = np.int64(marks[mark])
        if at < skip:
            continue
        own_kind = kind[at]
        if own_kind > TAB and not LINE <= own_kind <= MARK:
            continue
        after_run = at + 1
        while own_kind <= TAB and kind[after_run] <= TAB:
            after_run += 1
        if own_kind == LINE:
            line = at + 1
        elif own_kind == SPACE and after_run == at + 1 and judged != line:
            judged, spaced = line, _letter_spaced(kind, line)
        kept = _spaces(cps, kind, at, after_run, spaced) if own_kind <= TAB else np.int64(0)
        if kept == after_run - at:
            skip = after_run
            continue
        stop = at + kept
        if stop > start:
            if size > first:
                for _ in range(min(lines, 2)):
                    out[size] = 0x0A
                    size += 1
            lines = 0
            for position in range(start, stop):
                size = encoded(np.int64(cps[position]), out, size)
        lines += own_kind == LINE
        start = skip = after_run
    return size


@compiled_uncounted
def _spaces(cps: OutU32, kind: U8, at: Int, end: Int, spaced: bool) -> Int:
    """How many of a run of spaces stay; the one that stands for a run is changed in place."""
    tab, wide = False, False
    for position in range(at, end):
        tab |= kind[position] == TAB
        wide |= kind[position] == WIDE_SPACE
    before, after = kind[at - 1], kind[end]
    chinese = _chinese(before) and _chinese(after) and not tab
    edge = LINE <= before <= MARK
    if LINE <= after <= MARK or (edge and wide):
        return 0
    if before == WIDENED and end - at == 1 and not (wide or tab):
        return 0
    if chinese and end - at == 1 and not wide:
        between = before == IDEOGRAPH and after == IDEOGRAPH
        return np.int64(between and not (spaced or _between_letters(cps, kind, at)))
    if chinese:
        # A wide gap between Han is one ideographic space.
        cps[at] = 0x3000
        return 1
    if wide:
        cps[at] = 0x20
        return 1
    return end - at


@compiled_uncounted
def _letter_spaced(kind: U8, start: Int) -> bool:
    """Whether no two Han of a line stand together: 目 录, 中 国 ， 人 民, 2020 年 度 报 告."""
    at, gap = start, False
    while not LINE <= kind[at] <= MARK:
        if kind[at] == IDEOGRAPH:
            if kind[at + 1] == IDEOGRAPH:
                return False
            gap |= kind[at + 1] == SPACE and kind[at + 2] == IDEOGRAPH
        at += 1
    return gap


@compiled_uncounted
def _between_letters(cps: U32, kind: U8, at: Int) -> bool:
    """Whether a single space between Han is one of letter-spacing, and not between words.

    Three single characters are letter-spaced, two only as a heading or its beginning: 第一章 总 则,
    摘 要：本文; 张三 男 三十 and 花开 花落 are words.
    """
    if kind[at - 2] == IDEOGRAPH or kind[at + 2] == IDEOGRAPH:
        return False
    if _one_more(kind, at, -1) or _one_more(kind, at, 1):
        return True
    before, after = kind[at - 2], at + 2
    while kind[after] == SPACE:
        after += 1
    if not (LINE <= kind[after] <= MARK or kind[after] == FULL or kind[after] == WIDENED):
        return False
    return LINE <= before <= MARK or (before == SPACE and _heading(cps, kind, at - 2))


@compiled_uncounted
def _one_more(kind: U8, at: Int, step: int) -> bool:
    """Whether another single character stands beyond the one on this side of a space."""
    if kind[at + 2 * step] != SPACE or kind[at + 3 * step] != IDEOGRAPH:
        return False
    return bool(kind[at + 4 * step] != IDEOGRAPH)


@compiled_uncounted
def _heading(cps: U32, kind: U8, at: Int) -> bool:
    """Whether 第…章 stands before the space, at the beginning of its line."""
    if not _counts_chapters(cps[at - 1]):
        return False
    start = at - 1
    while at - start < 12 and (kind[start - 1] == IDEOGRAPH or kind[start - 1] == SPACE):
        start -= 1
    while kind[start] == SPACE:
        start += 1
    before = kind[start - 1]
    return bool(cps[start] == 0x7B2C and (LINE <= before <= MARK or before == SPACE))


@compiled_uncounted
def _counts_chapters(code: int) -> bool:
    """Whether the character is one of 章节節编編篇条條款卷回部讲講课課."""
    for chapter in _CHAPTERS:
        if code == chapter:
            return True
    return False
