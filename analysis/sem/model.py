"""A model as an immutable value, and the rules that turn it into a parameter table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Literal, get_args

from analysis.sem.errors import ModelError
from analysis.sem.parameters import Parameter, ParameterTable, Shared
from analysis.sem.syntax import Constraint, Operator, Statement, read_model

Identification = Literal["marker", "standardized"]
Key = tuple[str, Operator, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What depends on what; says nothing yet of groups or data.

    Parameters that the text does not mention are added by the rules of lavaan's ``cfa()`` and ``sem()``:
    variances of constructs and residual variances are free; exogenous constructs covary unless
    ``orthogonal``; so do (residuals of) outcomes that predict nothing; intercepts of items are free, means
    of constructs are zero; moments of observed predictors are taken from the data unless the text mentions
    them or ``exogenous="free"``; a construct's scale is set by its first loading (``"marker"``) or its
    variance (``"standardized"``).

    Examples
    --------
    >>> model = Model.from_text("visual =~ x1 + x2 + x3; textual =~ x4 + x5 + x6")
    >>> table = model.table()
    >>> table.n_free, table.observed
    (13, ('x1', 'x2', 'x3', 'x4', 'x5', 'x6'))
    """

    statements: tuple[Statement, ...]
    constraints: tuple[Constraint, ...] = ()
    identification: Identification = "marker"
    orthogonal: bool = False
    exogenous: Literal["fixed", "free"] = "fixed"
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        # Fits look up what is known of their model, and hashing it takes longer than looking it up.
        said = (self.statements, self.constraints, self.identification, self.orthogonal, self.exogenous)
        object.__setattr__(self, "_hash", hash(said))

    def __hash__(self) -> int:
        return self._hash

    @classmethod
    def from_text(
        cls,
        text: str,
        *,
        identification: Identification = "marker",
        orthogonal: bool = False,
        exogenous: Literal["fixed", "free"] = "fixed",
    ) -> Model:
        """A model from lavaan-style text; :func:`analysis.sem.syntax.read_model` tells the notation."""
        read = read_model(text)
        return cls(
            statements=read.statements,
            constraints=read.constraints,
            identification=identification,
            orthogonal=orthogonal,
            exogenous=exogenous,
        )

    @classmethod
    def from_constructs(
        cls,
        constructs: Mapping[str, Sequence[str]],
        *,
        second_order: str | None = None,
        general: str | None = None,
        identification: Identification = "marker",
    ) -> Model:
        """A measurement model from constructs and their items.

        Parameters
        ----------
        constructs : mapping of construct to its items
        second_order : str, optional
            Name of one construct that all the constructs measure.
        general : str, optional
            Name of one construct that all the items measure beside their own (bifactor); all constructs are
            then uncorrelated.
        """
        if second_order is not None and general is not None:
            raise ModelError("A model has a second-order or a general construct, not both. Leave one out.")
        lines = [f"{construct} =~ {' + '.join(items)}" for construct, items in constructs.items() if items]
        empty = [construct for construct, items in constructs.items() if not items]
        if empty:
            raise ModelError(f"No items are given for {', '.join(empty)}. Name its items, or leave it out.")
        if second_order is not None:
            lines.append(f"{second_order} =~ {' + '.join(constructs)}")
        if general is not None:
            items = dict.fromkeys(item for items in constructs.values() for item in items)
            lines.insert(0, f"{general} =~ {' + '.join(items)}")
        return cls.from_text("\n".join(lines), identification=identification, orthogonal=general is not None)

    @property
    def latent(self) -> tuple[str, ...]:
        """Constructs, in the order in which they are measured."""
        return tuple(dict.fromkeys(s.left for s in self.statements if s.op == "=~"))

    @property
    def observed(self) -> tuple[str, ...]:
        """Observed variables: indicators first, then the rest, each in order of appearance."""
        latent = set(self.latent)
        measured = [s.right for s in self.statements if s.op == "=~"]
        named = [
            name
            for s in self.statements
            if s.op != "=~"
            for name in ((s.left,) if s.op in ("~1", "|", "~*~") else (s.left, s.right))
        ]
        return tuple(dict.fromkeys(name for name in (*measured, *named) if name not in latent))

    @property
    def fixed_exogenous(self) -> tuple[str, ...]:
        """Observed predictors whose moments are taken from the data."""
        if self.exogenous == "free":
            return ()
        mentioned = {name for s in self.statements if s.op in ("~~", "~1") for name in (s.left, s.right)}
        return tuple(name for name in self._observed_predictors() if name not in mentioned)

    def _observed_predictors(self) -> tuple[str, ...]:
        dependent = {s.left for s in self.statements if s.op == "~"}
        dependent |= {s.right for s in self.statements if s.op == "=~"}
        predictors = {s.right for s in self.statements if s.op == "~"} - dependent
        return tuple(name for name in self.observed if name in predictors)

    def mentions_means(self) -> bool:
        return any(s.op == "~1" for s in self.statements)

    def table(
        self,
        groups: Sequence[str] = ("",),
        *,
        group_equal: Iterable[Shared] = (),
        group_partial: Iterable[str] = (),
        mean_structure: bool = False,
        ordered: Mapping[str, int] | None = None,
    ) -> ParameterTable:
        """Every parameter of every group.

        Parameters
        ----------
        groups : sequence of str
        group_equal : sorts of parameters that are the same in all groups
        group_partial : parameters exempt from ``group_equal``, written as in a model: ``"visual =~ x3"``,
        ``"x3 ~ 1"`` mean_structure : bool
            Whether means and intercepts are parameters.
        ordered : mapping of item to its number of thresholds, optional
            Thresholds and scales are then parameters of these items; their intercepts are zero.
        """
        equal = tuple(group_equal)
        unknown = [word for word in equal if word not in get_args(Shared)]
        if unknown:
            raise ModelError(
                f"group_equal has {', '.join(unknown)}. Known are {', '.join(get_args(Shared))}."
            )
        self._check_modifiers(len(groups))
        return _Builder(self, tuple(groups), equal, mean_structure, ordered or {}).build(group_partial)

    def _check_modifiers(self, n_groups: int) -> None:
        for s in self.statements:
            for given in (s.fixed, s.labels, s.start):
                if len(given) not in (0, 1, n_groups):
                    raise ModelError(
                        f"line {s.line}: {s.left} {s.op} {s.right} has {len(given)} modifiers for {n_groups} "
                        f"group{'s' if n_groups > 1 else ''}. Give one, or one per group."
                    )


