"""Every rated question against the groups of a population, one line each, as a report tells it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from analysis.adjust import holm
from analysis.design.design import SurveyDesign
from analysis.groups import EffectSize, GroupSummary, entry_of_effect, entry_of_summary
from analysis.inputs import Sample
from analysis.items_by_tier import items_by_tier
from analysis.recommended_test import recommend_test
from analysis.results import Entry, Tabular
from analysis.weighted.descriptives import weighted_group_comparison
from analysis.weighting import weights_given_by


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedItem:
    """One question between the groups; reverse-worded ones are turned round."""

    variable: str
    construct: str | None  #: that the question belongs to
    n: int
    groups: tuple[GroupSummary, ...]
    test: str  #: what :func:`analysis.recommended_test.recommend_test` chose, or ``design_f``
    p_value: float | None
    p_adjusted: float | None  #: Holm's, over all questions
    effect: EffectSize  #: omega squared; under a sampling design epsilon squared
    state: str = "ok"  #: of the test
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemComparison(Tabular):
    """All questions, those of a construct together, in the order of the constructs."""

    grouping: str
    items: tuple[ComparedItem, ...]

    @property
    def family(self) -> int:
        """Tests that the p-values are corrected over."""
        return sum(item.p_value is not None for item in self.items)

    def apart(self, significance: float) -> tuple[ComparedItem, ...]:
        """Questions whose corrected p-value is below the level, the largest effect first."""
        found = [
            item for item in self.items if item.p_adjusted is not None and item.p_adjusted < significance
        ]
        return tuple(sorted(found, key=lambda item: -(item.effect.estimate or 0.0)))

    def entries(self) -> tuple[Entry, ...]:
        """``mean`` of every group, ``group_test`` and the effect size of every question."""
        return tuple(entry for item in self.items for entry in self._of(item))

    def _of(self, item: ComparedItem) -> Iterator[Entry]:
        about = {"variable": item.variable, "grouping": self.grouping}
        for summary in item.groups:
            yield entry_of_summary(summary, about)
        yield Entry(
            measure="group_test",
            method=item.test,
            about=about,
            n=item.n,
            p_value=item.p_value,
            more={} if item.p_adjusted is None else {"p_adjusted": item.p_adjusted},
            state=item.state,
            reason=item.reason,
        )
        yield entry_of_effect(item.effect, about)


@weights_given_by(
    "analysis.inputs.sample_of",
    how="the Wald test of the design and epsilon squared instead of omega squared",
)
def compare_items(
    sample: Sample, names: Sequence[str], *, confidence_level: float = 0.95
) -> ItemComparison | None:
    """Test every question between the sample's groups and correct the p-values over all of them.

    Parameters
    ----------
    sample : Sample
    names : sequence of str
        Questions answered on rating scales.

    Returns
    -------
    ItemComparison or None
        None where the population has no groups, or no question is left. The test of each question is the one
        that :func:`analysis.recommended_test.recommend_test` chooses; p-values are Holm's. Effect sizes and
        means are those of :func:`analysis.items_by_tier.items_by_tier`. Under a sampling design means are
        weighted, the test is Wald's and the effect size epsilon squared
        (:func:`analysis.weighted.descriptives.weighted_group_comparison`).

    Examples
    --------
    >>> import pandas as pd
    >>> from surveys.study import Study
    >>> tier = pd.Series(pd.Categorical(list("1122334411223344"), ordered=True), name="TIER")
    >>> answers = pd.DataFrame({"LOY1": [1.0, 2, 2, 3, 3, 4, 5, 4] * 2, "SAT1": [3.0, 2, 4, 3] * 4})
    >>> asked = Study.load("bank_tiering").populations["customers"].questionnaire
    >>> people = Sample(population="customers", questionnaire=asked, frame=answers, groups=tier)
    >>> found = compare_items(people, ["LOY1", "SAT1"])
    >>> [(item.variable, item.construct, item.test) for item in found.items]
    [('SAT1', 'satisfaction', 'kruskal_wallis'), ('LOY1', 'loyalty', 'kruskal_wallis')]
    """
    groups = sample.groups
    if groups is None:
        return None
    owner = {item: c.id for c in sample.questionnaire.constructs for item in c.items}
    places = {construct.id: at for at, construct in enumerate(sample.questionnaire.constructs)}
    chosen = [name for name in names if name != groups.name and name in sample.frame]
    chosen.sort(key=lambda name: places.get(owner.get(name, ""), len(places)))
    if not chosen:
        return None
    if sample.design is None:
        found = tuple(_plain(sample, chosen, owner, confidence_level))
    else:
        found = tuple(_weighted(sample, sample.design, chosen, owner, confidence_level))
    corrected = holm([item.p_value for item in found])
    return ItemComparison(
        grouping=str(groups.name),
        items=tuple(replace(item, p_adjusted=p) for item, p in zip(found, corrected, strict=True)),
    )


def _plain(sample: Sample, names: list[str], owner: dict[str, str], level: float) -> Iterator[ComparedItem]:
    if sample.groups is None:
        return
    everything = items_by_tier(sample.frame[names], sample.groups, pairs=False, confidence_level=level)
    for item in everything.items:
        told = recommend_test(sample.frame[item.variable], sample.groups)
        yield ComparedItem(
            variable=item.variable,
            construct=owner.get(item.variable),
            n=item.n,
            groups=item.groups,
            test=told.chosen,
            p_value=told.p_value,
            p_adjusted=None,
            effect=item.effects["omega_squared"],
            state=told.state,
            reason=told.reason,
        )


def _weighted(
    sample: Sample, design: SurveyDesign, names: list[str], owner: dict[str, str], level: float
) -> Iterator[ComparedItem]:
    if sample.groups is None:
        return
    for name in names:
        found = weighted_group_comparison(sample.frame[name], sample.groups, design, confidence_level=level)
        yield ComparedItem(
            variable=name,
            construct=owner.get(name),
            n=found.n,
            groups=found.groups,
            test="design_f",
            p_value=found.welch.p_value,
            p_adjusted=None,
            effect=found.epsilon_squared,
            state=found.welch.state,
            reason=found.welch.reason,
        )
