"""Drafts from whatever ``read_export`` reads: exports, ``.qsf``, dictionaries, the labels of SPSS files."""

from __future__ import annotations

import re
from pathlib import Path

from surveys.drafts.form import Form, FormCondition, FormOption, FormQuestion, FormRow, Texts
from surveys.platforms.export import PLATFORMS, Export, ExportQuestion, Role

#: Roles of columns that a questionnaire file can name.
_ROLES: tuple[Role, ...] = (
    "seconds", "started_at", "submitted_at", "ip", "name", "phone", "email", "province", "device",
)  # fmt: skip
_BRANCHING = re.compile(r"\[(\w+)(?:\((\w+)\))?\]\s*(=|<>|!=)\s*['\"]?(-?\w+)['\"]?")


def form_of(export: Export) -> Form:
    """The questions of an export, and the headers of its other columns."""
    title = Path(export.table.file).stem
    identifying = {
        question.id for question in export.questions if question.ordered is False and question.kind == "text"
    }
    headers = _headers(export)
    return Form(
        id=title,
        titles={"": title},
        questions=tuple(_question(question, question.id in identifying) for question in export.questions),
        source=f"{export.table.file} ({PLATFORMS[export.platform]}, {export.flavour})",
        respondent_id=headers.pop("respondent", ()),
        ignored_columns=headers.pop("ignored", ()),
        metadata=headers,
        remarks=tuple(f"Note: {note}" for note in (*export.warnings, *export.notes))[:20],
    )


def _headers(export: Export) -> dict[str, tuple[str, ...]]:
    """Headers by role; ``ignored`` for those that a questionnaire has no role for."""
    found: dict[str, list[str]] = {}
    for column in export.columns:
        if column.role is None:
            continue
        header = (export.table.header[column.at] or "").strip()
        if not header:
            continue
        known = column.role == "respondent" or column.role in _ROLES
        found.setdefault(column.role if known else "ignored", []).append(header)
    return {role: tuple(dict.fromkeys(headers)) for role, headers in found.items()}


def _question(question: ExportQuestion, identifying: bool) -> FormQuestion:
    texts: Texts = dict(question.texts) if any(question.texts.values()) else {"": question.text}
    taken: set[str] = set()
    options = []
    for at, choice in enumerate(question.choices, start=1):
        code = choice.code if choice.code is not None else str(at)
        if code in taken:
            continue
        taken.add(code)
        options.append(
            FormOption(texts={"": choice.label}, code=code, other=choice.other, missing=choice.missing)
        )
    condition = _branching(question.show_if or "")
    return FormQuestion(
        id=question.id,
        kind=question.kind,
        texts=texts,
        options=tuple(options),
        rows=tuple(FormRow(id=row.id, texts={"": row.text}) for row in question.rows),
        required=bool(question.required),
        ordered=None if identifying else question.ordered,
        low=question.low,
        high=question.high,
        show_if=condition,
        routing="" if condition else question.show_if or "",
        identifying=identifying,
    )


def _branching(words: str) -> FormCondition | None:
    """REDCap's branching logic, where it is one comparison.

    >>> _branching("[channel(2)] = '1'")
    FormCondition(question='channel', code='2', chosen=True, rank=None)
    """
    match = _BRANCHING.fullmatch(words.strip())
    if match is None:
        return None
    name, option, sign, value = match.groups()
    if option is not None:
        if value not in ("0", "1"):
            return None
        return FormCondition(question=name, code=option, chosen=(value == "1") == (sign == "="))
    return FormCondition(question=name, code=value) if sign == "=" else None
