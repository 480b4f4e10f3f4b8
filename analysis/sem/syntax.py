"""Model text to statements: ``=~ ~ ~~ ~1 | ~*~ := == < >`` in the notation that lavaan made common."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeVar, cast

from analysis.sem.errors import Fault, SyntaxFaults
from analysis.sem.expressions import Expression
from analysis.weighting import no_estimate

T = TypeVar("T")

Operator = Literal["=~", "~", "~~", "~1", "|", "~*~"]
Relation = Literal[":=", "==", "<", ">"]

#: A parameter is freed by the modifier NA; kept as a number, so that a tuple of values has one type.
FREED = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One parameter as it was written; modifiers hold one value, or one per group."""

    left: str
    op: Operator
    right: str
    fixed: tuple[float | None, ...] = ()  #: a number, ``FREED`` (nan) where written NA, None where not said
    labels: tuple[str, ...] = ()  #: empty where not said
    start: tuple[float, ...] = ()
    line: int = 0

    def value_in(self, group: int) -> float | None:
        """What the parameter is fixed to in a group: a number, nan where freed, None where not said."""
        return _of_group(self.fixed, group) if self.fixed else None

    def label_in(self, group: int) -> str:
        return _of_group(self.labels, group) if self.labels else ""

    def start_in(self, group: int) -> float | None:
        return _of_group(self.start, group) if self.start else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """``name := formula``, or a relation between two formulas (kept as left minus right)."""

    left: str
    op: Relation
    formula: Expression
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """A model's text, read."""

    statements: tuple[Statement, ...]
    constraints: tuple[Constraint, ...] = ()


def _of_group(values: tuple[T, ...], group: int) -> T:
    return values[0] if len(values) == 1 else values[group]


@no_estimate("text")
@lru_cache(maxsize=128)  # a bootstrap reads the same text thousands of times
def read_model(text: str) -> Specification:
    """The statements of a model's text.

    Each line is ``left operator right + right``; a line without an operator continues the one before, ``;``
    separates statements, ``#`` and ``!`` begin a comment. A term may carry modifiers: ``0.5*x`` fixes,
    ``NA*x`` frees, ``a*x`` labels (equal labels are equal parameters), ``start(0.5)*x`` starts there, and
    ``c(1, 0.8)*x`` or ``c(a, b)*x`` say it group by group.

    Raises
    ------
    SyntaxFaults
        With every fault of the text, its line and what to do.

    Examples
    --------
    >>> model = read_model("visual =~ x1 + a*x2; textual =~ x4 + x5  # two constructs")
    >>> [(s.left, s.op, s.right, s.labels) for s in model.statements][1]
    ('visual', '=~', 'x2', ('a',))
    """
    statements: list[Statement] = []
    constraints: list[Constraint] = []
    faults: list[Fault] = []
    for line, sentence in _sentences(text, faults):
        try:
            _read_sentence(sentence, line, statements, constraints)
        except _CannotReadError as fault:
            faults.append(Fault(line=line, text=sentence, problem=fault.problem, remedy=fault.remedy))
    faults += _contradictions(statements, constraints)
    if not faults and not statements:
        remedy = "Write at least one construct, for example: satisfaction =~ s1 + s2 + s3"
        faults.append(Fault(line=1, text=text.strip()[:60], problem="there is no statement", remedy=remedy))
    if faults:
        raise SyntaxFaults(sorted(faults, key=lambda fault: fault.line))
    return Specification(statements=tuple(statements), constraints=tuple(constraints))


class _CannotReadError(Exception):
    def __init__(self, problem: str, remedy: str) -> None:
        self.problem, self.remedy = problem, remedy
        super().__init__(problem)


