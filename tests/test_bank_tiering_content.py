"""The built-in study as data: complete, bilingual, and no name without its owner."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[1] / "surveys" / "studies" / "bank_tiering"
QUESTIONNAIRES = ("customers", "employees", "corporate")
CLAIMS = [
    *("H1", "H2", "H3", "H4", "H5", "P1", "P2a", "P2b", "P3"),
    *("S1", "S2", "S3", "G1", "R1", "R2", "R3", "B1", "B2"),
]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
WORDINGS = ("text", "title", "label", "short", "claim", "note", "abstract")
ROLES = {  # the parts of each kind of test that name a variable, required ones first
    "path": (("predictor", "outcome"), ("controls",)),
    "indirect": (("predictor", "mediators", "outcome"), ()),
    "trend": (("outcome",), ("group",)),
    "latent_indirect": (("predictor", "mediators", "outcome"), ()),
    "latent_trend": (("outcome",), ("group",)),
    "association": (("variable",), ("group",)),
    "contrast": (("plus", "minus"), ()),
    "mean": (("variable",), ()),
    "gap": (("variable", "versus_population", "versus"), ()),
    "drivers": (("predictors", "outcome"), ()),
    "correlation": (("x", "y"), ()),
    "moderation": (("predictor", "moderator", "outcome"), ()),
    "added_value": (("base", "added", "outcome"), ()),
    "repeated": ((), ("columns", "item")),
    "segmentation": (("rule", "features", "outcomes"), ()),
}


class EveryKeyOnce(yaml.SafeLoader):
    """As ``yaml.safe_load``, which however keeps the last of two equal keys without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(set(keys)) == len(keys), f"a key twice{node.start_mark}"
        return super().construct_mapping(node, deep=deep)


@cache
def read(name: str) -> Any:
    return yaml.load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), Loader=EveryKeyOnce)


def questions(data: Any) -> Iterator[Any]:
    """Every item and every matrix row."""
    for section in data["sections"]:
        for item in section["items"]:
            yield from item.get("rows", [item])


def codes(scale: Any) -> list[int]:
    return (
        list(range(scale["numeric"][0], scale["numeric"][1] + 1))
        if "numeric" in scale
        else [*scale["options"]]
    )


def columns(data: Any) -> set[str]:
    """What a test may name: constructs, single answers, numbers, option columns."""
    names = {construct["id"] for construct in data["constructs"]}
    for item in questions(data):
        if item.get("kind") == "multiple":
            names |= {f"{item['id']}_{code}" for code in codes(data["scales"][item["scale"]])}
        elif item.get("kind") != "text":
            names.add(item["id"])
    return names


