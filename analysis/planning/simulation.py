"""Power by simulation: samples of the planned sizes, judged as the study's own answers will be."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from analysis.declared_tests import gather
from analysis.hypotheses import Outcome, judge
from analysis.inputs import sample_of
from analysis.questions import Settings
from analysis.weighting import no_estimate
from surveys.population_model import PopulationModel
from surveys.screening import screen
from surveys.simulation import simulate
from surveys.study import Study

WhichTest = tuple[str, int]  #: hypothesis, and the test's position among its tests


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundInSample:
    """What one test found in one sample; None where it could not be carried out."""

    estimate: float | None
    half_width: float | None
    p_value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleVerdicts:
    """One simulated sample."""

    outcomes: Mapping[str, Outcome]
    tests: Mapping[WhichTest, FoundInSample]
    analysed: Mapping[str, int]  #: respondents left after screening, by population


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of samples, with its error of chance."""

    count: int
    samples: int

    @property
    def estimate(self) -> float:
        return self.count / self.samples

    @property
    def std_error(self) -> float:
        """Monte Carlo error, ``sqrt(p (1 - p) / samples)`` with ``(count + 2) / (samples + 4)`` for p.

        The added two and four [1]_ keep it from being 0 where every sample agrees.

        References
        ----------
        .. [1] Agresti, A., & Coull, B. A. (1998). Approximate is better than "exact" for interval estimation
           of binomial proportions. The American Statistician, 52, 119-126.

        Examples
        --------
        >>> round(Share(count=40, samples=40).std_error, 4)
        0.0314
        """
        p = (self.count + 2) / (self.samples + 4)
        return math.sqrt(p * (1 - p) / (self.samples + 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedTest:
    """One test over all samples."""

    beyond: Share  #: p at or below the level that is left after the correction
    estimate: float | None  #: mean
    scatter: float | None  #: standard deviation of the estimates
    half_width: float | None  #: mean, of the study's confidence level


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPower:
    """All samples."""

    samples: int
    seed: int
    outcomes: Mapping[str, Mapping[Outcome, Share]]  #: by hypothesis
    tests: Mapping[WhichTest, SimulatedTest]
    analysed: Mapping[str, float]  #: mean respondents left after screening, by population


@no_estimate("planning")
def simulate_power(
    study: Study,
    model: PopulationModel,
    *,
    sizes: Mapping[str, int],
    samples: int,
    seed: int,
    levels: Mapping[str, float],
    pool: Executor | None = None,
    tell: Callable[[str], None] | None = None,
) -> SimulatedPower:
    """Draw samples and judge each of them.

    Parameters
    ----------
    study : Study
    model : PopulationModel
    sizes : mapping
        Population id -> respondents who answer, before screening.
    samples : int
    seed : int
        Every sample has a generator of its own, so that neither the processes nor the number of samples
        move the others.
    levels : mapping
        Hypothesis id -> level at which a single test of it has to hold.
    pool : concurrent.futures.Executor, optional
    tell : callable, optional
        Told after each sample.
    """
    numbers = range(samples)
    shared = (repeat(study), repeat(model), repeat(dict(sizes)), repeat(seed))
    drawn: Iterable[SampleVerdicts] = (
        map(judged_sample, *shared, numbers)
        if pool is None
        else pool.map(judged_sample, *shared, numbers, chunksize=1)
    )
    found = []
    for sample in drawn:
        found.append(sample)
        if tell is not None:
            tell(f"sample {len(found)} of {samples}")
    counts = {h.id: Counter(sample.outcomes[h.id] for sample in found) for h in study.hypotheses}
    return SimulatedPower(
        samples=samples,
        seed=seed,
        outcomes={
            id_: {word: Share(count=count, samples=samples) for word, count in sorted(by_word.items())}
            for id_, by_word in counts.items()
        },
        tests={
            key: _summary([sample.tests[key] for sample in found], levels[key[0]]) for key in found[0].tests
        },
        analysed={id_: float(np.mean([sample.analysed[id_] for sample in found])) for id_ in sizes},
    )


@no_estimate("planning")
def judged_sample(
    study: Study, model: PopulationModel, sizes: Mapping[str, int], seed: int, number: int
) -> SampleVerdicts:
    """One sample, screened and judged as ``tierstudy run`` does."""
    rng = np.random.default_rng([seed, zlib.crc32(b"plan"), number])
    answers = simulate(study, model, rng=rng, sizes=sizes)
    samples = {
        id_: sample_of(study.populations[id_], screen(given, study.populations[id_].screening).keep())
        for id_, given in answers.items()
    }
    settings = Settings(
        confidence_level=study.confidence_level,
        resamples=study.resamples,
        seed=seed + number,
        minimum_cell=study.minimum_cell,
    )
    verdicts = judge(
        study.hypotheses, gather(study, samples, settings), confidence_level=study.confidence_level
    )
    return SampleVerdicts(
        outcomes={verdict.id: verdict.outcome for verdict in verdicts},
        tests={
            (verdict.id, evidence.position): FoundInSample(
                estimate=evidence.estimate,
                half_width=None
                if evidence.interval is None
                else (evidence.interval.high - evidence.interval.low) / 2,
                p_value=None if evidence.judged is None else evidence.judged.p_value,
            )
            for verdict in verdicts
            for evidence in verdict.evidence
        },
        analysed={id_: sample.n for id_, sample in samples.items()},
    )


def _summary(found: list[FoundInSample], level: float) -> SimulatedTest:
    estimates = [test.estimate for test in found if test.estimate is not None]
    widths = [test.half_width for test in found if test.half_width is not None]
    beyond = sum(test.p_value is not None and test.p_value <= level for test in found)
    return SimulatedTest(
        beyond=Share(count=beyond, samples=len(found)),
        estimate=float(np.mean(estimates)) if estimates else None,
        scatter=float(np.std(estimates, ddof=1)) if len(estimates) > 1 else None,
        half_width=float(np.mean(widths)) if widths else None,
    )
