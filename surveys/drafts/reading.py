"""The doorway for drafts: a file that tells what was asked in, a questionnaire to edit out."""

from __future__ import annotations

from pathlib import Path

from surveys.drafts.draft import Draft, drafted
from surveys.drafts.export import form_of
from surveys.drafts.form import Form
from surveys.drafts.limesurvey_structure import form_of_structure
from surveys.drafts.wjx_text import form_of_text
from surveys.drafts.xlsform import is_workbook_form, read_xlsform
from surveys.errors import AnswersError, Fault
from surveys.platforms.export import Export
from surveys.platforms.import_text import is_import_text
from surveys.platforms.limesurvey_structure import is_structure
from surveys.platforms.reading import Companions, read_export
from surveys.reading.limits import Limits
from surveys.reading.tables import Table, file_bytes, read_table


def draft_of(
    path: Path | str,
    *,
    companion: Companions = None,
    sheet: str | None = None,
    encoding: str | None = None,
    limits: Limits | None = None,
) -> Draft:
    """The questionnaire that a file tells of, to be edited by hand.

    Reads a Qualtrics ``.qsf``, a LimeSurvey structure (``.txt``, ``.lsg``, ``.lsq``, ``.lss``), an
    XLSForm, the labels of an SPSS or Stata file, a REDCap dictionary, the text that 问卷星 imports, and
    any export of answers, by content and not by name.

    Raises
    ------
    AnswersError
        If the file cannot be read, or asks nothing.
    """
    place = Path(path)
    form = _form(place, companion, sheet, encoding, limits or Limits())
    if not form.questions:
        raise AnswersError(
            Fault(
                file=place.name,
                seen="no questions",
                expected="an export or a definition of a survey",
                remedy="Export it again, or name the sheet that holds the questions.",
            )
        )
    return drafted(form)


def _form(
    place: Path, companion: Companions, sheet: str | None, encoding: str | None, limits: Limits
) -> Form:
    raw = file_bytes(place, limits)
    if is_import_text(raw):
        return form_of_text(raw, file=place.name, encoding=encoding)
    del raw
    export: Export = read_export(place, companion=companion, sheet=sheet, encoding=encoding, limits=limits)
    if not export.definition:
        return form_of(export)
    if export.platform == "kobo" and is_workbook_form(place, limits):
        return read_xlsform(place, limits=limits)
    if export.platform == "limesurvey" and export.table.format == "delimited":
        table = _structure(place, encoding, limits)
        if table is not None:
            return form_of_structure(table)
    if companion is not None and export.platform == "kobo":
        return form_of(_with_choices(export, companion, limits))
    return form_of(export)


def _structure(place: Path, encoding: str | None, limits: Limits) -> Table | None:
    try:
        table = read_table(place, encoding=encoding, limits=limits)
    except AnswersError:
        return None
    return table if is_structure([name.strip() for name in table.header]) else None


def _with_choices(form: Export, companion: Companions, limits: Limits) -> Export:
    """A form whose choices stand in a file of their own."""
    from surveys.platforms.xlsform import with_choices

    paths = [companion] if isinstance(companion, str | Path) else list(companion or ())
    for path in paths:
        form = with_choices(form, read_export(path, limits=limits))
    return form
