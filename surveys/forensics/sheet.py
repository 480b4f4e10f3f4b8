"""The ratings of a file as a matrix, with what the indicators need to know of each item."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from surveys.fabrication import rated_items
from surveys.responses import Responses

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

LEAST_RESPONDENTS = 50  #: fewer give no ground for a statement about a file
LEAST_ITEMS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Ratings by construct.

    Attributes
    ----------
    keyed : ndarray, shape (n_respondents, n_items)
        Codes on 0 to 1 of each item's scale, reverse-keyed items turned, NaN for no answer; items
        in the order in which they were asked.
    construct : ndarray of int, shape (n_items,)
        Number of the construct that an item measures; ratings of no construct have numbers of
        their own.
    reversed_ : ndarray of bool, shape (n_items,)
    steps : ndarray, shape (n_items,)
        Points of the scale minus one.
    seconds, submitted : ndarray, shape (n_respondents,), or None
        Durations; times of submission in seconds.
    """

    names: tuple[str, ...]
    keyed: Array
    construct: Ints
    reversed_: Bools
    steps: Array
    seconds: Array | None = None
    submitted: Array | None = None

    @property
    def n(self) -> int:
        return len(self.keyed)

    @property
    def k(self) -> int:
        return int(self.keyed.shape[1])

    def constructs(self, least: int = 2) -> list[Ints]:
        """Columns of each construct with at least so many items."""
        numbers, counts = np.unique(self.construct, return_counts=True)
        return [np.flatnonzero(self.construct == c) for c in numbers[counts >= least]]

    def complete(self) -> Array:
        """Answers with each blank filled by the respondent's mean of the construct, then the item's.

        Few answers are blank, and honest populations are given the same blanks: the filling
        touches both alike.
        """
        filled = self.keyed.copy()
        blank = np.isnan(filled)
        if not blank.any():
            return filled
        means = _means(filled, axis=0)
        means[np.isnan(means)] = 0.5
        for columns in self.constructs(least=1):
            part = filled[:, columns] - means[columns]
            own = _means(part, axis=1)
            own[np.isnan(own)] = 0.0
            gaps = np.isnan(part)
            part[gaps] = np.broadcast_to(own[:, None], part.shape)[gaps]
            filled[:, columns] = part + means[columns]
        return filled

    def as_given(self) -> Array:
        """Answers before reverse-keyed items were turned, on 0 to 1."""
        return np.where(self.reversed_, 1 - self.keyed, self.keyed)

    def rows(self, which: npt.NDArray[np.intp] | Bools) -> Sheet:
        """Some of the respondents."""
        return replace(
            self,
            keyed=self.keyed[which],
            seconds=None if self.seconds is None else self.seconds[which],
            submitted=None if self.submitted is None else self.submitted[which],
        )


def correlations(rows: Array) -> Array:
    """Pearson correlations between rows, shape (n_rows, n_rows)."""
    return np.atleast_2d(np.asarray(np.corrcoef(rows), dtype=float))


def _means(values: Array, axis: int) -> Array:
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=axis)
    count = known.sum(axis=axis)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def sheet_of(responses: Responses) -> Sheet:
    """The ratings of a file that hold any variation, in the order in which they were asked.

    Examples
    --------
    >>> from surveys.simulation import load_population_model, simulate
    >>> from surveys.study import Study
    >>> study = Study.load("bank_tiering")
    >>> model = load_population_model("claims_hold", study)
    >>> drawn = simulate(study, model, rng=np.random.default_rng(1), sizes={"customers": 60})
    >>> sheet_of(drawn["customers"]).keyed.shape[0]
    60
    """
    questionnaire = responses.questionnaire
    of = {name: c.id for c in questionnaire.constructs for name in c.items}
    items = [
        item
        for item in rated_items(questionnaire, responses.answers.columns)
        if responses.answers[item.id].min() < responses.answers[item.id].max()
    ]
    numbers: dict[str, int] = {}
    construct = [numbers.setdefault(of.get(item.id, f"item {item.id}"), len(numbers)) for item in items]
    lows = np.array([item.scale.low for item in items if item.scale is not None], dtype=float)
    highs = np.array([item.scale.high for item in items if item.scale is not None], dtype=float)
    turned = np.array([item.reverse_keyed for item in items], dtype=bool)
    answers = responses.answers[[item.id for item in items]].to_numpy(dtype=float)
    share = (answers - lows) / (highs - lows) if items else answers
    metadata = responses.metadata
    return Sheet(
        names=tuple(item.id for item in items),
        keyed=np.where(turned, 1 - share, share),
        construct=np.array(construct, dtype=np.int64),
        reversed_=turned,
        steps=highs - lows,
        seconds=_numbers(metadata, "seconds"),
        submitted=_moments(metadata, "submitted_at"),
    )


def _numbers(metadata: pd.DataFrame, name: str) -> Array | None:
    if name not in metadata or metadata[name].notna().sum() < LEAST_RESPONDENTS:
        return None
    return metadata[name].to_numpy(dtype=float)


def _moments(metadata: pd.DataFrame, name: str) -> Array | None:
    if name not in metadata or metadata[name].notna().sum() < LEAST_RESPONDENTS:
        return None
    times = pd.Series(metadata[name])
    return np.asarray(((times - times.min()) / pd.Timedelta(seconds=1)).to_numpy(dtype=float))
