"""What made-up answers look like, one number a file each.

Every indicator is computed on a :class:`~surveys.forensics.sheet.Sheet`; large values are
suspicious. None means anything before it is held against honest populations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from surveys.forensics.mixture import SecondKind, careful, second_kind, within_disagreement
from surveys.forensics.sheet import Sheet, correlations

Array = npt.NDArray[np.float64]
Source = Literal["answers", "traces"]
MOST_COMPARED = 1500  #: respondents among whom nearest neighbours are looked for
LEAST_TIMED = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A sheet with what several indicators need."""

    sheet: Sheet
    answers: Array  #: complete, shape (n, k)
    kinds: SecondKind
    careful: npt.NDArray[np.bool_]  #: who neither repeats one code nor answers any, shape (n,)
    disagreement: Array  #: within constructs, shape (n,)
    nearest: (
        Array  #: agreement with the most similar other respondent, shape (n,); NaN for those not compared
    )


def look(sheet: Sheet) -> Looked:
    """Compute what indicators share."""
    ordinary = careful(sheet)
    nearest = np.full(sheet.n, np.nan)
    compared = np.flatnonzero(ordinary)[:MOST_COMPARED]
    nearest[compared] = nearest_agreement(sheet, compared)
    return Looked(
        sheet=sheet,
        answers=sheet.complete(),
        kinds=second_kind(sheet),
        careful=ordinary,
        disagreement=within_disagreement(sheet),
        nearest=nearest,
    )


def nearest_agreement(sheet: Sheet, rows: npt.NDArray[np.intp]) -> Array:
    """Share of items on which each respondent gives the code of the most similar other one.

    Among the rows given; shape (n_rows,). Computed from products of indicator matrices.
    """
    codes = np.rint(sheet.as_given()[rows] * sheet.steps)
    same = np.zeros((len(rows), len(rows)), dtype=np.float32)
    for code in range(int(sheet.steps.max()) + 1):
        holds = (codes == code).astype(np.float32)
        same += holds @ holds.T
    np.fill_diagonal(same, 0)
    answered = (~np.isnan(codes)).sum(axis=1)
    return np.asarray(same.max(axis=1) / np.maximum(answered, 1), dtype=float)


def exchangeable(looked: Looked) -> float | None:
    """Correlations of items within constructs are more alike than sampling makes them.

    Minus the variance of Fisher's z of the correlations within each construct, times n.
    """
    values = []
    for columns in looked.sheet.constructs(least=3):
        r = correlations(looked.answers[:, columns].T)[np.triu_indices(len(columns), 1)]
        values.append(np.arctanh(np.clip(r, -0.99, 0.99)).var(ddof=1))
    return -float(np.mean(values)) * looked.sheet.n if values else None


def white_residuals(looked: Looked) -> float | None:
    """What is left of items after their construct hangs together less than chance lets it.

    Minus n times the mean squared correlation between residuals of items of different constructs.
    """
    sheet, rest = looked.sheet, []
    for columns in sheet.constructs(least=2):
        part = looked.answers[:, columns]
        rest.append(part - part.mean(axis=1, keepdims=True))
    if len(rest) < 2:
        return None
    whole = np.hstack([part[:, :-1] for part in rest])
    group = np.concatenate([np.full(part.shape[1] - 1, i) for i, part in enumerate(rest)])
    whole = whole / np.where(whole.std(axis=0) > 0, whole.std(axis=0), 1)
    r = correlations(whole.T + 0.0)
    apart = group[:, None] != group[None, :]
    return -float((r[apart] ** 2).mean()) * sheet.n


def reversal(looked: Looked) -> float | None:
    """Reverse-worded items agree with the others as well as those do among themselves.

    The mean correlation across wordings minus that within a wording, after keying.
    """
    across, within = [], []
    for columns in looked.sheet.constructs(least=2):
        turned = looked.sheet.reversed_[columns]
        if not turned.any() or turned.all():
            continue
        r = correlations(looked.answers[:, columns].T)
        differ = turned[:, None] != turned[None, :]
        upper = np.triu(np.ones_like(r, dtype=bool), 1)
        across += list(r[differ & upper])
        within += list(r[~differ & upper])
    return float(np.mean(across) - np.mean(within)) if across and within else None


