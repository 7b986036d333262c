"""The comparison as tables, a page and a picture.

Enters: the figures as the JSON file has them.  Leaves: Markdown and SVG.  Refuses: to leave out
where others are better, and colours that vanish on a dark page.
"""

from collections.abc import Callable, Sequence
from html import escape
from statistics import fmean

from scripts.ablate import summary
from scripts.ablate.summary import Figures
from scripts.race.report import STYLE

INTRODUCTION = """\
# Measured: our output beside published rule sets

Written by `make ablate`; do not edit.  The figures are also in [ablate.json](ablate.json).

`python -m scripts.ablate DATA --json F --markdown F` judges the same documents by our stages with
their defaults and by {rivals} rule sets of others, written anew from their code and configs
(`scripts/ablate/rulesets/`).  Our stages are {chain}.
No large language model takes part; this run took {minutes:.1f} minutes.

- **Documents** are of the halves on which no rule or model of ours was fitted
  (`corpus_pipeline/training/halves.py`; the bounds of `heuristics` were swept over both halves of
  the manuals and hold as they are for the other half alone): {documents:,} texts of {registers}
  good registers, and bad ones of {bad} kinds.
- **Good text dropped** and **bad text kept** are shares of documents, the mean over registers or
  kinds.  A text with a name put in counts as kept while the name is in it.
- **Output**: what each leaves of one raw mixture ([below](#the-mixture)); *good kept* is the
  share of the good characters of the mixture, *bad inside* that of bad characters in the output.
- **Bits a character** of a Kneser–Ney model of character 5-grams, learnt from {amount:,}
  characters of each output ({seeds} samples; ± is half their spread), on texts of {tested} good
  registers that were held out; the mean over registers.  *All of it* learns from the whole output
  instead, so that throwing away costs.
- **Junk**: of 1,000 tokens with three Han and more in a byte-pair vocabulary of {vocabulary:,}
  learnt from the same samples, those that hold a word of `spam_words.yaml`.
- **Floors** for our own figures stand in `scripts/ablate/floors.yaml`; below one the command ends
  with exit code 1 (`python -m scripts.eval.floors --file scripts/ablate/floors.yaml --set …`).
- *Nothing dropped* and *by label* are the two ends: the raw mixture, and what a filter that knew
  all labels would leave.
"""

HEAD = (
    "",
    "good text dropped",
    "worst register",
    "web spam kept",
    "messages kept",
    "names put in, kept",
    "lists, tables kept",
    "output, characters",
    "good kept",
    "bad inside",
    "bits a character",
    "all of it",
    "junk",
)

LIMITS = """\
## Limits

- The rule sets are written anew from code that was read, with jieba's words where they use them;
  what is left out of each stands in the table above.  FineWeb2's agrees with datatrove on all of
  1,500 texts.  Dedup, language identification and lists of hosts are left out of all, ours too.
- Most published rules were made for pages of a crawl: that they drop short texts (messages,
  abstracts, verse) is by intent, and it is also why they keep no short spam.
- The home pages lost their digits, letters and marks before they came to us, so that every rule on
  punctuation drops them: they prove nothing about home pages as they are.
- The names put into articles are invented by a program (`parasites.py`, on which no stage was
  developed); real ones come in more shapes.
- Our `quality` is not the judge: the model of the bits shares nothing with it.
- Halves of one source are alike.  Figures on other authors' text are lower for everybody.
"""


def percent(value: float) -> str:
    """A share, to a tenth where it is small."""
    return f"{value:.1%}" if value < 0.1 else f"{value:.0%}"


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def overview(figures: Figures) -> str:
    """A row for each rule set."""
    return grid(HEAD, [row(figures, name) for name in figures["sets"]])


