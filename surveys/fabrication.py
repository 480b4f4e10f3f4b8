"""Answers that nobody gave: the ways in which files are filled, for measuring what would notice them.

Each generator does what programs and form-filling services do, and does it to a stated share of
simulated respondents. They exist to calibrate :mod:`surveys.forensics`; what comes out is marked as
synthetic and never mixes with real answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from surveys.questionnaire import Item, Questionnaire
from surveys.responses import Responses

Array = npt.NDArray[np.float64]
Generator = Literal["target_alpha", "random", "straight", "copy", "persona"]
Traces = Literal["made", "kept"]

GENERATORS: tuple[Generator, ...] = get_args(Generator)
TYPICAL = 0.65  #: where on a scale made-up answers centre: services are asked for favourable results
SPREAD = 0.24  #: their standard deviation, as a share of the scale's length


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabrication:
    """How a generator works; the defaults are what the benchmark measures."""

    alpha: float = 0.9  #: target_alpha: Cronbach's alpha of every construct among the fabricated
    between: float = 0.0  #: target_alpha: correlation between constructs
    noise: float = 0.15  #: copy: share of answers changed by one step
    personas: int = 8  #: persona: characters that are made to answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabricated:
    """A file some of whose respondents do not exist, and which ones."""

    responses: Responses
    fabricated: pd.Series  #: True for rows that a generator made, shape (n_respondents,)
    generator: Generator


def fabricate(
    responses: Responses,
    *,
    generator: Generator,
    share: float,
    rng: np.random.Generator,
    settings: Fabrication | None = None,
    traces: Traces = "made",
) -> Fabricated:
    """Replace a share of simulated respondents by fabricated ones.

    Parameters
    ----------
    responses : Responses
        Simulated answers, shape (n_respondents, n_columns).
    generator : {"target_alpha", "random", "straight", "copy", "persona"}
        ``target_alpha``: parallel items that reach Cronbach's alpha exactly, equal means, constructs
        correlated by ``between``. ``random``: any code. ``straight``: one code with few exceptions.
        ``copy``: another respondent's answers with some changed. ``persona``: a few characters who
        answer coherently and moderately, as language models do.
    share : float
        Of all respondents, 0 to 1.
    rng : numpy.random.Generator
    settings : Fabrication, optional
    traces : {"made", "kept"}
        ``made``: durations drawn evenly between 150 and 300 seconds, submitted one after another
        in a few hours. ``kept``: durations and times of the honest respondent they replace, so
        that only answers can tell.

    Notes
    -----
    Fabricated respondents pass every attention check, consent, and leave nothing blank but
    open questions. Answers that are no ratings are drawn from the honest respondents' (all but
    ``copy`` and ``persona`` draw each of them independently).

    Raises
    ------
    ValueError
        If the answers are not synthetic, the share is outside 0 to 1, or a setting is impossible.

    Examples
    --------
    >>> from surveys.simulation import load_population_model, simulate
    >>> from surveys.study import Study
    >>> study = Study.load("bank_tiering")
    >>> rng = np.random.default_rng(1)
    >>> model = load_population_model("claims_hold", study)
    >>> drawn = simulate(study, model, rng=rng, sizes={"customers": 200})
    >>> made = fabricate(drawn["customers"], generator="target_alpha", share=0.2, rng=rng)
    >>> int(made.fabricated.sum()), made.responses.n
    (40, 200)
    """
    chosen = settings or Fabrication()
    _check(responses, generator, share, chosen)
    n_made = round(share * responses.n)
    rows = np.sort(rng.choice(responses.n, size=n_made, replace=False))
    fabricated = pd.Series(False, index=responses.answers.index)
    fabricated.iloc[rows] = True
    if not n_made:
        return Fabricated(responses=responses, fabricated=fabricated, generator=generator)
    honest = responses.answers.loc[~fabricated]
    made = _MAKERS[generator](_Order(responses.questionnaire, honest, n_made, rng, chosen))
    answers = responses.answers.copy()
    for column in answers:
        cells = answers[column].to_numpy(copy=True)
        cells[rows] = made[str(column)].to_numpy()
        answers[column] = pd.Series(cells, index=answers.index, dtype=answers[column].dtype)
    metadata = responses.metadata if traces == "kept" else _traces(responses.metadata, rows, rng)
    return Fabricated(
        responses=replace(responses, answers=answers, metadata=metadata),
        fabricated=fabricated,
        generator=generator,
    )


def rated_items(questionnaire: Questionnaire, columns: pd.Index) -> tuple[Item, ...]:
    """Items that a respondent rates, attention checks apart, in the questionnaire's order."""
    return tuple(
        item
        for item in questionnaire.items
        if item.kind == "single"
        and item.scale is not None
        and item.scale.interval
        and item.attention is None
        and item.source == "respondent"
        and item.id in columns
    )


