"""Is there a second kind of respondent whose answers were made item by item from one recipe?

A normal mixture with two components: the respondents at large, with any means and covariances, and
others whose items are exchangeable: one mean, one variance, one correlation within constructs and a
lower one between them. This is what a generator that aims at an alpha produces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from surveys.forensics.sheet import Sheet

Array = npt.NDArray[np.float64]

ROUNDS = 25
RIDGE = 0.05  #: share of the diagonal in a covariance matrix, which keeps it invertible
WITHIN = (0.35, 0.95)  #: correlations within constructs that such a recipe has
BETWEEN = (0.0, 0.45)
SHARES = (0.005, 0.6)
LEAST_SPREAD = 0.08  #: standard deviation of answers on 0 to 1, below which one code is repeated
MOST_DISAGREEMENT = 1.75  #: of items within constructs, relative to the file; random codes give 2.5 to 4
LEAST_CAREFUL = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondKind:
    """The mixture fitted to a file."""

    gain: float  #: twice the log-likelihood gained by the second component, per respondent
    share: float  #: of respondents in the second component
    belongs: Array  #: posterior probability of the second component, shape (n_respondents,)
    within: float
    between: float


def second_kind(sheet: Sheet) -> SecondKind:
    """Fit the mixture by expectation-maximisation.

    The likelihood is that of a normal distribution, which ratings are not: the gain means nothing by
    itself and is held against that of honest populations.
    """
    x = sheet.complete() - 0.5
    n, k = x.shape
    same = sheet.construct[:, None] == sheet.construct[None, :]
    kept = careful(sheet)
    usable = x[kept]
    single = _log_density(usable, usable.mean(axis=0), _ridged(np.cov(usable.T, ddof=0)))
    recipe = _recipe(usable, np.full(len(usable), 1.0), same)
    second = _log_density(usable, *recipe)
    # a start from those who fit the recipe best, compared with how well they fit the file
    lean = second - single
    belongs = (lean >= np.quantile(lean, 0.8)).astype(float) * 0.9 + 0.05
    share = 0.2
    for _ in range(ROUNDS):
        weight = 1 - belongs
        mean = weight @ usable / weight.sum()
        centred = usable - mean
        first = _log_density(usable, mean, _ridged((centred * weight[:, None]).T @ centred / weight.sum()))
        recipe = _recipe(usable, belongs, same)
        second = _log_density(usable, *recipe)
        share = float(np.clip(belongs.mean(), *SHARES))
        odds = np.log(share) + second - np.log1p(-share) - first
        belongs = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
    mixed = np.logaddexp(np.log1p(-share) + first, np.log(share) + second)
    everyone = np.full(n, np.nan)
    everyone[kept] = belongs
    spread = recipe[1]
    between = spread[~same].mean() / spread[0, 0] if (~same).any() else 0.0
    off = same & ~np.eye(k, dtype=bool)
    return SecondKind(
        gain=float(2 * (mixed - single).sum() / len(usable)),
        share=float(belongs.mean()),
        belongs=everyone,
        within=float(spread[off].mean() / spread[0, 0]) if off.any() else 0.0,
        between=float(between),
    )


def careful(sheet: Sheet) -> npt.NDArray[np.bool_]:
    """All but those who hardly vary or answer any code; shape (n_respondents,).

    Careless people are honest. What looks for programs leaves them out, so that they are not taken
    for one.
    """
    answers = sheet.complete()
    spread = np.where(sheet.reversed_, 1 - answers, answers).std(axis=1)
    ordinary = (spread > LEAST_SPREAD) & (within_disagreement(sheet) < MOST_DISAGREEMENT)
    return ordinary if ordinary.sum() > LEAST_CAREFUL else np.full(sheet.n, True)


def within_disagreement(sheet: Sheet) -> Array:
    """How far a respondent's items of one construct lie apart, relative to the file; shape (n,)."""
    x = sheet.complete()
    x = x - x.mean(axis=0)
    total, usual = np.zeros(len(x)), 0.0
    for columns in sheet.constructs():
        variance = x[:, columns].var(axis=1, ddof=1)
        total += variance * (len(columns) - 1)
        usual += float(np.median(variance)) * (len(columns) - 1) + float(variance.mean()) * (len(columns) - 1)
    return total / (usual / 2) if usual else np.ones(len(x))


def _recipe(x: Array, weight: Array, same: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    k = x.shape[1]
    total = weight.sum() * k
    mean = float(weight @ x.sum(axis=1)) / total
    centred = x - mean
    moments = (centred * weight[:, None]).T @ centred / weight.sum()
    variance = float(np.trace(moments) / k)
    off = same & ~np.eye(k, dtype=bool)
    within = float(moments[off].mean() / variance) if off.any() else 0.0
    between = float(moments[~same].mean() / variance) if (~same).any() else 0.0
    within, between = float(np.clip(within, *WITHIN)), float(np.clip(between, *BETWEEN))
    between = min(between, within - 0.1)
    spread = variance * np.where(same, within, between)
    np.fill_diagonal(spread, variance)
    return np.full(k, mean), spread


def _ridged(covariance: Array) -> Array:
    spread = (1 - RIDGE) * covariance
    spread[np.diag_indices_from(spread)] += RIDGE * np.trace(covariance) / len(covariance)
    return spread


def _log_density(x: Array, mean: Array, covariance: Array) -> Array:
    from scipy.linalg import solve_triangular

    root = np.linalg.cholesky(covariance)
    standard = solve_triangular(root, (x - mean).T, lower=True, check_finite=False)
    log_det = 2 * np.log(np.diag(root)).sum()
    return np.asarray(-0.5 * ((standard**2).sum(axis=0) + log_det + len(covariance) * np.log(2 * np.pi)))
