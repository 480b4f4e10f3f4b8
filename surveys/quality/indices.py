"""Indices of careless answers, as the library ``insufficient-effort`` computes them.

Those that suit ratings. Left out: ``lz`` and ``guttman``, which are for right and wrong answers;
``markov`` and ``onset``, whose limits nobody has published; semantic synonyms, which need pairs that a
questionnaire does not name.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from surveys.fabrication import rated_items
from surveys.quality.checks import Check, not_applicable
from surveys.responses import Responses
from surveys.scoring import keyed_answers

Array = npt.NDArray[np.float64]

LEAST_ITEMS = 6
LEAST_RESPONDENTS = 30  #: for what is computed from correlations between items
SYNONYMS = 0.6  #: correlation from which two items are synonyms (Meade & Craig 2012); -0.6 for antonyms
LEAST_PAIRS = 15  #: synonyms or antonyms; a correlation within a person over fewer is mostly chance
MOST_SPLIT = 20_000  #: respondents for whom random split halves are drawn


def answer_checks(responses: Responses, *, rng: np.random.Generator) -> Iterator[Check]:
    """Every index that these answers give ground for; the others say why not.

    Parameters
    ----------
    responses : Responses
    rng : numpy.random.Generator
        For the random split halves of ``resampled_reliability``.

    Notes
    -----
    Limits are conventions: half of the items for ``longest_run`` (Curran 2016) and for
    ``repeated_pattern``; a standard deviation of 0.25 steps for ``irv``; 0.30 for ``even_odd`` and
    ``resampled_reliability`` (Jackson 1976, as cited by Johnson 2005); 0 for ``person_total``,
    ``synonyms`` and ``antonyms`` (Curran 2016); an upper probability of 0.001 for
    ``mahalanobis``; half of the greatest number of Guttman errors for ``guttman_errors``.

    References
    ----------
    Curran, P. G. (2016). Methods for the detection of carelessly invalid responses in survey data.
    Journal of Experimental Social Psychology, 66, 4-19.
    Johnson, J. A. (2005). Ascertaining the validity of individual protocols from web-based
    personality inventories. Journal of Research in Personality, 39(1), 103-129.
    """
    index = responses.answers.index
    rated = rated_items(responses.questionnaire, responses.answers.columns)
    given = responses.answers[[item.id for item in rated]].to_numpy(dtype=float)
    if given.shape[1] < LEAST_ITEMS or not len(given):
        reason = f"{given.shape[1]} ratings and {len(given)} respondents; {LEAST_ITEMS} ratings are needed"
        for name in ("longest_run", "repeated_pattern", "irv"):
            yield not_applicable(name, "answers", index, reason)
    else:
        yield from _repetition(given, index)
    keyed = keyed_answers(responses)
    yield from _consistency(responses, keyed, rng)


def _check(
    name: str, values: Array, limit: float, index: pd.Index, convention: str, *, above: bool = False
) -> Check:
    series = pd.Series(np.asarray(values, dtype=float), index=index)
    flagged = series >= limit if above else series < limit
    return Check(
        name=name,
        family="answers",
        values=series,
        limit=limit,
        flagged=flagged & series.notna(),
        convention=convention,
    )


def _repetition(given: Array, index: pd.Index) -> Iterator[Check]:
    from ier.irv import irv
    from ier.longstring import longstring_pattern, longstring_scores

    half = float(np.ceil(given.shape[1] / 2))
    answered = (~np.isnan(given)).mean(axis=1) >= 0.5
    runs = np.where(answered, longstring_scores(given), np.nan)
    yield _check("longest_run", runs, half, index, "half of the ratings (Curran 2016)", above=True)
    patterns = np.where(answered, longstring_pattern(given), np.nan)
    yield _check("repeated_pattern", patterns, half, index, "half of the ratings", above=True)
    spread = np.full(len(given), np.nan)
    spread[answered] = irv(given[answered]) if answered.any() else spread[answered]
    yield _check("irv", spread, 0.25, index, "a quarter of a step of the scale")


def _consistency(responses: Responses, keyed: pd.DataFrame, rng: np.random.Generator) -> Iterator[Check]:
    names = (
        "even_odd",
        "resampled_reliability",
        "person_total",
        "synonyms",
        "antonyms",
        "mahalanobis",
        "guttman_errors",
    )
    index = responses.answers.index
    values = keyed.to_numpy(dtype=float)
    constant = values.shape[1] and len(values) and bool((np.nanstd(_blankless(values), axis=0) == 0).any())
    if values.shape[1] < LEAST_ITEMS or len(values) < LEAST_RESPONDENTS or constant:
        reason = (
            "an item has the same answer from everybody"
            if constant
            else f"{values.shape[1]} items of constructs and {len(values)} respondents; {LEAST_ITEMS} and "
            f"{LEAST_RESPONDENTS} are needed"
        )
        for name in names:
            yield not_applicable(name, "answers", index, reason)
        return
    yield from _by_construct(responses, keyed, rng)
    yield from _by_correlation(responses, keyed)
    yield _distance(values, index)
    yield _guttman(responses, keyed)


def _blankless(values: Array) -> Array:
    return np.where(np.isnan(values).all(axis=0), 0.0, values)


def _by_construct(responses: Responses, keyed: pd.DataFrame, rng: np.random.Generator) -> Iterator[Check]:
    from ier.evenodd import evenodd
    from ier.reliability import individual_reliability

    index = keyed.index
    groups = [[i for i in c.items if i in keyed] for c in responses.questionnaire.constructs]
    groups = [group for group in groups if len(group) > 1]
    apart: list[list[str]] = []
    for group in groups:
        if not any(name in other for other in apart for name in group):
            apart.append(group)
    if len(apart) < 3:
        reason = f"{len(apart)} constructs with several items; 3 are needed"
        yield not_applicable("even_odd", "answers", index, reason)
        yield not_applicable("resampled_reliability", "answers", index, reason)
        return
    ordered = keyed[[name for group in apart for name in group]].to_numpy(dtype=float)
    sizes = [len(group) for group in apart]
    halves = np.asarray(evenodd(ordered, sizes, method="halves"), dtype=float)
    yield _check("even_odd", halves, 0.30, index, "0.30 (Johnson 2005)")
    if len(ordered) > MOST_SPLIT:
        yield not_applicable(
            "resampled_reliability",
            "answers",
            index,
            f"split halves are drawn for at most {MOST_SPLIT} respondents",
        )
        return
    again = individual_reliability(ordered, n_splits=30, random_seed=rng, factors=sizes)
    yield _check("resampled_reliability", again, 0.30, index, "0.30 (Curran 2016)")


def _by_correlation(responses: Responses, keyed: pd.DataFrame) -> Iterator[Check]:
    from ier.person_total import person_total
    from ier.psychsyn import psychant, psychsyn

    index, values = keyed.index, keyed.to_numpy(dtype=float)
    enough = (~np.isnan(values)).mean(axis=1) >= 0.5
    totals = np.full(len(values), np.nan)
    totals[enough] = person_total(values[enough]) if enough.any() else totals[enough]
    yield _check("person_total", totals, 0.0, index, "0 (Curran 2016)")
    r = keyed.corr().to_numpy()
    n_pairs = int((r[np.triu_indices_from(r, 1)] >= SYNONYMS).sum())
    if n_pairs < LEAST_PAIRS:
        yield not_applicable(
            "synonyms",
            "answers",
            index,
            f"{n_pairs} pairs of items correlate {SYNONYMS} or more; {LEAST_PAIRS} are needed",
        )
    else:
        pairs = psychsyn(values, critval=SYNONYMS, item_correlations="pairwise")
        yield _check("synonyms", np.asarray(pairs), 0.0, index, "0 (Curran 2016)")
    asked = responses.answers[list(keyed)]
    r = asked.corr().to_numpy()
    n_pairs = int((r[np.triu_indices_from(r, 1)] <= -SYNONYMS).sum())
    if n_pairs < LEAST_PAIRS:
        yield not_applicable(
            "antonyms",
            "answers",
            index,
            f"{n_pairs} pairs of items correlate -{SYNONYMS} or less; {LEAST_PAIRS} are needed",
        )
        return
    pairs = psychant(asked.to_numpy(dtype=float), critval=-SYNONYMS, item_correlations="pairwise")
    yield _check("antonyms", np.asarray(pairs), 0.0, index, "0 (Curran 2016)", above=True)


def _distance(values: Array, index: pd.Index) -> Check:
    from ier.mahad import mahad
    from scipy.stats import chi2

    complete = ~np.isnan(values).any(axis=1)
    n, k = int(complete.sum()), values.shape[1]
    if n <= 2 * k or np.linalg.matrix_rank(values[complete] - values[complete].mean(axis=0)) < k:
        return not_applicable(
            "mahalanobis",
            "answers",
            index,
            f"{n} respondents answered all {k} items; more than {2 * k}, and items that are no combinations "
            "of others, are needed",
        )
    squared = np.full(len(values), np.nan)
    squared[complete] = np.asarray(mahad(values[complete])) ** 2
    return _check("mahalanobis", squared, float(chi2.isf(0.001, k)), index, "p = 0.001", above=True)


def _guttman(responses: Responses, keyed: pd.DataFrame) -> Check:
    from ier.person_fit import gpoly

    scales: dict[tuple[int, int], list[str]] = {}
    for name in map(str, keyed):
        scale = responses.questionnaire.item(name).scale
        if scale is not None:
            scales.setdefault((scale.low, scale.high), []).append(name)
    (low, high), names = max(scales.items(), key=lambda found: len(found[1]))
    if len(names) < LEAST_ITEMS:
        return not_applicable(
            "guttman_errors",
            "answers",
            keyed.index,
            f"{len(names)} items share a scale; {LEAST_ITEMS} are needed",
        )
    errors = gpoly(keyed[names].to_numpy(dtype=float), scale_min=low, scale_max=high)
    return _check("guttman_errors", errors, 0.5, keyed.index, "half of the greatest number", above=True)
