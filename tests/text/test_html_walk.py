"""The compiled walk over a page does what its plain statement in Python does."""

import re

import pytest
from frames import asset
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from corpus_pipeline.rules.extract import load_pages
from corpus_pipeline.text.html.blocks import read_blocks, source_of
from corpus_pipeline.text.html.parse import lightened, parse

PAGES = load_pages(asset("package:rules/packs/extract.yaml"))
HIDDEN = '[hidden],[style*="display:none" i],[style*="display: none" i],.jammer,.pstatus'
NAMES = """
script style textarea iframe noembed noframes xmp svg template select rp rt math
address article aside blockquote body dd details dir div dl dt fieldset figcaption figure footer
form h1 h2 h3 h4 h5 h6 header hgroup html li main menu nav ol p pre section summary table tbody td
tfoot th thead tr ul caption
"""
NO_TEXT = NAMES.split()[:13]
BLOCKS = frozenset(NAMES.split()[13:])
# No possessive repeats of groups: early releases of Python 3.11 miss matches of them.
WITHIN = r"(?:[^<]|<(?:img|/?(?:span|i|b|em|strong|font))(?![\w-])[^>]*>)*"
ONLY_LINKS = re.compile(
    r"<(li|div|dd|dt|p)(?:\s[^>]*)?>"
    rf"(?:(?:\s|\||&nbsp;)*<a\b[^>]*>{WITHIN}</a>)+(?:\s|\||&nbsp;)*</\1>"
)
SPACE = re.compile(r"[^\S\n]*\n\s*|[ \t\r\f\v\u00a0]+")
MARKS = re.compile(r"[，。！？；、,!?;…]|\.(?=\s|$)")
ENTITIES = (("&nbsp;", "\u00a0"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&"))

#: What pages are made of, and what makes walks over them stumble.
PIECES = st.sampled_from(
    [
        *"<>/!-='\"&;. \n\t\r\f\v|a汉。\u3000\u00a0\u2003\u0085",
        *[
            "春天来了，",
            "河边的树绿了。",
            "2.5 x",
            "v. ",
            "\n  ",
            "&nbsp;",
            "&amp;lt;",
            "&lt;p&gt;",
        ],
        *["<p>", "</p>", "<div class='a1 b22'>", "</div>", "<li>", "</li>", "<ul>", "</ul>"],
        *["<a href='/x?a=b>c'>", "</a>", "<a>", "<b>", "</b>", "<i-x>", "<abbr>", "<br>", "<hr>"],
        *["<span>", "</span>", "<img alt='' src=x>", "<font\ncolor=red>", "</font>", "<em>"],
        *["<pre>", "</pre>", "<code>", "</code>", "<table><tr><td>", "</td></tr></table>"],
        *["<script>", "</script>", "<SCRIPT type='a/json'>", "</script >", "<style>", "</STYLE>"],
        *["<svg>", "</svg>", "<!--", "-->", "--!>", "<!-->", "<!doctype html>", "<body id=B>"],
        *["<span hidden>", "<p style='color:red;Display:None'>", "<div class='x jammer'>"],
        *["<nav>", "</nav>", "<textarea>", "</textarea>", "<noscript>", "</noscript>"],
        *["<title>", '<p title="a b" class=\'C3\' role=main id="d">', "<p / a=1>"],
        *["<p onclick='f(\">\")' x>", "<div data-x='1' class=\"q\"y>", "<p class='a\nb'>"],
        *["<xmp><p>", "<template><p>", "<h1>", "</h1>", "<ruby>春<rt>chun</rt></ruby>"],
        *["<o:p>", "</o:p>", '<a href="x', "<b title='", "<a href=\"/\"c=d e = 'f' =g>"],
    ]
)
MARKUP = st.lists(PIECES, max_size=40).map("".join)


def removed_plainly(page):
    """The page without programs, styles, drawings and comments, as patterns find them."""
    begins = re.compile(r"<(?:(script|style|svg)(?=[ \t\n\r\f\v/>])([^<>]*)>|!--)", re.IGNORECASE)
    parts, at, open_ended = [], 0, set()
    begin = begins.search(page)
    while begin:
        name = (begin[1] or "!--").lower()
        end_of = r"--!?>" if name == "!--" else rf"</{name}[ \t\n\r\f\v]*>"
        end = (
            None
            if name in open_ended
            else re.compile(end_of, re.IGNORECASE).search(page, begin.end())
        )
        stop = end.end() if end else begin.end()
        if end is None:
            open_ended.add(name)
        elif not (name == "script" and re.search("json|math", begin[2], re.IGNORECASE)):
            if name == "!--" and page.startswith((">", "->"), begin.end()):
                stop = page.index(">", begin.end()) + 1
            parts.append(page[at : begin.start()])
            at = stop
        begin = begins.search(page, stop)
    return "".join([*parts, page[at:]])


def visible_plainly(tree):
    """The markup of a tree without elements that hold no text, removed from the tree."""
    selector = ",".join([*NO_TEXT, *sorted(PAGES.hints.skipped_tags), HIDDEN])
    last = None
    for node in reversed(tree.css(selector)):
        if node.mem_id != last and node.tag not in {"html", "body"}:
            last = node.mem_id
            node.decompose(recursive=False)
    return re.sub(r"<!--.*?-->", "", tree.html or "", flags=re.DOTALL)


def lines_plainly(source, *, thread):  # noqa: C901 – one plain walk
    """The lines of markup: text, size, characters in links, whether marked, tag."""
    if not thread:
        source = ONLY_LINKS.sub("<br>", source)
    lines, parts, links, in_link = [], [], 0, False
    open_tags = ["html"]

    def store(text, tag):
        size = len(text) - text.count(" ")
        marked = size >= PAGES.bounds.short_line and MARKS.search(text) is not None
        lines.append((text, size, min(links, size), marked, tag))

    def end_line():
        raw = "".join(parts)
        for entity, character in ENTITIES:
            raw = raw.replace(entity, character)
        if "pre" in open_tags:
            pieces = raw.replace("\r\n", "\n").rstrip().split("\n")
            while pieces and not pieces[0].strip():
                pieces.pop(0)
            for piece in pieces:
                store(piece.rstrip().replace("\u00a0", " "), "pre")
        elif text := raw.strip():
            if re.search("\n|  |\t|\r|\u00a0", text):
                text = SPACE.sub(single_space, text)
            store(text, open_tags[-1])

    for piece in source.split("<"):
        head, _, text = piece.partition(">")
        tag = head.partition(" ")[0]
        if tag in {"br", "hr"} or tag.removeprefix("/") in BLOCKS:
            if parts:
                end_line()
            parts, links = [], 0
            if tag in BLOCKS:
                open_tags.append(tag)
            elif tag[1:] == open_tags[-1] and len(open_tags) > 1:
                open_tags.pop()
        elif tag in {"a", "/a"}:
            in_link = tag == "a"
        if text and not text.isspace():
            parts.append(text)
            links += len(text.strip()) * in_link
        elif text and (parts or "pre" in open_tags):
            parts.append(text)
    if parts:
        end_line()
    return lines


def prose_plainly(lines, noise):
    """Which lines read as sentences; on a page without sentences, which are outside of links."""
    bounds = PAGES.bounds
    prose = [
        (marked or tag == "pre") and size - links > links and size >= bounds.short_line and not loud
        for (_, size, links, marked, tag), loud in zip(lines, noise, strict=True)
    ]
    said = sum(line[1] for line, says in zip(lines, prose, strict=True) if says)
    plain = sum(line[1] - line[2] for line, loud in zip(lines, noise, strict=True) if not loud)
    if said >= bounds.verse_share * plain:
        return prose
    quiet = [
        not loud and line[2] == 0 and line[1] > 1 for line, loud in zip(lines, noise, strict=True)
    ]
    return [a or b for a, b in zip(prose, quiet, strict=True)]


def single_space(match):
    before = match.string[match.start() - 1 : match.start()]
    after = match.string[match.end() : match.end() + 1]
    return "" if "\n" in match[0] and before >= "\u2e80" and after >= "\u2e80" else " "


@settings(deadline=None, max_examples=300)  # the first call compiles
@given(MARKUP)
def test_programs_and_comments_are_removed_as_patterns_find_them(page):
    """What is lightened is what the patterns for programs, styles, drawings and comments find."""
    assert lightened(page.encode()).decode() == removed_plainly(page)


@settings(deadline=None, max_examples=300)  # the first call compiles
@given(MARKUP)
def test_without_addresses_a_page_has_the_same_tags_and_text(page):
    """Addresses and programs that are left out take no text and no element with them."""
    whole, bare = (LexborHTMLParser(lightened(page.encode(), bare=bare)) for bare in (False, True))
    markups = [re.sub("<!--.*?-->", "", tree.html or "", flags=re.DOTALL) for tree in (whole, bare)]
    shapes = [re.sub(r"(<[^ >]*)[^>]*>", r"\1>", markup) for markup in markups]
    assert shapes[0] == shapes[1]
    assert [node.attributes.get("class") for node in whole.css("*")] == [
        node.attributes.get("class") for node in bare.css("*")
    ]


@settings(deadline=None, max_examples=300)  # the first call compiles
@given(MARKUP)
def test_what_is_not_displayed_is_removed_as_selectors_find_it(page):
    """The markup that is walked has no element that a selector for hidden elements finds."""
    # A name of an attribute that begins a comment is one to a pattern.
    assume(not re.search("<[^<>]*<", parse(page).html or ""))
    source = source_of(parse(page), PAGES.hints).source
    assert source.tobytes().decode() == visible_plainly(parse(page))


@settings(deadline=None, max_examples=300)  # the first call compiles
@given(MARKUP, st.booleans())
def test_lines_are_those_of_a_plain_walk(page, thread):
    """Text, size, links, marks and tags of all lines are those of a walk tag by tag."""
    markup = source_of(LexborHTMLParser(page), PAGES.hints)
    read = read_blocks(markup, PAGES.bounds, PAGES.hints, thread=thread)
    lines = read.lines
    tags = map(read.tag_of, range(len(lines.text)))
    found = list(zip(lines.text, lines.size, lines.links, tags, strict=True))
    plain = lines_plainly(markup.source.tobytes().decode(), thread=thread)
    assert found == [(text, size, links, tag) for text, size, links, _, tag in plain]
    assert lines.prose == prose_plainly(plain, lines.noise)


def test_all_that_follows_plaintext_is_text():
    """What looks like an element after `plaintext` is text, and is not removed as one."""
    source = source_of(
        LexborHTMLParser("<p>甲<plaintext>乙<nav>丙</nav><script>丁"), PAGES.hints
    ).source
    assert re.sub("<.*?>", "", source.tobytes().decode()) == "甲乙丙丁"


@pytest.mark.parametrize("tag", ["</p>", "<p>", "<b>", "<!-->", "<script>", "<a><li>", "<pre>\n"])
def test_blocks_end_where_the_next_begins(tag):
    """Every block ends after it begins and within the block around it, whatever the markup."""
    markup = source_of(LexborHTMLParser(f"<div>{tag * 50}春天来了，树绿了。"), PAGES.hints)
    blocks = read_blocks(markup, PAGES.bounds, PAGES.hints, thread=False).blocks
    for at, parent in enumerate(blocks.parent[1:], start=1):
        assert parent < at < blocks.end[at] <= blocks.end[parent]
