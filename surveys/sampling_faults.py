"""What no schema can see of a declared sampling design: names, codes, shares that do not add up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from surveys.errors import Fault
from surveys.file_faults import fault_at, unknown_name
from surveys.questionnaire import Item
from surveys.yaml_lines import Place, YamlFile


def sampling_faults(file: YamlFile, place: Place, body: Any, items: Mapping[str, Item]) -> Iterator[Fault]:
    """Faults of `cluster`, `strata`, `population_sizes`, `rake_to` and `trim` of one population.

    Parameters
    ----------
    place : tuple
        Of the population in the file.
    body : mapping
        The population as written.
    items : mapping of id to Item
        Of its questionnaire.
    """
    for role in ("cluster", "strata"):
        for at, name in _written((*place, role), body.get(role)):
            if name not in items or items[name].kind not in ("single", "number"):
                yield unknown_name(file, at, name, "an item of kind single or number", items)
    yield from _sizes(file, place, body, items)
    yield from _margins(file, (*place, "rake_to"), body.get("rake_to", {}), items)
    if "trim" in body:
        yield from _trim(file, place, body)


def _written(place: Place, value: Any) -> Iterator[tuple[Place, Any]]:
    """Entries of one value or a list, with their places."""
    if isinstance(value, list):
        for k, entry in enumerate(value):
            yield (*place, k), entry
    elif value is not None:
        yield place, value


def _sizes(file: YamlFile, place: Place, body: Any, items: Mapping[str, Item]) -> Iterator[Fault]:
    given = list(_written((*place, "population_sizes"), body.get("population_sizes")))
    clusters = list(_written(place, body.get("cluster")))
    if len(given) > max(1, len(clusters)):
        yield fault_at(
            file,
            (*place, "population_sizes"),
            f"sizes of {len(given)} stages for {len(clusters)} stages of clusters",
            "one size a stage of the drawing",
            "Name the second cluster, or leave the second size out.",
        )
    strata = list(_written((*place, "strata"), body.get("strata")))
    for stage, (at, size) in enumerate(given):
        if isinstance(size, str) and (size not in items or items[size].kind != "number"):
            yield unknown_name(file, at, size, "an item of kind number, a number, or one per stratum", items)
        if isinstance(size, dict):
            if stage > 0 or len(strata) != 1:
                yield fault_at(
                    file,
                    at,
                    f"sizes by code for stage {stage + 1} and {len(strata)} items of strata",
                    "sizes by code for the first stage and one item of strata",
                    "Give the sizes as a number item of the answers.",
                )
                continue
            stratum = items.get(strata[0][1])
            if stratum is not None and stratum.scale is not None:
                yield from _codes(file, at, size, stratum)


def _margins(file: YamlFile, place: Place, margins: Any, items: Mapping[str, Item]) -> Iterator[Fault]:
    for name, shares in margins.items():
        at = (*place, name)
        item = items.get(name)
        if item is None or item.kind != "single" or item.scale is None:
            yield unknown_name(file, at, name, "an item of kind single", items)
            continue
        yield from _codes(file, at, shares, item)
        total = sum(shares.values())
        if abs(total - 1) > 1e-6:
            yield fault_at(
                file,
                at,
                f"shares that add up to {total:g}",
                "shares of the population that add up to 1",
                "Correct the shares.",
            )


def _codes(file: YamlFile, place: Place, given: Mapping[str, float], item: Item) -> Iterator[Fault]:
    codes = [] if item.scale is None else [str(code) for code in item.scale.codes]
    strange = [code for code in given if code not in codes]
    lacking = [code for code in codes if code not in given]
    for code in strange:
        yield fault_at(
            file,
            (*place, code),
            f"the code {code}",
            f"a code of {item.id}: {', '.join(codes)}",
            "Correct the code.",
        )
    if lacking:
        yield fault_at(
            file,
            place,
            f"nothing for the code {', '.join(lacking)} of {item.id}",
            "a number for every code",
            "Add the code; a code that nobody has gets 0.",
        )


def _trim(file: YamlFile, place: Place, body: Any) -> Iterator[Fault]:
    low, high = body["trim"]
    if "rake_to" not in body:
        yield fault_at(
            file,
            (*place, "trim"),
            "bounds of weights without margins to rake to",
            "`rake_to` beside `trim`",
            "Add the margins, or trim the weights before the study reads them.",
        )
    if not 0 <= low < 1 < high:
        yield fault_at(
            file,
            (*place, "trim"),
            f"bounds {low:g} and {high:g}",
            "a bound below and one above the mean weight, which is 1",
            "Write for example `trim: [0.3, 3]`.",
        )
