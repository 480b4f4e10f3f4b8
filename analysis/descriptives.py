"""Where answers lie and how they spread."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from analysis.counted_rows import Counts
from analysis.profile import Frequencies, frequencies
from analysis.results import Entry, Interval, Tabular
from analysis.tallies import Tally
from analysis.weighted_moments import row_weights
from analysis.weighting import no_estimate, refuses_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Description(Tabular):
    """One variable in numbers; None where too few answered or the answers do not vary."""

    variable: str
    n: int
    n_missing: int
    mean: float | None
    std_error: float | None
    interval: Interval | None  #: of the mean, by Student's t
    sd: float | None  #: divides by n - 1
    median: float | None
    skewness: float | None  #: G1 (type 2, as SPSS and SAS)
    kurtosis: float | None  #: excess, G2 (type 2)
    minimum: float | None
    maximum: float | None
    floor_share: float | None = None  #: share at the scale's lowest code, where bounds were given
    ceiling_share: float | None = None
    method: str = "Mean, t interval"
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """The mean with its interval; the other numbers under ``more``."""
        further = {
            "sd": self.sd,
            "median": self.median,
            "skewness": self.skewness,
            "kurtosis": self.kurtosis,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "floor_share": self.floor_share,
            "ceiling_share": self.ceiling_share,
        }
        more = {name: value for name, value in further.items() if value is not None}
        return (
            Entry(
                measure="mean",
                method=self.method,
                about={"variable": self.variable},
                n=self.n,
                estimate=self.mean,
                std_error=self.std_error,
                interval=self.interval,
                more=more | {"n_missing": self.n_missing},
                state=self.state,
                reason=self.reason,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptives(Tabular):
    """Descriptions of several variables, in the order of the frame's columns."""

    descriptions: tuple[Description, ...]

    def __iter__(self) -> Iterator[Description]:
        return iter(self.descriptions)

    def __len__(self) -> int:
        return len(self.descriptions)

    def of(self, variable: str) -> Description:
        """The description of that variable; ``KeyError`` if there is none."""
        for description in self.descriptions:
            if description.variable == variable:
                return description
        raise KeyError(variable)

    def entries(self) -> tuple[Entry, ...]:
        """One entry per variable."""
        return tuple(entry for description in self.descriptions for entry in description.entries())


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerShares(Tabular):
    """How the answers to several items of one scale spread over its categories."""

    items: tuple[Frequencies, ...]

    def shares(self) -> pd.DataFrame:
        """Items in rows, codes in columns, shares 0 to 1 (NaN in a row that nobody answered)."""
        return pd.DataFrame(
            {item.item: {share.code: share.estimate for share in item.categories} for item in self.items},
            dtype=float,
        ).T

    def counts(self) -> pd.DataFrame:
        """The same with counts."""
        return pd.DataFrame(
            {item.item: {share.code: share.count for share in item.categories} for item in self.items}
        ).T

    def entries(self) -> tuple[Entry, ...]:
        """One entry per item and category."""
        return tuple(entry for item in self.items for entry in item.entries())


