"""SPSS: .sav, .zsav and .por."""

from __future__ import annotations

from surveys.platforms.building import Draft
from surveys.platforms.export import Export
from surveys.platforms.statistical import parse_statistical
from surveys.reading.tables import Table


def likelihood(table: Table) -> float:
    return 0.5 if table.format == "spss" else 0.0


def parse(table: Table, companion: Export | None) -> Export:
    """Variables with their labels; user-missing values are declared missing."""
    del companion
    return parse_statistical(Draft(table=table, platform="spss", flavour=_flavour(table)))


def _flavour(table: Table) -> str:
    return "portable file" if table.file.lower().endswith(".por") else "system file"
