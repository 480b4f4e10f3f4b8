"""What each command of the command line does."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from reports import workers
from reports.exit_status import BAD_INPUT, DONE, INCOMPLETE, UsageError
from reports.progress import Watcher, watching
from surveys.errors import Fault, SurveyError
from surveys.questionnaire_files import load_questionnaire
from surveys.study import Study
from surveys.study_files import study_folder

if TYPE_CHECKING:
    import pandas as pd

    from reports.theme import Format
    from surveys.platforms.export import Platform
    from surveys.responses import Responses


def perform(options: argparse.Namespace) -> int:
    """Run one command and turn faults of the user's input into messages."""
    commands: Mapping[str, Callable[[argparse.Namespace], int]] = {
        "reproduce": reproduce,
        "run": run,
        "quality": quality,
        "plan": plan,
        "new": new,
        "check": check,
        "simulate": simulate,
        "inspect": inspect,
        "ingest": ingest,
        "draft": draft,
        "form": form,
    }
    try:
        return commands[options.command](options)
    except SurveyError as error:
        _complain(str(error))
    except UsageError as error:
        _complain(str(error))
    except OSError as error:
        _complain(f"{error.filename or 'a file'}: {error.strerror}. Choose another place, or make room.")
    return BAD_INPUT


def _complain(message: str) -> None:
    lines = message.splitlines()
    print(f"tierstudy: {lines[0]}", *lines[1:], sep="\n", file=sys.stderr)  # noqa: T201


def _say(options: argparse.Namespace, message: str) -> None:
    if not options.quiet:
        print(message)  # noqa: T201


def _languages(options: argparse.Namespace, study: Study) -> tuple[str, ...]:
    if options.lang is None:
        return study.languages
    wanted = tuple(dict.fromkeys(part.strip() for part in options.lang.split(",") if part.strip()))
    unknown = [name for name in wanted if name not in study.languages]
    if unknown or not wanted:
        raise UsageError(
            f"--lang {options.lang}: the study is written in {', '.join(study.languages)}; name one or several of them"
        )
    return wanted


def _formats(options: argparse.Namespace) -> tuple[Format, ...]:
    wanted = [part.strip() for part in options.figures.split(",") if part.strip()]
    known: dict[str, Format] = {"png": "png", "svg": "svg", "pdf": "pdf"}
    if not wanted or any(part not in known for part in wanted):
        raise UsageError(f"--figures {options.figures}: name one or several of png, svg, pdf")
    return tuple(known[part] for part in wanted)


def reproduce(options: argparse.Namespace) -> int:
    """The built-in study on its synthetic sample."""
    workers.prepare()
    import numpy as np

    from surveys.simulation import load_population_model
    from surveys.simulation import simulate as draw

    study = Study.load("bank_tiering")
    languages = _languages(options, study)
    model = load_population_model(options.model, study)
    rng = np.random.default_rng(study.seed if options.seed is None else options.seed)
    return _analyse(options, study, languages, lambda _: dict(draw(study, model, rng=rng)))


def run(options: argparse.Namespace) -> int:
    """A study on real exports."""
    workers.prepare()
    study = Study.load(options.study)
    languages = _languages(options, study)
    files = _data_files(options, study)
    from reports.form_commands import corrected, corrections_files, write_log

    corrections = corrections_files(options.corrections, files)
    logs: dict[str, pd.DataFrame] = {}

    def correct(id_: str, found: Responses) -> Responses:
        changed = corrected(found, corrections.get(id_))
        logs[id_] = changed.log
        return changed.responses

    def read(watcher: Watcher) -> Mapping[str, Responses]:
        return _answers(options, study, files, watcher=watcher, correct=correct)

    done = _analyse(options, study, languages, read)
    log = Path(options.out) / "corrections.csv"
    # an empty log replaces that of an earlier run, which would tell of other data
    if corrections or log.exists():
        write_log(logs, log)
    return done


def quality(options: argparse.Namespace) -> int:
    """How far answers can be trusted."""
    from reports.quality_report import look_at, write_quality

    study = Study.load(options.study)
    languages, out = _languages(options, study), Path(options.out)
    if options.draws != 0 and not 19 <= options.draws <= 9999:
        raise UsageError(f"--draws {options.draws}: 0, or from 19 to 9999 files")
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {options.out}: there is a file of that name; name a folder")
    answers = _answers(options, study, _data_files(options, study))
    found = look_at(study, answers, draws=options.draws)
    for path in write_quality(study, found, out, languages=languages):
        _say(options, str(path))
    for told in found:
        evidence = told.forensics
        if evidence is not None and evidence.state == "ok":
            p_value = evidence.combined["all"].p_value
            _say(
                options,
                f"{told.report.population}: p = {p_value:.3f}, the share of honest files that look as suspicious; a flag, not a verdict",
            )
    return DONE


