"""What respondents say matters, against what goes with the outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from analysis.bootstrap import BootstrapDistribution
from analysis.results import Entry, Interval
from analysis.weighting import step_of

Array = npt.NDArray[np.float64]

WEIGHTING = step_of("analysis.importance_performance.importance_performance")

LEAST_DRIVERS = 4  #: ranks of fewer agree too easily by chance


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverRanks:
    """Where one driver stands by either importance; rank 1 matters most."""

    driver: str
    stated: float  #: mean of the answers
    derived_rank: float
    stated_rank: float
    interval: Interval  #: of the derived rank less the stated rank, over resamples

    @property
    def difference(self) -> float:
        """Derived less stated rank: below zero, the driver matters more than respondents say."""
        return self.derived_rank - self.stated_rank

    @property
    def parts(self) -> bool:
        """Whether the two ranks differ in (nearly) all resamples, in one direction."""
        return self.interval.excludes(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedAgainstDerived:
    """Spearman's correlation of stated and derived importance over the drivers, and where they part."""

    n: int
    estimate: float | None = None
    interval: Interval | None = None
    drivers: tuple[DriverRanks, ...] = ()
    state: str = "ok"
    reason: str = ""

    @property
    def parting(self) -> tuple[str, ...]:
        """Drivers whose ranks part."""
        return tuple(found.driver for found in self.drivers if found.parts)

    def entries(self, about: Mapping[str, str]) -> tuple[Entry, ...]:
        """``stated_derived_correlation``, then ``rank_difference`` of each driver."""
        whole = Entry(
            measure="stated_derived_correlation",
            method="Spearman's correlation over drivers, percentile bootstrap",
            about=about,
            n=self.n,
            estimate=self.estimate,
            interval=self.interval,
            state=self.state,
            reason=self.reason,
        )
        return (
            whole,
            *(
                Entry(
                    measure="rank_difference",
                    method="derived less stated rank, percentile bootstrap",
                    about={**about, "driver": found.driver},
                    n=self.n,
                    estimate=found.difference,
                    interval=found.interval,
                    more={
                        "derived_rank": found.derived_rank,
                        "stated_rank": found.stated_rank,
                        "stated": found.stated,
                    },
                )
                for found in self.drivers
            ),
        )


def stated_against_derived(
    names: tuple[str, ...],
    derived: Array,
    stated: Array,
    derived_draws: Array,
    stated_draws: Array,
    confidence_level: float = 0.95,
) -> StatedAgainstDerived:
    """Ranks of the drivers by derived and by mean stated importance, with resampling intervals.

    The drivers are the study's own and not a sample of drivers, so respondents are resampled, not drivers.
    Resamples add noise to both rankings: the interval of the correlation leans towards zero and may even
    leave out the estimate where many drivers matter about equally. Ties take average ranks.

    Parameters
    ----------
    derived : array, shape (n_drivers,)
    stated : array, shape (n_respondents, n_drivers)
        NaN where a respondent did not say; each driver's mean is of those who did.
    derived_draws, stated_draws : array, shape (resamples, n_drivers)
        Of the same resamples.

    Examples
    --------
    >>> derived, stated = np.array([0.4, 0.3, 0.2, 0.1]), np.array([[5.0, 4, 2, 3], [5, 4, 2, 3]])
    >>> draws = np.tile(derived, (10, 1)), np.tile(stated[:1], (10, 1))
    >>> found = stated_against_derived(("a", "b", "c", "d"), derived, stated, *draws)
    >>> round(found.estimate, 6), found.parting
    (0.8, ('c', 'd'))
    """
    n = int((~np.isnan(stated)).any(axis=1).sum())
    if len(names) < LEAST_DRIVERS:
        reason = f"{len(names)} drivers; at least {LEAST_DRIVERS} are ranked"
        return StatedAgainstDerived(n=n, state="too_few", reason=reason)
    answers = (~np.isnan(stated)).sum(axis=0, dtype=int)
    silent = [names[j] for j in np.flatnonzero(answers == 0)]
    if silent:
        return StatedAgainstDerived(n=n, state="too_few", reason=f"nobody rated {', '.join(silent)}")
    means = np.nanmean(stated, axis=0)
    if np.ptp(means) == 0:
        return StatedAgainstDerived(n=n, state="constant", reason="all drivers are said to matter alike")
    ranks, said = _ranks(derived[None])[0], _ranks(means[None])[0]
    whole = np.isfinite(stated_draws).all(axis=1)
    drawn, drawn_said = _ranks(derived_draws[whole]), _ranks(stated_draws[whole])
    spread = BootstrapDistribution.of(_correlations(drawn, drawn_said))
    if len(spread.draws) < 0.95 * len(derived_draws):
        lost = len(derived_draws) - len(spread.draws)
        reason = f"stated importance cannot be ranked in {lost} of {len(derived_draws)} resamples"
        return StatedAgainstDerived(n=n, state="not_converged", reason=reason)
    return StatedAgainstDerived(
        n=n,
        estimate=float(_correlations(ranks[None], said[None])[0]),
        interval=spread.interval(confidence_level),
        drivers=tuple(
            DriverRanks(
                driver=name,
                stated=float(means[j]),
                derived_rank=float(ranks[j]),
                stated_rank=float(said[j]),
                interval=BootstrapDistribution.of(drawn[:, j] - drawn_said[:, j]).interval(confidence_level),
            )
            for j, name in enumerate(names)
        ),
    )


def _ranks(values: Array) -> Array:
    """Ranks within rows, the largest first."""
    return np.asarray(stats.rankdata(-values, axis=1), dtype=float)


def _correlations(a: Array, b: Array) -> Array:
    """Pearson's correlation of the rows; not a number where a row does not vary."""
    a, b = (x - x.mean(axis=1, keepdims=True) for x in (a, b))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1)))
