"""The commands that write questionnaires and forms, and the corrections of the others."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from reports.exit_status import UsageError
from reports.whole_files import write_whole
from surveys.corrections import LOG_COLUMNS, Corrected, read_and_apply
from surveys.forms.asking import FormFormat
from surveys.neutral_cells import neutralised
from surveys.questionnaire import Questionnaire
from surveys.responses import Responses

#: Formats whose file holds one language.
ONE_LANGUAGE = ("docx", "wjx-text")


def draft(options: argparse.Namespace) -> tuple[str, ...]:
    """A questionnaire file from an export or a definition; the messages to show."""
    import tempfile

    from surveys.drafts.reading import draft_of
    from surveys.questionnaire_files import load_questionnaire
    from surveys.questionnaire_writing import questionnaire_yaml

    out = Path(options.out)
    _not_there(out, options.force)
    drafted = draft_of(
        Path(options.file), companion=options.companion, sheet=options.sheet, encoding=options.encoding
    )
    content = questionnaire_yaml(drafted.questionnaire, remarks=drafted.remarks).encode("utf-8")
    with tempfile.TemporaryDirectory(prefix="tierstudy-") as folder:
        trial = Path(folder) / out.name
        trial.write_bytes(content)
        # what does not load is not handed out
        load_questionnaire(trial)
    write_whole(out, content)
    asked = drafted.questionnaire
    remarks = sum(len(told) for id_, told in drafted.remarks.items() if id_)
    return (
        f"{out}: {len(asked.items)} items, {len(asked.scales)} scales, {len(asked.sections)} sections; "
        f"languages: {', '.join(asked.languages)}",
        f"{remarks} places to look at are marked by comments; edit them, then add the file to a study "
        "and run: tierstudy check STUDY",
    )


def form(options: argparse.Namespace) -> tuple[str, ...]:
    """A questionnaire written out for fielding; the messages to show."""
    from surveys.forms.losses import not_carried
    from surveys.questionnaire_files import load_questionnaire

    out = Path(options.out)
    _not_there(out, options.force)
    questionnaire = _in_languages(load_questionnaire(options.questionnaire), options)
    write_whole(out, _written(questionnaire, options.format))
    language = (
        questionnaire.languages[0] if options.format in ONE_LANGUAGE else ", ".join(questionnaire.languages)
    )
    asked = sum(item.source == "respondent" for item in questionnaire.items)
    told = tuple(f"note: {note}" for note in not_carried(questionnaire, options.format))
    return (f"{out}: {asked} items asked, in {language}", *told)


def _in_languages(questionnaire: Questionnaire, options: argparse.Namespace) -> Questionnaire:
    """The questionnaire in the languages that were asked for, first things first."""
    known = questionnaire.languages
    wanted = tuple(part.strip() for part in (options.lang or "").split(",") if part.strip())
    unknown = [language for language in wanted if language not in known]
    if unknown:
        raise UsageError(f"--lang {options.lang}: the questionnaire is written in {', '.join(known)}")
    if not wanted:
        chinese = options.format == "wjx-text" and "zh" in known
        wanted = ("zh",) if chinese else known[:1] if options.format in ONE_LANGUAGE else known
    if options.format in ONE_LANGUAGE and len(wanted) > 1:
        raise UsageError(
            f"--lang {options.lang}: a {options.format} form holds one language; write a file for each"
        )
    return replace(questionnaire, languages=wanted)


def _written(questionnaire: Questionnaire, form: FormFormat) -> bytes:
    if form == "xlsform":
        from surveys.forms.xlsform import xlsform

        return xlsform(questionnaire)
    if form == "docx":
        from reports.forms.word import word_form

        return word_form(questionnaire)
    if form == "limesurvey":
        from surveys.forms.limesurvey import limesurvey_structure

        return limesurvey_structure(questionnaire).encode("utf-8")
    from surveys.forms.wjx_text import wjx_text

    return wjx_text(questionnaire, language=questionnaire.languages[0]).encode("utf-8")


def _not_there(out: Path, force: bool) -> None:
    if out.is_dir():
        raise UsageError(f"--out {out}: there is a folder of that name; name a file")
    if out.exists() and not force:
        raise UsageError(
            f"--out {out}: exists already and may hold your edits; name another file, or add --force"
        )


def corrections_files(given: list[str] | None, populations: Mapping[str, object]) -> dict[str, Path]:
    """Files of corrections by population."""
    return {id_: paths[0] for id_, paths in files_by_population("--corrections", given, populations).items()}


def files_by_population(
    option: str, given: list[str] | None, populations: Mapping[str, object], *, several: bool = False
) -> dict[str, list[Path]]:
    """What ``POPULATION=FILE`` names after an option; a bare file goes to the only population."""
    files: dict[str, list[Path]] = {}
    for words in given or []:
        id_, separator, name = words.partition("=")
        if not separator and len(populations) == 1:
            id_, name = next(iter(populations)), words
        if id_ not in populations or not name:
            raise UsageError(
                f"{option} {words}: write POPULATION=FILE with one of the populations that have data: "
                + ", ".join(populations)
            )
        if id_ in files and not several:
            raise UsageError(f"{option} {words}: {id_} was given such a file already; join the files first")
        files.setdefault(id_, []).append(Path(name))
    return files


def corrected(responses: Responses, path: Path | str | None) -> Corrected:
    """The answers with the corrections of a file, if there is one."""
    if path is None:
        return Corrected(responses=responses, log=pd.DataFrame(columns=list(LOG_COLUMNS)))
    return read_and_apply(responses, path)


def write_log(logs: Mapping[str, pd.DataFrame], path: Path) -> Path:
    """Write what was corrected, by population, as CSV that a spreadsheet opens without running anything."""
    frames = [log.assign(population=id_)[["population", *LOG_COLUMNS]] for id_, log in logs.items()]
    whole = pd.concat(frames) if frames else pd.DataFrame(columns=["population", *LOG_COLUMNS])
    for name in ("population", *LOG_COLUMNS[:-1]):
        whole[name] = [neutralised(str(cell)) for cell in whole[name]]
    write_whole(path, whole.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig"))
    return path


def write_codebooks(responses: Responses, out: Path, *, minimum: int) -> tuple[Path, Path]:
    """Write the codebook beside a data file, as a page and as a workbook."""
    from reports.codebook import codebook_html, codebook_workbook

    page, book = out.with_suffix(".codebook.html"), out.with_suffix(".codebook.xlsx")
    write_whole(page, codebook_html(responses, minimum=minimum).encode("utf-8"))
    write_whole(book, codebook_workbook(responses, minimum=minimum))
    return page, book
