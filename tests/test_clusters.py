import numpy as np
import pandas as pd
import pytest
from scipy.cluster.vq import kmeans2
from scipy.stats import multivariate_normal

from analysis.clusters import cluster_number, gaussian_mixture, k_means


def clouds(seed=1):
    rng = np.random.default_rng(seed)
    parts = [rng.normal(m, 1, (n, 2)) for m, n in ((0, 80), (5, 50), (10, 30))]
    return pd.DataFrame(np.vstack(parts), columns=["visits", "balance"])


def rng():
    return np.random.default_rng(0)


def test_k_means_is_the_tightest_partition():
    data = clouds()
    found = k_means(data, clusters=3, rng=rng())
    assert found.sizes == (80, 50, 30)
    z = ((data - data.mean()) / data.std(ddof=0)).to_numpy()
    _, labels = kmeans2(z, np.stack([z[found.assigned == c].mean(axis=0) for c in range(3)]), minit="matrix")
    assert (labels == found.assigned).all()
    between = sum(
        size * np.square(z[found.assigned == c].mean(axis=0)).sum() for c, size in enumerate(found.sizes)
    )
    assert found.explained == pytest.approx(between / np.square(z).sum(), rel=1e-9)


def test_mixture_likelihood_and_bic_by_hand():
    data = clouds()
    found = gaussian_mixture(data, clusters=2, rng=rng())
    z = ((data - data.mean()) / data.std(ddof=0)).to_numpy()
    p = found.posterior
    density = 0
    for c in range(2):
        share, mean = p[:, c].mean(), p[:, c] @ z / p[:, c].sum()
        gap = z - mean
        density = density + share * multivariate_normal(
            mean, (p[:, c, None] * gap).T @ gap / p[:, c].sum()
        ).pdf(z)
    assert found.log_likelihood == pytest.approx(np.log(density).sum(), rel=1e-5)
    assert found.bic == pytest.approx(-2 * found.log_likelihood + np.log(160) * 11)


def test_units_do_not_matter_and_blanks_are_left_out():
    data = clouds()
    data.loc[3, "visits"] = np.nan
    for method in (k_means, gaussian_mixture):
        found = method(data, clusters=3, rng=rng())
        scaled = method(data * [1000, 1] + 7, clusters=3, rng=rng())
        assert found.n_missing == 1
        assert found.assigned[3] == -1
        assert (scaled.assigned == found.assigned).all()
        assert scaled.centres[0, 0] == pytest.approx(1000 * found.centres[0, 0] + 7)


def test_the_number_is_chosen():
    data = clouds()
    assert cluster_number([k_means(data, clusters=k, rng=rng()) for k in (2, 3, 4, 5)]).clusters == 3
    assert cluster_number([gaussian_mixture(data, clusters=k, rng=rng()) for k in (1, 2, 3, 4)]).clusters == 3
    assert cluster_number([]) is None


@pytest.mark.parametrize(
    ("data", "state", "words"),
    [
        (clouds().iloc[:3], "too_few", "3 complete respondents for 3 clusters"),
        (clouds().assign(visits=2.0), "constant", "all values are the same: visits"),
        (pd.DataFrame({"a": [1.0, 2.0] * 20, "b": [1.0, 2.0] * 20}), "constant", "fewer than 3 different"),
        (clouds() * np.nan, "too_few", "0 complete respondents"),
    ],
)
def test_what_cannot_be_clustered_says_why(data, state, words):
    for method in (k_means, gaussian_mixture):
        found = method(data, clusters=3, rng=rng())
        assert found.state == state
        assert words in found.reason
        assert found.centres is None
        assert found.to_frame()["state"].tolist() == [state]
