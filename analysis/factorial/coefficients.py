"""Coefficients of contrasts of ordered levels: pairs, differences from a control or a neighbour, trends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.weighting import no_estimate

Array = npt.NDArray[np.float64]
#: ``pairwise``: later level minus earlier. ``control``: each level minus the control. ``consecutive``: each
#: level minus the one before. ``polynomial``: linear, quadratic and further trends over the levels in order.
Contrast = Literal["pairwise", "control", "consecutive", "polynomial"]

CONTRASTS: tuple[Contrast, ...] = ("pairwise", "control", "consecutive", "polynomial")
DEGREES = ("linear", "quadratic", "cubic", "quartic", "degree 5", "degree 6")


@no_estimate("arithmetic")
def contrast_coefficients(contrast: Contrast, names: Sequence[str], *, control: int = 0) -> dict[str, Array]:
    """Contrasts by name, each with one coefficient a level.

    Parameters
    ----------
    contrast : {"pairwise", "control", "consecutive", "polynomial"}
        As ``emmeans`` has them in ``revpairwise``, ``trt.vs.ctrl``, ``consec`` and ``poly``; polynomials go
        up to degree 6, over equal steps, in the smallest whole numbers.
    names : sequence of str, shape (n_levels,)
        In the order of the levels.
    control : int
        Place of the level that ``control`` compares with.

    Examples
    --------
    >>> for name, row in contrast_coefficients("polynomial", ["basic", "silver", "gold"]).items():
    ...     print(name, row.tolist())
    linear [-1.0, 0.0, 1.0]
    quadratic [1.0, -2.0, 1.0]
    """
    k, unit = len(names), np.eye(len(names))
    if contrast == "polynomial":
        return _trends(k)
    if contrast == "pairwise":
        pairs = [(b, a) for a, b in combinations(range(k), 2)]
    elif contrast == "consecutive":
        pairs = [(at, at - 1) for at in range(1, k)]
    else:
        pairs = [(at, control) for at in range(k) if at != control]
    return {f"{names[b]} - {names[a]}": np.asarray(unit[b] - unit[a]) for b, a in pairs}


def _trends(k: int) -> dict[str, Array]:
    """Orthogonal polynomials over 1 .. k in the smallest whole numbers, rising at the end."""
    steps = [Fraction(2 * at - k + 1) for at in range(k)]
    done: list[list[Fraction]] = [[Fraction(1)] * k]
    for _ in range(min(len(DEGREES), k - 1)):
        row = [before * step for before, step in zip(done[-1], steps, strict=True)]
        for other in done:
            share = _dot(row, other) / _dot(other, other)
            row = [a - share * b for a, b in zip(row, other, strict=True)]
        unit = Fraction(
            math.gcd(*(value.numerator for value in row)), math.lcm(*(value.denominator for value in row))
        )
        done.append([value / unit for value in row])
    return {name: np.array(row, dtype=float) for name, row in zip(DEGREES, done[1:], strict=False)}


def _dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))
