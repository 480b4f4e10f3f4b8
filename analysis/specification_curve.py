"""One declared test under all the ways in which it could have been analysed.

``analysis.specifications`` carries them out; this is what they are and what can be counted of them.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from analysis.minimum_effect import Zone
from analysis.results import Entry, Interval, Tabular
from surveys.study import DeclaredTest, Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """One way to carry out a test, and what comes of it.

    ``choices`` holds the word of each choice: ``screening`` is ``all_rules``, ``no_rules`` or
    ``without_RULE``; ``statistic`` is the effect measure; ``scores`` is ``answered``, ``complete`` or, where
    a model reads no scores, ``items``; ``controls`` is ``declared`` or ``none``; ``clusters`` is ``counted``,
    ``ignored`` or ``random_intercept``, ``weights`` ``used`` or ``ignored``.

    ``state`` is that of the result, ``too_few`` below the respondents that a verdict needs, or
    ``not_available`` when the statistic has no such version. ``singular`` is that of a random intercept whose
    variance is estimated as nought; the estimate stands.
    """

    choices: Mapping[str, str]
    declared: bool  #: whether this is the analysis that the verdict rests on
    method: str
    n: int
    estimate: float | None = None  #: in the unit of the declared test's effect
    interval: Interval | None = None
    own_estimate: float | None = None  #: in the unit of ``choices["statistic"]``
    zone: Zone | None = None
    p_value: float | None = None  #: of the minimum-effect test, without correction for other hypotheses
    state: str = "ok"
    reason: str = ""

    @property
    def holds(self) -> bool:
        """Whether the whole interval lies beyond the smallest effect of interest."""
        return self.zone == "beyond"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecificationCurve(Tabular):
    """One declared test under all its specifications, the declared one first."""

    hypothesis: str
    position: int
    test: DeclaredTest
    measure: str  #: of the declared test, the unit of all estimates
    specifications: tuple[Specification, ...]

    @property
    def bound(self) -> float:
        return self.test.smallest_effect

    @property
    def direction(self) -> Direction:
        return self.test.direction

    @property
    def declared(self) -> Specification:
        """The analysis that the study declares."""
        return self.specifications[0]

    @property
    def run(self) -> tuple[Specification, ...]:
        """Those that gave an estimate with an interval, by estimate from low to high."""
        done = [spec for spec in self.specifications if spec.zone is not None]
        return tuple(sorted(done, key=lambda spec: spec.estimate or 0.0))

    @property
    def not_run(self) -> tuple[Specification, ...]:
        return tuple(spec for spec in self.specifications if spec.zone is None)

    @property
    def n_hold(self) -> int:
        """In how many analyses the whole interval lies beyond the bound."""
        return sum(spec.holds for spec in self.run)

    @property
    def zones(self) -> Mapping[Zone, int]:
        """How many intervals lie where with respect to the bound."""
        return dict(Counter(spec.zone for spec in self.run if spec.zone is not None))

    @property
    def unanimous(self) -> bool:
        """Whether all analyses that could be run place the effect alike."""
        return len(self.zones) <= 1

    @property
    def range(self) -> tuple[float, float] | None:
        """Lowest and highest estimate, in the unit of the declared test."""
        estimates = [spec.estimate for spec in self.run if spec.estimate is not None]
        return (estimates[0], estimates[-1]) if estimates else None

    @property
    def median(self) -> float | None:
        estimates = [spec.estimate for spec in self.run if spec.estimate is not None]
        return statistics.median(estimates) if estimates else None

    def options(self) -> Mapping[str, tuple[str, ...]]:
        """Dimensions in which the specifications differ -> their choices, the declared one first."""
        met = {
            dimension: tuple(dict.fromkeys(spec.choices[dimension] for spec in self.specifications))
            for dimension in self.declared.choices
        }
        return {dimension: choices for dimension, choices in met.items() if len(choices) > 1}

    def by_choice(self) -> Mapping[tuple[str, str], tuple[int, int]]:
        """For every choice, in how many of its analyses the effect holds, and how many there are."""
        counts = {}
        for dimension, choices in self.options().items():
            for choice in choices:
                made = [spec for spec in self.run if spec.choices[dimension] == choice]
                counts[dimension, choice] = (sum(spec.holds for spec in made), len(made))
        return counts

    def entries(self) -> tuple[Entry, ...]:
        """The share of analyses in which the effect holds, then every analysis."""
        about = {"hypothesis": self.hypothesis, "test": str(self.position + 1)}
        more: dict[str, float] = {
            "analyses": len(self.run),
            "holding": self.n_hold,
            "not_run": len(self.not_run),
            "smallest_effect": self.bound,
        }
        if self.range is not None and self.median is not None:
            more |= {"lowest": self.range[0], "median": self.median, "highest": self.range[1]}
        summary = Entry(
            measure="share_of_specifications_holding",
            method="specification curve, minimum-effect test in each analysis",
            about=about,
            n=self.declared.n,
            estimate=self.n_hold / len(self.run) if self.run else None,
            more=more,
            state="ok" if self.run else self.declared.state,
            reason="" if self.run else self.declared.reason,
        )
        return summary, *(self._entry(spec, about) for spec in self.specifications)

    def _entry(self, spec: Specification, about: Mapping[str, str]) -> Entry:
        return Entry(
            measure=self.measure,
            method=spec.method,
            about={**about, **spec.choices},
            n=spec.n,
            estimate=spec.estimate,
            p_value=spec.p_value,
            interval=spec.interval,
            more={} if spec.own_estimate is None else {"own_estimate": spec.own_estimate},
            state=spec.state,
            reason=spec.reason,
        )
