"""Drafts from a LimeSurvey tab-separated structure with all its languages, groups and routing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from surveys.drafts.form import Form, FormCondition, FormOption, FormQuestion, FormRow
from surveys.platforms.definitions import plain_text
from surveys.platforms.export import QuestionKind
from surveys.reading.cells import cell_text
from surveys.reading.tables import Table

_KINDS: Mapping[str, QuestionKind] = {
    "L": "single", "!": "single", "O": "single", "G": "single", "Y": "single", "5": "single", "M": "multiple",
    "P": "multiple", "R": "ranking", "N": "number", "K": "number", "D": "date", "S": "text", "T": "text",
    "U": "text", "Q": "text", "|": "file", "F": "single", "A": "single", "B": "single", "C": "single",
    "E": "single", "H": "single", "1": "single", ";": "text", ":": "number",
}  # fmt: skip
_NO_QUESTIONS = ("X", "*")  #: text on the page, and equations
_YES_NO = (("Y", {"en": "Yes", "zh": "是"}), ("N", {"en": "No", "zh": "否"}))
#: Options that a type brings with it.
_BUILT_IN: Mapping[str, tuple[tuple[str, dict[str, str]], ...]] = {
    "Y": _YES_NO,
    "G": (("F", {"en": "Female", "zh": "女"}), ("M", {"en": "Male", "zh": "男"})),
    "5": tuple((str(code), {"": str(code)}) for code in range(1, 6)),
    "A": tuple((str(code), {"": str(code)}) for code in range(1, 6)),
    "B": tuple((str(code), {"": str(code)}) for code in range(1, 11)),
    "C": (*_YES_NO, ("U", {"en": "Uncertain", "zh": "不确定"})),
    "E": (
        ("I", {"en": "Increase", "zh": "增加"}),
        ("S", {"en": "Same", "zh": "不变"}),
        ("D", {"en": "Decrease", "zh": "减少"}),
    ),
}
_COMPARES = re.compile(r'(\w+)\.NAOK\s*(==|!=)\s*"?([^"]*)"?')


@dataclass(slots=True)
class _Question:
    code: str
    letter: str
    section: str
    texts: dict[str, str] = field(default_factory=dict)
    relevance: str = ""
    required: bool = False
    other: dict[str, str] | None = None
    low: str = ""
    high: str = ""
    subs: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)  #: (scale, code) -> texts
    answers: dict[str, dict[str, str]] = field(default_factory=dict)


def form_of_structure(table: Table) -> Form:
    """The questions of a structure that ``read_table`` has read."""
    at = {name.strip(): place for place, name in enumerate(table.header)}
    questions: dict[str, _Question] = {}
    sections: dict[str, dict[str, str]] = {}
    titles: dict[str, str] = {}
    section = ""
    current: _Question | None = None
    for cells in table.rows.itertuples(index=False):
        row = {name: cell_text(cells[place]).strip() for name, place in at.items()}
        kind, language = row["class"], row["language"]
        if kind == "SL" and row["name"] == "surveyls_title" and row["text"]:
            titles[language] = plain_text(row["text"])
        elif kind == "G":
            # a group comes once a language, all with one id or place
            section = f"group{row.get('id') or row['type/scale']}"
            sections.setdefault(section, {})[language] = plain_text(row["name"])
        elif kind == "Q":
            current = questions.setdefault(row["name"], _Question(row["name"], row["type/scale"], section))
            _take_in(current, row, language)
        elif kind == "SQ" and current is not None:
            key = (row["type/scale"] or "0", row["name"])
            current.subs.setdefault(key, {})[language] = plain_text(row["text"])
        elif kind == "A" and current is not None:
            current.answers.setdefault(row["name"], {})[language] = plain_text(row["text"])
    kept = [question for question in questions.values() if question.letter not in _NO_QUESTIONS]
    columns = _columns(kept)
    return Form(
        id=Path(table.file).name.split(".")[0],
        titles=titles or {"": Path(table.file).stem},
        questions=tuple(_built(question, columns) for question in kept),
        sections=tuple(sections.items()),
        source=f"{table.file} (LimeSurvey structure)",
    )


def _take_in(question: _Question, row: Mapping[str, str], language: str) -> None:
    question.texts[language] = plain_text(row["text"])
    question.relevance = row["relevance"]
    question.required = row.get("mandatory") == "Y"
    question.low, question.high = row.get("min_num_value_n", ""), row.get("max_num_value_n", "")
    if row.get("other") == "Y":
        question.other = question.other or {}
        question.other[language] = plain_text(row.get("other_replace_text", ""))


def _columns(questions: Sequence[_Question]) -> dict[str, tuple[str, str]]:
    """Question and sub-question by the name that routing uses."""
    found: dict[str, tuple[str, str]] = {}
    for question in questions:
        found[question.code] = (question.code, "")
        for _, code in question.subs:
            found[f"{question.code}_{code}"] = (question.code, code)
        if question.letter == "R":
            for rank in range(1, len(question.answers) + 1):
                found[f"{question.code}_{rank}"] = (question.code, str(rank))
        if question.other is not None:
            found[f"{question.code}_other"] = (question.code, "other")
    return found


def _built(question: _Question, columns: Mapping[str, tuple[str, str]]) -> FormQuestion:
    kind = _KINDS.get(question.letter, "unknown")
    rows = tuple(
        FormRow(id=code, texts=texts) for (scale, code), texts in question.subs.items() if scale == "0"
    )
    options = tuple(
        FormOption(texts=texts if any(texts.values()) else {"": code}, code=code)
        for code, texts in question.answers.items()
    )
    built_in = _BUILT_IN.get(question.letter, ())
    options = options or tuple(FormOption(texts=texts, code=code) for code, texts in built_in)
    if question.letter in ("M", "P"):
        options, rows = tuple(FormOption(texts=row.texts, code=row.id) for row in rows), ()
    if question.other is not None:
        words = question.other if any(question.other.values()) else {"en": "Other", "zh": "其他"}
        code = "-oth-" if kind == "single" else "other"
        options = (*options, FormOption(texts=words, code=code, other=True))
    condition = _condition(question.relevance, columns)
    told = question.relevance if question.relevance not in ("", "1") else ""
    return FormQuestion(
        id=question.code, kind=kind, texts=question.texts, section=question.section, options=options,
        rows=() if question.letter in ("L", "!", "O", "R") else rows, required=question.required,
        ordered=None, low=_bound(question.low), high=_bound(question.high), show_if=condition,
        routing="" if condition else told,
    )  # fmt: skip


def _bound(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _condition(relevance: str, columns: Mapping[str, tuple[str, str]]) -> FormCondition | None:
    words = relevance.strip()
    while words.startswith("(") and words.endswith(")"):
        words = words[1:-1].strip()
    match = _COMPARES.fullmatch(words)
    if match is None or match[1] not in columns:
        return None
    (question, part), sign, value = columns[match[1]], match[2], match[3]
    if not part:
        return FormCondition(question=question, code=value) if sign == "==" and value else None
    if part == "other" and value == "":
        return FormCondition(question=question, code="other", chosen=sign == "!=")
    if value == "Y":
        return FormCondition(question=question, code=part, chosen=sign == "==")
    if sign != "==":
        return None
    if part.isdigit() and match[1] == f"{question}_{part}" and (question, part) not in _rows(columns):
        return FormCondition(question=question, code=value, rank=int(part))
    # a row of an array goes by its own code
    return FormCondition(question=part, code=value)


def _rows(columns: Mapping[str, tuple[str, str]]) -> set[tuple[str, str]]:
    """Sub-questions whose names are no mere ranks."""
    return {told for told in columns.values() if told[1] and not told[1].isdigit()}
