"""The doorway for exports: a file in, what it is and what it holds out.

``read_export(path)`` finds the platform by content; ``recognise(table)`` only says which it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from surveys.errors import AnswersError, Fault
from surveys.platforms import (
    delimited_sets,
    google_forms,
    kobo,
    limesurvey,
    microsoft_forms,
    plain,
    qualtrics,
    redcap,
    sosci,
    spss,
    stata,
    surveymonkey,
    tencent,
    typeform,
    wenjuan,
    wenjuanxing,
    xlsform,
)
from surveys.platforms.damage import told_damage
from surveys.platforms.definitions import load_json, load_xml
from surveys.platforms.delimited_sets import is_metadata, parse_metadata
from surveys.platforms.export import PLATFORMS, Export, Platform
from surveys.platforms.import_text import is_import_text, parse_import_text
from surveys.platforms.limesurvey_structure import parse_xml
from surveys.platforms.packed import read_packed
from surveys.platforms.qsf import is_qsf, parse_qsf
from surveys.reading.grids import Known
from surveys.reading.limits import Limits
from surveys.reading.tables import Table, file_bytes, read_table

#: Each has ``likelihood(table)``, from 0 to 1, and ``parse(table, companion)``.
GRAMMARS: Mapping[Platform, ModuleType] = {
    "wenjuanxing": wenjuanxing,
    "wenjuan": wenjuan,
    "tencent": tencent,
    "qualtrics": qualtrics,
    "limesurvey": limesurvey,
    "surveymonkey": surveymonkey,
    "google_forms": google_forms,
    "microsoft_forms": microsoft_forms,
    "typeform": typeform,
    "kobo": kobo,
    "redcap": redcap,
    "sosci": sosci,
    "delimited_set": delimited_sets,
    "spss": spss,
    "stata": stata,
    "plain": plain,
}

_JSON = re.compile(rb"""\{\s*["}]|\[\s*\{""")
Companions = Path | str | Sequence[Path | str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """Which platform wrote a table, how sure that is from 0 to 1, and who else might have."""

    platform: Platform
    likelihood: float
    others: tuple[tuple[Platform, float], ...] = ()


def recognise(table: Table) -> Recognition:
    """The platform whose grammar fits the header and the first rows best; the file's name is not looked at.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame([["1", "2024/5/1 10:01", "61秒", "微信", "手机", "203.0.113.1", "满意"]])
    >>> header = ("序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP", "1、您满意吗？")
    >>> table = Table(file="a.csv", format="delimited", sha256="", header=header, header_row=1, rows=rows)
    >>> recognise(table).platform
    'wenjuanxing'
    """
    scores = {platform: float(grammar.likelihood(table)) for platform, grammar in GRAMMARS.items()}
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    platform, likelihood = ranked[0]
    others = tuple((name, score) for name, score in ranked[1:] if score > 0.1)
    return Recognition(platform=platform, likelihood=likelihood, others=others)


def read_export(
    path: Path | str,
    *,
    companion: Companions = None,
    platform: Platform | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    limits: Limits | None = None,
    known: Known | None = None,
) -> Export:
    """One file of answers, or of what was asked, as the platform that wrote it means it.

    Parameters
    ----------
    path : path of the file
    companion : path or paths, optional
        What explains the file: a ``.qsf``, a LimeSurvey structure, an XLSForm (one workbook, or its
        survey and choices), a REDCap dictionary, metadata in JSON, or the other download of 问卷星.
    platform : Platform, optional
        When the one found by itself is wrong.
    sheet, encoding, limits, known
        As for ``read_table``.

    Raises
    ------
    AnswersError
        If the file cannot be read, with everything that is wrong with it.
    """
    limits = limits or Limits()
    place = Path(path)
    helper = _companion(companion, limits)
    raw = file_bytes(place, limits)
    found = _definition(raw, place, encoding)
    if found is not None:
        return found
    packed = read_packed(raw, file=place.name, limits=limits, encoding=encoding, known=known)
    del raw
    if packed is not None:
        table = packed.answers
        if helper is None and packed.codebook is not None:
            helper = wenjuan.parse(packed.codebook, None)
    else:
        table = read_table(place, sheet=sheet, encoding=encoding, limits=limits, known=known)
        table = _with_first_row(table, place, sheet, encoding, limits)
    chosen = platform or recognise(table).platform
    if chosen not in GRAMMARS:
        raise _unknown(place.name, chosen)
    if chosen == "kobo" and xlsform.is_xlsform(table):
        return xlsform.read_form(place, table, limits)
    export: Export = GRAMMARS[chosen].parse(table, helper)
    notes, warnings = told_damage(export)
    unused = _unused(export, helper)
    return replace(export, notes=(*export.notes, *notes, *unused), warnings=(*export.warnings, *warnings))


def _definition(raw: bytes, place: Path, encoding: str | None) -> Export | None:
    """The questions of a file that is no table: JSON, XML, or text to import."""
    start = raw[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if _JSON.match(start):
        document = load_json(raw, file=place.name)
        if is_qsf(document):
            return parse_qsf(document, file=place.name, raw=raw)
        if is_metadata(document):
            return parse_metadata(document, file=place.name, raw=raw)
        raise AnswersError(
            Fault(
                file=place.name,
                seen="JSON that is neither a Qualtrics survey nor metadata of a table",
                expected="a CSV, Excel, SPSS or Stata file, a .qsf, or metadata with columns and lib",
                remedy="Export the answers as CSV or Excel.",
            )
        )
    if start.startswith(b"<?xml") and b"LimeSurveyDocType" in raw[:4000]:
        return parse_xml(load_xml(raw, file=place.name), file=place.name, raw=raw)
    if is_import_text(raw):
        return parse_import_text(raw, file=place.name, encoding=encoding)
    return None


def _with_first_row(
    table: Table, place: Path, sheet: str | None, encoding: str | None, limits: Limits
) -> Table:
    """The table from its first row on, when a platform knows that row and the one below is no header.

    Questions that go on leave their first header row half empty, which looks like a title; and a
    second header row may hold more wordings of the questionnaire than the first, which holds codes.
    """
    if table.header_row == 1 or table.format not in ("xlsx", "xls", "delimited"):
        return table
    try:
        whole = read_table(
            place, sheet=sheet or table.sheet, encoding=encoding, limits=limits, header="first"
        )
    except AnswersError:
        return table
    best = recognise(whole)
    return whole if best.likelihood >= 0.8 and best.likelihood >= recognise(table).likelihood else table


def _companion(companion: Companions, limits: Limits) -> Export | None:
    if companion is None:
        return None
    paths = [companion] if isinstance(companion, str | Path) else list(companion)
    helper: Export | None = None
    for path in paths:
        following = read_export(path, limits=limits)
        if helper is None:
            helper = following
        elif "choices only" in following.flavour:
            helper = xlsform.with_choices(helper, following)
        elif "choices only" in helper.flavour:
            helper = xlsform.with_choices(following, helper)
    return helper


def _unused(export: Export, helper: Export | None) -> tuple[str, ...]:
    if helper is None or helper.platform == export.platform:
        return ()
    name = PLATFORMS[helper.platform]
    return (f"the companion {helper.table.file} is from {name} and explains nothing here",)


def _unknown(file: str, platform: str) -> AnswersError:
    return AnswersError(
        Fault(
            file=file,
            seen=f'the platform "{platform}"',
            expected="one of " + ", ".join(GRAMMARS),
            remedy="Name another, or leave it out.",
        )
    )
