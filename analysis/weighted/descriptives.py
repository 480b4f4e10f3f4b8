"""What a report tells of a weighted sample, as the results that an unweighted one gives.

Counts stay counts of respondents; shares, means, scores and correlations are those of the population that the
weights stand for, with the errors of the design.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import t as student

from analysis.adjust import holm
from analysis.correlations import Correlation, CorrelationMatrix
from analysis.crosstabs import MultipleResponse, OptionTest, multiple_response
from analysis.descriptives import AnswerShares, Description, Descriptives, describe
from analysis.design.design import Array, Mask, SurveyDesign
from analysis.design.domain import by_domain
from analysis.design.estimates import DesignEstimate, t_interval
from analysis.design.functionals import Functional, of_sums, under_design
from analysis.design.group_tests import design_anova, design_rank_test
from analysis.design.linearization import estimated
from analysis.design.means import mean_estimator, weighted_mean, weighted_variance
from analysis.design.proportions import weighted_share, weighted_shares
from analysis.design.quantiles import weighted_quantile
from analysis.design.tables import weighted_table
from analysis.design.wald import DesignTest
from analysis.groups import EffectSize, GroupComparison, GroupSummary, GroupTest, group_label
from analysis.means import MeanDifference
from analysis.nps import GroupScore, NetPromoterScore, net_promoter_score
from analysis.profile import Frequencies, frequencies
from analysis.results import Interval
from analysis.trend import JonckheereTerpstra, KendallTauB
from analysis.weighted.effects import adjusted, correlation, cramers_v, trend
from analysis.weighted.gap import WeightedSample, satterthwaite, weighted_gap
from analysis.weighted.results import WEIGHTED
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.design.means.weighted_means")

NOT_WEIGHTED = "the test has no version under a sampling design"


def weighted_frequencies(
    codes: pd.Series, categories: Sequence[int], design: SurveyDesign, *, confidence_level: float = 0.95
) -> Frequencies:
    """Counts of respondents and weighted shares, with logit intervals of the design.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> sex = pd.Series([1, 2, 2, None], name="SEX")
    >>> found = weighted_frequencies(sex, [1, 2], survey_design([2, 1, 1, 5]))
    >>> [(category.count, category.estimate) for category in found.categories]
    [(1, 0.5), (2, 0.5)]
    """
    plain = frequencies(codes, categories)
    method = "Weighted share, logit interval of the design"
    if not plain.n or not design.respondents(codes.notna().to_numpy()):
        return replace(plain, method=method)
    shares = weighted_shares(codes, design, categories=categories, confidence_level=confidence_level)
    return replace(
        plain,
        method=method,
        categories=tuple(
            replace(category, estimate=share.estimate, interval=share.interval)
            for category, share in zip(plain.categories, shares, strict=True)
        ),
    )


def weighted_answer_shares(
    frame: pd.DataFrame, categories: Sequence[int], design: SurveyDesign, *, confidence_level: float = 0.95
) -> AnswerShares:
    """Weighted shares of each category for every item of one scale."""
    return AnswerShares(
        items=tuple(
            weighted_frequencies(column, categories, design, confidence_level=confidence_level)
            for _, column in frame.items()
        )
    )


def weighted_descriptions(
    frame: pd.DataFrame,
    design: SurveyDesign,
    *,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    confidence_level: float = 0.95,
) -> Descriptives:
    """Weighted mean with Student's interval of the design, standard deviation and median; no shape."""
    plain = describe(frame, bounds=bounds, confidence_level=confidence_level)
    return Descriptives(
        descriptions=tuple(
            _description(one, frame[one.variable], design, (bounds or {}).get(one.variable), confidence_level)
            for one in plain
        )
    )