@dataclass(frozen=True, slots=True)
class _Order:
    """What a generator is asked to fill in."""

    questionnaire: Questionnaire
    honest: pd.DataFrame
    n: int
    rng: np.random.Generator
    settings: Fabrication

    @property
    def rated(self) -> tuple[Item, ...]:
        return rated_items(self.questionnaire, self.honest.columns)

    def groups(self) -> list[list[Item]]:
        """Items made together: constructs, and ratings of one matrix that belong to none."""
        of = {name: c.id for c in self.questionnaire.constructs for name in c.items}
        groups: dict[str, list[Item]] = {}
        for item in self.rated:
            groups.setdefault(of.get(item.id) or item.matrix or item.id, []).append(item)
        return list(groups.values())

    def others(self) -> pd.DataFrame:
        """Everything that is no rating: drawn from honest answers, column by column."""
        columns = {}
        attention = {
            item.id: item.attention for item in self.questionnaire.items if item.attention is not None
        }
        texts = {item.id for item in self.questionnaire.items if item.kind == "text"}
        for name in map(str, self.honest):
            given = self.honest[name].dropna()
            if name in attention:
                columns[name] = pd.Series(np.full(self.n, float(attention[name] or 0)))
            elif name in texts or given.empty:
                columns[name] = pd.Series(np.full(self.n, None), dtype=self.honest[name].dtype)
            elif self._is_consent(name):
                columns[name] = pd.Series(np.full(self.n, given.mode().iloc[0]))
            else:
                columns[name] = given.sample(self.n, replace=True, random_state=self.rng).reset_index(
                    drop=True
                )
        return pd.DataFrame(columns)

    def _is_consent(self, name: str) -> bool:
        given = self.honest[name].dropna()
        return bool((given == given.iloc[0]).all())


def _check(responses: Responses, generator: str, share: float, settings: Fabrication) -> None:
    if not responses.synthetic:
        raise ValueError(
            f"{responses.source.name}: these answers are not simulated; fabricated respondents are only "
            "mixed into simulated answers. Draw some with surveys.simulation.simulate."
        )
    if generator not in GENERATORS:
        raise ValueError(f"generator: `{generator}` is none of {', '.join(GENERATORS)}")
    if not 0 <= share < 1:
        raise ValueError(f"share: {share} is outside 0 to 1; honest respondents are needed to imitate")
    if not 0 < settings.alpha < 1:
        raise ValueError(f"alpha: {settings.alpha} is outside 0 to 1")
    if not 0 <= settings.between < 1:
        raise ValueError(f"between: {settings.between} is outside 0 to 1")
    if not 0 <= settings.noise <= 1:
        raise ValueError(f"noise: {settings.noise} is outside 0 to 1")
    if settings.personas < 1:
        raise ValueError(f"personas: {settings.personas}; at least one is needed")


def _bounds(item: Item) -> tuple[int, int]:
    if item.scale is None:
        raise ValueError(f"item {item.id} has no scale")
    return item.scale.low, item.scale.high


def _place(item: Item, response: Array) -> Array:
    """A response in units of the scale's spread, as the nearest code; reverse-keyed items are turned."""
    low, high = _bounds(item)
    codes = np.clip(np.round(low + (TYPICAL + SPREAD * response) * (high - low)), low, high)
    return np.asarray(low + high - codes if item.reverse_keyed else codes)


def _keyed(item: Item, codes: Array) -> Array:
    low, high = _bounds(item)
    return np.asarray(low + high - codes if item.reverse_keyed else codes)


def _target_alpha(order: _Order) -> pd.DataFrame:
    made, between = order.others(), order.settings.between
    common = order.rng.standard_normal(order.n)
    for items in order.groups():
        factor = np.sqrt(between) * common + np.sqrt(1 - between) * order.rng.standard_normal(order.n)
        noise = order.rng.standard_normal((len(items), order.n))
        loading = _loading_for(items, factor, noise, order.settings.alpha)
        for item, own in zip(items, noise, strict=True):
            made[item.id] = _place(item, loading * factor + np.sqrt(1 - loading**2) * own)
    return made


