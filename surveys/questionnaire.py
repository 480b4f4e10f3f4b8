"""What was asked: texts, scales, items, constructs.

A questionnaire is data. It is written by hand as YAML (``surveys.study_files`` reads it) and is
immutable once loaded. Nothing here knows a file format or a statistic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

ItemKind = Literal["single", "multiple", "ranking", "number", "text"]
#: ``respondent``: a person answered it. ``records``: the bank's account records say it.
Source = Literal["respondent", "records"]

Text = Mapping[str, str]  #: one text in several languages, ``{"en": ..., "zh": ...}``


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One answer that can be picked: its code, its wording, other spellings met in data files."""

    code: int
    label: Text
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """An answer format shared by items.

    ``ordered`` scales run from low to high in the order of their options. ``interval`` says that
    the codes may be averaged (Likert and 0-10 scales). ``missing_codes`` are codes that a data
    file may hold and that mean "no answer" (with the reason as label).
    """

    id: str
    options: tuple[Option, ...]
    ordered: bool = True
    interval: bool = True
    missing_codes: tuple[Option, ...] = ()

    @property
    def codes(self) -> tuple[int, ...]:
        return tuple(option.code for option in self.options)

    @property
    def low(self) -> int:
        return min(self.codes)

    @property
    def high(self) -> int:
        return max(self.codes)

    @property
    def midpoint(self) -> float:
        return (self.low + self.high) / 2

    def label(self, code: int, language: str) -> str:
        """The wording of one code."""
        for option in (*self.options, *self.missing_codes):
            if option.code == code:
                return option.label[language]
        raise KeyError(f"scale {self.id} has no code {code}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question as a respondent sees it, or one field of the account records.

    A matrix question is several items that name the same ``matrix``; a multiple-response or
    ranking item has one column per option in the answers (see :meth:`columns`).
    """

    id: str
    kind: ItemKind
    text: Text
    section: str
    scale: Scale | None = None  #: for single, multiple (its options) and ranking
    reverse_keyed: bool = False
    required: bool = False
    source: Source = "respondent"
    matrix: str | None = None
    attention: int | None = None  #: the code that an attentive respondent picks
    low: float | None = None  #: bounds of a number
    high: float | None = None
    open_option: int | None = None  #: code of "other: ..."
    show_if: str | None = None  #: routing, as ``CUST_CHANNEL = 3``
    identifying: bool = False  #: may hold personal data; never reaches a result

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that hold its answers.

        >>> yes = Option(code=1, label={"en": "Web"}); no = Option(code=2, label={"en": "App"})
        >>> scale = Scale(id="channels", options=(yes, no), ordered=False, interval=False)
        >>> Item(id="CH", kind="multiple", text={"en": "Channels"}, section="a", scale=scale).columns
        ('CH_1', 'CH_2')
        """
        if self.kind in ("multiple", "ranking") and self.scale is not None:
            return tuple(f"{self.id}_{code}" for code in self.scale.codes)
        return (self.id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Construct:
    """A latent variable and the items that measure it.

    ``valid_share`` is the share of its items that a respondent must have answered for a score.
    """

    id: str
    label: Text
    items: tuple[str, ...]
    source: str = ""  #: key into the questionnaire's references
    valid_share: float = 0.5
    short: Text | None = None  #: label for figures and narrow tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A page or block of the questionnaire."""

    id: str
    title: Text


@dataclass(frozen=True, kw_only=True)
class Questionnaire:
    """Everything one population was asked."""

    id: str
    title: Text
    languages: tuple[str, ...]
    sections: tuple[Section, ...]
    scales: Mapping[str, Scale]
    items: tuple[Item, ...]
    constructs: tuple[Construct, ...] = ()
    matrices: Mapping[str, Text] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    respondent_id: tuple[str, ...] = ("respondent",)  #: headers of the column that names a respondent
    metadata: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: headers to look for, by role: ``seconds``, ``started_at``, ``submitted_at``, ``ip``, ...
    ignored_columns: tuple[str, ...] = ()  #: headers of a data file that may be passed over

    @cached_property
    def _items(self) -> dict[str, Item]:
        return {item.id: item for item in self.items}

    @cached_property
    def _constructs(self) -> dict[str, Construct]:
        return {construct.id: construct for construct in self.constructs}

    def item(self, item_id: str) -> Item:
        """The item of that id; ``KeyError`` if there is none."""
        return self._items[item_id]

    def construct(self, construct_id: str) -> Construct:
        """The construct of that id; ``KeyError`` if there is none."""
        return self._constructs[construct_id]

    def has_item(self, item_id: str) -> bool:
        return item_id in self._items

    def has_construct(self, construct_id: str) -> bool:
        return construct_id in self._constructs

    def label(self, name: str, language: str) -> str:
        """The wording of an item or the name of a construct."""
        if name in self._constructs:
            return self._constructs[name].label[language]
        return self._items[name].text[language]
