"""Study and questionnaire files: what is read, and how faults are told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from surveys.errors import StudyFileError
from surveys.questionnaire_files import load_questionnaire
from surveys.study import Study

EXAMPLES = Path(__file__).parents[1] / "examples"

QUESTIONNAIRE = """\
tierstudy: questionnaire/1
id: people
title: {en: People, zh: 人}
languages: [en, zh]
scales:
  agree:
    options:
      1: {en: Disagree, zh: 不同意}
      2: {en: Neither, zh: 一般}
      3: {en: Agree, zh: 同意}
    missing: {9: {en: Cannot say, zh: 说不清}}
  ways:
    ordered: false
    options:
      1: {en: Web, zh: 网页}
      2: {en: App, zh: 应用, aliases: [APP]}
  ten: {numeric: [0, 10], ends: {low: {en: never, zh: 从不}, high: {en: always, zh: 总是}}}
sections:
  - id: all
    title: {en: All, zh: 全部}
    items:
      - {id: G, scale: ways, text: {en: Group, zh: 组}}
      - id: M
        kind: matrix
        scale: agree
        text: {en: Stem, zh: 题干}
        rows:
          - {id: A1, text: {en: One, zh: 一}}
          - {id: A2, text: {en: Two, zh: 二}, reverse_keyed: true}
          - {id: ATT, text: {en: Pick agree, zh: 请选同意}, attention: 3}
      - {id: W, kind: multiple, scale: ways, text: {en: Ways, zh: 方式}}
      - {id: N, scale: ten, text: {en: Recommend, zh: 推荐}}
constructs:
  - {id: attitude, label: {en: Attitude, zh: 态度}, items: [A1, A2]}
"""

STUDY = """\
tierstudy: study/1
id: small
title: {en: Small, zh: 小}
languages: [en, zh]
populations:
  people:
    title: {en: People, zh: 人}
    questionnaire: people.yaml
    group: G
    group_ordered: false
    recommend: N
    screening:
      - {rule: attention}
      - {rule: missing, max_share: 0.4}
hypotheses:
  - id: H1
    claim: {en: They differ., zh: 有差异。}
    tests:
      - {kind: trend, population: people, outcome: attitude, direction: any, smallest_effect: 0.1}
