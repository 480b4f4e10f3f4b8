"""How surprising a file would be, had everybody who answered been a person.

The evidence of each indicator is the share of honest files that look at least as suspicious, in
the honest population in which that share is largest. It flags; it convicts nobody, and no row is
dropped for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from surveys.forensics.assumed import ASSUMED
from surveys.forensics.honest import HONEST, HonestPopulation, Template, draw_honest
from surveys.forensics.indicators import INDICATORS, Looked, look
from surveys.forensics.sheet import LEAST_ITEMS, LEAST_RESPONDENTS, Sheet, sheet_of
from surveys.responses import Responses

Array = npt.NDArray[np.float64]
DRAWS = 99  #: honest files per population; the smallest p-value is 1 over this plus 1
TINY = 1e-12
MOST_EXAMINED = 2000  #: respondents; more make honest files slow to draw and the evidence little stronger
RATE = 0.01  #: share of honest respondents that may be flagged
FEATURES: Mapping[str, Callable[[Looked], Array]] = {
    "one_recipe": lambda looked: looked.kinds.belongs,
    "twins": lambda looked: looked.nearest,
    "erratic": lambda looked: looked.disagreement,
    "too_coherent": lambda looked: np.where(looked.careful, -looked.disagreement, np.nan),
    "monotonous": lambda looked: (
        -np.where(looked.sheet.reversed_, 1 - looked.answers, looked.answers).std(axis=1)
    ),
}
KEPT = 12_000  #: honest respondents kept of each population


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorEvidence:
    """One indicator of a file against honest populations."""

    name: str
    source: str  #: ``answers``, ``traces`` (durations and times) or ``assumed`` (an assumed spread)
    value: float | None
    p_value: float | None  #: the largest of ``by_population``
    by_population: Mapping[str, float]
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedEvidence:
    """All indicators of some sources together.

    The sum of squared positive deviations, each from the population that explains it best: no real
    population is one of ours, and a file must not look suspicious for lying between two of them.
    """

    sources: tuple[str, ...]
    p_value: float  #: the largest of ``by_population``
    by_population: Mapping[str, float]
    strongest: str  #: the indicator that deviates most; empty where none does


@dataclass(frozen=True, slots=True, kw_only=True)
class RespondentEvidence:
    """Who looks made up, and how many honest respondents would.

    Attributes
    ----------
    p_values : DataFrame, shape (n_respondents, n_indicators)
        Share of honest respondents at least as suspicious, in the population where it is largest;
        NaN where the indicator does not apply to a respondent.
    p_value : Series, shape (n_respondents,)
        The smallest, times the number of indicators (Bonferroni), at most 1.
    rate : float
        Respondents with ``p_value`` up to this are flagged: at most this share of honest ones.
    """

    p_values: pd.DataFrame
    p_value: pd.Series
    rate: float

    @property
    def flagged(self) -> pd.Series:
        return self.p_value <= self.rate

    @property
    def expected(self) -> float:
        """Flags that honest respondents alone would lead one to expect, at most."""
        return self.rate * len(self.p_value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forensics:
    """What speaks for made-up answers in a file."""

    indicators: tuple[IndicatorEvidence, ...]
    combined: Mapping[str, CombinedEvidence]  #: ``answers``, ``all``
    respondents: RespondentEvidence | None
    n: int
    n_examined: int  #: respondents drawn from larger files for the statements about the file
    n_items: int
    draws: int  #: honest files per population
    populations: tuple[str, ...]
    state: str = "ok"
    reason: str = ""

    def to_frame(self) -> pd.DataFrame:
        """One row an indicator: value, p_value, and p against each honest population."""
        rows = [
            {"indicator": e.name, "source": e.source, "value": e.value, "p_value": e.p_value}
            | {f"p_{name}": p for name, p in e.by_population.items()}
            | {"state": e.state, "reason": e.reason}
            for e in self.indicators
        ]
        return pd.DataFrame(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What honest files give: values of every indicator, by population.

    Attributes
    ----------
    names : tuple of str
        Indicators that these files have.
    sources : mapping
        Indicator -> where it looks.
    files : mapping
        Population -> ndarray, shape (draws, n_indicators).
    persons : mapping
        Population -> indicator -> sorted values of honest respondents.
    """

    names: tuple[str, ...]
    sources: Mapping[str, str]
    files: Mapping[str, Array]
    persons: Mapping[str, Mapping[str, Array]]

    def judge(self, looked: Looked) -> tuple[tuple[IndicatorEvidence, ...], dict[str, CombinedEvidence]]:
        """A file against these honest ones."""
        seen = _values(looked, self.names)
        pools = {name: np.vstack([seen, drawn]) for name, drawn in self.files.items()}
        ranks = {name: (pool >= seen).mean(axis=0) for name, pool in pools.items()}
        indicators = tuple(
            IndicatorEvidence(
                name=name,
                source=self.sources[name],
                value=float(seen[j]),
                by_population={population: float(p[j]) for population, p in ranks.items()},
                p_value=float(max(p[j] for p in ranks.values())),
            )
            for j, name in enumerate(self.names)
        )
        combined = {}
        for label, sources in (
            ("answers", ("answers", "assumed")),
            ("all", ("answers", "assumed", "traces")),
        ):
            columns = [j for j, name in enumerate(self.names) if self.sources[name] in sources]
            combined[label] = self._combined(seen, columns, sources)
        return indicators, combined

    def _combined(self, seen: Array, columns: list[int], sources: tuple[str, ...]) -> CombinedEvidence:
        least = self._least_surprise(seen[None, :])[0, columns]
        total = _surprise(least)
        by_population = {}
        for name, drawn in self.files.items():
            honest = _surprise(self._least_surprise(drawn)[:, columns])
            by_population[name] = float(((honest >= total).sum() + 1) / (len(honest) + 1))
        return CombinedEvidence(
            sources=sources,
            by_population=by_population,
            p_value=max(by_population.values()),
            strongest=self.names[columns[int(least.argmax())]] if (least > 0).any() else "",
        )

    def _least_surprise(self, values: Array) -> Array:
        """Deviations in standard deviations from the population that explains each indicator best."""
        least: Array = np.min(
            [
                (values - drawn.mean(axis=0)) / np.maximum(drawn.std(axis=0), TINY)
                for drawn in self.files.values()
            ],
            axis=0,
        )
        return least

    def judge_respondents(self, looked: Looked, *, rate: float = RATE) -> RespondentEvidence:
        """Every respondent against honest ones."""
        columns = {}
        for name, feature in FEATURES.items():
            values, p = feature(looked), np.zeros(looked.sheet.n)
            for persons in self.persons.values():
                known = persons[name]
                above = len(known) - np.searchsorted(known, values, side="left")
                p = np.maximum(p, (above + 1) / (len(known) + 1))
            columns[name] = np.where(np.isnan(values), np.nan, p)
        frame = pd.DataFrame(columns)
        smallest = (frame.min(axis="columns").fillna(1.0) * len(columns)).clip(upper=1.0)
        return RespondentEvidence(p_values=frame, p_value=smallest, rate=rate)


