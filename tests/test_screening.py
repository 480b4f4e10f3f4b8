import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from surveys.questionnaire import Construct, Item, Option, Questionnaire, Scale
from surveys.responses import Responses, SourceFile
from surveys.screening import OPTIONS, RULES, screen
from surveys.study import ScreeningRule

_ = np.nan


def scale(id_="agree", low=1, high=5):
    options = tuple(Option(code=code, label={"en": str(code)}) for code in range(low, high + 1))
    return Scale(id=id_, options=options)


AGREE, WEIGHT = scale("agree"), scale("weight")


def item(id_, **more):
    return Item(**{"id": id_, "kind": "single", "text": {"en": id_}, "section": "a", "scale": AGREE} | more)


def answered(items, answers, *, constructs=None, seconds=None):
    """Answers to items in the order given; one construct of all of them unless said otherwise."""
    names = [i.id for i in items if i.kind == "single" and i.attention is None and i.id != "CONSENT"]
    frame = pd.DataFrame(answers, dtype=float)
    metadata = pd.DataFrame(
        {"respondent": [f"p{i}" for i in range(len(frame))], "row": np.arange(len(frame)) + 2}
    )
    if seconds is not None:
        metadata["seconds"] = np.array(seconds, dtype=float)
    return Responses(
        questionnaire=Questionnaire(
            id="q",
            title={"en": "Q"},
            languages=("en",),
            sections=(),
            scales={"agree": AGREE},
            items=tuple(items),
            constructs=tuple(
                Construct(id=f"c{i}", label={"en": "c"}, items=tuple(group))
                for i, group in enumerate([names] if constructs is None else constructs)
            ),
        ),
        answers=frame,
        metadata=metadata,
        source=SourceFile(name="a.csv", sha256=""),
    )


def table(text):
    """Answers written as one line a respondent, with a dot for no answer."""
    return [[_ if mark == "." else float(mark) for mark in line.split()] for line in text.split("/")]


def columns(names, text):
    return dict(zip(names, np.array(table(text)).T, strict=True))


def rule(kind, **options):
    return ScreeningRule(kind=kind, options=options)


def flagged(screening, name):
    return screening.flags.index[screening.flags[name]].tolist()


FIVE = [item(name) for name in "ABCDE"]


# -- each rule by hand ---------------------------------------------------------------------------


def test_missing_counts_blank_construct_items():
    responses = answered(
        [*FIVE, item("X")],
        columns("ABCDEX", "1 2 3 . . . / 1 2 . . . 5 / 1 2 3 4 5 . / . . . . . 1"),
        constructs=["ABCD", "DE"],
    )
    screening = screen(responses, [rule("missing", max_share=0.4)])
    assert screening.indices["missing.share_missing"].tolist() == [0.4, 0.6, 0, 1]
    assert flagged(screening, "missing") == [1, 3]  # 0.4 is allowed


def test_missing_does_not_count_what_routing_left_out():
    items = [item("A"), item("B", show_if="A = 1"), item("C", show_if="A=1")]
    responses = answered(items, columns("ABC", "1 . . / 2 . . / . . . / 2 3 ."))
    screening = screen(responses, [rule("missing", max_share=0.5)])
    assert screening.indices["missing.share_missing"].tolist() == pytest.approx([2 / 3, 0, 1, 0])
    assert flagged(screening, "missing") == [0, 2]


def test_attention_counts_failed_checks_and_lets_a_blank_pass():
    items = [item("A"), item("CHECK", attention=4), item("TRAP", attention=1)]
    responses = answered(items, columns(["A", "CHECK", "TRAP"], "1 4 1 / 1 3 1 / 1 5 2 / 1 . 1 / 1 . ."))
    screening = screen(responses, [rule("attention")])
    assert screening.indices["attention.checks_failed"].tolist() == [0, 1, 2, 0, 0]
    assert flagged(screening, "attention") == [1, 2]


