"""Quality of an estimated path model: reliability, validity, collinearity, effect sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.pls.estimate import PathModelEstimate, regressions
from analysis.results import Entry, Tabular
from analysis.weighting import weights_given_by

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstructQuality:
    """How well items hang together; None for single items and mode B, where it has no meaning."""

    construct: str
    alpha: float | None  #: of standardised items
    rho_a: float | None  #: Dijkstra-Henseler
    rho_c: float | None  #: composite reliability
    ave: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathQuality:
    """What one path contributes."""

    source: str
    target: str
    f_squared: float | None  #: gain in explained over unexplained variance; None where nothing is unexplained
    vif: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelQuality(Tabular):
    """Reliability of constructs, contributions of paths, explained variance."""

    n: int
    constructs: tuple[ConstructQuality, ...] = ()
    paths: tuple[PathQuality, ...] = ()
    r_squared: tuple[tuple[str, float, float], ...] = ()  #: construct, R squared, adjusted
    item_vif: tuple[tuple[str, float], ...] = ()  #: within blocks
    srmr: float | None = None  #: of item correlations that the model implies
    state: str = "ok"
    reason: str = ""

    def of(self, construct: str) -> ConstructQuality:
        """One construct; ``KeyError`` if there is none."""
        for found in self.constructs:
            if found.construct == construct:
                return found
        raise KeyError(construct)

    def path(self, source: str, target: str) -> PathQuality:
        """One path; ``KeyError`` if there is none."""
        for found in self.paths:
            if (found.source, found.target) == (source, target):
                return found
        raise KeyError((source, target))

    def entries(self) -> tuple[Entry, ...]:
        """One row a number; a single row with the reason where the model has none."""
        method = "PLS path model"
        if self.state != "ok":
            return (Entry(measure="srmr", method=method, n=self.n, state=self.state, reason=self.reason),)
        rows: list[tuple[str, dict[str, str], float | None]] = [("srmr", {}, self.srmr)]
        for one in self.constructs:
            about = {"construct": one.construct}
            rows += [(name, about, getattr(one, name)) for name in ("alpha", "rho_a", "rho_c", "ave")]
        for link in self.paths:
            about = {"source": link.source, "target": link.target}
            rows += [("f_squared", about, link.f_squared), ("vif", about, link.vif)]
        for name, explained, adjusted in self.r_squared:
            rows += [("r_squared", {"construct": name}, explained)]
            rows += [("adjusted_r_squared", {"construct": name}, adjusted)]
        rows += [("item_vif", {"item": item}, value) for item, value in self.item_vif]
        return tuple(
            Entry(measure=measure, method=method, about=about, n=self.n, estimate=value)
            for measure, about, value in rows
            if value is not None
        )


@weights_given_by("analysis.pls.estimate.estimate")
def evaluate(fitted: PathModelEstimate, correlations: Array) -> ModelQuality:
    """Reliability, average variance extracted, f squared, variance inflation, SRMR.

    Parameters
    ----------
    fitted : PathModelEstimate
    correlations : array, shape (n_items, n_items)
        Of the model's items among the respondents used.

    Notes
    -----
    The heterotrait-monotrait ratio is a matter of items alone: :func:`analysis.validity.htmt`. ``rho_c`` and
    the AVE take the loadings of the model, consistent ones for common factors. ``f^2 = (R^2 - R^2 without
    the source) / (1 - R^2)`` (Cohen 1988) with scores kept. SRMR compares the lower triangle of item
    correlations, diagonal included, with those that a saturated structure implies.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.pls.estimate import estimate
    >>> from analysis.pls.specify import PathModel, composite, paths
    >>> rng = np.random.default_rng(1)
    >>> items = pd.DataFrame(rng.normal(size=(200, 1)) + rng.normal(size=(200, 4)), columns=list("abcd"))
    >>> model = PathModel(constructs=(composite("X", "ab"), composite("Y", "cd")), paths=paths("X", "Y"))
    >>> quality = evaluate(estimate(items, model), np.corrcoef(items, rowvar=False))
    >>> round(quality.of("X").ave, 3), quality.path("X", "Y").vif
    (0.742, 1.0)
    """
    if fitted.solution is None or fitted.state != "ok":
        return ModelQuality(n=fitted.n, state=fitted.state, reason=fitted.reason)
    model, solution = fitted.model, fitted.solution
    explained = tuple(
        (
            name,
            fitted.r_squared(name),
            _adjusted(fitted.r_squared(name), fitted.n, len(model.predictors(name))),
        )
        for name in model.endogenous
    )
    return ModelQuality(
        n=fitted.n,
        constructs=_constructs(fitted, correlations),
        paths=_paths(fitted),
        r_squared=explained,
        item_vif=_item_vif(fitted, correlations),
        srmr=_srmr(fitted, correlations, solution.loadings[0]),
    )


def _adjusted(r_squared: float, n: int, sources: int) -> float:
    return 1 - (1 - r_squared) * (n - 1) / (n - sources - 1)


def _constructs(fitted: PathModelEstimate, correlations: Array) -> tuple[ConstructQuality, ...]:
    found = []
    for construct in fitted.model.constructs:
        rows = np.array([fitted.model.items.index(item) for item in construct.items])
        k = len(rows)
        if k < 2 or construct.mode == "B":
            found.append(
                ConstructQuality(construct=construct.name, alpha=None, rho_a=None, rho_c=None, ave=None)
            )
            continue
        block = correlations[np.ix_(rows, rows)]
        mean = (block.sum() - k) / (k * (k - 1))
        loadings = np.array([fitted.loading(item) for item in construct.items])
        error = (1 - loadings**2).sum()
        w = np.array([fitted.weight(item) for item in construct.items])
        square = w**2
        rho_a = square.sum() ** 2 * (w @ block @ w - square.sum()) / (square.sum() ** 2 - (square**2).sum())
        found.append(
            ConstructQuality(
                construct=construct.name,
                alpha=float(k * mean / (1 + (k - 1) * mean)),
                rho_a=float(rho_a),
                rho_c=float(loadings.sum() ** 2 / (loadings.sum() ** 2 + error)),
                ave=float((loadings**2).mean()),
            )
        )
    return tuple(found)


def _paths(fitted: PathModelEstimate) -> tuple[PathQuality, ...]:
    model = fitted.model
    correlations = fitted.construct_correlations().to_numpy()[None]
    found = []
    for path in model.paths:
        target, source = model.names.index(path.target), model.names.index(path.source)
        less = model.structure().copy()
        less[target, source] = False
        _, without = regressions(correlations, less)
        full = fitted.r_squared(path.target)
        sources = [model.names.index(name) for name in model.predictors(path.target)]
        inverse = np.linalg.inv(correlations[0][np.ix_(sources, sources)])
        found.append(
            PathQuality(
                source=path.source,
                target=path.target,
                f_squared=float((full - without[0, target]) / (1 - full)) if full < 1 else None,
                vif=float(inverse[sources.index(source), sources.index(source)]),
            )
        )
    return tuple(found)


def _item_vif(fitted: PathModelEstimate, correlations: Array) -> tuple[tuple[str, float], ...]:
    found: list[tuple[str, float]] = []
    for construct in fitted.model.constructs:
        rows = [fitted.model.items.index(item) for item in construct.items]
        block = correlations[np.ix_(rows, rows)]
        if np.linalg.eigvalsh(block)[0] > 1e-10:
            found += zip(construct.items, map(float, np.diag(np.linalg.inv(block))), strict=True)
    return tuple(found)


def _srmr(fitted: PathModelEstimate, correlations: Array, loadings: Array) -> float:
    """Composites reproduce their own block exactly; common factors by their loadings."""
    blocks = fitted.model.blocks()
    between = fitted.construct_correlations().to_numpy()
    implied = np.outer(loadings, loadings) * (blocks @ between @ blocks.T)
    for k, construct in enumerate(fitted.model.constructs):
        rows = np.flatnonzero(blocks[:, k])
        if construct.kind == "composite":
            implied[np.ix_(rows, rows)] = correlations[np.ix_(rows, rows)]
    np.fill_diagonal(implied, 1.0)
    lower = np.tril_indices(len(correlations))
    return float(np.sqrt(np.square(correlations - implied)[lower].mean()))