_NAME = re.compile(r"(?:[^\W\d]|\.(?=[^\W\d]))[\w.]*")
_OPERATOR = re.compile(r"=~|~\*~|<~|~~|:=|==|~|\||<|>")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def _sentences(text: str, faults: list[Fault]) -> Iterator[tuple[int, str]]:
    """Statements with the line on which each begins."""
    begun: tuple[int, str] | None = None
    for line, raw in enumerate(text.splitlines(), 1):
        for part in re.split(r"[#!]", raw, maxsplit=1)[0].split(";"):
            words = part.strip()
            if not words:
                continue
            if _OPERATOR.search(words) or re.match(r"(?:level|group|block)\s*:", words):
                if begun:
                    yield begun
                begun = line, words
            elif begun:
                begun = begun[0], f"{begun[1]} {words}"
            else:
                remedy = "Begin with a name and one of =~ ~ ~~ | := == < >"
                faults.append(Fault(line=line, text=words, problem="there is no operator", remedy=remedy))
    if begun:
        yield begun


def _read_sentence(
    sentence: str, line: int, statements: list[Statement], constraints: list[Constraint]
) -> None:
    found = _OPERATOR.search(sentence)
    if found is None:
        raise _CannotReadError("blocks are not known", "Fit groups with group=..., and leave this line out.")
    left, op, right = sentence[: found.start()].strip(), found.group(), sentence[found.end() :].strip()
    if op == "<~":
        raise _CannotReadError(
            "composites (<~) are not estimated here", "Use =~, or score the items beforehand."
        )
    if not left or not right:
        side = "left" if not left else "right"
        raise _CannotReadError(f"nothing stands to the {side} of {op}", "Complete the statement.")
    if op in (":=", "==", "<", ">"):
        constraints.append(_constraint(left, cast(Relation, op), right, line))
        return
    for lhs in _split(left, "+"):
        if not _NAME.fullmatch(lhs):
            raise _CannotReadError(
                f"{lhs!r} is not a name",
                "Names are letters, digits, _ and dots; modifiers stand on the right.",
            )
        for term in _split(right, "+"):
            statements.append(_term(lhs, op, term, line))


def _constraint(left: str, op: Relation, right: str, line: int) -> Constraint:
    if op == ":=" and not _NAME.fullmatch(left):
        raise _CannotReadError(f"{left!r} is not a name", "Write: name := formula")
    if right.startswith("="):
        raise _CannotReadError(f"{op}= is not an operator", "Use < or >; at the boundary both mean the same.")
    try:
        text = right if op == ":=" else f"({left}) - ({right})"
        return Constraint(left=left, op=op, formula=Expression.read(text), line=line)
    except ValueError as error:
        raise _CannotReadError(str(error), "Use labels, numbers, + - * / ^ and brackets.") from None


def _split(text: str, sign: str) -> list[str]:
    """Pieces between signs that stand outside brackets; the sign of an exponent or factor stays."""
    pieces, depth, piece = [], 0, ""
    for here in text:
        depth += (here == "(") - (here == ")")
        # "1e+5*x" and "+1*x": a sign that belongs to a number does not separate.
        part_of_number = sign == "+" and (not piece.strip() or re.search(r"\d[eE]$", piece) is not None)
        if here == sign and depth == 0 and not part_of_number:
            pieces.append(piece.strip())
            piece = ""
        else:
            piece += here
    if depth:
        raise _CannotReadError("a bracket is not closed", "Close it.")
    return [*pieces, piece.strip()]


def _term(left: str, op: str, term: str, line: int) -> Statement:
    if not term:
        raise _CannotReadError("a term is empty", "Remove the extra +, or name what is missing.")
    *modifiers, right = _split(term, "*")
    if op == "~" and re.fullmatch(r"[-+]?[\d.]+", right):
        if right != "1":
            raise _CannotReadError(
                f"{term!r} is neither a name nor an intercept", "Fix an intercept: y ~ 0*1"
            )
        op, right = "~1", ""
    elif ":" in right:
        raise _CannotReadError(f"{right!r} is a product", "Compute it as a column of its own beforehand.")
    elif not _NAME.fullmatch(right):
        raise _CannotReadError(f"{right!r} is not a name", "Names are letters, digits, _ and dots.")
    read: dict[str, tuple[object, ...]] = {}
    for modifier in modifiers:
        read |= _modifier(modifier)
    return Statement(left=left, op=cast(Operator, op), right=right, line=line, **read)  # type: ignore[arg-type]


