"""One call of every function of ``analysis`` that takes weights or counts, on a small pattern table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.agreement import intraclass_correlation, weighted_kappa, within_group_agreement
from analysis.banners.banner import Closed, Span, banner
from analysis.banners.waves import compare_waves
from analysis.clusters import cluster_number, gaussian_mixture, k_means
from analysis.coding_agreement import agreement_by_code, cohen_kappa, fleiss_kappa, krippendorff_alpha
from analysis.common_method import marker_variable, single_factor
from analysis.correlations import correlate, correlation_matrix
from analysis.counted_rows import written_out
from analysis.crosstabs import association, multiple_response
from analysis.descriptives import answer_shares, describe
from analysis.design.correlations import weighted_correlations
from analysis.design.design import Design, survey_design
from analysis.design.domain import by_domain, weight_contrast
from analysis.design.group_tests import design_anova, design_rank_test, design_t_test
from analysis.design.means import weighted_mean, weighted_means, weighted_variance
from analysis.design.ordinal_regression import design_ordinal
from analysis.design.proportions import weighted_share, weighted_shares
from analysis.design.quantiles import weighted_quantile, weighted_quantiles
from analysis.design.raking import kish_design_effect, post_stratify, rake, trim_weights
from analysis.design.ratios import weighted_ratio
from analysis.design.regression import design_linear, design_logistic
from analysis.design.tables import weighted_table
from analysis.design.totals import weighted_total, weighted_totals
from analysis.driver_comparison import compare_drivers
from analysis.drivers import added_value, key_drivers
from analysis.equivalence import equivalence
from analysis.exploratory.factorability import sampling_adequacy, sphericity
from analysis.exploratory.factors import factor_analysis
from analysis.exploratory.number import eigenvalues, minimum_average_partial, parallel_analysis
from analysis.exploratory.scores import factor_scores
from analysis.factorial.anova import factorial_anova
from analysis.factorial.contrasts import marginal_contrasts
from analysis.gap_map import GapRow, gap_map
from analysis.groups import compare_groups, hedges_g
from analysis.importance_performance import importance_performance
from analysis.invariance.alignment import align
from analysis.invariance.ladder import invariance_ladder
from analysis.item_correlations import given_correlations, pearson_correlations
from analysis.items_by_tier import items_by_tier
from analysis.johnson_neyman import moderate
from analysis.kano import kano
from analysis.keyness import keyness
from analysis.latent_class.classes import latent_classes
from analysis.latent_class.number import bootstrap_likelihood_ratio, class_number
from analysis.latent_class.three_step import class_means, class_shares, classification
from analysis.marginal_effects import average_marginal_effects
from analysis.mcnemar import mcnemar
from analysis.means import mean_against, mean_difference, within_contrast
from analysis.mediation import mediate
from analysis.method_factor import method_factor
from analysis.missing.imputation import impute
from analysis.missing.patterns import little_mcar_test, missing_patterns, normal_estimates
from analysis.moderated_mediation import mediate_conditionally
from analysis.nps import net_promoter_score
from analysis.omega import schmid_leiman_omega
from analysis.ordinal.polychoric import polychoric_correlations
from analysis.ordinal.polyserial import polyserial_correlations
from analysis.ordinal_regression import ordinal_regression
from analysis.penalty_reward import penalty_reward
from analysis.pls import bootstrap as pls_bootstrap
from analysis.pls import estimate as pls_estimate
from analysis.pls import importance_performance as pls_map
from analysis.pls import multigroup as pls_groups
from analysis.pls import predict as pls_predict
from analysis.pls.specify import PathModel, composite, paths
from analysis.post_hoc import all_pairs
from analysis.profile import frequencies
from analysis.proportional_odds import proportional_odds_test
from analysis.rank_versions import cliffs_delta, linear_trend, rank_biserial, rank_coefficient
from analysis.recommended_test import recommend_test
from analysis.regression import moderate as moderated
from analysis.regression import regress
from analysis.regression_blocks import influence, regression_blocks
from analysis.reliability import bootstrap_alpha, cronbach_alpha, standardized_alpha
from analysis.repeated import cochran_q, friedman
from analysis.response_surface import response_surface
from analysis.segmentation import compare_with_rule, segment
from analysis.sem.fit import fit
from analysis.sem.ordered import fit_ordered
from analysis.split_half import split_half
from analysis.tier_migration import tier_migration
from analysis.trend import jonckheere_terpstra, kendall_tau_b
from analysis.two_groups import compare_two
from analysis.validity import htmt
from analysis.waves.change import decompose_change
from analysis.waves.trends import mean_trend, share_trend, trend_table
from analysis.weighted.gap_map import weighted_gap_map
from analysis.weighted.importance_performance import weighted_map
from analysis.weighted.ranks import (
    weighted_cliffs_delta,
    weighted_linear_trend,
    weighted_rank_biserial,
    weighted_rank_coefficient,
)
from analysis.weighted.tier_migration import weighted_migration

A, B = ["A1", "A2", "A3", "A4"], ["B1", "B2", "B3"]
CONSTRUCTS = {"a": A, "b": B}


@dataclass(frozen=True)
class Table:
    """A pattern table, with what its rows count or weigh."""

    rows: pd.DataFrame
    counts: Any = None
    weights: Any = None

    def __getitem__(self, name: str) -> pd.Series:
        return self.rows[name]

    @property
    def design(self) -> Design:
        return survey_design(self.weights, n_rows=len(self.rows), counts=self.counts)

    @property
    def counted(self) -> dict[str, Any]:
        return {"counts": self.counts}

    @property
    def by_design(self) -> dict[str, Any]:
        """Counts alone, or the design that has them, so that both roads are walked."""
        return {"counts": self.counts} if self.weights is None else {"design": self.design}

    @property
    def by_branch(self) -> dict[str, Any]:
        """As ``by_design``, counts with clusters."""
        return {**self.counted, "clusters": self["BRANCH"]} if self.weights is None else self.by_design

    @property
    def correlations(self) -> Any:
        return pearson_correlations(self.rows[A + B], **self.by_design)

    def split(self, function: Callable[..., object], **how: Any) -> object:
        """A comparison of two groups, each with its own counts."""
        gold = (self.rows["SEX"] == "f").to_numpy()
        own = [None, None] if self.counts is None else [self.counts[gold], self.counts[~gold]]
        values = self.rows["A1"]
        return function(values[gold], values[~gold], counts_first=own[0], counts_second=own[1], **how)


def small_table() -> pd.DataFrame:
    """Ninety distinct rows, with ties, a few blanks, and counts from 0 to 4."""
    rng = np.random.default_rng(20)
    n = 90
    trait = rng.normal(size=(n, 2)) @ np.array([[1.0, 0.5], [0.0, 0.9]])
    items = {name: trait[:, 0] + rng.normal(size=n) * (0.7 + 0.1 * i) for i, name in enumerate(A)}
    items |= {name: trait[:, 1] + rng.normal(size=n) * (0.7 + 0.1 * i) for i, name in enumerate(B)}
    frame = pd.DataFrame({k: np.clip(np.round(3 + v), 1, 5) for k, v in items.items()})
    tier = pd.Categorical.from_codes(rng.integers(0, 3, n), ["basic", "silver", "gold"], ordered=True)
    frame["TIER"] = tier
    frame["SEX"] = pd.Categorical.from_codes(rng.integers(0, 2, n), ["m", "f"])
    frame["WAVE"] = pd.Categorical.from_codes(rng.integers(0, 2, n), ["w1", "w2"], ordered=True)
    frame["BRANCH"] = rng.integers(0, 8, n)
    frame["AGE"] = rng.normal(40, 10, n).round(1)
    frame["YES"] = (trait[:, 0] + rng.normal(size=n) > 0).astype(float)
    frame["NOW"] = (trait[:, 0] + rng.normal(size=n) > 0.3).astype(float)
    frame["WORDS"] = [tuple(rng.choice(["fee", "app", "queue", "kind"], 2)) for _ in range(n)]
    frame["W"] = np.exp(rng.normal(size=n) * 0.5)
    frame["TIMES"] = rng.integers(0, 5, n)
    blank = frame[["A2", "AGE"]].mask(rng.random((n, 2)) < 0.03)
    return frame.assign(**blank)


def _rng() -> np.random.Generator:
    return np.random.default_rng(7)


def _model() -> PathModel:
    return PathModel(constructs=(composite("a", A), composite("b", B)), paths=paths(["a"], ["b"]))


def _banner(t: Table, rows: pd.DataFrame | None = None) -> Any:
    frame = (t.rows if rows is None else rows)[["A1", "SEX"]]
    return banner(
        frame,
        [Closed(name="A1", codes=(1, 2, 3, 4, 5))],
        [Span(variables=("SEX",))],
        weights=t.weights,
        counts=t.counts,
    )


def _classes(t: Table, classes: int = 2) -> Any:
    items = t.rows[["YES", "NOW", "A1"]].assign(A1=(t.rows["A1"] > 3).astype(float))
    weights = None if t.weights is None else pd.Series(t.weights)
    return latent_classes(
        items, classes=classes, rng=_rng(), starts=6, finals=3, weights=weights, **t.counted
    )


def _own(t: Table) -> pd.DataFrame:
    """The rows that the latent classes are of: one a respondent."""
    return written_out(t.rows, t.counts)


def _yes(t: Table) -> pd.DataFrame:
    return t.rows[["YES", "NOW"]].assign(A1=(t.rows["A1"] > 3).astype(float))


Example = Callable[[Table], object]

#: Functions that take sampling weights, or read what was estimated with them.
WEIGHTED: Mapping[str, Example] = {
    "ordinal.polychoric.polychoric_correlations": lambda t: polychoric_correlations(
        t.rows[A], counts=t.counts, weights=t.weights
    ),
    "agreement.weighted_kappa": lambda t: weighted_kappa(
        t["A1"], t["A2"], categories=range(1, 6), **t.by_design
    ),
    "banners.banner.banner": lambda t: _banner(t).to_frame(),
    "banners.waves.compare_waves": lambda t: compare_waves(
        _banner(t), _banner(t, t.rows.assign(A1=6 - t["A1"]))
    ),
    "common_method.single_factor": lambda t: single_factor(t.correlations),
    "design.correlations.weighted_correlations": lambda t: weighted_correlations(t.rows[A], t.design),
    "design.domain.by_domain": lambda t: by_domain(t["A1"], t["TIER"], t.design),
    "design.domain.weight_contrast": lambda t: weight_contrast(t["A1"], t.design, t["B1"].to_numpy()),
    "design.group_tests.design_t_test": lambda t: design_t_test(t["A1"], t["SEX"], t.design),
    "design.group_tests.design_anova": lambda t: design_anova(t["A1"], t["TIER"], t.design),
    "design.group_tests.design_rank_test": lambda t: design_rank_test(t["A1"], t["SEX"], t.design),
    "design.means.weighted_mean": lambda t: weighted_mean(t["A2"], t.design),
    "design.means.weighted_means": lambda t: weighted_means(t.rows[A], t.design),
    "design.means.weighted_variance": lambda t: weighted_variance(t["A2"], t.design),
    "design.ordinal_regression.design_ordinal": lambda t: design_ordinal(t["A1"], t.rows[["B1"]], t.design),
    "design.proportions.weighted_share": lambda t: weighted_share(t["YES"], t.design),
    "design.proportions.weighted_shares": lambda t: weighted_shares(
        t["A1"], t.design, categories=[1, 2, 3, 4, 5]
    ),
    "design.quantiles.weighted_quantiles": lambda t: weighted_quantiles(t["AGE"], t.design, [0.3, 0.5]),
    "design.quantiles.weighted_quantile": lambda t: weighted_quantile(
        t["B1"].to_numpy() + np.arange(len(t.rows)),
        np.ones(len(t.rows)) if t.weights is None else t.weights,
        0.4,
    ),
    "design.raking.kish_design_effect": lambda t: kish_design_effect(
        np.ones(len(t.rows)) if t.weights is None else t.weights
    ),
    "design.raking.post_stratify": lambda t: weighted_mean(
        t["A1"], post_stratify(t.design, t["SEX"], {"m": 700.0, "f": 300.0}).design
    ),
    "design.raking.rake": lambda t: weighted_mean(
        t["A1"], rake(t.design, t.rows[["SEX"]], {"SEX": {"m": 700.0, "f": 300.0}}).design
    ),
    "design.raking.trim_weights": lambda t: trim_weights(
        np.ones(len(t.rows)) if t.weights is None else t.weights, high=1.5
    ),
    "design.ratios.weighted_ratio": lambda t: weighted_ratio(t["A1"], t["B1"], t.design),
    "design.regression.design_linear": lambda t: design_linear(t["A1"], t.rows[["B1", "TIER"]], t.design),
    "design.regression.design_logistic": lambda t: design_logistic(t["YES"], t.rows[["B1"]], t.design),
    "design.tables.weighted_table": lambda t: weighted_table(t["YES"], t["B1"], t.design),
    "design.totals.weighted_total": lambda t: weighted_total(t["A1"], t.design),
    "design.totals.weighted_totals": lambda t: weighted_totals(t.rows[["A1", "B1"]], t.design),
    "exploratory.number.eigenvalues": lambda t: eigenvalues(t.correlations),
    "exploratory.number.minimum_average_partial": lambda t: minimum_average_partial(t.correlations),
    "exploratory.factorability.sampling_adequacy": lambda t: sampling_adequacy(t.correlations),
    "exploratory.factors.factor_analysis": lambda t: factor_analysis(t.correlations, n_factors=2),
    "item_correlations.pearson_correlations": lambda t: (
        t.correlations,
        pearson_correlations(t.rows[A], missing="pairwise", **t.by_design),
    ),
    "item_correlations.given_correlations": lambda t: given_correlations(t.correlations.to_frame()),
    "johnson_neyman.moderate": lambda t: tuple(
        moderate(t["A1"], t["B1"], t["AGE"], covariates=t.rows[["B2"]], **how)
        for how in (t.by_design, t.by_branch)
    ),
    "factorial.contrasts.marginal_contrasts": lambda t: tuple(
        marginal_contrasts(
            t["A2"],
            t.rows[["SEX", "TIER"]],
            t.rows[["B1"]],
            of="TIER",
            by=by,
            contrast="consecutive",
            averaging="proportional",
            **t.by_design,
        )
        for by in (None, "SEX")
    ),
    "latent_class.classes.latent_classes": _classes,
    "omega.schmid_leiman_omega": lambda t: schmid_leiman_omega(t.correlations, construct="x", n_factors=2),
    "regression_blocks.regression_blocks": lambda t: tuple(
        regression_blocks(t["A1"], t.rows[["B1", "B2", "AGE"]], {"one": ["B1"], "two": ["B2", "AGE"]}, **how)
        for how in (t.by_design, t.by_branch)
    ),
    "reliability.cronbach_alpha": lambda t: cronbach_alpha(t.rows[A], construct="a", **t.by_design),
    "reliability.standardized_alpha": lambda t: standardized_alpha(t.correlations, construct="x"),
    "response_surface.response_surface": lambda t: tuple(
        response_surface(t["A1"], t["B1"], t["AGE"], center=3, **how) for how in (t.by_design, t.by_branch)
    ),
    "weighted.gap_map.weighted_gap_map": lambda t: weighted_gap_map(
        t.rows,
        t.rows,
        [GapRow(name="A1", first="A1", second="A2")],
        design=t.design,
        design_second=t.design,
        tiers=t["TIER"],
    ),
    "weighted.importance_performance.weighted_map": lambda t: weighted_map(
        t["B2"],
        t.rows[["A1", "B1"]],
        t.design,
        bounds={"A1": (1, 5), "B1": (1, 5)},
        rng=_rng(),
        tiers=t["SEX"],
        minimum_n=10,
        resamples=40,
    ),
    "weighted.tier_migration.weighted_migration": lambda t: weighted_migration(
        t["A1"].astype("Int64"), t["B1"].astype("Int64"), t.design, tiers=tuple("12345")
    ),
    "split_half.split_half": lambda t: split_half(t.rows[A], construct="a", **t.by_design),
    "latent_class.three_step.classification": lambda t: classification(_classes(t)),
    "latent_class.three_step.class_means": lambda t: class_means(_classes(t), _own(t)["B1"]),
    "latent_class.three_step.class_shares": lambda t: class_shares(_classes(t), _own(t)["SEX"]),
    "weighted.ranks.weighted_cliffs_delta": lambda t: weighted_cliffs_delta(
        t["A1"], t["A2"], t.design, t.design
    ),
    "weighted.ranks.weighted_rank_biserial": lambda t: weighted_rank_biserial(
        (t["A1"] - t["A2"]).rename("difference"), t.design
    ),
    "weighted.ranks.weighted_linear_trend": lambda t: weighted_linear_trend(t["A1"], t["TIER"], t.design),
    "weighted.ranks.weighted_rank_coefficient": lambda t: weighted_rank_coefficient(
        t["A1"], t.rows[["B1", "B2"]], t.design
    ),
    "waves.change.decompose_change": lambda t: decompose_change(
        t["A1"], t["TIER"], t["WAVE"], earlier="w1", later="w2", design=t.design
    ),
    "waves.trends.mean_trend": lambda t: mean_trend(t["A1"], t["WAVE"], design=t.design),
    "waves.trends.share_trend": lambda t: share_trend(t["A1"], t["WAVE"], codes=[4, 5], design=t.design),
    "waves.trends.trend_table": lambda t: trend_table(t.rows[["A1", "B1"]], t["WAVE"], design=t.design),
}

#: Functions that take counts and refuse sampling weights.
COUNTED: Mapping[str, Example] = {
    "correlations.correlate": lambda t: tuple(
        correlate(t["A1"], t["A2"], method=method, **t.counted) for method in ("pearson", "spearman")
    ),
    "correlations.correlation_matrix": lambda t: correlation_matrix(t.rows[A], **t.counted),
    "crosstabs.association": lambda t: association(t["TIER"], t["A2"], **t.counted),
    "crosstabs.multiple_response": lambda t: multiple_response(
        t.rows[["YES", "NOW"]], t["TIER"], **t.counted
    ),
    "descriptives.describe": lambda t: describe(t.rows[["A2", "AGE"]], bounds={"A2": (1, 5)}, **t.counted),
    "descriptives.answer_shares": lambda t: answer_shares(t.rows[A], [1, 2, 3, 4, 5], **t.counted),
    "drivers.key_drivers": lambda t: key_drivers(
        t["A1"], t.rows[["B1", "AGE"]], rng=_rng(), resamples=20, **t.counted
    ),
    "drivers.added_value": lambda t: added_value(t["A1"], t.rows[["B1"]], t.rows[["AGE"]], **t.counted),
    "means.mean_against": lambda t: tuple(
        mean_against(t["A2"], 3.0, **how) for how in (t.counted, t.by_branch)
    ),
    "means.mean_difference": lambda t: t.split(mean_difference),
    "means.within_contrast": lambda t: tuple(
        within_contrast(t.rows[["A1", "A2"]], t.rows[["B1"]], **how) for how in (t.counted, t.by_branch)
    ),
    "mediation.mediate": lambda t: mediate(
        t["A1"], t.rows[["B1"]], t["B2"], rng=_rng(), resamples=20, **t.counted
    ),
    "nps.net_promoter_score": lambda t: net_promoter_score(2 * t["A2"], t["TIER"], **t.counted),
    "profile.frequencies": lambda t: frequencies(t["A2"], [1, 2, 3, 4, 5], **t.counted),
    "regression.regress": lambda t: regress(t["A1"], t.rows[["B1", "AGE"]], **t.by_branch),
    "regression.moderate": lambda t: moderated(t["A1"], t["B1"], t["AGE"], **t.counted),
    "repeated.friedman": lambda t: friedman(t.rows[A], rng=_rng(), resamples=20, **t.counted),
    "repeated.cochran_q": lambda t: cochran_q(
        t.rows[["YES", "NOW"]].assign(A=(t["A1"] > 3) * 1.0), rng=_rng(), resamples=20, **t.counted
    ),
    "segmentation.segment": lambda t: segment(t.rows[["B1", "B2"]], k=2, rng=_rng(), **t.counted),
    "segmentation.compare_with_rule": lambda t: compare_with_rule(
        t["TIER"], t.rows[["B1", "B2"]], t.rows[["A1"]], rng=_rng(), resamples=20, **t.counted
    ),
    "trend.jonckheere_terpstra": lambda t: jonckheere_terpstra(t["A1"], t["TIER"], **t.counted),
    "trend.kendall_tau_b": lambda t: kendall_tau_b(t["A1"], t["TIER"], **t.counted),
    "common_method.marker_variable": lambda t: marker_variable(
        t.correlations, marker="B3", constructs=["A1", "A2"]
    ),
    "exploratory.factorability.sphericity": lambda t: sphericity(t.correlations),
    "agreement.intraclass_correlation": lambda t: intraclass_correlation(t["A1"], t["BRANCH"], **t.counted),
    "agreement.within_group_agreement": lambda t: within_group_agreement(
        t.rows[A], t["BRANCH"], variable="a", steps=5, **t.counted
    ),
    "clusters.k_means": lambda t: k_means(t.rows[A], clusters=2, rng=_rng(), **t.counted),
    "clusters.gaussian_mixture": lambda t: gaussian_mixture(
        t.rows[["B1", "B2"]], clusters=2, rng=_rng(), starts=2, **t.counted
    ),
    "clusters.cluster_number": lambda t: cluster_number(
        [k_means(t.rows[A], clusters=k, rng=_rng(), **t.counted) for k in (2, 3)]
    ),
    "coding_agreement.cohen_kappa": lambda t: cohen_kappa(t["A1"], t["A2"], **t.counted),
    "coding_agreement.fleiss_kappa": lambda t: fleiss_kappa(t.rows[A], **t.counted),
    "coding_agreement.krippendorff_alpha": lambda t: krippendorff_alpha(
        t.rows[A], level="ordinal", **t.counted
    ),
    "coding_agreement.agreement_by_code": lambda t: agreement_by_code(
        {"x": t.rows[["YES", "NOW"]]}, **t.counted
    ),
    "driver_comparison.compare_drivers": lambda t: compare_drivers(
        t["AGE"], t.rows[["A1", "B1"]], t["SEX"], rng=_rng(), resamples=20, **t.counted
    ),
    "equivalence.equivalence": lambda t: t.split(equivalence, margin=0.5),
    "exploratory.number.parallel_analysis": lambda t: parallel_analysis(
        t.rows[A], rng=_rng(), draws=10, **t.counted
    ),
    "exploratory.scores.factor_scores": lambda t: (
        factor_scores(
            t.rows[B], factor_analysis(pearson_correlations(t.rows[B], **t.counted), n_factors=1), **t.counted
        ).correlations
    ),
    "factorial.anova.factorial_anova": lambda t: factorial_anova(
        t["A1"], t.rows[["SEX", "TIER"]], **t.counted
    ),
    "items_by_tier.items_by_tier": lambda t: items_by_tier(t.rows[["A1", "A2"]], t["TIER"], **t.counted),
    "groups.compare_groups": lambda t: compare_groups(
        t["A2"], t["TIER"], rng=_rng(), resamples=50, **t.counted
    ),
    "groups.hedges_g": lambda t: t.split(
        lambda a, b, **how: hedges_g(a.to_numpy(dtype=float), b.to_numpy(dtype=float), **how)
    ),
    "missing.imputation.impute": lambda t: impute(
        t.rows[["A1", "A2", "B1"]], rng=_rng(), imputations=2, cycles=2, **t.counted
    ),
    "kano.kano": lambda t: kano(t["A1"], t["B1"], feature="x", **t.counted),
    "importance_performance.importance_performance": lambda t: importance_performance(
        t["B2"],
        t.rows[["A1", "B1"]],
        bounds={"A1": (1, 5), "B1": (1, 5)},
        rng=_rng(),
        tiers=t["SEX"],
        clusters=t["BRANCH"],
        minimum_n=10,
        resamples=40,
        **t.counted,
    ),
    "penalty_reward.penalty_reward": lambda t: penalty_reward(
        t["B2"], t.rows[["A1", "B1"]], bounds={"A1": (1, 5), "B1": (1, 5)}, coding="thirds", **t.counted
    ),
    "gap_map.gap_map": lambda t: gap_map(
        t.rows,
        t.rows,
        [GapRow(name="A1", first="A1", second="A2")],
        tiers=t["TIER"],
        clusters_second=t["BRANCH"],
        counts_first=t.counts,
        counts_second=t.counts,
    ),
    "tier_migration.tier_migration": lambda t: tier_migration(
        t["A1"].astype("Int64"), t["B1"].astype("Int64"), tiers=tuple("12345"), **t.counted
    ),
    "keyness.keyness": lambda t: keyness(list(t["WORDS"]), t["TIER"], **t.counted),
    "latent_class.number.class_number": lambda t: class_number(
        _yes(t), classes=[1, 2], rng=_rng(), replicates=5, starts=4, finals=2, **t.counted
    ),
    "latent_class.number.bootstrap_likelihood_ratio": lambda t: bootstrap_likelihood_ratio(
        _yes(t), _classes(t, 1), _classes(t, 2), rng=_rng(), replicates=5, starts=4, **t.counted
    ),
    "marginal_effects.average_marginal_effects": lambda t: average_marginal_effects(
        t["A1"], t.rows[["B1", "B2"]], **t.counted
    ),
    "mcnemar.mcnemar": lambda t: mcnemar(t["YES"], t["NOW"], **t.counted),
    "method_factor.method_factor": lambda t: method_factor(t.rows[A + B], CONSTRUCTS, **t.counted),
    "missing.patterns.missing_patterns": lambda t: missing_patterns(t.rows[A], **t.counted),
    "missing.patterns.normal_estimates": lambda t: normal_estimates(t.rows[A], **t.counted),
    "missing.patterns.little_mcar_test": lambda t: little_mcar_test(t.rows[A], **t.counted),
    "moderated_mediation.mediate_conditionally": lambda t: mediate_conditionally(
        t["A1"], t.rows[["B1"]], t["B2"], rng=_rng(), resamples=20, **t.counted
    ),
    "ordinal_regression.ordinal_regression": lambda t: ordinal_regression(
        t["A1"], t.rows[["B1", "B2"]], **t.counted
    ),
    "pls.bootstrap.bootstrap": lambda t: pls_bootstrap.bootstrap(
        t.rows[A + B], _model(), rng=_rng(), resamples=20, **t.counted
    ),
    "pls.estimate.estimate": lambda t: pls_estimate.estimate(t.rows[A + B], _model(), **t.counted),
    "pls.importance_performance.importance_performance": lambda t: pls_map.importance_performance(
        t.rows[A + B], _model(), target="b", limits=dict.fromkeys(A + B, (1.0, 5.0)), **t.counted
    ),
    "pls.multigroup.compare_groups": lambda t: pls_groups.compare_groups(
        t.rows[A + B], _model(), t["SEX"], rng=_rng(), permutations=10, **t.counted
    ),
    "pls.predict.predict": lambda t: pls_predict.predict(
        t.rows[A + B], _model(), rng=_rng(), folds=3, repetitions=1, **t.counted
    ),
    "ordinal.polyserial.polyserial_correlations": lambda t: polyserial_correlations(
        t.rows[["AGE"]], t.rows[["A1"]], **t.counted
    ),
    "post_hoc.all_pairs": lambda t: tuple(
        all_pairs(t["A2"], t["TIER"], method=method, **t.counted)
        for method in ("tukey", "dunn", "steel_dwass", "lsd")
    ),
    "proportional_odds.proportional_odds_test": lambda t: proportional_odds_test(
        t["A1"].clip(2, 4), t.rows[["B1"]], **t.counted
    ),
    "rank_versions.cliffs_delta": lambda t: t.split(cliffs_delta),
    "rank_versions.rank_biserial": lambda t: rank_biserial(t["A1"] - t["A2"], **t.counted),
    "rank_versions.linear_trend": lambda t: linear_trend(t["A1"], t["TIER"], **t.counted),
    "rank_versions.rank_coefficient": lambda t: rank_coefficient(t["A1"], t.rows[["B1", "B2"]], **t.counted),
    "recommended_test.recommend_test": lambda t: recommend_test(t["A1"], t["TIER"], **t.counted),
    "regression_blocks.influence": lambda t: influence(t["A1"], t.rows[["B1", "AGE"]], **t.counted),
    "reliability.bootstrap_alpha": lambda t: bootstrap_alpha(
        t.rows[A], rng=_rng(), resamples=30, **t.counted
    ),
    "two_groups.compare_two": lambda t: t.split(compare_two),
    "validity.htmt": lambda t: htmt(t.rows[A + B], CONSTRUCTS, rng=_rng(), resamples=30, **t.counted),
}

MODEL = "a =~ A1 + A2 + A3 + A4"

#: Functions that take weights as a column of the data.
COLUMNS: Mapping[str, Example] = {
    "sem.fit.fit": lambda t: fit(
        MODEL, t.rows.assign(W=1.0 if t.weights is None else t.weights), estimator="MLR", weights="W"
    ).estimates(),
    "sem.ordered.fit_ordered": lambda t: fit_ordered(
        MODEL, t.rows.assign(W=1.0 if t.weights is None else t.weights), weights="W"
    ).estimates(),
    "invariance.ladder.invariance_ladder": lambda t: [
        rung.fit.estimates()
        for rung in invariance_ladder(
            {"a": A[:4]}, t.rows.assign(W=1.0 if t.weights is None else t.weights), group="SEX", weights="W"
        ).rungs
    ],
    "invariance.alignment.align": lambda t: align(
        {"a": A[:4]},
        t.rows.assign(W=1.0 if t.weights is None else t.weights),
        group="SEX",
        weights="W",
        rng=_rng(),
        starts=2,
    ),
}


def numbers(result: object, at: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a result with its place, whatever it is made of."""
    if isinstance(result, bool | np.bool_ | int | float | np.number):
        yield at, float(result)
    elif isinstance(result, str) or result is None or callable(result):
        return
    elif isinstance(result, pd.DataFrame | pd.Series):
        numeric = result.to_frame() if isinstance(result, pd.Series) else result
        yield from numbers(numeric.select_dtypes("number").to_numpy(dtype=float), at)
    elif isinstance(result, np.ndarray):
        if result.dtype.kind in "fiub":
            yield from ((f"{at}[{i}]", float(v)) for i, v in enumerate(result.ravel()))
    elif isinstance(result, Mapping):
        for key, value in result.items():
            yield from numbers(value, f"{at}.{key}")
    elif isinstance(result, tuple | list):
        for i, value in enumerate(result):
            yield from numbers(value, f"{at}[{i}]")
    elif is_dataclass(result):
        for own in fields(result):
            yield from numbers(getattr(result, own.name), f"{at}.{own.name}")
    else:
        raise TypeError(f"{at}: {type(result)} holds numbers in a way that is not known here")
