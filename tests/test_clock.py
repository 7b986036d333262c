"""The clock of the speed tests: what is linear passes, what is not fails."""

import pytest
from clock import linear


def spin(steps: int) -> None:
    total = 0
    for step in range(steps):
        total += step


def test_linear_work_passes():
    """Twice the steps cost twice the time, and that is allowed."""
    linear(spin, lambda n: n, 1_000_000, most=5)


def test_work_beyond_linear_fails():
    """Eight times the time at twice the size is noticed, on a busy machine too."""
    with pytest.raises(AssertionError, match="at 200"):
        linear(spin, lambda n: n**3, 100, most=5)


def test_slow_work_fails():
    """More than the bound at the first size is noticed."""
    with pytest.raises(AssertionError, match="CPU"):
        linear(spin, lambda n: n, 200_000, most=0.001)
