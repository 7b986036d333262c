"""Whether a text is source code, by its lines.

Enters: a column of texts with many code symbols.  Leaves: for each the share of its characters in
lines of code (0 to 1), or the number of letters outside of URLs.
Of a text longer than `HEAD` characters only three pieces are read.
"""

from __future__ import annotations

import polars as pl

#: Characters that are looked at; of a longer text `_PIECE` each of the beginning, middle and end: a
#: manual may begin with a listing.
HEAD = 1500
_PIECE = 500
#: Words that open a line of a program.
_OPENING = (
    r"import|using|include|require|package|namespace|def|class|struct|interface|enum|func"
    r"|fn|function|module|template|public|private|protected|internal|static|const|let|var"
    r"|void|int|auto|if|elif|else|for|while|switch|case|return|try|catch|except|raise"
    r"|throw|end|begin|do|done|fi|esac|echo|export|with|yield|await|async|print|assert"
    r"|delete|new|string|bool|double|float|long|type|match|sub|dim|HRESULT|BOOLEAN|BOOL"
    r"|DWORD|Public|Private|Friend|Sub|End|Dim|Function|Class|Module|Namespace|With|If"
    r"|Else|For|Next|Return|Imports|Inherits|Implements|Throw|Option"
)
_COMMANDS = (
    r"sudo|apt|pip|npm|npx|yarn|git|docker|curl|wget|cd|dotnet|bazel|make|brew|mvn|go"
    r"|cargo|ssh|python|python3|bash|sh|source|mkdir|kubectl|tiup"
)
_STATEMENTS = (
    r"select|insert\s+into|update|delete\s+from|create|alter|drop|where|group\s+by"
    r"|order\s+by|left\s+join|inner\s+join|values|set|show|explain|grant|use"
)
#: Lines that programs have and prose has not.  They may hold Han: in comments, strings and data.
#: Several small patterns, no counted repeats: one large automaton would not fit the engine's cache.
_CODE = (
    # Ends of statements and of brackets, comments after them.
    r"[;{}][ \t\\]*(?:(?://|/\*|#|--)[^;]*)?$",
    r"^[ \t]*(?://|/\*|\*/|-- |<!--|#!|% |rem )",
    r"^[ \t]*(?:[\[\]{}()<>;,:'\"`]+[ \t]*|[)\]}]+[.,;:]?[a-zA-Z0-9_.,:;() ]*)$",
    # Assignments, calls, keys and strings, tags.
    r"^[ \t]*@?[A-Za-z_][A-Za-z0-9_.,\[\]'\" ]*(?:[-+*/|&:%]?=|<-|->|=>|<<|>>)",
    r"^[ \t]*[@.]?[A-Za-z_][A-Za-z0-9_.:>-]* ?\([^。，]*[){\[(,:;][ \t\\]*(?:(?://|#).*)?$",
    r"^[ \t]*(?:\"[^\"]*\"\s*:|['\"][^'\"]*['\"],?$)",
    r"^[ \t]*[-?]?\s*[A-Za-z_][A-Za-z0-9_.-]*:(?:\s+\S+)?$",
    r"^[ \t]*(?:</?[A-Za-z!?][^<>]*>[^\p{Han}]*$|\\[A-Za-z]+[\[{])",
    r"^[ \t]*(?:@[A-Za-z_][A-Za-z0-9_.]*|\.[A-Za-z_]\w*\()",
    # Shells, sections of INI and TOML, tables that a shell prints, directives.
    r"^(?:[$>]\s+[a-z]|>>> |PS .*> |\[[A-Za-z0-9_ .:\"-]+\]$|\+[-+=]+\+$)",
    r"^[ \t]*#[ \t]*(?:include|define|ifdef|ifndef|endif|pragma|if|else|undef|region)\b",
    # Without Han after the word, unless in a comment or a string.
    rf"^[ \t]*(?:{_OPENING})\b[^\p{{Han}}。]*(?:(?://|#|--|\"|'|\().*)?$",
    r"^[ \t]*from [a-z0-9_.]+ import",
    rf"^[ \t]*(?:{_COMMANDS}) [a-z0-9_./~<$-]",
    rf"(?i)^[ \t]*(?:{_STATEMENTS})\b[^。，]*$",
)
#: Lines that count as neither: headings of Markdown, which look like comments of scripts, lists,
#: rows of tables, and paragraphs in HTML.
_NEITHER = r"^\s*(?:#+\s.*|#@.*|```.*|\|.*|\* .*|<[^<>]+>.*\p{Han}.*)?$"


def code_share(texts: pl.Series) -> pl.Series:
    r"""The share of characters in lines of code, among lines that are evidence either way.

    >>> texts = ["int 甲 = 1; // 甲\nreturn 甲;", "我们先写一个函数。\nreturn 1;"]
    >>> code_share(pl.Series(texts)).round(2).to_list()
    [1.0, 0.5]
    """
    text = pl.col("text")
    middle = text.str.slice((text.str.len_chars() - _PIECE) // 2, _PIECE)
    places = pl.concat_str(text.str.head(_PIECE), middle, text.str.tail(_PIECE), separator="\n")
    lines = pl.DataFrame({"text": texts}).with_row_index("row")
    short = text.str.len_chars() <= HEAD
    lines = lines.with_columns(pl.when(short).then(text).otherwise(places).str.split("\n"))
    lines = lines.explode("text")
    size = text.str.strip_chars().str.len_chars()
    marked = lines.with_columns(
        counted=pl.when(text.str.contains(_NEITHER)).then(0).otherwise(size),
        code=pl.any_horizontal(text.str.contains(pattern) for pattern in _CODE),
    )
    by_text = marked.group_by("row", maintain_order=True).agg(
        share=(pl.col("counted") * pl.col("code")).sum() / pl.col("counted").sum()
    )
    return by_text.get_column("share").fill_nan(0.0).fill_null(0.0)


#: URLs, e-mail addresses and file names: their letters tell no language.
_ADDRESS = (
    r"(?i)(?:\w+://|www\.|mailto:)\S+|\S+@\S+|\S+\.(?:com|cn|net|org|html?|php|jpg|png|pdf)\b\S*"
)


def words_left(texts: pl.Series) -> pl.Series:
    """How many letters the first `HEAD` characters hold outside of URLs and e-mail addresses.

    >>> words_left(pl.Series(["https://example.com/a?b=c", "see www.example.com"])).to_list()
    [0, 3]
    """
    head = texts.str.slice(0, HEAD).str.replace_all(_ADDRESS, " ")
    return head.str.count_matches(r"\p{L}")