def _description(
    plain: Description,
    column: pd.Series,
    design: SurveyDesign,
    bounds: tuple[float, float] | None,
    level: float,
) -> Description:
    bare = replace(plain, skewness=None, kurtosis=None, method=f"Mean, {WEIGHTED}")
    values = column.to_numpy(dtype=float)
    known = ~np.isnan(values) & (design.weights > 0)
    if plain.state != "ok" or known.sum() < 2:
        return bare
    mean = weighted_mean(column, design, confidence_level=level)
    variance = weighted_variance(column, design)
    w = design.totals_weights[known]

    def share(marks: Mask) -> float:
        return float(w @ marks[known] / w.sum())

    return replace(
        bare,
        mean=mean.estimate,
        std_error=mean.std_error,
        interval=mean.interval,
        sd=None if variance.estimate is None else float(np.sqrt(variance.estimate)),
        median=weighted_quantile(values[known], w, 0.5, rule="midpoint"),
        floor_share=None if bounds is None else share(values <= bounds[0]),
        ceiling_share=None if bounds is None else share(values >= bounds[1]),
        state=mean.state,
        reason=mean.reason,
    )


def weighted_net_promoter(
    ratings: pd.Series, groups: pd.Series | None, design: SurveyDesign, *, confidence_level: float = 0.95
) -> NetPromoterScore:
    """Weighted Net Promoter Score of all respondents and of each group, Student's interval of the design."""
    plain = net_promoter_score(ratings, groups)
    values = ratings.to_numpy(dtype=float)
    marks = np.column_stack([values >= 9, (values >= 7) & (values <= 8), values <= 6]).astype(float)
    marks[np.isnan(values)] = np.nan

    def score(one: GroupScore, members: Mask) -> GroupScore:
        return _score(one, np.where(members[:, None], marks, np.nan), design, confidence_level)

    everyone = np.ones(len(values), dtype=bool)
    own = {} if groups is None else {group_label(c): (groups == c).to_numpy() for c in groups.cat.categories}
    return replace(
        plain,
        method=f"Net Promoter Score in points, {WEIGHTED}",
        overall=score(plain.overall, everyone),
        groups=tuple(score(one, own[str(one.group)]) for one in plain.groups),
    )


def _score(plain: GroupScore, marks: Array, design: SurveyDesign, level: float) -> GroupScore:
    known = ~np.isnan(marks[:, 0])
    if not design.respondents(known):
        return replace(plain, estimate=None, std_error=None, interval=None)
    found = estimated(design, mean_estimator(marks))
    step: Array = np.array([100.0, 0.0, -100.0])
    value, error = float(step @ found.estimate), math.sqrt(max(0.0, float(step @ found.covariance @ step)))
    df = found.df_of_sum(step)
    interval = None
    if error > 0 and df >= 1:
        own = t_interval(value, error, df, level)
        interval = replace(own, low=max(own.low, -100.0), high=min(own.high, 100.0))
    first, second, third = map(float, found.estimate)
    return replace(plain, estimate=value, std_error=error, interval=interval, shares=(first, second, third))


def weighted_multiple_response(
    options: pd.DataFrame, groups: pd.Series | None, design: SurveyDesign, *, confidence_level: float = 0.95
) -> MultipleResponse:
    """Weighted shares of respondents who picked each option; across groups Rao and Scott's test and V."""
    plain = multiple_response(options, groups)
    answered = options.notna().any(axis="columns")
    picked = options.fillna(0.0).where(answered)
    own = {} if groups is None else {group_label(c): groups == c for c in groups.cat.categories}
    shares = []
    for one in plain.shares:
        marks = picked if one.group is None else picked.where(own[one.group])
        if one.estimate is None or not design.respondents(marks[one.option].notna().to_numpy()):
            shares.append(replace(one, estimate=None, interval=None, share_of_answers=None))
            continue
        found = weighted_share(marks[one.option], design, confidence_level=confidence_level)
        weighted = np.nan_to_num(marks.to_numpy()).T @ design.totals_weights
        total = float(weighted.sum())
        at = list(options.columns).index(one.option)
        shares.append(
            replace(
                one,
                estimate=found.estimate,
                interval=found.interval,
                share_of_answers=float(weighted[at]) / total if total else None,
            )
        )
    tests: tuple[OptionTest, ...] = ()
    if groups is not None:
        tests = _option_tests(plain, picked, groups, design, confidence_level)
    return replace(
        plain,
        shares=tuple(shares),
        tests=tests,
        method="Weighted share of respondents, logit interval of the design",
    )


