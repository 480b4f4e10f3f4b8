"""The questions of every population by group as tidy files, unrounded, for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from analysis.item_comparison import ComparedItem
from analysis.population_findings import PopulationFindings
from reports.figures.naming import group_name
from reports.small_cells import hidden
from reports.telling import Telling
from surveys.neutral_cells import neutralised

COLUMNS = (
    *("item", "item_label", "construct", "group", "group_label", "n", "mean", "std_error"),
    *("test", "p_value", "p_holm", "effect_size", "effect", "effect_low", "effect_high"),
)


def write_items(telling: Telling, folder: Path) -> tuple[Path, ...]:
    """Write ``POPULATION_items_by_group.cells.LANGUAGE.csv``: a line for every question and group.

    Groups that the report does not show are left out.
    """
    written = []
    for found in telling.populations():
        if found.items_by_group is None:
            continue
        place = folder / f"{found.id}_items_by_group.cells.{telling.language}.csv"
        synthetic = ("synthetic data 合成数据",) if found.sample.synthetic else ()
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow((*COLUMNS, *(("synthetic",) if synthetic else ())))
        for item in found.items_by_group.items:
            for line in _lines(telling, found, item, found.items_by_group.grouping):
                writer.writerow((*line, *synthetic))
        place.write_text(text.getvalue(), "utf-8-sig", newline="")
        written.append(place)
    return tuple(written)


def _lines(
    telling: Telling, found: PopulationFindings, item: ComparedItem, grouping: str
) -> Iterator[tuple[object, ...]]:
    labels = telling.labels(found.id)
    unseen = hidden([summary.n for summary in item.groups], telling.findings.study.minimum_cell)
    ends = (
        (None, None)
        if item.effect.interval is None
        else (item.effect.interval.low, item.effect.interval.high)
    )
    for at, summary in enumerate(item.groups):
        if at in unseen or not summary.n:
            continue
        yield (
            item.variable,
            neutralised(labels.name(item.variable)),
            item.construct,
            summary.group,
            neutralised(group_name(labels, grouping, summary.group)),
            summary.n,
            summary.mean,
            summary.std_error,
            item.test,
            item.p_value,
            item.p_adjusted,
            item.effect.measure,
            item.effect.estimate,
            *ends,
        )
