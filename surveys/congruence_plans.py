"""Two views of one matter and an outcome, as a study file declares them, and what can be wrong with that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from surveys.errors import Fault
from surveys.file_faults import fault_at, unknown_name
from surveys.questionnaire import Questionnaire, Scale
from surveys.study import CongruencePlan
from surveys.yaml_lines import Place, YamlFile


def congruence_plans(declared: list[Any]) -> tuple[CongruencePlan, ...]:
    """The pairs of views of one population."""
    return tuple(
        CongruencePlan(first=body["first"], second=body["second"], outcome=body["outcome"])
        for body in declared
    )


def congruence_faults(
    file: YamlFile, declared: list[Any], place: Place, questionnaire: Questionnaire
) -> Iterator[Fault]:
    """Names that stand for nothing, views that are not two on one ordered scale, a pair declared twice."""
    views = {c.id for c in questionnaire.constructs}
    views |= {item.id for item in questionnaire.items if item.kind == "single"}
    outcomes = views | {item.id for item in questionnaire.items if item.kind == "number"}
    everything = [*(c.id for c in questionnaire.constructs), *(item.id for item in questionnaire.items)]
    seen: set[tuple[str, ...]] = set()
    for p, body in enumerate(declared):
        at: Place = (*place, p)
        unknown = False
        for role, known, what in (
            ("first", views, "a construct or an item of kind single"),
            ("second", views, "a construct or an item of kind single"),
            ("outcome", outcomes, "a construct, or an item of kind single or number"),
        ):
            if body[role] not in known:
                unknown = True
                yield unknown_name(file, (*at, role), body[role], what, everything)
        names = (body["first"], body["second"], body["outcome"])
        if len(set(names)) < 3:
            again = next(name for name in names if names.count(name) > 1)
            yield fault_at(file, at, f"`{again}` twice", "three different names", "Name another variable.")
        elif names in seen:
            yield fault_at(
                file, at, "the same three names as above", "every pair once", "Delete one of the two."
            )
        seen.add(names)
        if not unknown:
            yield from _scale_faults(file, at, body, questionnaire)


def _scale_faults(file: YamlFile, at: Place, body: Any, questionnaire: Questionnaire) -> Iterator[Fault]:
    scales = {role: _scales(questionnaire, body[role]) for role in ("first", "second", "outcome")}
    of_views = {**scales["first"], **scales["second"]}
    if len(of_views) > 1:
        yield fault_at(
            file,
            at,
            f"views with the scales {' and '.join(of_views)}",
            "two views on one scale",
            "Agreement has no meaning between different scales; name views that share one.",
        )
    for role, found in scales.items():
        unordered = [id_ for id_, scale in found.items() if not scale.ordered]
        if unordered:
            yield fault_at(
                file,
                (*at, role),
                f"`{body[role]}` with the scale {' and '.join(unordered)}, which has no order",
                "an ordered scale",
                "Declare the scale `ordered: true`, or name another variable.",
            )


def _scales(questionnaire: Questionnaire, name: str) -> dict[str, Scale]:
    """The scales of an item, or of all items of a construct, by id."""
    items = questionnaire.construct(name).items if questionnaire.has_construct(name) else (name,)
    found = (questionnaire.item(item).scale for item in items)
    return {scale.id: scale for scale in found if scale is not None}
