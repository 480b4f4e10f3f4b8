"""``tierstudy plan``: respondents, power and quotas of a study before anybody is asked."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

from analysis.planning.study_plan import PlanChoices, StudyPlan, plan_study
from reports import workers
from reports.document import Figure
from reports.figures.power_curves import power_curves
from reports.labels import Labels
from reports.numbers import ABSENT, Numbers
from reports.pdf import write_pdf
from reports.plan_files import plan_csv, plan_json, quota_csv, quota_workbook
from reports.plan_report import PlanTelling, plan_document
from reports.plan_words import WORDS
from reports.progress import watching
from reports.theme import DEFAULT, save
from surveys.errors import Fault, SurveyError
from surveys.population_model import PopulationModel, load_population_model
from surveys.study import Study

USUAL_MODEL = "claims_hold"
SAMPLES = 40  #: simulated by default
PANELS = 24  #: hypotheses in one picture


def plan(options: argparse.Namespace, languages: Sequence[str]) -> tuple[StudyPlan, tuple[Path, ...]]:
    """Plan a study and write the plan; the value is the plan and the files written.

    Raises
    ------
    SurveyError
        With everything that is wrong with the options.
    """
    study = Study.load(options.study)
    model = population_model(options.model, study)
    choices = read_choices(options, study, model)
    out = Path(options.out)
    with watching(choices.samples + 4, quiet=options.quiet) as watcher:
        if choices.samples:
            workers.prepare()
            with ProcessPoolExecutor(2, mp_context=workers.context()) as pool:
                found = plan_study(study, choices, model=model, pool=pool, tell=watcher.step)
        else:
            found = plan_study(study, choices, model=model, tell=watcher.step)
        watcher.step("drawing figures and setting the plan")
        return found, write_plan(found, out, languages=languages)


def population_model(name: str | None, study: Study) -> PopulationModel | None:
    """The population file asked for, or else the one that the study has; None where it has none."""
    if name is not None:
        return None if name == "none" else load_population_model(name, study)
    folder = None if study.folder is None else study.folder / "populations"
    files = sorted(folder.glob("*.yaml")) if folder is not None and folder.is_dir() else []
    names = [path.stem for path in files]
    if USUAL_MODEL in names:
        return load_population_model(USUAL_MODEL, study)
    if len(names) > 1:
        raise SurveyError(
            Fault(
                file="--model",
                seen="several population files and no choice",
                expected=f"one of {', '.join(names)}, or none",
                remedy="Say which states the effects that you expect.",
            )
        )
    return load_population_model(names[0], study) if names else None


def read_choices(options: argparse.Namespace, study: Study, model: PopulationModel | None) -> PlanChoices:
    """The options as choices; all that is wrong with them is told at once."""
    faults: list[Fault] = []
    known = study.populations if model is None else model.populations
    branched = [id_ for id_ in known if study.populations[id_].cluster is not None]
    tests = [f"{h.id}.{k + 1}" for h in study.hypotheses for k in range(len(h.tests))]
    effects = [*(h.id for h in study.hypotheses), *tests]

    def read(option: str, given: list[str] | None, names: Sequence[str], fits: Fits) -> dict[str, float]:
        return _named(option, given, names, fits, faults)

    sizes = read("--n", options.n, list(known), WHOLE)
    branches = read("--branches", options.branches, branched, TWO_OR_MORE)
    choices = PlanChoices(
        power=options.power,
        sizes={id_: int(n) for id_, n in sizes.items()},
        branches={id_: int(n) for id_, n in branches.items()},
        effects=read("--effect", options.effect, effects, EFFECT),
        response_rates=read("--response-rate", options.response_rate, list(study.populations), RATE),
        set_aside=read("--set-aside", options.set_aside, list(study.populations), SHARE),
        icc=read("--icc", options.icc, branched, SHARE),
        least_per_tier=options.minimum_per_tier,
        samples=SAMPLES if options.simulate is None else options.simulate,
        seed=study.seed if options.seed is None else options.seed,
    )
    faults += _plain_faults(options, choices, model)
    for id_, count in choices.branches.items():
        size = choices.sizes.get(id_, 0 if model is None else model.populations[id_].n)
        if count > size:
            seen = f"{count} branches for {size} answers of {id_}"
            faults.append(_fault("--branches", seen, "an answer from every branch", "Name fewer branches."))
    if faults:
        raise SurveyError(faults)
    if model is None:
        choices = replace(choices, samples=0)
    return choices


Fits = tuple[Callable[[float], bool], str]  #: what a value has to be, in words

WHOLE: Fits = (lambda x: x >= 1 and x.is_integer() and x <= 1_000_000, "a whole number from 1 to 1,000,000")
TWO_OR_MORE: Fits = (lambda x: x >= 2 and x.is_integer(), "a whole number from 2 upwards")
RATE: Fits = (lambda x: 0 < x <= 1, "a share above 0 and up to 1")
SHARE: Fits = (lambda x: 0 <= x < 1, "a share from 0 to below 1")
EFFECT: Fits = (lambda x: -10 < x < 10, "an effect in the unit of the test, such as 0.3")


def _named(
    option: str, given: list[str] | None, names: Sequence[str], fits: Fits, faults: list[Fault]
) -> dict[str, float]:
    """What ``NAME=VALUE`` says after an option; faults are added to those already found."""
    found: dict[str, float] = {}
    for words in given or []:
        name, separator, text = words.partition("=")
        if not separator or name not in names:
            remedy = f"Write NAME=VALUE, with {'one of these names' if names else 'a name that there is'}."
            expected = (
                f"one of {', '.join(names[:20])}" if names else "no such option: no population has branches"
            )
            faults.append(_fault(f"{option} {words}", f"`{name}`", expected, remedy))
            continue
        if name in found:
            faults.append(_fault(f"{option} {words}", f"{name} again", "every name once", "Leave one out."))
        value = _number(text)
        if value is None or not fits[0](value):
            faults.append(_fault(f"{option} {words}", f"`{text}`", fits[1], "Correct the value."))
            continue
        found[name] = value
    return found


def _number(text: str) -> float | None:
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", text.strip()):
        return None
    return float(text)


def _plain_faults(
    options: argparse.Namespace, choices: PlanChoices, model: PopulationModel | None
) -> Iterator[Fault]:
    out = Path(options.out)
    if out.exists() and not out.is_dir():
        yield _fault(f"--out {options.out}", "a file of that name", "a folder", "Name another place.")
    if not 0 < choices.power < 1:
        yield _fault(f"--power {choices.power:g}", f"{choices.power:g}", "between 0 and 1", "Such as 0.8.")
    if not 0 <= choices.samples <= 10_000 or choices.samples == 1:
        expected = "0, or from 2 to 10,000 samples"
        yield _fault(f"--simulate {choices.samples}", str(choices.samples), expected, "Correct the number.")
    if choices.seed < 0:
        yield _fault(
            f"--seed {choices.seed}", str(choices.seed), "a whole number from 0 upwards", "Correct it."
        )
    if choices.least_per_tier < 0:
        yield _fault(
            f"--minimum-per-tier {choices.least_per_tier}",
            str(choices.least_per_tier),
            "0 or more respondents",
            "Correct the number.",
        )
    if model is None and options.simulate:
        yield _fault(
            f"--simulate {options.simulate}",
            "no population file",
            "a file in the study's populations/ folder, or --model FILE",
            "State what is true (docs/simulation.md), or leave --simulate out.",
        )


def _fault(where: str, seen: str, expected: str, remedy: str) -> Fault:
    return Fault(file=where, seen=seen, expected=expected, remedy=remedy)


def write_plan(found: StudyPlan, out: Path, *, languages: Sequence[str]) -> tuple[Path, ...]:
    """Write plan.json, plan.csv, quota.csv, quota.xlsx, plan.LANGUAGE.pdf and figures: all or none."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tierstudy-", dir=out.parent) as folder:
        whole = Path(folder)
        (whole / "plan.json").write_text(plan_json(found), "utf-8")
        (whole / "plan.csv").write_text(plan_csv(found), "utf-8-sig", newline="")
        (whole / "quota.csv").write_text(quota_csv(found), "utf-8-sig", newline="")
        (whole / "quota.xlsx").write_bytes(quota_workbook(found))
        for language in languages:
            figures = _figures(found, language, whole)
            write_pdf(plan_document(found, language, figures), whole / f"plan.{language}.pdf")
        names = sorted(path.name for path in whole.iterdir())
        out.mkdir(exist_ok=True)
        for name in names:
            (whole / name).replace(out / name)
    return tuple(out / name for name in names)


