"""LimeSurvey: responses as codes or full texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from surveys.platforms.building import Draft, group_kind, place_group
from surveys.platforms.definitions import as_definition, plain_text
from surveys.platforms.export import Choice, Export, ExportQuestion, Role, State
from surveys.platforms.limesurvey_structure import from_table, is_structure
from surveys.platforms.wordings import is_other
from surveys.reading.cells import normal
from surveys.reading.tables import Table

_ROLES: Mapping[str, Role] = {
    "id": "respondent",
    "response id": "respondent",
    "submitdate": "submitted_at",
    "date submitted": "submitted_at",
    "lastpage": "last_page",
    "last page": "last_page",
    "startlanguage": "language",
    "start language": "language",
    "seed": "other",
    "startdate": "started_at",
    "date started": "started_at",
    "datestamp": "other",
    "date last action": "other",
    "ipaddr": "ip",
    "ip address": "ip",
    "refurl": "source",
    "referrer url": "source",
    "token": "other",
    "access code": "other",
    "interviewtime": "seconds",
    "total time": "seconds",
}
_OWN = frozenset(
    {
        "submitdate",
        "date submitted",
        "lastpage",
        "last page",
        "startlanguage",
        "start language",
        "datestamp",
        "date last action",
        "seed",
    }
)
_PAGE = re.compile(r"(?:grouptime\d+|group time: .*)", re.IGNORECASE)
_QUESTION_TIME = re.compile(r"(?:\w*time\d+|\w+time|question time: .*)", re.IGNORECASE)
_SUB = re.compile(
    r"(?P<stem>.*?)\s*\[(?P<sub>[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*)\](?P<second>\[[^\[\]]*\])?\s*", re.DOTALL
)
_RANK = re.compile(r"(?:(rank|ranking|rang|rango|排名|排序|等级)\s*)?(\d{1,3})", re.IGNORECASE)
LEAST_RANKINGS = 10  #: respondents without a repeated option, from which columns are taken for ranks
_EXPRESSION = re.compile(r"\s*\{.*\}\s*|.*\.NAOK\b.*", re.DOTALL)


def likelihood(table: Table) -> float:
    names = [normal(header) for header in table.header]
    if is_structure(names):
        return 1.0
    own = len(_OWN.intersection(names[:12]))
    if own >= 3:
        return 1.0
    return 0.8 if own >= 2 and ("id" in names[:1] or "response id" in names[:1]) else 0.0


def parse(table: Table, companion: Export | None) -> Export:
    """The export; a structure (``.txt``, ``.lsg``, ``.lss``) as companion adds types and wordings."""
    if is_structure([normal(header) for header in table.header]):
        return as_definition(table, "limesurvey", "structure, tab-separated", *from_table(table))
    full = any(normal(header) in ("response id", "date submitted") for header in table.header)
    draft = Draft(table=table, platform="limesurvey", flavour="full texts" if full else "codes")
    asked: list[int] = []
    for at, header in enumerate(table.header):
        name = normal(header)
        if name in _ROLES:
            draft.role(at, _ROLES[name])
        elif _PAGE.fullmatch(name):
            draft.role(at, "page_seconds")
        elif (_QUESTION_TIME.fullmatch(name) and at > len(table.header) // 2) or _EXPRESSION.fullmatch(
            header
        ):
            draft.role(at, "other")
        else:
            # A question that was hidden by its relevance says N/A; nothing says that of an empty one.
            draft.declare(at, {"n/a": State.NOT_SHOWN})
            asked.append(at)
    expressions = sum(bool(_EXPRESSION.fullmatch(header)) for header in table.header)
    if expressions:
        draft.notes.append(f"{expressions} columns of expressions (equations) are no questions")
    _tell_unfinished(draft)
    definition = companion if companion is not None and companion.platform == "limesurvey" else None
    for group in _groups(table.header, asked):
        _ask(draft, group, definition)
    return draft.finish()


def _tell_unfinished(draft: Draft) -> None:
    for at, column in draft.columns.items():
        if column.role == "submitted_at":
            n = int((draft.states[:, at] != State.ANSWERED).sum())
            if n:
                draft.warnings.append(f"{n} of {len(draft.table.rows)} responses were never submitted")


def _split(header: str) -> tuple[str, str | None]:
    match = _SUB.fullmatch(header)
    if match is None:
        return header.strip(), None
    return match["stem"].strip(), match["sub"].strip() + (match["second"] or "")


def _groups(header: Sequence[str], asked: Sequence[int]) -> list[list[int]]:
    """Neighbours of one stem; a column right behind its question holds the text of "other"."""
    groups: list[list[int]] = []
    for at in asked:
        stem, sub = _split(header[at])
        if groups and groups[-1][-1] == at - 1:
            before, before_sub = _split(header[groups[-1][0]])
            if stem == before and sub is not None and (before_sub is not None or _is_beside(sub)):
                groups[-1].append(at)
                continue
        groups.append([at])
    return groups


def _is_beside(sub: str) -> bool:
    return normal(sub) in ("other", "comment", "filecount") or is_other(sub)


def _ask(draft: Draft, group: Sequence[int], definition: Export | None) -> None:
    header = draft.header
    stem, first = _split(header[group[0]])
    text = plain_text(stem)
    told = _told(definition, stem, text)
    beside = [at for at in group if normal(_split(header[at])[1] or "") in ("other", "filecount")]
    beside += [at for at in group if (_split(header[at])[1] or "").endswith("comment") and at not in beside]
    main = [at for at in group if at not in beside]
    if first is None or not main:
        main = list(group[:1])
        beside = [at for at in group if at not in main]
        id_ = draft.ask_single(main[0], (told.id if told else stem) or f"column_{group[0] + 1}", text, text)
        if told is not None and not told.rows:
            draft.questions[id_] = replace(told, id=id_)
    else:
        subs = [plain_text(_split(header[at])[1] or "") for at in main]
        if (told is not None and told.kind == "multiple") or (
            group_kind(draft, main, subs) == "multiple" and any(at in group for at in beside)
        ):
            main = [at for at in group if not (_split(header[at])[1] or "").endswith("comment")]
            beside = [at for at in beside if at not in main]
            subs = [plain_text(_split(header[at])[1] or "") for at in main]
        id_ = _ask_rows(draft, main, subs, told, stem, text)
    for at in beside:
        sub = _split(header[at])[1] or ""
        part = "count" if sub == "filecount" else "comment" if sub.endswith("comment") else "other_text"
        draft.place(at, id_, part=part)  # type: ignore[arg-type]


def _ask_rows(
    draft: Draft, main: Sequence[int], subs: Sequence[str], told: ExportQuestion | None, stem: str, text: str
) -> str:
    if _are_ranks(draft, main, subs, told):
        return _ask_ranks(draft, main, told, stem, text)
    if told is None:
        return place_group(
            draft, main, subs, id_=stem, text=text, codes=subs if stem != text or " " not in stem else None
        )
    labels = {normal(row.id): row.text for row in told.rows} | {
        normal(choice.code or ""): choice.label for choice in told.choices
    }
    names = [labels.get(normal(sub), sub) for sub in subs]
    spread = told.kind in ("multiple", "ranking") and not told.rows
    id_ = place_group(
        draft,
        main,
        names,
        id_=told.id,
        text=told.text or text,
        codes=subs,
        kind=told.kind if told.kind != "unknown" else None,
        choices=() if spread else told.choices,
        matrix=not spread,
    )
    draft.questions[id_] = replace(
        draft.questions[id_], required=told.required, show_if=told.show_if, texts=told.texts
    )
    return id_


def _are_ranks(
    draft: Draft, columns: Sequence[int], subs: Sequence[str], told: ExportQuestion | None
) -> bool:
    """Whether each column is a rank and holds the option, as LimeSurvey writes rankings.

    Without a word or a structure that says so, the cells decide: in a ranking nobody names an
    option twice, and there are no more options than columns.
    """
    ranks = [_RANK.fullmatch(sub) for sub in subs]
    if [int(rank[2]) if rank else 0 for rank in ranks] != list(range(1, len(columns) + 1)):
        return False
    if told is not None:
        return told.kind == "ranking"
    if all(rank and rank[1] for rank in ranks):
        return True
    options = set().union(*(draft.answered(at) for at in columns))
    if len(columns) < 3 or not len(columns) - 1 <= len(options) <= len(columns):
        return False
    codes = {text: code for code, text in enumerate(sorted(options))}
    table = np.column_stack([_coded(draft, at, codes) for at in columns])
    ordered = np.sort(table, axis=1)
    several = (table >= 0).sum(axis=1) > 1
    repeated = ((np.diff(ordered, axis=1) == 0) & (ordered[:, 1:] >= 0)).any()
    return bool(several.sum() >= LEAST_RANKINGS) and not bool(repeated)


def _coded(draft: Draft, at: int, codes: Mapping[str, int]) -> npt.NDArray[np.intp]:
    table = np.array([*(codes.get(text, -1) for text in draft.texts(at)), -1], dtype=np.intp)
    return np.where(draft.states[:, at] == State.ANSWERED, table[draft.distinct(at).places], -1)


def _ask_ranks(
    draft: Draft, columns: Sequence[int], told: ExportQuestion | None, stem: str, text: str
) -> str:
    if told is None:
        seen = dict.fromkeys(share for at in columns for share in draft.shares(at))
        choices = tuple(Choice(label=label) for label in sorted(seen))
        told = ExportQuestion(id=stem, text=text, kind="ranking", choices=choices)
        draft.notes.append(f"{stem}: read as a ranking, with a column for each rank that holds the option")
    id_ = draft.ask(replace(told, rows=()))
    for place, at in enumerate(columns):
        draft.place(at, id_, part="rank", choice=place)
    return id_


def _told(definition: Export | None, stem: str, text: str) -> ExportQuestion | None:
    if definition is None:
        return None
    for question in definition.questions:
        if question.id == stem or (text and normal(question.text) == normal(text)):
            return question
    return None
