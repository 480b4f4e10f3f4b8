"""Totals of a population."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.design.design import Array, Design
from analysis.design.estimates import DesignEstimate, DesignEstimates, listed
from analysis.design.linearization import Linearized, estimated
from analysis.design.means import matrix
from analysis.weighting import takes_weights


@takes_weights("design", counts="given", how="weighted total", reference="survey::svytotal")
def weighted_total(values: pd.Series, design: Design, *, confidence_level: float = 0.95) -> DesignEstimate:
    """Total over the population, as ``survey::svytotal``: ``sum w y`` over the respondents who answered.

    Nothing is added for respondents without an answer: their share of the total is missing from it.

    Parameters
    ----------
    values : Series, shape (n_rows,)
        In the order of the design; NaN for no answer.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> total = weighted_total(pd.Series([1, 2, 4, 5], name="PRODUCTS"), survey_design([10, 10, 5, 5]))
    >>> total.estimate, round(total.std_error, 4)
    (75.0, 12.5831)
    """
    return weighted_totals(values.to_frame(), design, confidence_level=confidence_level)[0]


@takes_weights("design", counts="given", how="weighted totals", reference="survey::svytotal")
def weighted_totals(
    values: pd.DataFrame, design: Design, *, confidence_level: float = 0.95
) -> DesignEstimates:
    """Totals of several variables with their covariance.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> totals = weighted_totals(pd.DataFrame({"A": [1, 0, 1], "B": [0, 1, None]}), survey_design([2, 3, 4]))
    >>> [total.estimate for total in totals]
    [6.0, 3.0]
    """
    answers = matrix(values, design)
    known = ~np.isnan(answers)
    filled = np.where(known, answers, 0.0)

    def total(weights: Array) -> Linearized:
        influence = weights[:, None] * filled
        return Linearized(
            estimate=influence.sum(axis=0), influence=influence, used=np.asarray(known.any(axis=1))
        )

    return listed(
        estimated(design, total),
        [{"variable": str(name)} for name in values.columns],
        measure="total",
        method="Weighted total, variance of the design",
        confidence_level=confidence_level,
        n=[design.respondents(column) for column in known.T],
        df=[design.degrees_of_freedom(column) for column in known.T],
    )
