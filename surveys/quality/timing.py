"""What durations and times of submission tell: too fast, too even, too many at once."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from surveys.quality.checks import Check, not_applicable
from surveys.responses import Responses

SECONDS_PER_ITEM = 2.0  #: Huang et al. (2012)
FAST_SHARE = 0.3  #: of the median time of a page, below which it was hardly read
WINDOW = 600.0  #: seconds in which submissions are counted
AROUND = 6 * 3600.0  #: seconds before and after, which tell how many to expect
BURST_P = 0.001  #: Poisson probability of a burst anywhere in the file
EVEN = (
    0.05  #: standard deviation of log page times, relative to the median pattern, below which pages are even
)
LEAST_TIMED = 30


def timing_checks(responses: Responses) -> Iterator[Check]:
    """Checks on ``seconds``, ``page_seconds_1``, ... and ``submitted_at``, where the file has them.

    Notes
    -----
    too_fast
        Seconds in total below 2 per question answered.
    fast_pages
        Share of pages answered in less than 0.3 of the median respondent's time; half or more.
    even_pages
        Standard deviation of a respondent's log page times about the usual ones, below 0.05:
        people dwell here and skip there.
    burst
        Submissions within 10 minutes, where so many have a Poisson probability below 0.001 over
        the file, given the rate of the 12 hours around (the window itself left out).
    """
    index, metadata = responses.answers.index, responses.metadata
    seconds = metadata.get("seconds")
    if seconds is None or seconds.isna().all():
        yield not_applicable("too_fast", "timing", index, "the file does not say how long respondents took")
    else:
        yield _too_fast(responses, seconds)
    pages = [c for c in map(str, metadata) if re.fullmatch(r"page_seconds_\d+", c)]
    timed = metadata[pages].astype(float) if pages else pd.DataFrame(index=index)
    if len(pages) < 3 or timed.notna().all(axis=1).sum() < LEAST_TIMED:
        reason = (
            f"the file tells the time of {len(pages)} pages; 3, for {LEAST_TIMED} respondents, are needed"
        )
        yield not_applicable("fast_pages", "timing", index, reason)
        yield not_applicable("even_pages", "timing", index, reason)
    else:
        yield from _pages(timed)
    yield _bursts(responses)


def _too_fast(responses: Responses, seconds: pd.Series) -> Check:
    asked = [i for i in responses.questionnaire.items if i.source == "respondent"]
    answered = pd.Series(0, index=responses.answers.index)
    for item in asked:
        columns = [c for c in item.columns if c in responses.answers]
        if columns:
            answered = answered + responses.answers[columns].notna().any(axis=1)
    per_item = seconds.astype(float) / answered.where(answered > 0)
    return Check(
        name="too_fast",
        family="timing",
        values=per_item,
        limit=SECONDS_PER_ITEM,
        flagged=per_item < SECONDS_PER_ITEM,
        convention="2 seconds per question answered (Huang et al. 2012)",
    )


def _pages(timed: pd.DataFrame) -> Iterator[Check]:
    usual = timed.median()
    fast = (timed < FAST_SHARE * usual).where(timed.notna()).astype(float).mean(axis=1)
    yield Check(
        name="fast_pages",
        family="timing",
        values=fast,
        limit=0.5,
        flagged=fast >= 0.5,
        convention="half of the pages in less than 0.3 of the median time",
    )
    logs = np.log(timed.clip(lower=0.1)) - np.log(usual.clip(lower=0.1))
    spread = logs.std(axis=1).where(logs.notna().sum(axis=1) >= 3)
    yield Check(
        name="even_pages",
        family="timing",
        values=spread,
        limit=EVEN,
        flagged=spread < EVEN,
        convention="log page times vary by less than 0.05 about the usual ones",
    )


def _bursts(responses: Responses) -> Check:
    from scipy.stats import poisson

    index = responses.answers.index
    submitted = responses.metadata.get("submitted_at")
    if submitted is None or submitted.notna().sum() < LEAST_TIMED:
        return not_applicable("burst", "timing", index, "the file does not say when respondents submitted")
    moments = pd.to_datetime(submitted)
    times = ((moments - moments.min()) / pd.Timedelta(seconds=1)).to_numpy(dtype=float)
    known = np.flatnonzero(~np.isnan(times))
    order = known[np.argsort(times[known], kind="stable")]
    t = times[order]
    inside = _within(t, t, WINDOW / 2)
    around = _within(t, t, AROUND) - inside
    # near the ends of fielding less time lies around
    covered = np.minimum(t[-1], t + AROUND) - np.maximum(t[0], t - AROUND) - WINDOW
    expected = np.maximum(around + 1, 1) * WINDOW / np.maximum(covered, WINDOW)
    surprise = poisson.sf(inside - 2, expected)  # others than the respondent
    flagged, counts = np.zeros(len(times), dtype=bool), np.full(len(times), np.nan)
    starts = surprise < BURST_P / len(t)
    # everybody in the window of a burst belongs to it
    for moment in t[starts]:
        flagged[order[np.abs(t - moment) <= WINDOW / 2]] = True
    counts[order] = inside
    return Check(
        name="burst",
        family="timing",
        values=pd.Series(counts, index=index),
        limit=np.nan,
        flagged=pd.Series(flagged, index=index),
        convention="Poisson probability below 0.001 over the file, given the hours around",
    )


def _within(sorted_times: np.ndarray, at: np.ndarray, half: float) -> np.ndarray:
    low = np.searchsorted(sorted_times, at - half, side="left")
    return np.asarray(np.searchsorted(sorted_times, at + half, side="right") - low)
