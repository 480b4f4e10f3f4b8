"""One run, whole: answers in, a folder of results out. Nothing half-written is left behind."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pandas as pd

from analysis.findings import Findings, find
from reports import workers
from reports.banner_files import write_banners
from reports.document import Document, Table
from reports.gallery import FORMATS, draw_all
from reports.item_files import write_items
from reports.pdf import write_pdf
from reports.progress import Silent, Watcher
from reports.quality_report import look_at, quality_json
from reports.report import build_report
from reports.results_file import results_json
from reports.theme import Format
from surveys.neutral_cells import neutralised
from surveys.quality.population import PopulationQuality
from surveys.responses import Responses
from surveys.study import Study

STEPS = 8


def run(
    study: Study,
    answers: Mapping[str, Responses],
    out: Path,
    *,
    languages: Sequence[str] | None = None,
    formats: Sequence[Format] = FORMATS,
    watcher: Watcher | None = None,
) -> Findings:
    """Analyse a study and write its report.

    Parameters
    ----------
    study : Study
    answers : mapping
        Population id -> its answers.
    out : Path
        Folder for ``report.LANGUAGE.pdf``, ``figures/``, ``tables/``, ``results.json``, ``quality.json``
        and ``screening.csv``. It is made if need be; files of an earlier run are replaced, others stay.
    languages : sequence of str, optional
        By default those of the study.
    formats : sequence of {"png", "svg", "pdf"}
        Of the figure files; SVG is always among them.
    """
    told = watcher or Silent()
    chosen = tuple(languages or study.languages)
    out.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=".tierstudy-", dir=out.parent) as name,
        ProcessPoolExecutor(2, mp_context=workers.context()) as pool,
    ):
        whole = Path(name)
        findings = find(study, answers, watch=told.step, pool=pool)
        told.step("drawing figures and setting the report")
        quality = look_at(study, {f.id: f.responses for f in findings.populations.values()}, draws=0)
        reports = [
            pool.submit(_write_report, findings, quality, language, whole, formats) for language in chosen
        ]
        for done in reports:
            done.result()
        (whole / "results.json").write_text(results_json(findings), "utf-8")
        (whole / "screening.csv").write_text(screening_csv(findings), "utf-8-sig", newline="")
        (whole / "quality.json").write_text(quality_json(study, quality), "utf-8")
        _move_into(whole, out)
    return findings


def _write_report(
    findings: Findings,
    quality: tuple[PopulationQuality, ...],
    language: str,
    folder: Path,
    formats: Sequence[Format],
) -> None:
    figures = draw_all(findings, language, folder / "figures", formats=formats)
    document, telling = build_report(findings, language, figures, quality=quality)
    tables = folder / "tables"
    tables.mkdir(exist_ok=True)
    for block in document.blocks:
        if isinstance(block, Table):
            name = re.sub(r"[^0-9A-Za-z_-]+", "_", block.key)
            (tables / f"{name}.{language}.csv").write_text(
                table_csv(block, document), "utf-8-sig", newline=""
            )
    write_banners(telling, tables)
    write_items(telling, tables)
    write_pdf(document, folder / f"report.{language}.pdf")


def table_csv(table: Table, document: Document) -> str:
    """A table of the report as text, caption and notes included; formulas are made harmless."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    if document.notice is not None:
        writer.writerow([neutralised(document.notice.title)])
    writer.writerow([neutralised(table.caption.replace("\\", ""))])
    writer.writerow([neutralised(column.label.replace("\\", "")) for column in table.columns])
    groups = {group.start: group.label for group in table.groups}
    for i, row in enumerate(table.rows):
        if i in groups:
            writer.writerow([neutralised(groups[i])])
        writer.writerow([neutralised(cell if isinstance(cell, str) else cell.text) for cell in row])
    for note in table.notes:
        writer.writerow([neutralised(note.replace("\\", ""))])
    return text.getvalue()


def screening_csv(findings: Findings) -> str:
    """Every respondent set aside, by which rule, on what value."""
    frames = []
    for found in findings.populations.values():
        aside = found.screening.set_aside
        aside.insert(0, "population", found.id)
        if found.sample.synthetic:
            aside["synthetic"] = "synthetic 合成数据"
        frames.append(aside)
    whole = pd.concat(frames) if frames else pd.DataFrame()
    if "respondent" in whole:
        whole["respondent"] = [neutralised(str(value)) for value in whole["respondent"]]
    return str(whole.to_csv(index=False, lineterminator="\r\n"))


def _move_into(source: Path, target: Path) -> None:
    """Put finished files in their place, one rename each."""
    target.mkdir(exist_ok=True)
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir(exist_ok=True)
        else:
            path.replace(place)
