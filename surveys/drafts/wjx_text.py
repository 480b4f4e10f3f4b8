"""Drafts from the text that 问卷星 imports."""

from __future__ import annotations

from surveys.drafts.form import Form, FormOption, FormQuestion, FormRow
from surveys.platforms.import_text import ImportQuestion, read_import_text
from surveys.platforms.wordings import is_other


def form_of_text(raw: bytes, *, file: str, encoding: str | None = None) -> Form:
    """The questions of an import text, with its sections and what stands under its title."""
    found = read_import_text(raw, file=file, encoding=encoding)
    return Form(
        id="questionnaire",
        titles={"": found.title[0] if found.title else file},
        questions=tuple(map(_question, found.questions)),
        sections=tuple((id_, {"": title} if title else {}) for id_, title in found.sections.items()),
        source=f"{file} (问卷星 import text)",
        remarks=tuple(f"Under the title: {line}" for line in found.title[1:4]),
    )


def _question(asked: ImportQuestion) -> FormQuestion:
    return FormQuestion(
        id=f"Q{asked.number}",
        kind=asked.kind,
        texts={"": asked.text},
        section=asked.section,
        options=tuple(
            FormOption(texts={"": line}, code=str(at), other=is_other(line))
            for at, line in enumerate(asked.options, start=1)
        ),
        rows=tuple(
            FormRow(id=f"Q{asked.number}_{at}", texts={"": line})
            for at, line in enumerate(asked.rows, start=1)
        ),
        required=asked.required,
        ordered=asked.ordered,
    )
