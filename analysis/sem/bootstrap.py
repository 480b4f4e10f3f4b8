"""The bootstrap of structural models: any parameter, any defined quantity, standardised or not.

Respondents, or whole clusters, are drawn with replacement within groups; each resample's moments are sums
over respondents weighted by how often they were drawn, and its search begins at the estimates of the whole
sample. Resamples without an admissible solution are counted and left out; where they are many there is no
interval, for what is left is then a choice of the data that suit the model.

.. [1] Efron, B. & Tibshirani, R. J. (1993). An introduction to the bootstrap. Chapman & Hall.
.. [2] Efron, B. (1987). Better bootstrap confidence intervals. Journal of the American Statistical
   Association, 82, 171-185.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from analysis.bootstrap import BootstrapDistribution
from analysis.results import Entry, Interval, Tabular
from analysis.sem.admissibility import problems_of_matrices
from analysis.sem.casewise import contributions
from analysis.sem.errors import ModelError
from analysis.sem.estimates import Part, Solution, minimise
from analysis.sem.estimators import ESTIMATORS, discrepancies_for
from analysis.sem.fitted import Fit
from analysis.sem.many_searches import ARRIVED, search_many
from analysis.sem.matrices import Implied, Structure
from analysis.sem.moments import GroupMoments, Moments
from analysis.sem.quantities import Quantities
from analysis.sem.resamples import Batch, resampled_moments
from analysis.sem.restrictions import Restrictions
from analysis.sem.standardized import Kind
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]
IntervalMethod = Literal["percentile", "bias-corrected", "accelerated"]

#: The share of resamples without a solution beyond which there is no interval.
MOST_FAILURES = 0.05
FEWEST_DRAWS = 100
#: Steps of an exact search that begins near its end; the others are lost.
MOST_STEPS = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SemBootstrap(Tabular):
    """Quantities of a model over resamples.

    ``state`` is ``"ok"``, the state of the fit where that is not, ``"too_few"`` (resamples), or
    ``"not_converged"`` / ``"inadmissible"`` where too large a share of the resamples was; there are then no
    intervals.
    """

    names: tuple[str, ...]
    estimates: tuple[float, ...]  #: of the whole sample
    draws: Array  #: shape (n_kept, n_names)
    not_converged: int  #: resamples whose search found no minimum
    inadmissible: int  #: resamples whose estimates have negative variances, or the like
    accelerations: tuple[float, ...]  #: how the standard error changes with the quantity itself [2]_
    resampled: Literal["respondents", "clusters"]
    standardized: Kind | None
    n: int
    most_failures: float
    state: str = "ok"
    reason: str = ""

    @property
    def resamples(self) -> int:
        """All that were drawn."""
        return len(self.draws) + self.not_converged + self.inadmissible

    @property
    def failed(self) -> int:
        return self.not_converged + self.inadmissible

    def std_error(self, name: str) -> float | None:
        """Standard deviation over resamples."""
        return None if self.state != "ok" else float(self.draws[:, self._at(name)].std(ddof=1))

    def distribution(self, name: str) -> BootstrapDistribution | None:
        """The draws of one quantity."""
        if self.state != "ok":
            return None
        return BootstrapDistribution(draws=np.sort(self.draws[:, self._at(name)]), failed=self.failed)

    def interval(
        self, name: str, *, method: IntervalMethod = "percentile", confidence_level: float = 0.95
    ) -> Interval | None:
        """A confidence interval; None unless ``state`` is ``"ok"``.

        ``"bias-corrected"`` moves the percentiles by how often resamples fall short of the estimate;
        ``"accelerated"`` (BCa) also by how skewed respondents' influence on the estimate is.
        """
        if self.state != "ok":
            return None
        at = self._at(name)
        draws, tail = self.draws[:, at], (1 - confidence_level) / 2
        levels = np.array([tail, 1 - tail])
        if method != "percentile":
            below = (draws < self.estimates[at]).sum() + (draws == self.estimates[at]).sum() / 2
            shift = ndtri(np.clip(below / len(draws), 0.5 / len(draws), 1 - 0.5 / len(draws)))
            moved = shift + ndtri(levels)
            a = self.accelerations[at] if method == "accelerated" else 0.0
            levels = ndtr(shift + moved / (1 - a * moved))
        low, high = np.quantile(draws, levels)
        return Interval(low=float(low), high=float(high), confidence_level=confidence_level)

    def _at(self, name: str) -> int:
        if name not in self.names:
            raise KeyError(f"{name!r} was not resampled; there are {', '.join(map(repr, self.names))}.")
        return self.names.index(name)

    def entries(self) -> tuple[Entry, ...]:
        """One for each quantity, with its percentile interval."""
        counted = f"{self.resamples} resamples of {self.resampled}"
        more = {"not_converged": float(self.not_converged), "inadmissible": float(self.inadmissible)}
        told = self.standardized is not None
        return tuple(
            Entry(
                measure="standardized_bootstrap" if told else "bootstrap",
                method=f"Percentile bootstrap, {counted}",
                about={"parameter": name},
                n=self.n,
                estimate=self.estimates[at] if self.state == "ok" else None,
                std_error=self.std_error(name),
                interval=self.interval(name),
                more=more,
                state=self.state,
                reason=self.reason,
            )
            for at, name in enumerate(self.names)
        )


def bootstrap(
    fit: Fit,
    names: Sequence[str] | None = None,
    *,
    rng: np.random.Generator,
    resamples: int = 2000,
    standardized: Kind | None = None,
    most_failures: float = MOST_FAILURES,
) -> SemBootstrap:
    """Parameters and defined quantities over resamples of the answers that a model was fitted to.

    Parameters
    ----------
    fit : Fit
        Whose moments hold the answers. Where these have clusters, whole clusters are drawn; weights stay
        with their respondents.
    names : sequence of str, optional
        Parameters as they are written (with several groups, ``"f =~ x [group]"``) and what ``:=`` defines;
        by default all that are free and all that are defined.
    standardized : "latent" or "all", optional
        The units of the quantities, as of :func:`analysis.sem.standardized.standardized`.
    most_failures : float
        The share of resamples without an admissible solution beyond which there is no interval.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.sem.fit import fit
    >>> rng = np.random.default_rng(3)
    >>> x = rng.normal(size=300)
    >>> m = 0.5 * x + rng.normal(size=300)
    >>> data = pd.DataFrame({"x": x, "m": m, "y": 0.4 * m + rng.normal(size=300)})
    >>> found = fit("m ~ a*x; y ~ b*m + x; indirect := a*b", data)
    >>> drawn = bootstrap(found, ["indirect"], rng=np.random.default_rng(1), resamples=500)
    >>> interval = drawn.interval("indirect", method="accelerated")
    >>> drawn.failed, round(interval.low, 2), round(interval.high, 2)
    (0, 0.16, 0.35)
    """
    quantities = Quantities.of(fit.table, names, standardized)
    shared = {
        "names": quantities.names,
        "resampled": "respondents" if fit.moments.n_clusters is None else "clusters",
        "standardized": standardized,
        "n": fit.n,
        "most_failures": most_failures,
    }
    if fit.state != "ok" or fit.solution is None:
        return SemBootstrap(
            **shared,  # type: ignore[arg-type]
            estimates=(),
            draws=np.zeros((0, len(quantities.names))),
            not_converged=0,
            inadmissible=0,
            accelerations=(),
            state=fit.problems[0].entry_state,
            reason=fit.reason,
        )
    _check(fit)
    draws, not_converged, inadmissible = [], 0, 0
    search = _Search.of(fit)
    for batch in resampled_moments(fit.moments, rng, resamples):
        for end in search.ends(batch):
            if end is None:
                not_converged += 1
            elif not end.clear and problems_of_matrices(fit.table, fit.moments, end.implied):
                inadmissible += 1
            else:
                draws.append(quantities.at(end.parameters, end.implied))
    kept = np.array(draws).reshape(len(draws), len(quantities.names))
    finite = np.isfinite(kept).all(axis=1)
    found = SemBootstrap(
        **shared,  # type: ignore[arg-type]
        estimates=tuple(quantities.at(fit.solution.parameters, fit.solution.place.implied)),
        draws=kept[finite],
        not_converged=not_converged,
        inadmissible=inadmissible + int((~finite).sum()),
        accelerations=_accelerations(fit, quantities),
    )
    return _judged(found)


def _check(fit: Fit) -> None:
    if fit.estimator == "WLS":
        raise ModelError("WLS has no bootstrap: its weights are fourth moments. Use ML or MLR.")
    if any(group.rows is None for group in fit.moments.groups):
        raise ModelError("The bootstrap needs the answers, and the moments hold none.")


def _judged(found: SemBootstrap) -> SemBootstrap:
    """With the state that its failures leave."""
    if found.resamples < FEWEST_DRAWS:
        reason = f"{found.resamples} resamples; at least {FEWEST_DRAWS} are needed"
        return replace(found, state="too_few", reason=reason)
    if found.failed <= found.most_failures * found.resamples:
        return found
    worse = "not_converged" if found.not_converged >= found.inadmissible else "inadmissible"
    reason = (
        f"of {found.resamples} resamples {found.not_converged} did not converge and {found.inadmissible} had "
        f"an inadmissible solution; at most {found.most_failures:.0%} may fail"
    )
    return replace(found, state=worse, reason=reason)


@dataclass(frozen=True, slots=True)
class _End:
    """Where the search of one resample arrived."""

    parameters: Array
    implied: tuple[Implied, ...]
    clear: bool  #: admissible beyond doubt


@dataclass(frozen=True, slots=True)
class _Search:
    """What the resamples' searches share."""

    fit: Fit
    known: Solution
    restrictions: Restrictions
    exogenous: Index

    @classmethod
    def of(cls, fit: Fit) -> _Search:
        if fit.solution is None:
            raise ModelError(f"There are no estimates: {fit.reason}.")
        at = [fit.table.observed.index(name) for name in fit.table.exogenous]
        return cls(fit, fit.solution, Restrictions.of(fit.table), np.array(at, dtype=np.intp))

    def ends(self, batch: Batch) -> Iterator[_End | None]:
        """Of every resample: all at once, then one by one those that did not arrive; None where even so no
        minimum was found."""
        many = None
        if ESTIMATORS[self.fit.estimator].likelihood and not self.restrictions.curved:
            many = search_many(
                self.known.place.parts,
                self.known,
                self.restrictions,
                batch,
                self.exogenous,
                with_means=self.fit.table.mean_structure,
            )
        clear = None if many is None else many.clearly_admissible()
        for k in range(len(batch)):
            if many is not None and clear is not None and many.arrived[k]:
                yield _End(many.parameters[k], many.implied(k), bool(clear[k]))
                continue
            solution = self._alone(batch.moments(k))
            found = solution is not None and solution.converged
            yield _End(solution.parameters, solution.place.implied, False) if solution and found else None

    def _alone(self, moments: Moments) -> Solution | None:
        table, less = self.fit.table, ESTIMATORS[self.fit.estimator].less
        try:
            discrepancies = discrepancies_for(self.fit.estimator, moments, with_means=table.mean_structure)
        except ModelError:  # a resample whose covariance matrix has no inverse
            return None
        parts = [
            Part(self._structure(part.structure, group), discrepancy, share)
            for part, group, discrepancy, share in zip(
                self.known.place.parts, moments.groups, discrepancies, moments.shares(less=less), strict=True
            )
        ]
        return minimise(
            parts, self.known.parameters, self.restrictions, most_steps=MOST_STEPS, arrived=ARRIVED
        )

    def _structure(self, structure: Structure, group: GroupMoments) -> Structure:
        """With the resample's own moments of exogenous variables."""
        at = self.exogenous
        if not len(at):
            return structure
        covariances, means = structure.covariances.copy(), structure.means.copy()
        covariances[np.ix_(at, at)] = group.covariance[np.ix_(at, at)]
        if self.fit.table.mean_structure:
            means[at] = group.means[at]
        return replace(structure, covariances=covariances, means=means)