def steady(looked: Looked) -> float | None:
    """Answers are no more erratic at the end than at the start.

    Minus the logarithm of residual variance in the last third of items over that in the first.
    """
    residual = np.full(looked.answers.shape, np.nan)
    for columns in looked.sheet.constructs(least=2):
        part = looked.answers[:, columns] - looked.answers[:, columns].mean(axis=0)
        residual[:, columns] = part - part.mean(axis=1, keepdims=True)
    variance = residual[:, ~np.isnan(residual).all(axis=0)].var(axis=0)
    third = len(variance) // 3
    if third < 2 or not variance[:third].sum() or not variance[-third:].sum():
        return None
    return -float(np.log(variance[-third:].mean() / variance[:third].mean()))


def one_recipe(looked: Looked) -> float | None:
    """Some respondents are described better by one mean, one variance and two correlations."""
    return looked.kinds.gain


def twins(looked: Looked) -> float | None:
    """The tenth of respondents with the most similar other one: how similar they are."""
    known = np.sort(looked.nearest[~np.isnan(looked.nearest)])
    return float(known[-max(len(known) // 10, 1) :].mean())


def erratic(looked: Looked) -> float | None:
    """The fifth who contradict themselves most within constructs: by how much."""
    values = np.sort(looked.disagreement)
    return float(values[-max(len(values) // 5, 1) :].mean())


def too_coherent(looked: Looked) -> float | None:
    """The fifth who contradict themselves least within constructs: minus by how much."""
    values = np.sort(looked.disagreement[looked.careful])
    return -float(values[: max(len(values) // 5, 1)].mean())


def monotonous(looked: Looked) -> float | None:
    """The fifth whose answers vary least, as given: minus their standard deviation."""
    given = np.where(looked.sheet.reversed_, 1 - looked.answers, looked.answers)
    values = np.sort(given.std(axis=1))
    return -float(values[: max(len(values) // 5, 1)].mean())


def crowded_durations(looked: Looked) -> float | None:
    """More respondents took about the same time than one distribution of durations explains.

    The largest excess over a normal distribution of log seconds, with the file's median and
    quartiles, in windows a half wide, in Poisson standard deviations. Of careful respondents only.
    """
    if looked.sheet.seconds is None:
        return None
    from scipy.special import ndtr

    seconds = looked.sheet.seconds[looked.careful]
    logs = np.sort(np.log(np.clip(seconds[~np.isnan(seconds)], 1.0, None)))
    n = len(logs)
    if n < LEAST_TIMED:
        return None
    quarter, middle, three = np.quantile(logs, [0.25, 0.5, 0.75])
    scale = max((three - quarter) / 1.349, 0.15)
    lows = np.linspace(logs[0] - 0.25, logs[-1], 80)
    seen = np.searchsorted(logs, lows + 0.5) - np.searchsorted(logs, lows)
    meant = n * (ndtr((lows + 0.5 - middle) / scale) - ndtr((lows - middle) / scale))
    return float(((seen - meant) / np.sqrt(meant + 0.02 * n)).max())


def crowded_times(looked: Looked) -> float | None:
    """The most submissions in any hundredth of the fielding time, as a share."""
    times = looked.sheet.submitted
    if times is None:
        return None
    known = np.sort(times[~np.isnan(times)])
    span = known[-1] - known[0]
    if span <= 0:
        return None
    ends = np.searchsorted(known, known + span / 100, side="right")
    return float((ends - np.arange(len(known))).max() / len(known))


INDICATORS: Mapping[str, tuple[Source, Callable[[Looked], float | None]]] = {
    "one_recipe": ("answers", one_recipe),
    "twins": ("answers", twins),
    "erratic": ("answers", erratic),
    "too_coherent": ("answers", too_coherent),
    "monotonous": ("answers", monotonous),
    "exchangeable": ("answers", exchangeable),
    "white_residuals": ("answers", white_residuals),
    "reversal": ("answers", reversal),
    "steady": ("answers", steady),
    "crowded_durations": ("traces", crowded_durations),
    "crowded_times": ("traces", crowded_times),
}
