"""What a sample says about the whole: bounds of a share.

Enters: how many of how many were bad.  Leaves: the highest share of the whole that this is still
compatible with.
"""

from __future__ import annotations

import math

#: Each bound is exceeded by one whole in twenty that gives such a sample.
CONFIDENCE = 0.95


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


def _at_most(bad: int, sampled: int, share: float) -> float:
    """The probability that a sample holds no more than `bad`, where the whole has this share."""
    if share <= 0.0:
        return 1.0
    logs = math.log(share), math.log1p(-share)
    terms = (
        math.lgamma(sampled + 1)
        - math.lgamma(k + 1)
        - math.lgamma(sampled - k + 1)
        + k * logs[0]
        + (sampled - k) * logs[1]
        for k in range(bad + 1)
    )
    return math.fsum(math.exp(term) for term in terms)


def wilson_upper(bad: int, total: int, z: float = 1.96) -> float:
    """The upper end of Wilson's 95 % interval for a share; 1.0 where nothing was counted.

    >>> round(wilson_upper(0, 59), 3), round(wilson_upper(160, 4000), 4)
    (0.061, 0.0465)
    """
    if not total:
        return 1.0
    share = bad / total
    middle = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return (middle + spread) / (1 + z * z / total)
