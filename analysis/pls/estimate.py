"""Partial least squares: from correlations of items to weights, loadings and paths.

Everything follows from the correlation matrix of the items, so thousands of resamples are solved side by
side: arrays have the resample as their first axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.bootstrap import SINGULAR
from analysis.counted_rows import Counts, written_out
from analysis.pls.specify import PathModel
from analysis.results import Entry, Tabular
from analysis.weighting import refuses_weights, step_of

WEIGHTING = step_of("analysis.pls.estimate.estimate")

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Scheme = Literal["path", "factor", "centroid"]

ROUNDS = 300
TOLERANCE = 1e-10  #: largest change of a standardised weight at which iteration stops


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """Solutions of several correlation matrices."""

    weights: Array  #: (resamples, items, constructs), of standardised items; scores have variance 1
    loadings: Array  #: (resamples, items); of common factors consistent
    rho: Array  #: (resamples, constructs): Dijkstra-Henseler's rho_A of common factors, else 1
    correlations: Array  #: (resamples, constructs, constructs); between common factors disattenuated
    paths: Array  #: (resamples, targets, sources)
    r_squared: Array  #: (resamples, constructs); 0 where nothing points at the construct
    converged: Flags  #: (resamples,)
    solvable: Flags  #: (resamples,): reliabilities are positive and the paths can be computed
    admissible: Flags  #: (resamples,): no reliability, loading or R squared is beyond 1, either

    @property
    def usable(self) -> Flags:
        return self.converged & self.admissible


def solve(correlations: Array, model: PathModel, scheme: Scheme, start: Array | None = None) -> Solution:
    """Partial least squares on correlation matrices of the model's items.

    Parameters
    ----------
    correlations : array, shape (resamples, n_items, n_items)
    start : array, shape (n_items, n_constructs), optional
        Weights to begin with, which also fix the signs.

    Notes
    -----
    Outer weights are found by alternating between neighbours and items (Lohmöller 1989) until no weight moves
    by more than 1e-10. Common factors are corrected as in Dijkstra & Henseler (2015): with ``w`` the weights
    of a block and ``S`` its correlations, ``rho_A = (w'w)^2 w'(S - diag S)w / w'(ww' - diag ww')w``, loadings
    are ``w sqrt(rho_A) / w'w``, and correlations are divided by ``sqrt(rho_A rho_A')``.
    """
    blocks = model.blocks()
    weights, converged = _iterate(correlations, model, scheme, start)
    with_items = correlations @ weights
    loadings = np.where(blocks, with_items, 0).sum(axis=2)
    if start is None:
        signs = np.where(np.einsum("bp,pk->bk", loadings, blocks.astype(float)) < 0, -1.0, 1.0)
    else:
        signs = np.where(np.einsum("bpk,pk->bk", weights, start) < 0, -1.0, 1.0)
    weights = weights * signs[:, None, :]
    loadings = loadings * (signs @ blocks.T)
    found = np.swapaxes(weights, 1, 2) @ correlations @ weights
    rho = np.ones(signs.shape)
    solvable = np.ones(len(weights), dtype=bool)
    for k, construct in enumerate(model.constructs):
        if construct.kind != "common_factor" or len(construct.items) < 2:
            continue
        rows = np.flatnonzero(blocks[:, k])
        w = weights[:, rows, k]
        rho[:, k] = _rho_a(w, correlations[:, rows[:, None], rows])
        solvable &= rho[:, k] > 0
        share = np.sqrt(np.maximum(rho[:, k], 0)) / np.square(w).sum(axis=1)
        loadings[:, rows] = w * share[:, None]
    scale = 1 / np.sqrt(np.maximum(rho, 1e-6))
    found = found * scale[:, :, None] * scale[:, None, :]
    diagonal = np.arange(found.shape[1])
    found[:, diagonal, diagonal] = 1.0
    solvable &= np.isfinite(found).all(axis=(1, 2))
    safe = np.where(solvable[:, None, None], found, np.eye(found.shape[1]))
    solvable &= np.linalg.eigvalsh(safe)[:, 0] > SINGULAR
    safe = np.where(solvable[:, None, None], found, np.eye(found.shape[1]))
    paths, r_squared = regressions(safe, model.structure())
    within = (rho <= 1).all(axis=1) & (np.abs(loadings) <= 1 + 1e-9).all(axis=1)
    admissible = solvable & within & (r_squared <= 1).all(axis=1)
    return Solution(
        weights=weights,
        loadings=loadings,
        rho=rho,
        correlations=found,
        paths=paths,
        r_squared=r_squared,
        converged=converged,
        solvable=solvable,
        admissible=admissible,
    )


def _iterate(
    correlations: Array, model: PathModel, scheme: Scheme, start: Array | None
) -> tuple[Array, Flags]:
    """Standardised outer weights, and which matrices came to rest."""
    blocks, structure = model.blocks(), model.structure()
    begun = blocks.astype(float) if start is None else start
    weights = _standardised(np.broadcast_to(begun, (len(correlations), *blocks.shape)).copy(), correlations)
    converged = np.zeros(len(weights), dtype=bool)
    active = np.arange(len(weights))
    inverses = _mode_b(correlations, model)
    for _ in range(ROUNDS):
        now, matrices = weights[active], correlations[active]
        with_scores = matrices @ now
        inner = _inner(np.swapaxes(now, 1, 2) @ with_scores, structure, scheme)
        with_neighbours = np.where(blocks, with_scores @ inner, 0)
        for k, inverse in inverses.items():
            rows = np.flatnonzero(blocks[:, k])
            with_neighbours[:, rows, k] = np.einsum(
                "bij,bj->bi", inverse[active], with_neighbours[:, rows, k]
            )
        updated = _standardised(with_neighbours, matrices)
        # a construct may turn round as a whole, which is no movement
        moved = np.abs(np.abs(updated) - np.abs(now)).max(axis=(1, 2))
        weights[active] = updated
        done = moved < TOLERANCE
        converged[active[done]] = True
        active = active[~done & np.isfinite(moved)]
        if not len(active):
            break
    return weights, converged


def _standardised(weights: Array, correlations: Array) -> Array:
    variances = np.einsum("bpk,bpq,bqk->bk", weights, correlations, weights, optimize=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(weights / np.sqrt(np.where(variances > 0, variances, np.nan))[:, None, :])


def _mode_b(correlations: Array, model: PathModel) -> dict[int, Array]:
    """Inverse correlations within the blocks of mode B; pseudo-inverse where items are exact combinations."""
    found: dict[int, Array] = {}
    for k, construct in enumerate(model.constructs):
        if construct.mode == "B" and len(construct.items) > 1:
            rows = [model.items.index(item) for item in construct.items]
            block = correlations[:, np.array(rows)[:, None], rows]
            found[k] = np.asarray(np.linalg.pinv(block, hermitian=True), dtype=float)
    return found


def _inner(correlations: Array, structure: Flags, scheme: Scheme) -> Array:
    """Weights of neighbours (rows) in the inner proxy of a construct (columns)."""
    neighbours = structure | structure.T
    if scheme == "centroid":
        return np.asarray(np.sign(correlations) * neighbours)
    inner: Array = np.asarray(correlations * neighbours)
    if scheme == "path":
        coefficients, _ = regressions(correlations, structure)
        inner = np.asarray(np.where(structure.T, np.swapaxes(coefficients, 1, 2), inner))
    return inner


def regressions(correlations: Array, structure: Flags) -> tuple[Array, Array]:
    """Standardised coefficients (targets, sources), and R squared, of every construct on its sources."""
    coefficients = np.zeros(correlations.shape)
    r_squared = np.zeros(correlations.shape[:2])
    for target in np.flatnonzero(structure.any(axis=1)):
        sources = np.flatnonzero(structure[target])
        within = correlations[:, sources[:, None], sources]
        across = correlations[:, sources, target]
        if len(sources) == 1:
            found = np.asarray(across, dtype=float)
        else:
            # exact combinations are told apart later; here they must not stop the other resamples
            ridge = 1e-14 * np.eye(len(sources))
            found = np.asarray(np.linalg.solve(within + ridge, across[..., None])[..., 0], dtype=float)
        coefficients[:, target, sources] = found
        r_squared[:, target] = (found * across).sum(axis=1)
    return coefficients, r_squared


def _rho_a(weights: Array, correlations: Array) -> Array:
    square = np.square(weights)
    length = square.sum(axis=1)
    quadratic = np.einsum("bi,bij,bj->b", weights, correlations, weights)
    own = np.einsum("bi,bii->b", square, correlations)
    return np.asarray(length**2 * (quadratic - own) / (length**2 - np.square(square).sum(axis=1)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PathModelEstimate(Tabular):
    """An estimated partial least squares model.

    ``state`` is ``too_few``, ``constant``, ``not_converged``, or ``inadmissible``: a reliability or R squared
    outside 0 to 1, a loading or correlation beyond 1.
    """

    model: PathModel
    scheme: Scheme
    n: int
    n_missing: int
    solution: Solution | None = None  #: of one matrix: first axes have length 1
    scores: Array | None = None  #: (n, constructs), variance 1 (dividing by n)
    used: Flags | None = None  #: (n_respondents,)
    state: str = "ok"
    reason: str = ""

    def _known(self) -> Solution:
        if self.solution is None or self.state != "ok":
            raise ValueError(f"the path model has no estimates: {self.reason}")
        return self.solution

    def path(self, source: str, target: str) -> float:
        """Coefficient of one path; ``KeyError`` if the model has none between the two."""
        names = self.model.names
        if source not in self.model.predictors(target):
            raise KeyError((source, target))
        return float(self._known().paths[0, names.index(target), names.index(source)])

    def r_squared(self, target: str) -> float:
        return float(self._known().r_squared[0, self.model.names.index(target)])

    def rho_a(self, construct: str) -> float:
        return float(self._known().rho[0, self.model.names.index(construct)])

    def loading(self, item: str) -> float:
        return float(self._known().loadings[0, self.model.items.index(item)])

    def weight(self, item: str) -> float:
        return float(self._known().weights[0, self.model.items.index(item)].sum())

    def total_effects(self) -> pd.DataFrame:
        """Along all ways from row to column."""
        names = list(self.model.names)
        return pd.DataFrame(total_effects(self._known().paths)[0].T, index=names, columns=names)

    def construct_correlations(self) -> pd.DataFrame:
        names = list(self.model.names)
        return pd.DataFrame(self._known().correlations[0], index=names, columns=names)

    def entries(self) -> tuple[Entry, ...]:
        """Paths, then R squared, loadings and weights; one row with the reason if there are none."""
        method = f"PLS path model, {self.scheme} weighting"
        if self.state != "ok":
            return (Entry(measure="path", method=method, n=self.n, state=self.state, reason=self.reason),)

        def entry(measure: str, about: dict[str, str], estimate: float) -> Entry:
            return Entry(measure=measure, method=method, about=about, n=self.n, estimate=estimate)

        one = [
            entry("path", {"source": p.source, "target": p.target}, self.path(p.source, p.target))
            for p in self.model.paths
        ]
        one += [entry("r_squared", {"construct": t}, self.r_squared(t)) for t in self.model.endogenous]
        one += [
            entry("rho_a", {"construct": c.name}, self.rho_a(c.name))
            for c in self.model.constructs
            if c.kind == "common_factor"
        ]
        for construct in self.model.constructs:
            for item in construct.items:
                about = {"construct": construct.name, "item": item}
                one += [
                    entry("loading", about, self.loading(item)),
                    entry("weight", about, self.weight(item)),
                ]
        return tuple(one)


def total_effects(paths: Array) -> Array:
    """Sum over all ways: ``(I - B)^-1 - I``, shape (resamples, targets, sources)."""
    eye = np.eye(paths.shape[1])
    return np.asarray(np.linalg.inv(eye - paths) - eye)


def item_data(items: pd.DataFrame, model: PathModel) -> tuple[Array, Flags]:
    """Complete answers to the model's items, and who gave them."""
    absent = [item for item in model.items if item not in items.columns]
    if absent:
        raise ValueError(
            f"items {', '.join(absent)} are not among the columns. Add them or mend the constructs."
        )
    data = items[list(model.items)].to_numpy(dtype=float)
    whole: Flags = np.asarray(~np.isnan(data).any(axis=1))
    return data[whole], whole


