"""Which column of a file belongs to which item, option or piece of metadata."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from surveys.questionnaire import Item, Option, Questionnaire

Role = Literal["item", "option", "respondent", "metadata", "ignored", "synthetic"]

ENDING = " \t\n?？.。:：,，;；!！…*"
TAG = re.compile(
    r"\s*[(\[【]\s*\*?\s*(?:[^()\[\]【】]*题|必答|选填|必填|required|optional)"
    r"(?:\s*\*?\s*(?:必答|选填|必填|required))?\s*[)\]】]"
)
NUMBER = re.compile(r"^\*?\s*(?:第\s*\d+\s*题|[qQ]?\d+)\s*[、.:)\s]\s*(?=\S)")
NUMBERED_OPTION = re.compile(r"^(?:第\s*(\d+)\s*题\s*|(\d+)\s*[、.]\s*)\((.*)\)\s*$", re.DOTALL)
#: A stem and its row or option: ``stem—row``, ``stem: row``, ``stem [row]``, ``stem (row)``.
JOINED = (
    re.compile(r"^(.+)—(.+)$", re.DOTALL),
    re.compile(r"^(.+?)\s*[\[(](.+)[\])]$", re.DOTALL),
    re.compile(r"^(.+?):\s*(.+)$", re.DOTALL),
    re.compile(r"^(.+?)\s+-\s+(.+)$", re.DOTALL),
)
BRACKETS = re.compile(r"\s*(?:【[^】]*】|〖[^〗]*〗|_{2,})")


@dataclass(frozen=True, slots=True)
class Target:
    """What one column holds. ``name`` is an item id or a role, ``code`` an option of the item."""

    role: Role
    name: str
    code: int | None = None

    @property
    def column(self) -> str:
        return self.name if self.code is None else f"{self.name}_{self.code}"


def normalised(text: str) -> str:
    """A text without what export programs and typists change: width, case, spaces, last punctuation.

    >>> normalised("  Ｙｏｕｒ   tier？ ")
    'your tier'
    """
    text = unicodedata.normalize("NFKC", text).replace("\u200b", "").replace("\ufeff", "")
    text = re.sub(r"\s*[—–―]+\s*", "—", re.sub(r"\s+", " ", text).strip())
    return text.casefold().strip(ENDING) or text.casefold()


def without_brackets(text: str) -> str:
    """An option's wording without the hint or the typed text that platforms add to it.

    >>> without_brackets("其他【请注明】〖宠物〗")
    '其他'
    """
    return BRACKETS.sub("", text).strip()


def wordings(option: Option) -> tuple[str, ...]:
    """Every spelling of an option, normalised."""
    return tuple(
        dict.fromkeys(normalised(word) for word in (*option.label.values(), *option.aliases) if word)
    )


def header_forms(header: str) -> Iterator[str]:
    """The header as it stands, then without type tag, then without question number.

    >>> list(header_forms("3、Your tier？ (单选题 *必答)"))[-1]
    'your tier'
    >>> list(header_forms("Do you agree? [I will stay.]"))[-1]
    'do you agree—i will stay'
    """
    plain = unicodedata.normalize("NFKC", header)
    bare = TAG.sub("", plain)
    seen = set()
    for form in (plain, bare, NUMBER.sub("", bare)):
        key = normalised(form)
        if key and key not in seen:
            seen.add(key)
            yield key
        for pattern in JOINED:
            found = pattern.match(key)
            joined = f"{normalised(found[1])}—{normalised(found[2])}" if found else key
            if joined not in seen:
                seen.add(joined)
                yield joined


class Matcher:
    """Headers to targets for one questionnaire. An explicit ``mapping`` wins."""

    def __init__(self, questionnaire: Questionnaire, mapping: Mapping[str, str]) -> None:
        self.questionnaire = questionnaire
        self.mapping = {header.strip(): target for header, target in mapping.items()}
        self._named: dict[str, Target] = {}
        self._worded: dict[str, list[Target]] = defaultdict(list)
        self._name_roles()
        for item in questionnaire.items:
            self._named.setdefault(normalised(item.id), Target("item", item.id))
        for item in questionnaire.items:
            self._add_item(item)
            if item.kind in ("multiple", "ranking") and item.scale is not None:
                for option in item.scale.options:
                    self._add_option(item, option)

    def knows(self, header: str) -> bool:
        """Whether a header, read alone, belongs to something."""
        return header.strip() in self.mapping or any(
            form in self._named or form in self._worded for form in header_forms(header)
        )

    def match(self, headers: Sequence[str], labels: Mapping[str, str]) -> list[Target | None]:
        """The target of every header; ``None`` where nothing or too much fits.

        ``labels`` are longer texts of a column, as SPSS keeps them, tried after the header.
        """
        targets: list[Target | None] = []
        matrix: str | None = None
        for header in headers:
            target = self._one(header, matrix) or self._one(labels.get(header, ""), matrix)
            if target is not None and target.role == "item":
                matrix = self.questionnaire.item(target.name).matrix
            targets.append(target)
        self._match_numbered(headers, targets)
        return targets

    def mapped(self, name: str) -> Target | None:
        """What a value of ``mapping`` stands for."""
        if name == "respondent":
            return Target("respondent", "respondent")
        if name in ("ignore", ""):
            return Target("ignored", name)
        if name in self.questionnaire.metadata or name in ("seconds", "started_at", "submitted_at"):
            return Target("metadata", name)
        for item in self.questionnaire.items:
            if item.id == name:
                return Target("item", name)
        for item in self.questionnaire.items:
            if name in item.columns and item.scale is not None:
                return Target("option", item.id, item.scale.codes[item.columns.index(name)])
        return None

    def names(self) -> list[str]:
        """Everything a header may say, for hints."""
        return [*self._named, *self._worded]

    def _one(self, header: str, matrix: str | None) -> Target | None:
        if header in self.mapping:
            return self.mapped(self.mapping[header])
        for form in header_forms(header):
            if form in self._named:
                return self._named[form]
        for form in header_forms(header):
            found = list(dict.fromkeys(self._worded.get(form, ())))
            if len(found) > 1 and matrix is not None:
                # Platforms write the stem of a matrix once; the rows after it are bare.
                found = [target for target in found if self._matrix(target) == matrix]
            if len(found) == 1:
                return found[0]
        return None

    def _matrix(self, target: Target) -> str | None:
        return self.questionnaire.item(target.name).matrix

    def _name_roles(self) -> None:
        questionnaire = self.questionnaire
        self._named["synthetic"] = Target("synthetic", "synthetic")
        for header in questionnaire.ignored_columns:
            self._named[normalised(header)] = Target("ignored", header)
        for role, headers in questionnaire.metadata.items():
            for header in headers:
                self._named[normalised(header)] = Target("metadata", role)
        for header in questionnaire.respondent_id:
            self._named[normalised(header)] = Target("respondent", header)
        for item in questionnaire.items:  # an item of that name was asked for and comes first
            if self._named.get(normalised(item.id)) is not None:
                del self._named[normalised(item.id)]

    def _add_item(self, item: Item) -> None:
        target = Target("item", item.id)
        stems = self.questionnaire.matrices.get(item.matrix or "", {})
        for language, text in item.text.items():
            self._worded[normalised(text)].append(target)
            for stem in {stems.get(language), item.matrix} - {None}:
                for key in _joined(str(stem), text):
                    self._worded[key].append(target)

    def _add_option(self, item: Item, option: Option) -> None:
        target = Target("option", item.id, option.code)
        self._named.setdefault(normalised(target.column), target)
        for word in wordings(option):
            for stem in (item.id, *item.text.values()):
                for key in (*_joined(stem, word), normalised(f"{stem}_{word}")):
                    self._worded[key].append(target)

    def _match_numbered(self, headers: Sequence[str], targets: list[Target | None]) -> None:
        """Columns ``6、(label)`` or ``第6题(label)``: the one item whose options hold all labels of 6."""
        groups: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for i, header in enumerate(headers):
            found = NUMBERED_OPTION.match(unicodedata.normalize("NFKC", header).strip())
            if found and targets[i] is None:
                groups[found[1] or found[2]].append((i, found[3]))
        for group in groups.values():
            fitting = [
                named for named in self._families() if all(_label_key(label, named) for _, label in group)
            ]
            taken = {(target.role, target.name) for target in targets if target is not None}
            free = [named for named in fitting if not taken & {(t.role, t.name) for t in named.values()}]
            if len(free) == 1:
                for i, label in group:
                    targets[i] = free[0][str(_label_key(label, free[0]))]

    def _families(self) -> Iterator[dict[str, Target]]:
        """For every multiple-response item and every matrix, its labels and their targets."""
        rows: dict[str, dict[str, Target]] = defaultdict(dict)
        for item in self.questionnaire.items:
            if item.kind in ("multiple", "ranking") and item.scale is not None:
                yield {
                    word: Target("option", item.id, option.code)
                    for option in item.scale.options
                    for word in wordings(option)
                }
            elif item.matrix is not None:
                for text in item.text.values():
                    rows[item.matrix][normalised(text)] = Target("item", item.id)
        yield from rows.values()


def _label_key(label: str, named: Mapping[str, Target]) -> str | None:
    for key in (normalised(label), normalised(without_brackets(label))):
        if key in named:
            return key
    return None


def _joined(stem: str, text: str) -> tuple[str, ...]:
    return (f"{normalised(stem)}—{normalised(text)}",)
