"""What a sample says about the whole: bounds of a share.

Enters: how many of how many were bad.  Leaves: the highest and the lowest share of the whole that
this is still compatible with.
"""

from __future__ import annotations

import math

#: Each bound is exceeded by one whole in twenty that gives such a sample.
CONFIDENCE = 0.95
#: The distance of both ends of a 95 % interval from its middle, in standard deviations.
Z = 1.959963984540054


def upper_bound(bad: int, sampled: int, confidence: float = CONFIDENCE) -> float:
    """The exact (Clopper-Pearson) upper bound of a share, one-sided; 1.0 where nothing was sampled.

    Nothing bad in 100 bounds the share at three in a hundred: the rule of three.

    >>> round(upper_bound(0, 100), 4), round(upper_bound(160, 4000), 4), upper_bound(7, 7)
    (0.0295, 0.0455, 1.0)
    """
    if bad >= sampled:
        return 1.0
    low, high = bad / sampled, 1.0
    # Forty halvings are more places than a float shows.
    for _ in range(40):
        middle = (low + high) / 2
        if _at_most(bad, sampled, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def lower_bound(bad: int, sampled: int, confidence: float = CONFIDENCE) -> float:
    """The exact lower bound of a share, one-sided; 0.0 where nothing was sampled.

    >>> round(lower_bound(74, 600), 4), lower_bound(0, 100), round(lower_bound(3, 3), 4)
    (0.1018, 0.0, 0.3684)
    """
    return 1.0 - upper_bound(sampled - bad, sampled, confidence)


def wilson(right: int, total: int, z: float = Z) -> tuple[float, float]:
    """Wilson's interval of a share; all of it where nothing was looked at.

    >>> [round(bound, 3) for bound in wilson(90, 100)], wilson(0, 0)
    ([0.826, 0.945], (0.0, 1.0))
    """
    if not total:
        return 0.0, 1.0
    share, square = right / total, z * z / total
    middle = (share + square / 2) / (1 + square)
    reach = z / (1 + square) * math.sqrt(share * (1 - share) / total + square / (4 * total))
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def _at_most(bad: int, sampled: int, share: float) -> float:
    """The probability that a sample holds no more than `bad`, where the whole has more than that.

    Each term is smaller than the one after it, so a corpus of a billion needs some thousands.
    """
    log = (
        math.lgamma(sampled + 1)
        - math.lgamma(bad + 1)
        - math.lgamma(sampled - bad + 1)
        + bad * math.log(share)
        + (sampled - bad) * math.log1p(-share)
    )
    term, total, odds = math.exp(log), 0.0, (1 - share) / share
    for k in range(bad, -1, -1):
        total += term
        term *= k / (sampled - k + 1) * odds
        if term <= total * 1e-17:
            break
    return total