def calibrate(
    sheet: Sheet,
    *,
    rng: np.random.Generator,
    draws: int = DRAWS,
    populations: Sequence[HonestPopulation] = HONEST,
) -> Calibration:
    """Draw honest files like this one, and compute every indicator on them.

    Parameters
    ----------
    sheet : Sheet, shape (n_respondents, n_items)
        Gives size, blanks, distributions of items, strength and correlations of constructs.
    rng : numpy.random.Generator
    draws : int
        Files per population.
    populations : sequence of HonestPopulation
    """
    template = Template(sheet)
    here = look(sheet)
    names = tuple(name for name, (_, index) in INDICATORS.items() if index(here) is not None)
    assumed = tuple(name for name, kind in ASSUMED.items() if kind.value(here) is not None)
    files, persons = {}, {}
    for population in populations:
        rows: list[Array] = []
        kept: dict[str, list[Array]] = {name: [] for name in FEATURES}
        for _ in range(draws):
            looked = look(draw_honest(template, population, rng))
            rows.append(_values(looked, names))
            if sum(map(len, kept["erratic"])) < KEPT:
                for name, feature in FEATURES.items():
                    kept[name].append(feature(looked))
        drawn = [ASSUMED[name].draw(here, population.name, draws, rng) for name in assumed]
        files[population.name] = np.column_stack([np.array(rows), *drawn])
        persons[population.name] = {name: _sorted(values) for name, values in kept.items()}
    return Calibration(
        names=(*names, *assumed),
        sources={name: source for name, (source, _) in INDICATORS.items()}
        | dict.fromkeys(assumed, "assumed"),
        files=files,
        persons=persons,
    )


def _surprise(deviations: Array) -> Array:
    return np.asarray((np.clip(deviations, 0, None) ** 2).sum(axis=-1))


