"""An estimate under a design as a result: value, error, interval, respondents, design effect."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import stdtrit
from scipy.stats import t as student

from analysis.design.design import Array
from analysis.design.linearization import Estimated
from analysis.design.spread import Spread
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import no_estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignEstimate(Tabular):
    """One number about the population."""

    measure: str
    method: str
    about: Mapping[str, str] = field(default_factory=dict)
    n: int  #: respondents of positive weight who answered
    estimate: float | None
    std_error: float | None = None
    df: float | None = None  #: sampled clusters less strata
    interval: Interval | None = None
    design_effect: float | None = None  #: variance against a simple random sample with replacement
    statistic: float | None = None  #: estimate over error, where zero is the question
    p_value: float | None = None
    state: str = "ok"
    reason: str = ""

    @property
    def effective_n(self) -> float | None:
        """Respondents of a simple random sample that would say as much."""
        return None if not self.design_effect else self.n / self.design_effect

    def entries(self) -> tuple[Entry, ...]:
        further = {"design_effect": self.design_effect, "effective_n": self.effective_n}
        return (
            Entry(
                measure=self.measure,
                method=self.method,
                about=self.about,
                n=self.n,
                estimate=self.estimate,
                std_error=self.std_error,
                statistic=self.statistic,
                df=() if self.df is None else (self.df,),
                p_value=self.p_value,
                interval=self.interval,
                more={name: value for name, value in further.items() if value is not None},
                state=self.state,
                reason=self.reason,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DesignEstimates(Tabular, Sequence[DesignEstimate]):
    """Several estimates of one sample and how they vary together."""

    estimates: tuple[DesignEstimate, ...]
    covariance: Array  #: (p, p)
    spread: Spread | None = None  #: of the sampled units, where errors are the jackknife's
    design_df: float | None = None  #: then, clusters less strata

    def __len__(self) -> int:
        return len(self.estimates)

    def __getitem__(self, index: int) -> DesignEstimate:  # type: ignore[override]
        return self.estimates[index]

    def __iter__(self) -> Iterator[DesignEstimate]:
        return iter(self.estimates)

    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for estimate in self.estimates for entry in estimate.entries())

    def contrast(
        self, coefficients: Sequence[float], *, name: str = "contrast", confidence_level: float = 0.95
    ) -> DesignEstimate:
        """A weighted sum of the estimates, as ``survey::svycontrast``; its test asks whether it is zero."""
        c: Array = np.asarray(coefficients, dtype=float)
        if c.shape != (len(self.estimates),):
            raise ValueError(f"{len(self.estimates)} estimates need as many coefficients, got {len(c)}")
        values = [estimate.estimate for estimate in self.estimates]
        n = min(estimate.n for estimate in self.estimates)
        missing = [e for e in self.estimates if e.estimate is None]
        if missing:
            return DesignEstimate(
                measure=name,
                method="Linear contrast",
                n=n,
                estimate=None,
                state=missing[0].state,
                reason=missing[0].reason,
            )
        df = min(estimate.df or 0.0 for estimate in self.estimates)
        if self.spread is not None and self.design_df is not None:
            df = min(self.design_df, self.spread.df(c))
        return inferred(
            measure=name,
            method="Linear contrast",
            about={},
            n=n,
            estimate=float(c @ np.array(values, dtype=float)),
            std_error=math.sqrt(max(0.0, float(c @ self.covariance @ c))),
            df=df,
            confidence_level=confidence_level,
        )


@no_estimate("arithmetic")
def t_interval(estimate: float, std_error: float, df: float, confidence_level: float) -> Interval:
    """Student's interval around an estimate; the normal one where ``df`` is infinite."""
    reach = t_quantile(df, confidence_level) * std_error
    return Interval(low=estimate - reach, high=estimate + reach, confidence_level=confidence_level)


@no_estimate("arithmetic")
def t_quantile(df: float, confidence_level: float) -> float:
    return (
        float(stdtrit(df, (1 + confidence_level) / 2))
        if math.isfinite(df)
        else float(student.ppf((1 + confidence_level) / 2, np.inf))
    )


@no_estimate("arithmetic")
def inferred(
    *,
    measure: str,
    method: str,
    about: Mapping[str, str],
    n: int,
    estimate: float,
    std_error: float,
    df: float,
    confidence_level: float,
    design_effect: float | None = None,
) -> DesignEstimate:
    """An estimate with Student's interval and the test against zero, or the reason why not."""
    state, reason = why_not(std_error, df)
    usable = state == "ok"
    statistic = estimate / std_error if usable else None
    return DesignEstimate(
        measure=measure,
        method=method,
        about=about,
        n=n,
        estimate=estimate,
        std_error=std_error if math.isfinite(std_error) else None,
        df=df,
        interval=t_interval(estimate, std_error, df, confidence_level) if usable else None,
        design_effect=design_effect,
        statistic=statistic,
        p_value=None if statistic is None else float(2 * student.sf(abs(statistic), df)),
        state=state,
        reason=reason,
    )


@no_estimate("arithmetic")
def why_not(std_error: float, df: float) -> tuple[str, str]:
    """State and reason of an estimate whose error cannot be relied on."""
    if df < 1:
        return "too_few", f"{df:g} degrees of freedom: too few clusters for the strata they come from"
    if not std_error > 0:
        return "constant", "the estimate has no variance under this design"
    return "ok", ""


@no_estimate("arithmetic")
def listed(
    result: Estimated,
    names: Sequence[Mapping[str, str]],
    *,
    measure: str,
    method: str,
    confidence_level: float,
    n: Sequence[int] | None = None,
    df: Sequence[float] | None = None,
    design_effects: Sequence[float | None] | None = None,
) -> DesignEstimates:
    """Estimates with their covariance as results, each with Student's interval."""
    out = []
    for i, about in enumerate(names):
        value, error = float(result.estimate[i]), float(result.std_error[i])
        own_n = result.n if n is None else n[i]
        own_df = result.df if df is None else df[i]
        if result.spread is not None:
            own_df = min(own_df, result.df_of(i))
        if own_n == 0 or not math.isfinite(value):
            out.append(nobody(measure=measure, method=method, about=about))
            continue
        state, reason = why_not(error, own_df)
        out.append(
            DesignEstimate(
                measure=measure,
                method=method,
                about=about,
                n=own_n,
                estimate=value,
                std_error=error,
                df=own_df,
                interval=t_interval(value, error, own_df, confidence_level) if state == "ok" else None,
                design_effect=None if design_effects is None else design_effects[i],
                state=state,
                reason=reason,
            )
        )
    return DesignEstimates(
        estimates=tuple(out),
        covariance=result.covariance,
        spread=result.spread,
        design_df=None if result.spread is None else result.df,
    )


@no_estimate("arithmetic")
def nobody(*, measure: str, method: str, about: Mapping[str, str]) -> DesignEstimate:
    return DesignEstimate(
        measure=measure,
        method=method,
        about=about,
        n=0,
        estimate=None,
        state="too_few",
        reason="no respondent of positive weight answered",
    )
