"""The effects that studies declare, as functions of the weighted sample.

Each function here returns a :class:`~analysis.design.functionals.Functional`: the effect first, then what is
told beside it. Given equal weights, every estimate is the one that the unweighted method gives; a respondent
of weight two counts as two. Errors come from the sampling design
(:func:`analysis.design.functionals.under_design`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from analysis.bootstrap import SINGULAR, correlations_from_sums
from analysis.correlations import CorrelationMethod
from analysis.design.design import Array, Design, Mask
from analysis.design.functionals import Functional, of_sums, standardized_terms
from analysis.design.jackknife import WeightedSums
from analysis.design.linearization import Estimator, Linearized
from analysis.design.means import answered
from analysis.drivers import lmg_importance, relative_weights
from analysis.mediation import chain
from analysis.repeated import cochran_effect, kendall_w
from analysis.trend import concordance
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.design.means.weighted_means")

Codes = npt.NDArray[np.int64]
OfCorrelations = Callable[[Array], Array]  #: matrices, shape (m, k, k), to values, shape (m, p)

_UNUSABLE: Estimator = lambda weights: Linearized(  # noqa: E731 - an estimator that gives nothing
    estimate=np.array([np.nan]), influence=np.zeros((len(weights), 1)), used=np.zeros(len(weights), bool)
)


def _none(names: Sequence[str], used: Mask, state: str, reason: str) -> Functional:
    return Functional(names=tuple(names), estimator=_UNUSABLE, used=used, state=state, reason=reason)


def of_correlations(
    data: pd.DataFrame,
    design: Design,
    function: OfCorrelations,
    names: Sequence[str],
    *,
    least: int | None = None,
    **more: object,
) -> Functional:
    """Values that depend on complete rows through the correlation matrix of the columns alone.

    Parameters
    ----------
    data : DataFrame, shape (n_rows, k)
        NaN for no answer; rows with any are outside.
    least : int, optional
        Respondents needed; three more than columns unless given.
    """
    values = data.to_numpy(dtype=float)
    used = answered(values)
    inside = used & (design.weights > 0)
    k = values.shape[1]
    n = design.respondents(used)
    needed = k + 3 if least is None else least
    if n < needed:
        return _none(names, used, "too_few", f"{n} respondents of positive weight for {k} variables")
    known = values[inside]
    # not the standard deviation: that of equal fractions may differ from zero by rounding
    still = [
        str(name) for name, spread in zip(data.columns, np.ptp(known, axis=0), strict=True) if not spread
    ]
    if still:
        return _none(names, used, "constant", f"all answers are the same: {', '.join(still)}")
    estimator = of_sums(
        standardized_terms(values, used), used, lambda sums: function(correlations_from_sums(sums, k))
    )
    w = np.where(used, design.totals_weights, 0.0)
    whole = correlations_from_sums((w @ standardized_terms(values, used))[None], k)[0]
    if not np.isfinite(whole).all() or np.linalg.eigvalsh(whole)[0] <= SINGULAR:
        return _none(names, used, "inadmissible", "some variables are exact combinations of others")
    return Functional(names=tuple(names), estimator=estimator, used=used, **more)  # type: ignore[arg-type]


def _coefficients(correlations: Array) -> Array:
    """Standardised coefficients of the last variable on the others."""
    return np.asarray(np.linalg.solve(correlations[:, :-1, :-1], correlations[:, :-1, -1:])[..., 0])


def _explained(correlations: Array) -> Array:
    """R squared of the last variable on the others, shape (m, 1)."""
    return np.asarray((_coefficients(correlations) * correlations[:, :-1, -1]).sum(axis=1, keepdims=True))


def path(outcome: pd.Series, predictors: pd.DataFrame, design: Design) -> Functional:
    """Standardised coefficient of the first predictor; those of the others and R squared beside it."""
    names = [f"standardized_coefficient:{name}" for name in predictors.columns]
    return of_correlations(
        pd.concat([predictors, outcome], axis="columns"),
        design,
        lambda r: np.hstack([_coefficients(r), _explained(r)]),
        [*names, "r_squared"],
        lost_df=predictors.shape[1],
    )


def indirect(predictor: pd.Series, mediators: pd.DataFrame, outcome: pd.Series, design: Design) -> Functional:
    """Product of the standardised coefficients along the series of mediators.

    Beside it: ``direct``, ``total``, every coefficient (``path:i:j`` of j for i by position) and every way
    (``way:1+2``).
    """
    k = mediators.shape[1] + 2
    ways = [way for size in range(1, k - 1) for way in combinations(range(1, k - 1), size)]
    arrows = [(i, j) for i in range(1, k) for j in range(i)]

    def values(r: Array) -> Array:
        b = chain(r)

        def product(way: Sequence[int]) -> Array:
            return np.asarray(np.prod([b[:, i, j] for j, i in pairwise((0, *way, k - 1))], axis=0))

        return np.column_stack(
            [
                product(range(1, k - 1)),
                b[:, k - 1, 0],
                r[:, 0, -1],
                *(b[:, i, j] for i, j in arrows),
                *(product(way) for way in ways),
            ]
        )

    names = ["indirect", "direct", "total"]
    names += [f"path:{i}:{j}" for i, j in arrows]
    names += ["way:" + "+".join(map(str, way)) for way in ways]
    return of_correlations(
        pd.concat([predictor, mediators, outcome], axis="columns"), design, values, names, lost_df=k - 1
    )


def moderation(outcome: pd.Series, predictor: pd.Series, moderator: pd.Series, design: Design) -> Functional:
    """Coefficient of the product of two z-scores; simple slopes at -1, 0 and 1 sd beside it."""
    names = ("product", "slope:-1", "slope:+0", "slope:+1")
    data = np.column_stack([outcome, predictor, moderator]).astype(float)
    used = answered(data)
    inside = used & (design.weights > 0)
    if design.respondents(used) < 6:
        return _none(names, used, "too_few", f"{design.respondents(used)} respondents with all variables")
    if not np.ptp(data[inside], axis=0).all():
        return _none(names, used, "constant", "a variable does not vary")
    known = data[used]
    y, x, m = np.where(used[:, None], (data - known.mean(axis=0)) / known.std(axis=0), 0.0).T
    terms = [np.ones(len(y)), y, x, m, y * y, x * x, m * m, x * y, m * y, x * m]
    terms += [x * m * y, x * x * m, x * m * m, x * x * m * m]
    return Functional(
        names=names,
        estimator=of_sums(np.column_stack(terms), used, _product_coefficients),
        used=used,
        lost_df=3,
    )


def _product_coefficients(sums: Array) -> Array:
    """Product coefficient and simple slopes from the sums of products of y, x, m up to the fourth order."""
    _, y, x, m, yy, xx, mm, xy, my, xm, xmy, xxm, xmm, xxmm = (sums / sums[:, :1]).T
    sy, sx, sm = np.sqrt(yy - y * y), np.sqrt(xx - x * x), np.sqrt(mm - m * m)
    r_xy, r_my, r_xm = (xy - x * y) / (sx * sy), (my - m * y) / (sm * sy), (xm - x * m) / (sx * sm)
    c_xmy = (xmy - x * my - m * xy - y * xm + 2 * x * m * y) / (sx * sm * sy)
    c_xxm = (xxm - 2 * x * xm + x * x * m - m * (xx - x * x)) / (sx**2 * sm)
    c_xmm = (xmm - 2 * m * xm + m * m * x - x * (mm - m * m)) / (sx * sm**2)
    c_xxmm = (
        xxmm - 2 * m * xxm + m * m * xx - 2 * x * xmm + 4 * x * m * xm + x * x * mm - 3 * x * x * m * m
    ) / (sx * sm) ** 2
    one, none = np.ones_like(y), np.zeros_like(y)
    inner = np.array(
        [
            [one, none, none, r_xm],
            [none, one, r_xm, c_xxm],
            [none, r_xm, one, c_xmm],
            [r_xm, c_xxm, c_xmm, c_xxmm],
        ]
    ).transpose(2, 0, 1)
    cross = np.array([none, r_xy, r_my, c_xmy]).T
    b = np.linalg.solve(inner, cross[..., None])[..., 0]
    return np.column_stack([b[:, 3], *(b[:, 1] + at * b[:, 3] for at in (-1.0, 0.0, 1.0))])


def correlation(x: pd.Series, y: pd.Series, method: CorrelationMethod, design: Design) -> Functional:
    """Pearson's correlation, or Spearman's of weighted mid-ranks."""
    found = of_correlations(
        pd.concat([x.rename("x"), y.rename("y")], axis="columns"),
        design,
        lambda r: r[:, 0, 1:],
        [method],
        least=4,
        scale="correlation",
    )
    if method == "pearson" or found.state != "ok":
        if found.state == "inadmissible":
            return _none([method], found.used, "inadmissible", "the answers lie on one line")
        return found
    return Functional(
        names=(method,),
        estimator=_spearman(x.to_numpy(dtype=float), y.to_numpy(dtype=float), found.used),
        used=found.used,
        scale="correlation",
    )


def _spearman(x: Array, y: Array, used: Mask) -> Estimator:
    """Correlation of ``F(v-) + p(v) / 2`` with F the weighted distribution; ranks count in the influence."""
    places = [np.zeros(len(x), dtype=np.int64) for _ in range(2)]
    for place, values in zip(places, (x, y), strict=True):
        place[used] = np.asarray(rankdata(values[used], method="dense"), dtype=np.int64) - 1

    def estimate(weights: Array) -> Linearized:
        share = np.where(used, weights, 0.0)
        total = share.sum()
        share = share / total
        masses = [np.bincount(place, weights=share) for place in places]
        ranks = [(np.cumsum(mass) - mass / 2)[place] for mass, place in zip(masses, places, strict=True)]
        # a rank is one half on average whatever the weights
        u, v = (rank - 0.5 for rank in ranks)
        uu, vv, uv = share @ (u * u), share @ (v * v), share @ (u * v)
        rho = uv / math.sqrt(uu * vv)

        def through_ranks(slope: Array, place: Codes) -> Array:
            """What one respondent's weight adds by moving the ranks of all others."""
            by_value = np.bincount(place, weights=share * slope)
            above = (
                by_value[::-1].cumsum()[::-1] - by_value / 2
            )  # a respondent lifts those above, and half the ties
            own = above[place]
            return np.asarray(own - share @ own)

        d_uv = u * v - uv + through_ranks(v, places[0]) + through_ranks(u, places[1])
        d_uu = u * u - uu + 2 * through_ranks(u, places[0])
        d_vv = v * v - vv + 2 * through_ranks(v, places[1])
        influence = d_uv / math.sqrt(uu * vv) - rho / 2 * (d_uu / uu + d_vv / vv)
        return Linearized(
            estimate=np.array([rho]), influence=(share * influence)[:, None], used=np.asarray(used)
        )

    return estimate