def _modifier(text: str) -> dict[str, tuple[object, ...]]:
    """What one modifier says, as fields of a statement."""
    call = re.fullmatch(r"(\w+)\s*\((.*)\)", text)
    if call and call.group(1) in ("start", "label", "equal"):
        word, inner = call.groups()
        if word == "equal":
            raise _CannotReadError("equal() is not known", "Give both parameters the same label.")
        values = [value.strip() for value in _split(re.sub(r"^c\s*\((.*)\)$", r"\1", inner.strip()), ",")]
        if word == "label":
            return {"labels": tuple(value.strip("\"'") for value in values)}
        return {"start": tuple(_number(value) for value in values)}
    group_by_group = call is not None and call.group(1) == "c"
    values = [v.strip() for v in _split(call.group(2), ",")] if call and group_by_group else [text]
    fixed: list[float | None] = []
    labels: list[str] = []
    for value in values:
        bare = value.strip("\"'")
        if bare == "NA":
            fixed.append(FREED)
            labels.append("")
        elif _NUMBER.fullmatch(bare):
            fixed.append(float(bare))
            labels.append("")
        elif _NAME.fullmatch(bare):
            fixed.append(None)
            labels.append(bare)
        else:
            raise _CannotReadError(
                f"{text!r} is not a modifier", "Use a number, NA, a label, start(number) or c(...) of these."
            )
    said: dict[str, tuple[object, ...]] = {}
    if any(value is not None for value in fixed):
        said["fixed"] = tuple(fixed)
    if any(labels):
        said["labels"] = tuple(labels)
    return said


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise _CannotReadError(f"{text!r} is not a number", "A starting value is a number.")
    return float(text)


def _contradictions(statements: list[Statement], constraints: list[Constraint]) -> Iterator[Fault]:
    """What only the whole text shows."""
    constructs = {statement.left for statement in statements if statement.op == "=~"}
    for statement in statements:
        told = f"{statement.left} {statement.op} {statement.right}".strip()
        if statement.left == statement.right and statement.op in ("=~", "~"):
            yield Fault(
                line=statement.line,
                text=told,
                problem=f"{statement.left} would depend on itself",
                remedy="Name another variable on the right; a variance is written with ~~",
            )
        if statement.op in ("|", "~*~") and statement.left in constructs:
            yield Fault(
                line=statement.line,
                text=told,
                problem=f"{statement.left} is a construct and has no thresholds",
                remedy="Give thresholds to items.",
            )
    labels = {label for statement in statements for label in statement.labels if label}
    defined = {constraint.left for constraint in constraints if constraint.op == ":="}
    for constraint in constraints:
        told = f"{constraint.left} {constraint.op} {constraint.formula.text}"
        unknown = sorted(constraint.formula.names - labels - defined)
        if unknown:
            yield Fault(
                line=constraint.line,
                text=told,
                problem=f"no parameter is labelled {', '.join(unknown)}",
                remedy=f"Label it where it is used, for example: y ~ {unknown[0]}*x",
            )
        if constraint.op == ":=" and constraint.left in labels:
            yield Fault(
                line=constraint.line,
                text=told,
                problem=f"{constraint.left} is already the label of a parameter",
                remedy="Choose another name.",
            )
    yield from _circles(constraints)


def _circles(constraints: list[Constraint]) -> Iterator[Fault]:
    known: set[str] = set()
    defined = {constraint.left for constraint in constraints if constraint.op == ":="}
    for constraint in constraints:
        if constraint.op != ":=":
            continue
        early = sorted((constraint.formula.names & defined) - known)
        if early:
            yield Fault(
                line=constraint.line,
                text=f"{constraint.left} := {constraint.formula.text}",
                problem=f"{', '.join(early)} is not defined yet",
                remedy="Define it in a line above.",
            )
        known.add(constraint.left)
