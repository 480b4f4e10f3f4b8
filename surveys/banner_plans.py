"""Banner tables as a study file declares them, and what can be wrong with such a declaration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from surveys.errors import Fault
from surveys.file_faults import fault_at, unknown_name
from surveys.questionnaire import Questionnaire
from surveys.study import BannerPlan
from surveys.yaml_lines import Place, YamlFile


def banner_plans(declared: list[Any]) -> tuple[BannerPlan, ...]:
    """The banners of one population."""
    return tuple(
        BannerPlan(
            id=body["id"],
            title=body.get("title"),
            rows=tuple(body["rows"]),
            columns=tuple(
                (span,) if isinstance(span, str) else tuple(str(name) for name in span)
                for span in body["columns"]
            ),
            levels=tuple(float(level) for level in body.get("levels", (0.05, 0.1))),
            correction=body.get("correction", "holm"),
            minimum_base=body.get("minimum_base", 30),
            every_answer=body.get("every_answer", False),
        )
        for body in declared
    )


def banner_faults(
    file: YamlFile, declared: list[Any], place: Place, questionnaire: Questionnaire
) -> Iterator[Fault]:
    """Names that stand for nothing, spans that cannot be nested, levels out of order."""
    kinds = {item.id: item.kind for item in questionnaire.items}
    rows = {id_ for id_, kind in kinds.items() if kind in ("single", "multiple", "number")}
    rows |= {construct.id for construct in questionnaire.constructs}
    columns = {id_ for id_, kind in kinds.items() if kind in ("single", "multiple")}
    seen: set[str] = set()
    for b, body in enumerate(declared):
        at: Place = (*place, b)
        if body["id"] in seen:
            yield fault_at(
                file, (*at, "id"), f"`{body['id']}` again", "every id once", "Rename one of the two."
            )
        seen.add(body["id"])
        for r, name in enumerate(body["rows"]):
            if name not in rows:
                yield unknown_name(
                    file, (*at, "rows", r), name, "a construct, or an item of one or several answers", rows
                )
        for s, span in enumerate(body["columns"]):
            names = [span] if isinstance(span, str) else span
            for name in names:
                if name not in columns:
                    yield unknown_name(
                        file, (*at, "columns", s), name, "an item of kind single or multiple", columns
                    )
                elif len(names) > 1 and kinds[name] == "multiple":
                    yield fault_at(
                        file,
                        (*at, "columns", s),
                        f"`{name}`, whose options overlap, within other groups",
                        "items of one answer where groups are nested",
                        f"Give `{name}` columns of its own.",
                    )
        levels = body.get("levels", [0.05, 0.1])
        if levels != sorted(levels):
            yield fault_at(
                file, (*at, "levels"), f"levels {levels}", "the strict level first", "Swap the two levels."
            )
