"""Respondents who answered alike: the same vector, or all but a few answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from surveys.fabrication import rated_items
from surveys.quality.checks import Check, not_applicable
from surveys.responses import Responses

Codes = npt.NDArray[np.int8]
Pairs = npt.NDArray[np.int64]

LEAST_ITEMS = 15  #: with fewer, honest people answer alike
NEAR = 0.1  #: share of answers that may differ
MONOTONOUS = 0.75  #: share of one code from which a vector is straight-lining, not a copy
LARGEST_BLOCK = 400  #: respondents with one block of answers in common who are compared with each other


@dataclass(frozen=True, slots=True, kw_only=True)
class NearPairs:
    """Pairs of respondents whose answers differ on few items.

    ``n_skipped`` counts respondents of blocks too common to be compared in full; they were still
    compared wherever another block led to them.
    """

    first: Pairs
    second: Pairs
    differences: Pairs
    n_skipped: int


def duplicate_checks(responses: Responses) -> Iterator[Check]:
    """``same_answers``: ratings equal to an earlier respondent's; ``near_answers``: all but a tenth.

    Vectors of which three quarters are one code are left out: straight-liners are alike for another reason.
    """
    index = responses.answers.index
    rated = rated_items(responses.questionnaire, responses.answers.columns)
    if len(rated) < LEAST_ITEMS:
        reason = f"{len(rated)} ratings; with fewer than {LEAST_ITEMS}, people answer alike by chance"
        yield not_applicable("same_answers", "duplicates", index, reason)
        yield not_applicable("near_answers", "duplicates", index, reason)
        return
    answers = responses.answers[[item.id for item in rated]]
    codes = answers.fillna(-1).to_numpy(dtype=np.int8)
    varied = (_commonest(codes) < MONOTONOUS) & (answers.notna().mean(axis=1) >= 0.5).to_numpy()
    judged = np.flatnonzero(varied)
    same = pd.Series(np.nan, index=index)
    repeats = pd.Series(pd.DataFrame(codes[judged]).duplicated(keep=False).to_numpy(), index=index[judged])
    same.loc[index[judged]] = repeats.astype(float)
    yield Check(
        name="same_answers",
        family="duplicates",
        values=same,
        limit=1.0,
        flagged=same == 1.0,
        convention="all ratings equal to another respondent's",
    )
    most = int(NEAR * len(rated))
    pairs = near_pairs(codes[judged], most=most)
    fewest = np.full(len(judged), np.nan)
    for side in (pairs.first, pairs.second):
        np.fmin.at(fewest, side, pairs.differences.astype(float))
    nearest = pd.Series(np.nan, index=index)
    nearest.loc[index[judged]] = np.where(np.isnan(fewest), most + 1.0, fewest)
    yield Check(
        name="near_answers",
        family="duplicates",
        values=nearest,
        limit=float(most),
        flagged=nearest <= most,
        convention="a tenth of the ratings or fewer differ from another respondent's",
        reason=f"{pairs.n_skipped} respondents share common blocks" if pairs.n_skipped else "",
    )


def near_pairs(codes: Codes, *, most: int, chunk: int = 200_000) -> NearPairs:
    """All pairs of rows that differ in at most ``most`` columns.

    Of ``most + 1`` disjoint blocks of columns such a pair has at least one wholly in common, so only
    rows with a block in common are compared.

    Parameters
    ----------
    codes : ndarray of int8, shape (n_respondents, n_items)
    most : int
    chunk : int
        Pairs compared at a time.

    Examples
    --------
    >>> codes = np.array([[1, 2, 3, 4], [1, 2, 3, 5], [5, 4, 1, 1]], dtype=np.int8)
    >>> near_pairs(codes, most=1).differences.tolist()
    [1]
    """
    n, k = codes.shape
    found: dict[int, int] = {}
    skipped: set[int] = set()
    for block in np.array_split(np.arange(k), most + 1):
        part = np.ascontiguousarray(codes[:, block])
        keys = part.view(np.dtype((np.void, part.dtype.itemsize * part.shape[1]))).ravel()
        _, group, sizes = np.unique(keys, return_inverse=True, return_counts=True)
        group = group.ravel()
        common = sizes[group] > LARGEST_BLOCK
        skipped.update(np.flatnonzero(common).tolist())
        order = np.flatnonzero(~common & (sizes[group] > 1))
        order = order[np.argsort(group[order], kind="stable")]
        ordered = group[order]
        for step in range(1, LARGEST_BLOCK):
            if step >= len(order):
                break
            together = np.flatnonzero(ordered[step:] == ordered[:-step])
            if not len(together):
                break
            for start in range(0, len(together), chunk):
                at = together[start : start + chunk]
                one, two = order[at], order[at + step]
                differ = (codes[one] != codes[two]).sum(axis=1)
                for i in np.flatnonzero(differ <= most):
                    low, high = sorted((int(one[i]), int(two[i])))
                    found[low * n + high] = int(differ[i])
    keys_found = np.array(sorted(found), dtype=np.int64)
    return NearPairs(
        first=keys_found // n if n else keys_found,
        second=keys_found % n if n else keys_found,
        differences=np.array([found[key] for key in keys_found.tolist()], dtype=np.int64),
        n_skipped=len(skipped),
    )


def _commonest(codes: Codes) -> npt.NDArray[np.float64]:
    best = np.zeros(len(codes), dtype=np.int64)
    for code in np.unique(codes):
        if code != -1:
            best = np.maximum(best, (codes == code).sum(axis=1))
    return np.asarray(best / np.maximum((codes != -1).sum(axis=1), 1), dtype=float)
