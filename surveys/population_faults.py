"""What can be wrong with a population file beyond its form: names, roles, shares, thresholds, variances.

A parameter that would change nothing, or that could not be true, is a fault: it would leave its
author believing in a population that was never drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from surveys.errors import Fault
from surveys.file_faults import fault_at, unknown_name
from surveys.questionnaire import Item, Questionnaire
from surveys.study import Study
from surveys.yaml_lines import Place, YamlFile

KINDS = {"rated": "single", "shares": "single", "multiple": "multiple", "numbers": "number"}
ROUNDED = 1e-6  #: shares such as 0.333333 are meant to add up to 1


def not_finite(file: YamlFile) -> Iterator[Fault]:
    """YAML can write numbers that are none: ``.nan`` and ``.inf``."""

    def walk(value: Any, place: Place) -> Iterator[Fault]:
        if isinstance(value, float) and not math.isfinite(value):
            yield fault_at(
                file, place, str(value), "a finite number", "Write a number, or leave the line out."
            )
        children: Iterable[tuple[str | int, Any]] = ()
        if isinstance(value, dict):
            children = value.items()
        elif isinstance(value, list):
            children = enumerate(value)
        for key, child in children:
            yield from walk(child, (*place, key))

    yield from walk(file.value, ())


def population_faults(file: YamlFile, id_: str, body: Any, study: Study) -> Iterator[Fault]:
    """Everything in one population that does not fit the study's questionnaire."""
    place: Place = ("populations", id_)
    if id_ not in study.populations:
        yield unknown_name(file, place, id_, "a population of the study", study.populations)
        return
    questionnaire = study.populations[id_].questionnaire
    yield from _construct_faults(file, place, body, questionnaire)
    yield from _group_faults(file, place, body, questionnaire)
    yield from _role_faults(file, place, body, questionnaire)
    yield from _option_faults(file, place, body, questionnaire)
    yield from _threshold_faults(file, place, body, questionnaire)
    yield from _share_faults(file, place, body, questionnaire)
    yield from _number_faults(file, place, body, questionnaire)
    yield from _variance_faults(file, place, body)


def unknown_causes(body: Any) -> bool:
    """Whether a construct depends on something that is no construct of the file."""
    return any(
        cause not in body["constructs"]
        for entry in body["constructs"].values()
        for cause in (entry or {}).get("on", {})
    )


def _construct_faults(
    file: YamlFile, place: Place, body: Any, questionnaire: Questionnaire
) -> Iterator[Fault]:
    constructs = {construct.id for construct in questionnaire.constructs}
    for name in body["constructs"]:
        if name not in constructs:
            yield unknown_name(file, (*place, "constructs", name), name, "a construct", constructs)
    for name in sorted(constructs - set(body["constructs"])):
        yield fault_at(
            file,
            (*place, "constructs"),
            f"nothing on `{name}`",
            "every construct of the questionnaire",
            f"Add `{name}: {{}}`.",
        )
    for at, entry in _weighted(body):
        for cause in entry.get("on", {}):
            if cause not in body["constructs"]:
                yield unknown_name(file, (*place, *at, "on", cause), cause, "a construct", body["constructs"])


def _weighted(body: Any) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Every entry that may depend on constructs, with its place in the population."""
    for role in ("constructs", "rated", "numbers"):
        for name, entry in body.get(role, {}).items():
            yield (role, name), entry or {}
    for name, options in body.get("multiple", {}).items():
        for code, entry in options.items():
            yield ("multiple", name, code), entry


def _group_faults(file: YamlFile, place: Place, body: Any, questionnaire: Questionnaire) -> Iterator[Fault]:
    items = {item.id: item for item in questionnaire.items}
    for role, kind in (("tiers", "single"), ("clusters", "number")):
        name = body.get(role, {}).get("item")
        if name is not None and (name not in items or items[name].kind != kind):
            yield unknown_name(file, (*place, role, "item"), name, f"an item of kind {kind}", items)


def _role_faults(file: YamlFile, place: Place, body: Any, questionnaire: Questionnaire) -> Iterator[Fault]:
    """An item's answers come from one place only; a second one would change nothing."""
    items = {item.id: item for item in questionnaire.items}
    taken = {name: f"an item of the construct `{c.id}`" for c in questionnaire.constructs for name in c.items}
    taken |= {item.id: "an attention check" for item in items.values() if item.attention is not None}
    taken |= {body[role]["item"]: f"the item of `{role}`" for role in ("tiers", "clusters") if role in body}
    for role, kind in KINDS.items():
        for name in body.get(role, {}):
            at = (*place, role, name)
            if name not in items or items[name].kind != kind:
                yield unknown_name(file, at, name, f"an item of kind {kind}", items)
            elif name in taken:
                yield fault_at(
                    file,
                    at,
                    f"`{name}`, which is {taken[name]}",
                    "an item whose answers come from nowhere else",
                    "Remove this entry: it would change nothing.",
                )
            else:
                taken[name] = f"already under `{role}`"