def _sorted(values: Sequence[Array]) -> Array:
    whole = np.concatenate(values)
    return np.sort(whole[~np.isnan(whole)])


def _values(looked: Looked, names: Sequence[str]) -> Array:
    found = []
    for name in names:
        value = INDICATORS[name][1](looked) if name in INDICATORS else ASSUMED[name].value(looked)
        # an indicator that an odd draw lacks is no evidence there
        found.append(-np.inf if value is None else value)
    values = np.array(found)
    return np.where(np.isfinite(values), values, -1e9)


def examine(
    responses: Responses,
    *,
    rng: np.random.Generator,
    draws: int = DRAWS,
    rate: float = RATE,
    populations: Sequence[HonestPopulation] = HONEST,
) -> Forensics:
    """Hold a finished file against honest populations.

    Parameters
    ----------
    responses : Responses
        Of those who gave consent. Whoever else was set aside should be here too: honest
        populations have careless respondents.
    rng : numpy.random.Generator
    draws : int
        Honest files per population; p-values are no smaller than 1 over this plus 1.
    rate : float
        Share of honest respondents that may be flagged.
    populations : sequence of HonestPopulation

    Returns
    -------
    Forensics
        With ``state`` ``too_few`` and a reason where a file has fewer than 50 respondents or 6
        ratings.

    Notes
    -----
    p is the rank of the file among ``draws`` honest files and itself, exact for each population; the
    largest over the populations is reported. That a p-value is small says that none of these
    honest populations gives such files often. There are others.

    Examples
    --------
    >>> from surveys.fabrication import fabricate
    >>> from surveys.simulation import load_population_model, simulate
    >>> from surveys.study import Study
    >>> study, rng = Study.load("bank_tiering"), np.random.default_rng(1)
    >>> model = load_population_model("claims_hold", study)
    >>> drawn = simulate(study, model, rng=rng, sizes={"customers": 300})
    >>> made = fabricate(drawn["customers"], generator="target_alpha", share=0.3, rng=rng)
    >>> examine(made.responses, rng=rng, draws=4).combined["all"].p_value
    0.2
    """
    sheet = sheet_of(responses)
    reason = ""
    if sheet.n < LEAST_RESPONDENTS:
        reason = f"{sheet.n} respondents; fewer than {LEAST_RESPONDENTS} give no ground for a statement"
    elif sheet.k < LEAST_ITEMS or not sheet.constructs():
        reason = f"{sheet.k} ratings; {LEAST_ITEMS} or more, of constructs with several items, are needed"
    elif sheet.n <= sheet.k:
        reason = f"{sheet.n} respondents to {sheet.k} ratings; more respondents than ratings are needed"
    names = tuple(population.name for population in populations)
    if reason:
        return Forensics(
            indicators=(),
            combined={},
            respondents=None,
            n=sheet.n,
            n_examined=0,
            n_items=sheet.k,
            draws=draws,
            populations=names,
            state="too_few",
            reason=reason,
        )
    part, looked = sheet, look(sheet)
    if sheet.n > MOST_EXAMINED:
        part = sheet.rows(np.sort(rng.choice(sheet.n, size=MOST_EXAMINED, replace=False)))
    calibration = calibrate(part, rng=rng, draws=draws, populations=populations)
    indicators, combined = calibration.judge(looked if part is sheet else look(part))
    return Forensics(
        indicators=indicators + _absent(calibration.names),
        combined=combined,
        respondents=calibration.judge_respondents(looked, rate=rate),
        n=sheet.n,
        n_examined=part.n,
        n_items=sheet.k,
        draws=draws,
        populations=names,
    )


REASONS: Mapping[str, str] = {
    "exchangeable": "no construct has three items",
    "white_residuals": "fewer than two constructs have two items",
    "reversal": "no construct has items of both wordings",
    "steady": "too few items of constructs to compare the start with the end",
    "crowded_durations": "the file does not say how long respondents took",
    "crowded_times": "the file does not say when respondents submitted",
    "even_means": "no construct has two items",
    "strong_scales": "no construct has two items",
}


def _absent(present: Sequence[str]) -> tuple[IndicatorEvidence, ...]:
    sources = {name: source for name, (source, _) in INDICATORS.items()} | dict.fromkeys(ASSUMED, "assumed")
    return tuple(
        IndicatorEvidence(
            name=name,
            source=source,
            value=None,
            p_value=None,
            by_population={},
            state="not_applicable",
            reason=REASONS.get(name, "the file does not hold what it needs"),
        )
        for name, source in sources.items()
        if name not in present
    )
