"""Joint tests of several estimates under a design."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import chdtrc, fdtrc

from analysis.design.design import Array
from analysis.design.spread import Spread
from analysis.results import Entry, Tabular
from analysis.weighting import no_estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignTest(Tabular):
    """A test whose reference distribution takes the design into account."""

    measure: str
    method: str
    about: Mapping[str, str] = field(default_factory=dict)
    n: int
    statistic: float | None = None
    df: tuple[float, ...] = ()
    p_value: float | None = None
    more: Mapping[str, float] = field(default_factory=dict)
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        return (
            Entry(
                measure=self.measure,
                method=self.method,
                about=self.about,
                n=self.n,
                statistic=self.statistic,
                df=self.df,
                p_value=self.p_value,
                more=self.more,
                state=self.state,
                reason=self.reason,
            ),
        )


@no_estimate("arithmetic")
def f_test(
    estimate: Array,
    covariance: Array,
    df: float,
    *,
    measure: str,
    method: str,
    about: Mapping[str, str],
    n: int,
    spread: Spread | None = None,
) -> DesignTest:
    """Whether all of several estimates are zero: ``e' V^-1 e / q`` against F on ``q`` and ``df``.

    Where the design has too few clusters for so many estimates, ``state`` is ``too_few``. With the ``spread``
    of the units behind the covariance, Hotelling's statistic on the degrees of freedom ``h`` that the
    covariance leaves (:meth:`analysis.design.spread.Spread.joint_df`): ``(h - q + 1) / (h q) e' V^-1 e``
    against F on ``q`` and ``h - q + 1``, or ``df`` where that is less.

    >>> test = f_test(np.array([2.0, 1.0]), np.diag([1.0, 1.0]), 10.0, measure="wald", method="F",
    ...               about={}, n=20)
    >>> test.statistic, test.df, round(test.p_value, 4)
    (2.5, (2.0, 10.0), 0.1317)
    """
    q = len(estimate)
    blank = DesignTest(measure=measure, method=method, about=about, n=n)
    if df < 1:
        reason = f"{df:g} degrees of freedom: too few clusters for {q} estimates"
        return replace(blank, state="too_few", reason=reason)
    variances = np.diag(covariance)
    if not (variances > 0).all():
        return replace(blank, state="constant", reason="an estimate has no variance under this design")
    root = np.sqrt(variances)
    scaled = covariance / np.outer(root, root)
    if q == 0 or np.linalg.eigvalsh(scaled)[0] < 1e-10:
        reason = f"the {q} estimates do not vary independently of each other"
        return replace(blank, state="inadmissible", reason=reason)
    z = estimate / root
    statistic = float(z @ np.linalg.solve(scaled, z)) / q
    if spread is not None and q:
        known = spread.joint_df(np.eye(q))
        left = known - q + 1
        if left < 1:
            reason = f"the covariance of {q} estimates is known no better than from {known:.1f} units"
            return replace(blank, state="too_few", reason=reason)
        statistic, df = statistic * left / known, min(df, left)
    p = float(fdtrc(q, df, statistic)) if math.isfinite(df) else float(chdtrc(q, q * statistic))
    return replace(blank, statistic=statistic, df=(float(q), df), p_value=p)
