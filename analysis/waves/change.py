"""Why a mean changed between two waves: other customers, or customers who answer differently."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.design.design import Design, survey_design
from analysis.design.estimates import DesignEstimate, inferred
from analysis.design.linearization import Linearized, estimated
from analysis.results import Entry, Tabular
from analysis.weighting import takes_weights

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

#: ``average``: changes of one are weighed by the average of the other over both waves; two parts.
#: ``earlier``: by the earlier wave, which leaves a third part, the interaction.
Reference = Literal["average", "earlier"]

STEP = 1e-30  #: of the complex-step derivative, which is exact however small the step


@dataclass(frozen=True, slots=True, kw_only=True)
class TierChange:
    """One tier in both waves, and its contributions to the change of all."""

    tier: str
    n: tuple[int, int]
    share: tuple[float, float]
    mean: tuple[float, float]
    mix: DesignEstimate
    within: DesignEstimate
    interaction: DesignEstimate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDecomposition(Tabular):
    """The change of an overall mean as the sum of its parts."""

    variable: str
    grouping: str
    earlier: str
    later: str
    reference: Reference
    n: tuple[int, int]
    change: DesignEstimate | None = None
    mix: DesignEstimate | None = None  #: what the changed sizes of the tiers do
    within: DesignEstimate | None = None  #: what changed answers within tiers do
    interaction: DesignEstimate | None = None  #: both at once; only against the earlier wave
    tiers: tuple[TierChange, ...] = ()
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """The change, its parts, then the contributions of each tier."""
        if self.state != "ok":
            return (
                Entry(
                    measure="change",
                    method=_method(self.reference),
                    about={"variable": self.variable, "wave": self.later, "against": self.earlier},
                    n=sum(self.n),
                    state=self.state,
                    reason=self.reason,
                ),
            )
        parts = [self.change, self.mix, self.within, self.interaction]
        for tier in self.tiers:
            parts += [tier.mix, tier.within, tier.interaction]
        return tuple(entry for part in parts if part is not None for entry in part.entries())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cells:
    """Rows of the two waves by tier."""

    y: Array  #: (n_rows,) 0 where not used
    inside: Mask  #: (n_rows, 2, n_tiers)

    @property
    def used(self) -> Mask:
        return np.asarray(self.inside.any(axis=(1, 2)))

    def moments(self, weights: Array) -> tuple[Array, Array, Array, Array]:
        """Shares and means, each (2, n_tiers), and their influence values, each (n_rows, 2, n_tiers)."""
        parts = self.inside * weights[:, None, None]
        cells, waves = parts.sum(axis=0), parts.sum(axis=(0, 2))
        in_wave = parts.sum(axis=2, keepdims=True)
        # A replicate of the weights may leave a tier or wave empty: its result is then not a number.
        with np.errstate(invalid="ignore", divide="ignore"):
            share = cells / waves[:, None]
            mean = np.einsum("i,iwg->wg", self.y, parts) / cells
            share_influence = (parts - in_wave * share) / waves[:, None]
            mean_influence = parts * (self.y[:, None, None] - mean) / cells
        return share, mean, share_influence, mean_influence


@takes_weights(
    "design",
    counts="given",
    how="shares and means of the waves under their design",
    reference="survey::svymean",
)
def decompose_change(
    values: pd.Series,
    tiers: pd.Series,
    waves: pd.Series,
    *,
    earlier: str,
    later: str,
    design: Design | None = None,
    reference: Reference = "average",
    confidence_level: float = 0.95,
) -> ChangeDecomposition:
    """Split the change of a mean between two waves into tier mix and change within tiers [1]_.

    With shares p and means m of the tiers g in waves 0 and 1, the change ``sum p1 m1 - sum p0 m0`` is

    * *mix*: ``sum (p1 - p0) (m0 + m1) / 2``, customers moved to tiers that answer otherwise, and
    * *within*: ``sum (m1 - m0) (p0 + p1) / 2``, customers of a tier answer otherwise than before.

    Against the earlier wave the parts are ``sum (p1 - p0) m0``, ``sum (m1 - m0) p0`` and the interaction
    ``sum (p1 - p0) (m1 - m0)``: the threefold split of Oaxaca and Blinder with tiers as indicators. A tier's
    contribution to the mix takes its mean as distance from the overall mean (the average of both waves, or
    the earlier one), so that it does not depend on where the answer scale has its zero; the sum is the same.

    Standard errors are linearised: shares and means are both estimated, so both bring influence values [2]_,
    and the design gives their variance. Without a design each wave is a simple random sample of its own.
    Where the same respondents answer again, give a design whose clusters are the respondents.

    Parameters
    ----------
    values : Series, shape (n_rows,)
        One row for each respondent and wave; NaN for no answer.
    tiers, waves : Series of category dtype, shape (n_rows,)
        Rows without tier, wave or answer are left out.
    earlier, later : str
        Two waves.
    design : SurveyDesign or ReplicateDesign, optional
        Of all rows.

    Returns
    -------
    ChangeDecomposition
        ``state`` is ``empty_cell`` when a tier of one wave has fewer than 2 respondents in the other: its
        mean there is not known well enough to speak of a change.

    References
    ----------
    .. [1] Kitagawa, E. M. (1955). Components of a difference between two rates. Journal of the American
       Statistical Association, 50, 1168-1194.
    .. [2] Jann, B. (2008). The Blinder-Oaxaca decomposition for linear regression models. The Stata Journal,
       8, 453-479.

    Examples
    --------
    >>> frame = pd.DataFrame({
    ...     "SAT": [3, 2, 3, 4, 5, 4, 3, 4, 3, 5, 4, 5.0],
    ...     "TIER": pd.Categorical(["basic"] * 3 + ["gold"] * 3 + ["basic"] * 3 + ["gold"] * 3),
    ...     "WAVE": pd.Categorical(["2024"] * 6 + ["2025"] * 6),
    ... })
    >>> found = decompose_change(frame["SAT"], frame["TIER"], frame["WAVE"], earlier="2024", later="2025")
    >>> round(found.change.estimate, 4), round(found.mix.estimate, 4), round(found.within.estimate, 4)
    (0.5, 0.0, 0.5)
    """
    names, cells, tier_names = _cells(values, tiers, waves, earlier, later)
    design_given = design is not None
    if design is not None and design.n_rows != len(values):
        raise ValueError(f"the design has {design.n_rows} rows, the answers {len(values)}; give that of all")
    if design is None and cells.used.any():
        cells = _Cells(y=cells.y[cells.used], inside=cells.inside[cells.used])
    sizes = _sizes(cells, design)
    shared: dict[str, Any] = names | {
        "earlier": earlier,
        "later": later,
        "reference": reference,
        "n": (int(sizes[0].sum()), int(sizes[1].sum())),
    }
    present = sizes.sum(axis=0) > 0
    thin = present & (sizes < 2).any(axis=0)
    if thin.any() or not present.any():
        few = ", ".join(
            f"{tier_names[g]} has {sizes[0, g]} in {earlier} and {sizes[1, g]} in {later}"
            for g in np.flatnonzero(thin)
        )
        reason = f"{few or 'no tier has respondents'}; at least 2 in both waves are needed, so join tiers"
        return ChangeDecomposition(**shared, state="empty_cell", reason=reason)
    cells = _Cells(y=cells.y, inside=cells.inside[:, :, present])
    if not design_given:
        design = survey_design(n_rows=len(cells.y), strata=cells.inside[:, 1].any(axis=1).astype(int))
    assert design is not None  # noqa: S101 - for the type checker
    return _decomposed(
        cells,
        design,
        [n for n, p in zip(tier_names, present, strict=True) if p],
        sizes[:, present],
        shared,
        confidence_level,
    )


def _cells(
    values: pd.Series, tiers: pd.Series, waves: pd.Series, earlier: str, later: str
) -> tuple[dict[str, str], _Cells, list[str]]:
    for what, column in (("tiers", tiers), ("waves", waves)):
        if not isinstance(column.dtype, pd.CategoricalDtype):
            raise TypeError(f"{what} is {column.dtype}, categories are expected: use pd.Categorical")
        if not values.index.equals(column.index):
            raise ValueError(f"{values.name} and the {what} have different indexes; take both from one frame")
    known_waves = [str(name) for name in waves.cat.categories]
    if earlier == later or earlier not in known_waves or later not in known_waves:
        raise ValueError(f"two of the waves {', '.join(known_waves)} are needed, got {earlier} and {later}")
    y: Array = values.to_numpy(dtype=float)
    wave, tier = waves.cat.codes.to_numpy(), tiers.cat.codes.to_numpy()
    known = np.isfinite(y)
    inside = np.zeros((len(y), 2, len(tiers.cat.categories)), dtype=bool)
    for w, name in enumerate((earlier, later)):
        rows = np.flatnonzero(known & (wave == known_waves.index(name)) & (tier >= 0))
        inside[rows, w, tier[rows]] = True
    names = {"variable": str(values.name), "grouping": str(tiers.name)}
    cells = _Cells(y=np.where(inside.any(axis=(1, 2)), np.nan_to_num(y), 0.0), inside=inside)
    return names, cells, [str(name) for name in tiers.cat.categories]


def _sizes(cells: _Cells, design: Design | None) -> Codes:
    if design is None:
        return np.asarray(cells.inside.sum(axis=0), dtype=np.int64)
    _, waves, tiers = cells.inside.shape
    return np.array(
        [[design.respondents(np.asarray(cells.inside[:, w, g])) for g in range(tiers)] for w in range(waves)]
    )


def _parts(reference: Reference) -> Callable[[Array, Array], Array]:
    """Contributions as a function of shares and means, each (2, n_tiers): (n_parts, n_tiers)."""

    def average(p: Array, m: Array) -> Array:
        overall = (p * m).sum() / 2
        return np.stack([(p[1] - p[0]) * ((m[0] + m[1]) / 2 - overall), (m[1] - m[0]) * (p[0] + p[1]) / 2])

    def earlier(p: Array, m: Array) -> Array:
        overall = (p[0] * m[0]).sum()
        step = p[1] - p[0]
        return np.stack([step * (m[0] - overall), (m[1] - m[0]) * p[0], step * (m[1] - m[0])])

    return average if reference == "average" else earlier


def _decomposed(
    cells: _Cells, design: Design, tiers: list[str], sizes: Codes, shared: dict[str, Any], level: float
) -> ChangeDecomposition:
    reference: Reference = shared["reference"]
    parts = _parts(reference)
    count = 2 if reference == "average" else 3

    def estimator(weights: Array) -> Linearized:
        share, mean, share_influence, mean_influence = cells.moments(weights)
        each = parts(share, mean)
        # Rows of the answer: the change, the parts over all tiers, then the parts tier by tier.
        stack = np.vstack(
            [np.ones((1, each.size)), np.repeat(np.eye(count), len(tiers), axis=1), np.eye(each.size)]
        )
        slopes = stack @ _slopes(parts, share, mean)
        both = np.concatenate([share_influence, mean_influence], axis=1).reshape(len(weights), -1)
        return Linearized(estimate=stack @ each.ravel(), influence=both @ slopes.T, used=cells.used)

    fitted = estimated(design, estimator)
    share, mean, *_ = cells.moments(design.totals_weights)
    labels = ["mix", "within", "interaction"][:count]

    def told(at: int, measure: str, tier: str | None = None) -> DesignEstimate:
        about = {"variable": shared["variable"], "wave": shared["later"], "against": shared["earlier"]}
        error = float(fitted.std_error[at])
        known = math.isfinite(error)
        found = inferred(
            measure=measure,
            method=_method(reference),
            about=about if tier is None else about | {"group": tier},
            n=fitted.n,
            estimate=float(fitted.estimate[at]),
            # What rounding leaves of an error that is zero is no error.
            std_error=error if known and error > 1e-14 * max(1.0, float(np.abs(mean).max())) else 0.0,
            df=fitted.df,
            confidence_level=level,
        )
        if known:
            return found
        reason = "one of the replicates leaves a tier of a wave without respondents; join tiers"
        return replace(found, std_error=None, state="too_few", reason=reason)

    by_tier = tuple(
        TierChange(
            tier=name,
            n=(int(sizes[0, g]), int(sizes[1, g])),
            share=(float(share[0, g]), float(share[1, g])),
            mean=(float(mean[0, g]), float(mean[1, g])),
            **{
                label: told(1 + count + part * len(tiers) + g, f"{label}_of_group", name)
                for part, label in enumerate(labels)
            },
        )
        for g, name in enumerate(tiers)
    )
    whole: dict[str, Any] = {label: told(1 + part, f"{label}_change") for part, label in enumerate(labels)}
    return ChangeDecomposition(**shared, **whole, change=told(0, "change"), tiers=by_tier)


def _slopes(parts: Callable[[Array, Array], Array], share: Array, mean: Array) -> Array:
    """Derivatives of the contributions by all shares, then all means: (n_parts * n_tiers, 4 n_tiers)."""
    point = np.stack([share, mean]).astype(complex)
    columns = []
    for at in np.ndindex(*point.shape):
        moved = point.copy()
        moved[at] += 1j * STEP
        columns.append(np.imag(parts(moved[0], moved[1])).ravel() / STEP)
    return np.stack(columns, axis=1)


def _method(reference: Reference) -> str:
    weighed = "average of both waves" if reference == "average" else "earlier wave"
    return f"Kitagawa's decomposition against the {weighed}, linearised errors"
