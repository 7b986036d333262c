"""What the figures come to: one number a measure and rule set, and where we are not the best.

Enters: the figures as the JSON file has them.  Leaves: shares, bits and sentences.
"""

from collections.abc import Callable, Iterable
from statistics import fmean
from typing import Any

Figures = dict[str, Any]
#: Better by less than this is the same: shares, and bits a character.
SAME, SAME_BITS = 0.005, 0.005
GOOD, BAD = ("prose", "manuals"), ("spam", "messages", "injected", "junk")


def kinds_of(figures: Figures, *strata: str) -> list[str]:
    """The kinds of some strata."""
    return [kind for kind, about in figures["kinds"].items() if about["stratum"] in strata]


def kept(figures: Figures, name: str, kind: str) -> float:
    """The share of documents of a kind that a rule set keeps."""
    share: float = figures["sets"][name]["kinds"][kind]["kept"]
    return share


def lost(figures: Figures, name: str) -> dict[str, float]:
    """The share of documents dropped, by good register."""
    return {kind: 1 - kept(figures, name, kind) for kind in kinds_of(figures, *GOOD)}


def lost_characters(figures: Figures, name: str) -> float:
    """The mean over good registers of the characters dropped."""
    kinds = figures["sets"][name]["kinds"]
    return fmean(1 - kinds[kind]["kept_characters"] for kind in kinds_of(figures, *GOOD))


def left(figures: Figures, name: str, stratum: str) -> float:
    """The mean over the kinds of a bad stratum of the documents kept."""
    return fmean(kept(figures, name, kind) for kind in kinds_of(figures, stratum))


def bits(figures: Figures, name: str) -> dict[str, float]:
    """Bits a character from equal amounts, the mean of the seeds, by register."""
    runs = figures["models"]["sets"][name]["equal"]
    return {kind: fmean(run[kind] for run in runs) for kind in runs[0]}


def bits_of_seeds(figures: Figures, name: str) -> list[float]:
    """The mean over registers, for each seed."""
    return [fmean(run.values()) for run in figures["models"]["sets"][name]["equal"]]


def bits_of_whole(figures: Figures, name: str) -> float:
    """The mean over registers from the whole output."""
    return fmean(figures["models"]["sets"][name]["whole"].values())


def bits_elsewhere(figures: Figures, mixed: str, name: str) -> tuple[float, float]:
    """The same two from another mixture: equal amounts, and the whole output."""
    found = figures["others"][mixed]["sets"][name]
    equal = fmean(fmean(run.values()) for run in found["equal"])
    return equal, fmean(found["whole"].values())


def junk(figures: Figures, name: str) -> float | None:
    """Junk of 1,000 long tokens, the mean of the seeds."""
    runs = figures["vocabularies"].get("sets", {}).get(name)
    return runs and fmean(1000 * run["junk"] / max(run["long"], 1) for run in runs)


def metrics(figures: Figures) -> dict[str, float]:
    """Our own figures under the names of `floors.yaml`; the higher the better, unless `_lost`."""
    registers = lost(figures, "ours")
    mine = fmean(bits_of_seeds(figures, "ours"))
    best = min(fmean(bits_of_seeds(figures, name)) for name in rivals(figures))
    found = {
        "ablate.good_lost": fmean(registers.values()),
        "ablate.worst_register_lost": max(registers.values()),
        "ablate.bits_saved": fmean(bits_of_seeds(figures, "raw")) - mine,
        "ablate.bits_below_rivals": best - mine,
    }
    found |= {f"ablate.{one}_found": 1 - left(figures, "ours", one) for one in BAD}
    spoilt = junk(figures, "ours")
    if spoilt is not None:
        found["ablate.junk_tokens_lost"] = spoilt
    return found


def lead(figures: Figures) -> str:
    """In how many registers and samples our output teaches most, and by how much it does not."""
    modelled = {name: bits(figures, name) for name in ("ours", *rivals(figures))}
    behind = {
        kind: mine - min(modelled[name][kind] for name in rivals(figures))
        for kind, mine in modelled["ours"].items()
    }
    worse = [gap for gap in behind.values() if gap > 0]
    samples = zip(*(bits_of_seeds(figures, name) for name in modelled), strict=True)
    ahead = [sample[0] <= min(sample) for sample in samples]
    said = (
        f"Our output takes the fewest bits in {sum(ahead)} of {len(ahead)} samples, and in "
        f"{len(behind) - len(worse)} of {len(behind)} registers."
    )
    if worse:
        said += f"  Where another is better it is by up to {max(worse):.2f}."
    return said


def rivals(figures: Figures) -> list[str]:
    """The rule sets of others."""
    return [name for name in figures["sets"] if name not in {"raw", "ours", "labels"}]


def better(
    figures: Figures, measures: Iterable[str], value: Callable[[str, str], float], same: float
) -> dict[str, list[tuple[float, str]]]:
    """For each measure the rivals whose value is lower than ours, the lowest first."""
    result = {}
    for measure in measures:
        mine = value("ours", measure)
        found = [(value(name, measure), name) for name in rivals(figures)]
        if lower := sorted(one for one in found if one[0] < mine - same):
            result[measure] = lower
    return result


def mean_lost(figures: Figures, name: str) -> float:
    """The mean over good registers of the documents dropped."""
    return fmean(lost(figures, name).values())


def named(figures: Figures, pairs: list[tuple[float, str]], form: str) -> str:
    """The two best rivals with their values, and how many more there are."""
    about = figures["about"]
    shown = ", ".join(f"{about[name]['title']} {value:{form}}" for value, name in pairs[:2])
    return shown + (f" and {len(pairs) - 2} more" if len(pairs) > 2 else "")


def defeats(figures: Figures) -> dict[str, list[str]]:
    """A sentence for each figure in which a rival is better than we are, by measure."""
    registers = {name: lost(figures, name) for name in figures["sets"]}
    found = better(figures, registers["ours"], lambda name, kind: registers[name][kind], SAME)
    good = [
        f"`{kind}`: {registers['ours'][kind]:.1%}; {named(figures, pairs, '.1%')}"
        for kind, pairs in found.items()
    ]
    worse = kinds_of(figures, *BAD)
    found = better(figures, worse, lambda name, kind: kept(figures, name, kind), SAME)
    bad = [
        f"`{kind}`: {kept(figures, 'ours', kind):.1%}; {named(figures, pairs, '.1%')}"
        for kind, pairs in found.items()
    ]
    modelled = {name: bits(figures, name) for name in figures["sets"]}
    found = better(figures, modelled["ours"], lambda name, kind: modelled[name][kind], SAME_BITS)
    learnt = [
        f"`{kind}`: {modelled['ours'][kind]:.2f}; {named(figures, pairs, '.2f')}"
        for kind, pairs in found.items()
    ]
    spoilt = {name: junk(figures, name) or 0.0 for name in figures["sets"]}
    found = better(figures, ["all"], lambda name, _: spoilt[name], 0.0)
    words = [f"{spoilt['ours']:.1f}; {named(figures, found[one], '.1f')}" for one in found]
    return {
        "Good text dropped": good,
        "Bad text kept": bad,
        "Bits a character, equal amounts": learnt,
        "Junk of 1,000 long tokens": words,
    }
