"""What is free when items are ordered: the parameter table with the units of the variables behind the items.

Identification follows lavaan 0.6, which follows Millsap & Yun-Tein [1]_; Wu & Estabrook [2]_ show what each
set of equalities identifies. Thresholds are free, intercepts of the items and latent means are 0, scales
(*delta*) or residual variances (*theta*) of the items are 1. When groups share their thresholds, then from
the second group on latent means and scales are free; with theta residual variances instead, unless these
are to be equal too.

References
----------
.. [1] Millsap, R. E., & Yun-Tein, J. (2004). Assessing factorial invariance in ordered-categorical measures.
   Multivariate Behavioral Research, 39, 479-515.
.. [2] Wu, H., & Estabrook, R. (2016). Identification of confirmatory factor analysis models of different
   levels of invariance for ordered categorical outcomes. Psychometrika, 81, 1014-1045.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from analysis.sem.errors import ModelError
from analysis.sem.model import Model
from analysis.sem.parameters import Parameter, ParameterTable, Shared
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.ordered.fit_ordered")

Parameterization = Literal["delta", "theta"]


def ordered_table(
    model: Model,
    n_thresholds: Mapping[str, int],
    *,
    groups: Sequence[str] = ("",),
    group_equal: Iterable[Shared] = (),
    group_partial: Iterable[str] = (),
    parameterization: Parameterization = "delta",
) -> ParameterTable:
    """Every parameter of every group of a model whose items are all ordered.

    Parameters
    ----------
    n_thresholds : mapping
        Number of thresholds of each item, one less than its categories.
    group_equal : iterable of str
        ``"intercepts"`` means ``"thresholds"`` here: intercepts are 0 in any case.

    Examples
    --------
    Twelve thresholds, two loadings and a variance:

    >>> model = Model.from_text("SAT =~ SAT1 + SAT2 + SAT3")
    >>> ordered_table(model, {"SAT1": 4, "SAT2": 4, "SAT3": 4}).n_free
    15
    """
    equal: list[Shared] = list(group_equal)
    if "intercepts" in equal and "thresholds" not in equal:
        equal.append("thresholds")
    _check(model, n_thresholds, parameterization)
    table = model.table(
        groups,
        group_equal=equal,
        group_partial=group_partial,
        mean_structure=True,
        ordered={name: n_thresholds[name] for name in model.observed},
    )
    freed = "~*~" if parameterization == "delta" else "~~"
    shared = "thresholds" in equal and not (parameterization == "theta" and "residuals" in equal)
    count, rows = table.n_free, []
    for row in table.parameters:
        unit = row.left == row.right and row.left in table.ordered and not row.written
        if unit and row.op == "~~" and row.free is not None:
            raise ModelError(
                f"{row.name} is free; residual variances of ordered items have no unit of their own."
            )
        if unit and row.op == freed and shared and row.group > 0:
            row = replace(row, value=None, free=count)
            count += 1
        elif unit and row.op == "~~":
            row = replace(row, value=1.0)  # that of a single item too, which would be 0 if it were an amount
        rows.append(row)
    return replace(table, parameters=tuple(rows), n_free=count)


def _check(model: Model, n_thresholds: Mapping[str, int], parameterization: Parameterization) -> None:
    if parameterization not in ("delta", "theta"):
        raise ModelError(f'parameterization is {parameterization!r}, expected "delta" or "theta".')
    absent = [name for name in model.observed if name not in n_thresholds]
    if absent:
        raise ModelError(f"No ordered item is called {', '.join(absent)}. Check the names in the model.")
    if model.fixed_exogenous:
        raise ModelError(
            f"{', '.join(model.fixed_exogenous)}: observed predictors of ordered items are not supported. "
            "Let a construct stand for the predictor, or compare groups."
        )
    observed = set(model.observed)
    predicting = {s.right for s in model.statements if s.op == "~"} & observed
    if parameterization == "delta":
        if predicting:
            raise ModelError(
                f'{", ".join(sorted(predicting))}: an item that predicts needs parameterization="theta".'
            )
        written = [s for s in model.statements if s.op == "~~" and s.left == s.right and s.left in observed]
        if written:
            raise ModelError(
                f"line {written[0].line}: with the delta parameterisation the residual variance of "
                f'{written[0].left} is no parameter. Take parameterization="theta", or its scale (~*~).'
            )


def threshold_names(table: ParameterTable) -> list[tuple[str, str]]:
    """Item and threshold (``t1``, ``t2``, ...) in the order in which moments stack them."""
    return [(item, f"t{k}") for item in table.observed for k in range(1, table.ordered[item] + 1)]


def by_name(table: ParameterTable, group: int) -> dict[tuple[str, str, str], Parameter]:
    """The parameters of one group by left, op and right."""
    return {(row.left, row.op, row.right): row for row in table.of_group(group)}
