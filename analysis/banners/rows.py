"""Rows of a banner table for what a questionnaire asks, as each kind of question is usually shown."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.banners.banner import BannerItem, Closed, Multiple, Number, Rating, top_and_bottom
from analysis.weighting import no_estimate
from surveys.questionnaire import Questionnaire


@no_estimate("laying out")
def banner_items(
    questionnaire: Questionnaire, names: Sequence[str], *, boxes: int = 2
) -> tuple[BannerItem, ...]:
    """Rows of a banner for items and constructs of a questionnaire.

    Rating scales from 0 to 10 become recommendations, other scales whose codes may be averaged get boxes and
    a mean, questions with several answers their options; of constructs the mean score stands.

    Examples
    --------
    >>> from surveys.study import Study
    >>> asked = Study.load("bank_tiering").populations["customers"].questionnaire
    >>> [type(item).__name__ for item in banner_items(asked, ["SAT1", "NPS", "CHANNELS", "satisfaction"])]
    ['Closed', 'Rating', 'Multiple', 'Number']
    """
    return tuple(_banner_item(questionnaire, name, boxes) for name in names)


def _banner_item(questionnaire: Questionnaire, name: str, boxes: int) -> BannerItem:
    if questionnaire.has_construct(name):
        return Number(name=name)
    item = questionnaire.item(name)
    if item.kind == "number":
        return Number(name=name)
    if item.kind == "multiple":
        return Multiple(name=name, options=item.columns)
    if item.kind != "single" or item.scale is None:
        raise ValueError(f"{name}: a {item.kind} item has no row in a banner table")
    codes = item.scale.codes
    if codes == tuple(range(11)):
        return Rating(name=name)
    rating = item.scale.ordered and item.scale.interval
    return Closed(
        name=name,
        codes=tuple(float(code) for code in codes),
        boxes=top_and_bottom(codes, boxes) if rating and len(codes) > 2 * boxes else {},
        mean=rating,
    )
