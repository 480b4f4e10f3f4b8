"""A table that no survey platform claims: one header row, one column a question."""

from __future__ import annotations

import re
from collections.abc import Mapping

from surveys.platforms.building import Draft
from surveys.platforms.export import Export, Role
from surveys.reading.cells import normal
from surveys.reading.tables import Table

#: Headers that name facts about the respondent in any table.
ROLES: Mapping[str, Role] = {
    "respondent": "respondent",
    "respondent_id": "respondent",
    "respondentid": "respondent",
    "id": "respondent",
    "caseid": "respondent",
    "序号": "respondent",
    "编号": "respondent",
    "ip": "ip",
    "ip address": "ip",
    "ipaddress": "ip",
    "email": "email",
    "e-mail": "email",
    "email address": "email",
    "邮箱": "email",
    "name": "name",
    "surname": "name",
    "first name": "name",
    "last name": "name",
    "姓名": "name",
    "phone": "phone",
    "telephone": "phone",
    "手机": "phone",
    "电话": "phone",
    "submitted_at": "submitted_at",
    "started_at": "started_at",
    "seconds": "seconds",
    "duration": "seconds",
    "province": "province",
    "device": "device",
}


def likelihood(table: Table) -> float:
    """Any table may be a plain one."""
    return 0.05 if table.header else 0.0


def parse(table: Table, companion: Export | None) -> Export:
    """Every column by its header, kinds as the cells tell."""
    del companion
    draft = Draft(table=table, platform="plain", flavour=_flavour(table))
    taken: set[Role] = set()
    for at, header in enumerate(table.header):
        role = ROLES.get(normal(header))
        if role is None or (role in taken and role not in ("ip", "name", "phone", "email")):
            continue
        if role == "respondent" and not _names_each(draft, at):
            continue
        taken.add(role)
        draft.role(at, role)
    return draft.finish()


def _names_each(draft: Draft, at: int) -> bool:
    distinct = draft.distinct(at)
    return len(distinct.values) >= 0.5 * max(1, len(draft.table.rows))


def _flavour(table: Table) -> str:
    if table.format == "delimited":
        return {",": "CSV", "\t": "TSV", ";": "CSV with semicolons", "|": "bar-separated"}.get(
            table.delimiter or "", "text"
        )
    return re.sub(r"^xls", "Excel .xls", table.format) if table.format in ("xls", "xlsx") else table.format