@no_estimate("arithmetic")
def mean_interval(mean: float, std_error: float, df: float, *, confidence_level: float = 0.95) -> Interval:
    """``mean ± t std_error`` with Student's t on ``df`` degrees of freedom.

    >>> interval = mean_interval(3.0, 0.5, 9)
    >>> round(interval.low, 4), round(interval.high, 4)
    (1.8689, 4.1311)
    """
    half = float(stdtrit(df, (1 + confidence_level) / 2)) * std_error
    return Interval(low=mean - half, high=mean + half, confidence_level=confidence_level)


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.design.means.weighted_means",
    counts="sums",
)
def describe(
    frame: pd.DataFrame,
    *,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> Descriptives:
    """Mean, spread and shape of every column, each over the respondents who answered it.

    The standard deviation divides by n - 1. Skewness ``G1`` and excess kurtosis ``G2`` are corrected for bias
    as SPSS and SAS do (type 2 of [1]_, which needs 3 and 4 answers); ``psych::describe`` prints type 3 unless
    told otherwise.

    Parameters
    ----------
    frame : DataFrame, shape (n_respondents, n_variables)
        Numbers; NaN for no answer.
    bounds : mapping of str to (low, high), optional
        Lowest and highest code of a variable's scale. Where given, the shares of respondents at either end
        are reported (floor and ceiling effects).
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.

    Returns
    -------
    Descriptives
        A description's ``state`` is ``too_few`` with fewer than two answers and ``constant`` when all answers
        are the same: the mean then has no interval.

    Raises
    ------
    TypeError
        If a column does not hold numbers.
    ValueError
        If ``bounds`` names a column that is not there.

    References
    ----------
    .. [1] Joanes, D. N., & Gill, C. A. (1998). Comparing measures of sample skewness and kurtosis. The
       Statistician, 47, 183-189.

    Examples
    --------
    >>> frame = pd.DataFrame({"SAT1": [1, 2, 4, 5, None, 5]})
    >>> sat1 = describe(frame, bounds={"SAT1": (1, 5)}).of("SAT1")
    >>> sat1.n, sat1.mean, round(sat1.sd, 4), round(sat1.skewness, 4), sat1.ceiling_share
    (5, 3.4, 1.8166, -0.5672, 0.4)
    """
    bounds = bounds or {}
    unknown = sorted(set(bounds) - set(map(str, frame.columns)))
    if unknown:
        raise ValueError(f"bounds are given for {unknown}, which are no columns of the frame")
    words = [str(name) for name, column in frame.items() if not pd.api.types.is_numeric_dtype(column)]
    if words:
        raise TypeError(f"columns {words} do not hold numbers; leave them out or code them")
    times = row_weights(len(frame), counts=counts, design=None).respondents
    return Descriptives(
        descriptions=tuple(
            _description(str(name), column, times, bounds.get(str(name)), confidence_level)
            for name, column in frame.items()
        )
    )


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.design.proportions.weighted_shares",
    counts="sums",
)
def answer_shares(
    frame: pd.DataFrame,
    categories: Sequence[int],
    *,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> AnswerShares:
    """Share of each category for every item of one scale, each over the respondents who answered it.

    Parameters
    ----------
    frame : DataFrame, shape (n_respondents, n_items)
        Codes; NaN for no answer.
    categories : sequence of int
        All codes of the scale, in its order.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.

    Raises
    ------
    ValueError
        If an answer is none of ``categories``.

    Examples
    --------
    >>> frame = pd.DataFrame({"SAT1": [1, 2, 2, 3], "SAT2": [3, 3, None, 3]})
    >>> shares = answer_shares(frame, [1, 2, 3]).shares()
    >>> shares.loc["SAT1"].tolist(), shares.loc["SAT2"].tolist()
    ([0.25, 0.5, 0.25], [0.0, 0.0, 1.0])
    """
    return AnswerShares(
        items=tuple(
            frequencies(column, categories, counts=counts, confidence_level=confidence_level)
            for _, column in frame.items()
        )
    )


def _description(
    name: str,
    column: pd.Series,
    times: npt.NDArray[np.float64],
    bounds: tuple[float, float] | None,
    confidence_level: float,
) -> Description:
    known = column.notna().to_numpy()
    tally = Tally.of(column[known].to_numpy(dtype=float), times[known])
    n, n_missing = len(tally), int(times[~known].sum())
    if n == 0:
        return Description(
            variable=name,
            n=0,
            n_missing=n_missing,
            mean=None,
            std_error=None,
            interval=None,
            sd=None,
            median=None,
            skewness=None,
            kurtosis=None,
            minimum=None,
            maximum=None,
            state="too_few",
            reason="nobody answered",
        )
    mean, varies, values = tally.mean, tally.varies, tally.values
    sd = math.sqrt(tally.variance) if varies else (0.0 if n > 1 else None)
    std_error = sd / math.sqrt(n) if varies and sd is not None else None
    state, reason = "ok", ""
    if n == 1:
        state, reason = "too_few", "a single answer has no spread"
    elif not varies:
        state, reason = "constant", f"all {n} answers are the same"
    return Description(
        variable=name,
        n=n,
        n_missing=n_missing,
        mean=mean,
        std_error=std_error,
        interval=None
        if std_error is None
        else mean_interval(mean, std_error, n - 1, confidence_level=confidence_level),
        sd=sd,
        median=tally.median,
        skewness=_skewness(tally) if varies and n >= 3 else None,
        kurtosis=_kurtosis(tally) if varies and n >= 4 else None,
        minimum=float(values.min()),
        maximum=float(values.max()),
        floor_share=None if bounds is None else float(tally.counts[values <= bounds[0]].sum() / n),
        ceiling_share=None if bounds is None else float(tally.counts[values >= bounds[1]].sum() / n),
        state=state,
        reason=reason,
    )


def _moment(tally: Tally, power: int) -> float:
    return float(tally.counts @ (tally.values - tally.mean) ** power) / len(tally)


def _skewness(tally: Tally) -> float:
    n = len(tally)
    return math.sqrt(n * (n - 1)) / (n - 2) * _moment(tally, 3) / math.sqrt(_moment(tally, 2)) ** 3


def _kurtosis(tally: Tally) -> float:
    n = len(tally)
    plain = _moment(tally, 4) / _moment(tally, 2) ** 2 - 3
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * plain + 6)