def _option_tests(
    plain: MultipleResponse, picked: pd.DataFrame, groups: pd.Series, design: SurveyDesign, level: float
) -> tuple[OptionTest, ...]:
    found = []
    for test in plain.tests:
        old, marks = test.association, picked[test.option]
        v = under_design(cramers_v(groups, marks, design), design, confidence_level=level)
        rao_scott: DesignTest | None = None
        if old.state != "constant" and v.estimate is not None:
            codes = pd.Series(groups.cat.codes, index=groups.index, name=groups.name).astype(float)
            rao_scott = weighted_table(codes.where(codes >= 0), marks, design).test()
        weighted = replace(
            old,
            statistic=None if rao_scott is None else rao_scott.statistic,
            p_value=None if rao_scott is None else rao_scott.p_value,
            cramers_v=v.estimate,
            interval=v.interval,
            cramers_v_corrected=None,
            minimum_expected=None,
            standardized_residuals=None,
            fisher_p_value=None,
            distribution_free=None,
            distribution_free_interval=None,
            method=f"Rao-Scott test, Cramér's V {WEIGHTED}",
            state=v.state,
            reason=v.reason,
        )
        found.append(OptionTest(option=test.option, association=weighted, p_adjusted=None))
    corrected = holm([test.association.p_value for test in found])
    return tuple(replace(test, p_adjusted=p) for test, p in zip(found, corrected, strict=True))


def weighted_correlation_matrix(
    frame: pd.DataFrame, design: SurveyDesign, *, confidence_level: float = 0.95
) -> CorrelationMatrix:
    """Pearson's correlation of every pair of columns, each over the respondents who answered both."""
    pairs = []
    for first, second in combinations(frame.columns, 2):
        x, y = frame[first], frame[second]
        found = under_design(correlation(x, y, "pearson", design), design, confidence_level=confidence_level)
        usable = found.state == "ok" and found.estimate is not None and found.std_error
        statistic = float(found.estimate or 0.0) / float(found.std_error or 1.0) if usable else None
        pairs.append(
            Correlation(
                x=str(first),
                y=str(second),
                method="pearson",
                estimate=found.estimate,
                n=found.n,
                n_missing=len(frame) - found.n,
                statistic=statistic,
                df=found.df if usable else None,
                p_value=None if statistic is None else float(2 * student.sf(abs(statistic), found.df)),
                interval=found.interval,
                errors=f"{WEIGHTED}, on Fisher's z scale",
                state=found.state,
                reason=found.reason,
            )
        )
    return CorrelationMatrix(
        variables=tuple(map(str, frame.columns)),
        method="pearson",
        correlations=tuple(pairs),
        answered=tuple(int(frame[name].notna().sum()) for name in frame.columns),
    )


# ---------------------------------------------------------------- groups


