"""Relation of latent classes to other variables, corrected for respondents put into the wrong class.

Step one is the latent class model, step two puts every respondent into the most probable class. Relating
those classes to tier or satisfaction as if nobody were misplaced shrinks every difference. Step three takes
the probabilities of misplacement, which the model itself tells, out again: by weights (BCH) or by a mixture
with known errors (ML).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2, norm

from analysis.latent_class.classes import RELIABLE, LatentClasses
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import weights_given_by

Array = npt.NDArray[np.float64]
Method = Literal["bch", "ml", "uncorrected"]
METHODS = {"bch": "BCH three-step", "ml": "ML three-step", "uncorrected": "Modal classes, uncorrected"}

DISAGREEMENT = 3.0  #: errors by which a mean of a mixture may differ from that of BCH
SEPARABLE = 0.05  #: least singular value of a classification table that can be inverted with profit


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassEstimate:
    """A mean, or a share, in one latent class."""

    name: str
    group: str  #: empty for a mean
    estimate: float
    std_error: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassRelation(Tabular):
    """How one variable goes with latent classes."""

    variable: str
    measure: Literal["mean_in_class", "share_of_class"]
    method: Method
    n: int
    n_missing: int
    estimates: tuple[ClassEstimate, ...] = ()
    covariance: Array | None = None  #: of the estimates, in their order
    statistic: float | None = None  #: Wald chi-square of "the same in every class" or "in every group"
    df: int | None = None
    p_value: float | None = None
    state: str = "ok"
    reason: str = ""

    def of(self, name: str, group: str = "") -> ClassEstimate:
        """One estimate; ``KeyError`` if there is none."""
        for found in self.estimates:
            if (found.name, found.group) == (name, group):
                return found
        raise KeyError((name, group))

    def difference(self, first: str, second: str, confidence_level: float = 0.95) -> ClassEstimate:
        """Mean of one class less that of another."""
        if self.covariance is None:
            raise ValueError(f"{self.variable} has no estimates to compare: {self.reason}")
        names = [found.name for found in self.estimates]
        contrast = np.zeros(len(names))
        contrast[names.index(first)], contrast[names.index(second)] = 1, -1
        values = np.array([found.estimate for found in self.estimates])
        error = float(np.sqrt(contrast @ self.covariance @ contrast))
        return _estimate(f"{first} - {second}", "", float(contrast @ values), error, confidence_level)

    def entries(self) -> tuple[Entry, ...]:
        """The test (measure ``wald``), then one row an estimate."""
        method = METHODS[self.method]
        test = Entry(
            measure="wald",
            method=method,
            about={"variable": self.variable},
            n=self.n,
            statistic=self.statistic,
            df=() if self.df is None else (self.df,),
            p_value=self.p_value,
            more={"n_missing": self.n_missing},
            state=self.state,
            reason=self.reason,
        )
        rows = [
            Entry(
                measure=self.measure,
                method=method,
                about={"variable": self.variable, "class": found.name}
                | ({"group": found.group} if found.group else {}),
                n=self.n,
                estimate=found.estimate,
                std_error=found.std_error,
                interval=found.interval,
                state=self.state,
                reason=self.reason,
            )
            for found in self.estimates
        ]
        return (test, *rows)


@weights_given_by("analysis.latent_class.classes.latent_classes")
def classification(model: LatentClasses) -> Array:
    """Probability of being put into class ``s`` (columns) when of class ``c`` (rows).

    ``D_cs = sum_i P(c | answers of i) [i is put into s] / sum_i P(c | answers of i)``.

    Examples
    --------
    >>> model = LatentClasses(items=("a", "b"), classes=2, n=3, n_missing=0,
    ...                       posterior=np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]))
    >>> classification(model).round(2).tolist()
    [[0.85, 0.15], [0.3, 0.7]]
    """
    if model.posterior is None or model.assigned is None:
        raise ValueError(f"the latent class model has no posteriors: {model.reason}")
    known = model.assigned >= 0
    posterior = model.posterior[known]
    weights = np.ones(len(posterior)) if model.weights is None else model.weights[known]
    placed = np.eye(model.classes)[model.assigned[known]]
    joint = (weights[:, None] * posterior).T @ placed
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


@weights_given_by("analysis.latent_class.classes.latent_classes")
def class_means(
    model: LatentClasses,
    outcome: pd.Series,
    *,
    method: Method = "bch",
    clusters: pd.Series | None = None,
    confidence_level: float = 0.95,
) -> ClassRelation:
    """Mean of an outcome in every latent class, with errors robust to unequal variances.

    Parameters
    ----------
    model : LatentClasses
    outcome : Series, shape (n_respondents,)
        In the same order as the items of the model; such as satisfaction or loyalty.
    method : {"bch", "ml", "uncorrected"}
        BCH [1]_ assumes nothing about the outcome. ML [2]_ takes it as normal within each class, with its own
        variance; where that is wrong, it may find other classes than those of the model.
    clusters : Series, optional
        Branch of each respondent; errors then allow for likeness within branches.

    Notes
    -----
    BCH weighs respondent ``i`` in class ``c`` by ``w_i D^-1``, with ``w_i`` the class the respondent was put
    into and ``D`` the :func:`classification` table. Errors come from the sandwich estimator over respondents
    [3]_; they take the table as known, so they are a little small where the model itself is uncertain (low
    entropy, few respondents).

    References
    ----------
    .. [1] Bolck, A., Croon, M., & Hagenaars, J. (2004). Estimating latent structure models with categorical
       variables: one-step versus three-step estimators. Political Analysis, 12, 3-27.
    .. [2] Vermunt, J. K. (2010). Latent class modeling with covariates: two improved three-step approaches.
       Political Analysis, 18, 450-469.
    .. [3] Bakk, Z., Tekle, F. B., & Vermunt, J. K. (2013). Estimating the association between latent class
       membership and external variables using bias-adjusted three-step approaches. Sociological Methodology,
       43, 272-311.

    Examples
    --------
    >>> from analysis.latent_class.classes import latent_classes
    >>> rng = np.random.default_rng(5)
    >>> kind = rng.random(1000) < 0.6
    >>> said = pd.DataFrame(rng.random((1000, 4)) < np.where(kind, 0.75, 0.25)[:, None])
    >>> loyalty = pd.Series(np.where(kind, 1.0, 0.0) + rng.normal(size=1000), name="loyalty")
    >>> model = latent_classes(said, classes=2, rng=rng)
    >>> [round(class_means(model, loyalty, method=m).difference("1", "2").estimate, 2)
    ...  for m in ("uncorrected", "bch", "ml")]
    [0.52, 0.68, 0.68]
    """
    values = outcome.to_numpy(dtype=float)
    used, blocked = _usable(model, ~np.isnan(values), method)
    base = _Base(str(outcome.name), "mean_in_class", method, int(used.sum()), int((~used).sum()))
    if blocked:
        return base.without(*blocked)
    if model.assigned is None or used.sum() < 3 * model.classes:
        return base.without("too_few", f"{base.n} respondents for {model.classes} classes")
    if np.ptp(values[used]) == 0:
        return base.without("constant", "the outcome does not vary")
    placed, y = model.assigned[used], values[used]
    weights = np.ones(len(y)) if model.weights is None else model.weights[used]
    if method == "ml":
        found = _normal_mixture(y, np.log(np.maximum(classification(model), 1e-300))[:, placed], weights)
        if isinstance(found, str):
            return base.without("not_converged", found)
        means, influence = found
        free = class_means(model, outcome, method="bch", clusters=clusters)
        gaps = [
            abs(float(mean) - one.estimate) / (one.std_error or np.inf)
            for mean, one in zip(means, free.estimates, strict=False)
        ]
        if max(gaps, default=0.0) > DISAGREEMENT:
            return base.without(
                "inadmissible",
                f"a mean lies {max(gaps):.1f} errors from that of BCH: the outcome is not normal within "
                "classes and has made classes of its own; use method='bch'",
            )
    else:
        shares = _shares(model, method)[placed] * weights[:, None]
        total = shares.sum(axis=0)
        if (total <= 0).any():
            return base.without("inadmissible", "the corrected size of a class is negative")
        means = shares.T @ y / total
        influence = shares * (y[:, None] - means) / total
    covariance = _sandwich(influence, None if clusters is None else clusters[used])
    contrast = np.hstack([-np.ones((model.classes - 1, 1)), np.eye(model.classes - 1)])
    errors = np.sqrt(np.diag(covariance))
    return base.result(
        [
            _estimate(name, "", float(mean), float(error), confidence_level)
            for name, mean, error in zip(model.names, means, errors, strict=True)
        ],
        covariance,
        _wald(contrast, means, covariance),
    )


@weights_given_by("analysis.latent_class.classes.latent_classes")
def class_shares(
    model: LatentClasses,
    groups: pd.Series,
    *,
    method: Method = "bch",
    clusters: pd.Series | None = None,
    confidence_level: float = 0.95,
) -> ClassRelation:
    """Share of every latent class in every group, such as tier, and whether groups differ.

    Parameters
    ----------
    model : LatentClasses
    groups : Series, shape (n_respondents,)
        In the same order as the items of the model.
    method : {"bch", "ml", "uncorrected"}
        BCH and ML agree unless a corrected share falls outside 0 to 1. BCH then reports ``inadmissible``; ML
        keeps shares between 0 and 1 and reports ``boundary``, without errors.

    Examples
    --------
    >>> from analysis.latent_class.classes import latent_classes
    >>> rng = np.random.default_rng(5)
    >>> tier = pd.Series(rng.choice(["gold", "basic"], 2000), name="tier")
    >>> kind = rng.random(2000) < np.where(tier == "gold", 0.8, 0.4)
    >>> said = pd.DataFrame(rng.random((2000, 4)) < np.where(kind, 0.75, 0.25)[:, None])
    >>> model = latent_classes(said, classes=2, rng=rng)
    >>> round(class_shares(model, tier).of("1", "gold").estimate, 2)
    0.8
    """
    used, blocked = _usable(model, groups.notna().to_numpy(dtype=bool), method)
    base = _Base(str(groups.name), "share_of_class", method, int(used.sum()), int((~used).sum()))
    if blocked:
        return base.without(*blocked)
    if model.assigned is None:
        return base.without("inadmissible", "nobody is assigned")
    placed = np.eye(model.classes)[model.assigned[used]]
    weights = np.ones(len(placed)) if model.weights is None else model.weights[used]
    codes, names = pd.factorize(groups[used], sort=True)
    if len(names) < 2:
        return base.without("constant", "there is only one group")
    member = np.eye(len(names))[codes] * weights[:, None]
    small = [str(name) for name, count in zip(names, np.bincount(codes), strict=True) if count < 5]
    if small:
        return base.without("too_few", f"fewer than 5 respondents in {', '.join(small)}")
    shares = _shares(model, method)
    found = member.T @ placed / member.sum(axis=0)[:, None] @ shares
    influence = (placed @ shares)[:, None, :] - found
    influence = influence * (member / member.sum(axis=0))[:, :, None]
    covariance = _sandwich(influence.reshape(len(placed), -1), None if clusters is None else clusters[used])
    outside = bool((found < 0).any() or (found > 1).any())
    labels = [(name, str(group)) for group in names for name in model.names]
    if outside and method == "ml":
        found = _within_bounds(member.T @ placed, classification(model))
        shares_only = tuple(
            ClassEstimate(name=name, group=group, estimate=float(share), std_error=None, interval=None)
            for (name, group), share in zip(labels, found.ravel(), strict=True)
        )
        return base.without("boundary", "a share is 0 or 1 and has no error", shares_only)
    if outside:
        return base.without("inadmissible", "a corrected share lies outside 0 to 1; use method='ml'")
    errors = np.sqrt(np.diag(covariance))
    estimates = [
        _estimate(name, group, float(share), float(error), confidence_level)
        for (name, group), share, error in zip(labels, found.ravel(), errors, strict=True)
    ]
    return base.result(
        estimates,
        covariance,
        _wald(_against_first_group(len(names), model.classes), found.ravel(), covariance),
    )


@dataclass(frozen=True, slots=True)
class _Base:
    """What every outcome of step three says."""

    variable: str
    measure: Literal["mean_in_class", "share_of_class"]
    method: Method
    n: int
    n_missing: int

    def without(self, state: str, reason: str, estimates: tuple[ClassEstimate, ...] = ()) -> ClassRelation:
        return ClassRelation(
            variable=self.variable,
            measure=self.measure,
            method=self.method,
            n=self.n,
            n_missing=self.n_missing,
            estimates=estimates,
            state=state,
            reason=reason,
        )

    def result(
        self, estimates: Sequence[ClassEstimate], covariance: Array, wald: tuple[float, int, float]
    ) -> ClassRelation:
        return ClassRelation(
            variable=self.variable,
            measure=self.measure,
            method=self.method,
            n=self.n,
            n_missing=self.n_missing,
            estimates=tuple(estimates),
            covariance=covariance,
            statistic=wald[0],
            df=wald[1],
            p_value=wald[2],
        )


def _usable(
    model: LatentClasses, known: npt.NDArray[np.bool_], method: Method
) -> tuple[npt.NDArray[np.bool_], tuple[str, str] | None]:
    """Respondents with classes and the variable; why nothing can be related, if so."""
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; expected one of {', '.join(METHODS)}.")
    if model.posterior is None or model.assigned is None or model.state not in RELIABLE:
        state = model.state if model.state not in RELIABLE else "inadmissible"
        return np.zeros(len(known), dtype=bool), (state, f"the latent class model: {model.reason}")
    if len(known) != len(model.posterior):
        raise ValueError(
            f"the variable has {len(known)} respondents, the model {len(model.posterior)}; "
            "give the same respondents in the same order."
        )
    used = known & (model.assigned >= 0)
    if model.classes < 2:
        return used, ("too_few", "a single class has nothing to compare")
    nobody = set(range(model.classes)) - set(model.assigned[used].tolist())
    if nobody:
        return used, (
            "empty_cell",
            f"nobody is put into class {', '.join(str(c + 1) for c in sorted(nobody))}",
        )
    if method != "uncorrected":
        least = float(np.linalg.svd(classification(model), compute_uv=False)[-1])
        if least < SEPARABLE:
            return used, ("inadmissible", "classes overlap too much for misplacement to be corrected")
    return used, None


def _shares(model: LatentClasses, method: Method) -> Array:
    """What one respondent put into class ``s`` (rows) counts in class ``c`` (columns)."""
    table = np.eye(model.classes) if method == "uncorrected" else classification(model)
    return np.asarray(np.linalg.inv(table))


def _estimate(name: str, group: str, estimate: float, error: float, confidence_level: float) -> ClassEstimate:
    reach = float(norm.isf((1 - confidence_level) / 2)) * error
    interval = Interval(low=estimate - reach, high=estimate + reach, confidence_level=confidence_level)
    return ClassEstimate(name=name, group=group, estimate=estimate, std_error=error, interval=interval)


def _sandwich(influence: Array, clusters: pd.Series | None) -> Array:
    if clusters is not None:
        codes = pd.factorize(clusters)[0]
        summed = np.zeros((int(codes.max()) + 1, influence.shape[1]))
        np.add.at(summed, codes, influence)
        influence = summed * np.sqrt(len(summed) / (len(summed) - 1))
    return np.asarray(influence.T @ influence)


def _wald(contrast: Array, values: Array, covariance: Array) -> tuple[float, int, float]:
    gap = contrast @ values
    statistic = float(gap @ np.linalg.pinv(contrast @ covariance @ contrast.T, hermitian=True) @ gap)
    return statistic, len(contrast), float(chi2.sf(statistic, len(contrast)))


def _against_first_group(groups: int, classes: int) -> Array:
    """Share of all classes but the last, in every group less the first."""
    keep = np.eye(classes)[:-1]
    contrast = np.hstack([-np.ones((groups - 1, 1)), np.eye(groups - 1)])
    return np.asarray(np.kron(contrast, keep))


def _within_bounds(placed: Array, table: Array) -> Array:
    """Maximum likelihood shares given counts of placements and a known table, shape (groups, classes)."""
    shares = np.full(placed.shape, 1 / placed.shape[1])
    for _ in range(5000):
        expected = shares @ table
        ratio = np.divide(placed, expected, out=np.zeros_like(placed), where=expected > 0)
        updated = shares * (ratio @ table.T) / placed.sum(axis=1, keepdims=True)
        if np.abs(updated - shares).max() < 1e-12:
            break
        shares = updated
    return np.asarray(shares)


def _normal_mixture(y: Array, log_placed: Array, weights: Array) -> tuple[Array, Array] | str:
    """Means of classes, and what respondents move them by, in a mixture with known misplacement.

    ``log_placed`` is the log probability of the placement in each class, shape (classes, n). Returns words
    where there is no solution to rely on.
    """
    classes = len(log_placed)
    membership = np.exp(log_placed - log_placed.max(axis=0))
    membership /= membership.sum(axis=0)
    floor = 1e-4 * float(np.var(y))
    for _ in range(3000):
        counted = membership * weights
        size = counted.sum(axis=1)
        if (size < 1).any():
            return "a class ran empty"
        mean = counted @ y / size
        spread = (counted * (y - mean[:, None]) ** 2).sum(axis=1) / size
        if (spread < floor).any():
            return "the variance of a class ran to zero"
        z = (y - mean[:, None]) / np.sqrt(spread)[:, None]
        joint = log_placed + np.log(size)[:, None] - 0.5 * np.log(spread)[:, None] - 0.5 * z**2
        updated = np.exp(joint - joint.max(axis=0))
        updated /= updated.sum(axis=0)
        moved = np.abs(updated - membership).max()
        membership = updated
        if moved < 1e-10:
            break
    else:
        return "the mixture was still moving after 3000 steps"
    share = size / size.sum()
    influence = _mixture_influence(y, membership, weights, share, mean, spread)
    return mean, influence.T[:, :classes]


def _mixture_influence(
    y: Array, membership: Array, weights: Array, share: Array, mean: Array, spread: Array
) -> Array:
    """Influence on means, then log variances, then log-odds of all classes but the first; (parameters, n)."""
    classes = len(mean)
    gap = y - mean[:, None]
    information = np.zeros((3 * classes - 1, 3 * classes - 1))
    scores = np.zeros((3 * classes - 1, len(y)))
    sizes = np.arange(2 * classes, 3 * classes - 1)
    for c in range(classes):
        own = np.zeros_like(scores)
        own[c] = gap[c] / spread[c]
        own[classes + c] = 0.5 * (gap[c] ** 2 / spread[c] - 1)
        own[sizes] = -share[1:, None]
        if c:
            own[2 * classes + c - 1] += 1
        counted = weights * membership[c]
        information[c, c] += counted.sum() / spread[c]
        crossed = (counted * gap[c]).sum() / spread[c]
        information[c, classes + c] += crossed
        information[classes + c, c] += crossed
        information[classes + c, classes + c] += 0.5 * (counted * gap[c] ** 2).sum() / spread[c]
        information[np.ix_(sizes, sizes)] += counted.sum() * (
            np.diag(share[1:]) - np.outer(share[1:], share[1:])
        )
        information -= (own * counted) @ own.T
        scores += membership[c] * own
    information += (scores * weights) @ scores.T
    return np.asarray(np.linalg.solve(information, scores * weights))
