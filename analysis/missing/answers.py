"""What is said of missing answers: who answered everything, what is blank together, and by what chance."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from analysis.missing.patterns import (
    McarTest,
    MissingPattern,
    MissingPatterns,
    little_mcar_test,
    missing_patterns,
)
from analysis.results import Entry, Tabular
from analysis.weighting import refuses_weights

MOST = 6  #: patterns that are told one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingAnswers(Tabular):
    """Patterns of missing answers to the items of constructs, and Little's test."""

    patterns: MissingPatterns
    told: tuple[MissingPattern, ...]  #: complete answers first, then the most frequent blanks
    test: McarTest

    @property
    def cells(self) -> int:
        """Answers that could have been given."""
        return self.patterns.n * len(self.patterns.items)

    @property
    def other(self) -> tuple[int, int]:
        """Patterns that are not told one by one, and the respondents who have them."""
        told = sum(pattern.n for pattern in self.told)
        return len(self.patterns.patterns) - len(self.told), self.patterns.n - told

    def entries(self) -> tuple[Entry, ...]:
        """The share of blanks, of complete respondents, of the patterns told and of the others; the test."""
        method, n = "patterns of missing answers", self.patterns.n
        if not n:
            return self.patterns.entries()
        blanks = sum(self.patterns.n_missing)
        wanted = {", ".join(pattern.missing) for pattern in self.told}
        whole, *rest = self.patterns.entries()
        told = [e for e in rest if e.measure == "pattern_share" and e.about["missing"] in wanted]
        patterns, respondents = self.other
        (test,) = self.test.entries()
        return (
            Entry(
                measure="missing_share",
                method="blanks among the answers to items of constructs",
                n=n,
                estimate=blanks / self.cells,
                more={"missing": blanks, "items": len(self.patterns.items)},
            ),
            whole,
            *told,
            Entry(
                measure="other_patterns_share",
                method=method,
                n=n,
                estimate=respondents / n,
                more={"respondents": respondents, "patterns": patterns},
            ),
            replace(test, about={}),
        )


@refuses_weights("patterns and their test describe the sample, not a population")
def missing_answers(items: pd.DataFrame, *, minimum_cell: int) -> MissingAnswers | None:
    """Patterns and Little's test of one population's items; None where there are no items.

    Patterns of fewer than ``minimum_cell`` respondents are told together only.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Numbers; NaN for no answer.

    Examples
    --------
    >>> items = pd.DataFrame({"A": [1, 2, 3, 4, 5, 4.0], "B": [2, 1, 4, 3, None, None]})
    >>> found = missing_answers(items, minimum_cell=2)
    >>> [(pattern.missing, pattern.n) for pattern in found.told], found.other
    ([((), 4), (('B',), 2)], (0, 0))
    """
    if items.shape[1] == 0:
        return None
    patterns = missing_patterns(items)
    ranked = sorted(patterns.patterns, key=lambda p: (bool(p.missing), -p.n, len(p.missing), p.missing))
    told = tuple(pattern for pattern in ranked if pattern.n >= minimum_cell)[:MOST]
    left = patterns.n - sum(pattern.n for pattern in told)
    if 0 < left < minimum_cell:
        told = told[:-1]  # those not told would be too few to be told together
    return MissingAnswers(patterns=patterns, told=told, test=little_mcar_test(items))