def _option_faults(file: YamlFile, place: Place, body: Any, questionnaire: Questionnaire) -> Iterator[Fault]:
    for name, options in body.get("multiple", {}).items():
        scale = _scale_of(questionnaire, name)
        codes = {str(code) for code in scale.codes} if scale is not None else set()
        for code in options:
            if codes and code not in codes:
                yield fault_at(
                    file,
                    (*place, "multiple", name, code),
                    f"option {code}",
                    f"one of {', '.join(sorted(codes, key=int))}",
                    "Correct the code, or declare the option in the questionnaire.",
                )


def _threshold_faults(
    file: YamlFile, place: Place, body: Any, questionnaire: Questionnaire
) -> Iterator[Fault]:
    for name, cuts in body["thresholds"].items():
        scale = questionnaire.scales.get(name)
        if scale is None:
            yield unknown_name(file, (*place, "thresholds", name), name, "a scale", questionnaire.scales)
        elif len(cuts) != len(scale.codes) - 1 or sorted(set(cuts)) != cuts:
            yield fault_at(
                file,
                (*place, "thresholds", name),
                str(cuts),
                f"{len(scale.codes) - 1} rising numbers, one between each two points of the scale",
                "Add or remove thresholds, or sort them.",
            )
    measured = {name for construct in questionnaire.constructs for name in construct.items}
    needed = {
        scale.id: name
        for name in sorted(measured | set(body.get("rated", {})), reverse=True)
        if (scale := _scale_of(questionnaire, name)) is not None
    }
    for scale_id, name in sorted(needed.items()):
        if scale_id not in body["thresholds"]:
            yield fault_at(
                file,
                (*place, "thresholds"),
                f"nothing on the scale `{scale_id}`, on which `{name}` is answered",
                "thresholds for every scale of a construct's item or a rating",
                f"Add `{scale_id}: [...]`.",
            )


def _share_faults(file: YamlFile, place: Place, body: Any, questionnaire: Questionnaire) -> Iterator[Fault]:
    stated: dict[Place, tuple[str, list[float]]] = {
        ("shares", name): (name, values) for name, values in body.get("shares", {}).items()
    }
    if "tiers" in body:
        stated["tiers", "shares"] = (body["tiers"]["item"], body["tiers"]["shares"])
    for at, (name, values) in stated.items():
        scale = _scale_of(questionnaire, name)
        if scale is not None and (len(values) != len(scale.codes) or abs(sum(values) - 1) > ROUNDED):
            yield fault_at(
                file,
                (*place, *at),
                f"{len(values)} shares that add up to {sum(values):g}",
                f"{len(scale.codes)} shares that add up to 1",
                "Correct the shares.",
            )


def _number_faults(file: YamlFile, place: Place, body: Any, questionnaire: Questionnaire) -> Iterator[Fault]:
    for name, entry in body.get("numbers", {}).items():
        if not questionnaire.has_item(name):
            continue
        item = questionnaire.item(name)
        low = entry.get("low", 0.0 if entry.get("log") else -math.inf)
        high = entry.get("high", math.inf)
        if low >= high:
            yield fault_at(
                file,
                (*place, "numbers", name),
                f"low {low:g} and high {high:g}",
                "low below high",
                "Correct one of them.",
            )
        elif not _within(item, low, high):
            yield fault_at(
                file,
                (*place, "numbers", name),
                f"numbers from {_bound(low)} to {_bound(high)}",
                f"numbers that the item takes, from {_bound(item.low)} to {_bound(item.high)}",
                "State `low` and `high` within them.",
            )


def _within(item: Item, low: float, high: float) -> bool:
    return (item.low is None or low >= item.low) and (item.high is None or high <= item.high)


def _bound(value: float | None) -> str:
    return "no limit" if value is None or math.isinf(value) else f"{value:g}"


def _variance_faults(file: YamlFile, place: Place, body: Any) -> Iterator[Fault]:
    """The squares of the weights of a rating or number must leave room within its variance of 1."""
    for role, extra in (("rated", "common"), ("numbers", "wealth")):
        for name, entry in body.get(role, {}).items():
            weights = [*entry.get("on", {}).values(), entry.get(extra, 0.0)]
            squares = sum(weight * weight for weight in weights)
            if squares > 1 + ROUNDED:
                yield fault_at(
                    file,
                    (*place, role, name),
                    f"weights (`on`, `{extra}`) whose squares add up to {squares:.2f}",
                    "at most 1",
                    "Lower the weights.",
                )


def _scale_of(questionnaire: Questionnaire, name: str) -> Any:
    return questionnaire.item(name).scale if questionnaire.has_item(name) else None