def trend(values: pd.Series, groups: pd.Series, design: Design) -> Functional:
    """Kendall's tau-b of an outcome with the order of groups, pairs weigh the product of their weights."""
    if isinstance(groups.dtype, pd.CategoricalDtype) and not groups.cat.ordered:
        raise TypeError("a trend needs groups of ordered category dtype: pd.Categorical(..., ordered=True)")
    answers = values.to_numpy(dtype=float)
    codes = groups.cat.codes.to_numpy()
    used = ~np.isnan(answers) & (codes >= 0)
    inside = used & (design.weights > 0)
    n = design.respondents(used)
    names = ("tau_b",)
    met = np.unique(codes[inside])
    if len(met) < 2:
        few = "only one" if len(met) else "no"
        return _none(names, used, "too_few", f"{few} group has answers, at least 2 are needed")
    if n < 3:
        return _none(names, used, "too_few", f"{n} respondents, at least 3 are needed")
    if np.ptp(answers[inside]) == 0:
        return _none(names, used, "constant", "all answers are the same")
    rows, columns = np.zeros(len(used), dtype=np.int64), np.zeros(len(used), dtype=np.int64)
    rows[used] = codes[used]
    columns[used] = np.unique(answers[used], return_inverse=True)[1]
    shape = rows.max() + 1, columns.max() + 1

    def estimate(weights: Array) -> Linearized:
        w = np.where(used, weights, 0.0)
        table = np.bincount(rows * shape[1] + columns, weights=w, minlength=shape[0] * shape[1]).reshape(
            shape
        )
        total = table.sum()
        row, column = table.sum(axis=1), table.sum(axis=0)
        agreeing, opposing = concordance(table)
        surplus = agreeing - opposing
        pairs = float((table * surplus).sum())
        apart_rows, apart_columns = total**2 - float(row @ row), total**2 - float(column @ column)
        scale = math.sqrt(apart_rows * apart_columns)
        tau = pairs / scale
        slope = 2 * surplus / scale - tau * (
            (total - row)[:, None] / apart_rows + (total - column)[None, :] / apart_columns
        )
        influence = np.where(used, w * slope[rows, columns], 0.0)
        return Linearized(estimate=np.array([tau]), influence=influence[:, None], used=np.asarray(used))

    return Functional(names=names, estimator=estimate, used=np.asarray(used), bounds=(-1.0, 1.0))


