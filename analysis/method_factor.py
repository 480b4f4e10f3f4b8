"""An unmeasured latent method factor: one factor that all items share beside their constructs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from scipy import stats

from analysis.counted_rows import Counts, written_out
from analysis.results import Entry, Tabular
from analysis.sem.fit import Fit, fit
from analysis.weighting import refuses_weights

METHOD_FACTOR_SHOWS = (
    "whether the items share variance beyond their constructs, to the same degree in every item, and how much"
)
METHOD_FACTOR_CANNOT = (
    "that this variance is method: whatever else the constructs have in common (a general attitude, a factor "
    "left out of the model) ends up in the same place"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodFactor(Tabular):
    """The measurement model with and without a method factor that loads on all items alike."""

    n: int
    without: Fit
    with_method: Fit
    estimate: float | None = None  #: mean share of the items' variance that the method factor takes
    statistic: float | None = None  #: difference of the chi-squares
    df: int = 1
    p_value: float | None = None
    shows: str = METHOD_FACTOR_SHOWS
    cannot_show: str = METHOD_FACTOR_CANNOT
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        return (
            Entry(
                measure="method_variance",
                method="unmeasured latent method factor with equal loadings, likelihood-ratio test",
                n=self.n,
                estimate=self.estimate,
                statistic=self.statistic,
                df=(float(self.df),),
                p_value=self.p_value,
                state=self.state,
                reason=self.reason,
            ),
        )


@refuses_weights(
    "the structural model behind it is fitted without weights", instead="analysis.sem.fit.fit", counts="rows"
)
def method_factor(
    items: pd.DataFrame, constructs: Mapping[str, Sequence[str]], *, counts: Counts | None = None
) -> MethodFactor:
    """Compare the measurement model with one that adds a latent method factor [1]_.

    The method factor is uncorrelated with the constructs and loads on all items alike (unstandardised
    loadings of 1, its variance free), without which the model is often not identified. A negative variance
    means that constructs correlate less than a common method would make them: the state is then
    ``negative_variance``. Items that are to be compared this way have the same answer scale and are keyed in
    the same direction. Maximum likelihood; respondents with a blank are left out.

    Returns
    -------
    MethodFactor
        With the state of either model if it has one.

    References
    ----------
    .. [1] Podsakoff, P. M., MacKenzie, S. B., & Podsakoff, N. P. (2012). Sources of method bias in social
       science research and recommendations on how to control it. Annual Review of Psychology, 63, 539-569.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> x = np.repeat(rng.normal(size=(300, 2)), 3, axis=1) + 0.7 * rng.normal(size=(300, 1))
    >>> items = pd.DataFrame(x + rng.normal(size=(300, 6)), columns=list("ABCDEF"))
    >>> method_factor(items, {"X": list("ABC"), "Y": list("DEF")}).df
    1
    """
    items = written_out(items, counts)
    names = [item for own in constructs.values() for item in own]
    if len(set(names)) < len(names) or "method_" in (*names, *constructs):
        raise ValueError("every item belongs to one construct, and nothing is named 'method_'")
    base = "\n".join(f"{name} =~ {' + '.join(own)}" for name, own in constructs.items())
    shared = " + ".join(f"1*{item}" for item in names)
    apart = "\n".join(f"method_ ~~ 0*{name}" for name in constructs)
    whole = items[names].dropna()
    without = fit(base, whole)
    found = fit(f"{base}\nmethod_ =~ {shared}\n{apart}", whole)
    n = len(whole)
    for model, words in ((without, "without"), (found, "with")):
        if model.state != "ok" or model.test is None:
            return MethodFactor(
                n=n,
                without=without,
                with_method=found,
                state=model.state if model.state != "ok" else "inadmissible",
                reason=f"the model {words} the method factor: {model.reason or 'it has no test'}",
            )
    variance = found.estimate("method_ ~~ method_").estimate
    if without.test is None or found.test is None or variance is None:  # states of ok come with tests
        raise TypeError("a fitted model has a test and estimates")
    statistic = float(without.test.statistic - found.test.statistic)
    # The likelihood divides by n, and so does this variance.
    return MethodFactor(
        n=n,
        without=without,
        with_method=found,
        estimate=float((variance / whole.var(ddof=0)).mean()),
        statistic=statistic,
        p_value=float(stats.chi2.sf(max(statistic, 0.0), 1)),
    )
