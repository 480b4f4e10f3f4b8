"""From declared hypotheses to verdicts.

Each hypothesis is a claim with one or more declared tests. Every test yields an effect with an
interval, which is held against the smallest effect of interest (``analysis.minimum_effect``). A
hypothesis is

- *supported* when the effect of every test lies beyond its bound, after Holm's correction of the
  largest of its p-values over all confirmatory hypotheses (intersection-union within a hypothesis,
  Berger 1982; Holm 1979 between them);
- *contradicted* when the interval of some test lies beyond the bound in the opposite direction;
- *not supported* when the interval of some test lies wholly short of the bound: there is no effect
  that matters in the claimed direction;
- *cannot tell* otherwise, and always when a condition failed that some test stands on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.adjust import holm
from analysis.minimum_effect import MinimumEffect
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import no_estimate
from surveys.study import DeclaredTest, Hypothesis

Outcome = Literal["supported", "not_supported", "contradicted", "cannot_tell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a verdict is what it is: a word that reports put into sentences, and the test it is about.

    ``word`` is one of ``beyond``, ``short``, ``opposite``, ``straddles`` (where an interval lies),
    ``family`` (beyond the bound, but not after the correction), or a failed condition:
    ``no_data``, ``too_few``, ``unreliable``, or a result's own state.
    """

    word: str
    test: int  #: position among the hypothesis' tests
    details: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence(Tabular):
    """What one declared test found."""

    hypothesis: str
    position: int
    test: DeclaredTest
    measure: str
    method: str
    n: int
    estimate: float | None
    std_error: float | None
    interval: Interval | None
    judged: MinimumEffect | None  #: None when a condition failed
    failed: tuple[Reason, ...] = ()
    result: Tabular | None = None  #: the full result, with everything else that the method gives

    @property
    def about(self) -> dict[str, str]:
        """The variables by role."""
        return {role: "+".join(names) for role, names in self.test.variables.items()}

    def entries(self) -> tuple[Entry, ...]:
        judged = self.judged
        first = self.failed[0] if self.failed else None
        return (
            Entry(
                measure=self.measure,
                method=self.method,
                about=self.about,
                n=self.n,
                estimate=self.estimate,
                std_error=self.std_error,
                interval=self.interval,
                p_value=None if judged is None else judged.p_value,
                more={"smallest_effect": self.test.smallest_effect},
                state="ok" if first is None else first.word,
                reason="" if first is None else first.details,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the evidence says of one hypothesis."""

    hypothesis: Hypothesis
    outcome: Outcome
    because: tuple[Reason, ...]
    evidence: tuple[Evidence, ...]
    p_value: float | None  #: the largest of its tests
    p_adjusted: float | None  #: Holm's, over the confirmatory hypotheses of the study

    @property
    def id(self) -> str:
        return self.hypothesis.id


@no_estimate("arithmetic")
def judge(
    hypotheses: Sequence[Hypothesis],
    evidence: Mapping[str, Sequence[Evidence]],
    *,
    confidence_level: float = 0.95,
) -> tuple[Verdict, ...]:
    """Turn the evidence of a study into one verdict per hypothesis.

    Parameters
    ----------
    hypotheses : sequence of Hypothesis
        In the study's order. Those that are not confirmatory are judged without correction.
    evidence : mapping
        Hypothesis id -> its tests' evidence, in order.
    confidence_level : float
        ``1 - confidence_level`` is the family-wise error rate.

    Notes
    -----
    A hypothesis that could not be tested counts in the family with a p-value of 1, so that leaving
    data out never makes the others easier to support.
    """
    p_values = {h.id: _largest(evidence[h.id]) for h in hypotheses}
    family = [h.id for h in hypotheses if h.confirmatory]
    family_p = [1.0 if (p := p_values[id_]) is None else p for id_ in family]
    adjusted = dict(zip(family, holm(family_p), strict=True))
    verdicts = []
    for hypothesis in hypotheses:
        tests = tuple(evidence[hypothesis.id])
        p_value = p_values[hypothesis.id]
        p_adjusted = None if p_value is None else adjusted.get(hypothesis.id, p_value)
        outcome, because = _outcome(tests, p_adjusted, 1 - confidence_level)
        verdicts.append(
            Verdict(
                hypothesis=hypothesis,
                outcome=outcome,
                because=because,
                evidence=tests,
                p_value=p_value,
                p_adjusted=p_adjusted if hypothesis.confirmatory else None,
            )
        )
    return tuple(verdicts)


def _largest(tests: Sequence[Evidence]) -> float | None:
    p_values = [test.judged.p_value for test in tests if test.judged is not None]
    return max(p_values) if len(p_values) == len(tests) else None


def _outcome(
    tests: Sequence[Evidence], p_adjusted: float | None, level: float
) -> tuple[Outcome, tuple[Reason, ...]]:
    failed = tuple(reason for test in tests for reason in test.failed)
    if failed or p_adjusted is None:
        return "cannot_tell", failed
    zones = [Reason(word=test.judged.zone, test=test.position) for test in tests if test.judged is not None]
    for word, outcome in (("opposite", "contradicted"), ("short", "not_supported")):
        found = tuple(reason for reason in zones if reason.word == word)
        if found:
            return outcome, found  # type: ignore[return-value]
    straddling = tuple(reason for reason in zones if reason.word == "straddles")
    if straddling:
        return "cannot_tell", straddling
    if p_adjusted > level:
        return "cannot_tell", (Reason(word="family", test=0),)
    return "supported", tuple(zones)
