"""腾讯问卷 (wj.qq.com): a long record of the answering, then ``1.题干``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from surveys.platforms.building import Draft, group_kind, place_group
from surveys.platforms.export import Export, QuestionKind, Role
from surveys.platforms.wordings import common_stem
from surveys.reading.cells import normal
from surveys.reading.tables import Table

_ROLES: Mapping[str, Role] = {
    "编号": "respondent",
    "开始答题时间": "started_at",
    "结束答题时间": "submitted_at",
    "答题时长": "seconds",
    "语言": "language",
    "清洗数据结果": "quality",
    "智能清洗数据无效概率": "quality",
    "地理位置国家和地区": "other",
    "地理位置省": "province",
    "地理位置市": "city",
    "用户类型": "source",
    "用户标识": "other",
    "昵称": "name",
    "自定义字段": "other",
    "ip": "ip",
    "ua": "device",
    "referrer": "channel",
    "中奖时间": "other",
    "中奖金额": "other",
    "审核状态": "status",
}
_NUMBERED = re.compile(r"(\d{1,4})\s*[.、．]\s*(.*)", re.DOTALL)
_BLANK = re.compile(r"(.*?)_填空(\d+)")


def likelihood(table: Table) -> float:
    own = len(set(_ROLES).intersection(normal(name) for name in table.header) - {"编号", "ip", "语言"})
    return 1.0 if own >= 4 else 0.0


def parse(table: Table, companion: Export | None) -> Export:
    """One column an option, empty where it was not chosen; blanks are headed ``_填空``."""
    del companion
    draft = Draft(
        table=table, platform="tencent", flavour="CSV" if table.format == "delimited" else "workbook"
    )
    groups: dict[str, list[int]] = {}
    for at, header in enumerate(table.header):
        role = _ROLES.get(normal(header))
        if role is not None:
            draft.role(at, role)
            continue
        match = _NUMBERED.fullmatch(header.strip())
        groups.setdefault(f"Q{match[1]}" if match else header.strip() or f"column_{at + 1}", []).append(at)
    for key, group in groups.items():
        _ask(draft, key, group)
    return draft.finish()


def _text(header: str) -> str:
    match = _NUMBERED.fullmatch(header.strip())
    return match[2].strip() if match else header.strip()


def _ask(draft: Draft, key: str, group: Sequence[int]) -> None:
    number = key.removeprefix("Q") if re.fullmatch(r"Q\d+", key) else None
    texts = [_text(draft.header[at]) for at in group]
    blanks = [at for at, text in zip(group, texts, strict=True) if _BLANK.fullmatch(text)]
    main = [at for at in group if at not in blanks]
    if not main:
        main, blanks = list(group), []
    names = [_text(draft.header[at]) for at in main]
    if len(main) == 1:
        id_ = draft.ask_single(main[0], key, names[0], names[0], number=number)
    else:
        stem, labels = common_stem(names)
        told: QuestionKind | None = "multiple" if group_kind(draft, main, labels) == "multiple" else None
        id_ = place_group(
            draft, main, labels, id_=key, text=stem, number=number, kind=told, matrix=told is None
        )
    for at in blanks:
        draft.place(at, id_, part="other_text")