def row(figures: Figures, name: str) -> list[str]:
    """The figures of one rule set."""
    lost, size = summary.lost(figures, name), figures["sets"][name]["output"]
    worst = max(lost, key=lambda kind: lost[kind])
    seeds, junk = summary.bits_of_seeds(figures, name), summary.junk(figures, name)
    title = figures["about"][name]["title"]
    return [
        f"**{title}**" if name == "ours" else title,
        percent(fmean(lost.values())),
        f"{percent(lost[worst])} {worst}" if lost[worst] else "–",
        *(percent(summary.left(figures, name, one)) for one in summary.BAD),
        f"{size['characters']:,}",
        percent(size["good_kept"]),
        percent(size["bad_inside"]),
        f"{fmean(seeds):.3f} ± {(max(seeds) - min(seeds)) / 2:.3f}",
        f"{summary.bits_of_whole(figures, name):.3f}",
        "–" if junk is None else f"{junk:.1f}",
    ]


def by_kind(figures: Figures, kinds: Sequence[str], value: Callable[[str, str], str]) -> str:
    """A row a kind, a column a rule set."""
    names = [name for name in figures["sets"] if name not in {"raw", "labels"}]
    rows = []
    for kind in kinds:
        number = f"{figures['kinds'][kind]['documents']:,}"
        rows.append([kind, number, *(value(name, kind) for name in names)])
    return grid(["", "texts", *(figures["about"][name]["title"] for name in names)], rows)


def dropped(figures: Figures) -> str:
    """Good text dropped, by register."""
    return by_kind(
        figures,
        summary.kinds_of(figures, *summary.GOOD),
        lambda name, kind: percent(1 - summary.kept(figures, name, kind)),
    )


def kept(figures: Figures) -> str:
    """Bad text kept, by kind."""
    kinds = [kind for one in summary.BAD for kind in summary.kinds_of(figures, one)]
    return by_kind(figures, kinds, lambda name, kind: percent(summary.kept(figures, name, kind)))


def learnt(figures: Figures) -> str:
    """Bits a character, by register."""
    values = {name: summary.bits(figures, name) for name in figures["sets"]}
    kinds = list(values["ours"])
    return by_kind(figures, kinds, lambda name, kind: f"{values[name][kind]:.2f}")


def defeats(figures: Figures) -> str:
    """Where a rule set of others is better."""
    parts = []
    for measure, said in summary.defeats(figures).items():
        if said:
            parts.append(f"**{measure}** (ours first, then the best of the others):\n")
            parts.append("\n".join(f"- {one}" for one in said) + "\n")
    return "\n".join(parts) or "Nowhere in this run."


def causes(figures: Figures) -> str:
    """The rules that drop good text most, by rule set."""
    rows = []
    for name, figures_of in figures["sets"].items():
        total: dict[str, int] = {}
        for kind in summary.kinds_of(figures, *summary.GOOD):
            for rule, count in figures_of["kinds"][kind]["rules"].items():
                total[rule] = total.get(rule, 0) + count
        ranked = sorted(total.items(), key=lambda one: (-one[1], one[0]))[:4]
        if ranked and name != "labels":
            said = ", ".join(f"`{rule}` {count:,}" for rule, count in ranked)
            rows.append([figures["about"][name]["title"], said])
    return grid(["", "rules that drop good texts, and how many"], rows)


def mixture(figures: Figures) -> str:
    """What the raw mixture is made of."""
    whole = sum(one["characters"] for one in figures["mixture"].values())
    rows = []
    for name, one in figures["mixture"].items():
        numbers = f"{one['documents']:,}", f"{one['characters']:,}"
        rows.append([name, *numbers, percent(one["characters"] / whole)])
    return grid(["stratum", "documents", "characters", "share"], rows)


def elsewhere(figures: Figures) -> str:
    """Bits a character from the other mixtures."""
    head, rows = [""], [[figures["about"][name]["title"]] for name in figures["sets"]]
    for mixed, strata in figures["other_mixtures"].items():
        whole = sum(one["characters"] for one in strata.values())
        bad = sum(strata[name]["characters"] for name in summary.BAD if name in strata)
        head += [f"{mixed}, {percent(bad / whole)} bad: equal amounts", "all of it"]
        for cells, name in zip(rows, figures["sets"], strict=True):
            cells += [f"{value:.3f}" for value in summary.bits_elsewhere(figures, mixed, name)]
    return grid(head, rows)


