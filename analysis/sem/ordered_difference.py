"""Whether a restriction costs fit: the scaled difference test of two nested models of ordered items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import null_space

from analysis.results import Entry, Tabular
from analysis.sem.errors import ModelError
from analysis.sem.ordered import METHOD, OrderedFit
from analysis.sem.ordered_estimates import blocks_of
from analysis.sem.ordered_tests import OrderedTest, ordered_test
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.ordered.fit_ordered")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedDifference(Tabular):
    """Test of the restrictions that one model adds to another."""

    test: OrderedTest | None  #: None unless ``state`` is ok
    n: float
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """One entry."""
        test = self.test
        return (
            Entry(
                measure="chi_square_difference",
                method=f"{METHOD}, scaled difference test (Satorra, 2000)",
                n=round(self.n),
                estimate=None if test is None else test.scaled,
                statistic=None if test is None else test.scaled,
                df=() if test is None else (test.scaled_df,),
                p_value=None if test is None else test.p_value,
                more={} if test is None else {"unscaled": test.statistic},
                state=self.state,
                reason=self.reason,
            ),
        )


def ordered_difference(restricted: OrderedFit, free: OrderedFit) -> OrderedDifference:
    """Scaled and shifted difference of the statistics of nested models [1]_, [2]_, as ``lavTestLRT`` has it.

    The slopes of the moments by the parameters of the free model, D1, and of the restricted model, D0, tell
    in which directions H of the free parameters the restricted model may move, ``H = (D1'D1)^-1 D1'D0``; A
    spans what is orthogonal to H. With ``E = D1'W D1``, ``U Gamma`` of the difference is
    ``W D1 E^-1 A' (A E^-1 A')^-1 A E^-1 D1'W Gamma``: its traces scale the difference as those of a model
    scale its statistic.

    Parameters
    ----------
    restricted, free : OrderedFit
        Of the same moments; every restriction of ``free`` must hold in ``restricted``.

    Returns
    -------
    OrderedDifference
        ``state`` is that of the model that cannot be relied on, if one cannot; ``inadmissible`` when the
        difference is negative or no restriction was added.

    References
    ----------
    .. [1] Satorra, A. (2000). Scaled and adjusted restricted tests in multi-sample analysis of moment
       structures. In Innovations in multivariate statistical analysis (pp. 233-247). Kluwer.
    .. [2] Asparouhov, T., & Muthén, B. (2006). Robust chi square difference testing with mean and variance
       adjusted test statistics. Mplus web notes 10.
    """
    if restricted.moments is not free.moments and not _same_data(restricted, free):
        raise ModelError("The two models are of different answers. Fit both to the same moments.")
    for fit in (restricted, free):
        if fit.quality is None:
            state = fit.problems[0].entry_state if fit.problems else "inadmissible"
            return OrderedDifference(test=None, n=fit.n, state=state, reason=fit.reason)
    df = restricted.df - free.df
    found = _traces(restricted, free)
    if restricted.quality is None or free.quality is None or found is None or df <= 0:
        reason = (
            "the first model adds no restriction to the second: exchange them, or check that they are nested"
        )
        return OrderedDifference(test=None, n=free.n, state="inadmissible", reason=reason)
    difference = restricted.quality.test.statistic - free.quality.test.statistic
    if difference < -1e-6:
        reason = f"the restricted model fits better by {-difference:.3g}: the models are not nested"
        return OrderedDifference(test=None, n=free.n, state="inadmissible", reason=reason)
    return OrderedDifference(test=ordered_test(difference, df, *found, "scaled-shifted"), n=free.n)


def _same_data(one: OrderedFit, other: OrderedFit) -> bool:
    a, b = one.moments, other.moments
    return (
        a.items == b.items
        and a.names == b.names
        and all(
            x.n == y.n and np.array_equal(x.values, y.values) for x, y in zip(a.groups, b.groups, strict=True)
        )
    )


def _traces(restricted: OrderedFit, free: OrderedFit) -> tuple[float, float] | None:
    """Traces of ``U Gamma`` of the difference and of its square."""
    if restricted.minimum is None or free.minimum is None:
        return None
    slopes, other = free.tangents(), restricted.tangents()
    directions = np.linalg.lstsq(slopes, other, rcond=None)[0]
    across = null_space(directions.T, rcond=1e-8).T
    if len(across) == 0:
        return None
    bread = np.zeros((slopes.shape[1], slopes.shape[1]))
    meat = np.zeros_like(bread)
    for part, weights, gamma in blocks_of(free.moments.groups, slopes, free.moments.tied):
        weighted = weights[:, None] * part
        bread += part.T @ weighted
        meat += weighted.T @ gamma @ weighted
    spread = np.linalg.solve(bread, across.T)
    product = np.linalg.solve(across @ spread, spread.T @ meat @ spread)
    return float(np.trace(product)), float((product * product.T).sum())
