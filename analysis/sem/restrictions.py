"""Restrictions among parameters: linear ones by reparametrisation, others by their slopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import null_space

from analysis.sem.errors import ModelError
from analysis.sem.expressions import Dual
from analysis.sem.parameters import ParameterTable
from analysis.sem.syntax import Constraint
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Restrictions:
    """Free parameters are ``offset + basis x``; ``curved`` restrictions hold beside.

    Without linear restrictions the basis is the identity.
    """

    table: ParameterTable
    basis: Array  #: shape (n_free, n_x)
    offset: Array  #: shape (n_free,)
    curved: tuple[Constraint, ...]  #: ``==`` that are not linear, and every ``<`` and ``>``

    @classmethod
    def of(cls, table: ParameterTable) -> Restrictions:
        relations = [c for c in table.constraints if c.op in ("==", "<", ">")]
        k = table.n_free
        if not relations:
            return cls(table, np.eye(k), np.zeros(k), ())
        linear: list[tuple[Array, float]] = []
        curved: list[Constraint] = []
        # Two arbitrary points: a formula whose slopes are the same at both is taken to be linear.
        one, other = np.linspace(0.31, 0.83, k), np.linspace(1.27, 0.59, k)
        for relation in relations:
            first, second = evaluate(table, relation, one), evaluate(table, relation, other)
            straight = np.allclose(first.gradient, second.gradient, rtol=1e-12, atol=1e-12)
            straight = straight and bool(
                np.isclose(second.value, first.value + first.gradient @ (other - one), rtol=1e-10, atol=1e-10)
            )
            if relation.op == "==" and straight:
                linear.append((first.gradient, float(first.gradient @ one) - first.value))
            else:
                curved.append(relation)
        if not linear:
            return cls(table, np.eye(k), np.zeros(k), tuple(curved))
        rows, right = np.array([row for row, _ in linear]), np.array([value for _, value in linear])
        offset = np.linalg.lstsq(rows, right, rcond=None)[0]
        if not np.allclose(rows @ offset, right, atol=1e-9):
            told = "; ".join(f"line {c.line}" for c in relations if c.op == "==")
            raise ModelError(f"The equalities contradict each other ({told}). Remove one of them.")
        return cls(table, null_space(rows), offset, tuple(curved))

    @property
    def is_identity(self) -> bool:
        return bool(self.basis.shape[0] == self.basis.shape[1])

    @property
    def n_x(self) -> int:
        return int(self.basis.shape[1])

    def expand(self, x: Array) -> Array:
        """All free parameters."""
        return x if self.is_identity else self.offset + self.basis @ x

    def reduce(self, parameters: Array) -> Array:
        """The nearest point that keeps the linear restrictions."""
        if self.is_identity:
            return parameters
        return np.asarray(self.basis.T @ (parameters - self.offset))

    def tangent(self, parameters: Array) -> Array:
        """Directions in which parameters may move: orthogonal to every equality and active inequality."""
        slopes = []
        for relation in self.curved:
            dual = evaluate(self.table, relation, parameters)
            # An inequality restricts nothing where it does not bind.
            if relation.op == "==" or abs(dual.value) < 1e-7 * (1 + float(np.abs(dual.gradient).max())):
                slopes.append(dual.gradient @ self.basis)
        if not slopes:
            return self.basis
        return np.asarray(self.basis @ null_space(np.array(slopes)))


def named_values(
    table: ParameterTable, parameters: Array, fixed: Sequence[float | None] | None = None
) -> dict[str, Dual]:
    """Labelled parameters with their gradients, and what ``:=`` defines from them, in order."""
    k = len(parameters)
    values: dict[str, Dual] = {}
    for row, parameter in enumerate(table.parameters):
        if not parameter.label:
            continue
        if parameter.free is not None:
            gradient = np.zeros(k)
            gradient[parameter.free] = 1.0
            values[parameter.label] = Dual(float(parameters[parameter.free]), gradient)
        else:
            known = parameter.value if fixed is None else fixed[row]
            values.setdefault(parameter.label, Dual(known if known is not None else 0.0, np.zeros(k)))
    for constraint in table.constraints:
        if constraint.op == ":=":
            values[constraint.left] = constraint.formula.evaluate(values)
    return values


def evaluate(table: ParameterTable, relation: Constraint, parameters: Array) -> Dual:
    """Left minus right of a relation."""
    values = named_values(table, parameters)
    if not values:
        raise ModelError(
            f"line {relation.line}: no parameter is labelled. Label those that the relation is about."
        )
    return relation.formula.evaluate(values)