def weighted_group_comparison(
    values: pd.Series, groups: pd.Series, design: SurveyDesign, *, confidence_level: float = 0.95
) -> GroupComparison:
    """Weighted means of the groups, the Wald and the rank test of the design, and epsilon squared.

    Epsilon squared is the share of variance between groups, freed of bias with Kish's effective number of
    respondents. Tests without a version under a design have the state ``not_available``.
    """
    level = confidence_level
    names = [group_label(category) for category in groups.cat.categories]
    met = groups[values.notna() & (design.weights > 0)].dropna()
    occupied = groups.cat.set_categories([c for c in groups.cat.categories if (met == c).any()])
    means = by_domain(values, groups, design, confidence_level=level)
    n = len(met)

    def none(measure: str) -> GroupTest:
        return GroupTest(
            measure=measure,
            method="no test",
            n=n,
            statistic=None,
            df=(),
            p_value=None,
            state="not_available",
            reason=NOT_WEIGHTED,
        )

    def effect(measure: str) -> EffectSize:
        return EffectSize(
            measure=measure,
            method="no effect size",
            n=n,
            estimate=None,
            interval=None,
            state="not_available",
            reason=NOT_WEIGHTED,
        )

    several = len(occupied.cat.categories) > 1 and n > 2
    epsilon, eta = _between(values, occupied, design, level) if several else (effect("epsilon_squared"),) * 2
    return GroupComparison(
        variable=str(values.name),
        grouping=str(groups.name),
        n=n,
        n_missing=len(values) - n,
        groups=tuple(
            _summary(name, mean, values[(groups == category).to_numpy()])
            for name, mean, category in zip(names, means, groups.cat.categories, strict=True)
        ),
        welch=_test("design_f", design_anova(values, occupied, design)) if several else none("design_f"),
        classical=none("classical_f"),
        kruskal_wallis=_rank_test(values, occupied, design) if several else none("design_rank_f"),
        brown_forsythe=none("brown_forsythe_f"),
        brown_forsythe_means=none("brown_forsythe_means_f"),
        omega_squared=effect("omega_squared"),
        omega_squared_robust=effect("omega_squared_robust"),
        epsilon_squared=epsilon,
        eta_squared=replace(eta, measure="eta_squared"),
        rank_epsilon_squared=effect("rank_epsilon_squared"),
        pairs=(),
    )


def _summary(name: str, mean: DesignEstimate, answers: pd.Series) -> GroupSummary:
    return GroupSummary(
        group=name,
        n=mean.n,
        mean=mean.estimate,
        std_error=mean.std_error,
        interval=mean.interval,
        sd=None,
        median=None,
        state=mean.state if len(answers) else "too_few",
        reason=mean.reason,
    )


def _test(measure: str, test: DesignTest) -> GroupTest:
    return GroupTest(
        measure=measure,
        method=test.method,
        n=test.n,
        statistic=test.statistic,
        df=tuple(test.df or ()),
        p_value=test.p_value,
        state=test.state,
        reason=test.reason,
    )


def _rank_test(values: pd.Series, groups: pd.Series, design: SurveyDesign) -> GroupTest:
    found = design_rank_test(values, groups, design)
    if isinstance(found, DesignTest):
        return _test("design_rank_f", found)
    return GroupTest(
        measure="design_rank_t",
        method=found.method,
        n=found.n,
        statistic=found.statistic,
        df=() if found.df is None else (found.df,),
        p_value=found.p_value,
        state=found.state,
        reason=found.reason,
    )


def _between(
    values: pd.Series, groups: pd.Series, design: SurveyDesign, level: float
) -> tuple[EffectSize, EffectSize]:
    """Share of variance between groups: freed of bias, and as in the sample."""
    answers, codes = values.to_numpy(dtype=float), groups.cat.codes.to_numpy()
    used = ~np.isnan(answers) & (codes >= 0)
    k = len(groups.cat.categories)
    spread = answers[used].std()
    z = np.where(used, (answers - answers[used].mean()) / (spread if spread > 0 else 1.0), 0.0)
    member = np.where(used[:, None], codes[:, None] == np.arange(k), False).astype(float)
    terms = np.column_stack([np.ones(len(z)), z, z * z, member, member * z[:, None]])

    def of(sums: Array) -> Array:
        m = sums / sums[:, :1]
        size, total = m[:, 3 : 3 + k], m[:, 3 + k :]
        between = (total**2 / np.maximum(size, 1e-300)).sum(axis=1) - m[:, 1] ** 2
        return np.asarray(between / (m[:, 2] - m[:, 1] ** 2))[:, None]

    functional = Functional(
        names=("eta_squared",),
        estimator=of_sums(terms, used, of),
        used=used,
        scale="r_squared",
        lost_df=k - 1,
        adjust=lambda found, n: adjusted(float(found[0]), n, k - 1),
        state="ok" if spread > 0 else "constant",
        reason="" if spread > 0 else "all answers are the same",
    )
    found = under_design(functional, design, confidence_level=level)
    epsilon = EffectSize(
        measure="epsilon_squared",
        method=f"Epsilon squared, {WEIGHTED}, on Fisher's z scale",
        n=found.n,
        estimate=None if found.estimate is None else max(found.estimate, 0.0),
        interval=found.interval,
        state=found.state,
        reason=found.reason,
    )
    raw = None if found.values is None else float(found.values[0])
    return epsilon, replace(epsilon, estimate=raw, interval=None, method=f"Eta squared, {WEIGHTED}")