class _Builder:
    """Applies the rules, group by group."""

    def __init__(
        self,
        model: Model,
        groups: tuple[str, ...],
        equal: tuple[Shared, ...],
        mean_structure: bool,
        ordered: Mapping[str, int],
    ) -> None:
        self.model, self.groups, self.equal, self.ordered = model, groups, equal, ordered
        self.mean_structure = mean_structure
        self.latent, self.observed = model.latent, model.observed
        self.exogenous = model.fixed_exogenous
        self.markers = self._markers()

    def _markers(self) -> set[Key]:
        """The loading that gives each construct its scale."""
        if self.model.identification == "standardized":
            return set()
        first: dict[str, Key] = {}
        for s in self.model.statements:
            if s.op == "=~":
                first.setdefault(s.left, (s.left, s.op, s.right))
        return set(first.values())

    def build(self, group_partial: Iterable[str]) -> ParameterTable:
        exempt = {_squeezed(text) for text in group_partial}
        rows = [row for group in range(len(self.groups)) for row in self._group(group)]
        known = {_squeezed(row.name) for row in rows}
        strange = sorted(exempt - known)
        if strange:
            raise ModelError(
                f"group_partial has {', '.join(strange)}, which is no parameter of the model. "
                'Write it as in the model: "visual =~ x3", "x3 ~ 1".'
            )
        places: dict[object, int] = {}
        numbered = []
        for row in rows:
            if row.free is None:
                numbered.append(row)
                continue
            key = (row.left, row.op, row.right)
            shared = self._sort(row) in self.equal and _squeezed(row.name) not in exempt
            identity: object = row.label or (key if shared else (key, row.group))
            numbered.append(replace(row, free=places.setdefault(identity, len(places))))
        return ParameterTable(
            parameters=tuple(numbered),
            observed=self.observed,
            latent=self.latent,
            exogenous=self.exogenous,
            groups=self.groups,
            constraints=self.model.constraints,
            mean_structure=self.mean_structure,
            n_free=len(places),
            ordered=self.ordered,
            group_equal=self.equal,
        )

    def _group(self, group: int) -> Iterator[Parameter]:
        """What is written, then what the rules add."""
        written: dict[Key, Parameter] = {}
        for s in self.model.statements:
            if s.op == "~1" and not self.mean_structure:
                continue
            key = self._key(s.left, s.op, s.right)
            row = self._written(s, key, group)
            written[key] = _merged(written[key], row) if key in written else row
        yield from written.values()
        added: set[Key] = set(written)
        for key, value in self._automatic(group):
            if key not in added:
                added.add(key)
                yield self._added(key, value, group)

    @staticmethod
    def _key(left: str, op: Operator, right: str) -> Key:
        return (left, op, right) if op != "~~" or left <= right else (right, op, left)

    def _written(self, s: Statement, key: Key, group: int) -> Parameter:
        value = s.value_in(group)
        if value is None and (s.left, s.op, s.right) in self.markers:
            value = 1.0
        if value is None and self._scale_by_variance(key, group):
            value = None if s.labels else 1.0
        freed = value is None or math.isnan(value)
        return Parameter(
            left=s.left,
            op=s.op,
            right=s.right,
            group=group,
            free=0 if freed else None,
            value=None if freed else value,
            label=s.label_in(group),
            start=s.start_in(group),
        )

    def _scale_by_variance(self, key: Key, group: int) -> bool:
        """A construct's variance is 1 unless equal loadings already carry the scale from the first group."""
        if self.model.identification != "standardized" or key[1] != "~~" or key[0] != key[2]:
            return False
        carried = group > 0 and "loadings" in self.equal
        return key[0] in self.latent and not carried

    def _added(self, key: Key, value: float | None, group: int) -> Parameter:
        left, op, right = key
        outside = left in self.exogenous and (op == "~1" or right in self.exogenous)
        return Parameter(
            left=left,
            op=op,
            right=right,
            group=group,
            free=None if outside or value is not None else 0,
            value=None if outside else value,
            from_data=outside,
            written=False,
        )

    def _automatic(self, group: int) -> Iterator[tuple[Key, float | None]]:
        """Parameters that the rules add, with the value that fixes them."""
        for item, count in self.ordered.items():
            for i in range(1, count + 1):
                yield (item, "|", f"t{i}"), None
            yield (item, "~*~", item), 1.0
        alone = self._single_indicators()
        for name in self.observed:
            fixed = 0.0 if name in alone else 1.0 if name in self.ordered else None
            yield (name, "~~", name), fixed
        for name in self.latent:
            key: Key = (name, "~~", name)
            yield key, 1.0 if self._scale_by_variance(key, group) else None
        for a, b in self._covarying():
            yield self._key(a, "~~", b), None
        if self.mean_structure:
            for name in self.observed:
                yield (name, "~1", ""), 0.0 if name in self.ordered else None
            carried = "intercepts" in self.equal or "thresholds" in self.equal
            for name in self.latent:
                free = group > 0 and carried and "means" not in self.equal
                yield (name, "~1", ""), None if free else 0.0

    def _single_indicators(self) -> set[str]:
        """Items that are the only sign of a construct: their residual variance cannot be told apart."""
        items: dict[str, list[str]] = {}
        for s in self.model.statements:
            if s.op == "=~":
                items.setdefault(s.left, []).append(s.right)
        return {names[0] for names in items.values() if len(set(names)) == 1 and names[0] in self.observed}

    def _covarying(self) -> Iterator[tuple[str, str]]:
        statements = self.model.statements
        outcomes = {s.left for s in statements if s.op == "~"}
        measured = {s.right for s in statements if s.op == "=~"}
        predictors = {s.right for s in statements if s.op == "~"}
        if not self.model.orthogonal:
            yield from combinations([f for f in self.latent if f not in outcomes | measured], 2)
        last = [
            name
            for name in (*self.latent, *self.observed)
            if name in outcomes and name not in predictors | measured
        ]
        yield from combinations(last, 2)
        yield from combinations(self.exogenous, 2)
        free = [name for name in self.model._observed_predictors() if name not in self.exogenous]
        yield from combinations(free, 2)

    def _sort(self, row: Parameter) -> Shared | None:
        """Which word of ``group_equal`` speaks of this parameter."""
        left, right = row.left in self.latent, row.right in self.latent
        match row.op:
            case "=~":
                return "loadings"
            case "~":
                return "regressions"
            case "~1":
                return "means" if left else "intercepts"
            case "|":
                return "thresholds"
            case "~~" if row.left == row.right:
                return "lv.variances" if left else "residuals"
            case "~~" if left and right:
                return "lv.covariances"
            case "~~" if not left and not right:
                return "residual.covariances"
        return None


def _merged(first: Parameter, again: Parameter) -> Parameter:
    """A parameter written twice: what the second adds to the first, as in ``y ~ a*x + start(1)*x``."""
    fixed = again.value if again.value is not None else first.value
    return replace(
        first,
        value=fixed,
        free=None if fixed is not None else 0,
        label=again.label or first.label,
        start=again.start if again.start is not None else first.start,
    )


def _squeezed(text: str) -> str:
    """``x3 ~~ x1`` and ``x1~~x3`` name the same parameter."""
    bare = "".join(text.split())
    if "~~" in bare:
        return "~~".join(sorted(bare.split("~~")))
    return bare
