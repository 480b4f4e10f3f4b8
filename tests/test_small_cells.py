"""No count below the minimum can be read from a report, nor worked out from what it shows."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from analysis.groups import compare_groups
from analysis.nps import net_promoter_score
from reports.small_cells import hidden, hidden_groups


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
