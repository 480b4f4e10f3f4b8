"""``results.json``: every number of a run, unrounded, and what it stands on.

The format is ``reports/schema/results.schema.json``. There is no clock time in it, so the same
input gives the same bytes.
"""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from typing import Any

from analysis.findings import Findings, entry_id
from analysis.hypotheses import Verdict
from analysis.population_findings import PopulationFindings
from analysis.results import Entry
from surveys.responses import SourceFile

PACKAGES = (
    "tierstudy",
    "numpy",
    "pandas",
    "scipy",
    "statsmodels",
    "insufficient-effort",
    "matplotlib",
    "seaborn",
    "typst",
)


def versions() -> dict[str, str]:
    """Python and the packages that numbers and pages depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def results_json(findings: Findings) -> str:
    """The whole run as JSON text."""
    study = findings.study
    document: dict[str, Any] = {
        "schema": "tierstudy/results/1",
        "study": {"id": study.id, "title": dict(study.title)},
        "synthetic": findings.synthetic,
        "provenance": {
            "versions": versions(),
            "seed": study.seed,
            "resamples": study.resamples,
            "study_files": dict(study.sha256),
            "data_files": {
                name: {"name": source.name, "sha256": source.sha256}
                for found in findings.populations.values()
                for name, source in sources_of(found).items()
            },
        },
        "populations": {found.id: _population(found) for found in findings.populations.values()},
        "results": [
            _result(id_, population, entry) for id_, (population, entry) in findings.catalogue.items()
        ],
        "verdicts": [_verdict(verdict) for verdict in findings.verdicts],
        "families": [
            {
                "id": family.id,
                "method": family.method,
                "tests": len(family.results),
                "results": list(family.results),
            }
            for family in findings.families
        ],
        "without_rules": [
            {
                "population": effect.population,
                "rule": effect.rule,
                "n": effect.n,
                "verdicts": dict(effect.outcomes),
                "changed": {id_: {"with": a, "without": b} for id_, (a, b) in effect.changed.items()},
            }
            for effect in findings.rule_effects
        ],
    }
    if findings.synthetic:
        document["notice"] = (
            "synthetic data, 合成数据: simulated answers; nothing here is a fact about any bank"
        )
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def sources_of(found: PopulationFindings) -> dict[str, SourceFile]:
    """The data files of a population by ``POPULATION``, or ``POPULATION@WAVE`` where there are several."""
    waves = found.responses.wave_sources
    if not waves:
        return {found.id: found.responses.source}
    return {f"{found.id}@{wave}": source for wave, source in waves.items()}


def _population(found: PopulationFindings) -> dict[str, Any]:
    return {
        "read": found.responses.n,
        "analysed": found.sample.n,
        "synthetic": found.sample.synthetic,
        "excluded": [
            {
                "rule": rule.name,
                "options": dict(rule.options),
                "flagged": rule.n_flagged,
                "set_aside": rule.n_first,
                "only_this_rule": rule.n_only_this_rule,
                "applicable": rule.applicable,
                "reason": rule.reason,
            }
            for rule in found.screening.ledger
        ],
        "reading": list(found.responses.source.notes),
    }


def _result(id_: str, population: str, entry: Entry) -> dict[str, Any]:
    interval = entry.interval
    return {
        "id": id_,
        "measure": entry.measure,
        "method": entry.method,
        "population": population,
        "about": dict(entry.about),
        "n": entry.n,
        "estimate": entry.estimate,
        "std_error": entry.std_error,
        "statistic": entry.statistic,
        "df": list(entry.df),
        "p_value": entry.p_value,
        "interval": None
        if interval is None
        else {"low": interval.low, "high": interval.high, "confidence_level": interval.confidence_level},
        "more": dict(entry.more),
        "state": entry.state,
        "reason": entry.reason,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "hypothesis": verdict.id,
        "claim": dict(verdict.hypothesis.claim),
        "confirmatory": verdict.hypothesis.confirmatory,
        "verdict": verdict.outcome,
        "because": [
            {"word": reason.word, "test": reason.test + 1, "details": reason.details}
            for reason in verdict.because
        ],
        "results": [
            entry_id(f"hypotheses.{verdict.id}.{evidence.position + 1}.effect", entry)
            for evidence in verdict.evidence
            for entry in evidence.entries()
        ],
        "estimate": verdict.evidence[0].estimate,
        "p_value": verdict.p_value,
        "p_adjusted": verdict.p_adjusted,
    }
