"""How often fabricated answers are noticed, and honest ones suspected: writes the table of docs/forensics.md.

    uv run python benchmarks/forensics_power.py

Files are simulated from the built-in study's populations, which the honest populations of
``surveys.forensics`` do not contain. Each kind of file is calibrated on a few files of its kind, and
the others are judged by them: their sizes and distributions are the same but for chance.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from surveys.fabrication import Fabrication, Generator, fabricate
from surveys.forensics.evidence import calibrate
from surveys.forensics.indicators import look
from surveys.forensics.sheet import Sheet, sheet_of
from surveys.population_model import PopulationModel, load_population_model
from surveys.simulation import simulate
from surveys.study import Study

LEVEL = 0.05
START, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One kind of file."""

    label: str
    model: str = "claims_hold"
    generator: Generator | None = None
    share: float = 0.2
    settings: Fabrication | None = None
    clean: bool = False
    n: int = 500


def cases() -> list[Case]:
    """Rows of the table."""
    alpha: Generator = "target_alpha"
    correlated = "target alpha 0.9, constructs correlate 0.3"
    found: list[Case] = []
    for model in ("claims_hold", "no_effect"):
        found += [
            Case(label="nobody", model=model),
            Case(label="nobody, and nobody careless", model=model, clean=True),
            Case(label="target alpha 0.9", model=model, generator=alpha),
            Case(label=correlated, model=model, generator=alpha, settings=Fabrication(between=0.3)),
            Case(label="random", model=model, generator="random"),
            Case(label="straight", model=model, generator="straight"),
            Case(label="copy, 15 % changed", model=model, generator="copy"),
            Case(label="8 personas", model=model, generator="persona"),
        ]
    found += [
        Case(label="target alpha 0.8", generator=alpha, settings=Fabrication(alpha=0.8)),
        Case(label="copy, 40 % changed", generator="copy", settings=Fabrication(noise=0.4)),
        Case(label="100 personas", generator="persona", settings=Fabrication(personas=100)),
    ]
    found += [
        Case(label=f"target alpha 0.9, {share:.0%} of respondents", generator=alpha, share=share)
        for share in (0.05, 0.1, 0.5)
    ]
    found.append(Case(label="target alpha 0.9, n = 200", generator=alpha, n=200))
    found.append(Case(label="nobody, n = 200", n=200))
    return found


def draw(
    study: Study, model: PopulationModel, case: Case, rng: np.random.Generator
) -> tuple[Sheet, npt.NDArray[np.bool_]]:
    """One file of a kind, and who is fabricated."""
    drawn = simulate(study, model, rng=rng, sizes={"customers": case.n}, clean=case.clean)["customers"]
    drawn = drawn.keep(drawn.answers["CONSENT"] == 1)
    made = np.zeros(drawn.n, dtype=bool)
    if case.generator is not None:
        mixed = fabricate(drawn, generator=case.generator, share=case.share, rng=rng, settings=case.settings)
        drawn, made = mixed.responses, mixed.fabricated.to_numpy(dtype=bool)
    return sheet_of(drawn), made


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Shares of files and respondents flagged."""

    answers: float
    everything: float
    strongest: str
    found: float
    wrongly: float


def measure(study: Study, case: Case, *, files: int, draws: int, seed: int, n_calibrations: int) -> Measured:
    """Judge files of a kind, an equal part of them by each of several calibrations."""
    model = load_population_model(case.model, study)
    answers, everything, found, wrongly = [], [], [], []
    single: Counter[str] = Counter()
    for part in range(n_calibrations):
        first, _ = draw(study, model, case, np.random.default_rng([seed, 0, part]))
        calibration = calibrate(first, rng=np.random.default_rng([seed, 1, part]), draws=draws)
        for i in range(part, files, n_calibrations):
            sheet, made = draw(study, model, case, np.random.default_rng([seed, 2, i]))
            looked = look(sheet)
            indicators, combined = calibration.judge(looked)
            for e in indicators:
                if e.source == "answers" and e.p_value is not None and e.p_value <= LEVEL:
                    single[e.name] += 1
            answers.append(combined["answers"].p_value <= LEVEL)
            everything.append(combined["all"].p_value <= LEVEL)
            flagged = calibration.judge_respondents(looked).flagged.to_numpy(dtype=bool)
            wrongly.append(flagged[~made].mean())
            if made.any():
                found.append(flagged[made].mean())
    strongest = "none"
    for name, count in single.most_common(1):
        strongest = f"{name} ({count / files:.0%})"
    return Measured(
        answers=float(np.mean(answers)),
        everything=float(np.mean(everything)),
        strongest=strongest,
        found=float(np.mean(found)) if found else float("nan"),
        wrongly=float(np.mean(wrongly)),
    )


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--files", type=int, default=100)
    options.add_argument("--draws", type=int, default=59)
    options.add_argument("--calibrations", type=int, default=4)
    options.add_argument("--seed", type=int, default=20260301)
    given = options.parse_args()
    study = Study.load("bank_tiering")
    lines = [
        f"{given.files} files a row, {given.calibrations} calibrations of {given.draws} honest files per "
        f"population, seed {given.seed}; n = 500 and 20 % of respondents fabricated where the row says "
        "nothing else.",
        "",
        "| population | fabricated | answers alone | answers and traces | strongest indicator of answers "
        "| fabricated respondents flagged | honest ones flagged |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for case in cases():
        got = measure(
            study,
            case,
            files=given.files,
            draws=given.draws,
            seed=given.seed,
            n_calibrations=given.calibrations,
        )
        found = "–" if np.isnan(got.found) else f"{got.found:.0%}"
        lines.append(
            f"| `{case.model}` | {case.label} | {got.answers:.0%} | {got.everything:.0%} | {got.strongest} "
            f"| {found} | {got.wrongly:.1%} |"
        )
        print(lines[-1], flush=True)
    page = Path(__file__).parents[1] / "docs" / "forensics.md"
    text = page.read_text("utf-8")
    before, after = text.split(START)[0], text.split(END)[1]
    page.write_text(before + START + "\n" + "\n".join(lines) + "\n" + END + after, "utf-8")


if __name__ == "__main__":
    main()
