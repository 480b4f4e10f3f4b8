"""Reads a study folder into a :class:`~surveys.study.Study`, or says everything that is wrong with it.

Three passes, each complete before the next: YAML with lines, the published JSON Schemas, and what no
schema can see (names that do not exist, codes given twice, a language left out).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from surveys.banner_plans import banner_faults, banner_plans
from surveys.congruence_plans import congruence_faults, congruence_plans
from surveys.errors import Fault, StudyFileError
from surveys.file_faults import fault_at, language_faults, sha256_of, unknown_name
from surveys.open_questions import OpenQuestion, open_question_faults, open_questions
from surveys.questionnaire import Item, Questionnaire
from surveys.questionnaire_files import read_questionnaire
from surveys.quota_faults import quota_faults
from surveys.sampling_faults import sampling_faults
from surveys.schema_faults import schema_faults
from surveys.stated_faults import stated_faults
from surveys.study import DeclaredTest, Hypothesis, Parallel, Population, ScreeningRule, Study
from surveys.yaml_lines import Place, YamlFile, read_yaml

ROLES_OF_OTHER_POPULATION = ("versus",)
ROLES_OF_WORDS = ("method", "reference", "versus_population")
OUTLINE = (
    "sample",
    "quality",
    "measurement",
    "descriptives",
    "banners",
    "open_answers",
    "waves",
    "hypotheses",
    "robustness",
    "verdicts",
    "limits",
    "methods",
    "provenance",
)


def study_folder(name: Path | str) -> Path:
    """A folder on disk, or the built-in study of that name.

    >>> study_folder("bank_tiering").name
    'bank_tiering'
    """
    path = Path(name)
    if not path.exists() and path.name == str(name):
        built_in = Path(str(files("surveys").joinpath("studies", path.name)))
        if (built_in / "study.yaml").is_file():
            return built_in
    return path


def load_study(folder: Path | str) -> Study:
    """Read ``study.yaml`` and the questionnaires it names.

    Parameters
    ----------
    folder : path
        A study folder, or the name of a built-in study (``"bank_tiering"``).

    Raises
    ------
    StudyFileError
        With every fault of every file of the folder.
    """
    path = study_folder(folder)
    file = read_yaml(path / "study.yaml")
    faults = schema_faults(file, "study")
    if faults:
        raise StudyFileError(faults)
    data: Any = file.value
    questionnaires: dict[str, Questionnaire] = {}
    hashes = {file.name: sha256_of(file.raw)}
    for name in dict.fromkeys(body["questionnaire"] for body in data["populations"].values()):
        try:
            questionnaire, digest = read_questionnaire(path / name)
        except StudyFileError as error:
            faults.extend(error.faults)
            continue
        questionnaires[name], hashes[name] = questionnaire, digest
    if faults:
        raise StudyFileError(faults)
    populations = {}
    for id_, body in data["populations"].items():
        questions, digests = open_questions(path, body.get("open_answers", []))
        populations[id_] = _population(id_, body, questionnaires[body["questionnaire"]], questions)
        hashes |= digests
    faults = list(_study_faults(file, data, populations))
    if faults:
        raise StudyFileError(faults)
    return Study(
        id=data["id"],
        title=data["title"],
        languages=tuple(data["languages"]),
        populations=populations,
        hypotheses=tuple(_hypothesis(body) for body in data.get("hypotheses", [])),
        parallel=tuple(Parallel(label=p["label"], names=p["names"]) for p in data.get("parallel", [])),
        outline=tuple(data.get("outline", OUTLINE)),
        authors=tuple(data.get("authors", [])),
        abstract=data.get("abstract"),
        limits=tuple(data.get("limits", [])),
        confidence_level=float(data.get("confidence_level", 0.95)),
        seed=data.get("seed", 1),
        resamples=data.get("resamples", 5000),
        minimum_cell=data.get("minimum_cell", 5),
        folder=path,
        sha256=hashes,
    )


def _population(
    id_: str, body: Any, questionnaire: Questionnaire, questions: tuple[OpenQuestion, ...]
) -> Population:
    return Population(
        id=id_,
        title=body["title"],
        questionnaire=questionnaire,
        group=body.get("group"),
        group_ordered=body.get("group_ordered", True),
        **_drawing(body),
        profile=tuple(body.get("profile", [])),
        multiple_response=tuple(body.get("multiple_response", [])),
        recommend=body.get("recommend"),
        migration=tuple(body.get("migration", ())),
        congruence=congruence_plans(body.get("congruence", [])),
        segmentation={key: tuple(names) for key, names in body.get("segmentation", {}).items()},
        screening=(*_rules(body), *_place_in_sample(body)),
        consent_purpose=next(
            (rule["purpose"] for rule in body.get("screening", []) if "purpose" in rule), None
        ),
        sampling_frame=body.get("sampling_frame", {}),
        quotas={
            item: {str(code): float(share) for code, share in shares.items()}
            for item, shares in body.get("quotas", {}).items()
        },
        wave=body.get("wave"),
        open_questions=questions,
        panel=body.get("panel", False),
        banners=banner_plans(body.get("banners", [])),
    )


def _rules(body: Any) -> Iterator[ScreeningRule]:
    for rule in body.get("screening", []):
        options = {key: value for key, value in rule.items() if key not in ("rule", "purpose")}
        yield ScreeningRule(kind=rule["rule"], options=options)


def _drawing(body: Any) -> dict[str, Any]:
    """How the sample was drawn, as fields of a population."""
    clusters = listed(body.get("cluster"))
    sizes = listed(body.get("population_sizes"))
    return {
        "cluster": clusters[0] if clusters else None,
        "second_cluster": clusters[1] if len(clusters) > 1 else None,
        "weight": body.get("weight"),
        "strata": tuple(listed(body.get("strata"))),
        "population_sizes": tuple(_by_code(size) if isinstance(size, dict) else size for size in sizes),
        "lonely_strata": body.get("lonely_strata", "adjust"),
        "design_errors": body.get("design_errors", "jackknife"),
        "rake_to": {item: _by_code(shares) for item, shares in body.get("rake_to", {}).items()},
        "trim": tuple(map(float, body["trim"])) if "trim" in body else None,
        "value": body.get("value"),
    }


def listed(value: Any) -> list[Any]:
    """What may be written as one or as a list, as a list."""
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _by_code(numbers: Mapping[str, float]) -> dict[int, float]:
    return {int(code): float(number) for code, number in numbers.items()}


def _place_in_sample(body: Any) -> Iterator[ScreeningRule]:
    """The rule that sets aside, on the record, who has no usable weight or no place in the design."""
    drawn = Population(id="", title={}, questionnaire=_NO_QUESTIONS, **_drawing(body))
    if drawn.sampled:
        options: dict[str, float | str | tuple[str, ...]] = {"items": drawn.sampling_items}
        if drawn.weight is not None:
            options["weight"] = drawn.weight
        yield ScreeningRule(kind="sampling", options=options)


_NO_QUESTIONS = Questionnaire(id="", title={}, languages=(), sections=(), scales={}, items=(), constructs=())


def _hypothesis(body: Any) -> Hypothesis:
    return Hypothesis(
        id=body["id"],
        claim=body["claim"],
        confirmatory=body.get("confirmatory", True),
        note=body.get("note"),
        tests=tuple(_test(test) for test in body["tests"]),
    )


def _test(body: Any) -> DeclaredTest:
    plain = ("kind", "population", "smallest_effect", "direction", "stated")
    return DeclaredTest(
        kind=body["kind"],
        population=body["population"],
        smallest_effect=float(body["smallest_effect"]),
        direction=body.get("direction", "positive"),
        stated=tuple(body.get("stated", ())),
        variables={
            role: tuple(map(str, value)) if isinstance(value, list) else (str(value),)
            for role, value in body.items()
            if role not in plain
        },
    )


def variable_names(questionnaire: Questionnaire) -> set[str]:
    """Everything a test may name: constructs, items of one answer, option columns."""
    names = {construct.id for construct in questionnaire.constructs}
    for item in questionnaire.items:
        if item.kind != "text":
            names.update(item.columns)
    return names


def _study_faults(file: YamlFile, data: Any, populations: Mapping[str, Population]) -> Iterator[Fault]:
    yield from language_faults(file, data["languages"])
    for id_, population in populations.items():
        yield from _population_faults(file, data, id_, population)
    for p, parallel in enumerate(data.get("parallel", [])):
        for id_, name in parallel["names"].items():
            place: Place = ("parallel", p, "names", id_)
            if id_ not in populations:
                yield unknown_name(file, place, id_, "a population of this study", populations)
            elif name not in variable_names(populations[id_].questionnaire):
                yield unknown_name(
                    file,
                    place,
                    name,
                    f"an item or construct of {id_}",
                    variable_names(populations[id_].questionnaire),
                )
    seen: set[str] = set()
    for h, hypothesis in enumerate(data.get("hypotheses", [])):
        if hypothesis["id"] in seen:
            yield fault_at(
                file,
                ("hypotheses", h, "id"),
                f"`{hypothesis['id']}` again",
                "every id once",
                "Rename one of the two.",
            )
        seen.add(hypothesis["id"])
        for t, test in enumerate(hypothesis["tests"]):
            yield from _test_faults(file, test, ("hypotheses", h, "tests", t), populations)


def _population_faults(file: YamlFile, data: Any, id_: str, population: Population) -> Iterator[Fault]:
    place: Place = ("populations", id_)
    questionnaire, body = population.questionnaire, data["populations"][id_]
    lacking = set(data["languages"]) - set(questionnaire.languages)
    if lacking:
        yield fault_at(
            file,
            (*place, "questionnaire"),
            f"a questionnaire without {', '.join(sorted(lacking))}",
            f"the languages {', '.join(data['languages'])}",
            "Translate the questionnaire, or drop the language from the study.",
        )
    ids = {item.id: item for item in questionnaire.items}
    wanted: dict[str, tuple[str, ...]] = {
        "group": ("single",),
        "weight": ("number",),
        "recommend": ("single",),
        "wave": ("single",),
        "value": ("number",),
    }
    yield from sampling_faults(file, place, body, ids)
    for role, kinds in wanted.items():
        if role in body and (body[role] not in ids or ids[body[role]].kind not in kinds):
            yield unknown_name(file, (*place, role), body[role], f"an item of kind {' or '.join(kinds)}", ids)
    recommend = ids.get(body.get("recommend", ""))
    scale = None if recommend is None else recommend.scale
    if scale is not None and (scale.low, scale.high) != (0, 10):
        yield fault_at(
            file,
            (*place, "recommend"),
            f"a scale from {scale.low} to {scale.high}",
            "a scale from 0 to 10",
            "Net promoter scores need the 0-10 item.",
        )
    yield from _migration_faults(file, body.get("migration", []), ids, place)
    for role, kinds in (
        ("profile", ("single", "multiple", "number")),
        ("multiple_response", ("multiple",)),
    ):
        for k, name in enumerate(body.get(role, [])):
            if name not in ids or ids[name].kind not in kinds:
                yield unknown_name(
                    file, (*place, role, k), name, f"an item of kind {' or '.join(kinds)}", ids
                )
    for k, name in enumerate(body.get("segmentation", {}).get("features", [])):
        if name not in variable_names(questionnaire):
            yield unknown_name(file, (*place, "segmentation", "features", k), name, f"an item of {id_}", ids)
    yield from open_question_faults(
        file, body.get("open_answers", []), (*place, "open_answers"), population.open_questions, questionnaire
    )
    yield from congruence_faults(file, body.get("congruence", []), (*place, "congruence"), questionnaire)
    yield from banner_faults(file, body.get("banners", []), (*place, "banners"), questionnaire)
    for column, shares in body.get("sampling_frame", {}).items():
        if sum(shares.values()) > 1 + 1e-6:
            yield fault_at(
                file,
                (*place, "sampling_frame", column),
                f"shares that add up to {sum(shares.values()):g}",
                "at most 1",
                "Correct the shares; what is lacking to 1 stands for every other category.",
            )
    yield from quota_faults(file, id_, body, questionnaire)
    for r, rule in enumerate(body.get("screening", [])):
        if rule["rule"] == "consent":
            purpose = rule.get("purpose")
            unsaid = [] if purpose is None else [name for name in data["languages"] if name not in purpose]
            if unsaid:
                yield fault_at(
                    file,
                    (*place, "screening", r, "purpose"),
                    f"no {', '.join(f'`{name}`' for name in unsaid)}",
                    f"the text in {' and '.join(data['languages'])}",
                    "Write what respondents agreed to in every language of the study.",
                )
            item = ids.get(rule["item"])
            codes = item.scale.codes if item is not None and item.scale is not None else ()
            if rule["code"] not in codes:
                yield fault_at(
                    file,
                    (*place, "screening", r),
                    f"consent by code {rule['code']} of {rule['item']}",
                    "an item of this questionnaire and the code that means consent",
                    "Correct the item or the code.",
                )


def _migration_faults(
    file: YamlFile, names: Sequence[str], ids: Mapping[str, Item], place: Place
) -> Iterator[Fault]:
    """Tiers at two moments are comparable only on one scale with an order."""
    for k, name in enumerate(names):
        if name not in ids or ids[name].kind != "single":
            yield unknown_name(file, (*place, "migration", k), name, "an item of kind single", ids)
            return
    scales = [ids[name].scale for name in names]
    if len({scale.id for scale in scales if scale is not None}) > 1:
        yield fault_at(
            file,
            (*place, "migration"),
            f"items with the scales {' and '.join(scale.id for scale in scales if scale is not None)}",
            "two items with one scale",
            "Moves between tiers need the same tiers twice.",
        )
    elif any(scale is None or not scale.ordered for scale in scales):
        yield fault_at(
            file,
            (*place, "migration"),
            "a scale without order",
            "an ordered scale",
            "Declare the scale `ordered: true`, or leave out the migration.",
        )


def _test_faults(
    file: YamlFile, test: Any, place: Place, populations: Mapping[str, Population]
) -> Iterator[Fault]:
    if test["population"] not in populations:
        yield unknown_name(
            file, (*place, "population"), test["population"], "a population of this study", populations
        )
        return
    own = populations[test["population"]]
    known = variable_names(own.questionnaire)
    plain = ("kind", "population", "smallest_effect", "direction", "stated", *ROLES_OF_WORDS)
    for role, value in test.items():
        if role in plain or role in ROLES_OF_OTHER_POPULATION:
            continue
        for name in value if isinstance(value, list) else [value]:
            if role == "item":
                if not own.questionnaire.has_item(name) or own.questionnaire.item(name).kind != "multiple":
                    yield unknown_name(file, (*place, role), name, "an item of kind multiple", known)
            elif name not in known:
                yield unknown_name(file, (*place, role), name, f"an item or construct of {own.id}", known)
    yield from stated_faults(file, test, place, own.questionnaire)
    if test["kind"] in ("trend", "association") and "group" not in test and own.group is None:
        yield fault_at(
            file,
            place,
            f"a {test['kind']} test without a group",
            "`group` here, or on the population",
            "Name the item that tells the groups apart.",
        )
    if test["kind"] == "gap":
        other = populations.get(test["versus_population"])
        if other is None:
            yield unknown_name(
                file,
                (*place, "versus_population"),
                test["versus_population"],
                "a population of this study",
                populations,
            )
        else:
            names = variable_names(other.questionnaire)
            for name in test["versus"] if isinstance(test["versus"], list) else [test["versus"]]:
                if name not in names:
                    yield unknown_name(
                        file, (*place, "versus"), name, f"an item or construct of {other.id}", names
                    )
