"""Standardised coefficients of a mixed model: the model fitted anew to z-scores."""

from __future__ import annotations

import pandas as pd

from analysis.mixed.models import MixedModel, SpreadIntervals, mixed_model
from analysis.weighting import refuses_weights


@refuses_weights(
    "weights of respondents and branches enter a mixed model at their own levels and are seldom both known",
    instead="analysis.design.regression.design_linear",
)
def standardized_mixed_model(
    outcome: pd.Series,
    predictors: pd.DataFrame,
    groups: pd.Series,
    *,
    spread_intervals: SpreadIntervals = "likelihood",
    confidence_level: float = 0.95,
) -> MixedModel:
    """A model with a random intercept of branches, all variables as z-scores of those analysed.

    Its coefficients are in the unit of a standardised regression coefficient: standard deviations of the
    outcome, of all respondents together, for one of the predictor.

    Parameters
    ----------
    outcome : Series, shape (n_respondents,)
    predictors : DataFrame, shape (n_respondents, n_predictors)
    groups : Series, shape (n_respondents,)
        Branch of each respondent. Respondents with a blank anywhere are left out, before z-scores are taken.
    spread_intervals : {"likelihood", "none"}
        See :func:`analysis.mixed.models.mixed_model`.

    Notes
    -----
    Restricted maximum likelihood, Satterthwaite's degrees of freedom, as
    ``effectsize::standardize_parameters(method = "refit")`` of a model by lmerTest [1]_. Standard deviations
    are taken for given numbers. Where the branches do not differ (``state`` is ``singular``), coefficients
    and errors are those of ordinary least squares on z-scores.

    References
    ----------
    .. [1] Ben-Shachar, M. S., Lüdecke, D., & Makowski, D. (2020). effectsize: Estimation of effect size
       indices and standardized parameters. Journal of Open Source Software, 5(56), 2815.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> branch = pd.Series(np.repeat(np.arange(20), 10), name="branch")
    >>> x = pd.Series(rng.normal(size=200), name="training")
    >>> y = pd.Series(0.5 * x + rng.normal(size=20)[branch] + rng.normal(size=200), name="service")
    >>> training = standardized_mixed_model(y, x.to_frame(), branch).effect("training")
    >>> round(training.estimate, 4), round(training.df, 1)
    (0.3246, 180.4)
    """
    whole = outcome.notna() & predictors.notna().all(axis=1) & groups.notna()
    return mixed_model(
        _z_scores(outcome.where(whole).to_frame(str(outcome.name)))[str(outcome.name)],
        _z_scores(predictors.where(whole)),
        groups,
        spread_intervals=spread_intervals,
        confidence_level=confidence_level,
    )


def _z_scores(columns: pd.DataFrame) -> pd.DataFrame:
    """Columns less their mean over their standard deviation; of a constant, zeros."""
    centred = columns - columns.mean()
    still = (
        columns.max() == columns.min()
    )  # the deviation of equal fractions may differ from zero by rounding
    return (centred / columns.std(ddof=1)).mask(still & columns.notna(), 0.0)