def weighted_trend(
    values: pd.Series, groups: pd.Series, design: SurveyDesign, *, confidence_level: float = 0.95
) -> tuple[JonckheereTerpstra, KendallTauB]:
    """Weighted tau-b; Jonckheere's test, which it replaces, says that it has no version under a design."""
    found = under_design(trend(values, groups, design), design, confidence_level=confidence_level)
    shared = {"variable": str(values.name), "grouping": str(groups.name), "n": found.n}
    missing = len(values) - found.n
    none = JonckheereTerpstra(
        **shared,  # type: ignore[arg-type]
        n_missing=missing,
        groups=tuple(group_label(category) for category in groups.cat.categories),
        statistic=None,
        expected=None,
        std_error=None,
        z=None,
        p_value=None,
        state="not_available",
        reason=f"{NOT_WEIGHTED}; tau-b has",
    )
    usable = found.state == "ok" and found.estimate is not None and found.std_error
    statistic = float(found.estimate or 0.0) / float(found.std_error or 1.0) if usable else None
    tau = KendallTauB(
        **shared,  # type: ignore[arg-type]
        n_missing=missing,
        estimate=found.estimate,
        std_error=found.std_error,
        interval=found.interval,
        statistic=statistic,
        p_value=None if statistic is None else float(2 * student.sf(abs(statistic), found.df)),
        method=f"Kendall's tau-b, {WEIGHTED}",
        state=found.state,
        reason=found.reason,
    )
    return none, tau


def weighted_mean_difference(
    first: pd.Series,
    second: pd.Series,
    designs: tuple[SurveyDesign, SurveyDesign],
    *,
    confidence_level: float = 0.95,
) -> MeanDifference:
    """Difference of two means of two samples, each under its own design, with Hedges' g."""
    level = confidence_level
    means = [
        weighted_mean(values, design, confidence_level=level)
        for values, design in zip((first, second), designs, strict=True)
    ]
    blank = MeanDifference(
        first=str(first.name),
        second=str(second.name),
        n_first=means[0].n,
        n_second=means[1].n,
        n_missing_first=len(first) - means[0].n,
        n_missing_second=len(second) - means[1].n,
        method=f"t test, {WEIGHTED}s",
        g_method=f"Hedges' g, {WEIGHTED}s",
    )
    for mean in means:
        if mean.state != "ok" or mean.estimate is None or mean.std_error is None or not mean.df:
            return replace(blank, state=mean.state, reason=mean.reason)
    found, _, _ = weighted_gap(
        WeightedSample(values=first, design=designs[0]),
        WeightedSample(values=second, design=designs[1]),
        confidence_level=level,
    )
    errors = [float(mean.std_error or 0.0) ** 2 for mean in means]
    freedom = [float(mean.df or 1.0) for mean in means]
    difference, error = float(means[0].estimate or 0.0) - float(means[1].estimate or 0.0), sum(errors) ** 0.5
    df = satterthwaite(errors, freedom)
    statistic = difference / error
    interval: Interval = t_interval(difference, error, df, level)
    return replace(
        blank,
        mean_first=means[0].estimate,
        mean_second=means[1].estimate,
        interval_first=means[0].interval,
        interval_second=means[1].interval,
        difference=difference,
        std_error=error,
        difference_interval=interval,
        statistic=statistic,
        df=df,
        p_value=float(2 * student.sf(abs(statistic), df)),
        estimate=found.estimate,
        interval=found.interval,
        state=found.state,
        reason=found.reason,
    )
