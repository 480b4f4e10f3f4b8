"""How often intervals cover the truth and hypotheses get the verdict they deserve.

Draws seeded samples of the built-in study from both stated populations and judges them as
``tierstudy run`` does. The truth of each effect is its value in one very large clean sample of the
same population, as the kinds of test measure it.

    uv run python benchmarks/calibration.py --samples 1000 --out docs/calibration.md
"""

from __future__ import annotations

import argparse
import math
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from analysis.declared_tests import gather
from analysis.hypotheses import judge
from analysis.inputs import sample_of
from analysis.questions import Settings
from surveys.screening import screen
from surveys.simulation import load_population_model, simulate
from surveys.study import Study

LARGE = {"customers": 60_000, "employees": 60_000, "corporate": 60_000}
Row = tuple[str, int, float | None, float | None, float | None]


def judged(model_name: str, seed: int, *, clean: bool = False) -> tuple[dict[str, str], list[Row]]:
    """Verdicts and intervals of one sample."""
    study = Study.load("bank_tiering")
    model = load_population_model(model_name, study)
    if clean:
        # as many branches as would be met, so that branches average out
        employees = replace(model.populations["employees"], cluster_count=6000)
        model = replace(model, populations={**model.populations, "employees": employees})
    answers = simulate(
        study, model, rng=np.random.default_rng(seed), sizes=LARGE if clean else None, clean=clean
    )
    samples = {}
    for id_, responses in answers.items():
        population = study.populations[id_]
        kept = responses if clean else screen(responses, population.screening).keep()
        samples[id_] = sample_of(population, kept)
    settings = Settings(
        confidence_level=study.confidence_level,
        resamples=200 if clean else study.resamples,
        seed=seed,
        minimum_cell=study.minimum_cell,
    )
    verdicts = judge(study.hypotheses, gather(study, samples, settings))
    rows: list[Row] = [
        (
            verdict.id,
            evidence.position,
            evidence.estimate,
            None if evidence.interval is None else evidence.interval.low,
            None if evidence.interval is None else evidence.interval.high,
        )
        for verdict in verdicts
        for evidence in verdict.evidence
    ]
    return {verdict.id: verdict.outcome for verdict in verdicts}, rows


def calibrate(model_name: str, samples: int, workers: int) -> list[str]:
    """A table of one population, as lines of Markdown."""
    study = Study.load("bank_tiering")
    confirmatory = {h.id for h in study.hypotheses if h.confirmatory}
    _, large = judged(model_name, 1, clean=True)
    truth = {(id_, position): estimate for id_, position, estimate, _, _ in large}
    covered: Counter[tuple[str, int]] = Counter()
    estimates: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
    supported: Counter[str] = Counter()
    false_family = 0
    with ProcessPoolExecutor(workers) as pool:
        seeds = range(1000, 1000 + samples)
        for outcomes, rows in pool.map(judged, [model_name] * samples, seeds, chunksize=5):
            for id_, position, estimate, low, high in rows:
                if estimate is not None:
                    estimates[id_, position].append(estimate)
                true = truth[id_, position]
                if low is not None and high is not None and true is not None:
                    # shares of variance are not negative; their adjusted estimates may be, by chance
                    true = max(true, 0.0) if low >= 0 and abs(true) < 0.01 else true
                    covered[id_, position] += low <= true <= high
            supported.update(id_ for id_, outcome in outcomes.items() if outcome == "supported")
            false_family += any(o == "supported" for id_, o in outcomes.items() if id_ in confirmatory)
    error = math.sqrt(0.95 * 0.05 / samples)
    lines = [
        f"## {model_name}, {samples} samples",
        "",
        f"Standard error of a coverage of 95 %: {error:.1%}. "
        f"In {false_family / samples:.1%} of the samples some confirmatory hypothesis is supported.",
        "",
        "| hypothesis | test | true effect | bias | coverage | supported |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for (id_, position), true in truth.items():
        value = "" if true is None else f"{true:.3f}"
        share = f"{supported[id_] / samples:.1%}" if position == 0 else ""
        drawn = np.array(estimates[id_, position])
        bias = "" if true is None else f"{(drawn.mean() - true) / drawn.std():+.2f}"
        coverage = covered[id_, position] / samples
        lines.append(f"| {id_} | {position + 1} | {value} | {bias} | {coverage:.1%} | {share} |")
    return [*lines, ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    lines = [
        "# Calibration on simulated answers",
        "",
        "All answers behind this page are synthetic (合成数据); nothing here is a fact about any bank.",
        "",
        "Samples have the default sizes, careless respondents and missing answers, and are screened as the",
        "study says. The true effect is that of 60,000 respondents of each population who answer with care",
        "and leave nothing out; careless respondents whom screening misses count against coverage. Bias is",
        "the mean estimate minus the truth, in standard deviations of the estimate.",
        "`benchmarks/calibration.py` makes this page.",
        "",
    ]
    for model_name in ("claims_hold", "no_effect"):
        lines += calibrate(model_name, options.samples, options.workers)
        print("\n".join(lines), flush=True)
    if options.out:
        options.out.write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main()
