from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.inputs import coded_categories, sample_of
from surveys.questionnaire import Construct, Item, Option, Questionnaire, Scale
from surveys.responses import Responses, SourceFile
from surveys.study import Population

_ = np.nan


def scale(id_, *codes):
    return Scale(id=id_, options=tuple(Option(code=code, label={"en": str(code)}) for code in codes))


AGREE, TIER, CHANNELS = scale("agree", 1, 2, 3, 4, 5), scale("tier", 2, 10, 1), scale("channels", 1, 2)


def item(id_, kind="single", **more):
    return Item(id=id_, kind=kind, text={"en": id_}, section="a", **more)


ASKED = Questionnaire(
    id="q",
    title={"en": "Q"},
    languages=("en",),
    sections=(),
    scales={},
    items=(
        item("TIER", scale=TIER),
        item("SAT1", scale=AGREE),
        item("SAT2", scale=AGREE, reverse_keyed=True),
        item("LOY1", scale=AGREE),
        item("LOY2", scale=AGREE),
        item("ALONE", scale=AGREE, reverse_keyed=True),
        item("CH", "multiple", scale=CHANNELS),
        item("RANK", "ranking", scale=CHANNELS),
        item("AUM", "number", source="records"),
        item("WEIGHT", "number"),
        item("PHONE", "number", identifying=True),
        item("COMMENT", "text"),
        item("BRANCH", "text"),
    ),
    constructs=(
        Construct(id="satisfaction", label={"en": "s"}, items=("SAT1", "SAT2")),
        Construct(id="loyalty", label={"en": "l"}, items=("LOY1", "LOY2")),
    ),
)


def people(**more):
    return Population(id="people", title={"en": "People"}, questionnaire=ASKED, **more)


def answered(**changes):
    answers = {
        "TIER": [1.0, 10.0, _],
        "SAT1": [5.0, 4.0, _],
        "SAT2": [1.0, _, _],
        "LOY1": [3.0, 3.0, 3.0],
        "ALONE": [1.0, 2.0, 3.0],
        "CH_1": [1.0, 0.0, _],
        "CH_2": [0.0, 1.0, _],
        "RANK_1": [1.0, 2.0, _],
        "RANK_2": [2.0, 1.0, _],
        "AUM": [1e6, 2.5, _],
        "WEIGHT": [0.5, 2.0, 1.0],
        "PHONE": [1.0, 2.0, 3.0],
        "COMMENT": pd.Series(["a", "b", None], dtype=object),
        "BRANCH": pd.Series(["North", "South", "North"], dtype=object),
    }
    frame = pd.DataFrame(answers | changes)
    return Responses(
        questionnaire=ASKED,
        answers=frame,
        metadata=pd.DataFrame({"respondent": ["a", "b", "c"], "row": [2, 3, 4]}),
        source=SourceFile(name="a.csv", sha256=""),
        synthetic=True,
    )


def test_the_frame_holds_scores_keyed_items_options_and_numbers():
    sample = sample_of(people(), answered())
    assert list(sample.frame) == [
        *["satisfaction", "TIER", "SAT1", "SAT2", "LOY1", "ALONE"],
        *["CH_1", "CH_2", "RANK_1", "RANK_2", "AUM", "WEIGHT"],
    ]
    assert sample.frame.index.tolist() == [0, 1, 2]
    assert (sample.population, sample.n, sample.synthetic) == ("people", 3, True)
    np.testing.assert_array_equal(sample.variable("satisfaction"), [5, 4, _])
    np.testing.assert_array_equal(sample.variable("SAT2"), [5, _, _])  # keyed
    assert sample.variable("ALONE").tolist() == [1, 2, 3]  # of no construct: as answered
    np.testing.assert_array_equal(sample.variable("CH_2"), [0, 1, _])
    assert (sample.groups, sample.weights, sample.clusters) == (None, None, None)


def test_item_frame_holds_the_keyed_items_of_a_construct():
    items = sample_of(people(), answered()).item_frame("satisfaction")
    assert list(items) == ["SAT1", "SAT2"]
    np.testing.assert_array_equal(items, [[5, 5], [4, _], [_, _]])


def test_groups_keep_the_order_of_the_scale():
    groups = sample_of(people(group="TIER"), answered()).groups
    assert groups.cat.categories.tolist() == ["2", "10", "1"]  # neither sorted as numbers nor as text
    assert groups.cat.ordered
    assert groups.name == "TIER"
    assert groups[:2].tolist() == ["1", "10"]
    assert pd.isna(groups[2])
    assert groups.groupby(groups, observed=False).size().tolist() == [0, 1, 1]  # an empty tier stays


def test_weights_and_clusters():
    sample = sample_of(people(weight="WEIGHT", cluster="AUM"), answered())
    assert sample.weights.tolist() == [0.5, 2, 1]
    np.testing.assert_array_equal(sample.clusters, [1e6, 2.5, _])


def test_clusters_named_by_text_become_numbers():
    responses = answered(BRANCH=pd.Series(["North", None, "North"], dtype=object))
    clusters = sample_of(people(cluster="BRANCH"), responses).clusters
    np.testing.assert_array_equal(clusters, [0, _, 0])


def test_columns_that_the_file_lacks_are_none():
    responses = answered()
    responses = replace(responses, answers=responses.answers.drop(columns=["TIER", "WEIGHT", "BRANCH"]))
    sample = sample_of(people(group="TIER", weight="WEIGHT", cluster="BRANCH"), responses)
    assert (sample.groups, sample.weights, sample.clusters) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("satisfacton", "people has no variable satisfacton; close to it: satisfaction"),
        ("CH_3", "people has no variable CH_3; close to it: CH_2, CH_1"),
        ("zzz", "people has no variable zzz; close to it: none"),
        ("loyalty", "people has no scores of loyalty: the answers have no column LOY2"),
        ("LOY2", "people: the questionnaire asks for LOY2, but the answers have no such column"),
        ("COMMENT", "people: COMMENT is a text or may name a person, so it is no variable"),
        ("PHONE", "people: PHONE is a text or may name a person, so it is no variable"),
    ],
)
def test_a_variable_that_is_not_there_says_why(name, message):
    with pytest.raises(KeyError, match=message):
        sample_of(people(), answered()).variable(name)


@pytest.mark.parametrize(
    ("construct", "message"),
    [
        ("loyality", "people has no construct loyality; close to it: loyalty"),
        ("loyalty", "people, loyalty: the answers have no column LOY2"),
    ],
)
def test_a_construct_that_is_not_there_says_why(construct, message):
    with pytest.raises(KeyError, match=message):
        sample_of(people(), answered()).item_frame(construct)


def test_a_code_off_the_scale_is_refused():
    with pytest.raises(ValueError, match="item TIER: 3, 7 is no code of its scale tier"):
        coded_categories(pd.Series([7.0, 1.0, 3.0, _], name="TIER"), ASKED)


def test_a_number_forms_no_groups():
    with pytest.raises(ValueError, match="item AUM has no scale, so its answers form no groups"):
        coded_categories(pd.Series([7.0], name="AUM"), ASKED)


def test_the_answers_handed_in_stay_as_they_were():
    responses = answered()
    before = responses.answers.copy()
    sample = sample_of(people(group="TIER"), responses)
    sample.frame.loc[0, "SAT1"] = -1
    pd.testing.assert_frame_equal(responses.answers, before)
