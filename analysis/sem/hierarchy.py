"""How much of a sum of items is due to the general construct of a bifactor or second-order model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.results import Entry, Tabular
from analysis.sem.errors import ModelError
from analysis.sem.fitted import Fit
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchicalOmega(Tabular):
    """Shares of the variance that the model implies for the sum of all items of one group."""

    general: str
    group: str
    n: int
    total: float | None = None  #: due to all constructs
    hierarchical: float | None = None  #: due to the general construct alone
    explained_common_variance: float | None = None  #: the general construct's share
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        numbers = {
            "omega_total": self.total,
            "omega_hierarchical": self.hierarchical,
            "explained_common_variance": self.explained_common_variance,
        }
        about = {"construct": self.general} | ({"group": self.group} if self.group else {})
        return tuple(
            Entry(
                measure=measure,
                method="Structural equation model",
                about=about,
                n=self.n,
                estimate=value,
                state=self.state,
                reason=self.reason,
            )
            for measure, value in numbers.items()
        )


def hierarchical_omega(fit: Fit, general: str) -> tuple[HierarchicalOmega, ...]:
    """Omega total and hierarchical of every group of a fitted model.

    ``(1'a)^2 v / 1'Sigma 1``, with a the effects of the general construct on the items, direct (bifactor) or
    through other constructs (second order), and v its variance; residual covariances count as error.

    Parameters
    ----------
    fit : Fit
    general : str
        A construct that depends on no other and covaries with none.

    References
    ----------
    .. [1] Zinbarg, R. E., Revelle, W., Yovel, I., & Li, W. (2005). Cronbach's alpha, Revelle's beta, and
       McDonald's omega h. Psychometrika, 70, 123-133.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.sem.fit import fit
    >>> from analysis.sem.model import Model
    >>> rng = np.random.default_rng(1)
    >>> whole, parts = rng.normal(size=(900, 1)), np.repeat(rng.normal(size=(900, 3)), 3, axis=1)
    >>> answers = 0.6 * whole + 0.4 * parts + 0.7 * rng.normal(size=(900, 9))
    >>> items = pd.DataFrame(answers, columns=list("abcdefghi"))
    >>> parts = {"first": list("abc"), "second": list("def"), "third": list("ghi")}
    >>> model = Model.from_constructs(parts, general="whole", identification="standardized")
    >>> omega = hierarchical_omega(fit(model, items), "whole")[0]
    >>> round(omega.total, 2), round(omega.hierarchical, 2)
    (0.88, 0.77)
    """
    table = fit.table
    if general not in table.latent:
        raise ModelError(f"{general!r} is no construct of the model; there are {', '.join(table.latent)}.")
    if fit.state != "ok" or fit.solution is None:
        state = fit.problems[0].entry_state
        return tuple(
            HierarchicalOmega(general=general, group=g, n=fit.n, state=state, reason=fit.reason)
            for g in table.groups
        )
    at = len(table.observed) + table.latent.index(general)
    found = []
    for group, implied, moments in zip(
        table.groups, fit.solution.place.implied, fit.moments.groups, strict=True
    ):
        p = len(table.observed)
        depends = implied.paths[at].any()
        covaries = np.delete(implied.residual[at], at).any()
        if depends or covaries:
            raise ModelError(
                f"{general!r} depends on other constructs or covaries with them: what is due to it alone is "
                "not defined. Fit a bifactor model (general=...) or one of second order."
            )
        effects, variance = implied.to_observed[:, at], float(implied.covariance_all[at, at])
        whole = float(implied.covariance.sum())
        error = float(implied.residual[:p, :p].sum())
        communal = float(np.trace(implied.covariance) - np.trace(implied.residual[:p, :p]))
        own = float(effects.sum()) ** 2 * variance
        found.append(
            HierarchicalOmega(
                general=general,
                group=group,
                n=moments.n,
                total=(whole - error) / whole,
                hierarchical=own / whole,
                explained_common_variance=float((effects**2).sum()) * variance / communal,
            )
        )
    return tuple(found)
