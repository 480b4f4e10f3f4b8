"""What a partial least squares model says: constructs, their items, and the paths between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.weighting import no_estimate

Mode = Literal["A", "B"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Construct:
    """One construct and how its items form it.

    ``composite`` in mode A weighs items by their correlation with the neighbours, in mode B (formative) by
    regression. ``common_factor`` is estimated in mode A and corrected for attenuation (consistent PLS).
    """

    name: str
    items: tuple[str, ...]
    kind: Literal["composite", "common_factor"] = "composite"
    mode: Mode = "A"


@no_estimate("text")
def composite(name: str, items: Sequence[str], *, mode: Mode = "A") -> Construct:
    """A construct made of its items."""
    return Construct(name=name, items=tuple(items), mode=mode)


@no_estimate("text")
def common_factor(name: str, items: Sequence[str]) -> Construct:
    """A construct that its items reflect with error."""
    return Construct(name=name, items=tuple(items), kind="common_factor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    source: str
    target: str


@no_estimate("text")
def paths(sources: Sequence[str] | str, targets: Sequence[str] | str) -> tuple[Path, ...]:
    """Every source on every target.

    >>> [(path.source, path.target) for path in paths(["quality", "price"], "loyalty")]
    [('quality', 'loyalty'), ('price', 'loyalty')]
    """
    sources = [sources] if isinstance(sources, str) else sources
    targets = [targets] if isinstance(targets, str) else targets
    return tuple(Path(source=source, target=target) for source in sources for target in targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class PathModel:
    """Constructs and paths; constructs are put in an order in which every path points forward.

    >>> model = PathModel(
    ...     constructs=(composite("L", ["l1"]), composite("Q", ["q1", "q2"])), paths=paths("Q", "L")
    ... )
    >>> model.names, model.items
    (('Q', 'L'), ('q1', 'q2', 'l1'))
    """

    constructs: tuple[Construct, ...]
    paths: tuple[Path, ...]

    def __post_init__(self) -> None:
        names = [construct.name for construct in self.constructs]
        items = [item for construct in self.constructs for item in construct.items]
        used = {name for path in self.paths for name in (path.source, path.target)}
        faults = [f"no construct is called {name!r}" for name in sorted(used - set(names))]
        faults += [f"construct {name!r} has no path" for name in names if name not in used]
        faults += [f"{name!r} is declared twice" for name in sorted({n for n in names if names.count(n) > 1})]
        faults += [
            f"item {i!r} belongs to two constructs" for i in sorted({i for i in items if items.count(i) > 1})
        ]
        faults += [f"construct {c.name!r} has no items" for c in self.constructs if not c.items]
        pairs = [(path.source, path.target) for path in self.paths]
        faults += [
            f"path {a} -> {b} is declared twice" for a, b in sorted({p for p in pairs if pairs.count(p) > 1})
        ]
        if not faults and _ordered(names, pairs) is None:
            faults.append("the paths run in a circle")
        if faults:
            raise ValueError(f"path model: {'; '.join(faults)}. Mend the constructs or the paths.")
        order = _ordered(names, pairs) or names
        ranked = tuple(sorted(self.constructs, key=lambda construct: order.index(construct.name)))
        object.__setattr__(self, "constructs", ranked)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(construct.name for construct in self.constructs)

    @property
    def items(self) -> tuple[str, ...]:
        return tuple(item for construct in self.constructs for item in construct.items)

    @property
    def endogenous(self) -> tuple[str, ...]:
        targets = {path.target for path in self.paths}
        return tuple(name for name in self.names if name in targets)

    def predictors(self, target: str) -> tuple[str, ...]:
        sources = {path.source for path in self.paths if path.target == target}
        return tuple(name for name in self.names if name in sources)

    def structure(self) -> npt.NDArray[np.bool_]:
        """Row is the target, column the source."""
        found = np.zeros((len(self.names), len(self.names)), dtype=bool)
        for path in self.paths:
            found[self.names.index(path.target), self.names.index(path.source)] = True
        return found

    def blocks(self) -> npt.NDArray[np.bool_]:
        """Which item (row) belongs to which construct (column)."""
        return np.array([[item in construct.items for construct in self.constructs] for item in self.items])


def _ordered(names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[str] | None:
    """Sources before targets; None if the paths run in a circle."""
    left, order = list(names), []
    while left:
        ready = [name for name in left if not any(b == name and a in left for a, b in pairs)]
        if not ready:
            return None
        order.append(ready[0])
        left.remove(ready[0])
    return order
