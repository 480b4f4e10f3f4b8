"""Synthetic answers drawn from a population model; every one says that it is synthetic.

The model is stated in ``docs/simulation.md``. Results on simulated answers are no facts about banks.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from surveys.neutral_cells import neutralised
from surveys.population_model import PopulationModel, PopulationParameters, load_population_model
from surveys.questionnaire import Item, Questionnaire
from surveys.responses import Responses, SourceFile
from surveys.study import Population, Study

__all__ = ["load_population_model", "simulate", "simulate_with_truth", "write_exports"]

Array = npt.NDArray[np.float64]

SYNTHETIC = "synthetic 合成数据"  #: stands in a column of its own in every simulated file
START = pd.Timestamp("2026-03-02 09:00:00")  #: of the first simulated interview


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPopulation:
    """Simulated answers and what is true of each respondent."""

    responses: Responses
    truth: (
        pd.DataFrame
    )  #: latent values by construct, ``wealth``, and ``careless`` (``""``, straight, random)


def simulate(
    study: Study,
    model: PopulationModel,
    *,
    rng: np.random.Generator,
    sizes: Mapping[str, int] | None = None,
    clean: bool = False,
) -> dict[str, Responses]:
    """Draw a sample of every population of the model.

    Parameters
    ----------
    study : Study
    model : PopulationModel
    rng : numpy.random.Generator
    sizes : mapping, optional
        Population id -> respondents, in place of the model's.
    clean : bool
        Leave out missing answers, refusals and careless respondents.

    Examples
    --------
    >>> study = Study.load("bank_tiering")
    >>> model = load_population_model("claims_hold", study)
    >>> answers = simulate(study, model, rng=np.random.default_rng(1))
    >>> answers["customers"].n, answers["customers"].synthetic
    (800, True)
    """
    drawn = simulate_with_truth(study, model, rng=rng, sizes=sizes, clean=clean)
    return {id_: population.responses for id_, population in drawn.items()}


def simulate_with_truth(
    study: Study,
    model: PopulationModel,
    *,
    rng: np.random.Generator,
    sizes: Mapping[str, int] | None = None,
    clean: bool = False,
) -> dict[str, SimulatedPopulation]:
    """As :func:`simulate`, with the latent values and the careless respondents.

    Raises
    ------
    ValueError
        If ``sizes`` names a population the model does not have, or asks for fewer than one respondent.
    """
    for id_, size in (sizes or {}).items():
        if id_ not in model.populations:
            raise ValueError(f"sizes: `{id_}` is none of {', '.join(model.populations)}")
        if size < 1:
            raise ValueError(f"sizes: {size} respondents of {id_}; give 1 or more")
    return {
        id_: _simulate_population(
            study.populations[id_], parameters, (sizes or {}).get(id_, parameters.n), rng, clean
        )
        for id_, parameters in model.populations.items()
    }


@dataclass(slots=True)
class _Draw:
    """What is known of the respondents while their answers are being made."""

    n: int
    rng: np.random.Generator
    parameters: PopulationParameters
    questionnaire: Questionnaire
    wealth: Array
    tier_codes: Array | None
    tier_score: Array
    clusters: Array | None
    latent: dict[str, Array]

    def normal(self) -> Array:
        return self.rng.standard_normal(self.n)

    def weighted(self, weights: Mapping[str, float]) -> Array:
        """Weighted sum of latent values."""
        total = np.zeros(self.n)
        for name, weight in weights.items():
            total += weight * self.latent[name]
        return total


def _simulate_population(
    population: Population,
    parameters: PopulationParameters,
    n: int,
    rng: np.random.Generator,
    clean: bool,
) -> SimulatedPopulation:
    draw = _people(population, parameters, n, rng)
    answers = _answers(draw)
    seconds = parameters.median_seconds * np.exp(parameters.log_sd_seconds * draw.normal())
    careless = np.full(n, "", dtype=object)
    if not clean:
        careless = _make_careless(draw, answers, seconds)
        _leave_blank(draw, answers, population)
    frame = pd.DataFrame(
        {column: answers[column] for item in population.questionnaire.items for column in item.columns}
    )
    metadata = _metadata(population, n, seconds, rng)
    digest = hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()
    responses = Responses(
        questionnaire=population.questionnaire,
        answers=frame,
        metadata=metadata,
        source=SourceFile(name=f"{population.id}.synthetic.csv", sha256=digest),
        synthetic=True,
    )
    truth = pd.DataFrame({**draw.latent, "wealth": draw.wealth, "careless": careless})
    return SimulatedPopulation(responses=responses, truth=truth)


def _people(
    population: Population, parameters: PopulationParameters, n: int, rng: np.random.Generator
) -> _Draw:
    wealth = rng.standard_normal(n)
    tier_codes, tier_score = None, np.zeros(n)
    if parameters.tier_item is not None:
        scale = population.questionnaire.item(parameters.tier_item).scale
        codes = np.array(scale.codes if scale is not None else (), dtype=float)
        shares = np.array(parameters.tier_shares)
        rank = np.argsort(np.argsort(wealth))
        place = np.searchsorted(np.cumsum(shares)[:-1] * n, rank + 0.5)
        tier_codes = codes[place]
        order = np.arange(len(codes))
        mean = float(order @ shares)
        tier_score = (place - mean) / np.sqrt(float((order - mean) ** 2 @ shares))
    clusters = None
    if parameters.cluster_item is not None:
        clusters = np.sort(np.arange(n) % parameters.cluster_count).astype(float) + 1
    draw = _Draw(
        n=n,
        rng=rng,
        parameters=parameters,
        questionnaire=population.questionnaire,
        wealth=wealth,
        tier_codes=tier_codes,
        tier_score=tier_score,
        clusters=clusters,
        latent={},
    )
    _draw_latents(draw)
    return draw


def _draw_latents(draw: _Draw) -> None:
    """Latent values: structure within tiers first, then branch, tier and wealth shifts."""
    parameters = draw.parameters
    shared = np.sqrt(parameters.exogenous_correlation) * draw.normal()
    own = np.sqrt(1 - parameters.exogenous_correlation)
    for name, entry in parameters.constructs.items():
        if entry.on:
            noise = np.sqrt(entry.residual_variance) * draw.normal()
            draw.latent[name] = draw.weighted(entry.on) + noise
        else:
            draw.latent[name] = shared + own * draw.normal()
    for name, entry in parameters.constructs.items():
        value = draw.latent[name]
        if draw.clusters is not None:
            branch = draw.rng.standard_normal(parameters.cluster_count)
            value = np.sqrt(1 - parameters.icc) * value
            value = value + np.sqrt(parameters.icc) * branch[draw.clusters.astype(int) - 1]
        draw.latent[name] = value + entry.tier * draw.tier_score + entry.wealth * draw.wealth


def _answers(draw: _Draw) -> dict[str, npt.NDArray[np.generic]]:
    parameters, questionnaire = draw.parameters, draw.questionnaire
    construct_of = {item: c.id for c in questionnaire.constructs for item in c.items}
    position = {item: i for c in questionnaire.constructs for i, item in enumerate(c.items)}
    tendencies: dict[str, Array] = {}
    answers: dict[str, npt.NDArray[np.generic]] = {}
    for item in questionnaire.items:
        if item.id == parameters.tier_item and draw.tier_codes is not None:
            answers[item.id] = draw.tier_codes
        elif item.id == parameters.cluster_item and draw.clusters is not None:
            answers[item.id] = draw.clusters
        elif item.attention is not None:
            answers[item.id] = np.full(draw.n, float(item.attention))
        elif item.id in construct_of:
            answers[item.id] = _construct_answer(draw, item, construct_of[item.id], position[item.id])
        elif item.id in parameters.rated:
            tendency = tendencies.setdefault(item.matrix or item.id, draw.normal())
            answers[item.id] = _rated_answer(draw, item, tendency)
        elif item.kind == "multiple":
            answers.update(_multiple_answer(draw, item))
        elif item.kind == "ranking":
            ranks = draw.rng.random((draw.n, len(item.columns))).argsort(axis=1).argsort(axis=1) + 1.0
            answers.update(zip(item.columns, ranks.T, strict=True))
        elif item.kind == "number":
            answers[item.id] = _number_answer(draw, item)
        elif item.kind == "text":
            answers[item.id] = _comments(draw)
        else:
            answers[item.id] = _category_answer(draw, item)
    return answers


def _cut(draw: _Draw, item: Item, response: Array) -> Array:
    """Latent responses to codes, through the thresholds of the item's scale."""
    if item.scale is None:
        raise ValueError(f"item {item.id} has no scale")
    codes = np.array(sorted(item.scale.codes), dtype=float)
    cuts = draw.parameters.thresholds.get(item.scale.id)
    if cuts is None:
        raise ValueError(f"the population model has no thresholds for the scale {item.scale.id}")
    return np.asarray(codes[np.searchsorted(np.array(cuts), response)])


