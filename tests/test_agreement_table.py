"""The page of agreement with R counts what tests compare, and measures it rightly."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

PATH = Path(__file__).parents[1] / "benchmarks" / "agreement.py"


@pytest.fixture(scope="module")
def agreement():
    spec = importlib.util.spec_from_file_location("agreement_table", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def recorder(agreement):
    """Listens to a test that was handed a table of 2, 4, 0 and 10."""
    found = agreement.Recorder()
    found.begin("test_nps", "test_made_up", {"computed_by_r"})
    found.know("nps", pd.DataFrame({"case": ["a"] * 4, "value": [2.0, 4.0, 0.0, 10.0]}))
    return found


def errors(recorder):
    return [c.error for c in recorder.comparisons]


def test_a_scalar_counts_once_with_its_relative_error(recorder):
    approx = recorder.approx(pytest.approx)
    assert approx(2.0, rel=0.1) == 2.1
    assert errors(recorder) == pytest.approx([0.05])
    assert (recorder.comparisons[0].table, recorder.comparisons[0].tolerance) == ("nps", 0.1)


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        ((2.2, 4.0), (2.0, 4.0)),
        ([2.2, 4.0], [2.0, 4.0]),
        (np.array([2.2, 4.0]), np.array([2.0, 4.0])),
        (np.array([[2.2], [4.0]]), np.array([[2.0], [4.0]])),
        ({"a": 2.2, "b": 4.0}, {"b": 4.0, "a": 2.0}),
    ],
)
def test_every_number_of_a_shape_counts(recorder, ours, expected):
    assert ours == recorder.approx(pytest.approx)(expected, rel=0.2)
    assert sorted(errors(recorder)) == pytest.approx([0, 0.1])


def test_numpy_scalars_leave_the_comparison_to_us(recorder):
    assert np.float64(10.1) == recorder.approx(pytest.approx)(10.0, rel=0.1)
    assert errors(recorder) == pytest.approx([0.01])


def test_near_zero_the_error_is_measured_against_the_floor(recorder):
    assert recorder.approx(pytest.approx)(0.0, abs=1e-6) == 2e-9
    assert errors(recorder) == pytest.approx([0.2])
    assert recorder.comparisons[0].tolerance == 1e-6


def test_a_turned_sign_counts_and_what_stands_in_no_table_does_not(recorder):
    approx = recorder.approx(pytest.approx)
    assert approx(-4.0) == -4.0
    assert approx(3.0) == 3.0
    assert [c.reference for c in recorder.comparisons] == [-4.0]


def test_unequal_numbers_stay_unequal_and_are_not_counted(recorder):
    approx = recorder.approx(pytest.approx)
    assert approx(2.0, rel=1e-9) != 2.1
    assert not recorder.comparisons


@pytest.mark.parametrize(
    ("module", "test", "fixtures"),
    [
        ("test_nps", "test_identity", {"survey"}),
        ("test_nps", "test_imputed_answers_say_what_those_of_mice_say", {"computed_by_r"}),
    ],
)
def test_identities_and_random_draws_are_not_listened_to(recorder, module, test, fixtures):
    recorder.begin(module, test, fixtures)
    assert recorder.approx(pytest.approx)(2.0) == 2.0
    assert not recorder.comparisons


def test_the_page_shows_counts_shares_and_largest_errors(agreement, recorder):
    approx = recorder.approx(pytest.approx)
    assert approx(2.0, rel=1e-4) == 2.0001
    assert approx(4.0, rel=1e-9) == 4.0
    assert approx(4.0, rel=1e-9) == 4.0
    assert approx(0.0, abs=1e-9) == 1e-11
    assert approx(10.0, rel=0.01) == 10.05
    text = agreement.page(recorder.comparisons)
    # 2, 4 and 0: within 1e-9 are the two comparisons of 4; 1e-11 is 1e-3 of the floor
    assert "| Net promoter score | base R | 3 | 50.0 % | 50.0 % | 75.0 % | 5.0e-5 | 1.0e-11 |" in text
    assert "1e-9, 1e-4 |" in text
    assert "| Net promoter score | 1 | 5.0e-3 |  | 1e-2 |" in text


def test_tables_that_r_did_not_write_are_told_by_their_first_line(agreement):
    assert agreement.by_r("nps")
    assert not agreement.by_r("pls")
    assert not agreement.by_r("survey_small")


def test_only_tables_of_r_are_read(agreement):
    recorder = agreement.Recorder()
    recorder.begin("test_pls_estimate", "test_x", {"computed_by_r"})
    watch = agreement.Watch(recorder)
    try:
        for name in ("pls", "survey_small", "nps"):
            pd.read_csv(PATH.parents[1] / "tests" / "reference" / f"{name}.csv", comment="#")
    finally:
        watch.pytest_unconfigure()
    assert set(recorder.stored["test_pls_estimate"]) == {"nps"}


def test_each_test_has_one_area_and_exists(agreement):
    tests = [test for area in agreement.areas() for test in area.tests]
    assert len(set(tests)) == len(tests)
    for test in tests:
        file, _, name = test.partition("::")
        assert f"def {name}" in (PATH.parents[1] / "tests" / f"{file}.py").read_text("utf-8"), test


def test_a_file_without_an_area_stands_under_its_own_name(agreement, recorder):
    recorder.begin("test_new_things", "test_x", {"computed_by_r"})
    recorder.know("nps", pd.DataFrame({"value": [2.0]}))
    assert recorder.approx(pytest.approx)(2.0) == 2.0
    assert [area.area for area in agreement.by_area(recorder.comparisons)] == ["New things"]
