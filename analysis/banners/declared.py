"""The banner tables that a study declares, made from a population's sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd

from analysis.adjust import holm
from analysis.banners.banner import Banner, BannerItem, BannerItemTable, Closed, Multiple, banner
from analysis.banners.counts import OverlappingSpan, Span, lay_out
from analysis.banners.letters import LetterRules
from analysis.banners.rows import banner_items
from analysis.banners.small_cells import without_small_cells
from analysis.inputs import Sample
from analysis.results import Entry, Tabular
from analysis.weighting import weights_given_by
from surveys.study import BannerPlan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeclaredBanner(Tabular):
    """A banner as declared, and the table made of it, small cells left out."""

    plan: BannerPlan
    table: Banner
    p_adjusted: tuple[float | None, ...]  #: of the tests of rows against spans in their order, by Holm

    def entries(self) -> tuple[Entry, ...]:
        """Cells, then tests with their adjusted p-values."""
        cells = [entry for entry in self.table.entries() if "row" in entry.about]
        return (*cells, *self.tests())

    def tests(self) -> tuple[Entry, ...]:
        """Every row of one answer against every span."""
        found = [entry for entry in self.table.entries() if "row" not in entry.about]
        return tuple(
            entry if p is None else replace(entry, more={**entry.more, "p_adjusted": p})
            for entry, p in zip(found, self.p_adjusted, strict=True)
        )

    @property
    def suppressed(self) -> bool:
        """Whether any cell is left out."""
        return any(any(row.suppressed) for item in self.table.items for row in item.rows)


@weights_given_by("analysis.inputs.sample_of")
def declared_banner(plan: BannerPlan, sample: Sample, *, minimum_cell: int) -> DeclaredBanner | None:
    """One declared banner; None where the answers have none of its rows or none of its columns.

    Items stand as they were answered: reverse-worded ones are turned back. Where the study declares sampling
    weights, estimates are weighted and tests run on effective bases; respondents without a weight are left
    out.

    Examples
    --------
    >>> import numpy as np
    >>> from analysis.inputs import sample_of
    >>> from surveys.simulation import load_population_model, simulate
    >>> from surveys.study import Study
    >>> study = Study.load("bank_tiering")
    >>> model = load_population_model("claims_hold", study)
    >>> answers = simulate(study, model, rng=np.random.default_rng(1))
    >>> sample = sample_of(study.populations["customers"], answers["customers"])
    >>> plan = BannerPlan(id="short", rows=("SAT1", "NPS"), columns=(("SEX",),))
    >>> made = declared_banner(plan, sample, minimum_cell=5)
    >>> [row.name for row in made.table.item("SAT1").rows]
    ['top2', 'bottom2', 'mean']
    """
    present = [name for name in plan.rows if _present(sample, name)]
    spans = list(_spans(plan, sample))
    if not present or not spans:
        return None
    items = [_of_sample(item, sample) for item in banner_items(sample.questionnaire, present)]
    groups = _groups(spans, sample)
    rules = LetterRules(levels=plan.levels, correction=plan.correction, minimum_base=plan.minimum_base)
    table = banner(
        _as_answered(sample, items),
        items,
        spans,
        groups=groups,
        weights=None if sample.weights is None else sample.weights.fillna(0.0),
        rules=rules,
    )
    if not plan.every_answer:
        table = replace(table, items=tuple(_ends_only(item) for item in table.items))
    p_values = [test.test.p_value for item in table.items for test in item.tests]
    shown = without_small_cells(
        table, minimum_cell, items=items, membership=lay_out(groups, spans).membership
    )
    return DeclaredBanner(plan=plan, table=shown, p_adjusted=holm(p_values))


def _present(sample: Sample, name: str) -> bool:
    if name in sample.frame:
        return True
    item = sample.questionnaire.item(name) if sample.questionnaire.has_item(name) else None
    return item is not None and any(column in sample.frame for column in item.columns)


def _of_sample(item: BannerItem, sample: Sample) -> BannerItem:
    if isinstance(item, Multiple):
        return replace(item, options=tuple(name for name in item.options if name in sample.frame))
    return item


def _as_answered(sample: Sample, items: list[BannerItem]) -> pd.DataFrame:
    names = [
        name for item in items for name in (item.options if isinstance(item, Multiple) else (item.name,))
    ]
    frame = sample.frame[list(dict.fromkeys(names))].copy()
    for item in items:
        if isinstance(item, Closed):
            asked = sample.questionnaire.item(item.name)
            if asked.reverse_keyed and asked.scale is not None:
                frame[item.name] = asked.scale.low + asked.scale.high - frame[item.name]
    return frame


def _spans(plan: BannerPlan, sample: Sample) -> Iterator[Span | OverlappingSpan]:
    for names in plan.columns:
        if not all(_present(sample, name) for name in names):
            continue
        item = sample.questionnaire.item(names[0])
        if item.kind == "multiple":
            options = tuple(column for column in item.columns if column in sample.frame)
            yield OverlappingSpan(name=item.id, options=options)
        else:
            yield Span(variables=names)


def _groups(spans: list[Span | OverlappingSpan], sample: Sample) -> pd.DataFrame:
    """Categories are codes as text in the scale's order; those that nobody chose are left out."""
    columns: dict[str, pd.Series] = {}
    for span in spans:
        if isinstance(span, OverlappingSpan):
            columns |= {name: sample.frame[name] for name in span.options}
            continue
        for name in span.variables:
            scale = sample.questionnaire.item(name).scale
            codes = () if scale is None else scale.codes
            given = sample.frame[name].map({float(code): str(code) for code in codes})
            made = pd.Categorical(given, categories=[str(code) for code in codes])
            columns[name] = pd.Series(made.remove_unused_categories(), index=sample.frame.index)
    return pd.DataFrame(columns)


def _ends_only(item: BannerItemTable) -> BannerItemTable:
    """Of a rating scale the boxes and the mean; other items whole."""
    if not any(row.measure == "box" for row in item.rows):
        return item
    return replace(item, rows=tuple(row for row in item.rows if row.measure != "share"))