def test_duration_counts_every_question_asked_of_a_respondent():
    channels = Scale(id="ch", options=AGREE.options[:2], ordered=False, interval=False)
    items = [
        item("A", matrix="M"),
        item("B", matrix="M"),
        item("CH", kind="multiple", scale=channels),
        item("WHY", kind="text", scale=None, show_if="CH_2 = 1"),
        item("AUM", kind="number", scale=None, source="records"),
        item("GONE"),
    ]
    answers = columns(["A", "B", "CH_1", "CH_2", "AUM"], "1 2 1 0 9 / 1 2 0 1 9 / 1 2 0 1 9 / 1 2 1 0 9")
    responses = answered(items, answers, constructs=["AB"], seconds=[6, 7, 8, _])
    responses.answers["WHY"] = pd.Series([None, "slow", None, None], dtype=object)
    screening = screen(responses, [rule("duration", seconds_per_item=2)])
    assert screening.limits["duration.seconds"].tolist() == [6, 8, 8, 6]  # 3 or 4 questions
    assert flagged(screening, "duration") == [1]  # 7 of 8 seconds; an unknown time is no fault
    assert screening.ledger[0].n_judged == 3
    at_least = screen(responses, [rule("duration", seconds_per_item=2, min_seconds=7)])
    assert at_least.limits["duration.seconds"].tolist() == [7, 8, 8, 7]
    assert flagged(at_least, "duration") == [0, 1]


def test_longest_run_is_counted_on_raw_answers_within_one_scale():
    items = [
        item("A"),
        item("B", reverse_keyed=True),
        item("CHECK", attention=2),
        item("C"),
        item("V", scale=WEIGHT),
        item("W", scale=WEIGHT),
        item("D"),
        item("E"),
    ]
    names = ["A", "B", "CHECK", "C", "V", "W", "D", "E"]
    text = "3 3 2 3 3 3 3 3 / 4 2 4 4 4 4 1 2 / 4 4 2 . 1 2 4 4 / . . . . . . . . / 5 . 5 5 1 2 3 4"
    screening = screen(answered(items, columns(names, text)), [rule("straightlining", longest_run=3)])
    # the check does not end a run, a rated item on another scale does, a blank does not
    assert screening.indices["straightlining.longest_run"].tolist() == [3, 2, 2, 0, 2]
    assert flagged(screening, "straightlining") == [0]


def test_variability_is_that_of_the_longest_block_if_half_of_it_is_answered():
    items = [*(item(name) for name in "ABCD"), item("V", scale=WEIGHT), item("W", scale=WEIGHT)]
    responses = answered(items, columns("ABCDVW", "2 2 2 2 1 5 / 1 3 1 3 3 3 / 4 . . . 1 2 / 4 4 . . 1 2"))
    screening = screen(responses, [rule("straightlining", max_irv=0.5)])
    np.testing.assert_array_equal(screening.indices["straightlining.irv"], [0, 1, _, 0])
    assert flagged(screening, "straightlining") == [0, 3]
    both = screen(responses, [rule("straightlining", max_irv=0, longest_run=4)])
    assert both.set_aside[["respondent", "index", "value"]].values.tolist() == [
        ["p0", "longest_run", 4],
        ["p0", "irv", 0],
        ["p3", "irv", 0],
    ]
    assert both.ledger[0].n_flagged == 2


def test_runs_and_variability_equal_r(survey, computed_by_r, reference):
    items = [item(f"SAT{i}") for i in (1, 2, 3, 4)]
    responses = answered(items, {i.id: survey[i.id] for i in items})
    found = screen(responses, [rule("straightlining", longest_run=4, max_irv=0)]).indices
    expected = reference("screening")
    runs = expected[expected["case"].str.startswith("run:")]["value"]
    irv = expected[expected["case"].str.startswith("irv:")]["value"]
    assert found["straightlining.longest_run"].tolist() == runs.tolist()
    np.testing.assert_allclose(found["straightlining.irv"], irv, rtol=1e-12, atol=1e-15)


def test_duplicates_are_all_but_the_first_and_name_the_row_they_repeat():
    text = "1 2 3 4 5 / 1 2 3 4 4 / 1 2 3 4 5 / 1 2 3 4 5 / 1 . . . . / 1 . . . . / 1 2 3 . . / 1 2 3 . ."
    screening = screen(answered(FIVE, columns("ABCDE", text)), [rule("duplicates", min_items=3)])
    assert flagged(screening, "duplicates") == [2, 3, 7]
    assert screening.set_aside["value"].tolist() == [2, 2, 8]
    assert screening.ledger[0].n_judged == 6  # two answered fewer than three items
    assert flagged(screen(screening.responses, [rule("duplicates", min_items=1)]), "duplicates") == [
        2,
        3,
        5,
        7,
    ]
    assert flagged(screen(screening.responses, [rule("duplicates")]), "duplicates") == [2, 3, 7]  # half of 5


