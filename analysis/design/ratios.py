"""Ratios of two totals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.design.design import Array, Design
from analysis.design.estimates import DesignEstimate, listed, nobody
from analysis.design.linearization import Linearized, estimated
from analysis.design.means import answered, matrix
from analysis.weighting import takes_weights

METHOD = "Ratio of weighted totals, variance of the design"


@takes_weights("design", counts="given", how="ratio of weighted totals", reference="survey::svyratio")
def weighted_ratio(
    numerator: pd.Series, denominator: pd.Series, design: Design, *, confidence_level: float = 0.95
) -> DesignEstimate:
    """Ratio of two totals over those who answered both, as ``survey::svyratio``.

    ``R = sum w y / sum w x`` with the influence value ``w (y - R x) / sum w x``.

    Parameters
    ----------
    numerator, denominator : Series, shape (n_rows,)
        In the order of the design; NaN for no answer.

    Returns
    -------
    DesignEstimate
        ``state`` is ``too_few`` when nobody answered both, ``inadmissible`` when the denominator is zero.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> fees, balance = pd.Series([1, 2, 4, 5], name="FEES"), pd.Series([10, 30, 20, 40], name="BALANCE")
    >>> ratio = weighted_ratio(fees, balance, survey_design([1, 1, 1, 1]))
    >>> ratio.estimate, round(ratio.std_error, 4)
    (0.12, 0.0263)
    """
    y, x = matrix(numerator.to_frame(), design)[:, 0], matrix(denominator.to_frame(), design)[:, 0]
    known = answered(y, x)
    y, x = np.where(known, y, 0.0), np.where(known, x, 0.0)
    about = {"numerator": str(numerator.name), "denominator": str(denominator.name)}
    if design.respondents(known) == 0:
        return nobody(measure="ratio", method=METHOD, about=about)
    if design.totals_weights @ x == 0:
        return DesignEstimate(
            measure="ratio",
            method=METHOD,
            about=about,
            n=design.respondents(known),
            estimate=None,
            state="inadmissible",
            reason=f"the total of {denominator.name} is zero",
        )

    def ratio(weights: Array) -> Linearized:
        below = weights @ x
        estimate = weights @ y / below
        influence = weights * (y - estimate * x) / below
        return Linearized(estimate=np.array([estimate]), influence=influence[:, None], used=known)

    return listed(
        estimated(design, ratio), [about], measure="ratio", method=METHOD, confidence_level=confidence_level
    )[0]
