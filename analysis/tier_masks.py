"""Respondents tier by tier."""

from __future__ import annotations

import pandas as pd

from analysis.weighting import no_estimate


@no_estimate("laying out")
def tier_masks(tiers: pd.Series | None) -> list[tuple[str, pd.Series]]:
    """Every tier with its members marked: categories in their order, other labels sorted.

    Parameters
    ----------
    tiers : Series, shape (n_respondents,), optional
        None: no tiers.

    Examples
    --------
    >>> order = pd.Series(pd.Categorical(["gold", None, "basic"], ["basic", "gold"], ordered=True))
    >>> [(tier, mine.tolist()) for tier, mine in tier_masks(order)]
    [('basic', [False, False, True]), ('gold', [True, False, False])]
    """
    if tiers is None:
        return []
    categorical = isinstance(tiers.dtype, pd.CategoricalDtype)
    names = tiers.cat.categories if categorical else sorted(tiers.dropna().unique())
    return [(str(name), (tiers == name).fillna(False).astype(bool)) for name in names]
