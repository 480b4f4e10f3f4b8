"""Do coders of open answers agree beyond chance?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student

from analysis.counted_rows import Counts, written_out
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]

#: What a difference between codes counts: any alike; by the codes between them; by their squared distance.
Level = Literal["nominal", "ordinal", "interval"]

BATCH_CELLS = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CodingAgreement(Tabular):
    """Agreement beyond chance of two or more coders."""

    coefficient: str  #: ``cohen_kappa``, ``fleiss_kappa``, ``krippendorff_alpha``
    method: str
    variable: str
    coders: tuple[str, ...]
    n: int  #: answers coded by at least two coders
    n_left_out: int  #: answers coded by fewer
    observed: float | None = None  #: agreement
    expected: float | None = None  #: agreement by chance
    estimate: float | None = None
    std_error: float | None = None
    interval: Interval | None = None
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        more = {"coders": len(self.coders), "left_out": self.n_left_out}
        chance = {"observed": self.observed, "expected": self.expected}
        return (
            Entry(
                measure=self.coefficient,
                method=self.method,
                about={"variable": self.variable},
                n=self.n,
                estimate=self.estimate,
                std_error=self.std_error,
                interval=self.interval,
                more=more | {name: value for name, value in chance.items() if value is not None},
                state=self.state,
                reason=self.reason,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeAgreements(Tabular):
    """Agreement on each code of a frame in which an answer may have several."""

    agreements: tuple[CodingAgreement, ...]

    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for agreement in self.agreements for entry in agreement.entries())


@refuses_weights("coders and the answers given to them are no sample of a population", counts="rows")
def cohen_kappa(
    first: pd.Series,
    second: pd.Series,
    *,
    variable: str = "codes",
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> CodingAgreement:
    """Cohen's kappa of two coders, error of Fleiss, Cohen & Everitt [1]_, as ``psych::cohen.kappa``.

    For codes with an order see :func:`analysis.agreement.weighted_kappa`.

    Parameters
    ----------
    first, second : Series, shape (n_answers,)
        Codes of any type. Answers without one of the two are left out.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Returns
    -------
    CodingAgreement
        ``state`` is ``too_few`` with fewer than 2 answers, ``constant`` when both gave one code to all, or
        agree in all: the estimate of 1 then has no error.

    References
    ----------
    .. [1] Fleiss, J. L., Cohen, J., & Everitt, B. S. (1969). Large sample standard errors of kappa and
       weighted kappa. Psychological Bulletin, 72, 323-327.

    Examples
    --------
    >>> a = pd.Series(["fee", "fee", "app", "app", "app", "fee"], name="a")
    >>> b = pd.Series(["fee", "app", "app", "app", "app", "fee"], name="b")
    >>> found = cohen_kappa(a, b)
    >>> round(found.estimate, 4), round(found.std_error, 4)
    (0.6667, 0.2869)
    """
    first, second = written_out(first, counts), written_out(second, counts)
    if not first.index.equals(second.index):
        raise ValueError("the two coders' codes have different indexes; take both from one frame")
    whole = (first.notna() & second.notna()).to_numpy()
    codes, labels = pd.factorize(pd.concat([first[whole], second[whole]], ignore_index=True))
    k, n = len(labels), int(whole.sum())
    shared: dict[str, Any] = {
        "coefficient": "cohen_kappa",
        "method": "Cohen's kappa, error of Fleiss, Cohen and Everitt",
        "variable": variable,
        "coders": (str(first.name), str(second.name)),
        "n": n,
        "n_left_out": len(first) - n,
    }
    if n < 2:
        return CodingAgreement(**shared, state="too_few", reason=f"{n} answers were coded by both")
    p = np.bincount(codes[:n] * k + codes[n:], minlength=k * k).reshape(k, k) / n
    row, column = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float(np.trace(p)), float(row @ column)
    shared |= {"observed": observed, "expected": expected}
    if expected >= 1 - 1e-12:
        return CodingAgreement(**shared, state="constant", reason="both gave the same code to all answers")
    kappa = (observed - expected) / (1 - expected)
    hit = np.eye(k) - (column[:, None] + row[None, :]) * (1 - kappa)
    spread = float((p * hit**2).sum()) - (kappa - expected * (1 - kappa)) ** 2
    error = math.sqrt(max(spread, 0.0) / n) / (1 - expected)
    if observed >= 1 - 1e-12:
        return CodingAgreement(**shared, estimate=kappa, **_PERFECT)
    reach = float(norm.isf((1 - confidence_level) / 2)) * error
    interval = Interval(low=kappa - reach, high=kappa + reach, confidence_level=confidence_level)
    return CodingAgreement(**shared, estimate=kappa, std_error=error, interval=interval)


@refuses_weights("coders and the answers given to them are no sample of a population", counts="rows")
def fleiss_kappa(
    codes: pd.DataFrame,
    *,
    variable: str = "codes",
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> CodingAgreement:
    """Fleiss' kappa of several coders [1]_; answers may lack some of them [2]_.

    ``(p - e) / (1 - e)`` with p the share of agreeing pairs of coders, averaged over the answers that two or
    more coded, and e the sum of the squared shares of the codes, averaged over all answers; without missing
    codes this is Fleiss' formula. The error is Gwet's linearisation over answers: it holds for other answers
    by the same coders, whatever kappa is, unlike the older one that supposes no agreement at all. The
    interval is Student's for ``log(1 - kappa)``, on the number of answers less 1: with 30 answers and high
    agreement it covers 94-96 % in simulations, where one around kappa itself covers 92-95 %.

    Parameters
    ----------
    codes : DataFrame, shape (n_answers, n_coders)
        One column a coder; None or NaN where a coder did not code the answer.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Returns
    -------
    CodingAgreement
        With the states of :func:`cohen_kappa`.

    References
    ----------
    .. [1] Fleiss, J. L. (1971). Measuring nominal scale agreement among many raters. Psychological Bulletin,
       76, 378-382.
    .. [2] Gwet, K. L. (2021). Large-sample variance of Fleiss generalized kappa. Educational and
       Psychological Measurement, 81, 781-790.

    Examples
    --------
    >>> codes = pd.DataFrame({"a": [1, 1, 2, 2, 2, 1], "b": [1, 2, 2, 2, 2, 1], "c": [1, 1, 2, 2, 1, 1]})
    >>> round(fleiss_kappa(codes).estimate, 4)
    0.5556
    """
    codes = written_out(codes, counts)
    given, _ = _counts(codes)
    coded = given.sum(axis=1)
    given, coded = given[coded > 0], coded[coded > 0]
    pairs = coded > 1
    shared = _shared(
        "fleiss_kappa", "Fleiss' kappa, Gwet's error over answers", codes, variable, int(pairs.sum())
    )
    if pairs.sum() < 2:
        return CodingAgreement(**shared, state="too_few", reason=f"{pairs.sum()} answers have two coders")
    agree = np.zeros(len(coded))
    m = coded[pairs]
    agree[pairs] = (given[pairs] ** 2 - given[pairs]).sum(axis=1) / (m * (m - 1))
    shares = given / coded[:, None]
    popular = shares.mean(axis=0)
    observed, expected = float(agree[pairs].mean()), float(popular @ popular)
    shared |= {"observed": observed, "expected": expected}
    if expected >= 1 - 1e-12:
        return CodingAgreement(
            **shared, state="constant", reason="all coders gave the same code to all answers"
        )
    kappa = (observed - expected) / (1 - expected)
    if observed >= 1 - 1e-12:
        return CodingAgreement(**shared, estimate=1.0, **_PERFECT)
    n = len(coded)
    # An answer with one coder brings no pair, but it is among those that say how popular a code is.
    own = np.where(pairs, n / pairs.sum() * (agree - expected) / (1 - expected), 0.0)
    moved = own - 2 * (1 - kappa) * (shares @ popular - expected) / (1 - expected)
    error = math.sqrt(float(((moved - kappa) ** 2).sum()) / (n * (n - 1)))
    return CodingAgreement(
        **shared, estimate=kappa, std_error=error, interval=_interval(kappa, error, n - 1, confidence_level)
    )


@refuses_weights("coders and the answers given to them are no sample of a population", counts="rows")
def krippendorff_alpha(
    codes: pd.DataFrame,
    *,
    level: Level = "nominal",
    variable: str = "codes",
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> CodingAgreement:
    """Krippendorff's alpha of two or more coders, missing codes allowed [1]_.

    ``1 - D_o / D_e``: disagreement observed within answers over that among all codes put together, each
    difference weighed by its square at the chosen level (*ordinal*: codes given between the two, half of the
    ends included). The error is the jackknife's over answers, and the interval Student's for
    ``log(1 - alpha)``, on the number of answers less 1: with 30 answers and alpha of 0.8 it covers 91-96 % in
    simulations, where one around alpha itself covers 85-92 %.

    Parameters
    ----------
    codes : DataFrame, shape (n_answers, n_coders)
        One column a coder; None or NaN where a coder did not code the answer. Numbers unless nominal.
    level : {"nominal", "ordinal", "interval"}
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Returns
    -------
    CodingAgreement
        ``observed`` and ``expected`` are None unless nominal. With the states of :func:`cohen_kappa`.

    References
    ----------
    .. [1] Krippendorff, K. (2019). Content analysis: An introduction to its methodology (4th ed., chapter
       12). Sage.

    Examples
    --------
    >>> codes = pd.DataFrame({"a": [1, 1, 2, 2, 2, 1], "b": [1, 2, 2, 2, 2, 1], "c": [1, 1, 2, None, 1, 1]})
    >>> round(krippendorff_alpha(codes).estimate, 4)
    0.5556
    """
    codes = written_out(codes, counts)
    given, labels = _counts(codes)
    if level != "nominal" and not all(isinstance(label, int | float | np.number) for label in labels):
        raise TypeError(f"{variable}: codes are text; {level} agreement needs numbers, so code them first")
    given = given[given.sum(axis=1) > 1]
    n = len(given)
    method = f"Krippendorff's alpha, {level}, jackknife over answers"
    shared = _shared("krippendorff_alpha", method, codes, variable, n)
    if n < 2:
        return CodingAgreement(**shared, state="too_few", reason=f"{n} answers have two coders")
    values = np.array([float(label) if level == "interval" else 0.0 for label in labels])
    each = _coincidences(given)
    totals, together = given.sum(axis=0), each.sum(axis=0)
    if (totals > 0).sum() < 2:
        return CodingAgreement(
            **shared, state="constant", reason="all coders gave the same code to all answers"
        )
    observed, expected = _disagreements(totals[None], together[None], level, values)
    alpha = float(1 - observed[0] / expected[0])
    if level == "nominal":
        shared |= {"observed": 1 - float(observed[0]), "expected": 1 - float(expected[0])}
    if observed[0] <= 1e-15:
        return CodingAgreement(**shared, estimate=1.0, **_PERFECT)
    left_out = _left_out(given, each, totals, together, level, values)
    usable = left_out[np.isfinite(left_out)]
    if len(usable) < n:
        reason = "without one answer all codes are the same: there is too little variety for an error"
        return CodingAgreement(**shared, estimate=alpha, state="too_few", reason=reason)
    error = math.sqrt((n - 1) / n * float(((left_out - left_out.mean()) ** 2).sum()))
    return CodingAgreement(
        **shared, estimate=alpha, std_error=error, interval=_interval(alpha, error, n - 1, confidence_level)
    )


@refuses_weights("coders and the answers given to them are no sample of a population", counts="rows")
def agreement_by_code(
    marks: Mapping[str, pd.DataFrame], *, counts: Counts | None = None, confidence_level: float = 0.95
) -> CodeAgreements:
    """Krippendorff's alpha of each code, given or not, where an answer may have several.

    Parameters
    ----------
    marks : mapping of code to DataFrame, shape (n_answers, n_coders)
        1 where the coder gave the code, 0 where not, NaN where the coder did not code the answer; as
        :meth:`surveys.coding_frame.Codings.marks` gives them.
    counts : array-like, shape (n_answers,), optional
        Answers that a row stands for; rows are written out.

    Examples
    --------
    >>> marks = {"fee": pd.DataFrame({"a": [1, 0, 1, 0, 1], "b": [1, 0, 1, 0, 0]})}
    >>> [(a.variable, round(a.estimate, 4)) for a in agreement_by_code(marks).agreements]
    [('fee', 0.64)]
    """
    return CodeAgreements(
        agreements=tuple(
            krippendorff_alpha(frame, variable=code, counts=counts, confidence_level=confidence_level)
            for code, frame in marks.items()
        )
    )


_PERFECT: Mapping[str, Any] = {
    "state": "constant",
    "reason": "the coders agree in every answer: nothing tells how far this could be from the truth",
}


def _shared(coefficient: str, method: str, codes: pd.DataFrame, variable: str, n: int) -> dict[str, Any]:
    return {
        "coefficient": coefficient,
        "method": method,
        "variable": variable,
        "coders": tuple(str(name) for name in codes.columns),
        "n": n,
        "n_left_out": len(codes) - n,
    }


def _counts(codes: pd.DataFrame) -> tuple[Array, Sequence[Any]]:
    """How many coders gave each answer each code, (n_answers, n_codes), codes in their order."""
    if codes.shape[1] < 2:
        raise ValueError(f"agreement needs the codes of 2 coders, one a column; got {codes.shape[1]}")
    columns = [codes.iloc[:, coder] for coder in range(codes.shape[1])]
    given = pd.concat([column.astype(object) for column in columns], ignore_index=True)
    known = given.notna().to_numpy()
    labels = sorted(set(given[known]), key=lambda v: (isinstance(v, str), v))
    place = {label: i for i, label in enumerate(labels)}
    rows = np.tile(np.arange(len(codes)), codes.shape[1])[known]
    at = rows * len(labels) + given[known].map(place).to_numpy(dtype=int)
    counted = np.bincount(at, minlength=len(codes) * len(labels)).reshape(len(codes), -1)
    return counted.astype(float), labels


def _interval(estimate: float, error: float, df: int, level: float) -> Interval:
    """Student's interval of the log of the disagreement ``1 - estimate``, which keeps it below 1."""
    reach = float(student.isf((1 - level) / 2, df)) * error / (1 - estimate)
    low, high = (1 - (1 - estimate) * math.exp(side * reach) for side in (1, -1))
    return Interval(low=low, high=high, confidence_level=level)


