"""Weights that meet known totals: post-stratification, raking to margins, trimming, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.design.design import Array, Calibration, Codes, Column, SurveyDesign, checked_weights
from analysis.groups import group_label
from analysis.results import Entry, Tabular
from analysis.weighting import takes_weights

Targets = Mapping[object, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginTotal:
    """One known total and how near the weights come to it."""

    margin: str
    category: str
    n: int  #: respondents
    target: float
    before: float  #: sum of the weights handed in
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighting(Tabular):
    """Adjusted weights with what they reached and what they cost."""

    design: SurveyDesign
    method: str
    margins: tuple[MarginTotal, ...]
    n: int
    passes: int
    largest_gap: float  #: largest distance from a total, as a share of all
    design_effect: float  #: Kish's, of unequal weights alone: ``1 + CV^2``
    smallest: float  #: weight over the mean weight
    largest: float
    n_trimmed: int  #: respondents whose weight was cut or raised in the last trimming
    state: str = "ok"
    reason: str = ""

    @property
    def effective_n(self) -> float:
        """Respondents with equal weights that would say as much about an unrelated question."""
        return self.n / self.design_effect

    def entries(self) -> tuple[Entry, ...]:
        """Every margin after weighting, then the design effect of the weights."""
        totals = tuple(
            Entry(
                measure="margin_total",
                method=self.method,
                about={"margin": total.margin, "category": total.category},
                n=total.n,
                estimate=total.after,
                more={"target": total.target, "before": total.before},
                state=self.state,
                reason=self.reason,
            )
            for total in self.margins
        )
        effect = Entry(
            measure="weighting_design_effect",
            method=self.method,
            n=self.n,
            estimate=self.design_effect,
            more={
                "effective_n": self.effective_n,
                "smallest": self.smallest,
                "largest": self.largest,
                "n_trimmed": self.n_trimmed,
                "passes": self.passes,
                "largest_gap": self.largest_gap,
            },
            state=self.state,
            reason=self.reason,
        )
        return (*totals, effect)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Margin:
    name: str
    categories: tuple[str, ...]
    codes: Codes  #: (n_rows,)
    targets: Array


@takes_weights("weights", counts="refused", how="n sum w^2 / (sum w)^2", reference="Kish 1965")
def kish_design_effect(weights: Array) -> float:
    """``n sum w^2 / (sum w)^2`` over positive weights: what unequal weights cost at most [1]_.

    .. [1] Kish, L. (1992). Weighting for unequal Pi. Journal of Official Statistics, 8, 183-200.

    >>> kish_design_effect(np.array([1.0, 1.0, 2.0, 0.0]))
    1.125
    """
    own = weights[weights > 0]
    return float(len(own) * (own @ own) / own.sum() ** 2)


@takes_weights(
    "design",
    counts="given",
    how="weights that meet known totals",
    reference="survey::postStratify",
)
def post_stratify(design: SurveyDesign, groups: pd.Series, targets: Targets) -> Weighting:
    """Weights that meet the size of every group, as ``survey::postStratify``.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> tiers = pd.Series(["basic", "basic", "gold"], name="TIER")
    >>> weighting = post_stratify(survey_design([1, 3, 1]), tiers, {"basic": 80, "gold": 20})
    >>> weighting.design.weights.tolist(), round(weighting.effective_n, 4)
    ([20.0, 60.0, 20.0], 2.2727)
    """
    return rake(design, groups.to_frame(), {str(groups.name): targets})


@takes_weights(
    "design",
    counts="given",
    how="weights that meet known totals",
    reference="survey::rake",
)
def rake(
    design: SurveyDesign,
    groups: pd.DataFrame,
    margins: Mapping[str, Targets],
    *,
    trim: tuple[float, float] | None = None,
    tolerance: float = 1e-10,
    max_passes: int = 500,
) -> Weighting:
    """Weights that meet the totals of several margins [1]_, as ``survey::rake``.

    Margin after margin, weights are multiplied until all totals hold. Estimates with the new design vary
    only by what a regression on all margins at once leaves unexplained (generalised raking [2]_), as in
    ``survey::calibrate(calfun = "raking")``; ``survey::rake`` takes the margins one by one instead, and its
    errors differ a little.

    Parameters
    ----------
    design : SurveyDesign
    groups : DataFrame, shape (n_rows, n_margins)
        One column a margin, nothing missing among respondents of positive weight.
    margins : mapping of column to mapping of category to total
        Members of the population. All margins must add up to one total.
    trim : (low, high), optional
        Bounds of the weights, as multiples of the mean weight. Raking and trimming take turns.
    tolerance : float
        Largest distance from a total that is accepted, as a share of all.

    Returns
    -------
    Weighting
        ``state`` is ``not_converged`` when totals or bounds could not be met: the weights are then the last
        ones, to be looked at, not to be used.

    Raises
    ------
    ValueError
        For missing categories, categories without a total or without respondents, and margins whose sums
        differ.

    References
    ----------
    .. [1] Deming, W. E., & Stephan, F. F. (1940). On a least squares adjustment of a sampled frequency table
       when the expected marginal totals are known. Annals of Mathematical Statistics, 11, 427-444.
    .. [2] Deville, J.-C., Särndal, C.-E., & Sautory, O. (1993). Generalized raking procedures in survey
       sampling. Journal of the American Statistical Association, 88, 1013-1020.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> groups = pd.DataFrame({"TIER": [1, 1, 1, 2, 2], "SEX": [1, 2, 2, 1, 2]})
    >>> weighting = rake(survey_design(np.ones(5)), groups, {"TIER": {1: 70, 2: 30}, "SEX": {1: 50, 2: 50}})
    >>> weighting.state, [round(total.after, 6) for total in weighting.margins]
    ('ok', [70.0, 30.0, 50.0, 50.0])
    >>> round(weighting.effective_n, 3)
    4.531
    """
    known = [_margin(design, groups[name], targets) for name, targets in margins.items()]
    if not known:
        raise ValueError("raking needs at least one margin")
    _check_sums(known)
    before = design.totals_weights
    total = float(known[0].targets.sum())
    w, passes, gap, trimmed, settled = _raked(design, known, trim, tolerance, max_passes)
    sampling = w if design.counts is None else np.divide(w, design.counts, out=np.zeros_like(w), where=w > 0)
    auxiliaries = np.column_stack([np.eye(len(m.targets))[m.codes] for m in known])
    calibration = Calibration(auxiliaries=auxiliaries, base_weights=before, weights=w)
    adjusted = replace(design, weights=sampling, calibrations=(*design.calibrations, calibration))
    state, reason = ("ok", "") if settled else ("not_converged", _trouble(gap, trim, passes))
    relative = sampling[sampling > 0] / (w.sum() / design.respondents(w > 0))
    n = design.respondents(w > 0)
    return Weighting(
        design=adjusted,
        method="Post-stratification" if len(known) == 1 else "Raking",
        margins=tuple(total for margin in known for total in _totals(design, margin, before, w)),
        n=n,
        passes=passes,
        largest_gap=gap / total,
        design_effect=float(n * (w @ sampling) / w.sum() ** 2),
        smallest=float(relative.min()),
        largest=float(relative.max()),
        n_trimmed=trimmed,
        state=state,
        reason=reason,
    )


@takes_weights("weights", counts="refused", how="weights within limits", reference="survey::trimWeights")
def trim_weights(weights: Column, *, low: float = 0.0, high: float = np.inf, strict: bool = False) -> Array:
    """Weights within bounds, what was cut spread evenly over the others, as ``survey::trimWeights``.

    Parameters
    ----------
    weights : array-like, shape (n_rows,)
    low, high : float
        Bounds in the unit of the weights.
    strict : bool
        Whether to trim again those that the spreading carried over a bound.

    Raises
    ------
    ValueError
        When the bounds leave no room for the sum of the weights.

    Examples
    --------
    >>> trim_weights([1.0, 2.0, 9.0], high=6.0).tolist()
    [2.5, 3.5, 6.0]
    """
    own: Array = checked_weights(weights, len(weights))
    total, w = own.sum(), own
    if not low * len(w) <= total <= high * len(w):
        raise ValueError(f"weights with mean {total / len(w):g} cannot all lie between {low:g} and {high:g}")
    while True:
        outside = (w < low) | (w > high)
        if not outside.any() or outside.all():
            return np.clip(w, low, high)
        cut = np.clip(w, low, high)
        w = np.where(outside, cut, cut + (total - cut.sum()) / (~outside).sum())
        if not strict:
            return w


def _margin(design: SurveyDesign, column: pd.Series, targets: Targets) -> _Margin:
    inside = design.totals_weights > 0
    name = str(column.name)
    if len(column) != design.n_rows:
        raise ValueError(f"margin {name} has {len(column)} rows, the design {design.n_rows}")
    if column[inside].isna().any():
        raise ValueError(
            f"margin {name}: {int(column[inside].isna().sum())} respondents have no category. Impute it, "
            "give them a category and a total of their own, or set their weight to zero."
        )
    categories = list(targets)
    # Rows outside are given the first category: their weight is zero.
    place = {category: i for i, category in enumerate(categories)}
    codes = np.array([place.get(value, -1) for value in column.tolist()], dtype=np.int64)
    strays = sorted(
        {group_label(v) for v, c, i in zip(column.tolist(), codes, inside, strict=True) if i and c < 0}
    )
    if strays:
        raise ValueError(f"margin {name}: no total is given for {', '.join(strays)}")
    codes = np.where(inside, codes, 0)
    wanted: Array = np.array([float(total) for total in targets.values()])
    if not (np.isfinite(wanted) & (wanted >= 0)).all():
        raise ValueError(f"margin {name}: totals are zero or positive numbers, got {wanted.tolist()}")
    found = np.bincount(codes[inside], minlength=len(categories))
    empty = [group_label(c) for c, n, t in zip(categories, found, wanted, strict=True) if n == 0 and t > 0]
    if empty:
        raise ValueError(
            f"margin {name}: nobody answered in {', '.join(empty)}, so no weight can meet its total. "
            "Merge it with a neighbour."
        )
    labels = tuple(group_label(category) for category in categories)
    return _Margin(name=name, categories=labels, codes=codes, targets=wanted)


def _check_sums(margins: list[_Margin]) -> None:
    sums = {margin.name: float(margin.targets.sum()) for margin in margins}
    first = next(iter(sums.values()))
    if any(abs(value - first) > 1e-9 * first for value in sums.values()):
        raise ValueError(f"all margins must add up to one total, they add up to {sums}")


def _raked(
    design: SurveyDesign,
    margins: list[_Margin],
    trim: tuple[float, float] | None,
    tolerance: float,
    max_passes: int,
) -> tuple[Array, int, float, int, bool]:
    w = design.totals_weights.astype(float)
    total = float(margins[0].targets.sum())
    counts = np.ones_like(w) if design.counts is None else design.counts
    trimmed, gap, held = 0, np.inf, trim is None
    for number in range(1, max_passes + 1):
        for margin in margins:
            now = np.bincount(margin.codes, weights=w, minlength=len(margin.targets))
            factor = np.divide(margin.targets, now, out=np.zeros_like(now), where=now > 0)
            w = w * factor[margin.codes]
        gap = _gap(margins, w)
        if trim is not None:
            mean = total / counts[w > 0].sum()
            bounds = trim[0] * mean * counts, trim[1] * mean * counts
            beyond = (w > 0) & ((w < bounds[0] * (1 - 1e-6)) | (w > bounds[1] * (1 + 1e-6)))
            held = not beyond.any()
            if not held:
                trimmed = int(counts[beyond].sum())
                w = np.where(w > 0, np.clip(w, *bounds), 0.0)
                continue
        if gap <= tolerance * total:
            return w, number, gap, trimmed, held
    return w, max_passes, _gap(margins, w), trimmed, False


def _gap(margins: list[_Margin], w: Array) -> float:
    return max(
        float(np.abs(np.bincount(m.codes, weights=w, minlength=len(m.targets)) - m.targets).max())
        for m in margins
    )


def _trouble(gap: float, trim: tuple[float, float] | None, passes: int) -> str:
    bounds = "" if trim is None else f" within {trim[0]:g} to {trim[1]:g} times the mean weight"
    return (
        f"after {passes} passes a total is still missed by {gap:g}{bounds}. Merge small categories"
        f"{', widen the bounds' if trim else ''}, or drop a margin."
    )


def _totals(design: SurveyDesign, margin: _Margin, before: Array, after: Array) -> list[MarginTotal]:
    size = len(margin.targets)
    sums = [np.bincount(margin.codes, weights=w, minlength=size) for w in (before, after)]
    return [
        MarginTotal(
            margin=margin.name,
            category=category,
            n=design.respondents((margin.codes == i) & (before > 0)),
            target=float(margin.targets[i]),
            before=float(sums[0][i]),
            after=float(sums[1][i]),
        )
        for i, category in enumerate(margin.categories)
    ]