def plan(options: argparse.Namespace) -> int:
    """Respondents, power and quotas before fielding."""
    from reports import plan_commands

    study = Study.load(options.study)
    found, files = plan_commands.plan(options, _languages(options, study))
    if not options.quiet:
        plan_commands.print_summary(found)
    for path in files:
        _say(options, str(path))
    if found.synthetic:
        _say(
            options,
            "expected effects are synthetic (合成数据): nothing in this plan is a fact about any bank",
        )
    lacking = plan_commands.missing(found)
    for words in lacking:
        _complain(words)
    return INCOMPLETE if lacking else DONE


def _data_files(options: argparse.Namespace, study: Study) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for given in (word for words in options.data for word in words):
        id_, separator, name = given.partition("=")
        if not separator or not name:
            raise UsageError(
                f"--data {given}: write POPULATION=FILE, for example {next(iter(study.populations))}=answers.csv"
            )
        population, at, wave = id_.partition("@")
        if population not in study.populations:
            raise UsageError(
                f"--data {given}: the study has no population {population}; it has {', '.join(study.populations)}"
            )
        if at and not wave.strip():
            raise UsageError(f"--data {given}: name the wave, for example {population}@2025={name}")
        if id_ in files:
            raise UsageError(
                f"--data {given}: {id_} was given a file already; join the files first, or name waves: {population}@2025={name}"
            )
        mixed = [known for known in files if known.partition("@")[0] == population]
        if any(bool(at) != ("@" in known) for known in mixed):
            raise UsageError(f"--data {given}: give every file of {population} its wave, or none")
        files[id_] = Path(name)
    return files


def _answers(
    options: argparse.Namespace,
    study: Study,
    files: Mapping[str, Path],
    *,
    watcher: Watcher | None = None,
    correct: Callable[[str, Responses], Responses] = lambda _, found: found,
) -> dict[str, Responses]:
    """The answers of every population; the faults of all files are told together."""
    from reports.form_commands import files_by_population
    from surveys.read import read_answers
    from surveys.reading.mapping import load_mapping

    # what is given for a population holds for all its waves, unless a wave has its own
    names = dict.fromkeys([*(id_.partition("@")[0] for id_ in files), *files])
    mappings = files_by_population("--mapping", options.mapping, names)
    companions = files_by_population("--companion", options.companion, names, several=True)
    answers: dict[str, Responses] = {}
    faults: list[Fault] = []
    for id_, path in files.items():
        if watcher is not None:
            watcher.step(f"reading {path.name}")
        try:
            population = id_.partition("@")[0]
            mapped = mappings.get(id_) or mappings.get(population)
            found = read_answers(
                path,
                study.populations[population].questionnaire,
                mapping=load_mapping(mapped[0]) if mapped else None,
                companion=companions.get(id_) or companions.get(population),
                sheet=options.sheet,
                encoding=options.encoding,
            )
            answers[id_] = correct(id_, found)
        except SurveyError as error:
            faults.extend(error.faults)
    if faults:
        raise SurveyError(faults)
    return _joined(answers)


def _joined(answers: Mapping[str, Responses]) -> dict[str, Responses]:
    """One set of answers a population: its waves, if they were given as files of their own, joined."""
    from surveys.waves import join_waves

    waves: dict[str, dict[str, Responses]] = {}
    for id_, found in answers.items():
        population, _, wave = id_.partition("@")
        waves.setdefault(population, {})[wave] = found
    return {
        population: found[""] if "" in found else join_waves(found) for population, found in waves.items()
    }


def _analyse(
    options: argparse.Namespace,
    study: Study,
    languages: tuple[str, ...],
    read: Callable[[Watcher], Mapping[str, Responses]],
) -> int:
    from reports import pipeline

    out, formats = Path(options.out), _formats(options)
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {options.out}: there is a file of that name; name a folder")
    with watching(pipeline.STEPS, quiet=options.quiet) as watcher:
        answers = read(watcher)
        findings = pipeline.run(study, answers, out, languages=languages, formats=formats, watcher=watcher)
    counts: dict[str, int] = {}
    for verdict in findings.verdicts:
        counts[verdict.outcome] = counts.get(verdict.outcome, 0) + 1
    summary = ", ".join(f"{count} {word.replace('_', ' ')}" for word, count in counts.items())
    _say(
        options,
        f"{out}: {', '.join(f'report.{language}.pdf' for language in languages)}, results.json, figures/, tables/, screening.csv",
    )
    if summary:
        _say(options, f"hypotheses: {summary}")
    if findings.synthetic:
        _say(options, "synthetic data (合成数据): nothing in this report is a fact about any bank")
    incomplete = findings.incomplete()
    for id_ in incomplete:
        reasons = findings.verdict(id_).because
        words = "; ".join(f"{reason.word.replace('_', ' ')}: {reason.details}" for reason in reasons)
        _complain(f"{id_} could not be tested ({words})")
    return INCOMPLETE if incomplete else DONE