def sources(figures: Figures) -> str:
    """Where each rule set was read, and what is left out of it."""
    about = [figures["about"][name] for name in summary.rivals(figures)]
    rows = [[one["title"], one["source"], one["left_out"]] for one in about]
    return grid(["rule set", "read in", "left out"], rows)


def page(figures: Figures) -> str:
    """The page of documentation."""
    good = summary.kinds_of(figures, *summary.GOOD)
    bad = summary.kinds_of(figures, *summary.BAD)
    runs = figures["models"]["sets"]["ours"]["equal"]
    introduction = INTRODUCTION.format(
        chain=figures["about"]["ours"]["source"],
        rivals=len(summary.rivals(figures)),
        minutes=figures["wall_s"] / 60,
        documents=sum(figures["kinds"][kind]["documents"] for kind in good),
        registers=len(good),
        bad=len(bad),
        amount=figures["models"]["characters"],
        seeds=len(runs),
        tested=len(runs[0]),
        vocabulary=figures["vocabularies"].get("size", 0),
    )
    parts = [introduction, overview(figures), "![The same as a picture](ablate.svg)"]
    if failed := figures["vocabularies"].get("failed"):
        parts.append(f"**Vocabularies were not measured: {failed}.**")
    parts += ["## Where we do not win", defeats(figures)]
    parts += ["## Good text dropped, by register", dropped(figures), causes(figures)]
    parts += ["## Bad text kept, by kind", kept(figures)]
    title = "## Bits a character, by register, equal amounts"
    parts += [title, f"{summary.lead(figures)}  {COVERAGE}", learnt(figures)]
    parts += ["## The mixture", MIXED.format(words=figures["bad_words"]), mixture(figures)]
    parts += [OTHERS, elsewhere(figures)]
    parts += ["## The rule sets", sources(figures), LIMITS]
    return "\n\n".join(part.strip() for part in parts) + "\n"


COVERAGE = """\
An output that leaves a register out has more room for the others: that is where others are better,
and why the mean over registers counts.  The articles with a name put in are news: whoever keeps
them learns news from them."""
MIXED = """\
Prose of the web and manuals (statutes, documentation, classics, encyclopaedias) are the good
strata; plain texts are short or made by a machine, and count on neither side; pages are real ones
with all that is visible on them.  Chinese C4 counts the {words} words of the list that C4 names."""

OTHERS = """\
Nobody knows the shares of a crawl before it is cleaned.  Bits a character, the mean over
registers, from two other mixtures; a column is comparable with itself only.  More text teaches an
n-gram model more, bad as it is: that is why the raw mixture is hard to beat as a whole."""

# --- the picture ---------------------------------------------------------------------------------

WIDTH, HEIGHT, LETTER = 1000, 520, 7.2
#: Left, upper, right and lower edge.
Box = tuple[float, float, float, float]
#: The strata of the upright axis.
SPAM = ("spam", "messages", "injected")
#: The plane of good text dropped against bad text kept, and the bars beside it.
LEFT, TOP, SIDE = 70, 100, 360
BARS, BAR, STEP = 640, 190, 40


def picture(figures: Figures) -> str:
    """Good text dropped against spam kept, and the bits that the outputs teach."""
    said = (
        "good text dropped →; web spam, messages, names put in that are kept ↑; lower left is best"
    )
    inside = [
        text(24, 34, "The same Chinese documents through every rule set", "title"),
        text(24, 54, said, "small"),
        *plane(figures),
        *bars(figures),
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    title = "<title>Good text dropped, spam kept and bits a character by rule set</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", *inside, "</svg>"]) + "\n"


