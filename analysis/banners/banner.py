"""Banner tables: items in rows, groups of respondents side by side in columns, with letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.banners.counts import (
    Array,
    BannerColumn,
    Counter,
    Layout,
    OverlappingSpan,
    Span,
    Tally,
    lay_out,
    positions,
)
from analysis.banners.letters import (
    LetterRules,
    Measured,
    compare_block,
    compare_with_total,
    letters_of,
    reaches_minimum,
)
from analysis.banners.spans import SpanTest, span_residuals, span_tests
from analysis.design.design import checked_weights
from analysis.results import Entry, Tabular
from analysis.weighting import no_estimate, takes_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A question with one answer: a row a code, then boxes, then the mean if asked for."""

    name: str
    codes: tuple[float, ...]
    boxes: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  #: ``{"top2": (4, 5)}``
    mean: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiple:
    """A question with several answers: a row an option. Columns hold 1, 0, or NaN for no answer."""

    name: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number: its mean."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """A recommendation from 0 to 10: promoters, passives, detractors and the net promoter score."""

    name: str


BannerItem = Closed | Multiple | Number | Rating
Texts = npt.NDArray[np.str_]


@no_estimate("text")
def top_and_bottom(codes: Sequence[float], size: int = 2) -> dict[str, tuple[float, ...]]:
    """The boxes of a rating scale whose codes rise.

    >>> top_and_bottom([1, 2, 3, 4, 5])
    {'top2': (4, 5), 'bottom2': (1, 2)}
    """
    return {f"top{size}": tuple(codes[-size:]), f"bottom{size}": tuple(codes[:size])}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BannerRow:
    """One row over all columns; shares from 0 to 1, scores in points."""

    name: str  #: a code, an option, a box, ``mean`` or ``net_promoter_score``
    measure: str  #: ``share``, ``box``, ``mean``, ``net_promoter_score``
    estimate: Array  #: (n_columns,), NaN where ``state`` is ``empty_cell``
    std_error: Array  #: on the effective base
    variance: Array  #: of the answers
    count: Array  #: respondents, NaN for means and scores
    weighted_count: Array
    row_share: Array  #: share of the row's respondents who stand in the column
    share_of_answers: Array  #: for several answers, share of all picks; otherwise NaN
    letters: tuple[str, ...]
    versus_total: tuple[str, ...]  #: ``higher`` or ``lower`` than the total at the strict level, or empty
    residual: Array  #: adjusted residual against independence of item and span; NaN where it has none
    suppressed: tuple[bool, ...] = ()  #: cells left out for privacy; empty if none were looked at


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BannerItemTable:
    """One item over all columns: its bases, rows and tests."""

    name: str
    kind: str  #: ``closed``, ``multiple``, ``number``, ``rating``
    n: Array  #: (n_columns,) respondents who answered
    weighted_n: Array
    effective_n: Array  #: Kish's
    state: tuple[str, ...]  #: of each column: ``ok``, ``too_few`` (not tested), ``empty_cell``
    rows: tuple[BannerRow, ...]
    tests: tuple[SpanTest, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Banner(Tabular):
    """A banner table."""

    columns: tuple[BannerColumn, ...]  #: the total first
    items: tuple[BannerItemTable, ...]
    rules: LetterRules
    weighted: bool
    n: int  #: respondents, those without any answer included

    def entries(self) -> tuple[Entry, ...]:
        """A cell after the other, then the tests of items against spans."""
        cells = (entry for item in self.items for row in item.rows for entry in self._cells(item, row))
        tests = (entry for item in self.items for test in item.tests for entry in test.entries())
        return (*cells, *tests)

    def _cells(self, item: BannerItemTable, row: BannerRow) -> Iterator[Entry]:
        for i, column in enumerate(self.columns):
            state = "suppressed" if row.suppressed and row.suppressed[i] else item.state[i]
            known = state not in ("empty_cell", "suppressed")
            numbers = {
                "count": row.count[i],
                "weighted_count": row.weighted_count[i],
                "row_share": row.row_share[i],
                "share_of_answers": row.share_of_answers[i],
                "residual": row.residual[i],
                "weighted_n": item.weighted_n[i],
                "effective_n": item.effective_n[i],
            }
            yield Entry(
                measure=row.measure,
                method="Banner table, effective bases",
                about={"item": item.name, "row": row.name, "column": column.name},
                n=int(item.n[i]) if np.isfinite(item.n[i]) else None,
                estimate=float(row.estimate[i]) if known else None,
                std_error=float(row.std_error[i]) if known and np.isfinite(row.std_error[i]) else None,
                more={name: float(value) for name, value in numbers.items() if np.isfinite(value)},
                state=state,
                reason=_reason(state, self.rules),
            )

    def to_frame(self) -> pd.DataFrame:
        """One tidy row a cell, letters included."""
        c = len(self.columns)
        parts: list[pd.DataFrame] = []
        for item in self.items:
            r = len(item.rows)
            parts.append(
                pd.DataFrame(
                    {
                        "item": item.name,
                        "row": np.repeat([row.name for row in item.rows], c),
                        "measure": np.repeat([row.measure for row in item.rows], c),
                        "span": [column.span for column in self.columns] * r,
                        "column": [column.name for column in self.columns] * r,
                        "letter": [column.letter for column in self.columns] * r,
                        **{
                            name: np.concatenate([getattr(row, name) for row in item.rows])
                            for name in (
                                "estimate",
                                "std_error",
                                "count",
                                "weighted_count",
                                "row_share",
                                "share_of_answers",
                                "residual",
                            )
                        },
                        "letters": [text for row in item.rows for text in row.letters],
                        "versus_total": [text for row in item.rows for text in row.versus_total],
                        "n": pd.array(np.tile(item.n, r), dtype="Int64"),
                        "weighted_n": np.tile(item.weighted_n, r),
                        "effective_n": np.tile(item.effective_n, r),
                        "state": [
                            "suppressed" if row.suppressed and row.suppressed[i] else item.state[i]
                            for row in item.rows
                            for i in range(c)
                        ],
                    }
                )
            )
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def item(self, name: str) -> BannerItemTable:
        """The table of one item."""
        for item in self.items:
            if item.name == name:
                return item
        raise KeyError(f"no item {name!r}; there are {[item.name for item in self.items]}")


def _reason(state: str, rules: LetterRules) -> str:
    if state == "empty_cell":
        return "nobody in this column answered"
    if state == "suppressed":
        return "too few respondents to be shown, or needed to work out a cell that has"
    if state == "too_few":
        return f"base below {rules.minimum_base:g} ({rules.base}): shown, not tested"
    return ""


@takes_weights(
    "weights",
    counts="sums",
    how="weighted shares and means; tests on Kish's effective bases",
    reference="Quantum and Q conventions",
)
def banner(
    answers: pd.DataFrame,
    items: Sequence[BannerItem],
    spans: Sequence[Span | OverlappingSpan],
    *,
    groups: pd.DataFrame | None = None,
    weights: pd.Series | Array | None = None,
    counts: pd.Series | Array | None = None,
    rules: LetterRules | None = None,
) -> Banner:
    """A banner table with column-letter tests.

    Under weights every test runs on Kish's effective base ``(sum w)^2 / sum w^2`` of the respondents in the
    column who answered. A cell carries the letters of the columns of its span that it exceeds: upper case at
    the strict level, lower case at the other.

    Parameters
    ----------
    answers : DataFrame, shape (n_rows, n_columns)
        Numbers; NaN for no answer.
    items : sequence of Closed, Multiple, Number or Rating
        Rows from top to bottom.
    spans : sequence of Span or OverlappingSpan
        Columns from left to right; a total comes before them.
    groups : DataFrame, shape (n_rows, n_variables), optional
        Where the variables of the spans stand, if not among ``answers``.
    weights : array-like, shape (n_rows,), optional
        Sampling weights.
    counts : array-like, shape (n_rows,), optional
        Respondents that a row stands for.
    rules : LetterRules, optional
        Levels, kinds of test, correction, minimum base.

    Returns
    -------
    Banner

    Raises
    ------
    ValueError
        For answers that are none of the codes, and weights that are none.

    Examples
    --------
    >>> sat = [5] * 30 + [2] * 20 + [5] * 15 + [2] * 35
    >>> tier = pd.Categorical(["gold"] * 50 + ["basic"] * 50)
    >>> answers, item = pd.DataFrame({"SAT": sat, "TIER": tier}), Closed(name="SAT", codes=(2, 5), mean=True)
    >>> table = banner(answers, [item], [Span(variables=("TIER",))])
    >>> [column.name for column in table.columns], [column.letter for column in table.columns]
    (['total', 'TIER=basic', 'TIER=gold'], ['', 'A', 'B'])
    >>> five = table.item("SAT").rows[1]
    >>> five.estimate.tolist(), five.letters
    ([0.45, 0.3, 0.6], ('', '', 'A'))
    """
    chosen = rules or LetterRules()
    layout = lay_out(answers if groups is None else groups, spans)
    if len(layout.pattern) != len(answers):
        raise ValueError(f"{len(layout.pattern)} rows of groups for {len(answers)} rows of answers")
    w = None if weights is None else checked_weights(np.asarray(weights, dtype=float), len(answers))
    c = None if counts is None else np.asarray(counts, dtype=float)
    if w is not None:
        # Respondents without weight are no respondents of the table.
        c = np.where(w > 0, 1.0 if c is None else c, 0.0) if (w == 0).any() else c
    counter = Counter(layout, w, c)
    return Banner(
        columns=layout.columns,
        items=tuple(_item_table(answers, item, counter, layout, chosen) for item in items),
        rules=chosen,
        weighted=w is not None,
        n=len(answers) if c is None else int(c.sum()),
    )


def _item_table(
    answers: pd.DataFrame, item: BannerItem, counter: Counter, layout: Layout, rules: LetterRules
) -> BannerItemTable:
    if isinstance(item, Multiple):
        return _multiple(answers, item, counter, layout, rules)
    if isinstance(item, Number):
        x = answers[item.name].to_numpy(dtype=float)
        center = float(np.nanmean(x)) if (~np.isnan(x)).any() else 0.0
        measured = _number(counter.moments(x - center), center)
        rows = _rows(measured, ["mean"], ["mean"], layout, rules)
        return _table(item.name, "number", measured, rows, (), rules)
    if isinstance(item, Rating):
        return _rating(answers, item, counter, layout, rules)
    return _closed(answers, item, counter, layout, rules)


def _rating(
    answers: pd.DataFrame, item: Rating, counter: Counter, layout: Layout, rules: LetterRules
) -> BannerItemTable:
    codes = np.arange(11)
    values = np.array([codes >= 9, (codes == 7) | (codes == 8), codes <= 6], dtype=float)
    score = 100 * (values[0] - values[2])
    names = ["promoters", "passives", "detractors", "net_promoter_score"]
    measures = ["share"] * 3 + ["net_promoter_score"]
    tally = counter.answers(positions(answers[item.name], codes.tolist()), 11)
    measured = _measured(tally, np.vstack([values, score]), np.array([True] * 3 + [False]))
    return _table(item.name, "rating", measured, _rows(measured, names, measures, layout, rules), (), rules)


def _closed(
    answers: pd.DataFrame, item: Closed, counter: Counter, layout: Layout, rules: LetterRules
) -> BannerItemTable:
    k = len(item.codes)
    tally = counter.answers(positions(answers[item.name], item.codes), k)
    boxes = [[float(code in box) for code in item.codes] for box in item.boxes.values()]
    means = [list(item.codes)] if item.mean else []
    shares = np.array([True] * (k + len(boxes)) + [False] * len(means))
    names = [f"{code:g}" for code in item.codes] + list(item.boxes) + ["mean"] * len(means)
    measures = ["share"] * k + ["box"] * len(boxes) + ["mean"] * len(means)
    measured = _measured(tally, np.array([*np.eye(k).tolist(), *boxes, *means], dtype=float), shares)
    residual = np.full((len(names), len(layout.columns)), np.nan)
    residual[:k] = span_residuals(tally, layout)
    rows = _rows(measured, names, measures, layout, rules, residual)
    tests = span_tests(item.name, tally, layout, weighted=counter.weights is not None, respondents=counter.n)
    return _table(item.name, "closed", measured, rows, tests, rules)


def _multiple(
    answers: pd.DataFrame, item: Multiple, counter: Counter, layout: Layout, rules: LetterRules
) -> BannerItemTable:
    marks = [answers[name].to_numpy(dtype=float) for name in item.options]
    answered = np.zeros(len(answers), dtype=bool)
    for mark, name in zip(marks, item.options, strict=True):
        if not ((mark == 0) | (mark == 1) | np.isnan(mark)).all():
            raise ValueError(f"{name}: options hold 1 (picked), 0 (not picked) or nothing")
        answered |= ~np.isnan(mark)
    measured: Measured | None = None
    rows: list[BannerRow] = []
    for mark, name in zip(marks, item.options, strict=True):
        where = np.where(answered, (mark == 1).astype(np.intp), 2)
        measured = _measured(counter.answers(where, 2), np.array([[0.0, 1.0]]), np.array([True]))
        rows += _rows(measured, [name], ["share"], layout, rules)
    if measured is None:
        raise ValueError(f"{item.name}: a question with several answers needs options")
    picks = np.sum([row.weighted_count for row in rows], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = [
            replace(row, share_of_answers=np.where(picks > 0, row.weighted_count / picks, np.nan))
            for row in rows
        ]
    return _table(item.name, "multiple", measured, tuple(rows), (), rules)


def _measured(tally: Tally, values: Array, is_share: npt.NDArray[np.bool_]) -> Measured:
    """Rows as weighted means of what an answer counts."""
    weight, n = tally.weight.sum(axis=0), tally.n.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = values @ tally.weight / weight
        variance = estimate * (1 - estimate)
        for r in np.flatnonzero(~is_share):
            spread = ((values[r][:, None] - estimate[r]) ** 2 * tally.weight).sum(axis=0) / weight
            variance[r] = spread * n / (n - 1)
    return Measured(
        is_share=is_share,
        estimate=estimate,
        variance=variance,
        n=n,
        weight=weight,
        square=tally.square.sum(axis=0),
        values=values,
        tally=tally,
    )


def _number(tally: Tally, center: float) -> Measured:
    weight, n = tally.weight[0], tally.n[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = tally.weight[1] / weight
        variance = (tally.weight[2] / weight - mean**2) * n / (n - 1)
    return Measured(
        is_share=np.array([False]),
        estimate=(mean + center)[None],
        variance=np.maximum(variance, 0.0)[None],
        n=n,
        weight=weight,
        square=tally.square[0],
        values=np.empty((1, 0)),
        tally=tally,
        center=center,
        is_number=True,
    )


def _rows(
    measured: Measured,
    names: Sequence[str],
    measures: Sequence[str],
    layout: Layout,
    rules: LetterRules,
    residual: Array | None = None,
) -> tuple[BannerRow, ...]:
    compared = [compare_block(measured, block, layout, rules) for block in layout.blocks]
    letters = letters_of(compared, layout, len(names), rules)
    total = compare_with_total(measured, rules)
    with np.errstate(invalid="ignore", divide="ignore"):
        differs = np.where(total.p_value < rules.levels[0], np.sign(total.statistic), 0)
        error = np.sqrt(measured.variance / measured.effective)
    words = {1: "higher", -1: "lower", 0: ""}
    nothing = np.full(len(layout.columns), np.nan)
    rows = []
    for r, (name, measure) in enumerate(zip(names, measures, strict=True)):
        share = bool(measured.is_share[r])
        value = measured.values[r]
        count = value @ measured.tally.n if share else nothing
        weighted = value @ measured.tally.weight if share else nothing
        rows.append(
            BannerRow(
                name=name,
                measure=measure,
                estimate=measured.estimate[r],
                std_error=error[r],
                variance=measured.variance[r],
                count=count,
                weighted_count=weighted,
                row_share=weighted / weighted[0] if share and weighted[0] > 0 else nothing,
                share_of_answers=nothing,
                letters=tuple(letters[r]),
                versus_total=("", *(words[int(sign)] for sign in differs[r])),
                residual=nothing if residual is None else residual[r],
            )
        )
    return tuple(rows)


def _table(
    name: str,
    kind: str,
    measured: Measured,
    rows: tuple[BannerRow, ...],
    tests: tuple[SpanTest, ...],
    rules: LetterRules,
) -> BannerItemTable:
    enough = reaches_minimum(measured, rules)
    state = tuple(
        "empty_cell" if n == 0 else ("ok" if fine else "too_few")
        for n, fine in zip(measured.n, enough, strict=True)
    )
    return BannerItemTable(
        name=name,
        kind=kind,
        n=measured.n,
        weighted_n=measured.weight,
        effective_n=measured.effective,
        state=state,
        rows=rows,
        tests=tests,
    )
