"""What a form cannot say of a questionnaire; told to whoever fields it."""

from __future__ import annotations

from collections.abc import Iterator

from surveys.forms.asking import FormFormat, condition, in_language, offered, sections
from surveys.forms.limesurvey import codes
from surveys.questionnaire import Item, Questionnaire


def not_carried(questionnaire: Questionnaire, form: FormFormat) -> tuple[str, ...]:
    """Sentences naming what the form is silent on: to be set on the platform, or kept in mind.

    Examples
    --------
    >>> item = Item(id="AUM", kind="number", text={"en": "Assets"}, section="a", source="records")
    >>> asked = Questionnaire(
    ...     id="q", title={"en": "Q"}, languages=("en",), sections=(), scales={}, items=(item,)
    ... )
    >>> not_carried(asked, "xlsform")
    ('not asked, because account records hold it: AUM',)
    """
    return tuple(_told(questionnaire, form))


def _told(questionnaire: Questionnaire, form: FormFormat) -> Iterator[str]:
    records = [item.id for item in questionnaire.items if item.source == "records"]
    asked = [item for item in questionnaire.items if item.source == "respondent"]
    if records:
        yield f"not asked, because account records hold it: {', '.join(records)}"
    blind = [
        item.id
        for item in asked
        if item.show_if and condition(questionnaire, item.show_if).item.source == "records"
    ]
    if blind:
        yield f"asked of everybody, because routing depends on account records: {', '.join(blind)}"
    if form == "wjx-text":
        yield from _wjx(asked)
    if form == "limesurvey":
        renamed = [f"{id_} is {code}" for id_, code in codes(questionnaire).items() if id_ != code]
        if renamed:
            yield f"codes without underscores, as LimeSurvey demands: {', '.join(renamed)}"
        partly = [
            question.id
            for _, questions in sections(questionnaire)
            for question in questions
            if len({item.required for item in question.items}) == 2
        ]
        if partly:
            yield f"required rows among others, which an array cannot say: {', '.join(partly)}"
    if form in ("limesurvey", "docx"):
        return
    ranked = [item.id for item in asked if item.kind == "ranking" and item.open_option is not None]
    if ranked:
        yield f"no place to type beside a ranked option: {', '.join(ranked)}"


def _wjx(asked: list[Item]) -> Iterator[str]:
    routed = [f"{item.id} ({item.show_if})" for item in asked if item.show_if]
    if routed:
        yield f"routing to be set on 问卷星: {', '.join(routed)}"
    bounded = [item.id for item in asked if item.low is not None or item.high is not None]
    if bounded:
        yield f"bounds of numbers to be set on 问卷星: {', '.join(bounded)}"
    opened = [item.id for item in asked if item.open_option is not None]
    if opened:
        yield f"the blank beside “other” to be switched on on 问卷星: {', '.join(opened)}"
    renumbered = [
        item.id
        for item in asked
        if item.kind == "single"
        and [option.code for option in offered(item)] != list(range(1, len(offered(item)) + 1))
    ]
    if renumbered:
        yield (
            "options are numbered from 1, so download the answers by text, not by number: "
            + ", ".join(renumbered)
        )
    starred = [item.id for item in asked for text in item.text.values() if "*" in in_language({"": text}, "")]
    if starred:
        yield f"a * in the wording, which marks required questions there: {', '.join(starred)}"
