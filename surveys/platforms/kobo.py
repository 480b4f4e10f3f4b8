"""KoBoToolbox, ODK Central and Briefcase: data of an XLSForm."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from surveys.platforms.building import Draft
from surveys.platforms.export import Choice, Export, ExportQuestion, Role, State
from surveys.platforms.wordings import is_other
from surveys.platforms.xlsform import from_table, is_xlsform
from surveys.reading.answers import NO_WORDS, YES_WORDS
from surveys.reading.cells import normal
from surveys.reading.tables import Table

_ROLES: Mapping[str, Role] = {
    "start": "started_at",
    "end": "submitted_at",
    "today": "other",
    "deviceid": "device_id",
    "device_id": "device_id",
    "phonenumber": "phone",
    "username": "name",
    "email": "email",
    "audit": "other",
    "simserial": "other",
    "subscriberid": "other",
    "_id": "respondent",
    "x_id": "respondent",
    "_uuid": "other",
    "uuid": "other",
    "_submission_time": "other",
    "submissiondate": "submitted_at",
    "_validation_status": "quality",
    "_notes": "other",
    "_status": "status",
    "_submitted_by": "name",
    "submitterid": "other",
    "submittername": "name",
    "_tags": "other",
    "_index": "other",
    "index": "other",
    "_version_": "other",
    "__version__": "other",
    "instanceid": "other",
    "formversion": "other",
    "rootuuid": "other",
    "xform_id_string": "other",
    "_parent_index": "other",
    "_parent_table_name": "other",
    "parent_key": "other",
    "_attachments": "other",
    "_geolocation": "other",
    "attachmentspresent": "other",
    "attachmentsexpected": "other",
    "reviewstate": "quality",
    "edits": "other",
    "key": "respondent",
}
_OWN = frozenset(
    {
        "_id",
        "_uuid",
        "uuid",
        "_submission_time",
        "_validation_status",
        "_index",
        "deviceid",
        "start",
        "end",
        "today",
        "_submitted_by",
        "submissiondate",
        "key",
        "instanceid",
        "x_id",
        "_version_",
        "audit",
    }
)
_STRONG = _OWN - {"start", "end", "today", "key", "audit", "uuid"}
_BY_R = re.compile(r"x\.u\.feff\.|^x(?=_)", re.IGNORECASE)


def _name(header: str) -> str:
    """The last part of a header, as the form calls it; what R makes of a BOM is taken off."""
    name = _BY_R.sub("", header.strip())
    tail = re.split(r"[/]", name)[-1]
    return tail.removeprefix("meta-").strip()


def likelihood(table: Table) -> float:
    names = [normal(_name(name)) for name in table.header]
    if is_xlsform(table):
        return 1.0
    own = _OWN.intersection(names)
    strong = _STRONG.intersection(names)
    if len(own) >= 4 and strong:
        return 1.0
    if len(own) >= 3 and strong:
        return 0.9
    return 0.8 if len(strong) >= 2 else 0.0


def parse(table: Table, companion: Export | None) -> Export:
    """The export; an XLSForm as companion adds types, wordings, choices and relevance."""
    if is_xlsform(table):
        return from_table(table)
    draft = Draft(table=table, platform="kobo")
    by_r = any(_BY_R.search(name) for name in table.header)
    draft.flavour = "data, rewritten by R" if by_r else "data"
    form = {question.id: question for question in companion.questions} if companion is not None else {}
    _roles(draft, form)
    spread = _spread(draft)
    joined = {columns[0]: (head, columns[1:]) for head, columns in spread.items()}
    behind = {at for columns in spread.values() for at in columns[1:]}
    for at, header in enumerate(table.header):
        if at in draft.columns or at in behind:
            continue
        name = _name(header)
        if at in joined:
            _ask_multiple(draft, name, at, joined[at][1], form.get(name))
        elif name.removesuffix("_other") in draft.questions and name.endswith("_other"):
            draft.place(at, name.removesuffix("_other"), name, part="other_text")
        else:
            _ask_one(draft, name, at, form.get(name))
    return draft.finish()


def _roles(draft: Draft, form: Mapping[str, ExportQuestion]) -> None:
    taken: set[Role] = set()
    for at, header in enumerate(draft.header):
        name = normal(_name(header))
        role = _ROLES.get(name)
        if role is None or _name(header) in form:
            continue
        if role in taken and role in ("respondent", "started_at", "submitted_at"):
            role = "other"
        taken.add(role)
        draft.role(at, role)


def _spread(draft: Draft) -> dict[str, list[int]]:
    """Questions with one column an option behind the column that joins them: ``q`` and ``q/option``."""
    header = [_BY_R.sub("", name.strip()) for name in draft.header]
    found: dict[str, list[int]] = {}
    for at, name in enumerate(header):
        if at in draft.columns:
            continue
        following = []
        for place in range(at + 1, len(header)):
            if not any(
                header[place].startswith(name + mark) and len(header[place]) > len(name) + 1 for mark in "/."
            ):
                break
            following.append(place)
        if following and all(_is_mark(draft, place) for place in following):
            found[name] = [at, *following]
    return found


def _is_mark(draft: Draft, at: int) -> bool:
    return {text.removesuffix(".0") for text in draft.answered(at)} <= YES_WORDS | NO_WORDS


def _ask_multiple(
    draft: Draft, name: str, at: int, options: Sequence[int], told: ExportQuestion | None
) -> None:
    """The option columns hold the answers; the joined column says the same and is kept as its heading."""
    head = _BY_R.sub("", draft.header[at].strip())
    codes = [_BY_R.sub("", draft.header[place].strip())[len(head) + 1 :] for place in options]
    labels = {choice.code: choice.label for choice in told.choices} if told is not None else {}
    choices = tuple(
        Choice(label=labels.get(code, code), code=code, other=is_other(code) or code == "other")
        for code in codes
    )
    question = ExportQuestion(
        id=name,
        text=told.text if told else "",
        kind="multiple",
        choices=choices,
        required=told.required if told else None,
        show_if=told.show_if if told else None,
        texts=told.texts if told else {},
    )
    id_ = draft.ask(question)
    draft.place(at, id_, name, question.text, part="joined", separator=" ")
    for place, option in enumerate(options):
        draft.place(option, id_, f"{name} {choices[place].label}", part="option", choice=place)
    _compare(draft, id_, at, options, codes)


def _compare(draft: Draft, id_: str, at: int, options: Sequence[int], codes: Sequence[str]) -> None:
    """Whether both encodings of the same answers agree; they are written by the same program."""
    distinct = draft.distinct(at)
    differ = 0
    for place, code in zip(options, codes, strict=True):
        chosen = [normal(code) in text.split(" ") for text in draft.texts(at)]
        texts = draft.texts(place)
        marks = [text.removesuffix(".0") in YES_WORDS for text in texts]
        joined = _by_row(chosen, distinct.places)
        spread = _by_row(marks, draft.distinct(place).places)
        both = (draft.states[:, at] == State.ANSWERED) & (draft.states[:, place] == State.ANSWERED)
        differ += int((joined != spread)[both].sum())
    if differ:
        draft.warnings.append(f"{id_}: the joined column and the option columns disagree in {differ} cells")


def _by_row(values: Iterable[bool], places: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    return np.append(np.asarray(list(values), dtype=bool), False)[places]


def _ask_one(draft: Draft, name: str, at: int, told: ExportQuestion | None) -> None:
    if told is None:
        text = name if _BY_R.search(draft.header[at]) else draft.header[at].strip()
        draft.ask_single(at, name or f"column_{at + 1}", "", text, name)
        return
    id_ = draft.ask(told)
    separator = " " if told.kind in ("multiple", "ranking") else None
    draft.place(at, id_, name, told.text, part="joined" if separator else "answer", separator=separator)
    if told.kind == "single" and told.choices:
        _note_strangers(draft, id_, at, told)


def _note_strangers(draft: Draft, id_: str, at: int, told: ExportQuestion) -> None:
    known = {normal(choice.code or "") for choice in told.choices} | {
        normal(choice.label) for choice in told.choices
    }
    strange = [text for text in draft.answered(at) if text not in known]
    if strange:
        draft.warnings.append(f"{id_}: {len(strange)} different answers that the form does not offer")
