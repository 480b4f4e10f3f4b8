"""Which column of a data file holds the answers to which item."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from surveys.errors import Fault
from surveys.questionnaire import Item, Questionnaire
from surveys.reading.cells import normal, shown
from surveys.reading.mapping import IGNORE

#: Roles that name a person. Their columns are recognised and dropped.
PERSONAL = ("ip", "name", "phone", "email")
SYNTHETIC = "synthetic"  #: header of the column by which a simulation owns up

_TYPE_TAG = re.compile(
    r"[(\[【]\s*(?:(?:单选|多选|单项选择|多项选择|选择|填空|矩阵\w{0,6}|量表|排序|打分|评分|简答|滑动\w{0,4}|下拉|判断|比重)题"
    r"[^)\]】]{0,12}|必答|选答|必填|选填|required|optional)\s*[)\]】]"
)
_QUESTION_NUMBER = re.compile(r"(?:第\s*\d+\s*题\s*[、.:)]?|q\s*\d+(?:\s*[、.:)]|\s)|\d+\s*[、.:)])\s*(?=\S)")
_HINTS = 50  #: unknown columns for which the closest item is looked up


@dataclass(frozen=True, slots=True)
class Place:
    """What a column holds: a whole item, one option of it, or facts about the respondent."""

    kind: Literal["item", "option", "role", "ignored"]
    name: str = ""
    code: int | None = None

    def __str__(self) -> str:
        return self.name if self.code is None else f"{self.name}_{self.code}"


@dataclass(slots=True)
class Matching:
    """Where everything stands, and what is wrong or was decided on the way.

    ``places`` goes by the number of the column, from 0.
    """

    places: dict[int, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def loose(text: str) -> str:
    """A wording without type tags, white space and punctuation, so that separators do not matter.

    >>> loose("7、Service — Speed（单选题 *必答）") == loose("7. service:speed")
    True
    """
    plain = _TYPE_TAG.sub("", normal(text))
    return "".join(
        character
        for character in plain
        if character == "%" or unicodedata.category(character)[0] not in "PZC"
    )


def without_number(text: str) -> str:
    """A header without its leading question number.

    >>> without_number("3、Your tier"), without_number("Q3. Your tier"), without_number("第6题(A)")
    ('your tier', 'your tier', '(a)')
    """
    plain = normal(text)
    match = _QUESTION_NUMBER.match(plain)
    return plain[match.end() :] if match else plain


class Wordings:
    """Every header under which a column of this questionnaire may stand."""

    def __init__(self, questionnaire: Questionnaire) -> None:
        self.questionnaire = questionnaire
        self.roles: dict[str, tuple[str, int]] = {}  #: header -> role and its rank among the role's headers
        self.ids: dict[str, Place] = {}
        self.texts: defaultdict[str, set[Place]] = defaultdict(set)
        self.loose: defaultdict[str, set[Place]] = defaultdict(set)
        self.labels: defaultdict[str, set[Place]] = defaultdict(set)
        self.ignored = frozenset(map(normal, questionnaire.ignored_columns))
        for role, headers in (("respondent", questionnaire.respondent_id), *questionnaire.metadata.items()):
            for rank, header in enumerate(headers):
                self.roles.setdefault(normal(header), (role, rank))
        for item in questionnaire.items:
            self._take_in(item)

    def _take_in(self, item: Item) -> None:
        whole = Place("item", item.id)
        self.ids[normal(item.id)] = whole
        stem = self.questionnaire.matrices.get(item.matrix or "", {})
        for language, text in item.text.items():
            self.texts[normal(text)].add(whole)
            for lead in ("", item.id, stem.get(language, "")):
                self.loose[loose(lead + " " + text)].add(whole)
        if item.kind not in ("multiple", "ranking") or item.scale is None:
            return
        for option in item.scale.options:
            place = Place("option", item.id, option.code)
            self.ids[normal(str(place))] = place
            self.loose[loose(f"{item.id} {option.code}")].add(place)
            for label in (*option.label.values(), *option.aliases):
                self.labels[loose(label)].add(place)
                for lead in (item.id, *item.text.values()):
                    self.loose[loose(f"{lead} {label}")].add(place)

    def knows(self, header: str) -> bool:
        """Whether a column may stand under this header."""
        return normal(header) in self.roles or normal(header) in self.ignored or bool(self.find(header))

    def find(self, header: str) -> frozenset[Place]:
        """The items or options that a header may mean, by the first rule that finds any."""
        plain = normal(header)
        if plain in self.ids:
            return frozenset({self.ids[plain]})
        bare = without_number(header)
        for text in dict.fromkeys((plain, bare)):
            for table, key in ((self.texts, text), (self.loose, loose(text))):
                if key and table.get(key):
                    return frozenset(table[key])
        # An option alone says what it belongs to only when a number or brackets mark it as one.
        if bare != plain or bare[:1] in "([【":
            return frozenset(self.labels.get(loose(bare), ()))
        return frozenset()

    def closest(self, header: str) -> str | None:
        """The id of the item whose id or wording is most like a header."""
        wordings = {
            text: item.id
            for item in self.questionnaire.items
            for text in (normal(item.id), *map(normal, item.text.values()))
        }
        near = difflib.get_close_matches(without_number(header), wordings, n=1, cutoff=0.6)
        return wordings[near[0]] if near else None


@dataclass(frozen=True, slots=True)
class Columns:
    """What is known of the columns before they are matched."""

    file: str
    sheet: str | None
    row: int  #: of the header
    header: Sequence[str]
    empty: frozenset[int]  #: columns without a single cell
    labels: Mapping[str, str]  #: wordings of SPSS variables
    headings: Sequence[Sequence[str]] = ()  #: other wordings of each column
    settled: Mapping[int, Place] = field(default_factory=dict)  #: by the question that columns share
    fallback: Mapping[int, Place] = field(default_factory=dict)  #: when nothing else is found


def match_columns(columns: Columns, wordings: Wordings, mapping: Mapping[str, str] | None = None) -> Matching:
    """Find the item behind every column.

    In this order: the explicit ``mapping``, the headers of roles, ignored columns, ids, wordings.
    """
    found = Matching()
    told = _told(columns, wordings, mapping or {}, found)
    unknown: list[int] = []
    worded: list[str] = []
    matrix: str | None = None
    for at, header in enumerate(columns.header):
        place = told.get(at) or _role(header, wordings) or columns.settled.get(at)
        if place is None:
            candidates = _within_matrix(_candidates(columns, at, wordings), matrix, wordings)
            if len(candidates) > 1:
                found.faults.append(_ambiguous(columns, at, candidates))
                continue
            place = next(iter(candidates), None)
            if place is not None and place.kind != "role" and normal(header) != normal(str(place)):
                worded.append(f"{at + 1} = {place}")
        place = place or columns.fallback.get(at)
        if place is None:
            unknown.append(at)
            continue
        if place.kind in ("item", "option"):
            matrix = wordings.questionnaire.item(place.name).matrix
        found.places[at] = place
    if worded:
        found.notes.append(
            "columns found by their wording (number of the column = item): " + ", ".join(worded)
        )
    _settle_roles(columns, wordings, found)
    _settle_doubles(columns, found)
    _settle_options(columns, wordings, found)
    _settle_unknown(columns, wordings, unknown, found)
    return found


def _candidates(columns: Columns, at: int, wordings: Wordings) -> frozenset[Place]:
    """Items or options by the header, by the variable's label, by whatever else the column is known as."""
    header = columns.header[at]
    others = columns.headings[at] if at < len(columns.headings) else ()
    for text in (header, columns.labels.get(header, ""), *others):
        if text.strip() and (found := wordings.find(text)):
            return found
    return frozenset()


