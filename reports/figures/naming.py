"""What groups, items and numbers of respondents are called in a figure."""

from __future__ import annotations

from collections.abc import Iterable

from analysis.results import Interval
from reports.figures.wrapping import wrapped
from reports.labels import Labels
from reports.numbers import Numbers

N = {"en": "n = {n}", "zh": "n = {n}"}
LINES = 1.35  #: distance of lines where Chinese and Latin lines mix
EVERYONE = {"en": "All respondents", "zh": "全体受访者"}
NO_ANSWERS = {"en": "no answers", "zh": "无人作答"}


def group_name(labels: Labels, grouping: str | None, group: str | None) -> str:
    """A tier's own name, as the questionnaire has it; the code where the questionnaire has none."""
    if group is None:
        return labels.say(EVERYONE)
    if grouping is not None and labels.questionnaire.has_item(grouping) and group.lstrip("-").isdigit():
        return labels.option(grouping, int(group))
    return group


def respondents(labels: Labels, n: int) -> str:
    """``n = 412``."""
    return labels.say(N).format(n=Numbers(language=labels.language).count(n))


def named_with_n(labels: Labels, name: str, n: int, *, width: float, size: float) -> str:
    """A name in lines of at most ``width`` inches, and the respondents below it."""
    return f"{wrapped(name, width, size)}\n{respondents(labels, n)}"


def level_of(labels: Labels, intervals: Iterable[Interval | None]) -> str:
    """The confidence level that the intervals of a figure share, ``95%``.

    Raises
    ------
    ValueError
        If they do not share one: their bars could not be compared.
    """
    found = {interval.confidence_level: interval for interval in intervals if interval is not None}
    if len(found) > 1:
        raise ValueError(f"the intervals of one figure have confidence levels {sorted(found)}")
    return Numbers(language=labels.language).level(next(iter(found.values()), None))
