"""SoSci Survey: tab-separated, quoted, with the interview's own record at both ends."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from surveys.platforms.building import Draft, place_group
from surveys.platforms.export import Choice, Export, Role, State
from surveys.reading.cells import cell_text, normal
from surveys.reading.tables import Table, without_rows

_ROLES: Mapping[str, Role] = {
    "case": "respondent",
    "serial": "other",
    "ref": "source",
    "questnnr": "other",
    "mode": "test",
    "language": "language",
    "started": "started_at",
    "time_sum": "seconds",
    "mailsent": "other",
    "lastdata": "submitted_at",
    "finished": "finished",
    "q_viewer": "other",
    "lastpage": "last_page",
    "maxpage": "last_page",
    "missing": "quality",
    "missrel": "quality",
    "time_rsi": "quality",
    "deg_time": "quality",
}
_OWN = frozenset({"case", "serial", "ref", "questnnr", "mode", "started"})
_PAGE = re.compile(r"time\d{3}")
_VARIABLE = re.compile(r"([A-Z]{2}\d{2})(?:_([A-Z]{0,2}\d{0,3}|[A-Z]+))?([a-z]?)")
_CODES = re.compile(r"-\d{1,2}")
_MISSING = {
    "-9": State.UNANSWERED,  # not answered
    "-1": State.DECLARED,  # cannot say
    "-2": State.DECLARED,
    "-3": State.DECLARED,
    "-4": State.DECLARED,
    "-5": State.DECLARED,
    "-6": State.DECLARED,
    "-7": State.DECLARED,
    "-8": State.DECLARED,
    "-10": State.DECLARED,
}
TESTS = frozenset({"debug", "admin", "pretest"})


def likelihood(table: Table) -> float:
    own = _OWN.intersection(normal(name) for name in table.header)
    return 1.0 if len(own) >= 5 else 0.8 if {"questnnr", "mode", "started"} <= own else 0.0


def parse(table: Table, companion: Export | None) -> Export:
    """Negative codes are missing; 1 and 2 are "not checked" and "checked" where nothing else occurs."""
    del companion
    labels = _label_row(table)
    draft = Draft(table=without_rows(table, 1 if labels else 0), platform="sosci")
    draft.flavour = "with a row of labels" if labels else "codes"
    groups: dict[str, list[int]] = {}
    for at, name in enumerate(table.header):
        plain = normal(name)
        if plain in _ROLES:
            role = _ROLES[plain]
            draft.role(at, role, *([labels[at]] if labels else []))
        elif _PAGE.fullmatch(plain):
            draft.role(at, "page_seconds")
        else:
            groups.setdefault(_stem(name), []).append(at)
    told: dict[str, int] = {}
    for key, group in groups.items():
        for code, n in _ask(draft, key, group, labels).items():
            told[code] = told.get(code, 0) + n
    if told:
        draft.notes.append(
            "negative codes read as no answer: " + ", ".join(f"{code} ({n}x)" for code, n in told.items())
        )
    _tell_tests(draft)
    return draft.finish()


def _label_row(table: Table) -> Sequence[str]:
    """The optional second header row, whose CASE is no number."""
    if table.rows.empty:
        return ()
    texts = [cell_text(cell).strip() for cell in table.rows.iloc[0]]
    return texts if texts[0] and not re.fullmatch(r"\d+(?:\.0)?", texts[0]) else ()


def _stem(name: str) -> str:
    match = _VARIABLE.fullmatch(name.strip())
    if match is None or match[2] is None or not match[2].isdigit():
        return name.strip()
    return match[1] + (match[3] and f"({match[3]})")


def _ask(draft: Draft, key: str, group: Sequence[int], labels: Sequence[str]) -> dict[str, int]:
    """One question; its negative codes are missing unless its numbers go far below."""
    told: dict[str, int] = {}
    for at in group:
        negative = [text for text in draft.answered(at) if text.startswith("-")]
        if all(_CODES.fullmatch(text) and int(text) >= -10 for text in negative):
            for code, n in draft.declare(at, _MISSING).items():
                told[code] = told.get(code, 0) + n
    texts = [labels[at] if labels else "" for at in group]
    if len(group) == 1:
        draft.ask_single(group[0], key, texts[0], texts[0])
        return told
    codes = [name[2] for at in group if (name := _VARIABLE.fullmatch(draft.header[at].strip()))]
    names = [text or code for text, code in zip(texts, codes, strict=True)]
    if _is_checked(draft, group):
        _ask_checked(draft, key, group, names, codes)
    else:
        place_group(draft, group, names, id_=key, text="", codes=codes, matrix=True)
    return told


def _is_checked(draft: Draft, group: Sequence[int]) -> bool:
    """Whether only 1 (not checked) and 2 (checked) occur, and both do.

    A matrix of two points looks the same; each column says which it is only in the codebook, so this
    is done only where a respondent who answered any has answered all.
    """
    texts = set().union(*(draft.answered(at) for at in group))
    if texts != {"1", "2"}:
        return False
    answered = draft.states[:, list(group)] == State.ANSWERED
    return bool((answered.all(axis=1) == answered.any(axis=1)).all())


def _ask_checked(
    draft: Draft, key: str, group: Sequence[int], names: Sequence[str], codes: Sequence[str]
) -> None:
    choices = (Choice(label="not checked", code="1"), Choice(label="checked", code="2"))
    id_ = place_group(
        draft, group, names, id_=key, text="", codes=codes, choices=choices, kind="single", matrix=True
    )
    draft.notes.append(f"{id_}: only 1 and 2 occur; in a multiple choice these are not checked and checked")


def _tell_tests(draft: Draft) -> None:
    for at, column in draft.columns.items():
        if column.role == "test":
            n = sum(count for text, count in draft.shares(at).items() if normal(text) in TESTS)
            if n:
                draft.warnings.append(
                    f"{n} of {len(draft.table.rows)} rows are tests by their MODE (debug, admin, pretest)"
                )
        elif column.role == "finished":
            n = sum(count for text, count in draft.shares(at).items() if normal(text) in ("f", "0", "false"))
            if n:
                draft.warnings.append(f"{n} of {len(draft.table.rows)} interviews were not finished")
