"""Facts about the respondents as typed columns; nothing that names a person gets through."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

from surveys.platforms.export import PERSONAL_ROLES, Export, ExportColumn, Role, State
from surveys.reading.cells import cell_text, normal
from surveys.reading.times import moments, seconds

#: "203.0.113.1(江苏-苏州)": the place that 问卷星 writes behind an address.
_PLACE = re.compile(r"[^()（）]*[(（]([^()（）-]*)(?:-([^()（）]*))?[)）]\s*")
_TEXTS: tuple[Role, ...] = (
    "province",
    "city",
    "device",
    "source",
    "channel",
    "language",
    "status",
    "quality",
    "last_page",
)
_YES = frozenset({"1", "true", "t", "yes", "y", "是", "wahr", "ja", "完成", "已完成"})
_TEST_MODES = frozenset({"debug", "admin", "pretest", "test", "survey test"})
_PREVIEWS = frozenset({"1", "9", "17", "survey preview", "preview"})
_TESTS = frozenset({"2", "survey test", "test", "offline test"})

Flags = npt.NDArray[np.bool_]


def facts_of(export: Export) -> pd.DataFrame:
    """See :meth:`Export.metadata`."""
    facts: dict[str, object] = {
        "respondent": _respondents(export),
        "row": export.table.rows.index.to_numpy(dtype=np.int64),
    }
    pages = 0
    for column in export.columns:
        role = column.role
        if role is None or role in ("respondent", "other") or role in PERSONAL_ROLES:
            continue
        if role == "page_seconds":
            pages += 1
            facts[f"page_seconds_{pages}"] = _seconds(export, column)
        elif role == "device_id":
            facts.setdefault("device_group", _groups(_texts(export, column)))
        elif role not in facts:
            facts[str(role)] = _fact(export, column, role)
    for column in export.with_role("ip"):
        _from_addresses(export, column, facts)
    _flags(export, facts)
    _duration(facts)
    return pd.DataFrame(facts, index=pd.RangeIndex(export.n))


def _fact(export: Export, column: ExportColumn, role: Role) -> object:
    if role in ("started_at", "submitted_at"):
        return _moments(export, column)
    if role == "seconds":
        return _seconds(export, column)
    if role in ("progress", "score"):
        return _numbers(export, column)
    if role == "finished":
        return _by_value(export, column, lambda text: normal(text).removesuffix(".0") in _YES)
    if role == "test":
        return _by_value(export, column, lambda text: normal(text) in _TEST_MODES)
    return _texts(export, column)


def _spread(export: Export, column: ExportColumn, values: list[object]) -> npt.NDArray[np.object_]:
    table = np.empty(len(values) + 1, dtype=object)
    table[:-1] = values
    cells = table[export.table.distinct(column.at).places]
    cells[export.states[:, column.at] != State.ANSWERED] = None
    return cells


def _distinct(export: Export, column: ExportColumn) -> list[object]:
    return export.table.distinct(column.at).values


def _texts(export: Export, column: ExportColumn) -> pd.Series:
    cells = _spread(export, column, [cell_text(value).strip() or None for value in _distinct(export, column)])
    return pd.Series(cells, dtype=object)


def _by_value(export: Export, column: ExportColumn, test: object) -> pd.Series:
    flags: list[object] = [bool(test(cell_text(value))) for value in _distinct(export, column)]  # type: ignore[operator]
    cells = _spread(export, column, flags)
    return pd.Series([bool(cell) for cell in cells], dtype=bool)


def _numbers(export: Export, column: ExportColumn) -> pd.Series:
    numbers: list[object] = []
    for value in _distinct(export, column):
        match = re.match(r"\s*[+-]?\d+(?:\.\d+)?", cell_text(value))
        numbers.append(float(match[0]) if match else None)
    return pd.Series(_spread(export, column, numbers), dtype=float)


def _seconds(export: Export, column: ExportColumn) -> pd.Series:
    read: list[object] = []
    for value in _distinct(export, column):
        try:
            read.append(seconds(value))
        except ValueError:
            read.append(None)
    return pd.Series(_spread(export, column, read), dtype=float)


def _moments(export: Export, column: ExportColumn) -> pd.Series:
    cells = _spread(export, column, list(moments(_distinct(export, column))))
    return pd.Series(pd.to_datetime(pd.Series(cells, dtype=object)).to_numpy(dtype="datetime64[us]"))


def _respondents(export: Export) -> pd.Series:
    columns = export.with_role("respondent")
    rows = [f"row {row}" for row in export.table.rows.index]
    if not columns:
        return pd.Series(rows, dtype="str")
    texts = [cell_text(cell).strip() for cell in export.table.rows[columns[0].at]]
    if any("@" in text or re.fullmatch(r"1[3-9]\d{9}|\d{17}[\dXx]", text) for text in texts):
        return pd.Series(rows, dtype="str")  # names a person
    return pd.Series([text or row for text, row in zip(texts, rows, strict=True)], dtype="str")


def _from_addresses(export: Export, column: ExportColumn, facts: dict[str, object]) -> None:
    """Province and city behind an address, and who shares one; the address itself is left behind."""
    values = [cell_text(value) for value in _distinct(export, column)]
    places = [_PLACE.fullmatch(text) for text in values]
    addresses: list[object] = [text.split("(")[0].split("（")[0].strip() or None for text in values]
    cells = _spread(export, column, addresses)
    facts.setdefault("ip_group", _groups(cells))
    if any(places):
        for name, group in (("province", 1), ("city", 2)):
            found: list[object] = [(match[group] or None) if match else None for match in places]
            facts.setdefault(name, pd.Series(_spread(export, column, found), dtype=object))


def _groups(cells: npt.NDArray[np.object_] | pd.Series) -> pd.Series:
    """A number for each different cell, NaN for none."""
    groups, _ = pd.factorize(np.asarray(cells, dtype=object))
    return pd.Series(np.where(groups < 0, np.nan, groups.astype(float)), dtype=float)


def _flags(export: Export, facts: dict[str, object]) -> None:
    """Previews, tests and unfinished interviews, by the platform's own words."""
    status = facts.get("status")
    if export.platform == "qualtrics" and isinstance(status, pd.Series):
        words = status.map(lambda cell: normal(cell_text(cell)).removesuffix(".0"))
        facts["preview"] = words.isin(_PREVIEWS)
        facts["test"] = words.isin(_TESTS)
    submitted = facts.get("submitted_at")
    if export.platform == "limesurvey" and isinstance(submitted, pd.Series):
        facts["finished"] = submitted.notna()


def _duration(facts: dict[str, object]) -> None:
    """From start and end where the platform does not say it, if no respondent ends before the start."""
    started, submitted = facts.get("started_at"), facts.get("submitted_at")
    if "seconds" in facts or not isinstance(started, pd.Series) or not isinstance(submitted, pd.Series):
        return
    took = (submitted - started).dt.total_seconds()
    if took.notna().any() and (took.dropna() >= 0).all():
        facts["seconds"] = took