def test_squared_distances_equal_r(survey, computed_by_r):
    items = [item(f"SAT{i}", reverse_keyed=i == 2) for i in (1, 2, 3, 4)]  # keying moves no distance
    responses = answered(items, {i.id: survey[i.id] for i in items})
    screening = screen(responses, [rule("mahalanobis", p_value=0.1)])
    expected = computed_by_r("screening", "mahalanobis")
    found = screening.indices["mahalanobis.d_squared"]
    assert screening.limits["mahalanobis.d_squared"].iloc[0] == pytest.approx(expected["limit"], rel=1e-12)
    assert screening.ledger[0].n_judged == expected["n"]
    assert screening.ledger[0].n_flagged == expected["n_flagged"]
    for i, value in found.dropna().items():
        assert value == pytest.approx(computed_by_r("screening", f"d_squared:{i + 1}")["value"], rel=1e-9)


def test_distances_and_runs_of_bank_customers_equal_r(shared_data, computed_by_r):
    bank = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv").drop(columns="gender")
    ten = scale("ten", 1, 10)
    responses = answered([item(name, scale=ten) for name in bank], bank.to_dict("list"))
    screening = screen(responses, [rule("mahalanobis", p_value=0.001), rule("straightlining", longest_run=6)])
    expected = computed_by_r("screening", "bank")
    squared, runs = (
        screening.indices["mahalanobis.d_squared"],
        screening.indices["straightlining.longest_run"],
    )
    assert (bank.shape, screening.ledger[0].n_flagged) == ((250, 27), expected["n_flagged"])
    assert screening.limits["mahalanobis.d_squared"].iloc[0] == pytest.approx(expected["limit"], rel=1e-12)
    assert (squared.max(), squared.idxmax() + 1) == (
        pytest.approx(expected["largest"], rel=1e-9),
        expected["at"],
    )
    assert (squared**2).sum() == pytest.approx(expected["sum_of_squares"], rel=1e-9)
    assert (runs.max(), screening.ledger[1].n_flagged) == (expected["longest_run"], expected["runs_of_six"])


def test_distances_by_a_second_formula_and_their_sum():
    answers = np.random.default_rng(3).integers(1, 6, size=(40, 5)).astype(float)
    responses = answered(FIVE, dict(zip("ABCDE", answers.T, strict=True)))
    squared = screen(responses, [rule("mahalanobis")]).indices["mahalanobis.d_squared"]
    centred = answers - answers.mean(axis=0)
    by_hand = np.einsum("ij,ij->i", centred @ np.linalg.inv(np.cov(answers.T)), centred)
    np.testing.assert_allclose(squared, by_hand, rtol=1e-9)
    assert squared.sum() == pytest.approx(39 * 5)  # (n - 1) k


def test_person_fit_counts_steps_out_of_order():
    # the sixth respondent turns the order around, the last left an answer blank
    text = "3 3 2 1 1 / 3 2 2 1 1 / 2 2 1 1 1 / 3 3 3 2 1 / 3 1 3 1 1 / 1 1 2 3 3 / 3 3 . 1 1"
    three = scale("three", 1, 3)
    items = [item(name, scale=three) for name in "ABCDE"]
    screening = screen(answered(items, columns("ABCDE", text)), [rule("person_fit")])
    errors = screening.indices["person_fit.guttman_errors"]
    assert errors[[0, 1, 3]].tolist() == [0, 0, 0]
    assert 0 < errors[4] < errors[2] < 0.2 < 0.5 < errors[5] <= 1
    assert np.isnan(errors[6])
    assert (screening.ledger[0].n_judged, flagged(screening, "person_fit")) == (6, [5])

    def whom(**options):
        return flagged(screen(screening.responses, [rule("person_fit", **options)]), "person_fit")

    assert whom(cutoff=float(errors[4])) == [2, 5]  # above it, not at it
    assert whom(share=0.2) == [5]
    assert whom(share=0.4) == [2, 5]
    assert whom(share=0.2, cutoff=0) == [2, 4, 5]


