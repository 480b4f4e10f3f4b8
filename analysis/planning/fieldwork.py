"""From respondents who are analysed to answers to collect and invitations to send."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from analysis.planning.quotas import QuotaCell, Quotas, quotas
from analysis.results import Entry, Tabular
from analysis.weighting import no_estimate
from surveys.population_model import PopulationParameters
from surveys.study import Population


@dataclass(frozen=True, slots=True, kw_only=True)
class Fieldwork(Tabular):
    """What has to be done to reach the respondents of one population."""

    population: str
    answers: int | None  #: planned, or else needed; None where nothing says how many
    set_aside: float | None  #: share of answers; None where it is not known, and none is counted
    analysed: int | None
    response_rate: float | None
    invitations: int | None
    branches: int | None = None
    needed_analysed: int | None = None  #: by the confirmatory tests that have a formula
    needed_answers: int | None = None
    needed_invitations: int | None = None
    decided_by: str = ""  #: the hypothesis that needs most

    @property
    def per_branch(self) -> float | None:
        return None if not self.branches or self.answers is None else self.answers / self.branches

    def entries(self) -> tuple[Entry, ...]:
        more = {
            "set_aside": self.set_aside,
            "analysed": self.analysed,
            "response_rate": self.response_rate,
            "invitations": self.invitations,
            "branches": self.branches,
            "needed_analysed": self.needed_analysed,
            "needed_answers": self.needed_answers,
            "needed_invitations": self.needed_invitations,
        }
        return (
            Entry(
                measure="answers",
                method="needed respondents, over the share kept, over the response rate",
                about={"population": self.population},
                estimate=None if self.answers is None else float(self.answers),
                more={name: float(value) for name, value in more.items() if value is not None},
                state="ok" if self.answers is not None else "by_simulation_only",
                reason="" if self.answers is not None else "no test of this population has a formula",
            ),
        )


@no_estimate("planning")
def fieldwork(
    population: Population,
    *,
    hypotheses: Sequence[tuple[str, Mapping[str, int]]],
    size: int | None,
    branches: int | None = None,
    set_aside: float | None = None,
    response_rate: float | None = None,
) -> Fieldwork:
    """Answers and invitations of one population.

    Parameters
    ----------
    population : Population
    hypotheses : sequence of (id, mapping)
        What each confirmatory hypothesis needs analysed, by population.
    size : int or None
        Answers planned; None takes those needed.
    branches : int, optional
    set_aside, response_rate : float, optional
        Shares of answers and of invitations.

    Examples
    --------
    >>> from surveys.study import Study
    >>> customers = Study.load("bank_tiering").populations["customers"]
    >>> work = fieldwork(customers, hypotheses=[("H1", {"customers": 312})], size=None, set_aside=0.05,
    ...                  response_rate=0.25)
    >>> work.needed_answers, work.invitations
    (329, 1316)
    """
    needed, decided_by = None, ""
    for id_, by_population in hypotheses:
        n = by_population.get(population.id)
        if n is not None and n > (needed or 0):
            needed, decided_by = n, id_
    kept = 1 - (set_aside or 0.0)
    needed_answers = None if needed is None else math.ceil(needed / kept - 1e-9)
    answers = needed_answers if size is None else size
    return Fieldwork(
        population=population.id,
        answers=answers,
        set_aside=set_aside,
        analysed=None if answers is None else math.floor(answers * kept + 1e-9),
        response_rate=response_rate,
        invitations=_invited(answers, response_rate),
        branches=branches,
        needed_analysed=needed,
        needed_answers=needed_answers,
        needed_invitations=_invited(needed_answers, response_rate),
        decided_by=decided_by,
    )


def _invited(answers: int | None, response_rate: float | None) -> int | None:
    if answers is None or response_rate is None:
        return None
    return math.ceil(answers / response_rate - 1e-9)


@no_estimate("planning")
def quota_sheet(
    population: Population,
    parameters: PopulationParameters | None,
    *,
    n: int,
    branches: int | None = None,
    least_per_tier: int = 0,
) -> Quotas:
    """Quotas by tier, other declared items and branch, from the study file or else the population file.

    Shares that the study file declares under ``quotas`` come first; the population file adds those of the
    items that it states and the sample profile shows.
    """
    shares = dict(population.quotas) or _stated(population, parameters)
    group = population.group if population.group in shares else None
    sheet = quotas(
        population.id,
        n,
        group=group,
        tiers=shares.get(group or "", {}),
        items={item: of for item, of in shares.items() if item != group},
        least_per_tier=least_per_tier,
    )
    if not branches or population.cluster is None:
        return sheet
    each = QuotaCell(
        tier="",
        item=population.cluster,
        category=f"1-{branches}",
        share=1 / branches,
        n=math.ceil(n / branches),
    )
    return replace(sheet, cells=(*sheet.cells, each))


def _stated(
    population: Population, parameters: PopulationParameters | None
) -> dict[str, Mapping[str, float]]:
    if parameters is None:
        return {}
    stated = {name: shares for name, shares in parameters.shares.items() if name in population.profile}
    if parameters.tier_item is not None:
        stated = {parameters.tier_item: parameters.tier_shares} | stated
    found: dict[str, Mapping[str, float]] = {}
    for name, shares in stated.items():
        scale = population.questionnaire.item(name).scale
        if scale is not None:
            found[name] = dict(zip(map(str, scale.codes), shares, strict=True))
    return found