def _role(header: str, wordings: Wordings) -> Place | None:
    plain = normal(header)
    if plain == SYNTHETIC:
        return Place("role", SYNTHETIC)
    if plain in wordings.roles:
        return Place("role", wordings.roles[plain][0])
    if plain in wordings.ignored:
        return Place("ignored")
    return None


def _within_matrix(candidates: frozenset[Place], matrix: str | None, wordings: Wordings) -> frozenset[Place]:
    """Rows of the same wording in several matrices: the one whose matrix the column before belongs to."""
    if len(candidates) < 2 or matrix is None:
        return candidates
    same = frozenset(
        place for place in candidates if wordings.questionnaire.item(place.name).matrix == matrix
    )
    return same if len(same) == 1 else candidates


def _fault(columns: Columns, at: int, seen: str, expected: str, remedy: str) -> Fault:
    name = columns.header[at].strip()
    return Fault(
        file=columns.file,
        sheet=columns.sheet,
        row=columns.row,
        column=shown(name) if name else f"number {at + 1}",
        seen=seen,
        expected=expected,
        remedy=remedy,
    )


def _ambiguous(columns: Columns, at: int, candidates: frozenset[Place]) -> Fault:
    names = ", ".join(sorted(map(str, candidates))[:10])
    return _fault(
        columns,
        at,
        f"a header that fits several items: {names}",
        "one item for each column",
        "Write the item's id as the header, or say which it is in the mapping.",
    )


def _told(
    columns: Columns, wordings: Wordings, mapping: Mapping[str, str], found: Matching
) -> dict[int, Place]:
    """The columns that the mapping settles."""
    told: dict[int, Place] = {}
    roles = {role for role, _ in wordings.roles.values()} | {"respondent", SYNTHETIC}
    for header, target in mapping.items():
        exact = [at for at, name in enumerate(columns.header) if name == header]
        places = exact or [at for at, name in enumerate(columns.header) if normal(name) == normal(header)]
        if len(places) != 1:
            found.faults.append(
                Fault(
                    file=columns.file,
                    sheet=columns.sheet,
                    row=columns.row,
                    column=shown(header),
                    seen=f"{len(places) or 'no'} columns of this name, which the mapping names",
                    expected="one",
                    remedy="Correct the mapping or the header.",
                )
            )
            continue
        place = wordings.ids.get(normal(target)) or (Place("role", target) if target in roles else None)
        place = Place("ignored") if place is None and target == IGNORE else place
        if place is None:
            near = wordings.closest(target)
            found.faults.append(
                _fault(
                    columns,
                    places[0],
                    f'the mapping to "{shown(target)}"',
                    "an item, an item's column or a role of the questionnaire",
                    f"Did you mean {near}?" if near else "Correct the mapping.",
                )
            )
            place = Place("ignored")
        told[places[0]] = place
    return told


