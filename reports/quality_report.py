"""The quality of a study's answers as files: quality.csv, quality.json, quality.LANGUAGE.pdf."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from reports.chapters.quality import quality_chapter
from reports.document import Callout, Document
from reports.numbers import Numbers
from reports.pdf import write_pdf
from reports.report import WORDS as REPORT_WORDS
from surveys.anonymity import k_anonymity
from surveys.forensics.evidence import DRAWS, Forensics, examine
from surveys.privacy import find_identifiers, without_identifiers
from surveys.quality.population import PopulationQuality
from surveys.quality.report import quality_report
from surveys.responses import Responses
from surveys.simulation import SYNTHETIC
from surveys.study import Study

SUBTITLE = {"en": "Quality of the answers", "zh": "答卷质量报告"}


def look_at(
    study: Study, answers: Mapping[str, Responses], *, draws: int = DRAWS
) -> tuple[PopulationQuality, ...]:
    """Quality and forensics of every population; random numbers come from the study's seed.

    Parameters
    ----------
    study : Study
    answers : mapping
        Population id -> its answers.
    draws : int
        Honest files per population of the forensics; 0 leaves them out.
    """
    found = []
    for place, (id_, given) in enumerate(answers.items()):
        population = study.populations[id_]
        identifiers = find_identifiers(given)
        responses = without_identifiers(given)
        report = quality_report(responses, population, rng=np.random.default_rng([study.seed, place, 0]))
        consenting = responses.keep(report.consenting)
        evidence = None
        if draws:
            evidence = examine(consenting, rng=np.random.default_rng([study.seed, place, 1]), draws=draws)
        known = [name for name in population.profile if name in consenting.answers]
        found.append(
            PopulationQuality(
                title=population.title,
                report=report,
                forensics=evidence,
                purpose=population.consent_purpose,
                anonymity=k_anonymity(consenting.answers, known, minimum=study.minimum_cell)
                if known
                else None,
                wordings={name: population.questionnaire.item(name).text for name in known},
                identifiers=identifiers,
            )
        )
    return tuple(found)


def quality_document(study: Study, found: Sequence[PopulationQuality], language: str) -> Document:
    """The chapter as a document of its own."""
    notice = None
    if any(quality.report.responses.synthetic for quality in found):
        notice = Callout(
            title=REPORT_WORDS["synthetic_title"][language],
            text=REPORT_WORDS["synthetic"][language],
            kind="warning",
        )
    return Document(
        title=study.title[language],
        subtitle=SUBTITLE[language],
        language=language,
        authors=study.authors,
        notice=notice,
        blocks=tuple(
            quality_chapter(tuple(found), Numbers(language=language), minimum_cell=study.minimum_cell)
        ),
    )


def quality_csv(found: Sequence[PopulationQuality]) -> str:
    """One row a consenting respondent, by the row of the data file: nothing that names a person."""
    frames = []
    for quality in found:
        table = quality.report.respondents()
        if quality.forensics is not None and quality.forensics.respondents is not None:
            evidence = quality.forensics.respondents
            table["forensics.p_value"] = evidence.p_value.to_numpy()
            table["forensics.flagged"] = evidence.flagged.astype(int).to_numpy()
        if quality.report.responses.synthetic:
            table["synthetic"] = SYNTHETIC
        frames.append(table)
    whole = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    return str(whole.to_csv(index=False, lineterminator="\r\n"))


def quality_json(study: Study, found: Sequence[PopulationQuality]) -> str:
    """All numbers, unrounded; counts and probabilities, no row and no answer of anybody."""
    return json.dumps(
        {
            "schema": "tierstudy/quality/1",
            "study": study.id,
            "synthetic": any(quality.report.responses.synthetic for quality in found),
            "about": "Checks flag; they do not convict, and nobody was set aside for them.",
            "populations": [_population(quality) for quality in found],
        },
        ensure_ascii=False,
        indent=1,
        allow_nan=False,
    )


def _population(quality: PopulationQuality) -> dict[str, object]:
    report = quality.report
    return {
        "population": report.population,
        "read": report.responses.n,
        "without_consent": report.n_without_consent,
        "set_aside_by_declared_rules": report.screening.n_set_aside_but_consenting,
        "checks": [asdict(count) for count in report.counts()],
        "rules": [asdict(rule) for rule in report.rule_differences()],
        "agreement": [asdict(pair) for pair in report.agreement()],
        "mixes": [
            {
                "column": mix.column,
                "n": mix.n,
                "statistic": mix.statistic,
                "df": mix.df,
                "p_value": mix.p_value,
                "state": mix.state,
                "reason": mix.reason,
            }
            for mix in report.mixes
        ],
        "forensics": None if quality.forensics is None else _forensics(quality.forensics),
        "anonymity": None if quality.anonymity is None else asdict(quality.anonymity),
        "identifiers": _identifiers(quality),
    }


def _forensics(found: Forensics) -> dict[str, object]:
    respondents = found.respondents
    return {
        "state": found.state,
        "reason": found.reason,
        "n": found.n,
        "n_examined": found.n_examined,
        "n_items": found.n_items,
        "draws": found.draws,
        "indicators": [asdict(indicator) for indicator in found.indicators],
        "combined": {label: asdict(evidence) for label, evidence in found.combined.items()},
        "respondents": None
        if respondents is None
        else {
            "flagged": int(respondents.flagged.sum()),
            "expected_at_most": respondents.expected,
            "rate": respondents.rate,
        },
    }


def _identifiers(quality: PopulationQuality) -> list[dict[str, object]]:
    counts: dict[tuple[str, str], int] = {}
    for identifier in quality.identifiers:
        key = identifier.column, identifier.kind
        counts[key] = counts.get(key, 0) + identifier.count
    return [{"column": column, "kind": kind, "count": count} for (column, kind), count in counts.items()]


def write_quality(
    study: Study, found: Sequence[PopulationQuality], out: Path, *, languages: Sequence[str]
) -> list[Path]:
    """Write quality.csv, quality.json and one PDF a language; all of them appear, or none."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tierstudy-", dir=out.parent) as folder:
        whole = Path(folder)
        (whole / "quality.csv").write_text(quality_csv(found), "utf-8-sig", newline="")
        (whole / "quality.json").write_text(quality_json(study, found), "utf-8")
        for language in languages:
            write_pdf(quality_document(study, found, language), whole / f"quality.{language}.pdf")
        names = sorted(path.name for path in whole.iterdir())
        out.mkdir(exist_ok=True)
        for name in names:
            (whole / name).replace(out / name)
    return [out / name for name in names]
