"""Groups compared on a path model by permutation: measurement first (MICOM), then paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.bootstrap import correlations_from_sums
from analysis.counted_rows import Counts, written_out
from analysis.pls.estimate import Scheme, estimate, item_data, solve, why_not
from analysis.pls.specify import PathModel
from analysis.results import Entry, Tabular
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]
BATCH = 500  #: permutations solved at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeInvariance:
    """Steps two and three of MICOM for one construct (step one, the same design, is given)."""

    construct: str
    correlation: float  #: of scores weighted as in either group
    correlation_p: float  #: share of permutations with a lower one
    mean_difference: float  #: first group less second, in pooled standard deviations
    mean_p: float
    log_variance_ratio: float
    variance_p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PathDifference:
    """One path in two groups."""

    source: str
    target: str
    first: float
    second: float
    p_value: float  #: two-sided, by permutation

    @property
    def difference(self) -> float:
        return self.first - self.second


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupComparison(Tabular):
    """Two groups on one path model."""

    groups: tuple[str, str]
    n: tuple[int, int]
    n_missing: int
    permutations: int
    failed: int = 0  #: permutations without a solution in both groups
    composites: tuple[CompositeInvariance, ...] = ()
    paths: tuple[PathDifference, ...] = ()
    significance: float = 0.05
    state: str = "ok"
    reason: str = ""

    def composite(self, construct: str) -> CompositeInvariance:
        """One construct; ``KeyError`` if there is none."""
        for found in self.composites:
            if found.construct == construct:
                return found
        raise KeyError(construct)

    def path(self, source: str, target: str) -> PathDifference:
        """One path; ``KeyError`` if there is none."""
        for found in self.paths:
            if (found.source, found.target) == (source, target):
                return found
        raise KeyError((source, target))

    @property
    def invariance(self) -> str:
        """``none``, ``partial`` (paths may be compared) or ``full`` (means may be, too)."""
        if self.state != "ok" or any(c.correlation_p < self.significance for c in self.composites):
            return "none"
        equal = all(min(c.mean_p, c.variance_p) >= self.significance for c in self.composites)
        return "full" if equal else "partial"

    def entries(self) -> tuple[Entry, ...]:
        """Composites, then differences of paths; without invariance these say so."""
        method = f"PLS, {self.permutations} permutations"
        groups = {"groups": f"{self.groups[0]} - {self.groups[1]}"}
        n = sum(self.n)
        if self.state != "ok":
            return (
                Entry(
                    measure="path_difference",
                    method=method,
                    about=groups,
                    n=n,
                    state=self.state,
                    reason=self.reason,
                ),
            )
        rows = [
            Entry(
                measure=measure,
                method=f"MICOM, {self.permutations} permutations",
                about={**groups, "construct": one.construct},
                n=n,
                estimate=estimate,
                p_value=p_value,
            )
            for one in self.composites
            for measure, estimate, p_value in (
                ("composite_correlation", one.correlation, one.correlation_p),
                ("mean_difference", one.mean_difference, one.mean_p),
                ("log_variance_ratio", one.log_variance_ratio, one.variance_p),
            )
        ]
        comparable = self.invariance != "none"
        return (
            *rows,
            *(
                Entry(
                    measure="path_difference",
                    method=method,
                    about={**groups, "source": one.source, "target": one.target},
                    n=n,
                    estimate=one.difference,
                    p_value=one.p_value,
                    more={"first": one.first, "second": one.second},
                    state="ok" if comparable else "inadmissible",
                    reason="" if comparable else "composites are not formed alike in both groups",
                )
                for one in self.paths
            ),
        )


@refuses_weights(
    "composites are estimated from the sample's correlations, and their errors by drawing respondents",
    instead="analysis.sem.fit.fit",
    counts="rows",
)
def compare_groups(
    items: pd.DataFrame,
    model: PathModel,
    groups: pd.Series,
    *,
    rng: np.random.Generator,
    permutations: int = 1000,
    scheme: Scheme = "path",
    significance: float = 0.05,
    counts: Counts | None = None,
) -> GroupComparison:
    """Measurement invariance of composites [1]_ and differences of paths [2]_ between two groups.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
    groups : Series, shape (n_respondents,)
        Two different values, such as two tiers.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Notes
    -----
    Step two of MICOM correlates, over all respondents, scores made with the weights of either group from
    pooled z-scores; it is rejected when fewer than ``significance`` of the permutations correlate less. Step
    three compares means, and logs of variances, of scores made with the weights of the pooled sample.
    p-values are ``(1 + permutations at least as extreme) / (1 + permutations)``.

    References
    ----------
    .. [1] Henseler, J., Ringle, C. M., & Sarstedt, M. (2016). Testing measurement invariance of composites
       using partial least squares. International Marketing Review, 33, 405-431.
    .. [2] Chin, W. W., & Dibbern, J. (2010). An introduction to a permutation based procedure for multi-group
       PLS analysis. In Handbook of Partial Least Squares, 171-193. Springer.

    Examples
    --------
    >>> from analysis.pls.specify import composite, paths
    >>> rng = np.random.default_rng(1)
    >>> items = pd.DataFrame(rng.normal(size=(300, 1)) + rng.normal(size=(300, 4)), columns=list("abcd"))
    >>> model = PathModel(constructs=(composite("X", "ab"), composite("Y", "cd")), paths=paths("X", "Y"))
    >>> tier = pd.Series(["gold", "basic"] * 150)
    >>> found = compare_groups(items, model, tier, rng=rng, permutations=199)
    >>> found.invariance, found.path("X", "Y").p_value > 0.05
    ('full', True)
    """
    items, groups = written_out(items, counts), written_out(groups, counts)
    known = groups.notna().to_numpy(dtype=bool)
    kept = items[known]
    data, whole = item_data(kept, model)
    codes, names = pd.factorize(groups[known][whole], sort=True)
    if len(names) != 2:
        found = ", ".join(map(str, names)) or "none"
        raise ValueError(f"{len(names)} groups ({found}) among complete respondents; expected 2. Choose two.")
    first = np.asarray(codes == 0, dtype=float)
    shared: dict[str, Any] = {
        "groups": (str(names[0]), str(names[1])),
        "n": (int(first.sum()), int((1 - first).sum())),
        "n_missing": len(items) - len(data),
        "permutations": permutations,
        "significance": significance,
    }
    for name, member in zip(names, (codes == 0, codes == 1), strict=True):
        state, reason = why_not(data[member], model)
        if state != "ok":
            return GroupComparison(**shared, state=state, reason=f"{name}: {reason}")
    pooled = estimate(kept, model, scheme=scheme)
    if pooled.solution is None or pooled.scores is None or pooled.state != "ok":
        return GroupComparison(**shared, state=pooled.state, reason=f"all respondents: {pooled.reason}")
    for name, code in zip(names, (0, 1), strict=True):
        own = estimate(kept[whole][codes == code], model, scheme=scheme)
        if own.state != "ok":
            return GroupComparison(**shared, state=own.state, reason=f"{name}: {own.reason}")
    start = pooled.solution.weights[0]
    observed = _statistics(data, pooled.scores, first[None], model, scheme, start)
    if not np.isfinite(observed).all():
        return GroupComparison(
            **shared, state="not_converged", reason="a group has no admissible solution of its own"
        )
    drawn = np.concatenate(
        [
            _statistics(
                data,
                pooled.scores,
                rng.permuted(np.tile(first, (min(BATCH, permutations - begin), 1)), axis=1),
                model,
                scheme,
                start,
            )
            for begin in range(0, permutations, BATCH)
        ]
    )
    usable = np.asarray(np.isfinite(drawn).all(axis=1))
    failed = int((~usable).sum())
    if failed > 0.05 * permutations:
        return GroupComparison(
            **shared,
            failed=failed,
            state="not_converged",
            reason=f"{failed} of {permutations} permutations have no solution",
        )
    return GroupComparison(**shared, failed=failed, **_compared(observed[0], drawn[usable], model))


def _compared(observed: Array, drawn: Array, model: PathModel) -> dict[str, Any]:
    """Composites and paths with their p-values."""
    k = len(model.names)
    tolerance = 1e-12  # equal up to rounding counts as equal
    lower = (1 + (drawn <= observed + tolerance).sum(axis=0)) / (1 + len(drawn))
    beyond = (1 + (np.abs(drawn) >= np.abs(observed) - tolerance).sum(axis=0)) / (1 + len(drawn))
    composites = tuple(
        CompositeInvariance(
            construct=name,
            correlation=float(observed[j]),
            correlation_p=float(lower[j]),
            mean_difference=float(observed[k + j]),
            mean_p=float(beyond[k + j]),
            log_variance_ratio=float(observed[2 * k + j]),
            variance_p=float(beyond[2 * k + j]),
        )
        for j, name in enumerate(model.names)
    )
    pairs = np.argwhere(model.structure())
    at = 3 * k
    paths = tuple(
        PathDifference(
            source=model.names[source],
            target=model.names[target],
            first=float(observed[at + len(pairs) + i]),
            second=float(observed[at + len(pairs) + i] - observed[at + i]),
            p_value=float(beyond[at + i]),
        )
        for i, (target, source) in enumerate(pairs)
    )
    return {"composites": composites, "paths": paths}


def _statistics(
    data: Array, scores: Array, first: Array, model: PathModel, scheme: Scheme, start: Array
) -> Array:
    """What is compared, for every division into two groups (rows of ``first``); NaN if unsolved.

    Correlations of composites, differences of means, log ratios of variances, differences of paths, and the
    paths of the first group.
    """
    z = (data - data.mean(axis=0)) / data.std(axis=0)
    i, j = np.triu_indices(z.shape[1])
    terms = np.column_stack([np.ones(len(z)), z, z[:, i] * z[:, j]])
    sides = []
    for member in (first, 1 - first):
        matrices = correlations_from_sums(member @ terms, z.shape[1])
        finite = np.asarray(np.isfinite(matrices).all(axis=(1, 2)))
        solution = solve(np.where(finite[:, None, None], matrices, np.eye(z.shape[1])), model, scheme, start)
        count = member.sum(axis=1, keepdims=True)
        mean = member @ scores / count
        variance = (member @ scores**2 / count - mean**2) * count / (count - 1)
        sides.append((solution, mean, variance, solution.converged & solution.solvable & finite))
    (one, mean1, variance1, ok1), (two, mean2, variance2, ok2) = sides
    pooled: Array = np.corrcoef(z, rowvar=False)
    cross = np.einsum("bpk,pq,bqk->bk", one.weights, pooled, two.weights, optimize=True)
    own = [np.einsum("bpk,pq,bqk->bk", s.weights, pooled, s.weights, optimize=True) for s in (one, two)]
    present = model.structure()
    found = np.concatenate(
        [
            cross / np.sqrt(own[0] * own[1]),
            mean1 - mean2,
            np.log(variance1 / variance2),
            (one.paths - two.paths)[:, present],
            one.paths[:, present],
        ],
        axis=1,
    )
    found[~(ok1 & ok2)] = np.nan
    return np.asarray(found)