def new(options: argparse.Namespace) -> int:
    """A copy of the built-in study to edit."""
    target = Path(options.folder)
    if target.exists():
        raise UsageError(f"{target}: exists already; name a folder that does not")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(study_folder("bank_tiering"), target)
    _say(options, f"{target}: edit study.yaml and the questionnaires, then run: tierstudy check {target}")
    return DONE


def check(options: argparse.Namespace) -> int:
    """All faults of a study's files."""
    study = Study.load(options.study)
    for id_, population in study.populations.items():
        questionnaire = population.questionnaire
        _say(options, f"{id_}: {len(questionnaire.items)} items, {len(questionnaire.constructs)} constructs")
    _say(options, f"{study.id}: {len(study.hypotheses)} hypotheses; no faults found")
    return DONE


def simulate(options: argparse.Namespace) -> int:
    """Synthetic exports."""
    import numpy as np

    from surveys.simulation import load_population_model, write_exports
    from surveys.simulation import simulate as draw

    study = Study.load(options.study)
    model = load_population_model(options.model, study)
    if options.seed < 0:
        raise UsageError(f"--seed {options.seed}: a seed is a whole number from 0 upwards")
    answers = draw(study, model, rng=np.random.default_rng(options.seed))
    for path in write_exports(answers, options.out, language=options.lang, answers=options.answers).values():
        _say(options, f"{path}: synthetic answers (合成数据)")
    return DONE


def inspect(options: argparse.Namespace) -> int:
    """What a file is."""
    from surveys.platforms.description import describe, description_lines
    from surveys.platforms.reading import read_export

    export = read_export(Path(options.file), **_reading(options))
    told = describe(export)
    responses = None
    if not options.json:
        for line in description_lines(told):
            _say(options, line)
    if options.questionnaire:
        from surveys.read import read_answers

        responses = read_answers(
            Path(options.file),
            load_questionnaire(options.questionnaire),
            mapping=_mapping(options),
            **_reading(options),
        )
    if options.json:
        import json

        matched = responses and {
            "questionnaire": responses.questionnaire.id,
            "respondents": responses.n,
            "answer_columns": responses.answers.shape[1],
            "notes": responses.source.notes,
        }
        print(json.dumps({**told.to_dict(), "matched": matched}, ensure_ascii=False, indent=2))  # noqa: T201
    elif responses is not None:
        for note in responses.source.notes:
            _say(options, f"note: {note}")
        _say(
            options,
            f"{responses.n} respondents, {responses.answers.shape[1]} answer columns; no faults found",
        )
    return DONE


class _Reading(TypedDict):
    """The options that say how a file is to be read."""

    companion: list[str] | None
    platform: Platform | None
    sheet: str | None
    encoding: str | None


def _reading(options: argparse.Namespace) -> _Reading:
    return _Reading(
        companion=options.companion,
        platform=options.platform,
        sheet=options.sheet,
        encoding=options.encoding,
    )


def _mapping(options: argparse.Namespace) -> Mapping[str, str] | None:
    if options.mapping is None:
        return None
    from surveys.reading.mapping import load_mapping

    return load_mapping(options.mapping)


def ingest(options: argparse.Namespace) -> int:
    """Tidy data and a codebook."""
    from reports.form_commands import corrected, write_codebooks, write_log
    from reports.release import released
    from reports.tidy import ENDINGS, write_decisions, write_tidy
    from surveys.read import read_answers

    out = Path(options.out)
    if out.suffix not in ENDINGS:
        raise SurveyError(
            Fault(
                file=out.name,
                seen=f"the ending {out.suffix or '(none)'}",
                expected=", ".join(ENDINGS[:-1]) + f" or {ENDINGS[-1]}",
                remedy="Give --out a name with one of these endings.",
            )
        )
    responses = read_answers(
        Path(options.file),
        load_questionnaire(options.questionnaire),
        mapping=_mapping(options),
        **_reading(options),
    )
    changed = corrected(responses, options.corrections)
    clean = released(changed.responses, options)
    for path in (*write_tidy(clean, out), *write_codebooks(clean, out, minimum=options.minimum_cell)):
        _say(options, str(path))
    _say(options, str(write_decisions(clean, out, corrections=len(changed.log))))
    if options.corrections is not None:
        _say(options, str(write_log({out.stem: changed.log}, out.with_suffix(".corrections.csv"))))
    for note in (*clean.source.notes, *clean.notes):
        _say(options, f"note: {note}")
    return DONE


def draft(options: argparse.Namespace) -> int:
    """A questionnaire file to edit, from an export or a definition."""
    from reports import form_commands

    for message in form_commands.draft(options):
        _say(options, message)
    return DONE


def form(options: argparse.Namespace) -> int:
    """A questionnaire written out for fielding."""
    from reports import form_commands

    for message in form_commands.form(options):
        _say(options, message)
    return DONE
