"""Segments found in account records, held against the rule by which tiers are assigned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.cluster.vq import kmeans2

from analysis.agreement import WeightedKappa, weighted_kappa
from analysis.bootstrap import BootstrapDistribution, resampled_counts
from analysis.counted_rows import Counts, written_out
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import no_estimate, refuses_weights, step_of

WEIGHTING = step_of("analysis.segmentation.segment")

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

RESTARTS = 25  #: k-means starts, of which the tightest is kept
REFITS = 20  #: resamples in which segments are found anew, for their stability
LLOYD_STEPS = 50  #: of k-means in a resample, which starts from the centres of the sample
REFIT_CELLS = 400_000  #: memberships held at a time
SKEWED = 2.0  #: features without negative values and more skewed than this are logged


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedByBoth:
    """How much of one outcome goes with the rule and how much with the segments."""

    outcome: str
    n: int
    eta_squared_rule: float
    eta_squared_segments: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleComparison(Tabular):
    """Segments against a tier rule."""

    rule: str
    features: tuple[str, ...]
    outcomes: tuple[str, ...]
    k: int
    n: int
    n_missing: int
    logged: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()  #: respondents per segment, lowest segment first
    explained: tuple[ExplainedByBoth, ...] = ()
    estimate: float | None = None  #: gain in eta squared, averaged over outcomes
    distribution: BootstrapDistribution | None = None
    interval: Interval | None = None
    kappa: WeightedKappa | None = None
    adjusted_rand: float | None = None  #: agreement of segments and rule as partitions
    stability: float | None = None  #: mean adjusted Rand index with segments of resamples
    std_error: float | None = None  #: of the gain, where no bootstrap but a sampling design gives it
    method: str = "k-means on z-scores, percentile bootstrap with segments found anew"
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        method = self.method
        rows = [
            Entry(
                measure="gain_in_eta_squared",
                method=method,
                about={"rule": self.rule},
                n=self.n,
                estimate=self.estimate,
                std_error=self.std_error if self.distribution is None else self.distribution.std_error,
                interval=self.interval,
                state=self.state,
                reason=self.reason,
            )
        ]
        for found in self.explained:
            for measure, value in (
                ("eta_squared_rule", found.eta_squared_rule),
                ("eta_squared_segments", found.eta_squared_segments),
            ):
                about = {"outcome": found.outcome}
                rows.append(Entry(measure=measure, method=method, about=about, n=found.n, estimate=value))
        for name in ("adjusted_rand", "stability"):
            value = getattr(self, name)
            if value is not None:
                rows.append(Entry(measure=name, method="adjusted Rand index", n=self.n, estimate=value))
        if self.kappa is not None:
            rows.extend(self.kappa.entries())
        return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmentation(Tabular):
    """Segments of respondents, the one with the lowest records first."""

    features: tuple[str, ...]
    k: int
    n: int
    n_missing: int
    logged: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    centres: tuple[tuple[float, ...], ...] = ()  #: mean of every feature as given, by segment
    labels: Labels | None = None  #: segment of every respondent used, shape (n,)
    stability: float | None = None  #: mean adjusted Rand index with segments of resamples
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        method = "k-means on z-scores"
        trouble: dict[str, Any] = {"state": self.state, "reason": self.reason}
        rows = [Entry(measure="stability", method=method, n=self.n, estimate=self.stability, **trouble)]
        for segment_number, (size, centre) in enumerate(zip(self.sizes, self.centres, strict=True), 1):
            for feature, mean in zip(self.features, centre, strict=True):
                about = {"segment": str(segment_number), "feature": feature}
                rows.append(Entry(measure="mean", method=method, about=about, n=size, estimate=mean))
        return tuple(rows)


@refuses_weights(
    "distances of the answers as they are: a segment is found in the sample, not in a population",
    instead="analysis.latent_class.classes.latent_classes",
    counts="rows",
)
def segment(
    features: pd.DataFrame, *, k: int, rng: np.random.Generator, counts: Counts | None = None
) -> Segmentation:
    """Segments of respondents found from their records by k-means.

    Parameters
    ----------
    features : DataFrame, shape (n_respondents, n_features)
        Features without negative values and with a skewness above 2 are logged (``log(1 + x)``);
        all are z-scored. Respondents with a missing record are left out.
    k : int
        Segments.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> records = pd.DataFrame({"balance": [1, 2, 1, 9, 8, 9.0], "visits": [0, 1, 0, 7, 9, 8.0]})
    >>> segment(records, k=2, rng=rng).sizes
    (3, 3)
    """
    features = written_out(features, counts)
    used = features.dropna()
    shared: dict[str, Any] = {
        "features": tuple(map(str, features.columns)),
        "k": k,
        "n": len(used),
        "n_missing": len(features) - len(used),
    }
    if k < 2 or len(used) < 2 * k:
        return Segmentation(**shared, state="too_few", reason=f"{len(used)} respondents for {k} segments")
    z, logged = prepared(used)
    if z is None:
        return Segmentation(**shared, state="constant", reason="a feature does not vary")
    labels = tightest(z, k, rng)
    if labels is None:
        return Segmentation(
            **shared,
            logged=logged,
            state="not_converged",
            reason=f"the records do not fall into {k} segments",
        )
    labels = ordered_segments(z, labels)
    centres = used.groupby(labels).mean()
    return Segmentation(
        **shared,
        logged=logged,
        sizes=tuple(int(count) for count in np.bincount(labels, minlength=k)),
        centres=tuple(tuple(float(value) for value in row) for row in centres.to_numpy()),
        labels=labels,
        stability=_stability(z, labels, k, rng),
    )


@refuses_weights(
    "distances of the answers as they are: a segment is found in the sample, not in a population",
    instead="analysis.latent_class.classes.latent_classes",
    counts="rows",
)
def compare_with_rule(
    rule: pd.Series,
    features: pd.DataFrame,
    outcomes: pd.DataFrame,
    *,
    rng: np.random.Generator,
    resamples: int = 2000,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> RuleComparison:
    """Whether segments found from several records separate customers better than a rule does.

    Parameters
    ----------
    rule : Series, shape (n_respondents,)
        Tier codes, ordered by their value. As many segments are found as there are tiers.
    features : DataFrame, shape (n_respondents, n_features)
        Account records. Features without negative values and with a skewness above 2 are logged
        (``log(1 + x)``); all are z-scored.
    outcomes : DataFrame, shape (n_respondents, n_outcomes)
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Notes
    -----
    Segments are found by k-means (k-means++ starts, the tightest of 25) and ordered by their mean
    z-score, so that they can be compared with the order of the tiers. The gain is
    ``eta2(segments) - eta2(rule)`` averaged over the outcomes, which are not used to find the
    segments. In every resample of respondents the segments are found anew, k-means starting from the
    centres found in the sample, so that the interval of the gain knows that the segments are estimates
    too; ``stability`` says how firmly the data determine them.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> kind = rng.integers(0, 2, 200)
    >>> records = pd.DataFrame({"a": kind * 4 + rng.normal(size=200), "b": kind * 4 + rng.normal(size=200)})
    >>> tier = pd.Series(rng.integers(1, 3, 200), name="tier")
    >>> needs = pd.DataFrame({"needs": kind + rng.normal(size=200)})
    >>> result = compare_with_rule(tier, records, needs, rng=rng, resamples=200)
    >>> result.sizes, result.interval.low > 0
    ((99, 101), True)
    """
    rule, features, outcomes = (
        written_out(rule, counts),
        written_out(features, counts),
        written_out(outcomes, counts),
    )
    whole = rule.notna() & features.notna().all(axis="columns") & outcomes.notna().all(axis="columns")
    tiers = sorted(rule[whole].unique())
    shared: dict[str, Any] = {
        "rule": str(rule.name),
        "features": tuple(map(str, features.columns)),
        "outcomes": tuple(map(str, outcomes.columns)),
        "k": len(tiers),
        "n": int(whole.sum()),
        "n_missing": int((~whole).sum()),
    }
    if len(tiers) < 2 or shared["n"] < 10 * len(tiers):
        reason = f"{shared['n']} respondents with all records in {len(tiers)} tiers"
        return RuleComparison(**shared, state="too_few", reason=reason)
    found = segment(features[whole], k=len(tiers), rng=rng)
    z, _ = prepared(features[whole])
    if found.labels is None or z is None:
        return RuleComparison(**shared, state=found.state, reason=found.reason)
    segments = found.labels
    codes = pd.Categorical(rule[whole], categories=tiers).codes.astype(np.int64)
    values = outcomes[whole].to_numpy(dtype=float)
    if (np.ptp(values, axis=0) == 0).any():
        return RuleComparison(**shared, state="constant", reason="an outcome does not vary")
    by_rule = _eta_squared(values, codes, len(tiers))
    by_segment = _eta_squared(values, segments, len(tiers))
    distribution = BootstrapDistribution.of(_resampled_gains(z, values, codes, segments, rng, resamples))
    kappa = weighted_kappa(
        pd.Series(codes, name=str(rule.name)),
        pd.Series(segments, name="segment"),
        categories=range(len(tiers)),
        confidence_level=confidence_level,
    )
    return RuleComparison(
        **shared,
        logged=found.logged,
        sizes=found.sizes,
        explained=tuple(
            ExplainedByBoth(
                outcome=name,
                n=shared["n"],
                eta_squared_rule=float(a),
                eta_squared_segments=float(b),
            )
            for name, a, b in zip(shared["outcomes"], by_rule, by_segment, strict=True)
        ),
        estimate=float((by_segment - by_rule).mean()),
        distribution=distribution,
        interval=distribution.interval(confidence_level),
        kappa=kappa,
        adjusted_rand=adjusted_rand(codes, segments),
        stability=found.stability,
    )


def prepared(features: pd.DataFrame, *, weights: Array | None = None) -> tuple[Array | None, tuple[str, ...]]:
    """z-scores of the features, skewed ones logged, and the names of these; None where one does not vary."""
    values = features.to_numpy(dtype=float).copy()
    logged = []
    for j, name in enumerate(features.columns):
        if np.ptp(values[:, j]) == 0:
            return None, ()
        if values[:, j].min() >= 0 and stats.skew(values[:, j]) > SKEWED:
            values[:, j] = np.log1p(values[:, j])
            logged.append(str(name))
    if weights is None or np.ptp(weights) <= 1e-9 * weights.mean():
        return (values - values.mean(axis=0)) / values.std(axis=0), tuple(logged)
    centred = values - np.average(values, axis=0, weights=weights)
    return centred / np.sqrt(np.average(centred**2, axis=0, weights=weights)), tuple(logged)


def tightest(z: Array, k: int, rng: np.random.Generator, restarts: int = RESTARTS) -> Labels | None:
    """Labels of the tightest of several k-means; None where there are fewer points than segments."""
    if len(np.unique(z, axis=0)) < k:  # k-means++ would divide by zero
        return None
    best: tuple[float, Labels] | None = None
    for _ in range(restarts):
        # an empty cluster raises; that start is not a candidate
        try:
            centres, labels = kmeans2(z, k, minit="++", rng=rng, missing="raise")
        except Exception as error:
            if type(error).__name__ != "ClusterError":
                raise
            continue
        spread = float(((z - centres[labels]) ** 2).sum())
        if best is None or spread < best[0] - 1e-9:
            best = spread, labels.astype(np.int64)
    return None if best is None else best[1]


def ordered_segments(z: Array, labels: Labels) -> Labels:
    """The same segments, numbered from the lowest mean z-score up."""
    k = int(labels.max()) + 1
    level = np.array([z[labels == j].mean() if (labels == j).any() else np.inf for j in range(k)])
    rank = np.empty(k, dtype=np.int64)
    rank[np.argsort(level)] = np.arange(k)
    return rank[labels]


def _stability(z: Array, labels: Labels, k: int, rng: np.random.Generator) -> float | None:
    agreements = []
    for _ in range(REFITS):
        drawn = rng.integers(0, len(z), len(z))
        refit = tightest(z[drawn], k, rng, restarts=5)
        if refit is not None:
            agreements.append(adjusted_rand(labels[drawn], refit))
    return float(np.mean(agreements)) if agreements else None


@no_estimate("arithmetic")
def adjusted_rand(first: Labels, second: Labels) -> float:
    """Adjusted Rand index of two partitions (Hubert & Arabie 1985).

    >>> adjusted_rand(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]))
    1.0
    """
    table = np.zeros((int(first.max()) + 1, int(second.max()) + 1))
    np.add.at(table, (first, second), 1)

    def pairs(counts: Array) -> float:
        return float((counts * (counts - 1) / 2).sum())

    together, rows, columns = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    expected = rows * columns / pairs(np.array([float(len(first))]))
    greatest = (rows + columns) / 2
    return 1.0 if greatest == expected else (together - expected) / (greatest - expected)


def _resampled_gains(
    z: Array, values: Array, codes: Labels, segments: Labels, rng: np.random.Generator, resamples: int
) -> Array:
    """Gains of resamples, the segments found anew in each; shape (resamples,)."""
    k = int(codes.max()) + 1
    centred = values - values.mean(axis=0)
    rule = np.eye(k)[codes]
    start = np.array([z[segments == label].mean(axis=0) for label in range(k)])
    gains = []
    for batch in resampled_counts(rng, len(z), resamples):
        for counts in np.array_split(batch, max(1, len(batch) * len(z) * k // REFIT_CELLS)):
            total, squares = counts @ centred, counts @ centred**2
            of_rule = between_groups(counts @ rule, group_sums(counts, rule, centred), total)
            again = refound(z, counts, start)
            weighted = again * counts[:, :, None]
            of_segments = between_groups(
                weighted.sum(axis=1), np.einsum("bnk,no->bko", weighted, centred, optimize=True), total
            )
            spread = squares - total**2 / counts.sum(axis=1)[:, None]
            gains.append(((of_segments - of_rule) / spread).mean(axis=1))
    return np.concatenate(gains)


def refound(z: Array, counts: Array, start: Array) -> npt.NDArray[np.bool_]:
    """Lloyd's algorithm in many resamples at once: membership, shape (resamples, n_respondents, k)."""
    centres = np.repeat(start[None], len(counts), axis=0)
    labels = np.full(counts.shape, -1, dtype=np.int64)
    moving = np.arange(len(counts))
    for _ in range(LLOYD_STEPS):
        at = centres[moving]
        # the squared norm of the respondent is the same for every centre
        nearness = np.einsum("np,bkp->bnk", z, at, optimize=True) - (at**2).sum(axis=2)[:, None, :] / 2
        found = nearness.argmax(axis=2)
        changed = (found != labels[moving]).any(axis=1)
        moving, found = moving[changed], found[changed]
        if not len(moving):
            break
        labels[moving] = found
        member = (found[:, :, None] == np.arange(len(start))) * counts[moving][:, :, None]
        size = member.sum(axis=1)[:, :, None]
        means = np.einsum("bnk,np->bkp", member, z, optimize=True) / np.maximum(size, 1.0)
        centres[moving] = np.where(size > 0, means, centres[moving])
    return np.asarray(labels[:, :, None] == np.arange(len(start)))


def group_sums(counts: Array, member: Array, values: Array) -> Array:
    """Sums of values within groups; shape (resamples, k, n_outcomes)."""
    terms = (member[:, :, None] * values[:, None, :]).reshape(len(values), -1)
    return np.asarray(counts @ terms).reshape(len(counts), member.shape[1], values.shape[1])


def between_groups(sizes: Array, sums: Array, totals: Array) -> Array:
    """Sums of squares between groups; shape (resamples, n_outcomes). Empty groups add nothing."""
    squares = np.where(sizes[:, :, None] > 0, sums**2 / np.maximum(sizes[:, :, None], 1.0), 0.0)
    return np.asarray(squares.sum(axis=1) - totals**2 / sizes.sum(axis=1)[:, None])


def _eta_squared(values: Array, labels: Labels, k: int) -> Array:
    """Share of the variance of every outcome that lies between the groups."""
    member, once = np.eye(k)[labels], np.ones((1, len(values)))
    centred = values - values.mean(axis=0)
    between = between_groups(once @ member, group_sums(once, member, centred), once @ centred)
    return np.asarray(between[0] / (centred**2).sum(axis=0))
