"""Record what other libraries make of simulated votes, for tests to compare with.

    python -m venv peers
    peers/bin/pip install crowd-kit==1.4.2 'scikit-learn<1.6' statsmodels krippendorff==0.9.0
    peers/bin/python scripts/annotation_peers.py > tests/cases/annotation_peers.json

Enters: nothing.  Leaves: on standard output, for each shape of votes, the votes and the figures of
crowd-kit (majority, Wawa, Dawid and Skene with and without known answers, after 1, 5 and at most
100 rounds), krippendorff (nominal, ordinal, interval), statsmodels (Fleiss), scikit-learn (Cohen).
These libraries are not needed by the project: crowd-kit installs transformers, and krippendorff is
under the GPL.  Tied tasks are left out, save in one shape: crowd-kit lets the order in which pandas
counts labels decide a tie.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections import Counter
from importlib.metadata import version
from itertools import combinations

import krippendorff
import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene, MajorityVote, Wawa
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

#: Name → tasks, people, votes a task, labels, least and highest skill, shares of labels.
SHAPES = {
    "two": (40, 6, 3, 2, (0.6, 0.95), None),
    "five": (40, 10, 5, 5, (0.4, 0.9), None),
    "skewed": (60, 8, 3, 3, (0.7, 0.95), (0.9, 0.07, 0.03)),
    "many": (30, 12, 4, 12, (0.5, 0.9), None),
    "careless": (40, 5, 5, 3, (0.34, 0.9), None),
    "tied": (30, 20, 2, 4, (0.5, 0.9), None),
}
ROUNDS = (1, 5, 100)


def rows(name: str, seed: int) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
    """Votes (task, person, label) of a shape, and the known label of each tenth task."""
    tasks, people, each, labels, skill, prior = SHAPES[name]
    rng = np.random.default_rng(seed)
    skills, truth = rng.uniform(*skill, people), rng.choice(labels, tasks, p=prior)
    found = [
        (
            f"t{t:02}",
            f"p{p:02}",
            f"l{truth[t] if rng.random() < skills[p] else rng.integers(labels):02}",
        )
        for t in range(tasks)
        for p in rng.choice(people, each, replace=False)
    ]
    counts: dict[str, Counter[str]] = {}
    for task, _, label in found:
        counts.setdefault(task, Counter())[label] += 1
    most = {task: [n for _, n in count.most_common(2)] for task, count in counts.items()}
    tied = {task for task, top in most.items() if len(top) > 1 and top[0] == top[1]}
    if name != "tied":
        found = [row for row in found if row[0] not in tied]
    left = {task for task, _, _ in found}
    known = {f"t{t:02}": f"l{truth[t]:02}" for t in range(0, tasks, 10)}
    said = {label for _, _, label in found}
    return found, {t: label for t, label in known.items() if t in left and label in said}


def aggregated(votes: list[tuple[str, str, str]], known: dict[str, str]) -> dict[str, object]:
    """What crowd-kit makes of votes: probabilities by task and label, both in sorted order."""
    frame = pd.DataFrame(votes, columns=["task", "worker", "label"])

    def told(fitted: object) -> list[list[float]]:
        return [
            [round(value, 10) for value in row]
            for row in fitted.sort_index().sort_index(axis=1).to_numpy().tolist()
        ]

    wawa = Wawa()
    out: dict[str, object] = {
        "majority": told(MajorityVote().fit_predict_proba(frame)),
        "wawa": told(wawa.fit_predict_proba(frame)),
        "skills": [round(skill, 10) for skill in wawa.skills_.sort_index().tolist()],
    }
    for rounds in ROUNDS:
        for name, truth in (("free", None), ("known", pd.Series(known))):
            fit = DawidSkene(rounds)
            chances = told(fit.fit_predict_proba(frame, truth))
            out[f"{name} {rounds}"] = {"chances": chances, "rounds": len(fit.loss_history_)}
    return out


def agreed(votes: list[tuple[str, str, str]]) -> dict[str, object]:
    """What krippendorff, statsmodels and scikit-learn make of the same votes."""
    tasks, people, labels = (sorted(set(column)) for column in zip(*votes, strict=True))
    counts = np.zeros((len(tasks), len(labels)), int)
    said: dict[str, dict[str, str]] = {}
    for task, person, label in votes:
        counts[tasks.index(task), labels.index(label)] += 1
        said.setdefault(person, {})[task] = label
    levels = ("nominal", "ordinal", "interval")
    pairs = {}
    for one, other in combinations(people, 2):
        both = sorted(said[one].keys() & said[other].keys())
        if len(both) >= 5:
            columns = ([said[person][task] for task in both] for person in (one, other))
            kappa = float(cohen_kappa_score(*columns))
            pairs[f"{one} {other}"] = None if np.isnan(kappa) else round(kappa, 10)
    return {
        "alpha": [
            round(float(krippendorff.alpha(value_counts=counts, level_of_measurement=level)), 10)
            for level in levels
        ],
        "fleiss": round(float(fleiss_kappa(counts)), 10),
        "cohen": pairs,
    }


def main() -> None:
    """Print the record."""
    warnings.simplefilter("ignore")
    names = ("crowd-kit", "krippendorff", "statsmodels", "scikit-learn", "pandas", "numpy")
    record: dict[str, object] = {"versions": {name: version(name) for name in names}}
    for seed, name in enumerate(SHAPES):
        votes, known = rows(name, seed)
        record[name] = {"votes": votes, "known": known, **aggregated(votes, known), **agreed(votes)}
    sys.stdout.write(json.dumps(record, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
