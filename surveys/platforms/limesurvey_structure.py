"""What a LimeSurvey survey asks: tab-separated structures and the XML of ``.lsg``, ``.lsq`` and ``.lss``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from surveys.errors import AnswersError, Fault
from surveys.platforms.definitions import definition, plain_text
from surveys.platforms.export import Choice, Export, ExportQuestion, QuestionKind, SubRow
from surveys.reading.cells import cell_text
from surveys.reading.tables import Table

#: Kinds by LimeSurvey's letter; of each row for arrays.
_KINDS: Mapping[str, QuestionKind] = {
    "L": "single",
    "!": "single",
    "O": "single",
    "G": "single",
    "Y": "single",
    "5": "single",
    "I": "single",
    "M": "multiple",
    "P": "multiple",
    "R": "ranking",
    "N": "number",
    "K": "number",
    "D": "date",
    "S": "text",
    "T": "text",
    "U": "text",
    "Q": "text",
    "|": "file",
    "F": "single",
    "A": "single",
    "B": "single",
    "C": "single",
    "E": "single",
    "H": "single",
    "1": "single",
    ";": "text",
    ":": "number",
}
_NO_QUESTIONS = ("X", "*")  #: text on the page, and equations
#: Choices that a type brings with it.
_BUILT_IN: Mapping[str, tuple[tuple[str, str], ...]] = {
    "Y": (("Y", "Yes"), ("N", "No")),
    "G": (("F", "Female"), ("M", "Male")),
    "5": tuple((str(code), str(code)) for code in range(1, 6)),
    "A": tuple((str(code), str(code)) for code in range(1, 6)),
    "B": tuple((str(code), str(code)) for code in range(1, 11)),
    "C": (("Y", "Yes"), ("N", "No"), ("U", "Uncertain")),
    "E": (("I", "Increase"), ("S", "Same"), ("D", "Decrease")),
}


@dataclass(slots=True)
class _Question:
    code: str
    letter: str
    texts: dict[str, str] = field(default_factory=dict)
    relevance: str = ""
    required: bool = False
    other: bool = False
    subs: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)  #: (scale, code) -> texts
    answers: dict[str, dict[str, str]] = field(default_factory=dict)


def is_structure(names: Sequence[str]) -> bool:
    """Whether a header is that of a tab-separated structure."""
    return {"class", "type/scale", "name", "relevance", "text", "language"} <= set(names)


def from_table(table: Table) -> tuple[tuple[ExportQuestion, ...], tuple[str, ...]]:
    """Questions and a note of what was counted, from a tab-separated structure."""
    at = {name.strip(): place for place, name in enumerate(table.header)}
    questions: dict[str, _Question] = {}
    counts: dict[str, int] = {}
    current: _Question | None = None
    for cells in table.rows.itertuples(index=False):
        row = {name: cell_text(cells[place]).strip() for name, place in at.items()}
        counts[row["class"]] = counts.get(row["class"], 0) + 1
        language = row["language"]
        if row["class"] == "Q":
            current = questions.setdefault(row["name"], _Question(row["name"], row["type/scale"]))
            current.texts[language] = plain_text(row["text"])
            current.relevance = row["relevance"]
            current.required = row.get("mandatory") == "Y"
            current.other = row.get("other") == "Y"
        elif row["class"] == "SQ" and current is not None:
            current.subs.setdefault((row["type/scale"] or "0", row["name"]), {})[language] = plain_text(
                row["text"]
            )
        elif row["class"] == "A" and current is not None:
            current.answers.setdefault(row["name"], {})[language] = plain_text(row["text"])
    told = ", ".join(
        f"{counts[name]} rows of class {name}" for name in ("G", "Q", "SQ", "A") if name in counts
    )
    return tuple(_built(questions.values())), (told,)


def parse_xml(root: Any, *, file: str, raw: bytes) -> Export:
    """Questions of an ``.lsg``, ``.lsq`` or ``.lss`` document."""
    kind = root.findtext("LimeSurveyDocType") or "document"
    texts = _texts(root)
    questions: dict[str, _Question] = {}
    for row in _rows(root, "questions"):
        question = questions[row["qid"]] = _Question(row.get("title", row["qid"]), row.get("type", ""))
        question.relevance = row.get("relevance", "")
        question.required = row.get("mandatory") == "Y"
        question.other = row.get("other") == "Y"
        question.texts = texts.get(row["qid"]) or {
            row.get("language", ""): plain_text(row.get("question", ""))
        }
    for row in _rows(root, "subquestions"):
        parent = questions.get(row.get("parent_qid", ""))
        if parent is not None:
            found = texts.get(row["qid"]) or {row.get("language", ""): plain_text(row.get("question", ""))}
            parent.subs[row.get("scale_id", "0"), row.get("title", row["qid"])] = found
    worded: dict[str, dict[str, str]] = {}
    for row in _rows(root, "answer_l10ns"):
        worded.setdefault(row.get("aid", ""), {})[row.get("language", "")] = plain_text(row.get("answer", ""))
    for row in _rows(root, "answers"):
        parent = questions.get(row.get("qid", ""))
        if parent is not None:
            found = worded.get(row.get("aid", "")) or {
                row.get("language", ""): plain_text(row.get("answer", ""))
            }
            parent.answers[row.get("code", "")] = found
    if not questions:
        raise AnswersError(
            Fault(
                file=file,
                seen="XML without questions",
                expected="a LimeSurvey structure (.lsg, .lsq, .lss)",
                remedy="Export the structure again.",
            )
        )
    n_subs = sum(len(question.subs) for question in questions.values())
    note = f"{len(questions)} questions, {n_subs} sub-questions"
    return definition(
        "limesurvey",
        f"structure, XML ({kind.strip()[:40]})",
        tuple(_built(questions.values())),
        file=file,
        raw=raw,
        notes=(note,),
    )


def _rows(root: Any, table: str) -> Iterator[dict[str, str]]:
    for row in root.iterfind(f"./{table}/rows/row"):
        cells = {cell.tag: (cell.text or "").strip() for cell in row}
        if "qid" in cells or table == "answer_l10ns":
            yield cells


def _texts(root: Any) -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = {}
    for row in _rows(root, "question_l10ns"):
        texts.setdefault(row["qid"], {})[row.get("language", "")] = plain_text(row.get("question", ""))
    return texts


def _built(questions: Any) -> Iterator[ExportQuestion]:
    for question in questions:
        if question.letter in _NO_QUESTIONS:
            continue
        kind = _KINDS.get(question.letter, "unknown")
        rows = tuple(
            SubRow(id=code, text=_first(texts))
            for (scale, code), texts in question.subs.items()
            if scale == "0"
        )
        choices = tuple(
            Choice(label=_first(texts) or code, code=code) for code, texts in question.answers.items()
        )
        choices = choices or tuple(
            Choice(label=label, code=code) for code, label in _BUILT_IN.get(question.letter, ())
        )
        if question.letter in ("M", "P"):
            choices, rows = tuple(Choice(label=row.text, code=row.id) for row in rows), ()
        if question.other:
            choices = (
                *choices,
                Choice(label="Other", code="-oth-" if kind == "single" else "other", other=True),
            )
        yield ExportQuestion(
            id=question.code,
            text=_first(question.texts),
            kind=kind,
            choices=choices,
            rows=rows,
            required=question.required,
            show_if=question.relevance if question.relevance not in ("", "1") else None,
            texts={language: text for language, text in question.texts.items() if language},
        )


def _first(texts: Mapping[str, str]) -> str:
    return next((text for text in texts.values() if text), "")
