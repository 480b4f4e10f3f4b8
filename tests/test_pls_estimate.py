import numpy as np
import pandas as pd
import pytest

from analysis.pls.estimate import estimate, solve
from analysis.pls.evaluate import evaluate
from analysis.pls.specify import Path, PathModel, common_factor, composite, paths

BANK = {
    "expe": ["imag"],
    "qual": ["expe"],
    "val": ["expe", "qual"],
    "sat": ["imag", "expe", "qual", "val"],
    "loy": ["imag", "sat"],
}
REPUTATION = {
    "comp": ["qual", "perf", "csor", "attr"],
    "like": ["qual", "perf", "csor", "attr"],
    "cusa": ["comp", "like"],
    "cusl": ["comp", "like", "cusa"],
}
FORMATIVE = {"qual", "perf", "csor", "attr"}


def design(data, structure, formative=(), make=composite):
    names = dict.fromkeys([n for t, sources in structure.items() for n in [*sources, t]])
    blocks = {lv: [i for i in data if i.rstrip("0123456789").rstrip("_") == lv] for lv in names}
    return PathModel(
        constructs=tuple(
            composite(lv, items, mode="B") if lv in formative else make(lv, items)
            for lv, items in blocks.items()
        ),
        paths=tuple(p for target, sources in structure.items() for p in paths(sources, target)),
    )


def read(case, shared_data):
    name = "plspm_satisfaction.csv" if case == "bank" else "corporate_reputation_347.csv"
    data = pd.read_csv(shared_data / "bank" / name)
    data = data.drop(columns=[c for c in data if c.endswith("global")])
    structure, formative = (BANK, ()) if case == "bank" else (REPUTATION, FORMATIVE)
    return data, design(data, structure, formative)


@pytest.mark.parametrize("scheme", ["centroid", "factorial", "path"])
@pytest.mark.parametrize("case", ["bank", "reputation"])
def test_everything_equals_plspm(case, scheme, shared_data, computed_by_r):
    data, model = read(case, shared_data)
    wanted = computed_by_r("pls", f"{case} {scheme}")
    found = estimate(data, model, scheme="factor" if scheme == "factorial" else scheme)
    assert (found.state, found.n) == ("ok", wanted["n"])
    effects = found.total_effects()
    for key, value in wanted.items():
        kind, *about = key.split()
        if kind == "path":
            assert found.path(*about) == pytest.approx(value, rel=1e-6, abs=1e-9), key
        elif kind == "loading":
            assert found.loading(*about) == pytest.approx(value, rel=1e-6), key
        elif kind == "weight":
            # plspm's z-scores divide by n, too
            assert found.weight(*about) == pytest.approx(value, rel=1e-6, abs=1e-7), key
        elif kind == "r_squared" and about[0] in model.endogenous:
            assert found.r_squared(*about) == pytest.approx(value, rel=1e-6), key
        elif kind == "total":
            assert effects.loc[about[0], about[1]] == pytest.approx(value, rel=1e-6, abs=1e-9), key


def slow_pls(z, model, scheme):
    """The textbook algorithm on data, construct by construct."""
    blocks = [[model.items.index(i) for i in c.items] for c in model.constructs]
    adjacent = model.structure()
    weights = [np.ones(len(b)) for b in blocks]
    for _ in range(2000):
        y = np.column_stack([z[:, b] @ w for b, w in zip(blocks, weights, strict=True)])
        y = (y - y.mean(axis=0)) / y.std(axis=0)
        for k, (b, c) in enumerate(zip(blocks, model.constructs, strict=True)):
            proxy = np.zeros(len(z))
            sources = np.flatnonzero(adjacent[k])
            if scheme == "path" and len(sources):
                proxy += y[:, sources] @ np.linalg.lstsq(y[:, sources], y[:, k], rcond=None)[0]
            elif len(sources):
                r = [np.corrcoef(y[:, s], y[:, k])[0, 1] for s in sources]
                proxy += y[:, sources] @ (np.sign(r) if scheme == "centroid" else r)
            for s in np.flatnonzero(adjacent[:, k]):
                r = np.corrcoef(y[:, s], y[:, k])[0, 1]
                proxy += y[:, s] * (np.sign(r) if scheme == "centroid" else r)
            block = z[:, b]
            w = np.linalg.lstsq(block, proxy, rcond=None)[0] if c.mode == "B" else block.T @ proxy
            weights[k] = w / (block @ w).std()
    return weights


