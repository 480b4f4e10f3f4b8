"""Estimates of single waves and tests between them, each wave a simple random sample of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc
from scipy.stats import norm
from scipy.stats import t as student
from statsmodels.stats.oneway import anova_oneway

from analysis.results import Interval
from analysis.weighting import step_of
from analysis.wilson import wilson_interval

WEIGHTING = step_of("analysis.waves.trends.mean_trend", "analysis.waves.trends.share_trend")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverallTest:
    """Whether all waves are alike."""

    method: str
    statistic: float | None = None
    df: tuple[float, ...] = ()
    p_value: float | None = None
    state: str = "ok"
    reason: str = ""


def mean_of_wave(a: Array, level: float) -> dict[str, Any]:
    if len(a) == 0:
        return {"n": 0, "state": "too_few", "reason": "nobody answered in this wave"}
    mean = float(a.mean())
    if len(a) < 2:
        return {"n": 1, "estimate": mean, "state": "too_few", "reason": "1 respondent: no standard error"}
    error = float(a.std(ddof=1)) / math.sqrt(len(a))
    if error == 0:
        return {"n": len(a), "estimate": mean, "state": "constant", "reason": "all answers are the same"}
    reach = float(student.isf((1 - level) / 2, len(a) - 1)) * error
    interval = Interval(low=mean - reach, high=mean + reach, confidence_level=level)
    return {"n": len(a), "estimate": mean, "std_error": error, "interval": interval}


def welch_change(a: Array, b: Array, level: float) -> dict[str, Any]:
    if min(len(a), len(b)) < 2:
        return {"state": "too_few", "reason": f"{len(a)} and {len(b)} respondents; 2 in each wave are needed"}
    change, parts = float(b.mean() - a.mean()), [float(x.var(ddof=1)) / len(x) for x in (a, b)]
    error = math.sqrt(sum(parts))
    if error == 0:
        return {"estimate": change, "state": "constant", "reason": "in each wave all answers are the same"}
    df = sum(parts) ** 2 / sum(v**2 / (len(x) - 1) for v, x in zip(parts, (a, b), strict=True))
    reach = float(student.isf((1 - level) / 2, df)) * error
    return {
        "estimate": change,
        "std_error": error,
        "statistic": change / error,
        "df": df,
        "p_value": float(2 * student.sf(abs(change / error), df)),
        "interval": Interval(low=change - reach, high=change + reach, confidence_level=level),
    }


def welch_anova(own: Sequence[Array]) -> OverallTest:
    method = "Welch's analysis of variance"
    if any(len(a) < 2 for a in own):
        return OverallTest(method=method, state="too_few", reason="a wave has fewer than 2 respondents")
    if any(np.ptp(a) == 0 for a in own):
        return OverallTest(method=method, state="constant", reason="in a wave all answers are the same")
    test = anova_oneway(list(own), use_var="unequal", welch_correction=True)
    df = (float(test.df_num), float(test.df_denom))
    return OverallTest(method=method, statistic=float(test.statistic), df=df, p_value=float(test.pvalue))


def share_of_wave(a: Array, level: float) -> dict[str, Any]:
    if len(a) == 0:
        return {"n": 0, "state": "too_few", "reason": "nobody answered in this wave"}
    p = float(a.mean())
    error = math.sqrt(p * (1 - p) / len(a))
    return {
        "n": len(a),
        "estimate": p,
        "std_error": error,
        "interval": wilson_interval(float(a.sum()), len(a), confidence_level=level),
    }


def share_change(a: Array, b: Array, level: float) -> dict[str, Any]:
    if min(len(a), len(b)) < 1:
        return {"state": "too_few", "reason": "nobody answered in one of the waves"}
    p, q, pooled = float(a.mean()), float(b.mean()), float(np.concatenate([a, b]).mean())
    first, second = (wilson_interval(float(x.sum()), len(x), confidence_level=level) for x in (a, b))
    interval = Interval(
        low=q - p - math.hypot(q - second.low, first.high - p),
        high=q - p + math.hypot(second.high - q, p - first.low),
        confidence_level=level,
    )
    error = math.sqrt(p * (1 - p) / len(a) + q * (1 - q) / len(b))
    shared = {"estimate": q - p, "std_error": error, "interval": interval}
    if pooled in (0.0, 1.0):
        return shared | {"state": "constant", "reason": "all respondents of both waves answered alike"}
    z = (q - p) / math.sqrt(pooled * (1 - pooled) * (1 / len(a) + 1 / len(b)))
    return shared | {"statistic": z, "df": math.inf, "p_value": float(2 * norm.sf(abs(z)))}


def homogeneity(own: Sequence[Array]) -> OverallTest:
    method = "Pearson's chi-square of homogeneity"
    sizes, hits = np.array([len(a) for a in own]), np.array([a.sum() for a in own])
    if (sizes == 0).any():
        return OverallTest(method=method, state="too_few", reason="nobody answered in one of the waves")
    pooled = float(hits.sum() / sizes.sum())
    if pooled in (0.0, 1.0):
        return OverallTest(method=method, state="constant", reason="all respondents answered alike")
    statistic = float(((hits - sizes * pooled) ** 2 / (sizes * pooled * (1 - pooled))).sum())
    df = float(len(own) - 1)
    return OverallTest(method=method, statistic=statistic, df=(df,), p_value=float(chdtrc(df, statistic)))