def test_guttman_errors_by_counting_pairs():
    answers = np.random.default_rng(8).integers(1, 4, size=(12, 5)).astype(float)
    three = scale("three", 1, 3)
    items = [item(name, scale=three, reverse_keyed=name == "B") for name in "ABCDE"]
    responses = answered(items, dict(zip("ABCDE", answers.T, strict=True)))
    keyed = answers.copy()
    keyed[:, 1] = 4 - keyed[:, 1]
    steps = np.stack([keyed >= 2, keyed >= 3], axis=2).reshape(12, 10)
    order = np.argsort(-steps.mean(axis=0), kind="stable")
    ranked = steps[:, order]
    errors = [sum(not row[i] and row[j] for i in range(10) for j in range(i + 1, 10)) for row in ranked]
    largest = []
    everyone = np.stack(np.meshgrid(*[[1, 2, 3]] * 5), axis=-1).reshape(-1, 5)
    possible = np.stack([everyone >= 2, everyone >= 3], axis=2).reshape(-1, 10)[:, order]
    for total in steps.sum(axis=1):
        patterns = possible[possible.sum(axis=1) == total]
        largest.append(
            max(sum(not row[i] and row[j] for i in range(10) for j in range(i + 1, 10)) for row in patterns)
        )
    found = screen(responses, [rule("person_fit")]).indices["person_fit.guttman_errors"]
    np.testing.assert_allclose(found, np.array(errors) / np.array(largest), rtol=1e-12)


# -- consent comes first -------------------------------------------------------------------------


def test_consent_comes_first_and_the_other_rules_see_only_who_gave_it():
    items = [item("CONSENT"), *FIVE]
    names = ["CONSENT", *"ABCDE"]
    responses = answered(
        items,
        columns(names, "2 . . . . . / 1 1 2 3 4 5 / . 1 2 3 4 5 / 1 1 2 3 4 5 / 2 1 2 3 4 5 / 1 . . . . ."),
        constructs=["ABCDE"],
    )
    screening = screen(
        responses, [rule("missing"), rule("duplicates", min_items=5), rule("consent", item="CONSENT", code=1)]
    )
    assert list(screening.flags) == ["consent", "missing", "duplicates"]
    assert flagged(screening, "consent") == [0, 2, 4]  # no answer is no consent
    assert flagged(screening, "missing") == [5]
    assert flagged(screening, "duplicates") == [3]  # of row 3: the refusal above it does not count
    assert screening.indices.loc[[0, 2, 4], "missing.share_missing"].isna().all()
    assert screening.consenting.tolist() == [False, True, False, True, False, True]
    assert (screening.n, screening.n_set_aside_but_consenting) == (1, 2)
    assert [(r.name, r.n_judged, r.n_flagged) for r in screening.ledger] == [
        ("consent", 6, 3),
        ("missing", 3, 1),
        ("duplicates", 2, 1),
    ]


def test_nobody_gave_consent():
    responses = answered(
        [item("CONSENT"), *FIVE],
        columns(["CONSENT", *"ABCDE"], "2 . . . . . / 2 . . . . ."),
        constructs=["ABCDE"],
    )
    screening = screen(responses, [rule("consent", item="CONSENT", code=1), rule("missing")])
    assert (screening.n, screening.keep().n) == (0, 0)
    assert (screening.ledger[1].applicable, screening.ledger[1].reason) == (False, "nobody gave consent")


def test_a_file_without_respondents():
    empty = answered(FIVE, {name: [] for name in "ABCDE"})
    screening = screen(empty, [rule("missing"), rule("mahalanobis")])
    assert [r.reason for r in screening.ledger] == ["there are no respondents"] * 2
    assert screening.n == 0


# -- the ledger ----------------------------------------------------------------------------------