def made(n=250, seed=3):
    rng = np.random.default_rng(seed)
    q, p = rng.normal(size=(2, n))
    s = 0.5 * q + 0.3 * p + rng.normal(size=n) * 0.7
    loyal = 0.6 * s + rng.normal(size=n) * 0.8
    return pd.DataFrame(
        {
            f"{name}{i}": value + rng.normal(size=n) * 0.7
            for name, value in zip("qpsl", (q, p, s, loyal), strict=True)
            for i in (1, 2, 3)
        }
    )


def chain(make=composite, **modes):
    def one(name):
        items = [f"{name}{i}" for i in (1, 2, 3)]
        return composite(name, items, mode="B") if modes.get(name) == "B" else make(name, items)

    return PathModel(
        constructs=tuple(map(one, "qpsl")), paths=(*paths(["q", "p"], "s"), *paths(["q", "s"], "l"))
    )


@pytest.mark.parametrize("scheme", ["path", "factor", "centroid"])
@pytest.mark.parametrize("modes", [{}, {"q": "B", "l": "B"}])
def test_weights_equal_the_textbook_algorithm_on_data(scheme, modes):
    items, model = made(), chain(**modes)
    z = ((items - items.mean()) / items.std(ddof=0))[list(model.items)].to_numpy()
    expected = np.concatenate(slow_pls(z, model, scheme))
    found = estimate(items, model, scheme=scheme)
    assert [found.weight(i) for i in model.items] == pytest.approx(expected, rel=1e-7)
    assert found.scores.std(axis=0) == pytest.approx(np.ones(4))


def test_consistent_pls_recovers_a_population_exactly():
    """Given the correlations a factor model implies, PLSc returns its loadings and paths (Dijkstra & Henseler 2015)."""
    model = chain(common_factor)
    loadings = np.array([0.9, 0.8, 0.7, 0.6, 0.75, 0.85, 0.8, 0.7, 0.65, 0.9, 0.6, 0.7])
    q_p, on_s, on_l = 0.4, (0.5, 0.3), (0.2, 0.6)
    s_q, s_p = on_s[0] + q_p * on_s[1], q_p * on_s[0] + on_s[1]
    latent = np.eye(4)
    latent[0, 1], latent[0, 2], latent[1, 2] = q_p, s_q, s_p
    latent[0, 3], latent[2, 3] = on_l[0] + on_l[1] * s_q, on_l[0] * s_q + on_l[1]
    latent[1, 3] = on_l[0] * q_p + on_l[1] * s_p
    latent = np.triu(latent, 1) + np.triu(latent, 1).T + np.eye(4)
    block = np.repeat(np.arange(4), 3)
    implied = np.outer(loadings, loadings) * latent[np.ix_(block, block)]
    np.fill_diagonal(implied, 1)
    assert model.names == ("q", "p", "s", "l")
    for scheme in ("path", "factor", "centroid"):
        found = solve(implied[None], model, scheme)
        assert found.usable.all()
        assert found.loadings[0] == pytest.approx(loadings, rel=1e-8)
        assert found.correlations[0] == pytest.approx(latent, rel=1e-8)
        assert found.paths[0, 2, :2] == pytest.approx(on_s, rel=1e-8)
        assert found.paths[0, 3, [0, 2]] == pytest.approx(on_l, rel=1e-8)


def test_composites_attenuate_what_common_factors_do_not():
    items = made(n=4000)
    plain, consistent = (estimate(items, chain(make)) for make in (composite, common_factor))
    assert plain.path("s", "l") < consistent.path("s", "l")
    assert 0.5 < consistent.rho_a("q") < 1