def texts(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every mapping that holds a wording, and where it stands."""
    if isinstance(value, dict):
        if {"en", "zh"} & value.keys():
            yield path, value
        else:
            for key, part in value.items():
                yield from texts(part, f"{path}/{key}")
    elif isinstance(value, list):
        for k, part in enumerate(value):
            yield from texts(part, f"{path}/{k}")


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", [*QUESTIONNAIRES, "study"])
def test_every_text_is_in_both_languages(name):
    found = list(texts(read(name)))
    assert len(found) > 40
    for path, text in found:
        assert {"en", "zh"} <= text.keys() <= {"en", "zh", "aliases"}, path
        assert text["en"].strip(), path
        assert not CHINESE.search(text["en"]), path
        assert CHINESE.search(text["zh"]), path


@pytest.mark.parametrize("name", [*QUESTIONNAIRES, "study"])
def test_nothing_that_a_reader_sees_lacks_a_translation(name):
    """Titles, labels, texts, claims and notes are never a bare string."""

    def bare(value: Any, path: str = "") -> Iterator[str]:
        if isinstance(value, dict):
            for key, part in value.items():
                if key in WORDINGS and not isinstance(part, dict):
                    yield f"{path}/{key}"
                yield from bare(part, f"{path}/{key}")
        elif isinstance(value, list):
            for k, part in enumerate(value):
                yield from bare(part, f"{path}/{k}")

    assert list(bare(read(name))) == []


@pytest.mark.parametrize("name", QUESTIONNAIRES)
def test_a_construct_has_three_to_five_items_of_one_agreement_scale(name):
    data = read(name)
    scale_of = {
        row["id"]: item["scale"]
        for section in data["sections"]
        for item in section["items"]
        for row in item.get("rows", [])
    }
    used = [item for construct in data["constructs"] for item in construct["items"]]
    assert len(used) == len(set(used)), "an item in two constructs"
    for construct in data["constructs"]:
        assert 3 <= len(construct["items"]) <= 5, construct["id"]
        assert {scale_of[item] for item in construct["items"]} == {"agree5"}, construct["id"]
        assert construct["source"] in data["references"], construct["id"]
    assert codes(data["scales"]["agree5"]) == [1, 2, 3, 4, 5]
    assert data["scales"]["agree5"]["missing"].keys() == {9}


@pytest.mark.parametrize("name", QUESTIONNAIRES)
def test_each_questionnaire_asks_for_consent_and_checks_attention(name):
    data = read(name)
    asked = {item["id"]: item for item in questions(data)}
    in_constructs = {item for construct in data["constructs"] for item in construct["items"]}
    backwards = {id_ for id_, item in asked.items() if item.get("reverse_keyed")}
    assert 3 <= len(backwards) <= 5
    assert backwards <= in_constructs
    attention = [id_ for id_, item in asked.items() if "attention" in item]
    assert attention == ["ATT"]
    named = {2: ("“Disagree”", "“不同意”"), 4: ("“Agree”", "“同意”")}[asked["ATT"]["attention"]]
    assert named[0] in asked["ATT"]["text"]["en"]
    assert named[1] in asked["ATT"]["text"]["zh"]
    assert "ATT" not in in_constructs
    assert asked["CONSENT"]["required"]
    assert asked["COMMENT"]["identifying"]


@pytest.mark.parametrize("name", QUESTIONNAIRES)
def test_ids_and_codes_are_given_once(name):
    data = read(name)
    ids = [item["id"] for item in questions(data)]
    ids += [i["id"] for s in data["sections"] for i in s["items"] if "rows" in i]
    ids += [construct["id"] for construct in data["constructs"]]
    assert len({id_.upper() for id_ in ids}) == len(ids)
    for id_, scale in data["scales"].items():
        assert not set(codes(scale)) & set(scale.get("missing", {})), id_
        for language in ("en", "zh"):
            labels = [option[language] for option in scale.get("options", {}).values()]
            assert len(set(labels)) == len(labels), id_
    for section in data["sections"]:
        for item in section["items"]:
            if "scale" in item:
                assert item["scale"] in data["scales"], item["id"]


@pytest.mark.parametrize("name", QUESTIONNAIRES)
def test_every_item_of_a_questionnaire_is_worded_differently(name):
    for language in ("en", "zh"):
        rows = [
            r["text"][language] for s in read(name)["sections"] for i in s["items"] for r in i.get("rows", [])
        ]
        assert len(set(rows)) == len(rows)


@pytest.mark.parametrize("name", QUESTIONNAIRES)
def test_references_are_complete(name):
    for key, reference in read(name)["references"].items():
        year = re.search(r"\((\d{4})\)\. ", reference)
        assert year is not None, key
        assert key.endswith(year.group(1)), key
        assert re.search(r", \d+\(\d+\), \d+-\d+\.$", reference), key  # volume(issue), pages


def test_every_claim_of_the_study_is_a_hypothesis():
    hypotheses = read("study")["hypotheses"]
    ids = [hypothesis["id"] for hypothesis in hypotheses]
    assert len(set(ids)) == len(ids)
    confirmatory = [h["id"] for h in hypotheses if h.get("confirmatory", True)]
    assert confirmatory == CLAIMS


def test_every_test_names_variables_that_its_population_answered():
    study = read("study")
    known = {id_: columns(read(body["questionnaire"][:-5])) for id_, body in study["populations"].items()}
    multiple = {item["id"] for item in questions(read("customers")) if item.get("kind") == "multiple"}
    for hypothesis in study["hypotheses"]:
        for test in hypothesis["tests"]:
            required, optional = ROLES[test["kind"]]
            roles = test.keys() - {"kind", "population", "smallest_effect", "direction"}
            assert set(required) <= roles <= {*required, *optional}, hypothesis["id"]
            assert 0 < test["smallest_effect"] < 1
            for role in roles - {"versus_population", "versus", "item"}:
                assert set(listed(test[role])) <= known[test["population"]], (hypothesis["id"], role)
            if test["kind"] == "gap":
                assert set(listed(test["versus"])) <= known[test["versus_population"]]
            if "item" in test:
                assert test["item"] in multiple


def test_populations_and_parallels_name_what_exists():
    study = read("study")
    for id_, body in study["populations"].items():
        data = read(body["questionnaire"][:-5])
        asked = {item["id"]: item for item in questions(data)}
        named = [*body["profile"], *body["multiple_response"], body["group"]]
        named += [body[role] for role in ("cluster", "recommend") if role in body]
        named += body.get("segmentation", {}).get("features", [])
        assert set(named) <= asked.keys(), id_
        assert {asked[name]["kind"] for name in body["multiple_response"]} == {"multiple"}
        consent = next(rule for rule in body["screening"] if rule["rule"] == "consent")
        assert consent["code"] in data["scales"][asked[consent["item"]]["scale"]]["options"]
    for pair in study["parallel"]:
        for id_, name in pair["names"].items():
            assert name in columns(read(id_)), name


def test_parallel_constructs_run_item_by_item():
    """The same ids in the same order, keyed the same way; customers have one more on personal service."""
    customers, employees = read("customers"), read("employees")
    items = [{c["id"]: c["items"] for c in data["constructs"]} for data in (customers, employees)]
    keyed = [{i["id"]: i.get("reverse_keyed", False) for i in questions(d)} for d in (customers, employees)]
    for pair in read("study")["parallel"]:
        mine, theirs = pair["names"]["customers"], pair["names"]["employees"]
        if mine not in items[0]:
            continue
        shared = min(len(items[0][mine]), len(items[1][theirs]))
        assert items[0][mine][:shared] == items[1][theirs][:shared]
        assert (shared == len(items[0][mine])) or mine == "personalisation"
        assert all(keyed[0][item] == keyed[1][item] for item in items[1][theirs])
    # the criteria are worded alike; satisfaction is the customer's own, or the employee's view of it
    english = [{i["id"]: i["text"]["en"] for i in questions(data)} for data in (customers, employees)]
    assert english[0]["CRT_NEEDS"] == english[1]["CRT_NEEDS"]
    assert english[0]["SAT1"] != english[1]["SAT1"]