def plane(figures: Figures) -> list[str]:
    """A dot for each rule set."""
    marks = []
    for tenth in range(0, 11, 2):
        x, y = LEFT + SIDE * tenth / 10, TOP + SIDE * (10 - tenth) / 10
        marks += [line(x, TOP, x, TOP + SIDE), line(LEFT, y, LEFT + SIDE, y)]
        marks.append(text(x, TOP + SIDE + 18, f"{10 * tenth} %", "small", "middle"))
        marks.append(text(LEFT - 8, y + 4, f"{10 * tenth} %", "small", "end"))
    names = ("ours", *summary.rivals(figures))
    dots = [dot(figures, name) for name in names]
    taken: list[Box] = [(x - 7, y - 7, x + 7, y + 7) for x, y in dots]
    for name, (x, y) in zip(names, dots, strict=True):
        kind = "ours" if name == "ours" else "peer"
        marks.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="6"/>')
        title = figures["about"][name]["title"]
        box = label(x, y, title, taken)
        taken.append(box)
        middle = (box[1] + box[3]) / 2
        if abs(middle - y) > 20:
            marks.append(line(x, y, box[0] - 3 if box[0] > x else box[2] + 3, middle))
        marks.append(text(box[0], box[3] - 4, title))
    return marks


def dot(figures: Figures, name: str) -> tuple[float, float]:
    """The place of a rule set in the plane."""
    bad = fmean(summary.left(figures, name, stratum) for stratum in SPAM)
    return LEFT + SIDE * summary.mean_lost(figures, name), TOP + SIDE * (1 - bad)


def label(x: float, y: float, title: str, taken: Sequence[Box]) -> Box:
    """The nearest free place for a title beside its dot."""
    width = LETTER * len(title)
    boxes = [
        (start, y + shift - 9, start + width, y + shift + 8)
        for shift in (0, 15, -15, 30, -30, 45, -45, 60, -60)
        for start in (x + 11, x - 11 - width)
    ]
    boxes = [box for box in boxes if box[0] >= LEFT]
    return next((box for box in boxes if not any(meet(box, one) for one in taken)), boxes[0])


def meet(one: Box, other: Box) -> bool:
    """Whether two boxes overlap."""
    across = one[0] < other[2] and other[0] < one[2]
    return across and one[1] < other[3] and other[1] < one[3]


def bars(figures: Figures) -> list[str]:
    """The bits that are saved against the raw mixture, from equal amounts."""
    raw = fmean(summary.bits_of_seeds(figures, "raw"))
    names = ["labels", "ours", *summary.rivals(figures)]
    saved = {name: raw - fmean(summary.bits_of_seeds(figures, name)) for name in names}
    scale = BAR / 2 / max(0.001, *map(abs, saved.values()))
    said = "bits a character saved against the raw mixture, equal amounts"
    marks = [text(BARS - 110, TOP - 20, said, "small")]
    zero = BARS + BAR / 2 + 60
    for number, name in enumerate(sorted(names, key=lambda name: -saved[name])):
        y, length = TOP + STEP * number, saved[name] * scale
        kind = "ours" if name == "ours" else "peer"
        marks.append(text(BARS - 110, y + 15, figures["about"][name]["title"]))
        start, size = min(zero, zero + length), abs(length)
        marks.append(
            f'<rect class="{kind}" x="{start:.1f}" y="{y}" width="{size:.1f}" height="20" rx="3"/>'
        )
        end, anchor = (zero + length + 6, "start") if length >= 0 else (zero + length - 6, "end")
        marks.append(text(end, y + 15, f"{saved[name]:+.3f}", "small", anchor))
    bottom = TOP + STEP * len(names)
    return [*marks, line(zero, TOP - 8, zero, bottom)]


def line(x1: float, y1: float, x2: float, y2: float) -> str:
    """A thin line."""
    return f'<line class="line" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def text(x: float, y: float, said: str, style: str = "", anchor: str = "start") -> str:
    """A line of text."""
    kind = f' class="{style}"' if style else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>'
