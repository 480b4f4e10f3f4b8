"""The text from which 问卷星 builds a questionnaire: a stem with its type, then one option a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from surveys.forms.asking import Question, in_language, offered, sections
from surveys.questionnaire import Item, ItemKind, Questionnaire, Text

_TAGS: Mapping[ItemKind, str] = {
    "single": "单选题",
    "multiple": "多选题",
    "ranking": "排序题",
    "number": "填空题",
    "text": "填空题",
}


def wjx_text(questionnaire: Questionnaire, *, language: str | None = None) -> str:
    """The questionnaire as text to paste into 问卷星.

    A required question has ``*`` before its type. Scales with intervals are ``量表题``, a matrix of
    them ``矩阵量表题``: its options on one line, apart by spaces, then a row a line. Where an option
    holds a space, the rows are asked one by one instead, each as ``stem—row``. Sections are
    ``段落说明``.

    Parameters
    ----------
    language : str, optional
        Chinese where the questionnaire is written in it, else its first language.

    Notes
    -----
    The format has no place for ids, routing, bounds of numbers and codes: 问卷星 numbers options from 1.
    """
    language = language or ("zh" if "zh" in questionnaire.languages else questionnaire.languages[0])
    if language not in questionnaire.languages:
        raise ValueError(
            f"language: `{language}`; questionnaire {questionnaire.id} is written in "
            f"{', '.join(questionnaire.languages)}"
        )
    return "\n".join(_lines(questionnaire, language)) + "\n"


def _lines(questionnaire: Questionnaire, language: str) -> Iterator[str]:
    yield in_language(questionnaire.title, language)
    yield ""
    number = 0
    found = tuple(sections(questionnaire))
    for section, questions in found:
        if len(found) > 1:
            yield f"{in_language(section.title, language)}[段落说明]"
            yield ""
        for question in questions:
            for block in _blocks(question, language):
                number += 1
                yield f"{number}. {block[0]}"
                yield from block[1:]
                yield ""


def _blocks(question: Question, language: str) -> Iterator[list[str]]:
    """Each question of the text, as its lines."""
    if not question.is_matrix:
        yield _block(question.first, question.text, language)
        return
    labels = [in_language(option.label, language) for option in offered(question.first)]
    if any(" " in label for label in labels):
        for item in question.items:
            stem = f"{in_language(question.text, language)}—{in_language(item.text, language)}"
            yield _block(item, {language: stem}, language)
        return
    scale = question.first.scale
    tag = "矩阵量表题" if scale is not None and scale.interval else "矩阵单选题"
    required = "*" if all(item.required for item in question.items) else ""
    yield [
        f"{in_language(question.text, language)}{required}[{tag}]",
        " ".join(labels),
        *(in_language(item.text, language) for item in question.items),
    ]


def _block(item: Item, text: Text, language: str) -> list[str]:
    interval = item.kind == "single" and item.scale is not None and item.scale.interval
    tag = "量表题" if interval else _TAGS[item.kind]
    required = "*" if item.required else ""
    options = [in_language(option.label, language) for option in offered(item)]
    return [f"{in_language(text, language)}{required}[{tag}]", *options]
