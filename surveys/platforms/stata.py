"""Stata: .dta."""

from __future__ import annotations

from surveys.platforms.building import Draft
from surveys.platforms.export import Export
from surveys.platforms.statistical import parse_statistical
from surveys.reading.tables import Table


def likelihood(table: Table) -> float:
    return 0.5 if table.format == "stata" else 0.0


def parse(table: Table, companion: Export | None) -> Export:
    """Variables with their labels; ``.a`` to ``.z`` are declared missing, ``.`` is unanswered."""
    del companion
    return parse_statistical(Draft(table=table, platform="stata", flavour="data set"))