def _construct_answer(draw: _Draw, item: Item, construct: str, position: int) -> Array:
    entry = draw.parameters.constructs[construct]
    loading = draw.parameters.loading if entry.loading is None else entry.loading
    # item means differ by a fixed pattern, so that items are alike but not the same
    offset = draw.parameters.item_spread * (-1, 1, -0.5, 0.5, 0)[position % 5]
    response = loading * (draw.latent[construct] + entry.mean) + np.sqrt(1 - loading**2) * draw.normal()
    codes = _cut(draw, item, response + offset)
    if item.reverse_keyed and item.scale is not None:
        return item.scale.low + item.scale.high - codes
    return codes


def _rated_answer(draw: _Draw, item: Item, tendency: Array) -> Array:
    entry = draw.parameters.rated[item.id]
    systematic = draw.weighted(entry.on) + entry.common * tendency
    rest = max(1 - sum(b * b for b in entry.on.values()) - entry.common**2, 0.0)
    response = entry.mean + entry.tier * draw.tier_score + systematic + np.sqrt(rest) * draw.normal()
    return _cut(draw, item, response)


def _multiple_answer(draw: _Draw, item: Item) -> dict[str, npt.NDArray[np.generic]]:
    from scipy.special import ndtri

    chosen: dict[str, npt.NDArray[np.generic]] = {}
    stated = draw.parameters.multiple.get(item.id, {})
    codes = item.scale.codes if item.scale is not None else ()
    for code, column in zip(codes, item.columns, strict=True):
        entry = stated.get(code)
        share, tier, on = (0.3, 0.0, {}) if entry is None else (entry.share, entry.tier, entry.on)
        response = ndtri(share) + tier * draw.tier_score + draw.weighted(on) + draw.normal()
        chosen[column] = (response > 0).astype(float)
    return chosen


