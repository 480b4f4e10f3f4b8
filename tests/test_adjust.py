import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from analysis.adjust import benjamini_hochberg, holm

SETS = {
    "ties": [0.01, 0.04, 0.03, 0.04, 0.2],
    "blank": [0.2, None, 0.001, 0.02, None],
    "large": [0.9, 0.6, 0.7],
    "one": [0.03],
}


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(("correct", "word"), [(holm, "holm"), (benjamini_hochberg, "BH")])
def test_equal_to_p_adjust(name, correct, word, computed_by_r):
    expected = computed_by_r("adjust", f"{name} {word}").values()
    assert correct(SETS[name]) == tuple(
        None if math.isnan(p) else pytest.approx(p, rel=1e-12) for p in expected
    )


@settings(max_examples=20)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_equal_to_statsmodels(p_values):
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], abs=1e-15)
    assert benjamini_hochberg(p_values) == pytest.approx(
        multipletests(p_values, method="fdr_bh")[1], abs=1e-15
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.randoms())
def test_order_does_not_matter_and_no_p_value_shrinks(p_values, random):
    shuffled = random.sample(range(len(p_values)), len(p_values))
    adjusted = np.array(holm(p_values))
    assert np.allclose(adjusted[shuffled], holm([p_values[i] for i in shuffled]), rtol=1e-12)
    assert (adjusted >= np.array(p_values)).all()
    assert (np.array(benjamini_hochberg(p_values)) <= adjusted + 1e-12).all()


def test_nothing_known_stays_unknown():
    assert holm([None, None]) == (None, None)
    assert holm([]) == ()


def test_a_p_value_outside_0_to_1_is_refused():
    with pytest.raises(ValueError, match=r"between 0 and 1, got \[0.2, 1.2\]"):
        holm([0.2, 1.2])
