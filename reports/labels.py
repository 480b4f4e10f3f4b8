"""Names of items, options and constructs in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from surveys.questionnaire import Questionnaire

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
            return text[self.language]
        if questionnaire.has_item(variable):
            return questionnaire.item(variable).text[self.language]
        item_id, _, code = variable.rpartition("_")
        if questionnaire.has_item(item_id) and code.lstrip("-").isdigit():
            return self.option(item_id, int(code))
        return variable

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
        return scale.label(code, self.language)

    def say(self, words: Mapping[str, str]) -> str:
        """The one of several translations that is in this language."""
        return words[self.language]
