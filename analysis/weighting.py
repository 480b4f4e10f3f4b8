"""What every function of ``analysis`` does with weights, said on the function itself.

Two things are called weights. A *sampling weight* says how many members of the population a respondent stands
for; it changes what is estimated and, with the design, how sure the estimate is. A *count* says how many
respondents one row of a pattern table stands for; it changes nothing but the length of the table. A function
takes the first as ``design`` or ``weights``, the second as ``counts``, or refuses: there is no third way.

``docs/weights.md`` is the table of these stances, made by walking the modules.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal, ParamSpec, TypeVar

from surveys.errors import Fault, SurveyError

P = ParamSpec("P")
R = TypeVar("R")

#: ``design``: takes a sampling design, and its errors are those of the design. ``weights``: takes sampling
#: weights themselves. ``given``: reads estimates that another function made, and made with weights if it was
#: given any. ``refused``: raises :class:`WeightsRefused`. ``none``: no estimate is made.
Weights = Literal["design", "weights", "given", "refused", "none"]
#: ``sums``: a count enters sums. ``rows``: counted rows are written out, exact but as long as the sample.
Counts = Literal["sums", "rows", "given", "refused", "none"]
#: ``arithmetic``: of numbers that are already estimates, such as p-values, intervals, matrices and tables.
#: ``text``: of words, labels and syntax. ``planning``: of samples that are not drawn yet. ``laying out``:
#: rows are sorted, scored or put side by side, and go on with their weights; nothing is estimated.
Kind = Literal["arithmetic", "text", "planning", "laying out"]

#: Parameters that carry sampling weights; a function that refuses them has none of these.
ASKING = ("weights", "design", "sampling_weights")


class WeightsRefused(SurveyError):
    """Sampling weights, or counts, were handed to a method that is not defined with them."""

    @classmethod
    def of(cls, function: str, asked: str, because: str, instead: str) -> WeightsRefused:
        """What was asked, that it is refused, why, and which function to use."""
        what = "counts" if asked == "counts" else "sampling weights"
        return cls(
            Fault(
                file=function,
                seen=f"{asked}=...",
                expected=f"no {what}, which this method does not take: {because}",
                remedy=f"Use {instead}." if instead else "No other function here answers the question.",
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """What one function does with sampling weights and with counts."""

    weights: Weights
    counts: Counts
    how: str = ""  #: in words; of a refusal, why
    instead: str = ""  #: the function that answers the question with weights
    reference: str = ""  #: what the weighted numbers are held against
    function: str = ""  #: ``analysis.module.name``
    origin: tuple[str, ...] = field(default=())  #: of ``given``: who takes the rows


def takes_weights(
    weights: Literal["design", "weights"], *, counts: Counts, how: str, reference: str
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Say that a function takes sampling weights, and how it takes counts.

    Parameters
    ----------
    weights : {"design", "weights"}
        The name of the parameter.
    counts : {"sums", "rows", "given", "refused"}
        ``given``: the counts come with the design.
    how : str
        What the weights change.
    reference : str
        What the weighted numbers are held against.
    """

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        return _marked(function, Stance(weights=weights, counts=counts, how=how, reference=reference))

    return mark


def refuses_weights(
    because: str, *, instead: str = "", counts: Counts = "refused"
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function refuse sampling weights, and counts too unless it takes them.

    Parameters
    ----------
    because : str
        Why the method is not defined with sampling weights.
    instead : str
        Functions that answer the question with weights, with their modules.
    counts : {"sums", "rows", "refused"}
        What it does with counts.

    Examples
    --------
    >>> @refuses_weights("ranks of a sample have no weights", instead="analysis.design.group_tests")
    ... def rank_sum(ranks: list[float]) -> float:
    ...     return sum(ranks)
    >>> rank_sum([1.0, 2.0])
    3.0
    >>> try:
    ...     rank_sum([1.0, 2.0], weights=[1, 2])
    ... except WeightsRefused as refusal:
    ...     print(refusal.faults[0].remedy)
    Use analysis.design.group_tests.
    """

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        own = inspect.signature(function).parameters
        refused = {name for name in ASKING if name not in own}
        if counts == "refused":
            refused.add("counts")
        name = _address(function)

        @functools.wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            for asked in refused.intersection(kwargs):
                raise WeightsRefused.of(name, asked, because, instead)
            return function(*args, **kwargs)

        return _marked(called, Stance(weights="refused", counts=counts, how=because, instead=instead))

    return mark


def weights_given_by(*origin: str, how: str = "") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Say that a function reads the estimates of others, which took the rows and any weights.

    Parameters
    ----------
    *origin : str
        Addresses of the functions that take the rows, as ``analysis.module.name``.
    how : str
        What is different with weights, where something is.
    """

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        return _marked(function, Stance(weights="given", counts="given", how=how, origin=origin))

    return mark


def no_estimate(kind: Kind) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Say that the question of weights does not arise: no estimate from respondents is made here."""

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        return _marked(function, Stance(weights="none", counts="none", how=kind))

    return mark


def step_of(*origin: str) -> Stance:
    """The stance of a module of inner steps: that of the functions it serves, which hand them what they need.

    Assigned to ``WEIGHTING`` in the module. Functions of the module with a stance of their own keep it.
    """
    return Stance(weights="given", counts="given", how="inner step", origin=origin)


def stance_of(function: Callable[..., Any]) -> Stance | None:
    """What a function says of weights; None when it says nothing.

    Examples
    --------
    >>> from analysis.adjust import holm
    >>> stance_of(holm).weights
    'none'
    """
    own: Stance | None = getattr(function, "__weighting__", None)
    if own is not None:
        return own
    module = importlib.import_module(function.__module__)
    served: Stance | None = getattr(module, "WEIGHTING", None)
    if served is None:
        return None
    return Stance(
        weights=served.weights,
        counts=served.counts,
        how=served.how,
        origin=served.origin,
        function=_address(function),
    )


def public_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Address and function of every public function of every module of ``analysis``, in order."""
    for module in _modules():
        for name, value in vars(module).items():
            if not name.startswith("_") and inspect.isfunction(value) and value.__module__ == module.__name__:
                yield f"{module.__name__}.{name}", value


def _modules() -> Iterator[ModuleType]:
    import analysis

    names = sorted(found.name for found in pkgutil.walk_packages(analysis.__path__, "analysis."))
    for name in names:
        if name != __name__:
            yield importlib.import_module(name)


def _address(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__name__}"


def _marked(function: Callable[P, R], stance: Stance) -> Callable[P, R]:
    named = Stance(
        weights=stance.weights,
        counts=stance.counts,
        how=stance.how,
        instead=stance.instead,
        reference=stance.reference,
        function=_address(function),
        origin=stance.origin,
    )
    function.__weighting__ = named  # type: ignore[attr-defined]
    return function
