"""Google Forms and Microsoft Forms: one row of full question texts, several choices in one cell."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence

from surveys.platforms.building import Draft, place_group
from surveys.platforms.export import Role
from surveys.platforms.wordings import looks_joined
from surveys.reading.cells import normal
from surveys.reading.tables import Table
from surveys.reading.times import moments

_ROW = re.compile(r"(?P<stem>.*\S)\s*\[(?P<row>[^\[\]]+)\]\s*", re.DOTALL)

MICROSOFT: Mapping[str, Role] = {
    "id": "respondent",
    "start time": "started_at",
    "completion time": "submitted_at",
    "last modified time": "other",
    "email": "email",
    "name": "name",
    "language": "language",
    "total points": "score",
    "quiz feedback": "other",
    "开始时间": "started_at",
    "完成时间": "submitted_at",
    "电子邮件": "email",
    "名称": "name",
    "姓名": "name",
    "上次修改时间": "other",
    "总分": "score",
}
GOOGLE: Mapping[str, Role] = {
    "timestamp": "submitted_at",
    "타임스탬프": "submitted_at",
    "时间戳记": "submitted_at",
    "时间戳": "submitted_at",
    "時間戳記": "submitted_at",
    "タイムスタンプ": "submitted_at",
    "zeitstempel": "submitted_at",
    "horodateur": "submitted_at",
    "marca temporal": "submitted_at",
    "carimbo de data/hora": "submitted_at",
    "informazioni cronologiche": "submitted_at",
    "отметка времени": "submitted_at",
    "email address": "email",
    "username": "email",
    "电子邮件地址": "email",
    "score": "score",
    "得分": "score",
}


def microsoft_likelihood(table: Table) -> float:
    names = [normal(name) for name in table.header[:8]]
    if names[:3] == ["id", "start time", "completion time"]:
        return 1.0
    return 1.0 if names[:3] == ["id", "开始时间", "完成时间"] else 0.0


def google_likelihood(table: Table) -> float:
    """A timestamp first; in files that lost it, long questions with their options joined by commas."""
    if not table.header:
        return 0.0
    first = normal(table.header[0])
    if GOOGLE.get(first) == "submitted_at":
        return 0.9 if len(table.header) > 1 and _are_moments(table, 0) else 0.4
    asked = [name for name in table.header if name.strip()]
    worded = [name for name in asked if _is_question(name)]
    if table.format != "delimited" or len(worded) < 0.8 * len(asked) or len(asked) < 5:
        return 0.0
    joined = any(looks_joined(_shares(table, at), ", ") for at in range(len(table.header)))
    return 0.3 if joined else 0.0


def _is_question(header: str) -> bool:
    """A whole sentence, or a number before one."""
    text = header.strip()
    return len(text) >= 15 and (" " in text or text[-1:] in "?？.。)）")


def _shares(table: Table, at: int) -> dict[str, int]:
    return {str(value).strip(): 1 for value in table.distinct(at).values if isinstance(value, str)}


def _are_moments(table: Table, at: int) -> bool:
    values = table.distinct(at).values[:500]
    if not values:
        return True
    if all(isinstance(value, dt.datetime | float) for value in values):
        return True
    read = moments(values)
    # Day and month may be told apart by no value at all; their shape is enough here.
    shaped = sum(bool(re.match(r"\d{1,4}[-/. 年]", str(value))) for value in values)
    return sum(moment is not None for moment in read) > 0.5 * len(values) or shaped > 0.9 * len(values)


def parse_microsoft(draft: Draft) -> None:
    draft.flavour = "responses workbook" if draft.table.format == "xlsx" else "responses"
    quiz = [at for at, name in enumerate(draft.header) if re.match(r"(?:points|feedback) - ", normal(name))]
    for at, name in enumerate(draft.header):
        role = MICROSOFT.get(normal(name))
        if role is not None and (at < 8 or role == "score"):
            draft.role(at, role)
        elif at in quiz:
            draft.role(at, "score" if normal(name).startswith("points") else "other")
    asked = [at for at in range(len(draft.header)) if at not in draft.columns]
    for place, at in enumerate(asked, start=1):
        text = draft.header[at].strip()
        draft.ask_single(at, f"Q{place}", " ".join(text.split()), _unnumbered(text, draft.header))


def _unnumbered(text: str, header: Sequence[str]) -> str:
    """A repeated header without the number that was put behind it: ``Mother2`` is ``Mother`` again."""
    bare = re.sub(r"\d+$", "", text).strip()
    return bare if bare != text and any(name.strip() == bare for name in header) else text


def parse_google(draft: Draft) -> None:
    draft.flavour = "responses" if GOOGLE.get(normal(draft.header[0])) else "responses without a timestamp"
    for at, name in enumerate(draft.header):
        role = GOOGLE.get(normal(name))
        if role is not None and (role != "submitted_at" or at == 0):
            draft.role(at, role)
    asked = [at for at in range(len(draft.header)) if at not in draft.columns]
    place = 0
    while asked:
        at, *asked = asked
        place += 1
        match = _ROW.fullmatch(draft.header[at].strip())
        group = [at]
        while match and asked and asked[0] == group[-1] + 1:
            following = _ROW.fullmatch(draft.header[asked[0]].strip())
            if following is None or following["stem"] != match["stem"]:
                break
            group.append(asked.pop(0))
        if match and len(group) > 1:
            labels = [_row(draft.header[member]) for member in group]
            place_group(draft, group, labels, id_=f"Q{place}", text=_flat(match["stem"]), matrix=True)
        else:
            text = draft.header[at].strip()
            draft.ask_single(at, f"Q{place}", _flat(text), text)


def _row(header: str) -> str:
    match = _ROW.fullmatch(header.strip())
    return _flat(match["row"]) if match else header


def _flat(text: str) -> str:
    return " ".join(text.split())
