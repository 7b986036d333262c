"""What the figures of a ledger mean, in two languages.

Enters: nothing.  Leaves: names of figures that a rule may use, with their meaning.
"""

from __future__ import annotations

from collections.abc import Mapping

from corpus_pipeline.products.audit.words import Words, both

#: Figures that are added up; of each holder a whole number.
COUNTS: Mapping[str, Words] = {
    "documents": both("delivered", "交付文档"),
    "kept": both("kept", "保留文档"),
    "dropped": both("dropped", "去除文档"),
    "quarantined": both("quarantined", "隔离记录"),
    "erased": both("erased", "撤回文档"),
    "unique": both("unique", "独有文档"),
    "shared": both("shared", "他方亦有文档"),
    "characters": both("characters kept", "保留字符"),
    "characters_dropped": both("characters dropped", "去除字符"),
    "bytes": both("UTF-8 bytes kept", "保留字节"),
    "tokens": both("tokens kept", "保留词元"),
    "unique_characters": both("unique characters", "独有字符"),
    "unique_tokens": both("unique tokens", "独有词元"),
    "duplicates_within": both("duplicates of its own", "自身重复"),
    "duplicates_across": both("duplicates of others", "与他方重复"),
    "duplicates_elsewhere": both("duplicates of what is not here", "与账外文档重复"),
    "input_bytes": both("bytes of input files", "输入文件字节"),
}
#: Figures that are fractions.
RATIOS: Mapping[str, Words] = {
    "fair": both("fair count", "均分文档数"),
    "quality": both("mean quality", "平均质量"),
    "uniqueness": both("unique of kept", "独有率"),
    "retention": both("kept of delivered", "保留率"),
}
FIGURES: Mapping[str, Words] = {**COUNTS, **RATIOS}

#: What is counted as a token, so that anybody can count again.
TOKENS = both(
    "estimate: one for each Han, kana or hangul sign, one for each begun four other letters or "
    "digits in a row, one for each other sign that is no space",
    "估算：每个汉字、假名或谚文计一，其余连续字母或数字每满或不满四个计一，其余非空白符号各计一",
)