"""


def write(folder: Path, study: str = STUDY, questionnaire: str = QUESTIONNAIRE) -> Path:
    (folder / "study.yaml").write_text(study, "utf-8")
    (folder / "people.yaml").write_text(questionnaire, "utf-8")
    return folder


def faults(folder: Path) -> str:
    with pytest.raises(StudyFileError) as caught:
        Study.load(folder)
    return str(caught.value)


def test_a_study_is_read_whole(tmp_path):
    study = Study.load(write(tmp_path))
    people = study.populations["people"]
    assert [item.id for item in people.questionnaire.items] == ["G", "A1", "A2", "ATT", "W", "N"]
    assert people.questionnaire.item("W").columns == ("W_1", "W_2")
    assert people.questionnaire.item("A2").reverse_keyed
    assert people.questionnaire.item("A2").matrix == "M"
    assert people.questionnaire.scales["ten"].label(10, "en") == "10 always"
    assert people.questionnaire.scales["ten"].label(5, "zh") == "5"
    assert not people.questionnaire.scales["ways"].interval
    assert people.screening[1].options == {"max_share": 0.4}
    assert study.hypotheses[0].tests[0].variables == {"outcome": ("attitude",)}
    assert study.confidence_level == 0.95
    assert set(study.sha256) == {"study.yaml", "people.yaml"}


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "q",
            "reverse_keyed: true",
            "reversed: true",
            ["line 29", "`reversed`", "Did you mean `reverse_keyed`?"],
        ),
        ("q", "items: [A1, A2]", "items: [A1, B2]", ["line 34", "`B2`", "an item of one answer"]),
        ("q", "{id: A2,", "{id: A1,", ["line 29", "`A1` again (first on line 28)"]),
        ("q", "attention: 3", "attention: 7", ["line 30", "saw 7", "attentive"]),
        (
            "q",
            "scale: ways, text: {en: Group",
            "scale: way, text: {en: Group",
            ["`way`", "Did you mean `ways`?"],
        ),
        ("q", "2: {en: Neither, zh: 一般}", "1: {en: Neither, zh: 一般}", ["line 9", "second time"]),
        ("q", "missing: {9:", "missing: {3:", ["code 3 as an answer and as missing"]),
        ("q", "zh: 二}", "fr: deux}", ["line 29", "no `zh`"]),
        ("q", "1: {en: Disagree, zh: 不同意}", "1: {en: No, zh: 不同意}", ["line 8", "false", "quotes"]),
        ("q", "title: {en: People, zh: 人}", "title: [", ["people.yaml", "YAML"]),
        ("q", "numeric: [0, 10]", "numeric: [10, 0]", ["lowest and the highest"]),
        ("q", "id: people", "id: &x people\nversion: *x", ["alias"]),
        ("s", "group: G", "group: H", ["line 9", "`H`", "declare it"]),
        ("s", "group: G", "group: G\n    weight: A1", ["line 10", "`A1`", "an item of kind number"]),
        ("s", "group: G", "group: G\n    strata: [G, H]", ["line 10", "`H`", "kind single or number"]),
        ("s", "group: G", "group: G\n    value: G", ["line 10", "`G`", "an item of kind number"]),
        (
            "s",
            "group: G",
            "group: G\n    rake_to: {G: {1: 0.7, 2: 0.2}}",
            ["line 10", "shares that add up to 0.9", "add up to 1"],
        ),
        (
            "s",
            "group: G",
            "group: G\n    rake_to: {G: {1: 0.7, 3: 0.3}}",
            ["the code 3", "a code of G: 1, 2", "nothing for the code 2"],
        ),
        ("s", "group: G", "group: G\n    rake_to: {W: {1: 1.0}}", ["`W`", "an item of kind single"]),
        (
            "s",
            "group: G",
            "group: G\n    population_sizes: [100, 20]",
            ["line 10", "sizes of 2 stages for 0 stages of clusters"],
        ),
        (
            "s",
            "group: G",
            "group: G\n    population_sizes: {1: 100, 2: 90}",
            ["line 10", "sizes by code", "one item of strata"],
        ),
        (
            "s",
            "group: G",
            "group: G\n    trim: [0.3, 0.9]",
            ["line 10", "without margins", "one above the mean weight"],
        ),
        ("s", "group: G", "group: G\n    lonely_strata: adjusted", ["Did you mean adjust?"]),
        ("s", "outcome: attitude", "outcome: attitud", ["line 19", "Did you mean `attitude`?"]),
        ("s", "kind: trend", "kind: trends", ["line 19", "Did you mean trend?"]),
        (
            "s",
            "smallest_effect: 0.1",
            "smallest: 0.1",
            ["no `smallest_effect`", "Did you mean `smallest_effect`?"],
        ),
        ("s", "smallest_effect: 0.1", "smallest_effect: -1", ["-1", "minimum 0"]),
        ("s", "max_share: 0.4", "max_share: 4", ["line 14", "saw 4"]),
        ("s", "max_share: 0.4", "share: 0.4", ["`share`", "max_share"]),
        ("s", "questionnaire: people.yaml", "questionnaire: ../../etc/passwd", ["the same folder"]),
        (
            "s",
            "questionnaire: people.yaml",
            "questionnaire: persons.yaml",
            ["persons.yaml", "cannot be read"],
        ),
        ("s", "population: people", "population: persons", ["`persons`", "a population of this study"]),
        ("s", "recommend: N", "recommend: A1", ["from 1 to 3", "0 to 10"]),
        ("s", "recommend: N", "migration: [G, H]", ["line 11", "`H`", "an item of kind single"]),
        ("s", "recommend: N", "migration: [A1, N]", ["the scales agree and ten", "two items with one scale"]),
        ("s", "recommend: N", "migration: [A1]", ["line 11"]),
        (
            "s",
            "recommend: N",
            "congruence:\n      - {first: A1, second: N, outcome: attitude}",
            ["line 12", "views with the scales agree and ten", "two views on one scale"],
        ),
        (
            "s",
            "recommend: N",
            "congruence: [{first: A1, second: W, outcome: B}]",
            ["line 11", "`W`, which is of another kind", "`B`", "of kind single or number"],
        ),
        (
            "s",
            "recommend: N",
            "congruence: [{first: A1, second: A1, outcome: attitude}]",
            ["line 11", "`A1` twice", "three different names"],
        ),
        (
            "s",
            "recommend: N",
            "congruence: [{first: A1, second: A2, outcome: G}]",
            ["line 11", "`G` with the scale ways, which has no order", "Declare the scale `ordered: true`"],
        ),
        (
            "s",
            "recommend: N",
            "congruence:\n      - {first: A1, second: A2, outcome: N}\n      - {first: A1, second: A2, outcome: N}",
            ["line 13", "the same three names as above"],
        ),
        ("s", "recommend: N", "congruence: [{first: A1, outcome: N}]", ["line 11", "second"]),
        (
            "s",
            "kind: trend, population: people, outcome: attitude, direction: any,",
            "kind: drivers, population: people, predictors: [A1, A2], outcome: attitude, stated: [G, N, B],",
            [
                "line 19",
                "3 items for 2 predictors",
                "how much each of A1, A2 matters",
                "`B`",
                "items with the scales ways and ten",
                "the scale ways, which has no order",
            ],
        ),
        (
            "s",
            "kind: trend, population: people, outcome: attitude, direction: any,",
            "kind: drivers, population: people, predictors: [A1, W_1], outcome: N, stated: [A1, W],",
            [
                "line 19",
                "`A1`, which the test itself uses",
                "`W`, which is of another kind",
                "leave out `stated`",
            ],
        ),
        (
            "s",
            "outcome: attitude, direction: any,",
            "outcome: attitude, stated: [A1, A2],",
            ["line 19", "`stated`"],
        ),
        ("s", "tierstudy: study/1", "tierstudy: study/9", ["study/9", "study/1"]),
    ],
)
def test_a_fault_names_file_line_seen_expected_and_remedy(tmp_path, file, old, new, words):
    source = QUESTIONNAIRE if file == "q" else STUDY
    assert old in source
    changed = source.replace(old, new, 1)
    write(tmp_path, **({"questionnaire": changed} if file == "q" else {"study": changed}))
    message = faults(tmp_path)
    for word in words:
        assert word in message
    assert "expected" in message


def test_all_faults_of_both_files_come_at_once(tmp_path):
    write(
        tmp_path,
        questionnaire=QUESTIONNAIRE.replace("items: [A1, A2]", "items: [X, Y]").replace(
            "attention: 3", "attention: 8"
        ),
    )
    with pytest.raises(StudyFileError) as caught:
        Study.load(tmp_path)
    assert len(caught.value.faults) == 3
    assert list(caught.value.cases["line"]) == sorted(caught.value.cases["line"])


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b"- a\n- b\n", b"a: [1, 2", b"\x00\x01", b"x: !!python/object:os.system 1\n"],
)
def test_files_that_are_no_study_are_refused_in_words(tmp_path, content):
    (tmp_path / "study.yaml").write_bytes(content)
    assert "study.yaml" in faults(tmp_path)


def test_a_folder_without_a_study_says_so(tmp_path):
    assert "study.yaml" in faults(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["spanish_bank", "card_tiers"])
def test_examples_load(name):
    study = Study.load(EXAMPLES / name)
    assert study.id == name
    assert study.languages == ("en", "zh")


def test_the_built_in_study_is_a_folder_like_any_other(tmp_path):
    built_in = Study.load("bank_tiering")
    assert built_in.folder is not None
    copy = tmp_path / "mine"
    shutil.copytree(built_in.folder, copy)
    assert Study.load(copy).sha256 == built_in.sha256


def test_a_questionnaire_can_be_read_alone(tmp_path):
    write(tmp_path)
    assert load_questionnaire(tmp_path / "people.yaml").construct("attitude").items == ("A1", "A2")


def test_a_sampling_design_is_read_whole_and_sets_aside_on_the_record(tmp_path):
    questionnaire = QUESTIONNAIRE.replace(
        "      - {id: N, scale: ten",
        "      - {id: WT, kind: number, text: {en: Weight, zh: 权重}}\n"
        "      - {id: BR, kind: number, text: {en: Branch, zh: 网点}}\n"
        "      - {id: AGENT, kind: number, text: {en: Agent, zh: 专员}}\n"
        "      - {id: N, scale: ten",
    )
    study = STUDY.replace(
        "group: G\n",
        "group: G\n    weight: WT\n    strata: G\n    cluster: [BR, AGENT]\n"
        "    population_sizes: [{1: 30, 2: 20}, 12]\n    rake_to: {G: {1: 0.7, 2: 0.3}}\n    trim: [0.2, 4]\n"
        "    value: WT\n    lonely_strata: average\n",
        1,
    )
    people = Study.load(write(tmp_path, study, questionnaire)).populations["people"]
    assert (people.weight, people.strata, people.cluster, people.second_cluster) == (
        "WT",
        ("G",),
        "BR",
        "AGENT",
    )
    assert people.population_sizes == ({1: 30.0, 2: 20.0}, 12)
    assert people.rake_to == {"G": {1: 0.7, 2: 0.3}}
    assert (people.trim, people.value, people.lonely_strata) == ((0.2, 4.0), "WT", "average")
    assert people.sampled
    assert people.sampling_items == ("G", "BR", "AGENT")
    rule = people.screening[-1]
    assert rule.kind == "sampling"
    assert rule.options == {"weight": "WT", "items": ("G", "BR", "AGENT")}
    plain = Study.load(write(tmp_path)).populations["people"]
    assert not plain.sampled
    assert all(rule.kind != "sampling" for rule in plain.screening)