def _coincidences(counts: Array) -> Array:
    """Pairs of codes within each answer, each answer weighing as many as it has codes."""
    pairs = counts[:, :, None] * counts[:, None, :]
    k = counts.shape[1]
    pairs[:, np.arange(k), np.arange(k)] -= counts
    return np.asarray(pairs / (counts.sum(axis=1) - 1)[:, None, None])


def _disagreements(totals: Array, together: Array, level: Level, values: Array) -> tuple[Array, Array]:
    """Observed and expected disagreement of several samples: totals (b, k), coincidences (b, k, k)."""
    if level == "nominal":
        squared = np.broadcast_to(1 - np.eye(totals.shape[1]), together.shape)
    elif level == "interval":
        squared = np.broadcast_to((values[:, None] - values[None, :]) ** 2, together.shape)
    else:
        middle = np.cumsum(totals, axis=1) - totals / 2  # rank of a code in the middle of its ties
        squared = (middle[:, :, None] - middle[:, None, :]) ** 2
    n = totals.sum(axis=1)
    expected = np.einsum("bi,bij,bj->b", totals, squared, totals) / (n * (n - 1))
    return np.einsum("bij,bij->b", together, squared) / n, expected


def _left_out(
    counts: Array, each: Array, totals: Array, together: Array, level: Level, values: Array
) -> Array:
    """Alpha without each answer in turn."""
    size = max(1, BATCH_CELLS // each[0].size)
    found = []
    for start in range(0, len(counts), size):
        rows = slice(start, start + size)
        observed, expected = _disagreements(totals - counts[rows], together - each[rows], level, values)
        with np.errstate(invalid="ignore", divide="ignore"):
            found.append(np.where(expected > 1e-15, 1 - observed / expected, np.nan))
    return np.concatenate(found)
