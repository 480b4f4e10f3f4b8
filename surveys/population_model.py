"""Parameters of a simulated population: what is true before anybody is asked.

The file format is ``schema/population.schema.json``; ``docs/simulation.md`` states the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from surveys.errors import StudyFileError
from surveys.file_faults import fault_at
from surveys.population_faults import not_finite, population_faults, unknown_causes
from surveys.schema_faults import schema_faults
from surveys.study import Study
from surveys.yaml_lines import Place, YamlFile, read_yaml

Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentParameters:
    """One construct: its mean, what shifts it, and how firmly its items hang on it."""

    mean: float = 0.0
    tier: float = 0.0  #: shift per standard deviation of the tier order
    wealth: float = 0.0  #: shift per standard deviation of wealth within the population
    on: Weights = field(default_factory=dict)  #: coefficients of other constructs
    loading: float | None = None
    residual_variance: float = 1.0  #: makes the variance within tiers 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedParameters:
    """A single rated item."""

    mean: float = 0.0
    tier: float = 0.0
    on: Weights = field(default_factory=dict)
    common: float = 0.0  #: weight of the tendency that a person's ratings of one matrix share


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionParameters:
    """One option of a multiple-response item."""

    share: float
    tier: float = 0.0
    on: Weights = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberParameters:
    """A number, mostly of the account records."""

    mean: float
    sd: float
    wealth: float = 0.0
    on: Weights = field(default_factory=dict)
    log: bool = False  #: mean and sd are those of the logarithm
    decimals: int = 0
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationParameters:
    """Everything that is true of one population."""

    n: int
    loading: float
    thresholds: Mapping[str, tuple[float, ...]]
    constructs: Mapping[str, LatentParameters]  #: in the order of causes
    median_seconds: float
    log_sd_seconds: float
    exogenous_correlation: float = 0.0
    item_spread: float = 0.0
    tier_item: str | None = None
    tier_shares: tuple[float, ...] = ()
    cluster_item: str | None = None
    cluster_count: int = 0
    icc: float = 0.0
    rated: Mapping[str, RatedParameters] = field(default_factory=dict)
    shares: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    multiple: Mapping[str, Mapping[int, OptionParameters]] = field(default_factory=dict)
    numbers: Mapping[str, NumberParameters] = field(default_factory=dict)
    comments: tuple[Mapping[str, str], ...] = ()
    comment_share: float = 0.0
    missing: float = 0.0
    refusals: float = 0.0
    careless: float = 0.0
    careless_straight: float = 0.0
    careless_fails_attention: float = 0.0
    careless_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationModel:
    """A population model of a study."""

    name: str
    title: Mapping[str, str]
    populations: Mapping[str, PopulationParameters]


def load_population_model(name: Path | str, study: Study) -> PopulationModel:
    """Read a parameter file.

    Parameters
    ----------
    name : path or str
        A file, or the name of one in the study's ``populations`` folder (``"claims_hold"``).

    Raises
    ------
    StudyFileError
        With every fault: of form; of names the questionnaires do not have; of parameters that
        would change nothing; of coefficients that leave no variance of its own.

    Examples
    --------
    >>> model = load_population_model("no_effect", Study.load("bank_tiering"))
    >>> model.populations["customers"].n
    800
    """
    path = Path(name)
    if not path.suffix and study.folder is not None:
        path = study.folder / "populations" / f"{name}.yaml"
    file = read_yaml(path)
    faults = schema_faults(file, "population")
    if faults:
        raise StudyFileError(faults)
    faults = list(not_finite(file))
    if faults:
        raise StudyFileError(faults)
    data: Any = file.value
    populations = {}
    for id_, body in data["populations"].items():
        faults.extend(population_faults(file, id_, body, study))
        if unknown_causes(body):
            continue  # said above; the order of causes cannot be told without them
        try:
            populations[id_] = _population(file, id_, body)
        except StudyFileError as error:
            faults.extend(error.faults)
    if faults:
        raise StudyFileError(faults)
    return PopulationModel(name=path.stem, title=data["title"], populations=populations)


def _population(file: YamlFile, id_: str, body: Any) -> PopulationParameters:
    careless, tiers, clusters = body.get("careless", {}), body.get("tiers", {}), body.get("clusters", {})
    constructs = _solved(file, id_, body)
    return PopulationParameters(
        n=body["n"],
        loading=body["loading"],
        thresholds={name: tuple(cuts) for name, cuts in body["thresholds"].items()},
        constructs=constructs,
        median_seconds=body["seconds"]["median"],
        log_sd_seconds=body["seconds"]["log_sd"],
        exogenous_correlation=body.get("exogenous_correlation", 0.0),
        item_spread=body.get("item_spread", 0.0),
        tier_item=tiers.get("item"),
        tier_shares=tuple(tiers.get("shares", ())),
        cluster_item=clusters.get("item"),
        cluster_count=clusters.get("count", 0),
        icc=clusters.get("icc", 0.0),
        rated={name: RatedParameters(**entry) for name, entry in body.get("rated", {}).items()},
        shares={name: tuple(values) for name, values in body.get("shares", {}).items()},
        multiple={
            name: {int(code): OptionParameters(**entry) for code, entry in options.items()}
            for name, options in body.get("multiple", {}).items()
        },
        numbers={name: NumberParameters(**entry) for name, entry in body.get("numbers", {}).items()},
        comments=tuple(body.get("comments", ())),
        comment_share=body.get("comment_share", 0.0),
        missing=body.get("missing", 0.0),
        refusals=body.get("refusals", 0.0),
        careless=careless.get("share", 0.0),
        careless_straight=careless.get("straight", 0.0),
        careless_fails_attention=careless.get("fails_attention", 0.0),
        careless_seconds=careless.get("seconds", 60.0),
    )


def _solved(file: YamlFile, id_: str, body: Any) -> dict[str, LatentParameters]:
    """Constructs in the order of causes, with the residual variances that make variances 1."""
    place: Place = ("populations", id_, "constructs")
    waiting = {name: entry or {} for name, entry in body["constructs"].items()}
    order: list[str] = []
    while waiting:
        ready = [name for name, entry in waiting.items() if set(entry.get("on", {})) <= set(order)]
        if not ready:
            raise StudyFileError(
                fault_at(
                    file,
                    place,
                    f"a circle among {', '.join(waiting)}",
                    "every construct after those it depends on",
                    "Remove one of the arrows.",
                )
            )
        order.extend(ready)
        for name in ready:
            waiting.pop(name)
    entries = body["constructs"]
    index = {name: i for i, name in enumerate(order)}
    covariance = np.zeros((len(order), len(order)))
    residual: dict[str, float] = {}
    faults = []
    for i, name in enumerate(order):
        on = (entries[name] or {}).get("on", {})
        if not on:
            # constructs without causes come first in the order, so all before it are exogenous too
            covariance[i, :i] = covariance[:i, i] = body.get("exogenous_correlation", 0.0)
            covariance[i, i], residual[name] = 1.0, 1.0
            continue
        weights = np.zeros(len(order))
        for source, b in on.items():
            weights[index[source]] = b
        explained = float(weights @ covariance @ weights)
        if explained >= 1:
            faults.append(
                fault_at(
                    file,
                    (*place, name),
                    f"coefficients that explain {explained:.2f} of the variance",
                    "less than 1",
                    "Lower the coefficients.",
                )
            )
        covariance[i, :i] = covariance[:i, i] = (covariance @ weights)[:i]
        covariance[i, i], residual[name] = 1.0, max(1 - explained, 0.0)
    if faults:
        raise StudyFileError(faults)
    return {
        name: LatentParameters(**(entries[name] or {}), residual_variance=residual[name]) for name in order
    }
