"""Names of items, options and constructs in one language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from surveys.questionnaire import Questionnaire

RANGE = re.compile(r"(?<![0-9A-Za-z_.-])([0-9]+)-([0-9]+)(?![0-9A-Za-z_-]|\.[0-9])")


def with_dashes(text: str) -> str:
    """Ranges of numbers with the dash that belongs between them.

    >>> with_dashes("Risk score (0-100)"), with_dashes("18-25岁"), with_dashes("2026-01-05")
    ('Risk score (0–100)', '18–25岁', '2026-01-05')
    """
    return RANGE.sub("\\1–\\2", text)


def numbered(name: str, number: object, language: str) -> str:
    """A name and the number that tells it from others of that name; the name alone without one.

    >>> numbered("Fees", 2, "en"), numbered("费用", 2, "zh"), numbered("Fees", "", "en")
    ('Fees (2)', '费用（2）', 'Fees')
    """
    if number == "":
        return name
    return f"{name}（{number}）" if language == "zh" else f"{name} ({number})"


REVERSED: Mapping[str, str] = {"en": "{name} (reverse-worded)", "zh": "{name}（反向题）"}
HEADING = {"en": 24, "zh": 8}  #: letters of a heading that an item's wording may begin with


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Looks up what things are called, for one questionnaire and one language."""

    questionnaire: Questionnaire
    language: str

    def name(self, variable: str, *, short: bool = True) -> str:
        """What a construct, an item or one option column (``CHANNELS_2``) is called."""
        questionnaire = self.questionnaire
        if questionnaire.has_construct(variable):
            construct = questionnaire.construct(variable)
            text = construct.short if short and construct.short is not None else construct.label
            return with_dashes(text[self.language])
        if questionnaire.has_item(variable):
            return with_dashes(questionnaire.item(variable).text[self.language])
        item_id, _, code = variable.rpartition("_")
        if questionnaire.has_item(item_id) and code.lstrip("-").isdigit():
            return self.option(item_id, int(code))
        return variable

    def marked(self, variable: str, name: str | None = None) -> str:
        """The wording of an item, or the name given for it; reverse-worded items say so."""
        name = self.name(variable) if name is None else name
        if self.questionnaire.has_item(variable) and self.questionnaire.item(variable).reverse_keyed:
            return self.say(REVERSED).format(name=name)
        return name

    def brief(self, variable: str) -> str:
        """The name, of an item that begins with a heading of its own (``Risk: how much …``) only that."""
        name = self.name(variable)
        if self.questionnaire.has_construct(variable):
            return name
        head, colon, _ = name.partition("：" if self.language == "zh" else ": ")
        return head if colon and len(head) <= HEADING[self.language] else name

    def option(self, item_id: str, code: int) -> str:
        """The wording of one answer."""
        scale = self.questionnaire.item(item_id).scale
        if scale is None:
            return str(code)
        return with_dashes(scale.label(code, self.language))

    def say(self, words: Mapping[str, str]) -> str:
        """The one of several translations that is in this language."""
        return words[self.language]