def _figures(found: StudyPlan, language: str, folder: Path) -> tuple[Figure, ...]:
    """Power curves, saved beside the plan, as blocks of the document."""
    if not found.hypotheses:
        return ()
    blocks = []
    questionnaire = next(iter(found.study.populations.values())).questionnaire
    labels = Labels(questionnaire=questionnaire, language=language)
    for number, start in enumerate(range(0, len(found.hypotheses), PANELS), 1):
        part = found.hypotheses[start : start + PANELS]
        picture = power_curves(part, labels=labels, simulated=found.simulated, synthetic=found.synthetic)
        name = f"power{number}.{language}"
        save(picture, folder / name, formats=("svg", "png"), theme=DEFAULT)
        picture.clear()
        caption = WORDS["curves"][language] + (f" ({number})" if len(found.hypotheses) > PANELS else "")
        svg = (folder / f"{name}.svg").read_bytes()
        blocks.append(Figure(key=f"power{number}", caption=caption, svg=svg, alt=caption))
    return tuple(blocks)


def summary(found: StudyPlan) -> Mapping[str, list[list[str]]]:
    """The plan in two short tables for the terminal: claims, and fieldwork."""
    numbers = Numbers(language="en")

    def count(n: int | None) -> str:
        return ABSENT if n is None else numbers.count(n)

    claims = []
    for planned in found.hypotheses:
        least = planned.power_at_least
        shares = {} if found.simulated is None else found.simulated.outcomes[planned.hypothesis.id]
        supported, unsure = shares.get("supported"), shares.get("cannot_tell")
        claims.append(
            [
                planned.hypothesis.id,
                ", ".join(f"{id_} {numbers.count(n)}" for id_, n in planned.needed.items()) or ABSENT,
                "by simulation only" if least is None else numbers.percent(least),
                *(
                    []
                    if found.simulated is None
                    else [
                        numbers.percent(0.0 if share is None else share.estimate)
                        for share in (supported, unsure)
                    ]
                ),
            ]
        )
    work = [
        [
            row.population,
            count(row.answers),
            count(row.invitations),
            count(row.needed_answers),
            count(row.needed_invitations),
        ]
        for row in found.fieldwork
    ]
    return {"claims": claims, "fieldwork": work}


def print_summary(found: StudyPlan) -> None:
    """The tables on standard output."""
    from rich.console import Console
    from rich.table import Table

    console = Console(file=sys.stdout, markup=False, highlight=False)
    told = summary(found)
    simulated = ["supported", "cannot tell"] if found.simulated is not None else []
    for title, head in (
        ("claims", ["claim", "analysed respondents needed", "power at least", *simulated]),
        ("fieldwork", ["population", "answers", "invitations", "answers needed", "invitations needed"]),
    ):
        table = Table(box=None, pad_edge=False)
        for place, name in enumerate(head):
            table.add_column(name, justify="left" if place == 0 or "respondents" in name else "right")
        for row in told[title]:
            table.add_row(*row)
        console.print(table)
        console.print()


def missing(found: StudyPlan) -> tuple[str, ...]:
    """What was asked for and could not be given, in words."""
    telling = PlanTelling(plan=found, language="en" if "en" in found.study.languages else "zh")
    return tuple(f"{telling.test_name(test)}: {test.reason}" for test in found.not_given())
