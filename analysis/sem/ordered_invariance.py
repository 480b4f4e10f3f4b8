"""What is free at each level of invariance of ordered items, after Wu and Estabrook.

Groups can share thresholds before they share anything else, because thresholds are all that an ordered
answer shows; what is equal at one level tells what may be free at it [1]_:

================  =========================================  =========================================
level             equal in all groups                        free from the second group on
================  =========================================  =========================================
``configural``    nothing                                    thresholds, loadings
``thresholds``    thresholds                                 loadings, intercepts, scales
``metric``        thresholds, loadings                       intercepts, scales, latent variances
``scalar``        thresholds, loadings, intercepts           scales, latent variances, latent means
``strict``        and residual variances                     latent variances, latent means
================  =========================================  =========================================

In the first group, and wherever they are not free, intercepts and latent means are 0, latent variances 1,
and so are scales (*delta*) or residual variances (*theta*). These are the models of
``semTools::measEq.syntax(ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016")``. An item needs two thresholds
(three answers) to fix both its intercept and its scale; with one threshold the levels cannot be told apart,
with exactly two the level ``thresholds`` is the configural one in other units.

References
----------
.. [1] Wu, H., & Estabrook, R. (2016). Identification of confirmatory factor analysis models of different
   levels of invariance for ordered categorical outcomes. Psychometrika, 81, 1014-1045.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, get_args

from analysis.sem.errors import ModelError
from analysis.sem.model import Model
from analysis.sem.ordered_parameters import Parameterization, ordered_table
from analysis.sem.parameters import Parameter, ParameterTable, Shared
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.invariance.ladder.invariance_ladder")

OrderedLevel = Literal["configural", "thresholds", "metric", "scalar", "strict"]

ORDERED_LEVELS: tuple[OrderedLevel, ...] = get_args(OrderedLevel)
FEWEST_THRESHOLDS = 2  #: an item with fewer cannot show intercept and scale at once

SHARED: Mapping[OrderedLevel, tuple[Shared, ...]] = {
    "configural": (),
    "thresholds": ("thresholds",),
    "metric": ("thresholds", "loadings"),
    "scalar": ("thresholds", "loadings"),
    "strict": ("thresholds", "loadings"),
}


def invariance_table(
    model: Model,
    n_thresholds: Mapping[str, int],
    groups: Sequence[str],
    level: OrderedLevel,
    *,
    freed: Sequence[str] = (),
    parameterization: Parameterization = "delta",
) -> ParameterTable:
    """Every parameter of every group at one level.

    Parameters
    ----------
    model : Model
        A measurement model; constructs have unit variance whatever it says of their scale.
    n_thresholds : mapping
        Number of thresholds of each item, at least two.
    freed : sequence of str
        Demands that do not count: ``"SAT2 | t1"``, ``"SAT =~ SAT2"``, ``"SAT2 ~1"``, ``"SAT2 ~~ SAT2"``.
    parameterization : "delta" or "theta"
        The same models up to ``"scalar"``; ``"strict"`` is one of theta only.

    Examples
    --------
    Five items on five points in three groups: each level adds what two groups no longer have of their own.

    >>> model = Model.from_text("SAT =~ s1 + s2 + s3 + s4 + s5")
    >>> points = {f"s{i}": 4 for i in range(1, 6)}
    >>> [invariance_table(model, points, "abc", level, parameterization="theta").n_free
    ...  for level in ORDERED_LEVELS]
    [75, 55, 47, 39, 29]
    """
    binary = [item for item, count in n_thresholds.items() if count < FEWEST_THRESHOLDS]
    if binary:
        raise ModelError(
            f"{', '.join(binary)}: with two answers thresholds, intercepts and scales cannot be told apart. "
            "Items need three answers or more for the levels of invariance."
        )
    if level == "strict" and parameterization == "delta":
        raise ModelError(
            'Equal residual variances are parameters of parameterization="theta" only. Take that.'
        )
    rank = ORDERED_LEVELS.index(level)
    exempt = {_squeezed(name) for name in freed}
    table = ordered_table(
        replace(model, identification="standardized"),
        n_thresholds,
        groups=groups,
        group_equal=SHARED[level],
        group_partial=[name for name in freed if rank > 0 and _restricts(name, rank)],
        parameterization=parameterization,
    )
    count = 0
    places: dict[int, int] = {}
    rows = []
    for row in table.parameters:
        row = _identified(row, table, rank, exempt, parameterization)
        if row.free is not None:
            # freshly freed rows carry a negative place of their own
            if row.free not in places:
                places[row.free] = count
                count += 1
            if row.free != places[row.free]:
                row = replace(row, free=places[row.free])
        rows.append(row)
    return replace(table, parameters=tuple(rows), n_free=count)


def _restricts(name: str, rank: int) -> bool:
    """Whether the model's own table knows the demand: thresholds and loadings; the rest is set here."""
    return "|" in name or ("=~" in name and rank > 1)


def _identified(
    row: Parameter, table: ParameterTable, rank: int, exempt: set[str], parameterization: Parameterization
) -> Parameter:
    """A parameter with what identifies the level: freed, or fixed at 0 or 1."""
    item = row.left in table.ordered
    later = row.group > 0
    if row.op == "~1":
        allowed = rank in (1, 2) or (rank > 2 and _squeezed(row.name) in exempt) if item else rank > 2
        return _freed(row, table) if later and allowed else _fixed(row, 0.0)
    own = row.left == row.right and item
    unit = "~*~" if parameterization == "delta" else "~~"
    if own and row.op == unit:
        allowed = rank in (1, 2, 3) or (rank > 3 and _squeezed(row.name) in exempt)
        return _freed(row, table) if later and allowed else _fixed(row, 1.0)
    return row


def _fixed(row: Parameter, value: float) -> Parameter:
    return row if row.free is None and row.value == value else replace(row, free=None, value=value)


def _freed(row: Parameter, table: ParameterTable) -> Parameter:
    if row.free is not None:
        return row
    names = (*table.observed, *table.latent)
    kind = 0 if row.op == "~1" else 1
    place = -1 - (2 * (row.group * len(names) + names.index(row.left)) + kind)
    return replace(row, free=place, value=None)


def _squeezed(text: str) -> str:
    return "".join(text.split())