def _settle_roles(columns: Columns, wordings: Wordings, found: Matching) -> None:
    """One column for each role; personal ones are dropped."""
    by_role: defaultdict[str, list[int]] = defaultdict(list)
    for at, place in found.places.items():
        if place.kind == "role":
            by_role[place.name].append(at)
    for role, places in by_role.items():
        names = ", ".join(f'"{shown(columns.header[at])}"' for at in places)
        if role in PERSONAL:
            found.notes.append(f"dropped, because it may name a person ({role}): column {names}")
        elif role == SYNTHETIC or len(places) == 1:
            continue
        else:
            ranked = sorted(
                places,
                key=lambda at: (
                    at in columns.empty,
                    wordings.roles.get(normal(columns.header[at]), (role, 0))[1],
                ),
            )
            best, second = (
                (at in columns.empty, wordings.roles.get(normal(columns.header[at]), (role, 0))[1])
                for at in ranked[:2]
            )
            if best == second and not best[0]:
                found.faults.append(
                    _fault(
                        columns, ranked[1], f"two columns for {role}", "one", "Remove or rename one of them."
                    )
                )
            found.notes.append(f'{role} taken from column "{shown(columns.header[ranked[0]])}", of {names}')
            for at in ranked[1:]:
                found.places[at] = Place("ignored")


def _settle_doubles(columns: Columns, found: Matching) -> None:
    """One column for each item and option; empty copies are passed over."""
    by_place: defaultdict[Place, list[int]] = defaultdict(list)
    for at, place in found.places.items():
        if place.kind in ("item", "option"):
            by_place[place].append(at)
    for place, places in by_place.items():
        filled = [at for at in places if at not in columns.empty] or places[:1]
        for at in set(places) - set(filled):
            found.places[at] = Place("ignored")
            found.notes.append(
                f"column {at + 1} passed over: it is empty, and column {filled[0] + 1} holds {place}"
            )
        for at in filled[1:]:
            first = f'"{shown(columns.header[filled[0]])}" (column {filled[0] + 1})'
            found.faults.append(
                _fault(
                    columns,
                    at,
                    f"a second column for {place}, after {first}",
                    "one column for each item",
                    "Remove or rename one, or say which it is in the mapping.",
                )
            )
            found.places[at] = Place("ignored")


def _settle_options(columns: Columns, wordings: Wordings, found: Matching) -> None:
    """Items spread over option columns have all of them, and no joined column beside them."""
    spread: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for at, place in found.places.items():
        if place.kind == "option" and place.code is not None:
            spread[place.name][place.code] = at
    joined = {place.name: at for at, place in found.places.items() if place.kind == "item"}
    for name, by_code in spread.items():
        scale = wordings.questionnaire.item(name).scale
        missing = [code for code in (scale.codes if scale else ()) if code not in by_code]
        if missing:
            codes = ", ".join(f"{name}_{code}" for code in missing)
            found.faults.append(
                _fault(
                    columns,
                    min(by_code.values()),
                    f"columns for some options of {name}, but none for {codes}",
                    "a column for every option",
                    "Add the column (0 for all if nobody chose it), or give the answers in one column.",
                )
            )
        if name in joined:
            found.places[joined[name]] = Place("ignored")
            found.notes.append(
                f"{name} read from its option columns; the joined column {joined[name] + 1} passed over"
            )


def _settle_unknown(columns: Columns, wordings: Wordings, unknown: Sequence[int], found: Matching) -> None:
    empty = [at for at in unknown if at in columns.empty]
    if empty:
        names = ", ".join(f'"{shown(columns.header[at])}"' for at in empty[:20])
        found.notes.append(f"{len(empty)} columns without a single answer passed over: {names}")
    for place, at in enumerate(at for at in unknown if at not in columns.empty):
        header = columns.header[at]
        near = wordings.closest(header) if header.strip() and place < _HINTS else None
        found.faults.append(
            _fault(
                columns,
                at,
                "a column that the questionnaire does not know"
                if header.strip()
                else "answers without a header",
                f"an item, such as {near}" if near else "an item of the questionnaire",
                _remedy(header, near) if header.strip() else "Name the column, or remove it.",
            )
        )


def _remedy(header: str, near: str | None) -> str:
    """A close wording is no match: whoever knows the survey says so in the mapping."""
    rest = "dd it to ignored_columns, or to the questionnaire."
    if not near:
        return f"A{rest}"
    return f'If it is, write `"{shown(header)}": {near}` into the mapping file; if not, a{rest}'


def missing_items(questionnaire: Questionnaire, found: Matching) -> Iterator[Item]:
    """Items without a column."""
    present = {place.name for place in found.places.values() if place.kind in ("item", "option")}
    return (item for item in questionnaire.items if item.id not in present)
