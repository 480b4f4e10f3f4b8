"""One closed item against one span of a banner: chi-square and adjusted residuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from analysis.banners.counts import Array, Layout, Tally
from analysis.design.tables import rao_scott
from analysis.design.wald import DesignTest
from analysis.results import Entry
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.banners.banner.banner")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanTest:
    """Whether an item and a span are independent."""

    item: str
    span: str
    test: DesignTest

    def entries(self) -> tuple[Entry, ...]:
        return self.test.entries()


def span_tests(
    item: str, tally: Tally, layout: Layout, *, weighted: bool, respondents: float
) -> tuple[SpanTest, ...]:
    """Chi-square tests of an item against every span whose columns do not overlap.

    Unweighted: Pearson's. Weighted: Rao and Scott's of the second order, which from the sums of squared
    weights equals ``survey::svychisq`` under ``svydesign(~1, weights = )``. ``respondents`` counts those
    without an answer too: who answered is a subpopulation of them.
    """
    out = []
    for span, at in _spans(layout).items():
        method = "Rao-Scott test, second order" if weighted else "Pearson chi-square test"
        n = int(tally.n[:, at].sum())
        about = {"item": item, "span": span}
        blank = DesignTest(measure="independence", method=method, about=about, n=n)
        test = _independence(tally, at, blank, weighted=weighted, respondents=respondents)
        out.append(SpanTest(item=item, span=span, test=test))
    return tuple(out)


def _spans(layout: Layout) -> dict[str, list[int]]:
    spans: dict[str, list[int]] = {}
    for block in layout.blocks:
        if not block.overlapping:
            spans.setdefault(layout.columns[block.columns[0]].span, []).extend(block.columns)
    return spans


def _independence(
    tally: Tally, at: list[int], blank: DesignTest, *, weighted: bool, respondents: float
) -> DesignTest:
    rows, columns = tally.n[:, at].any(axis=1), tally.n[:, at].any(axis=0)
    if rows.sum() < 2 or columns.sum() < 2:
        return DesignTest(
            measure=blank.measure,
            method=blank.method,
            about=blank.about,
            n=blank.n,
            state="constant",
            reason="fewer than two answers or two columns are left",
        )
    keep = np.ix_(rows, np.array(at)[columns])
    weight, square = tally.weight[keep], tally.square[keep]
    whole = weight.sum()
    share = weight / whole
    if weighted:
        q, p = (square / whole**2).ravel(), share.ravel()
        covariance = np.diag(q) - np.outer(q, p) - np.outer(p, q) + q.sum() * np.outer(p, p)
        return rao_scott(share, covariance * respondents / (respondents - 1), blank.n - 1.0, blank)
    expected = np.outer(share.sum(axis=1), share.sum(axis=0))
    statistic = float(((share - expected) ** 2 / expected).sum()) * blank.n
    df = (share.shape[0] - 1) * (share.shape[1] - 1)
    return DesignTest(
        measure=blank.measure,
        method=blank.method,
        about=blank.about,
        n=blank.n,
        statistic=statistic,
        df=(float(df),),
        p_value=float(chdtrc(df, statistic)),
        more={"smallest_expected": float(expected.min()) * blank.n},
    )


def span_residuals(tally: Tally, layout: Layout) -> Array:
    """Adjusted residuals ``(O - E) / sqrt(E (1 - row)(1 - column))`` on the effective number of respondents.

    Shape (n_answers, n_columns); NaN for the total, overlapping columns, and empty rows or columns.
    """
    out = np.full(tally.n.shape, np.nan)
    for at in _spans(layout).values():
        weight, square = tally.weight[:, at], tally.square[:, at]
        if not square.any():
            continue
        whole = weight.sum()
        share = weight / whole
        effective = whole**2 / square.sum()
        row, column = share.sum(axis=1, keepdims=True), share.sum(axis=0, keepdims=True)
        expected = row * column
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.sqrt(expected * (1 - row) * (1 - column) / effective)
            out[:, at] = np.where(spread > 0, (share - expected) / spread, np.nan)
    return out
