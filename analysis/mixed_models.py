"""Regression of employees in branches: a random intercept for every branch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.optimize import brentq

from analysis.ordinal_tables import frequency_weights
from analysis.results import Entry, Interval, Tabular

Array = npt.NDArray[np.float64]
Criterion = Literal["reml", "ml"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedEffect:
    """One coefficient, the same in all branches."""

    name: str
    estimate: float
    std_error: float
    statistic: float
    df: float  #: Satterthwaite's
    p_value: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RandomIntercepts(Tabular):
    """Coefficients shared by all branches, and how much the branches differ.

    ``state`` is ``singular`` when the variance between branches is estimated as zero: the coefficients are
    then those of least squares, and the branches' differences are no more than chance gives. Others are
    ``too_few``, ``constant``, ``inadmissible``.
    """

    outcome: str
    predictors: tuple[str, ...]
    group: str
    criterion: Criterion
    n: int
    n_missing: int
    n_groups: int
    coefficients: tuple[FixedEffect, ...] = ()  #: intercept first
    between: float | None = None  #: variance of the intercepts
    within: float | None = None  #: variance of the residuals
    log_likelihood: float | None = None  #: restricted, with ``reml``
    icc: float | None = None  #: share of the residual variance that lies between branches
    icc_without_predictors: float | None = None
    r_squared_marginal: float | None = None  #: Nakagawa & Schielzeth: by the predictors
    r_squared_conditional: float | None = None  #: by predictors and branches
    statistic: float | None = None  #: likelihood ratio against no variance between branches
    p_value: float | None = None  #: from the even mixture of chi-square 0 and 1
    intercepts: tuple[tuple[str, float], ...] = ()  #: branch, its shrunken deviation
    state: str = "ok"
    reason: str = ""

    def coefficient(self, name: str) -> FixedEffect:
        """One fixed effect; ``KeyError`` if the model has none of that name."""
        for effect in self.coefficients:
            if effect.name == name:
                return effect
        raise KeyError(name)

    def entries(self) -> tuple[Entry, ...]:
        """``icc`` with the test of the variance, both R squared, then the coefficients."""
        method = f"Random intercepts, {self.criterion.upper()}"
        about = {"outcome": self.outcome, "group": self.group}
        further = {
            "between": self.between,
            "within": self.within,
            "log_likelihood": self.log_likelihood,
            "without_predictors": self.icc_without_predictors,
            "groups": float(self.n_groups),
        }
        shared: dict[str, Any] = {"method": method, "n": self.n}
        trouble: dict[str, Any] = {"state": self.state, "reason": self.reason}
        rows = [
            Entry(
                measure="icc",
                about=about,
                estimate=self.icc,
                statistic=self.statistic,
                p_value=self.p_value,
                more={name: value for name, value in further.items() if value is not None},
                **shared,
                **trouble,
            ),
            Entry(
                measure="r_squared_marginal",
                about=about,
                estimate=self.r_squared_marginal,
                **shared,
                **trouble,
            ),
            Entry(
                measure="r_squared_conditional",
                about=about,
                estimate=self.r_squared_conditional,
                **shared,
                **trouble,
            ),
        ]
        rows += [
            Entry(
                measure="coefficient",
                about={**about, "predictor": effect.name},
                estimate=effect.estimate,
                std_error=effect.std_error,
                statistic=effect.statistic,
                df=(effect.df,),
                p_value=effect.p_value,
                interval=effect.interval,
                **shared,
            )
            for effect in self.coefficients
        ]
        return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sums:
    """All that the likelihood needs: moments, and sums within branches."""

    n: float
    xx: Array  #: (p, p)
    xy: Array
    yy: float
    sizes: Array  #: (n_groups,)
    x: Array  #: (n_groups, p) sums of the predictors
    y: Array  #: (n_groups,)

    @classmethod
    def of(cls, y: Array, x: Array, w: Array, codes: npt.NDArray[np.int64]) -> _Sums:
        groups = int(codes.max()) + 1
        within = np.zeros((groups, x.shape[1]))
        np.add.at(within, codes, x * w[:, None])
        return cls(
            n=float(w.sum()),
            xx=(x * w[:, None]).T @ x,
            xy=(x * w[:, None]).T @ y,
            yy=float(w @ y**2),
            sizes=np.bincount(codes, weights=w, minlength=groups),
            x=within,
            y=np.bincount(codes, weights=w * y, minlength=groups),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Solution:
    """Best coefficients at one ratio of the variances between and within."""

    ratio: float
    b: Array
    bread: Array  #: X' V^-1 X at a residual variance of 1
    within: float
    deviance: float
    slope: float  #: of the deviance along the ratio
    residual_sums: Array  #: (n_groups,)


def _solve(sums: _Sums, ratio: float, criterion: Criterion) -> _Solution:
    grown = 1 + sums.sizes * ratio
    c = ratio / grown
    bread = sums.xx - (sums.x * c[:, None]).T @ sums.x
    b = np.linalg.solve(bread, sums.xy - sums.x.T @ (c * sums.y))
    squares = sums.yy - float(c @ sums.y**2) - float(b @ (sums.xy - sums.x.T @ (c * sums.y)))
    residual_sums = sums.y - sums.x @ b
    df = sums.n - (len(b) if criterion == "reml" else 0)
    within = squares / df
    deviance = df * (math.log(2 * math.pi * within) + 1) + float(np.log(grown).sum())
    slope = float((sums.sizes / grown).sum()) - float((residual_sums**2 / grown**2).sum()) / within
    if criterion == "reml":
        deviance += float(np.linalg.slogdet(bread)[1])
        moved = (sums.x / grown[:, None] ** 2).T @ sums.x
        slope -= float(np.trace(np.linalg.solve(bread, moved)))
    return _Solution(
        ratio=ratio,
        b=b,
        bread=bread,
        within=within,
        deviance=deviance,
        slope=slope,
        residual_sums=residual_sums,
    )


def _best(sums: _Sums, criterion: Criterion) -> _Solution:
    """The lowest deviance over all ratios from zero: a grid, then the root of the slope beside its best."""
    grid = np.concatenate([[0.0], np.logspace(-7, 6, 131)])
    found = [_solve(sums, float(ratio), criterion) for ratio in grid]
    at = int(np.argmin([solution.deviance for solution in found]))
    low, high = found[max(at - 1, 0)], found[min(at + 1, len(grid) - 1)]
    if low.slope >= 0 or high.slope <= 0:
        return found[at]
    root = brentq(
        lambda ratio: _solve(sums, ratio, criterion).slope, low.ratio, high.ratio, xtol=1e-300, rtol=1e-14
    )
    return _solve(sums, float(root), criterion)


def random_intercepts(
    outcome: pd.Series,
    predictors: pd.DataFrame,
    groups: pd.Series,
    *,
    criterion: Criterion = "reml",
    weights: npt.ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> RandomIntercepts:
    """Linear model with an intercept for every branch, drawn from a normal distribution.

    The likelihood is maximised along the one ratio of variances it hangs on, from sums within branches; it
    equals that of ``lme4::lmer`` and statsmodels' ``MixedLM``, whose optimisers stop earlier.

    Parameters
    ----------
    outcome : Series, shape (n_respondents,)
    predictors : DataFrame, shape (n_respondents, n_predictors)
        Numbers; without columns only the branches are looked at.
    groups : Series, shape (n_respondents,)
        Branch of each employee.
    criterion : {"reml", "ml"}
        Models with different predictors are compared by likelihood under ``ml`` only.
    weights : array_like, shape (n_respondents,), optional
        Frequency weights: 2 counts as two such employees of the branch.

    Notes
    -----
    Tests of coefficients use Satterthwaite's degrees of freedom from the observed information of the two
    variances, as ``lmerTest`` [1]_. ``R^2 = (f + between) / (f + between + within)``, with ``f`` the variance
    of the predictions by the predictors (dividing by n - 1), and without ``between`` in the numerator the
    marginal one [2]_. The test of the variance halves the p-value because a variance is not negative [3]_.

    References
    ----------
    .. [1] Kuznetsova, A., Brockhoff, P. B., & Christensen, R. H. B. (2017). lmerTest package: Tests in linear
       mixed effects models. Journal of Statistical Software, 82(13).
    .. [2] Nakagawa, S., & Schielzeth, H. (2013). A general and simple method for obtaining R2 from
       generalized linear mixed-effects models. Methods in Ecology and Evolution, 4, 133-142.
    .. [3] Self, S. G., & Liang, K.-Y. (1987). Asymptotic properties of maximum likelihood estimators and
       likelihood ratio tests under nonstandard conditions. JASA, 82, 605-610.

    Examples
    --------
    >>> y = pd.Series([1, 2, 2, 4, 5, 4, 3, 3.0], name="climate")
    >>> branch = pd.Series(["a", "a", "a", "b", "b", "b", "c", "c"], name="branch")
    >>> found = random_intercepts(y, pd.DataFrame(index=y.index), branch)
    >>> round(found.icc, 4), round(found.coefficient("intercept").estimate, 4)
    (0.8696, 3.0)
    """
    w = frequency_weights(weights, len(outcome))
    w = np.ones(len(outcome)) if w is None else w
    whole = (outcome.notna() & predictors.notna().all(axis="columns") & groups.notna()).to_numpy() & (w > 0)
    y: Array = outcome[whole].to_numpy(dtype=float)
    x: Array = np.column_stack([np.ones(len(y)), predictors[whole].to_numpy(dtype=float)])
    codes, labels = pd.factorize(groups[whole], sort=True)
    codes, w, total = codes.astype(np.int64), w[whole], float(w.sum())
    shared: dict[str, Any] = {
        "outcome": str(outcome.name),
        "predictors": tuple(map(str, predictors.columns)),
        "group": str(groups.name),
        "criterion": criterion,
        "n": round(float(w.sum())),
        "n_missing": round(total - float(w.sum())),
        "n_groups": len(labels),
    }
    trouble = _why_not(y, x, float(w.sum()), len(labels))
    if trouble:
        return RandomIntercepts(**shared, state=trouble[0], reason=trouble[1])
    # Means 0 and spreads 1 keep the digits of sums of large numbers; the intercept is put back below.
    centers, unit, level = x[:, 1:].mean(axis=0), x[:, 1:].std(axis=0), float(y.mean())
    z = np.column_stack([x[:, 0], (x[:, 1:] - centers) / unit])
    sums = _Sums.of(y - level, z, w, codes)
    fit, none = _best(sums, criterion), _solve(sums, 0.0, criterion)
    back = np.eye(len(fit.b))
    back[1:, 1:] = np.diag(1 / unit)
    back[0, 1:] = -centers / unit
    b = back @ fit.b
    b[0] += level
    # the restricted likelihood depends on the units of the predictors
    shift = 2 * float(np.log(unit).sum()) if criterion == "reml" else 0.0
    empty = _best(_Sums.of(y - level, z[:, :1], w, codes), criterion)
    between = fit.ratio * fit.within
    explained = float(np.cov(z @ fit.b, fweights=_whole_weights(w), ddof=1)) if len(b) > 1 else 0.0
    everything = explained + between + fit.within
    gain = max(none.deviance - fit.deviance, 0.0)
    deviations = fit.ratio / (1 + sums.sizes * fit.ratio) * fit.residual_sums
    singular = fit.ratio == 0
    return RandomIntercepts(
        **shared,
        coefficients=_effects(
            ("intercept", *shared["predictors"]), b, back, sums, fit, criterion, confidence_level
        ),
        between=between,
        within=fit.within,
        log_likelihood=-0.5 * (fit.deviance + shift),
        icc=between / (between + fit.within),
        icc_without_predictors=empty.ratio / (1 + empty.ratio),
        r_squared_marginal=explained / everything,
        r_squared_conditional=(explained + between) / everything,
        statistic=gain,
        p_value=1.0 if singular else float(stats.chi2.sf(gain, 1)) / 2,
        intercepts=tuple(zip(map(str, labels), map(float, deviations), strict=True)),
        state="singular" if singular else "ok",
        reason="the variance between groups is estimated as zero" if singular else "",
    )


def _whole_weights(w: Array) -> npt.NDArray[np.int64] | None:
    """Weights for numpy, which wants whole numbers; None when all are 1."""
    if (w == 1).all():
        return None
    if (w != np.round(w)).any():
        raise ValueError("weights count respondents and must be whole numbers here")
    return w.astype(np.int64)


def _why_not(y: Array, x: Array, n: float, groups: int) -> tuple[str, str] | None:
    k = x.shape[1]
    if n < k + 2 or groups < 3:
        return "too_few", f"{n:g} respondents in {groups} groups for {k} coefficients; 3 groups are needed"
    if groups >= n:
        return "too_few", f"{n:g} respondents in {groups} groups: no group has two"
    if np.ptp(y) == 0 or (k > 1 and (np.ptp(x[:, 1:], axis=0) == 0).any()):
        return "constant", "the outcome or a predictor does not vary"
    z = x.copy()
    z[:, 1:] = (x[:, 1:] - x[:, 1:].mean(axis=0)) / x[:, 1:].std(axis=0)
    if np.linalg.cond(z) > 1e7:
        return "inadmissible", "some predictors are exact combinations of others"
    residual = y - z @ np.linalg.lstsq(z, y, rcond=None)[0]
    if residual @ residual < 1e-20 * ((y - y.mean()) @ (y - y.mean())):
        return "inadmissible", "the outcome is an exact combination of the predictors"
    return None


def _gradient(sums: _Sums, between: float, within: float, criterion: Criterion) -> tuple[Array, Array, Array]:
    """Slope of the deviance along both variances, covariance of the coefficients, and its two slopes."""
    ratio = between / within
    grown = 1 + sums.sizes * ratio
    c = ratio / grown
    covariance = within * np.linalg.inv(sums.xx - (sums.x * c[:, None]).T @ sums.x)
    b = covariance @ (sums.xy - sums.x.T @ (c * sums.y)) / within
    r = sums.y - sums.x @ b
    rr = sums.yy - 2 * float(b @ sums.xy) + float(b @ sums.xx @ b)
    d = 2 * c - sums.sizes * c**2
    bent = np.array(
        [
            (sums.x / grown[:, None] ** 2).T @ sums.x / within**2,
            (sums.xx - (sums.x * d[:, None]).T @ sums.x) / within**2,
        ]
    )
    slope = np.array(
        [
            float((sums.sizes / grown).sum()) / within - float((r**2 / grown**2).sum()) / within**2,
            (sums.n - float(c @ sums.sizes)) / within - (rr - float(d @ r**2)) / within**2,
        ]
    )
    if criterion == "reml":
        slope -= np.einsum("ij,kji->k", covariance, bent)
    return slope, covariance, covariance @ bent @ covariance


def _effects(
    names: tuple[str, ...],
    b: Array,
    back: Array,
    sums: _Sums,
    fit: _Solution,
    criterion: Criterion,
    level: float,
) -> tuple[FixedEffect, ...]:
    at = np.array([fit.ratio * fit.within, fit.within])
    _, covariance, moved = _gradient(sums, *at, criterion)
    covariance, moved = back @ covariance @ back.T, back @ moved @ back.T
    freedom = np.full(len(b), sums.n - len(b))
    if fit.ratio > 0:
        curvature = np.empty((2, 2))
        for i in range(2):
            step = np.zeros(2)
            step[i] = 1e-5 * at[i]
            up, down = (_gradient(sums, *(at + s * step), criterion)[0] for s in (1, -1))
            curvature[i] = (up - down) / (2 * step[i])
        spread = 2 * np.linalg.inv((curvature + curvature.T) / 2)
        slopes = np.einsum("kii->ik", moved)
        noise = np.einsum("ik,kl,il->i", slopes, spread, slopes)
        freedom = np.where(noise > 0, 2 * np.diag(covariance) ** 2 / np.where(noise > 0, noise, 1), freedom)
    effects = []
    for name, estimate, variance, df in zip(names, b, np.diag(covariance), freedom, strict=True):
        error = math.sqrt(variance)
        reach = float(stats.t.isf((1 - level) / 2, df)) * error
        effects.append(
            FixedEffect(
                name=name,
                estimate=float(estimate),
                std_error=error,
                statistic=float(estimate) / error,
                df=float(df),
                p_value=float(2 * stats.t.sf(abs(estimate) / error, df)),
                interval=Interval(low=estimate - reach, high=estimate + reach, confidence_level=level),
            )
        )
    return tuple(effects)