def why_not(data: Array, model: PathModel) -> tuple[str, str]:
    """State and reason when nothing can be estimated from the answers."""
    widest = max(
        [len(model.predictors(name)) for name in model.names] + [len(c.items) for c in model.constructs]
    )
    if len(data) < widest + 3:
        return "too_few", f"{len(data)} complete respondents for a regression on {widest}"
    same = [item for item, spread in zip(model.items, np.ptp(data, axis=0), strict=True) if spread == 0]
    if same:
        return "constant", f"all answers are the same: {', '.join(same)}"
    return "ok", ""


@refuses_weights(
    "composites are estimated from the sample's correlations, and their errors by drawing respondents",
    instead="analysis.sem.fit.fit",
    counts="rows",
)
def estimate(
    items: pd.DataFrame, model: PathModel, *, scheme: Scheme = "path", counts: Counts | None = None
) -> PathModelEstimate:
    """Partial least squares path model [1]_, consistent [2]_ where constructs are common factors.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Answers; respondents who left one of the model's items blank are left out.
    model : PathModel
    scheme : {"path", "factor", "centroid"}
        How neighbours are weighed while weights are found.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Notes
    -----
    Items and scores are standardised with variances that divide by n. A construct is turned so that its
    loadings sum to a positive number.

    References
    ----------
    .. [1] Lohmöller, J.-B. (1989). Latent variable path modeling with partial least squares. Physica.
    .. [2] Dijkstra, T. K., & Henseler, J. (2015). Consistent partial least squares path modeling. MIS
       Quarterly, 39, 297-316.

    Examples
    --------
    >>> from analysis.pls.specify import composite, paths
    >>> rng = np.random.default_rng(1)
    >>> quality = rng.normal(size=300)
    >>> loyalty = 0.6 * quality + 0.8 * rng.normal(size=300)
    >>> items = pd.DataFrame({f"q{i}": quality + rng.normal(size=300) for i in range(3)}
    ...                      | {f"l{i}": loyalty + rng.normal(size=300) for i in range(3)})
    >>> model = PathModel(
    ...     constructs=(composite("Q", ["q0", "q1", "q2"]), composite("L", ["l0", "l1", "l2"])),
    ...     paths=paths("Q", "L"),
    ... )
    >>> round(estimate(items, model).path("Q", "L"), 3)
    0.44
    """
    items = written_out(items, counts)
    data, whole = item_data(items, model)
    n, n_missing = len(data), int((~whole).sum())
    state, reason = why_not(data, model)
    if state != "ok":
        return PathModelEstimate(
            model=model, scheme=scheme, n=n, n_missing=n_missing, state=state, reason=reason
        )
    correlations: Array = np.atleast_2d(np.corrcoef(data, rowvar=False))
    solution = solve(correlations[None], model, scheme)
    if not solution.converged[0]:
        state, reason = "not_converged", f"weights were still moving after {ROUNDS} rounds"
    elif not solution.admissible[0]:
        state, reason = "inadmissible", _what_is_wrong(solution, model)
    z = (data - data.mean(axis=0)) / data.std(axis=0)
    return PathModelEstimate(
        model=model,
        scheme=scheme,
        n=n,
        n_missing=n_missing,
        solution=solution,
        scores=z @ solution.weights[0],
        used=whole,
        state=state,
        reason=reason,
    )


def _what_is_wrong(solution: Solution, model: PathModel) -> str:
    rho = solution.rho[0]
    wrong = [f"rho_A of {m} is {r:.2f}" for m, r in zip(model.names, rho, strict=True) if not 0 < r <= 1]
    beyond = [
        f"the loading of {item} is {value:.2f}"
        for item, value in zip(model.items, solution.loadings[0], strict=True)
        if abs(value) > 1
    ]
    return "; ".join(wrong + beyond) or "correlations between constructs do not form a valid matrix"
