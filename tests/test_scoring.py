import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.questionnaire import Construct, Item, Option, Questionnaire, Scale
from surveys.responses import Responses, SourceFile
from surveys.scoring import keyed_answers, reverse, score_constructs


def scale(low=1, high=5):
    options = tuple(Option(code=code, label={"en": str(code)}) for code in range(low, high + 1))
    return Scale(id=f"points{low}to{high}", options=options)


def item(id_, *, reverse_keyed=False, on=None):
    return Item(
        id=id_,
        kind="single",
        text={"en": id_},
        section="a",
        scale=on or scale(),
        reverse_keyed=reverse_keyed,
    )


def construct(id_, *items, valid_share=0.5):
    return Construct(id=id_, label={"en": id_}, items=items, valid_share=valid_share)


def answered(items, constructs, **answers):
    frame = pd.DataFrame(answers, dtype=float)
    return Responses(
        questionnaire=Questionnaire(
            id="q",
            title={"en": "Q"},
            languages=("en",),
            sections=(),
            scales={},
            items=tuple(items),
            constructs=tuple(constructs),
        ),
        answers=frame,
        metadata=pd.DataFrame(
            {"respondent": [f"p{i}" for i in frame.index], "row": np.arange(len(frame)) + 2}
        ),
        source=SourceFile(name="a.csv", sha256=""),
    )


def test_reverse_turns_codes_around_the_middle_of_their_scale():
    turned = reverse(pd.Series([0, 3, 10, np.nan], name="NPS"), item("NPS", on=scale(0, 10)))
    assert turned.tolist()[:3] == [10, 7, 0]
    assert np.isnan(turned[3])
    assert turned.name == "NPS"


def test_a_number_cannot_be_reversed():
    number = Item(id="AUM", kind="number", text={"en": "AUM"}, section="a", reverse_keyed=True)
    with pytest.raises(ValueError, match="item AUM has no scale to be reversed on"):
        reverse(pd.Series([1.0]), number)


@given(st.integers(-3, 3), st.integers(1, 10), st.data())
def test_reversing_twice_gives_the_answer_back(low, width, data):
    asked = item("A", on=scale(low, low + width))
    codes = pd.Series(
        data.draw(st.lists(st.sampled_from([*asked.scale.codes, None]), min_size=1)), dtype=float
    )
    pd.testing.assert_series_equal(reverse(reverse(codes, asked), asked), codes)
    assert reverse(codes, asked).dropna().between(low, low + width).all()


def test_keyed_answers_turn_reverse_keyed_items_and_only_items_of_constructs():
    responses = answered(
        [item("A"), item("B", reverse_keyed=True), item("C", reverse_keyed=True)],
        [construct("x", "B", "A"), construct("y", "A")],
        A=[1, 2],
        B=[1, np.nan],
        C=[1, 1],
    )
    keyed = keyed_answers(responses)
    assert list(keyed.columns) == ["B", "A"]  # as constructs name them, each once
    assert keyed["A"].tolist() == [1, 2]
    assert keyed["B"][0] == 5
    assert np.isnan(keyed["B"][1])
    assert responses.answers["B"][0] == 1  # the answers as given stay


def test_scores_are_means_of_the_items_answered_by_enough():
    responses = answered(
        [item("A"), item("B", reverse_keyed=True), item("C"), item("D")],
        [construct("half", "A", "B", "C", "D"), construct("all", "A", "B", "C", "D", valid_share=1.0)],
        A=[5, 5, 5, np.nan],
        B=[1, 2, np.nan, np.nan],
        C=[4, np.nan, np.nan, np.nan],
        D=[3, np.nan, np.nan, np.nan],
    )
    scores = score_constructs(responses)
    np.testing.assert_array_equal(scores.frame["half"], [17 / 4, 9 / 2, np.nan, np.nan])
    np.testing.assert_array_equal(scores.frame["all"], [17 / 4, np.nan, np.nan, np.nan])
    assert scores.n_scored == {"half": 2, "all": 1}
    assert scores.n_without == {"half": 2, "all": 3}
    assert scores.valid_share == {"half": 0.5, "all": 1.0}
    assert scores.items["half"] == ("A", "B", "C", "D")
    assert scores.not_found == {}


@pytest.mark.parametrize("share", [2 / 3, 0.666666667])
def test_two_of_three_items_meet_a_share_of_two_thirds(share):
    responses = answered(
        [item("A"), item("B"), item("C")],
        [construct("x", "A", "B", "C", valid_share=share)],
        A=[1],
        B=[2],
        C=[np.nan],
    )
    assert score_constructs(responses).frame["x"].tolist() == [1.5]


def test_a_share_of_nothing_still_needs_one_answer():
    responses = answered([item("A")], [construct("x", "A", valid_share=0.0)], A=[np.nan, 2])
    assert score_constructs(responses).n_without == {"x": 1}


def test_a_construct_with_an_item_not_in_the_file_has_no_score():
    responses = answered([item("A"), item("B")], [construct("x", "A", "B"), construct("y", "A")], A=[1, 2])
    scores = score_constructs(responses)
    assert list(scores.frame) == ["y"]
    assert scores.not_found == {"x": ("B",)}
    assert "x" not in scores.n_scored


def test_scores_equal_psych(survey, computed_by_r, reference):
    items = [item("SAT1"), item("SAT2", reverse_keyed=True), item("SAT3"), item("SAT4")]
    names = [i.id for i in items]
    responses = answered(
        items, [construct("sat", *names, valid_share=0.25)], **{name: survey[name] for name in names}
    )
    expected = reference("screening")
    expected = expected[expected["case"].str.startswith("score:")]["value"]
    np.testing.assert_allclose(score_constructs(responses).frame["sat"], expected, rtol=1e-12)


codes = st.lists(
    st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, np.nan]), min_size=4, max_size=4),
    min_size=1,
    max_size=6,
)


@given(codes, st.permutations(["A", "B", "C", "D"]), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
def test_scores_stay_on_the_scale_and_ignore_the_order_of_items(rows, order, share):
    table = dict(zip("ABCD", np.array(rows).T, strict=True))
    items = [item(name, reverse_keyed=name == "C") for name in "ABCD"]
    scores, shuffled = (
        score_constructs(answered(items, [construct("x", *names, valid_share=share)], **table))
        for names in ("ABCD", order)
    )
    np.testing.assert_allclose(scores.frame["x"], shuffled.frame["x"], rtol=1e-14)
    found = scores.frame["x"].dropna()
    assert found.between(1, 5).all()
    n_answered = pd.DataFrame(table).notna().sum(axis=1)
    assert scores.frame["x"].notna().tolist() == ((n_answered >= 4 * share) & (n_answered > 0)).tolist()
    assert scores.n_scored["x"] + scores.n_without["x"] == len(rows)


@given(codes)
def test_a_scale_read_from_its_other_end_turns_the_scores(rows):
    table = dict(zip("ABCD", np.array(rows).T, strict=True))
    plain = answered([item(name) for name in "ABCD"], [construct("x", *"ABCD")], **table)
    turned = answered([item(name, reverse_keyed=True) for name in "ABCD"], [construct("x", *"ABCD")], **table)
    np.testing.assert_allclose(
        6 - score_constructs(plain).frame["x"], score_constructs(turned).frame["x"], rtol=1e-14
    )
