"""Drafts from an XLSForm with all its languages, groups, routing and bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from surveys.drafts.form import Form, FormCondition, FormOption, FormQuestion, FormRow
from surveys.errors import AnswersError
from surveys.platforms.definitions import plain_text
from surveys.platforms.export import QuestionKind
from surveys.reading.cells import cell_text, normal
from surveys.reading.limits import Limits
from surveys.reading.tables import Table, read_table

Row = Mapping[str, str]

_KINDS: Mapping[str, QuestionKind] = {
    "integer": "number", "int": "number", "decimal": "number", "range": "number", "text": "text",
    "string": "text", "date": "date", "datetime": "date", "time": "text", "image": "file", "audio": "file",
    "video": "file", "file": "file", "barcode": "text", "geopoint": "text", "acknowledge": "unknown",
}  # fmt: skip
_SELECT = re.compile(r"(select[_ ]one|select[_ ]multiple|rank)\s+(\S+)(\s+or[_ ]other)?", re.IGNORECASE)
_EQUALS = re.compile(r"\$\{(\w+)\}\s*=\s*'?(-?\w+)'?")
_SELECTED = re.compile(r"selected\(\s*\$\{(\w+)\}\s*,\s*'(-?\w+)'\s*\)")
_NOT_SELECTED = re.compile(rf"(?:\$\{{\w+\}}\s*!=\s*''\s*and\s*)?not\(\s*{_SELECTED.pattern}\s*\)")
_RANKED = re.compile(r"selected-at\(\s*\$\{(\w+)\}\s*,\s*(\d+)\s*\)\s*=\s*'(-?\w+)'")
_BOUND = re.compile(r"\.\s*(>=|<=)\s*(-?\d+(?:\.\d+)?)")


def is_workbook_form(path: Path, limits: Limits | None = None) -> bool:
    """Whether a workbook has a survey sheet as XLSForm lays it out."""
    try:
        table = read_table(path, sheet="survey", limits=limits)
    except (AnswersError, ValueError):
        return False
    names = {normal(name) for name in table.header}
    return table.format in ("xlsx", "xls") and {"type", "name"} <= names


def read_xlsform(path: Path, *, limits: Limits | None = None) -> Form:
    """The form in a workbook; choices and settings are on sheets of their own."""
    survey = _records(read_table(path, sheet="survey", limits=limits))
    choices = _sheet(path, "choices", limits)
    settings = next(iter(_sheet(path, "settings", limits)), {})
    reading = _Reading(lists=_lists(choices))
    reading.read(survey)
    return Form(
        id=settings.get("form_id") or settings.get("id_string") or path.stem,
        titles=_texts(settings, "form_title") or {"": path.stem},
        questions=tuple(reading.questions),
        sections=tuple(reading.sections.items()),
        source=f"{path.name} (XLSForm)",
        remarks=tuple(reading.remarks),
    )


def _sheet(path: Path, name: str, limits: Limits | None) -> list[Row]:
    try:
        return _records(read_table(path, sheet=name, limits=limits, header="first"))
    except AnswersError:
        return []


def _records(table: Table) -> list[Row]:
    names = [_column(name) for name in table.header]
    rows: list[Row] = []
    for cells in table.rows.itertuples(index=False):
        row = {
            name: text
            for name, cell in zip(names, cells, strict=True)
            if name and (text := cell_text(cell).strip())
        }
        if row:
            rows.append(row)
    return rows


def _column(name: str) -> str:
    """``label: English`` and ``Label::English`` alike as ``label::English``."""
    head, mark, language = " ".join(name.split()).partition(":")
    head = normal(head).replace(" ", "_")
    return f"{head}::{language.lstrip(':').strip()}" if mark else head


def _texts(row: Row, what: str) -> dict[str, str]:
    found = {}
    for name, text in row.items():
        head, _, language = name.partition("::")
        if head == what:
            found[language] = plain_text(text)
    return found


def _lists(choices: Sequence[Row]) -> dict[str, tuple[FormOption, ...]]:
    lists: dict[str, list[FormOption]] = {}
    for row in choices:
        name, code = row.get("list_name") or row.get("listname"), row.get("name") or row.get("value")
        if name and code and all(option.code != code for option in lists.get(name, [])):
            missing = normal(row.get("missing", "")) in ("yes", "true", "1")
            option = FormOption(texts=_texts(row, "label") or {"": code}, code=code, missing=missing)
            lists.setdefault(name, []).append(option)
    return {name: tuple(options) for name, options in lists.items()}


@dataclass(slots=True)
class _Reading:
    """The survey sheet, row by row: groups nest, and a table-list group is a matrix."""

    lists: Mapping[str, tuple[FormOption, ...]]
    questions: list[FormQuestion] = field(default_factory=list)
    sections: dict[str, Mapping[str, str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    matrix: list[Row] | None = None

    def read(self, survey: Sequence[Row]) -> None:
        for row in survey:
            type_ = normal(row.get("type", "")).replace(" ", "_", 1)
            if re.match(r"begin[_ ](?:group|repeat)", type_):
                self._begin(row, type_)
            elif re.match(r"end[_ ](?:group|repeat)", type_):
                self._end()
            elif self.matrix is not None:
                self.matrix.append(row)
            else:
                self._question(row)

    def _begin(self, row: Row, type_: str) -> None:
        name = row.get("name", f"group{len(self.sections) + 1}")
        if "table-list" in row.get("appearance", "") and self.matrix is None:
            self.matrix = [row]
            return
        if "repeat" in type_:
            self.remarks.append(f"The form repeats the group {name}; a questionnaire asks it once.")
        self.groups.append(name)
        if len(self.groups) == 1:
            self.sections[name] = _texts(row, "label") or {"": name}

    def _end(self) -> None:
        if self.matrix is not None:
            head, *rows = self.matrix
            self.matrix = None
            self._matrix(head, rows)
        elif self.groups:
            self.groups.pop()

    def _section(self) -> str:
        if not self.groups:
            # questions outside every group have a section of their own
            self.sections.setdefault("questions", {})
            return "questions"
        return self.groups[0]

    def _matrix(self, head: Row, rows: Sequence[Row]) -> None:
        parts = [(row, _SELECT.match(row.get("type", ""))) for row in rows]
        selects = [(row, match) for row, match in parts if match]
        lists = {(match[1].casefold(), match[2]) for _, match in selects}
        if len(lists) != 1 or "one" not in selects[0][1][1].casefold():
            for row in rows:
                self._question(row)
            return
        list_name = selects[0][1][2]
        relevant = head.get("relevant", "")
        condition = condition_of(relevant)
        self.questions.append(
            FormQuestion(
                id=head.get("name", list_name), kind="single", texts=_texts(head, "label"),
                section=self._section(), options=self.lists.get(list_name, ()), list_name=list_name,
                rows=tuple(
                    FormRow(id=row.get("name", ""), texts=_texts(row, "label"), required=_required(row))
                    for row, _ in selects
                ),
                show_if=condition, routing="" if condition else relevant,
            )
        )  # fmt: skip

    def _question(self, row: Row) -> None:
        type_, name = row.get("type", ""), row.get("name", "")
        match = _SELECT.match(type_)
        kind = _KINDS.get(normal(type_).split(" ")[0] if type_ else "")
        if not name or (match is None and kind is None):
            return  # notes, calculations and what the device fills in
        relevant = row.get("relevant", "")
        condition = condition_of(relevant)
        if kind == "text" and self._is_other_text(name, condition):
            return
        options: tuple[FormOption, ...] = ()
        if match is not None:
            word = match[1].casefold()
            kind = "single" if "one" in word else "multiple" if "multiple" in word else "ranking"
            options = self.lists.get(match[2], ())
            if match[3]:
                options = (*options, FormOption(texts={"": "Other"}, code="other", other=True))
        bounds = {sign: float(bound) for sign, bound in _BOUND.findall(row.get("constraint", ""))}
        self.questions.append(
            FormQuestion(
                id=name, kind=kind or "unknown", texts=_texts(row, "label"), section=self._section(),
                options=options, list_name=match[2] if match else "", required=_required(row),
                low=bounds.get(">="), high=bounds.get("<="),
                show_if=condition, routing="" if condition else relevant,
            )
        )  # fmt: skip

    def _is_other_text(self, name: str, condition: FormCondition | None) -> bool:
        """Whether a text asks what "other" is; it belongs to the question before."""
        before = self.questions[-1] if self.questions else None
        if before is None or condition is None or condition.question != before.id:
            return False
        if not name.startswith(f"{before.id}_other"):
            return False
        options = tuple(
            FormOption(
                texts=option.texts,
                code=option.code,
                other=option.code == condition.code,
                missing=option.missing,
            )
            for option in before.options
        )
        self.questions[-1] = replace(before, options=options)
        return True


def _required(row: Row) -> bool:
    return normal(row.get("required", "")) in ("yes", "true", "true()")


def condition_of(relevant: str) -> FormCondition | None:
    """Routing that is one comparison; None for anything else.

    >>> condition_of("selected(${CH}, '2')")
    FormCondition(question='CH', code='2', chosen=True, rank=None)
    """
    words = relevant.strip()
    if match := _EQUALS.fullmatch(words):
        return FormCondition(question=match[1], code=match[2])
    if match := _SELECTED.fullmatch(words):
        return FormCondition(question=match[1], code=match[2])
    if match := _NOT_SELECTED.fullmatch(words):
        return FormCondition(question=match[1], code=match[2], chosen=False)
    if match := _RANKED.fullmatch(words):
        return FormCondition(question=match[1], code=match[3], rank=int(match[2]) + 1)
    return None