def cramers_v(rows: pd.Series, columns: pd.Series, design: Design) -> Functional:
    """Cramér's V of the weighted table, by way of its square."""
    known = (rows.notna() & columns.notna()).to_numpy()
    inside = known & (design.weights > 0)
    places, sizes = [], []
    for values in (rows, columns):
        met = pd.unique(values[inside].astype(object))
        place = pd.Index(met).get_indexer(pd.Index(values.astype(object)))
        places.append(np.maximum(place, 0).astype(np.int64))
        sizes.append(len(met))
    names = ("cramers_v",)
    if not inside.any():
        return _none(names, known, "too_few", "nobody answered both questions")
    if min(sizes) < 2:
        return _none(
            names,
            known,
            "constant",
            f"the table is {sizes[0]} x {sizes[1]}: one question has a single answer",
        )
    cell = places[0] * sizes[1] + places[1]
    longest = min(sizes) - 1

    def squared_v(sums: Array) -> Array:
        tables = sums.reshape(-1, *sizes) / sums.sum(axis=1)[:, None, None]
        margins = tables.sum(axis=2, keepdims=True) * tables.sum(axis=1, keepdims=True)
        parts = np.divide(tables**2, margins, out=np.zeros_like(tables), where=margins > 0)
        return np.asarray(np.maximum(parts.sum(axis=(1, 2)) - 1, 0.0) / longest)[:, None]

    def estimate(weights: Array) -> Linearized:
        share = np.where(inside, weights, 0.0)
        share = share / share.sum()
        table = np.bincount(cell, weights=share, minlength=sizes[0] * sizes[1]).reshape(sizes)
        row, column = table.sum(axis=1, keepdims=True), table.sum(axis=0, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(table > 0, table / (row * column), 0.0)
            parts = table * ratio
            lost = parts.sum(axis=1, keepdims=True) / row + parts.sum(axis=0, keepdims=True) / column
        slope = 2 * ratio - np.where(np.isfinite(lost), lost, 0.0)
        square = (float(parts.sum()) - 1) / longest
        own = slope.ravel()[cell]
        influence = share * (own - share @ own) / longest
        cells = np.zeros((len(share), sizes[0] * sizes[1]))
        cells[np.arange(len(share)), cell] = share
        return Linearized(
            estimate=np.array([max(square, 0.0)]),
            influence=influence[:, None],
            used=np.asarray(known),
            sums=WeightedSums(terms=cells, function=squared_v),
        )

    return Functional(
        names=names,
        estimator=estimate,
        used=np.asarray(known),
        scale="length",
        squares=(sizes[0] - 1) * (sizes[1] - 1),
    )


def standardized_mean(values: pd.Series, reference: float, design: Design) -> Functional:
    """Distance of a mean from a reference in standard deviations; mean and standard deviation beside it.

    The standard deviation is the root of ``survey::svyvar``: ``n / (n - 1)`` times the weighted variance.
    """
    answers = values.to_numpy(dtype=float)
    used = ~np.isnan(answers)
    inside = used & (design.weights > 0)
    names = ("d", "mean", "sd")
    n = design.respondents(used)
    if n < 2:
        return _none(names, used, "too_few", f"{n} answers; at least 2 are needed")
    if np.ptp(answers[inside]) == 0:
        return _none(names, used, "constant", "the values do not vary")
    centre, unit = float(answers[used].mean()), float(answers[used].std())
    z = np.where(used, (answers - centre) / unit, 0.0)

    def of(sums: Array) -> Array:
        mean = sums[:, 1] / sums[:, 0]
        sd = np.sqrt((sums[:, 2] / sums[:, 0] - mean**2) * n / (n - 1))
        return np.column_stack([(mean - (reference - centre) / unit) / sd, centre + unit * mean, unit * sd])

    return Functional(
        names=names, estimator=of_sums(np.column_stack([np.ones(len(z)), z, z * z]), used, of), used=used
    )


def contrast(plus: pd.DataFrame, minus: pd.DataFrame, design: Design) -> Functional:
    """d_z: mean over standard deviation of the difference within persons."""
    difference = plus.mean(axis="columns", skipna=False) - minus.mean(axis="columns", skipna=False)
    return standardized_mean(difference.round(12).rename("difference"), 0.0, design)


def drivers(outcome: pd.Series, predictors: pd.DataFrame, design: Design) -> Functional:
    """R squared of all drivers; LMG, relative weights and standardised coefficients of each beside it.

    As reported, R squared is adjusted with Kish's effective number of respondents in the place of n.
    """
    k = predictors.shape[1]
    outcome_first = [k, *range(k)]

    def values(r: Array) -> Array:
        turned = r[:, outcome_first][:, :, outcome_first]
        return np.hstack([_explained(r), lmg_importance(turned), relative_weights(turned), _coefficients(r)])

    names = ["r_squared"]
    for what in ("lmg", "relative_weight", "standardized_coefficient"):
        names += [f"{what}:{name}" for name in predictors.columns]
    return of_correlations(
        pd.concat([predictors, outcome], axis="columns"),
        design,
        values,
        names,
        scale="r_squared",
        lost_df=k,
        adjust=lambda found, n: adjusted(float(found[0]), n, k),
    )


def adjusted(r_squared: float, n: float, k: int) -> float:
    """R squared freed of what k predictors explain by chance."""
    return 1 - (1 - r_squared) * (n - 1) / (n - k - 1) if n > k + 1 else math.nan


def added_value(outcome: pd.Series, base: pd.DataFrame, added: pd.DataFrame, design: Design) -> Functional:
    """Gain in R squared when ``added`` join ``base``; as reported, of the adjusted values."""
    few, more = base.shape[1], added.shape[1]
    small = [*range(few), few + more]

    def values(r: Array) -> Array:
        full, less = _explained(r), _explained(r[:, small][:, :, small])
        return np.hstack([full - less, less, full])

    def corrected(found: Array, n: float) -> float:
        return adjusted(float(found[2]), n, few + more) - adjusted(float(found[1]), n, few)

    return of_correlations(
        pd.concat([base, added, outcome], axis="columns"),
        design,
        values,
        ["gain", "r_squared_base", "r_squared_full"],
        scale="squared",
        squares=more,
        lost_df=few + more,
        adjust=corrected,
    )


def repeated(columns: pd.DataFrame, design: Design) -> Functional:
    """Kendall's W of ratings, or Cochran's effect size of yes-no answers; means of the columns beside it."""
    values = columns.to_numpy(dtype=float)
    used = answered(values)
    inside = used & (design.weights > 0)
    n, k = design.respondents(used), values.shape[1]
    names = ("effect_size", *(f"level:{name}" for name in columns.columns))
    if n < 2 or k < 2:
        return _none(names, used, "too_few", f"{n} respondents answered all of {k} questions")
    known = np.where(used[:, None], values, 0.0)
    yes_no = bool(np.isin(values[inside], (0.0, 1.0)).all())
    if yes_no:
        totals = known.sum(axis=1)
        terms = np.column_stack([np.ones(len(known)), totals, totals**2, known])
        if not (k * totals[inside] - totals[inside] ** 2).any():
            return _none(names, used, "constant", "everybody picked all of the options or none")
    else:
        ranks = rankdata(known, axis=1)
        ties = np.array([(c**3 - c).sum() for c in (np.unique(row, return_counts=True)[1] for row in known)])
        terms = np.column_stack([np.ones(len(known)), ties, ranks])
        if ties[inside].min() >= k**3 - k:
            return _none(names, used, "constant", "everybody gave the same answer to all questions")
    size = terms.shape[1]
    effect = cochran_effect if yes_no else kendall_w

    def of(sums: Array) -> Array:
        return np.column_stack([effect(sums[:, :size], k), sums[:, size:] / sums[:, :1]])

    return Functional(
        names=names,
        estimator=of_sums(np.hstack([terms, known]), used, of),
        used=used,
        scale="squared",
        squares=k - 1,
    )


def alpha(items: pd.DataFrame, design: Design) -> Functional:
    """Cronbach's alpha from weighted variances, among those who answered every item."""
    values = items.to_numpy(dtype=float)
    used = answered(values)
    inside = used & (design.weights > 0)
    k, n = values.shape[1], design.respondents(used)
    if k < 2 or n < 3:
        return _none(("alpha",), used, "too_few", f"{n} respondents answered all of {k} items")
    if not np.ptp(values[inside], axis=0).all():
        return _none(("alpha",), used, "constant", "an item does not vary")
    unit = float(values[used].std())
    z = np.where(used[:, None], (values - values[used].mean(axis=0)) / unit, 0.0)
    total = z.sum(axis=1)
    terms = np.column_stack([np.ones(len(z)), z, z**2, total, total**2])

    def of(sums: Array) -> Array:
        means = sums / sums[:, :1]
        own = (means[:, 1 + k : 1 + 2 * k] - means[:, 1 : 1 + k] ** 2).sum(axis=1)
        whole = means[:, -1] - means[:, -2] ** 2
        return np.asarray(k / (k - 1) * (1 - own / whole))[:, None]

    return Functional(names=("alpha",), estimator=of_sums(terms, used, of), used=used)
