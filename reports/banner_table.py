"""A banner table as tables of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from analysis.banners.banner import Banner, BannerItemTable, BannerRow
from analysis.findings import entry_id
from analysis.results import Entry
from reports.banner_labels import BannerLabels
from reports.document import Cell, Column, Group, Spanner, Table, plain
from reports.numbers import ABSENT, Numbers, Style


def banner_tables(
    banner: Banner,
    names: BannerLabels,
    numbers: Numbers,
    *,
    key: str,
    caption: str,
    scope: str | None = None,
    columns_per_table: int = 8,
    total: Literal["unmarked", "marked"] = "unmarked",
    further_notes: Sequence[str] = (),
) -> tuple[Table, ...]:
    """The banner as one table of a report, or several beside each other where it is too wide for a page.

    Parameters
    ----------
    names : BannerLabels
        Labels in the language of ``numbers``.
    key, caption : str
        Of the first table; later parts get ``KEY-2`` and the same caption with their number. Marked up.
    scope : str, optional
        Where the banner stands in the results: its numbers are then cited by their addresses.
    columns_per_table : int
        Columns beside the total.
    total : {"unmarked", "marked"}
        Whether cells that differ from the total at the strict level are set apart: bold above, italic below.
    further_notes : sequence of str
        Marked up, below the notes on letters.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.banners.banner import Closed, banner
    >>> from analysis.banners.counts import Span
    >>> answers = pd.DataFrame({"APP": [1] * 60 + [0] * 40 + [1] * 45 + [0] * 55,
    ...                         "TIER": pd.Categorical(["a"] * 100 + ["b"] * 100)})
    >>> table = banner(answers, [Closed(name="APP", codes=(0, 1))], [Span(variables=("TIER",))])
    >>> (page,) = banner_tables(table, BannerLabels(language="en"), Numbers(language="en"), key="app",
    ...                         caption="Use of the app")
    >>> page.rows[-1]
    ('1', '52.5%', '60.0% B', '45.0%')
    """
    chunks = _chunks(banner, columns_per_table)
    entries = {} if scope is None else _by_place(banner)
    tables = []
    for number, columns in enumerate(chunks, 1):
        rows: list[tuple[str | Cell, ...]] = []
        groups = []
        for item in banner.items:
            groups.append(Group(label=names.item(item.name), start=len(rows)))
            new = _item_rows(banner, item, columns, names, numbers, entries, scope)
            rows += list(new if total == "unmarked" else _marked(item, columns, list(new)))
        part = "" if len(chunks) == 1 else f" ({number}/{len(chunks)})"
        tables.append(
            Table(
                key=key if number == 1 else f"{key}-{number}",
                caption=caption + part,
                columns=tuple(_columns(banner, columns, names)),
                rows=tuple(rows),
                spanners=tuple(_spanners(banner, columns, names)),
                groups=tuple(groups),
                notes=(
                    *names.notes(banner.rules, weighted=banner.weighted),
                    *((names.say("marked"),) if total == "marked" else ()),
                    *further_notes,
                ),
                even=False,
            )
        )
    return tuple(tables)


Place = tuple[str, str, str]


def _by_place(banner: Banner) -> dict[Place, Entry]:
    return {
        (entry.about["item"], entry.about["row"], entry.about["column"]): entry
        for entry in banner.entries()
        if "row" in entry.about
    }


def _chunks(banner: Banner, most: int) -> list[list[int]]:
    """Columns beside the total, cut between spans where possible."""
    spans: list[list[int]] = []
    for i, column in enumerate(banner.columns[1:], 1):
        if spans and banner.columns[spans[-1][0]].span == column.span:
            spans[-1].append(i)
        else:
            spans.append([i])
    pieces = [span[at : at + most] for span in spans for at in range(0, len(span), most)]
    chunks: list[list[int]] = [[]]
    for piece in pieces:
        if chunks[-1] and len(chunks[-1]) + len(piece) > most:
            chunks.append([])
        chunks[-1] += piece
    return [[0, *chunk] for chunk in chunks]


def _columns(banner: Banner, columns: Sequence[int], names: BannerLabels) -> Iterator[Column]:
    yield Column(id="row", label="", align="left")
    for i in columns:
        column = banner.columns[i]
        letter = f" ({column.letter})" if column.letter else ""
        yield Column(id=f"c{i}", label=plain(names.column(column)) + letter)


def _spanners(banner: Banner, columns: Sequence[int], names: BannerLabels) -> Iterator[Spanner]:
    runs: list[tuple[tuple[str, str], list[int]]] = []
    for i in columns:
        column = banner.columns[i]
        if not column.path:
            continue
        over = column.span, names.spanner(column)
        if runs and runs[-1][0] == over:
            runs[-1][1].append(i)
        else:
            runs.append((over, [i]))
    for (_, label), run in runs:
        yield Spanner(label=plain(label), first=f"c{run[0]}", last=f"c{run[-1]}")


def _item_rows(
    banner: Banner,
    item: BannerItemTable,
    columns: Sequence[int],
    names: BannerLabels,
    numbers: Numbers,
    entries: dict[Place, Entry],
    scope: str | None,
) -> Iterator[tuple[str | Cell, ...]]:
    marks = ["*" if item.state[i] == "too_few" else "" for i in columns]
    bases = [numbers.count(float(item.n[i])) + mark for i, mark in zip(columns, marks, strict=True)]
    yield (Cell(names.say("base"), italic=True), *(Cell(base, italic=True) for base in bases))
    if banner.weighted:
        effective = (numbers.count(float(item.effective_n[i])) for i in columns)
        yield (Cell(names.say("effective"), italic=True), *(Cell(text, italic=True) for text in effective))
    for row in item.rows:
        cells = (_cell(banner, item, row, i, numbers, entries, scope) for i in columns)
        yield (names.row(item, row), *cells)


def _marked(
    item: BannerItemTable, columns: Sequence[int], rows: list[tuple[str | Cell, ...]]
) -> Iterator[tuple[str | Cell, ...]]:
    """The rows of an item with the cells set apart that differ from the total."""
    bases = len(rows) - len(item.rows)
    yield from rows[:bases]
    for row, (label, *cells) in zip(item.rows, rows[bases:], strict=True):
        sides = [row.versus_total[i] for i in columns]
        yield (
            label,
            *(
                Cell(cell, bold=side == "higher", italic=side == "lower")
                if side and isinstance(cell, str)
                else cell
                for cell, side in zip(cells, sides, strict=True)
            ),
        )


def _cell(
    banner: Banner,
    item: BannerItemTable,
    row: BannerRow,
    i: int,
    numbers: Numbers,
    entries: dict[Place, Entry],
    scope: str | None,
) -> str:
    if item.state[i] == "empty_cell" or (row.suppressed and row.suppressed[i]):
        return ABSENT
    style: Style = "percent" if row.measure in ("share", "box") else "number"
    digits = 1 if row.measure == "net_promoter_score" else None
    if scope is None:
        text = numbers.styled(float(row.estimate[i]), style, digits)
    else:
        entry = entries[item.name, row.name, banner.columns[i].name]
        text = numbers.cite(entry_id(scope, entry), entry, "estimate", style=style, digits=digits)
    return f"{text} {row.letters[i]}".rstrip()
