"""Each hypothesis twice: one customer one vote, and customers weighted by what they are worth."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from analysis.design.functionals import Inference, WeightingDifference
from analysis.inputs import Sample
from analysis.questions import Question, Settings
from analysis.results import Entry, Tabular
from analysis.weighted.tests import by_value
from analysis.weighting import step_of
from surveys.study import DeclaredTest, Study, TestKind

WEIGHTING = step_of("analysis.declared_tests.gather")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueEffect(Tabular):
    """One declared test by customers, by value, and the difference between the two."""

    hypothesis: str
    position: int
    test: DeclaredTest
    value: str  #: the item of the value
    measure: str
    found: WeightingDifference

    @property
    def beyond(self) -> bool | None:
        """Whether the interval by value lies beyond the smallest effect of interest; None without one."""
        interval, bound = self.found.second.interval, self.test.smallest_effect
        if interval is None:
            return None
        above, below = interval.low > bound, interval.high < -bound
        return {"positive": above, "negative": below, "any": above or below}[self.test.direction]

    def entries(self) -> tuple[Entry, ...]:
        """The effect by value, how much more it is than by customers (paired), and that by customers.

        The last is the one that the difference is taken from: of the method that follows weights, which need
        not give the number that the hypothesis is judged by.
        """
        valued, found = self.found.second, self.found
        about = {"by": self.value}
        return (
            self._one(valued, about, "every customer weighted by value"),
            Entry(
                measure="weight_difference",
                method="by value less by customers, the same respondents",
                about=about,
                n=valued.n,
                estimate=found.difference,
                std_error=found.std_error,
                df=() if found.df is None else (found.df,),
                interval=found.interval,
                state=found.state,
                reason=found.reason,
            ),
            self._one(found.first, {"by": "customers"}, "every customer counted by the design"),
        )

    def _one(self, found: Inference, about: dict[str, str], method: str) -> Entry:
        return Entry(
            measure=self.measure,
            method=method,
            about=about,
            n=found.n,
            estimate=found.estimate,
            std_error=found.std_error,
            df=(found.df,) if found.estimate is not None else (),
            interval=found.interval,
            more={"effective_n": found.effective_n},
            state=found.state,
            reason=found.reason,
        )


def value_effects(
    study: Study, samples: Mapping[str, Sample], settings: Settings, measures: Mapping[TestKind, str]
) -> Iterator[ValueEffect]:
    """The tests of every population that declares what its customers are worth, where answers say it.

    Parameters
    ----------
    measures : mapping of kind of test to its effect measure
    """
    for hypothesis in study.hypotheses:
        for position, test in enumerate(hypothesis.tests):
            sample = samples.get(test.population)
            if sample is None or sample.value is None:
                continue
            involved = test.variables.get("versus_population", ())
            other = samples.get(involved[0]) if involved else None
            if (involved and other is None) or not _answered(test, sample, other):
                continue
            named = f"{hypothesis.id}/{position}".encode()
            question = Question(
                test=test,
                population=study.populations[test.population],
                sample=sample,
                other=other,
                settings=settings,
                rng=np.random.default_rng([settings.seed, zlib.crc32(named)]),
            )
            yield ValueEffect(
                hypothesis=hypothesis.id,
                position=position,
                test=test,
                value=str(sample.value.name),
                measure=measures[test.kind],
                found=_told(by_value(question)),
            )


def _told(found: WeightingDifference) -> WeightingDifference:
    """What is kept: numbers, not functions, so that findings can travel between processes."""
    plain = (replace(one, tail=None, values=None, covariance=None) for one in (found.first, found.second))
    first, second = plain
    return replace(found, first=first, second=second)


def _answered(test: DeclaredTest, sample: Sample, other: Sample | None) -> bool:
    words = ("method", "reference", "versus_population", "item")
    return all(
        name in (other if role == "versus" and other is not None else sample).frame
        for role, names in test.variables.items()
        if role not in words
        for name in names
    )