def _number_answer(draw: _Draw, item: Item) -> Array:
    entry = draw.parameters.numbers.get(item.id)
    if entry is None:
        low, high = _usual_range(item)
        return np.round(draw.rng.uniform(low, high, draw.n))
    rest = max(1 - sum(b * b for b in entry.on.values()) - entry.wealth**2, 0.0)
    standard = draw.weighted(entry.on) + entry.wealth * draw.wealth + np.sqrt(rest) * draw.normal()
    value = entry.mean + entry.sd * standard
    if entry.log:
        value = np.exp(value)
    return np.asarray(np.clip(np.round(value, entry.decimals), entry.low, entry.high))


def _usual_range(item: Item) -> tuple[float, float]:
    """Bounds of a number on which the population says nothing: the item's own, or ten apart."""
    if item.low is None and item.high is not None:
        return min(0.0, item.high - 10.0), item.high
    low = item.low or 0.0
    if item.high is not None:
        return low, item.high
    return low, 10.0 if low < 10.0 else low + 10.0


def _category_answer(draw: _Draw, item: Item) -> Array:
    codes = np.array(item.scale.codes if item.scale is not None else (), dtype=float)
    shares = draw.parameters.shares.get(item.id)
    weights = np.full(len(codes), 1 / len(codes)) if shares is None else np.array(shares)
    return np.asarray(codes[np.searchsorted(np.cumsum(weights)[:-1], draw.rng.random(draw.n))])


def _comments(draw: _Draw) -> npt.NDArray[np.generic]:
    templates = draw.parameters.comments
    texts = np.full(draw.n, None, dtype=object)
    if templates:
        says = draw.rng.random(draw.n) < draw.parameters.comment_share
        which = draw.rng.integers(0, 2 * len(templates), draw.n)
        words = [text for template in templates for text in (template["zh"], template["en"])]
        texts[says] = np.array(words, dtype=object)[which[says]]
    return texts


def _make_careless(
    draw: _Draw, answers: dict[str, npt.NDArray[np.generic]], seconds: Array
) -> npt.NDArray[np.generic]:
    parameters, rng = draw.parameters, draw.rng
    kind = np.full(draw.n, "", dtype=object)
    careless = rng.random(draw.n) < parameters.careless
    straight = careless & (rng.random(draw.n) < parameters.careless_straight)
    kind[careless], kind[straight] = "random", "straight"
    favourite = rng.random(draw.n)
    fails = careless & (rng.random(draw.n) < parameters.careless_fails_attention)
    for item in draw.questionnaire.items:
        scale = item.scale
        if item.id == parameters.tier_item or item.source != "respondent":
            continue  # what the bank knows does not depend on how somebody answers
        if item.kind != "single" or scale is None or not (scale.interval or item.attention is not None):
            continue
        codes = np.array(scale.codes, dtype=float)
        any_code = codes[rng.integers(0, len(codes), draw.n)]
        one_code = codes[np.minimum((favourite * len(codes)).astype(int), len(codes) - 1)]
        careless_code = np.where(straight, one_code, any_code)
        if item.attention is not None:
            other = codes[codes != item.attention][0]
            wrong = np.where(careless_code == item.attention, other, careless_code)
            answers[item.id] = np.where(fails, wrong, answers[item.id])
        else:
            answers[item.id] = np.where(careless, careless_code, answers[item.id])
    seconds[careless] = parameters.careless_seconds * np.exp(0.25 * rng.standard_normal(int(careless.sum())))
    return kind