def test_quality_by_hand():
    items, model = made(), chain()
    fitted = estimate(items, model)
    r = np.corrcoef(items[list(model.items)], rowvar=False)
    quality = evaluate(fitted, r)
    y = pd.DataFrame(fitted.scores, columns=model.names)
    block = items[["q1", "q2", "q3"]]
    z = (block - block.mean()) / block.std(ddof=1)
    assert quality.of("q").alpha == pytest.approx(1.5 * (1 - 3 / z.sum(axis=1).var()))
    assert quality.of("q").ave == pytest.approx(np.mean([block[i].corr(y["q"]) ** 2 for i in block]))
    assert quality.path("q", "s").vif == pytest.approx(1 / (1 - y["q"].corr(y["p"]) ** 2))
    without = y["s"].corr(y["p"]) ** 2
    full = fitted.r_squared("s")
    assert quality.path("q", "s").f_squared == pytest.approx((full - without) / (1 - full))
    assert {c: a for c, _, a in quality.r_squared}["s"] == pytest.approx(1 - (1 - full) * 249 / 247)
    others = np.linalg.lstsq(z[["q2", "q3"]], z["q1"], rcond=None)[0]
    explained = np.corrcoef(z[["q2", "q3"]] @ others, z["q1"])[0, 1] ** 2
    assert dict(quality.item_vif)["q1"] == pytest.approx(1 / (1 - explained))
    assert {"ave", "f_squared", "srmr", "rho_c"} <= set(quality.to_frame()["measure"])


def test_units_and_direction_of_an_item_do_not_matter():
    items, model = made(), chain()
    found = estimate(items, model)
    other = estimate(items.assign(q1=-5 * items["q1"] + 3, l2=items["l2"] * 100), model)
    assert other.path("q", "s") == pytest.approx(found.path("q", "s"), rel=1e-9)
    assert other.loading("q1") == pytest.approx(-found.loading("q1"), rel=1e-9)


def test_blank_answers_leave_the_respondent_out():
    items = made()
    items.loc[4, "s2"] = np.nan
    found = estimate(items, chain())
    assert (found.n, found.n_missing) == (249, 1)
    assert found.path("q", "s") == pytest.approx(estimate(items.drop(index=4), chain()).path("q", "s"))


@pytest.mark.parametrize(
    ("items", "make", "state", "words"),
    [
        (made().assign(q1=3), composite, "constant", "all answers are the same: q1"),
        (made().iloc[:5], composite, "too_few", "5 complete respondents for a regression on 3"),
        (made() * np.nan, composite, "too_few", "0 complete respondents"),
        (
            made().assign(q3=made()["l1"], q2=made()["p1"]),
            common_factor,
            "inadmissible",
            "the loading of p3 is 1",
        ),
        (
            made().assign(**{i: made()["q1"] for i in ("p1", "p2", "p3", "q2", "q3")}),
            composite,
            "inadmissible",
            "valid matrix",
        ),
    ],
)
def test_what_cannot_be_estimated_says_why(items, make, state, words):
    found = estimate(items, chain(make))
    assert (found.state, words in found.reason) == (state, True), found.reason
    assert found.to_frame()["state"].tolist() == [state]
    with pytest.raises(ValueError, match="has no estimates"):
        found.path("q", "s")
    assert evaluate(found, np.eye(12)).state == state


def test_faults_of_a_model_are_told_together():
    with pytest.raises(ValueError, match="no construct is called 'z'; construct 'b' has no path"):
        PathModel(constructs=(composite("a", ["x"]), composite("b", ["y"])), paths=paths("a", "z"))
    a, b = composite("a", ["x"]), composite("b", ["y"])
    with pytest.raises(ValueError, match="run in a circle"):
        PathModel(constructs=(a, b), paths=(Path(source="a", target="b"), Path(source="b", target="a")))
    with pytest.raises(ValueError, match="'x' belongs to two constructs"):
        PathModel(constructs=(a, composite("b", ["x"])), paths=paths("a", "b"))
    model = PathModel(constructs=(a, b), paths=paths("a", "b"))
    with pytest.raises(ValueError, match="items y are not among the columns"):
        estimate(pd.DataFrame({"x": [1.0, 2]}), model)
