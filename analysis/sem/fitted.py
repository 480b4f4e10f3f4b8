"""A fitted model: its parameters, its tests, and why it may not be relied on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from analysis.results import Entry, Interval, Tabular
from analysis.sem.admissibility import Caution, Problem
from analysis.sem.errors import ModelError
from analysis.sem.estimates import Solution
from analysis.sem.estimators import ESTIMATORS, Estimator
from analysis.sem.indices import FitIndices
from analysis.sem.matrices import fixed_value
from analysis.sem.moments import Moments
from analysis.sem.parameters import Parameter, ParameterTable
from analysis.sem.quality import Quality
from analysis.sem.test_statistics import TestOfFit
from analysis.sem.uncertainty import Uncertainty


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One parameter, estimated; what is fixed has no standard error."""

    parameter: Parameter
    group: str
    estimate: float
    std_error: float | None

    @property
    def name(self) -> str:
        return self.parameter.name

    @property
    def statistic(self) -> float | None:
        """z."""
        return self.estimate / self.std_error if self.std_error else None

    @property
    def p_value(self) -> float | None:
        z = self.statistic
        return None if z is None else 2 * float(ndtr(-abs(z)))

    def confidence_interval(self, confidence_level: float = 0.95) -> Interval | None:
        """The normal interval."""
        if self.std_error is None:
            return None
        reach = float(ndtri((1 + confidence_level) / 2)) * self.std_error
        return Interval(
            low=self.estimate - reach, high=self.estimate + reach, confidence_level=confidence_level
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit(Tabular):
    """A fitted model, or why there is none.

    Unless ``state`` is ``"ok"``, tests and indices are None. Estimates remain only where the search
    converged and the parameters are identified: they then show what is inadmissible. ``cautions`` do not
    change the state; they say what to read before its errors and tests are relied on.
    """

    table: ParameterTable
    moments: Moments
    estimator: Estimator
    solution: Solution | None
    uncertainty: Uncertainty | None
    quality: Quality | None
    problems: tuple[Problem, ...]
    n_parameters: int  #: free parameters, less equalities
    df: int
    cautions: tuple[Caution, ...] = ()

    @property
    def state(self) -> str:
        """``"ok"``, or the kind of the first problem."""
        return self.problems[0].kind if self.problems else "ok"

    @property
    def reason(self) -> str:
        """What is wrong, in words."""
        return "; ".join(problem.reason for problem in self.problems)

    @property
    def caution(self) -> str:
        """What to read first, in words; empty when there is nothing."""
        return "; ".join(caution.reason for caution in self.cautions)

    @property
    def n(self) -> int:
        """Respondents used."""
        return self.moments.n

    @property
    def groups(self) -> tuple[str, ...]:
        return self.table.groups

    @property
    def test(self) -> TestOfFit | None:
        return None if self.quality is None else self.quality.test

    @property
    def baseline(self) -> TestOfFit | None:
        """The test of independence."""
        return None if self.quality is None else self.quality.baseline

    @property
    def indices(self) -> FitIndices | None:
        return None if self.quality is None else self.quality.indices

    def values(self) -> tuple[float, ...]:
        """Each parameter of the table at its estimate or fixed value."""
        solution = self._estimated()
        place = {name: i for i, name in enumerate((*self.table.observed, *self.table.latent))}
        values = []
        for p in self.table.parameters:
            if p.free is not None:
                values.append(float(solution.parameters[p.free]))
            else:
                group = self.moments.groups[p.group]
                values.append(fixed_value(p, place, group.means, group.covariance))
        return tuple(values)

    def estimates(self) -> tuple[Estimate, ...]:
        """Every parameter of every group; empty when there is nothing to show."""
        if self.solution is None or self.uncertainty is None:
            return ()
        variances = np.diag(self.uncertainty.covariance)
        found = []
        for p, value in zip(self.table.parameters, self.values(), strict=True):
            error = None if p.free is None else math.sqrt(max(float(variances[p.free]), 0.0))
            group = self.table.groups[p.group]
            found.append(Estimate(parameter=p, group=group, estimate=value, std_error=error or None))
        return tuple(found)

    def estimate(self, name: str, group: str | None = None) -> Estimate:
        """One parameter by name, as it is written in a model: ``fit.estimate("visual =~ x2")``."""
        wanted = _squeezed(name)
        for found in self.estimates():
            if _squeezed(found.name) == wanted and group in (None, found.group):
                return found
        raise KeyError(f"No estimate of {name!r}" + (f" in {group!r}" if group else "") + f" ({self.state}).")

    def _estimated(self) -> Solution:
        if self.solution is None:
            raise ModelError(f"There are no estimates: {self.reason}.")
        return self.solution

    def entries(self) -> tuple[Entry, ...]:
        """The test of fit and the indices, then every estimate."""
        return (*self._fit_entries(), *(self._estimate_entry(found) for found in self.estimates()))

    def _state(self) -> tuple[str, str]:
        return (self.problems[0].entry_state, self.reason) if self.problems else ("ok", self.caution)

    def _fit_entries(self) -> tuple[Entry, ...]:
        state, reason = self._state()
        method = ESTIMATORS[self.estimator].described
        test, indices = self.test, self.indices
        if test is None or indices is None:
            return (Entry(measure="chi_square", method=method, n=self.n, state=state, reason=reason),)
        scaled = test.scaled is not None
        chi_square = Entry(
            measure="chi_square",
            method=f"{method}, {test.scaling} scaled" if scaled else method,
            n=self.n,
            estimate=test.scaled if scaled else test.statistic,
            statistic=test.scaled if scaled else test.statistic,
            df=(float(test.df),),
            p_value=test.scaled_p_value if scaled else test.p_value,
            more={} if test.scaling_factor is None else {"scaling_factor": test.scaling_factor},
            reason=reason,
        )
        shown = indices.reported
        entries = [chi_square]
        for measure, value in (("cfi", shown.cfi), ("tli", shown.tli), ("srmr", indices.srmr)):
            if value is not None:
                entries.append(Entry(measure=measure, method=method, n=self.n, estimate=value))
        if shown.rmsea is not None:
            entries.append(
                Entry(
                    measure="rmsea",
                    method=method,
                    n=self.n,
                    estimate=shown.rmsea.estimate,
                    interval=shown.rmsea.interval,
                    more={"close_fit_p_value": shown.rmsea.close_fit_p_value},
                )
            )
        return tuple(entries)

    def _estimate_entry(self, found: Estimate) -> Entry:
        state, reason = self._state()
        about = {"parameter": found.name}
        if len(self.groups) > 1:
            about["group"] = found.group
        return Entry(
            measure="parameter",
            method=ESTIMATORS[self.estimator].described,
            about=about,
            n=self.n,
            estimate=found.estimate,
            std_error=found.std_error,
            statistic=found.statistic,
            p_value=found.p_value,
            interval=found.confidence_interval(),
            state=state,
            reason=reason,
        )


def _squeezed(text: str) -> str:
    bare = "".join(text.split())
    return "~~".join(sorted(bare.split("~~"))) if "~~" in bare else bare