def test_the_ledger_says_who_was_set_aside_first_and_who_by_one_rule_alone():
    items = [*FIVE, item("CHECK", attention=4)]
    names = [*"ABCDE", "CHECK"]
    text = "1 2 3 4 5 4 / 3 3 3 3 3 1 / 3 3 3 3 3 4 / 1 . . . . 1 / 1 2 3 5 4 4"
    responses = answered(items, columns(names, text), seconds=[50, 5, 50, 50, 5])
    rules = [
        rule("missing", max_share=0.5),
        rule("attention"),
        rule("duration", min_seconds=10),
        rule("straightlining", longest_run=5),
        rule("duplicates", min_items=5),
    ]
    screening = screen(responses, rules)
    counts = [(r.name, r.n_flagged, r.n_first, r.n_only_this_rule) for r in screening.ledger]
    assert counts == [
        ("missing", 1, 1, 0),
        ("attention", 2, 1, 0),
        ("duration", 2, 1, 1),
        ("straightlining", 2, 1, 0),
        ("duplicates", 1, 0, 0),
    ]
    assert screening.kept.tolist() == [True, False, False, False, False]
    assert sum(r.n_first for r in screening.ledger) == responses.n - screening.n
    assert screening.without("duration").tolist() == [True, False, False, False, True]
    assert screening.keep().metadata["respondent"].tolist() == ["p0"]
    aside = screening.set_aside
    assert list(aside) == ["respondent", "row", "rule", "index", "value", "limit"]
    assert aside[aside["respondent"] == "p1"].drop(columns="respondent").values.tolist() == [
        [3, "attention", "checks_failed", 1, 0],
        [3, "duration", "seconds", 5, 10],
        [3, "straightlining", "longest_run", 5, 5],
    ]
    assert responses.n == 5  # nobody is deleted
    ledger = screening.to_frame()
    assert ledger.loc[0, ["name", "options", "n_flagged"]].tolist() == ["missing", "max_share 0.5", 1]


def test_rules_of_one_kind_are_numbered():
    responses = answered(FIVE, columns("ABCDE", "1 2 3 4 . / 1 2 . . ."))
    screening = screen(
        responses, [rule("missing", max_share=0.5), rule("attention"), rule("missing", max_share=0.1)]
    )
    assert [r.name for r in screening.ledger] == ["missing", "attention", "missing_2"]
    assert screening.flags[["missing", "missing_2"]].values.tolist() == [[False, True], [True, True]]


def test_no_rules_keep_everybody():
    screening = screen(answered(FIVE, columns("ABCDE", "1 2 3 4 5")), [])
    assert (screening.n, screening.ledger, len(screening.set_aside)) == (1, (), 0)
    assert screening.consenting.tolist() == [True]


def test_without_an_unknown_rule_is_refused():
    screening = screen(answered(FIVE, columns("ABCDE", "1 2 3 4 5")), [rule("missing")])
    with pytest.raises(KeyError, match="there is no rule duration; the rules are missing"):
        screening.without("duration")


# -- rules that cannot be applied ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options", "text", "reason"),
    [
        ("attention", {}, "1 2 3 4 5", "the answers hold no attention check"),
        ("duration", {"min_seconds": 9}, "1 2 3 4 5", "the file does not say how long respondents took"),
        ("consent", {"item": "OK", "code": 1}, "1 2 3 4 5", "no column for the consent item OK"),
        ("straightlining", {"longest_run": 6}, "1 2 3 4 5", "no run can be 6 items long: at most 5"),
        ("duplicates", {"min_items": 6}, "1 2 3 4 5", "hold 5 items of constructs, fewer than 6"),
        (
            "mahalanobis",
            {},
            "1 2 3 4 5 / 2 1 3 4 5 / 3 . 3 4 5",
            "2 respondents answered all 5 items, too few for any distance to pass 20.5",
        ),
        ("person_fit", {}, ". 2 3 4 5 / 2 . 3 4 5", "nobody answered all 5 items"),
    ],
)
def test_a_rule_without_ground_says_why_and_flags_nobody(kind, options, text, reason):
    screening = screen(answered(FIVE, columns("ABCDE", text)), [rule(kind, **options)])
    (ledger,) = screening.ledger
    assert not ledger.applicable
    assert reason in ledger.reason
    assert (ledger.n_judged, ledger.n_flagged, screening.kept.all()) == (0, 0, True)
    assert screening.without(kind).all()


def test_distances_need_items_that_vary_and_are_not_sums_of_others():
    answers = np.random.default_rng(1).integers(1, 6, size=(60, 5)).astype(float)
    constant = answers.copy()
    constant[:, 2] = 3
    turned = answers.copy()
    turned[:, 4] = 6 - turned[:, 0]
    for table_, reason in (
        (constant, "everyone gave the same answer to C"),
        (turned, "some items are exact combinations of others"),
    ):
        screening = screen(answered(FIVE, dict(zip("ABCDE", table_.T, strict=True))), [rule("mahalanobis")])
        assert (screening.ledger[0].applicable, screening.ledger[0].reason) == (False, reason)


