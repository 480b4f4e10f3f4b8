"""Qualtrics: CSV with three or two header rows, one header row, and the legacy layout."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from surveys.platforms.building import Draft, group_kind, place_group, rows_kind
from surveys.platforms.export import Choice, Export, ExportQuestion, Role, State, SubRow
from surveys.platforms.wordings import common_stem
from surveys.reading.cells import cell_text, normal
from surveys.reading.tables import Table, without_rows

_ROLES: Mapping[str, Role] = {
    "startdate": "started_at",
    "enddate": "submitted_at",
    "recordeddate": "submitted_at",
    "status": "status",
    "ipaddress": "ip",
    "progress": "progress",
    "duration (in seconds)": "seconds",
    "finished": "finished",
    "responseid": "respondent",
    "responseset": "other",
    "name": "name",
    "recipientlastname": "name",
    "recipientfirstname": "name",
    "recipientemail": "email",
    "emailaddress": "email",
    "externalreference": "other",
    "externaldatareference": "other",
    "locationlatitude": "other",
    "locationlongitude": "other",
    "locationaccuracy": "other",
    "distributionchannel": "channel",
    "userlanguage": "language",
}
#: Names that few other programs write above a column.
_OWN = frozenset(_ROLES) - {"name", "status", "progress", "finished", "startdate", "enddate"}
_IMPORT_ID = re.compile(r"""^\{\s*["']ImportId["']\s*:\s*["']([^"']+)["']""")
_QID = re.compile(r"(QID\d+)(?:#(\d+))?(?:[-_](.*))?")
_CODE = re.compile(r"(?P<stem>.+?)(?:_(?P<rest>-?\d+(?:_-?\d+)*))?(?P<text>_TEXT)?")
_SIDE_BY_SIDE = re.compile(r"(?P<stem>[^#]+)#(?P<part>\d+)_(?P<rest>.+)")
_LEGACY_PART = re.compile(r"(?P<tag>.+?)(?:_(?P<row>\d+))?: (?P<part>\d+)(?P<rest>(?:_\d+)*)(?P<text>_TEXT)?")
_STATUS_PREVIEW = frozenset({"1", "2", "9", "17", "survey preview", "survey test", "preview", "test"})


@dataclass(frozen=True, slots=True)
class _Column:
    """One column by all its header rows."""

    at: int
    code: str
    text: str
    import_id: str | None

    @property
    def key(self) -> str:
        """What the columns of one question share."""
        if self.import_id and (match := _QID.fullmatch(self.import_id)):
            return match[1] + (f"#{match[2]}" if match[2] else "")
        return _parts(self.code)[0]

    @property
    def tail(self) -> str:
        """What tells them apart: row, option, and whether it was typed, joined by a hyphen."""
        if self.import_id and (match := _QID.fullmatch(self.import_id)):
            return (match[3] or "").replace("_", "-")
        return _parts(self.code)[1]

    @property
    def stem(self) -> str:
        """The text without its last part, which names the row or option."""
        return self.text.removesuffix("-TEXT").rpartition("-")[0]

    @property
    def is_text(self) -> bool:
        return self.code.endswith("_TEXT") or self.tail.endswith("TEXT")


def _parts(code: str) -> tuple[str, str]:
    """A code as question and rest.

    >>> _parts("Q13_4_TEXT"), _parts("Q6#1_Q6_1_2"), _parts("Q6_3: 2_1_TEXT")
    (('Q13', '4-TEXT'), ('Q6#1', '1-2'), ('Q6#2', '3-1-TEXT'))
    """
    if match := _SIDE_BY_SIDE.fullmatch(code):
        rest = match["rest"].removeprefix(match["stem"] + "_")
        return f"{match['stem']}#{match['part']}", rest.replace("_", "-")
    if match := _LEGACY_PART.fullmatch(code):
        rest = (match["row"] or match["tag"]) + match["rest"] + (match["text"] or "")
        return f"{match['tag'] if match['row'] else ''}#{match['part']}", rest.replace("_", "-")
    match = _CODE.fullmatch(code)
    if match is None:
        return code, ""
    stem = match["stem"]
    half = len(stem) // 2
    if stem[:half] == stem[half + 1 :] and stem[half] == "_":  # rows tagged by their question
        stem = stem[:half]
    return stem, (match["rest"] or "").replace("_", "-") + ("-TEXT" if match["text"] else "")


def likelihood(table: Table) -> float:
    """How much a table looks like a Qualtrics download."""
    rows = _header_rows(table)
    if rows.import_ids:
        return 1.0
    if rows.legacy:
        return 1.0
    names = {normal(name) for name in table.header}
    own = len(_OWN & names)
    return 0.9 if own >= 4 else 0.6 if own >= 3 and "responseid" in names else 0.0


@dataclass(frozen=True, slots=True)
class _HeaderRows:
    texts: Sequence[str] | None
    import_ids: Sequence[str | None] | None
    legacy: bool
    count: int  #: rows below the first that belong to the header


def _header_rows(table: Table) -> _HeaderRows:
    first = _row(table, 0)
    second = _row(table, 1)
    for count, row in ((2, second), (1, first)):
        ids = [match[1] if (match := _IMPORT_ID.match(text)) else None for text in row]
        if sum(name is not None for name in ids) >= max(1, len(ids) // 2):
            return _HeaderRows(first if count == 2 else None, ids, False, count)
    names = [normal(text) for text in first]
    codes = [name.strip() for name in table.header]
    legacy = len(codes) > 2 and codes[:3] == ["V1", "V2", "V3"] and "responseid" in names
    if legacy or ("responseid" in names and "responseid" in map(normal, codes)):
        return _HeaderRows(first, None, legacy, 1)
    # Two header rows without import ids: the second repeats the names of the metadata.
    same = sum(
        normal(code) == text for code, text in zip(codes, names, strict=False) if normal(code) in _ROLES
    )
    return _HeaderRows(first, None, False, 1) if same >= 3 else _HeaderRows(None, None, False, 0)


def _row(table: Table, place: int) -> list[str]:
    if place >= len(table.rows):
        return [""] * len(table.header)
    return [cell_text(cell).strip() for cell in table.rows.iloc[place]]


def parse(table: Table, companion: Export | None) -> Export:
    """The export; a QSF as companion adds choices and types."""
    rows = _header_rows(table)
    draft = Draft(table=without_rows(table, rows.count), platform="qualtrics")
    names = {0: "one header row", 1: "two header rows", 2: "three header rows"}
    draft.flavour = "legacy, two header rows" if rows.legacy else names[rows.count]
    texts = rows.texts or [""] * len(table.header)
    ids = rows.import_ids or [None] * len(table.header)
    asked: list[_Column] = []
    for at, code in enumerate(table.header):
        name = texts[at] if rows.legacy and re.fullmatch(r"V\d+", code.strip()) else code
        role = _ROLES.get(normal(name))
        if role is not None:
            draft.role(at, role, name, texts[at])
        else:
            asked.append(_Column(at, code.strip(), texts[at], ids[at]))
    _tell_previews(draft)
    unseen = [at for column in asked if "-99" in draft.texts(at := column.at)]
    if unseen:
        for at in unseen:
            draft.declare(at, {"-99": State.UNANSWERED})
        draft.notes.append(f"-99 (seen but not answered) read as no answer in {len(unseen)} columns")
    definition = companion if companion is not None and companion.platform == "qualtrics" else None
    before: ExportQuestion | None = None
    for columns in _groups(asked):
        before = _defined(definition, columns, before)
        _ask(draft, columns, before)
    return draft.finish()


def _tell_previews(draft: Draft) -> None:
    for at, column in draft.columns.items():
        if column.role == "status":
            n = sum(count for text, count in draft.shares(at).items() if normal(text) in _STATUS_PREVIEW)
            if n:
                draft.warnings.append(
                    f"{n} of {len(draft.table.rows)} rows are previews or tests by their Status"
                )


def _groups(asked: Sequence[_Column]) -> list[list[_Column]]:
    """Columns of one question; codes may repeat, and rows of a matrix may carry names of their own."""
    groups: list[list[_Column]] = []
    for column in asked:
        before = groups[-1] if groups else None
        if before is not None and _belong(before, column):
            before.append(column)
        else:
            groups.append([column])
    return groups


def _belong(before: Sequence[_Column], column: _Column) -> bool:
    first = before[0]
    if first.import_id and column.import_id:
        return first.key == column.key
    same_key = first.key == column.key and bool(column.tail)
    if same_key and not first.key.startswith("#") and (first.tail or first.code != column.code):
        return True
    again = any(column.text == other.text for other in before)
    return bool(first.stem) and first.stem == column.stem and not again


def _defined(
    definition: Export | None, columns: Sequence[_Column], before: ExportQuestion | None
) -> ExportQuestion | None:
    """The question of the QSF that these columns belong to, behind the one of the columns before."""
    if definition is None:
        return None
    first = columns[0]
    for question in definition.questions:
        if first.key in (question.number, question.id):
            return question
    # Rows with names of their own: the stem, cut short by "...", says which question it is.
    stem = normal(first.stem).removesuffix("...")
    found = [question for question in definition.questions if _begins(question, stem)]
    if len(found) == 1:
        return found[0]
    tagged = [question for question in definition.questions if first.code.startswith(question.id + "_")]
    if len(tagged) == 1:
        return tagged[0]
    # Several of the same words: the next of the survey, if it has as many rows.
    order = list(definition.questions)
    at = order.index(before) + 1 if before in order else 0
    if at < len(order) and order[at] in found and len(order[at].rows) == len(columns):
        return order[at]
    return None


def _begins(question: ExportQuestion, stem: str) -> bool:
    return len(stem) > 10 and normal(question.text).replace(" : ", "-").startswith(stem.replace(" : ", "-"))


def _ask(draft: Draft, columns: Sequence[_Column], told: ExportQuestion | None) -> None:
    answers = [column for column in columns if not column.is_text]
    typed = [column for column in columns if column.is_text]
    if not answers:  # a question of texts only
        answers, typed = list(columns), []
    first = answers[0]
    id_ = told.id if told is not None else _question_id(first)
    if (
        len(answers) == 1
        and not (told is not None and told.rows)
        and (told is None or told.kind != "multiple")
    ):
        id_ = draft.ask_single(first.at, id_, told.text if told else first.text, first.text, first.code)
        if told is not None:
            draft.questions[id_] = replace(told, id=id_)
    elif told is not None:
        id_ = _ask_told(draft, answers, told)
    else:
        id_ = _ask_group(draft, answers, id_)
    for column in typed:
        draft.place(
            column.at, id_, column.text, column.code, part="other_text", row=_row_of(draft, id_, column)
        )


def _row_of(draft: Draft, id_: str, column: _Column) -> str | None:
    """The matrix row, or the option, that typed text belongs to."""
    question = draft.questions[id_]
    parts = [part for part in column.tail.split("-") if part and part != "TEXT"]
    if not parts:
        return None
    if question.rows:
        return parts[0] if parts[0] in {row.id for row in question.rows} else "-".join(parts)
    return parts[0] if question.kind != "multiple" or len(parts) > 1 else None


def _question_id(column: _Column) -> str:
    key = _parts(column.code)[0]
    return column.code if key.startswith("#") else key


def _ask_group(draft: Draft, columns: Sequence[_Column], id_: str) -> str:
    """Several columns without a QSF: tails of two parts are options within rows."""
    stem, labels = common_stem([column.text or column.code for column in columns])
    tails = [column.tail.split("-") for column in columns]
    ats = [column.at for column in columns]
    two_level = all(len(tail) >= 2 for tail in tails) and len({tail[0] for tail in tails}) < len(tails)
    if two_level and group_kind(draft, ats, labels) == "multiple":
        return _ask_options_in_rows(draft, columns, stem, labels, id_)
    codes = [column.tail.split("-")[0] or None for column in columns]
    unique = codes if len(set(codes)) == len(codes) else [str(place + 1) for place in range(len(codes))]
    name = place_group(draft, ats, labels, id_=id_, text=stem, codes=unique)
    _head(draft, columns)
    return name


def _head(draft: Draft, columns: Sequence[_Column]) -> None:
    """Question texts as they stand in the second header row are headings too."""
    for column in columns:
        placed = draft.columns[column.at]
        headings = tuple(dict.fromkeys((*placed.headings, column.code, column.text)))
        draft.columns[column.at] = replace(placed, headings=tuple(filter(None, headings)))


def _ask_options_in_rows(
    draft: Draft, columns: Sequence[_Column], stem: str, labels: Sequence[str], id_: str
) -> str:
    rows: dict[str, str] = {}
    options: dict[str, str] = {}
    for column, label in zip(columns, labels, strict=True):
        row, option = column.tail.split("-")[:2]
        text, _, choice = label.rpartition("-")
        rows.setdefault(row, text or label)
        options.setdefault(option, choice or label)
    question = ExportQuestion(
        id=id_,
        text=stem,
        kind="multiple",
        rows=tuple(SubRow(id=row, text=text) for row, text in rows.items()),
        choices=tuple(Choice(label=text, code=code) for code, text in options.items()),
    )
    name = draft.ask(question)
    for column in columns:
        row, option = column.tail.split("-")[:2]
        draft.place(
            column.at,
            name,
            column.code,
            column.text,
            part="option",
            row=row,
            choice=list(options).index(option),
        )
    return name


def _ask_told(draft: Draft, columns: Sequence[_Column], told: ExportQuestion) -> str:
    """Several columns of a question that the QSF describes."""
    name = draft.ask(told)
    rows = {row.id for row in told.rows}
    tags = {normal(row.text): row.id for row in told.rows}
    codes = {choice.code: place for place, choice in enumerate(told.choices)}
    for place, column in enumerate(columns):
        tail = [part for part in column.tail.split("-") if part]
        row = tail[0] if tail and tail[0] in rows else tags.get(normal(column.text.rpartition("-")[2]))
        if told.rows and row is None and place < len(told.rows):
            row = told.rows[place].id
        if told.kind in ("multiple", "ranking"):
            code = tail[-1] if tail else None
            at = codes.get(code, place if not told.rows else 0)
            draft.place(
                column.at,
                name,
                column.text,
                column.code,
                part="option",
                row=row,
                choice=min(at, len(told.choices) - 1),
            )
        else:
            draft.place(column.at, name, column.text, column.code, row=row)
    if told.kind == "single" and not told.choices:
        _, choices = rows_kind(draft, [column.at for column in columns])
        draft.questions[name] = replace(draft.questions[name], choices=choices)
    return name
