"""What can be wrong with the quotas that a study declares, beyond their form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from surveys.errors import Fault
from surveys.file_faults import fault_at, unknown_name
from surveys.questionnaire import Questionnaire
from surveys.yaml_lines import Place, YamlFile

ROUNDED = 1e-3  #: shares such as 0.333 are meant to add up to 1


def quota_faults(file: YamlFile, population: str, body: Any, questionnaire: Questionnaire) -> Iterator[Fault]:
    """Items that cannot have quotas, codes that they do not have, shares that do not add up."""
    closed = {item.id: item for item in questionnaire.items if item.kind == "single" and item.scale}
    for name, shares in body.get("quotas", {}).items():
        place: Place = ("populations", population, "quotas", name)
        scale = closed[name].scale if name in closed else None
        if scale is None:
            yield unknown_name(file, place, name, "an item of kind single", closed)
            continue
        known = {str(code) for code in scale.codes}
        unknown = [str(code) for code in shares if str(code) not in known]
        if unknown:
            yield fault_at(
                file,
                place,
                f"the code {', '.join(unknown)}",
                f"codes of {name}: {', '.join(str(code) for code in scale.codes)}",
                "Correct the codes; a category without a quota is left out.",
            )
        if abs(sum(shares.values()) - 1) > ROUNDED:
            yield fault_at(
                file,
                place,
                f"shares that add up to {sum(shares.values()):g}",
                "1",
                "Correct the shares; they are those of the whole population.",
            )
