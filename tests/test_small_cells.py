"""No count below the minimum can be read from a report, nor worked out from what it shows."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from analysis.groups import compare_groups
from analysis.nps import net_promoter_score
from reports.figures.nps_by_tier import nps_by_tier
from reports.labels import Labels
from reports.small_cells import SCORES, hidden, hidden_groups, hidden_scores
from surveys.study import Study


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.integers(2, 10))
def test_what_is_hidden_cannot_be_worked_out_from_the_total(counts, minimum):
    unseen = hidden(counts, minimum)
    small = {at for at, count in enumerate(counts) if 0 < count < minimum}
    assert small <= unseen
    if not small:
        assert unseen == frozenset()
    elif len(unseen) < sum(count > 0 for count in counts):
        # the remainder that the total gives away is no small count of one cell
        assert len(unseen) > 1 or counts[min(unseen)] >= minimum


def test_groups_too_small_to_be_shown_are_named():
    rng = np.random.default_rng(1)
    tier = pd.Series(
        pd.Categorical([1] * 30 + [2] * 20 + [3] * 2, categories=[1, 2, 3], ordered=True), name="TIER"
    )
    score = pd.Series(rng.normal(size=52), name="satisfaction")
    assert hidden_groups(compare_groups(score, tier, rng=rng, resamples=50), 5) == {"2", "3"}
    nps = net_promoter_score(pd.Series(rng.integers(0, 11, 52).astype(float), name="NPS"), tier)
    assert hidden_groups(nps, 5) == {"2", "3"}
    assert hidden_groups(nps, 2) == frozenset()


def scored(parts: dict[str, tuple[int, int, int]]):
    """A net promoter score of groups with so many promoters, passives and detractors."""
    ratings, tiers = [], []
    for tier, counts in parts.items():
        ratings += [float(rating) for rating, n in zip((9, 8, 3), counts, strict=True) for _ in range(n)]
        tiers += [tier] * sum(counts)
    return net_promoter_score(pd.Series(ratings, name="NPS"), pd.Series(pd.Categorical(tiers), name="TIER"))


def determined(nps, unseen, group):
    """Whether the detractors of a group follow from the numbers of respondents and all numbers shown."""
    groups = [score.group for score in nps.groups]
    k = len(groups)
    of = {"promoters": [1, 0, 0], "passives": [0, 1, 0], "detractors": [0, 0, 1]}
    of |= {"net_promoter_score": [1, 0, -1], "n": [1, 1, 1]}
    places = {None: np.ones(k)} | {name: np.eye(k)[at] for at, name in enumerate(groups)}
    known = [
        np.kron(place, of[part])
        for name, place in places.items()
        for part in of
        if (part, name) not in unseen
    ]
    asked = np.kron(places[group], of["detractors"])
    return np.linalg.matrix_rank([*known, asked]) == np.linalg.matrix_rank(known)


def test_three_detractors_of_the_highest_tier_follow_from_nothing_that_is_shown():
    nps = scored({"1": (140, 150, 87), "2": (101, 77, 37), "3": (55, 48, 13), "4": (31, 12, 3)})
    unseen = hidden_scores(nps, 5)
    assert ("detractors", "4") in unseen
    # hiding that share alone would leave it to the rest of its line, and to its column
    assert determined(nps, {("detractors", "4")}, "4")
    assert not determined(nps, unseen, "4")
    # nothing is hidden that follows from the rest anyway, and the two lower tiers are whole
    assert not {group for _, group in unseen} & {None, "1", "2"}


def test_groups_without_small_shares_are_whole():
    assert not hidden_scores(scored({"1": (20, 20, 20), "2": (9, 0, 6)}), 5)


def test_the_score_of_a_few_respondents_is_hidden_with_another():
    unseen = hidden_scores(scored({"1": (20, 20, 20), "2": (9, 8, 6), "3": (1, 1, 1)}), 5)
    assert {(part, group) for part in SCORES for group in ("2", "3")} <= unseen


def test_the_figure_draws_neither_hidden_shares_nor_the_interval_that_tells_them():
    nps = scored({"1": (140, 150, 87), "2": (101, 77, 37), "3": (55, 48, 13), "4": (31, 12, 3)})
    study = Study.load("bank_tiering")
    labels = Labels(questionnaire=study.populations["customers"].questionnaire, language="en")
    unseen = hidden_scores(nps, 5)
    figure = nps_by_tier(nps, labels=labels, unseen=unseen)
    bars, scores = figure.axes
    row = 3  # the highest tier
    drawn = [bar for bar in bars.patches if round(bar.get_y() + bar.get_height() / 2) == row]
    hidden_parts = sum(group == "4" and part != "net_promoter_score" for part, group in unseen)
    assert hidden_parts > 1
    assert len(drawn) == 1 + 3 - hidden_parts
    assert not any(bar.get_width() == 100 * 3 / 46 for bar in drawn)
    lines = [path.vertices[0, 1] for line in scores.collections for path in line.get_paths()]
    assert row not in lines
    assert 0 in lines
