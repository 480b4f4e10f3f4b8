"""The parameter table: every parameter of a model, group by group, free or fixed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from analysis.sem.syntax import Constraint, Operator

#: Sorts of parameters that groups may share, in the words that lavaan made common.
Shared = Literal[
    "loadings",
    "intercepts",
    "means",
    "thresholds",
    "regressions",
    "residuals",
    "residual.covariances",
    "lv.variances",
    "lv.covariances",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of one group; ``left op right`` is how it is written in a model's text."""

    left: str
    op: Operator
    right: str
    group: int  #: counted from 0
    free: int | None  #: its place among the free parameters (shared by equal ones); None when fixed
    value: float | None = None  #: what it is fixed to; None when free or taken from the data
    label: str = ""
    start: float | None = None
    from_data: bool = False  #: a moment of exogenous variables, kept at its sample value
    written: bool = True  #: by the model's author, rather than added by rule

    @property
    def name(self) -> str:
        """``visual =~ x1``, ``x1 ~ 1``."""
        return f"{self.left} ~ 1" if self.op == "~1" else f"{self.left} {self.op} {self.right}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterTable:
    """All parameters, and the names that they are about."""

    parameters: tuple[Parameter, ...]
    observed: tuple[str, ...]
    latent: tuple[str, ...]
    exogenous: tuple[str, ...]  #: observed variables whose moments are taken from the data
    groups: tuple[str, ...]
    constraints: tuple[Constraint, ...]
    mean_structure: bool
    n_free: int  #: distinct free parameters, equal ones counted once, before ``==``
    ordered: Mapping[str, int]  #: items with an ordered answer scale, and their numbers of thresholds
    group_equal: tuple[Shared, ...] = ()

    def of_group(self, group: int) -> Iterator[Parameter]:
        return (parameter for parameter in self.parameters if parameter.group == group)

    def free_names(self) -> tuple[str, ...]:
        """One name per free parameter, with its group where there are several."""
        names = [""] * self.n_free
        for parameter in reversed(self.parameters):
            if parameter.free is not None:
                where = f" [{self.groups[parameter.group]}]" if len(self.groups) > 1 else ""
                names[parameter.free] = parameter.name + where
        return tuple(names)

    def to_frame(self) -> pd.DataFrame:
        """One row per parameter."""
        rows = [
            {
                "left": parameter.left,
                "op": parameter.op,
                "right": parameter.right,
                "group": self.groups[parameter.group],
                "free": parameter.free,
                "value": parameter.value,
                "label": parameter.label,
            }
            for parameter in self.parameters
        ]
        return pd.DataFrame(rows).astype({"free": "Int64"})
