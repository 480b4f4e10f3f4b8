"""Comparisons of groups under a sampling design: t, analysis of variance, ranks."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.design.design import Array, Design, SurveyDesign
from analysis.design.estimates import DesignEstimate, inferred
from analysis.design.linearization import estimated
from analysis.design.means import matrix
from analysis.design.rank_means import rank_means
from analysis.design.regression import DesignRegression, design_linear
from analysis.design.wald import DesignTest, f_test
from analysis.groups import group_label
from analysis.weighting import takes_weights

#: ``wilcoxon``: ranks themselves, Wilcoxon's test for two groups and Kruskal and Wallis's for several.
#: ``van_der_waerden``: normal scores. ``median``: above the median or not.
RankScore = Literal["wilcoxon", "van_der_waerden", "median"]


@takes_weights("design", counts="given", how="difference of weighted means", reference="survey::svyttest")
def design_t_test(
    values: pd.Series, groups: pd.Series, design: Design, *, confidence_level: float = 0.95
) -> DesignEstimate:
    """Difference between the means of two groups, as ``survey::svyttest``.

    The slope of a regression on the second group, with Student's t on ``clusters - strata - 1`` degrees of
    freedom.

    Parameters
    ----------
    values : Series, shape (n_rows,)
        NaN for no answer.
    groups : Series of category dtype, shape (n_rows,)
        Two categories; the estimate is the second less the first. Rows of no group are left out.

    Returns
    -------
    DesignEstimate
        ``state`` is ``too_few`` when a group is empty or has no degrees of freedom.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> groups = pd.Series(pd.Categorical(["basic"] * 4 + ["gold"] * 3), name="TIER")
    >>> test = design_t_test(pd.Series([1, 2, 2, 3, 3, 4, 5], name="SAT"), groups, survey_design(np.ones(7)))
    >>> round(test.estimate, 4), round(test.statistic, 4), test.df
    (2.0, 3.1423, 5.0)
    """
    return _difference(values, groups, design, "mean_difference", "Design-based t test", confidence_level)


@takes_weights("design", counts="given", how="Wald test of weighted means", reference="survey::regTermTest")
def design_anova(
    values: pd.Series, groups: pd.Series, design: Design, *, confidence_level: float = 0.95
) -> DesignTest:
    """Whether several groups have one mean: the Wald test of a regression on the groups.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> groups = pd.Series(pd.Categorical(list("aaabbbccc")), name="TIER")
    >>> values = pd.Series([1, 2, 3, 2, 3, 4, 4, 5, 5], name="SAT")
    >>> test = design_anova(values, groups, survey_design(np.ones(9)))
    >>> round(test.statistic, 4), test.df
    (12.2667, (2.0, 6.0))
    """
    return _several(values, groups, design, "Design-based analysis of variance", confidence_level)


@takes_weights("design", counts="given", how="ranks in the population", reference="survey::svyranktest")
def design_rank_test(
    values: pd.Series,
    groups: pd.Series,
    design: Design,
    *,
    score: RankScore = "wilcoxon",
    confidence_level: float = 0.95,
) -> DesignEstimate | DesignTest:
    """Whether groups give the same answers, by ranks in the population, as ``survey::svyranktest``.

    The rank of an answer is the weighted share below it plus half the share at it; scores of these ranks are
    compared between the groups as their means would be [1]_. Respondents who gave the same answer share one
    rank; R takes the plain mean of theirs, which with unequal weights depends on the order of the rows.

    Linearised errors take the ranks as known, which holds where the groups answer alike. Where the design's
    errors are the jackknife's, those of ``wilcoxon`` scores also count that ranks are estimated, so that the
    test asks whether no group tends to answer higher, whatever the spreads.

    Parameters
    ----------
    values : Series, shape (n_rows,)
        NaN for no answer.
    groups : Series of category dtype, shape (n_rows,)
        Rows of no group are left out.
    score : {"wilcoxon", "van_der_waerden", "median"}

    Returns
    -------
    DesignEstimate or DesignTest
        For two groups the difference of mean scores (second less first) with its t test; for more the
        Wald test on ``clusters - strata + 1 - groups`` degrees of freedom.

    References
    ----------
    .. [1] Lumley, T., & Scott, A. J. (2013). Two-sample rank tests under complex sampling. Biometrika, 100,
       831-842.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> groups = pd.Series(pd.Categorical(["basic"] * 4 + ["gold"] * 3), name="TIER")
    >>> values = pd.Series([1, 2, 2, 3, 3, 4, 5], name="SAT")
    >>> test = design_rank_test(values, groups, survey_design(np.ones(7)))
    >>> round(test.estimate, 4), round(test.p_value, 4)
    (0.4583, 0.0181)
    """
    answers = matrix(values.to_frame(), design)[:, 0]
    known = ~np.isnan(answers) & groups.notna().to_numpy()
    scores = np.full(len(answers), np.nan)
    inside = known & (design.weights > 0)
    if inside.any():
        scores[inside] = _scores(answers[inside], design.totals_weights[inside], score)
    ranked = pd.Series(scores, index=values.index, name=values.name)
    if score == "wilcoxon" and isinstance(design, SurveyDesign) and design.errors == "jackknife":
        return _of_estimated_ranks(answers, ranked, groups, design, confidence_level)
    name = {"wilcoxon": "ranks", "van_der_waerden": "normal scores", "median": "scores of the median"}[score]
    if len(_categories(groups)) == 2:
        method = f"Design-based rank test, {name}"
        return _difference(ranked, groups, design, "rank_difference", method, confidence_level)
    return _several(ranked, groups, design, f"Design-based rank test, {name}", confidence_level)


def _of_estimated_ranks(
    answers: Array, ranks: pd.Series, groups: pd.Series, design: SurveyDesign, level: float
) -> DesignEstimate | DesignTest:
    """Differences of mean ranks with influence values that know the ranks to be estimated."""
    categories = _categories(groups)
    codes = groups.cat.codes.to_numpy()
    used = ~ranks.isna().to_numpy()
    met = [at for at in range(len(categories)) if (used & (codes == at)).any()]
    about = {"variable": str(ranks.name), "grouping": str(groups.name)}
    n = design.respondents(used)
    two = len(categories) == 2
    if len(met) < 2:
        reason = "fewer than two groups have a respondent of positive weight who answered"
        method = "Design-based rank test, ranks"
        if two:
            return DesignEstimate(
                measure="rank_difference",
                method=method,
                about=about,
                n=n,
                estimate=None,
                state="too_few",
                reason=reason,
            )
        return DesignTest(
            measure="equal_means", method=method, about=about, n=n, state="too_few", reason=reason
        )
    found = estimated(design, rank_means(answers, np.where(used, codes, -1), met, design.weights))
    contrasts = np.column_stack([-np.ones(len(met) - 1), np.eye(len(met) - 1)])
    lost = float(len(met) - 1)
    if two:
        own = contrasts[0]
        about["contrast"] = f"{group_label(categories[1])} - {group_label(categories[0])}"
        return inferred(
            measure="rank_difference",
            method="Design-based rank test, estimated ranks",
            about=about,
            n=n,
            estimate=float(own @ found.estimate),
            std_error=float(np.sqrt(max(0.0, own @ found.covariance @ own))),
            df=found.df_of_sum(own, lost=lost),
            confidence_level=level,
        )
    return f_test(
        contrasts @ found.estimate,
        contrasts @ found.covariance @ contrasts.T,
        found.df - lost,
        measure="equal_means",
        method="Design-based rank test, estimated ranks",
        about=about,
        n=n,
        spread=None if found.spread is None else found.spread.of_sums(contrasts),
    )


def _scores(answers: Array, w: Array, score: RankScore) -> Array:
    """Scores of the ranks of answers in the population."""
    found, codes = np.unique(answers, return_inverse=True)
    mass = np.bincount(codes, weights=w, minlength=len(found))
    rank = ((np.cumsum(mass) - mass / 2) / mass.sum())[codes]
    if score == "wilcoxon":
        return np.asarray(rank)
    return np.asarray(ndtri(rank)) if score == "van_der_waerden" else (rank > 0.5).astype(float)


def _categories(groups: pd.Series) -> list[object]:
    if not isinstance(groups.dtype, pd.CategoricalDtype):
        raise TypeError(
            f"groups must be a Series of category dtype, which says their order; got {groups.dtype}"
        )
    return list(groups.cat.categories)


def _difference(
    values: pd.Series, groups: pd.Series, design: Design, measure: str, method: str, level: float
) -> DesignEstimate:
    categories = _categories(groups)
    if len(categories) != 2:
        raise ValueError(f"{groups.name}: two groups are compared, there are {len(categories)}")
    fit = _on_groups(values, groups, design, level)
    about = {
        "variable": str(values.name),
        "grouping": str(groups.name),
        "contrast": f"{group_label(categories[1])} - {group_label(categories[0])}",
    }
    if fit.state != "ok":
        return DesignEstimate(
            measure=measure,
            method=method,
            about=about,
            n=fit.n,
            estimate=None,
            state="too_few",
            reason="a group has no respondent of positive weight who answered",
        )
    return replace(fit.coefficients[1], measure=measure, method=method, about=about)


def _several(values: pd.Series, groups: pd.Series, design: Design, method: str, level: float) -> DesignTest:
    fit = _on_groups(values, groups, design, level)
    about = {"variable": str(values.name), "grouping": str(groups.name)}
    if fit.state != "ok":
        return DesignTest(
            measure="equal_means",
            method=method,
            about=about,
            n=fit.n,
            state="too_few",
            reason="fewer than two groups have a respondent of positive weight who answered",
        )
    return replace(fit.test("group"), measure="equal_means", method=method, about=about)


def _on_groups(values: pd.Series, groups: pd.Series, design: Design, level: float) -> DesignRegression:
    """Regression on the groups that answered, the first of them as reference."""
    _categories(groups)
    answered = values.notna().to_numpy() & (design.weights > 0)
    present = groups.where(answered).cat.remove_unused_categories()
    if len(_categories(groups)) == 2 and len(present.cat.categories) < 2:
        present = groups  # the regression then says which marks are constant
    marks = pd.DataFrame({"group": present.to_numpy()}).astype({"group": present.dtype})
    return design_linear(values.reset_index(drop=True), marks, design, confidence_level=level)
