"""Reads one questionnaire file, or says everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from surveys.errors import Fault, StudyFileError
from surveys.file_faults import fault_at, language_faults, sha256_of, unknown_name
from surveys.questionnaire import Construct, Item, Option, Questionnaire, Scale, Section
from surveys.schema_faults import schema_faults
from surveys.yaml_lines import Place, YamlFile, read_yaml


def load_questionnaire(path: Path | str) -> Questionnaire:
    """Read one questionnaire file; ``StudyFileError`` lists all its faults."""
    return read_questionnaire(Path(path))[0]


def read_questionnaire(path: Path) -> tuple[Questionnaire, str]:
    file = read_yaml(path)
    faults = schema_faults(file, "questionnaire")
    if faults:
        raise StudyFileError(faults)
    data: Any = file.value
    faults = [*_questionnaire_faults(file, data), *language_faults(file, data["languages"])]
    if faults:
        raise StudyFileError(faults)
    scales = {id_: _scale(id_, body, data["languages"]) for id_, body in data.get("scales", {}).items()}
    items: list[Item] = []
    matrices: dict[str, Mapping[str, str]] = {}
    for section in data["sections"]:
        for body in section["items"]:
            if body.get("kind") == "matrix":
                matrices[body["id"]] = body["text"]
            items.extend(_items(body, section["id"], scales))
    questionnaire = Questionnaire(
        id=data["id"],
        title=data["title"],
        languages=tuple(data["languages"]),
        sections=tuple(Section(id=s["id"], title=s["title"]) for s in data["sections"]),
        scales=scales,
        items=tuple(items),
        constructs=tuple(_construct(body) for body in data.get("constructs", [])),
        matrices=matrices,
        references=data.get("references", {}),
        respondent_id=tuple(data.get("respondent_id", ["respondent"])),
        metadata={role: tuple(names) for role, names in data.get("metadata", {}).items()},
        ignored_columns=tuple(data.get("ignored_columns", [])),
    )
    return questionnaire, sha256_of(file.raw)


def _scale(id_: str, body: Any, languages: list[str]) -> Scale:
    if "numeric" in body:
        low, high = body["numeric"]
        labels = {code: {language: str(code) for language in languages} for code in range(low, high + 1)}
        ends = body.get("ends")
        if ends:
            for code, text in ((low, ends["low"]), (high, ends["high"])):
                labels[code] = {language: f"{code} {text[language]}" for language in languages}
        options = tuple(
            Option(code=code, label=label, aliases=(str(code),)) for code, label in labels.items()
        )
    else:
        options = tuple(_option(code, label) for code, label in body["options"].items())
    return Scale(
        id=id_,
        options=options,
        ordered=body.get("ordered", True),
        interval=body.get("interval", body.get("ordered", True)),
        missing_codes=tuple(_option(code, label) for code, label in body.get("missing", {}).items()),
    )


def _option(code: str, body: Mapping[str, Any]) -> Option:
    label = {key: text for key, text in body.items() if key != "aliases"}
    return Option(code=int(code), label=label, aliases=tuple(body.get("aliases", [])))


def _items(body: Any, section: str, scales: Mapping[str, Scale]) -> Iterator[Item]:
    scale = scales[body["scale"]] if "scale" in body else None
    if body.get("kind") == "matrix":
        for row in body["rows"]:
            yield Item(
                id=row["id"],
                kind="single",
                text=row["text"],
                section=section,
                scale=scale,
                reverse_keyed=row.get("reverse_keyed", False),
                required=row.get("required", body.get("required", False)),
                source=body.get("source", "respondent"),
                matrix=body["id"],
                attention=row.get("attention"),
                show_if=body.get("show_if"),
            )
        return
    yield Item(
        id=body["id"],
        kind=body.get("kind", "single"),
        text=body["text"],
        section=section,
        scale=scale,
        reverse_keyed=body.get("reverse_keyed", False),
        required=body.get("required", False),
        source=body.get("source", "respondent"),
        attention=body.get("attention"),
        low=body.get("low"),
        high=body.get("high"),
        open_option=body.get("open_option"),
        show_if=body.get("show_if"),
        identifying=body.get("identifying", False),
    )


def _construct(body: Any) -> Construct:
    return Construct(
        id=body["id"],
        label=body["label"],
        items=tuple(body["items"]),
        source=body.get("source", ""),
        valid_share=float(body.get("valid_share", 0.5)),
        short=body.get("short"),
    )


def _questionnaire_faults(file: YamlFile, data: Any) -> Iterator[Fault]:
    scales = data.get("scales", {})
    seen: dict[str, int] = {}

    def once(id_: str, place: Place) -> Iterator[Fault]:
        if id_.upper() in seen:
            yield fault_at(
                file,
                place,
                f"the id `{id_}` again (first on line {seen[id_.upper()]})",
                "every id once, capitals aside",
                "Give one of the two another id.",
            )
        seen.setdefault(id_.upper(), file.line(place))

    yield from _scale_faults(file, scales)
    columns: set[str] = set()
    conditions: list[tuple[str, Place]] = []
    single: set[str] = set()
    for s, section in enumerate(data["sections"]):
        for i, body in enumerate(section["items"]):
            place: Place = ("sections", s, "items", i)
            yield from once(body["id"], (*place, "id"))
            yield from _item_faults(file, body, place, scales)
            rows = body.get("rows", [])
            for r, row in enumerate(rows):
                yield from once(row["id"], (*place, "rows", r, "id"))
                single.add(row["id"])
                yield from _attention_faults(
                    file, row, (*place, "rows", r), scales.get(body.get("scale", ""))
                )
            if not rows:
                single.add(body["id"])
            kind, scale = body.get("kind", "single"), scales.get(body.get("scale", ""))
            columns |= {row["id"] for row in rows} or {body["id"]}
            if kind in ("multiple", "ranking") and scale:
                columns |= {f"{body['id']}_{code}" for code in _codes(scale)}
            if "show_if" in body:
                conditions.append((body["show_if"], (*place, "show_if")))
    for condition, place in conditions:
        name = condition.split("=")[0].strip()
        if name not in columns:
            yield unknown_name(file, place, name, "an item or option column of this questionnaire", columns)
    for c, construct in enumerate(data.get("constructs", [])):
        yield from once(construct["id"], ("constructs", c, "id"))
        source = construct.get("source")
        if source and source not in data.get("references", {}):
            yield unknown_name(
                file, ("constructs", c, "source"), source, "a key of `references`", data.get("references", {})
            )
        for k, name in enumerate(construct["items"]):
            if name not in single:
                yield unknown_name(file, ("constructs", c, "items", k), name, "an item of one answer", single)


def _codes(scale: Any) -> list[int]:
    if "numeric" in scale:
        return list(range(scale["numeric"][0], scale["numeric"][1] + 1))
    return [int(code) for code in scale["options"]]


def _scale_faults(file: YamlFile, scales: Any) -> Iterator[Fault]:
    for id_, scale in scales.items():
        if "numeric" in scale and not scale["numeric"][0] < scale["numeric"][1] <= scale["numeric"][0] + 1000:
            yield fault_at(
                file,
                ("scales", id_, "numeric"),
                str(scale["numeric"]),
                "the lowest and the highest point, at most 1000 apart",
                "Write [low, high].",
            )
            continue
        codes = _codes(scale)
        for code in scale.get("missing", {}):
            if int(code) in codes:
                yield fault_at(
                    file,
                    ("scales", id_, "missing", code),
                    f"code {code} as an answer and as missing",
                    "every code once",
                    "Use another code for the missing answer.",
                )
        if scale.get("interval") and not scale.get("ordered", True):
            yield fault_at(
                file,
                ("scales", id_, "interval"),
                "interval: true on an unordered scale",
                "ordered: true with interval: true",
                "Remove one of the two.",
            )


def _item_faults(file: YamlFile, body: Any, place: Place, scales: Any) -> Iterator[Fault]:
    kind = body.get("kind", "single")
    needs_scale = kind in ("single", "multiple", "ranking", "matrix")
    if needs_scale and "scale" not in body:
        yield fault_at(file, place, f"{kind} item without a scale", "`scale`", "Add `scale:` here.")
    if not needs_scale and "scale" in body:
        yield fault_at(
            file, (*place, "scale"), f"a scale on a {kind} item", "no `scale`", "Remove it, or change `kind`."
        )
    if "scale" in body and body["scale"] not in scales:
        yield unknown_name(file, (*place, "scale"), body["scale"], "a scale of this questionnaire", scales)
    if kind == "matrix" and "rows" not in body:
        yield fault_at(file, place, "a matrix without rows", "`rows`", "Add its rows.")
    if kind != "matrix" and "rows" in body:
        yield fault_at(
            file, (*place, "rows"), f"rows in a {kind} item", "rows only in a matrix", "Set `kind: matrix`."
        )
    if kind != "number" and ("low" in body or "high" in body):
        yield fault_at(
            file,
            place,
            f"bounds on a {kind} item",
            "bounds only on numbers",
            "Remove them, or set `kind: number`.",
        )
    if body.get("low", 0) > body.get("high", float("inf")):
        yield fault_at(file, place, "low above high", "low at most high", "Swap the two.")
    if kind not in ("single", "matrix") and body.get("reverse_keyed"):
        yield fault_at(
            file,
            (*place, "reverse_keyed"),
            f"reverse_keyed on a {kind} item",
            "it only on single items",
            "Remove it.",
        )
    scale = scales.get(body.get("scale", ""))
    yield from _attention_faults(file, body, place, scale)
    if "open_option" in body and scale and body["open_option"] not in _codes(scale):
        yield fault_at(
            file,
            (*place, "open_option"),
            str(body["open_option"]),
            "a code of the item's scale",
            "Correct the code.",
        )


def _attention_faults(file: YamlFile, body: Any, place: Place, scale: Any) -> Iterator[Fault]:
    if "attention" in body and scale and body["attention"] not in _codes(scale):
        yield fault_at(
            file,
            (*place, "attention"),
            str(body["attention"]),
            "the code that an attentive respondent picks",
            "Use a code of the item's scale.",
        )
