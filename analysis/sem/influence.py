"""How each respondent moves the estimates of a fitted model: what a sampling design needs for its errors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.sem.casewise import scores
from analysis.sem.errors import ModelError
from analysis.sem.fitted import Fit
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]


def parameter_influence(fit: Fit) -> tuple[Array, ...]:
    """Influence of the respondents of each group on the free parameters, shapes (n_group, n_free).

    ``w_i s_i B / sum w`` with the slope ``s_i`` of the respondent's log-likelihood and the inverse B of the
    information per respondent: summed outer products are the robust (MLR) covariance matrix, sums within
    clusters and strata give that of a design, as the R package lavaan.survey has it [1]_.

    Parameters
    ----------
    fit : Fit
        By robust maximum likelihood, in the order of its moments' rows.

    References
    ----------
    .. [1] Oberski, D. (2014). lavaan.survey: An R package for complex survey analysis of structural equation
       models. Journal of Statistical Software, 57(1), 1-27.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.sem.fit import fit
    >>> rng = np.random.default_rng(1)
    >>> trait = rng.normal(size=(400, 1))
    >>> items = pd.DataFrame(0.8 * trait + 0.6 * rng.normal(size=(400, 3)), columns=["s1", "s2", "s3"])
    >>> found = fit("satisfaction =~ s1 + s2 + s3", items, estimator="MLR")
    >>> (moved,) = parameter_influence(found)
    >>> bool(np.allclose(moved.T @ moved, found.uncertainty.covariance))
    True
    """
    if fit.solution is None or fit.uncertainty is None:
        raise ModelError(f"Nothing moves a model that was not estimated: {fit.reason}.")
    total = sum(group.n_weighted for group in fit.moments.groups)
    place = fit.solution.place
    found = []
    for part, group, implied, slopes in zip(
        place.parts, fit.moments.groups, place.implied, fit.solution.slopes, strict=True
    ):
        cells = scores(group, implied, slopes, with_means=fit.table.mean_structure)
        if group.weights is not None:
            cells = cells * group.weights[:, None]
        own = np.zeros((len(cells), len(place.parameters)))
        for column, free in enumerate(part.structure.free):
            own[:, free] += cells[:, column]
        found.append(own @ fit.uncertainty.inverse / total)
    return tuple(found)
