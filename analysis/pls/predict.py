"""How well a path model predicts answers of respondents it has not seen (PLSpredict)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.counted_rows import Counts, written_out
from analysis.pls.estimate import Scheme, item_data, solve, why_not
from analysis.pls.specify import PathModel
from analysis.results import Entry, Tabular
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPrediction:
    """Out-of-sample errors of one item of an endogenous construct."""

    construct: str
    item: str
    q_squared: float  #: 1 - squared error of the model / squared error of the training mean
    rmse: float
    mae: float
    linear_rmse: (
        float | None
    )  #: of a linear regression on the items of the sources; None if it has no solution
    linear_mae: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction(Tabular):
    """Prediction by folds, against means and against linear regression."""

    n: int
    n_missing: int
    folds: int
    repetitions: int
    items: tuple[ItemPrediction, ...] = ()
    state: str = "ok"
    reason: str = ""

    def of(self, item: str) -> ItemPrediction:
        """One item; ``KeyError`` if it is not predicted."""
        for found in self.items:
            if found.item == item:
                return found
        raise KeyError(item)

    def entries(self) -> tuple[Entry, ...]:
        """One row an item (measure ``q_squared_predict``)."""
        method = f"PLSpredict, {self.folds} folds, {self.repetitions} repetitions"
        if self.state != "ok":
            return (
                Entry(
                    measure="q_squared_predict",
                    method=method,
                    n=self.n,
                    state=self.state,
                    reason=self.reason,
                ),
            )
        return tuple(
            Entry(
                measure="q_squared_predict",
                method=method,
                about={"construct": one.construct, "item": one.item},
                n=self.n,
                estimate=one.q_squared,
                more={
                    name: value
                    for name in ("rmse", "mae", "linear_rmse", "linear_mae")
                    if (value := getattr(one, name)) is not None
                },
            )
            for one in self.items
        )


@refuses_weights("it predicts respondents who were left out, each of them once", counts="rows")
def predict(
    items: pd.DataFrame,
    model: PathModel,
    *,
    rng: np.random.Generator,
    folds: int = 10,
    repetitions: int = 10,
    scheme: Scheme = "path",
    counts: Counts | None = None,
) -> Prediction:
    """Prediction of the items of endogenous constructs, fold by fold [1]_.

    Weights, loadings, paths, means and standard deviations come from the other folds. Scores of exogenous
    constructs are carried along the paths to every endogenous one, then by loadings to its items. The linear
    benchmark regresses each item on all items of exogenous constructs.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
    folds, repetitions : int
        The division into folds is drawn anew in every repetition.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    References
    ----------
    .. [1] Shmueli, G., Sarstedt, M., Hair, J. F., Cheah, J.-H., Ting, H., Vaithilingam, S., & Ringle, C. M.
       (2019). Predictive model assessment in PLS-SEM. European Journal of Marketing, 53, 2322-2347.

    Examples
    --------
    >>> from analysis.pls.specify import composite, paths
    >>> rng = np.random.default_rng(1)
    >>> items = pd.DataFrame(rng.normal(size=(200, 1)) + rng.normal(size=(200, 4)), columns=list("abcd"))
    >>> model = PathModel(constructs=(composite("X", "ab"), composite("Y", "cd")), paths=paths("X", "Y"))
    >>> 0.2 < predict(items, model, rng=rng).of("c").q_squared < 0.5
    True
    """
    items = written_out(items, counts)
    data, whole = item_data(items, model)
    n, n_missing = len(data), int((~whole).sum())

    def without(state: str, reason: str) -> Prediction:
        return Prediction(
            n=n, n_missing=n_missing, folds=folds, repetitions=repetitions, state=state, reason=reason
        )

    if folds < 2 or repetitions < 1:
        raise ValueError(
            f"folds={folds}, repetitions={repetitions}; expected at least 2 folds, 1 repetition."
        )
    state, reason = why_not(data[: n - -(-n // folds)], model)
    if state != "ok":
        return without(state, reason)
    blocks, structure = model.blocks(), model.structure()
    endogenous = np.asarray(structure.any(axis=1))
    outcomes: Indices = np.flatnonzero(blocks[:, endogenous].any(axis=1))
    sources: Indices = np.flatnonzero(blocks[:, ~endogenous].any(axis=1))
    parts: list[tuple[Array, Array, Array]] = []
    for _ in range(repetitions):
        fold_of = rng.permutation(n) % folds
        for fold in range(folds):
            train, test = data[fold_of != fold], data[fold_of == fold]
            if (np.ptp(train, axis=0) == 0).any():
                return without("constant", "an item does not vary in a training fold; use fewer folds")
            predicted = _predicted(train, test, model, scheme)
            if predicted is None:
                return without("not_converged", "the model has no admissible solution in a training fold")
            missed = test[:, outcomes] - predicted[:, outcomes]
            flat = test[:, outcomes] - train[:, outcomes].mean(axis=0)
            parts.append((missed, flat, _linear_errors(train, test, sources, outcomes)))
    errors = [np.concatenate(kind) for kind in zip(*parts, strict=True)]
    found = tuple(
        _summary(
            model.names[int(np.flatnonzero(blocks[item])[0])], model.items[item], *(e[:, k] for e in errors)
        )
        for k, item in enumerate(outcomes)
    )
    return Prediction(n=n, n_missing=n_missing, folds=folds, repetitions=repetitions, items=found)


def _summary(construct: str, item: str, missed: Array, flat: Array, linear: Array) -> ItemPrediction:
    """From errors of the model, of the mean, and of linear regression."""
    known = bool(np.isfinite(linear).all())
    return ItemPrediction(
        construct=construct,
        item=item,
        q_squared=float(1 - np.square(missed).sum() / np.square(flat).sum()),
        rmse=float(np.sqrt(np.square(missed).mean())),
        mae=float(np.abs(missed).mean()),
        linear_rmse=float(np.sqrt(np.square(linear).mean())) if known else None,
        linear_mae=float(np.abs(linear).mean()) if known else None,
    )


def _predicted(train: Array, test: Array, model: PathModel, scheme: Scheme) -> Array | None:
    """Predicted answers to all items; None where the training fold has no admissible solution."""
    mean, spread = train.mean(axis=0), train.std(axis=0)
    solution = solve(np.atleast_2d(np.corrcoef(train, rowvar=False))[None], model, scheme)
    if not solution.usable[0]:
        return None
    scores = (test - mean) / spread @ solution.weights[0]
    # a common factor's score measures it with error: it predicts less than the factor itself would
    known = scores * np.sqrt(solution.rho[0])
    for k in np.flatnonzero(model.structure().any(axis=1)):
        known[:, k] = known @ solution.paths[0, k]
    return np.asarray(mean + spread * (known @ model.blocks().T) * solution.loadings[0])


def _linear_errors(train: Array, test: Array, sources: Indices, outcomes: Indices) -> Array:
    design = np.column_stack([np.ones(len(train)), train[:, sources]])
    if len(train) <= design.shape[1] or np.linalg.matrix_rank(design) < design.shape[1]:
        return np.full((len(test), len(outcomes)), np.nan)
    coefficients = np.linalg.lstsq(design, train[:, outcomes], rcond=None)[0]
    fitted = np.column_stack([np.ones(len(test)), test[:, sources]]) @ coefficients
    return np.asarray(test[:, outcomes] - fitted)
