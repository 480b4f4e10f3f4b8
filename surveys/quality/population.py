"""Everything seen of the quality of one population's answers, under one roof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from surveys.anonymity import KAnonymity
from surveys.forensics.evidence import Forensics
from surveys.privacy import Identifier
from surveys.quality.report import QualityReport


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationQuality:
    """Everything the chapter says of one population."""

    title: Mapping[str, str]
    report: QualityReport
    forensics: Forensics | None = None
    purpose: Mapping[str, str] | None = None  #: of the consent
    anonymity: KAnonymity | None = None
    wordings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  #: of items
    identifiers: tuple[Identifier, ...] = ()  #: found before they were taken out
