"""Whether the items of a construct agree, and whether constructs differ from each other.

Convergent validity: composite reliability and average variance extracted, from standardised loadings.
Discriminant validity: the Fornell-Larcker table, and the heterotrait-monotrait ratio of correlations (HTMT,
HTMT2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.bootstrap import BootstrapDistribution, resampled_correlations
from analysis.counted_rows import Counts, written_out
from analysis.item_correlations import ItemCorrelations, pearson_correlations
from analysis.omega import coefficient_h
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import no_estimate, refuses_weights

Array = npt.NDArray[np.float64]
HtmtVersion = Literal["htmt", "htmt2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoff:
    """A rule of thumb from the literature; no result here is judged by it."""

    measure: str
    value: float
    side: Literal["at least", "below"]
    citation: str


CUTOFFS = (
    Cutoff(
        measure="composite_reliability", value=0.70, side="at least", citation="Nunnally & Bernstein (1994)"
    ),
    Cutoff(measure="ave", value=0.50, side="at least", citation="Fornell & Larcker (1981)"),
    Cutoff(measure="htmt", value=0.85, side="below", citation="Kline (2011); Henseler et al. (2015)"),
    Cutoff(measure="htmt", value=0.90, side="below", citation="Gold et al. (2001); Henseler et al. (2015)"),
    Cutoff(measure="htmt2", value=0.85, side="below", citation="Roemer et al. (2021)"),
    Cutoff(measure="htmt2", value=0.90, side="below", citation="Roemer et al. (2021)"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvergentValidity(Tabular):
    """How much of one construct's items is the construct."""

    construct: str
    items: tuple[str, ...]
    loadings: tuple[float, ...]  #: standardised
    composite_reliability: float | None
    ave: float | None
    coefficient_h: float | None
    n: int | None = None
    state: str = "ok"  #: ``inadmissible`` when a loading lies beyond one, ``too_few`` with one item
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        numbers = {
            "composite_reliability": self.composite_reliability,
            "ave": self.ave,
            "coefficient_h": self.coefficient_h,
        }
        return tuple(
            Entry(
                measure=measure,
                method="from standardised loadings",
                about={"construct": self.construct},
                n=self.n,
                estimate=value,
                more={"k": len(self.items)},
                state=self.state,
                reason=self.reason,
            )
            for measure, value in numbers.items()
        )


