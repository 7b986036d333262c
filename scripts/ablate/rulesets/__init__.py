"""Published rule sets for Chinese web text, written anew from their code and configs.

Enters: the name of a rule set and texts.  Leaves: for each text the rule that drops it, or None.

    >>> verdicts("hplt", ["一句话。"])
    ['too_short']

Each module holds its thresholds as data, says where they were read, what of the original is left
out, and judges one text.  Language identification is left out of all of them: the documents here
are Chinese.  Refuses: a name it does not know (`KeyError`).
"""

from collections.abc import Sequence

from scripts.ablate.rulesets import chinese_c4, data_juicer, evalweb, fineweb2, hplt, map_cc
from scripts.ablate.rulesets.base import Judged, RuleSet

#: Every rule set by its name, in the order of the tables.
RULESETS: dict[str, RuleSet] = {
    one.name: one
    for one in (
        fineweb2.RULES,
        map_cc.RULES,
        map_cc.AS_RUN,
        evalweb.RULES,
        chinese_c4.RULES,
        hplt.RULES,
        data_juicer.RULES,
    )
}


def judged(name: str, texts: Sequence[str], words: Sequence[str] = ()) -> list[Judged]:
    """What a rule set says of each text: the rule that drops it, and the text it would write.

    `words` is the list of bad words for the rule sets that count them; none are counted without.
    """
    judge = RULESETS[name].judge
    return [judge(text, words) for text in texts]


def verdicts(name: str, texts: Sequence[str], words: Sequence[str] = ()) -> list[str | None]:
    """The rule that drops each text, or None where it is kept."""
    return [one.rule for one in judged(name, texts, words)]
