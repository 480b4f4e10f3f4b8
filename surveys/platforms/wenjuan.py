"""问卷网 (wenjuan.com): codes in one column an option, metadata at the end."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from surveys.platforms.building import Draft, place_group, stems
from surveys.platforms.definitions import as_definition, plain_text
from surveys.platforms.export import Choice, Export, ExportQuestion, QuestionKind, Role
from surveys.platforms.wordings import is_other
from surveys.reading.cells import cell_text, normal
from surveys.reading.tables import Table

_ROLES: Mapping[str, Role] = {
    "seq": "respondent",
    "序号": "respondent",
    "source": "source",
    "来源": "source",
    "start": "started_at",
    "开始时间": "started_at",
    "finish": "submitted_at",
    "结束时间": "submitted_at",
    "提交时间": "submitted_at",
    "time_used": "seconds",
    "答题时长": "seconds",
    "ip_province": "province",
    "省份": "province",
    "ip_city": "city",
    "城市": "city",
    "ip": "ip",
    "ip地址": "ip",
    "browser": "device",
    "浏览器": "device",
    "os": "device",
    "操作系统": "device",
}
_KINDS: Mapping[str, QuestionKind] = {
    "单选题": "single",
    "多选题": "multiple",
    "排序题": "ranking",
    "填空题": "text",
    "矩阵单选题": "single",
    "矩阵多选题": "multiple",
    "打分题": "single",
    "量表题": "single",
}
_CODE = re.compile(r"Q(\d+)(?:[|_]([AR]\d+))?(?:[|_]([AR]?\d+))?(\|open)?")
_LEADING = re.compile(r"^\d+(?=seq$)")
_OWN = frozenset({"time_used", "ip_province", "ip_city", "finish", "start", "seq", "答题时长"})


def _name(header: str) -> str:
    """A corrupted first header such as ``2seq`` is the serial."""
    return _LEADING.sub("", normal(header))


def is_codebook(table: Table) -> bool:
    """Whether a table is ``code.csv``: key, text, type, and option rows whose first cell is empty."""
    if len(table.header) < 3:
        return False
    kinds = [table.header[2].strip(), *(cell_text(cell).strip() for cell in table.rows[2])]
    told = sum(kind in _KINDS for kind in kinds)
    return kinds[0] in _KINDS and told >= 1 and bool(re.fullmatch(r"Q\d+", table.header[0].strip()))


def _codebook(table: Table) -> Export:
    """Questions and options; the file has no header, so its first row is a question too."""
    rows = [table.header, *(tuple(map(cell_text, cells)) for cells in table.rows.itertuples(index=False))]
    questions: list[ExportQuestion] = []
    for row in rows:
        key, text, kind = (cell.strip() for cell in row[:3])
        if key:
            told = _KINDS.get(kind, "unknown")
            questions.append(
                ExportQuestion(id=key, text=plain_text(text), kind=told, number=key.removeprefix("Q"))
            )
        elif questions and text:
            # Code and wording stand in the second and third cell, or the wording alone.
            code, label = (text, kind) if kind else (str(len(questions[-1].choices) + 1), text)
            choice = Choice(label=plain_text(label), code=code, other=is_other(label))
            questions[-1] = replace(questions[-1], choices=(*questions[-1].choices, choice))
    return as_definition(table, "wenjuan", "codebook", tuple(questions))


def likelihood(table: Table) -> float:
    if is_codebook(table):
        return 1.0
    names = [_name(name) for name in table.header]
    codes = sum(bool(_CODE.fullmatch(name.strip())) for name in table.header)
    own = len(_OWN.intersection(names))
    if own >= 4 and codes:
        return 1.0
    if own >= 2 and codes >= 0.5 * len(names):
        return 0.95
    marked = any("|" in name and _CODE.fullmatch(name.strip()) for name in table.header)
    return 0.9 if marked else 0.8 if "答题时长" in names and "序号" in names else 0.0


def parse(table: Table, companion: Export | None) -> Export:
    """``Q4|A1`` is option or row 1 of question 4; ``|open`` holds typed text."""
    if is_codebook(table):
        return _codebook(table)
    draft = Draft(table=table, platform="wenjuan", flavour="codes" if has_codes(table) else "full texts")
    groups: dict[str, list[int]] = {}
    typed: list[tuple[int, str]] = []
    taken: set[Role] = set()
    for at, header in enumerate(table.header):
        role = _ROLES.get(_name(header))
        if role is not None:
            draft.role(at, role if role not in taken else "other")
            taken.add(role)
            if _name(header) != normal(header):
                draft.warnings.append(f'header "{header.strip()}" is damaged and was read as {_name(header)}')
            continue
        match = _CODE.fullmatch(header.strip())
        if match is None:
            key = re.split(r"[_:：]", header.strip())[0]
        else:
            key = f"Q{match[1]}"
            if match[4]:
                typed.append((at, key))
                continue
        groups.setdefault(key, []).append(at)
    for key, group in groups.items():
        _ask(draft, key, group)
    for at, key in typed:
        if key in draft.questions:
            draft.place(at, key, part="other_text")
        else:
            draft.ask_single(at, key, "")
    for question in companion.questions if companion is not None and companion.platform == "wenjuan" else ():
        _explain(draft, question)
    return draft.finish()


def _explain(draft: Draft, told: ExportQuestion) -> None:
    """The wordings that the codebook has for a question; rows and options go by their place."""
    mine = draft.questions.get(told.id)
    if mine is None:
        return
    spread = mine.kind in ("multiple", "ranking") and len(mine.choices) == len(told.choices)
    if spread:
        pairs = zip(mine.choices, told.choices, strict=True)
        choices = tuple(replace(other, code=own.code) for own, other in pairs)
    else:
        choices = told.choices if mine.kind == "single" and told.choices else mine.choices
    draft.questions[told.id] = replace(mine, text=mine.text or told.text, choices=choices)
    for at, column in draft.columns.items():
        if column.question == told.id:
            label = choices[column.choice].label if column.choice is not None else ""
            draft.columns[at] = replace(column, headings=(*column.headings, *stems(told.text, label)))


def has_codes(table: Table) -> bool:
    """Whether the columns are headed by the codes of questions."""
    return any(_CODE.fullmatch(name.strip()) for name in table.header)


def _ask(draft: Draft, key: str, group: Sequence[int]) -> None:
    number = key.removeprefix("Q") if key.startswith("Q") else None
    if len(group) == 1:
        draft.ask_single(group[0], key, "" if number else key, number=number)
        return
    labels = [re.split(r"[|_:：]", draft.header[at].strip())[-1] for at in group]
    place_group(draft, group, labels, id_=key, text="" if number else key, number=number, codes=labels)
