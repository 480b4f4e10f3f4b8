"""Microsoft Forms."""

from __future__ import annotations

from surveys.platforms.building import Draft
from surveys.platforms.export import Export
from surveys.platforms.forms import microsoft_likelihood, parse_microsoft
from surveys.reading.tables import Table

likelihood = microsoft_likelihood


def parse(table: Table, companion: Export | None) -> Export:
    """ID, times, e-mail and name, then full question texts; several choices end in ``;`` each."""
    del companion
    draft = Draft(table=table, platform="microsoft_forms")
    parse_microsoft(draft)
    return draft.finish()
