"""How often intervals under a sampling design cover the truth, by kind of error and without the design.

A large population of the built-in study's customers is simulated once (``claims_hold``). Samples are drawn
from it by strata of tier, the higher tiers far too often, and within a tier the satisfied answer more often,
so that weights go with the outcome. The truth of each effect is its value in the whole population. Reported
is the share of 95 % intervals that cover it, with the Monte Carlo error of that share.

    uv run python benchmarks/weighted_coverage.py --samples 400 --out docs/weighted-coverage.md
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from analysis.declared_tests import carried_out
from analysis.inputs import Sample, sample_of
from analysis.questions import Question, Settings
from analysis.sampling import sampling_design
from analysis.weighted.tests import by_value
from surveys.simulation import load_population_model, simulate
from surveys.study import DeclaredTest, Population, Study, TestKind

POPULATION = 40_000
SIZES = (160, 160, 160, 120)  #: respondents drawn in each tier
KINDS: dict[TestKind, dict[str, tuple[str, ...]]] = {
    "mean": {"variable": ("satisfaction",)},
    "contrast": {"plus": ("CRT_VALUE", "CRT_RISK"), "minus": ("CRT_NEEDS", "CRT_POTENTIAL")},
    "path": {"predictor": ("effectiveness",), "controls": ("service_quality",), "outcome": ("satisfaction",)},
    "indirect": {"predictor": ("effectiveness",), "mediators": ("satisfaction",), "outcome": ("loyalty",)},
    "moderation": {
        "predictor": ("effectiveness",),
        "moderator": ("security_trust",),
        "outcome": ("satisfaction",),
    },
    "correlation": {"x": ("AUM",), "y": ("satisfaction",), "method": ("spearman",)},
    "trend": {"outcome": ("satisfaction",)},
    "association": {"variable": ("SERVICES_1",)},
    "drivers": {
        "predictors": ("criteria_clarity", "method_quality", "staff_competence"),
        "outcome": ("effectiveness",),
    },
    "added_value": {
        "base": ("criteria_clarity",),
        "added": ("method_quality", "staff_competence"),
        "outcome": ("effectiveness",),
    },
    "repeated": {"item": ("CHANNELS",)},
}


@cache
def everyone() -> tuple[Study, Population, Sample]:
    """The population, sampled by nobody."""
    study = Study.load("bank_tiering")
    model = load_population_model("claims_hold", study)
    answers = simulate(
        study, model, rng=np.random.default_rng(1), sizes={"customers": POPULATION}, clean=True
    )["customers"]
    people = replace(study.populations["customers"], value=None)
    sample = sample_of(people, answers)
    known = sample.frame["TIER"].notna() & sample.frame["satisfaction"].notna()
    frame = sample.frame[known].reset_index(drop=True)
    groups = None if sample.groups is None else sample.groups[known].reset_index(drop=True)
    return study, people, replace(sample, frame=frame, groups=groups)


def estimate(kind: TestKind, sample: Sample, seed: int) -> tuple[float | None, float, float]:
    """Estimate and limits of one kind of test."""
    study, people, _ = everyone()
    test = DeclaredTest(
        kind=kind, population="customers", variables=KINDS[kind], smallest_effect=0.0, direction="any"
    )
    found = carried_out(
        Question(
            test=test,
            population=study.populations[people.id],
            sample=sample,
            other=None,
            settings=Settings(resamples=2000, seed=seed),
            rng=np.random.default_rng(seed),
        )
    )
    if found.interval is None:
        return found.estimate, np.nan, np.nan
    return found.estimate, found.interval.low, found.interval.high


def drawn(seed: int) -> Sample:
    """A disproportionate sample, with weights that are one over the chances of being drawn."""
    _, people, whole = everyone()
    rng = np.random.default_rng(seed)
    tier = whole.frame["TIER"].to_numpy()
    liking = whole.frame["satisfaction"].to_numpy()
    chosen, weights = [], []
    for code, size in zip((1, 2, 3, 4), SIZES, strict=True):
        at = np.flatnonzero(tier == code)
        chance = np.exp(0.5 * (liking[at] - liking[at].mean()))
        chance = size * chance / chance.sum()
        taken: npt.NDArray[np.bool_] = rng.random(len(at)) < chance
        chosen.append(at[taken])
        weights.append(1 / chance[taken])
    rows = np.concatenate(chosen)
    frame = whole.frame.iloc[rows].reset_index(drop=True)
    plan = replace(people, weight="OWN_WEIGHT", strata=("TIER",))
    sampling = sampling_design(plan, frame.assign(OWN_WEIGHT=np.concatenate(weights)))
    groups = None if whole.groups is None else whole.groups.iloc[rows].reset_index(drop=True)
    return replace(whole, frame=frame, groups=groups, sampling=sampling)


WAYS = ("jackknife", "linearised", "unweighted")


def in_ways(sample: Sample) -> dict[str, Sample]:
    """The sample with errors from units left out, with linearised ones, and without its design."""
    sampling = sample.sampling
    if sampling is None or sampling.design is None:
        raise ValueError("the sample has no design")
    linearised = replace(sampling, design=replace(sampling.design, errors="linearised"))
    return dict(
        zip(WAYS, (sample, replace(sample, sampling=linearised), replace(sample, sampling=None)), strict=True)
    )


def one(seed: int) -> list[tuple[str, str, float | None, float, float]]:
    """Every kind in one sample, in every way."""
    ways = in_ways(drawn(seed))
    return [(kind, way, *estimate(kind, own, seed)) for kind in KINDS for way, own in ways.items()]


VALUED: tuple[TestKind, ...] = (
    "mean",
    "contrast",
    "path",
    "indirect",
    "trend",
    "association",
    "drivers",
    "added_value",
    "repeated",
)
RESPONDENTS = 600  #: of a simple random sample whose customers count by what they hold


def valued(
    rows: npt.NDArray[np.int64] | None, seed: int
) -> list[tuple[str, float | None, float, float, float]]:
    """By value: kind, estimate and limits, effective n; of some people, or of everybody."""
    study, people, whole = everyone()
    at = np.arange(len(whole.frame)) if rows is None else rows
    frame = whole.frame.iloc[at].reset_index(drop=True)
    groups = None if whole.groups is None else whole.groups.iloc[at].reset_index(drop=True)
    sample = replace(whole, frame=frame, groups=groups, value=frame["AUM"])
    out = []
    for kind in VALUED:
        test = DeclaredTest(
            kind=kind, population="customers", variables=KINDS[kind], smallest_effect=0.0, direction="any"
        )
        found = by_value(
            Question(
                test=test,
                population=study.populations[people.id],
                sample=sample,
                other=None,
                settings=Settings(resamples=2000, seed=seed),
                rng=np.random.default_rng(seed),
            )
        ).second
        ends = (np.nan, np.nan) if found.interval is None else (found.interval.low, found.interval.high)
        out.append((kind, found.estimate, *ends, found.effective_n))
    return out


def one_valued(seed: int) -> list[tuple[str, float | None, float, float, float]]:
    rng = np.random.default_rng(seed)
    return valued(rng.choice(len(everyone()[2].frame), RESPONDENTS, replace=False), seed)


def by_value_table(samples: int, workers: int) -> list[str]:
    """How often the effect by value, estimated with weights as uneven as assets are, is covered."""
    truth = {kind: value for kind, value, *_ in valued(None, 0)}
    covered: defaultdict[str, list[bool]] = defaultdict(list)
    sizes = []
    with ProcessPoolExecutor(workers) as pool:
        for found in pool.map(one_valued, range(5000, 5000 + samples), chunksize=4):
            for kind, _, low, high, size in found:
                target = truth[kind]
                if np.isfinite(low) and target is not None:
                    covered[kind].append(bool(low <= target <= high))
                    sizes.append(size)
    return [
        "",
        "## Weighted by value",
        "",
        f"{samples} simple random samples of {RESPONDENTS}, every customer counted by their assets, which are "
        f"as uneven as in the simulation: the effective n is some {np.mean(sizes):.0f}. Intervals of the "
        "effect by value.",
        "",
        "| kind | truth | coverage |",
        "| --- | --- | --- |",
        *(f"| `{kind}` | {truth[kind]:.3f} | {100 * np.mean(covered[kind]):.1f} % |" for kind in VALUED),
    ]


def _largest() -> float:
    """Largest weight over the mean, averaged over a few samples."""
    found = []
    for seed in range(1000, 1020):
        sampling = drawn(seed).sampling
        if sampling is not None and sampling.diagnostics is not None:
            found.append(sampling.diagnostics.largest)
    return float(np.mean(found))


def table(samples: int, workers: int) -> list[str]:
    """Lines of Markdown."""
    _, _, whole = everyone()
    truth = {kind: estimate(kind, whole, 0)[0] for kind in KINDS}
    covered: defaultdict[tuple[str, str], list[bool]] = defaultdict(list)
    estimates: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    with ProcessPoolExecutor(workers) as pool:
        for found in pool.map(one, range(1000, 1000 + samples), chunksize=4):
            for kind, way, value, low, high in found:
                target = truth[kind]  # type: ignore[index]
                if value is None or target is None:
                    continue
                covered[kind, way].append(low <= target <= high)
                estimates[kind, way].append(value)
    error = 100 * np.sqrt(0.95 * 0.05 / samples)
    lines = [
        "# Coverage under a sampling design",
        "",
        f"{samples} samples of about {sum(SIZES)} from a population of {len(whole.frame):,}, drawn by tier "
        f"({', '.join(map(str, SIZES))}) with chances that rise with satisfaction: the largest weight is "
        f"some {_largest():.0f} times the mean. A true coverage of 95 % shows as 95 ± {1.96 * error:.1f} % "
        "(Monte Carlo error). A study has jackknife errors unless it asks for linearised ones, those of R's "
        "`survey`. Written by `benchmarks/weighted_coverage.py`.",
        "",
        "| kind | truth | mean, weighted | coverage, jackknife | coverage, linearised | mean, unweighted "
        "| coverage, unweighted |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for kind in KINDS:
        means = {way: f"{np.mean(estimates[kind, way]):.3f}" for way in WAYS}
        shares = {way: f"{100 * np.mean(covered[kind, way]):.1f} %" for way in WAYS}
        weighted = f"{means['jackknife']} | {shares['jackknife']} | {shares['linearised']}"
        unweighted = f"{means['unweighted']} | {shares['unweighted']}"
        lines.append(f"| `{kind}` | {truth[kind]:.3f} | {weighted} | {unweighted} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs/weighted-coverage.md"))
    given = parser.parse_args()
    lines = [*table(given.samples, given.workers), *by_value_table(given.samples, given.workers)]
    given.out.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