def _accelerations(fit: Fit, quantities: Quantities) -> tuple[float, ...]:
    """``sum I^3 / (6 (sum I^2)^(3/2))`` with I each respondent's (or cluster's) influence."""
    solution, uncertainty = fit.solution, fit.uncertainty
    if solution is None or uncertainty is None or not ESTIMATORS[fit.estimator].likelihood:
        return tuple(0.0 for _ in quantities.names)
    pieces = contributions(
        solution.place.parts,
        fit.moments.groups,
        solution.place.implied,
        solution.slopes,
        len(solution.parameters),
        with_means=fit.table.mean_structure,
    )
    moved = quantities.slopes(fit) @ uncertainty.inverse
    influence = np.vstack(pieces) @ moved.T
    counts = np.concatenate(
        [
            np.ones(len(p)) if g.counts is None else g.counts
            for p, g in zip(pieces, fit.moments.groups, strict=True)
        ]
    )
    clusters = [group.clusters for group in fit.moments.groups if group.clusters is not None]
    if clusters:
        names, own = np.unique(np.concatenate(clusters), return_inverse=True)
        sums = np.zeros((len(names), influence.shape[1]))
        np.add.at(sums, own, influence * counts[:, None])
        influence, counts = sums, np.ones(len(names))
    squares, cubes = counts @ influence**2, counts @ influence**3
    scale = np.where(squares > 0, squares, 1.0)
    return tuple((cubes / (6 * scale**1.5)).tolist())
