"""What can be wrong with the items in which respondents say how much each driver matters to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from surveys.errors import Fault
from surveys.file_faults import fault_at, unknown_name
from surveys.questionnaire import Questionnaire, Scale
from surveys.yaml_lines import Place, YamlFile


def stated_faults(file: YamlFile, test: Any, place: Place, questionnaire: Questionnaire) -> Iterator[Fault]:
    """Not one item for each predictor, something that is no such item, several scales, no order."""
    if "stated" not in test:
        return
    stated, predictors = test["stated"], test["predictors"]
    drivers = predictors if isinstance(predictors, list) else [predictors]
    if len(stated) != len(drivers):
        yield fault_at(
            file,
            (*place, "stated"),
            f"{len(stated)} items for {len(drivers)} predictors",
            "one item for each predictor, in their order",
            f"Name the item that asks how much each of {', '.join(drivers)} matters.",
        )
    known = [item.id for item in questionnaire.items]
    items = {item.id: item for item in questionnaire.items if item.kind == "single"}
    scales: dict[str, Scale] = {}
    for k, name in enumerate(stated):
        at: Place = (*place, "stated", k)
        if name not in items:
            yield unknown_name(file, at, name, "an item of kind single", known)
        elif name in (*drivers, test["outcome"]):
            yield fault_at(
                file,
                at,
                f"`{name}`, which the test itself uses",
                "an item in which respondents say how much a predictor matters",
                "Name another item, or leave out `stated`.",
            )
        else:
            scale = items[name].scale
            scales |= {} if scale is None else {scale.id: scale}
    if len(scales) > 1:
        yield fault_at(
            file,
            (*place, "stated"),
            f"items with the scales {' and '.join(scales)}",
            "items with one scale",
            "Ranks by different scales cannot be compared; ask for all on one.",
        )
    for id_, scale in scales.items():
        if not scale.ordered:
            yield fault_at(
                file,
                (*place, "stated"),
                f"the scale {id_}, which has no order",
                "an ordered scale, more being more important",
                "Declare the scale `ordered: true`, or leave out `stated`.",
            )
