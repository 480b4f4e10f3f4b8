"""Which answers are missing together, and whether they are missing completely at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc

from analysis.counted_rows import Counts, checked_counts
from analysis.results import Entry, Tabular
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

#: ``maximum_likelihood``: divided by n. ``unbiased``: that times ``n / (n - 1)``.
Divisor = Literal["maximum_likelihood", "unbiased"]

SINGULAR = 1e-10  #: least eigenvalue of a correlation matrix that can be worked with
TOLERANCE = 1e-11  #: largest step, in standard deviations, at which the EM algorithm stops
STEPS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPattern:
    """Respondents who left the same items blank."""

    missing: tuple[str, ...]  #: items left blank; empty: all were answered
    n: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MissingPatterns(Tabular):
    """How often which items were left blank together, as ``mice::md.pattern``."""

    items: tuple[str, ...]
    patterns: tuple[MissingPattern, ...]  #: fewest blanks first, then the most frequent
    n: int
    n_missing: tuple[int, ...]  #: blanks of each item
    n_complete: int  #: respondents who answered all items: what listwise deletion keeps
    n_blank: int  #: respondents who answered none
    pairwise_n: (
        pd.DataFrame
    )  #: (n_items, n_items) respondents who answered both: what pairwise deletion keeps

    def entries(self) -> tuple[Entry, ...]:
        """The share of complete respondents, of blanks per item, and of every pattern."""
        method = "patterns of missing answers"
        if not self.n:
            reason = "there are no respondents"
            return (Entry(measure="complete_share", method=method, n=0, state="too_few", reason=reason),)
        whole = Entry(
            measure="complete_share",
            method=method,
            n=self.n,
            estimate=self.n_complete / self.n,
            more={"complete": self.n_complete, "blank": self.n_blank},
        )
        items = [
            Entry(
                measure="missing_share",
                method=method,
                about={"item": item},
                n=self.n,
                estimate=blanks / self.n,
                more={"missing": blanks},
            )
            for item, blanks in zip(self.items, self.n_missing, strict=True)
        ]
        patterns = [
            Entry(
                measure="pattern_share",
                method=method,
                about={"missing": ", ".join(pattern.missing)},
                n=self.n,
                estimate=pattern.n / self.n,
                more={"respondents": pattern.n, "missing": len(pattern.missing)},
            )
            for pattern in self.patterns
        ]
        return (whole, *items, *patterns)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NormalEstimates:
    """Mean and covariance of items with missing answers, by maximum likelihood."""

    items: tuple[str, ...]
    n: int  #: respondents who answered at least one item
    n_blank: int  #: respondents who answered none and say nothing
    mean: Array | None = None  #: (n_items,)
    covariance: Array | None = None  #: (n_items, n_items), dividing by n
    log_likelihood: float | None = None
    steps: int = 0
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class McarTest(Tabular):
    """Little's test of the hypothesis that answers are missing completely at random."""

    items: tuple[str, ...]
    covariance: Divisor
    n: int
    n_blank: int
    n_patterns: int
    statistic: float | None = None
    df: int | None = None
    p_value: float | None = None
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        divisor = "n" if self.covariance == "maximum_likelihood" else "n - 1"
        return (
            Entry(
                measure="missing_completely_at_random",
                method=f"Little's test, covariance by EM divided by {divisor}",
                about={"items": ", ".join(self.items)},
                n=self.n,
                statistic=self.statistic,
                df=() if self.df is None else (float(self.df),),
                p_value=self.p_value,
                more={"patterns": self.n_patterns, "blank": self.n_blank},
                state=self.state,
                reason=self.reason,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Group:
    """Respondents of one pattern, by all that a normal distribution asks of them."""

    observed: Mask
    n: float
    mean: Array  #: (n_observed,)
    cross: Array  #: (n_observed, n_observed) mean of the products of deviations from ``mean``


@refuses_weights(
    "it describes which answers of the sample at hand are missing, whomever they stand for", counts="sums"
)
def missing_patterns(items: pd.DataFrame, *, counts: Counts | None = None) -> MissingPatterns:
    """Count the respondents of every pattern of missing answers.

    It describes the sample at hand, so sampling weights have no place here.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Of any type; NaN or None for no answer.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.

    Examples
    --------
    >>> items = pd.DataFrame({"A": [1, 2, None, 4, None], "B": [1, 2, 3, None, None]})
    >>> found = missing_patterns(items)
    >>> [(pattern.missing, pattern.n) for pattern in found.patterns]
    [((), 2), (('A',), 1), (('B',), 1), (('A', 'B'), 1)]
    >>> found.n_complete, int(found.pairwise_n.loc["A", "B"])
    (2, 2)
    """
    names = _names(items)
    known: Mask = items.notna().to_numpy(dtype=bool)
    times = _times(counts, len(items))
    kinds, which = _kinds(known)
    sizes = np.bincount(which, weights=times, minlength=len(kinds))
    found = [
        MissingPattern(
            missing=tuple(name for name, there in zip(names, kind, strict=True) if not there), n=int(size)
        )
        for kind, size in zip(kinds, sizes, strict=True)
        if size > 0
    ]
    both = (known * times[:, None]).T @ known
    return MissingPatterns(
        items=names,
        patterns=tuple(sorted(found, key=lambda p: (len(p.missing), -p.n, p.missing))),
        n=int(times.sum()),
        n_missing=tuple(int(blanks) for blanks in times @ ~known),
        n_complete=int(times[known.all(axis=1)].sum()),
        n_blank=int(times[~known.any(axis=1)].sum()),
        pairwise_n=pd.DataFrame(both.astype(int), index=list(names), columns=list(names)),
    )


@refuses_weights(
    "maximum likelihood of a simple random sample",
    instead="analysis.sem.fit.fit with missing=fiml",
    counts="sums",
)
def normal_estimates(items: pd.DataFrame, *, counts: Counts | None = None) -> NormalEstimates:
    """Mean and covariance of items with missing answers by the EM algorithm [1]_.

    The maximum of the multivariate normal likelihood of what was answered: valid when answers are missing at
    random given the answers there are. The covariance divides by n. Respondents of a pattern enter through
    their mean and products, so a step costs the same for a thousand respondents as for a million. The
    algorithm stops when no mean and no covariance moves by 1e-11 of its standard deviations.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Numbers; NaN for no answer. Respondents who answered nothing are left out.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.

    Returns
    -------
    NormalEstimates
        ``state`` is ``too_few`` with fewer than 2 respondents or an item that fewer than 2 answered,
        ``constant`` when an item does not vary, ``empty_cell`` when nobody answered two of the items
        together, ``inadmissible`` when items determine each other, ``not_converged``.

    References
    ----------
    .. [1] Dempster, A. P., Laird, N. M., & Rubin, D. B. (1977). Maximum likelihood from incomplete data via
       the EM algorithm. Journal of the Royal Statistical Society B, 39, 1-38.

    Examples
    --------
    >>> items = pd.DataFrame({"A": [1, 2, 3, 4, 5.0], "B": [2, 1, 4, 3, None]})
    >>> found = normal_estimates(items)
    >>> [round(float(mean), 4) for mean in found.mean]  # of B: 2.5, and 0.6 for every step of A from 2.5
    [3.0, 2.8]
    """
    names = _names(items)
    y: Array = items.to_numpy(dtype=float)
    times = _times(counts, len(y))
    if np.isinf(y).any():
        raise ValueError("answers must be finite numbers, infinity was found; code it as missing")
    known: Mask = ~np.isnan(y)
    there = known.any(axis=1) & (times > 0)
    blank = int(times[~known.any(axis=1)].sum())
    y, known, times = y[there], known[there], times[there]
    shared: dict[str, Any] = {"items": names, "n": int(times.sum()), "n_blank": blank}
    trouble = _why_not(names, y, known, times)
    if trouble is not None:
        return NormalEstimates(**shared, state=trouble[0], reason=trouble[1])
    center = np.array([np.average(c[k], weights=times[k]) for c, k in zip(y.T, known.T, strict=True)])
    scale = np.array(
        [
            np.sqrt(np.average((c[k] - m) ** 2, weights=times[k]))
            for c, k, m in zip(y.T, known.T, center, strict=True)
        ]
    )
    groups = _groups((y - center) / scale, known, times)
    mean, covariance, steps, trouble = _em(groups, len(names))
    if trouble is not None:
        return NormalEstimates(**shared, steps=steps, state=trouble[0], reason=trouble[1])
    likelihood = sum(_log_likelihood(group, mean, covariance) for group in groups)
    # Each answer was divided by its scale: the density of the answers themselves is lower by it.
    likelihood -= float((times @ known) @ np.log(scale))
    return NormalEstimates(
        **shared,
        mean=center + scale * mean,
        covariance=covariance * np.outer(scale, scale),
        log_likelihood=likelihood,
        steps=steps,
    )


@refuses_weights(
    "it describes which answers of the sample at hand are missing, whomever they stand for", counts="sums"
)
def little_mcar_test(
    items: pd.DataFrame,
    *,
    covariance: Divisor = "maximum_likelihood",
    counts: Counts | None = None,
) -> McarTest:
    """Little's test that answers are missing completely at random [1]_.

    ``d2 = sum n_j (mean_j - mu_j)' S_j^-1 (mean_j - mu_j)`` over the patterns j of missing answers, with the
    means of the respondents of a pattern on the items they answered, and mean and covariance of all by
    :func:`normal_estimates`. Against chi-square on the number of items answered, summed over the patterns,
    less the number of items.

    A small p-value says that respondents with different blanks differ in their answers, so that listwise
    deletion may mislead. A large one is no proof of the opposite: the test has little power in small samples
    and cannot see blanks that depend on the missing answer itself. It supposes normal answers.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Numbers; NaN for no answer. Respondents who answered nothing are left out.
    covariance : {"maximum_likelihood", "unbiased"}
        The covariance divides by n, as in ``naniar``, or by n - 1, as in equation 5 of [1]_.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for. The theory knows no sampling weights: there is no such parameter.

    Returns
    -------
    McarTest
        ``state`` is ``constant`` when all respondents left the same items blank, or one of the states of
        :func:`normal_estimates`.

    References
    ----------
    .. [1] Little, R. J. A. (1988). A test of missing completely at random for multivariate data with missing
       values. Journal of the American Statistical Association, 83, 1198-1202.

    Examples
    --------
    >>> items = pd.DataFrame({"A": [1, 2, 3, 4, 5, 4.0], "B": [2, 1, 4, 3, None, None]})
    >>> test = little_mcar_test(items)
    >>> round(test.statistic, 4), test.df, round(test.p_value, 4)
    (2.9538, 1, 0.0857)
    """
    fit = normal_estimates(items, counts=counts)
    y: Array = items.to_numpy(dtype=float)
    times = _times(counts, len(y))
    known: Mask = ~np.isnan(y)
    there = known.any(axis=1) & (times > 0)
    groups = _groups(y[there], known[there], times[there]) if there.any() else []
    shared: dict[str, Any] = {
        "items": fit.items,
        "covariance": covariance,
        "n": fit.n,
        "n_blank": fit.n_blank,
        "n_patterns": len(groups),
    }
    if fit.mean is None or fit.covariance is None:
        return McarTest(**shared, state=fit.state, reason=fit.reason)
    df = sum(int(group.observed.sum()) for group in groups) - len(fit.items)
    if df < 1:
        reason = "all respondents left the same items blank, there are no patterns to compare"
        return McarTest(**shared, state="constant", reason=reason)
    sigma = fit.covariance * (fit.n / (fit.n - 1) if covariance == "unbiased" else 1.0)
    statistic = 0.0
    for group in groups:
        apart = group.mean - fit.mean[group.observed]
        own = sigma[np.ix_(group.observed, group.observed)]
        statistic += group.n * float(apart @ np.linalg.solve(own, apart))
    return McarTest(**shared, statistic=statistic, df=df, p_value=float(chdtrc(df, statistic)))


def _names(items: pd.DataFrame) -> tuple[str, ...]:
    names = tuple(str(name) for name in items.columns)
    if len(names) == 0 or len(set(names)) < len(names):
        raise ValueError(f"items need columns with different names, got {list(names)}")
    return names


def _times(counts: Counts | None, n: int) -> Array:
    if counts is None:
        return np.ones(n)
    return checked_counts(counts, n)


def _kinds(known: Mask) -> tuple[Mask, npt.NDArray[np.int64]]:
    """The distinct rows, and which of them each row is."""
    packed = np.packbits(known, axis=1)
    _, first, which = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    return known[first], which.reshape(-1)


def _groups(y: Array, known: Mask, times: Array) -> list[_Group]:
    kinds, which = _kinds(known)
    order = np.argsort(which, kind="stable")
    groups = []
    for kind, rows in zip(kinds, np.split(order, np.cumsum(np.bincount(which))[:-1]), strict=True):
        own, n = times[rows], times[rows].sum()
        answers = y[np.ix_(rows, np.flatnonzero(kind))]
        mean = own @ answers / n
        apart = answers - mean
        groups.append(
            _Group(observed=kind, n=float(n), mean=mean, cross=(apart * own[:, None]).T @ apart / n)
        )
    return groups


def _why_not(names: Sequence[str], y: Array, known: Mask, times: Array) -> tuple[str, str] | None:
    if times.sum() < 2:
        return "too_few", f"{times.sum():g} respondents answered at least one item; 2 are needed"
    answered = times @ known
    few = [name for name, n in zip(names, answered, strict=True) if n < 2]
    if few:
        return "too_few", f"fewer than 2 respondents answered {', '.join(few)}"
    flat = [name for name, c, k in zip(names, y.T, known.T, strict=True) if np.ptp(c[k]) == 0]
    if flat:
        return "constant", f"all answers are the same: {', '.join(flat)}"
    together = (known * times[:, None]).T @ known
    apart = np.argwhere(np.triu(together < 2, 1))
    if len(apart):
        pairs = "; ".join(f"{names[i]} and {names[j]}" for i, j in apart[:5])
        return (
            "empty_cell",
            f"fewer than 2 respondents answered both of {pairs}: nothing says how they go together",
        )
    return None


def _em(groups: Sequence[_Group], k: int) -> tuple[Array, Array, int, tuple[str, str] | None]:
    """Mean and covariance of standardised items; the reason why there are none."""
    mean, covariance = np.zeros(k), np.eye(k)
    n = sum(group.n for group in groups)
    singular = "inadmissible", "the items determine each other among those who answered: leave one out"
    for step in range(1, STEPS + 1):
        total, square = np.zeros(k), np.zeros((k, k))
        for group in groups:
            expected, spread = _expected(group, mean, covariance)
            total += group.n * expected
            square += group.n * (spread + np.outer(expected, expected))
        new_mean = total / n
        new_covariance = square / n - np.outer(new_mean, new_mean)
        moved = max(np.abs(new_mean - mean).max(), np.abs(new_covariance - covariance).max())
        mean, covariance = new_mean, (new_covariance + new_covariance.T) / 2
        if np.linalg.eigvalsh(covariance)[0] < SINGULAR:
            return mean, covariance, step, singular
        if moved < TOLERANCE:
            return mean, covariance, step, None
    return mean, covariance, STEPS, ("not_converged", f"the EM algorithm still moved after {STEPS} steps")


def _expected(group: _Group, mean: Array, covariance: Array) -> tuple[Array, Array]:
    """Expected mean and spread of all items in a pattern, given what its respondents answered."""
    o, m = group.observed, ~group.observed
    expected, spread = np.empty(len(mean)), np.empty_like(covariance)
    slopes = np.linalg.solve(covariance[np.ix_(o, o)], covariance[np.ix_(o, m)])  # (observed, missing)
    expected[o] = group.mean
    expected[m] = mean[m] + (group.mean - mean[o]) @ slopes
    spread[np.ix_(o, o)] = group.cross
    spread[np.ix_(o, m)] = group.cross @ slopes
    spread[np.ix_(m, o)] = spread[np.ix_(o, m)].T
    left = covariance[np.ix_(m, m)] - covariance[np.ix_(m, o)] @ slopes
    spread[np.ix_(m, m)] = left + slopes.T @ group.cross @ slopes
    return expected, spread


def _log_likelihood(group: _Group, mean: Array, covariance: Array) -> float:
    own = covariance[np.ix_(group.observed, group.observed)]
    apart = group.mean - mean[group.observed]
    _, log_determinant = np.linalg.slogdet(own)
    distance = float(np.trace(np.linalg.solve(own, group.cross + np.outer(apart, apart))))
    return -0.5 * group.n * (len(own) * float(np.log(2 * np.pi)) + float(log_determinant) + distance)
