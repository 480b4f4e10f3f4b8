"""Arithmetic on parameters: the right-hand sides of ``:=``, ``==``, ``<`` and ``>``, with exact
derivatives."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

#: A function of one number, and its derivative.
FUNCTIONS: Mapping[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "exp": (math.exp, math.exp),
    "log": (math.log, lambda x: 1 / x),
    "sqrt": (math.sqrt, lambda x: 0.5 / math.sqrt(x)),
    "abs": (abs, lambda x: math.copysign(1.0, x)),
    "sin": (math.sin, math.cos),
    "cos": (math.cos, lambda x: -math.sin(x)),
    "tan": (math.tan, lambda x: 1 + math.tan(x) ** 2),
    "tanh": (math.tanh, lambda x: 1 - math.tanh(x) ** 2),
    "atanh": (math.atanh, lambda x: 1 / (1 - x * x)),
}


@dataclass(frozen=True, slots=True)
class Dual:
    """A number and its gradient."""

    value: float
    gradient: Array


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula over named parameters.

    >>> product = Expression.read("a * b + 1")
    >>> sorted(product.names)
    ['a', 'b']
    >>> dual = product.evaluate({"a": Dual(2.0, np.array([1.0, 0.0])), "b": Dual(5.0, np.array([0.0, 1.0]))})
    >>> dual.value, dual.gradient.tolist()
    (11.0, [5.0, 2.0])
    """

    text: str
    tree: ast.expr
    names: frozenset[str]

    @classmethod
    def read(cls, text: str) -> Expression:
        """The formula written in ``text``; ``ValueError`` says what cannot be read."""
        # R's power sign; names may contain dots, which Python's grammar would take for attributes.
        prepared = _hide_dots(text).replace("^", "**")
        try:
            tree = ast.parse(prepared.strip(), mode="eval").body
        except SyntaxError:
            raise ValueError(f"{text.strip()!r} is not a formula") from None
        names = {
            node.id.replace(_DOT, ".")
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and node.id not in FUNCTIONS
        }
        _check(tree)
        return cls(text.strip(), tree, frozenset(names))

    def evaluate(self, values: Mapping[str, Dual]) -> Dual:
        """The formula's value and gradient; every name must be in ``values``."""
        length = len(next(iter(values.values())).gradient) if values else 0
        return _evaluate(self.tree, values, length)


_DOT = "ˑ"


def _hide_dots(text: str) -> str:
    """Dots inside names become a letter; dots of numbers stay."""
    return re.sub(r"(?:[^\W\d]|\.(?=[^\W\d]))[\w.]*", lambda name: name.group().replace(".", _DOT), text)


def _check(tree: ast.expr) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            known = isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS
            if not known or len(node.args) != 1 or node.keywords:
                raise ValueError(
                    f"{ast.unparse(node)!r}: only {', '.join(FUNCTIONS)} of one number are known"
                )
        elif isinstance(node, ast.Constant):
            if not isinstance(node.value, (int, float)) or isinstance(node.value, bool):
                raise ValueError(f"{node.value!r} is not a number")
        elif not isinstance(
            node, (ast.BinOp, ast.UnaryOp, ast.Name, ast.operator, ast.unaryop, ast.expr_context)
        ):
            raise ValueError(f"{ast.unparse(node)!r} is not arithmetic")


def _evaluate(node: ast.expr, values: Mapping[str, Dual], length: int) -> Dual:
    match node:
        case ast.Constant(value=value):
            return Dual(float(value), np.zeros(length))  # type: ignore[arg-type]
        case ast.Name(id=name):
            return values[name.replace(_DOT, ".")]
        case ast.UnaryOp(op=op, operand=operand):
            inner = _evaluate(operand, values, length)
            return inner if isinstance(op, ast.UAdd) else Dual(-inner.value, -inner.gradient)
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            inner = _evaluate(argument, values, length)
            function, slope = FUNCTIONS[name]
            return Dual(function(inner.value), slope(inner.value) * inner.gradient)
        case ast.BinOp(left=left, op=op, right=right):
            return _combine(op, _evaluate(left, values, length), _evaluate(right, values, length))
    raise ValueError(f"{ast.unparse(node)!r} is not arithmetic")


def _combine(op: ast.operator, a: Dual, b: Dual) -> Dual:
    match op:
        case ast.Add():
            return Dual(a.value + b.value, a.gradient + b.gradient)
        case ast.Sub():
            return Dual(a.value - b.value, a.gradient - b.gradient)
        case ast.Mult():
            return Dual(a.value * b.value, a.gradient * b.value + b.gradient * a.value)
        case ast.Div():
            return Dual(a.value / b.value, (a.gradient - a.value / b.value * b.gradient) / b.value)
        case ast.Pow():
            value = a.value**b.value
            gradient = b.value * a.value ** (b.value - 1) * a.gradient
            if b.gradient.any():
                gradient = gradient + value * math.log(a.value) * b.gradient
            return Dual(value, gradient)
    raise ValueError(f"{type(op).__name__} is not one of + - * / ^")
