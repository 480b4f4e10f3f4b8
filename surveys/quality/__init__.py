"""How far answers can be trusted: checks of every respondent, and how much they agree."""

from surveys.quality.report import QualityReport, quality_report

__all__ = ["QualityReport", "quality_report"]
