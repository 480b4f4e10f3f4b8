"""Importance-performance map: what matters for one construct, and how well it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.counted_rows import Counts, written_out
from analysis.pls.estimate import Scheme, estimate, item_data, total_effects
from analysis.pls.specify import PathModel
from analysis.results import Entry, Tabular
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """One construct on the map."""

    construct: str
    importance: float  #: points of the target that go with one point of the construct, all ways together
    performance: float  #: mean on a scale from 0 to 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportancePerformance(Tabular):
    """Every construct that leads to the target."""

    target: str
    n: int
    n_missing: int
    target_performance: float | None = None
    constructs: tuple[Importance, ...] = ()
    state: str = "ok"
    reason: str = ""

    def of(self, construct: str) -> Importance:
        """One construct; ``KeyError`` if it does not lead to the target."""
        for found in self.constructs:
            if found.construct == construct:
                return found
        raise KeyError(construct)

    def entries(self) -> tuple[Entry, ...]:
        """Importance of every construct, with its performance."""
        method = "Importance-performance map (PLS)"
        if self.state != "ok":
            about = {"target": self.target}
            return (
                Entry(
                    measure="importance",
                    method=method,
                    about=about,
                    n=self.n,
                    state=self.state,
                    reason=self.reason,
                ),
            )
        return tuple(
            Entry(
                measure="importance",
                method=method,
                about={"target": self.target, "construct": one.construct},
                n=self.n,
                estimate=one.importance,
                more={"performance": one.performance},
            )
            for one in self.constructs
        )


@refuses_weights(
    "composites are estimated from the sample's correlations, and their errors by drawing respondents",
    instead="analysis.sem.fit.fit",
    counts="rows",
)
def importance_performance(
    items: pd.DataFrame,
    model: PathModel,
    *,
    target: str,
    limits: Mapping[str, tuple[float, float]],
    scheme: Scheme = "path",
    counts: Counts | None = None,
) -> ImportancePerformance:
    """Unstandardised total effects on the target against mean scores from 0 to 100 [1]_.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
    target : str
        Construct that matters, such as loyalty.
    limits : mapping
        Lowest and highest possible answer to every item of the model: the scale, not what was seen.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Notes
    -----
    Answers are rescaled to 0-100; a score is their average weighted by unstandardised outer weights. A
    negative weight would turn an answer round, so the map is then ``inadmissible``.

    References
    ----------
    .. [1] Ringle, C. M., & Sarstedt, M. (2016). Gain more insight from your PLS-SEM results: the
       importance-performance map analysis. Industrial Management & Data Systems, 116, 1865-1886.

    Examples
    --------
    >>> from analysis.pls.specify import composite, paths
    >>> items = pd.DataFrame({"x": [1, 2, 3, 4, 5, 5.0], "y": [1, 3, 2, 5, 4, 4.0]})
    >>> model = PathModel(constructs=(composite("X", "x"), composite("Y", "y")), paths=paths("X", "Y"))
    >>> found = importance_performance(items, model, target="Y", limits={"x": (1, 5), "y": (1, 5)}).of("X")
    >>> round(found.importance, 3), round(found.performance, 2)
    (0.725, 58.33)
    """
    items = written_out(items, counts)
    if target not in model.endogenous:
        raise ValueError(f"nothing leads to {target!r}; expected one of {', '.join(model.endogenous)}.")
    absent = [item for item in model.items if item not in limits]
    if absent:
        raise ValueError(f"limits: none given for {', '.join(absent)}. Give lowest and highest answer.")
    fitted = estimate(items, model, scheme=scheme)
    data, _ = item_data(items, model)
    low, high = (np.array([limits[item][side] for item in model.items], dtype=float) for side in (0, 1))
    beyond = np.asarray(((data < low) | (data > high)).any(axis=0)).tolist()
    outside = [item for item, bad in zip(model.items, beyond, strict=True) if bad]
    if outside or (high <= low).any():
        raise ValueError(
            f"answers outside the limits: {', '.join(outside) or 'limits are empty'}. Mend them."
        )

    def without(state: str, reason: str) -> ImportancePerformance:
        return ImportancePerformance(
            target=target, n=fitted.n, n_missing=fitted.n_missing, state=state, reason=reason
        )

    if fitted.solution is None or fitted.state != "ok":
        return without(fitted.state, fitted.reason)
    weights = fitted.solution.weights[0] / data.std(axis=0)[:, None] * (high - low)[:, None]
    negative = [item for item, w in zip(model.items, weights.sum(axis=1), strict=True) if w < 0]
    if negative:
        return without("inadmissible", f"negative weight of {', '.join(negative)}; reverse or drop the item")
    shares = weights / weights.sum(axis=0)
    scores: Array = 100 * (data - low) / (high - low) @ shares
    spread = scores.std(axis=0)
    effects = total_effects(fitted.solution.paths)[0] * spread[:, None] / spread[None, :]
    k = model.names.index(target)
    reach = np.asarray(total_effects(model.structure()[None].astype(float))[0][k] > 0)
    return ImportancePerformance(
        target=target,
        n=fitted.n,
        n_missing=fitted.n_missing,
        target_performance=float(scores[:, k].mean()),
        constructs=tuple(
            Importance(
                construct=name, importance=float(effects[k, j]), performance=float(scores[:, j].mean())
            )
            for j, name in enumerate(model.names)
            if reach[j]
        ),
    )
