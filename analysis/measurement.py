"""How well the constructs of one population are measured: one factor model, and validity from its loadings.

All constructs with several items go into one confirmatory factor model. Answers on rating scales are
ordered categories, so it is fitted to polychoric correlations by diagonally weighted least squares with a
mean- and variance-adjusted test; answers on many points (more than ``ORDERED_POINTS``) are taken as numbers
and fitted by maximum likelihood with robust errors. Where that model cannot be relied on, each construct of
three or more items is fitted by itself, and what only the whole model can show is left out, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.common_method import SingleFactor, single_factor
from analysis.item_correlations import pearson_correlations
from analysis.results import Entry, Interval, Tabular
from analysis.sem.fit import Fit, fit
from analysis.sem.model import Model
from analysis.sem.ordered import OrderedFit, fit_ordered
from analysis.sem.standardized import standardized
from analysis.validity import ConvergentValidity, Htmt, convergent_validity, htmt
from analysis.weighting import refuses_weights

ORDERED_POINTS = 7  #: scales with more points are treated as numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLoading:
    """Standardised loading of one item."""

    construct: str
    item: str
    estimate: float
    std_error: float | None
    interval: Interval | None
    suspicious: str = ""  #: why it is no loading like others, for instance beyond 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFit:
    """The test and the indices of the model of all constructs."""

    method: str
    n: int
    statistic: float | None = None
    df: int | None = None
    p_value: float | None = None
    cfi: float | None = None
    tli: float | None = None
    rmsea: float | None = None
    rmsea_interval: Interval | None = None  #: 90 %
    srmr: float | None = None
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement(Tabular):
    """Validity of the constructs of one questionnaire."""

    constructs: tuple[str, ...]
    model: ModelFit
    loadings: tuple[ItemLoading, ...]  #: of the whole model, or of the constructs one by one
    one_by_one: bool  #: whether loadings come from models of single constructs
    convergent: tuple[ConvergentValidity, ...]
    htmt: tuple[Htmt, ...]  #: all pairs
    method_share: SingleFactor | None  #: Harman's single factor; too weak a test to clear the data
    cautions: tuple[str, ...] = ()

    def entries(self) -> tuple[Entry, ...]:
        rows: list[Entry] = list(_fit_entries(self.model))
        rows += [
            Entry(
                measure="standardized_loading",
                method=self.model.method if not self.one_by_one else "one-factor models",
                about={"construct": loading.construct, "item": loading.item},
                n=self.model.n,
                estimate=loading.estimate,
                std_error=loading.std_error,
                interval=loading.interval,
                state="inadmissible" if loading.suspicious else "ok",
                reason=loading.suspicious,
            )
            for loading in self.loadings
        ]
        for result in (*self.convergent, *self.htmt):
            rows.extend(result.entries())
        if self.method_share is not None:
            rows.extend(self.method_share.entries())
        return tuple(rows)


def _fit_entries(model: ModelFit) -> tuple[Entry, ...]:
    if model.state != "ok":
        return (
            Entry(
                measure="chi_square", method=model.method, n=model.n, state=model.state, reason=model.reason
            ),
        )
    found = [
        Entry(
            measure="chi_square",
            method=model.method,
            n=model.n,
            estimate=model.statistic,
            statistic=model.statistic,
            df=() if model.df is None else (float(model.df),),
            p_value=model.p_value,
        )
    ]
    for measure, value in (("cfi", model.cfi), ("tli", model.tli), ("srmr", model.srmr)):
        if value is not None:
            found.append(Entry(measure=measure, method=model.method, n=model.n, estimate=value))
    if model.rmsea is not None:
        found.append(
            Entry(
                measure="rmsea",
                method=model.method,
                n=model.n,
                estimate=model.rmsea,
                interval=model.rmsea_interval,
            )
        )
    return tuple(found)


@refuses_weights(
    "it chooses among factor models that are fitted without weights",
    instead="analysis.item_correlations.pearson_correlations",
)
def measured(items: pd.DataFrame, constructs: Mapping[str, Sequence[str]]) -> Measurement | None:
    """Fit the measurement model of one questionnaire.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Keyed answers, NaN for no answer.
    constructs : mapping of construct to its items
        Those with fewer than two items are passed over.

    Returns
    -------
    Measurement or None
        None where no construct has two items.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> trait = rng.normal(size=(300, 1))
    >>> answers = np.clip(np.round(3 + 0.9 * trait + 0.6 * rng.normal(size=(300, 3))), 1, 5)
    >>> names = ["s1", "s2", "s3"]
    >>> found = measured(pd.DataFrame(answers, columns=names), {"satisfaction": names})
    >>> [round(loading.estimate, 2) for loading in found.loadings]
    [0.85, 0.79, 0.81]
    """
    several = {name: list(own) for name, own in constructs.items() if len(own) > 1}
    if not several:
        return None
    names = [item for own in several.values() for item in own]
    answers = items[names]
    ordered = int(answers.nunique().max()) <= ORDERED_POINTS
    whole, loadings, cautions = _fitted(several, answers, ordered)
    one_by_one = not loadings
    if one_by_one:
        for name, own in several.items():
            if len(own) > 2:
                _, found, _ = _fitted({name: own}, answers[own], ordered)
                loadings += found
    by_construct = {
        name: {found.item: found.estimate for found in loadings if found.construct == name}
        for name in several
    }
    return Measurement(
        constructs=tuple(several),
        model=whole,
        loadings=tuple(loadings),
        one_by_one=one_by_one,
        convergent=tuple(
            convergent_validity(own, construct=name, n=whole.n) for name, own in by_construct.items() if own
        ),
        htmt=htmt(pearson_correlations(answers, missing="pairwise"), several) if len(several) > 1 else (),
        method_share=single_factor(pearson_correlations(answers, missing="pairwise"))
        if len(names) > 2
        else None,
        cautions=tuple(cautions),
    )


def _fitted(
    constructs: Mapping[str, Sequence[str]], answers: pd.DataFrame, ordered: bool
) -> tuple[ModelFit, list[ItemLoading], list[str]]:
    model = Model.from_constructs(constructs)
    if ordered:
        found = fit_ordered(model, answers, missing="pairwise")
        return _of_ordered(found), _ordered_loadings(found), [caution.reason for caution in found.cautions]
    numbers = fit(model, answers, estimator="MLR")
    return _of_numbers(numbers), _number_loadings(numbers), []


def _of_ordered(found: OrderedFit) -> ModelFit:
    method = "confirmatory factor analysis, WLSMV on polychoric correlations, pairwise"
    n = round(found.n)
    if found.state != "ok" or found.quality is None:
        return ModelFit(method=method, n=n, state=_entry_state(found.state), reason=found.reason)
    quality = found.quality
    scaled = quality.scaled or quality.plain
    return ModelFit(
        method=method,
        n=n,
        statistic=quality.test.scaled,
        df=quality.test.df,
        p_value=quality.test.p_value,
        cfi=scaled.cfi,
        tli=scaled.tli,
        rmsea=None if scaled.rmsea is None else scaled.rmsea.estimate,
        rmsea_interval=None if scaled.rmsea is None else scaled.rmsea.interval,
        srmr=quality.srmr,
    )


def _of_numbers(found: Fit) -> ModelFit:
    method = "confirmatory factor analysis, MLR, complete answers"
    if found.state != "ok" or found.test is None or found.indices is None:
        return ModelFit(method=method, n=found.n, state=_entry_state(found.state), reason=found.reason)
    shown = found.indices.reported
    return ModelFit(
        method=method,
        n=found.n,
        statistic=found.test.scaled,
        df=found.test.df,
        p_value=found.test.scaled_p_value,
        cfi=shown.cfi,
        tli=shown.tli,
        rmsea=None if shown.rmsea is None else shown.rmsea.estimate,
        rmsea_interval=None if shown.rmsea is None else shown.rmsea.interval,
        srmr=found.indices.srmr,
    )


def _entry_state(state: str) -> str:
    """A problem of a factor model in the words of all results."""
    return state if state in ("too_few", "constant", "empty_cell", "not_converged") else "inadmissible"


def _ordered_loadings(found: OrderedFit) -> list[ItemLoading]:
    if found.state != "ok":
        return []
    return [
        ItemLoading(
            construct=one.parameter.left,
            item=one.parameter.right,
            estimate=one.estimate,
            std_error=one.std_error,
            interval=one.confidence_interval(),
            suspicious="lies beyond one" if abs(one.estimate) >= 1 else "",
        )
        for one in found.standardized("all")
        if one.parameter is not None and one.parameter.op == "=~"
    ]


def _number_loadings(found: Fit) -> list[ItemLoading]:
    return [
        ItemLoading(
            construct=one.parameter.left,
            item=one.parameter.right,
            estimate=one.estimate,
            std_error=one.std_error,
            interval=one.confidence_interval(),
            suspicious=one.suspicious,
        )
        for one in standardized(found).estimates
        if one.parameter.op == "=~"
    ]
