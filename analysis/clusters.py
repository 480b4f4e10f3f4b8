"""Clusters of respondents by numbers, beside latent classes: k-means and Gaussian mixtures."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.mixture import GaussianMixture

from analysis.counted_rows import Counts, written_out
from analysis.results import Entry, Tabular
from analysis.weighting import refuses_weights, weights_given_by

Array = npt.NDArray[np.float64]
Shape = Literal["full", "tied", "diag", "spherical"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clusters(Tabular):
    """Respondents in clusters, largest first.

    ``state`` is ``too_few``, ``constant``, ``not_converged``, or ``inadmissible`` when a cluster holds fewer
    respondents than it has parameters to describe it.
    """

    method: str
    features: tuple[str, ...]
    clusters: int
    n: int
    n_missing: int
    sizes: tuple[int, ...] = ()
    centres: Array | None = None  #: (clusters, n_features), in the units of the features
    assigned: npt.NDArray[np.int64] | None = None  #: (n_respondents,); -1 where a feature is missing
    posterior: Array | None = None  #: (n_respondents, clusters); mixtures only
    silhouette: float | None = None  #: from -1 to 1; how much nearer the own cluster is than the next
    explained: float | None = None  #: share of the z-scores' variance between clusters
    log_likelihood: float | None = None  #: of z-scores; mixtures only
    bic: float | None = None  #: smaller is better
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """Quality (measure ``silhouette``), then ``cluster_centre`` of every feature."""
        further = {"explained": self.explained, "log_likelihood": self.log_likelihood, "bic": self.bic}
        quality = Entry(
            measure="silhouette",
            method=self.method,
            about={"clusters": str(self.clusters)},
            n=self.n,
            estimate=self.silhouette,
            more={name: value for name, value in further.items() if value is not None},
            state=self.state,
            reason=self.reason,
        )
        if self.centres is None:
            return (quality,)
        return (
            quality,
            *(
                Entry(
                    measure="cluster_centre",
                    method=self.method,
                    about={"cluster": str(c + 1), "feature": feature},
                    n=self.sizes[c],
                    estimate=float(self.centres[c, j]),
                    state=self.state,
                    reason=self.reason,
                )
                for c in range(self.clusters)
                for j, feature in enumerate(self.features)
            ),
        )


@refuses_weights(
    "distances of the answers as they are: a segment is found in the sample, not in a population",
    instead="analysis.latent_class.classes.latent_classes",
    counts="rows",
)
def k_means(
    features: pd.DataFrame,
    *,
    clusters: int,
    rng: np.random.Generator,
    starts: int = 25,
    counts: Counts | None = None,
) -> Clusters:
    """Clusters of least squared distance, on z-scores.

    Parameters
    ----------
    features : DataFrame, shape (n_respondents, n_features)
        Respondents with a blank are left out.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Examples
    --------
    >>> data = pd.DataFrame({"visits": [1, 2, 1, 2, 9, 8, 9.0], "balance": [5, 6, 6, 5, 20, 22, 21.0]})
    >>> found = k_means(data, clusters=2, rng=np.random.default_rng(0))
    >>> found.sizes, found.centres[0].tolist()
    ((4, 3), [1.5, 5.5])
    """
    features = written_out(features, counts)
    table = _table(features, clusters, "k-means on z-scores", per_cluster=1)
    if isinstance(table, Clusters):
        return table
    model = KMeans(n_clusters=clusters, n_init=starts, random_state=_seed(rng)).fit(table.z)
    labels = _by_size(np.asarray(model.labels_, dtype=np.int64), clusters)
    within = float(model.inertia_)
    return _described(
        table, labels, clusters, "k-means on z-scores", explained=1 - within / float(np.square(table.z).sum())
    )


@refuses_weights(
    "distances of the answers as they are: a segment is found in the sample, not in a population",
    instead="analysis.latent_class.classes.latent_classes",
    counts="rows",
)
def gaussian_mixture(
    features: pd.DataFrame,
    *,
    clusters: int,
    rng: np.random.Generator,
    shape: Shape = "full",
    starts: int = 10,
    counts: Counts | None = None,
) -> Clusters:
    """Clusters as normal distributions, on z-scores.

    Parameters
    ----------
    features : DataFrame, shape (n_respondents, n_features)
        Respondents with a blank are left out.
    shape : {"full", "tied", "diag", "spherical"}
        Of the covariances: free, the same in every cluster, without correlation, round.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> data = pd.DataFrame(np.vstack([rng.normal(0, 1, (60, 2)), rng.normal(6, 1, (40, 2))]))
    >>> gaussian_mixture(data, clusters=2, rng=rng).sizes
    (60, 40)
    """
    features = written_out(features, counts)
    width = features.shape[1]
    method = f"Gaussian mixture ({shape} covariances) on z-scores"
    table = _table(features, clusters, method, per_cluster=width + 1)
    if isinstance(table, Clusters):
        return table
    model = GaussianMixture(
        clusters,
        covariance_type=shape,
        n_init=starts,
        random_state=_seed(rng),
        tol=1e-7,
        max_iter=2000,
        reg_covar=1e-6,
    )
    labels, converged = _fitted(model, table.z)
    order = _order(labels, clusters)
    membership = np.asarray(model.predict_proba(table.z))[:, order]
    log_likelihood = float(model.score(table.z)) * len(table.z)
    found = _described(
        table,
        _by_size(labels, clusters),
        clusters,
        method,
        membership=membership,
        log_likelihood=log_likelihood,
        bic=float(model.bic(table.z)),
    )
    return found if converged else _without(found, "not_converged", "no start came to rest")


@weights_given_by("analysis.clusters.k_means", "analysis.clusters.gaussian_mixture")
def cluster_number(found: Sequence[Clusters]) -> Clusters | None:
    """The mixture of lowest BIC, or the k-means of highest silhouette, among reliable ones."""
    reliable = [one for one in found if one.state == "ok"]
    if not reliable:
        return None
    if all(one.bic is not None for one in reliable):
        return min(reliable, key=lambda one: one.bic or 0.0)
    return max(reliable, key=lambda one: -2.0 if one.silhouette is None else one.silhouette)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Table:
    features: tuple[str, ...]
    raw: Array
    z: Array
    whole: npt.NDArray[np.bool_]
    per_cluster: int


def _table(features: pd.DataFrame, clusters: int, method: str, *, per_cluster: int) -> _Table | Clusters:
    names = tuple(map(str, features.columns))
    values = features.to_numpy(dtype=float)
    whole: npt.NDArray[np.bool_] = np.asarray(~np.isnan(values).any(axis=1))
    raw = values[whole]
    state, reason = "", ""
    if clusters < 1:
        raise ValueError(f"clusters is {clusters}; expected at least 1.")
    if len(raw) < clusters * (per_cluster + 1):
        state, reason = "too_few", f"{len(raw)} complete respondents for {clusters} clusters"
    elif (np.ptp(raw, axis=0) == 0).any():
        same = [name for name, spread in zip(names, np.ptp(raw, axis=0), strict=True) if spread == 0]
        state, reason = "constant", f"all values are the same: {', '.join(same)}"
    elif len(np.unique(raw, axis=0)) < clusters:
        state, reason = "constant", f"fewer than {clusters} different respondents"
    if state:
        return Clusters(
            method=method,
            features=names,
            clusters=clusters,
            n=len(raw),
            n_missing=int((~whole).sum()),
            state=state,
            reason=reason,
        )
    z = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    return _Table(features=names, raw=raw, z=z, whole=whole, per_cluster=per_cluster)


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(0, 2**31 - 1))


def _fitted(model: GaussianMixture, z: Array) -> tuple[npt.NDArray[np.int64], bool]:
    # scikit-learn warns where it did not converge; here that is a state
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labels = model.fit_predict(z)
    return np.asarray(labels, dtype=np.int64), bool(model.converged_)


def _order(labels: npt.NDArray[np.int64], clusters: int) -> npt.NDArray[np.int64]:
    return np.argsort(-np.bincount(labels, minlength=clusters), kind="stable")


def _by_size(labels: npt.NDArray[np.int64], clusters: int) -> npt.NDArray[np.int64]:
    return np.asarray(np.argsort(_order(labels, clusters))[labels], dtype=np.int64)


def _described(
    table: _Table,
    labels: npt.NDArray[np.int64],
    clusters: int,
    method: str,
    *,
    membership: Array | None = None,
    explained: float | None = None,
    log_likelihood: float | None = None,
    bic: float | None = None,
) -> Clusters:
    sizes = tuple(int(count) for count in np.bincount(labels, minlength=clusters))
    small = [str(c + 1) for c, size in enumerate(sizes) if size < table.per_cluster]
    assigned = np.full(len(table.whole), -1, dtype=np.int64)
    assigned[table.whole] = labels
    posterior = None
    if membership is not None:
        posterior = np.full((len(table.whole), clusters), np.nan)
        posterior[table.whole] = membership
    centres = np.stack(
        [table.raw[labels == c].mean(axis=0) if sizes[c] else table.raw[0] * np.nan for c in range(clusters)]
    )
    told_apart = len(set(labels.tolist())) > 1
    return Clusters(
        method=method,
        features=table.features,
        clusters=clusters,
        n=len(table.raw),
        n_missing=int((~table.whole).sum()),
        sizes=sizes,
        centres=None if small else centres,
        assigned=assigned,
        posterior=posterior,
        silhouette=float(silhouette_score(table.z, labels)) if told_apart else None,
        explained=explained,
        log_likelihood=log_likelihood,
        bic=bic,
        state="inadmissible" if small else "ok",
        reason=f"cluster {', '.join(small)} holds too few respondents" if small else "",
    )


def _without(found: Clusters, state: str, reason: str) -> Clusters:
    return Clusters(
        method=found.method,
        features=found.features,
        clusters=found.clusters,
        n=found.n,
        n_missing=found.n_missing,
        state=state,
        reason=reason,
    )