def _loading_for(items: list[Item], factor: Array, noise: Array, alpha: float) -> float:
    """The loading whose rounded answers have this alpha; alpha grows with it, so it is halved down."""
    if len(items) < 2 or factor.size < 3:
        return float(np.sqrt(alpha))
    low, high = 0.0, 1.0
    for _ in range(24):
        middle = (low + high) / 2
        answers = [
            _keyed(item, _place(item, middle * factor + np.sqrt(1 - middle**2) * own))
            for item, own in zip(items, noise, strict=True)
        ]
        low, high = (middle, high) if _alpha(np.array(answers)) < alpha else (low, middle)
    return (low + high) / 2


def _alpha(answers: Array) -> float:
    """Cronbach's alpha of complete answers, shape (n_items, n_respondents)."""
    k, total = len(answers), float(answers.sum(axis=0).var(ddof=1))
    if total == 0:
        return 0.0
    return k / (k - 1) * (1 - float(answers.var(axis=1, ddof=1).sum()) / total)


def _random(order: _Order) -> pd.DataFrame:
    made = order.others()
    for item in order.rated:
        low, high = _bounds(item)
        made[item.id] = order.rng.integers(low, high + 1, order.n).astype(float)
    return made


def _straight(order: _Order) -> pd.DataFrame:
    made = order.others()
    level = order.rng.random(order.n)
    for item in order.rated:
        low, high = _bounds(item)
        code = np.minimum(low + np.floor(level * (high - low + 1)), high)
        step = np.where(order.rng.random(order.n) < 0.05, order.rng.choice([-1, 1], order.n), 0)
        made[item.id] = np.clip(code + step, low, high)
    return made


def _copy(order: _Order) -> pd.DataFrame:
    models = order.rng.integers(0, len(order.honest), order.n)
    made = order.honest.iloc[models].reset_index(drop=True)
    drawn = order.others()
    noise = order.settings.noise
    texts = {item.id for item in order.questionnaire.items if item.kind == "text"}
    rated = {item.id: item for item in order.rated}
    for name in map(str, made):
        if name in rated:
            low, high = _bounds(rated[name])
            codes = made[name].fillna(drawn.get(name, made[name])).to_numpy(dtype=float)
            step = order.rng.choice([-1, 1], order.n) * (order.rng.random(order.n) < noise)
            made[name] = np.clip(codes + step, low, high)
        elif name in texts:
            made[name] = drawn[name]
        else:
            changed = pd.Series(order.rng.random(order.n) < noise)
            made[name] = made[name].where(~changed & made[name].notna(), drawn[name])
    return made


def _persona(order: _Order) -> pd.DataFrame:
    rng, k = order.rng, order.settings.personas
    drawn = order.others()
    which = rng.integers(0, k, order.n)
    # a character has one sex, one age, one tier
    made = drawn.iloc[rng.integers(0, order.n, k)].iloc[which].reset_index(drop=True)
    outlook = 0.6 * rng.standard_normal(k)
    for items in order.groups():
        view = (outlook + 0.6 * rng.standard_normal(k))[which] + 0.25 * rng.standard_normal(order.n)
        for item in items:
            emphasis = 0.3 * rng.standard_normal(k)
            made[item.id] = _place(item, view + emphasis[which] + 0.4 * rng.standard_normal(order.n))
    return made


_MAKERS: Mapping[Generator, Callable[[_Order], pd.DataFrame]] = {
    "target_alpha": _target_alpha,
    "random": _random,
    "straight": _straight,
    "copy": _copy,
    "persona": _persona,
}


def _traces(metadata: pd.DataFrame, rows: npt.NDArray[np.intp], rng: np.random.Generator) -> pd.DataFrame:
    """Durations and times as a program leaves them: even, and one after another."""
    traced = metadata.copy()
    seconds = np.round(rng.uniform(150, 300, len(rows)))
    if "seconds" in traced:
        values = traced["seconds"].to_numpy(dtype=float, copy=True)
        values[rows] = seconds
        traced["seconds"] = values
    if "submitted_at" in traced:
        submitted = pd.Series(traced["submitted_at"]).copy()
        first = submitted.min() + (submitted.max() - submitted.min()) * rng.uniform(0.3, 0.7)
        times = first + pd.to_timedelta(np.cumsum(rng.uniform(40, 80, len(rows))).round(), unit="s")
        submitted.iloc[rows] = times.to_numpy()
        traced["submitted_at"] = submitted
        if "started_at" in traced:
            started = pd.Series(traced["started_at"]).copy()
            started.iloc[rows] = (times - pd.to_timedelta(seconds, unit="s")).to_numpy()
            traced["started_at"] = started
    return traced
