"""SurveyMonkey: two header rows, condensed or expanded, and one-row variants."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from surveys.platforms.building import Draft, group_kind, place_group
from surveys.platforms.definitions import plain_text
from surveys.platforms.export import Choice, Export, ExportQuestion, Role
from surveys.platforms.wordings import common_stem, is_other
from surveys.reading.cells import cell_text, normal
from surveys.reading.tables import Table, without_rows

_ROLES: Mapping[str, Role] = {
    "respondentid": "respondent",
    "respondent id": "respondent",
    "collectorid": "source",
    "collector id": "source",
    "startdate": "started_at",
    "start date": "started_at",
    "date created": "started_at",
    "enddate": "submitted_at",
    "end date": "submitted_at",
    "date modified": "submitted_at",
    "ip address": "ip",
    "email address": "email",
    "first name": "name",
    "firstname": "name",
    "last name": "name",
    "lastname": "name",
    "custom data": "other",
    "custom data 1": "other",
    "customdata": "other",
}
_PLAIN = frozenset({"response", "open-ended response", "point", "label"})
_CODED = re.compile(r"q\d{4}(?:_\d{4})+")


def likelihood(table: Table) -> float:
    """The second header row says ``Response`` or the option; the first column is RespondentID."""
    names = [normal(name) for name in table.header]
    known = sum(name in _ROLES for name in names)
    second = _second_row(table)
    plain = sum(normal(text) in _PLAIN for text in second)
    first_id = bool(names) and names[0] in ("respondentid", "respondent id")
    if first_id and second and (plain >= 1 or not second[0]):
        return 1.0 if plain else 0.9
    if first_id and _serial_ids(table):
        return 0.9
    if plain >= 2 and known >= 2:
        return 0.9
    coded = sum(bool(_CODED.fullmatch(name)) for name in names)
    return 0.8 if coded >= 2 else 0.0


def _serial_ids(table: Table) -> bool:
    """RespondentIDs are numbers of 8 to 12 digits."""
    cells = [cell_text(cell) for cell in table.rows[0].iloc[:50]] if len(table.header) else []
    return bool(cells) and all(re.fullmatch(r"\d{8,12}", cell) for cell in cells)


def _second_row(table: Table) -> list[str]:
    """The row below the header, if it is one of the header: nothing stands below RespondentID."""
    if table.rows.empty:
        return []
    texts = [cell_text(cell).strip() for cell in table.rows.iloc[0]]
    own = [at for at, name in enumerate(table.header) if normal(name) in _ROLES]
    if own and all(not texts[at] for at in own) and any(texts):
        return texts
    return []


def parse(table: Table, companion: Export | None) -> Export:
    """A question whose first header goes on is left empty to its right."""
    del companion
    second = _second_row(table)
    draft = Draft(table=without_rows(table, 1 if second else 0), platform="surveymonkey")
    draft.flavour = "two header rows" if second else "one header row"
    stem = ""
    groups: list[tuple[str, list[int]]] = []
    for at, header in enumerate(table.header):
        role = _ROLES.get(normal(header))
        if role is not None:
            draft.role(at, role)
            stem = ""
            continue
        if header.strip() or not groups:
            stem = header.strip()
            groups.append((stem, [at]))
        else:
            groups[-1][1].append(at)
    if not second:
        groups = _joined_headers(groups)
    for place, (text, group) in enumerate(groups, start=1):
        _ask(draft, f"Q{place}", plain_text(text), group, second)
    return draft.finish()


def _joined_headers(groups: Sequence[tuple[str, list[int]]]) -> list[tuple[str, list[int]]]:
    """Neighbours headed ``Question - Option`` or ``q0004_0001`` belong together."""
    found: list[tuple[str, list[int]]] = []
    for text, group in groups:
        coded = _CODED.fullmatch(normal(text))
        stem = normal(text).partition("_")[0] if coded else text.rpartition(" - ")[0]
        if stem and found and found[-1][0] == stem and found[-1][1][-1] == group[0] - 1:
            found[-1][1].extend(group)
        else:
            found.append((stem or text, list(group)))
    return [(text, group) if len(group) > 1 else _single_header(groups, group) for text, group in found]


def _single_header(groups: Sequence[tuple[str, list[int]]], group: list[int]) -> tuple[str, list[int]]:
    return next((text, members) for text, members in groups if members == group)


def _ask(draft: Draft, id_: str, text: str, group: Sequence[int], second: Sequence[str]) -> None:
    labels = [plain_text(second[at]) if second else "" for at in group]
    if not second and len(group) > 1:
        _, labels = common_stem([draft.header[at].strip() for at in group])
    typed = [
        at
        for at, label in zip(group, labels, strict=True)
        if len(group) > 1 and is_other(label) and not _is_mark(draft, at, label)
    ]
    typed = [
        at for at in typed if not _answers_like(draft, at, [other for other in group if other not in typed])
    ]
    main = [at for at in group if at not in typed] or list(group)
    typed = [at for at in typed if at not in main]
    names = [label for at, label in zip(group, labels, strict=True) if at in main]
    if len(main) == 1:
        id_ = draft.ask_single(main[0], id_, text, text)
    elif _is_expanded(draft, main, names, text):
        id_ = _ask_expanded(draft, main, names, id_, text)
    else:
        id_ = place_group(draft, main, names, id_=id_, text=text)
    for at in typed:
        draft.place(at, id_, part="other_text")


def _is_mark(draft: Draft, at: int, label: str) -> bool:
    return set(draft.answered(at)) <= {normal(label), "1", "0"}


def _answers_like(draft: Draft, at: int, others: Sequence[int]) -> bool:
    """Whether a column holds what the others hold, as the row "Other staff" of a matrix does."""
    own = set(draft.answered(at))
    shared = own.intersection(text for other in others for text in draft.answered(other))
    return 2 * len(shared) > len(own)


def _is_expanded(draft: Draft, columns: Sequence[int], labels: Sequence[str], text: str) -> bool:
    """Whether each respondent marks at most one option, in a question that does not ask for several."""
    if group_kind(draft, columns, labels) != "multiple":
        return False
    if re.search(r"all that apply|select all|可多选|多选", normal(text)):
        return False
    answered = (draft.states[:, list(columns)] == 0).sum(axis=1)
    return bool((answered <= 1).all()) and int((answered == 1).sum()) >= 20


def _ask_expanded(draft: Draft, columns: Sequence[int], labels: Sequence[str], id_: str, text: str) -> str:
    question = ExportQuestion(
        id=id_,
        text=text,
        kind="single",
        choices=tuple(Choice(label=label, other=is_other(label)) for label in labels),
    )
    name = draft.ask(question)
    for place, at in enumerate(columns):
        draft.place(at, name, labels[place], choice=place)
    draft.notes.append(f"{name}: one column an option, at most one of them filled; read as a single choice")
    return name
