"""Every public function of ``analysis`` says what it does with weights, and does what it says."""

from __future__ import annotations

import importlib
import inspect
import runpy
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from analysis.common_method import marker_variable
from analysis.exploratory.factorability import sphericity
from analysis.results import Tabular
from analysis.weighting import WeightsRefused, public_functions, stance_of
from tests.weighting_examples import COLUMNS, COUNTED, WEIGHTED, Table, numbers, small_table

FUNCTIONS = dict(public_functions())
STANCES = {address: stance_of(function) for address, function in FUNCTIONS.items()}
EXAMPLES = {f"analysis.{name}": example for name, example in (WEIGHTED | COUNTED | COLUMNS).items()}

#: Reads of fitted models, imputations and whole studies: these have tests of their own.
FITS = ("analysis.sem.", "analysis.pls.", "analysis.missing.imputation.", "analysis.inputs.")

COUNTABLE = {
    name for name in WEIGHTED.keys() | COUNTED.keys() if STANCES[f"analysis.{name}"].counts != "refused"
}

#: Where estimates come from iterations, the identity holds as far as they go.
LOOSE = {
    "design.ordinal_regression.design_ordinal": 1e-8,
    "design.regression.design_logistic": 1e-8,
    "exploratory.factors.factor_analysis": 1e-8,
    "omega.schmid_leiman_omega": 1e-8,
    "latent_class.classes.latent_classes": 1e-8,
    "latent_class.three_step.classification": 1e-8,
}


def example_rows() -> Table:
    frame = small_table()
    return Table(frame, counts=frame["TIMES"].to_numpy())


def written_out(table: Table) -> Table:
    at = np.repeat(np.arange(len(table.rows)), table.counts)
    weights = None if table.weights is None else table.weights[at]
    return Table(table.rows.iloc[at].reset_index(drop=True), weights=weights)


def assert_alike(found: object, expected: object, tolerance: float) -> None:
    ours, theirs = dict(numbers(found)), dict(numbers(expected))
    assert ours, "the example shows no number"
    assert ours.keys() == theirs.keys()
    for place, value in theirs.items():
        assert ours[place] == pytest.approx(value, rel=tolerance, abs=tolerance, nan_ok=True), place


@pytest.mark.parametrize("address", sorted(FUNCTIONS))
def test_every_function_says_what_it_does_with_weights(address):
    stance = STANCES[address]
    assert stance is not None, (
        f"{address} says nothing of weights: mark it with takes_weights, refuses_weights, weights_given_by "
        "or no_estimate of analysis.weighting"
    )
    parameters = inspect.signature(FUNCTIONS[address]).parameters
    if stance.weights in ("design", "weights"):
        assert stance.weights in parameters
        assert stance.reference, "what are the weighted numbers held against?"
    if stance.weights == "refused":
        assert "design" not in parameters
        assert stance.how, "why are weights refused?"
    if stance.counts in ("sums", "rows"):
        assert {"counts", "counts_first"} & set(parameters)
    for origin in stance.origin:
        module, _, name = origin.rpartition(".")
        assert STANCES[f"{module}.{name}"] is not None


@pytest.mark.parametrize("address", sorted(a for a, s in STANCES.items() if s and s.weights == "refused"))
def test_refusals_have_a_type_and_four_parts(address):
    asked = [
        name for name in ("weights", "design") if name not in inspect.signature(FUNCTIONS[address]).parameters
    ]
    for name in asked:
        with pytest.raises(WeightsRefused) as refusal:
            FUNCTIONS[address](**{name: np.ones(3)})
        (fault,) = refusal.value.faults
        assert fault.file == address
        assert fault.seen == f"{name}=..."
        assert STANCES[address].how in fault.expected
        assert fault.remedy
    if STANCES[address].counts == "refused":
        with pytest.raises(WeightsRefused, match="counts"):
            FUNCTIONS[address](counts=np.ones(3))


@pytest.mark.parametrize("address", sorted(a for a, s in STANCES.items() if s and s.instead))
def test_what_a_refusal_points_to_exists(address):
    named = STANCES[address].instead.replace(",", " ").replace("(", " ").split()
    addresses = [word for word in named if word.startswith("analysis.")]
    assert addresses
    for found in addresses:
        module, _, name = found.rpartition(".")
        assert getattr(importlib.import_module(module), name)


def test_an_estimate_hides_under_no_other_name():
    """What is called arithmetic, text, planning or laying out takes no answers and hands back no result."""
    for address, stance in STANCES.items():
        if stance.weights != "none":
            continue
        hints = inspect.signature(FUNCTIONS[address], eval_str=True)
        takes = str({name: p.annotation for name, p in hints.parameters.items()})
        result = hints.return_annotation
        if inspect.isclass(result) and issubclass(result, Tabular) and stance.how != "planning":
            assert "Series" not in takes, address
            assert "n_respondents" not in (FUNCTIONS[address].__doc__ or ""), address


@pytest.mark.parametrize("name", sorted(WEIGHTED | COLUMNS))
def test_weights_change_what_is_estimated(name):
    example = (WEIGHTED | COLUMNS)[name]
    frame = small_table()
    equal = dict(numbers(example(Table(frame, weights=np.ones(len(frame))))))
    unequal = dict(numbers(example(Table(frame, weights=frame["W"].to_numpy()))))
    assert equal
    changed = [
        place for place, value in unequal.items() if equal.get(place) != pytest.approx(value, rel=1e-6)
    ]
    assert changed


def test_every_function_with_weights_or_counts_has_an_example():
    owed = {
        address
        for address, stance in STANCES.items()
        if stance.weights in ("design", "weights") or stance.counts in ("sums", "rows")
    }
    owed |= {
        address
        for address, stance in STANCES.items()
        if stance.weights == "given" and stance.how != "inner step" and not stance.origin[0].startswith(FITS)
    }
    assert owed - EXAMPLES.keys() == set()


@pytest.mark.parametrize("test", [sphericity, partial(marker_variable, marker="B3")])
def test_tests_of_simple_random_samples_say_that_correlations_are_weighted(test):
    frame = small_table()
    table = Table(frame, weights=frame["W"].to_numpy())
    result = test(table.correlations)
    assert result.state == "weighted"
    assert "simple random sample" in result.reason
    assert result.n == table.correlations.n


@pytest.mark.parametrize("name", sorted(COUNTABLE))
def test_a_count_is_as_good_as_so_many_rows(name):
    example, tolerance = (WEIGHTED | COUNTED)[name], LOOSE.get(name, 1e-12)
    table = example_rows()
    assert_alike(example(table), example(written_out(table)), tolerance)


@pytest.mark.parametrize("name", sorted(COUNTABLE & WEIGHTED.keys()))
def test_a_weighted_count_is_as_good_as_so_many_weighted_rows(name):
    table = example_rows()
    weighted = Table(table.rows, counts=table.counts, weights=table.rows["W"].to_numpy())
    example = WEIGHTED[name]
    assert_alike(example(weighted), example(written_out(weighted)), LOOSE.get(name, 1e-12))


def test_the_page_says_what_the_functions_say():
    root = Path(__file__).parents[1]
    script = runpy.run_path(str(root / "benchmarks" / "weights_table.py"))
    assert script["page"]() == (root / "docs" / "weights.md").read_text(encoding="utf-8"), (
        "run: uv run python benchmarks/weights_table.py --out docs/weights.md"
    )