@no_estimate("arithmetic")
def convergent_validity(
    loadings: Mapping[str, float], *, construct: str, n: int | None = None
) -> ConvergentValidity:
    """Composite reliability, average variance extracted [1]_ and coefficient H of one construct.

    ``CR = (sum l)^2 / ((sum l)^2 + sum(1 - l^2))`` and ``AVE = mean of l^2``, with l the standardised
    loadings of items that load on this construct alone and have uncorrelated errors.

    Parameters
    ----------
    loadings : mapping of item to standardised loading

    References
    ----------
    .. [1] Fornell, C., & Larcker, D. F. (1981). Evaluating structural equation models with unobservable
       variables and measurement error. Journal of Marketing Research, 18, 39-50.

    Examples
    --------
    >>> found = convergent_validity({"SAT1": 0.8, "SAT2": 0.7, "SAT3": 0.6}, construct="satisfaction")
    >>> round(found.composite_reliability, 4), round(found.ave, 4)
    (0.7449, 0.4967)
    """
    names, values = tuple(loadings), np.array(list(loadings.values()), dtype=float)
    state, reason = "ok", ""
    if len(values) < 2:
        state, reason = "too_few", f"convergence needs at least 2 items, there are {len(values)}"
    elif not np.isfinite(values).all():
        state, reason = "not_converged", "a loading is not a number"
    elif np.abs(values).max() >= 1:
        beyond = ", ".join(name for name, value in loadings.items() if abs(value) >= 1)
        state, reason = "inadmissible", f"a standardised loading lies beyond one: {beyond}"
    elif not values.any():
        state, reason = "inadmissible", "all loadings are 0"
    usable = state == "ok"
    true = float(values.sum()) ** 2
    return ConvergentValidity(
        construct=construct,
        items=names,
        loadings=tuple(float(value) for value in values),
        composite_reliability=true / (true + float((1 - values**2).sum())) if usable else None,
        ave=float((values**2).mean()) if usable else None,
        coefficient_h=coefficient_h([float(value) for value in values]) if usable else None,
        n=n,
        state=state,
        reason=reason,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FornellLarcker(Tabular):
    """Average variance extracted beside what constructs share with each other."""

    constructs: tuple[ConvergentValidity, ...]
    correlations: tuple[tuple[str, str, float], ...]  #: each pair of constructs

    def table(self) -> pd.DataFrame:
        """Roots of AVE on the diagonal, construct correlations below it: as papers print it."""
        names = [found.construct for found in self.constructs]
        square = pd.DataFrame(np.nan, index=names, columns=names)
        for found in self.constructs:
            if found.ave is not None:
                square.loc[found.construct, found.construct] = found.ave**0.5
        for first, second, r in self.correlations:
            square.loc[second, first] = r
        return square

    def largest_shared(self, construct: str) -> float:
        """The largest squared correlation of that construct with another; to be held against its AVE."""
        return max(r**2 for first, second, r in self.correlations if construct in (first, second))

    def entries(self) -> tuple[Entry, ...]:
        """Per construct its AVE, with the largest squared correlation and their difference in ``more``."""
        rows = []
        for found in self.constructs:
            shared = self.largest_shared(found.construct)
            more = {"largest_shared_variance": shared}
            if found.ave is not None:
                more["margin"] = found.ave - shared
            rows.append(
                Entry(
                    measure="fornell_larcker",
                    method="AVE against squared construct correlations",
                    about={"construct": found.construct},
                    n=found.n,
                    estimate=found.ave,
                    more=more,
                    state=found.state,
                    reason=found.reason,
                )
            )
        return tuple(rows)


@no_estimate("arithmetic")
def fornell_larcker(
    loadings: Mapping[str, Mapping[str, float]], construct_correlations: pd.DataFrame, *, n: int | None = None
) -> FornellLarcker:
    """Fornell and Larcker's comparison of AVE with the variance that constructs share.

    Parameters
    ----------
    loadings : mapping of construct to its items' standardised loadings
        At least two constructs.
    construct_correlations : DataFrame, shape (n_constructs, n_constructs)
        Of the latent variables, rows and columns named as the constructs.

    Examples
    --------
    >>> r = pd.DataFrame([[1, 0.5], [0.5, 1]], index=["sat", "loy"], columns=["sat", "loy"])
    >>> found = fornell_larcker({"sat": {"S1": 0.8, "S2": 0.7}, "loy": {"L1": 0.9, "L2": 0.8}}, r)
    >>> [round(entry.more["margin"], 3) for entry in found.entries()]
    [0.315, 0.475]
    """
    if len(loadings) < 2:
        raise ValueError(f"constructs are compared with each other; there is only {', '.join(loadings)}")
    absent = [name for name in loadings if name not in construct_correlations.columns]
    if absent:
        raise ValueError(f"the correlations do not name {', '.join(absent)}")
    r: Array = construct_correlations.loc[list(loadings), list(loadings)].to_numpy(dtype=float)
    place = {name: i for i, name in enumerate(loadings)}
    return FornellLarcker(
        constructs=tuple(convergent_validity(own, construct=name, n=n) for name, own in loadings.items()),
        correlations=tuple(
            (first, second, float(r[place[first], place[second]]))
            for first, second in combinations(loadings, 2)
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Htmt(Tabular):
    """Heterotrait-monotrait ratio of one pair of constructs."""

    version: HtmtVersion
    first: str
    second: str
    n: int | None
    estimate: float | None
    interval: Interval | None = None  #: percentile bootstrap
    upper_bound: float | None = None  #: of the one-sided interval at the same level
    resamples: int = 0
    failed: int = 0  #: resamples in which an item did not vary
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        more = {} if self.upper_bound is None else {"upper_bound": self.upper_bound}
        if self.resamples:
            more |= {"resamples": float(self.resamples), "failed": float(self.failed)}
        return (
            Entry(
                measure=self.version,
                method="heterotrait-monotrait ratio" + (", bootstrap" if self.resamples else ""),
                about={"first": self.first, "second": self.second},
                n=self.n,
                estimate=self.estimate,
                interval=self.interval,
                more=more,
                state=self.state,
                reason=self.reason,
            ),
        )


@refuses_weights(
    "its bootstrap draws respondents of a simple random sample",
    instead="analysis.item_correlations.pearson_correlations(design=...) as the source, without a bootstrap",
    counts="sums",
)
def htmt(
    source: pd.DataFrame | ItemCorrelations,
    constructs: Mapping[str, Sequence[str]],
    *,
    version: HtmtVersion = "htmt",
    rng: np.random.Generator | None = None,
    resamples: int = 2000,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> tuple[Htmt, ...]:
    """Heterotrait-monotrait ratios of all pairs of constructs.

    The mean of the absolute correlations between items of different constructs over the geometric mean of the
    two constructs' mean absolute correlations within [1]_. HTMT2 takes geometric means throughout and so
    needs no equal loadings [2]_. As ``semTools::htmt(absolute = TRUE)``; here reverse-keyed items make no
    difference.

    Parameters
    ----------
    source : DataFrame, shape (n_respondents, n_items), or ItemCorrelations
        Answers (complete over the items named), or any correlations, which have no bootstrap.
    constructs : mapping of construct to the names of its items
        At least two items each: a pair with fewer is ``too_few``.
    rng : Generator, optional
        With it, percentile intervals from ``resamples`` bootstrap resamples of the respondents. A two-sided
        90 percent interval has the ends of one-sided 95 percent ones.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row of answers stands for; rows are written out only to be resampled.

    References
    ----------
    .. [1] Henseler, J., Ringle, C. M., & Sarstedt, M. (2015). A new criterion for assessing discriminant
       validity in variance-based structural equation modeling. Journal of the Academy of Marketing Science,
       43, 115-135.
    .. [2] Roemer, E., Schuberth, F., & Henseler, J. (2021). HTMT2: An improved criterion for assessing
       discriminant validity in structural equation modeling. Industrial Management & Data Systems, 121,
       2637-2650.

    Examples
    --------
    >>> from analysis.item_correlations import given_correlations
    >>> r = pd.DataFrame(0.3, index=list("ABCD"), columns=list("ABCD"))
    >>> r.loc[["A", "B"], ["A", "B"]] = r.loc[["C", "D"], ["C", "D"]] = 0.6
    >>> for item in "ABCD":
    ...     r.loc[item, item] = 1.0
    >>> round(htmt(given_correlations(r), {"X": ["A", "B"], "Y": ["C", "D"]})[0].estimate, 4)
    0.5
    """
    if version not in ("htmt", "htmt2"):
        raise ValueError(f"version is {version!r}; it can be 'htmt' or 'htmt2'")
    if rng is not None and isinstance(source, ItemCorrelations):
        raise ValueError("a bootstrap resamples respondents; give their answers instead of correlations")
    if counts is not None and isinstance(source, ItemCorrelations):
        raise ValueError("counts are of rows of answers; these correlations have taken them already")
    names = list(dict.fromkeys(name for items in constructs.values() for name in items))
    correlations, answers = _of(source, names, counts, resampled=rng is not None)
    draws = None
    if rng is not None and correlations.state == "ok":
        draws = resampled_correlations(answers, rng, resamples)
    found = []
    for first, second in combinations(constructs, 2):
        a, b = ([names.index(item) for item in constructs[name]] for name in (first, second))
        found.append(_pair(correlations, draws, (first, second), (a, b), version, confidence_level))
    return tuple(found)


def _of(
    source: pd.DataFrame | ItemCorrelations, names: list[str], counts: Counts | None, *, resampled: bool
) -> tuple[ItemCorrelations, Array]:
    known = list(source.items) if isinstance(source, ItemCorrelations) else [str(c) for c in source.columns]
    absent = [name for name in names if name not in known]
    if absent:
        raise ValueError(f"there are no items {', '.join(absent)}; there are {', '.join(known)}")
    if isinstance(source, ItemCorrelations):
        places = [known.index(name) for name in names]
        part = ItemCorrelations(
            items=tuple(names),
            matrix=source.matrix[np.ix_(places, places)],
            n=source.n,
            method=source.method,
            weighted=source.weighted,
            state=source.state,
            reason=source.reason,
        )
        return part, np.empty((0, len(names)))
    found = pearson_correlations(source[names], counts=counts)
    answers = written_out(source[names], counts).dropna() if resampled else source[names].iloc[:0]
    return found, answers.to_numpy(dtype=float)


def _pair(
    correlations: ItemCorrelations,
    draws: Array | None,
    names: tuple[str, str],
    places: tuple[list[int], list[int]],
    version: HtmtVersion,
    level: float,
) -> Htmt:
    state, reason = correlations.state, correlations.reason
    # Ratios need no inverse: an item that is a combination of others does no harm here.
    usable = bool(np.isfinite(correlations.matrix).all()) and bool(
        np.abs(correlations.matrix).max() <= 1 + 1e-9
    )
    short = [name for name, own in zip(names, places, strict=True) if len(own) < 2]
    if short:
        state, reason = "too_few", f"{', '.join(short)} has fewer than 2 items"
    elif set(places[0]) & set(places[1]):
        state, reason = "inadmissible", "the two constructs share an item"
    elif usable:
        state, reason = "ok", ""
    estimate = float(ratio(correlations.matrix[None], *places, version=version)[0]) if state == "ok" else None
    if estimate is not None and not np.isfinite(estimate):
        state, reason, estimate = "inadmissible", "the items of a construct are uncorrelated", None
    shared = {"version": version, "first": names[0], "second": names[1], "n": correlations.n}
    if estimate is None or draws is None:
        return Htmt(**shared, estimate=estimate, state=state, reason=reason)  # type: ignore[arg-type]
    spread = BootstrapDistribution.of(ratio(draws, *places, version=version))
    return Htmt(
        **shared,  # type: ignore[arg-type]
        estimate=estimate,
        interval=spread.interval(level),
        upper_bound=float(np.quantile(spread.draws, level)),
        resamples=spread.resamples,
        failed=spread.failed,
    )


@no_estimate("arithmetic")
def ratio(matrices: Array, first: Sequence[int], second: Sequence[int], *, version: HtmtVersion) -> Array:
    """HTMT or HTMT2 of many correlation matrices at once.

    Parameters
    ----------
    matrices : array, shape (n_matrices, n_items, n_items)
    first, second : positions of the two constructs' items

    Examples
    --------
    >>> r = np.array([[[1, 0.6, 0.3, 0.3], [0.6, 1, 0.3, 0.3], [0.3, 0.3, 1, 0.4], [0.3, 0.3, 0.4, 1]]])
    >>> ratio(r, [0, 1], [2, 3], version="htmt").round(4).tolist()
    [0.6124]
    """
    sizes = np.abs(matrices)

    def mean(rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> Array:
        cells = sizes[:, rows, columns]
        if version == "htmt":
            return np.asarray(cells.mean(axis=1))
        with np.errstate(divide="ignore"):
            return np.asarray(np.exp(np.log(cells).mean(axis=1)))

    def within(own: Sequence[int]) -> Array:
        i, j = np.triu_indices(len(own), 1)
        places = np.asarray(own, dtype=np.int64)
        return mean(places[i], places[j])

    rows, columns = (grid.ravel() for grid in np.meshgrid(first, second, indexing="ij"))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(mean(rows, columns) / np.sqrt(within(first) * within(second)))
