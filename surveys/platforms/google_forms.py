"""Google Forms."""

from __future__ import annotations

from surveys.platforms.building import Draft
from surveys.platforms.export import Export
from surveys.platforms.forms import google_likelihood, parse_google
from surveys.reading.tables import Table

likelihood = google_likelihood


def parse(table: Table, companion: Export | None) -> Export:
    """Timestamp, then full question texts; grids as ``Stem [row]``."""
    del companion
    draft = Draft(table=table, platform="google_forms")
    parse_google(draft)
    return draft.finish()
