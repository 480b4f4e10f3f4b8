"""问卷星 (wjx.cn): downloads by option text, by option number, and as SPSS."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from surveys.platforms.building import Draft, are_ranks, place_group, rows_kind
from surveys.platforms.export import (
    Choice,
    Export,
    ExportQuestion,
    QuestionKind,
    Role,
    State,
)
from surveys.platforms.wenjuanxing_pairs import paired
from surveys.platforms.wordings import joined_choices, typed, worded_choices
from surveys.reading.cells import normal
from surveys.reading.tables import Table

_ROLES: Mapping[str, Role] = {
    "序号": "respondent",
    "提交答卷时间": "submitted_at",
    "提交时间": "submitted_at",
    "开始答卷时间": "started_at",
    "开始答题时间": "started_at",
    "所用时间": "seconds",
    "来源": "source",
    "来源详情": "channel",
    "来自ip": "ip",
    "用户id": "other",
    "总分": "score",
}
_OWN = frozenset({"序号", "提交答卷时间", "所用时间", "来自ip", "来源", "来源详情", "总分"})
_PERSONAL_WORDS: Mapping[str, Role] = {
    "姓名": "name",
    "手机号": "phone",
    "手机号码": "phone",
    "邮箱": "email",
}

_TAG = re.compile(
    r"[(（\[【]\s*((?:矩阵)?(?:单选|多选|填空|量表|排序|打分|评分|滑动条?|下拉|比重|判断|简答|表格\w{0,4}|文件上传|上传文件)题)"
    r"\s*(\*\s*必答)?[^)）\]】]{0,12}[)）\]】]"
)
_NUMBERED = re.compile(r"(\d{1,4})\s*[、.．:：]\s*(?!\d)(.*)", re.DOTALL)
_OPTION = re.compile(r"第\s*(\d{1,4})\s*题\s*[(（](.*)[)）]\s*", re.DOTALL)
_BRACKETED = re.compile(r"[(（](.*)[)）]\s*", re.DOTALL)
_KINDS: Mapping[str, QuestionKind] = {
    "单选题": "single",
    "下拉题": "single",
    "判断题": "single",
    "量表题": "single",
    "打分题": "single",
    "评分题": "single",
    "多选题": "multiple",
    "排序题": "ranking",
    "填空题": "text",
    "简答题": "text",
    "文件上传题": "file",
    "上传文件题": "file",
}
_TEXT_WORDS = {"(跳过)": State.SKIPPED, "(空)": State.UNANSWERED}
_NUMBER_WORDS = {"-3": State.SKIPPED, "-2": State.UNANSWERED}


@dataclass(frozen=True, slots=True)
class _Header:
    """A header taken apart."""

    number: str | None
    stem: str
    sub: str  #: row of a matrix, or option
    kind: QuestionKind | None
    required: bool | None
    bracketed: bool = False


def likelihood(table: Table) -> float:
    """How much a table looks like a download of 问卷星, from 0 to 1."""
    names = [normal(header) for header in table.header]
    own = len(_OWN.intersection(names))
    if own >= 5:
        return 1.0
    if table.format == "spss":
        return 1.0 if "totalseconds" in names and "index" in names else 0.0
    asked = [name for name in table.header if normal(name) not in _ROLES and name.strip()]
    numbered = sum(bool(_OPTION.fullmatch(name) or _NUMBERED.fullmatch(name.strip())) for name in asked)
    chinese = sum(bool(re.search(r"[\u4e00-\u9fff]", name)) for name in asked)
    share = numbered / len(asked) if asked else 0.0
    if "序号" in names[:2] and share >= 0.5:
        return 0.9
    marks = any(_TAG.search(name) or "、" in name[:5] for name in asked)
    return 0.6 if marks and share >= 0.8 and chinese >= 0.8 * len(asked) else 0.0


def parse(table: Table, companion: Export | None) -> Export:
    """The export; with the other download of the same survey as companion, codes and wordings both."""
    draft = Draft(table=table, platform="wenjuanxing")
    if table.format == "spss":
        _spss(draft)
        return draft.finish()
    headers = [_taken_apart(header) for header in table.header]
    by_number = _is_by_number(draft, headers)
    draft.flavour = "by number" if by_number else "by text"
    words = _NUMBER_WORDS if by_number else _TEXT_WORDS
    asked = []
    for at, name in enumerate(table.header):
        role = _role(name, at)
        if role is not None:
            draft.role(at, role)
            draft.declare(at, {"null": State.UNANSWERED, "n/a": State.UNANSWERED, "-3": State.SKIPPED})
            continue
        draft.declare(at, words)
        asked.append(at)
    for group in _groups(draft, asked, headers):
        if by_number:
            _ask_by_number(draft, group, headers)
        else:
            _ask_by_text(draft, group, headers)
    export = draft.finish()
    return export if companion is None else paired(export, companion)


def _role(header: str, at: int) -> Role | None:
    name = normal(header)
    if name in _ROLES and (name != "总分" or at):
        return _ROLES[name]
    bare = re.sub(r"^\d+\s*[、.:]\s*|[:：?？]$|您的|你的", "", name)
    return _PERSONAL_WORDS.get(bare)


def _taken_apart(header: str) -> _Header:
    """The number, stem, row or option, and type tag of a header.

    The name of an option may hold brackets itself, so it goes up to the last one.
    """
    text = header.strip()
    if match := _OPTION.fullmatch(text):
        return _Header(match[1], "", match[2].strip(), None, None, bracketed=True)
    tag = _TAG.search(text)
    kind, required = (_KINDS.get(tag[1].removeprefix("矩阵")), bool(tag[2])) if tag else (None, None)
    if tag:
        text = (text[: tag.start()] + text[tag.end() :]).strip()
    number, rest = (match[1], match[2].strip()) if (match := _NUMBERED.fullmatch(text)) else (None, text)
    if number and (match := _BRACKETED.fullmatch(rest)):
        return _Header(number, "", match[1].strip(), kind, required, bracketed=True)
    stem, mark, sub = rest.partition("—")
    if not mark:
        return _Header(number, rest, "", kind, required)
    return _Header(number, stem.strip(), sub.strip("— "), kind, required)


def _is_by_number(draft: Draft, headers: Sequence[_Header]) -> bool:
    """Whether cells hold option numbers: an option a column, or the code -3, or digits only."""
    numbers = [header.number for header in headers if header.bracketed]
    if len(numbers) > len(set(numbers)):
        return True
    asked = [at for at in range(len(headers)) if _role(draft.header[at], at) is None]
    texts = [set(draft.texts(at)) for at in asked]
    if any("(跳过)" in seen or "(空)" in seen or any("┋" in text for text in seen) for seen in texts):
        return False
    digits = [all(re.fullmatch(r"-?\d+(?:\.0)?", text) for text in seen) for seen in texts if seen]
    return any("-3" in seen for seen in texts) or (bool(digits) and sum(digits) > 0.5 * len(digits))


def _groups(draft: Draft, asked: Sequence[int], headers: Sequence[_Header]) -> list[list[int]]:
    """Columns that belong to one question: neighbours of one number, and bare names behind a matrix."""
    groups: list[list[int]] = []
    for at in asked:
        header, before = headers[at], groups[-1] if groups else None
        if before is not None and before[-1] == at - 1:
            first = headers[before[0]]
            same = header.number is not None and header.number == first.number
            apart = same and not header.bracketed and not header.sub and header.stem == first.stem
            bare = header.number is None and bool(first.sub) and not header.kind
            if (same and not apart) or (bare and not first.bracketed and _fits(draft, before, at)):
                before.append(at)
                continue
        groups.append([at])
    return groups


def _fits(draft: Draft, matrix: Sequence[int], at: int) -> bool:
    """Whether a column without a number answers in the words of the matrix before it."""
    mine = set(draft.answered(at))
    rows = set().union(*(draft.answered(row) for row in matrix))
    if not mine or not rows:
        return True
    scale = re.compile(r"\d+(?:\.0)?\s*分?")
    if all(scale.fullmatch(text) for text in mine | rows):
        return True
    return bool(mine & rows) or (
        len(mine) <= 11 and max(map(len, mine)) <= 2 * max(map(len, rows)) and mine <= rows
    )


def _id(header: _Header, at: int) -> str:
    return f"Q{header.number}" if header.number else header.stem or f"column_{at + 1}"


def _ask_by_text(draft: Draft, group: Sequence[int], headers: Sequence[_Header]) -> None:
    at, header = group[0], headers[group[0]]
    if len(group) > 1 or header.sub:
        labels = [headers[place].sub or headers[place].stem for place in group]
        kind, choices = rows_kind(draft, group)
        id_ = place_group(
            draft,
            group,
            labels,
            id_=_id(header, at),
            text=header.stem,
            number=header.number,
            kind=_row_kind(header.kind, kind),
            choices=choices,
            matrix=True,
        )
        _require(draft, id_, header)
        return
    shares = draft.shares(at)
    kind, choices, separator = draft.kind_of(at)
    if header.kind is not None:
        kind = header.kind
    elif kind not in ("ranking", "multiple") and any(typed(text)[1] is not None for text in shares):
        kind = "single"
    if kind == "single" and not choices:
        choices = worded_choices(shares)
    if kind in ("multiple", "ranking"):
        separator = "┋" if kind == "multiple" else "→"
        choices = joined_choices(shares, separator)
    elif kind in ("text", "file", "number", "date"):
        choices, separator = (), None
    elif separator not in ("┋", "→"):
        separator = None
    question = ExportQuestion(
        id=_id(header, at),
        text=header.stem,
        kind=kind,
        number=header.number,
        choices=choices,
        required=header.required,
    )
    id_ = draft.ask(question)
    draft.place(
        at,
        id_,
        header.stem,
        part="joined" if kind in ("multiple", "ranking") else "answer",
        separator=separator,
    )


def _row_kind(told: QuestionKind | None, seen: QuestionKind) -> QuestionKind:
    return told if told is not None and told != "multiple" else seen


def _ask_by_number(draft: Draft, group: Sequence[int], headers: Sequence[_Header]) -> None:
    at, header = group[0], headers[group[0]]
    labels = [headers[place].sub or headers[place].stem for place in group]
    if len(group) == 1 and not header.bracketed and not header.sub:
        id_ = draft.ask_single(at, _id(header, at), header.stem, header.stem, number=header.number)
        alone = header.kind or draft.questions[id_].kind
        alone = "text" if alone == "date" else alone
        draft.questions[id_] = replace(draft.questions[id_], kind=alone, required=header.required)
        return
    kind = _group_kind(draft, group, headers)
    codes = [str(place + 1) for place in range(len(group))]
    text = header.stem if not header.bracketed else ""
    id_ = place_group(
        draft,
        group,
        labels,
        id_=_id(header, at),
        text=text,
        number=header.number,
        kind=kind,
        codes=codes,
        matrix=kind not in ("multiple", "ranking"),
    )
    _require(draft, id_, header)
    if kind == "multiple":
        # Nothing chosen is what the text download calls (空).
        chosen = np.column_stack([draft.numbers(at) == 1 for at in group]).any(axis=1)
        asked = (draft.states[:, group] == State.ANSWERED).all(axis=1)
        for place in group:
            draft.states[asked & ~chosen, place] = State.UNANSWERED


def _group_kind(draft: Draft, group: Sequence[int], headers: Sequence[_Header]) -> QuestionKind | None:
    """Marks of 1 and 0 are options; -2 or different ranks in every row a ranking; the rest is a matrix."""
    if not all(headers[at].bracketed for at in group):
        return None
    texts = set().union(*(draft.answered(at) for at in group))
    plain = {text.split(".")[0] for text in texts}
    if plain <= {"0", "1"}:
        return "multiple"
    unranked = any("-2" in draft.texts(at) for at in group)
    if are_ranks(draft, group) or (unranked and _distinct_ranks(draft, group)):
        return "ranking"
    return None


def _distinct_ranks(draft: Draft, group: Sequence[int]) -> bool:
    table = np.sort(np.column_stack([draft.numbers(at) for at in group]), axis=1)
    with np.errstate(invalid="ignore"):
        return not bool((np.diff(table, axis=1) == 0).any()) and not bool((table > len(group)).any())


def _require(draft: Draft, id_: str, header: _Header) -> None:
    draft.questions[id_] = replace(draft.questions[id_], required=header.required)


# -- SPSS ----------------------------------------------------------------------------------------

_SPSS_NAME = re.compile(r"q(\d+)(?:_(row|blank|option|r|a)?(\d+))?(?:_(\d+))?", re.IGNORECASE)
_NUMBERED_LABEL = re.compile(r"\d+\s*[.、]\s*(?=\S)")


def _spss(draft: Draft) -> None:
    """Variables ``Q1``, ``Q6_Row1``, ``Q2_Blank1``; labels ``stem(stem—item)`` and ``1.男``."""
    draft.flavour = "SPSS"
    groups: dict[str, list[int]] = {}
    for at, name in enumerate(draft.header):
        label = draft.table.variable_labels.get(name, "")
        role = _ROLES.get(normal(label)) or {"index": "respondent", "totalseconds": "seconds"}.get(
            normal(name)
        )
        if role is not None:
            draft.role(at, role)  # type: ignore[arg-type]
            continue
        draft.declare(at, {**_TEXT_WORDS, **_NUMBER_WORDS})
        match = _SPSS_NAME.fullmatch(name)
        key = f"Q{match[1]}" if match and match[3] else name
        groups.setdefault(key, []).append(at)
    for key, group in groups.items():
        texts = [_spss_text(draft.table.variable_labels.get(draft.header[at], "")) for at in group]
        choices = tuple(
            Choice(
                label=_NUMBERED_LABEL.sub("", label, count=1),
                code=f"{code:g}" if isinstance(code, float) else code,
            )
            for code, label in draft.table.value_labels.get(draft.header[group[0]], {}).items()
        )
        if len(group) == 1 and not _SPSS_NAME.fullmatch(draft.header[group[0]].replace(key, "", 1) or "-"):
            id_ = draft.ask_single(group[0], key, texts[0][0], texts[0][0], number=key.removeprefix("Q"))
            if choices:
                draft.questions[id_] = replace(draft.questions[id_], kind="single", choices=choices)
            continue
        labels = [sub or stem for stem, sub in texts]
        place_group(
            draft,
            group,
            labels,
            id_=key,
            text=texts[0][0],
            number=key.removeprefix("Q"),
            choices=choices if len(choices) > 2 else (),
            kind=None,
        )


def _spss_text(label: str) -> tuple[str, str]:
    match = re.fullmatch(r"(.*?)[(（]\1—(.*)[)）]", label.strip(), re.DOTALL)
    if match:
        return match[1].strip(), match[2].strip()
    stem, _, sub = label.strip().partition("—")
    return stem.strip(), sub.strip()
