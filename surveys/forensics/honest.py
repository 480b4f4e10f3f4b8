"""Honest populations that a file is held against: how people might have answered, had all been people.

Each keeps the file's size, blanks, distribution of every item, strength of every construct and
correlations between constructs; they differ in what else is true of respondents. An indicator is
only as telling as its weakest comparison, so evidence counts against the population in which it is
least surprising. Among them is one without any method effect: a clean file is not suspicious.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from surveys.forensics.sheet import Sheet, correlations

Array = npt.NDArray[np.float64]
COARSE = 1.12  #: correlations of latent responses over those of their five-point codes, about


@dataclass(frozen=True, slots=True, kw_only=True)
class HonestPopulation:
    """What is assumed of honest respondents, beyond what is taken from the file itself.

    All effects are standard deviations of latent responses with variance 1.
    """

    name: str
    loading_spread: float = 0.0  #: of loadings within constructs
    acquiescence: float = 0.0  #: agreeing whatever is asked
    wording: float = 0.0  #: what reverse-worded items share
    position: float = 0.0  #: correlation of neighbouring residuals
    fatigue: float = 0.0  #: residual standard deviation at the end over that at the start, minus 1
    careless: float = 0.0  #: share who answer at random or with one code, in equal parts
    segments: float = 0.0  #: distance between two camps, a third of respondents in the smaller one
    heavy: bool = False  #: some respondents are extreme in everything
    waves: bool = False  #: submissions follow invitations and the time of day
    breaks: bool = False  #: some leave the questionnaire open and come back


HONEST: tuple[HonestPopulation, ...] = (
    HonestPopulation(name="plain"),
    HonestPopulation(name="uneven_items", loading_spread=0.1, position=0.1, waves=True),
    HonestPopulation(
        name="method_effects",
        loading_spread=0.05,
        acquiescence=0.3,
        wording=0.3,
        position=0.15,
        fatigue=0.2,
        breaks=True,
    ),
    HonestPopulation(name="careless_tenth", loading_spread=0.05, careless=0.1, fatigue=0.1, waves=True),
    HonestPopulation(name="two_camps", loading_spread=0.05, segments=1.5, heavy=True, breaks=True),
)


@dataclass(frozen=True)
class Template:
    """What honest populations take from the file: computed once, drawn from many times."""

    sheet: Sheet

    @cached_property
    def margins(self) -> list[Array]:
        """The answers of each item in order, blanks left out."""
        keyed = self.sheet.keyed
        return [np.sort(column[~np.isnan(column)]) for column in keyed.T]

    @cached_property
    def loadings(self) -> Array:
        """One a construct, from the mean correlation of its items; shape (n_constructs,)."""
        filled, loadings = self.sheet.complete(), []
        for columns in self.sheet.constructs(least=1):
            mean = 0.49
            if len(columns) > 1:
                r = correlations(filled[:, columns].T)
                mean = float(r[np.triu_indices(len(columns), 1)].mean()) * COARSE
            loadings.append(np.sqrt(np.clip(mean, 0.04, 0.94)))
        return np.array(loadings)

    @cached_property
    def root(self) -> Array:
        """Cholesky root of the correlations between constructs, corrected for unreliability."""
        filled = self.sheet.complete()
        columns = self.sheet.constructs(least=1)
        scores = np.array([filled[:, c].mean(axis=1) for c in columns])
        r = correlations(scores)
        reliable = np.array(
            [
                1.0 if len(c) == 1 else _reliability(x**2 / COARSE, len(c))
                for c, x in zip(columns, self.loadings, strict=True)
            ]
        )
        # ratings of one item carry their error: the latent correlation is larger by the loading
        reliable = np.where([len(c) == 1 for c in columns], self.loadings**2, reliable)
        r = np.clip(r / np.sqrt(np.outer(reliable, reliable)), -0.95, 0.95)
        np.fill_diagonal(r, 1.0)
        values, vectors = np.linalg.eigh(r)
        fixed = (vectors * np.clip(values, 0.02, None)) @ vectors.T
        scale = np.sqrt(np.diag(fixed))
        return np.asarray(np.linalg.cholesky(fixed / np.outer(scale, scale)))

    @cached_property
    def log_seconds(self) -> tuple[float, float] | None:
        """Median and robust standard deviation of the logarithm of durations."""
        if self.sheet.seconds is None:
            return None
        logs = np.log(np.clip(self.sheet.seconds[~np.isnan(self.sheet.seconds)], 1.0, None))
        low, middle, high = np.quantile(logs, [0.25, 0.5, 0.75])
        return float(middle), max(float(high - low) / 1.349, 0.15)


def _reliability(r: float, k: int) -> float:
    return k * r / (1 + (k - 1) * r)


def draw_honest(template: Template, population: HonestPopulation, rng: np.random.Generator) -> Sheet:
    """One file of honest respondents; the shape, blanks and items' distributions are the file's."""
    sheet = template.sheet
    latent = _latent(template, population, rng)
    keyed = np.full(latent.shape, np.nan)
    known = ~np.isnan(sheet.keyed)
    for j, margin in enumerate(template.margins):
        rows = np.flatnonzero(known[:, j])
        # ranks carry the file's own distribution over, so no assumption is made on thresholds
        keyed[rows[np.argsort(latent[rows, j])], j] = margin
    careless = rng.random(sheet.n) < population.careless
    keyed = _careless(sheet, keyed, careless, rng)
    return Sheet(
        names=sheet.names,
        keyed=keyed,
        construct=sheet.construct,
        reversed_=sheet.reversed_,
        steps=sheet.steps,
        seconds=_seconds(template, population, careless, rng),
        submitted=_submitted(sheet, population, rng),
    )


def _latent(template: Template, population: HonestPopulation, rng: np.random.Generator) -> Array:
    sheet = template.sheet
    n, k = sheet.n, sheet.k
    factors = rng.standard_normal((n, len(template.root))) @ template.root.T
    if population.segments:
        camp = np.where(rng.random(n) < 1 / 3, -2 / 3, 1 / 3) * population.segments
        share = population.segments**2 * 2 / 9 / (1 + population.segments**2 * 2 / 9)
        # the camps make part of what constructs have in common, in place of the same amount of it
        factors = factors * np.sqrt(1 - share * 0.5) + camp[:, None] * np.sqrt(
            0.5 / (1 + population.segments**2 * 2 / 9)
        )
    if population.heavy:
        factors = factors * np.sqrt(8 / rng.chisquare(10, n))[:, None]
    order = {int(c[0]): i for i, c in enumerate(sheet.constructs(least=1))}
    of = np.array([order[int(np.flatnonzero(sheet.construct == c)[0])] for c in sheet.construct])
    spread = population.loading_spread * rng.standard_normal(k)
    loadings = np.clip(template.loadings[of] + spread, 0.1, 0.97)
    residual = rng.standard_normal((n, k))
    if population.position:
        for j in range(1, k):
            carried = np.sqrt(1 - population.position**2) * residual[:, j]
            residual[:, j] = population.position * residual[:, j - 1] + carried
    residual *= 1 + population.fatigue * np.linspace(-0.5, 0.5, k)
    latent = loadings * factors[:, of] + np.sqrt(1 - loadings**2) * residual
    if population.acquiescence:
        sign = np.where(sheet.reversed_, -1.0, 1.0)
        latent += population.acquiescence * rng.standard_normal(n)[:, None] * sign
    if population.wording:
        latent += population.wording * rng.standard_normal(n)[:, None] * sheet.reversed_
    return np.asarray(latent)


def _careless(sheet: Sheet, keyed: Array, careless: npt.NDArray[np.bool_], rng: np.random.Generator) -> Array:
    rows = np.flatnonzero(careless)
    if not len(rows):
        return keyed
    straight = rng.random(len(rows)) < 0.5
    level = np.where(straight[:, None], rng.random((len(rows), 1)), rng.random((len(rows), sheet.k)))
    codes = np.minimum(np.floor(level * (sheet.steps + 1)), sheet.steps) / sheet.steps
    turned = np.where(sheet.reversed_, 1 - codes, codes)
    keyed[rows] = np.where(np.isnan(keyed[rows]), np.nan, turned)
    return keyed


def _seconds(
    template: Template,
    population: HonestPopulation,
    careless: npt.NDArray[np.bool_],
    rng: np.random.Generator,
) -> Array | None:
    known = template.log_seconds
    if known is None:
        return None
    logs = known[0] + known[1] * rng.standard_normal(template.sheet.n)
    if population.breaks:
        away = rng.random(len(logs)) < 0.08
        logs[away] += rng.exponential(1.0, int(away.sum()))
    logs[careless] = known[0] - 1.8 + 0.25 * rng.standard_normal(int(careless.sum()))
    return np.where(np.isnan(template.sheet.seconds), np.nan, np.round(np.exp(logs)))  # type: ignore[arg-type]


def _submitted(sheet: Sheet, population: HonestPopulation, rng: np.random.Generator) -> Array | None:
    if sheet.submitted is None:
        return None
    span = max(float(np.nanmax(sheet.submitted)), 1.0)
    times = rng.uniform(0, span, sheet.n)
    if population.waves:
        # a link passed on in a chat group: half of the answers come within hours of three such events
        start = rng.choice(rng.uniform(0, span, 3), sheet.n)
        passed_on = (start + rng.exponential(span / 50, sheet.n)) % span
        times = np.where(rng.random(sheet.n) < 0.5, passed_on, times)
    return np.where(np.isnan(sheet.submitted), np.nan, times)
