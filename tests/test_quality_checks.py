"""Checks of every respondent: indices, timing, duplicates, traffic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from surveys.quality.checks import Check
from surveys.quality.duplicates import duplicate_checks, near_pairs
from surveys.quality.indices import answer_checks
from surveys.quality.timing import timing_checks
from surveys.quality.traffic import mix_against_frame, traffic_checks
from surveys.responses import Responses
from surveys.simulation import load_population_model, simulate, simulate_with_truth
from surveys.study import Study


@pytest.fixture(scope="module")
def answers() -> Responses:
    study = Study.load("bank_tiering")
    model = load_population_model("claims_hold", study)
    return simulate(study, model, rng=np.random.default_rng(3), sizes={"customers": 200}, clean=True)[
        "customers"
    ]


def named(checks: object) -> dict[str, Check]:
    return {check.name: check for check in checks}  # type: ignore[attr-defined]


def ratings(responses: Responses) -> list[str]:
    return [
        item.id
        for item in responses.questionnaire.items
        if item.kind == "single" and item.scale is not None and item.scale.interval and item.attention is None
    ]


def with_answers(responses: Responses, row: int, values: object) -> Responses:
    changed = responses.answers.copy()
    changed.loc[row, ratings(responses)] = values
    return replace(responses, answers=changed)


def test_one_code_throughout_is_flagged_by_runs_patterns_and_variability(answers: Responses) -> None:
    found = named(answer_checks(with_answers(answers, 0, 3.0), rng=np.random.default_rng(1)))
    assert found["longest_run"].flagged[0]
    assert found["irv"].flagged[0]
    assert found["longest_run"].values[0] == len(ratings(answers))


def test_a_repeated_pattern_is_flagged_where_no_code_is_repeated(answers: Responses) -> None:
    pattern = np.resize([1.0, 2.0, 3.0], len(ratings(answers)))
    found = named(answer_checks(with_answers(answers, 0, pattern), rng=np.random.default_rng(1)))
    assert not found["longest_run"].flagged[0]
    assert found["repeated_pattern"].flagged[0]


def test_random_answers_are_flagged_far_more_often_than_honest_ones() -> None:
    study = Study.load("bank_tiering")
    model = load_population_model("claims_hold", study)
    drawn = simulate_with_truth(study, model, rng=np.random.default_rng(8), sizes={"customers": 800})
    responses = drawn["customers"].responses
    random = drawn["customers"].truth["careless"] == "random"
    found = named(answer_checks(responses, rng=np.random.default_rng(1)))
    for name, times in {"even_odd": 3, "resampled_reliability": 3, "synonyms": 3, "person_total": 2}.items():
        check = found[name]
        assert check.flagged[random].mean() > times * check.flagged[~random].mean(), name


def test_an_index_without_ground_says_why(answers: Responses) -> None:
    few = answers.keep(answers.answers.index.to_series() < 10)
    found = named(answer_checks(few, rng=np.random.default_rng(1)))
    assert found["mahalanobis"].state == "not_applicable"
    assert "10 respondents" in found["mahalanobis"].reason
    assert found["antonyms"].n_judged == 0


def test_too_fast_is_seconds_by_question_answered(answers: Responses) -> None:
    metadata = answers.metadata.copy()
    metadata.loc[0, "seconds"] = 20.0
    found = named(timing_checks(replace(answers, metadata=metadata)))
    assert found["too_fast"].flagged[0]
    assert found["fast_pages"].reason.startswith("the file tells the time of 0 pages")


def test_pages_answered_in_a_trice_or_all_evenly_are_flagged(answers: Responses) -> None:
    rng = np.random.default_rng(2)
    usual = np.array([30.0, 60.0, 20.0, 45.0])
    times = usual * np.exp(0.4 * rng.standard_normal((answers.n, 4)))
    times[0] = usual * 0.1
    times[1] = usual * 0.8
    metadata = answers.metadata.assign(**{f"page_seconds_{i + 1}": times[:, i] for i in range(4)})
    found = named(timing_checks(replace(answers, metadata=metadata)))
    assert found["fast_pages"].flagged[0]
    assert not found["fast_pages"].flagged[1]
    assert found["even_pages"].flagged[1]
    assert found["even_pages"].flagged.sum() <= 5


def test_forty_submissions_in_five_minutes_are_a_burst(answers: Responses) -> None:
    metadata = answers.metadata.copy()
    moment = metadata["submitted_at"].min() + pd.Timedelta(days=3)
    metadata.loc[:39, "submitted_at"] = moment + pd.to_timedelta(np.arange(40) * 7, unit="s")
    found = named(timing_checks(replace(answers, metadata=metadata)))["burst"]
    assert found.flagged[:40].all()
    assert found.flagged[40:].sum() <= 5
    assert named(timing_checks(answers))["burst"].n_flagged == 0


def test_copies_are_found_whether_they_are_whole_or_nearly_so(answers: Responses) -> None:
    names = ratings(answers)
    copied = with_answers(answers, 1, answers.answers.loc[0, names].to_numpy())
    nearly = answers.answers.loc[2, names].to_numpy(dtype=float).copy()
    nearly[:4] = np.where(nearly[:4] == 5, 4, nearly[:4] + 1)
    both = with_answers(copied, 3, nearly)
    found = named(duplicate_checks(both))
    assert found["same_answers"].flagged[:2].all()
    assert found["same_answers"].n_flagged == 2
    assert found["near_answers"].flagged[:4].all()
    assert found["near_answers"].values[3] == 4.0


def test_straight_liners_are_no_copies_of_each_other(answers: Responses) -> None:
    two = with_answers(with_answers(answers, 0, 4.0), 1, 4.0)
    assert not named(duplicate_checks(two))["same_answers"].flagged.any()


@pytest.mark.parametrize("most", [0, 1, 3, 6])
def test_near_pairs_are_those_of_comparing_everybody_with_everybody(most: int) -> None:
    rng = np.random.default_rng(most)
    codes = rng.integers(1, 4, (120, 12)).astype(np.int8)
    codes[60:70] = codes[:10]
    differences = (codes[:, None, :] != codes[None, :, :]).sum(axis=2)
    first, second = np.nonzero(np.triu(differences <= most, 1))
    found = near_pairs(codes, most=most)
    assert list(zip(found.first, found.second, strict=True)) == list(zip(first, second, strict=True))
    assert found.differences.tolist() == differences[first, second].tolist()


def test_previews_tests_and_unfinished_rows_are_flagged_as_the_platform_says(answers: Responses) -> None:
    metadata = answers.metadata.assign(preview=False, finished=True, serial=np.arange(answers.n))
    metadata.loc[4, "preview"] = True
    metadata.loc[5, "finished"] = False
    metadata.loc[6, "serial"] = 0
    found = named(traffic_checks(replace(answers, metadata=metadata)))
    assert np.flatnonzero(found["preview"].flagged).tolist() == [4]
    assert np.flatnonzero(found["finished"].flagged).tolist() == [5]
    assert np.flatnonzero(found["serial"].flagged).tolist() == [0, 6]
    assert found["test"].reason == "the file has no column that tells test"


def test_the_mix_of_provinces_is_a_chi_square_against_the_frame(answers: Responses) -> None:
    provinces = ["江苏省"] * 80 + ["浙江"] * 70 + ["上海市"] * 50
    placed = replace(answers, metadata=answers.metadata.assign(province=provinces))
    mix = mix_against_frame(
        placed, "province", {"江苏": 0.5, "浙江": 0.3, "上海": 0.2}, rng=np.random.default_rng(1)
    )
    # (80-100)^2/100 + (70-60)^2/60 + (50-40)^2/40
    assert mix.statistic == pytest.approx(4 + 100 / 60 + 2.5)
    assert mix.df == 2
    assert mix.p_value == pytest.approx(np.exp(-(4 + 100 / 60 + 2.5) / 2), rel=1e-9)
    assert mix.table["n"].tolist() == [80, 70, 50]


def test_small_cells_of_the_frame_are_simulated(answers: Responses) -> None:
    placed = replace(answers, metadata=answers.metadata.assign(device=["phone"] * 199 + ["tablet"]))
    mix = mix_against_frame(placed, "device", {"phone": 0.995, "tablet": 0.005}, rng=np.random.default_rng(1))
    assert mix.p_value == 1.0


def test_a_place_that_the_frame_excludes_is_said(answers: Responses) -> None:
    placed = replace(answers, metadata=answers.metadata.assign(province=["江苏"] * 199 + ["海南"]))
    mix = mix_against_frame(placed, "province", {"江苏": 1.0}, rng=np.random.default_rng(1))
    assert (mix.state, mix.p_value) == ("outside_frame", None)


def test_shares_of_a_frame_add_up_to_at_most_one(answers: Responses) -> None:
    with pytest.raises(ValueError, match=r"frame of province: shares add up to 1\.2"):
        mix_against_frame(answers, "province", {"a": 0.7, "b": 0.5}, rng=np.random.default_rng(1))