@pytest.mark.parametrize("n", [22, 23])
def test_the_greatest_distance_possible_decides_whether_there_are_enough(n):
    answers = np.random.default_rng(2).integers(1, 6, size=(n, 5)).astype(float)
    screening = screen(answered(FIVE, dict(zip("ABCDE", answers.T, strict=True))), [rule("mahalanobis")])
    assert screening.ledger[0].applicable == ((n - 1) ** 2 / n > chi2.isf(0.001, 5)) == (n == 23)


def test_a_questionnaire_without_constructs():
    responses = answered(FIVE, columns("ABCDE", "1 2 3 4 5"), constructs=[])
    for kind in ("missing", "duplicates", "mahalanobis", "person_fit"):
        assert screen(responses, [rule(kind)]).ledger[0].reason == "the answers hold no items of a construct"


def test_few_items_on_one_scale_have_no_pattern_to_fit():
    responses = answered(FIVE[:4], columns("ABCD", "1 2 3 4"))
    reason = screen(responses, [rule("person_fit")]).ledger[0].reason
    assert reason == "4 items that share a scale are too few to judge the fit of persons"


# -- what is handed in ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (rule("missing", maximum=1), "missing has no option maximum; its options are: max_share"),
        (rule("attention", item="A"), "attention has no option item; its options are: none"),
        (rule("missing", max_share="half"), "missing: max_share is 'half', expected a number"),
        (rule("missing", max_share=True), "missing: max_share is True, expected a number"),
        (rule("consent", item="OK"), "consent needs `item` and `code`"),
        (rule("duration"), "duration needs min_seconds or seconds_per_item"),
        (rule("straightlining"), "straightlining needs longest_run or max_irv"),
        (rule("speed"), "there is no screening rule speed; the rules are consent, missing"),
    ],
)
def test_a_rule_that_says_too_little_or_too_much_is_refused(declared, message):
    with pytest.raises(ValueError, match=message):
        screen(answered(FIVE, columns("ABCDE", "1 2 3 4 5")), [declared])


def test_every_kind_of_rule_has_its_options():
    assert set(OPTIONS) == set(RULES)


def test_importing_screening_does_not_load_the_index_library():
    code = "import sys, surveys.screening; print([m for m in ('ier', 'scipy.stats') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- invariance ----------------------------------------------------------------------------------

RULES_OF_ORDER = [
    rule("missing", max_share=0.4),
    rule("straightlining", longest_run=4, max_irv=0.3),
    rule("mahalanobis", p_value=0.2),
    rule("person_fit", cutoff=0.3),
]
answer_rows = st.lists(
    st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, _]), min_size=5, max_size=5), min_size=2, max_size=14
)


@given(answer_rows, st.randoms(use_true_random=False))
def test_the_order_of_respondents_does_not_matter_except_to_duplicates(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    first = screen(answered(FIVE, dict(zip("ABCDE", np.array(rows).T, strict=True))), RULES_OF_ORDER)
    shuffled = np.array(rows)[order]
    second = screen(answered(FIVE, dict(zip("ABCDE", shuffled.T, strict=True))), RULES_OF_ORDER)
    assert first.indices.columns.tolist() == second.indices.columns.tolist()
    np.testing.assert_allclose(
        first.indices.to_numpy()[order], second.indices.to_numpy(), rtol=1e-6, atol=1e-9
    )
    assert [r.applicable for r in first.ledger] == [r.applicable for r in second.ledger]


@given(answer_rows)
def test_counts_add_up_whatever_the_answers(rows):
    responses = answered(FIVE, dict(zip("ABCDE", np.array(rows).T, strict=True)))
    screening = screen(responses, [*RULES_OF_ORDER, rule("duplicates", min_items=1)])
    assert sum(r.n_first for r in screening.ledger) == responses.n - screening.n == (~screening.kept).sum()
    for ledger in screening.ledger:
        assert screening.without(ledger.name).sum() - screening.n == ledger.n_only_this_rule
        assert ledger.n_only_this_rule <= ledger.n_first <= ledger.n_flagged <= ledger.n_judged
    assert set(screening.set_aside["respondent"]) == set(responses.metadata["respondent"][~screening.kept])