def _leave_blank(draw: _Draw, answers: dict[str, npt.NDArray[np.generic]], population: Population) -> None:
    rng, parameters = draw.rng, draw.parameters
    consent = {
        str(rule.options["item"]): float(str(rule.options["code"]))
        for rule in population.screening
        if rule.kind == "consent"
    }
    refuses = rng.random(draw.n) < parameters.refusals if consent else np.zeros(draw.n, dtype=bool)
    for item in draw.questionnaire.items:
        if item.id in consent:
            others = [code for code in item.scale.codes if code != consent[item.id]] if item.scale else []
            # a form that offers no other answer is left blank by those who refuse
            refusal = float(others[0]) if others else np.nan
            answers[item.id] = np.where(refuses, refusal, consent[item.id])
            continue
        may_skip = item.source == "respondent" and not item.required and item.kind in ("single", "number")
        skips = rng.random(draw.n) < (parameters.missing if may_skip else 0.0)
        for column in item.columns:
            kept = answers[column].copy()
            np.putmask(
                kept, skips | refuses, np.array(None if item.kind == "text" else np.nan, dtype=kept.dtype)
            )
            answers[column] = kept


def _metadata(population: Population, n: int, seconds: Array, rng: np.random.Generator) -> pd.DataFrame:
    width = max(4, len(str(n)))
    letter = population.id[0].upper()
    taken = np.round(seconds).clip(min=5)
    started = START + pd.to_timedelta(np.sort(rng.integers(0, 14 * 86400, n)), unit="s")
    return pd.DataFrame(
        {
            "respondent": [f"{letter}{i:0{width}d}" for i in range(1, n + 1)],
            "row": np.arange(2, n + 2),
            "seconds": taken,
            "started_at": started,
            "submitted_at": started + pd.to_timedelta(taken, unit="s"),
        }
    )


def write_exports(
    responses: Mapping[str, Responses],
    folder: Path | str,
    *,
    language: str = "zh",
    answers: Literal["codes", "labels"] = "labels",
) -> dict[str, Path]:
    """Write one CSV per population, as a survey platform would, in UTF-8 with a byte order mark.

    Headers are item ids, option columns of multiple-response items ``ITEM_CODE`` with 1 and 0;
    closed answers are codes or the labels of ``language``. Simulated answers carry a column
    ``synthetic``.

    Raises
    ------
    ValueError
        If ``answers`` is no such word, or a questionnaire is not written in ``language``.
    """
    if answers not in ("codes", "labels"):
        raise ValueError(f"answers: `{answers}` is neither codes nor labels")
    for id_, given in responses.items():
        if answers == "labels" and language not in given.questionnaire.languages:
            known = ", ".join(given.questionnaire.languages)
            raise ValueError(f"language: {id_} is written in {known}, not in `{language}`")
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    paths = {}
    for id_, given in responses.items():
        marker = ".synthetic" if given.synthetic else ""
        path = target / f"{id_}{marker}.csv"
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        columns = _export_columns(given, language, answers)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        temporary = path.with_suffix(".part")
        temporary.write_bytes(text.getvalue().encode("utf-8-sig"))
        temporary.replace(path)
        paths[id_] = path
    return paths


def _export_columns(given: Responses, language: str, answers: str) -> dict[str, list[str]]:
    metadata = given.metadata
    columns = {"respondent": [neutralised(str(value)) for value in metadata["respondent"]]}
    for name in ("started_at", "submitted_at"):
        if name in metadata:
            columns[name] = [f"{value:%Y-%m-%d %H:%M:%S}" for value in metadata[name]]
    if "seconds" in metadata:
        columns["seconds"] = ["" if pd.isna(value) else f"{value:g}" for value in metadata["seconds"]]
    if given.synthetic:
        columns["synthetic"] = [SYNTHETIC] * given.n
    for item in given.questionnaire.items:
        for column in item.columns:
            if column not in given.answers:
                continue
            cells = given.answers[column]
            if item.kind == "text":
                columns[column] = ["" if pd.isna(cell) else neutralised(str(cell)) for cell in cells]
            elif item.kind == "single" and answers == "labels" and item.scale is not None:
                written = {float(o.code): neutralised(o.label[language]) for o in item.scale.options}
                columns[column] = ["" if pd.isna(cell) else written[float(cell)] for cell in cells]
            else:
                columns[column] = ["" if pd.isna(cell) else f"{cell:.12g}" for cell in cells]
    return columns
