"""The clock of the speed tests: what is linear passes, what is not fails."""

import pytest
from clock import linear


def spin(steps: int) -> None:
    total = 0
    for step in range(steps):
        total += step


def test_linear_work_passes():
    """Four times the steps cost four times the time, and that is allowed."""
    linear(spin, lambda n: n, 1_000_000, most=5)


def test_work_beyond_linear_fails():
    """Four times the time at twice the size is noticed, on a busy machine too."""
    with pytest.raises(AssertionError, match="at 1600"):
        linear(spin, lambda n: n**2, 800, most=5)


def test_slow_work_fails():
    """More than the bound at the first size is noticed."""
    with pytest.raises(AssertionError, match="CPU"):
        linear(spin, lambda n: n, 200_000, most=0.001)


def test_what_is_kept_of_an_argument_is_no_growth():
    """Work that answers at once what it has seen, unless it is large, is linear all the same."""
    seen: set[int] = set()

    def kept(steps: int) -> None:
        if steps not in seen:
            spin(steps)
        if steps < 1_500_000:
            seen.add(steps)

    linear(kept, lambda n: n, 1_000_000, most=5)
