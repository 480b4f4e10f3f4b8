"""Parameters and what is defined from them, by name, standardised or not, at any point of the parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.sem.errors import ModelError
from analysis.sem.expressions import Dual
from analysis.sem.fitted import Fit
from analysis.sem.matrices import Implied
from analysis.sem.parameters import Parameter, ParameterTable
from analysis.sem.standardized import Kind, standardized_duals
from analysis.sem.syntax import Constraint
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quantities:
    """Some named quantities of one model.

    A name is that of a parameter as it is written (``"visual =~ x2"``; with several groups followed by the
    group, ``"visual =~ x2 [Pasteur]"``), a parameter's label, or what ``:=`` defines.
    """

    table: ParameterTable
    names: tuple[str, ...]
    kind: Kind | None  #: what standardises them; None: nothing
    rows: tuple[int, ...]  #: the table's parameters that are needed
    sources: tuple[int | str, ...]  #: of each name, a row of the table or a definition
    definitions: tuple[Constraint, ...]  #: those that are needed, in order

    @classmethod
    def of(cls, table: ParameterTable, names: Sequence[str] | None, kind: Kind | None) -> Quantities:
        """All free parameters and all definitions where no names are given."""
        several = len(table.groups) > 1
        rows = {
            p.name + (f" [{table.groups[p.group]}]" if several else ""): row
            for row, p in enumerate(table.parameters)
        }
        defined = {c.left: c for c in table.constraints if c.op == ":="}
        if names is None:
            free = [name for name, row in rows.items() if table.parameters[row].free is not None]
            names = (*free, *defined)
        known = {_bare(name): source for name, source in rows.items()}
        for row, p in enumerate(table.parameters):
            if p.label:
                known.setdefault(p.label, row)
        unknown = [name for name in names if name not in defined and _bare(name) not in known]
        if unknown:
            shown = ", ".join(map(repr, unknown))
            raise ModelError(
                f"The model has no {shown}. Write a parameter as in the model"
                + (", and its group in brackets: 'f =~ x [group]'" if several else ": 'f =~ x'")
                + f"; it defines {', '.join(defined) or 'nothing'}."
            )
        sources: list[int | str] = [name if name in defined else known[_bare(name)] for name in names]
        needed = _needed([source for source in sources if isinstance(source, str)], defined)
        labels = {name for constraint in needed for name in constraint.formula.names}
        used = {source for source in sources if isinstance(source, int)}
        used |= {row for row, p in enumerate(table.parameters) if p.label in labels and p.label}
        return cls(table, tuple(names), kind, tuple(sorted(used)), tuple(sources), needed)

    def at(self, parameters: Array, implied: Sequence[Implied]) -> list[float]:
        """The values at some free parameters and the moments that they imply; nan where a variance that
        standardises is not positive."""
        values = {row: self._value(self.table.parameters[row], parameters, implied) for row in self.rows}
        if not self.definitions:
            return [values[source] for source in self.sources if isinstance(source, int)]
        none = np.zeros(0)
        named: dict[str, Dual] = {}
        for row, value in values.items():
            label = self.table.parameters[row].label
            if label:
                named.setdefault(label, Dual(value, none))
        try:
            for constraint in self.definitions:
                named[constraint.left] = constraint.formula.evaluate(named)
        except (
            ValueError,
            ZeroDivisionError,
            OverflowError,
        ):  # the root of a negative number, one by nothing
            return [math.nan if isinstance(s, str) else values[s] for s in self.sources]
        return [named[s].value if isinstance(s, str) else values[s] for s in self.sources]

    def _value(self, p: Parameter, parameters: Array, implied: Sequence[Implied]) -> float:
        here = implied[p.group]
        if p.free is not None:
            value = float(parameters[p.free])
        elif not p.from_data:
            value = 0.0 if p.value is None else p.value
        else:
            i = self.table.observed.index(p.left)
            value = float(
                here.means_all[i] if p.op == "~1" else here.residual[i, self.table.observed.index(p.right)]
            )
        return value if self.kind is None else value * self._unit(p, here)

    def _unit(self, p: Parameter, implied: Implied) -> float:
        """What a parameter is multiplied by when it is standardised."""
        match p.op:
            case "=~":
                return self._sd(p.left, implied) / self._sd(p.right, implied)
            case "~":
                return self._sd(p.right, implied) / self._sd(p.left, implied)
            case "~1":
                return 1 / self._sd(p.left, implied)
            case "~~" if p.left == p.right:
                return 1 / self._sd(p.left, implied) ** 2
            case "~~":
                own = self._sd(p.left, implied, own=True) * self._sd(p.right, implied, own=True)
                return 1 / own if own else math.nan
        return 1.0

    def _sd(self, name: str, implied: Implied, *, own: bool = False) -> float:
        observed = self.table.observed
        if name in observed:
            if self.kind == "latent":
                return 1.0
            at = observed.index(name)
        else:
            at = len(observed) + self.table.latent.index(name)
        variance = float((implied.residual if own else implied.covariance_all)[at, at])
        return math.sqrt(variance) if variance > 0 else math.nan

    def slopes(self, fit: Fit) -> Array:
        """By the free parameters, at a fit's estimates, shape (n_names, n_free)."""
        if fit.solution is None:
            raise ModelError(f"There are no estimates: {fit.reason}.")
        k = len(fit.solution.parameters)
        if self.kind is not None:
            duals = list(standardized_duals(fit, self.kind))
        else:
            duals = []
            for p, value in zip(self.table.parameters, fit.values(), strict=True):
                gradient = np.zeros(k)
                if p.free is not None:
                    gradient[p.free] = 1.0
                duals.append(Dual(value, gradient))
        named: dict[str, Dual] = {}
        for p, dual in zip(self.table.parameters, duals, strict=True):
            if p.label:
                named.setdefault(p.label, dual)
        for constraint in self.definitions:
            named[constraint.left] = constraint.formula.evaluate(named)
        found = [named[s].gradient if isinstance(s, str) else duals[s].gradient for s in self.sources]
        return np.array(found).reshape(-1, k)


def _needed(names: Sequence[str], defined: dict[str, Constraint]) -> tuple[Constraint, ...]:
    """Definitions that names rest on, directly or through others, in the order of the model."""
    wanted, look = set(names), list(names)
    while look:
        for name in defined[look.pop()].formula.names:
            if name in defined and name not in wanted:
                wanted.add(name)
                look.append(name)
    return tuple(constraint for name, constraint in defined.items() if name in wanted)


def _bare(name: str) -> str:
    """``x3 ~~ x1`` and ``x1~~x3`` name the same parameter."""
    text, bracket, group = name.partition("[")
    text = "".join(text.split())
    if "~~" in text:
        text = "~~".join(sorted(text.split("~~")))
    return text + bracket + group
