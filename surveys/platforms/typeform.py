"""Typeform: a hash first, times at the end, one column an option headed by the option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from surveys.platforms.building import Draft, place_group
from surveys.platforms.export import Export, Role
from surveys.reading.cells import normal
from surveys.reading.tables import Table

_ROLES: Mapping[str, Role] = {
    "#": "respondent",
    "start date (utc)": "started_at",
    "stage date (utc)": "other",
    "submit date (utc)": "submitted_at",
    "network id": "other",
    "response type": "status",
    "tags": "other",
    "ending": "other",
    "score": "score",
}


def likelihood(table: Table) -> float:
    names = [normal(name) for name in table.header]
    if names[:1] == ["#"] and ("network id" in names or "submit date (utc)" in names):
        return 1.0
    return 0.8 if {"start date (utc)", "submit date (utc)", "network id"} <= set(names) else 0.0


def parse(table: Table, companion: Export | None) -> Export:
    """Neighbours that each hold their own header are the options of one question, whose text is lost."""
    del companion
    draft = Draft(table=table, platform="typeform", flavour="one column an option")
    asked: list[int] = []
    for at, name in enumerate(table.header):
        role = _ROLES.get(normal(name))
        if role is not None:
            draft.role(at, role)
        else:
            asked.append(at)
    place = 0
    for group in _groups(draft, asked):
        place += 1
        if len(group) == 1:
            at = group[0]
            before = draft.columns.get(at - 1)
            if normal(table.header[at]) == "other" and before is not None and before.question is not None:
                # What was typed beside the last option of a single choice.
                draft.place(at, before.question, part="other_text")
                place -= 1
                continue
            draft.ask_single(at, f"Q{place}", table.header[at].strip(), table.header[at].strip())
        else:
            labels = [table.header[at].strip() for at in group]
            place_group(draft, group, labels, id_=f"Q{place}", text="", kind="multiple")
    return draft.finish()


def _groups(draft: Draft, asked: Sequence[int]) -> list[list[int]]:
    """Runs of columns that hold their own header; ``Other`` ends a run.

    "Other" behind a single choice holds what was typed there, and stands alone.
    """
    groups: list[list[int]] = []
    open_run = False
    for at in asked:
        own = _holds_itself(draft, at)
        other = normal(draft.header[at]) == "other"
        # An option that nobody chose has no cells; a question would ask.
        unchosen = not draft.answered(at) and "?" not in draft.header[at]
        if (own or other or unchosen) and open_run and groups[-1][-1] == at - 1:
            groups[-1].append(at)
            open_run = not other
        else:
            groups.append([at])
            open_run = own and not other
    return groups


def _holds_itself(draft: Draft, at: int) -> bool:
    answered = draft.answered(at)
    return bool(answered) and set(answered) <= {normal(draft.header[at])}
