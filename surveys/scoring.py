"""Construct scores: reverse keys, and the mean of the items answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from surveys.questionnaire import Item
from surveys.responses import Responses

ROUNDED = 1e-9  #: a share written as 0.666666667 is meant to be two of three items


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores of every construct whose items were all found in the answers.

    Attributes
    ----------
    frame : DataFrame, shape (n_respondents, n_constructs)
        On the items' own scale; NaN where too few items were answered.
    items : mapping
        Construct id -> the items averaged.
    valid_share : mapping
        Construct id -> the share of its items that a respondent must have answered for a score.
    n_scored, n_without : mapping
        Construct id -> respondents with and without a score.
    not_found : mapping
        Construct id -> items that the answers do not hold; such a construct has no score.
    """

    frame: pd.DataFrame
    items: Mapping[str, tuple[str, ...]]
    valid_share: Mapping[str, float]
    n_scored: Mapping[str, int]
    n_without: Mapping[str, int]
    not_found: Mapping[str, tuple[str, ...]]


def reverse(answers: pd.Series, item: Item) -> pd.Series:
    """Answers to a reverse-keyed item turned so that high means more of the construct.

    The turned code is ``low + high - code``; missing stays missing.

    Parameters
    ----------
    answers : Series, shape (n_respondents,)
        Codes of the item's scale.
    item : Item
        Gives the ends of the scale.

    Raises
    ------
    ValueError
        If the item has no scale.

    Examples
    --------
    >>> from surveys.questionnaire import Option, Scale
    >>> scale = Scale(id="s", options=tuple(Option(code=c, label={"en": str(c)}) for c in range(1, 6)))
    >>> item = Item(id="A", kind="single", text={"en": "a"}, section="x", scale=scale, reverse_keyed=True)
    >>> reverse(pd.Series([1.0, 2.0, 5.0]), item).tolist()
    [5.0, 4.0, 1.0]
    """
    if item.scale is None:
        raise ValueError(f"item {item.id} has no scale to be reversed on")
    return item.scale.low + item.scale.high - answers


def keyed_answers(responses: Responses) -> pd.DataFrame:
    """Answers to all construct items found, reverse-keyed ones turned.

    Returns
    -------
    DataFrame, shape (n_respondents, n_items)
        In the order in which constructs name them; an item of two constructs stands once.
    """
    questionnaire = responses.questionnaire
    names = dict.fromkeys(
        item
        for construct in questionnaire.constructs
        for item in construct.items
        if item in responses.answers
    )
    columns = {}
    for name in names:
        item, answers = questionnaire.item(name), responses.answers[name]
        columns[name] = reverse(answers, item) if item.reverse_keyed else answers
    return pd.DataFrame(columns, index=responses.answers.index)


def score_constructs(responses: Responses) -> Scores:
    """Mean of the items answered, if at least ``valid_share`` of them were.

    The mean is pro-rated: it stays on the items' scale however many were answered. A construct
    with an item that the answers do not hold at all is left out, and named in ``not_found``: its
    score would mean something else.

    Examples
    --------
    >>> from surveys.questionnaire import Construct, Option, Questionnaire, Scale
    >>> from surveys.responses import SourceFile
    >>> scale = Scale(id="s", options=tuple(Option(code=c, label={"en": str(c)}) for c in range(1, 6)))
    >>> items = tuple(
    ...     Item(id=i, kind="single", text={"en": i}, section="x", scale=scale, reverse_keyed=i == "B")
    ...     for i in ("A", "B", "C")
    ... )
    >>> trust = Construct(id="trust", label={"en": "Trust"}, items=("A", "B", "C"))
    >>> asked = Questionnaire(id="q", title={"en": "Q"}, languages=("en",), sections=(),
    ...                       scales={"s": scale}, items=items, constructs=(trust,))
    >>> answers = pd.DataFrame({"A": [5.0, 4.0], "B": [1.0, None], "C": [3.0, None]})
    >>> metadata = pd.DataFrame({"respondent": ["a", "b"], "row": [2, 3]})
    >>> scores = score_constructs(Responses(questionnaire=asked, answers=answers, metadata=metadata,
    ...                                     source=SourceFile(name="a.csv", sha256="")))
    >>> scores.n_without["trust"], round(float(scores.frame["trust"][0]), 4)
    (1, 4.3333)
    """
    keyed = keyed_answers(responses)
    columns: dict[str, pd.Series] = {}
    not_found: dict[str, tuple[str, ...]] = {}
    constructs = responses.questionnaire.constructs
    for construct in constructs:
        absent = tuple(item for item in construct.items if item not in keyed)
        if absent:
            not_found[construct.id] = absent
            continue
        answers = keyed[list(construct.items)]
        enough = answers.notna().mean(axis="columns") >= construct.valid_share - ROUNDED
        columns[construct.id] = answers.mean(axis="columns").where(enough)
    scored = [construct for construct in constructs if construct.id in columns]
    frame = pd.DataFrame(columns, index=responses.answers.index)
    return Scores(
        frame=frame,
        items={c.id: c.items for c in scored},
        valid_share={c.id: c.valid_share for c in scored},
        n_scored={c.id: int(frame[c.id].notna().sum()) for c in scored},
        n_without={c.id: int(frame[c.id].isna().sum()) for c in scored},
        not_found=not_found,
    )
